"""Layouts by name, and every kind of file that detectors write, whole and spoilt."""

import json
import pickle
import struct

import numpy as np
import pytest
from forms import damaged
from scipy.io import savemat

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
    "head": (500, 335),
    "nose": (500, 350),
    "left_eye": (507, 343),
    "right_eye": (493, 343),
    "left_ear": (515, 348),
    "right_ear": (485, 348),
    "chin": (500, 375),
    "neck": (500, 400),
    "mid_spine": (500, 450),
    "mid_hip": (500, 500),
    "right_shoulder": (465, 400),
    "right_elbow": (455, 460),
    "right_wrist": (450, 515),
    "left_shoulder": (535, 400),
    "left_elbow": (545, 460),
    "left_wrist": (550, 515),
    "right_hip": (480, 500),
    "right_knee": (478, 590),
    "right_ankle": (476, 680),
    "right_foot_tip": (474, 700),
    "left_hip": (520, 500),
    "left_knee": (522, 590),
    "left_ankle": (524, 680),
    "left_foot_tip": (526, 700),
}
# Joints that nothing needs may lie anywhere.
ANYWHERE = (500, 420)
# Pixels by which an estimated joint may miss its place on this body.
TOLERANCE = {"chin": 8, "head": 12}
COCO = LAYOUTS["coco_17"]


def body(joints, frames=1):
    """Return (frames, K, 2) px, the known body in a layout."""
    pose = np.array([BODY.get(joint, ANYWHERE) for joint in joints], dtype=np.float32)
    return np.tile(pose, (frames, 1, 1))


def check_body(poses, joints, skeleton):
    """Check that poses of a layout have all joints of a skeleton where the known body has them."""
    lifted = to_skeleton(poses, joints, skeleton)
    for i, joint in enumerate(skeleton.joints):
        distance = np.abs(lifted[:, i] - BODY[joint]).max()
        assert distance <= TOLERANCE.get(joint, 0.5), joint


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("skeleton", SKELETON_NAMES)
def test_every_layout_on_a_known_body(layout, skeleton):
    skeleton = get_skeleton(skeleton)
    joints = LAYOUTS[layout]
    pose = to_skeleton(body(joints), joints, skeleton)[0]
    absent = underivable_joints(joints, skeleton)
    assert set(absent) <= {"right_foot_tip", "left_foot_tip", "chin", "head"}
    for joint, place in zip(skeleton.joints, pose, strict=True):
        if joint in absent:
            assert np.isnan(place).all()
        else:
            assert np.abs(place - BODY[joint]).max() <= TOLERANCE.get(joint, 0.5), joint


def test_weights_of_derived_joints_add_up_to_one():
    for ways in DERIVED.values():
        for weights in ways:
            assert sum(weights.values()) == pytest.approx(1)


def test_derived_joints_come_after_those_they_are_made_from():
    order = list(DERIVED)
    for joint, ways in DERIVED.items():
        for weights in ways:
            for source in weights:
                assert source not in DERIVED or order.index(source) < order.index(joint)


def test_derived_and_underivable_joints():
    human36 = get_skeleton("human36_17k")
    assert derived_joints(COCO, human36) == ["mid_hip", "mid_spine", "neck", "chin", "head"]
    assert derived_joints(LAYOUTS["human36_32"], human36) == []
    feet = ["right_foot_tip", "left_foot_tip"]
    assert underivable_joints(COCO, get_skeleton("openpose_17k")) == feet


def test_second_best_way_where_the_best_lacks_a_joint():
    skeleton = get_skeleton("human36_17k")
    poses = body(COCO, frames=3)
    poses[1, COCO.index("left_ear")] = np.nan
    for joint in ("left_ear", "left_eye", "nose"):
        poses[2, COCO.index(joint)] = np.nan
    head = to_skeleton(poses, COCO, skeleton)[:, skeleton.joints.index("head")]
    assert np.abs(head[:2] - BODY["head"]).max() < 12
    assert np.isnan(head[2]).all()


def test_a_layouts_own_missing_joint_is_estimated_too():
    joints = LAYOUTS["openpose_25"]
    skeleton = get_skeleton("human36_17k")
    poses = body(joints)
    poses[0, joints.index("mid_hip")] = np.nan
    root = to_skeleton(poses, joints, skeleton)[0, skeleton.root]
    assert np.abs(root - BODY["mid_hip"]).max() < 0.5


def test_numbers_that_are_no_pixels_are_missing():
    poses = body(COCO, frames=3).astype(np.float64)
    wrist = COCO.index("left_wrist")
    poses[0, wrist] = np.inf
    poses[1, wrist] = 1e300
    poses[2, wrist] = [np.nan, 3]
    skeleton = get_skeleton("human36_14k")
    missing = np.isnan(to_skeleton(poses, COCO, skeleton)).any(axis=2)
    assert missing.sum(axis=1).tolist() == [1, 1, 1]
    assert missing[:, skeleton.joints.index("left_wrist")].all()


def test_the_only_layout_with_so_many_joints():
    assert only_layout_with(25, "f") == "openpose_25"
    several = "17 joints without names.*--layout.*human36_17k.*openpose_17k.*coco_17"
    with pytest.raises(InputError, match=several):
        only_layout_with(17, "f")
    none = r"20 joints, which fits no layout; there are.*coco_17 \(17\)"
    with pytest.raises(InputError, match=none):
        only_layout_with(20, "f")


def test_a_layout_with_another_number_of_joints():
    check_layout_size(COCO, 17, "f")
    with pytest.raises(InputError, match="holds 14 joints, the layout 17"):
        check_layout_size(COCO, 14, "f")


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
    """Return x, y, confidence, x, y, confidence, ... of the known body."""
    confidences = np.full(len(joints), confidence)
    return np.column_stack([body(joints)[0], confidences]).ravel().tolist()


def write_json(path, content):
    path.write_text(json.dumps(content))
    return path


def write_openpose(folder, layout="openpose_25"):
    """Write three frames, of two people, nobody and one person."""
    folder.mkdir()
    person = {"pose_keypoints_2d": triples(LAYOUTS[layout])}
    for frame, count in enumerate((2, 0, 1)):
        path = folder / f"video_{frame:012d}_keypoints.json"
        path.write_text(json.dumps({"people": [person] * count}))
    return folder


def write_openpose_25(tmp_path):
    return write_openpose(tmp_path / "openpose")


def write_openpose_18(tmp_path):
    return write_openpose(tmp_path / "openpose", "openpose_18")


def write_coco(tmp_path):
    """Write two images of two people."""
    records = []
    for image in (0, 0, 1, 1):
        records.append(
            {"image_id": image, "category_id": 1, "keypoints": triples(COCO), "score": 1}
        )
    return write_json(tmp_path / "coco.json", records)


def write_alphapose(tmp_path):
    """Write four images of the same person."""
    records = []
    for image in range(4):
        keypoints = triples(LAYOUTS["halpe_26"])
        records.append({"image_id": f"{image}.jpg", "keypoints": keypoints, "score": 1, "idx": 1})
    return write_json(tmp_path / "alpha.json", records)


def mmpose_instance():
    return {"keypoints": body(COCO)[0].tolist(), "keypoint_scores": [0.9] * 17}


def write_mmpose(tmp_path):
    """Write two frames of two people, with the names of the joints."""
    names = {str(i): name for i, name in enumerate(COCO)}
    frames = []
    for number in (1, 2):
        frames.append({"frame_id": number, "instances": [mmpose_instance(), mmpose_instance()]})
    content = {"meta_info": {"keypoint_id2name": names}, "instance_info": frames}
    return write_json(tmp_path / "mm.json", content)


def write_csv(tmp_path):
    """Write four frames of person 1, with a confidence of the nose alone."""
    header = ["frame", "person"]
    for joint in COCO:
        header += [f"{joint}_x", f"{joint}_y"]
    header.append("nose_confidence")
    coordinates = ",".join(str(value) for value in body(COCO)[0].ravel())
    lines = [",".join(header)]
    for frame in range(4):
        lines.append(f"{frame},1,{coordinates},0.5")
    path = tmp_path / "k.csv"
    path.write_text("\n".join(lines))
    return path


def write_videopose3d(tmp_path, name="vp.npz", **metadata):
    """Write four sequences of a frame: two actions, two cameras."""
    cameras = [body(COCO), body(COCO)]
    poses = {"S1": {"Walk": cameras, "Sit": cameras}}
    np.savez(
        tmp_path / name,
        positions_2d=np.array(poses, dtype=object),
        metadata=np.array(metadata, dtype=object),
    )
    return tmp_path / name


def write_npz(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, poses_2d=body(COCO, frames=4), joint_names=np.array(COCO))
    return path


def write_npy(tmp_path):
    path = tmp_path / "k.npy"
    np.save(path, body(LAYOUTS["openpose_18"], frames=4).reshape(4, 36))
    return path


def write_joints_mat(tmp_path):
    """Write four photos of LSP; every third joint is hidden."""
    joints = np.empty((3, 14, 4))
    joints[:2] = body(LAYOUTS["lsp_14k"], frames=4).transpose(2, 1, 0)
    joints[2] = 1
    joints[2, ::3] = 0
    savemat(tmp_path / "joints.mat", {"joints": joints}, do_compression=True)
    return tmp_path / "joints.mat"


WRITERS = {
    "coco": write_coco,
    "alphapose": write_alphapose,
    "mmpose": write_mmpose,
    "csv": write_csv,
    "npz": write_npz,
    "npy": write_npy,
    "joints.mat": write_joints_mat,
    "openpose": write_openpose_25,
    "openpose 18": write_openpose_18,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_file_gives_the_known_body(kind, tmp_path):
    keypoints = read_keypoints(WRITERS[kind](tmp_path))
    count = 3 if "openpose" in kind else 4
    assert len(keypoints.poses) == len(keypoints.frame) == len(keypoints.person) == count
    check_body(keypoints.poses, keypoints.joints, get_skeleton("human36_14k"))


def test_frames_and_people(tmp_path):
    openpose = read_keypoints(write_openpose(tmp_path / "o"))
    assert openpose.frame.tolist() == [0, 0, 2]
    assert openpose.person.tolist() == [0, 1, 0]
    assert any("1 of them without people" in note for note in openpose.notes)
    coco = read_keypoints(write_coco(tmp_path))
    assert coco.frame.tolist() == [0, 0, 1, 1]
    assert coco.person.tolist() == [0, 1, 0, 1]
    assert read_keypoints(write_alphapose(tmp_path)).frame.tolist() == [0, 1, 2, 3]
    assert read_keypoints(write_mmpose(tmp_path)).frame.tolist() == [1, 1, 2, 2]
    csv = read_keypoints(write_csv(tmp_path))
    assert csv.frame.tolist() == [0, 1, 2, 3]
    assert csv.person.tolist() == [1, 1, 1, 1]


def test_frames_of_openpose_are_in_the_order_of_their_numbers(tmp_path):
    for number, x in ((9, 1.0), (10, 2.0)):
        person = {"pose_keypoints_2d": [x, 1.0, 0.9] * 25}
        write_json(tmp_path / f"frame_{number}.json", {"people": [person]})
    assert read_keypoints(tmp_path).poses[:, 0, 0].tolist() == [1, 2]


def test_a_folder_of_npz_files_is_read_end_to_end(tmp_path):
    np.savez(tmp_path / "b.npz", poses_2d=body(COCO, frames=2), joint_names=np.array(COCO))
    np.savez(tmp_path / "a.npz", poses_2d=body(COCO, frames=1), joint_names=np.array(COCO))
    keypoints = read_keypoints(tmp_path)
    assert keypoints.frame.tolist() == [0, 1, 2]
    assert keypoints.person.tolist() == [0, 1, 1]
    assert keypoints.notes == ("a.npz: 1, b.npz: 2 poses; the person number counts files",)
    np.savez(tmp_path / "c.npz", poses_2d=body(COCO[:3]), joint_names=np.array(COCO[:3]))
    with pytest.raises(InputError, match="different joints"):
        read_keypoints(tmp_path)
    (tmp_path / "c.npz").write_bytes(b"spoilt")
    with pytest.raises(InputError, match="c.npz"):
        read_keypoints(tmp_path)


def test_videopose3d(tmp_path):
    unnamed = write_videopose3d(tmp_path)
    assert read_keypoints(unnamed).joints == LAYOUTS["human36_17k"], (
        "the archives' order where they name none"
    )
    named = write_videopose3d(tmp_path, "named.npz", layout_name="coco")
    assert read_keypoints(named).joints == COCO
    with np.load(unnamed, allow_pickle=True) as file:
        np.savez(tmp_path / "bare.npz", positions_2d=file["positions_2d"])  # without metadata
    assert read_keypoints(tmp_path / "bare.npz").joints == LAYOUTS["human36_17k"]
    keypoints = read_keypoints(unnamed, COCO)
    np.testing.assert_array_equal(keypoints.poses, body(COCO, frames=4))
    assert keypoints.person.tolist() == [0, 1, 2, 3]


def test_photos_of_lsp(tmp_path):
    """Hidden joints are kept, and frames have the numbers of the photos, from im0001.jpg on."""
    path = write_joints_mat(tmp_path)
    keypoints = read_keypoints(path, COCO)  # the file itself says which joints it has
    assert keypoints.joints == LAYOUTS["lsp_14k"]
    np.testing.assert_array_equal(keypoints.poses, body(LAYOUTS["lsp_14k"], frames=4))
    assert keypoints.frame.tolist() == [1, 2, 3, 4]
    assert keypoints.person.tolist() == [0, 0, 0, 0]
    (note,) = keypoints.notes
    assert "1 for im0001.jpg" in note


@pytest.mark.parametrize("skeleton", SKELETON_NAMES)
def test_skeletons_whose_joints_lsp_gives(tmp_path, skeleton):
    path = write_joints_mat(tmp_path)
    skeleton = get_skeleton(skeleton)
    if skeleton.name in ("human36_19k", "openpose_17k"):
        message = f"give no right_foot_tip, left_foot_tip of .* {skeleton.name}; .* --checkpoint of"
        with pytest.raises(InputError, match=f"{message} human36_17k, shg_16k, .*lsp_14k"):
            read_keypoints(path, None, skeleton)
    else:
        keypoints = read_keypoints(path, None, skeleton)
        check_body(keypoints.poses, keypoints.joints, skeleton)


JOINTS = np.ones((3, 14, 5))


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"joint": JOINTS}, "no variable joints"),
        ({"joints": JOINTS[:, :13]}, r"\(3, 14, N\), found \(3, 13, 5\)"),
        ({"joints": JOINTS.transpose(1, 0, 2)}, r"found \(14, 3, 5\)"),  # LSP's extended edition
        ({"joints": JOINTS[..., :0]}, r"found \(3, 14, 0\)"),
        ({"joints": JOINTS[0]}, r"found \(14, 5\)"),
        ({"joints": JOINTS.astype(object)}, "expected real numbers"),
        ({"joints": {"joints": JOINTS}}, "expected real numbers"),
        ({"joints": JOINTS == 1}, "expected real numbers"),
        ({"joints": JOINTS + 1j}, "expected real numbers"),
        ({"joints": np.ones((3, 14, 10**6), np.int8)}, "is damaged"),  # 42 MB, compressed
    ],
)
def test_matlab_files_of_another_form(tmp_path, variables, words):
    path = tmp_path / "other.mat"
    savemat(path, variables, do_compression=True)
    with pytest.raises(InputError, match=f"other.mat.*{words}"):
        read_keypoints(path)


def test_a_matlab_file_that_is_too_large(tmp_path):
    path = tmp_path / "large.mat"
    savemat(path, {"x": np.ones((3, 14, 10**6), np.int8)})
    with pytest.raises(InputError, match="large.mat: is too large for LSP's joints.mat"):
        read_keypoints(path)


def test_matlab_files_of_another_format(tmp_path):
    path = tmp_path / "other.mat"
    savemat(path, {"joints": JOINTS[0]}, format="4")
    contents = [path.read_bytes(), b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(500)]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(InputError, match="other.mat: expected LSP's joints.mat.* MATLAB 5"):
            read_keypoints(path)


@pytest.mark.parametrize("number_type", [np.float64, np.float32, np.uint8, np.int16])
@pytest.mark.parametrize("compressed", [False, True])
def test_matlab_files_with_other_variables_and_types(tmp_path, number_type, compressed):
    joints = np.random.default_rng(0).integers(0, 200, (3, 14, 6)).astype(number_type)
    variables = {"notes": "a text", "x": {"joints": 3}, "joints": joints, "zeros": np.zeros(9)}
    savemat(tmp_path / "joints.mat", variables, do_compression=compressed)
    poses = read_keypoints(tmp_path / "joints.mat").poses
    np.testing.assert_array_equal(poses, joints[:2].transpose(2, 1, 0))


def test_a_matlab_file_with_its_highest_bytes_first(tmp_path):
    joints = np.arange(3 * 14 * 2, dtype=">f8").reshape(3, 14, 2)
    flags = struct.pack(">IIII", 6, 8, 6, 0)
    shape = struct.pack(">IIiii", 5, 12, *joints.shape) + bytes(4)
    name = struct.pack(">II", 1, 6) + b"joints" + bytes(2)
    numbers = struct.pack(">II", 9, joints.nbytes) + joints.tobytes(order="F")
    variable = flags + shape + name + numbers
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    path = tmp_path / "joints.mat"
    path.write_bytes(header + struct.pack(">II", 14, len(variable)) + variable)
    np.testing.assert_array_equal(read_keypoints(path).poses, joints[:2].transpose(2, 1, 0))


def test_matlab_files_with_a_changed_bit_are_read_or_one_line(tmp_path):
    path = tmp_path / "joints.mat"
    savemat(path, {"joints": np.ones((3, 14, 4))})  # not compressed: no checksum finds the change
    for content in damaged(path.read_bytes(), 300, seed=0):
        path.write_bytes(content)
        try:
            assert read_keypoints(path).poses.shape[1:] == (14, 2)
        except InputError as error:
            assert "joints.mat" in str(error)
            assert "\n" not in str(error)


def test_missing_joints(tmp_path):
    keypoints = triples(LAYOUTS["openpose_25"])
    keypoints[0:3] = [0, 0, 0.9]  # the first joint: at the corner
    keypoints[5] = 0  # the second: without confidence
    path = write_json(tmp_path / "one.json", {"people": [{"pose_keypoints_2d": keypoints}]})
    missing = np.isnan(read_keypoints(path).poses[0]).any(axis=1)
    assert np.flatnonzero(missing).tolist() == [0, 1]

    array = np.concatenate([body(COCO, frames=2), np.ones((2, 17, 1))], axis=2)
    array[1, 3, 2] = 0
    np.save(tmp_path / "k.npy", array)
    missing = np.isnan(read_keypoints(tmp_path / "k.npy", COCO).poses[..., 0])
    assert np.argwhere(missing).tolist() == [[1, 3]]


@pytest.mark.parametrize(
    "record",
    [
        {"image_id": [1]},
        {"image_id": "frame_20251122093012345678901.jpg"},
        {"keypoints": [10**400, 2, 1] * 17},
        {"keypoints": {"a": 1}},
        {"keypoints": ["a"] * 51},
        {"keypoints": None},
    ],
)
def test_odd_records_are_read_or_one_line(tmp_path, record):
    usual = {"image_id": 1, "keypoints": triples(COCO)}
    path = write_json(tmp_path / "odd.json", [usual | record])
    try:
        assert read_keypoints(path).frame.dtype == np.int64
    except InputError as error:
        assert "odd.json" in str(error)


def test_frames_from_file_names_and_tracks_from_alphapose(tmp_path):
    records = []
    for number in range(3):
        image = f"cam2_{number:04d}.jpg"
        records.append({"image_id": image, "keypoints": triples(COCO), "idx": 7})
    keypoints = read_keypoints(write_json(tmp_path / "a.json", records))
    assert keypoints.frame.tolist() == [0, 1, 2]
    assert keypoints.person.tolist() == [7, 7, 7]


def test_csv_of_a_spreadsheet(tmp_path):
    path = write_csv(tmp_path)
    plain = read_keypoints(path)
    header, *lines = path.read_text().splitlines()
    quoted = ",".join(f'"{name}"' for name in header.split(","))
    path.write_text("\n".join([quoted, *lines]), encoding="utf-8-sig")
    keypoints = read_keypoints(path, LAYOUTS["openpose_17k"])  # names win over a layout
    np.testing.assert_array_equal(keypoints.poses, plain.poses)
    assert keypoints.frame.tolist() == plain.frame.tolist()
    assert keypoints.joints == COCO

    path.write_text("\n".join([header, *lines]).replace("3,1,", ",1,"))
    with pytest.raises(InputError, match="frame and person"):
        read_keypoints(path)


class Evil:
    """Pickled, it fails the test that unpickles it."""

    def __reduce__(self):
        return pytest.fail, ("it was executed",)


@pytest.mark.parametrize("kind", [*WRITERS, "videopose3d"])
def test_spoilt_files_are_one_line(kind, tmp_path):
    """Truncated anywhere, empty, of the wrong type, or pickled objects."""
    write = write_videopose3d if kind == "videopose3d" else WRITERS[kind]
    path = write(tmp_path)
    if path.is_dir():
        path = min(path.iterdir())
    whole = path.read_bytes()
    contents = [whole[: len(whole) * share // 10] for share in range(10)]
    contents += [
        b"\x00" * 100,
        b"[]",
        b"{}",
        b"[3]",
        b'[{"keypoints": 3}]',
        b'{"people": [3]}',
        pickle.dumps(Evil()),
        b"a,b\n1,2\n",
    ]
    if path.suffix == ".npz":
        evil_path = tmp_path / "evil.npz"
        np.savez(evil_path, positions_2d=np.array({"S1": Evil()}, dtype=object))
        contents.append(evil_path.read_bytes())
    for content in contents:
        path.write_bytes(content)
        try:
            keypoints = read_keypoints(path, COCO if kind == "videopose3d" else None)
        except InputError as error:
            assert path.name in str(error)
            assert "\n" not in str(error)
        else:  # cut after a whole line
            assert kind == "csv"
            assert len(keypoints.poses) < 4


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


HUMAN36 = get_skeleton("human36_17k")


@pytest.fixture
def crowd():
    """Return poses (40,17,2) px of people who all stand nearly as the known body."""
    noise = np.random.default_rng(0).normal(0, 4, (40, 17, 2)).astype(np.float32)
    return body(HUMAN36.joints, frames=40) + noise


def in_fractions(poses):
    return poses / 1000


def y_upwards(poses):
    return poses * [1, -1]


def x_and_y_exchanged(poses):
    return poses[..., ::-1]


def hips_exchanged(poses):
    right = HUMAN36.joints.index("right_hip")
    left = HUMAN36.joints.index("left_hip")
    poses = poses.copy()
    poses[:, [right, left]] = poses[:, [left, right]]
    return poses


def joints_shuffled(poses):
    return poses[:, np.random.default_rng(1).permutation(17)]


MISTAKES = {
    "--image_size": in_fractions,
    "y seems to point upwards": y_upwards,
    "x and y": x_and_y_exchanged,
    "left and right": hips_exchanged,
    "another order": joints_shuffled,
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_likely_mistake_is_named_and_no_other(crowd, words):
    (mistake,) = likely_mistakes(MISTAKES[words](crowd), HUMAN36)
    assert words in mistake


def test_no_mistake_is_named_where_there_is_none(crowd):
    assert likely_mistakes(crowd, HUMAN36) == []
    assert likely_mistakes(demo_poses()["walk"], HUMAN36) == []


def test_coordinates_in_blocks_are_named():
    walk = demo_poses()["walk"]
    in_blocks = walk.transpose(0, 2, 1).reshape(walk.shape)
    assert any("x0, x1" in mistake for mistake in likely_mistakes(in_blocks, HUMAN36))


def test_nothing_is_said_of_poses_without_joints(crowd):
    assert likely_mistakes(crowd * np.nan, HUMAN36) == []
    assert likely_mistakes(crowd[:0], HUMAN36) == []
