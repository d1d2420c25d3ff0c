"""Likely mistakes in 2D keypoints, named before anyone wonders about the 3D poses."""

import warnings

import numpy as np

from src.skeletons import Skeleton

_MOST = 0.7  # of the poses: what a single person might do is no mistake
# Mean limb over the spread of the joints: 0.5 to 0.65 in motion, at most 0.9 in 99 of 100 poses; 1 to 1.5 if shuffled.
_LONG = 0.9


def _most(values: np.ndarray) -> bool:
    return len(values) > 0 and values.mean() > _MOST


def likely_mistakes(poses: np.ndarray, skeleton: Skeleton) -> list[str]:
    """What looks wrong with poses (N,K,2) px, NaN where missing, of the skeleton -> a sentence for each."""
    if not {"neck", "right_hip", "left_hip", "right_shoulder", "left_shoulder"} <= set(
        skeleton.joints
    ):
        return []  # no person's skeleton
    poses = poses[~np.isnan(poses[:, skeleton.root]).any(axis=1)]
    if len(poses) == 0:
        return []
    at = {name: poses[:, i] for i, name in enumerate(skeleton.joints)}
    found = []
    with warnings.catch_warnings(action="ignore"):  # of numpy, of poses without any joint
        if np.nanmax(np.abs(poses)) <= 2:
            found.append(
                "coordinates look like fractions of the image; --image_size W H turns them into pixels"
            )
        trunk = at["neck"] - (at["right_hip"] + at["left_hip"]) / 2
        known = ~np.isnan(trunk).any(axis=1)
        lying = np.abs(trunk[known, 0]) > 2 * np.abs(trunk[known, 1])
        starts, ends = (list(joints) for joints in skeleton.limb_ends)
        limbs = np.nanmean(np.linalg.norm(poses[:, starts] - poses[:, ends], axis=2), axis=1)
        size = np.linalg.norm(np.nanstd(poses, axis=1), axis=1)
        flat, half = poses.reshape(len(poses), -1), poses.shape[1]
        in_blocks = flat[:, :half].std(axis=1) + flat[:, half:].std(axis=1)
        if _most(in_blocks < 0.85 * (flat[:, ::2].std(axis=1) + flat[:, 1::2].std(axis=1))):
            found.append(
                "coordinates seem to come as x0, x1, ..., y0, y1, ...; here it is x0, y0, x1, y1, ..."
            )
        elif _most(limbs > _LONG * size):
            found.append("limbs are too long for such bodies: joints in another order (--layout)?")
        elif _most(lying):
            found.append("people lie on their side: are x and y exchanged, or the pictures turned?")
        elif _most(trunk[known, 1] > 0):
            upwards = "y seems to point upwards (here: down)"
            found.append(f"heads are below hips: {upwards}, or joints in another order (--layout)")
        across = {
            part: at[f"left_{part}"][:, 0] - at[f"right_{part}"][:, 0]
            for part in ("shoulder", "hip")
        }
        wide = (np.abs(across["shoulder"]) > 0.3 * size) & (np.abs(across["hip"]) > 0.15 * size)
        if wide.sum() >= 10 and _most(
            across["shoulder"][wide] * across["hip"][wide] < 0
        ):  # one person may well twist
            found.append(
                "left and right are exchanged at the shoulders or at the hips, but not at both"
            )
    return found
