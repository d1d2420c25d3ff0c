"""Reading json from anywhere: UTF-8 on every machine, and bounded in size and depth."""

import json
import re
from pathlib import Path

import numpy as np

from src.input_files import in_megabytes, require_regular_file

# In memory, json takes up to 25 times its size. COCO's largest file of keypoints has 230 MB.
_MOST_BYTES = 2**29
# Python's own limit is far deeper, and differs by version. What is read is also compared, printed
# and searched, and each of these would fail at a depth of its own.
_MOST_LEVELS = 100

_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def load_json(path):
    """Read a json file in UTF-8, with a byte order mark or without, whatever the locale is.

    Raises InputError for a pipe or a device, OSError where the file cannot be read, and ValueError,
    which does not name the file, for what is no json, is larger than 512 MiB or is nested more than
    100 levels deep.
    """
    require_regular_file(path)
    size = Path(path).stat().st_size
    if size > _MOST_BYTES:
        raise ValueError(f"{in_megabytes(size)}, more than the {in_megabytes(_MOST_BYTES)} allowed")
    return _parse(Path(path).read_bytes())


def parse_json(text: str):
    """Read json that stands in a text. Raises ValueError as `load_json` does."""
    return _parse(text.encode("utf-8", "surrogatepass"))


def _parse(content: bytes):
    if _depth(content) > _MOST_LEVELS and _depth(_STRING.sub(b"", content)) > _MOST_LEVELS:
        raise ValueError(f"lists within lists, more than {_MOST_LEVELS} levels deep")
    return json.loads(content.decode("utf-8-sig"))


def _depth(content: bytes) -> int:
    """Return how many brackets are open at the most at once; those within strings count, too."""
    brackets = np.frombuffer(content.translate(None, delete=_ALL_BUT_BRACKETS), dtype=np.uint8)
    is_opening = (brackets == ord("[")) | (brackets == ord("{"))
    num_open = np.cumsum(np.where(is_opening, 1, -1))
    return int(num_open.max(initial=0))
