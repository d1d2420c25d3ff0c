"""From motions in the world and cameras to poses in camera frames and pixels.

Every source of motion with cameras goes this way: the forms of Human3.6M and the synthetic data.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from src.cameras import Camera
from src.data.arrays import Sequence
from src.data.plausibility import explain_view, may_not_fit
from src.errors import InputError
from src.skeletons import Skeleton

_ABSURD = 1e7  # mm or px; 10 km is more than any coordinate of a person in front of a camera
_PLAUSIBLE_EXTENT_MM = (300, 6000)  # the largest side of the box round a pose


class Motion(NamedTuple):
    """One motion of one person, in world coordinates.

    subject, action: who moves and what they do. name: the name of the motion's file without its
    ending ("Directions 1"). world: (F,32,3) mm, Human3.6M's 32 joints. where: how messages to the
    user call the place that the motion was read from.
    """

    subject: int
    action: str
    name: str
    world: np.ndarray
    where: str


class View(NamedTuple):
    """One motion seen by one camera, with the frames that are kept.

    frame: (F,) int32, numbers within the motion, from 0. pose_2d: (F,K,2) px. pose_3d: (F,K,3) mm
    in the camera's frame, not root-centred. is_doubtful: whether detections are so far from the
    projected pose that `src.data.plausibility.question_detections` should look at them.
    """

    sequence: Sequence
    frame: np.ndarray
    pose_2d: np.ndarray
    pose_3d: np.ndarray
    is_doubtful: bool = False


def view_motions(
    motions: Iterable[Motion],
    cameras: dict[tuple[int, str], Camera],
    skeleton: Skeleton,
    *,
    detect: Callable[[Motion, Camera], np.ndarray | None] | None = None,
    keep_every: int = 1,
) -> dict:
    """Show every motion to all cameras of its subject and join what they see.

    The arguments are those of `view_motion`; the result is that of `join_views`. Motions are taken
    one at a time, so a generator keeps only one of them in memory.
    """
    views = []
    for motion in motions:
        views += view_motion(motion, cameras, skeleton, detect=detect, keep_every=keep_every)
    return join_views(views)


def view_motion(
    motion: Motion,
    cameras: dict[tuple[int, str], Camera],
    skeleton: Skeleton,
    *,
    detect: Callable[[Motion, Camera], np.ndarray | None] | None = None,
    keep_every: int = 1,
) -> list[View]:
    """Show a motion to all cameras of its subject, in the order of the cameras' names.

    cameras: {(subject, camera name): Camera}. skeleton: only its joints are projected.
    detect: called as detect(motion, camera), returns detections (F,K,2) px of all frames, which
    replace the projection, or None to leave this view out. keep_every: n keeps the frames 0, n,
    2n, ...; all frames are checked all the same.

    Raises InputError naming the motion if a pose is behind a camera or its projection is absurd.
    """
    world = motion.world[:, list(skeleton.human36_indices)]
    frame = np.arange(0, len(world), keep_every, dtype=np.int32)
    views = []
    for camera in cameras_of(cameras, motion.subject):
        pose_3d, projection = _see(motion, world, camera)
        pose_2d = projection
        is_doubtful = False
        if detect is not None:
            pose_2d = detect(motion, camera)
            if pose_2d is None:
                continue
            is_doubtful = may_not_fit(pose_2d, projection)
        f_x, f_y = camera.f.tolist()
        sequence = Sequence(
            subject=motion.subject,
            action=motion.action,
            name=motion.name,
            camera=camera.name,
            focal=(f_x, f_y),
        )
        view = View(
            sequence=sequence,
            frame=frame,
            pose_2d=pose_2d[::keep_every],
            pose_3d=pose_3d[::keep_every],
            is_doubtful=is_doubtful,
        )
        views.append(view)
    return views


def join_views(views: list[View]) -> dict:
    """Put views one after the other -> those fields of `PoseArrays` that they decide, by name.

    pose_2d (N,K,2) px, pose_3d (N,K,3) mm, sequence (N,) int32, frame (N,) int32, sequences.
    Raises InputError if there are no views.
    """
    if not views:
        raise InputError("no frames are left of these subjects and actions; choose others")
    lengths = [len(view.frame) for view in views]
    return {
        "pose_2d": np.concatenate([view.pose_2d for view in views]),
        "pose_3d": np.concatenate([view.pose_3d for view in views]),
        "sequence": np.repeat(np.arange(len(views), dtype=np.int32), lengths),
        "frame": np.concatenate([view.frame for view in views]),
        "sequences": tuple(view.sequence for view in views),
    }


def cameras_of(cameras: dict[tuple[int, str], Camera], subject: int) -> list[Camera]:
    """Pick one subject's cameras from {(subject, camera name): Camera}, in the order of names."""
    return [cameras[key] for key in sorted(cameras) if key[0] == subject]


def _see(motion: Motion, world: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Show K joints of a motion to a camera -> (F,K,3) mm in its frame and (F,K,2) px, float32.

    world: (F,K,3) mm, the joints that are shown.
    """
    where = motion.where
    points = camera.world_to_camera(world.reshape(-1, 3))
    behind = (points[:, 2] <= 0).reshape(len(world), -1).any(axis=1)
    if behind.any():
        reason = explain_view(motion.world, camera)
        if reason is None:
            reason = "do poses and cameras.h5 belong together?"
        raise InputError(
            f"{where}: frame {behind.argmax()} is behind camera {camera.name}; {reason}"
        )
    pixels = camera.project_camera_points(points).reshape(*world.shape[:2], 2)
    check_values(pixels, f"{where}: projection to camera {camera.name}")
    return points.reshape(world.shape).astype(np.float32), pixels.astype(np.float32)


def check_values(poses: np.ndarray, where):
    """Check that all values of poses (F,K,D), mm or px, can be coordinates.

    Raises InputError, which begins with ``where`` and names the first frame that holds NaN,
    infinite or absurdly large values.
    """
    is_bad = ~(np.abs(poses) < _ABSURD).all(axis=(1, 2))  # NaN is not below anything
    if is_bad.any():
        raise InputError(
            f"{where}: NaN, infinite or absurdly large values in {is_bad.sum()} frames, "
            f"first in frame {is_bad.argmax()}"
        )


def oddities(poses: np.ndarray, joints) -> list[str]:
    """Say in words what looks wrong with poses (F,K,3): not in millimetres, or mirrored.

    joints: the K names. What is found is worth a note to the user but refuses nothing: the poses
    may be right all the same.
    """
    notes = []
    extent = np.ptp(poses, axis=1).max()
    smallest, largest = _PLAUSIBLE_EXTENT_MM
    if not smallest < extent < largest:
        notes.append(
            f"the tallest pose measures {extent:.4g}: "
            "metres where millimetres are expected, or inches?"
        )
    if _are_mirrored(poses, list(joints)):
        notes.append(
            "knees and toes point backwards: are left and right exchanged, or one axis mirrored?"
        )
    return notes


def _are_mirrored(poses: np.ndarray, joints: list[str]) -> bool:
    """Whether knees and toes of poses (F,K,3) point backwards, on the whole.

    Knees bend and toes point forward. Where forward is follows from which hip is called the left
    one, so names exchanged or an axis mirrored turn it round. Without the joints that this takes,
    nothing can be said, and the answer is False. Toes count where the poses have them.
    """
    points = {name: poses[:, index] for index, name in enumerate(joints)}
    sides = ("left", "right")
    needed = {"neck"}
    for side in sides:
        needed |= {f"{side}_hip", f"{side}_knee", f"{side}_ankle"}
    if not needed <= set(points):
        return False

    mid_hip = (points["left_hip"] + points["right_hip"]) / 2
    to_the_left = points["left_hip"] - points["right_hip"]
    forward = np.cross(to_the_left, points["neck"] - mid_hip)
    forward /= np.maximum(np.linalg.norm(forward, axis=1, keepdims=True), 1e-9)

    bend = np.zeros_like(forward)  # from the middle of hip and ankle to the knee, twice
    toes = np.zeros_like(forward)
    for side in sides:
        ankle = points[f"{side}_ankle"]
        bend += 2 * points[f"{side}_knee"] - points[f"{side}_hip"] - ankle
        if f"{side}_foot_tip" in points:
            toes += points[f"{side}_foot_tip"] - ankle
    return bool((forward * (bend + toes)).sum() < 0)
