"""Writing Human3.6M's h5 layout: cameras, motion, detections."""

import io
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from src.cameras import Camera
from src.data.human36.h5_layout import (
    DETECTIONS_DATASET,
    MOTION_DATASET,
    detection_path,
    motion_path,
)
from src.data.views import Motion
from src.errors import InputError


def require_new(out: Path) -> Path:
    """The absolute path of a folder to be written.

    Raises InputError if there is something of this name that is not an empty folder.
    """
    absolute = out.resolve()
    is_empty_folder = absolute.is_dir() and not any(absolute.iterdir())
    is_root = not absolute.name
    if is_root or (absolute.exists() and not is_empty_folder):
        raise InputError(f"--out {out}: is there and not an empty folder; give a new one")
    return absolute


def write_layout(
    out: Path,
    cameras: dict[tuple[int, str], Camera],
    motions: Iterable[Motion],
    *,
    total: int,
    detect: Callable[[Motion, Camera], np.ndarray | None],
    texts: dict[str, str],
):
    """Write a set as a new folder in the h5 layout, whole or not at all.

    cameras: {(subject, camera name): Camera}. total: the number of motions, for the progress bar.
    detect: called as detect(motion, camera) for all cameras of the motion's subject, returns
    detections (F,16,2) px, or None where there are none. texts: further files, {name: content}.

    Raises InputError if ``out`` is there and not an empty folder, or can't be written.
    """
    out = require_new(out)
    part = out.with_name(f".{out.name}.part")  # becomes ``out`` when all is in it
    try:
        shutil.rmtree(part, ignore_errors=True)  # what a killed command has left
        part.mkdir(parents=True)
        _write_h5(part / "cameras.h5", _camera_datasets(cameras))
        for name, text in texts.items():
            (part / name).write_text(text, errors="replace")
        for motion in tqdm(motions, total=total, disable=None):
            _write_motion(part, motion)
            for (subject, camera_name), camera in cameras.items():
                if subject != motion.subject:
                    continue
                poses = detect(motion, camera)
                if poses is not None:
                    path = detection_path(part, subject, motion.name, camera_name)
                    _write_h5(path, {DETECTIONS_DATASET: poses})
        part.replace(out)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written ({error}); give another folder") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_motion(folder: Path, motion: Motion):
    flat = motion.world.reshape(len(motion.world), -1).T.astype(np.float32)  # (96,F)
    _write_h5(motion_path(folder, motion.subject, motion.name), {MOTION_DATASET: flat})


def _camera_datasets(cameras: dict[tuple[int, str], Camera]) -> dict[str, np.ndarray]:
    """The datasets of ``cameras.h5`` by name: R is stored transposed, vectors are columns."""
    datasets = {}
    cameras_so_far = dict.fromkeys((subject for subject, _ in cameras), 0)
    for (subject, name), camera in sorted(cameras.items()):
        cameras_so_far[subject] += 1
        group = f"subject{subject}/camera{cameras_so_far[subject]}"
        datasets[f"{group}/R"] = camera.R.T
        datasets[f"{group}/T"] = camera.T
        datasets[f"{group}/f"] = camera.f[:, None]
        datasets[f"{group}/c"] = camera.c[:, None]
        datasets[f"{group}/k"] = camera.k[:, None]
        datasets[f"{group}/p"] = camera.p[:, None]
        datasets[f"{group}/Name"] = np.array([[ord(letter)] for letter in name], dtype=np.uint16)
    return datasets


def _write_h5(path: Path, datasets: dict[str, np.ndarray]):
    """Write datasets by way of memory, because HDF5 itself does not survive a full disk."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in datasets.items():
            file[name] = array
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
