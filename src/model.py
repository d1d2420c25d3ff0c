"""The lifting network (paper section 4; Martinez et al. 2017): 2D keypoints -> 3D pose and a scale."""

from collections import OrderedDict

import torch
from torch import nn
from torch.autograd.function import once_differentiable


class Dropout(nn.Module):
    """As torch's, with a mask from 16 random bits a number: on a CPU torch draws its own many times more slowly. The
    probability is rounded to a multiple of 1/65536."""

    def __init__(self, probability: float):
        super().__init__()
        self.probability = probability

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.probability == 0:
            return x
        words = torch.empty((x.numel() + 3) // 4, dtype=torch.int64, device=x.device).random_(
            -(2**63), None
        )
        bits = words.view(torch.int16)[: x.numel()].view(x.shape)
        kept = bits >= min(round(self.probability * 2**16), 2**16 - 1) - 2**15
        return x * kept.to(x.dtype).mul_(1 / (1 - self.probability))


class _OneDnnProduct(torch.autograd.Function):
    """x (B,I), weight (O,I), bias (O,) -> x weight^T + bias by oneDNN."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad[0]
        to_x = (
            torch.ops.mkldnn._linear_pointwise(gradient, weight.T, None, "none", [], "")
            if wanted
            else None
        )
        return to_x, gradient.T @ x, gradient.sum(dim=0)


class Linear(nn.Linear):
    """As torch's. On a CPU the products go through oneDNN: torch takes MKL, which is slower on AMD, no faster on Intel.
    This way into oneDNN is not a public one: without it, the layer is torch's."""

    one_dnn = torch.backends.mkldnn.is_available() and hasattr(
        torch.ops.mkldnn, "_linear_pointwise"
    )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        plain = all(
            t.device.type == "cpu" and t.dtype == torch.float32 and t.dim() == 2
            for t in (x, self.weight)
        )
        if self.one_dnn and plain and not torch.compiler.is_compiling():
            return _OneDnnProduct.apply(x, self.weight, self.bias)
        return super().forward(x)


def _layer(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    parts = {"linear": Linear(inputs, outputs), "norm": nn.BatchNorm1d(outputs), "relu": nn.ReLU()}
    return nn.Sequential(OrderedDict(parts, dropout=Dropout(dropout)))


class LiftingNetwork(nn.Module):
    """(B,K,2) standardised keypoints -> pose (B,K,3), scale (B,1).

    One fully connected layer, ``num_stages`` residual blocks of two, and two linear heads. Inside, poses are flat and
    interleaved (x0, y0, x1, ...): published checkpoints depend on that order.

    output_multiplier: initial value of a learned vector of 3K numbers that the pose is multiplied by, so that the
    output reaches millimetres without 3D statistics; None for no such vector (supervised model). scale_range: the scale
    is scale_range x sigmoid(...); None for no scale head, the scale returned is then None.
    """

    def __init__(
        self,
        num_joints: int,
        linear_size: int = 1024,
        num_stages: int = 1,
        dropout: float = 0.5,
        scale_range: float | None = 1.0,
        output_multiplier: float | None = 100.0,
    ):
        super().__init__()
        self.scale_range = scale_range
        self.first = _layer(2 * num_joints, linear_size, dropout)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(_layer(linear_size, linear_size, dropout) for _ in range(2)))
            for _ in range(num_stages)
        )
        self.pose_head = Linear(linear_size, 3 * num_joints)
        # One output is no matrix product: torch's own is the faster.
        self.scale_head = None if scale_range is None else nn.Linear(linear_size, 1)
        self.output_multiplier = None
        if output_multiplier is not None:
            self.output_multiplier = nn.Parameter(
                torch.full((3 * num_joints,), float(output_multiplier))
            )
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, pose_2d: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        x = self.first(pose_2d.flatten(1))
        for block in self.blocks:
            x = x + block(x)
        pose = self.pose_head(x)
        if self.output_multiplier is not None:
            pose = pose * self.output_multiplier
        scale = (
            None
            if self.scale_head is None
            else self.scale_range * torch.sigmoid(self.scale_head(x))
        )
        return pose.unflatten(1, (-1, 3)), scale
