"""The run folder: options, log, checkpoints, result. A crash at any instant leaves it whole."""

import csv
import io
import json
import platform
import subprocess
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np
import torch

from src.errors import InputError, Interrupted, shortened
from src.files import locked_folder, refuse_links_below, refuse_special, write_atomically
from src.json_files import load_json

# The files of a run.
_FILES = (
    "options.json",
    "environment.json",
    "log.csv",
    "last.pt",
    "best.pt",
    "predictions.npz",
    "result.json",
    "loss_curves.png",
    "test_poses.png",
)
# Options that say where and how long a run is computed, and how often it is drawn, but not what
# is computed: they may differ when it goes on.
_FREE_OPTIONS = ("epochs", "device", "threads", "ckpt", "exp", "save_ims", "save_ims_every")
_MOST_DIFFERENCES_SHOWN = 4


class RunFolder:
    """One run's folder, locked from `with RunFolder(ckpt, exp) as run:` to the end of that block.

    exp: the path of the folder within ``ckpt``; without it, the folder is ``ckpt`` itself.

    If nothing was put into the folder, it is removed again, so that a refused command leaves
    nothing behind. Ctrl-C inside the block ends with a message that says how to go on.
    """

    def __init__(self, ckpt, exp=""):
        self.path = Path(ckpt, exp)
        self._ckpt = Path(ckpt)
        self._exp = Path(exp)
        self._lock = ExitStack()

    def __enter__(self) -> "RunFolder":
        """Create and lock the folder.

        Raises InputError if it can't be written, if another process has it, and if there are links,
        folders or devices where its files belong, or links on the way to it from ``ckpt``.
        """
        refuse_links_below(self._ckpt, self._exp.parts)
        for name in _FILES:
            refuse_special(self.path / name)
        self._lock.enter_context(locked_folder(self.path, option="--ckpt or --exp"))
        return self

    def __exit__(self, exception_type, exception, traceback):
        self._lock.close()
        if exception_type is KeyboardInterrupt and self.has("log.csv"):
            epochs = len((self.path / "log.csv").read_text().splitlines()) - 1
            raise Interrupted(
                f"interrupted; {epochs} whole epochs are in {self.path}: "
                "the same command goes on from there"
            ) from None

    def has(self, name: str) -> bool:
        """Tell whether the folder holds a file of that name."""
        return (self.path / name).exists()

    def check_options(self, options: dict, earlier: dict | None = None):
        """Raise InputError if this is a run with other options, naming those that differ.

        earlier: the options to compare with; None for those of options.json. Only a run that got
        somewhere counts, and options that say where or how long it is computed may differ.
        """
        if earlier is None:
            earlier = self.read_json("options.json")
        has_begun = self.has("last.pt") or self.has("result.json")
        if earlier is None or not has_begun:
            return
        names = different_options(earlier, options)
        if not names:
            return
        shown = names[:_MOST_DIFFERENCES_SHOWN]
        num_others = len(names) - len(shown)
        others = f" and {num_others} more that differ" if num_others else ""
        raise InputError(
            f"{self.path}: holds a run with {_as_command_line(earlier, shown)}, "
            f"not {_as_command_line(options, shown)}{others}; choose another --exp"
        )

    def read_json(self, name: str) -> dict | None:
        """Read a json file of the folder; None if there is none.

        Raises InputError if the file holds anything but a json object.
        """
        path = self.path / name
        advice = "move it away or choose another --exp"
        if not path.exists():
            return None
        try:
            content = load_json(path)
        except (ValueError, OSError) as error:
            raise InputError(f"{path}: is no valid json ({error}); {advice}") from None
        if not isinstance(content, dict):
            raise InputError(f"{path}: expected a json object; {advice}")
        return content

    def write_json(self, name: str, content: dict):
        """Write plain values to a json file."""
        text = json.dumps(content, indent=1, allow_nan=False) + "\n"
        write_atomically(self.path / name, lambda path: path.write_text(text))

    def write_description(self, options: dict, device: torch.device):
        """Write options.json and environment.json: what the run is, and what computes it."""
        self.write_json("options.json", options)
        self.write_json("environment.json", environment(device))

    def write_log(self, history: list[dict]):
        """Write a row per epoch to log.csv, the whole file each time: no last row can be lost.

        A cell is empty where a row lacks the column: the epoch was not tested, or was trained by
        an earlier version.
        """
        columns = dict.fromkeys(max(history, key=len))  # the fullest row has them in their order
        for row in history:
            columns |= dict.fromkeys(row)
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
        write_atomically(self.path / "log.csv", lambda path: path.write_text(text.getvalue()))

    def save_checkpoint(self, name: str, content: dict):
        """Write tensors and plain values to last.pt or best.pt."""

        def write(path: Path):
            with path.open("wb") as file:  # PyTorch itself would not say that the disk is full
                torch.save(content, file)

        write_atomically(self.path / name, write)

    def save_arrays(self, name: str, arrays: dict[str, np.ndarray]):
        """Write arrays to an npz file."""
        write_atomically(self.path / name, lambda path: np.savez(path, **arrays))


def different_options(earlier: dict, options: dict) -> list[str]:
    """List the options that differ between two runs, but for those that may when a run goes on."""
    names = [name for name in earlier | options if name not in _FREE_OPTIONS]
    return [name for name in names if earlier.get(name) != options.get(name)]


def _as_command_line(options: dict, names: list[str]) -> str:
    """Show some options as they are typed, as in "--lr 0.001, --actions Walking Eating"."""
    words = []
    for name in names:
        value = options.get(name)
        if isinstance(value, list):
            value = " ".join(str(item) for item in value)
        words.append(f"--{shortened(name)} {shortened(str(value))}")
    return ", ".join(words)


def environment(device: torch.device) -> dict:
    """Describe what a run is computed with: versions, device, the project's commit."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "cpu_threads": torch.get_num_threads(),
        "commit": _commit(),
    }


def _commit() -> str | None:
    """Name the commit of the project's checkout; None outside one, or where git is missing."""
    folder = str(Path(__file__).parent)
    command = ["git", "-C", folder, "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    commit = done.stdout.strip()
    return commit if commit else None
