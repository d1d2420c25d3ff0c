"""Losses and test errors of a run, epoch by epoch, from its log.csv."""

import csv
import math
import sys
from pathlib import Path

from common import add_common_options, save
from opts.command import run_command

from opts.parsing import new_parser
from src.csv_files import load_csv
from src.errors import InputError, shortened, shown
from src.plotting.training import draw_training

_MOST_EPOCHS = 10**9  # as --epochs allows
_LARGEST_NUMBER = 1e100  # far more than any loss


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw the training curves of a run.")
    add_common_options(parser)
    parser.add_argument("--run", metavar="PATH", help="folder of the run")
    return parser


def read_log(path: Path) -> list[dict[str, float]]:
    """Read a run's log.csv -> a row per epoch, {column: value}, without cells that are empty.

    Raises:
        InputError: the file cannot be read, or is not the log of a run.
    """
    history = []
    try:
        header, rows = load_csv(path)
        for row in rows:
            cells = dict(zip(header, row, strict=False))
            if not cells.get("epoch") or len(row) > len(header):
                raise InputError(f"{path}: expected the log of a run, a row per epoch")
            numbers = {name: float(cell) for name, cell in cells.items() if cell}
            _check_numbers(numbers)
            history.append(numbers)
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: expected the log of a run ({shown(error)})") from None
    return history


def _check_numbers(numbers: dict[str, float]):
    """Raise ValueError for a row of the log with numbers that cannot be drawn.

    A loss that is NaN, or infinite, is what a training that failed writes: it leaves a gap.
    """
    if not 0 <= numbers["epoch"] <= _MOST_EPOCHS:
        raise ValueError(f"epoch {numbers['epoch']}")
    for name, number in numbers.items():
        if math.isfinite(number) and abs(number) > _LARGEST_NUMBER:
            raise ValueError(f"{shortened(name)} of {number}")


def make_figure(argv):
    """Read the run's log, draw, save."""
    args = make_parser().parse_args(argv)
    if not args.run:
        raise InputError("--run FOLDER is required: the run to plot")
    path = Path(args.run) / "log.csv"
    history = read_log(path)
    # Of .../checkpoint/cmu_h36m/table_1/ours/seed_0 the last four names say which run it is.
    run_name = "/".join(path.resolve().parent.parts[-4:])
    figure = draw_training(history, run_name)
    save(figure, "training_curves", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
