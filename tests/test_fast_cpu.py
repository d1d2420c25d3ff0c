"""The fast layers for CPUs compute the same as PyTorch's."""

import pytest
import torch
from torch import nn

from src import fast_cpu
from src.fast_cpu import FastDropout, OneDnnLinear, use_fast_layers
from src.model import LiftingNetwork

needs_one_dnn = pytest.mark.skipif(
    not fast_cpu.HAS_ONE_DNN, reason="PyTorch was built without oneDNN"
)


@needs_one_dnn
def test_layers_are_replaced_and_weights_stay():
    network = LiftingNetwork(5, linear_size=16).eval()
    inputs = torch.randn(3, 5, 2)
    before_pose, before_scale = network(inputs)
    names = list(network.state_dict())
    assert use_fast_layers(network) is network
    assert list(network.state_dict()) == names
    assert isinstance(network.first.linear, OneDnnLinear)
    assert isinstance(network.blocks[0][1].dropout, FastDropout)
    assert isinstance(network.scale_head, nn.Linear), "one output is no product of matrices"
    pose, scale = network(inputs)
    torch.testing.assert_close(pose, before_pose, rtol=1e-4, atol=1e-3)  # mm
    torch.testing.assert_close(scale, before_scale)


def test_without_one_dnn_linear_layers_are_left_alone(monkeypatch):
    monkeypatch.setattr(fast_cpu, "HAS_ONE_DNN", False)
    network = use_fast_layers(LiftingNetwork(5, linear_size=16))
    assert type(network.first.linear) is nn.Linear


@pytest.mark.parametrize("probability", [0.2, 0.5])
def test_dropout_keeps_the_mean(probability):
    torch.manual_seed(0)
    dropout = FastDropout(probability)
    x = torch.ones(1000, 200)
    y = dropout(x)
    assert (y == 0).float().mean().item() == pytest.approx(probability, abs=0.01)
    assert y.max().item() == pytest.approx(1 / (1 - probability))
    assert torch.equal(dropout.eval()(x), x)


def test_dropout_is_independent_and_fair_in_every_place():
    """Each of the four numbers made of one word is fair, and none tells of another."""
    torch.manual_seed(0)
    masks = [FastDropout(0.3)(torch.ones(64, 8)) != 0 for _ in range(400)]
    kept = torch.stack(masks).float()
    assert (kept.mean(dim=0) - 0.7).abs().max() < 5 * (0.21 / 400) ** 0.5
    correlation = torch.corrcoef(kept.flatten(1).T) - torch.eye(512)
    assert correlation.abs().max() < 6 / 400**0.5


def test_dropout_of_any_size_and_type():
    for shape in ((1, 1), (3, 5), (7,)):
        y = FastDropout(0.5).train()(torch.ones(shape, dtype=torch.float64))
        assert y.shape == shape
        assert y.dtype == torch.float64
        assert set(y.flatten().tolist()) <= {0.0, 2.0}


def test_a_probability_near_1_drops_all():
    assert (FastDropout(0.999999).train()(torch.ones(2000)) != 0).sum() < 5


@needs_one_dnn
@pytest.mark.parametrize("size", [(64, 34, 1024), (1, 1024, 51), (5, 16, 2)])
def test_linear_by_one_dnn_is_torchs(size):
    """What it changes: the order of roundings, nothing else."""
    torch.manual_seed(0)
    batch, num_inputs, num_outputs = size
    plain = nn.Linear(num_inputs, num_outputs)
    results = []
    for layer in (OneDnnLinear(plain), plain):
        plain.zero_grad()
        numbers = torch.arange(batch * num_inputs, dtype=torch.float32)
        x = numbers.reshape(batch, num_inputs).sin().requires_grad_()
        y = layer(x)
        y.cos().sum().backward()
        results.append([y.detach(), x.grad, plain.weight.grad, plain.bias.grad])
    assert "OneDnn" in type(OneDnnLinear(plain)(x).grad_fn).__name__
    for by_one_dnn, expected in zip(*results, strict=True):
        torch.testing.assert_close(by_one_dnn, expected, rtol=1e-4, atol=1e-4)


@needs_one_dnn
def test_linear_leaves_to_torch_what_one_dnn_cannot_do():
    layer = OneDnnLinear(nn.Linear(4, 3))
    x = torch.randn(2, 4)
    assert layer.double()(x.double()).dtype == torch.float64
    assert layer.float()(x[None]).shape == (1, 2, 3)
    assert layer.to("meta")(x.to("meta")).device.type == "meta"
    with pytest.raises(RuntimeError, match="shapes"):
        OneDnnLinear(nn.Linear(4, 3))(torch.randn(2, 5)[None])
