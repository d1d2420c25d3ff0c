"""Standardisation: fitted on the training set, applied to inputs, inverted on outputs."""

from typing import NamedTuple

import numpy as np
import torch

from src.errors import InputError


class Standardizer(NamedTuple):
    """Mean and standard deviation (ddof 0) per coordinate: both (K,D). Works on any (...,K,D) of their own kind."""

    mean: torch.Tensor
    std: torch.Tensor

    @classmethod
    def fit(cls, poses: np.ndarray) -> "Standardizer":
        """Statistics of poses (N,K,D), summed in float64."""
        return cls(
            *(
                torch.from_numpy(of(axis=0, dtype=np.float64)).float()
                for of in (poses.mean, poses.std)
            )
        )

    def to(self, device) -> "Standardizer":
        """The same on another device."""
        return Standardizer(self.mean.to(device), self.std.to(device))

    def apply(self, poses: torch.Tensor) -> torch.Tensor:
        """(x - mean) / std; 0 where std is 0, as at the root."""
        return torch.where(self.std > 0, (poses - self.mean) / self.std, 0)

    def invert(self, poses: torch.Tensor) -> torch.Tensor:
        """mean + std x."""
        return self.mean + self.std * poses


class Statistics(NamedTuple):
    """What a model keeps of its training set: 2D statistics, those in 3D of a supervised model (None for a relative
    one, which may use no 3D pose, not even their mean), and mean limb lengths (1,L) mm."""

    pose_2d: Standardizer
    pose_3d: Standardizer | None
    limb_lengths: torch.Tensor

    def state(self) -> dict:
        """Tensors for a checkpoint."""
        parts = {name: part for name, part in self._asdict().items() if part is not None}
        return {
            name: part._asdict() if isinstance(part, Standardizer) else part
            for name, part in parts.items()
        }

    @classmethod
    def from_state(cls, state: dict) -> "Statistics":
        """The inverse of `state`. Raises InputError if it is not one."""
        try:
            pose_3d = Standardizer(**state["pose_3d"]) if "pose_3d" in state else None
            return cls(Standardizer(**state["pose_2d"]), pose_3d, state["limb_lengths"])
        except (KeyError, TypeError) as error:
            raise InputError(
                f"the checkpoint's statistics are damaged: {error!r}; load another run"
            ) from None
