"""Relative depth labels and their noise, noise on 2D keypoints: from arrays and a generator (paper section 3)."""

from dataclasses import dataclass

import numpy as np

ALL_PAIRS = "all"
MTURK = "mturk"
_FRAMES_AT_ONCE = 8192  # what the drawing of their pairs looks at again and again fits in the cache


def joint_pairs(num_joints: int) -> np.ndarray:
    """All pairs (i, j) of joints with i < j: (K(K-1)/2, 2)."""
    return np.stack(np.triu_indices(num_joints, k=1), axis=1)


def draw_pairs(
    num_frames: int, num_joints: int, num_pairs: int, *, rng: np.random.Generator
) -> np.ndarray:
    """For each frame ``num_pairs`` different rows of `joint_pairs`, every set as likely as any other: (P, N) uint8.

    Floyd's sampling, vectorised over frames: draw the k-th from a range that grows by one; if taken, take its end.
    """
    total = len(joint_pairs(num_joints))
    if not 1 <= num_pairs <= total:
        raise ValueError(
            f"num_pairs must be between 1 and {total} for {num_joints} joints, not {num_pairs}"
        )
    chosen = np.empty((num_pairs, num_frames), dtype=np.uint8)
    for start in range(0, num_frames, _FRAMES_AT_ONCE):
        part = chosen[:, start : start + _FRAMES_AT_ONCE]
        for k, last in enumerate(range(total - num_pairs, total)):
            draw = rng.integers(0, last, size=part.shape[1], dtype=np.uint8, endpoint=True)
            taken = (part[:k] == draw).any(axis=0)
            part[k] = np.where(taken, last, draw)
    return chosen


def depth_labels(depth_difference: np.ndarray, tolerance_mm: float = 0.0) -> np.ndarray:
    """z_i - z_j in mm -> +1 (i is further away), -1 (i is closer), 0 (within the tolerance), int8, same shape."""
    return (depth_difference > tolerance_mm).astype(np.int8) - (
        depth_difference < -tolerance_mm
    ).astype(np.int8)


def flip_probability(depth_difference: np.ndarray, noise) -> np.ndarray:
    """The probability that a label is wrong, from depth differences in mm: ``noise`` itself, or for "mturk" that of
    human annotators, who are right with min(50 + 1.25 d, 100) per cent, d in cm: a coin toss at equal depth."""
    if noise == MTURK:
        return 1 - np.minimum(50 + 1.25 * (np.abs(depth_difference) / 10), 100) / 100
    return np.full(depth_difference.shape, float(noise))


def fixed_uniform(key: int, index: np.ndarray) -> np.ndarray:
    """For each index a number in [0, 1) that looks random but depends on key and index alone; same shape.

    The index-th output of the generator SplitMix64 (Steele, Lea and Flood 2014) that starts at ``key``.
    """
    x = np.uint64(key) + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53


@dataclass(frozen=True, eq=False)
class RelativeLabels:
    """The labelled pairs of N frames. Labels are computed when a frame is visited, never stored.

    depth (N,K) mm; pairs (P,N) rows of `joint_pairs`, or None when every pair of every frame is labelled; noise as in
    `flip_probability`; flip_key: decides, with `fixed_uniform`, which labels of which frames noise has made wrong.
    """

    depth: np.ndarray
    pairs: np.ndarray | None
    noise: float | str
    flip_key: int
    tolerance_mm: float

    @classmethod
    def draw(
        cls, depth, num_pairs, *, noise, tolerance_mm, pairs_rng, flips_rng
    ) -> "RelativeLabels":
        """Choose ``num_pairs`` (a number or "all") pairs per frame, and which labels are wrong, once and for all."""
        pairs = (
            None if num_pairs == ALL_PAIRS else draw_pairs(*depth.shape, num_pairs, rng=pairs_rng)
        )
        return cls(depth, pairs, noise, int(flips_rng.integers(2**63)), tolerance_mm)

    def visit(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One labelled pair per frame, its joints swapped with probability 1/2: pairs (N,2) int64, labels (N,) int8."""
        num_frames, num_joints = self.depth.shape
        frames, all_pairs = np.arange(num_frames), joint_pairs(num_joints)
        row = rng.integers(0, len(all_pairs if self.pairs is None else self.pairs), size=num_frames)
        row = row if self.pairs is None else self.pairs[row, frames]
        joint_i, joint_j = (joints[row] for joints in all_pairs.T)
        difference = self.depth[frames, joint_i] - self.depth[frames, joint_j]
        label = depth_labels(difference, self.tolerance_mm)
        if self.noise != 0:
            chance = fixed_uniform(self.flip_key, frames * len(all_pairs) + row)
            label = np.where(chance < flip_probability(difference, self.noise), -label, label)
        swap = rng.random(num_frames) < 0.5
        pairs = np.stack(
            [np.where(swap, joint_j, joint_i), np.where(swap, joint_i, joint_j)], axis=1
        )
        return pairs, np.where(swap, -label, label)


def add_noise_2d(
    pose_2d: np.ndarray, kind: str, amount: float, *, rng: np.random.Generator
) -> np.ndarray:
    """Noise on pixels (N,K,2), drawn per keypoint; returns new float32 poses.

    kind: "none" or "detections": as they are; "normal" with *variance* ``amount`` px^2 per coordinate;
    "uniform_linear": integer offsets in [0, amount] per coordinate; "uniform_radial": distance ``amount`` px in a
    random direction.
    """
    if kind in ("none", "detections"):
        return pose_2d
    if kind == "normal":
        offset = rng.standard_normal(pose_2d.shape, dtype=np.float32) * np.sqrt(amount)
    elif kind == "uniform_linear":
        offset = rng.integers(0, int(amount), size=pose_2d.shape, endpoint=True)
    elif kind == "uniform_radial":
        angle = rng.uniform(0, 2 * np.pi, size=pose_2d.shape[:2])
        offset = amount * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    else:
        raise ValueError(f"unknown 2D noise {kind!r}")
    return (pose_2d + offset).astype(np.float32)


def drop_keypoints(inputs: np.ndarray, probability: float, rng: np.random.Generator) -> np.ndarray:
    """Zero each keypoint of standardised inputs (N,K,2), both coordinates, with ``probability``; returns new inputs."""
    if probability == 0:
        return inputs
    return inputs * (rng.random(inputs.shape[:2]) >= probability)[..., None].astype(inputs.dtype)
