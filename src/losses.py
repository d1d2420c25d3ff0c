"""The losses (paper section 4): pure functions of tensors, their weighted sum, what it is given.

Poses are in millimetres in the camera's frame: x to the right, y down, z away from the camera, the
root joint at the origin.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

# Added under every square root, as in the authors' code: the gradient at length zero stays finite.
EPS = 1e-8
# exp(85) still fits in float32; the authors cap the exponent of the relative loss there.
MAX_EXPONENT = 85.0


def relative_depth_loss(
    pose_3d: Tensor,
    pairs: Tensor,
    labels: Tensor,
    distance_multiplier: float = 2.5,
    weights: Tensor | None = None,
) -> Tensor:
    """Measure how badly the depths of poses agree with relative depth labels (paper section 4).

    With d = (z_i - z_j) / (mean over the batch of |z_i - z_j|) and the label y, the loss of a pair
    is log(1 + exp(-y d m)) for y = +1 or -1 and d^2 for y = 0.

    Args:
        pose_3d: (B,K,3) mm.
        pairs: (B,2) long, the joints i and j of one labelled pair per pose.
        labels: (B,) +1 if joint i is further away than j, -1 if it is closer, 0 if they are equal.
        distance_multiplier: m; the larger, the sharper the loss.
        weights: (B,) of the labels, or None for equal weights.

    Returns:
        The (weighted) mean of the losses of the pairs, a scalar.
    """
    depths = _at_least_float32(pose_3d[..., 2])
    depth_i, depth_j = depths.gather(1, pairs).unbind(dim=1)
    distance = depth_i - depth_j
    distance = distance / distance.abs().mean()

    labels = labels.to(distance.dtype)
    exponent = (-distance_multiplier * labels * distance).clamp(max=MAX_EXPONENT)
    losses = torch.where(labels == 0, distance.square(), softplus(exponent))
    if weights is None:
        return losses.mean()
    return losses.dot(weights.to(losses.dtype)) / weights.sum().clamp(min=EPS)


def orthographic_loss(pose_3d: Tensor, pose_2d: Tensor, scale: Tensor) -> Tensor:
    """Measure how far scaled orthographic projections are from the keypoints (paper section 4).

    Args:
        pose_3d: (B,K,3) mm.
        pose_2d: (B,K,2) px, relative to the root's pixel.
        scale: (B,1) px per mm.

    Returns:
        The mean distance in px between scale x (X, Y) and the keypoints, a scalar.
    """
    projected = scale[:, :, None] * _at_least_float32(pose_3d[..., :2])
    return _length(projected - pose_2d).mean()


def perspective_loss(
    pose_3d: Tensor, pose_2d: Tensor, inverse_distance: Tensor, focal: Tensor
) -> Tensor:
    """Measure how far perspective projections by a known focal length are from the keypoints.

    The paper's code calls this projection weak perspective.

    Args:
        pose_3d: (B,K,3) mm.
        pose_2d: (B,K,2) px, relative to the root's pixel.
        inverse_distance: s (B,1), one over the root's distance from the camera in mm.
        focal: f (B,2) px.

    Returns:
        The mean distance in px between f (X, Y) / (Z + 1/s) and the keypoints, a scalar.
    """
    pose_3d = _at_least_float32(pose_3d)
    depth = pose_3d[..., 2:] + 1 / _at_least_float32(inverse_distance[:, :, None])
    projected = focal[:, None] * pose_3d[..., :2] / depth
    return _length(projected - pose_2d).mean()


def root_loss(pose_3d: Tensor, root: int) -> Tensor:
    """Compute the mean distance in mm of joint `root` of poses (B,K,3) from the origin."""
    return _length(pose_3d[:, root]).mean()


def skeleton_loss(pose_3d: Tensor, limb_lengths: Tensor, skeleton) -> Tensor:
    """Measure how far the limb proportions of poses are from given ones (paper section 4).

    A proportion is a limb's length divided by that of the skeleton's unit limb. Masked limbs do not
    count.

    Args:
        pose_3d: (B,K,3) mm.
        limb_lengths: (1,L) for all poses or (B,L) for each, in any unit.
        skeleton: the `Skeleton` whose limbs these are.

    Returns:
        The mean absolute difference of the proportions (with `EPS` under the root), a scalar.
    """
    joints, limbs = _limbs_that_count(skeleton, pose_3d.device)
    starts, ends = pose_3d[:, joints].chunk(2, dim=1)
    predicted_lengths = _length(starts - ends)
    target_lengths = limb_lengths[:, limbs]
    # The unit limb is the last one.
    predicted_proportions = predicted_lengths[:, :-1] / predicted_lengths[:, -1:]
    target_proportions = target_lengths[:, :-1] / target_lengths[:, -1:]
    difference = predicted_proportions - target_proportions
    return difference.square().add(EPS).sqrt().mean()


def supervised_loss(pose_3d: Tensor, target_3d: Tensor) -> Tensor:
    """Compute the mean squared error in mm^2 over all coordinates of (B,K,3): the 3D baseline."""
    return _at_least_float32(pose_3d - target_3d).square().mean()


@dataclass(frozen=True)
class Criterion:
    """A weighted sum of loss terms.

    A batch is a dict of tensors of B examples. These are all keys that it can have; they are the
    same in training and in the loss of a test:

    | key            | shape, unit           | there if                         | put there by  |
    |----------------|-----------------------|----------------------------------|---------------|
    | `pose_2d`      | (B,K,2) px, root at 0 | always                           | builders      |
    | `pose_3d`      | (B,K,3) mm, root at 0 | --supervision full               | builders      |
    | `pairs`        | (B,2) long, joints    | --supervision relative           | see below     |
    | `labels`       | (B,) +1, -1 or 0      | --supervision relative           | see below     |
    | `weights`      | (B,) one per label    | photos whose labels have weights | builders      |
    | `limb_lengths` | (1,L) or (B,L)        | --supervision relative           | builders      |
    | `focal`        | (B,2) px              | --reprojection weak_perspective  | builders      |

    The builders are `make_training_data` and `make_test_data` of `src.training.build` (motion) and
    of `src.training.build_photos`. All of them collect the tensors with `make_batch_tensors`. They
    put in pairs and labels, too, except for training on motion, where `train_epoch` of
    `src.training.engine` does so: every epoch visits other pairs.

    The network's standardised input is not in the batch, in training as little as in a test.

    Attributes:
        terms: name -> function of (pose (B,K,3) mm, scale (B,1) or None, batch) that gives a
            scalar.
        weights: name -> weight. A term of weight 0 is not computed.
    """

    terms: dict[str, Callable[[Tensor, Tensor, dict], Tensor]]
    weights: dict[str, float]

    @property
    def names(self) -> list[str]:
        """The names of the terms that count, in order."""
        return [name for name in self.terms if self.weights[name] != 0]

    def __call__(self, pose: Tensor, scale: Tensor, batch: dict) -> tuple[Tensor, Tensor]:
        """Compute the weighted sum, a scalar, and the unweighted terms (T,) in `names`' order."""
        values = torch.stack([self.terms[name](pose, scale, batch) for name in self.names])
        weights = tuple(self.weights[name] for name in self.names)
        total = values.dot(_constant_tensor(weights, values.dtype, values.device))
        return total, values


def make_batch_tensors(
    device: torch.device,
    *,
    pose_2d: np.ndarray,
    pose_3d: np.ndarray | None = None,
    pairs: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    limb_lengths: np.ndarray | None = None,
    shared_limb_lengths: Tensor | None = None,
    focal: np.ndarray | None = None,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Move what the loss terms of N examples ask for to the device, under the keys of `Criterion`.

    Args:
        device: where to put the tensors.
        pose_2d, pose_3d, pairs, labels, weights, limb_lengths, focal: (N,...), as `Criterion` lists
            them, with N in place of B; None for what is not to be in a batch.
        shared_limb_lengths: (1,L), the limb lengths of all examples, in place of `limb_lengths`.

    Returns:
        The tensors (N,...) that are cut into batches, and the constants that all batches share.
    """
    arrays = {
        "pose_2d": pose_2d,
        "pose_3d": pose_3d,
        "pairs": pairs,
        "labels": labels,
        "weights": weights,
        "limb_lengths": limb_lengths,
        "focal": focal,
    }
    tensors = {}
    for key, array in arrays.items():
        if array is not None:
            tensors[key] = torch.from_numpy(array).to(device)
    constants = {}
    if shared_limb_lengths is not None:
        constants["limb_lengths"] = shared_limb_lengths.to(device)
    return tensors, constants


def _at_least_float32(tensor: Tensor) -> Tensor:
    """Widen half precision: squares of millimetres do not fit in it, nor does `EPS`."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _length(vectors: Tensor) -> Tensor:
    """Euclidean lengths of vectors (...,D) -> (...)."""
    return _at_least_float32(vectors).square().sum(dim=-1).add(EPS).sqrt()


# The two functions below put constants on the device once: a list would be copied in every step.
# They leave inference mode, since training may use a constant that a test asked for first.


@cache
def _limbs_that_count(skeleton, device: torch.device) -> tuple[Tensor, Tensor]:
    """The L' limbs that are not masked, and after them the unit limb.

    Returns their joints, first all starts and then all ends (2L',), and their indices (L',).
    """
    limbs = [limb for limb in range(len(skeleton.limbs)) if limb not in skeleton.masked_limbs]
    limbs.append(skeleton.unit_limb)
    starts = [skeleton.limbs[limb][0] for limb in limbs]
    ends = [skeleton.limbs[limb][1] for limb in limbs]
    with torch.inference_mode(False):
        joints = torch.tensor(starts + ends, device=device)
        return joints, torch.tensor(limbs, device=device)


@cache
def _constant_tensor(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=dtype, device=device)
