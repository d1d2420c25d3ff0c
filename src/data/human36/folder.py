"""What the forms of Human3.6M share: their interface, names of motions, checks of what is read."""

import re
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

from src.cameras import load_cameras
from src.data.views import check_values
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, Skeleton

HOW_TO_GET_DATA = "docs/data.md says how to get data, and --data_dir synthetic needs none"
DETECTIONS_SKELETON = "shg_16k"  # what the h5 layout's detections are: stacked hourglass, 16 joints
_CAMERA_FILES = ("cameras.h5", "metadata.xml")  # the first that is there counts
_MOST_AT_ORIGIN = 2  # joints of a pose
# What subject 1's files call two of the actions -> what all others call them.
_USUAL_WORDS = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}


class NoDetections(InputError):
    """There are no detections at all, or none of the joints that are asked for."""


class Human36Source(ABC):
    """A folder that holds Human3.6M in some form, opened for reading.

    Making one reads the cameras. Motions and detections are read when they are asked for, one at a
    time; ``files`` grows as they are. All methods raise InputError, naming the file, for whatever
    is missing or malformed.

    folder: its path. cameras: {(subject, camera name): Camera}. files: paths of the files read so
    far; the first is that of the cameras.
    """

    key: str  # names the form in results: `PoseArrays.form`
    form: str  # names the form in messages

    def __init__(self, folder: Path):
        self.folder = folder
        camera_files = [folder / name for name in _CAMERA_FILES if (folder / name).is_file()]
        if not camera_files:
            names = sorted(path.name for path in folder.iterdir())
            content = ", ".join(names[:8]) if names else "an empty folder"
            raise InputError(
                f"--data_dir {folder}: expected {' or '.join(_CAMERA_FILES)} and subjects "
                f"S1, S5, ..., found {content}; {HOW_TO_GET_DATA}"
            )
        self.cameras = load_cameras(camera_files[0])
        self.files = [camera_files[0]]

    @abstractmethod
    def subjects(self) -> list[int]:
        """The subjects that have motions here, in ascending order."""

    @abstractmethod
    def place(self, subject: int) -> Path | str:
        """Where a subject's motions are, for messages."""

    @abstractmethod
    def motions(self, subject: int) -> dict[str, Path | str]:
        """A subject's motions in natural order -> {name: where it is, for messages}.

        A name is that of the motion's file without ending, with the action's usual word (`rename`).
        Raises InputError if the subject is not here.
        """

    @abstractmethod
    def world(self, subject: int, name: str) -> np.ndarray:
        """Read one of `motions` -> (F,32,3) world mm, float64, checked by `check_world`."""

    @abstractmethod
    def require_detections(self, skeleton: Skeleton) -> None:
        """Raise NoDetections unless there are 2D detections of this skeleton's joints."""

    @abstractmethod
    def detections(
        self, subject: int, name: str, camera: str, frames: int, skeleton: Skeleton
    ) -> np.ndarray:
        """Read what a 2D detector saw of a motion -> (frames,K,2) px, float32.

        camera: its name. frames: how many the motion has. skeleton: its K joints are wanted; raises
        NoDetections where `require_detections` does.
        """


class SourceOfMotionFiles(Human36Source):
    """The forms with one file per motion, in a folder of each subject (all but VideoPose3D's)."""

    motion_folder: Path  # within a subject's folder

    def subjects(self) -> list[int]:
        """The subjects that have a folder of motions, in ascending order."""
        subjects = []
        for path in self.folder.glob(f"S*/{self.motion_folder}"):
            subject_folder = path.relative_to(self.folder).parts[0]
            match = re.fullmatch(r"S(\d+)", subject_folder)
            if match:
                subjects.append(int(match[1]))
        return sorted(subjects)

    def place(self, subject: int) -> Path:
        """The folder with a subject's motions."""
        return self.folder / f"S{subject}" / self.motion_folder

    def motion_files(self, subject: int, ending: str) -> dict[str, Path]:
        """A subject's files with this ending, in natural order -> {name of the motion: path}."""
        folder = self.place(subject)
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; subject {subject} was asked for")
        paths = {path.name.removesuffix(ending): path for path in folder.glob(f"*{ending}")}
        return {rename(name): paths[name] for name in sorted(paths, key=natural)}


def action_of(name: str) -> str:
    """The action of a motion: the first word of its name, so "Sitting" is not "SittingDown"."""
    return re.match("[A-Za-z]*", name).group()


def rename(name: str) -> str:
    """A motion's name with the action's usual word: "TakingPhoto 1" -> "Photo 1"."""
    word = action_of(name)
    return _USUAL_WORDS.get(word, word) + name.removeprefix(word)


def natural(name: str) -> list:
    """A key that sorts names by the numbers in them: "Walking 2" before "Walking 10"."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def require_skeleton(skeleton: Skeleton, name: str):
    """Raise NoDetections unless ``skeleton`` is the one called ``name``, which detections have."""
    if skeleton.name != name:
        raise NoDetections(
            f"these detections have the joints of {name}: "
            f"give --dataset_type {name}, not {skeleton.name}"
        )


def numeric_array(value) -> np.ndarray:
    """The value itself if it is an array of real numbers, else an empty array.

    Files may hold anything where poses are expected; an empty array is refused by its shape.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return value
    return np.empty(0)


def check_world(poses: np.ndarray, where) -> np.ndarray:
    """Check world poses (F,96) or (F,32,3) mm -> the same as (F,32,3) float64.

    Raises InputError, which begins with ``where``, for values that can't be coordinates and for
    poses that all have their joints at one point.
    """
    world = poses.astype(np.float64).reshape(-1, len(HUMAN36_JOINTS), 3)
    check_values(world, where)
    if np.ptp(world, axis=1).max() == 0:
        raise InputError(
            f"{where}: all joints of every pose are at one point; copy or download it again"
        )
    _check_written(world, where)
    return world


def _check_written(world: np.ndarray, where):
    """Raise InputError if frames of world poses (F,32,3) mm hold zeros where joints should be.

    HDF5 reads parts of a file that were never written as zeros: whole frames, or some joints.
    """
    if np.count_nonzero(world) == world.size:  # the usual case, which this finds quickly
        return
    # The hips, which have two names, may be the origin of a world of its own.
    is_unwritten = (world == 0).all(axis=2).sum(axis=1) > _MOST_AT_ORIGIN
    if is_unwritten.any():
        raise InputError(
            f"{where}: joints are at (0, 0, 0) in {is_unwritten.sum()} of {len(world)} frames, "
            f"first in frame {is_unwritten.argmax()}: never written? Copy or download it again"
        )


def check_detections(poses: np.ndarray, shape: tuple[int, int, int], where) -> np.ndarray:
    """Check detections (F,K,2) px -> the same as float32.

    shape: (F, K, 2) as it must be. Raises InputError, which begins with ``where``, for another
    shape or for values that can't be coordinates.
    """
    if poses.shape != shape:
        raise InputError(
            f"{where}: expected shape {shape} as the motion has {shape[0]} frames, "
            f"found {poses.shape}"
        )
    check_values(poses, where)
    if np.count_nonzero(poses) == 0:
        raise InputError(f"{where}: all values are 0: never written? Copy or download it again")
    return poses.astype(np.float32)
