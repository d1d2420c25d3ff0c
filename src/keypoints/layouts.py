"""Which joints detectors report, in which order, and how a skeleton's joints are made from them."""

import numpy as np

from src.errors import InputError
from src.json_files import load_json
from src.skeletons import HUMAN36_JOINTS, SKELETON_NAMES, Skeleton, get_skeleton

# A layout is the names of a detector's joints in the order of its files. Joints that two layouts
# share have one name in both, so that nothing is ever matched by position.

COCO_17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip

# OpenPose's BODY_25 and, of its older models, COCO-18.
OPENPOSE_25 = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
    "left_foot_tip", "left_small_toe", "left_heel",
    "right_foot_tip", "right_small_toe", "right_heel",
)  # fmt: skip

OPENPOSE_18 = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip

# AlphaPose's model of 26 joints: COCO's 17, and nine more.
HALPE_26 = COCO_17 + (
    "head", "neck", "mid_hip",
    "left_foot_tip", "right_foot_tip", "left_small_toe", "right_small_toe",
    "left_heel", "right_heel",
)  # fmt: skip

MPII_16 = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle",
    "mid_hip", "neck", "chin", "head",
    "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist",
)  # fmt: skip

MEDIAPIPE_33 = (
    "nose",
    "left_eye_inner", "left_eye", "left_eye_outer",
    "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_tip", "right_foot_tip",
)  # fmt: skip

_SKELETON_LAYOUTS = {name: get_skeleton(name).joints for name in SKELETON_NAMES}
_DETECTOR_LAYOUTS = {
    "coco_17": COCO_17,
    "openpose_25": OPENPOSE_25,
    "openpose_18": OPENPOSE_18,
    "halpe_26": HALPE_26,
    "mpii_16": MPII_16,
    "mediapipe_33": MEDIAPIPE_33,
    "human36_32": HUMAN36_JOINTS,
}
LAYOUTS: dict[str, tuple[str, ...]] = _SKELETON_LAYOUTS | _DETECTOR_LAYOUTS

# How joints that a detector does not report are estimated: for each, the ways to do it, best first.
# A way is a weighted sum of other joints; its weights add up to 1, so that it does not depend on
# where the image's corner is. Every joint stands after those it is made from: one pass from top to
# bottom suffices. The table in docs/keypoints.md says the same.
DERIVED = {
    "mid_hip": [
        {"left_hip": 0.5, "right_hip": 0.5},
    ],
    "neck": [
        {"left_shoulder": 0.5, "right_shoulder": 0.5},
    ],
    "mid_spine": [
        {"neck": 0.5, "mid_hip": 0.5},
    ],
    "head": [  # its top: beyond the ears, eyes or nose, on the line from the neck to them
        {"neck": -0.25, "left_ear": 0.625, "right_ear": 0.625},
        {"neck": -0.2, "left_eye": 0.6, "right_eye": 0.6},
        {"neck": -0.25, "nose": 1.25},
    ],
    "chin": [
        {"neck": 0.5, "nose": 0.5},
        {"neck": 0.5, "left_ear": 0.25, "right_ear": 0.25},
        {"neck": 0.55, "head": 0.45},
    ],
}

# Coordinates that are further from the image's corner, infinite ones included, are no pixels.
_LARGEST_PX = 1e6


def get_layout(name: str) -> tuple[str, ...]:
    """Return the joint names of a layout.

    ``name`` is a key of `LAYOUTS` or the path of a json file with a list of joint names. Raises
    InputError if it is neither.
    """
    if name in LAYOUTS:
        return LAYOUTS[name]
    if not name.endswith(".json"):
        raise InputError(
            f"--layout {name}: there are {', '.join(LAYOUTS)}, "
            "or a .json file with a list of joint names"
        )
    try:
        joints = load_json(name)
    except (OSError, ValueError) as error:
        raise InputError(f"--layout {name}: cannot be read as json ({error})") from None
    is_list_of_names = isinstance(joints, list) and all(isinstance(j, str) for j in joints)
    if not is_list_of_names or len(set(joints)) != len(joints):
        raise InputError(f"--layout {name}: expected a json list of different joint names")
    return tuple(joints)


def layouts_with(num_joints: int) -> list[str]:
    """Return the names of all layouts with so many joints."""
    return [name for name, joints in LAYOUTS.items() if len(joints) == num_joints]


def only_layout_with(num_joints: int, source_name) -> str:
    """Return the name of the one layout that has so many joints.

    Raises InputError, which begins with ``source_name``, if there is none, or if there are several
    that differ.
    """
    candidates = layouts_with(num_joints)
    if not candidates:
        sizes = ", ".join(f"{name} ({len(joints)})" for name, joints in LAYOUTS.items())
        raise InputError(
            f"{source_name}: holds {num_joints} joints, which fits no layout; "
            f"there are {sizes}; or --layout FILE.json"
        )
    # Two names for the same joints, as human36_14k and lsp_14k, leave no doubt.
    if len({LAYOUTS[name] for name in candidates}) > 1:
        raise InputError(
            f"{source_name}: holds {num_joints} joints without names; "
            f"say which with --layout: {', '.join(candidates)}"
        )
    return candidates[0]


def check_layout_size(layout: tuple[str, ...], num_joints: int, source_name):
    """Raise InputError if a layout has another number of joints.

    The message begins with ``source_name`` and names the layouts that would fit.
    """
    if len(layout) != num_joints:
        fitting = "none; --layout FILE.json"
        if layouts_with(num_joints):
            fitting = ", ".join(layouts_with(num_joints))
        raise InputError(
            f"{source_name}: holds {num_joints} joints, the layout {len(layout)}; "
            f"with {num_joints}: {fitting}"
        )


def derived_joints(joints: tuple[str, ...], skeleton: Skeleton) -> list[str]:
    """Return the skeleton's joints that a layout lacks, but that its others give an estimate of."""
    available = _available_joints(joints)
    return [joint for joint in skeleton.joints if joint in available and joint not in joints]


def underivable_joints(joints: tuple[str, ...], skeleton: Skeleton) -> list[str]:
    """Return the skeleton's joints that a layout lacks and that cannot be estimated either."""
    available = _available_joints(joints)
    return [joint for joint in skeleton.joints if joint not in available]


def _available_joints(joints: tuple[str, ...]) -> set[str]:
    """Return the joints of a layout together with all that can be estimated from them."""
    available = set(joints)
    for joint, ways in DERIVED.items():
        if any(available.issuperset(weights) for weights in ways):
            available.add(joint)
    return available


def to_skeleton(poses: np.ndarray, joints: tuple[str, ...], skeleton: Skeleton) -> np.ndarray:
    """Return poses of a layout as poses of a skeleton, joint by joint by name.

    A joint that a pose lacks, or the whole layout, is estimated in the first way of `DERIVED` whose
    joints are there. Coordinates too large for pixels, infinity among them, count as missing.

    Args:
        poses: (N,K,2) px, NaN where a joint is missing.
        joints: the names of the K joints.
        skeleton: whose K' joints are wanted.

    Returns:
        (N,K',2) px, float32, in the order of ``skeleton.joints``, NaN where a joint is missing and
        cannot be estimated.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        poses = np.array(poses, dtype=np.float32)
        is_pixel = np.abs(poses) < _LARGEST_PX  # False for NaN, too
        poses[~is_pixel] = np.nan
    if joints == skeleton.joints:
        return poses

    coordinates = {joint: poses[:, joints.index(joint)] for joint in joints}
    for joint, ways in DERIVED.items():
        for weights in ways:
            # A layout may have the joints of several ways, and a pose lack some of the first one's:
            # each way fills the poses that the better ones before it left open.
            if coordinates.keys() >= weights.keys():
                estimate = _estimate(coordinates, weights)
                if joint in coordinates:
                    estimate = _fill_missing(coordinates[joint], estimate)
                coordinates[joint] = estimate

    unknown = np.full((len(poses), 2), np.nan, dtype=np.float32)
    return np.stack([coordinates.get(joint, unknown) for joint in skeleton.joints], axis=1)


def _estimate(coordinates: dict[str, np.ndarray], weights: dict[str, float]) -> np.ndarray:
    """Estimate a joint (N,2) as a weighted sum of others, NaN where a pose lacks one of them.

    coordinates: {joint: (N,2) px}. weights: a way of `DERIVED`.
    """
    estimate = np.float32(0)
    for joint, weight in weights.items():
        estimate = estimate + np.float32(weight) * coordinates[joint]
    return estimate


def _fill_missing(detected: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Keep a joint (N,2) where it is known, and take the estimate (N,2) where it is NaN."""
    is_missing = np.isnan(detected).any(axis=1, keepdims=True)
    return np.where(is_missing, estimate, detected)
