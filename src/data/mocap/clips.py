"""Clips of motion capture: from a BVH file to poses of Human3.6M's joints, cleaned and stood up."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from src.data.mocap.body import find_unit, human36_poses, restore_lost_bone
from src.data.mocap.bones import check_sides
from src.data.mocap.bvh import read_bvh
from src.data.mocap.joint_names import match_joints
from src.data.views import check_values
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS

# What moves faster, relative to the hips, is a jump in the data: a fist reaches some 10,000 mm/s.
_FASTEST_MM_PER_S = 12_000
# What lies between two jumps and is shorter than this is left out: it is likely to be damaged, too.
_SHORTEST_STRETCH_S = 0.25
# So many frames may be left out of a clip before the user is told.
_UNMENTIONED_FRAMES = 5
# Arms within this angle of the line of the shoulders belong to a T-pose.
_T_POSE_DEGREES = 25
# This far from the middle of the four cameras may hips go and still be in view.
_ROOM_MM = 1000
# Frames over which the path of the hips is smoothed before it is shortened.
_PATH_SIGMA_FRAMES = 10

# By the axis of a file that points up: which of its axes become x, y and z, where z points up.
# All of these are rotations, none mirrors.
_AXES_WHEN_UP = {
    "+x": ("+y", "+z", "+x"),
    "-x": ("+z", "+y", "-x"),
    "+y": ("+z", "+x", "+y"),
    "-y": ("+x", "+z", "-y"),
    "+z": ("+x", "+y", "+z"),
    "-z": ("+y", "+x", "-z"),
}
UP_CHOICES = tuple(_AXES_WHEN_UP)


@dataclass(frozen=True, eq=False)
class Clip:
    """The motion in a BVH file, and how the file was understood.

    Attributes:
        path: of the file.
        poses: (F,32,3) mm, in the file's axes.
        fps: frames a second.
        convention: whose names the joints have; see `match_joints`.
        unit: the name of the file's unit.
        notes: what the user should know of the file, a line each without its name.
    """

    path: Path
    poses: np.ndarray
    fps: float
    convention: str
    unit: str
    notes: tuple[str, ...]


def read_clip(
    path: Path,
    *,
    fps: float,
    joint_map: dict | None = None,
    unit_mm: float | None = None,
) -> Clip:
    """Read a BVH file, without a T-pose at its start and without jumps in the data.

    Args:
        path: of the file.
        fps: keep at most so many frames a second: every second, third, ... frame of a faster file.
        joint_map: a `read_map` that explains the joints; None knows them by `CONVENTIONS`.
        unit_mm: the file's unit in mm; None finds it from the length of the legs.

    Raises:
        InputError: if the file can't be read or understood, or if nothing of it is left.
    """
    bvh = read_bvh(path)
    convention, places = match_joints(bvh, path, joint_map)
    bvh, restored_nodes = restore_lost_bone(bvh, places)
    if unit_mm is None:
        unit, unit_mm = find_unit(bvh, places, path)
    else:
        unit = f"{unit_mm:g} mm"
    step = _frame_step(bvh.frame_time, fps)
    kept_fps = 1 / bvh.frame_time / step
    poses = human36_poses(bvh, places, bvh.motion[::step]) * unit_mm
    check_values(poses, path)
    check_sides(poses, path)
    is_kept = _between_jumps(poses, kept_fps, first=_leading_t_pose(poses))
    left_out = len(poses) - is_kept.sum()
    if left_out == len(poses):
        raise InputError(
            f"{path}: holds no motion: {len(poses)} frames, all T-pose or jumps; leave it out"
        )
    notes = list(bvh.notes)
    if restored_nodes:
        names = ", ".join(restored_nodes)
        notes.append(f"the bone from the spine to {names} is lost; put back")
    if left_out > _UNMENTIONED_FRAMES:
        notes.append(f"{left_out} of {len(poses)} frames left out: T-pose, or faster than people")
    return Clip(
        path=path,
        poses=poses[is_kept],
        fps=kept_fps,
        convention=convention,
        unit=unit,
        notes=tuple(notes),
    )


def _frame_step(frame_time: float, fps: float) -> int:
    """Return the smallest n so that every nth frame makes at most ``fps`` frames a second.

    Files round their frame time (120 frames a second are 0.0083333): hence the small allowance,
    without which 60 frames a second would be 40.
    """
    step = int(np.ceil(1 / frame_time / fps - 1e-3))
    return max(step, 1)


def _joint(poses: np.ndarray, name: str) -> np.ndarray:
    """Return one joint (F,3) of poses (F,32,3)."""
    return poses[:, HUMAN36_JOINTS.index(name)]


def _leading_t_pose(poses: np.ndarray) -> int:
    """Count the frames at the start in which both arms are stretched out sideways.

    Many files begin with such a T-pose, in which most channels are zero: it is put there by
    programs so that others can fit a body to the skeleton. Nobody moved like this.
    """
    shoulder_line = _joint(poses, "left_shoulder") - _joint(poses, "right_shoulder")
    is_t_pose = np.ones(len(poses), dtype=bool)
    for side, sign in (("left", 1), ("right", -1)):
        arm = sign * (_joint(poses, f"{side}_wrist") - _joint(poses, f"{side}_shoulder"))
        lengths = np.linalg.norm(arm, axis=1) * np.linalg.norm(shoulder_line, axis=1)
        cosine = (arm * shoulder_line).sum(axis=1) / np.maximum(lengths, 1e-9)
        is_t_pose &= cosine > np.cos(np.radians(_T_POSE_DEGREES))
    if is_t_pose.all():
        return len(poses)
    return int(is_t_pose.argmin())  # the first that is none


def _between_jumps(poses: np.ndarray, fps: float, *, first: int) -> np.ndarray:
    """Return which frames to keep, (F,): those in stretches between jumps that are long enough.

    Markers that were lost or exchanged during the capture make a limb jump from one frame to the
    next, and often back again soon after. A network would learn such poses, and motions cut at a
    jump are still motions of people; so the clip falls into stretches at its jumps, and the short
    ones go.

    Args:
        poses: (F,32,3) mm.
        fps: frames a second.
        first: the frame to begin with; those before are left out, and don't count in their stretch.
    """
    relative = poses - poses[:, :1]
    relative[:, 0] = poses[:, 0]  # of the hips themselves: their way through the room
    steps_mm = np.linalg.norm(np.diff(relative, axis=0), axis=-1).max(axis=1, initial=0)
    is_jump = steps_mm * fps > _FASTEST_MM_PER_S
    stretch = np.concatenate([[0], np.cumsum(is_jump)])  # the number of each frame's stretch
    is_candidate = np.arange(len(poses)) >= first
    frames_per_stretch = np.bincount(stretch, weights=is_candidate)
    is_long = frames_per_stretch >= _SHORTEST_STRETCH_S * fps
    return is_candidate & is_long[stretch]


def find_up(clips: list[Clip]) -> str:
    """Return the axis, one of `UP_CHOICES`, along which most clips have the head over the feet."""
    votes = []
    for clip in clips:
        feet = (_joint(clip.poses, "left_ankle") + _joint(clip.poses, "right_ankle")) / 2
        upright = (_joint(clip.poses, "head") - feet).mean(axis=0)
        axis = int(np.abs(upright).argmax())
        sign = "-" if upright[axis] < 0 else "+"
        votes.append(f"{sign}{'xyz'[axis]}")
    return max(sorted(set(votes)), key=votes.count)  # sorted: a tie must not depend on the run


def stand_up(poses: np.ndarray, up: str, heading: float) -> np.ndarray:
    """Turn poses so that z points up, put them on the floor, and keep them in view.

    The floor is where the lowest joint is in all but the lowest hundredth of the frames: a single
    frame with a foot below it does not lift the others. Hips are kept within a metre of the middle:
    anyone who walks farther partly walks in place.

    Args:
        poses: (F,32,3) mm in the file's axes.
        up: the axis that points up, one of `UP_CHOICES`.
        heading: radians by which to turn the person about z, counter-clockwise from above.

    Returns:
        (F,32,3) mm with z up and the floor at z = 0.
    """
    upright = np.empty_like(poses)
    for new_axis, (sign, letter) in enumerate(_AXES_WHEN_UP[up]):
        upright[..., new_axis] = poses[..., "xyz".index(letter)]
        if sign == "-":
            upright[..., new_axis] *= -1
    turn = Rotation.from_euler("z", heading)
    world = turn.apply(upright.reshape(-1, 3)).reshape(poses.shape)
    world[..., 2] -= np.percentile(world[..., 2].min(axis=1), 1)
    return _kept_in_view(world)


def _kept_in_view(world: np.ndarray) -> np.ndarray:
    """Move poses (F,32,3) mm, z up, so that the hips stay near x = y = 0.

    The smoothed path of the hips is shortened towards the middle until it lies within the room;
    what the smoothing left out, such as the sway of each step, stays as it is.
    """
    world = world.copy()
    hips = world[:, 0, :2]
    world[..., :2] -= (hips.min(axis=0) + hips.max(axis=0)) / 2
    path = gaussian_filter1d(world[:, 0, :2], _PATH_SIGMA_FRAMES, axis=0, mode="nearest")
    farthest_mm = max(np.linalg.norm(path, axis=1).max(), 1e-9)
    excess = max(0, 1 - _ROOM_MM / farthest_mm)  # the share of the path that goes
    world[..., :2] -= (path * excess)[:, None]
    return world
