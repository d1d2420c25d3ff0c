"""Clips of motion capture: a BVH file -> poses of Human3.6M's joints, cleaned and stood on the floor."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from src.data.mocap import people as bvh_people
from src.data.mocap.bvh import read_bvh
from src.data.views import check_values
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS

_FASTEST = (
    12_000  # mm/s of a joint relative to the hips: what is faster is a jump in the data, not a move
)
_SHORTEST = 0.25  # s: what lies between jumps and is shorter is left out
_ROOM = 1000  # mm: so far from the middle of the rig may hips go
UP = {"+x": (0, 1), "-x": (0, -1), "+y": (1, 1), "-y": (1, -1), "+z": (2, 1), "-z": (2, -1)}


class Clip(NamedTuple):
    """What a BVH file says: poses (F,32,3) mm, in the file's axes; fps; said: how it was understood."""

    path: Path
    poses: np.ndarray
    fps: float
    convention: str
    unit: str
    notes: tuple[str, ...]


def read_clip(
    path: Path, *, fps: float, joints: dict | None = None, unit_mm: float | None = None
) -> Clip:
    """Read a file, with at most ``fps`` frames a second; a leading T-pose and jumps in the data are left out."""
    bvh = read_bvh(path)
    convention, found = bvh_people.understand(bvh, path, joints)
    restored = bvh_people.restore_lost_bones(bvh, found)
    unit, mm = (
        bvh_people.unit_of(bvh, found, path) if unit_mm is None else (f"{unit_mm:g} mm", unit_mm)
    )
    step = int(np.ceil(1 / bvh.frame_time / fps - 1e-3))
    poses = bvh_people.places(bvh, found, bvh.motion[:: max(step, 1)]) * mm
    check_values(poses, path)
    bvh_people.check_sides(poses, path)
    rate = 1 / bvh.frame_time / max(step, 1)
    kept = _without_jumps(poses, rate, first=_leading_t_pose(poses))
    notes = list(bvh.notes)
    if restored:
        notes.append(f"{path}: the bone from the spine to {', '.join(restored)} is lost; put back")
    if kept.sum() < len(poses) - 5:
        notes.append(
            f"{path}: {len(poses) - kept.sum()} of {len(poses)} frames left out: T-pose, or faster than people"
        )
    if not kept.any():
        raise InputError(
            f"{path}: holds no motion: {len(poses)} frames, all T-pose or jumps; leave it out"
        )
    return Clip(path, poses[kept], rate, convention, unit, tuple(notes))


def _joint(poses: np.ndarray, name: str) -> np.ndarray:
    return poses[:, HUMAN36_JOINTS.index(name)]


def _leading_t_pose(poses: np.ndarray) -> int:
    """How many frames at the start have both arms straight along the line of the shoulders."""
    line = _joint(poses, "left_shoulder") - _joint(poses, "right_shoulder")
    level = np.ones(len(poses), dtype=bool)
    for side, sign in (("left", 1), ("right", -1)):
        arm = sign * (_joint(poses, f"{side}_wrist") - _joint(poses, f"{side}_shoulder"))
        cosine = (arm * line).sum(axis=1) / np.maximum(
            np.linalg.norm(arm, axis=1) * np.linalg.norm(line, axis=1), 1e-9
        )
        level &= cosine > np.cos(np.radians(25))
    return len(poses) if level.all() else int(level.argmin())


def _without_jumps(poses: np.ndarray, fps: float, *, first: int) -> np.ndarray:
    """(F,) which frames to keep: from ``first`` on, those in a stretch between jumps that isn't too short."""
    relative = poses - poses[:, :1]
    relative[:, 0] = poses[:, 0]  # the hips' own way
    moved = np.linalg.norm(np.diff(relative, axis=0), axis=-1).max(axis=1, initial=0) * fps
    stretch = np.concatenate([[0], np.cumsum(moved > _FASTEST)])
    keep = np.arange(len(poses)) >= first
    return keep & (np.bincount(stretch, weights=keep)[stretch] >= _SHORTEST * fps)


def find_up(clips: list[Clip]) -> str:
    """The axis along which most clips have the head over the feet."""
    votes = []
    for clip in clips:
        feet = (_joint(clip.poses, "left_ankle") + _joint(clip.poses, "right_ankle")) / 2
        upright = (_joint(clip.poses, "head") - feet).mean(axis=0)
        axis = int(np.abs(upright).argmax())
        votes.append(f"{'-' if upright[axis] < 0 else '+'}{'xyz'[axis]}")
    return max(sorted(set(votes)), key=votes.count)


def stand_up(poses: np.ndarray, up: str, heading: float) -> np.ndarray:
    """Poses (F,32,3) -> the same with z up, turned about it by ``heading`` radians, on the floor, kept in view.

    The floor is where the lowest joint is in all but the lowest hundredth of the frames. Hips are kept within a metre
    of the middle: who walks further walks on the spot, in part.
    """
    axis, sign = UP[up]
    turn = np.zeros((3, 3))
    turn[2, axis], turn[0, (axis + 1) % 3 if sign > 0 else (axis + 2) % 3] = sign, 1
    turn[1] = np.cross(turn[2], turn[0])
    cosine, sine = np.cos(heading), np.sin(heading)
    world = poses @ turn.T @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    world[..., 2] -= np.percentile(world[..., 2].min(axis=1), 1)
    hips = world[:, 0, :2]
    world[..., :2] -= (hips.min(axis=0) + hips.max(axis=0)) / 2
    path = gaussian_filter1d(world[:, 0, :2], 10, axis=0, mode="nearest")
    world[..., :2] -= (path * max(0, 1 - _ROOM / max(np.linalg.norm(path, axis=1).max(), 1e-9)))[
        :, None
    ]
    return world
