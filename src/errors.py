"""One way to tell a user about bad input: one line on stderr, exit code 2, no traceback."""

import errno
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

_INTERRUPTED = "interrupted: run the same command again to go on"
# Characters of a message: its beginning says which file, its end what to do.
_LONGEST_MESSAGE = 480
_END_OF_MESSAGE = 160


class InputError(Exception):
    """Bad input from outside.

    The message is one line: in which file or option, what was expected, what was found, what to do.
    """


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a run was under way. The message says how to go on."""


def printable(text) -> str:
    """Return a text, or anything else as one, in a single line for a terminal.

    Line ends, control characters, which can do anything to a terminal, and halves of surrogate
    pairs, which no encoding has, become escapes as in a string of Python; what can be shown stays.
    """
    text = str(text)
    if text.isprintable():
        return text
    try:
        letters = list(text)
    except SystemError:  # a damaged array of texts has code points that do not exist
        return ascii(text)[1:-1]
    characters = []
    for character in letters:
        if not character.isprintable():
            character = character.encode("unicode_escape", "surrogatepass").decode("ascii")
        characters.append(character)
    return "".join(characters)


def shortened(text: str, most: int = 80) -> str:
    """Return a text from data for a message: as it is, or its beginning if it has more letters."""
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def listed(names) -> str:
    """Return names from data for a message, as many as it has room for."""
    return shortened(", ".join(str(name) for name in names), most=200)


def shown(value) -> str:
    """Return a value from data for a message: as Python writes it, but not more than 80 letters."""
    try:
        return shortened(repr(value))
    except ValueError:  # Python does not write a whole number of thousands of digits
        return f"{type(value).__name__} too long to be shown"


class _PrintableStream:
    """A text stream that escapes what is not `printable`, other than the ends of lines."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write("\n".join(printable(line) for line in text.split("\n")))

    def __getattr__(self, name):  # flush, fileno, ...
        return getattr(self._stream, name)


def _as_message(error: Exception) -> str:
    """Return what an exception says as one line that can be read at a glance."""
    text = str(error)
    if isinstance(error, OSError) and is_disk_full(error):
        text = "cannot write: the disk is full"
    message = printable(text.strip())
    if len(message) > _LONGEST_MESSAGE:  # libraries quote whole files
        start = _LONGEST_MESSAGE - _END_OF_MESSAGE
        message = f"{message[:start]} [...] {message[-_END_OF_MESSAGE:]}"
    return message


@contextmanager
def _plain_output() -> Iterator[None]:
    """Keep libraries' warnings from stderr, and what no terminal should get from stdout.

    Names from data and of files get into what is printed: their control characters are escaped, as
    are letters that the terminal's encoding lacks. The warnings are of numbers that the readers
    check themselves; ``python -W`` shows them.
    """
    stream = sys.stdout
    if hasattr(stream, "reconfigure"):  # a notebook's has no encoding to choose
        stream.reconfigure(errors="backslashreplace")
    with (
        warnings.catch_warnings(),
        redirect_stdout(None if stream is None else _PrintableStream(stream)),
    ):
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        yield


def run_command(command: Callable[..., int | None], *args) -> int:
    """Call ``command(*args)``, and return the exit code of the process.

    That is what the command returns, with 0 for None, or
    - 2 after an `InputError`, an error of the operating system, or for want of memory;
    - 130 after Ctrl-C;
    - 141 when nobody reads the output any more.
    In these cases one line on stderr says why (141: nothing). Other exceptions are bugs, and go
    through.
    """
    with _plain_output():
        return _run_command(command, *args)


def _run_command(command: Callable[..., int | None], *args) -> int:
    try:
        exit_code = command(*args)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output, as head does, has gone
        # Python flushes stdout once more when it exits; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (InputError, OSError) as error:
        print(f"error: {_as_message(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        message = printable(error) or _INTERRUPTED
        print(f"\n{message}", file=sys.stderr)
        return 130
    except (MemoryError, RuntimeError) as error:
        # PyTorch's allocators raise RuntimeError. So does much else, which is a bug.
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        print(
            "error: not enough memory; try a smaller --linear_size or batch, or less data",
            file=sys.stderr,
        )
        return 2
    return 0 if exit_code is None else exit_code


def is_disk_full(error: BaseException | None) -> bool:
    """Tell whether an exception, or one that led to it, says that the disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return True
        error = error.__cause__ if error.__suppress_context__ else error.__context__
    return False


def reason_of(error: Exception) -> str:
    """Return in a few words, for a message that names the file, why it could not be written."""
    if is_disk_full(error):
        return "the disk is full"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror  # without the path, which may be that of a temporary file
    return " ".join(str(error).split())


@contextmanager
def importing() -> Iterator[None]:
    """Guard the imports at the top of a script: ``with importing():``.

    Without it, Ctrl-C during the seconds that importing PyTorch takes, before `run_command` can
    catch it, prints a traceback of somebody else's code, or crashes in a library half imported.
    """
    try:
        yield
    except KeyboardInterrupt:
        print(f"\n{_INTERRUPTED}", file=sys.stderr)
        os._exit(130)  # at once: an orderly exit runs code of libraries that are half imported
