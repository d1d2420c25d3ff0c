"""Pickles of strangers: plain values and arrays are built, nothing is executed, any other global is refused by name."""

import pickle
import re
from collections import OrderedDict

import numpy as np

from src.errors import InputError

_DTYPES = re.compile(r"[fiu][1248]|b1|[SU]\d{1,4}|O8?")


class _Dtype:
    """Stands for numpy.dtype while a file is read: numpy's own trusts the state that it is given."""

    def __init__(self, kind, *_):
        if not _DTYPES.fullmatch(kind):
            raise ValueError(f"an array of type {kind}")
        self.kind, self.order = kind, "="

    def __setstate__(self, state):
        self.order = state[1]

    def dtype(self) -> np.dtype:
        return np.dtype(self.order.replace("|", "=") + self.kind)


class _Array:
    """Stands for numpy.ndarray."""

    def __setstate__(self, state):
        _, self.shape, self.dtype, self.is_fortran, self.content = state

    def value(self):
        if self.dtype.kind.startswith("O"):
            return plain(self.content if self.shape else self.content[0])
        array = np.frombuffer(_bytes(self.content), self.dtype.dtype())
        return array.reshape(self.shape, order="F" if self.is_fortran else "C").copy()


def _bytes(content) -> bytes:
    """Python 2 wrote strings where Python 3 has bytes."""
    return content.encode("latin1") if isinstance(content, str) else content


def _from_buffer(content, dtype: _Dtype, shape, order) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", content))
    return array


def _scalar(dtype: _Dtype, content):
    return np.frombuffer(_bytes(content), dtype.dtype())[0].item()


def _global(module: str, name: str):
    """What a pickle may name: a new function each time, for a pickle can set attributes of what it gets."""
    if module.removeprefix("numpy.").split(".")[0] in ("core", "_core") and module.endswith(
        ".multiarray"
    ):
        if name == "_reconstruct":
            return lambda *_: _Array()
        if name == "scalar":
            return lambda dtype, content: _scalar(dtype, content)
    if module.startswith("numpy.") and module.endswith(".numeric") and name == "_frombuffer":
        return lambda *arguments: _from_buffer(*arguments)
    known = {
        ("numpy", "dtype"): lambda kind, *_: _Dtype(kind),
        ("numpy", "ndarray"): "numpy.ndarray",
        ("collections", "OrderedDict"): lambda *pairs: OrderedDict(*pairs),
        ("_codecs", "encode"): lambda text, encoding="latin1": text.encode("latin1"),
    }
    return known.get((module, name))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, find, persistent_load):
        super().__init__(file, encoding="latin1")
        self._find, self._persistent_load = find, persistent_load

    def find_class(self, module, name):
        found = self._find(module, name) or _global(module, name)
        if found is None:
            raise _Refused(f"{module}.{name}")
        return found

    def persistent_load(self, pid):
        return self._persistent_load(pid)


class _Refused(Exception):
    pass


def _nothing(*_):
    return None


def load_pickle(file, where, *, find=_nothing, persistent_load=_nothing):
    """The next pickle of a binary file, with stand-ins that `plain` resolves. ``where`` names the file in errors.

    find: (module, name) -> what else that global may be, or None; persistent_load: as of `pickle.Unpickler`. Raises
    InputError for a damaged pickle and for a global that is neither of numpy's arrays nor in ``find``.
    """
    try:
        return _Unpickler(file, find, persistent_load).load()
    except _Refused as refused:
        raise InputError(
            f"{where}: refused: it asks to run {refused}, which no file of numbers needs; get it from elsewhere"
        ) from None
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(
            f"{where}: is damaged ({type(error).__name__} while unpickling); copy it again"
        ) from None


def plain(value, memo=None):
    """Arrays, scalars and containers in place of their stand-ins. Raises ValueError and such for wrong sizes.

    memo: what is done already, by id: what a pickle holds many times stays one object, so a small file stays small.
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
