"""What run_model.py warns of: mistakes in keypoints that are easily made and hard to see later."""

import json

import numpy as np
import pytest
import torch

from src import lifting
from src.data.arrays import ACTIONS
from src.data.synthetic.demo import demo_poses
from src.data.synthetic.motion import SUBJECTS, make_cameras, make_motions
from src.keypoints.arrays import Keypoints
from src.keypoints.files import read_keypoints
from src.keypoints.layouts import COCO_17, LAYOUTS, OPENPOSE_18, OPENPOSE_25
from src.keypoints.mistakes import columns_in_doubt, likely_mistakes
from src.keypoints.unnamed import _LOOKALIKES, lookalike_doubt
from src.lifter import Lifter
from src.model import LiftingNetwork
from src.skeletons import HUMAN36_JOINTS, get_skeleton
from src.standardize import Standardizer, Statistics
from src.training.engine import LiftingModel

HUMAN36 = get_skeleton("human36_17k")


@pytest.fixture(scope="module")
def sets():
    """All joints (F,32,2) px of 420 views of the built-in motion, and (F,32,3) mm of the first."""
    cameras = make_cameras(0)
    views = []
    depths = []
    for motion in make_motions(SUBJECTS[:1], ACTIONS, frames=40, seed=0):
        for (subject, _), camera in cameras.items():
            if subject == motion.subject:
                views.append(camera.project(motion.world).astype(np.float32))
                depths.append(camera.world_to_camera(motion.world.reshape(-1, 3)))
    return views, np.stack(depths).reshape(len(depths), 40, 32, 3)


@pytest.fixture(scope="module")
def people(sets):
    """Poses (N,17,2) px of human36_17k, of all views together."""
    views, _ = sets
    return np.concatenate(views)[:, list(HUMAN36.human36_indices)]


def index(joint: str) -> int:
    return HUMAN36.joints.index(joint)


def exchange(poses, *pairs):
    exchanged = poses.copy()
    for first, second in pairs:
        i = index(first)
        j = index(second)
        exchanged[:, [i, j]] = poses[:, [j, i]]
    return exchanged


def on_both_sides(*kinds):
    pairs = []
    for first, second in kinds:
        pairs += [(f"left_{first}", f"left_{second}"), (f"right_{first}", f"right_{second}")]
    return pairs


EXCHANGES = {  # words of the warning: the pairs that are exchanged
    "arms and legs are exchanged": on_both_sides(
        ("shoulder", "hip"), ("elbow", "knee"), ("wrist", "ankle")
    ),
    "elbows and knees, and wrists and ankles": on_both_sides(("elbow", "knee"), ("wrist", "ankle")),
    "knees and ankles are": on_both_sides(("knee", "ankle")),
    "wrists and ankles are": on_both_sides(("wrist", "ankle")),
    "shoulders and elbows are": on_both_sides(("shoulder", "elbow")),
    "left wrist and left ankle are": [("left_wrist", "left_ankle")],
    "right elbow and right knee are": [("right_elbow", "right_knee")],
}


@pytest.mark.parametrize("words", EXCHANGES)
def test_exchanged_joints_are_named(people, words):
    mistakes = likely_mistakes(exchange(people, *EXCHANGES[words]), HUMAN36)
    assert any(words in mistake for mistake in mistakes), mistakes


@pytest.mark.parametrize("joint", ["elbow", "wrist"])
def test_left_and_right_of_a_single_joint(sets, joint):
    """From the side they may be at one place, so it is named in most views, not in all."""
    views, _ = sets
    num_named = 0
    for view in views:
        poses = view[:, list(HUMAN36.human36_indices)]
        exchanged = exchange(poses, (f"left_{joint}", f"right_{joint}"))
        num_named += f"left and right {joint} are" in "".join(likely_mistakes(exchanged, HUMAN36))
    assert num_named > 0.4 * len(views)


def turn_left(poses):
    return poses[..., ::-1] * [1, -1] + [0, 1000]


def turn_right(poses):
    return poses[..., ::-1] * [-1, 1] + [1000, 0]


def turn_upside_down(poses):
    return 1000 - poses


def shrink_to_points(poses):
    return poses[:, :1] + 0 * poses


SHAPES = {  # what is done to people: words of the warning
    turn_left: "or the pictures turned",
    turn_right: "or the pictures turned",
    turn_upside_down: "pictures upside down",
    shrink_to_points: "at one point in 100% of the poses",
}


@pytest.mark.parametrize("change", SHAPES, ids=lambda change: change.__name__)
def test_turned_pictures_and_poses_without_extent(people, change):
    (mistake,) = likely_mistakes(change(people), HUMAN36)
    assert SHAPES[change] in mistake


def test_some_poses_without_extent_among_others(people):
    poses = people.copy()
    poses[: len(poses) // 4] = 7
    (mistake,) = likely_mistakes(poses, HUMAN36)
    assert "at one point in 25% of the poses" in mistake


def test_percent(people):
    (mistake,) = likely_mistakes(people / 10.0, HUMAN36)
    assert "percent of the image?" in mistake


@pytest.mark.parametrize(
    ("factors", "words"), [([2, 1], "too wide for their height"), ([1, 2], "too thin")]
)
def test_a_stretched_axis(factors, words):
    """Somebody who faces the camera, moves the arms, and is stretched by a factor of two."""
    standing = demo_poses()["walk"][:1] * 0
    heights = {"head": -300, "chin": -270, "neck": -230, "mid_spine": -110, "mid_hip": 0}
    sides = {"hip": (26, 0), "knee": (28, 200), "ankle": (30, 390), "shoulder": (65, -220)}
    for joint, y in heights.items():
        standing[0, index(joint)] = [0, y]
    for joint, (x, y) in sides.items():
        standing[0, index(f"left_{joint}")] = [x, y]
        standing[0, index(f"right_{joint}")] = [-x, y]
    poses = np.repeat(standing, 40, axis=0)
    # Arms swing up to the sides when wide people are looked for; they hang where thin ones are.
    swing = np.linspace(0, 1.5 if words.startswith("too wide") else 0.1, 40)
    along = np.stack([np.sin(swing), np.cos(swing)], axis=1)
    for side, sign in (("left", 1), ("right", -1)):
        shoulder = poses[:, index(f"{side}_shoulder")]
        poses[:, index(f"{side}_elbow")] = shoulder + 130 * along * [sign, 1]
        poses[:, index(f"{side}_wrist")] = shoulder + 240 * along * [sign, 1]
    poses += 500
    assert likely_mistakes(poses, HUMAN36) == []
    (mistake,) = likely_mistakes(poses * factors, HUMAN36)
    assert words in mistake


def test_nothing_is_said_of_views_of_good_motion(sets):
    """Of 120 views one sits so that x and y are about the same, which is an old confusion."""
    views, _ = sets
    mistakes = []
    for view in views:
        mistakes += likely_mistakes(view[:, list(HUMAN36.human36_indices)], HUMAN36)
    assert [mistake for mistake in mistakes if "x0, x1" not in mistake] == []
    assert len(mistakes) <= 1


# The three columns of an array


def with_column(poses, values, *, first=False):
    column = np.broadcast_to(np.asarray(values), poses.shape[:2])[..., None]
    return np.concatenate([column, poses] if first else [poses, column], axis=2)


def test_3d_poses_taken_for_2d(sets):
    _, in_camera = sets
    poses_3d = in_camera[0]
    for poses in (
        poses_3d,
        poses_3d - poses_3d[:, :1],
        poses_3d / 1000,
        poses_3d / 1000 - [0, 0, 5],
    ):
        (doubt,) = columns_in_doubt(poses)
        assert "3D poses?" in doubt


def test_confidence_in_the_first_column(people):
    confidence = np.random.default_rng(0).random(people.shape[:2])
    (doubt,) = columns_in_doubt(with_column(people, confidence, first=True))
    assert "the first of the three columns looks like the confidence" in doubt


@pytest.mark.parametrize("values", [0.5, 1, 97.5, -1, 0, np.nan])
def test_confidences_are_not_in_doubt(people, values):
    assert columns_in_doubt(with_column(people, values)) == ()


def test_fractions_with_confidence_are_not_in_doubt(people):
    confidence = np.random.default_rng(0).random(people.shape[:2])
    assert columns_in_doubt(with_column(people / 1000, confidence)) == ()


def test_doubts_reach_the_warnings(people, tmp_path):
    np.save(tmp_path / "k.npy", with_column(people, 4000))
    keypoints = read_keypoints(tmp_path / "k.npy", HUMAN36.joints)
    assert any("3D poses?" in mistake for mistake in lifting.find_mistakes(keypoints, HUMAN36))


# Layouts of the same width


def in_order(view, joints):
    """Make (F,K,2) px of these joints; those that Human3.6M lacks are where others are."""
    stand_ins = {"nose": "chin", "heel": "foot_base", "small_toe": "foot_tip", "hand_tip": "palm"}
    points = []
    for joint in joints:
        name = joint
        for word, stand_in in stand_ins.items():
            name = name.replace(word, stand_in)
        if "eye" in name or "ear" in name:
            shoulder = view[:, HUMAN36_JOINTS.index(f"{name.split('_')[0]}_shoulder")]
            points.append(0.9 * view[:, HUMAN36_JOINTS.index("chin")] + 0.1 * shoulder)
        else:
            points.append(view[:, HUMAN36_JOINTS.index(name)])
    return np.stack(points, axis=1)


@pytest.mark.parametrize("name", _LOOKALIKES)
def test_another_programs_order_of_the_same_width(sets, name):
    views, _ = sets
    other = _LOOKALIKES[name]
    taken_for = {18: OPENPOSE_18, 25: OPENPOSE_25}[len(other)]
    num_named = 0
    for view in views:
        assert lookalike_doubt(in_order(view, taken_for), taken_for) is None
        doubt = lookalike_doubt(in_order(view, other), taken_for)
        num_named += f"looks like {name}" in str(doubt)
    assert num_named >= 0.9 * len(views)


def test_an_order_without_lookalikes(sets):
    views, _ = sets
    assert lookalike_doubt(in_order(views[0], COCO_17), COCO_17) is None


def test_lookalikes_reach_the_warnings(sets):
    views, _ = sets
    poses = in_order(views[0], _LOOKALIKES["Kinect's joints"])
    numbers = np.arange(len(poses))
    keypoints = Keypoints(poses, LAYOUTS["openpose_25"], frame=numbers, person=0 * numbers)
    assert any("Kinect" in mistake for mistake in lifting.find_mistakes(keypoints, HUMAN36))


# Files


def test_csv_without_a_confidence_is_missing_and_its_other_columns_are_named(tmp_path):
    header = ["frame", "time"]
    for joint in COCO_17:
        header += [f"{joint}_x", f"{joint}_y", f"{joint}_confidence"]
    header += ["tag", "a", "b", "c", "d"]
    numbers = ["1", "2", "0.5"] * 17
    empty = ["1", "2", ""] + numbers[3:]
    not_a_number = ["1", "2", "nan"] + numbers[3:]
    lines = [",".join(header)]
    for row, values in enumerate((numbers, empty, not_a_number)):
        lines.append(",".join([str(row), "0.1", *values, *"12345"]))
    (tmp_path / "k.csv").write_text("\n".join(lines))
    keypoints = read_keypoints(tmp_path / "k.csv")
    assert np.isnan(keypoints.poses[:, 0, 0]).tolist() == [False, True, True]
    assert not np.isnan(keypoints.poses[:, 1:]).any()
    assert keypoints.notes == ("columns that are not used: time, tag, a, b, c and 1 more",)


def write_openpose(folder, names):
    folder.mkdir()
    person = {"pose_keypoints_2d": np.arange(1, 76).tolist()}
    for name in names:
        (folder / f"{name}_keypoints.json").write_text(json.dumps({"people": [person]}))
    return folder


@pytest.mark.parametrize(
    ("names", "frames"),
    [
        (["video_000000000012", "video_000000000013", "video_000000000100"], [12, 13, 100]),
        (["a_1", "b_1"], [0, 1]),
        (["first", "second"], [0, 1]),
    ],
)
def test_openposes_own_frame_numbers_are_kept(tmp_path, names, frames):
    keypoints = read_keypoints(write_openpose(tmp_path / "json", names))
    assert keypoints.frame.tolist() == frames
    is_numbered = frames[0] > 0
    assert any("numbered 12 to 100" in note for note in keypoints.notes) == is_numbered


# NaN


def test_nan_that_comes_from_weights_is_not_blamed_on_the_input(people, tmp_path):
    network = LiftingNetwork(17, 16)
    with torch.no_grad():
        network.pose_head.bias[3] = np.nan
    std_px = torch.full((17, 2), 75.0)
    statistics = Statistics(Standardizer(0 * std_px, std_px), None, torch.ones(1, 16))
    model = LiftingModel(network.eval(), None)
    lifter = Lifter(model, statistics, HUMAN36, path=tmp_path, options={})
    poses = people[:3].copy()
    poses[1, :12] = np.nan
    keypoints = Keypoints(poses, HUMAN36.joints, np.arange(3), np.zeros(3, dtype=int))
    lifted = lifting.lift_all(keypoints, lifter, rescale="auto")
    assert lifted.failed.all()
    assert lifted.unusable.tolist() == [False, True, False]
    text = "\n".join(lifting.describe_lifted(lifted))
    assert "1 poses lack half of their joints, or the root, and come out as NaN: 1" in text
    assert "2 poses come out as NaN although" in text
    assert "weights are damaged: 0, 2" in text
