"""The lifting network: 2D keypoints in, a 3D pose and a scale out (paper section 4)."""

from collections import OrderedDict

import torch
from torch import nn


class LiftingNetwork(nn.Module):
    """Lifts standardised keypoints (B,K,2) to poses (B,K,3) and scales (B,1).

    The architecture is that of Martinez et al. (ICCV 2017): one fully connected layer, `num_stages`
    residual blocks of two layers each, and two linear heads. The defaults are the paper's own.

    Args:
        num_joints: K.
        linear_size: width of the hidden layers.
        num_stages: number of residual blocks.
        dropout: probability with which a hidden unit is dropped in training.
        scale_range: the scale is `scale_range` x sigmoid(...). None builds no scale head; the scale
            that `forward` returns is then None (the 3D supervised model).
        output_multiplier: initial value of a learned vector of 3K numbers by which the pose is
            multiplied, so that it reaches millimetres although no 3D statistics are known. None
            builds no such vector (the 3D supervised model, whose output is standardised).
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
        self.first = _layer(2 * num_joints, linear_size, dropout)
        self.blocks = nn.ModuleList()
        for _ in range(num_stages):
            first_of_block = _layer(linear_size, linear_size, dropout)
            second_of_block = _layer(linear_size, linear_size, dropout)
            self.blocks.append(nn.Sequential(first_of_block, second_of_block))
        self.pose_head = nn.Linear(linear_size, 3 * num_joints)

        self.scale_range = scale_range
        self.scale_head = None
        if scale_range is not None:
            self.scale_head = nn.Linear(linear_size, 1)

        self.output_multiplier = None
        if output_multiplier is not None:
            initial = torch.full((3 * num_joints,), float(output_multiplier))
            self.output_multiplier = nn.Parameter(initial)

        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, pose_2d: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Lift a batch: standardised keypoints (B,K,2) -> pose (B,K,3), scale (B,1) or None."""
        # Inside, poses are flat and interleaved (x0, y0, x1, y1, ...): published checkpoints
        # depend on that order.
        features = self.first(pose_2d.flatten(start_dim=1))
        for block in self.blocks:
            features = features + block(features)

        pose = self.pose_head(features)
        if self.output_multiplier is not None:
            pose = pose * self.output_multiplier
        pose = pose.unflatten(1, (-1, 3))

        scale = None
        if self.scale_head is not None:
            scale = self.scale_range * torch.sigmoid(self.scale_head(features))
        return pose, scale


def _layer(num_inputs: int, num_outputs: int, dropout: float) -> nn.Sequential:
    """One layer: linear, batch normalisation, ReLU, dropout. The names are those in checkpoints."""
    return nn.Sequential(
        OrderedDict(
            linear=nn.Linear(num_inputs, num_outputs),
            norm=nn.BatchNorm1d(num_outputs),
            relu=nn.ReLU(),
            dropout=nn.Dropout(dropout),
        )
    )
