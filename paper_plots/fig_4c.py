"""Figure 4c: noise on the 2D input in testing against noise in training and testing."""

import sys

from common import add_common_options, load_rows, save
from matplotlib.figure import Figure

from opts.parsing import new_parser
from paper_exps.collect import RowResults
from src.errors import run_command
from src.plotting.figures import new_figure
from src.plotting.paper import draw_diagonal, draw_points

LEVELS = ("0", "10", "20", "detections")  # variance in px^2


def make_parser():
    """The options of this script."""
    parser = new_parser(
        "Draw how noise on the 2D input matters in testing, and in training and testing."
    )
    add_common_options(parser)
    return parser


def make_points(rows: list[RowResults]) -> dict[str, list[tuple]]:
    """{model: [(error with noise in testing, error with noise in both, level)]}, in cm."""
    errors_cm = {row.name: row.error_cm for row in rows}
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
    data_name, rows = load_rows("fig_4c", args)
    figure = draw(data_name, make_points(rows))
    save(figure, "fig_4c", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
