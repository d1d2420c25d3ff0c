"""Signals and closed streams: every command ends in one line or in silence, its rows with it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from threading import Event

import pytest
from conftest import ROOT

from paper_exps import run
from paper_exps.plan import Row, resolve
from src.files import locked_path
from src.training.run_folder import RunFolder

INTERRUPTED = "\ninterrupted: run the same command again to go on\n"

COMMANDS = ["main_human36.py", "main_lsp.py", "run_model.py"]
for folder in ("tools", "paper_plots"):
    for script in sorted((ROOT / folder).glob("*.py")):
        if script.name != "common.py":
            COMMANDS.append(f"{folder}/{script.name}")
COMMANDS += ["-m paper_exps.run", "-m paper_exps.collect", "-m benchmarks"]


# Ctrl-C while a command imports

# A library that the user interrupts, and that turns this into an error of its own.
LIBRARY = """
    import os, signal, time
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    except BaseException:
        raise ImportError("a library that is half imported")
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_while_a_command_imports(command, tmp_path):
    """In place of each library there is a module in which Ctrl-C is pressed."""
    for name in ("numpy", "torch", "h5py", "matplotlib", "scipy", "tqdm"):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(LIBRARY))
    done = subprocess.run(
        [sys.executable, *command.split()],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == INTERRUPTED
    assert done.stdout == ""
    assert done.returncode == 130


# Output streams that are closed or full

# A command that prints more than a pipe holds and ends as its first word says; libraries warn.
COMMAND = textwrap.dedent("""
    import logging, sys, warnings
    from opts.command import run_command
    from src.errors import InputError
    def command():
        for number in range(50_000):
            print(number)
        warnings.warn("a library's")
        logging.getLogger("library").warning("a library's")
        print("to stderr", file=sys.stderr)
        if "refused" in sys.argv:
            raise InputError("x.h5: not found")
        with open(sys.argv[1], "w") as file:
            file.write("done")
    sys.exit(run_command(command))
""")


def run_in_shell(words: list[str], redirection: str) -> subprocess.CompletedProcess:
    """Run Python with some words in bash, with a redirection or a pipe behind it."""
    environment = dict(os.environ)
    environment.pop("PYTHONUNBUFFERED", None)  # what is written would fail earlier than usual
    script = f'"$0" "$@" {redirection}; exit ${{PIPESTATUS[0]}}'
    return subprocess.run(
        ["bash", "-c", script, sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("redirection", "message"),
    [
        (">/dev/null", "to stderr\n"),
        (">&-", "to stderr\n"),
        ("2>&- >/dev/null", ""),
        ("<&- >&- 2>&-", ""),
    ],
)
def test_a_command_works_without_streams(tmp_path, redirection, message):
    """Nor does it show warnings of libraries."""
    done = run_in_shell(["-c", COMMAND, str(tmp_path / "file")], redirection)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", message)
    assert (tmp_path / "file").read_text() == "done"


@pytest.mark.parametrize(
    ("redirection", "exit_code", "output", "message"),
    [
        ("| head -1", 141, "0\n", ""),
        ("2>&1 | head -1", 141, "0\n", ""),
        ("> /dev/full", 2, "", "error: cannot write: the disk is full\n"),
        ("> /dev/full 2>&1", 2, "", ""),
    ],
)
def test_output_that_cannot_be_written_ends_a_command(redirection, exit_code, output, message):
    done = run_in_shell(["-c", COMMAND, "file"], redirection)
    assert (done.returncode, done.stdout, done.stderr) == (exit_code, output, message)


@pytest.mark.parametrize("redirection", ["2>&- >/dev/null", ">&- 2>&-", ">/dev/null 2>/dev/full"])
def test_a_refusal_without_stderr(redirection):
    done = run_in_shell(["-c", COMMAND, "refused"], redirection)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_a_file_does_not_get_the_number_of_a_closed_stream(tmp_path):
    """Otherwise, whatever a library prints would go into the user's file."""
    code = """
        import os, sys
        from opts.command import run_command
        def command():
            with open(sys.argv[1], "w"):
                os.write(2, b"a library's")
        sys.exit(run_command(command))
    """
    path = tmp_path / "file"
    assert run_in_shell(["-c", textwrap.dedent(code), str(path)], "2>&-").returncode == 0
    assert path.read_text() == ""


@pytest.mark.parametrize(
    ("redirection", "exit_code", "message"),
    [(">&- 2>&-", 0, ""), ("> /dev/full", 2, "error: cannot write: the disk is full\n")],
)
def test_help_that_nobody_reads(redirection, exit_code, message):
    done = run_in_shell(["tools/make_synthetic.py", "--help"], redirection)
    assert (done.returncode, done.stderr) == (exit_code, message)


# Rows of paper_exps.run

# What stands for a row: it says that it has begun, and when a signal ends it.
ROW = """
    import signal, sys, time
    from pathlib import Path
    def end(number, frame):
        Path(sys.argv[1], "row_ended").write_text(signal.Signals(number).name)
        sys.exit(130)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    Path(sys.argv[1], "row_began").touch()
    time.sleep(60)
"""


def start_a_row(folder: Path, *, before: str = "") -> subprocess.Popen:
    """Start paper_exps.run with one row, after some code, and wait until the row has begun."""
    code = f"""
        import signal, sys
        from paper_exps import run
        from paper_exps.plan import Row
        {before}
        Row.command = lambda row: [sys.executable, "-c", {textwrap.dedent(ROW)!r}, sys.argv[1]]
        sys.exit(run.main(["table_1/ours", "--preset", "testing", "--ckpt", sys.argv[1]]))
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(folder / "row_began")
    return process


def wait_for(path: Path):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("SIGTERM", "\nended by SIGTERM: run the same command again to go on\n"),
        pytest.param(
            "SIGHUP",
            "\nended by SIGHUP: run the same command again to go on\n",
            marks=pytest.mark.slow,
        ),
        pytest.param("SIGINT", INTERRUPTED, marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_the_rows_too(tmp_path, name, message):
    process = start_a_row(tmp_path)
    process.send_signal(getattr(signal, name))
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + getattr(signal, name)
    assert (tmp_path / "row_ended").read_text() == "SIGINT"
    assert error.endswith(message)
    assert "Traceback" not in error


@pytest.mark.slow
def test_rows_of_a_background_job_end_too(tmp_path):
    """It ignores Ctrl-C, and so do its rows, unless they handle it."""
    process = start_a_row(tmp_path, before="signal.signal(signal.SIGINT, signal.SIG_IGN)")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert (tmp_path / "row_ended").read_text() == "SIGTERM"


def test_a_row_that_does_not_end_is_killed(tmp_path, monkeypatch):
    code = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    monkeypatch.setattr(Row, "command", lambda _: [sys.executable, "-c", code])
    monkeypatch.setattr(run, "_SECONDS_TO_END", 0.5)
    row = resolve("table_1/ours", 0, presets=["testing"], human36_tokens=["--ckpt", str(tmp_path)])
    stop = Event()
    stop.set()
    start = time.monotonic()
    assert run.run_row(row, slot=0, jobs=1, stop=stop) == "interrupted"
    assert time.monotonic() - start < 30


def test_a_row_that_another_run_has_says_so(tmp_path, monkeypatch, capsys):
    """The other's log stays as it is, and the other rows are run."""
    monkeypatch.setattr(Row, "command", lambda _: [sys.executable, "-c", "print('ran')"])
    log = tmp_path / "logs/synthetic_table_1_ours+testing_seed_0.txt"
    log.parent.mkdir()
    log.write_text("the other's")
    command = ["table_1/ours", "table_1/known_focal", "--preset", "testing"]
    with locked_path(log):
        assert run.main([*command, "--ckpt", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert f"FAILED table_1/ours, seed 0: {log}: in use by process {os.getpid()}" in output.err
    assert "done  table_1/known_focal, seed 0" in output.out
    assert log.read_text() == "the other's"


@pytest.mark.slow
def test_a_row_whose_folder_another_command_has_says_so(tmp_path, capsys):
    row = resolve("table_1/ours", 0, presets=["testing"], human36_tokens=["--ckpt", str(tmp_path)])
    with RunFolder(row.options.ckpt, row.options.exp):
        command = ["table_1/ours", "--preset", "testing", "--ckpt", str(tmp_path)]
        assert run.main(command) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("FAILED table_1/ours, seed 0: ")
    assert f"{row.folder}: in use by process {os.getpid()}" in line
