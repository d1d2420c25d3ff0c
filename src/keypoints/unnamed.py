"""Which joints an array holds that does not name them."""

import warnings

import numpy as np

from src.keypoints.layouts import (
    COCO_17,
    DERIVED,
    LAYOUTS,
    layouts_with,
    only_layout_with,
    to_skeleton,
)
from src.keypoints.mistakes import in_most, joints_seem_disordered, spread
from src.skeletons import Skeleton, get_skeleton

# Poses looked at, evenly chosen: more would change nothing.
_MOST_CHECKED = 2000
# How far, over the spread of the pose's joints, a joint may be from where `DERIVED` estimates it
# from others. In 99.8 of 100 poses of CMU's motion no joint of human36_17k is further away; taken
# for that skeleton, one of COCO's is in all of 24,000 poses but one, and one of MPII's taken for
# shg_16k in 999 of 1,000.
_FARTHEST = 0.3
# Limbs are compared between the joints that nearly all layouts have or give an estimate of.
_COMMON_SKELETON = "human36_14k"


# Orders of programs that have as many joints as a layout of ours, by their name: COCO's joints with
# the neck after them, and Microsoft's Kinect 2 (and so NTU RGB+D).
_LOOKALIKES = {
    "COCO's joints and the neck": COCO_17 + ("neck",),
    "Kinect's joints": (
        "mid_hip", "mid_spine", "chin", "head",
        "left_shoulder", "left_elbow", "left_wrist", "left_palm",
        "right_shoulder", "right_elbow", "right_wrist", "right_palm",
        "left_hip", "left_knee", "left_ankle", "left_foot_tip",
        "right_hip", "right_knee", "right_ankle", "right_foot_tip",
        "neck", "left_hand_tip", "left_thumb", "right_hand_tip", "right_thumb",
    ),
}  # fmt: skip
# Mean limb length in the other order over that in the one that was taken. OpenPose's own poses have
# 1.5 and more, COCO's with neck 0.85 to 1.1.
_SHORTER = 1.2


def lookalike_doubt(poses: np.ndarray, joints: tuple[str, ...]) -> str | None:
    """Return a sentence if poses look like another program's of as many joints, or None.

    poses: (N,K,2) px, NaN where a joint is missing, taken for these K joints. The other order must
    have the joints in place that can be estimated, such as the neck, and the order that was taken
    must not, or have long limbs. So it is for nine of ten people of COCO's and BODY_25B's with
    neck and for all of the motion in Kinect's order, but for none of OpenPose's.
    """
    for name, other_joints in _LOOKALIKES.items():
        if len(other_joints) != len(joints) or not _estimates_agree(poses, other_joints):
            continue
        with warnings.catch_warnings(action="ignore"):  # numpy's, of poses without any limb
            length = _mean_limb_length(poses, joints)
            other_length = _mean_limb_length(poses, other_joints)
        if other_length < _SHORTER * length or not _estimates_agree(poses, joints):
            return (
                f"looks like {name}, in another order: give a --layout FILE.json with their names"
            )
    return None


def name_joints(
    poses: np.ndarray, skeleton: Skeleton | None, source_name
) -> tuple[tuple[str, ...], str]:
    """Return the names of the joints of poses without names, and a sentence that says so.

    poses: (N,K,2) px, NaN where a joint is missing. skeleton: the checkpoint's, or None. Poses with
    as many joints as the skeleton are taken for its own, in its order, if they look like it; all
    others for those of the only layout with so many joints. Raises InputError, which begins with
    ``source_name``, if there is no such layout or if there are several.
    """
    num_joints = poses.shape[1]
    if skeleton is not None and skeleton.num_joints == num_joints and _look_like(poses, skeleton):
        # Backwards, as the detectors' layouts come last in the table and are the likelier ones.
        others = [name for name in layouts_with(num_joints) if LAYOUTS[name] != skeleton.joints]
        others = others[::-1] if others else ["FILE.json"]
        note = (
            f"{num_joints} joints without names: taken for {skeleton.name}, the checkpoint's own; "
            f"--layout {others[0]}"
        )
        if len(others) > 1:
            note += f" (or {', '.join(others[1:])})"
        return skeleton.joints, f"{note} says otherwise"

    layout_name = only_layout_with(num_joints, source_name)
    return LAYOUTS[layout_name], f"{num_joints} joints: taken for {layout_name}"


def _look_like(poses: np.ndarray, skeleton: Skeleton) -> bool:
    """Tell whether poses (N,K,2) px look as if their K joints were the skeleton's, in its order.

    They do if nothing that `src.keypoints.mistakes` knows speaks of another order, if the joints
    that can be estimated from others are where they are expected, and if no other layout that
    passes this test, too, makes the limbs shorter.
    """
    step = max(len(poses) // _MOST_CHECKED, 1)
    # This also turns numbers that are no pixels into NaN.
    poses = to_skeleton(poses[::step], skeleton.joints, skeleton)
    if joints_seem_disordered(poses, skeleton) or not _estimates_agree(poses, skeleton.joints):
        return False
    limb_length = _mean_limb_length(poses, skeleton.joints)
    for name in layouts_with(skeleton.num_joints):
        joints = LAYOUTS[name]
        if joints == skeleton.joints or not _estimates_agree(poses, joints):
            continue
        if _mean_limb_length(poses, joints) < limb_length:
            return False
    return True


def _estimates_agree(poses: np.ndarray, joints: tuple[str, ...]) -> bool:
    """Tell whether joints are, in most poses, near the places that others give an estimate of.

    The middle of the hips is the middle of the hips in every view, and so on: in another order,
    some joint is somewhere else. poses: (N,K,2) px, taken for these K joints. Of a layout in which
    no joint can be estimated from others, this is always so.
    """
    distances = _distances_from_estimates(poses, joints)
    if not distances:
        return True
    with warnings.catch_warnings(action="ignore"):  # numpy's, of poses without these joints
        farthest = np.nanmax(np.stack(distances), axis=0) / spread(poses)
    farthest = farthest[~np.isnan(farthest)]
    return in_most(farthest < _FARTHEST)


def _distances_from_estimates(poses: np.ndarray, joints: tuple[str, ...]) -> list[np.ndarray]:
    """Return (N,) px for every joint that others give an estimate of: how far it is from there.

    poses: (N,K,2) px, taken for these K joints. The estimates are those of `DERIVED`.
    """
    distances = []
    for joint, ways in DERIVED.items():
        possible_ways = [weights for weights in ways if set(joints).issuperset(weights)]
        if joint not in joints or not possible_ways:
            continue
        estimate = np.zeros((len(poses), 2))
        for source, weight in possible_ways[0].items():
            estimate += weight * poses[:, joints.index(source)]
        offset = poses[:, joints.index(joint)] - estimate
        distances.append(np.linalg.norm(offset, axis=1))
    return distances


def _mean_limb_length(poses: np.ndarray, joints: tuple[str, ...]) -> float:
    """Return the mean length of common limbs over the spread of each pose's joints.

    poses: (N,K,2) px, taken for these K joints. NaN if they give none of the limbs.
    """
    common_skeleton = get_skeleton(_COMMON_SKELETON)
    common_poses = to_skeleton(poses, joints, common_skeleton)
    starts, ends = common_skeleton.limb_ends
    limbs = common_poses[:, list(starts)] - common_poses[:, list(ends)]
    with warnings.catch_warnings(action="ignore"):  # numpy's, of poses without any limb
        lengths = np.nanmean(np.linalg.norm(limbs, axis=2), axis=1)
        return float(np.nanmean(lengths / spread(poses)))
