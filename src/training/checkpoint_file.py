"""Reading the files that `torch.save` writes, without PyTorch's own loader.

PyTorch's loader believes what a file says of itself: it does not look at the checksums, and takes
the size of a storage from the pickle, even where the record that holds its numbers is shorter, so
that a tensor of a damaged file can lie outside its memory. Here every record is compared with its
checksum, and every tensor lies within its record.

Such a file is a zip archive, uncompressed, with these records in a folder:

    data.pkl     the object that was saved, in which a tensor is a view of a storage's number
    byteorder    "little" or "big"
    data/0 ...   the numbers of each storage

and some that say how it was written, which nothing here needs.
"""

import io
import math
import sys
import zipfile
from pathlib import Path

import torch

from src.errors import InputError
from src.unpickling import load_pickle

# The classes by which the pickle names what kind of numbers a storage has.
_DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
# The pickle of a run of 10,000 epochs has 3 MB.
_LARGEST_PICKLE_BYTES = 64 * 2**20
_MOST_DIMENSIONS = 8


def read_torch_file(path: Path):
    """Read the object in a file of `torch.save`, its tensors on the CPU.

    Nothing is executed, and the tensors take no more memory than the file has bytes.

    Raises InputError for what this finds wrong, with a reason that does not name the file, and
    zipfile.BadZipFile or whatever else a damaged archive provokes.
    """
    records = _read_records(path)
    if records.get("byteorder", b"little") != sys.byteorder.encode():
        raise InputError("its numbers are in the byte order of another kind of machine")
    storages = _Storages(records)
    return load_pickle(
        io.BytesIO(records["data.pkl"]),
        "data.pkl",
        find=storages.find_global,
        persistent_load=storages.load,
    )


def _read_records(path: Path) -> dict[str, bytearray]:
    """Read all records of the archive, by their names without the folder's.

    `zipfile` compares each with its checksum. PyTorch compresses nothing: a compressed record, or
    one that is there twice, could make much of a small file.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise InputError("a part of it is compressed")
        if sum(entry.file_size for entry in entries) > path.stat().st_size:
            raise InputError("its parts are larger than the file")
        records = {}
        for entry in entries:
            _, _, name = entry.filename.partition("/")
            if name in records:
                raise InputError(f"{name} is there twice")
            # Tensors need memory that can be written to.
            records[name] = bytearray(archive.read(entry))
    if len(records.get("data.pkl", b"")) > _LARGEST_PICKLE_BYTES:
        raise InputError("its data.pkl is too large")
    return records


class _StateDict(dict):
    """Stands for the OrderedDict that holds a network's tensors by name."""

    def __setstate__(self, state):
        """Called with PyTorch's notes on the network's modules, which are passed over."""


class _Storages:
    """The numbers of a file's tensors, which its pickle asks for by key."""

    def __init__(self, records: dict[str, bytearray]):
        self._records = records
        self._storages = {}

    def find_global(self, module: str, name: str):
        """Return what stands for a global of the pickle; None for one that is to be refused."""
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            # A new function each time, since a pickle can set the attributes of what it gets.
            return lambda *arguments: _rebuild_tensor(*arguments)
        if (module, name) == ("collections", "OrderedDict"):
            return lambda: _StateDict()
        return None

    def load(self, persistent_id) -> torch.Tensor:
        """Return all numbers of a storage, in one dimension."""
        _, dtype, key, _, count = persistent_id
        if key not in self._storages:
            record = self._records[f"data/{key}"]
            if dtype not in _DTYPES.values() or len(record) != count * dtype.itemsize:
                raise InputError(f"data/{key} has {len(record)} bytes")
            empty = torch.empty(0, dtype=dtype)  # torch.frombuffer refuses a buffer without bytes
            self._storages[key] = torch.frombuffer(record, dtype=dtype) if count else empty
        return self._storages[key]


def _rebuild_tensor(storage, offset, size, stride, requires_grad, hooks, *_) -> torch.Tensor:
    """Return a view of a storage. Raises InputError if it leaves the storage."""
    numbers = (offset, *size, *stride)
    if not all(type(number) is int and 0 <= number < 2**62 for number in numbers):
        raise InputError("a tensor has no shape")
    if len(size) != len(stride) or len(size) > _MOST_DIMENSIONS:
        raise InputError("a tensor has no shape")
    last = offset
    for length, step in zip(size, stride, strict=True):
        last += (length - 1) * step
    is_empty = 0 in size
    if not is_empty and (last >= len(storage) or math.prod(size) > len(storage)):
        raise InputError("a tensor lies outside its storage")
    return storage.as_strided(size, stride, 0 if is_empty else offset)
