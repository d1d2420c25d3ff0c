"""Writing files so that a crash leaves the old or the new one whole, and telling files apart."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from src.errors import InputError


def write_atomically(path, write: Callable[[Path], None]):
    """Write a file in one step: whoever looks sees the old content or the new, never a part.

    write: called with the path of a temporary file beside `path`, which it must write.

    Raises InputError if the file can't be written; what was there before is then unchanged.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.tmp{path.suffix}")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch.save reports a full disk by RuntimeError
        raise InputError(
            f"{path}: cannot be written ({error}); what was there before is unchanged"
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def file_sha256(path) -> str | None:
    """Compute the hash of a file's content; None if there is no such file."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
