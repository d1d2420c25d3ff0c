"""Reading pickles of strangers without executing anything.

A pickle is a program: it names functions and classes of whatever modules it likes, and calls them.
Here it gets stand-ins for the few names that files of arrays need, and any other name is refused.
The stand-ins only keep what they are called with; `plain` turns them into arrays and values when
the whole pickle has been read.

Nor may a pickle fill the memory, or take hours. Its opcodes are looked at before they are executed:
how many there are, and whether tuples hold tuples many times over, as their hash would visit them
all. Nothing is read before it is known to be there: a length that a pickle declares reserves no
memory. And `plain` makes nothing before it knows how large it will be: what a pickle holds once can
stand in it at many places, and would be visited, or written out, at each.
"""

import pickle
import pickletools
import re
from collections.abc import Iterator

import numpy as np

from src.errors import InputError

_DTYPES = re.compile(r"[fiu][1248]|b1|[SU]\d{1,4}|O8?")  # numbers, booleans, strings, objects
_MOST_OPCODES = 5_000_000  # each makes an object of up to some 200 bytes
_MOST_IN_A_TUPLE = 1000
_MOST_IN_A_KEY = 100
# Sets are no plain values, and buffers would come from outside the pickle.
_REFUSED_OPCODES = {"EMPTY_SET", "ADDITEMS", "FROZENSET", "NEXT_BUFFER"}
_OPCODES_OF_DICTS = ("SETITEM", "SETITEMS", "DICT")
_MOST_LEVELS = 100
_PIECE_BYTES = 2**20
# How many times what it holds once a pickle may hold in all; small ones may always hold this much.
_MOST_TIMES_OVER = 4
_ALWAYS_ALLOWED_BYTES = 2**24


class StandIn:
    """Stands for something that a pickle asks for, until the whole pickle has been read.

    Attributes:
        parts: what it was called with, which may be anything.
    """

    parts: tuple = ()

    def __setstate__(self, state):
        """Called with the attributes that the pickle wants to set, which are passed over."""

    def value(self, convert):
        """Make what this stands for. ``convert`` is `plain` for its parts."""
        raise NotImplementedError


class _Dtype(StandIn):
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


class _Array(StandIn):
    """Stands for numpy.ndarray while a file is read."""

    def __setstate__(self, state):
        _version, self.shape, self.dtype, self.is_fortran, content = state
        self.parts = (content,)

    def value(self, convert):
        """Return the array, or for an array of objects the list of them as plain values."""
        (content,) = self.parts
        content = convert(content)
        if self.dtype.kind.startswith("O"):
            return content if self.shape else content[0]
        array = np.frombuffer(_bytes(content), self.dtype.dtype())
        return array.reshape(self.shape, order="F" if self.is_fortran else "C").copy()


class _Scalar(StandIn):
    """Stands for a number of numpy's."""

    def __init__(self, dtype: _Dtype, content):
        self.dtype = dtype
        self.parts = (content,)

    def value(self, convert):
        """Return it as Python's own."""
        (content,) = self.parts
        values = np.frombuffer(_bytes(convert(content)), self.dtype.dtype())
        return values[0].item()


class _Encoded(StandIn):
    """Stands for bytes that Python 3 wrote as text, so that Python 2 could read them."""

    def __init__(self, text: str, encoding: str = "latin1"):
        self.parts = (text,)

    def value(self, convert) -> bytes:
        """Return the bytes."""
        (text,) = self.parts
        return _bytes(text)


class _OrderedDict(StandIn):
    """Stands for an OrderedDict, whose items come with the call, or one by one behind it."""

    def __init__(self, *pairs):
        self.parts = (*pairs, {})

    def __setitem__(self, key, value):
        self.parts[-1][key] = value

    def value(self, convert) -> dict:
        """Return a dict, which keeps the order, too."""
        *pairs, items = self.parts
        return dict(*[convert(pair) for pair in pairs]) | convert(items)


def _bytes(content) -> bytes:
    """Python 2 wrote strings where Python 3 has bytes."""
    return content.encode("latin1") if isinstance(content, str) else content


def _from_buffer(content, dtype: _Dtype, shape, order) -> _Array:
    """Stands for numpy's _frombuffer, by which protocol 5 pickles arrays."""
    array = _Array()
    array.shape = shape
    array.dtype = dtype
    array.is_fortran = order == "F"
    array.parts = (content,)
    return array


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
            return lambda dtype, content: _Scalar(dtype, content)
    if module.startswith("numpy.") and module.endswith(".numeric") and name == "_frombuffer":
        return lambda *arguments: _from_buffer(*arguments)
    if (module, name) == ("numpy", "dtype"):
        return lambda kind, *_: _Dtype(kind)
    if (module, name) == ("numpy", "ndarray"):
        return "numpy.ndarray"  # only handed to _reconstruct, which does not look at it
    if (module, name) == ("collections", "OrderedDict"):
        return lambda *pairs: _OrderedDict(*pairs)
    if (module, name) == ("_codecs", "encode"):
        # By this, Python 3 writes bytes into pickles that Python 2 can read.
        return lambda *arguments: _Encoded(*arguments)
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
        start = file.tell()
        _check_opcodes(file)
        file.seek(start)
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


def _check_opcodes(file):
    """Read a pickle's opcodes without executing them. Raises ValueError for what may not be run."""
    sizes = []  # of all that is on the stack: tuples count what is in them, anything else is one
    memo = {}
    for num_opcodes, (opcode, argument) in enumerate(_opcodes(file), start=1):
        if num_opcodes > _MOST_OPCODES or opcode.name in _REFUSED_OPCODES:
            raise ValueError("more than a file of arrays needs")
        taken = _take(sizes, opcode.stack_before)
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            # Python makes a list with as many places as the largest of these numbers.
            number = len(memo) if argument is None else argument
            if number > num_opcodes:
                raise ValueError("a number that no writer gives")
            memo[number] = taken[-1] if taken else sizes[-1]
        # What a dict takes alternates, the value of the last item first.
        if opcode.name in _OPCODES_OF_DICTS and max(taken[1::2], default=0) > _MOST_IN_A_KEY:
            raise ValueError("a long tuple as a key")
        pushed = 1
        if opcode.name in ("GET", "BINGET", "LONG_BINGET"):
            pushed = memo[argument]
        elif opcode.name in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"):
            pushed = 1 + sum(taken)
        elif opcode.name in ("DUP", "MEMOIZE"):
            pushed = taken[-1]
        if pushed > _MOST_IN_A_TUPLE:
            raise ValueError("tuples of tuples")
        for kind in opcode.stack_after:
            sizes.append(None if kind is pickletools.markobject else pushed)


def _opcodes(file) -> Iterator[tuple[pickletools.OpcodeInfo, object]]:
    """Yield a pickle's opcodes with their arguments, up to the one that ends it.

    The readers of pickletools raise ValueError where an argument's bytes are not all there. So does
    this for a frame, whose bytes the unpickler reads at once, that ends behind the pickle.
    """
    in_pieces = _InPieces(file)
    end_of_frame = 0
    while True:
        opcode = pickletools.code2op[file.read(1).decode("latin1")]
        argument = None
        if opcode.name == "STRING":
            argument = file.readline()  # in whatever encoding; pickletools' own reader wants ASCII
        elif opcode.arg is not None:
            argument = opcode.arg.reader(in_pieces)
        if opcode.name == "FRAME":
            end_of_frame = max(end_of_frame, file.tell() + argument)
        yield opcode, argument
        if opcode.name == "STOP":
            if end_of_frame > file.tell():
                raise ValueError("a frame that ends behind the pickle")
            return


class _InPieces:
    """A binary file that makes no room for more bytes than it has.

    Python's own files do: to read a declared length of 8 GB they reserve 8 GB first.
    """

    def __init__(self, file):
        self._file = file

    def readline(self) -> bytes:
        return self._file.readline()

    def read(self, count: int) -> bytes:
        """Read so many bytes, or those that are left."""
        if count <= _PIECE_BYTES:
            return self._file.read(count)
        pieces = []
        while count > 0:
            piece = self._file.read(min(count, _PIECE_BYTES))
            if not piece:
                break
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)


def _take(sizes: list, kinds: list) -> list:
    """Take from the stack what an opcode takes -> the sizes of it, without the mark.

    kinds: as in pickletools: a mark, behind which any number of objects stand, or single objects.
    """
    taken = []
    if pickletools.markobject in kinds:
        while sizes[-1] is not None:
            taken.append(sizes.pop())
        sizes.pop()
        kinds = kinds[: kinds.index(pickletools.markobject)]
    for _ in kinds:
        taken.append(sizes.pop())
    return taken


def plain(value):
    """Put arrays, scalars and containers in the place of the stand-ins that `load_pickle` returns.

    What a pickle holds many times is made once and stays one object.

    Raises ValueError if it is nested more than 100 levels deep, or if its objects hold one another
    so often that it would take more than four times the memory, and 16 MiB, to write them out.
    Whatever array a damaged file describes raises what numpy raises for it, such as ValueError.
    """
    sizes = {}
    written_out = _size_written_out(value, sizes, level=0)
    held_once = sum(own_size for _, own_size in sizes.values())
    if written_out > max(_ALWAYS_ALLOWED_BYTES, _MOST_TIMES_OVER * held_once):
        raise ValueError("the same lists or arrays many times over")
    return _convert(value, {})


def _size_written_out(value, sizes: dict, *, level: int) -> int:
    """Return the bytes that a value takes if whatever it holds several times counts each time.

    sizes: (this size, that without what the object holds) by the id of every object met so far, to
        which this adds.
    """
    if level > _MOST_LEVELS:
        raise ValueError(f"lists within lists, more than {_MOST_LEVELS} levels deep")
    if id(value) in sizes:
        written_out, _ = sizes[id(value)]
        return written_out
    if isinstance(value, StandIn):
        own_size = 64
        parts = value.parts
    elif isinstance(value, dict):
        own_size = 64 + 100 * len(value)
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple)):
        own_size = 64 + 8 * len(value)
        parts = value
    elif isinstance(value, (str, bytes, bytearray)):
        own_size = len(value)
        parts = ()
    elif isinstance(value, np.ndarray):
        own_size = value.nbytes
        parts = ()
    else:
        return 0  # a number: its place in a list has been counted
    written_out = own_size
    for part in parts:
        written_out += _size_written_out(part, sizes, level=level + 1)
    sizes[id(value)] = (written_out, own_size)
    return written_out


def _convert(value, memo: dict):
    """Make what `plain` returns. memo: the results so far, by the id of what they are made from."""
    if id(value) not in memo:
        if isinstance(value, StandIn):
            memo[id(value)] = value.value(lambda part: _convert(part, memo))
        elif isinstance(value, dict):
            memo[id(value)] = {key: _convert(item, memo) for key, item in value.items()}
        elif isinstance(value, (list, tuple)):
            memo[id(value)] = type(value)(_convert(item, memo) for item in value)
        else:
            return value
    return memo[id(value)]
