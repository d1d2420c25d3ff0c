"""What surrounds every command: exit codes, one line for bad input, Ctrl-C, and the output streams.

Commands import this module before PyTorch and the like (pyproject.toml has ruff put it there). From
then on, Ctrl-C ends an import in one line. Otherwise, during the seconds that importing takes, it
would print a traceback of somebody else's code, or crash in a library half imported.
"""

import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress

from src.errors import InputError, is_disk_full, printable

_INTERRUPTED = "interrupted: run the same command again to go on"
# Characters of a message: its beginning says which file, its end what to do.
_LONGEST_MESSAGE = 430
_END_OF_MESSAGE = 160


def run_command(command: Callable[..., int | None], *args) -> int:
    """Call ``command(*args)``, and return the exit code of the process.

    That is what the command returns, with 0 for None, or
    - 2 after an `InputError`, an error of the operating system, or for want of memory;
    - 130 after Ctrl-C;
    - 141 when nobody reads the output any more.
    In these cases one line on stderr says why (141: nothing). Other exceptions are bugs, and go
    through.
    """
    _open_closed_streams()
    try:
        with _plain_output():
            return _run_command(command, *args)
    finally:
        _discard_unwritten()


def _run_command(command: Callable[..., int | None], *args) -> int:
    try:
        try:
            exit_code = command(*args)
        except SystemExit:  # argparse has printed --help
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output, as head does, has gone
        return 141
    except (InputError, OSError) as error:
        _say(f"error: {_as_message(error)}")
        return 2
    except KeyboardInterrupt as error:
        message = printable(error) or _INTERRUPTED
        _say(f"\n{message}")
        return 130
    except (MemoryError, RuntimeError) as error:
        # PyTorch's allocators raise RuntimeError. So does much else, which is a bug.
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        _say("error: not enough memory; try a smaller --linear_size or batch, or less data")
        return 2
    return 0 if exit_code is None else exit_code


def _say(message: str):
    """Print a line to stderr, if anybody reads it."""
    with suppress(OSError):
        print(message, file=sys.stderr, flush=True)


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


def _open_closed_streams():
    """Open /dev/null for those of stdin, stdout and stderr that are closed, as by ``2>&-``.

    Python has None in their place. Moreover, the next file that is opened would get the number of
    the closed one, and what a library prints there would go into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The smallest number that is free, so this one. Programs that we start inherit it.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _discard_unwritten():
    """Let what stdout and stderr cannot take go nowhere.

    Python itself tries once more when it exits, and would complain.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def _plain_output() -> Iterator[None]:
    """Keep libraries' warnings from stderr, and what no terminal should get from stdout.

    Names from data and of files get into what is printed: their control characters are escaped, as
    are letters that the terminal's encoding lacks. The warnings are of numbers that the readers
    check themselves; ``python -W`` shows them.
    """
    if hasattr(sys.stdout, "reconfigure"):  # a notebook's has no encoding to choose
        sys.stdout.reconfigure(errors="backslashreplace")
    last_resort = logging.lastResort  # what prints libraries' log where nobody asked for it
    try:
        with warnings.catch_warnings(), redirect_stdout(_PrintableStream(sys.stdout)):
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
                logging.lastResort = logging.NullHandler()
            yield
    finally:
        logging.lastResort = last_resort


class _PrintableStream:
    """A text stream that escapes what is not `printable`, other than the ends of lines."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write("\n".join(printable(line) for line in text.split("\n")))

    def __getattr__(self, name):  # flush, fileno, ...
        return getattr(self._stream, name)


def _interrupt(number, frame):
    """Handle Ctrl-C: end the process at once while it imports or exits, else raise as usual.

    An exception would not do: a library half imported may turn it into another one. Nor would an
    orderly exit, which runs code of such libraries.
    """
    is_exiting = not threading.main_thread().is_alive()
    if is_exiting:  # Ctrl-C once more: what there was to say has been said
        os._exit(130)
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            with suppress(OSError):
                os.write(2, f"\n{_INTERRUPTED}\n".encode())
            os._exit(130)
        frame = frame.f_back
    raise KeyboardInterrupt


# What has been started in the background ignores Ctrl-C, which stays so; a program that imports a
# command may handle it in a way of its own.
if (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, _interrupt)
