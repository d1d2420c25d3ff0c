"""The network: its shapes, its parameters and how they begin."""

import pytest
import torch

from src.model import LiftingNetwork


def test_parameter_count_of_the_paper():
    sizes = [parameter.numel() for parameter in LiftingNetwork(17).parameters()]
    assert sum(sizes) == 2_194_535


def test_shapes_and_ranges():
    network = LiftingNetwork(16, linear_size=8, num_stages=2, scale_range=0.001)
    pose, scale = network(torch.randn(5, 16, 2))
    assert pose.shape == (5, 16, 3)
    assert scale.shape == (5, 1)
    assert (scale > 0).all()
    assert (scale < 0.001).all()


def test_supervised_network_has_neither_multiplier_nor_scale():
    network = LiftingNetwork(17, linear_size=8, scale_range=None, output_multiplier=None)
    pose, scale = network(torch.randn(5, 17, 2))
    assert pose.shape == (5, 17, 3)
    assert scale is None
    for name, _ in network.named_parameters():
        assert "scale" not in name
        assert "multiplier" not in name


def test_multiplier_is_learned_and_elementwise():
    network = LiftingNetwork(3, linear_size=8).eval()
    assert network.output_multiplier.shape == (9,)
    assert (network.output_multiplier == 100).all()
    inputs = torch.randn(4, 3, 2)
    before, _ = network(inputs)
    with torch.no_grad():
        network.output_multiplier[4] = 0  # y of the second joint: coordinates are interleaved
    after, _ = network(inputs)
    assert (after[:, 1, 1] == 0).all()
    assert torch.equal(after[:, [0, 2]], before[:, [0, 2]])


def test_input_is_interleaved():
    network = LiftingNetwork(3, linear_size=8)
    inputs = torch.randn(4, 3, 2)
    seen = []

    def remember(module, arguments):
        seen.append(arguments[0])

    network.first.register_forward_pre_hook(remember)
    network(inputs)
    (flat,) = seen
    assert flat.shape == (4, 6)
    assert torch.equal(flat[:, 0], inputs[:, 0, 0])
    assert torch.equal(flat[:, 1], inputs[:, 0, 1])
    assert torch.equal(flat[:, 2], inputs[:, 1, 0])
    assert torch.equal(flat[:, 3], inputs[:, 1, 1])


@pytest.mark.parametrize(
    ("name", "num_inputs"),
    [("first.linear", 34), ("blocks.0.1.linear", 512), ("pose_head", 512)],
)
def test_weights_are_kaiming_normal(name, num_inputs):
    torch.manual_seed(0)
    layer = LiftingNetwork(17, linear_size=512).get_submodule(name)
    assert layer.weight.std().item() == pytest.approx((2 / num_inputs) ** 0.5, rel=0.05)
    assert layer.bias.abs().max() <= num_inputs**-0.5


def test_batch_normalisation_begins_at_1():
    network = LiftingNetwork(17, linear_size=8)
    assert (network.first.norm.weight == 1).all()
