"""Exit codes of commands, and the one line that they say."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

from opts.command import run_command

import numpy as np
import pytest
from conftest import ROOT

from src.errors import (
    InputError,
    Interrupted,
    listed,
    printable,
    shortened,
    shown,
)


@pytest.mark.parametrize(("returned", "exit_code"), [(None, 0), (0, 0), (1, 1)])
def test_what_a_command_returns_is_the_exit_code(returned, exit_code):
    assert run_command(lambda: returned) == exit_code


def raised(error: BaseException):
    """A command that ends with an error."""

    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "exit_code", "message"),
    [
        (
            InputError("x.h5: expected this, found that"),
            2,
            "error: x.h5: expected this, found that",
        ),
        (InputError("two\nlines\n"), 2, "error: two\\nlines"),
        (InputError("a\x1b[31m \ud800 Jürgen"), 2, "error: a\\x1b[31m \\ud800 Jürgen"),
        (FileNotFoundError(2, "No such file", "x"), 2, "error: [Errno 2] No such file: 'x'"),
        (
            MemoryError(),
            2,
            "error: not enough memory; try a smaller --linear_size or batch, or less data",
        ),
        (KeyboardInterrupt(), 130, "\ninterrupted: run the same command again to go on"),
        (Interrupted("interrupted; 3 whole epochs"), 130, "\ninterrupted; 3 whole epochs"),
    ],
    ids=[
        "bad input",
        "of two lines",
        "control characters",
        "missing file",
        "memory",
        "Ctrl-C",
        "Ctrl-C in a run",
    ],
)
def test_one_line_and_an_exit_code(capsys, error, exit_code, message):
    assert run_command(raised(error)) == exit_code
    assert capsys.readouterr().err == message + "\n"


def test_a_long_message_keeps_its_ends(capsys):
    assert run_command(raised(InputError(f"x.h5: {'a' * 2000}; copy it again"))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) < 450  # as the harness allows
    assert line.startswith("error: x.h5: aaa") and line.endswith("aaa; copy it again")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("usual Jürgen 李", "usual Jürgen 李"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[2J\x07\x7f\x85", "\\x1b[2J\\x07\\x7f\\x85"),
        ("\ud800\u2028\u202e", "\\ud800\\u2028\\u202e"),  # half a pair, a line, right to left
        (Path("a\nb"), "a\\nb"),
        (np.frombuffer(b"\xff\xff\xff\x7fa\0\0\0", "U2")[0], "\\U7fffffffa"),
    ],
)
def test_what_a_terminal_cannot_show_is_escaped(text, shown):
    assert printable(text) == shown


def test_what_the_terminal_does_not_have_is_escaped():
    code = "from opts.command import run_command; run_command(print, 'J\\xfcrgen \\ud800')"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert process.stdout == "J\\xfcrgen \\ud800\n"
    assert process.stderr == ""


def test_control_characters_are_not_printed(capsys):
    assert run_command(print, "poses of \x1b[2J\r:\n3") == 0
    assert capsys.readouterr().out == "poses of \\x1b[2J\\r:\n3\n"


def test_libraries_do_not_warn(capsys):
    def command():
        warnings.warn("of a library", RuntimeWarning, stacklevel=1)

    with warnings.catch_warnings(action="error"):
        assert run_command(command) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [ZeroDivisionError(), RuntimeError("shapes")], ids=repr)
def test_bugs_go_through(error):
    with pytest.raises(type(error)):
        run_command(raised(error))


def test_values_from_data_are_shown_short():
    assert shown("a name") == "'a name'"
    assert shown({"kp0": 1}) == "{'kp0': 1}"
    assert shown([0] * 10**5) == "[" + 25 * "0, " + " ..."
    assert shown(10**5000) == "int too long to be shown"
    assert shown([10**5000]) == "list too long to be shown"
    assert shortened("a name") == "a name"
    assert shortened("x" * 80) == "x" * 80
    assert shortened("x" * 81) == "x" * 76 + " ..."
    assert listed(["left", "right", 3]) == "left, right, 3"
    assert len(listed(["left"] * 100)) == 200
