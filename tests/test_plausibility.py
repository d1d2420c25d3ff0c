"""Data that are complete, finite and of the right shape, and wrong all the same, are named."""

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from miniature import CAMERAS, detection_path, motion, motion_path, write_human36, write_motion

import main_lsp
from src.data.arrays import ACTIONS
from src.data.check_human36 import check_folder
from src.data.human36.load import load_human36
from src.data.npz import load_npz
from src.data.photo_oddities import photo_oddities, truth_oddities
from src.data.photos import load_photos, load_truth, parse_photos
from src.data.plausibility import may_not_fit, question_detections, question_view
from src.data.synthetic.motion import SUBJECTS, load_synthetic, make_cameras, make_motions
from src.data.synthetic.motion import simulate_detections as simulate
from src.data.synthetic.photos import make_content
from src.errors import InputError
from src.skeletons import get_skeleton
from tools import check_data

HOURGLASS = get_skeleton("shg_16k")
LSP = get_skeleton("lsp_14k")


def exchange(poses: np.ndarray, first: str, second: str, skeleton=HOURGLASS) -> np.ndarray:
    """Exchange two joints of poses (N,K,D)."""
    i = skeleton.joints.index(first)
    j = skeleton.joints.index(second)
    exchanged = poses.copy()
    exchanged[:, [i, j]] = poses[:, [j, i]]
    return exchanged


def exchange_sides(poses: np.ndarray, skeleton=HOURGLASS) -> np.ndarray:
    exchanged = poses
    for left, right in skeleton.left_right:
        exchanged = exchange(exchanged, skeleton.joints[left], skeleton.joints[right], skeleton)
    return exchanged


# Human3.6M and what is in its layout


@pytest.fixture(scope="module")
def whole_dir(tmp_path_factory) -> Path:
    """A very small Human3.6M; not to be changed."""
    folder = tmp_path_factory.mktemp("whole") / "data"
    return write_human36(folder, subjects=(1,), actions=("Walking",), frames=8)


@pytest.fixture
def data_dir(whole_dir, tmp_path) -> Path:
    """Another one, to be spoilt."""
    return write_human36(tmp_path / "data", subjects=(1,), actions=("Walking",), frames=8)


def load(folder: Path):
    return load_human36(folder, (1,), HOURGLASS, actions=("Walking",), detections=True)


def change_detections(folder: Path, change):
    """Replace the detections (F,16,2) px of all views by what a function makes of them."""
    for path in folder.glob("S1/StackedHourglassFineTuned240/*.h5"):
        with h5py.File(path, "r+") as file:
            file["poses"][:] = change(file["poses"][:])


DETECTIONS = {  # words of the note: what is done to the detections
    "look like fractions": lambda poses: poses / 1000,
    "x and y are exchanged": lambda poses: poses[..., ::-1],
    "reverse order": lambda poses: poses[:, ::-1],
    "left and right are exchanged": exchange_sides,
    "far from the projected poses": lambda poses: np.random.default_rng(0).permuted(poses, axis=1),
    "lie elsewhere in the image": lambda poses: poses + 400,
    "y points upwards": lambda poses: [0, 1000] + poses * [1, -1],
    "4 of 8 poses have all their joints": lambda poses: poses * (np.arange(8) < 4)[:, None, None],
}


@pytest.mark.parametrize("words", DETECTIONS)
def test_unlikely_detections_are_a_note_and_a_problem(data_dir, words):
    change_detections(data_dir, DETECTIONS[words])
    (note,) = load(data_dir).notes
    assert words in note
    assert "(and 7 more like this)" in note
    _, problems = check_folder(data_dir)
    assert any(words in problem for problem in problems)


def test_detections_of_exchanged_cameras(data_dir):
    first, second = [detection_path(data_dir, 1, "Walking", name) for name in CAMERAS[:2]]
    third = first.with_name("third.h5")
    first.rename(third)
    second.rename(first)
    third.rename(second)
    notes = "\n".join(load(data_dir).notes)
    assert f"S1 Walking {CAMERAS[0]}: are those of camera {CAMERAS[1]}" in notes
    assert f"S1 Walking {CAMERAS[1]}: are those of camera {CAMERAS[0]}" in notes


def test_single_joints_exchanged_are_found_by_the_check(data_dir):
    change_detections(data_dir, lambda poses: exchange(poses, "left_elbow", "left_wrist"))
    _, problems = check_folder(data_dir)
    assert any("left_elbow and left_wrist are exchanged" in problem for problem in problems)


def test_detections_that_are_zero_are_refused(data_dir):
    change_detections(data_dir, np.zeros_like)
    with pytest.raises(InputError, match=r"Walking.*h5: poses: all values are 0"):
        load(data_dir)


def rewrite_motions(folder: Path, change):
    """Replace the world poses (F,32,3) mm of both motions by what a function makes of them."""
    for seed, name in enumerate(("Walking", "Walking 1")):
        write_motion(motion_path(folder, 1, name), change(motion(8, seed=100 + seed)))


@pytest.mark.parametrize("part", [np.s_[4:], np.s_[:, 16:]], ids=["frames", "joints"])
def test_motion_that_was_never_written_is_refused(data_dir, part):
    def change(world):
        world[part] = 0
        return world

    rewrite_motions(data_dir, change)
    with pytest.raises(InputError, match=r"Walking.h5: .*\(0, 0, 0\) in [48] of 8 frames.*never"):
        load(data_dir)
    _, problems = check_folder(data_dir)
    assert any("never written" in problem for problem in problems)


def test_a_world_with_y_up(data_dir):
    rewrite_motions(data_dir, lambda world: world[..., [0, 2, 1]] * [1, 1, -1])
    poses = load_human36(data_dir, (1,), get_skeleton("human36_17k"), actions=("Walking",))
    notes = "\n".join(poses.notes)
    assert "not upright in camera" in notes
    assert "y axis seems to point up" in notes


def change_cameras(folder: Path, field: str, change):
    with h5py.File(folder / "cameras.h5", "r+") as file:
        for camera in file["subject1"].values():
            camera[field][:] = change(camera[field][:])


def test_transposed_rotations(data_dir):
    change_cameras(data_dir, "R", np.transpose)
    with pytest.raises(InputError, match="behind camera .*; its rotation seems to be transposed"):
        load(data_dir)
    _, problems = check_folder(data_dir)
    assert any("rotation seems to be transposed" in problem for problem in problems)


def test_focal_lengths_in_mm(data_dir):
    change_cameras(data_dir, "f", lambda focal: focal / 50)
    _, problems = check_folder(data_dir)
    assert any("focal lengths of 2" in problem and "in mm?" in problem for problem in problems)
    poses = load_human36(data_dir, (1,), get_skeleton("human36_17k"), actions=("Walking",))
    assert any("in mm?" in note for note in poses.notes)


def test_good_data_are_not_suspected(whole_dir):
    assert load(whole_dir).notes == ()
    _, problems = check_folder(whole_dir)
    assert not any("camera" in problem and "upright" in problem for problem in problems)
    assert not any("detections" in problem for problem in problems)


def test_simulated_detections_are_not_suspected():
    """All 840 views of the built-in motion, as loaded and as the check looks at them."""
    joints = list(HOURGLASS.human36_indices)
    cameras = make_cameras(0)
    num_passed_on = 0
    for moved in make_motions(SUBJECTS, ACTIONS, frames=9, seed=0):
        own_cameras = [camera for key, camera in cameras.items() if key[0] == moved.subject]
        for camera in own_cameras:
            detections = simulate(moved, camera, seed=0)
            sentence = question_detections(detections, moved.world, camera, own_cameras, HOURGLASS)
            assert sentence is None, (moved.name, camera.name)
            assert question_view(moved.world, camera) is None
            num_passed_on += may_not_fit(detections, camera.project(moved.world[:, joints]))
    assert num_passed_on <= 8


# The neutral form


@pytest.fixture
def fields():
    """Poses of the built-in motion in the neutral form."""
    arrays = load_synthetic((1,), HOURGLASS, actions=("Walking", "Sitting"), frames=5)
    return {
        "pose_3d": arrays.pose_3d,
        "pose_2d": arrays.pose_2d,
        "subject": arrays.subject,
        "action": arrays.action,
        "camera": arrays.camera,
        "frame": arrays.frame,
        "focal": arrays.focal,
        "joint_names": np.array(HOURGLASS.joints),
    }


NEUTRAL = {  # words of the note: (field, what is done to it)
    "fractions of the image": ("pose_2d", lambda poses: poses / 1000),
    "x and y are exchanged": ("pose_2d", lambda poses: poses[..., ::-1]),
    "reverse order": ("pose_2d", lambda poses: poses[:, ::-1]),
    "left and right of 2D and 3D": ("pose_2d", exchange_sides),
    "left_ankle and left_wrist are": (
        "pose_2d",
        lambda poses: exchange(poses, "left_wrist", "left_ankle"),
    ),
    "of other people": ("pose_2d", lambda poses: np.roll(poses, 53, axis=0)),
    "are they in mm?": ("focal", lambda focal: focal / 50),
    "times as large as what focal gives": ("focal", lambda focal: focal * 50),
}


@pytest.mark.parametrize("words", NEUTRAL)
def test_2d_that_is_no_projection_of_the_3d(tmp_path, fields, words, capsys):
    name, change = NEUTRAL[words]
    fields[name] = change(fields[name])
    path = tmp_path / "own.npz"
    np.savez(path, **fields)
    assert any(words in note for note in load_npz(path, [1], HOURGLASS).notes)
    assert check_data.main([str(path)]) == 1
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("name", ["pose_2d", "pose_3d"])
def test_poses_of_zeros_are_refused(tmp_path, fields, name):
    fields[name][3:] = 0
    np.savez(tmp_path / "own.npz", **fields)
    with pytest.raises(InputError, match=f"own.npz: {name}: all joints are at one point"):
        load_npz(tmp_path / "own.npz", [1], HOURGLASS)


@pytest.mark.parametrize("focal", [True, False])
def test_a_good_npz_is_not_suspected(tmp_path, fields, focal):
    if not focal:
        del fields["focal"]
    np.savez(tmp_path / "own.npz", **fields)
    assert load_npz(tmp_path / "own.npz", [1], HOURGLASS).notes == ()
    assert check_data.main([str(tmp_path / "own.npz")]) == 0


# Labels and --truth


@pytest.fixture(scope="module")
def labelled():
    content, truth = make_content(LSP)
    return content, truth, replace(parse_photos(content, LSP, "labels.json"), truth=truth)


TRUTHS = {  # words of the note: what is done to the truth
    "metres where millimetres": lambda truth: truth / 1000,
    "of other people, in another order": lambda truth: np.roll(truth, 1, axis=0),
    "left and right of 2D and 3D are": lambda truth: exchange_sides(truth, LSP),
    "right_knee and left_knee are": lambda truth: exchange(truth, "right_knee", "left_knee", LSP),
    "reverse order": lambda truth: truth[:, ::-1],
    "x and y are exchanged": lambda truth: truth[..., [1, 0, 2]],
    "does z point towards the camera": lambda truth: (truth - truth[:, :1]) * [1, 1, -1],
}


@pytest.mark.parametrize("words", TRUTHS)
def test_an_unlikely_truth_is_named(labelled, words):
    *_, photos = labelled
    changed = replace(photos, truth=TRUTHS[words](photos.truth))
    assert any(words in sentence for sentence in truth_oddities(changed, LSP.joints))


def test_labels_that_agree_with_nobodys_depth(labelled):
    *_, photos = labelled
    by_lot = np.random.default_rng(0).choice([-1, 1], len(photos.label))
    (sentence,) = truth_oddities(replace(photos, label=by_lot), LSP.joints)
    assert "nobody's depth" in sentence
    (sentence,) = truth_oddities(replace(photos, label=-photos.label), LSP.joints)
    assert "0 and 1 exchanged" in sentence


def test_a_good_truth_is_not_suspected(labelled):
    *_, photos = labelled
    assert truth_oddities(photos, LSP.joints) == []
    assert photo_oddities(photos, LSP) == []
    without_training_truth = photos.truth * ~photos.is_train[:, None, None]
    assert truth_oddities(replace(photos, truth=without_training_truth), LSP.joints) == []


def test_cmus_photos_are_not_suspected(cmu_lsp_dir):
    photos = load_photos(cmu_lsp_dir / "relative_depth_cmu.json", LSP)
    truth = load_truth(cmu_lsp_dir / "relative_depth_cmu_3d.npz", 2000, LSP)
    assert photo_oddities(photos, LSP) == []
    assert truth_oddities(replace(photos, truth=truth), LSP.joints) == []


@pytest.fixture
def run_lsp(tmp_path, labelled, capsys):
    """A function that trains on labels with this content and truth -> exit code, out and err."""

    def run(content, truth):
        (tmp_path / "labels.json").write_text(json.dumps(content))
        np.savez(tmp_path / "truth.npz", pose_3d=truth, joint_names=np.array(LSP.joints))
        command = f"--annotations {tmp_path}/labels.json --truth {tmp_path}/truth.npz --epochs 1"
        command += f" --ckpt {tmp_path}/runs --exp run --linear_size 8 --threads 1 --no-save_ims"
        return main_lsp.main(command.split()), capsys.readouterr()

    return run


def test_a_truth_of_zeros_is_refused(run_lsp, labelled):
    content, truth, _ = labelled
    exit_code, captured = run_lsp(content, 0 * truth)
    assert exit_code == 2
    assert captured.err.startswith("error: --truth ")
    assert "all joints are at one point in 300 of 300 test images" in captured.err


def test_a_truth_of_other_people_is_a_note(run_lsp, labelled):
    content, truth, _ = labelled
    exit_code, captured = run_lsp(content, np.roll(truth, 1, axis=0))
    assert exit_code == 0, captured.err
    assert "note: --truth: 2D and 3D do not fit" in captured.out


# What is done to a record of a label file: words of the note.


def point_up(image):
    keypoints = np.reshape(image["keypoints"], (-1, 2))
    image["keypoints"] = (keypoints * [1, -1] + [0, 200]).ravel().tolist()


def exchange_x_and_y(image):
    image["keypoints"] = np.reshape(image["keypoints"], (-1, 2))[:, ::-1].ravel().tolist()


def normalise(image):
    image["keypoints"] = (np.array(image["keypoints"]) / 200).tolist()


def forget_half(image):
    if image["is_train"]:
        image["keypoints"] = [0] * 28


def reverse_names(image):
    image["keypoints"] = np.reshape(image["keypoints"], (-1, 2))[::-1].ravel().tolist()


def call_by_one_name(image):
    image["im_file"] = "./images/im1.jpg" if image["is_train"] else "images/im1.jpg"


RECORDS = {
    point_up: "y seems to point upwards",
    exchange_x_and_y: "x and y exchanged",
    normalise: "fractions of the image",
    forget_half: "at one point in 300 of 600 images",
    reverse_names: "another order",
    call_by_one_name: "1 photos are both for training and for testing, such as images/im1.jpg",
}


@pytest.mark.parametrize("change", RECORDS, ids=lambda change: change.__name__)
def test_likely_mistakes_in_label_files(labelled, tmp_path, change, capsys):
    content = json.loads(json.dumps(labelled[0]))
    for image in content["images"]:
        change(image)
    photos = parse_photos(content, LSP, "labels.json")
    assert any(RECORDS[change] in sentence for sentence in photo_oddities(photos, LSP))
    (tmp_path / "labels.json").write_text(json.dumps(content))
    assert check_data.main([str(tmp_path / "labels.json")]) == 1
    assert RECORDS[change] in capsys.readouterr().out


def test_keypoints_that_are_all_zero_are_refused(labelled, run_lsp):
    content = json.loads(json.dumps(labelled[0]))
    for image in content["images"]:
        image["keypoints"] = [0] * 28
    exit_code, captured = run_lsp(content, labelled[1])
    assert exit_code == 2
    assert "all joints of every image are at one point" in captured.err


def test_labels_without_weight_are_refused(labelled, run_lsp, tmp_path, capsys):
    content = json.loads(json.dumps(labelled[0]))
    for image in content["images"]:
        for label in image["anns"]:
            label["weight"] = 0
    exit_code, captured = run_lsp(content, labelled[1])
    assert exit_code == 2
    assert "all labels of the training images have weight 0" in captured.err
    assert check_data.main([str(tmp_path / "labels.json")]) == 1
    assert "all labels have weight 0" in capsys.readouterr().out
