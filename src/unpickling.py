"""Reading pickles of strangers without executing anything.

A pickle is a program: it names functions and classes of whatever modules it likes, and calls them.
Here it gets stand-ins for the few names that files of arrays need, and any other name is refused.
The stand-ins only keep what they are called with; `plain` turns them into arrays and values when
the whole pickle has been read.
"""

import pickle
import re
from collections import OrderedDict

import numpy as np

from src.errors import InputError

_DTYPES = re.compile(r"[fiu][1248]|b1|[SU]\d{1,4}|O8?")  # numbers, booleans, strings, objects


class _Dtype:
    """Stands for numpy.dtype while a file is read; numpy's own trusts the state that it gets."""

    def __init__(self, kind, *_):
        if not _DTYPES.fullmatch(kind):
            raise ValueError(f"an array of type {kind}")
        self.kind = kind
        self.order = "="

    def __setstate__(self, state):
        self.order = state[1]  # the byte order; the rest is about structured types

    def dtype(self) -> np.dtype:
        return np.dtype(self.order.replace("|", "=") + self.kind)


class _Array:
    """Stands for numpy.ndarray while a file is read."""

    def __setstate__(self, state):
        _version, self.shape, self.dtype, self.is_fortran, self.content = state

    def value(self):
        """Return the array, or for an array of objects the list of them as plain values."""
        if self.dtype.kind.startswith("O"):
            return plain(self.content if self.shape else self.content[0])
        array = np.frombuffer(_bytes(self.content), self.dtype.dtype())
        return array.reshape(self.shape, order="F" if self.is_fortran else "C").copy()


def _bytes(content) -> bytes:
    """Python 2 wrote strings where Python 3 has bytes."""
    return content.encode("latin1") if isinstance(content, str) else content


def _from_buffer(content, dtype: _Dtype, shape, order) -> _Array:
    """Stands for numpy's _frombuffer, by which protocol 5 pickles arrays."""
    array = _Array()
    array.shape = shape
    array.dtype = dtype
    array.is_fortran = order == "F"
    array.content = content
    return array


def _scalar(dtype: _Dtype, content):
    """Stands for numpy's scalar."""
    values = np.frombuffer(_bytes(content), dtype.dtype())
    return values[0].item()


def _stand_in(module: str, name: str):
    """Return what a pickle gets in place of a global, or None for one that is refused.

    Each call returns a new function, because a pickle can set the attributes of what it gets: were
    they those of this module, one file could change how the next is read.
    """
    # numpy.core.multiarray until numpy 1.26, numpy._core.multiarray since; and .numeric likewise.
    package, _, _ = module.removeprefix("numpy.").partition(".")
    if package in ("core", "_core") and module.endswith(".multiarray"):
        if name == "_reconstruct":
            return lambda *_: _Array()
        if name == "scalar":
            return lambda dtype, content: _scalar(dtype, content)
    if module.startswith("numpy.") and module.endswith(".numeric") and name == "_frombuffer":
        return lambda *arguments: _from_buffer(*arguments)
    if (module, name) == ("numpy", "dtype"):
        return lambda kind, *_: _Dtype(kind)
    if (module, name) == ("numpy", "ndarray"):
        return "numpy.ndarray"  # only handed to _reconstruct, which does not look at it
    if (module, name) == ("collections", "OrderedDict"):
        return lambda *pairs: OrderedDict(*pairs)
    if (module, name) == ("_codecs", "encode"):
        # By this, Python 3 writes bytes into pickles that Python 2 can read.
        return lambda text, encoding="latin1": text.encode("latin1")
    return None


class _Refused(Exception):
    """A pickle names a global that no file of arrays needs; the message is the global's name."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, find, persistent_load):
        super().__init__(file, encoding="latin1")  # so that strings of Python 2 keep their bytes
        self._find = find
        self._persistent_load = persistent_load

    def find_class(self, module, name):
        """Called by pickle for every global that the file names."""
        stand_in = self._find(module, name)
        if stand_in is None:
            stand_in = _stand_in(module, name)
        if stand_in is None:
            raise _Refused(f"{module}.{name}")
        return stand_in

    def persistent_load(self, pid):
        """Called by pickle for every object that the file keeps outside the pickle."""
        return self._persistent_load(pid)


def _nothing(*_):
    return None


def load_pickle(file, source_name, *, find=_nothing, persistent_load=_nothing):
    """Read the next pickle of a binary file; `plain` makes values of what is returned.

    source_name: what errors call the file.
    find(module, name): what the pickle gets in place of a further global, or None for no such.
    persistent_load(pid): as in `pickle.Unpickler`.

    Raises InputError for a damaged pickle, and for a global that is neither one that arrays need
    nor one that ``find`` knows.
    """
    try:
        return _Unpickler(file, find, persistent_load).load()
    except _Refused as refused:
        raise InputError(
            f"{source_name}: refused: it asks to run {refused}, which no file of numbers needs; "
            "get it from elsewhere"
        ) from None
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(
            f"{source_name}: is damaged ({type(error).__name__} while unpickling); copy it again"
        ) from None


def plain(value, memo=None):
    """Put arrays, scalars and containers in the place of the stand-ins that `load_pickle` returns.

    memo: the results so far, by the id of what they were made from. What a pickle holds many times
    is made once and stays one object: otherwise a small file of lists that hold each other twice
    would fill the memory.

    Whatever array a damaged file describes raises what numpy raises for it, such as ValueError.
    """
    memo = {} if memo is None else memo
    if id(value) not in memo:
        if hasattr(value, "value"):
            memo[id(value)] = value.value()
        elif isinstance(value, dict):
            memo[id(value)] = {key: plain(item, memo) for key, item in value.items()}
        elif isinstance(value, (list, tuple)):
            memo[id(value)] = type(value)(plain(item, memo) for item in value)
        else:
            return value
    return memo[id(value)]
