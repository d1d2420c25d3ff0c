"""Human3.6M in the h5 layout of the paper (3d-pose-baseline's): motion, cameras, 2D detections -> PoseArrays."""

import re
from pathlib import Path

import numpy as np

from src.cameras import Camera, load_cameras
from src.data.arrays import PoseArrays, Sequence, file_record
from src.data.h5 import open_h5, read_dataset
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, Skeleton

ACTIONS = (
    *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases", "Sitting"),
    *("SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether"),
)
DETECTIONS_SKELETON = "shg_16k"
# The one detection file that the published archive lacks: (subject, file name without ending, camera).
MISSING_DETECTIONS = (11, "Directions", "54138969")
_ABSURD = 1e7  # mm or px: 10 km


def load_human36(
    data_dir, subjects, skeleton: Skeleton, *, actions=ACTIONS, detections: bool = False, keep_every: int = 1
) -> PoseArrays:
    """Read ``subjects`` x ``actions`` x all cameras. 2D is projected truth, or stacked-hourglass detections.

    keep_every: n keeps the frames whose number within their file, from 0, is a multiple of n (`amt_test_data`); every
    file is read and checked whole all the same. Raises InputError naming the file for anything missing or malformed.
    The one detection file that is known to be missing is skipped, with a line in ``notes``.
    """
    data_dir = Path(data_dir)
    _check_layout(data_dir)
    cameras = load_cameras(data_dir / "cameras.h5")
    parts, sequences, notes = [], [], []
    files = [file_record(data_dir / "cameras.h5", data_dir)]
    for subject in subjects:
        subject_cameras = [camera for (owner, _), camera in sorted(cameras.items()) if owner == subject]
        if not subject_cameras:
            found = sorted({owner for owner, _ in cameras})
            raise InputError(f"{data_dir / 'cameras.h5'}: no cameras of subject {subject}; it has subjects {found}")
        for action, path in _motion_files(data_dir, subject, actions, notes):
            world = _read_motion(path, notes)[:, list(skeleton.human36_indices)]
            files.append(file_record(path, data_dir))
            for camera in subject_cameras:
                pose_3d, pose_2d = _see(world, camera, path)
                if detections:
                    detected = _detections(path, camera)
                    if (subject, path.stem, camera.name) == MISSING_DETECTIONS and not detected.exists():
                        notes.append(f"S{subject} {path.stem} seen by camera {camera.name} has no detections: skipped")
                        continue
                    pose_2d = _read_detections(detected, len(world), skeleton)
                    files.append(file_record(detected, data_dir))
                parts.append((pose_2d[::keep_every], pose_3d[::keep_every]))
                sequences.append(Sequence(subject, action, path.stem, camera.name, tuple(map(float, camera.f))))
    lengths = [len(pose_2d) for pose_2d, _ in parts]
    return PoseArrays(
        pose_2d=np.concatenate([pose_2d for pose_2d, _ in parts]),
        pose_3d=np.concatenate([pose_3d for _, pose_3d in parts]),
        sequence=np.repeat(np.arange(len(parts), dtype=np.int32), lengths),
        frame=np.concatenate([np.arange(n, dtype=np.int32) * keep_every for n in lengths]),
        sequences=tuple(sequences),
        files=tuple(files),
        notes=tuple(notes),
    )


def _check_layout(data_dir: Path):
    if not data_dir.is_dir():
        raise InputError(f"--data_dir {data_dir}: no such folder; expected one that holds cameras.h5 and S1, S5, ...")
    if not (data_dir / "cameras.h5").is_file():
        raise InputError(
            f"--data_dir {data_dir}: expected cameras.h5 and subject folders S1, S5, ..., found "
            f"{', '.join(sorted(path.name for path in data_dir.iterdir())[:8]) or 'an empty folder'}"
        )


def _motion_files(data_dir: Path, subject: int, actions, notes: list) -> list[tuple[str, Path]]:
    """(action, file) of one subject, in the order of ``actions``; a file belongs to the first word of its name."""
    folder = data_dir / f"S{subject}" / "MyPoses" / "3D_positions"
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; subject {subject} was asked for")
    by_action = {}
    for path in sorted(folder.glob("*.h5"), key=_natural_order):
        first_word = re.match(r"[A-Za-z]*", path.name)[0]
        by_action.setdefault(first_word, []).append(path)
    for word in sorted(set(by_action) - set(ACTIONS)):
        notes.append(f"{folder}: ignored {', '.join(path.name for path in by_action[word])}: not one of the actions")
    missing = [action for action in actions if action not in by_action]
    if missing:
        raise InputError(f"{folder}: no file of {', '.join(missing)}; expected {missing[0]}.h5 or '{missing[0]} 1.h5'")
    return [(action, path) for action in actions for path in by_action[action]]


def _natural_order(path: Path):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.stem)]


def _read_motion(path: Path, notes: list) -> np.ndarray:
    """(frames, 32, 3) world mm, float64."""
    with open_h5(path) as file:
        flat = read_dataset(file, "3D_positions", path)
    rows = 3 * len(HUMAN36_JOINTS)
    if flat.ndim != 2 or flat.shape[0] != rows or flat.shape[1] == 0:
        raise InputError(f"{path}: 3D_positions: expected shape ({rows}, frames), found {flat.shape}")
    world = flat.T.astype(np.float64).reshape(-1, len(HUMAN36_JOINTS), 3)
    _check_finite(world, path, "3D_positions")
    extent = np.ptp(world, axis=1).max()
    if extent == 0:
        raise InputError(f"{path}: 3D_positions: all joints of every pose are at one point; copy or download it again")
    if extent < 10:
        notes.append(f"{path}: the tallest pose measures {extent:.2f}: metres where millimetres are expected?")
    return world


def _check_finite(poses: np.ndarray, path: Path, dataset: str):
    bad = ~(np.abs(poses) < _ABSURD).all(axis=(1, 2))
    if bad.any():
        raise InputError(
            f"{path}: {dataset}: NaN, infinite or absurdly large values in {bad.sum()} frames, "
            f"first in frame {bad.argmax()}"
        )


def _see(world: np.ndarray, camera: Camera, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """World poses (F,K,3) -> camera frame (F,K,3) mm and pixels (F,K,2), both float32."""
    points = camera.world_to_camera(world.reshape(-1, 3))
    behind = (points[:, 2] <= 0).reshape(len(world), -1).any(axis=1)
    if behind.any():
        raise InputError(
            f"{path}: frame {behind.argmax()} is behind camera {camera.name}; do poses and cameras.h5 belong together?"
        )
    pixels = camera.project_camera_points(points).reshape(*world.shape[:2], 2)
    _check_finite(pixels, path, f"projection to camera {camera.name}")
    return points.reshape(world.shape).astype(np.float32), pixels.astype(np.float32)


def _detections(motion: Path, camera: Camera) -> Path:
    name = motion.stem.replace(" ", "_")
    return motion.parents[2] / "StackedHourglassFineTuned240" / f"{name}.{camera.name}.h5"


def _read_detections(path: Path, frames: int, skeleton: Skeleton) -> np.ndarray:
    """(frames, 16, 2) pixels, float32, in the order of shg_16k."""
    with open_h5(path) as file:
        poses = read_dataset(file, "poses", path)
    expected = (frames, skeleton.num_joints, 2)
    if poses.shape != expected:
        raise InputError(
            f"{path}: poses: expected shape {expected} as the motion has {frames} frames, found {poses.shape}"
        )
    _check_finite(poses, path, "poses")
    return poses.astype(np.float32)
