"""Writing files so that a crash leaves the old or the new one whole, and telling files apart by their content."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from src.errors import InputError


def write_atomically(path, write):
    """Call ``write(temporary path)``, then put that file at ``path`` in one step. Raises InputError when it can't."""
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.tmp{path.suffix}")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch.save tells of a full disk by RuntimeError
        raise InputError(
            f"{path}: cannot be written ({error}); what was there before is unchanged"
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def file_sha256(path) -> str | None:
    """The hash of a file's content, or None if there is no such file."""
    with suppress(OSError), Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return None
