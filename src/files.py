"""Writing files whole or not at all, keeping other commands out meanwhile, and safe file names.

A file is made in a temporary folder of its own beside its place, and moved there when it is whole.
Such a folder has an unpredictable name and belongs to this user alone, so that nobody can put a
link in the way, and nothing of the user's is ever taken for it.
"""

import errno
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from src.errors import InputError, reason_of

try:
    import fcntl
except ImportError:  # Windows has no such locks: a folder in use is not noticed there
    fcntl = None

# A temporary folder is called .NAME.RANDOM.unfinished, after the file or folder that is made in it.
_UNFINISHED = ".unfinished"
_RANDOM = "[a-z0-9_]{8}"  # as `tempfile` makes them
# Less free space, in bytes, than a file system hands out to a file: the disk is full.
_NO_SPACE = 64 * 1024
# What file systems do not take in a name, or take for something else than a part of the name. "%"
# is among it because it marks what has been replaced.
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|%]|^\.|[. ]\Z')


def file_name_of(text: str) -> str:
    """Turn a name that data contain into the name of a file or folder.

    All names from data become file names here. Usual ones stay as they are. Characters that could
    lead elsewhere, or that some file systems refuse, become %XX as in a URL, so that different
    names stay different. So does a dot that a name begins with: there is no "..", and hidden files
    are this project's own. The name of nothing is "%".
    """
    if not text:
        return "%"
    characters = []
    for character in _NOT_IN_NAMES.sub(lambda match: _escaped(match[0]), text):
        characters.append(character if _is_encodable(character) else _escaped(character))
    return "".join(characters)


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", errors="surrogatepass"))


def _is_encodable(character: str) -> bool:
    """Tell whether the file system has the character: not half a pair, nor, in some locales, ä."""
    try:
        os.fsencode(character)
    except UnicodeEncodeError:
        return False
    return True


def write_atomically(path, write: Callable[[Path], object]):
    """Write a file in one step: whoever looks sees the old content or the new, never a part.

    write: called with the path of a temporary file of the same name, which it must write.

    Raises InputError if the file can't be written, or if a link, a folder or a device is in its
    place; what was there before is then unchanged.
    """
    path = Path(path)
    refuse_special(path)
    try:
        with unfinished_folder(path) as folder:
            temporary = folder / path.name
            write(temporary)
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    # torch.save reports errors by RuntimeError, ffmpeg by those of subprocess.
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise InputError(
            f"{path}: cannot be written ({reason_of(error)}); what was there before is unchanged"
        ) from None


@contextmanager
def unfinished_folder(path: Path) -> Iterator[Path]:
    """Make a temporary folder beside a path, in which what belongs there is made.

    The folder is removed at the end of the block; what is whole has been moved away by then. If
    the process is killed, the folder stays, which is in nobody's way, until a command has locked
    the same output again: it can then be in use by nobody, and is removed.

    Raises OSError, and has it say that the disk is full if that is the reason of an exception.
    """
    prefix = f".{path.name}."
    folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=_UNFINISHED, dir=path.parent))
    try:
        yield folder
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        # Libraries in C++, and programs such as ffmpeg, do not say why they could not write.
        if shutil.disk_usage(folder).free < _NO_SPACE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_special(path: Path):
    """Raise InputError if there is anything at a path but a file: a link, a folder, a device."""
    try:
        mode = path.lstat().st_mode
    except OSError:  # there is nothing; or writing will say why it cannot be looked at
        return
    if stat.S_ISREG(mode):
        return
    if stat.S_ISLNK(mode):
        obstacle = "a symbolic link"
    elif stat.S_ISDIR(mode):
        obstacle = "a folder"
    else:
        obstacle = "a device or a pipe"
    raise InputError(
        f"{path}: is {obstacle}, which is neither followed nor replaced; expected a file or nothing"
    )


def refuse_links_below(folder: Path, parts: Iterable[str]):
    """Raise InputError if a link is among the parts of a path that leads on from a folder.

    The folder itself may be one: the user named it.
    """
    for part in parts:
        folder = folder / part
        if folder.is_symlink():
            raise InputError(
                f"{folder}: is a symbolic link, which is not followed; expected a folder"
            )


def open_log(path: Path) -> TextIO:
    """Open a file that is written bit by bit, for others to look at; what it held is lost.

    Raises InputError for anything but a file.
    """
    refuse_special(path)
    return open(path, "w", opener=_open_no_link)


def _open_no_link(path, flags: int) -> int:
    """Open a file as `open` does, but no link, even one that has come in the last moment.

    Nor does it wait for the other end of a pipe. Windows has neither flag.
    """
    extra_flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.open(path, flags | extra_flags, 0o666)


@contextmanager
def locked_folder(folder, option: str = "--out") -> Iterator[Path]:
    """Keep an output folder for this process, from ``with locked_folder(...)`` to the block's end.

    The folder is made where it is missing, and removed again if nothing was put into it.

    option: what to choose anew where the folder cannot be had, for the message.

    Raises InputError if it can't be written or if another process has it.
    """
    folder = Path(folder)
    with _locked(folder / ".lock", folder, option):
        _remove_unfinished(folder, name=".+")
        yield folder


@contextmanager
def locked_path(path, option: str = "--out") -> Iterator[Path]:
    """Keep the place of one file, or of a new folder, for this process; see `locked_folder`.

    Other files beside it can be written meanwhile.
    """
    path = Path(path)
    if path.name in ("", ".."):
        raise InputError(f"{path}: is a folder; choose another {option}")
    folder = Path(os.path.realpath(path.parent))  # one lock, whatever links lead there
    with _locked(folder / f".{path.name}.lock", path, option):
        _remove_unfinished(folder, name=re.escape(path.name))
        yield path


@contextmanager
def _locked(lock_path: Path, shown: Path, option: str) -> Iterator[None]:
    """Hold a lock file, making the folders that it needs.

    shown: what it locks, for messages.
    """
    created = []
    try:
        folders = (lock_path.parent, *lock_path.parent.parents)
        created = [folder for folder in folders if not folder.exists()]
        lock_path.parent.mkdir(parents=True, exist_ok=True)
        lock = _open_lock(lock_path)
    except OSError as error:
        _remove_empty(created)
        raise InputError(
            f"{shown}: cannot be written ({reason_of(error)}); choose another {option}"
        ) from None
    try:
        owner = _read_owner(lock, lock_path)
        if not get_lock(lock, lock_path):
            raise InputError(
                f"{shown}: in use by process {owner}; wait for it, or choose another {option}"
            )
        try:
            try:
                _write_owner(lock)
            except OSError as error:
                raise InputError(
                    f"{shown}: cannot be written ({reason_of(error)}); choose another {option}"
                ) from None
            yield
        finally:
            if fcntl is None:  # Windows does not remove open files
                lock.close()
            with suppress(OSError):
                lock_path.unlink()
    finally:
        lock.close()
        _remove_empty(created)


def _open_lock(path: Path) -> TextIO:
    refuse_special(path)
    return open(path, "a+", opener=_open_no_link, errors="replace")


def _read_owner(lock: TextIO, path: Path) -> str:
    """Read which process has a lock, or was killed when it had it; "unknown" if it has just begun.

    Raises InputError if the file says anything else: it is the user's, then, and must be kept.
    """
    lock.seek(0)
    owner = lock.read(100)
    if not re.fullmatch(r"\d*", owner):
        raise InputError(f"{path}: is no lock file of this project; move it away")
    return owner if owner else "unknown"


def get_lock(lock: TextIO, path: Path) -> bool:
    """Try to lock an open lock file, and tell whether this process has the lock now."""
    if fcntl is None:
        return True
    try:
        # The kernel lets go of the lock when the process ends, however it ends: a killed one does
        # not block.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had it may have removed the file while we waited to open it: then ours locks
        # nothing.
        return os.path.samestat(os.fstat(lock.fileno()), path.lstat())
    except OSError:
        return False


def _write_owner(lock: TextIO):
    lock.truncate(0)
    # Not by way of the file's buffer, which closing it would try to write once more.
    os.write(lock.fileno(), str(os.getpid()).encode())


def _remove_unfinished(folder: Path, name: str):
    """Remove temporary folders of killed processes, for files of names that match a pattern.

    To be called by whoever has the lock, so that nobody is writing these files.
    """
    if fcntl is None:  # nobody has a lock
        return
    pattern = re.compile(rf"\.{name}\.{_RANDOM}{re.escape(_UNFINISHED)}", flags=re.DOTALL)
    for path in folder.iterdir():
        if pattern.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def _remove_empty(folders: Iterable[Path]):
    """Remove folders, from the innermost outwards, up to the first that is not empty."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def file_sha256(path) -> str | None:
    """Compute the hash of a file's content; None if there is no such file, or it is a pipe."""
    if not Path(path).is_file():
        return None
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
