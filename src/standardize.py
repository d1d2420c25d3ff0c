"""Standardisation: fitted on the training set, applied to inputs, inverted on outputs.

The paper follows Martinez et al., "A simple yet effective baseline for 3d human pose estimation",
ICCV 2017.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from src.errors import InputError, shown


class Standardizer(NamedTuple):
    """Mean and standard deviation (ddof 0) of every coordinate of K joints, over a training set.

    mean, std: both (K,D) float32, in the unit of the poses: px for D = 2, mm for D = 3.
    """

    mean: Tensor
    std: Tensor

    @classmethod
    def fit(cls, poses: np.ndarray) -> "Standardizer":
        """Compute the statistics of poses (N,K,D). Sums are float64: there are a million frames."""
        mean = poses.mean(axis=0, dtype=np.float64)
        std = poses.std(axis=0, dtype=np.float64)
        return cls(mean=torch.from_numpy(mean).float(), std=torch.from_numpy(std).float())

    def to(self, device: torch.device | str) -> "Standardizer":
        """Return the same statistics on another device."""
        return Standardizer(mean=self.mean.to(device), std=self.std.to(device))

    def apply(self, poses: Tensor) -> Tensor:
        """Return (x - mean) / std of poses (...,K,D), same shape and without a unit.

        Where a coordinate never varies, as at the root, the result is 0.
        """
        return torch.where(self.std > 0, (poses - self.mean) / self.std, 0)

    def invert(self, poses: Tensor) -> Tensor:
        """Return mean + std x of standardised poses (...,K,D): the same poses in their own unit."""
        return self.mean + self.std * poses


class Statistics(NamedTuple):
    """What a model keeps of its training set.

    pose_2d: of the network's input in px.
    pose_3d: of the target in mm, for a 3D supervised model; None for a relative one, which may use
        no 3D pose, not even the mean.
    limb_lengths: the mean limb lengths (1,L) in mm; the skeleton loss uses their proportions.
    """

    pose_2d: Standardizer
    pose_3d: Standardizer | None
    limb_lengths: Tensor

    def state(self) -> dict:
        """Return dicts of tensors for a checkpoint; fields that are None are left out."""
        state = {}
        for name, value in self._asdict().items():
            if isinstance(value, Standardizer):
                state[name] = value._asdict()
            elif value is not None:
                state[name] = value
        return state

    @classmethod
    def from_state(cls, state: dict) -> "Statistics":
        """Return the statistics that `state` wrote. Raises InputError if it is not such a dict."""
        try:
            pose_2d = Standardizer(**state["pose_2d"])
            pose_3d = Standardizer(**state["pose_3d"]) if "pose_3d" in state else None
            limb_lengths = state["limb_lengths"]
        except (KeyError, TypeError) as error:
            raise InputError(
                f"the checkpoint's statistics are damaged: {shown(error)}; load another run"
            ) from None
        return cls(pose_2d=pose_2d, pose_3d=pose_3d, limb_lengths=limb_lengths)
