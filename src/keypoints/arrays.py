"""What every reader of keypoints returns, and the steps that all kinds of files have in common."""

from typing import NamedTuple

import numpy as np

from src.errors import InputError
from src.keypoints.layouts import OPENPOSE_18, OPENPOSE_25, check_layout_size
from src.keypoints.mistakes import columns_in_doubt
from src.keypoints.unnamed import name_joints
from src.skeletons import Skeleton


class Keypoints(NamedTuple):
    """N 2D poses, and where each of them comes from.

    poses: (N,K,2) px, x right, y down, NaN where a joint is missing. joints: the names of the K
    joints. frame: (N,) number of the frame or image. person: (N,) number that tells the people of
    a frame, or the sequences of a file, apart. notes: what the reader concluded from the file and
    the user should know, a sentence each. doubts: what looks like a mistake in how the file was
    written, a sentence each.
    """

    poses: np.ndarray
    joints: tuple[str, ...]
    frame: np.ndarray
    person: np.ndarray
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def keypoints_from_array(
    array: np.ndarray,
    path,
    layout: tuple[str, ...] | None,
    *,
    skeleton: Skeleton | None = None,
    frame=None,
    person=None,
    notes=(),
) -> Keypoints:
    """Return the keypoints that an array from the file ``path`` holds.

    array: (N,2K) or (N,K,2) px, (N,K,3) with confidence as its third column, or (2K,), one pose.
    layout: the joints' names; None takes those of the skeleton, the checkpoint's, if there are as
    many and the poses look like it, else the only layout with so many joints. frame and person:
    (N,) whole numbers; without them, poses are counted from 0, and all are of person 0.

    A joint whose confidence is not above 0 is missing, and so is one of OpenPose's at (0, 0).
    Raises InputError, naming the file, for arrays of other types and shapes, for a layout of
    another size, and without a layout where none or several have so many joints.
    """
    if array.dtype.kind not in "fiu":
        raise InputError(f"{path}: expected numbers, found {array.dtype}")
    if array.ndim == 1:
        array = array[None]
    if array.ndim == 2 and array.shape[1] % 2 == 0 and array.size > 0:
        array = array.reshape(len(array), -1, 2)
    if array.ndim != 3 or array.shape[2] not in (2, 3) or len(array) == 0:
        raise InputError(
            f"{path}: expected shape (N,2K), (N,K,2) or (N,K,3) with confidence, "
            f"found {array.shape}"
        )

    poses = array[..., :2]
    doubts = ()
    if array.shape[2] == 3:
        doubts = columns_in_doubt(array)
        confidence = array[..., 2:]
        poses = np.where(confidence > 0, poses, np.nan)

    if layout is None:
        layout, note = name_joints(poses, skeleton, path)
        notes = (*notes, note)
    check_layout_size(layout, array.shape[1], path)
    if layout in (OPENPOSE_25, OPENPOSE_18):
        is_at_origin = (poses == 0).all(axis=2, keepdims=True)
        poses = np.where(is_at_origin, np.nan, poses)

    if frame is None:
        frame = np.arange(len(poses))
    if person is None:
        person = np.zeros(len(poses))
    return Keypoints(
        poses=poses,
        joints=layout,
        frame=np.asarray(frame, dtype=np.int64),
        person=np.asarray(person, dtype=np.int64),
        notes=tuple(notes),
        doubts=tuple(doubts),
    )


def fractions_to_pixels(keypoints: Keypoints, image_size, path) -> Keypoints:
    """Return keypoints in pixels from keypoints that are fractions of their image.

    image_size: width and height in px. Fractions from 0 to 1 and from -1 to 1, where 0 is the
    image's middle, are told apart by their lowest value. Raises InputError, which names ``path``,
    for coordinates too large to be fractions.
    """
    # fmax and fmin pass over NaN.
    reach = np.fmax.reduce(np.abs(keypoints.poses), axis=None, initial=0)
    if reach > 2:
        raise InputError(
            f"{path}: --image_size: coordinates reach {reach:.0f}: "
            "these are no fractions of an image"
        )
    poses = np.asarray(keypoints.poses, dtype=np.float32)
    lowest_possible = 0
    # Joints may lie a little outside of the image.
    if np.fmin.reduce(poses, axis=None, initial=0) < -0.2:
        lowest_possible = -1
        poses = (poses + 1) / 2
    note = f"taken for fractions of {image_size} px, from {lowest_possible} to 1 in x and in y"
    poses = poses * np.array(image_size, dtype=np.float32)
    return keypoints._replace(poses=poses, notes=(*keypoints.notes, note))
