"""Keypoints of detectors by name, and how a skeleton's joints come from them; pixels, x right, y down."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, SKELETON_NAMES, Skeleton, get_skeleton

_FACE = "nose left_eye right_eye left_ear right_ear "
_COCO = _FACE + (
    "left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
    "left_hip right_hip left_knee right_knee left_ankle right_ankle "
)
_ARMS = "right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
_LEGS = "right_hip right_knee right_ankle left_hip left_knee left_ankle "
_FACE_RIGHT_FIRST = "right_eye left_eye right_ear left_ear "
_DETECTORS = {
    "coco_17": _COCO,
    "openpose_25": "nose neck " + _ARMS + "mid_hip " + _LEGS + _FACE_RIGHT_FIRST
    + "left_foot_tip left_small_toe left_heel right_foot_tip right_small_toe right_heel",
    "openpose_18": "nose neck " + _ARMS + _LEGS + _FACE_RIGHT_FIRST,
    "halpe_26": _COCO + "head neck mid_hip left_foot_tip right_foot_tip left_small_toe right_small_toe left_heel "
    "right_heel",
    "mpii_16": "right_ankle right_knee right_hip left_hip left_knee left_ankle mid_hip neck chin head "
    "right_wrist right_elbow right_shoulder left_shoulder left_elbow left_wrist",
    "mediapipe_33": "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear "
    "right_ear mouth_left mouth_right left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
    "left_pinky right_pinky left_index right_index left_thumb right_thumb left_hip right_hip left_knee right_knee "
    "left_ankle right_ankle left_heel right_heel left_foot_tip right_foot_tip",
}  # fmt: skip
LAYOUTS: dict[str, tuple[str, ...]] = {
    **{name: get_skeleton(name).joints for name in SKELETON_NAMES},
    **{name: tuple(joints.split()) for name, joints in _DETECTORS.items()},
    "human36_32": HUMAN36_JOINTS,
}

# joint -> the ways to get it, best first: weights of other joints that add up to 1. The README's table says the same.
DERIVED = {
    "mid_hip": [{"left_hip": 0.5, "right_hip": 0.5}],
    "neck": [{"left_shoulder": 0.5, "right_shoulder": 0.5}],
    "mid_spine": [{"neck": 0.5, "mid_hip": 0.5}],
    "chin": [
        {"neck": 0.5, "nose": 0.5},
        {"neck": 0.5, "left_ear": 0.25, "right_ear": 0.25},
        {"neck": 0.55, "head": 0.45},
    ],
    "head": [
        {"neck": -0.25, "left_ear": 0.625, "right_ear": 0.625},
        {"neck": -0.2, "left_eye": 0.6, "right_eye": 0.6},
        {"neck": -0.25, "nose": 1.25},
    ],
}  # fmt: skip

_FAR = 1e6


class Keypoints(NamedTuple):
    """2D poses and where they are from: poses (N,K,2) px, NaN where a joint is missing; joints: K names; frame and
    person (N,) numbers; notes: what a reader found out."""

    poses: np.ndarray
    joints: tuple[str, ...]
    frame: np.ndarray
    person: np.ndarray
    notes: tuple[str, ...] = ()


def get_layout(name: str) -> tuple[str, ...]:
    """The joints of a layout by its name, or of a json file that lists joint names. Raises InputError for others."""
    if name in LAYOUTS:
        return LAYOUTS[name]
    if not name.endswith(".json"):
        raise InputError(
            f"--layout {name}: there are {', '.join(LAYOUTS)}, or a .json file with a list of joint names"
        )
    try:
        joints = json.loads(Path(name).read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"--layout {name}: cannot be read as json ({error})") from None
    if (
        not isinstance(joints, list)
        or not all(isinstance(j, str) for j in joints)
        or len(set(joints)) != len(joints)
    ):
        raise InputError(f"--layout {name}: expected a json list of different joint names")
    return tuple(joints)


def joints_of_width(
    width: int, layout: tuple[str, ...] | None, where
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of so many joints -> (names, what was found out). Raises InputError if no layout, or several, fit."""
    if layout is not None:
        if len(layout) != width:
            raise InputError(
                f"{where}: holds {width} joints, the layout {len(layout)}; with {width}: {_fitting(width)}"
            )
        return layout, ()
    candidates = [name for name, joints in LAYOUTS.items() if len(joints) == width]
    if not candidates:
        sizes = ", ".join(f"{name} ({len(joints)})" for name, joints in LAYOUTS.items())
        raise InputError(
            f"{where}: holds {width} joints, which fits no layout; there are {sizes}; or --layout FILE.json"
        )
    if len({LAYOUTS[name] for name in candidates}) > 1:
        raise InputError(
            f"{where}: holds {width} joints without names; say which with --layout: {_fitting(width)}"
        )
    return LAYOUTS[candidates[0]], (f"{width} joints: taken for {candidates[0]}",)


def _fitting(width: int) -> str:
    return (
        ", ".join(name for name, joints in LAYOUTS.items() if len(joints) == width)
        or "none; --layout FILE.json"
    )


def underivable(joints: tuple[str, ...], skeleton: Skeleton) -> list[str]:
    """Joints of the skeleton that a layout neither has nor gives."""
    return [joint for joint in skeleton.joints if not _sources(joint, joints)]


def derived(joints: tuple[str, ...], skeleton: Skeleton) -> list[str]:
    """Joints of the skeleton that are estimated from others of a layout."""
    return [joint for joint in skeleton.joints if joint not in joints and _sources(joint, joints)]


def _sources(joint: str, joints) -> list[dict[str, float]]:
    """The ways to get a joint from those of a layout, best first."""
    own = [{joint: 1.0}] if joint in joints else []
    return own + [
        way for way in DERIVED.get(joint, []) if all(_sources(source, joints) for source in way)
    ]


def to_skeleton(poses: np.ndarray, joints: tuple[str, ...], skeleton: Skeleton) -> np.ndarray:
    """Poses (N,K,2) of a layout's joints -> (N,K',2) float32 of the skeleton's; NaN where a joint cannot be had.

    What lies further than `_FAR` px from the image's corner is no joint either.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        poses = np.array(poses, dtype=np.float32)
        poses[~(np.abs(poses) < _FAR)] = np.nan
    if joints == skeleton.joints:
        return poses
    found: dict[str, np.ndarray] = {}

    def get(joint: str) -> np.ndarray:
        if joint not in found:
            value = np.full((len(poses), 2), np.nan, dtype=np.float32)
            for way in _sources(joint, joints):
                if joint in way:
                    other = poses[:, joints.index(joint)]
                else:
                    other = sum(np.float32(weight) * get(source) for source, weight in way.items())
                value = np.where(np.isnan(value).any(axis=1, keepdims=True), other, value)
            found[joint] = value
        return found[joint]

    return np.stack([get(joint) for joint in skeleton.joints], axis=1)
