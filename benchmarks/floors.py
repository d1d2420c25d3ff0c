"""Floors: the part of the work that nobody could do without, and nothing else."""

import math
from collections.abc import Callable

import torch
from torch import nn

from src.fast_cpu import HAS_ONE_DNN, OneDnnLinear

BYTES_PER_FLOAT = 4


def matrix_products(
    network: nn.Module, batch_size: int, *, backward: bool, one_dnn: bool = HAS_ONE_DNN
) -> Callable[[], None]:
    """Return a function that does the float32 matrix products (sgemm) of a network for one batch.

    These are the products of its linear layers, on random numbers of the same shapes.

    Args:
        backward: whether to do those of the backward pass too: for the gradients of the weights,
            and of the input of all layers but the first.
        one_dnn: whether oneDNN does the products that the network itself leaves to it, which is the
            faster way on AMD's processors; else PyTorch chooses, and takes MKL.
    """
    operands = []
    for layer in network.modules():
        if isinstance(layer, nn.Linear | OneDnnLinear):
            num_outputs, num_inputs = layer.weight.shape
            x = torch.randn(batch_size, num_inputs)
            weight = torch.randn(num_outputs, num_inputs)
            gradient = torch.randn(batch_size, num_outputs)
            operands.append((x, weight, gradient))

    def multiply(x, weight):
        if one_dnn:
            torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
        else:
            x @ weight.T

    @torch.inference_mode()
    def do_products():
        for layer_number, (x, weight, gradient) in enumerate(operands):
            multiply(x, weight)
            if backward:
                gradient.T @ x
                if layer_number > 0:
                    multiply(gradient, weight.T)

    return do_products


def memory_traffic(num_bytes: int) -> Callable[[], torch.Tensor]:
    """Return a function that moves so many bytes through memory: it reads half and writes half."""
    source = torch.zeros(math.ceil(num_bytes / 2 / BYTES_PER_FLOAT))
    target = torch.zeros_like(source)

    def copy() -> torch.Tensor:
        return target.copy_(source)

    return copy
