"""What several test files share: miniature data, and the training scripts on them."""

import signal
from pathlib import Path

import pytest
import torch
from miniature import ACTIONS, write_human36

import main_human36

ROOT = Path(__file__).parents[1]
torch.set_num_threads(1)  # the suite runs in several processes at once

# In a background job of a shell script, or under nohup, processes ignore these signals, and so
# would the commands that tests start and end.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        handler = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def human36_dir(tmp_path_factory) -> Path:
    """A miniature Human3.6M; not to be changed."""
    return write_human36(tmp_path_factory.mktemp("data") / "mini")


@pytest.fixture(scope="session")
def cmu_dir() -> Path:
    """Real motion in Human3.6M's layout, where there is a copy."""
    for base in (ROOT, ROOT.parent / "shared"):
        if (base / "data" / "cmu_h36m" / "cameras.h5").is_file():
            return base / "data" / "cmu_h36m"
    pytest.skip(
        "needs the motion data cmu_h36m, in data/ here or in shared/data/ beside the project"
    )


@pytest.fixture
def run_human36(human36_dir, tmp_path, capsys):
    """A function that runs main_human36.py in this process on the miniature.

    ``run_human36("--epochs 2", exp="name")`` returns the exit code, what was printed (stdout, then
    stderr), and the run folder. The network is small, there is one thread and no picture; the
    command's own options come last, and so win.
    """

    def run(command="", *, exp="run"):
        tokens = ["--data_dir", str(human36_dir), "--ckpt", str(tmp_path), "--exp", exp]
        tokens += ["--actions", *ACTIONS]
        tokens += ["--epochs", "2", "--linear_size", "32", "--threads", "1", "--no-save_ims"]
        exit_code = main_human36.main([*tokens, *command.split()])
        captured = capsys.readouterr()
        return exit_code, captured.out + captured.err, tmp_path / exp

    return run


@pytest.fixture
def train_human36(run_human36):
    """A function that runs main_human36.py as `run_human36` does, successfully.

    It returns the run folder.
    """

    def train(command="", *, exp="run"):
        exit_code, text, folder = run_human36(command, exp=exp)
        assert exit_code == 0, text
        return folder

    return train


@pytest.fixture
def cmu_lsp_dir():
    """Photos of real motion with simulated labels, where there is a copy."""
    for base in (ROOT, ROOT.parent / "shared"):
        if (base / "data" / "cmu_lsp").is_dir():
            return base / "data" / "cmu_lsp"
    pytest.skip("needs cmu_lsp, in data/ here or in shared/data/ beside the project")
