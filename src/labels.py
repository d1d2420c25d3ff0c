"""Relative depth labels, their noise, and noise on 2D keypoints (paper section 3).

Everything here takes arrays and a generator, and knows nothing of files or options. Depth is the z
coordinate in mm, in the frame of the camera: it grows away from the camera.
"""

from dataclasses import dataclass

import numpy as np

ALL_PAIRS = "all"  # in place of a number of pairs: label every pair of every frame
MTURK = "mturk"  # in place of a probability: label noise like that of the human annotators

# The pairs of this many frames are drawn at once: every draw is compared with all earlier ones of
# its frame, again and again, and is fastest while these fit into the processor's cache.
_FRAMES_AT_ONCE = 8192


def joint_pairs(num_joints: int) -> np.ndarray:
    """Return all pairs (i, j) of joint indices with i < j, as (K(K-1)/2, 2) int64.

    This order numbers the pairs: elsewhere a pair is a row of this array.
    """
    return np.stack(np.triu_indices(num_joints, k=1), axis=1)


def draw_pairs(
    num_frames: int, num_joints: int, num_pairs: int, *, rng: np.random.Generator
) -> np.ndarray:
    """Draw ``num_pairs`` = P different pairs for each of N frames, every set as likely as another.

    Returns (P, N) uint8, rows of `joint_pairs`. Raises ValueError if there are not so many pairs.

    This is Floyd's sampling without replacement (Bentley and Floyd, "A sample of brilliance",
    1987), for all frames of a block at once: the k-th number is drawn from a range that grows by
    one with k, and if it has been taken already, the end of that range, which cannot have been, is
    taken instead.
    """
    total = len(joint_pairs(num_joints))
    if not 1 <= num_pairs <= total:
        raise ValueError(
            f"num_pairs must be between 1 and {total} for {num_joints} joints, not {num_pairs}"
        )
    chosen = np.empty((num_pairs, num_frames), dtype=np.uint8)
    for start in range(0, num_frames, _FRAMES_AT_ONCE):
        block = chosen[:, start : start + _FRAMES_AT_ONCE]
        for k in range(num_pairs):
            last = total - num_pairs + k
            draw = rng.integers(0, last, size=block.shape[1], dtype=np.uint8, endpoint=True)
            is_taken = (block[:k] == draw).any(axis=0)
            block[k] = np.where(is_taken, last, draw)
    return chosen


def depth_labels(depth_difference: np.ndarray, tolerance_mm: float = 0.0) -> np.ndarray:
    """Return the label of each depth difference z_i - z_j in mm, as int8 of the same shape.

    +1 means that joint i is further away than joint j, -1 that it is closer, and 0 that they are
    within the tolerance (paper section 3).
    """
    is_further = depth_difference > tolerance_mm
    is_closer = depth_difference < -tolerance_mm
    return is_further.astype(np.int8) - is_closer.astype(np.int8)


def flip_probability(depth_difference: np.ndarray, noise: float | str) -> np.ndarray:
    """Return the probability that the label of each depth difference in mm is wrong, same shape.

    That is ``noise`` itself if it is a number. `MTURK` stands for human annotators, who are right
    in min(50 + 1.25 d, 100) % of cases with d = |z_i - z_j| in cm: they toss a coin at equal depth,
    and are certain from 40 cm.
    """
    if noise == MTURK:
        distance_cm = np.abs(depth_difference) / 10
        return 1 - np.minimum(50 + 1.25 * distance_cm, 100) / 100
    return np.full(depth_difference.shape, float(noise))


def fixed_uniform(key: int, index: np.ndarray) -> np.ndarray:
    """Return for each integer of ``index`` a float64 in [0, 1), same shape.

    The numbers look random, but depend on key and index alone: a draw that is made once and never
    stored. They are the index-th outputs of the generator SplitMix64, started at ``key`` (Steele,
    Lea and Flood, "Fast splittable pseudorandom number generators", 2014), whose constants these
    are. uint64 overflows on purpose.
    """
    step = np.uint64(0x9E3779B97F4A7C15)
    state = np.uint64(key) + (index.astype(np.uint64) + np.uint64(1)) * step
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state = state ^ (state >> np.uint64(31))
    return (state >> np.uint64(11)) * 2.0**-53  # the 53 bits that a float64 can hold


@dataclass(frozen=True, eq=False)
class RelativeLabels:
    """The labelled pairs of N frames of K joints.

    Labels are computed when a frame is visited and never stored: a visit needs one pair of each
    frame, out of as many as K(K-1)/2.

    depth: (N,K) mm.
    pairs: (P,N), the rows of `joint_pairs` that are labelled in each frame; None if all are.
    noise: as `flip_probability` takes it.
    flip_key: decides, with `fixed_uniform`, which labels of which frames the noise has made wrong.
    tolerance_mm: as `depth_labels` takes it.
    """

    depth: np.ndarray
    pairs: np.ndarray | None
    noise: float | str
    flip_key: int
    tolerance_mm: float

    @classmethod
    def draw(
        cls,
        depth: np.ndarray,
        num_pairs: int | str,
        *,
        noise: float | str,
        tolerance_mm: float,
        pairs_rng: np.random.Generator,
        flips_rng: np.random.Generator,
    ) -> "RelativeLabels":
        """Choose, once and for all, the labelled pairs of each frame and which labels are wrong.

        depth is (N,K) in mm; ``num_pairs`` is a number of pairs per frame, or `ALL_PAIRS`. Raises
        ValueError if there are not so many pairs.
        """
        pairs = None
        if num_pairs != ALL_PAIRS:
            num_frames, num_joints = depth.shape
            pairs = draw_pairs(num_frames, num_joints, num_pairs, rng=pairs_rng)
        return cls(
            depth=depth,
            pairs=pairs,
            noise=noise,
            flip_key=int(flips_rng.integers(2**63)),
            tolerance_mm=tolerance_mm,
        )

    def visit(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw one of each frame's labelled pairs.

        Returns the pairs, (N,2) int64 joint indices, and their labels, (N,) int8. The two joints of
        a pair, and its label with them, are swapped with probability 1/2, as in the authors'
        implementation; the relative depth loss is the same either way.
        """
        num_frames, num_joints = self.depth.shape
        frames = np.arange(num_frames)
        all_pairs = joint_pairs(num_joints)
        if self.pairs is None:
            rows = rng.integers(0, len(all_pairs), size=num_frames)
        else:
            rows = self.pairs[rng.integers(0, len(self.pairs), size=num_frames), frames]
        joint_i = all_pairs[rows, 0]
        joint_j = all_pairs[rows, 1]

        depth_difference = self.depth[frames, joint_i] - self.depth[frames, joint_j]
        labels = depth_labels(depth_difference, self.tolerance_mm)
        if self.noise != 0:
            # The same number at every visit, so that a wrong label stays wrong.
            chance = fixed_uniform(self.flip_key, frames * len(all_pairs) + rows)
            is_wrong = chance < flip_probability(depth_difference, self.noise)
            labels = np.where(is_wrong, -labels, labels)

        swap = rng.random(num_frames) < 0.5
        pairs = np.stack(
            [np.where(swap, joint_j, joint_i), np.where(swap, joint_i, joint_j)], axis=1
        )
        return pairs, np.where(swap, -labels, labels)


def add_noise_2d(
    pose_2d: np.ndarray, kind: str, amount: float, *, rng: np.random.Generator
) -> np.ndarray:
    """Add noise of ``kind`` to every keypoint of pose_2d (N,K,2) in px; returns (N,K,2) float32.

    - "none", "detections": the poses themselves;
    - "normal": each coordinate moves with *variance* ``amount`` px^2, as in the paper's figure 4c;
    - "uniform_linear": each coordinate moves by a whole number of px from 0 to ``amount``;
    - "uniform_radial": each keypoint moves by ``amount`` px in a random direction.

    Raises ValueError for any other kind. The given poses stay as they are.
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
    """Set both coordinates of each keypoint to zero with ``probability``: its mean, as the inputs
    (N,K,2) are standardised. Returns new inputs of the same shape and type, or for a probability of
    0 the same ones.
    """
    if probability == 0:
        return inputs
    is_kept = rng.random(inputs.shape[:2]) >= probability
    return inputs * is_kept[..., None].astype(inputs.dtype)
