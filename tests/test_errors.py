"""Exit codes of commands, and the one line that they say."""

import pytest

from src.errors import InputError, Interrupted, run_command


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
        (InputError("two\nlines"), 2, "error: two lines"),
        (FileNotFoundError(2, "No such file", "x"), 2, "error: [Errno 2] No such file: 'x'"),
        (
            MemoryError(),
            2,
            "error: not enough memory; try a smaller --linear_size or batch, or less data",
        ),
        (KeyboardInterrupt(), 130, "\ninterrupted: run the same command again to go on"),
        (Interrupted("interrupted; 3 whole epochs"), 130, "\ninterrupted; 3 whole epochs"),
    ],
    ids=["bad input", "of two lines", "missing file", "memory", "Ctrl-C", "Ctrl-C in a run"],
)
def test_one_line_and_an_exit_code(capsys, error, exit_code, message):
    assert run_command(raised(error)) == exit_code
    assert capsys.readouterr().err == message + "\n"


@pytest.mark.parametrize("error", [ZeroDivisionError(), RuntimeError("shapes")], ids=repr)
def test_bugs_go_through(error):
    with pytest.raises(type(error)):
        run_command(raised(error))
