"""The built-in motion: people could take these poses, and each action is what it says."""

import itertools
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from src.data.human36.load import ACTIONS, NO_DETECTIONS, load_human36
from src.data.synthetic import motion as synthetic
from src.data.synthetic.actions import act
from src.data.synthetic.demo import action_poses, demo_poses
from src.data.synthetic.kinematics import LIMITS, joint_positions, make_body
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, get_skeleton
from tools import make_demo, make_synthetic

BONES = (
    "mid_hip-right_hip",
    "right_hip-right_knee",
    "right_knee-right_ankle",
    "right_ankle-right_foot_base",
    "neck-right_shoulder",
    "right_shoulder-right_elbow",
    "right_elbow-right_wrist",
    "right_wrist-right_thumb",
    "mid_hip-mid_spine",
    "mid_spine-neck",
    "neck-chin",
    "chin-head",
)


class Body:
    """Joints by name of one motion, (F,3) each."""

    def __init__(self, action, subject=1, *, name=None, frames=160):
        self.world = synthetic.make_motion(
            subject, action, name or action, frames=frames, seed=0
        ).world

    def __getitem__(self, name):
        return self.world[:, HUMAN36_JOINTS.index(name)]

    def length(self, bone):
        start, end = bone.split("-")
        return np.linalg.norm(self[end] - self[start], axis=1)

    def distance_to_trunk(self, points):
        along = self["neck"] - self["mid_hip"]
        share = np.clip(((points - self["mid_hip"]) * along).sum(1) / (along**2).sum(1), 0, 1)
        return np.linalg.norm(points - self["mid_hip"] - share[:, None] * along, axis=1)


def everybody():
    """Two motions of two subjects in every action."""
    motions = []
    for action in ACTIONS:
        for subject in (1, 9):
            motions.append((action, subject, action))
            motions.append((action, subject, f"{action} 1"))
    return motions


@pytest.fixture(params=everybody(), ids=lambda param: f"S{param[1]} {param[2]}")
def body(request):
    action, subject, name = request.param
    return Body(action, subject, name=name)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_poses_that_people_take(body):
    for side in ("right", "left"):
        thigh = unit(body[f"{side}_knee"] - body[f"{side}_hip"])
        shin = unit(body[f"{side}_ankle"] - body[f"{side}_knee"])
        toes = unit(body[f"{side}_foot_base"] - body[f"{side}_ankle"])
        toes = unit(toes - (toes * shin).sum(1, keepdims=True) * shin)
        assert ((shin - thigh) * toes).sum(1).max() < 0.05, "a knee bends forward"
        assert (thigh * shin).sum(1).min() > np.cos(np.radians(151)), "a knee is bent too far"
        upper_arm = unit(body[f"{side}_elbow"] - body[f"{side}_shoulder"])
        forearm = unit(body[f"{side}_wrist"] - body[f"{side}_elbow"])
        bend = (upper_arm * forearm).sum(1)
        assert bend.min() > np.cos(np.radians(146)), "an elbow is bent too far"
        places = {name: body[f"{side}_{name}"] for name in ("elbow", "wrist", "palm")}
        places["middle of the forearm"] = (places["elbow"] + places["wrist"]) / 2
        for name, place in places.items():
            inside = (body.distance_to_trunk(place) < 100).mean()
            assert inside < 0.02, f"{side} {name} runs through the trunk"
    assert np.linalg.norm(body["right_knee"] - body["left_knee"], axis=1).min() > 80
    assert (body["head"][:, 2] > body["mid_hip"][:, 2]).all()
    assert np.abs(body.world[..., 2].min(axis=1)).max() < 40, "somebody floats or sinks"


def closest(first, second):
    """Least distance (F,) of two limbs, each a pair of joints (F,3)."""
    points = [along(*limb)[:, :, None] for limb in (first, second)]
    between = points[0] - points[1].swapaxes(1, 2)
    return np.linalg.norm(between, axis=-1).min(axis=(1, 2))


def along(start, end):
    """Seven points of a limb, (F,7,3)."""
    share = np.linspace(0, 1, 7)[None, :, None]
    return start[:, None] + (end - start)[:, None] * share


def test_no_limb_runs_through_another(body):
    right_forearm = body["right_elbow"], body["right_wrist"]
    left_forearm = body["left_elbow"], body["left_wrist"]
    assert (closest(right_forearm, left_forearm) < 60).mean() < 0.02
    head = body["chin"], body["head"]
    for side in ("right", "left"):
        hand = body[f"{side}_wrist"], body[f"{side}_palm"]
        assert (closest(hand, head) < 40).mean() < 0.02, "a hand is inside the head"
        thigh = body[f"{side}_hip"], body[f"{side}_knee"]
        assert (closest(hand, thigh) < 30).mean() < 0.02, "a hand is inside a thigh"


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_skates_jumps_or_bounces(action):
    for subject in (1, 9):
        body = Body(action, subject, frames=400)  # 50 a second
        speed = np.linalg.norm(np.diff(body.world, axis=0), axis=-1) * 50
        assert speed.max() < 6500, "mm/s"
        feet = np.stack([body["right_foot_base"], body["left_foot_base"]], axis=1)
        lower = feet[..., 2].argmin(axis=1)[1:]
        slide = np.linalg.norm(np.diff(feet[..., :2], axis=0), axis=-1)[np.arange(399), lower] * 50
        assert np.median(slide) < 150, "the foot on the ground slides"
        if "Walk" in action:
            hips = body["mid_hip"]
            assert np.ptp(hips[:, 2]) < 80
            speed = np.linalg.norm(np.diff(hips[:, :2], axis=0), axis=1).mean() * 50
            assert 700 < speed < 1600, "mm/s"


def test_bones_are_constant_and_symmetric(body):
    for bone in BONES:
        length = body.length(bone)
        assert np.ptp(length) < 1e-6
        np.testing.assert_allclose(body.length(bone.replace("right", "left")), length)


def test_angles_stay_within_their_limits():
    for action in ACTIONS:
        for seed in range(8):
            angles = act(action, np.linspace(0, 8, 100), np.random.default_rng(seed))
            assert set(angles) == set(LIMITS)
            for name, values in angles.items():
                assert values.shape == (100,)
                assert values.min() >= LIMITS[name][0] and values.max() <= LIMITS[name][1], name


def test_forward_kinematics_by_hand():
    body = make_body(np.random.default_rng(0))
    angles = {name: np.zeros(1) for name in LIMITS} | {
        "right_elbow": np.array([90.0]),
        "left_hip_flexion": np.array([90.0]),
    }
    place = dict(zip(HUMAN36_JOINTS, joint_positions(angles, body)[0], strict=True))
    forearm = place["right_wrist"] - place["right_elbow"]
    thigh = place["left_knee"] - place["left_hip"]
    np.testing.assert_allclose(forearm, [0, -body["wrist"][2], 0], atol=1e-9)  # forward
    np.testing.assert_allclose(thigh, [0, -body["knee"][2], 0], atol=1e-9)
    assert place["left_hip"][0] == -place["right_hip"][0] < 0  # x is to the person's right
    angles["turn"] = np.array([90.0])  # to the left: what was forward (+y) is now -x
    turned = dict(zip(HUMAN36_JOINTS, joint_positions(angles, body)[0], strict=True))
    np.testing.assert_allclose(
        turned["right_wrist"] - turned["right_elbow"], [body["wrist"][2], 0, 0], atol=1e-9
    )
    np.testing.assert_array_equal(place["neck"], place["neck_2"])
    np.testing.assert_array_equal(place["left_thumb"], place["left_thumb_2"])


def hip_height(action, subject=1):
    """Of the hips over the ground, in leg lengths."""
    body = Body(action, subject)
    leg = body.length("right_hip-right_knee") + body.length("right_knee-right_ankle")
    return body["mid_hip"][:, 2] / leg


def spread_mm(action):
    return np.ptp(Body(action)["mid_hip"][:, :2], axis=0).max()


def nearest_palm(body, place):
    right = np.linalg.norm(body["right_palm"] - body[place], axis=1)
    left = np.linalg.norm(body["left_palm"] - body[place], axis=1)
    return min(right.min(), left.min())


def test_actions_are_what_they_say():
    for action in ("Sitting", "Eating"):
        assert hip_height(action).max() < 0.75, f"{action} stands"
    for action in ("Directions", "Discussion", "Greeting", "Waiting", "Posing", "Walking"):
        assert hip_height(action).min() > 0.9, f"{action} does not stand"
    assert hip_height("SittingDown").min() < 0.25 and hip_height("SittingDown").max() > 0.95
    for action in ("Walking", "WalkTogether", "WalkDog"):
        assert 1000 < spread_mm(action) < 4500
        body = Body(action)
        heading = unit(np.gradient(body["mid_hip"][:, :2], axis=0))
        ahead = (heading * (body["right_ankle"] - body["left_ankle"])[:, :2]).sum(1)
        assert ahead.max() > 250 and ahead.min() < -250, f"the legs of {action} do not take turns"
    for action in ("Waiting", "Sitting", "Posing"):
        assert spread_mm(action) < 400
    for action in ("Eating", "Smoking", "Phoning"):
        assert nearest_palm(Body(action), "chin") < 170, f"no hand at the face in {action}"
    assert nearest_palm(Body("Waiting"), "chin") > 200
    greeting = Body("Greeting")
    right_palm = (greeting["right_palm"] - greeting["neck"])[:, 2].max()
    left_palm = (greeting["left_palm"] - greeting["neck"])[:, 2].max()
    assert max(right_palm, left_palm) > 150, "nobody waves"
    purchases = Body("Purchases")
    head = (purchases["head"] - purchases["mid_hip"])[:, 2]
    assert head.min() < 0.75 * head.max(), "nobody bends down"


def features(action, subjects):
    """Mean and spread of joint heights and reaches over the motions of subjects."""
    features_per_motion = []
    for subject in subjects:
        for name in (action, f"{action} 1"):
            world = Body(action, subject, name=name, frames=60).world
            reach = np.linalg.norm(world - world[:, :1], axis=-1)
            heights = world[..., 2] - world[:, :1, 2]
            parts = [reach.mean(0), heights.mean(0), heights.std(0), world[:, 0].std(0)]
            features_per_motion.append(np.concatenate(parts))
    return np.mean(features_per_motion, axis=0)


def test_any_two_actions_differ():
    """Seen in other subjects, most actions look most like themselves."""
    some = np.stack([features(action, (1, 5, 6)) for action in ACTIONS])
    others = np.stack([features(action, (7, 8, 9)) for action in ACTIONS])
    nearest = np.linalg.norm(some[:, None] - others[None], axis=-1).argmin(axis=1)
    assert (nearest == np.arange(15)).mean() > 0.5  # by chance 0.07
    between = np.linalg.norm(some[:, None] - some[None], axis=-1)[np.triu_indices(15, 1)]
    assert between.min() > 30


def test_subjects_have_their_own_proportions():
    bodies = [Body("Waiting", subject, frames=2) for subject in synthetic.SUBJECTS]
    lengths = np.stack([bone_lengths(body) for body in bodies])
    proportions = lengths / lengths.sum(axis=1, keepdims=True)
    differences = np.abs(proportions[:, None] - proportions[None]).sum(axis=-1)
    assert differences[np.triu_indices(7, 1)].min() > 0.005
    assert np.ptp(lengths.sum(axis=1)) > 100


def bone_lengths(body):
    """The lengths of `BONES` (12,) mm in the first frame."""
    return np.array([body.length(bone)[0] for bone in BONES])


def test_everybody_is_in_the_picture():
    arrays = synthetic.load_synthetic(
        (9,), get_skeleton("human36_17k"), actions=list(ACTIONS), frames=60
    )
    assert ((arrays.pose_2d > 0) & (arrays.pose_2d < 1000)).all(axis=(1, 2)).mean() > 0.98


def test_the_demo_set_is_quick_and_repeats():
    start = time.monotonic()
    arrays = synthetic.load_synthetic(
        (1, 5, 6, 7, 8), get_skeleton("human36_17k"), actions=list(ACTIONS)
    )
    assert time.monotonic() - start < 5
    assert len(arrays) == 10_200 and arrays.synthetic
    again = synthetic.load_synthetic((5,), get_skeleton("human36_17k"), actions=["Walking"])
    rows = (arrays.subject == 5) & (arrays.action == "Walking")
    np.testing.assert_array_equal(arrays.pose_2d[rows], again.pose_2d)
    other = synthetic.load_synthetic((5,), get_skeleton("human36_17k"), actions=["Walking"], seed=1)
    assert not np.allclose(other.pose_3d, again.pose_3d, atol=10)


@pytest.mark.parametrize("detections", [False, True])
def test_written_and_read_again(tmp_path, monkeypatch, capsys, detections):
    few = ("Directions", "Walking")
    monkeypatch.setattr(synthetic, "ACTIONS", few)
    out = tmp_path / "set"
    assert make_synthetic.main(["--out", str(out), "--frames", "5", "--seed", "3"]) == 0
    report = f"{out}: 140 synthetic frames, four cameras each\n"  # 7 subjects x 2 x 2 motions
    assert capsys.readouterr().out == report
    skeleton = get_skeleton("shg_16k")
    read = load_human36(out, (9, 11), skeleton, actions=few, detections=detections)
    made = synthetic.load_synthetic(
        (9, 11), skeleton, actions=few, detections=detections, frames=5, seed=3
    )
    assert read.synthetic and read.sequences == made.sequences and read.notes == made.notes
    np.testing.assert_allclose(read.pose_3d, made.pose_3d, atol=2e-3)
    np.testing.assert_allclose(read.pose_2d, made.pose_2d, atol=1e-3)
    with h5py.File(out / "cameras.h5") as file:
        assert file["subject11/camera4/T"].shape == (3, 1)
        assert file["subject11/camera4/Name"].shape == (8, 1)


def test_a_folder_that_holds_something_is_not_written_into(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("x")
    assert make_synthetic.main(["--out", str(tmp_path)]) == 2
    assert "not an empty folder" in capsys.readouterr().err


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, capsys):
    write_bytes = Path.write_bytes
    calls = itertools.count()

    def fail(path, content):
        if next(calls) == 7:
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", fail)
    assert make_synthetic.main(["--out", str(tmp_path / "set"), "--frames", "2"]) == 2
    error = capsys.readouterr().err
    assert "the disk is full" in error and len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "tokens", ["", "--out x --framez 3", "--out x --frames 0", "--out x --seed -1", "--out x y"]
)
def test_mistakes_are_one_line(tokens, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert make_synthetic.main(tokens.split()) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1 and list(tmp_path.iterdir()) == []


def test_unknown_subject():
    with pytest.raises(InputError, match="no subject 2; there are 1, 5, 6"):
        synthetic.load_synthetic((1, 2), get_skeleton("human36_17k"), actions=["Walking"])


def test_the_missing_detections_are_noted_where_they_are_wanted():
    skeleton = get_skeleton("shg_16k")
    for subjects, actions, detections, expected in [
        ((9, 11), ["Directions", "Walking"], True, (NO_DETECTIONS,)),
        ((9, 11), ["Directions", "Walking"], False, ()),
        ((9,), ["Directions"], True, ()),
        ((11,), ["Walking"], True, ()),
    ]:
        arrays = synthetic.load_synthetic(
            subjects, skeleton, actions=actions, detections=detections, frames=2
        )
        assert arrays.notes == expected
        num_views = len(subjects) * len(actions) * 2 * 4
        assert len(arrays.sequences) == num_views - len(expected)


def test_the_examples_are_written(tmp_path):
    assert make_demo.main(["--out", str(tmp_path / "new" / "demo")]) == 0
    for name, poses in demo_poses().items():
        with np.load(tmp_path / "new" / "demo" / f"{name}.npz") as file:
            np.testing.assert_array_equal(file["poses_2d"], poses)
            assert tuple(file["joint_names"]) == get_skeleton("human36_17k").joints
    (tmp_path / "file").write_text("")
    assert make_demo.main(["--out", str(tmp_path / "file")]) == 2


def test_everybody_in_the_pictures_faces_the_viewer():
    for action, poses in action_poses().items():
        assert poses.shape == (5, 32, 3), action
        right_hip = poses[:, HUMAN36_JOINTS.index("right_hip")]
        azimuth = np.degrees(np.arctan2(right_hip[:, 1], right_hip[:, 0]))
        np.testing.assert_allclose(azimuth, 145)
