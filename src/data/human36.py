"""Human3.6M in the h5 layout of the paper (3d-pose-baseline's): motion, cameras, 2D detections -> PoseArrays."""

import re
from pathlib import Path

import numpy as np

from src.cameras import Camera, load_cameras
from src.data.arrays import PoseArrays
from src.data.h5 import open_h5, read_dataset
from src.data.views import Motion, check_values, view_motions
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, Skeleton

ACTIONS = (
    *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases", "Sitting"),
    *("SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether"),
)
DETECTIONS_SKELETON = "shg_16k"
_HOW_TO_GET_DATA = "README.md says how to get data, and --data_dir synthetic needs none"
SYNTHETIC_MARK = "SYNTHETIC.txt"  # a file of this name says that a set is synthetic
# The one detection file that the published archive lacks: (subject, file name without ending, camera).
MISSING_DETECTIONS = (11, "Directions", "54138969")
NO_DETECTIONS = "S{} {} seen by camera {} has no detections: skipped".format(*MISSING_DETECTIONS)


def motion_folder(data_dir: Path, subject: int) -> Path:
    """Where the motion files of a subject are."""
    return data_dir / f"S{subject}" / "MyPoses" / "3D_positions"


def detection_path(data_dir: Path, motion: Motion, camera_name: str) -> Path:
    """The file with one camera's detections of a motion."""
    folder = data_dir / f"S{motion.subject}" / "StackedHourglassFineTuned240"
    return folder / f"{motion.name.replace(' ', '_')}.{camera_name}.h5"


def load_human36(
    data_dir, subjects, skeleton: Skeleton, *, actions=ACTIONS, detections: bool = False, keep_every: int = 1
) -> PoseArrays:
    """Read ``subjects`` x ``actions`` x all cameras. 2D is projected truth, or stacked-hourglass detections.

    keep_every: n keeps the frames whose number within their file, from 0, is a multiple of n (`amt_test_data`); every
    file is read and checked whole all the same. Raises InputError naming the file for anything missing or malformed.
    The one detection file that is known to be missing is skipped, with a line in ``notes``.
    """
    data_dir = Path(data_dir)
    camera_file = _find_cameras(data_dir)
    cameras = load_cameras(camera_file)
    owners = sorted({owner for owner, _ in cameras})
    unknown = [subject for subject in subjects if subject not in owners]
    if unknown:
        raise InputError(f"{camera_file}: no cameras of subject {unknown[0]}; it has subjects {owners}")
    files, notes = [camera_file], []

    def read_motions():
        for subject in subjects:
            for action, path in _motion_files(data_dir, subject, actions, notes):
                files.append(path)
                yield Motion(subject, action, path.stem, _read_motion(path, notes), str(path))

    def detect(motion: Motion, camera: Camera):
        path = detection_path(data_dir, motion, camera.name)
        if (motion.subject, motion.name, camera.name) == MISSING_DETECTIONS and not path.exists():
            notes.append(NO_DETECTIONS)
            return None
        files.append(path)
        return _read_detections(path, len(motion.world), skeleton)

    detect = detect if detections else None
    views = view_motions(read_motions(), cameras, skeleton, detect=detect, keep_every=keep_every)
    records = tuple((path.relative_to(data_dir).as_posix(), path.stat().st_size) for path in files)
    return PoseArrays(**views, files=records, notes=tuple(notes), synthetic=(data_dir / SYNTHETIC_MARK).exists())


def _find_cameras(data_dir: Path) -> Path:
    if data_dir.is_file():
        raise InputError(f"--data_dir {data_dir}: is a file; give the folder that holds cameras.h5 and S1, S5, ...")
    if not data_dir.is_dir():
        raise InputError(f"--data_dir {data_dir}: no such folder; {_HOW_TO_GET_DATA}")
    if not (data_dir / "cameras.h5").is_file():
        found = ", ".join(sorted(path.name for path in data_dir.iterdir())[:8]) or "an empty folder"
        expected = f"expected cameras.h5 and subject folders S1, S5, ..., found {found}"
        raise InputError(f"--data_dir {data_dir}: {expected}; {_HOW_TO_GET_DATA}")
    return data_dir / "cameras.h5"


def _motion_files(data_dir: Path, subject: int, actions, notes: list) -> list[tuple[str, Path]]:
    """(action, file) of one subject, in the order of ``actions``; a file belongs to the first word of its name."""
    folder = motion_folder(data_dir, subject)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; subject {subject} was asked for")
    by_action = {}
    for path in sorted(folder.glob("*.h5"), key=_natural_order):
        by_action.setdefault(re.match("[A-Za-z]*", path.name)[0], []).append(path)
    for word in sorted(set(by_action) - set(ACTIONS)):
        notes.append(f"{folder}: ignored {', '.join(path.name for path in by_action[word])}: not one of the actions")
    missing = [action for action in actions if action not in by_action]
    if missing:
        raise InputError(f"{folder}: no file of {', '.join(missing)}; expected {missing[0]}.h5 or '{missing[0]} 1.h5'")
    return [(action, path) for action in actions for path in by_action[action]]


def _natural_order(path: Path):
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", path.stem)]


def _read_motion(path: Path, notes: list) -> np.ndarray:
    """(frames, 32, 3) world mm, float64."""
    with open_h5(path) as file:
        flat = read_dataset(file, "3D_positions", path)
    if flat.ndim != 2 or flat.shape[0] != 96 or flat.shape[1] == 0:
        raise InputError(f"{path}: 3D_positions: expected shape (96, frames), found {flat.shape}")
    world = flat.T.astype(np.float64).reshape(-1, len(HUMAN36_JOINTS), 3)
    check_values(world, path, "3D_positions")
    extent = np.ptp(world, axis=1).max()
    if extent == 0:
        raise InputError(f"{path}: 3D_positions: all joints of every pose are at one point; copy or download it again")
    if extent < 10:
        notes.append(f"{path}: the tallest pose measures {extent:.2f}: metres where millimetres are expected?")
    return world


def _read_detections(path: Path, frames: int, skeleton: Skeleton) -> np.ndarray:
    """(frames, 16, 2) pixels, float32, in the order of shg_16k."""
    with open_h5(path) as file:
        poses = read_dataset(file, "poses", path)
    expected = (frames, skeleton.num_joints, 2)
    if poses.shape != expected:
        expected = f"expected shape {expected} as the motion has {frames} frames"
        raise InputError(f"{path}: poses: {expected}, found {poses.shape}")
    check_values(poses, path, "poses")
    return poses.astype(np.float32)
