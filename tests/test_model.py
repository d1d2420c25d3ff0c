import numpy as np
import pytest
import torch

from src.legacy_2018 import rename_2018
from src.model import Dropout, LiftingNetwork, Linear
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


@pytest.mark.parametrize("probability", [0.2, 0.5])
def test_dropout_keeps_the_mean(probability):
    torch.manual_seed(0)
    dropout = Dropout(probability)
    x = torch.ones(1000, 200)
    y = dropout(x)
    assert (y == 0).float().mean().item() == pytest.approx(probability, abs=0.01)
    assert y.max().item() == pytest.approx(1 / (1 - probability))
    assert torch.equal(dropout.eval()(x), x)


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


def test_dropout_is_independent_and_fair_in_every_place():
    """Each of the four numbers made of one word is fair, and none tells of another."""
    torch.manual_seed(0)
    kept = torch.stack([Dropout(0.3)(torch.ones(64, 8)) != 0 for _ in range(400)]).float()
    assert (kept.mean(dim=0) - 0.7).abs().max() < 5 * (0.21 / 400) ** 0.5
    neighbours = kept.flatten(1)
    correlation = torch.corrcoef(neighbours.T) - torch.eye(512)
    assert correlation.abs().max() < 6 / 400**0.5


def test_dropout_of_any_size_and_type():
    for shape in ((1, 1), (3, 5), (7,)):
        y = Dropout(0.5).train()(torch.ones(shape, dtype=torch.float64))
        assert (
            y.shape == shape
            and y.dtype == torch.float64
            and set(y.flatten().tolist()) <= {0.0, 2.0}
        )


@pytest.mark.parametrize("size", [(64, 34, 1024), (1, 1024, 51), (5, 16, 1)])
@pytest.mark.skipif(not Linear.one_dnn, reason="PyTorch was built without oneDNN")
def test_linear_by_one_dnn_is_torchs(size):
    """What it changes: the order of roundings, nothing else."""
    torch.manual_seed(0)
    batch, inputs, outputs = size
    layer, plain = Linear(inputs, outputs), torch.nn.Linear(inputs, outputs)
    plain.load_state_dict(layer.state_dict())
    found = []
    for module in (layer, plain):
        x = (
            torch.arange(batch * inputs, dtype=torch.float32)
            .reshape(batch, inputs)
            .sin()
            .requires_grad_()
        )
        y = module(x)
        y.cos().sum().backward()
        found.append([y.detach(), x.grad, module.weight.grad, module.bias.grad])
    assert "OneDnn" in type(layer(x).grad_fn).__name__
    for by_one_dnn, expected in zip(*found, strict=True):
        torch.testing.assert_close(by_one_dnn, expected, rtol=1e-4, atol=1e-4)


def test_linear_without_one_dnn_is_torchs(monkeypatch):
    monkeypatch.setattr(Linear, "one_dnn", False)
    layer, x = Linear(4, 3), torch.randn(2, 4)
    assert torch.equal(layer(x), torch.nn.functional.linear(x, layer.weight, layer.bias))


def test_linear_leaves_to_torch_what_one_dnn_cannot_do():
    layer, x = Linear(4, 3), torch.randn(2, 4)
    assert layer.double()(x.double()).dtype == torch.float64
    assert layer.float()(x[None]).shape == (1, 2, 3)
    assert layer.to("meta")(x.to("meta")).device.type == "meta"
    with pytest.raises(RuntimeError, match="shapes"):
        Linear(4, 3)(torch.randn(2, 5)[None])


def test_a_probability_near_1_drops_all():
    assert (Dropout(0.999999).train()(torch.ones(2000)) != 0).sum() < 5
