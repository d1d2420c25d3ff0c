"""Human3.6M as the dataset's own site hands it out: cdf files with motion, and no detections.

    metadata.xml                                                     the cameras
    S1/MyPoseFeatures/D3_Positions/Directions 1.cdf                  1 x frames x 96, world mm
    S1/MyPoseFeatures/D3_Positions_mono/Directions 1.54138969.cdf    the same in a camera's frame

They come in the archives ``Poses_D3_Positions_S*.tgz`` and ``Poses_D3_Positions_mono_S*.tgz``; the
world form is read where both are there.
"""

from pathlib import Path

import numpy as np

from src.data.human36.cdf_file import read_variable
from src.data.human36.folder import (
    NoDetections,
    SourceOfMotionFiles,
    check_world,
    numeric_array,
)
from src.data.views import cameras_of
from src.errors import InputError
from src.skeletons import Skeleton

_WORLD_FOLDER = Path("MyPoseFeatures/D3_Positions")
_MONO_FOLDER = Path("MyPoseFeatures/D3_Positions_mono")
_VARIABLE = "Pose"


class CdfFiles(SourceOfMotionFiles):
    """The dataset site's cdf files, in the world or in camera frames ("mono")."""

    key = "human36_cdf"
    form = "Human3.6M in the dataset site's cdf files"

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._is_mono = not any(folder.glob(f"S*/{_WORLD_FOLDER}"))
        self.motion_folder = _MONO_FOLDER if self._is_mono else _WORLD_FOLDER

    def motions(self, subject: int) -> dict[str, Path]:
        """A subject's motions in natural order -> {name: file}.

        In the mono form the file of the first camera stands for all: the others hold the same
        motion, seen from elsewhere.
        """
        if not self._is_mono:
            return self.motion_files(subject, ".cdf")
        cameras = cameras_of(self.cameras, subject)
        if not cameras:
            return {}
        return self.motion_files(subject, f".{cameras[0].name}.cdf")

    def world(self, subject: int, name: str) -> np.ndarray:
        """Read a motion -> (F,32,3) world mm."""
        path = self.motions(subject)[name]
        self.files.append(path)
        flat = _read_cdf(path)
        if flat.ndim != 3 or flat.shape[0] != 1 or flat.shape[2] != 96 or flat.shape[1] == 0:
            raise InputError(
                f"{path}: {_VARIABLE}: expected shape (1, frames, 96), found {flat.shape}"
            )
        points = check_world(flat[0], f"{path}: {_VARIABLE}")
        if not self._is_mono:
            return points
        # Back to the world: the camera has X = R (P - T), so P = R^T X + T; points are rows here.
        cameras = cameras_of(self.cameras, subject)
        first_camera = cameras[0]
        return points @ first_camera.R + first_camera.T.T

    def require_detections(self, skeleton: Skeleton) -> None:
        """Raise NoDetections: this form has none of any skeleton."""
        raise NoDetections(
            f"{self.folder}: {self.form} hold no detections; "
            "use another 2D noise type, or the h5 layout"
        )

    def detections(
        self, subject: int, name: str, camera: str, frames: int, skeleton: Skeleton
    ) -> np.ndarray:
        """Raise NoDetections, as `require_detections` does."""
        self.require_detections(skeleton)


def _read_cdf(path: Path) -> np.ndarray:
    """The variable Pose of a cdf file, or an empty array if it holds no numbers."""
    try:
        return numeric_array(read_variable(path, _VARIABLE))
    except ImportError:
        raise InputError(
            f"{path}: cdf files are read by the package cdflib; pip install cdflib"
        ) from None
    except InputError:
        raise
    except Exception as error:  # a damaged file can raise anything
        raise InputError(
            f"{path}: cannot be read as cdf ({type(error).__name__}: {error}); "
            "copy or download it again"
        ) from None
