"""Human3.6M prepared as h5 files: the layout of the paper, and of 3d-pose-baseline before it.

cameras.h5
S1/MyPoses/3D_positions/Directions 1.h5                          96 x frames, world mm
S1/StackedHourglassFineTuned240/Directions_1.54138969.h5         frames x 16 x 2, pixels
"""

from pathlib import Path

import numpy as np

from src.data.human36.folder import (
    DETECTIONS_SKELETON,
    NoDetections,
    SourceOfMotionFiles,
    check_detections,
    check_world,
    require_skeleton,
)
from src.errors import InputError
from src.files import file_name_of
from src.h5_files import open_h5, read_dataset
from src.skeletons import Skeleton

MOTION_DATASET = "3D_positions"
DETECTIONS_DATASET = "poses"
_MOTION_FOLDER = Path("MyPoses/3D_positions")
_DETECTIONS_FOLDER = "StackedHourglassFineTuned240"


class H5Layout(SourceOfMotionFiles):
    """The h5 layout: one file per motion, and one per motion and camera for detections."""

    key = "human36_h5"
    form = "Human3.6M in the h5 layout"
    motion_folder = _MOTION_FOLDER

    def motions(self, subject: int) -> dict[str, Path]:
        """A subject's motions in natural order -> {name: file}."""
        return self.motion_files(subject, ".h5")

    def world(self, subject: int, name: str) -> np.ndarray:
        """Read a motion -> (F,32,3) world mm."""
        path = self.motions(subject)[name]
        self.files.append(path)
        with open_h5(path) as file:
            flat = read_dataset(file, MOTION_DATASET, path)  # (96,F): a column is a pose
        if flat.ndim != 2 or flat.shape[0] != 96 or flat.shape[1] == 0:
            raise InputError(
                f"{path}: {MOTION_DATASET}: expected shape (96, frames), found {flat.shape}"
            )
        return check_world(flat.T, f"{path}: {MOTION_DATASET}")

    def require_detections(self, skeleton: Skeleton) -> None:
        """Raise NoDetections unless there are any, and the skeleton is the stacked hourglass's."""
        require_skeleton(skeleton, DETECTIONS_SKELETON)
        if not any(self.folder.glob(f"S*/{_DETECTIONS_FOLDER}")):
            raise NoDetections(
                f"{self.folder}: no folder {_DETECTIONS_FOLDER} with detections; "
                "use another 2D noise type"
            )

    def detections(
        self, subject: int, name: str, camera: str, frames: int, skeleton: Skeleton
    ) -> np.ndarray:
        """Read what the stacked hourglass saw of a motion -> (frames,16,2) px."""
        self.require_detections(skeleton)
        path = detection_path(self.folder, subject, name, camera)
        with open_h5(path) as file:
            poses = read_dataset(file, DETECTIONS_DATASET, path)
        self.files.append(path)
        shape = (frames, skeleton.num_joints, 2)
        return check_detections(poses, shape, f"{path}: {DETECTIONS_DATASET}")


def motion_path(folder: Path, subject: int, name: str) -> Path:
    """The file of a motion in the h5 layout."""
    return folder / f"S{subject}" / _MOTION_FOLDER / file_name_of(f"{name}.h5")


def detection_path(folder: Path, subject: int, name: str, camera: str) -> Path:
    """The file with one camera's detections of a motion in the h5 layout."""
    file_name = file_name_of(f"{name.replace(' ', '_')}.{camera}.h5")
    return folder / f"S{subject}" / _DETECTIONS_FOLDER / file_name
