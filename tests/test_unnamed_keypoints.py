"""Arrays without names: when they are taken for the checkpoint's own joints, and when not."""

import json

import numpy as np
import pytest

from src.data.synthetic.demo import demo_poses
from src.data.synthetic.motion import make_cameras, make_motion
from src.errors import InputError
from src.keypoints.files import read_keypoints
from src.keypoints.layouts import LAYOUTS
from src.keypoints.unnamed import name_joints
from src.skeletons import HUMAN36_JOINTS, get_skeleton, read_skeleton

ACTIONS = ("Directions", "Phoning", "Sitting", "SittingDown", "WalkDog", "Walking")
FRAMES = 10
SUBJECT = 5


def world_joints(world):
    """Return {joint: (F,3) mm} of Human3.6M's joints (F,32,3) mm, and of a face made from them."""
    joints = {name: world[:, i] for i, name in enumerate(HUMAN36_JOINTS)}
    neck = joints["neck"]
    up = _unit(joints["head"] - neck)
    to_left = joints["left_shoulder"] - joints["right_shoulder"]
    to_left = _unit(to_left - (to_left * up).sum(axis=1, keepdims=True) * up)
    forward = np.cross(to_left, up)
    middle = neck + 0.6 * (joints["head"] - neck)
    face = {
        "nose": middle + 100 * forward,
        "left_eye": middle + 80 * forward + 32 * to_left + 35 * up,
        "right_eye": middle + 80 * forward - 32 * to_left + 35 * up,
        "left_ear": middle + 75 * to_left + 15 * up,
        "right_ear": middle - 75 * to_left + 15 * up,
    }
    return joints | face


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def motions():
    """Return a list of {layout: poses (F,K,2) px}, one for each action and camera."""
    cameras = make_cameras(0, (SUBJECT,))
    views = []
    for action in ACTIONS:
        motion = make_motion(SUBJECT, action, action, frames=FRAMES, seed=0)
        joints = world_joints(motion.world)
        # The neck of MPII's body is at the height of the shoulders, its chin at that of the throat.
        throat = (joints["neck"] + joints["chin"]) / 2
        for camera in cameras.values():
            view = {}
            for layout in ("human36_17k", "openpose_17k", "coco_17", "shg_16k", "mpii_16"):
                places = joints | {"chin": throat} if layout == "mpii_16" else joints
                world = np.stack([places[joint] for joint in LAYOUTS[layout]], axis=1)
                view[layout] = camera.project(world)
            views.append(view)
    return views


def single_poses(motions, layout):
    """Return a list of poses (1,K,2) px."""
    poses = np.concatenate([view[layout] for view in motions])
    return [pose[None] for pose in poses]


def share_taken(pose_sets, skeleton_name):
    """Return the share of sets (N,K,2) that are taken for the skeleton's own joints."""
    skeleton = get_skeleton(skeleton_name)
    count = 0
    for poses in pose_sets:
        try:
            joints, note = name_joints(poses, skeleton, "f")
        except InputError as error:
            assert "joints without names; say which with --layout" in str(error)
        else:
            assert joints == skeleton.joints
            assert f"taken for {skeleton_name}, the checkpoint's own" in note
            count += 1
    return count / len(pose_sets)


@pytest.mark.parametrize("skeleton", ["human36_17k", "openpose_17k", "shg_16k"])
def test_poses_of_the_skeleton_are_taken_for_its_own(motions, skeleton):
    assert share_taken([view[skeleton] for view in motions], skeleton) == 1
    assert share_taken(single_poses(motions, skeleton), skeleton) > 0.99


@pytest.mark.parametrize(
    ("layout", "skeleton"),
    [
        ("coco_17", "human36_17k"),
        ("coco_17", "openpose_17k"),
        ("openpose_17k", "human36_17k"),
        ("human36_17k", "openpose_17k"),
        ("mpii_16", "shg_16k"),
    ],
)
def test_poses_of_another_layout_are_refused(motions, layout, skeleton):
    assert share_taken([view[layout] for view in motions], skeleton) == 0
    assert share_taken(single_poses(motions, layout), skeleton) < 0.02


def test_jitter_of_a_detector_changes_nothing(motions):
    rng = np.random.default_rng(0)
    for layout, expected in (("human36_17k", 1), ("coco_17", 0)):
        noisy = [view[layout] + rng.normal(0, 5, view[layout].shape) for view in motions]
        assert share_taken(noisy, "human36_17k") == expected


def test_half_a_body_of_coco_is_refused(motions):
    """Without legs: missing as NaN, or at (0, 0), as COCO writes it."""
    for absent in (np.nan, 0):
        halves = [view["coco_17"].copy() for view in motions]
        for half in halves:
            half[:, 13:] = absent
        assert share_taken(halves, "human36_17k") == 0


def test_some_missing_joints_do_not_matter(motions):
    poses = motions[0]["human36_17k"].copy()
    for frame in range(FRAMES):
        poses[frame, [frame, frame + 5]] = np.nan
    assert share_taken([poses], "human36_17k") == 1


def test_where_nothing_can_be_compared_arrays_are_refused():
    assert share_taken([np.full((3, 17, 2), np.nan)], "human36_17k") == 0
    assert share_taken([np.full((3, 17, 2), 5.0)], "human36_17k") == 0


def test_other_mistakes_are_not_mistakes_of_the_order(motions):
    """They are warned of later, as ever."""
    poses = [view["human36_17k"] for view in motions]
    assert share_taken([view / 1000 for view in poses], "human36_17k") == 1
    assert share_taken([view[..., ::-1] for view in poses], "human36_17k") == 1
    assert share_taken([view - view[:, :1] for view in poses], "human36_17k") == 1


def test_mistakes_that_may_be_of_the_order_are_refused(motions):
    poses = [view["human36_17k"] for view in motions]
    assert share_taken([view * [1, -1] for view in poses], "human36_17k") == 0
    rng = np.random.default_rng(0)
    assert share_taken([view[:, rng.permutation(17)] for view in poses], "human36_17k") == 0


def test_hips_in_another_order_than_shoulders_are_refused():
    skeleton = get_skeleton("human36_17k")
    walk = demo_poses()["walk"]
    assert share_taken([walk], "human36_17k") == 1
    left = skeleton.joints.index("left_hip")
    right = skeleton.joints.index("right_hip")
    walk[:, [left, right]] = walk[:, [right, left]]
    assert share_taken([walk], "human36_17k") == 0


def test_notes_say_how_to_say_otherwise(motions):
    view = motions[0]
    _, note = name_joints(view["human36_17k"], get_skeleton("human36_17k"), "f")
    assert note == (
        "17 joints without names: taken for human36_17k, the checkpoint's own; "
        "--layout coco_17 (or openpose_17k) says otherwise"
    )
    _, note = name_joints(view["shg_16k"], get_skeleton("shg_16k"), "f")
    assert note.endswith("taken for shg_16k, the checkpoint's own; --layout mpii_16 says otherwise")


def test_with_another_number_of_joints_or_no_skeleton_all_is_as_ever(motions):
    view = motions[0]
    for skeleton in (None, get_skeleton("human36_14k")):
        with pytest.raises(InputError, match="say which with --layout"):
            name_joints(view["human36_17k"], skeleton, "f")
    poses = view["human36_17k"][:, :14]
    joints, note = name_joints(poses, get_skeleton("human36_17k"), "f")
    assert joints == LAYOUTS["lsp_14k"]
    assert note == "14 joints: taken for human36_14k"


def test_a_skeleton_from_json(motions, tmp_path):
    """Joints that no layout has, in a number that no layout has, of which none can be estimated."""
    joints = ("left_shoulder", "left_elbow", "left_wrist", "left_hip", "left_knee", "left_ankle")
    content = {
        "name": "half",
        "joints": joints,
        "limbs": [joints[:2], joints[1:3], joints[3:5], joints[4:]],
        "root": "left_hip",
        "unit_limb": joints[:2],
    }
    (tmp_path / "half.json").write_text(json.dumps(content))
    skeleton = get_skeleton(read_skeleton(tmp_path / "half.json"))
    human36 = LAYOUTS["human36_17k"]
    poses = motions[0]["human36_17k"][:, [human36.index(joint) for joint in joints]]
    taken, note = name_joints(poses, skeleton, "f")
    assert taken == joints
    assert note == (
        "6 joints without names: taken for half, the checkpoint's own; "
        "--layout FILE.json says otherwise"
    )
    with pytest.raises(InputError, match="fits no layout"):
        name_joints(poses[:, [0, 3, 1, 5, 2, 4]], skeleton, "f")


@pytest.mark.parametrize("kind", ["flat npy", "npy", "npz", "npz folder", "with confidence"])
def test_arrays_in_files(motions, tmp_path, kind):
    skeleton = get_skeleton("human36_17k")
    poses = motions[0]["human36_17k"]
    path = tmp_path / ("k.npz" if "npz" in kind else "k.npy")
    if kind == "flat npy":
        np.save(path, poses.reshape(FRAMES, 34))
    elif kind == "npy":
        np.save(path, poses)
    elif kind == "with confidence":
        confidence = np.ones((FRAMES, 17, 1))
        confidence[:, 3] = 0
        np.save(path, np.concatenate([poses, confidence], axis=2))
    else:
        np.savez(path, poses_2d=poses)
    if kind == "npz folder":
        path = tmp_path
    keypoints = read_keypoints(path, None, skeleton)
    assert keypoints.joints == skeleton.joints
    assert "taken for human36_17k, the checkpoint's own" in keypoints.notes[-1]
    # What is said on the command line wins.
    assert read_keypoints(path, LAYOUTS["coco_17"], skeleton).joints == LAYOUTS["coco_17"]
    with pytest.raises(InputError, match="say which with --layout"):
        read_keypoints(path)


def test_names_in_a_file_win(motions, tmp_path):
    path = tmp_path / "k.npz"
    names = np.array(LAYOUTS["coco_17"])
    np.savez(path, poses_2d=motions[0]["human36_17k"], joint_names=names)
    keypoints = read_keypoints(path, None, get_skeleton("human36_17k"))
    assert keypoints.joints == LAYOUTS["coco_17"]
    assert keypoints.notes == ()
