"""Motions in the world, seen by cameras -> PoseArrays. What every source of world motion shares."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from src.cameras import Camera
from src.data.arrays import Sequence
from src.errors import InputError
from src.skeletons import Skeleton

_ABSURD = 1e7  # mm or px: 10 km


class Motion(NamedTuple):
    """One motion: world (F,32,3) mm; name: of its file, without ending; where: how to call it in an error."""

    subject: int
    action: str
    name: str
    world: np.ndarray
    where: str


def view_motions(
    motions: Iterable[Motion],
    cameras: dict[tuple[int, str], Camera],
    skeleton: Skeleton,
    *,
    detect: Callable | None = None,
    keep_every: int = 1,
) -> dict:
    """Project every motion into all cameras of its subject -> the fields of `PoseArrays` that this decides.

    Only the skeleton's joints are projected. detect(motion, camera) -> detections (F,K,2) px that replace the
    projection, or None to leave that view out. keep_every: n keeps frames 0, n, 2n, ... of each motion.
    """
    parts, sequences = [], []
    in_order = sorted(cameras.items(), key=lambda item: item[0])
    for motion in motions:
        world = motion.world[:, list(skeleton.human36_indices)]
        for camera in (camera for (subject, _), camera in in_order if subject == motion.subject):
            pose_3d, pose_2d = see(world, camera, motion.where)
            if detect is not None:
                pose_2d = detect(motion, camera)
                if pose_2d is None:
                    continue
            parts.append((pose_2d[::keep_every], pose_3d[::keep_every]))
            focal = tuple(map(float, camera.f))
            sequences.append(Sequence(motion.subject, motion.action, motion.name, camera.name, focal))
    if not parts:
        raise InputError("no frames are left of these subjects and actions; choose others")
    lengths = [len(pose_2d) for pose_2d, _ in parts]
    return {
        "pose_2d": np.concatenate([pose_2d for pose_2d, _ in parts]),
        "pose_3d": np.concatenate([pose_3d for _, pose_3d in parts]),
        "sequence": np.repeat(np.arange(len(parts), dtype=np.int32), lengths),
        "frame": np.concatenate([np.arange(n, dtype=np.int32) * keep_every for n in lengths]),
        "sequences": tuple(sequences),
    }


def see(world: np.ndarray, camera: Camera, where: str) -> tuple[np.ndarray, np.ndarray]:
    """World poses (F,K,3) -> camera frame (F,K,3) mm and pixels (F,K,2), both float32. Raises InputError."""
    points = camera.world_to_camera(world.reshape(-1, 3))
    behind = (points[:, 2] <= 0).reshape(len(world), -1).any(axis=1)
    if behind.any():
        raise InputError(
            f"{where}: frame {behind.argmax()} is behind camera {camera.name}; do poses and cameras.h5 belong together?"
        )
    pixels = camera.project_camera_points(points).reshape(*world.shape[:2], 2)
    check_values(pixels, where, f"projection to camera {camera.name}")
    return points.reshape(world.shape).astype(np.float32), pixels.astype(np.float32)


def check_values(poses: np.ndarray, where, what: str):
    """Raise InputError, naming the first frame, if poses (F,...,D) hold anything that is no coordinate."""
    bad = ~(np.abs(poses) < _ABSURD).all(axis=(1, 2))
    if bad.any():
        raise InputError(
            f"{where}: {what}: NaN, infinite or absurdly large values in {bad.sum()} frames, "
            f"first in frame {bad.argmax()}"
        )
