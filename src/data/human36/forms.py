"""The forms in which people have Human3.6M. Each says which motions there are, and reads one at a time.

A form has: ``key``; ``form`` in words; ``folder``; ``files``, those read so far; ``cameras``; ``subjects()``;
``place(subject)``, for messages; ``motions(subject)`` -> {name: where it is}; ``world(subject, name)`` -> (F,32,3) mm;
``detections(subject, name, camera, frames, skeleton)`` -> (frames,K,2) px; ``require_detections(skeleton)``. All raise
InputError naming the file for what is missing or wrong.
"""

from pathlib import Path

import numpy as np

from src.data.human36.folder import (
    DETECTIONS_SKELETON,
    HOW_TO_GET_DATA,
    Folder,
    NoDetections,
    check_detections,
    check_world,
    numbers,
    require_skeleton,
)
from src.data.human36.videopose3d import VideoPose3D
from src.errors import InputError
from src.h5_files import open_h5, read_dataset
from src.skeletons import Skeleton

_DETECTIONS = "StackedHourglassFineTuned240"


class H5(Folder):
    """The layout of the paper, and of 3d-pose-baseline: one h5 file per motion, and per motion and camera."""

    key, form, motion_folder = (
        "human36_h5",
        "Human3.6M in the h5 layout",
        Path("MyPoses/3D_positions"),
    )

    def motions(self, subject: int) -> dict:
        """Names without ending, and files."""
        return self._motion_files(subject, ".h5")

    def world(self, subject: int, name: str) -> np.ndarray:
        """Stored as 96 x frames."""
        path = self.motions(subject)[name]
        self.files.append(path)
        with open_h5(path) as file:
            flat = read_dataset(file, "3D_positions", path)
        if flat.ndim != 2 or flat.shape[0] != 96 or flat.shape[1] == 0:
            raise InputError(
                f"{path}: 3D_positions: expected shape (96, frames), found {flat.shape}"
            )
        return check_world(flat.T, f"{path}: 3D_positions")

    def require_detections(self, skeleton: Skeleton):
        """Raise InputError if there are none of the skeleton's joints."""
        require_skeleton(skeleton, DETECTIONS_SKELETON)
        if not any(self.folder.glob(f"S*/{_DETECTIONS}")):
            raise NoDetections(
                f"{self.folder}: no folder {_DETECTIONS} with detections; use another 2D noise type"
            )

    def detections(
        self, subject: int, name: str, camera: str, frames: int, skeleton: Skeleton
    ) -> np.ndarray:
        """Of the stacked hourglass."""
        self.require_detections(skeleton)
        path = detection_path(self.folder, subject, name, camera)
        with open_h5(path) as file:
            poses = read_dataset(file, "poses", path)
        self.files.append(path)
        return check_detections(poses, (frames, skeleton.num_joints, 2), f"{path}: poses")


class Cdf(Folder):
    """The dataset site's own archives: ``Poses_D3_Positions_S*.tgz``, or ``..._mono`` in camera frames."""

    key, form = "human36_cdf", "Human3.6M in the dataset site's cdf files"

    def __init__(self, folder: Path):
        self.mono = not any(folder.glob("S*/MyPoseFeatures/D3_Positions"))
        self.motion_folder = Path("MyPoseFeatures") / (
            "D3_Positions_mono" if self.mono else "D3_Positions"
        )
        super().__init__(folder)

    def motions(self, subject: int) -> dict:
        """Of the mono form, the file of the first camera stands for all: the others hold the same motion."""
        if not self.mono:
            return self._motion_files(subject, ".cdf")
        first = min((name for owner, name in self.cameras if owner == subject), default="")
        return self._motion_files(subject, f".{first}.cdf")

    def world(self, subject: int, name: str) -> np.ndarray:
        """Variable Pose: 1 x frames x 96."""
        path = self.motions(subject)[name]
        self.files.append(path)
        flat = _read_cdf(path, "Pose")
        if flat.ndim != 3 or flat.shape[0] != 1 or flat.shape[2] != 96 or flat.shape[1] == 0:
            raise InputError(f"{path}: Pose: expected shape (1, frames, 96), found {flat.shape}")
        points = check_world(flat[0], f"{path}: Pose")
        if self.mono:
            camera = self.cameras[subject, path.suffixes[-2].removeprefix(".")]
            points = points @ camera.R + camera.T.T
        return points

    def require_detections(self, skeleton: Skeleton):
        """There are none."""
        raise NoDetections(
            f"{self.folder}: {self.form} hold no detections; use another 2D noise type, or the h5 layout"
        )


def open_source(data_dir):
    """The form that a folder holds. Raises InputError if it holds none."""
    folder = Path(data_dir)
    if folder.is_file():
        raise InputError(
            f"--data_dir {folder}: is a file; give the folder that holds cameras.h5 and S1, S5, ..."
        )
    if not folder.is_dir():
        raise InputError(f"--data_dir {folder}: no such folder; {HOW_TO_GET_DATA}")
    if not any(folder.glob("S*/MyPoses")):
        if any(folder.glob("S*/MyPoseFeatures/D3_Positions*")):
            return Cdf(folder)
        if (folder / VideoPose3D.motions_file).is_file():
            return VideoPose3D(folder)
    return H5(folder)


def detection_path(folder: Path, subject: int, name: str, camera: str) -> Path:
    """The file of the h5 layout with one camera's detections of a motion."""
    return folder / f"S{subject}" / _DETECTIONS / f"{name.replace(' ', '_')}.{camera}.h5"


def _read_cdf(path: Path, name: str) -> np.ndarray:
    try:
        import cdflib
    except ImportError:
        raise InputError(
            f"{path}: cdf files are read by the package cdflib; pip install cdflib"
        ) from None
    try:
        return numbers(np.asarray(cdflib.CDF(path).varget(name)))
    except Exception as error:  # a damaged file can raise anything
        message = f"cannot be read as cdf ({type(error).__name__}: {error})"
        raise InputError(f"{path}: {message}; copy or download it again") from None
