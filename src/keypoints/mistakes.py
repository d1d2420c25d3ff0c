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

# Exchanging joints that are in place makes the limbs longer. In sets of ten or more poses of people
# (1,400 of CMU's and the synthetic motion, of detectors and of photos), none of these exchanges
# makes them shorter by the shares below in more than `_MOST` of the poses. Exchanged on purpose,
# arms and legs are named in 95 % of these sets, knees and ankles in 90, elbows and wrists in 20;
# of left and right, elbows in 70 %, wrists in 60, knees in 35 and ankles in 20.
_FEWEST_FOR_EXCHANGES = 10
_EXCHANGES = {
    "arms and legs": (("shoulder", "hip"), ("elbow", "knee"), ("wrist", "ankle")),
    "elbows and knees, and wrists and ankles": (("elbow", "knee"), ("wrist", "ankle")),
    "shoulders and hips": (("shoulder", "hip"),),
    "shoulders and elbows": (("shoulder", "elbow"),),
    "elbows and wrists": (("elbow", "wrist"),),
    "elbows and knees": (("elbow", "knee"),),
    "wrists and ankles": (("wrist", "ankle"),),
    "hips and knees": (("hip", "knee"),),
    "knees and ankles": (("knee", "ankle"),),
}
_SHORTER_BY = 0.06
_SHORTER_BY_IN_A_CHAIN = 0.08  # elbows and wrists, knees and ankles lie on one line
_SHORTER_BY_LEFT_RIGHT = 0.03
_LEFT_RIGHT = ("elbow", "wrist", "knee", "ankle")

# A person is too wide or too thin if both of these say so. Wide: the shoulders over the trunk, in
# the median of upright poses, and how far arms and legs reach in x over how far in y. Thin: the
# widest shoulders over the trunk, and the same reach. None of 1,404 sets is either; of sets
# stretched in x by 16/9, 30 % are too wide, by 2, 40 %; of those stretched in y by 16/9, 8 % are
# too thin. Poses alone do not tell more.
_WIDE = (0.68, 0.9)
_THIN = (0.3, 0.25)
_FEWEST_UPRIGHT = 10
# Numbers of a confidence, those in percent included.
_LARGEST_CONFIDENCE = 100
_LARGEST_PERCENT = 100
# People are not further than this from a camera; no confidence reaches between 2 and this.
_LARGEST_METRES = 20
_MOST_IN_COLUMNS = 2000  # poses looked at

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
        is_point = _are_points(poses)
        if is_point.any():
            mistakes.append(
                f"all joints are at one point in {is_point.mean():.0%} of the poses: "
                "poses without extent cannot be lifted"
            )
            poses = poses[~is_point]
            if len(poses) == 0:
                return mistakes
        if np.nanmax(np.abs(poses)) <= 2:
            mistakes.append(
                "coordinates look like fractions of the image; "
                "--image_size W H turns them into pixels"
            )
        elif np.nanmin(poses) >= 0 and np.nanmax(poses) <= _LARGEST_PERCENT:
            mistakes.append(
                "coordinates are all from 0 to 100: percent of the image? "
                "Divided by 100, --image_size W H turns them into pixels"
            )
        disorder = _disorder(poses, skeleton)
        if disorder is not None:
            mistakes.append(disorder)
        else:
            stretch = _stretch(poses, skeleton)
            if stretch is not None:
                mistakes.append(stretch)
        if _sides_are_exchanged(poses, skeleton):
            mistakes.append(
                "left and right are exchanged at the shoulders or at the hips, but not at both"
            )
    return mistakes


def columns_in_doubt(array: np.ndarray) -> tuple[str, ...]:
    """Return a sentence if the columns of (N,K,3) do not look like x, y and confidence, else none.

    Infinite and missing numbers are passed over.
    """
    sample = np.asarray(array[:: len(array) // _MOST_IN_COLUMNS + 1])
    sample = sample[np.isfinite(sample).all(axis=2)]
    first = sample[:, 0]
    third = sample[:, 2]
    if len(sample) == 0:
        return ()
    looks_like_confidence = (first >= 0).all() and (first <= 1).all()
    if looks_like_confidence and np.percentile(third, 90) > 2:
        return (
            "the first of the three columns looks like the confidence; here it is x, y, confidence",
        )
    # Some detectors give a missing joint one negative number, such as -1; depths are many.
    num_negative = len(np.unique(third[third < 0]))
    are_metres = 2 < third.max() <= _LARGEST_METRES and np.abs(sample[:, :2]).max() < 10
    if num_negative > 1 or third.max() > _LARGEST_CONFIDENCE or are_metres:
        return (
            "the third column is taken for confidence, but looks like depth: 3D poses? "
            "Here it is 2D: x, y, confidence",
        )
    return ()


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
    exchange = _exchange(poses, skeleton)
    if exchange is not None:
        return f"{exchange} are exchanged: limbs are shorter the other way round"
    if _limbs_are_long(poses, skeleton):
        return "limbs are too long for such bodies: joints in another order (--layout)?"

    trunks = _trunks(poses, skeleton)
    if _are_level(trunks):
        return "people lie on their side: are x and y exchanged, or the pictures turned?"
    if _point_down(trunks):
        return (
            "heads are below hips: y seems to point upwards (here: down), "
            "pictures upside down, or joints in another order (--layout)"
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


def _are_points(poses: np.ndarray) -> np.ndarray:
    """Tell which poses (N,K,2) have several joints, all at one point: (N,) of bool."""
    extent = np.nanmax(poses, axis=1) - np.nanmin(poses, axis=1)
    num_joints = (~np.isnan(poses).any(axis=2)).sum(axis=1)
    return (extent == 0).all(axis=1) & (num_joints > 1)


def _exchange(poses: np.ndarray, skeleton: Skeleton) -> str | None:
    """Return which joints seem to be exchanged, or None: without them the limbs are shorter."""
    if len(poses) < _FEWEST_FOR_EXCHANGES:
        return None
    candidates = []
    for words, kinds in _EXCHANGES.items():
        pairs = []
        for a, b in kinds:
            pairs += [(f"left_{a}", f"left_{b}"), (f"right_{a}", f"right_{b}")]
        is_chain = words in ("elbows and wrists", "knees and ankles")
        candidates.append((words, pairs, _SHORTER_BY_IN_A_CHAIN if is_chain else _SHORTER_BY))
    for a, b in (("elbow", "knee"), ("wrist", "ankle"), ("knee", "ankle")):
        for side in ("left", "right"):
            words = f"{side} {a} and {side} {b}"
            candidates.append((words, [(f"{side}_{a}", f"{side}_{b}")], _SHORTER_BY_IN_A_CHAIN))
    for joint in _LEFT_RIGHT:
        pair = (f"left_{joint}", f"right_{joint}")
        candidates.append((f"left and right {joint}", [pair], _SHORTER_BY_LEFT_RIGHT))

    usual_length = _limb_sum(poses, skeleton, list(range(skeleton.num_joints)))
    shortest = usual_length.mean()
    answer = None
    for words, pairs, least in candidates:
        order = _order_after(pairs, skeleton)
        if order is None:
            continue
        length = _limb_sum(poses, skeleton, order)
        is_shorter = length < (1 - least) * usual_length
        if in_most(is_shorter) and np.nanmean(length) < shortest:
            shortest = np.nanmean(length)
            answer = words
            poses_after = poses[:, order]
    if answer is None or _limbs_are_long(poses_after, skeleton):
        return None
    return answer


def _order_after(pairs: list[tuple[str, str]], skeleton: Skeleton) -> list[int] | None:
    """Return the K joints' indices with some exchanged, or None if the skeleton lacks one."""
    order = list(range(skeleton.num_joints))
    for first, second in pairs:
        if first not in skeleton.joints or second not in skeleton.joints:
            return None
        i = skeleton.joints.index(first)
        j = skeleton.joints.index(second)
        order[i] = j
        order[j] = i
    return order


def _limb_sum(poses: np.ndarray, skeleton: Skeleton, order: list[int]) -> np.ndarray:
    """Return (N,) px, the sum of all limbs of poses (N,K,2) whose joints are taken in this order.

    Limbs of which a joint is missing, before or after, count as 0.
    """
    starts, ends = skeleton.limb_ends
    ordered = poses[:, order]
    limbs = ordered[:, list(starts)] - ordered[:, list(ends)]
    return np.nansum(np.linalg.norm(limbs, axis=2), axis=1)


def _stretch(poses: np.ndarray, skeleton: Skeleton) -> str | None:
    """Return which axis seems to be stretched, or None, from the shape of upright people."""
    sides = ("left", "right")
    parts = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
    hips = (_joint(poses, skeleton, "right_hip") + _joint(poses, skeleton, "left_hip")) / 2
    trunk = _joint(poses, skeleton, "neck") - hips
    is_upright = np.abs(trunk[:, 0]) < 0.3 * np.abs(trunk[:, 1])
    poses = poses[is_upright]
    if len(poses) < _FEWEST_UPRIGHT:
        return None
    shoulders = _joint(poses, skeleton, "left_shoulder") - _joint(poses, skeleton, "right_shoulder")
    width = np.abs(shoulders[:, 0]) / np.linalg.norm(trunk[is_upright], axis=1)
    reach = []
    for side in sides:
        for start, end in parts:
            names = (f"{side}_{start}", f"{side}_{end}")
            if set(names) <= set(skeleton.joints):
                limb = _joint(poses, skeleton, names[0]) - _joint(poses, skeleton, names[1])
                reach.append(np.abs(limb))
    # The longest but for errors of a detector; NaN without arms and legs, which says nothing.
    reach_x, reach_y = np.nanpercentile(np.concatenate([*reach, shoulders[:0]]), 98, axis=0)
    if np.nanmedian(width) > _WIDE[0] and reach_x > _WIDE[1] * reach_y:
        return "people are too wide for their height: is x stretched, or y squeezed?"
    if np.nanpercentile(width, 98) < _THIN[0] and reach_x < _THIN[1] * reach_y:
        return "people are too thin for their height: is y stretched, or x squeezed?"
    return None


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
