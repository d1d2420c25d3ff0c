"""What all forms of Human3.6M share: a folder with a file of cameras, names of motions, checks of what is read."""

import re
from pathlib import Path

import numpy as np

from src.cameras import load_cameras
from src.data.views import check_values
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, Skeleton

HOW_TO_GET_DATA = "README.md says how to get data, and --data_dir synthetic needs none"
DETECTIONS_SKELETON = "shg_16k"
_CAMERA_FILES = ("cameras.h5", "metadata.xml")
_RENAMED = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}  # what subject 1's files are called


class Folder:
    """What the forms share: a folder with a file of cameras."""

    def __init__(self, folder: Path):
        self.folder = folder
        present = [folder / name for name in _CAMERA_FILES if (folder / name).is_file()]
        if not present:
            found = (
                ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "an empty folder"
            )
            expected = (
                f"expected {' or '.join(_CAMERA_FILES)} and subjects S1, S5, ..., found {found}"
            )
            raise InputError(f"--data_dir {folder}: {expected}; {HOW_TO_GET_DATA}")
        self.cameras, self.files = load_cameras(present[0]), [present[0]]

    def subjects(self) -> list[int]:
        """Those with a folder of their own."""
        found = [
            re.fullmatch(r"S(\d+)", path.parents[1].name)
            for path in self.folder.glob(f"S*/{self.motion_folder}")
        ]
        return sorted(int(match[1]) for match in found if match)

    def place(self, subject: int) -> Path:
        """The folder with the subject's motions."""
        return self.folder / f"S{subject}" / self.motion_folder

    def _motion_files(self, subject: int, ending: str) -> dict[str, Path]:
        if not self.place(subject).is_dir():
            raise InputError(
                f"{self.place(subject)}: no such folder; subject {subject} was asked for"
            )
        paths = {
            path.name.removesuffix(ending): path for path in self.place(subject).glob(f"*{ending}")
        }
        return {rename(name): paths[name] for name in sorted(paths, key=natural)}


def rename(motion: str) -> str:
    """A motion's name with the action's usual word."""
    word = re.match("[A-Za-z]*", motion)[0]
    return _RENAMED.get(word, word) + motion[len(word) :]


class NoDetections(InputError):
    """A form has no detections at all, or none of the joints that are asked for."""


def require_skeleton(skeleton: Skeleton, name: str):
    """Raise InputError unless detections of the joints of skeleton ``name`` can be used."""
    if skeleton.name != name:
        raise NoDetections(
            f"these detections have the joints of {name}: give --dataset_type {name}, not {skeleton.name}"
        )


def check_world(poses: np.ndarray, where) -> np.ndarray:
    """World poses (F,96) or (F,32,3) mm -> (F,32,3) float64. Raises InputError for what can't be poses."""
    world = poses.astype(np.float64).reshape(-1, len(HUMAN36_JOINTS), 3)
    check_values(world, where)
    if np.ptp(world, axis=1).max() == 0:
        raise InputError(
            f"{where}: all joints of every pose are at one point; copy or download it again"
        )
    return world


def check_detections(poses: np.ndarray, shape: tuple[int, int, int], where) -> np.ndarray:
    """Detections (F,K,2) px -> float32. Raises InputError."""
    if poses.shape != shape:
        raise InputError(
            f"{where}: expected shape {shape} as the motion has {shape[0]} frames, found {poses.shape}"
        )
    check_values(poses, where)
    return poses.astype(np.float32)


def numbers(value) -> np.ndarray:
    """An array of numbers, or an empty one in place of anything else."""
    array = np.asarray(value) if isinstance(value, np.ndarray) else np.empty(0)
    return array if array.dtype.kind in "fiu" else np.empty(0)


def natural(name: str) -> list:
    """A key for sorting names: numbers in them by value."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]
