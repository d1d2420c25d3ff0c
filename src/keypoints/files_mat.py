"""The 2D keypoints of Leeds Sports Poses in the file that the data set comes with, joints.mat.

Such a file is in the format of MATLAB 5 (MathWorks, "MAT-File Format"): a header of 128 bytes, then
elements. An element is a tag, its type and its size in bytes, followed by its data; a variable is
an element whose data are elements again: flags, shape, name, numbers. It may be compressed whole.

scipy.io.loadmat is not used, as it trusts the tags: a file with one bit changed may crash Python.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from src.errors import InputError, listed
from src.input_files import require_regular_file
from src.keypoints.arrays import Keypoints
from src.keypoints.layouts import LAYOUTS, underivable_joints
from src.skeletons import SKELETON_NAMES, Skeleton, get_skeleton

_JOINTS = LAYOUTS["lsp_14k"]

# The end of the header: the format's version, and the letters MI as a number in its byte order.
_BYTE_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
_HEADER_SIZE = 128
# Types of elements, by their number in the tag; those of numbers with numpy's name for them.
_MATRIX = 14
_COMPRESSED = 15
_NUMBER_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
# A variable's flags: the class of its numbers, and whether they are more than plain numbers.
_CLASS_MASK = 0xFF
_NUMBER_CLASSES = range(6, 16)  # double, single, and whole numbers of 8 to 64 bits
_IS_LOGICAL = 0x200
_IS_COMPLEX = 0x800
# LSP's file has less than 1 MB. More than this is neither read nor decompressed from a small file.
_MOST_BYTES = 2**24


def read_joints_mat(path: Path, skeleton: Skeleton | None) -> Keypoints:
    """Return the keypoints of LSP's photos; the frame is the photo's number, 1 for im0001.jpg.

    skeleton: the one that the keypoints are for, or None. Raises InputError, naming the file, for
    files of another form, and where the skeleton has joints that LSP's give no estimate of.
    """
    if skeleton is not None:
        _check_skeleton(skeleton, path)
    # LSP gives the places of hidden joints, too, and a pose is lifted better with all its joints.
    # So the flag, which tells hidden joints from visible ones, is not needed.
    poses = _load_joints(path)[:2].transpose(2, 1, 0)
    return Keypoints(
        poses=poses,
        joints=_JOINTS,
        frame=np.arange(1, len(poses) + 1),
        person=np.zeros(len(poses), dtype=np.int64),
        notes=(
            "LSP's joints.mat: the frame is the photo's number, 1 for im0001.jpg; "
            "hidden joints are kept",
        ),
    )


def _check_skeleton(skeleton: Skeleton, path: Path):
    absent = underivable_joints(_JOINTS, skeleton)
    if absent:
        possible = [
            name for name in SKELETON_NAMES if not underivable_joints(_JOINTS, get_skeleton(name))
        ]
        raise InputError(
            f"{path}: LSP's joints give no {listed(absent)} of the checkpoint's "
            f"{skeleton.name}; give a --checkpoint of {', '.join(possible)}"
        )


def _load_joints(path: Path) -> np.ndarray:
    """Return the variable joints (3,14,N): x, y in px and a flag, joints in the order of lsp_14k.

    Raises InputError for files of another form, and other errors for damaged ones.
    """
    require_regular_file(path)
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path}: is too large for LSP's joints.mat, which has less than 1 MB")
    content = path.read_bytes()
    byte_order = _BYTE_ORDERS.get(content[_HEADER_SIZE - 4 : _HEADER_SIZE])
    if byte_order is None:
        raise InputError(f"{path}: expected LSP's joints.mat, which is in the format of MATLAB 5")

    for variable in _find_variables(content[_HEADER_SIZE:], byte_order):
        parts = _split_elements(variable, byte_order)
        if len(parts) > 3 and parts[2][1] == b"joints":
            return _parse_joints(parts, byte_order, path)
    raise InputError(f"{path}: expected LSP's joints.mat, found no variable joints")


def _find_variables(content: bytes, byte_order: str) -> Iterator[bytes]:
    """Yield the data of every variable, decompressed where it is compressed."""
    budget = _MOST_BYTES  # for all variables together
    for element_type, data in _split_elements(content, byte_order):
        if element_type == _MATRIX:
            yield data
        elif element_type == _COMPRESSED and budget > 0:
            decompressed = zlib.decompressobj().decompress(data, budget)
            budget -= len(decompressed)
            for inner_type, inner_data in _split_elements(decompressed, byte_order):
                if inner_type == _MATRIX:
                    yield inner_data


def _split_elements(content: bytes, byte_order: str) -> list[tuple[int, bytes]]:
    """Return type and data of elements that follow one another. One that is cut is shorter."""
    elements = []
    start = 0
    while start + 8 <= len(content):
        first, second = struct.unpack_from(f"{byte_order}II", content, start)
        small_size = first >> 16
        if small_size > 0:  # up to four bytes, which stand within the tag
            elements.append((first & 0xFFFF, content[start + 4 : start + 4 + small_size]))
            start += 8
            continue
        start += 8
        elements.append((first, content[start : start + second]))
        start += second
        if first != _COMPRESSED:  # all others are filled up to a multiple of eight bytes
            start += -second % 8
    return elements


def _parse_joints(parts: list[tuple[int, bytes]], byte_order: str, path: Path) -> np.ndarray:
    """Return the numbers (3,14,N) of a variable; its parts are flags, shape, name and numbers."""
    _, flag_data = parts[0]
    _, shape_data = parts[1]
    number_type, number_data = parts[3]
    flags, _ = struct.unpack(f"{byte_order}II", flag_data)
    shape = tuple(np.frombuffer(shape_data, f"{byte_order}i4").tolist())
    if flags & _CLASS_MASK not in _NUMBER_CLASSES or flags & (_IS_LOGICAL | _IS_COMPLEX):
        raise InputError(f"{path}: joints: expected real numbers, found something else")
    if len(shape) != 3 or shape[:2] != (3, 14) or shape[2] <= 0:
        raise InputError(f"{path}: joints: expected shape (3, 14, N), found {shape}")

    # MATLAB may store numbers in a smaller type than their class, such as doubles as bytes.
    numbers = np.frombuffer(number_data, f"{byte_order}{_NUMBER_TYPES[number_type]}")
    return numbers.reshape(shape, order="F")
