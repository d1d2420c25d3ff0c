"""The file format of PyTorch 0.3, read without PyTorch's own loader, which executes what it reads.

Such a file is a row of pickles, followed by raw numbers:

    a magic number, the version of the format, and facts about the machine that wrote it;
    the object that was saved, in which a tensor is a view of a storage that is only named;
    the keys of all storages, in the order of the file;
    for each key the count of its numbers, 8 bytes, and the numbers themselves.

`src.unpickling` builds plain values and arrays and refuses every global by name, apart from those
that this module allows. For these it puts stand-ins into the object, which are resolved when the
numbers have been read.
"""

from math import prod
from pathlib import Path

import numpy as np
import torch

from src.errors import InputError, shortened
from src.input_files import require_regular_file
from src.unpickling import StandIn, load_pickle, plain

# The file name that the authors' code gave its checkpoints.
CHECKPOINT_2018 = "test_ckpt_last.pth.tar"

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_FORMAT_VERSION = 1001

# numpy's name for the numbers of each class of storage.
_STORAGE_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
}


def read_container(path: Path) -> dict:
    """Read what a file of PyTorch 0.3 holds: plain values, arrays and tensors on the CPU.

    The options, an object of one of the authors' classes, come as a dict of its attributes.

    Raises OSError where the file cannot be opened, and InputError where it is something else, is
    damaged or asks to execute anything.
    """
    return _Container(path).load()


class _Container:
    """One file while it is read.

    storage_types: {key: (dtype, count)}, as the pickled object names its storages.
    storages: {key: the numbers of a storage}, in one dimension.
    """

    def __init__(self, path: Path):
        self.path = path
        self.storage_types = {}
        self.storages = {}

    def load(self) -> dict:
        require_regular_file(self.path)
        with self.path.open("rb") as file:
            self._check_header(file)
            content = load_pickle(
                file,
                self.path,
                find=self._find_global,
                persistent_load=self._note_storage,
            )
            keys = load_pickle(file, self.path)
            try:
                self._read_storages(file, keys)
                return plain(content)
            except Exception as error:  # a damaged file can go wrong in any way
                problem = shortened(str(error), most=120)
                raise InputError(f"{self.path}: is damaged ({problem}); copy it again") from None

    def _check_header(self, file):
        for expected in (_MAGIC_NUMBER, _FORMAT_VERSION):
            if load_pickle(file, self.path) != expected:
                raise InputError(
                    f"{self.path}: is no checkpoint of PyTorch 0.3; "
                    f"expected {CHECKPOINT_2018} of 2018"
                )
        load_pickle(file, self.path)  # sizes of types on the machine that wrote it

    def _read_storages(self, file, keys):
        for key in keys:
            count = int.from_bytes(file.read(8), "little")
            dtype, expected_count = self.storage_types[key]
            if count != expected_count:
                raise ValueError(f"{count} numbers where {expected_count} are expected")
            bytes_left = self.path.stat().st_size - file.tell()
            if count * np.dtype(dtype).itemsize > bytes_left:  # np.fromfile makes room for it all
                raise ValueError("it ends early")
            self.storages[key] = np.fromfile(file, dtype, count)

    def _find_global(self, module: str, name: str):
        """Give the unpickler what may stand for a global, None for one that is to be refused."""
        if module in ("torch", "torch.cuda") and name in _STORAGE_DTYPES:
            return _STORAGE_DTYPES[name]
        is_of_authors = module == "opts" or module.startswith("opts.")
        if is_of_authors or (module, name) == ("__builtin__", "object"):
            return f"{module}.{name}"  # a mere string: the class is never looked up
        if (module, name) == ("copy_reg", "_reconstructor"):
            return self._make_object
        if (module, name) == ("torch._utils", "_rebuild_tensor"):
            return lambda *arguments: _Tensor(self, *arguments)
        return None

    def _make_object(self, class_name, base, _):
        """Stand for copy_reg._reconstructor, with which Python 2 makes objects of a class."""
        if not str(class_name).startswith("opts.") or base != "__builtin__.object":
            raise InputError(
                f"{self.path}: refused: it asks to make an object of {class_name}; "
                "get it from elsewhere"
            )
        return _Options()

    def _note_storage(self, persistent_id) -> str:
        """Note what a storage must hold; its key stands for it until the numbers are read."""
        _, dtype, key, _, count, view = persistent_id
        if view is not None:
            raise ValueError("a view of a storage")
        self.storage_types[key] = (dtype, count)
        return key


class _Options(StandIn):
    """Stand for an object of the authors' options class: keep its attributes, do nothing."""

    def __setstate__(self, state):
        self.parts = (state,)

    def value(self, convert) -> dict:
        """The attributes by name. `src.unpickling.plain` asks for it."""
        (state,) = self.parts
        return convert(state)


class _Tensor(StandIn):
    """Stand for a tensor until its storage is read."""

    def __init__(self, container: _Container, key, offset, size, stride):
        self.container = container
        self.key = key
        self.offset = offset
        self.size = size
        self.stride = stride

    @property
    def parts(self) -> tuple:
        """Its storage: a small file may hold any number of tensors in the same one."""
        return (self.container.storages[self.key],)

    def value(self, convert) -> torch.Tensor:
        """The tensor itself. `src.unpickling.plain` asks for it."""
        (numbers,) = self.parts
        _, expected_count = self.container.storage_types[self.key]
        if len(numbers) != expected_count or prod(self.size) > len(numbers):
            raise ValueError("it ends early")
        # PyTorch itself refuses a view that leaves the storage.
        view = torch.from_numpy(numbers).as_strided(self.size, self.stride, self.offset)
        return view.clone()
