"""Figure 4d: error by the share of wrong labels."""

import sys

from common import add_common_options, draws_2018_results, load_rows, save
from opts.command import run_command

import numpy as np
from matplotlib.figure import Figure

from opts.parsing import new_parser
from paper_exps.results_2018 import HEADING_2018, read_fig_4d
from src.plotting.figures import new_figure
from src.plotting.paper import draw_bars


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw the error by the share of wrong training labels.")
    add_common_options(parser)
    return parser


def load_errors(args) -> tuple[str, dict[str, np.ndarray]]:
    """Load the errors, from runs or from the authors' files.

    Returns:
        What data they are of, in words, and {name of a row: errors in cm, one per seed}.
    """
    errors_cm = {}
    if draws_2018_results("fig_4d", args):
        for row_name, error_mm in read_fig_4d(args.results).items():
            errors_cm[row_name] = np.array([error_mm / 10])
        return HEADING_2018, errors_cm
    data_name, rows = load_rows("fig_4d", args)
    for row in rows:
        errors_cm[row.name] = row.value("pa_mpjpe_mm") / 10
    return data_name, errors_cm


def draw(data_name: str, errors_cm: dict[str, np.ndarray]) -> Figure:
    """Draw a bar per row, the mean over its seeds, from errors {name of a row: cm}."""
    errors_by_probability = {}
    for row_name, errors in errors_cm.items():
        errors_by_probability[row_name.removeprefix("fig_4d/ours_")] = errors
    figure = new_figure(6, 4)
    axis = figure.add_subplot(title=f"Figure 4d: {data_name}")
    draw_bars(axis, {"ours": errors_by_probability}, ylabel="PA-MPJPE (cm)")
    axis.set_xlabel("probability of a wrong label (mturk: as people err)")
    return figure


def make_figure(argv):
    """Load the results, print them, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, errors_cm = load_errors(args)
    print(", ".join(f"{name}: {errors.mean():.2f} cm" for name, errors in errors_cm.items()))
    figure = draw(data_name, errors_cm)
    save(figure, "fig_4d", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
