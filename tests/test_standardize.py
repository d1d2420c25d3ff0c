"""Standardisation, and what a checkpoint keeps of it."""

import numpy as np
import pytest
import torch

from src.errors import InputError
from src.standardize import Standardizer, Statistics


@pytest.fixture
def poses() -> np.ndarray:
    """Poses (500,4,2), px, whose first joint is the root and so always 0."""
    poses = np.random.default_rng(0).normal(50, 20, (500, 4, 2)).astype(np.float32)
    poses[:, 0] = 0
    return poses


def test_mean_0_and_deviation_1(poses):
    standardizer = Standardizer.fit(poses)
    expected_std = poses.astype(float).std(axis=0, ddof=0)
    np.testing.assert_allclose(standardizer.std, expected_std, rtol=1e-5)
    scaled = standardizer.apply(torch.from_numpy(poses))
    mean = scaled[:, 1:].mean(dim=0)
    torch.testing.assert_close(mean, torch.zeros(3, 2), atol=1e-5, rtol=0)
    std = scaled[:, 1:].std(dim=0, correction=0)
    torch.testing.assert_close(std, torch.ones(3, 2), atol=1e-5, rtol=0)


def test_statistics_are_summed_in_double_precision():
    """Sums of single precision lose digits: here they make a mean of 504 and a deviation of 4.6."""
    poses = np.empty((1_000_000, 1, 2), dtype=np.float32)
    poses[0::2] = 499
    poses[1::2] = 501
    standardizer = Standardizer.fit(poses)
    assert standardizer.mean.tolist() == [[500, 500]]
    assert standardizer.std.tolist() == [[1, 1]]
    assert abs(poses.mean(axis=0)[0, 0] - 500) > 0.1


def test_invert_is_the_inverse(poses):
    standardizer = Standardizer.fit(poses)
    scaled = standardizer.apply(torch.from_numpy(poses))
    inverted = standardizer.invert(scaled)
    torch.testing.assert_close(inverted, torch.from_numpy(poses), atol=1e-3, rtol=0)


def test_what_never_moved_in_training_is_0_whatever_comes(poses):
    standardizer = Standardizer.fit(poses)
    assert (standardizer.apply(torch.from_numpy(poses))[:, 0] == 0).all()
    assert (standardizer.apply(torch.full((1, 4, 2), 7.0))[:, 0] == 0).all()


@pytest.mark.parametrize("has_3d", [True, False], ids=["supervised", "relative"])
def test_statistics_survive_a_checkpoint(poses, has_3d):
    standardizer = Standardizer.fit(poses)
    lengths = torch.tensor([[1.0, 2.0, 3.0]])
    statistics = Statistics(standardizer, standardizer if has_3d else None, lengths)
    again = Statistics.from_state(statistics.state())
    assert torch.equal(again.pose_2d.mean, standardizer.mean)
    assert torch.equal(again.pose_2d.std, standardizer.std)
    assert (again.pose_3d is not None) is has_3d
    assert torch.equal(again.limb_lengths, lengths)


def test_damaged_statistics_are_refused():
    with pytest.raises(InputError, match="statistics are damaged"):
        Statistics.from_state({"pose_2d": {"mean": torch.zeros(2, 2)}})
