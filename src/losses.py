"""The losses (paper section 4): pure functions of tensors, and the weighted sum that names its terms."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import softplus

EPS = 1e-8  # under every square root, as in the authors' implementation: the gradient at zero length stays finite
MAX_EXPONENT = 85.0  # exp(85) still fits in float32


def _widen(tensor: Tensor) -> Tensor:
    """Half precision -> float32: squares of millimetres do not fit in it, nor does `EPS`."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _norm(vectors: Tensor) -> Tensor:
    return _widen(vectors).square().sum(dim=-1).add(EPS).sqrt()


@cache
def _limbs(skeleton, device: torch.device) -> tuple[Tensor, Tensor]:
    """The limbs that count and then the unit limb, L' in all -> their first joints and their second joints (2L',), and
    their own indices (L',). On the device, once: a list would be copied there in every step."""
    kept = [limb for limb in range(len(skeleton.limbs)) if limb not in skeleton.masked_limbs]
    limbs = (*kept, skeleton.unit_limb)
    joints = [joint_of[limb] for joint_of in skeleton.limb_ends for limb in limbs]
    with torch.inference_mode(False):  # training may use what a test asked for first
        return torch.tensor(joints, device=device), torch.tensor(limbs, device=device)


@cache
def _numbers(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=dtype, device=device)


def relative_depth_loss(
    pose_3d: Tensor,
    pairs: Tensor,
    labels: Tensor,
    distance_multiplier: float = 2.5,
    weights: Tensor | None = None,
) -> Tensor:
    """How badly the depths of pose_3d (B,K,3) agree with labels (B,) in {-1,0,1} of joint pairs (B,2) long.

    d = (z_i - z_j) / mean over the batch of |z_i - z_j|; log(1 + exp(-y d m)) for y = +-1, d^2 for y = 0; their mean,
    weighted with weights (B,) where they are given.
    """
    depth_i, depth_j = _widen(pose_3d[..., 2]).gather(1, pairs).unbind(dim=1)
    distance = depth_i - depth_j
    distance = distance / distance.abs().mean()
    labels = labels.to(distance.dtype)
    ranking = softplus((-distance_multiplier * labels * distance).clamp(max=MAX_EXPONENT))
    losses = torch.where(labels == 0, distance.square(), ranking)
    if weights is None:
        return losses.mean()
    return losses.dot(weights.to(losses.dtype)) / weights.sum().clamp(min=EPS)


def orthographic_loss(pose_3d: Tensor, pose_2d: Tensor, scale: Tensor) -> Tensor:
    """Mean distance in px between scale (B,1) x (X, Y) of pose_3d (B,K,3) and root-centred pixels pose_2d (B,K,2)."""
    return _norm(scale[:, :, None] * _widen(pose_3d[..., :2]) - pose_2d).mean()


def perspective_loss(
    pose_3d: Tensor, pose_2d: Tensor, inverse_distance: Tensor, focal: Tensor
) -> Tensor:
    """Mean distance in px between f (X, Y) / (Z + 1/s) and pose_2d (B,K,2), for known focal (B,2).

    inverse_distance s (B,1) is one over the root's distance in mm. The paper's code calls this weak perspective.
    """
    pose_3d = _widen(pose_3d)
    depth = pose_3d[..., 2:] + 1 / _widen(inverse_distance[:, :, None])
    return _norm(focal[:, None] * pose_3d[..., :2] / depth - pose_2d).mean()


def root_loss(pose_3d: Tensor, root: int) -> Tensor:
    """Mean distance in mm of the root joint of pose_3d (B,K,3) from the origin."""
    return _norm(pose_3d[:, root]).mean()


def skeleton_loss(pose_3d: Tensor, limb_lengths: Tensor, skeleton) -> Tensor:
    """Mean difference between the proportions of pose_3d (B,K,3) and of limb_lengths (1,L) or (B,L).

    Proportions are lengths divided by that of the skeleton's unit limb; masked limbs do not count.
    """
    joints, limbs = _limbs(skeleton, pose_3d.device)
    start, end = pose_3d[:, joints].chunk(2, dim=1)
    predicted, given = _norm(start - end), limb_lengths[:, limbs]
    difference = predicted[:, :-1] / predicted[:, -1:] - given[:, :-1] / given[:, -1:]
    return difference.square().add(EPS).sqrt().mean()


def supervised_loss(pose_3d: Tensor, target_3d: Tensor) -> Tensor:
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

    def __call__(self, pose, scale, batch) -> tuple[Tensor, Tensor]:
        """-> (the weighted sum, the unweighted terms in the order of `names` (T,))."""
        values = torch.stack([self.terms[name](pose, scale, batch) for name in self.names])
        weights = tuple(self.weights[name] for name in self.names)
        return values.dot(_numbers(weights, values.dtype, values.device)), values
