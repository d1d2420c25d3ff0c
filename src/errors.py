"""One way to tell a user about bad input: one line on stderr, exit code 2, no traceback."""

import os
import sys
from contextlib import contextmanager


class InputError(Exception):
    """Bad input from outside. The message is one line: where, what was expected, what was found, what to do."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a run was under way. The message says how to go on."""


_INTERRUPTED = "interrupted: run the same command again to go on"


def run_command(command, *args) -> int:
    """Call ``command(*args)`` -> exit code: 0 when all went well, or what the command returns if
    that is a number; 2 after an `InputError` or a system's refusal, 130 after Ctrl-C, 141 when
    nobody reads the output any more. Bugs still raise."""
    try:
        result = command(*args)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output, as head does, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (InputError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print(f"\n{str(error) or _INTERRUPTED}", file=sys.stderr)
        return 130
    except (MemoryError, RuntimeError) as error:  # PyTorch's allocators raise RuntimeError
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        print(
            "error: not enough memory; try a smaller --linear_size or batch, or less data",
            file=sys.stderr,
        )
        return 2
    return result if isinstance(result, int) else 0


@contextmanager
def importing():
    """``with importing():`` round imports that take seconds: Ctrl-C ends the process with one line there too."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"\n{_INTERRUPTED}", file=sys.stderr)
        os._exit(130)  # half-imported libraries may not survive an orderly end
