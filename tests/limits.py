"""Calling a function in a process of its own, with bounds on its memory and time."""

import os
import signal
import sys
import tempfile
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

resource = pytest.importorskip("resource")  # Windows has none

_TRACEBACK = 70  # the exit code of a call that ends with an exception


@dataclass(frozen=True)
class Outcome:
    """How a call ended.

    exit_code: what it returned, 0 for None; 70 if it raised an exception. None after a signal.
    signal: the number of the signal that ended it, such as SIGALRM if it took too long.
    text: what it printed to stdout and stderr, and the traceback of an exception.
    """

    exit_code: int | None
    signal: int | None
    text: str


def run_limited(function, *arguments, memory: int = 2**30, seconds: int = 30) -> Outcome:
    """Call a function in a fork of this process.

    memory: bytes that it may take beyond those that this process has now.
    seconds: how long it may take.
    """
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc, to know the memory of a process")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most_memory = pages * resource.getpagesize() + memory
    with tempfile.TemporaryFile() as output:
        with warnings.catch_warnings(action="ignore"):  # of threads, which the child does not use
            process = os.fork()
        if process == 0:
            _run_as_child(function, arguments, output, most_memory, seconds)
        _, status = os.waitpid(process, 0)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if os.WIFSIGNALED(status):
        return Outcome(exit_code=None, signal=os.WTERMSIG(status), text=text)
    return Outcome(exit_code=os.WEXITSTATUS(status), signal=None, text=text)


def _run_as_child(function, arguments, output, most_memory: int, seconds: int):
    """Call the function and end the process."""
    exit_code = _TRACEBACK
    try:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        sys.stdout = os.fdopen(1, "w")
        sys.stderr = os.fdopen(2, "w")
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        resource.setrlimit(resource.RLIMIT_AS, (most_memory, most_memory))
        result = function(*arguments)
        exit_code = 0 if result is None else result
    except BaseException:  # nothing may get from the child into pytest's own code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)
