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
    cameras: dict,
    skeleton: Skeleton,
    *,
    detect: Callable | None = None,
    keep_every: int = 1,
) -> dict:
    """Project every motion into all cameras of its subject -> the fields of `PoseArrays` that this decides.

    cameras: {(subject, name): Camera}. Only the skeleton's joints are projected. detect(motion, camera) -> detections
    (F,K,2) px that replace the projection, or None to leave that view out. keep_every: n keeps frames 0, n, 2n, ...
    """
    poses_2d, poses_3d, sequences = [], [], []
    for motion in motions:
        world = motion.world[:, list(skeleton.human36_indices)]
        for camera in (cameras[key] for key in sorted(cameras) if key[0] == motion.subject):
            pose_3d, pose_2d = _see(world, camera, motion.where)
            if detect is not None:
                pose_2d = detect(motion, camera)
            if pose_2d is not None:
                poses_2d.append(pose_2d[::keep_every])
                poses_3d.append(pose_3d[::keep_every])
                sequences.append(Sequence(*motion[:3], camera.name, tuple(map(float, camera.f))))
    if not sequences:
        raise InputError("no frames are left of these subjects and actions; choose others")
    lengths = [len(pose_2d) for pose_2d in poses_2d]
    return {
        "pose_2d": np.concatenate(poses_2d),
        "pose_3d": np.concatenate(poses_3d),
        "sequence": np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        "frame": np.concatenate([np.arange(n, dtype=np.int32) * keep_every for n in lengths]),
        "sequences": tuple(sequences),
    }


def _see(world: np.ndarray, camera: Camera, where: str) -> tuple[np.ndarray, np.ndarray]:
    """World poses (F,K,3) -> camera frame (F,K,3) mm and pixels (F,K,2), both float32. Raises InputError."""
    points = camera.world_to_camera(world.reshape(-1, 3))
    behind = (points[:, 2] <= 0).reshape(len(world), -1).any(axis=1)
    if behind.any():
        raise InputError(
            f"{where}: frame {behind.argmax()} is behind camera {camera.name}; do poses and cameras.h5 belong together?"
        )
    pixels = camera.project_camera_points(points).reshape(*world.shape[:2], 2)
    check_values(pixels, f"{where}: projection to camera {camera.name}")
    return points.reshape(world.shape).astype(np.float32), pixels.astype(np.float32)


def check_values(poses: np.ndarray, where):
    """Raise InputError, naming the first frame, if poses (F,K,D) hold anything that is no coordinate."""
    bad = ~(np.abs(poses) < _ABSURD).all(axis=(1, 2))
    if bad.any():
        found = f"in {bad.sum()} frames, first in frame {bad.argmax()}"
        raise InputError(f"{where}: NaN, infinite or absurdly large values {found}")


def oddities(poses: np.ndarray, joints) -> list[str]:
    """What looks wrong with poses (F,K,3), said in words: not in millimetres, or mirrored.

    Mirrored: knees bend and toes point forward; forward is to the right of left when seen from above.
    """
    found = []
    extent = np.ptp(poses, axis=1).max()
    if not 300 < extent < 6000:
        found.append(
            f"the tallest pose measures {extent:.4g}: metres where millimetres are expected, or inches?"
        )
    place = {name: poses[:, index] for index, name in enumerate(joints)}
    if {"neck", *(f"{s}_{j}" for s in ("left", "right") for j in ("hip", "knee", "ankle"))} <= set(
        place
    ):
        middle = (place["left_hip"] + place["right_hip"]) / 2
        forward = np.cross(place["left_hip"] - place["right_hip"], place["neck"] - middle)
        bend = sum(
            2 * place[f"{s}_knee"] - place[f"{s}_hip"] - place[f"{s}_ankle"]
            for s in ("left", "right")
        )
        toes = [
            place[f"{s}_foot_tip"] - place[f"{s}_ankle"]
            for s in ("left", "right")
            if f"{s}_foot_tip" in place
        ]
        forward /= np.maximum(np.linalg.norm(forward, axis=1, keepdims=True), 1e-9)
        if (forward * (bend + sum(toes, np.zeros(3)))).sum() < 0:
            found.append(
                "knees and toes point backwards: are left and right exchanged, or one axis mirrored?"
            )
    return found
