"""Arrays in npy and npz files from anywhere: what a file declares is looked at before it is read.

An npz file is a zip archive of npy files. A zip archive declares the size of its members, and an
npy file the type and shape of its array; either may declare what no memory holds, in a few bytes.
Arrays of objects are pickles: these are never read here, but see `src.data.npz.load_pickled_npz`.
"""

import math
import sys
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from src.errors import InputError, shortened
from src.input_files import in_megabytes, most_bytes, require_regular_file

# bzip2 and lzma decompress without a bound, and numpy writes neither.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_LONGEST_AXIS_OF_EMPTY = 10**6


@contextmanager
def open_npz(path) -> Iterator[zipfile.ZipFile]:
    """Open an npz file: ``with open_npz(path) as archive:``.

    Raises InputError for a pipe or a device, FileNotFoundError where there is no file, and
    ValueError, which does not name the file, where its members are too large or not as numpy packs
    them. Damaged archives raise whatever zipfile raises for them.
    """
    require_regular_file(path)
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if any(member.compress_type not in _COMPRESSIONS for member in members):
            raise ValueError("packed by another method than numpy's")
        _check_size(sum(member.file_size for member in members), path)
        yield archive


def array_names(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the arrays in an open npz file."""
    return [name.removesuffix(".npy") for name in archive.namelist()]


def read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """Read one array of an open npz file by its name.

    Raises KeyError if there is none of this name, and ValueError, which names the array, for an
    array of objects or one that has not the size that it declares.
    """
    member = archive.getinfo(f"{name}.npy")
    try:
        with archive.open(member) as file:
            header_size, content_size = _read_header(file, most_bytes(archive.filename))
        if header_size + content_size != member.file_size:
            raise ValueError(
                f"declares {content_size:,} bytes, has {member.file_size - header_size:,}"
            )
        with archive.open(member) as file, warnings.catch_warnings(action="ignore"):
            array = np.lib.format.read_array(file, allow_pickle=False)
        _check_texts(array)
        return array
    except ValueError as error:
        raise ValueError(f"{shortened(name)}: {error}") from None


def load_npz_arrays(path, names=None) -> dict[str, np.ndarray]:
    """Read the arrays of an npz file, or those that it has of some names -> arrays by name.

    Raises InputError naming the file for whatever is wrong with it.
    """
    try:
        with open_npz(path) as archive:
            chosen = [name for name in array_names(archive) if names is None or name in names]
            return {name: read_array(archive, name) for name in chosen}
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: cannot be read as npz (no such file)") from None
    except Exception as error:  # a damaged file can raise anything
        raise InputError(
            f"{path}: cannot be read as npz ({error}); write or copy it again"
        ) from None


def map_npy(path) -> np.ndarray:
    """Map the array of an npy file into memory, read-only.

    Raises InputError for a pipe or a device, and ValueError, which does not name the file, for
    anything but an array of plain values that is wholly there.
    """
    require_regular_file(path)
    with Path(path).open("rb") as file:
        _read_header(file, most_bytes(path))
    with warnings.catch_warnings(action="ignore"):
        array = np.lib.format.open_memmap(path, mode="r")  # refuses a file that is too short
    _check_texts(array)
    return array


def _check_texts(array: np.ndarray):
    """Raise ValueError for texts with letters that do not exist, which Python cannot hold."""
    if array.dtype.kind != "U":
        return
    codes = np.ascontiguousarray(array).ravel().view(f"{array.dtype.byteorder}u4")
    if (codes > sys.maxunicode).any():
        raise ValueError("texts with letters that do not exist")


def _check_size(num_bytes: int, path):
    if num_bytes > most_bytes(path):
        raise ValueError(
            f"declares {in_megabytes(num_bytes)}, more than the "
            f"{in_megabytes(most_bytes(path))} that a file of its size may hold"
        )


def _read_header(file, most: int) -> tuple[int, int]:
    """Read the header of an npy file -> the bytes of the header, and those of the array behind it.

    Raises ValueError for objects, for shapes and types that no array of numbers or texts has, and
    for an array that takes more than ``most`` bytes in memory.
    """
    version = np.lib.format.read_magic(file)
    if version not in _HEADER_READERS:
        raise ValueError(f"an npy file of version {version}")
    with warnings.catch_warnings(action="ignore"):  # numpy warns of files of Python 2
        shape, _, dtype = _HEADER_READERS[version](file)
    if dtype.hasobject:
        raise ValueError("holds objects, which are not unpickled (allow_pickle=False)")
    if dtype.itemsize == 0 or min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {shape} and type {dtype}")
    count = math.prod(shape)
    if count == 0 and max(shape) > _LONGEST_AXIS_OF_EMPTY:
        raise ValueError(f"an empty array of shape {shape}")
    # Numbers are computed with as float64, whatever their type in the file.
    if count * max(dtype.itemsize, 8) > most:
        raise ValueError(
            f"declares {count:,} values of {dtype}, more than a file of its size may hold"
        )
    return file.tell(), count * dtype.itemsize
