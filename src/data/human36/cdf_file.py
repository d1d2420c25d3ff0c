"""One variable of a cdf file, read by the package cdflib within bounds.

cdflib trusts what a file says of itself: how large its blocks are when decompressed, how many of
them there are, and where each is. So the file is given to it in memory, through an object that
counts what is read, and it decompresses nothing by itself.
"""

import io
import zlib
from math import prod
from pathlib import Path

import numpy as np

from src.input_files import in_megabytes, most_bytes, require_regular_file

# The second word of a file that is compressed as a whole, and what stands there otherwise.
_COMPRESSED_FILE = b"\xcc\xcc\x00\x01"
_PLAIN_FILE = b"\x00\x00\xff\xff"
# Such a file begins with a record of 32 bytes, behind the two words, before the compressed bytes.
_VERSION_3 = b"\xcd\xf3\x00\x01"
_COMPRESSED_START = 8 + 32
_MOST_FILE_BYTES = 2**30
# Every step through a file's records reads, so this bounds the steps: the largest motion takes a
# few hundred.
_MOST_READS = 100_000
_NUMBER_TYPES = (1, 2, 4, 8, 11, 12, 14, 21, 22, 41, 44, 45)  # codes of the types that are numbers
_Z_VARIABLE = 8
_MOST_DIMENSIONS = 10  # as in the programs of the format's inventors
_PLAIN_BLOCK = 7
_COMPRESSED_BLOCK = 13


def read_variable(path: Path, variable: str) -> np.ndarray:
    """Read a variable of numbers of a cdf file, in its own shape and type.

    Raises ImportError without the package cdflib, InputError for a pipe or a device, and for a
    damaged file, or one that declares more than `most_bytes`, any exception.
    """
    import cdflib  # here, because only this form of the data set needs it

    class BoundedCdf(cdflib.cdfread.CDF):
        """cdflib's reader, with its ways to the disk and to zlib replaced."""

        def _file_or_url_or_s3_handler(self, *_):
            self._budget = most_bytes(path)
            return _CountedReads(_file_content(path), most_bytes(path))

        # Where version 3 and version 2 write the number of dimensions of all rVariables (GDR), and
        # of a single zVariable (VDR): after the size of the record and so many bytes.
        def _read_gdr(self, byte_loc: int):
            self._check_dimensions(byte_loc + 8 + 48)
            return super()._read_gdr(byte_loc)

        def _read_gdr2(self, byte_loc: int):
            self._check_dimensions(byte_loc + 4 + 32)
            return super()._read_gdr2(byte_loc)

        def _read_vdr3(self, byte_loc: int):
            if self._read_number(byte_loc + 8) == _Z_VARIABLE:
                self._check_dimensions(byte_loc + 8 + 332)
            return super()._read_vdr3(byte_loc)

        def _read_vdr2(self, byte_loc: int):
            if self._read_number(byte_loc + 4) == _Z_VARIABLE:
                reserved = 0 if self._post25 else 128
                self._check_dimensions(byte_loc + 4 + 124 + reserved)
            return super()._read_vdr2(byte_loc)

        def _check_dimensions(self, offset: int):
            if self._read_number(offset) > _MOST_DIMENSIONS:
                raise ValueError(f"more than {_MOST_DIMENSIONS} dimensions")

        def _read_number(self, offset: int) -> int:
            self._f.seek(offset)
            return int.from_bytes(self._f.read(4), "big")

        def _read_vvr_block(self, offset: int) -> bytes:
            return self._read_block(offset, size_bytes=8)

        def _read_vvr_block2(self, offset: int) -> bytes:
            return self._read_block(offset, size_bytes=4)

        def _read_block(self, offset: int, *, size_bytes: int) -> bytes:
            """Read the values in a block, whose sizes have so many bytes (CDF version 3 or 2)."""
            self._f.seek(offset)
            size = int.from_bytes(self._f.read(size_bytes), "big")
            block = self._f.read(max(0, size - size_bytes))
            block_type = int.from_bytes(block[:4], "big")
            if block_type == _PLAIN_BLOCK:
                values = block[4:]
            elif block_type == _COMPRESSED_BLOCK:
                # Type, a word that is reserved, the size, and the compressed bytes.
                start = 8 + size_bytes
                compressed_size = int.from_bytes(block[8:start], "big")
                values = _decompress(block[start : start + compressed_size], self._budget)
            else:
                raise ValueError("a block of another type")
            self._budget -= len(values)
            if self._budget < 0:
                raise ValueError("more values than a file of its size may hold")
            return values

    require_regular_file(path)
    file = BoundedCdf(path)
    description = file.vdr_info(variable)
    if description.data_type not in _NUMBER_TYPES or description.sparse:
        raise ValueError(f"{variable} holds no numbers, or not all of them")
    records = max(1, description.max_rec + 1)
    count = records * prod(description.dim_sizes)
    # Numbers are computed with as float64, whatever their type in the file.
    if min(description.dim_sizes, default=1) < 0 or 8 * count > most_bytes(path):
        raise ValueError(
            f"{variable} declares {records} records of shape {tuple(description.dim_sizes)}, "
            "more than a file of its size may hold"
        )
    return np.asarray(file.varget(variable))


def _file_content(path: Path) -> bytes:
    """Return the content of a cdf file, decompressed if the file is compressed as a whole."""
    size = path.stat().st_size
    if size > _MOST_FILE_BYTES:
        raise ValueError(f"{in_megabytes(size)}, more than {in_megabytes(_MOST_FILE_BYTES)}")
    content = path.read_bytes()
    if content[4:8] != _COMPRESSED_FILE:
        return content
    if content[:4] != _VERSION_3:
        raise ValueError("compressed as a whole, in an old version")
    return content[:4] + _PLAIN_FILE + _decompress(content[_COMPRESSED_START:], most_bytes(path))


def _decompress(content: bytes, most: int) -> bytes:
    """Decompress gzip. Raises ValueError for more than ``most`` bytes."""
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # with gzip's header
    decompressed = decompressor.decompress(content, most + 1)
    if len(decompressed) > most:
        raise ValueError("more values than a file of its size may hold")
    return decompressed


class _CountedReads(io.BytesIO):
    """A file in memory from which so many bytes may be read, in so many calls, and no more."""

    def __init__(self, content: bytes, most: int):
        super().__init__(content)
        self._bytes_left = most
        self._reads_left = _MOST_READS

    def read(self, size=-1, /) -> bytes:
        """Read as from any file. Raises ValueError after too many calls or bytes."""
        content = super().read(size)
        self._bytes_left -= len(content)
        self._reads_left -= 1
        if self._bytes_left < 0 or self._reads_left < 0:
            raise ValueError("its records go round in circles")
        return content
