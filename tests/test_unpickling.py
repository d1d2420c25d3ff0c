"""The unpickler that executes nothing, on pickles of today; those of 2018: test_legacy_2018.py."""

import io
import os
import pickle
import struct

import numpy as np
import pytest
from limits import run_limited

from src.errors import InputError
from src.unpickling import load_pickle, plain


def read(content: bytes):
    """Read a pickle's bytes as arrays and plain values."""
    return plain(load_pickle(io.BytesIO(content), "file"))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays_pickled_by_todays_numpy(protocol):
    content = {
        "S1": {"Walk": [np.arange(6.0).reshape(2, 3), np.float32(2.5)]},
        "n": np.arange(3),
        "fortran": np.array([[1.0, 2.0], [3.0, 4.0]]).T,
    }
    values = read(pickle.dumps(content, protocol=protocol))
    np.testing.assert_array_equal(values["S1"]["Walk"][0], content["S1"]["Walk"][0])
    assert values["S1"]["Walk"][1] == 2.5
    np.testing.assert_array_equal(values["n"], [0, 1, 2])
    np.testing.assert_array_equal(values["fortran"], [[1, 3], [2, 4]])


def test_a_bomb_of_shared_lists_does_not_go_off():
    """60 lists, each of which holds the one before it twice: 2^60 if they were copied."""
    bomb = []
    for _ in range(60):
        bomb = [bomb, bomb]
    with pytest.raises(ValueError, match="many times over"):
        read(pickle.dumps(bomb))


def test_what_is_held_twice_stays_one_object():
    shared = [1.5, np.arange(3)]
    values = read(pickle.dumps([shared, shared]))
    assert values[0] is values[1]
    np.testing.assert_array_equal(values[0][1], [0, 1, 2])


def test_nothing_is_executed(tmp_path):
    class Malicious:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    with pytest.raises(InputError, match="file: refused: it asks to run posix.mkdir"):
        read(pickle.dumps(Malicious()))
    assert not (tmp_path / "executed").exists()


def test_a_truncated_pickle_is_refused():
    whole = pickle.dumps({"n": np.arange(100)})
    with pytest.raises(InputError, match="file: is damaged"):
        read(whole[:-20])


def test_one_more_name_can_be_allowed():
    class_of_another = b"cabroad\nThing\n."

    def find(module, name):
        return "a stand-in" if (module, name) == ("abroad", "Thing") else None

    assert load_pickle(io.BytesIO(class_of_another), "file", find=find) == "a stand-in"
    with pytest.raises(InputError, match="abroad.Thing"):
        load_pickle(io.BytesIO(class_of_another), "file")


# What declares more bytes than there are, behind the opcode's own.
LENGTHS = {
    "FRAME": b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"].",
    "FRAME of 64 MiB": b"\x80\x04\x95" + struct.pack("<Q", 2**26) + b"].",
    "LONG4": b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"a.",
    "BINSTRING": b"\x80\x02T" + struct.pack("<i", 2**31 - 1) + b"a.",
    "BINUNICODE": b"\x80\x02X" + struct.pack("<I", 2**32 - 1) + b"a.",
    "BINUNICODE8": b"\x80\x04\x8d" + struct.pack("<Q", 2**33) + b"a.",
    "BINBYTES": b"\x80\x03B" + struct.pack("<I", 2**32 - 1) + b"a.",
    "BINBYTES8": b"\x80\x04\x8e" + struct.pack("<Q", 2**33) + b"a.",
    "BYTEARRAY8": b"\x80\x05\x96" + struct.pack("<Q", 2**33) + b"a.",
}
# Python's unpickler makes a table with as many places as the largest number says.
MEMO_NUMBERS = {
    "PUT": b"]p2147483647\n.",
    "LONG_BINPUT": b"\x80\x02]r" + struct.pack("<I", 2**31) + b".",
}


@pytest.mark.parametrize("content", [*LENGTHS.values(), *MEMO_NUMBERS.values()])
def test_no_memory_is_reserved_for_what_is_not_there(tmp_path, content):
    path = tmp_path / "a.pkl"
    path.write_bytes(content)

    class NothingLarge(io.FileIO):
        def read(self, count=-1):
            assert count <= 2**20
            return super().read(count)

    def read_file():
        with NothingLarge(path) as file, pytest.raises(InputError, match="ValueError"):
            load_pickle(file, path)
        with path.open("rb") as file, pytest.raises(InputError, match="ValueError"):
            load_pickle(file, path)

    outcome = run_limited(read_file, memory=2**24)
    assert outcome.exit_code == 0, outcome.text


def test_long_values_are_read_in_pieces(tmp_path):
    content = {"bytes": bytes(3 * 2**20 + 5), "text": "ä" * 2**20}
    for protocol in (4, 5):
        (tmp_path / "a.pkl").write_bytes(pickle.dumps(content, protocol))
        with (tmp_path / "a.pkl").open("rb") as file:
            assert plain(load_pickle(file, "file")) == content
