"""Layers that compute the same as PyTorch's own and take less time on a CPU.

`use_fast_layers(network)` puts them in the place of PyTorch's. Nothing else in the project knows of
them: without that call everything works, and a training step takes about 1.4 times as long.
"""

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

# This way into oneDNN is not a public one: where it is missing, layers stay as they are.
HAS_ONE_DNN = torch.backends.mkldnn.is_available() and hasattr(
    torch.ops.mkldnn, "_linear_pointwise"
)


def use_fast_layers(network: nn.Module) -> nn.Module:
    """Replace linear layers and dropout everywhere in a network, in place, and return the network.

    Parameters, their names and their values stay; so checkpoints fit both kinds of layers.
    """
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Dropout):
                setattr(parent, name, FastDropout(child.p).train(child.training))
            # A layer of one output is no product of matrices: PyTorch's own is the faster one.
            if isinstance(child, nn.Linear) and child.out_features > 1 and HAS_ONE_DNN:
                setattr(parent, name, OneDnnLinear(child).train(child.training))
    return network


class FastDropout(nn.Module):
    """Dropout whose mask is made of 16 random bits per number.

    On a CPU, PyTorch draws a whole random number for each, which takes many times as long. The
    probability p is rounded to a multiple of 1/65536.
    """

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Zero elements with probability p and multiply the others by 1 / (1 - p); any shape."""
        if not self.training or self.p == 0:
            return x
        # Each 64-bit word gives four signed 16-bit numbers, uniform from -32768 to 32767.
        num_words = (x.numel() + 3) // 4
        words = torch.empty(num_words, dtype=torch.int64, device=x.device)
        words.random_(-(2**63), None)
        numbers = words.view(torch.int16)[: x.numel()].view(x.shape)
        # At p close to 1 the threshold stays within the range of 16 bits.
        num_dropped_of_65536 = min(round(self.p * 65536), 65535)
        kept = numbers >= num_dropped_of_65536 - 32768
        return x * kept.to(x.dtype).mul_(1 / (1 - self.p))


class OneDnnLinear(nn.Module):
    """A linear layer whose products are computed by oneDNN on a CPU.

    PyTorch takes MKL there, which is slower on AMD's processors and no faster on Intel's. It shares
    the parameters of the `nn.Linear` that it is made from.
    """

    def __init__(self, linear: nn.Linear):
        super().__init__()
        self.weight = linear.weight
        self.bias = linear.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map x (B,I) to x weight^T + bias (B,O). What oneDNN cannot do is left to PyTorch."""
        if _is_plain_matrix(x) and _is_plain_matrix(self.weight):
            return _OneDnnProduct.apply(x, self.weight, self.bias)
        return functional.linear(x, self.weight, self.bias)


def _is_plain_matrix(tensor: torch.Tensor) -> bool:
    is_on_cpu = tensor.device.type == "cpu"
    is_float32_matrix = tensor.dtype == torch.float32 and tensor.dim() == 2
    return is_on_cpu and is_float32_matrix and not torch.compiler.is_compiling()


class _OneDnnProduct(torch.autograd.Function):
    """x (B,I), weight (O,I), bias (O,) -> x weight^T + bias (B,O), and its gradients."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        gradient_of_x = None
        if ctx.needs_input_grad[0]:  # the network's input needs none
            gradient_of_x = _product(gradient, weight.T, None)
        gradient_of_weight = gradient.T @ x
        gradient_of_bias = gradient.sum(dim=0)
        return gradient_of_x, gradient_of_weight, gradient_of_bias


def _product(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
