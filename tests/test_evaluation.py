"""How a model is tested: cases worked out by hand, with networks that say what they are told."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from label_files import label_content
from torch import nn

from src.data.photos import load_photos, parse_photos
from src.errors import InputError
from src.skeletons import get_skeleton
from src.training.engine import LiftingModel, TestData
from src.training.evaluation import (
    Evaluation,
    PhotoTestData,
    count_wrong_labels,
    evaluate_motion,
    evaluate_photos,
    wrong_labels,
)

LSP = get_skeleton("lsp_14k")


class Oracle(nn.Module):
    """A network whose poses are given: the input (B,K,2) holds, everywhere, the pose's number."""

    def __init__(self, poses: torch.Tensor):
        super().__init__()
        self.poses = poses

    def forward(self, inputs):
        numbers = inputs[:, 0, 0].long()
        return self.poses[numbers], None


def numbers_as_inputs(count: int, num_joints: int) -> torch.Tensor:
    """Make the inputs (count,K,2) with which an `Oracle` returns its poses in their order."""
    numbers = torch.arange(count, dtype=torch.float32)
    return numbers[:, None, None].expand(count, num_joints, 2)


@pytest.fixture
def photos(tmp_path):
    """A training photo with two labels, and a test photo with one."""
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(label_content()))
    return load_photos(path, LSP)


def photos_with_labels(labels: list[tuple[str, str, int]]):
    """Read a single test photo, in which no joint is hidden, with labels (first, second, label)."""
    anns = []
    for first, second, label in labels:
        pair = {"kp0": LSP.joints.index(first), "kp1": LSP.joints.index(second), "label": label}
        anns.append(pair)
    record = {"im_file": "a", "is_train": False, "keypoints": list(range(28)), "anns": anns}
    return parse_photos({"joint_names": list(LSP.joints), "images": [record]}, LSP, "x")


def test_wrong_labels_by_hand(photos):
    """The labels say: head closer than ankle; neck closer than elbow; wrist closer than shoulder.

    The last of them is of the second photo.
    """
    pose = np.zeros((2, 14, 3))
    # A pose says +1, the first joint is further away, where z_i >= z_j; so for equal depth.
    assert wrong_labels(pose, photos).tolist() == [True, False, False]
    pose[0, LSP.joints.index("right_ankle"), 2] = 5
    pose[1, LSP.joints.index("right_wrist"), 2] = 5
    assert wrong_labels(pose, photos).tolist() == [False, False, True]


def test_the_share_of_wrong_labels_is_over_labels_and_not_over_batches():
    """The mean over batches, as in 2018, gives labels of a smaller last batch more weight."""
    pairs = [("head", "neck"), ("head", "right_knee"), ("head", "left_knee")]
    labels = [(*pair, label) for pair, label in zip(pairs, (1, 1, 0), strict=True)]
    photos = photos_with_labels(labels)
    pose = np.zeros((1, 14, 3))  # for equal depth a pose says 1
    assert wrong_labels(pose, photos).tolist() == [False, False, True]
    assert count_wrong_labels(pose, photos, LSP)["wrong_labels"] == pytest.approx(1 / 3)
    assert np.mean([np.mean([0, 0]), np.mean([1])]) == 0.5  # in batches of two


def test_only_labels_of_test_photos_count(photos):
    pose = np.zeros((2, 14, 3))
    pose[1, LSP.joints.index("right_wrist"), 2] = 5
    result = count_wrong_labels(pose, photos, LSP)
    assert result["labels"] == 1
    assert result["wrong_labels"] == 1
    assert result["per_pair"] == {"right_wrist-left_shoulder": {"labels": 1, "wrong": 1.0}}
    assert result["per_occlusion"] == {"a joint occluded": {"labels": 1, "wrong": 1.0}}
    assert "per_gap_cm" not in result


def test_the_order_of_a_pair_does_not_matter_to_its_count():
    photos = photos_with_labels([("head", "neck", 1), ("neck", "head", 0), ("head", "neck", 0)])
    flat = np.zeros((1, 14, 3))
    # At equal depth the pose says "the first is further away", which label 1 says too.
    result = count_wrong_labels(flat, photos, LSP)
    (shares,) = result["per_pair"].values()
    assert shares == {"labels": 3, "wrong": pytest.approx(2 / 3)}
    assert result["per_occlusion"] == {
        "both joints visible": {"labels": 3, "wrong": pytest.approx(2 / 3)}
    }


@pytest.fixture
def photos_with_truth():
    """A test photo and its truth.

    In truth, the head is 30 mm further away than the neck, and the right ankle 430 mm. The labels
    say that the neck is closer than the ankle, which is right, and further than the head: wrong.
    """
    photos = photos_with_labels([("head", "neck", 0), ("neck", "right_ankle", 0)])
    truth = np.zeros((1, 14, 3), dtype=np.float32)
    truth[0, :, 0] = np.arange(14) * 100  # so that an alignment has something to hold on to
    truth[0, LSP.joints.index("neck"), 2] = 1000
    truth[0, LSP.joints.index("head"), 2] = 1030
    truth[0, LSP.joints.index("right_ankle"), 2] = 1430
    return replace(photos, truth=truth)


def test_wrong_labels_by_true_depth_difference(photos_with_truth):
    """The prediction has the head closer than the neck, and the ankle level with it."""
    pose = np.zeros((1, 14, 3))
    pose[0, LSP.joints.index("head"), 2] = -1
    result = count_wrong_labels(pose, photos_with_truth, LSP)
    assert result["wrong_labels"] == 0.5
    assert result["wrong_labels_of_truth"] == 0.5
    assert result["wrong_order"] == 1.0  # closer for further, and level for closer
    assert result["per_gap_cm"] == {
        "0-5": {"labels": 1, "wrong": 0.0},
        "40-inf": {"labels": 1, "wrong": 1.0},
    }


def photo_test_data(photos) -> PhotoTestData:
    return PhotoTestData(
        inputs=numbers_as_inputs(len(photos.files), 14),
        photos=photos,
        skeleton=LSP,
        loss=None,
    )


def test_photos_without_truth(photos):
    poses = torch.zeros(2, 14, 3)
    poses[1, LSP.joints.index("right_wrist"), 2] = 5
    tested = evaluate_photos(LiftingModel(Oracle(poses), None), photo_test_data(photos), 1)
    assert tested.logged == {"wrong_labels": 1.0}
    assert tested.chosen == "wrong_labels"
    assert tested.joint_errors == {}
    np.testing.assert_array_equal(tested.predictions["prediction"], poses)
    assert "pa_mpjpe_mm" not in tested.means


def test_photos_with_truth_are_compared_root_centred(photos_with_truth):
    """The prediction is the truth as seen from its root, but for the head, which is 14 mm off."""
    truth = torch.from_numpy(photos_with_truth.truth)
    poses = truth - truth[:, [LSP.root]]
    poses[0, LSP.joints.index("head"), 1] += 14
    data = photo_test_data(photos_with_truth)
    tested = evaluate_photos(LiftingModel(Oracle(poses), None), data, 1)
    assert tested.means["mpjpe_mm"] == pytest.approx(1, abs=1e-4)  # 14 mm over 14 joints
    assert tested.means["per_joint"]["head"]["mpjpe_mm"] == pytest.approx(14, abs=1e-4)
    assert tested.joint_errors["none"].shape == (1, 14)
    assert "per_action" not in tested.means
    assert list(tested.logged) == ["wrong_labels", "mpjpe_mm", "scaled_mpjpe_mm", "pa_mpjpe_mm"]
    assert tested.logged["mpjpe_mm"] == tested.means["mpjpe_mm"]
    assert tested.chosen == "wrong_labels"


def test_photos_with_a_pose_that_is_not_finite(photos):
    poses = torch.zeros(2, 14, 3)
    poses[0, 3, 1] = float("inf")
    with pytest.raises(InputError, match="a predicted pose is not finite"):
        evaluate_photos(LiftingModel(Oracle(poses), None), photo_test_data(photos), 2)


def motion_test_data(target: torch.Tensor) -> TestData:
    return TestData(
        inputs=numbers_as_inputs(len(target), 3),
        target=target,
        actions=np.array(["Walking", "Sitting", "Walking"]),
        joints=("hip", "knee", "ankle"),
        loss=None,
    )


@pytest.fixture
def triangles() -> torch.Tensor:
    """Three poses (3,3,3) mm of three joints."""
    triangle = torch.tensor([[0.0, 0.0, 0.0], [300.0, 0.0, 0.0], [0.0, 400.0, 0.0]])
    return triangle.expand(3, 3, 3).clone()


def test_motion_by_hand(triangles):
    """Every joint of pose 0 is 9 mm too far away; pose 1 is right; pose 2 is 2 times too large."""
    prediction = triangles.clone()
    prediction[0, :, 2] += 9
    prediction[2] *= 2
    model = LiftingModel(Oracle(prediction), None)
    tested = evaluate_motion(model, motion_test_data(triangles), 2)

    no_alignment = [[9, 9, 9], [0, 0, 0], [0, 300, 400]]
    np.testing.assert_allclose(tested.joint_errors["none"], no_alignment, atol=1e-3)
    only_scaled = [[9, 9, 9], [0, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(tested.joint_errors["scale"], only_scaled, atol=1e-2)
    np.testing.assert_allclose(tested.joint_errors["procrustes"], np.zeros((3, 3)), atol=1e-2)
    np.testing.assert_array_equal(tested.predictions["prediction"], prediction)
    np.testing.assert_allclose(tested.predictions["aligned"], triangles, atol=1e-2)

    assert tested.means["mpjpe_mm"] == pytest.approx(727 / 9)
    assert tested.means["per_action"]["Walking"]["mpjpe_mm"] == pytest.approx(727 / 6)
    assert tested.means["per_action"]["Sitting"]["mpjpe_mm"] == pytest.approx(0, abs=1e-3)
    assert tested.means["per_joint"]["ankle"]["mpjpe_mm"] == pytest.approx(409 / 3)
    assert tested.logged == {
        name: tested.means[name] for name in ("mpjpe_mm", "scaled_mpjpe_mm", "pa_mpjpe_mm")
    }
    assert tested.chosen == "pa_mpjpe_mm"


def test_motion_with_a_pose_that_is_not_finite(triangles):
    prediction = triangles.clone()
    prediction[1, 2, 0] = float("nan")
    model = LiftingModel(Oracle(prediction), None)
    with pytest.raises(InputError, match="test frame 1 is not finite"):
        evaluate_motion(model, motion_test_data(triangles), 2)


@pytest.mark.parametrize(
    ("best", "is_better"),
    [
        pytest.param(None, True, id="the first test"),
        pytest.param({"epoch": 1, "pa_mpjpe_mm": 50.1}, True, id="worse before"),
        pytest.param({"epoch": 1, "pa_mpjpe_mm": 50.0}, False, id="the same before"),
        pytest.param({"epoch": 1, "pa_mpjpe_mm": 49.9}, False, id="better before"),
    ],
)
def test_the_smaller_error_is_the_better(best, is_better):
    tested = Evaluation(
        means={},
        logged={"mpjpe_mm": 1.0, "pa_mpjpe_mm": 50.0},
        chosen="pa_mpjpe_mm",
        monitored={},
        joint_errors={},
        predictions={},
    )
    assert tested.is_better_than(best) is is_better
