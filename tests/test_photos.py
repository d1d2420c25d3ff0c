"""The reader of photos with relative depth labels: on a miniature file, and its refusals."""

import json

import numpy as np
import pytest
from label_files import JOINT_NAMES, label_content

import main_lsp
from src.data.photos import load_photos, load_truth, parse_photos
from src.errors import InputError
from src.skeletons import get_skeleton
from src.training.evaluation import wrong_labels

LSP = get_skeleton("lsp_14k")


@pytest.fixture
def label_file(tmp_path):
    """The miniature label file."""
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(label_content()))
    return path


def test_keypoints_go_by_name_into_the_order_of_the_model(label_file):
    assert tuple(JOINT_NAMES) != LSP.joints
    photos = load_photos(label_file, LSP)
    for joint, (x, y) in zip(LSP.joints, photos.pose_2d[1], strict=True):
        number_in_file = JOINT_NAMES.index(joint)
        assert x == 100 * number_in_file + 1
        assert y == number_in_file
    assert photos.is_train.tolist() == [True, False]
    hidden_joints = np.flatnonzero(photos.occluded[0])
    assert [LSP.joints[joint] for joint in hidden_joints] == ["left_shoulder"]


def test_labels_go_by_name_into_the_order_of_the_model(label_file):
    photos = load_photos(label_file, LSP)
    pairs = []
    for first, second in photos.pairs:
        pairs.append((LSP.joints[first], LSP.joints[second]))
    assert pairs == [
        ("head", "right_ankle"),
        ("right_elbow", "neck"),
        ("left_shoulder", "right_wrist"),
    ]
    assert photos.photo.tolist() == [0, 0, 1]
    # 0: the first is closer, so it is not the one further away; 1: the second is closer.
    assert photos.label.tolist() == [-1, 1, 1]
    assert photos.weight.tolist() == [1, 2.5, 1]
    np.testing.assert_array_equal(photos.prob, [0.1, np.nan, np.nan])
    np.testing.assert_array_equal(photos.risk, [0.1, np.nan, np.nan])


REFUSALS = {  # place in the file, what is put there, words of the one line
    "an unknown joint": (
        ["joint_names"],
        JOINT_NAMES[:13] + ["tail"],
        ["right_ankle", "joint_names", "tail"],
    ),
    "a joint twice": (["joint_names"], JOINT_NAMES[:13] + ["head"], ["joint_names", "different"]),
    "a joint too few": (
        ["joint_names"],
        JOINT_NAMES[:13],
        ["images[0] (im0.png): keypoints", "26", "28"],
    ),
    "no images": (["images"], [], ["images", "none"]),
    "a number for an image": (["images"], [1], ["images[0]", "im_file"]),
    "is_train in words": (
        ["images", 1, "is_train"],
        "yes",
        ["images[1] (im1.png)", "is_train", "'yes'"],
    ),
    "a keypoint that is NaN": (
        ["images", 1, "keypoints", 3],
        float("nan"),
        ["images[1] (im1.png)", "keypoints", "nan"],
    ),
    "a keypoint of 400 digits": (
        ["images", 1, "keypoints", 3],
        10**400,
        ["images[1] (im1.png)", "keypoints"],
    ),
    "a keypoint in words": (
        ["images", 1, "keypoints", 3],
        "7",
        ["images[1] (im1.png)", "keypoints", "'7'"],
    ),
    "occluded too short": (
        ["images", 0, "occluded"],
        [0] * 13,
        ["images[0] (im0.png)", "occluded", "14", "13"],
    ),
    "occluded neither 0 nor 1": (
        ["images", 0, "occluded", 4],
        2,
        ["images[0] (im0.png)", "occluded", "2"],
    ),
    "labels that are no list": (["images", 0, "anns"], {}, ["images[0] (im0.png)", "anns", "dict"]),
    "a number for a label": (["images", 0, "anns", 1], 3, ["images[0] (im0.png): anns[1]", "3"]),
    "a first joint out of range": (
        ["images", 0, "anns", 1, "kp0"],
        14,
        ["images[0] (im0.png): anns[1]: kp0", "0 to 13", "14"],
    ),
    "a second joint below 0": (
        ["images", 0, "anns", 1, "kp1"],
        -1,
        ["images[0] (im0.png): anns[1]: kp1", "-1"],
    ),
    "a joint compared with itself": (
        ["images", 0, "anns", 1, "kp1"],
        5,
        ["images[0] (im0.png): anns[1]", "different", "5"],
    ),
    "a label of -1": (
        ["images", 0, "anns", 1, "label"],
        -1,
        ["images[0] (im0.png): anns[1]: label", "0", "-1"],
    ),
    "a weight below 0": (
        ["images", 0, "anns", 1, "weight"],
        -2,
        ["images[0] (im0.png): anns[1]: weight", "-2"],
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(tmp_path, capsys, name):
    place, value, words = REFUSALS[name]
    spoilt = label_content()
    parent = spoilt
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    path = tmp_path / "spoilt.json"
    path.write_text(json.dumps(spoilt))

    assert main_lsp.main(["--annotations", str(path), "--ckpt", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    for word in ["spoilt.json", *words]:
        assert word in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("[]", id="a list"),
        pytest.param("{", id="an open brace"),
        pytest.param("null", id="null"),
        pytest.param('{"images": 3}', id="a number of images"),
        pytest.param("\xff\xfe", id="a byte order mark"),
        pytest.param("[" * 100_000, id="lists without end"),
    ],
)
def test_no_label_file_at_all(tmp_path, text):
    path = tmp_path / "no.json"
    path.write_text(text)
    with pytest.raises(InputError, match="no.json"):
        load_photos(path, LSP)


def test_truncated_files_are_refused_in_one_line_or_read(tmp_path):
    whole = json.dumps(label_content()).encode()
    rng = np.random.default_rng(0)
    for _ in range(30):
        check_damaged_file(tmp_path / "x.json", whole[: rng.integers(len(whole))])


def test_files_with_a_flipped_bit_are_refused_in_one_line_or_read(tmp_path):
    whole = json.dumps(label_content()).encode()
    rng = np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        check_damaged_file(tmp_path / "x.json", damaged)


def check_damaged_file(path, content: bytes):
    path.write_bytes(content)
    try:
        photos = load_photos(path, LSP)
    except InputError as error:
        assert "x.json" in str(error)
    else:
        assert photos.pose_2d.shape == (2, 14, 2)


def test_joints_that_a_detector_lacks_are_estimated_and_unknown_labels_left_out():
    joint_names = JOINT_NAMES[2:] + ["nose", "left_ear", "right_ear"]
    keypoints = []
    for joint in range(15):
        keypoints += [float(joint), 10.0 * joint]
    anns = [
        {"kp0": 12, "kp1": 3, "label": 1},  # the nose, which the model lacks
        {"kp0": 0, "kp1": 3, "label": 1},
    ]
    image = {"im_file": "a", "is_train": True, "keypoints": keypoints, "anns": anns}
    photos = parse_photos({"joint_names": joint_names, "images": [image]}, LSP, "x")
    # Half-way between the shoulders, joints 0 and 1 of the file.
    np.testing.assert_allclose(photos.pose_2d[0, LSP.joints.index("neck")], [0.5, 5])
    assert len(photos.label) == 1
    assert any("1 labels name joints" in note for note in photos.notes)
    assert any(note.startswith("neck is estimated") for note in photos.notes)


def test_truth_goes_by_name(tmp_path):
    poses = np.random.default_rng(0).normal(size=(2, 14, 3)).astype(np.float32)
    np.savez(tmp_path / "truth.npz", pose_3d=poses, joint_names=JOINT_NAMES)
    truth = load_truth(tmp_path / "truth.npz", 2, LSP)
    np.testing.assert_array_equal(truth[:, LSP.joints.index("head")], poses[:, 0])


@pytest.mark.parametrize("damage", ["a pose too few", "an unknown joint", "NaN"])
def test_truth_that_does_not_fit_is_refused(tmp_path, damage):
    poses = np.random.default_rng(0).normal(size=(2, 14, 3)).astype(np.float32)
    joint_names = list(JOINT_NAMES)
    count = 2
    if damage == "a pose too few":
        count = 3
    elif damage == "an unknown joint":
        joint_names[0] = "x"
    else:
        poses[:] = np.nan
    np.savez(tmp_path / "bad.npz", pose_3d=poses, joint_names=joint_names)
    with pytest.raises(InputError, match="bad.npz"):
        load_truth(tmp_path / "bad.npz", count, LSP)


def test_truth_that_is_missing_is_refused(tmp_path):
    with pytest.raises(InputError, match="--truth"):
        load_truth(tmp_path / "none.npz", 2, LSP)


def test_reader_on_the_cmu_set(cmu_lsp_dir):
    photos = load_photos(cmu_lsp_dir / "relative_depth_cmu.json", LSP)
    truth = load_truth(cmu_lsp_dir / "relative_depth_cmu_3d.npz", 2000, LSP)
    assert wrong_labels(truth, photos).mean() == pytest.approx(0.247, abs=0.003)  # by construction
