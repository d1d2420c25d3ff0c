"""HDF5 files from anywhere: whatever is wrong with one is said in one line that names the file.

An HDF5 file may name other files, whose content then passes for its own, and may declare shapes and
chunks that no memory holds in a few bytes. Links, virtual datasets and external storage are
refused; shapes and chunks are looked at before anything is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

import h5py
import numpy as np

from src.errors import InputError
from src.input_files import is_too_large, require_regular_file

_MOST_MEMBERS_SHOWN = 8

# What h5py raises while it reads inside a damaged file.
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError)


@contextmanager
def open_h5(path):
    """Open an HDF5 file for reading: ``with open_h5(path) as file:``.

    Raises InputError when the file is missing, a pipe or a device, truncated or no HDF5 file, and
    also when reading inside the ``with`` block fails because the file is damaged.
    """
    if not Path(path).is_file():
        require_regular_file(path)
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


def members(group, path) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Yield name and object of all members of an open file or group.

    ``path`` is the file's, for messages. Raises InputError where one is a link.
    """
    for name in group:
        yield name, _get_member(group, name, path)


def read_dataset(group, name: str, path, *, most_numbers: int | None = None) -> np.ndarray:
    """Read the whole numeric dataset ``name`` of an open file or group, in its own shape and type.

    path: the file's, for messages and for its size, which bounds what the dataset may declare: see
        `src.input_files.most_bytes`.
    most_numbers: how many numbers the dataset may hold, where the caller knows a closer bound.

    Raises InputError naming file and dataset if there is no such dataset, if it holds anything but
    real numbers, if these are kept in another file, or if it declares too many of them.
    """
    dataset = _get_member(group, name, path)
    if isinstance(dataset, h5py.Dataset):
        # Before the shape is asked for: to know that of a virtual dataset, HDF5 opens its sources.
        creation = dataset.id.get_create_plist()
        if creation.get_layout() == h5py.h5d.VIRTUAL or creation.get_external_count() > 0:
            raise InputError(
                f"{_source_name(group, name, path)}: refused: its numbers are those of another "
                "file; get a file that holds them itself"
            )
        if dataset.shape is not None:  # None: an empty dataset
            problem = _find_problem(dataset, creation, path, most_numbers)
            if problem is not None:
                raise InputError(f"{_source_name(group, name, path)}: {problem}")
            return dataset[()]
    names = [str(member) for member in group]
    listing = ", ".join(names[:_MOST_MEMBERS_SHOWN]) if names else "nothing"
    raise InputError(
        f"{_source_name(group, name, path)}: expected a dataset of this name, found {listing}"
    )


def _source_name(group, name: str, path) -> str:
    return f"{path}: {group.name.rstrip('/')}/{name}"


def _get_member(group, name: str, path):
    """Return the group or dataset of this name, None if there is none, and refuse a link."""
    # External links name other files. Soft links name places in this one, but one of these may be
    # an external link; programs that write poses make neither.
    links = group.id.links
    if not links.exists(name.encode()):
        return None
    if links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
        raise InputError(
            f"{_source_name(group, name, path)}: refused: is a link to another place; "
            "get a file that holds the numbers there"
        )
    return group[name]


def _find_problem(dataset, creation, path, most_numbers: int | None) -> str | None:
    """Say why a dataset may not be read: it holds no real numbers, or more than its file may.

    creation: the list of properties that it was created with. Returns None if it may be read.
    """
    dtype = dataset.dtype
    if dtype.kind not in "fiu":
        return f"expected numbers, found {dtype}"
    shape = dataset.shape
    count = prod(shape)
    # A chunk is read whole, and may be larger than the dataset.
    chunk_size = 0
    if creation.get_layout() == h5py.h5d.CHUNKED:
        chunk_size = prod(creation.get_chunk())
    # Numbers are computed with as float64, whatever their type in the file.
    is_too_long = most_numbers is not None and count > most_numbers
    if is_too_long or is_too_large(8 * max(count, chunk_size), path):
        return f"declares shape {shape}, more than a file of its size may hold"
    return None
