"""How long the trainings of a plan will take, estimated from the logs of those that have run."""

import csv
from pathlib import Path
from typing import NamedTuple

from paper_exps.plan import Row, Step
from src.csv_files import load_csv
from src.errors import InputError

_SCRIPTS = ("main_human36.py", "main_lsp.py")


class _Logged(NamedTuple):
    """What a row's log.csv says: whole epochs, how long they took in all, and what was trained."""

    script: str
    share_of_frames: float
    epochs: int
    seconds: float


def describe_time_left(steps: list[Step], rows: list[Row], jobs: int) -> str:
    """Say in words how long the steps of a plan will take: "about 3 h 20 min".

    An epoch is taken to be as long as the mean of those that the same script has logged, in
    proportion to the share of the training frames that the row trains on. Tests are not counted:
    they take seconds.

    Args:
        steps: those that are left. A row that has begun needs only the rest of its epochs.
        rows: those whose logs are looked at.
        jobs: how many rows run at once.
    """
    logs = _read_logs([*rows, *(step.row for step in steps)])
    seconds_per_epoch = _measure(logs)
    total = 0.0
    unmeasured = 0
    for row, _ in steps:
        if row.options.eval_only:
            continue
        epochs = row.options.epochs
        if row.folder in logs:
            epochs = max(epochs - logs[row.folder].epochs, 0)
        if row.script in seconds_per_epoch:
            total += epochs * _share_of_frames(row) * seconds_per_epoch[row.script]
        else:
            unmeasured += 1
    if not seconds_per_epoch:
        return "not known before a first epoch has been trained"
    text = f"about {_in_words(total / jobs)}"
    if unmeasured > 0:
        text += f", and {unmeasured} trainings of a script that has not trained yet"
    return text


def _read_logs(rows: list[Row]) -> dict[Path, _Logged]:
    """Read the logs of rows, each once -> {the row's folder: what its log says}, of those with one.

    Rows that several steps name are the same row.
    """
    logs = {}
    for row in {row.folder: row for row in rows}.values():
        logged = _read_log(row)
        if logged is not None:
            logs[row.folder] = logged
    return logs


def _measure(logs: dict[Path, _Logged]) -> dict[str, float]:
    """Return {script: seconds that an epoch on all training frames takes}, of those with logs."""
    seconds = dict.fromkeys(_SCRIPTS, 0.0)
    epochs_of_all_frames = dict.fromkeys(_SCRIPTS, 0.0)
    for logged in logs.values():
        seconds[logged.script] += logged.seconds
        epochs_of_all_frames[logged.script] += logged.epochs * logged.share_of_frames
    measured = {}
    for script, epochs in epochs_of_all_frames.items():
        if epochs > 0:
            measured[script] = seconds[script] / epochs
    return measured


def _share_of_frames(row: Row) -> float:
    """The share of the training frames that a row trains on; photos are all trained on."""
    return getattr(row.options, "amt_train_data", 1.0)


def _read_log(row: Row) -> _Logged | None:
    """Read a row's log.csv; None if its training has not begun, or the log is none."""
    if not row.has_trained:
        return None
    try:
        header, lines = load_csv(row.folder / "log.csv")
        column = header.index("seconds")
        seconds = [float(line[column]) for line in lines]
    except (OSError, ValueError, IndexError, csv.Error, InputError):
        return None  # an estimate is no reason to stop; whoever goes on with the run will say it
    return _Logged(
        script=row.script,
        share_of_frames=_share_of_frames(row),
        epochs=len(seconds),
        seconds=sum(seconds),
    )


def _in_words(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
