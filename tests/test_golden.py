"""Numbers of the authors' 2018 implementation (tests/golden), float64 unless said."""

from pathlib import Path

import numpy as np
import pytest
import torch

from src import losses
from src.legacy_2018 import rename_2018
from src.metrics import joint_errors
from src.model import LiftingNetwork
from src.procrustes import align
from src.skeletons import get_skeleton

GOLDEN = Path(__file__).parent / "golden"
SKELETONS = {17: "human36_17k", 16: "shg_16k", 14: "human36_14k"}


def load(name):
    with np.load(GOLDEN / name, allow_pickle=False) as file:
        return {
            key: torch.from_numpy(file[key]) if file[key].dtype.kind in "fi" else file[key]
            for key in file.files
        }


def assert_close(actual, expected):
    torch.testing.assert_close(actual, expected.reshape(actual.shape), rtol=1e-5, atol=1e-12)


@pytest.fixture(params=SKELETONS)
def golden(request):
    return load(f"losses_{request.param}.npz") | {"frame": get_skeleton(SKELETONS[request.param])}


def check(value, golden, name, **wrt):
    """Compare a loss with golden[name], and its gradients with golden[name_grad...] for every
    tensor in ``wrt``, by the suffix of its name there.
    """
    assert_close(value, golden[name])
    gradients = torch.autograd.grad(value, list(wrt.values())) if wrt else ()
    for suffix, gradient in zip(wrt, gradients, strict=True):
        assert_close(gradient, golden[f"{name}_{suffix}"])


def test_skeleton_is_the_same(golden):
    skeleton = golden["frame"]
    assert list(skeleton.joints) == golden["keypoints"].tolist()
    assert [list(limb) for limb in skeleton.limbs] == golden["limbs"].tolist()
    assert skeleton.root == golden["root_joint"]
    assert skeleton.unit_limb == golden["unit_limb"]
    assert list(skeleton.masked_limbs) == golden["masked_limbs"].tolist()


@pytest.mark.parametrize("multiplier", [1.0, 2.5])
def test_relative_depth_loss(golden, multiplier):
    pose = golden["pose"].requires_grad_()
    value = losses.relative_depth_loss(pose, golden["pairs"], golden["labels"], multiplier)
    check(value, golden, f"relative_{multiplier}", grad=pose)


def test_orthographic_loss(golden):
    pose, scale = golden["pose"].requires_grad_(), golden["scale"].requires_grad_()
    value = losses.orthographic_loss(pose, golden["pose_2d"], scale)
    check(value, golden, "orthographic", grad=pose, grad_scale=scale)


def test_perspective_loss(golden):
    pose = golden["perspective_pose"].requires_grad_()
    inverse = golden["perspective_inverse_distance"].requires_grad_()
    value = losses.perspective_loss(pose, golden["pose_2d"], inverse, golden["perspective_focal"])
    check(value, golden, "perspective", grad=pose, grad_inverse_distance=inverse)


def test_root_loss(golden):
    check(losses.root_loss(golden["pose"], golden["frame"].root), golden, "root")


def test_skeleton_loss(golden):
    pose = golden["pose"].requires_grad_()
    value = losses.skeleton_loss(pose, golden["limb_lengths"][None], golden["frame"])
    check(value, golden, "skeleton", grad=pose)


def test_procrustes():
    golden = load("procrustes.npz")
    aligned, scale = align(golden["prediction"], golden["target"])
    assert_close(aligned, golden["aligned"])
    assert_close(scale, golden["scale"])
    assert_close(golden["prediction"] * scale[:, None, None], golden["scaled"])


@pytest.mark.parametrize(
    ("alignment", "mean"),
    [("none", "mpjpe"), ("scale", "scaled_mpjpe"), ("procrustes", "pa_mpjpe")],
)
def test_errors(alignment, mean):
    golden = load("procrustes.npz")
    assert_close(
        joint_errors(golden["prediction"], golden["target"], alignment).mean(), golden[mean]
    )


def test_network():
    golden = load("model.npz")
    state = {
        name.removeprefix("param:"): value
        for name, value in golden.items()
        if name.startswith("param:")
    }
    network = LiftingNetwork(17, linear_size=32).eval()
    network.load_state_dict(rename_2018(state))
    with torch.no_grad():
        pose, scale = network(golden["input"].reshape(20, 17, 2))
    torch.testing.assert_close(pose.flatten(1), golden["output"], rtol=0, atol=1e-3)
    torch.testing.assert_close(scale, golden["scale"], rtol=0, atol=1e-3)
