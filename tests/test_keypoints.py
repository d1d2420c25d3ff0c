"""Layouts by name, and every kind of file that detectors write, whole and spoilt."""

import json
import pickle

import numpy as np
import pytest

from src.data.synthetic.demo import demo_poses
from src.errors import InputError
from src.keypoints.files import read_keypoints
from src.keypoints.layouts import (
    DERIVED,
    LAYOUTS,
    check_layout_size,
    derived_joints,
    get_layout,
    only_layout_with,
    to_skeleton,
    underivable_joints,
)
from src.keypoints.mistakes import likely_mistakes
from src.skeletons import SKELETON_NAMES, get_skeleton

# A person who stands facing the camera, px, y down: so the person's right is at smaller x.
BODY = {
    "mid_hip": (500, 500), "right_hip": (480, 500), "left_hip": (520, 500), "right_knee": (478, 590),
    "left_knee": (522, 590), "right_ankle": (476, 680), "left_ankle": (524, 680), "neck": (500, 400),
    "mid_spine": (500, 450), "right_shoulder": (465, 400), "left_shoulder": (535, 400), "right_elbow": (455, 460),
    "left_elbow": (545, 460), "right_wrist": (450, 515), "left_wrist": (550, 515), "nose": (500, 350),
    "left_eye": (507, 343), "right_eye": (493, 343), "left_ear": (515, 348), "right_ear": (485, 348),
    "chin": (500, 375), "head": (500, 335), "right_foot_tip": (474, 700), "left_foot_tip": (526, 700),
}  # fmt: skip
TOLERANCE = {"chin": 8, "head": 12}


def body(joints, frames=1):
    """(frames, K, 2): the known body in a layout; joints that nothing needs lie somewhere."""
    return np.tile(
        np.array([BODY.get(joint, (500, 420)) for joint in joints], dtype=np.float32),
        (frames, 1, 1),
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("skeleton", SKELETON_NAMES)
def test_every_layout_on_a_known_body(layout, skeleton):
    skeleton, joints = get_skeleton(skeleton), LAYOUTS[layout]
    found = to_skeleton(body(joints), joints, skeleton)[0]
    lacking = underivable_joints(joints, skeleton)
    for joint, place in zip(skeleton.joints, found, strict=True):
        if joint in lacking:
            assert np.isnan(place).all()
        else:
            assert np.abs(place - BODY[joint]).max() <= TOLERANCE.get(joint, 0.5), joint
    assert not lacking or set(lacking) <= {"right_foot_tip", "left_foot_tip", "chin", "head"}


def test_what_is_derived_adds_up():
    for ways in DERIVED.values():
        assert all(sum(way.values()) == pytest.approx(1) for way in ways)
    skeleton = get_skeleton("human36_17k")
    assert derived_joints(LAYOUTS["coco_17"], skeleton) == ["mid_hip", "mid_spine", "neck", "chin", "head"]
    assert derived_joints(LAYOUTS["human36_32"], skeleton) == []
    assert underivable_joints(LAYOUTS["coco_17"], get_skeleton("openpose_17k")) == [
        "right_foot_tip",
        "left_foot_tip",
    ]


def test_second_best_way_where_the_best_lacks_a_joint():
    joints, skeleton = LAYOUTS["coco_17"], get_skeleton("human36_17k")
    poses = body(joints, 3)
    poses[1, joints.index("left_ear")] = np.nan
    poses[2, [joints.index(joint) for joint in ("left_ear", "left_eye", "nose")]] = np.nan
    head = to_skeleton(poses, joints, skeleton)[:, skeleton.joints.index("head")]
    assert np.abs(head[:2] - BODY["head"]).max() < 12 and np.isnan(head[2]).all()


def test_the_layout_with_so_many_joints():
    assert only_layout_with(25, "f") == "openpose_25"
    several = "17 joints without names.*--layout.*human36_17k.*openpose_17k.*coco_17"
    with pytest.raises(InputError, match=several):
        only_layout_with(17, "f")
    none = r"20 joints, which fits no layout; there are.*coco_17 \(17\)"
    with pytest.raises(InputError, match=none):
        only_layout_with(20, "f")


def test_a_layout_with_another_number_of_joints():
    check_layout_size(LAYOUTS["coco_17"], 17, "f")
    with pytest.raises(InputError, match="holds 14 joints, the layout 17"):
        check_layout_size(LAYOUTS["coco_17"], 14, "f")


def test_own_layout(tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(list(BODY)))
    assert get_layout(str(path)) == tuple(BODY)
    for content in ("[", "3", '["a", "a"]', '["a", 3]'):
        path.write_text(content)
        with pytest.raises(InputError, match="own.json"):
            get_layout(str(path))
    for name in ("coco", "missing.json"):
        with pytest.raises(InputError, match=name):
            get_layout(name)


def triples(joints, confidence=0.9):
    return np.column_stack([body(joints)[0], np.full(len(joints), confidence)]).ravel().tolist()


def write_openpose(folder, layout="openpose_25"):
    folder.mkdir()
    for frame in range(3):
        people = [{"pose_keypoints_2d": triples(LAYOUTS[layout])} for _ in range((2, 0, 1)[frame])]
        (folder / f"video_{frame:012d}_keypoints.json").write_text(json.dumps({"people": people}))
    return folder


def write_json(path, content):
    path.write_text(json.dumps(content))
    return path


COCO = LAYOUTS["coco_17"]


def write_coco(tmp_path):
    return write_json(tmp_path / "coco.json", [{"image_id": i // 2, "category_id": 1, "keypoints": triples(COCO),
                                                "score": 1} for i in range(4)])  # fmt: skip


def write_alphapose(tmp_path):
    return write_json(tmp_path / "alpha.json", [{"image_id": f"{i}.jpg", "keypoints": triples(LAYOUTS["halpe_26"]),
                                                 "score": 1, "idx": 1} for i in range(4)])  # fmt: skip


def mmpose_instance():
    return {"keypoints": body(COCO)[0].tolist(), "keypoint_scores": [0.9] * 17}


def write_mmpose(tmp_path):
    names = {str(i): name for i, name in enumerate(COCO)}
    frames = [{"frame_id": i + 1, "instances": [mmpose_instance()] * 2} for i in range(2)]
    return write_json(
        tmp_path / "mm.json", {"meta_info": {"keypoint_id2name": names}, "instance_info": frames}
    )


def write_csv(tmp_path):
    header = ",".join(
        [
            "frame",
            "person",
            *(f"{joint}_{axis}" for joint in COCO for axis in "xy"),
            "nose_confidence",
        ]
    )
    row = ",".join(map(str, body(COCO)[0].ravel()))
    (tmp_path / "k.csv").write_text("\n".join([header, *(f"{i},1,{row},0.5" for i in range(4))]))
    return tmp_path / "k.csv"


def write_videopose3d(tmp_path):
    poses = {"S1": {"Walk": [body(COCO, 1)] * 2, "Sit": [body(COCO, 1)] * 2}}
    np.savez(
        tmp_path / "vp.npz",
        positions_2d=np.array(poses, dtype=object),
        metadata=np.array({}, dtype=object),
    )
    return tmp_path / "vp.npz"


def write_npz(tmp_path):
    np.savez(tmp_path / "own.npz", poses_2d=body(COCO, 4), joint_names=np.array(COCO))
    return tmp_path / "own.npz"


def write_npy(tmp_path):
    np.save(tmp_path / "k.npy", body(LAYOUTS["openpose_18"], 4).reshape(4, 36))
    return tmp_path / "k.npy"


WRITERS = {
    "coco": write_coco, "alphapose": write_alphapose, "mmpose": write_mmpose, "csv": write_csv, "npz": write_npz,
    "npy": write_npy, "openpose": lambda tmp_path: write_openpose(tmp_path / "openpose"),
    "openpose 18": lambda tmp_path: write_openpose(tmp_path / "openpose", "openpose_18"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_file_gives_the_known_body(kind, tmp_path):
    keypoints = read_keypoints(WRITERS[kind](tmp_path))
    assert (
        len(keypoints.poses)
        == len(keypoints.frame)
        == len(keypoints.person)
        == (3 if "openpose" in kind else 4)
    )
    skeleton = get_skeleton("human36_14k")
    found = to_skeleton(keypoints.poses, keypoints.joints, skeleton)
    for joint, places in zip(skeleton.joints, found.swapaxes(0, 1), strict=True):
        assert np.abs(places - BODY[joint]).max() <= TOLERANCE.get(joint, 0.5)


def test_frames_and_people(tmp_path):
    openpose = read_keypoints(write_openpose(tmp_path / "o"))
    assert openpose.frame.tolist() == [0, 0, 2] and openpose.person.tolist() == [0, 1, 0]
    assert any("1 of them without people" in note for note in openpose.notes)
    coco = read_keypoints(write_coco(tmp_path))
    assert coco.frame.tolist() == [0, 0, 1, 1] and coco.person.tolist() == [0, 1, 0, 1]
    assert read_keypoints(write_alphapose(tmp_path)).frame.tolist() == [0, 1, 2, 3]
    assert read_keypoints(write_mmpose(tmp_path)).frame.tolist() == [1, 1, 2, 2]
    csv = read_keypoints(write_csv(tmp_path))
    assert csv.frame.tolist() == [0, 1, 2, 3] and csv.person.tolist() == [1, 1, 1, 1]


def test_videopose3d(tmp_path):
    path = write_videopose3d(tmp_path)
    assert read_keypoints(path).joints == LAYOUTS["human36_17k"], (
        "the archives' order where they name none"
    )
    named = {"S1": {"Walk": [body(COCO, 1)] * 4}}
    np.savez(tmp_path / "named.npz", positions_2d=np.array(named, dtype=object),
             metadata=np.array({"layout_name": "coco"}, dtype=object))  # fmt: skip
    assert read_keypoints(tmp_path / "named.npz").joints == COCO
    np.savez(tmp_path / "bare.npz", positions_2d=np.array(named, dtype=object))
    assert read_keypoints(tmp_path / "bare.npz").joints == LAYOUTS["human36_17k"]
    keypoints = read_keypoints(path, COCO)
    np.testing.assert_array_equal(keypoints.poses, body(COCO, 4))
    assert keypoints.person.tolist() == [0, 1, 2, 3]


def test_missing_joints(tmp_path):
    keypoints = triples(LAYOUTS["openpose_25"])
    keypoints[0:3], keypoints[5] = [0, 0, 0.9], 0
    path = write_json(tmp_path / "one.json", {"people": [{"pose_keypoints_2d": keypoints}]})
    assert (
        np.isnan(read_keypoints(path).poses[0]).any(axis=1).tolist() == [True, True] + [False] * 23
    )
    array = np.concatenate([body(COCO, 2), np.ones((2, 17, 1))], axis=2)
    array[1, 3, 2] = 0
    np.save(tmp_path / "k.npy", array)
    assert np.argwhere(
        np.isnan(read_keypoints(tmp_path / "k.npy", COCO).poses[..., 0])
    ).tolist() == [[1, 3]]


def test_a_layouts_own_missing_joint_is_estimated_too():
    joints, skeleton = LAYOUTS["openpose_25"], get_skeleton("human36_17k")
    poses = body(joints)
    poses[0, joints.index("mid_hip")] = np.nan
    assert (
        np.abs(to_skeleton(poses, joints, skeleton)[0, skeleton.root] - BODY["mid_hip"]).max() < 0.5
    )


@pytest.mark.parametrize("record", [
    {"image_id": [1]}, {"image_id": "frame_20251122093012345678901.jpg"}, {"keypoints": [10**400, 2, 1] * 17},
    {"keypoints": {"a": 1}}, {"keypoints": ["a"] * 51}, {"keypoints": None},
])  # fmt: skip
def test_odd_records_are_read_or_one_line(tmp_path, record):
    path = write_json(tmp_path / "odd.json", [{"image_id": 1, "keypoints": triples(COCO)} | record])
    try:
        assert read_keypoints(path).frame.dtype == np.int64
    except InputError as error:
        assert "odd.json" in str(error)


def test_numbers_that_are_no_pixels_are_missing():
    poses = body(COCO, 3).astype(np.float64)
    poses[0, 9], poses[1, 9], poses[2, 9] = np.inf, 1e300, [np.nan, 3]
    skeleton = get_skeleton("human36_14k")
    missing = np.isnan(to_skeleton(poses, COCO, skeleton)).any(axis=2)
    assert (
        missing.sum(axis=1).tolist() == [1, 1, 1]
        and missing[:, skeleton.joints.index("left_wrist")].all()
    )


def test_frames_from_file_names_and_tracks_from_alphapose(tmp_path):
    records = [
        {"image_id": f"cam2_{i:04d}.jpg", "keypoints": triples(COCO), "idx": 7} for i in range(3)
    ]
    keypoints = read_keypoints(write_json(tmp_path / "a.json", records))
    assert keypoints.frame.tolist() == [0, 1, 2] and keypoints.person.tolist() == [7, 7, 7]


def test_csv_of_a_spreadsheet(tmp_path):
    path = write_csv(tmp_path)
    plain = read_keypoints(path)
    header, *lines = path.read_text().splitlines()
    quoted = ",".join(f'"{name}"' for name in header.split(","))
    path.write_text("\n".join([quoted, *lines]), encoding="utf-8-sig")
    found = read_keypoints(path, LAYOUTS["openpose_17k"])  # names win over a layout
    np.testing.assert_array_equal(found.poses, plain.poses)
    assert found.frame.tolist() == plain.frame.tolist() and found.joints == COCO
    path.write_text("\n".join([header, *lines]).replace("3,1,", ",1,"))
    with pytest.raises(InputError, match="frame and person"):
        read_keypoints(path)


class Evil:
    def __reduce__(self):
        return pytest.fail, ("it was executed",)


@pytest.mark.parametrize("kind", [*WRITERS, "videopose3d"])
def test_spoilt_files_are_one_line(kind, tmp_path):
    """Truncated anywhere, empty, of the wrong type, or pickled objects."""
    path = {**WRITERS, "videopose3d": write_videopose3d}[kind](tmp_path)
    if path.is_dir():
        path = sorted(path.iterdir())[0]
    whole = path.read_bytes()
    evil, evil_npz = pickle.dumps(Evil()), tmp_path / "evil.npz"
    np.savez(evil_npz, positions_2d=np.array({"S1": Evil()}, dtype=object))
    contents = [whole[: len(whole) * share // 10] for share in range(10)]
    contents += [
        b"\x00" * 100,
        b"[]",
        b"{}",
        b"[3]",
        b'[{"keypoints": 3}]',
        b'{"people": [3]}',
        evil,
        b"a,b\n1,2\n",
    ]
    contents += [evil_npz.read_bytes()] if path.suffix == ".npz" else []
    for content in contents:
        path.write_bytes(content)
        try:
            found = read_keypoints(path, COCO if kind == "videopose3d" else None)
        except InputError as error:
            assert path.name in str(error) and "\n" not in str(error)
        else:  # cut after a whole line
            assert kind == "csv" and len(found.poses) < 4


def test_object_arrays_are_not_unpickled(tmp_path):
    np.save(tmp_path / "o.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "o.npz", poses_2d=np.array([Evil()], dtype=object))
    for name in ("o.npy", "o.npz"):
        with pytest.raises(InputError, match=name):
            read_keypoints(tmp_path / name)


@pytest.mark.parametrize("shape", [(3,), (0, 34), (2, 17, 4), (2, 3, 4, 2), (5, 33)])
def test_wrong_shapes(tmp_path, shape):
    np.save(tmp_path / "k.npy", np.zeros(shape))
    with pytest.raises(InputError, match="expected"):
        read_keypoints(tmp_path / "k.npy", COCO)


@pytest.mark.parametrize("name", ["missing.npy", "k.txt"])
def test_no_such_file_and_unknown_ending(tmp_path, name):
    (tmp_path / "k.txt").write_text("")
    with pytest.raises(InputError, match=name):
        read_keypoints(tmp_path / name)


def test_likely_mistakes_are_named():
    skeleton = get_skeleton("human36_17k")
    rng = np.random.default_rng(0)
    poses = body(skeleton.joints, 40) + rng.normal(0, 4, (40, 17, 2)).astype(np.float32)
    names = list(skeleton.joints)
    swapped = poses.copy()
    hips = [names.index("right_hip"), names.index("left_hip")]
    swapped[:, hips] = poses[:, hips[::-1]]
    spoilt = {
        "--image_size": poses / 1000, "y seems to point upwards": poses * [1, -1], "x and y": poses[..., ::-1],
        "left and right": swapped, "another order": poses[:, rng.permutation(17)],
    }  # fmt: skip
    assert likely_mistakes(poses, skeleton) == []
    for words, wrong in spoilt.items():
        assert [words in mistake for mistake in likely_mistakes(wrong, skeleton)] == [True], words
    walk = demo_poses()["walk"]
    assert likely_mistakes(walk, skeleton) == []
    assert any(
        "x0, x1" in m
        for m in likely_mistakes(walk.transpose(0, 2, 1).reshape(walk.shape), skeleton)
    )
    poses[:, 3:] = np.nan
    assert likely_mistakes(poses * np.nan, skeleton) == [] == likely_mistakes(poses[:0], skeleton)
