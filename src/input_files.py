"""What may be read at all: regular files, and what they declare only within bounds.

The formats that data come in allow a file of a few KB to declare terabytes. `most_bytes` is the one
bound for all of them: `src.h5_files`, `src.npz_files` and the readers of cdf and BVH ask it before
they read what a file declares.
"""

import stat
from pathlib import Path

from src.errors import InputError

# Real data shrink little when they are compressed: coordinates to a half, texts to a hundredth.
_MOST_TIMES_ITS_SIZE = 20
_ALWAYS_ALLOWED_BYTES = 2**26  # 64 MiB, for small files that compress unusually well


def require_regular_file(path):
    """Raise InputError if there is something at ``path`` that a file's content can't be read from.

    This is a pipe, a socket or a device: to open a pipe that nobody writes to would wait for ever.
    Nothing is said of a file that does not exist, nor of a folder: whoever opens them says so.
    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):  # ValueError: a null character in the name
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InputError(f"{path}: is a pipe or a device; give a file")


def most_bytes(path) -> int:
    """Return how many bytes the content of a file may take in memory: 20 times the file's size.

    64 MiB are allowed to any file. What declares more is damaged, or meant to fill the memory.
    """
    return max(_ALWAYS_ALLOWED_BYTES, _MOST_TIMES_ITS_SIZE * Path(path).stat().st_size)


def is_too_large(num_bytes: int, path) -> bool:
    """Tell whether so many bytes are more than `most_bytes`; it rarely looks at the file."""
    return num_bytes > _ALWAYS_ALLOWED_BYTES and num_bytes > most_bytes(path)


def in_megabytes(num_bytes: int) -> str:
    """Write a size for messages: 123,456,789 -> "118 MiB"."""
    return f"{num_bytes / 2**20:,.0f} MiB"


def list_files(folder: Path, ending: str) -> tuple[list[Path], list[str]]:
    """List the files in a folder that have this ending, by name -> (paths, notes).

    Names that begin with "._" are passed over, and a note says so: macOS writes such a file beside
    each one that it copies to a disk of another system. It holds no data of the file itself.
    """
    paths = sorted(folder.glob(f"*{ending}"))
    kept = [path for path in paths if not path.name.startswith("._")]
    notes = []
    if len(kept) < len(paths):
        notes.append(f"{folder}: {len(paths) - len(kept)} files ._*{ending} of macOS skipped")
    return kept, notes
