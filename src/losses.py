"""The losses (paper section 4): pure functions of tensors, and the weighted sum that names its terms."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch.nn.functional import softplus

EPS = 1e-8  # under every square root, as in the authors' implementation: the gradient at zero length stays finite
MAX_EXPONENT = 85.0  # exp(85) still fits in float32


def _widen(tensor: torch.Tensor) -> torch.Tensor:
    """Half precision -> float32: squares of millimetres do not fit in it, nor does `EPS`."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _norm(vectors: torch.Tensor) -> torch.Tensor:
    return _widen(vectors).square().sum(dim=-1).add(EPS).sqrt()


@cache
def _index(indices: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """Indices as a tensor that is already on the device: a list would be copied there in every step."""
    return torch.tensor(indices, device=device)


def relative_depth_loss(
    pose_3d: torch.Tensor, pairs: torch.Tensor, labels: torch.Tensor, distance_multiplier: float = 2.5
) -> torch.Tensor:
    """How badly the depths of pose_3d (B,K,3) agree with labels (B,) in {-1,0,1} of joint pairs (B,2) long.

    d = (z_i - z_j) / mean over the batch of |z_i - z_j|; log(1 + exp(-y d m)) for y = +-1, d^2 for y = 0; their mean.
    """
    depth_i, depth_j = _widen(pose_3d[..., 2]).gather(1, pairs).unbind(dim=1)
    distance = depth_i - depth_j
    distance = distance / distance.abs().mean()
    labels = labels.to(distance.dtype)
    ranking = softplus((-distance_multiplier * labels * distance).clamp(max=MAX_EXPONENT))
    return torch.where(labels == 0, distance.square(), ranking).mean()


def orthographic_loss(pose_3d: torch.Tensor, pose_2d: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Mean distance in px between scale (B,1) x (X, Y) of pose_3d (B,K,3) and root-centred pixels pose_2d (B,K,2)."""
    return _norm(scale[:, :, None] * _widen(pose_3d[..., :2]) - pose_2d).mean()


def perspective_loss(
    pose_3d: torch.Tensor, pose_2d: torch.Tensor, inverse_distance: torch.Tensor, focal: torch.Tensor
) -> torch.Tensor:
    """Mean distance in px between f (X, Y) / (Z + 1/s) and pose_2d (B,K,2), for known focal (B,2).

    inverse_distance s (B,1) is one over the root's distance in mm. The paper's code calls this weak perspective.
    """
    pose_3d = _widen(pose_3d)
    depth = pose_3d[..., 2:] + 1 / _widen(inverse_distance[:, :, None])
    return _norm(focal[:, None] * pose_3d[..., :2] / depth - pose_2d).mean()


def root_loss(pose_3d: torch.Tensor, root: int) -> torch.Tensor:
    """Mean distance in mm of the root joint of pose_3d (B,K,3) from the origin."""
    return _norm(pose_3d[:, root]).mean()


def skeleton_loss(pose_3d: torch.Tensor, limb_lengths: torch.Tensor, skeleton) -> torch.Tensor:
    """Mean difference between the proportions of pose_3d (B,K,3) and of limb_lengths (1,L) or (B,L).

    Proportions are lengths divided by that of the skeleton's unit limb; masked limbs do not count.
    """
    starts, ends = (_index(joints, pose_3d.device) for joints in skeleton.limb_ends)
    lengths = _norm(pose_3d[:, starts] - pose_3d[:, ends])
    unit = slice(skeleton.unit_limb, skeleton.unit_limb + 1)
    difference = lengths / lengths[:, unit] - limb_lengths / limb_lengths[:, unit]
    return difference[:, _index(skeleton.kept_limbs, pose_3d.device)].square().add(EPS).sqrt().mean()


def supervised_loss(pose_3d: torch.Tensor, target_3d: torch.Tensor) -> torch.Tensor:
    """Mean squared error over all coordinates of (B,K,3) in mm^2: the 3D supervised baseline."""
    return _widen(pose_3d - target_3d).square().mean()


@dataclass(frozen=True)
class Criterion:
    """A weighted sum of named terms. terms: {name: function of (pose, scale, batch)}; one of weight 0 is left out."""

    terms: dict[str, Callable]
    weights: dict[str, float]

    @property
    def names(self) -> list[str]:
        """The terms that count, in order."""
        return [name for name in self.terms if self.weights[name] != 0]

    def __call__(self, pose, scale, batch) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """-> (the weighted sum, the unweighted terms in the order of `names`)."""
        values = [self.terms[name](pose, scale, batch) for name in self.names]
        total = sum(self.weights[name] * value for name, value in zip(self.names, values, strict=True))
        return total, values
