"""HDF5 files from anywhere: whatever is wrong with one is said in one line that names the file."""

from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from src.errors import InputError

# What h5py raises while it reads inside a damaged file.
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError)


@contextmanager
def open_h5(path):
    """Open an HDF5 file for reading: ``with open_h5(path) as file:``.

    Raises InputError when the file is missing, truncated or no HDF5 file, and also when reading
    inside the ``with`` block fails because the file is damaged.
    """
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
        except _DAMAGE as error:
            raise InputError(f"{path}: is damaged ({error}); copy or download it again") from None


def read_dataset(group, name: str, path) -> np.ndarray:
    """Read the whole numeric dataset ``name`` of an open file or group, in its own shape and type.

    ``path`` is the file's, for messages. Raises InputError naming file and dataset if there is no
    such dataset, or if it holds anything but real numbers.
    """
    dataset = group.get(name)
    where = f"{path}: {group.name.rstrip('/')}/{name}"
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:  # None: an empty dataset
        members = ", ".join(str(member) for member in group) if len(group) else "nothing"
        raise InputError(f"{where}: expected a dataset of this name, found {members}")
    if dataset.dtype.kind not in "fiu":
        raise InputError(f"{where}: expected numbers, found {dataset.dtype}")
    return dataset[()]
