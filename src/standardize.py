"""Standardisation: fitted on the training set, applied to inputs, inverted on outputs."""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True, eq=False)
class Standardizer:
    """Mean and standard deviation (ddof 0) per coordinate: both (K,D). Works on any (...,K,D) of their own kind."""

    mean: torch.Tensor
    std: torch.Tensor

    @classmethod
    def fit(cls, poses: np.ndarray) -> "Standardizer":
        """Statistics of poses (N,K,D), summed in float64."""
        mean = poses.mean(axis=0, dtype=np.float64)
        std = poses.std(axis=0, dtype=np.float64)
        return cls(torch.from_numpy(mean).float(), torch.from_numpy(std).float())

    @classmethod
    def from_state(cls, state: dict) -> "Standardizer":
        """The inverse of `state`."""
        return cls(state["mean"], state["std"])

    def state(self) -> dict[str, torch.Tensor]:
        """Tensors for a checkpoint."""
        return {"mean": self.mean, "std": self.std}

    def to(self, device) -> "Standardizer":
        """The same on another device."""
        return Standardizer(self.mean.to(device), self.std.to(device))

    def apply(self, poses: torch.Tensor) -> torch.Tensor:
        """(x - mean) / std; 0 where std is 0, as at the root."""
        centred = poses - self.mean
        return torch.where(self.std > 0, centred / self.std, torch.zeros_like(centred))

    def invert(self, poses: torch.Tensor) -> torch.Tensor:
        """mean + std x."""
        return self.mean + self.std * poses
