"""Figure 4c: noise on the 2D input in testing against noise in training and testing."""

import sys

from common import add_common_options, draws_2018_results, load_rows, save
from opts.command import run_command

from matplotlib.figure import Figure

from opts.parsing import new_parser
from paper_exps.results_2018 import HEADING_2018, read_fig_4c
from src.plotting.figures import new_figure
from src.plotting.paper import draw_diagonal, draw_points

# The levels that the paper's figure shows, as variances in px^2. Those of 5 and 15 have presets,
# too: their results stand in the tables of `paper_exps.collect` only.
LEVELS = ("0", "10", "20", "detections")


def make_parser():
    """The options of this script."""
    parser = new_parser(
        "Draw how noise on the 2D input matters in testing, and in training and testing."
    )
    add_common_options(parser)
    return parser


def load_errors(args) -> tuple[str, dict[str, float]]:
    """Load the errors, from runs or from the authors' files.

    Returns:
        What data they are of, in words, and {name of a row: error in cm}.
    """
    if draws_2018_results("fig_4c", args):
        errors_mm = read_fig_4c(args.results)
        return HEADING_2018, {row_name: error / 10 for row_name, error in errors_mm.items()}
    data_name, rows = load_rows("fig_4c", args)
    return data_name, {row.name: row.error_cm for row in rows}


def make_points(errors_cm: dict[str, float]) -> dict[str, list[tuple]]:
    """{model: [(error with noise in testing, error with noise in both, level)]}, in cm.

    errors_cm: {name of a row: error}. Levels of which one of the errors is missing are left out.
    """
    points = {"supervised": [], "ours": []}
    for model, model_points in points.items():
        for level in LEVELS:
            in_testing = errors_cm.get(f"fig_4c/test_noise/{model}_{level}")
            in_both = errors_cm.get(f"fig_4c/train_test_noise/{model}_{level}")
            if in_testing is not None and in_both is not None:
                model_points.append((in_testing, in_both, level))
    return points


def draw(data_name: str, points: dict[str, list[tuple]]) -> Figure:
    """Draw the points, and the line on which training with noise would change nothing."""
    figure = new_figure(5.5, 5.5)
    axis = figure.add_subplot(title=f"Figure 4c: {data_name}")
    draw_points(
        axis,
        points,
        xlabel="noise in testing, PA-MPJPE (cm)",
        ylabel="noise in training and testing, PA-MPJPE (cm)",
    )
    draw_diagonal(axis)
    axis.set_aspect("equal")
    return figure


def make_figure(argv):
    """Load the results, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, errors_cm = load_errors(args)
    figure = draw(data_name, make_points(errors_cm))
    save(figure, "fig_4c", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
