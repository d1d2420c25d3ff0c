"""Writing Human3.6M's h5 layout: cameras, motion, detections."""

import io
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from src.data.human36.forms import H5, detection_path
from src.data.views import Motion
from src.errors import InputError


def require_new(out: Path) -> Path:
    """The absolute path of a folder to be written. Raises InputError if it is there and not an empty folder."""
    absolute = out.resolve()
    if not absolute.name or (
        absolute.exists() and (not absolute.is_dir() or any(absolute.iterdir()))
    ):
        raise InputError(f"--out {out}: is there and not an empty folder; give a new one")
    return absolute


def write_layout(
    out: Path,
    cameras: dict,
    motions: Iterable[Motion],
    *,
    total: int,
    detect: Callable,
    texts: dict[str, str],
):
    """Write the set as a new folder, whole or not at all; a bar shows how many of ``total`` motions are done.

    detect(motion, camera) -> detections (F,16,2) px, or None where there are none. texts: further files, by name.
    Raises InputError if ``out`` is there and not an empty folder, or can't be written.
    """
    out = require_new(out)
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)  # what a killed command has left
        part.mkdir(parents=True)
        _write_h5(part / "cameras.h5", _camera_datasets(cameras))
        for name, text in texts.items():
            (part / name).write_text(text, errors="replace")
        for motion in tqdm(motions, total=total, disable=None):
            flat = motion.world.reshape(len(motion.world), -1).T.astype(np.float32)
            _write_h5(
                part / f"S{motion.subject}" / H5.motion_folder / f"{motion.name}.h5",
                {"3D_positions": flat},
            )
            for camera in (
                camera for (subject, _), camera in cameras.items() if subject == motion.subject
            ):
                poses = detect(motion, camera)
                if poses is not None:
                    _write_h5(
                        detection_path(part, motion.subject, motion.name, camera.name),
                        {"poses": poses},
                    )
        part.replace(out)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written ({error}); give another folder") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _camera_datasets(cameras: dict) -> dict[str, np.ndarray]:
    content, seen = {}, dict.fromkeys((subject for subject, _ in cameras), 0)
    for (subject, name), camera in sorted(cameras.items()):
        seen[subject] += 1
        arrays = {
            "R": camera.R.T,
            "T": camera.T,
            **{key: getattr(camera, key)[:, None] for key in "fckp"},
        }
        arrays["Name"] = np.array([[ord(letter)] for letter in name], dtype=np.uint16)
        content |= {
            f"subject{subject}/camera{seen[subject]}/{key}": array for key, array in arrays.items()
        }
    return content


def _write_h5(path: Path, content: dict):
    """By way of memory: HDF5 itself does not survive a full disk."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in content.items():
            file[name] = array
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
