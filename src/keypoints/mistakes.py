"""Likely mistakes in 2D keypoints, named before anyone wonders about the 3D poses."""

import warnings

import numpy as np

from src.skeletons import Skeleton

# A mistake in a file is in all of its poses; what a single person might do is none. So a pattern
# counts as a mistake if it shows in more than this share of the poses.
_MOST = 0.7
# Mean limb length over the spread of the joints: 0.5 to 0.65 in most poses of people, at most 0.9
# in 99 of 100; 1 to 1.5 if joints are shuffled.
_LONG_LIMBS = 0.9
# Spread of x and y, taken from x0, y0, x1, y1, ..., over that of the halves of the same numbers.
_MIXED_COORDINATES = 0.85
# Left and right are compared only where they are this far apart in x, over the spread of the
# joints, and only in so many poses: seen from the side, or twisting, anybody's may cross.
_WIDE_SHOULDERS = 0.3
_WIDE_HIPS = 0.15
_FEWEST_WIDE = 10

_NEEDED = {"neck", "right_hip", "left_hip", "right_shoulder", "left_shoulder"}


def likely_mistakes(poses: np.ndarray, skeleton: Skeleton) -> list[str]:
    """Return a sentence for everything that looks wrong with poses (N,K,2) px of a skeleton.

    y points down and missing joints are NaN. Without the joints of a person's trunk in the
    skeleton, or without any pose that has its root, nothing can be said, and the list is empty.
    """
    if not _NEEDED.issubset(skeleton.joints):
        return []
    poses = poses[~np.isnan(poses[:, skeleton.root]).any(axis=1)]
    if len(poses) == 0:
        return []
    mistakes = []
    with warnings.catch_warnings(action="ignore"):  # numpy's, of poses with their root alone
        if np.nanmax(np.abs(poses)) <= 2:
            mistakes.append(
                "coordinates look like fractions of the image; "
                "--image_size W H turns them into pixels"
            )
        disorder = _disorder(poses, skeleton)
        if disorder is not None:
            mistakes.append(disorder)
        if _sides_are_exchanged(poses, skeleton):
            mistakes.append(
                "left and right are exchanged at the shoulders or at the hips, but not at both"
            )
    return mistakes


def joints_seem_disordered(poses: np.ndarray, skeleton: Skeleton) -> bool:
    """Tell whether poses (N,K,2) px look as if their joints came in another order.

    Of the mistakes that `likely_mistakes` names, these may come from the order of the joints: limbs
    that are too long, heads below hips, and left and right exchanged at the shoulders or at the
    hips alone. Fractions of the image and exchanged coordinates do not. Without the joints of a
    person's trunk in the skeleton, only its limbs are looked at.
    """
    with warnings.catch_warnings(action="ignore"):  # numpy's, of poses without any joint
        if _limbs_are_long(poses, skeleton):
            return True
        if not _NEEDED.issubset(skeleton.joints):
            return False
        trunks = _trunks(poses, skeleton)
        heads_are_low = _point_down(trunks) and not _are_level(trunks)
        return heads_are_low or _sides_are_exchanged(poses, skeleton)


def _disorder(poses: np.ndarray, skeleton: Skeleton) -> str | None:
    """Return what looks wrong with the order of coordinates or joints, or None.

    The checks go from the grossest mistake to the least: each also shows signs of those after it.
    """
    if _coordinates_come_in_blocks(poses):
        return (
            "coordinates seem to come as x0, x1, ..., y0, y1, ...; here it is x0, y0, x1, y1, ..."
        )
    if _limbs_are_long(poses, skeleton):
        return "limbs are too long for such bodies: joints in another order (--layout)?"

    trunks = _trunks(poses, skeleton)
    if _are_level(trunks):
        return "people lie on their side: are x and y exchanged, or the pictures turned?"
    if _point_down(trunks):
        return (
            "heads are below hips: y seems to point upwards (here: down), "
            "or joints in another order (--layout)"
        )
    return None


def _coordinates_come_in_blocks(poses: np.ndarray) -> bool:
    """Tell whether a pose's numbers are x0, x1, ..., y0, y1, ... rather than x and y in turn.

    If so, either half of them (all x, or all y) varies less than every other number does, where x
    and y are mixed. This shows unless the person stands where x and y are about the same.
    """
    num_joints = poses.shape[1]
    numbers = poses.reshape(len(poses), 2 * num_joints)
    spread_of_halves = numbers[:, :num_joints].std(axis=1) + numbers[:, num_joints:].std(axis=1)
    spread_in_turn = numbers[:, ::2].std(axis=1) + numbers[:, 1::2].std(axis=1)
    return in_most(spread_of_halves < _MIXED_COORDINATES * spread_in_turn)


def _limbs_are_long(poses: np.ndarray, skeleton: Skeleton) -> bool:
    starts, ends = skeleton.limb_ends
    limbs = poses[:, list(starts)] - poses[:, list(ends)]
    mean_lengths = np.nanmean(np.linalg.norm(limbs, axis=2), axis=1)
    return in_most(mean_lengths > _LONG_LIMBS * spread(poses))


def _trunks(poses: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Return (M,2) px, from the middle of the hips to the neck, of the poses that have them."""
    hips = (_joint(poses, skeleton, "right_hip") + _joint(poses, skeleton, "left_hip")) / 2
    trunks = _joint(poses, skeleton, "neck") - hips
    return trunks[~np.isnan(trunks).any(axis=1)]


def _are_level(trunks: np.ndarray) -> bool:
    return in_most(np.abs(trunks[:, 0]) > 2 * np.abs(trunks[:, 1]))


def _point_down(trunks: np.ndarray) -> bool:
    return in_most(trunks[:, 1] > 0)


def _sides_are_exchanged(poses: np.ndarray, skeleton: Skeleton) -> bool:
    """Tell whether left and right are exchanged at the shoulders or at the hips alone.

    If they are at both, the person looks like one seen from behind: that cannot be noticed.
    """
    left_shoulder = _joint(poses, skeleton, "left_shoulder")
    right_shoulder = _joint(poses, skeleton, "right_shoulder")
    left_hip = _joint(poses, skeleton, "left_hip")
    right_hip = _joint(poses, skeleton, "right_hip")
    shoulders_px = left_shoulder[:, 0] - right_shoulder[:, 0]
    hips_px = left_hip[:, 0] - right_hip[:, 0]

    spread_px = spread(poses)
    has_wide_shoulders = np.abs(shoulders_px) > _WIDE_SHOULDERS * spread_px
    has_wide_hips = np.abs(hips_px) > _WIDE_HIPS * spread_px
    is_wide = has_wide_shoulders & has_wide_hips
    if is_wide.sum() < _FEWEST_WIDE:
        return False
    return in_most(shoulders_px[is_wide] * hips_px[is_wide] < 0)


def _joint(poses: np.ndarray, skeleton: Skeleton, name: str) -> np.ndarray:
    """Return (N,2), a joint of all poses."""
    return poses[:, skeleton.joints.index(name)]


def spread(poses: np.ndarray) -> np.ndarray:
    """Return (N,) px, the standard deviation of each pose's joints from their mean."""
    return np.linalg.norm(np.nanstd(poses, axis=1), axis=1)


def in_most(is_so: np.ndarray) -> bool:
    """Tell whether something is so in more than 70 % of the poses, from a flag (N,) for each."""
    return len(is_so) > 0 and bool(is_so.mean() > _MOST)
