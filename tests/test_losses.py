"""Cases worked out by hand; the numbers of 2018 are in test_golden.py."""

import math

import pytest
import torch

from src import losses
from src.skeletons import get_skeleton


def depths(*rows):
    """Poses (B,K,3) that have only depth."""
    pose = torch.zeros(len(rows), len(rows[0]), 3, dtype=torch.float64)
    pose[..., 2] = torch.tensor(rows, dtype=torch.float64)
    return pose.requires_grad_()


PAIR = torch.tensor([[0, 1]])


def test_relative_loss_by_hand():
    pose = depths([30.0, 10.0], [0.0, 60.0])  # differences 20 and -60, mean size 40
    value = losses.relative_depth_loss(pose, PAIR.expand(2, 2), torch.tensor([1, 0]), 2.0)
    assert value.item() == pytest.approx((math.log(1 + math.exp(-0.5 * 2)) + 1.5**2) / 2)


def test_relative_loss_is_capped_at_85():
    pose = depths([1000.0, 0.0], *[[1.0, 0.0]] * 999)
    labels = torch.tensor([-1] + [0] * 999)
    value = losses.relative_depth_loss(pose, PAIR.expand(1000, 2), labels, 1.0)
    mean = (1000 + 999) / 1000
    assert value.item() == pytest.approx((85 + 999 / mean**2) / 1000)  # not 500
    values = losses.relative_depth_loss(pose.float() * 1e6, PAIR.expand(1000, 2), labels, 100.0)
    assert torch.isfinite(values)


def test_relative_loss_beyond_the_cap_has_no_gradient_of_its_own():
    pose = depths([1000.0, 0.0], *[[1.0, 0.0]] * 999)
    labels = torch.tensor([-1] + [1] * 999)
    (gradient,) = torch.autograd.grad(
        losses.relative_depth_loss(pose, PAIR.expand(1000, 2), labels, 1.0), pose
    )
    # What is left of frame 0's gradient comes through the batch's mean alone, which all frames share.
    assert gradient[0, 0, 2].abs() < 1e-3
    assert torch.isfinite(gradient).all()


def test_label_dtype_does_not_matter():
    pose = depths([30.0, 10.0], [0.0, 60.0])
    values = [
        losses.relative_depth_loss(pose, PAIR.expand(2, 2), torch.tensor([1, -1], dtype=kind))
        for kind in (torch.int8, torch.int64, torch.float32)
    ]
    assert values[0] == values[1] == values[2]


def test_orthographic_by_hand():
    pose = torch.tensor([[[3.0, 4.0, 7.0], [0.0, 0.0, 9.0]]])
    value = losses.orthographic_loss(pose, torch.zeros(1, 2, 2), torch.tensor([[2.0]]))
    assert value.item() == pytest.approx((10 + 1e-4) / 2, rel=1e-5)


def test_perspective_by_hand():
    pose = torch.tensor([[[30.0, 40.0, 0.0], [30.0, 40.0, 1000.0]]])
    value = losses.perspective_loss(
        pose, torch.zeros(1, 2, 2), torch.tensor([[0.001]]), torch.tensor([[100.0, 200.0]])
    )
    near, far = math.hypot(3, 8), math.hypot(1.5, 4)
    assert value.item() == pytest.approx((near + far) / 2, rel=1e-5)


def test_root_by_hand():
    pose = torch.zeros(2, 3, 3)
    pose[0, 1] = torch.tensor([3.0, 4.0, 12.0])
    assert losses.root_loss(pose, 1).item() == pytest.approx((13 + 1e-4) / 2, rel=1e-5)


def test_right_proportions_cost_nothing_at_any_size():
    skeleton = get_skeleton("human36_17k")
    pose = (
        torch.randn(4, 17, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 100
    )
    starts, ends = map(list, zip(*skeleton.limbs, strict=True))
    lengths = (pose[:, starts] - pose[:, ends]).norm(dim=-1)
    assert losses.skeleton_loss(3 * pose, lengths, skeleton).item() == pytest.approx(
        1e-4, rel=1e-2
    )  # sqrt(eps)
    longer = lengths.clone()
    longer[:, 8] += 0.5 * lengths[:, skeleton.unit_limb]
    assert losses.skeleton_loss(pose, longer, skeleton).item() == pytest.approx(0.5 / 16, rel=1e-2)


def test_masked_limbs_do_not_count():
    skeleton = get_skeleton("lsp_14k")
    pose = torch.randn(4, 14, 3, generator=torch.Generator().manual_seed(0))
    lengths = torch.rand(1, 14, generator=torch.Generator().manual_seed(1)) + 0.5
    before = losses.skeleton_loss(pose, lengths, skeleton)
    lengths[:, list(skeleton.masked_limbs)] *= 10
    assert losses.skeleton_loss(pose, lengths, skeleton) == before


@pytest.mark.parametrize("size", [14, 17])
def test_gradients_are_finite_when_everything_is_zero(size):
    skeleton = get_skeleton({14: "lsp_14k", 17: "human36_17k"}[size])
    pose = torch.zeros(2, size, 3, requires_grad=True)
    total = losses.root_loss(pose, 0) + losses.skeleton_loss(
        pose, torch.ones(1, len(skeleton.limbs)), skeleton
    )
    total = total + losses.orthographic_loss(pose, torch.zeros(2, size, 2), torch.ones(2, 1))
    (gradient,) = torch.autograd.grad(total, pose)
    assert torch.isfinite(gradient).all()


def test_supervised_is_the_mean_over_coordinates():
    assert losses.supervised_loss(torch.full((2, 3, 3), 2.0), torch.zeros(2, 3, 3)) == 4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_finite_and_close(dtype):
    skeleton = get_skeleton("human36_17k")
    generator = torch.Generator().manual_seed(0)
    pose = torch.randn(8, 17, 3, generator=generator) * 300
    pixels, scale = torch.randn(8, 17, 2, generator=generator) * 60, torch.full((8, 1), 0.2)
    pairs, labels = (
        torch.randint(0, 17, (8, 2), generator=generator),
        torch.tensor([1, -1, 0, 1, 1, -1, 1, 0]),
    )
    limbs, focal = torch.rand(1, 16, generator=generator) + 0.5, torch.full((8, 2), 1145.0)

    def values(kind):
        p = pose.to(kind).requires_grad_()
        found = [
            losses.relative_depth_loss(p, pairs, labels),
            losses.orthographic_loss(p, pixels.to(kind), scale.to(kind)),
            losses.perspective_loss(p, pixels.to(kind), scale.to(kind) / 1000, focal.to(kind)),
            losses.root_loss(p, 0),
            losses.skeleton_loss(p, limbs.to(kind), skeleton),
            losses.supervised_loss(p, torch.zeros_like(p)),
        ]
        assert torch.isfinite(
            torch.autograd.grad(sum(value.float() for value in found), p)[0]
        ).all()
        return torch.stack([value.float() for value in found])

    torch.testing.assert_close(values(dtype), values(torch.float32), rtol=0.05, atol=0.05)


def test_criterion_weighs_and_names():
    def broken(*_):
        raise AssertionError("a term of weight 0 was computed")

    terms = {"a": lambda *_: torch.tensor(2.0), "b": broken, "c": lambda *_: torch.tensor(3.0)}
    criterion = losses.Criterion(terms, {"a": 1.0, "b": 0.0, "c": 0.1})
    total, values = criterion(None, None, {})
    assert criterion.names == ["a", "c"]
    assert total.item() == pytest.approx(2.3)
    assert [value.item() for value in values] == [2.0, 3.0]
