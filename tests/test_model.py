import numpy as np
import pytest
import torch

from src.legacy_2018 import rename_2018
from src.model import LiftingNetwork
from src.standardize import Standardizer


def test_parameter_count_of_the_paper():
    assert sum(parameter.numel() for parameter in LiftingNetwork(17).parameters()) == 2_194_535


def test_shapes_and_ranges():
    pose, scale = LiftingNetwork(16, linear_size=8, num_stages=2, scale_range=0.001)(
        torch.randn(5, 16, 2)
    )
    assert pose.shape == (5, 16, 3) and scale.shape == (5, 1)
    assert ((scale > 0) & (scale < 0.001)).all()


def test_supervised_network_has_neither_multiplier_nor_scale():
    network = LiftingNetwork(17, linear_size=8, scale_range=None, output_multiplier=None)
    pose, scale = network(torch.randn(5, 17, 2))
    assert pose.shape == (5, 17, 3) and scale is None
    assert not any(
        "scale" in name or "multiplier" in name for name, _ in network.named_parameters()
    )


def test_multiplier_is_learned_and_elementwise():
    network = LiftingNetwork(3, linear_size=8).eval()
    assert network.output_multiplier.shape == (9,) and (network.output_multiplier == 100).all()
    x = torch.randn(4, 3, 2)
    before = network(x)[0]
    with torch.no_grad():
        network.output_multiplier[4] = 0  # y of the second joint: coordinates are interleaved
    after = network(x)[0]
    assert (after[:, 1, 1] == 0).all()
    assert torch.equal(after[:, [0, 2]], before[:, [0, 2]])


def test_input_is_interleaved():
    network = LiftingNetwork(3, linear_size=8)
    x = torch.randn(4, 3, 2)
    seen = []
    network.first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(x)
    assert torch.equal(
        seen[0][:, :4], torch.stack([x[:, 0, 0], x[:, 0, 1], x[:, 1, 0], x[:, 1, 1]], dim=1)
    )


def test_weights_are_kaiming_normal():
    torch.manual_seed(0)
    network = LiftingNetwork(17, linear_size=512)
    for layer, inputs in (
        (network.first.linear, 34),
        (network.blocks[0][1].linear, 512),
        (network.pose_head, 512),
    ):
        assert layer.weight.std().item() == pytest.approx((2 / inputs) ** 0.5, rel=0.05)
        assert layer.bias.abs().max() <= inputs**-0.5
    assert (network.first.norm.weight == 1).all()


def test_names_of_2018_without_batch_counters():
    network = LiftingNetwork(3, linear_size=8, num_stages=2)
    ours = network.state_dict()
    old = {
        "mult": ours["output_multiplier"],
        **{f"w1.{k}": ours[f"first.linear.{k}"] for k in ("weight", "bias")},
        **{f"w2.{k}": ours[f"pose_head.{k}"] for k in ("weight", "bias")},
        **{f"ws.{k}": ours[f"scale_head.{k}"] for k in ("weight", "bias")},
    }
    statistics = ("weight", "bias", "running_mean", "running_var")
    old |= {f"batch_norm1.{k}": ours[f"first.norm.{k}"] for k in statistics}
    for stage in (0, 1):
        for layer in (1, 2):
            name, block = f"linear_stages.{stage}", f"blocks.{stage}.{layer - 1}"
            old |= {f"{name}.w{layer}.{k}": ours[f"{block}.linear.{k}"] for k in ("weight", "bias")}
            old |= {f"{name}.batch_norm{layer}.{k}": ours[f"{block}.norm.{k}"] for k in statistics}
    renamed = rename_2018(old)
    assert renamed.keys() == ours.keys()
    assert all(torch.equal(renamed[name], ours[name]) for name in ours)
    network.load_state_dict(renamed)

    supervised = rename_2018(old | {"mult": torch.full((9,), -1.0)})
    LiftingNetwork(3, 8, 2, scale_range=None, output_multiplier=None).load_state_dict(supervised)
    with pytest.raises(ValueError, match="w9.weight"):
        rename_2018({"w9.weight": torch.zeros(1)})


def test_standardizer():
    poses = np.random.default_rng(0).normal(50, 20, (500, 4, 2)).astype(np.float32)
    poses[:, 0] = 0  # the root
    standardizer = Standardizer.fit(poses)
    np.testing.assert_allclose(standardizer.std, poses.astype(float).std(axis=0, ddof=0), rtol=1e-5)
    scaled = standardizer.apply(torch.from_numpy(poses))
    assert (scaled[:, 0] == 0).all()
    torch.testing.assert_close(scaled[:, 1:].mean(dim=0), torch.zeros(3, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        standardizer.invert(scaled), torch.from_numpy(poses), atol=1e-3, rtol=0
    )
    # Where the training set never moved, the result is 0 whatever comes.
    assert (standardizer.apply(torch.full((1, 4, 2), 7.0))[:, 0] == 0).all()
    same = Standardizer(**standardizer._asdict())
    assert torch.equal(same.mean, standardizer.mean)
