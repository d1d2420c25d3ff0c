"""Figure 4d: error by the share of wrong labels."""

import sys

from common import add_common_options, load_rows, save
from matplotlib.figure import Figure

from opts.parsing import new_parser
from paper_exps.collect import RowResults
from src.errors import run_command
from src.plotting.figures import new_figure
from src.plotting.paper import draw_bars


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw the error by the share of wrong training labels.")
    add_common_options(parser)
    return parser


def draw(data_name: str, rows: list[RowResults]) -> Figure:
    """Draw a bar per row, the mean over its seeds."""
    errors_cm = {}
    for row in rows:
        probability = row.name.removeprefix("fig_4d/ours_")
        errors_cm[probability] = row.value("pa_mpjpe_mm") / 10
    figure = new_figure(6, 4)
    axis = figure.add_subplot(title=f"Figure 4d: {data_name}")
    draw_bars(axis, {"ours": errors_cm}, ylabel="PA-MPJPE (cm)")
    axis.set_xlabel("probability of a wrong label (mturk: as people err)")
    return figure


def make_figure(argv):
    """Load the results, print them, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, rows = load_rows("fig_4d", args)
    print(", ".join(f"{row.name}: {row.error_cm:.2f} cm" for row in rows))
    figure = draw(data_name, rows)
    save(figure, "fig_4d", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
