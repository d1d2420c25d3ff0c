"""Signals and closed streams: every command ends in one line or in silence, its rows with it."""

import os
import subprocess
import sys
import textwrap

import pytest
from conftest import ROOT

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
