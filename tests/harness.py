"""Running a command on hostile input in a fork of this process, with limits, and judging it.

A command must end by itself with exit code 0, 1 or 2, say in one line why it refuses, warn of
nothing in a library's words, and write nothing outside its output folder.
"""

import faulthandler
import io
import os
import signal
import stat
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

resource = pytest.importorskip("resource")  # Windows has none, and cannot fork

_TRACEBACK = 70  # the exit code of a command that ends with an exception
_LONGEST_LINE = 450  # with paths of 100 characters
_MOST_OUTPUT = 2**20  # bytes of text: whoever prints more has lost control


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it left.

    exit_code: 70 after an exception; None after a signal.
    signal: the number of the signal that ended it, such as SIGALRM if it took too long, else None.
    out, err: what it printed, and the traceback of an exception.
    seconds: how long it took.
    changed: files and folders outside the output folder that it made, changed or removed.
    """

    exit_code: int | None
    signal: int | None
    out: str
    err: str
    seconds: float
    changed: tuple[str, ...]


def run_in_fork(
    main: Callable,
    argv: Sequence[str],
    *,
    sandbox: Path,
    out: str = "out",
    memory: int = 2**30,
    seconds: int = 60,
) -> Outcome:
    """Call ``main(argv)`` in a fork of this process.

    sandbox: a folder with all that the command should touch, and guards that it should not; its
        folder work is where the command runs, its folder tmp is for temporary files.
    out: what in the sandbox it may change.
    memory: bytes that it may take beyond those that this process has now.
    seconds: how long it may take, on the clock; a busy machine may need ten times as long as an
        idle one.
    """
    for name in ("work", "tmp"):
        (sandbox / name).mkdir(exist_ok=True)
    (sandbox / "guard").write_text("not to be touched")
    before = _snapshot(sandbox, out)
    texts = {name: sandbox.parent / f"{sandbox.name}.{name}" for name in ("out", "err")}
    start = time.monotonic()
    with warnings.catch_warnings(action="ignore"):  # of threads, which the child does not use
        process = os.fork()
    if process == 0:
        _run_as_child(main, argv, sandbox, texts, memory, seconds)
    _, status = os.waitpid(process, 0)
    duration = time.monotonic() - start
    after = _snapshot(sandbox, out)
    names = before.keys() | after.keys()
    changed = sorted(name for name in names if before.get(name) != after.get(name))
    printed = {}
    for name, path in texts.items():
        printed[name] = path.read_bytes()[:_MOST_OUTPUT].decode(errors="replace")
        path.unlink()
    is_killed = os.WIFSIGNALED(status)
    return Outcome(
        exit_code=None if is_killed else os.WEXITSTATUS(status),
        signal=os.WTERMSIG(status) if is_killed else None,
        out=printed["out"],
        err=printed["err"],
        seconds=duration,
        changed=tuple(changed),
    )


def _snapshot(sandbox: Path, out: str) -> dict[str, tuple]:
    """Return kind and content of all that is in the sandbox, but for the output folder."""
    content = {}
    for folder, folder_names, file_names in os.walk(sandbox):
        if Path(folder) == sandbox and out in folder_names:
            folder_names.remove(out)
        for name in [*folder_names, *file_names]:
            path = Path(folder) / name
            status = path.lstat()
            data = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
            content[str(path.relative_to(sandbox))] = (status.st_mode, data)
    return content


def _show_warning(message, category, filename, lineno, file=None, line=None):
    """Show a warning as Python does; pytest would keep it to itself."""
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


def _run_as_child(main, argv, sandbox: Path, texts, memory: int, seconds: int):
    """Call the command and end the process with its exit code."""
    exit_code = _TRACEBACK
    try:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(texts[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout = os.fdopen(1, "w")
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace")
        sys.stdin = io.StringIO()
        os.chdir(sandbox / "work")
        os.environ["TMPDIR"] = str(sandbox / "tmp")
        torch.set_num_threads(1)  # the parent's threads are not in this process
        faulthandler.disable()  # how a child dies is judged, not shown
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most_memory = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most_memory, most_memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**28, 2**28))
        warnings.showwarning = _show_warning
        warnings.simplefilter("default")
        exit_code = main(list(argv))
    except SystemExit as error:
        exit_code = error.code
    except BaseException:  # nothing may get from the child into pytest's own code
        traceback.print_exc()
    finally:
        for file in (sys.stdout, sys.stderr):
            file.flush()
        os._exit(0 if exit_code is None else exit_code)


def find_faults(outcome: Outcome, *, exit_codes: Sequence[int] = (0, 1, 2)) -> list[str]:
    """Name what a command did that none may do, whatever its input is.

    exit_codes: those that it may end with.
    """
    faults = []
    if outcome.signal == signal.SIGALRM:
        faults.append("it hangs")
    elif outcome.signal is not None:
        faults.append(f"it died of {signal.Signals(outcome.signal).name}")
    elif "Traceback (most recent call last)" in outcome.err:
        faults.append("it ended with a traceback")
    elif outcome.exit_code not in exit_codes:
        faults.append(f"its exit code is {outcome.exit_code}")
    elif outcome.exit_code == 2:
        faults += _faults_of_refusal(outcome.err)
    if "Warning:" in outcome.err:
        faults.append("a library warns on stderr")
    if outcome.changed:
        faults.append(f"it wrote elsewhere: {', '.join(outcome.changed)[:200]}")
    if len(outcome.out) >= _MOST_OUTPUT:
        faults.append("it prints more than a megabyte")
    unprintable = [c for c in outcome.out + outcome.err if c != "\n" and not c.isprintable()]
    if unprintable:
        faults.append(f"it prints control characters: {unprintable[:5]}")
    return faults


def _faults_of_refusal(err: str) -> list[str]:
    lines = err.splitlines()
    if len(lines) != 1 or not lines[0].startswith("error: "):
        return [f"its refusal is not one line that begins with error: {lines[:3]}"]
    if len(lines[0]) > _LONGEST_LINE:
        return [f"its refusal has {len(lines[0])} characters"]
    return []


def judge(
    main: Callable,
    argv: Sequence[str],
    *,
    sandbox: Path,
    out: str = "out",
    exit_codes: Sequence[int] = (0, 1, 2),
    memory: int = 2**30,
    seconds: int = 60,
) -> Outcome:
    """Run a command as `run_in_fork` does, and assert that it did nothing wrong."""
    outcome = run_in_fork(main, argv, sandbox=sandbox, out=out, memory=memory, seconds=seconds)
    faults = find_faults(outcome, exit_codes=exit_codes)
    assert not faults, f"{'; '.join(faults)}\n{outcome.err[-2000:]}"
    return outcome
