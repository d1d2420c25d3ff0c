"""The run folder: options, log, checkpoints, results. A crash at any instant leaves the last state whole."""

import csv
import io
import json
import os
import platform
import subprocess
import warnings
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import torch

from src.errors import InputError
from src.files import write_atomically

try:
    import fcntl
except ImportError:  # Windows: a folder in use is not noticed there
    fcntl = None

# Options that say where and how a run is computed, not what: they may differ when it goes on.
_FREE_OPTIONS = ("epochs", "device", "threads", "ckpt", "exp")


def load_checkpoint(path) -> dict:
    """Tensors and plain values of a checkpoint, on the CPU. Nothing in the file is executed. Raises InputError."""
    try:
        with warnings.catch_warnings(
            action="ignore"
        ):  # what torch warns of in a foreign file, the error says too
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected the checkpoint of a run") from None
    except Exception as error:  # whatever torch raises for a damaged or foreign file
        raise InputError(
            f"{path}: is no checkpoint that can be read without executing what it says ({type(error).__name__})"
        ) from None


class RunFolder:
    """One run's folder, locked from ``with RunFolder(path) as run`` to the end of the block. If nothing was put into
    it, it is removed again, so that a refused command leaves nothing behind."""

    def __init__(self, path):
        self.path = Path(path)

    def __enter__(self) -> "RunFolder":
        """Create and lock the folder. Raises InputError if it can't be written or another process has it."""
        try:
            self._created = [
                folder for folder in (self.path, *self.path.parents) if not folder.exists()
            ]
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / ".lock").open("a+")
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written ({error}); choose another --ckpt or --exp"
            ) from None
        if not self._get_lock():
            self._lock.seek(0)
            owner = self._lock.read().strip() or "unknown"
            self._lock.close()
            raise InputError(
                f"{self.path}: in use by process {owner}; wait for it, or choose another --exp"
            )
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()
        return self

    def _get_lock(self) -> bool:
        if fcntl is None:
            return True
        try:
            # The kernel lets go of the lock when the process ends, however it ends: a killed one does not block.
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it may have removed the file while we waited to open it: then ours locks nothing.
            return os.path.samestat(os.fstat(self._lock.fileno()), (self.path / ".lock").stat())
        except OSError:
            return False

    def __exit__(self, *_):
        (self.path / ".lock").unlink(missing_ok=True)
        self._lock.close()
        with suppress(OSError):  # not empty: the run has begun
            for folder in self._created:
                folder.rmdir()

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return (self.path / name).exists()

    def check_options(self, options: dict, earlier: dict | None = None):
        """Raise InputError, naming them, if options differ from the earlier ones, those of options.json by default,
        that must not once the run has got anywhere."""
        earlier = earlier or self.read_json("options.json")
        begun = earlier is not None and (self.has("last.pt") or self.has("result.json"))
        if begun and (different := different_options(earlier, options)):
            more = f" and {len(different) - 4} more that differ" if len(different) > 4 else ""
            found, asked = (_show(values, different[:4]) for values in (earlier, options))
            raise InputError(
                f"{self.path}: holds a run with {found}, not {asked}{more}; choose another --exp"
            )

    def read_json(self, name: str) -> dict | None:
        """A json file of the folder, or None if there is none."""
        path, advice = self.path / name, "move it away or choose another --exp"
        if not path.exists():
            return None
        try:
            content = json.loads(path.read_text())
        except (ValueError, OSError) as error:
            raise InputError(f"{path}: is no valid json ({error}); {advice}") from None
        if not isinstance(content, dict):
            raise InputError(f"{path}: expected a json object; {advice}")
        return content

    def write_json(self, name: str, content: dict):
        """Plain values -> a json file."""
        text = json.dumps(content, indent=1, allow_nan=False) + "\n"
        write_atomically(self.path / name, lambda path: path.write_text(text))

    def write_log(self, history: list[dict]):
        """A row per epoch -> log.csv, whole each time: a lost last row cannot happen."""
        text = io.StringIO()
        writer = csv.DictWriter(
            text, {name: None for row in history for name in row}, lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(history)
        write_atomically(self.path / "log.csv", lambda path: path.write_text(text.getvalue()))

    def save_checkpoint(self, name: str, content: dict):
        """Tensors and plain values -> last.pt or best.pt."""
        write_atomically(self.path / name, lambda path: torch.save(content, path))

    def save_arrays(self, name: str, arrays: dict[str, np.ndarray]):
        """Arrays -> an npz file."""
        write_atomically(self.path / name, lambda path: np.savez(path, **arrays))


def different_options(earlier: dict, options: dict) -> list[str]:
    """Names of the options that differ and must not, when a run goes on."""
    names = [name for name in {**earlier, **options} if name not in _FREE_OPTIONS]
    return [name for name in names if earlier.get(name) != options.get(name)]


def _show(options: dict, names: list[str]) -> str:
    values = {name: options.get(name) for name in names}
    return ", ".join(
        f"--{n} {' '.join(map(str, v)) if isinstance(v, list) else v}" for n, v in values.items()
    )


def environment(device: torch.device) -> dict:
    """What a run is computed with: versions, device, the project's commit."""
    git, commit = (
        ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"],
        None,
    )
    with suppress(OSError, subprocess.TimeoutExpired):
        commit = subprocess.run(git, capture_output=True, text=True, timeout=10).stdout.strip()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "cpu_threads": torch.get_num_threads(),
        "commit": commit or None,
    }
