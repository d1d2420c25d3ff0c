"""The forms in which people have Human3.6M. Each says which motions there are, and reads one at a time.

A form has: ``key``; ``form`` in words; ``folder``; ``files``, those read so far; ``cameras``; ``subjects()``;
``place(subject)``, for messages; ``motions(subject)`` -> {name: where it is}; ``world(subject, name)`` -> (F,32,3) mm;
``detections(subject, name, camera, frames, skeleton)`` -> (frames,K,2) px; ``require_detections(skeleton)``. All raise
InputError naming the file for what is missing or wrong.
"""

import re
from pathlib import Path

import numpy as np

from src.cameras import load_cameras
from src.data.h5 import open_h5, read_dataset
from src.data.npz import load_pickled_npz
from src.data.views import check_values
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, Skeleton

_HOW_TO_GET_DATA = "README.md says how to get data, and --data_dir synthetic needs none"
_CAMERA_FILES = ("cameras.h5", "metadata.xml")
DETECTIONS_SKELETON, _DETECTIONS = "shg_16k", "StackedHourglassFineTuned240"
_RENAMED = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}  # what subject 1's files are called


class _Folder:
    """What the forms share: a folder with a file of cameras."""

    def __init__(self, folder: Path):
        self.folder = folder
        present = [folder / name for name in _CAMERA_FILES if (folder / name).is_file()]
        if not present:
            found = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "an empty folder"
            expected = f"expected {' or '.join(_CAMERA_FILES)} and subjects S1, S5, ..., found {found}"
            raise InputError(f"--data_dir {folder}: {expected}; {_HOW_TO_GET_DATA}")
        self.cameras, self.files = load_cameras(present[0]), [present[0]]

    def subjects(self) -> list[int]:
        """Those with a folder of their own."""
        found = [re.fullmatch(r"S(\d+)", path.parents[1].name) for path in self.folder.glob(f"S*/{self.motion_folder}")]
        return sorted(int(match[1]) for match in found if match)

    def place(self, subject: int) -> Path:
        """The folder with the subject's motions."""
        return self.folder / f"S{subject}" / self.motion_folder

    def _motion_files(self, subject: int, ending: str) -> dict[str, Path]:
        if not self.place(subject).is_dir():
            raise InputError(f"{self.place(subject)}: no such folder; subject {subject} was asked for")
        paths = {path.name.removesuffix(ending): path for path in self.place(subject).glob(f"*{ending}")}
        return {rename(name): paths[name] for name in sorted(paths, key=_natural)}


class H5(_Folder):
    """The layout of the paper, and of 3d-pose-baseline: one h5 file per motion, and per motion and camera."""

    key, form, motion_folder = "human36_h5", "Human3.6M in the h5 layout", Path("MyPoses/3D_positions")

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
            raise InputError(f"{path}: 3D_positions: expected shape (96, frames), found {flat.shape}")
        return check_world(flat.T, f"{path}: 3D_positions")

    def require_detections(self, skeleton: Skeleton):
        """Raise InputError if there are none of the skeleton's joints."""
        require_skeleton(skeleton, DETECTIONS_SKELETON)
        if not any(self.folder.glob(f"S*/{_DETECTIONS}")):
            raise InputError(f"{self.folder}: no folder {_DETECTIONS} with detections; use another 2D noise type")

    def detections(self, subject: int, name: str, camera: str, frames: int, skeleton: Skeleton) -> np.ndarray:
        """Of the stacked hourglass."""
        self.require_detections(skeleton)
        path = detection_path(self.folder, subject, name, camera)
        with open_h5(path) as file:
            poses = read_dataset(file, "poses", path)
        self.files.append(path)
        return check_detections(poses, (frames, skeleton.num_joints, 2), f"{path}: poses")


class Cdf(_Folder):
    """The dataset site's own archives: ``Poses_D3_Positions_S*.tgz``, or ``..._mono`` in camera frames."""

    key, form = "human36_cdf", "Human3.6M in the dataset site's cdf files"

    def __init__(self, folder: Path):
        name = next(iter(folder.glob("S*/MyPoseFeatures/D3_Positions*"))).name
        whole = any(folder.glob("S*/MyPoseFeatures/D3_Positions"))
        self.mono = name if not whole else None
        self.motion_folder = Path("MyPoseFeatures") / ("D3_Positions" if whole else "D3_Positions_mono")
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
        raise InputError(f"{self.folder}: {self.form} hold no detections; use another 2D noise type, or the h5 layout")


class VideoPose3D(_Folder):
    """VideoPose3D's archives: ``data_3d_h36m.npz`` (metres) and ``data_2d_h36m_*.npz``, pickles both."""

    key, form, motions_file = "videopose3d", "Human3.6M in VideoPose3D's archives", "data_3d_h36m.npz"

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._motions = self._load(folder / self.motions_file, "positions_3d")["positions_3d"]
        self._detections = {}

    def _load(self, path: Path, key: str) -> dict:
        content = load_pickled_npz(path, (key, "metadata"))
        by_subject = content.get(key)
        if not isinstance(by_subject, dict) or not all(isinstance(motions, dict) for motions in by_subject.values()):
            raise InputError(f"{path}: expected {key} as a dictionary of subjects and actions; download it again")
        content[key] = {
            subject: {rename(str(name)): value for name, value in motions.items()}
            for subject, motions in by_subject.items()
        }
        self.files.append(path)
        return content

    def subjects(self) -> list[int]:
        """Those of the archive."""
        return sorted(int(str(name)[1:]) for name in self._motions if re.fullmatch(r"S\d{1,4}", str(name)))

    def place(self, subject: int) -> str:
        """The archive and the subject's key."""
        return f"{self.folder / self.motions_file}: S{subject}"

    def motions(self, subject: int) -> dict:
        """Names, and where they are."""
        if f"S{subject}" not in self._motions:
            raise InputError(f"{self.place(subject)}: not there; subject {subject} was asked for")
        return {name: f"{self.place(subject)} {name}" for name in sorted(self._motions[f"S{subject}"], key=_natural)}

    def world(self, subject: int, name: str) -> np.ndarray:
        """Metres in the archive."""
        where, poses = self.motions(subject)[name], _numbers(self._motions[f"S{subject}"][name])
        if poses.ndim != 3 or poses.shape[1:] != (32, 3) or len(poses) == 0:
            raise InputError(f"{where}: expected shape (frames, 32, 3), found {poses.shape}")
        return check_world(poses * 1000, where)

    def detections(self, subject: int, name: str, camera: str, frames: int, skeleton: Skeleton) -> np.ndarray:
        """Of the archive whose joints the skeleton has; it may hold more frames than the motion."""
        path, by_subject = self.require_detections(skeleton)
        where = f"{path}: S{subject} {name}"
        seen = by_subject.get(f"S{subject}", {}).get(name, ())
        number = sorted(own for owner, own in self.cameras if owner == subject).index(camera)
        if not isinstance(seen, (list, tuple, np.ndarray)) or len(seen) <= number:
            raise InputError(f"{where}: expected the detections of each camera, found none of camera {camera}")
        poses, shape = _numbers(seen[number])[:frames, ..., :2], (frames, skeleton.num_joints, 2)
        return check_detections(poses, shape, f"{where} camera {camera}")

    def require_detections(self, skeleton: Skeleton) -> tuple[Path, dict]:
        """The archive with the skeleton's joints, and its content by subject and action. Raises InputError."""
        if skeleton.name not in self._detections:
            self._detections[skeleton.name] = self._find_detections(skeleton)
        return self._detections[skeleton.name]

    def _find_detections(self, skeleton: Skeleton) -> tuple[Path, dict]:
        found = []
        for path in sorted(self.folder.glob("data_2d_h36m_*.npz")):
            if not path.stem.endswith("_gt"):  # its projection is not the dataset's own: tangential terms swapped
                content = self._load(path, "positions_2d")
                metadata = content.get("metadata") or {}
                usual = {16: "shg_16k", 17: "human36_17k"}.get(metadata.get("num_joints"), "an unknown order")
                found.append((str(metadata.get("layout_name", usual)), path, content["positions_2d"]))
        for layout, path, by_subject in found:
            if {"h36m": "human36_17k"}.get(layout, layout) == skeleton.name:
                return path, by_subject
        there = (
            ", ".join(f"{path.name} ({layout})" for layout, path, _ in found) or "none (the _gt archive is no detector)"
        )
        raise InputError(
            f"{self.folder}: no 2D archive has the joints of --dataset_type {skeleton.name}; found {there}"
        )


def open_source(data_dir):
    """The form that a folder holds. Raises InputError if it holds none."""
    folder = Path(data_dir)
    if folder.is_file():
        raise InputError(f"--data_dir {folder}: is a file; give the folder that holds cameras.h5 and S1, S5, ...")
    if not folder.is_dir():
        raise InputError(f"--data_dir {folder}: no such folder; {_HOW_TO_GET_DATA}")
    if not any(folder.glob("S*/MyPoses")):
        if any(folder.glob("S*/MyPoseFeatures/D3_Positions*")):
            return Cdf(folder)
        if (folder / VideoPose3D.motions_file).is_file():
            return VideoPose3D(folder)
    return H5(folder)


def detection_path(folder: Path, subject: int, name: str, camera: str) -> Path:
    """The file of the h5 layout with one camera's detections of a motion."""
    return folder / f"S{subject}" / _DETECTIONS / f"{name.replace(' ', '_')}.{camera}.h5"


def rename(motion: str) -> str:
    """A motion's name with the action's usual word."""
    word = re.match("[A-Za-z]*", motion)[0]
    return _RENAMED.get(word, word) + motion[len(word) :]


def require_skeleton(skeleton: Skeleton, name: str):
    """Raise InputError unless detections of the joints of skeleton ``name`` can be used."""
    if skeleton.name != name:
        raise InputError(f"these detections have the joints of {name}: give --dataset_type {name}, not {skeleton.name}")


def check_world(poses: np.ndarray, where) -> np.ndarray:
    """World poses (F,96) or (F,32,3) mm -> (F,32,3) float64. Raises InputError for what can't be poses."""
    world = poses.astype(np.float64).reshape(-1, len(HUMAN36_JOINTS), 3)
    check_values(world, where)
    if np.ptp(world, axis=1).max() == 0:
        raise InputError(f"{where}: all joints of every pose are at one point; copy or download it again")
    return world


def check_detections(poses: np.ndarray, shape: tuple[int, int, int], where) -> np.ndarray:
    """Detections (F,K,2) px -> float32. Raises InputError."""
    if poses.shape != shape:
        raise InputError(f"{where}: expected shape {shape} as the motion has {shape[0]} frames, found {poses.shape}")
    check_values(poses, where)
    return poses.astype(np.float32)


def _numbers(value) -> np.ndarray:
    """An array of numbers, or an empty one in place of anything else."""
    array = np.asarray(value) if isinstance(value, np.ndarray) else np.empty(0)
    return array if array.dtype.kind in "fiu" else np.empty(0)


def _read_cdf(path: Path, name: str) -> np.ndarray:
    try:
        import cdflib
    except ImportError:
        raise InputError(f"{path}: cdf files are read by the package cdflib; pip install cdflib") from None
    try:
        return _numbers(np.asarray(cdflib.CDF(path).varget(name)))
    except Exception as error:  # a damaged file can raise anything
        message = f"cannot be read as cdf ({type(error).__name__}: {error})"
        raise InputError(f"{path}: {message}; copy or download it again") from None


def _natural(name: str):
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]
