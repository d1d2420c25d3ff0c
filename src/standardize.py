"""Standardisation: fitted on the training set, applied to inputs, inverted on outputs."""

from typing import NamedTuple

import numpy as np
import torch


class Standardizer(NamedTuple):
    """Mean and standard deviation (ddof 0) per coordinate: both (K,D). Works on any (...,K,D) of their own kind."""

    mean: torch.Tensor
    std: torch.Tensor

    @classmethod
    def fit(cls, poses: np.ndarray) -> "Standardizer":
        """Statistics of poses (N,K,D), summed in float64."""
        return cls(*(torch.from_numpy(of(axis=0, dtype=np.float64)).float() for of in (poses.mean, poses.std)))

    def to(self, device) -> "Standardizer":
        """The same on another device."""
        return Standardizer(self.mean.to(device), self.std.to(device))

    def apply(self, poses: torch.Tensor) -> torch.Tensor:
        """(x - mean) / std; 0 where std is 0, as at the root."""
        return torch.where(self.std > 0, (poses - self.mean) / self.std, 0)

    def invert(self, poses: torch.Tensor) -> torch.Tensor:
        """mean + std x."""
        return self.mean + self.std * poses
