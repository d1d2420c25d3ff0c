"""Cases worked out by hand; the numbers of 2018 are in test_golden.py."""

import math

import pytest
import torch

from src import losses
from src.skeletons import get_skeleton

PAIR = torch.tensor([[0, 1]])


def depths(*rows):
    """Poses (B,K,3) that have only depth: one row of K depths for each."""
    pose = torch.zeros(len(rows), len(rows[0]), 3, dtype=torch.float64)
    pose[..., 2] = torch.tensor(rows, dtype=torch.float64)
    return pose.requires_grad_()


def one_far_pair_of_1000():
    """Poses (1000,2,3) whose depths differ by 1000 in the first and by 1 in all others."""
    pose = depths([1000.0, 0.0], *[[1.0, 0.0]] * 999)
    return pose, PAIR.expand(1000, 2)


def random_pose(batch: int, num_joints: int, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, num_joints, 3, generator=generator, dtype=dtype)


def test_relative_loss_by_hand():
    pose = depths([30.0, 10.0], [0.0, 60.0])  # differences 20 and -60, whose mean size is 40
    value = losses.relative_depth_loss(pose, PAIR.expand(2, 2), torch.tensor([1, 0]), 2.0)
    cost_of_label_1 = math.log(1 + math.exp(-0.5 * 2))
    cost_of_label_0 = 1.5**2
    assert value.item() == pytest.approx((cost_of_label_1 + cost_of_label_0) / 2)


def test_relative_loss_is_capped_at_85():
    pose, pairs = one_far_pair_of_1000()
    labels = torch.tensor([-1] + [0] * 999)
    value = losses.relative_depth_loss(pose, pairs, labels, 1.0)
    mean = (1000 + 999) / 1000
    assert value.item() == pytest.approx((85 + 999 / mean**2) / 1000)  # not 500


def test_relative_loss_is_finite_for_huge_depths():
    pose, pairs = one_far_pair_of_1000()
    labels = torch.tensor([-1] + [0] * 999)
    value = losses.relative_depth_loss(pose.float() * 1e6, pairs, labels, 100.0)
    assert torch.isfinite(value)


def test_relative_loss_beyond_the_cap_has_no_gradient_of_its_own():
    pose, pairs = one_far_pair_of_1000()
    labels = torch.tensor([-1] + [1] * 999)
    value = losses.relative_depth_loss(pose, pairs, labels, 1.0)
    (gradient,) = torch.autograd.grad(value, pose)
    # What is left of frame 0's gradient comes through the batch's mean alone, which all frames
    # share.
    assert gradient[0, 0, 2].abs() < 1e-3
    assert torch.isfinite(gradient).all()


def test_label_dtype_does_not_matter():
    pose = depths([30.0, 10.0], [0.0, 60.0])
    values = []
    for dtype in (torch.int8, torch.int64, torch.float32):
        labels = torch.tensor([1, -1], dtype=dtype)
        values.append(losses.relative_depth_loss(pose, PAIR.expand(2, 2), labels).item())
    assert values[0] == values[1] == values[2]


def test_equal_weights_of_labels_change_nothing():
    pose = random_pose(6, 14)
    pairs = PAIR.expand(6, 2)
    labels = torch.tensor([1, -1, 1, 1, -1, 1])
    weighted = losses.relative_depth_loss(pose, pairs, labels, weights=torch.full((6,), 3.0))
    torch.testing.assert_close(weighted, losses.relative_depth_loss(pose, pairs, labels))


def test_labels_of_weight_0_do_not_count():
    """But the scale that distances are divided by is the whole batch's."""
    pose = random_pose(6, 14)
    labels = torch.tensor([1, -1, 1, 1, -1, 1])
    weights = torch.tensor([1.0, 0, 0, 0, 0, 0])
    value = losses.relative_depth_loss(pose, PAIR.expand(6, 2), labels, weights=weights)
    distance = pose[:, 0, 2] - pose[:, 1, 2]
    expected = torch.log1p(torch.exp(-2.5 * distance / distance.abs().mean()))
    torch.testing.assert_close(value, expected[0])


def test_orthographic_by_hand():
    pose = torch.tensor([[[3.0, 4.0, 7.0], [0.0, 0.0, 9.0]]])
    value = losses.orthographic_loss(pose, torch.zeros(1, 2, 2), torch.tensor([[2.0]]))
    assert value.item() == pytest.approx((10 + 1e-4) / 2, rel=1e-5)


def test_perspective_by_hand():
    """The second joint is 1000 mm behind the root, whose distance is 1000 mm."""
    pose = torch.tensor([[[30.0, 40.0, 0.0], [30.0, 40.0, 1000.0]]])
    value = losses.perspective_loss(
        pose,
        pose_2d=torch.zeros(1, 2, 2),
        inverse_distance=torch.tensor([[0.001]]),
        focal=torch.tensor([[100.0, 200.0]]),
    )
    near = math.hypot(3, 8)
    far = math.hypot(1.5, 4)
    assert value.item() == pytest.approx((near + far) / 2, rel=1e-5)


def test_root_by_hand():
    pose = torch.zeros(2, 3, 3)
    pose[0, 1] = torch.tensor([3.0, 4.0, 12.0])
    assert losses.root_loss(pose, 1).item() == pytest.approx((13 + 1e-4) / 2, rel=1e-5)


@pytest.fixture
def pose_and_lengths():
    """Poses (4,17,3) of human36_17k, and the lengths (4,16) of their limbs."""
    pose = 100 * random_pose(4, 17, torch.float64)
    limbs = []
    for start, end in get_skeleton("human36_17k").limbs:
        limbs.append((pose[:, start] - pose[:, end]).norm(dim=-1))
    return pose, torch.stack(limbs, dim=1)


def test_right_proportions_cost_nothing_at_any_size(pose_and_lengths):
    pose, lengths = pose_and_lengths
    value = losses.skeleton_loss(3 * pose, lengths, get_skeleton("human36_17k"))
    assert value.item() == pytest.approx(1e-4, rel=1e-2)  # sqrt(eps)


def test_one_wrong_limb_of_16_by_hand(pose_and_lengths):
    """It should be longer by half the unit limb."""
    skeleton = get_skeleton("human36_17k")
    pose, lengths = pose_and_lengths
    longer = lengths.clone()
    longer[:, 8] += 0.5 * lengths[:, skeleton.unit_limb]
    value = losses.skeleton_loss(pose, longer, skeleton)
    assert value.item() == pytest.approx(0.5 / 16, rel=1e-2)


def test_masked_limbs_do_not_count():
    skeleton = get_skeleton("lsp_14k")
    pose = random_pose(4, 14)
    lengths = torch.rand(1, 14, generator=torch.Generator().manual_seed(1)) + 0.5
    before = losses.skeleton_loss(pose, lengths, skeleton)
    lengths[:, list(skeleton.masked_limbs)] *= 10
    assert losses.skeleton_loss(pose, lengths, skeleton) == before


@pytest.mark.parametrize("skeleton_name", ["lsp_14k", "human36_17k"])
def test_gradients_are_finite_when_everything_is_zero(skeleton_name):
    skeleton = get_skeleton(skeleton_name)
    num_joints = len(skeleton.joints)
    pose = torch.zeros(2, num_joints, 3, requires_grad=True)
    lengths = torch.ones(1, len(skeleton.limbs))
    total = losses.root_loss(pose, 0)
    total = total + losses.skeleton_loss(pose, lengths, skeleton)
    total = total + losses.orthographic_loss(pose, torch.zeros(2, num_joints, 2), torch.ones(2, 1))
    (gradient,) = torch.autograd.grad(total, pose)
    assert torch.isfinite(gradient).all()


def test_supervised_is_the_mean_over_coordinates():
    assert losses.supervised_loss(torch.full((2, 3, 3), 2.0), torch.zeros(2, 3, 3)) == 4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_finite_and_close(dtype):
    expected, _ = all_losses(torch.float32)
    values, gradient = all_losses(dtype)
    assert torch.isfinite(gradient).all()
    torch.testing.assert_close(values, expected, rtol=0.05, atol=0.05)


def all_losses(dtype):
    """Compute every loss (6,) of the same random poses in a precision, as float32.

    Returns the gradient of their sum too.
    """
    skeleton = get_skeleton("human36_17k")
    generator = torch.Generator().manual_seed(0)
    pose = torch.randn(8, 17, 3, generator=generator) * 300
    pixels = (torch.randn(8, 17, 2, generator=generator) * 60).to(dtype)
    pairs = torch.randint(0, 17, (8, 2), generator=generator)
    lengths = (torch.rand(1, 16, generator=generator) + 0.5).to(dtype)
    labels = torch.tensor([1, -1, 0, 1, 1, -1, 1, 0])
    scale = torch.full((8, 1), 0.2).to(dtype)
    focal = torch.full((8, 2), 1145.0).to(dtype)

    pose = pose.to(dtype).requires_grad_()
    values = [
        losses.relative_depth_loss(pose, pairs, labels),
        losses.orthographic_loss(pose, pixels, scale),
        losses.perspective_loss(pose, pixels, scale / 1000, focal),
        losses.root_loss(pose, 0),
        losses.skeleton_loss(pose, lengths, skeleton),
        losses.supervised_loss(pose, torch.zeros_like(pose)),
    ]
    values = torch.stack([value.float() for value in values])
    (gradient,) = torch.autograd.grad(values.sum(), pose)
    return values.detach(), gradient


def test_terms_are_unweighted_and_the_total_is_weighted():
    """What the 2018 code logged follows from it: terms by their weights, root and symm as one."""
    values = {"relative": 0.5, "reproj": 20.0, "root": 3.0, "symm": 0.25}
    weights = {"relative": 1.0, "reproj": 0.1, "root": 2.0, "symm": 4.0}

    def term(value):
        return lambda pose, scale, batch: torch.tensor(value)

    terms = {name: term(value) for name, value in values.items()}
    criterion = losses.Criterion(terms=terms, weights=weights)
    total, logged = criterion(None, None, {})
    logged = dict(zip(criterion.names, logged.tolist(), strict=True))
    assert logged == values
    cam_loss = weights["root"] * logged["root"] + weights["symm"] * logged["symm"]
    assert cam_loss == 7.0
    assert total.item() == pytest.approx(0.5 + 0.1 * 20.0 + cam_loss)


def test_criterion_weighs_and_names():
    def two(pose, scale, batch):
        return torch.tensor(2.0)

    def three(pose, scale, batch):
        return torch.tensor(3.0)

    def broken(pose, scale, batch):
        raise AssertionError("a term of weight 0 was computed")

    criterion = losses.Criterion(
        terms={"a": two, "b": broken, "c": three},
        weights={"a": 1.0, "b": 0.0, "c": 0.1},
    )
    total, values = criterion(None, None, {})
    assert criterion.names == ["a", "c"]
    assert total.item() == pytest.approx(2.3)
    assert values.tolist() == [2.0, 3.0]
