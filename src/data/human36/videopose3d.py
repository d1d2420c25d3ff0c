"""Human3.6M in VideoPose3D's archives: pickled dictionaries in npz files."""

import re
from pathlib import Path

import numpy as np

from src.data.human36.folder import (
    Folder,
    NoDetections,
    check_detections,
    check_world,
    natural,
    numbers,
    rename,
)
from src.data.npz import load_pickled_npz
from src.errors import InputError
from src.skeletons import Skeleton

_MOTION_NAME = re.compile(r"[A-Za-z]{1,40}([ _]\d{1,4})?")


class VideoPose3D(Folder):
    """VideoPose3D's archives: ``data_3d_h36m.npz`` (metres) and ``data_2d_h36m_*.npz``, pickles both."""

    key, form, motions_file = (
        "videopose3d",
        "Human3.6M in VideoPose3D's archives",
        "data_3d_h36m.npz",
    )

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._motions = self._load(folder / self.motions_file, "positions_3d")["positions_3d"]
        self._detections = {}

    def _load(self, path: Path, key: str) -> dict:
        content = load_pickled_npz(path, (key, "metadata"))
        by_subject = content.get(key)
        if not isinstance(by_subject, dict) or not all(
            isinstance(motions, dict) for motions in by_subject.values()
        ):
            raise InputError(
                f"{path}: expected {key} as a dictionary of subjects and actions; download it again"
            )
        names = [name for motions in by_subject.values() for name in motions]
        wrong = [
            name for name in names if not (isinstance(name, str) and _MOTION_NAME.fullmatch(name))
        ]
        if wrong:  # names become names of files
            raise InputError(
                f"{path}: {key}: expected names such as 'Walking 1', found {wrong[0]!r:.60}"
            )
        content[key] = {
            subject: {rename(name): value for name, value in motions.items()}
            for subject, motions in by_subject.items()
        }
        self.files.append(path)
        return content

    def subjects(self) -> list[int]:
        """Those of the archive."""
        return sorted(
            int(str(name)[1:]) for name in self._motions if re.fullmatch(r"S\d{1,4}", str(name))
        )

    def place(self, subject: int) -> str:
        """The archive and the subject's key."""
        return f"{self.folder / self.motions_file}: S{subject}"

    def motions(self, subject: int) -> dict:
        """Names, and where they are."""
        if f"S{subject}" not in self._motions:
            raise InputError(f"{self.place(subject)}: not there; subject {subject} was asked for")
        return {
            name: f"{self.place(subject)} {name}"
            for name in sorted(self._motions[f"S{subject}"], key=natural)
        }

    def world(self, subject: int, name: str) -> np.ndarray:
        """Metres in the archive."""
        where, poses = self.motions(subject)[name], numbers(self._motions[f"S{subject}"][name])
        if poses.ndim != 3 or poses.shape[1:] != (32, 3) or len(poses) == 0:
            raise InputError(f"{where}: expected shape (frames, 32, 3), found {poses.shape}")
        return check_world(poses * 1000, where)

    def detections(
        self, subject: int, name: str, camera: str, frames: int, skeleton: Skeleton
    ) -> np.ndarray:
        """Of the archive whose joints the skeleton has; it may hold more frames than the motion."""
        path, by_subject = self.require_detections(skeleton)
        where = f"{path}: S{subject} {name}"
        seen = by_subject.get(f"S{subject}", {}).get(name, ())
        number = sorted(own for owner, own in self.cameras if owner == subject).index(camera)
        if not (isinstance(seen, (list, tuple)) or np.ndim(seen)) or len(seen) <= number:
            raise InputError(
                f"{where}: expected the detections of each camera, found none of camera {camera}"
            )
        poses, shape = numbers(seen[number]), (frames, skeleton.num_joints, 2)
        poses = poses[:frames, :, :2] if poses.ndim == 3 else poses
        return check_detections(poses, shape, f"{where} camera {camera}")

    def require_detections(self, skeleton: Skeleton) -> tuple[Path, dict]:
        """The archive with the skeleton's joints, and its content by subject and action. Raises InputError."""
        if skeleton.name not in self._detections:
            self._detections[skeleton.name] = self._find_detections(skeleton)
        return self._detections[skeleton.name]

    def _find_detections(self, skeleton: Skeleton) -> tuple[Path, dict]:
        found = []
        for path in sorted(self.folder.glob("data_2d_h36m_*.npz")):
            if not path.stem.endswith(
                "_gt"
            ):  # its projection is not the dataset's own: tangential terms swapped
                content = self._load(path, "positions_2d")
                metadata = content["metadata"] if isinstance(content.get("metadata"), dict) else {}
                usual = {"16": "shg_16k", "17": "human36_17k"}.get(
                    str(metadata.get("num_joints")), "an unknown order"
                )
                found.append(
                    (str(metadata.get("layout_name", usual)), path, content["positions_2d"])
                )
        for layout, path, by_subject in found:
            if {"h36m": "human36_17k"}.get(layout, layout) == skeleton.name:
                return path, by_subject
        there = (
            ", ".join(f"{path.name} ({layout})" for layout, path, _ in found)
            or "none (the _gt archive is no detector)"
        )
        raise NoDetections(
            f"{self.folder}: no 2D archive has the joints of --dataset_type {skeleton.name}; found {there}"
        )
