"""Losses and test errors of a run, epoch by epoch, from its log.csv."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

import csv

from paper_plots.common import finish, parse
from src.errors import InputError, run_command
from src.plotting.training import draw_training


def draw(argv):
    """The curves of --run."""
    args = parse(argv, "Draw the training curves of a run.", run=(None, "folder of the run"))
    if not args.run:
        raise InputError("--run FOLDER: whose curves?")
    path = Path(args.run) / "log.csv"
    try:
        with path.open(newline="") as file:
            rows = [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
        figure = draw_training(rows, "/".join(path.resolve().parent.parts[-4:]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected the log of a run ({error!r})") from None
    finish(figure, "training_curves", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
