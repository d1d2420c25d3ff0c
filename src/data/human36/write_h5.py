"""Writing Human3.6M's h5 layout: cameras, motion, detections."""

import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
from src.errors import InputError, reason_of
from src.files import file_name_of, locked_path, unfinished_folder


@contextmanager
def reserve_new(out: Path, option: str = "--out") -> Iterator[Path]:
    """Keep the place of a folder to be written for this process: ``with reserve_new(out):``.

    Minutes may pass before `write_layout` writes it. Raises InputError if another process has it,
    or if there is something of this name that is not an empty folder.
    """
    with locked_path(require_new(out, option), option):
        require_new(out, option)  # another process may have written it before we had the lock
        yield out


def require_new(out: Path, option: str = "--out") -> Path:
    """The absolute path of a folder to be written.

    Raises InputError if there is something of this name that is not an empty folder, or a link.
    """
    if out.is_symlink():
        raise InputError(f"{option} {out}: is a symbolic link; give a new folder")
    absolute = Path(os.path.realpath(out))
    is_empty_folder = absolute.is_dir() and not any(absolute.iterdir())
    is_root = not absolute.name
    if is_root or (absolute.exists() and not is_empty_folder):
        raise InputError(f"{option} {out}: is there and not an empty folder; give a new one")
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
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_folder(out) as folder:
            part = folder / out.name  # becomes ``out`` when all is in it
            part.mkdir()
            _write_h5(part / "cameras.h5", _camera_datasets(cameras))
            for name, text in texts.items():
                (part / file_name_of(name)).write_text(text, errors="replace")
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
        raise InputError(
            f"--out {out}: cannot be written ({reason_of(error)}); give another folder"
        ) from None


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
