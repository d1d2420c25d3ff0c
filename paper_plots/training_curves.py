"""Losses and test errors of a run, epoch by epoch, from its log.csv."""

import csv
from pathlib import Path

from common import figure_script

from src.errors import InputError
from src.plotting.training import draw_training


@figure_script(run={"metavar": "PATH", "help": "folder of the run"})
def draw(args):
    """Draw the training curves of a run."""
    if not args.run:
        raise InputError("--run FOLDER: whose curves?")
    path = Path(args.run) / "log.csv"
    try:
        with path.open(newline="") as file:
            rows = [
                {name: float(value) for name, value in row.items() if value}
                for row in csv.DictReader(file)
            ]
        return draw_training(rows, "/".join(path.resolve().parent.parts[-4:]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected the log of a run ({error!r})") from None
