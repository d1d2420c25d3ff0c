"""Human3.6M as VideoPose3D's archives: npz files with pickled dictionaries.

data_3d_h36m.npz: positions_3d, {"S1": {"Directions 1": (F,32,3)}}, world **metres**.
data_2d_h36m_*.npz: positions_2d, {"S1": {"Directions 1": [(F,K,2) px for each camera]}}, and
metadata, a dictionary with num_joints and sometimes layout_name.

The archives hold no cameras, so ``cameras.h5`` or ``metadata.xml`` must lie beside them. Nothing in
the pickles is executed: see `src.unpickling`.
"""

import re
from pathlib import Path

import numpy as np

from src.data.human36.folder import (
    Human36Source,
    NoDetections,
    check_detections,
    check_world,
    natural,
    numeric_array,
    rename,
)
from src.data.npz import load_pickled_npz
from src.data.views import cameras_of
from src.errors import InputError, shortened, shown
from src.skeletons import Skeleton

MOTIONS_FILE = "data_3d_h36m.npz"
_DETECTIONS_FILES = "data_2d_h36m_*.npz"
_MOTION_NAME = re.compile(r"[A-Za-z]{1,40}([ _]\d{1,4})?")
_MM_PER_M = 1000

# The order of joints in an archive that does not name it, by num_joints.
_USUAL_LAYOUTS = {"16": "shg_16k", "17": "human36_17k"}
# Our name for a layout that VideoPose3D names.
_OUR_NAMES = {"h36m": "human36_17k"}


class VideoPose3D(Human36Source):
    """VideoPose3D's archives: one of motion, any number of detections, one per detector."""

    key = "videopose3d"
    form = "Human3.6M in VideoPose3D's archives"

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._motions, _ = self._read_archive(folder / MOTIONS_FILE, "positions_3d")
        # {name of a skeleton: (path, detections by subject and motion)}, of those asked for so far
        self._archives = {}

    def subjects(self) -> list[int]:
        """The subjects that the archive of motion has, in ascending order."""
        subjects = []
        for key in self._motions:
            match = re.fullmatch(r"S(\d{1,4})", str(key))
            if match:
                subjects.append(int(match[1]))
        return sorted(subjects)

    def place(self, subject: int) -> str:
        """The archive of motion and the subject's key in it."""
        return f"{self.folder / MOTIONS_FILE}: S{subject}"

    def motions(self, subject: int) -> dict[str, str]:
        """A subject's motions in natural order -> {name: archive and keys, for messages}."""
        place = self.place(subject)
        if f"S{subject}" not in self._motions:
            raise InputError(f"{place}: not there; subject {subject} was asked for")
        names = sorted(self._motions[f"S{subject}"], key=natural)
        return {name: f"{place} {name}" for name in names}

    def world(self, subject: int, name: str) -> np.ndarray:
        """Read a motion -> (F,32,3) world mm."""
        where = self.motions(subject)[name]
        metres = numeric_array(self._motions[f"S{subject}"][name])
        if metres.ndim != 3 or metres.shape[1:] != (32, 3) or len(metres) == 0:
            raise InputError(f"{where}: expected shape (frames, 32, 3), found {metres.shape}")
        return check_world(metres * _MM_PER_M, where)

    def require_detections(self, skeleton: Skeleton) -> None:
        """Raise NoDetections unless an archive of detections has the skeleton's joints."""
        self._archive_of(skeleton)

    def detections(
        self, subject: int, name: str, camera: str, frames: int, skeleton: Skeleton
    ) -> np.ndarray:
        """Read what a detector saw of a motion -> (frames,K,2) px.

        The first archive, by name, with the skeleton's joints is taken. An archive may hold more
        frames than the motion has, and a confidence as a third number: both are cut off.
        """
        path, by_subject = self._archive_of(skeleton)
        where = f"{path}: S{subject} {name}"
        per_camera = by_subject.get(f"S{subject}", {}).get(name)
        if isinstance(per_camera, np.ndarray) and per_camera.ndim > 0:
            per_camera = list(per_camera)
        # The archives have no names of cameras: arrays are in the order of the cameras' names.
        camera_names = [camera.name for camera in cameras_of(self.cameras, subject)]
        number = camera_names.index(camera)
        if not isinstance(per_camera, (list, tuple)) or len(per_camera) <= number:
            raise InputError(
                f"{where}: expected the detections of each camera, found none of camera {camera}"
            )
        poses = numeric_array(per_camera[number])
        if poses.ndim == 3:
            poses = poses[:frames, :, :2]
        shape = (frames, skeleton.num_joints, 2)
        return check_detections(poses, shape, f"{where} camera {camera}")

    def _archive_of(self, skeleton: Skeleton) -> tuple[Path, dict]:
        """The archive with a skeleton's joints -> (path, detections by subject and motion)."""
        if skeleton.name not in self._archives:
            self._archives[skeleton.name] = self._find_archive(skeleton)
        return self._archives[skeleton.name]

    def _find_archive(self, skeleton: Skeleton) -> tuple[Path, dict]:
        matches = []
        descriptions = []
        for path in sorted(self.folder.glob(_DETECTIONS_FILES)):
            if path.stem.endswith("_gt"):
                # Its projection is not the dataset's own: the tangential terms are swapped.
                continue
            by_subject, metadata = self._read_archive(path, "positions_2d")
            layout = _layout_of(metadata)
            descriptions.append(f"{path.name} ({layout})")
            if _OUR_NAMES.get(layout, layout) == skeleton.name:
                matches.append((path, by_subject))
        if not matches:
            archives = ", ".join(descriptions)
            if not archives:
                archives = "none (the _gt archive is no detector)"
            raise NoDetections(
                f"{self.folder}: no 2D archive has the joints of --dataset_type {skeleton.name}; "
                f"found {shortened(archives, most=200)}"
            )
        return matches[0]

    def _read_archive(self, path: Path, key: str) -> tuple[dict, object]:
        """Read an archive -> (what it holds under ``key``, its metadata, which may be anything).

        The first is a dictionary by subject of dictionaries by motion, whose names are checked and
        have the actions' usual words.
        """
        content = load_pickled_npz(path, (key, "metadata"))
        by_subject = content.get(key)
        if not isinstance(by_subject, dict) or not all(
            isinstance(motions, dict) for motions in by_subject.values()
        ):
            raise InputError(
                f"{path}: expected {key} as a dictionary of subjects and actions; download it again"
            )
        renamed = {}
        for subject, motions in by_subject.items():
            renamed[subject] = {}
            for name, value in motions.items():
                # Names become names of files when the set is converted, so no path may hide here.
                if not isinstance(name, str) or not _MOTION_NAME.fullmatch(name):
                    raise InputError(
                        f"{path}: {key}: expected names such as 'Walking 1', found {shown(name)}"
                    )
                renamed[subject][rename(name)] = value
        self.files.append(path)
        return renamed, content.get("metadata")


def _layout_of(metadata) -> str:
    """The name of an archive's order of joints, or what stands in its place."""
    if not isinstance(metadata, dict):
        metadata = {}
    num_joints = str(metadata.get("num_joints"))  # as text, for it may be anything
    usual_layout = _USUAL_LAYOUTS.get(num_joints, "an unknown order")
    return str(metadata.get("layout_name", usual_layout))
