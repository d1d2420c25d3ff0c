"""Reading HDF5 files that may be anything."""

from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from src.errors import InputError


@contextmanager
def open_h5(path):
    """Open an HDF5 file for reading. Raises InputError when it is missing, truncated or no HDF5 file."""
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read as HDF5 ({error}); copy or download it again"
        ) from None
    with file:
        try:
            yield file
        except (
            OSError,
            RuntimeError,
            KeyError,
            ValueError,
            TypeError,
            MemoryError,
        ) as error:  # what h5py raises inside a damaged file
            raise InputError(f"{path}: is damaged ({error}); copy or download it again") from None


def read_dataset(group, name: str, path) -> np.ndarray:
    """The numeric dataset ``name`` of an open file or group, whole. Raises InputError naming path and dataset."""
    dataset = group.get(name)
    where = f"{path}: {group.name.rstrip('/')}/{name}"
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise InputError(
            f"{where}: expected a dataset of this name, found {', '.join(map(str, group)) or 'nothing'}"
        )
    if dataset.dtype.kind not in "fiu":
        raise InputError(f"{where}: expected numbers, found {dataset.dtype}")
    return dataset[()]
