"""Figure 4d: error by the share of wrong labels."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

from paper_plots.common import error_cm, finish, parse, rows_of, title_of
from src.errors import run_command
from src.plotting.figures import new_figure
from src.plotting.paper import draw_bars


def draw(argv):
    """A bar per level of label noise."""
    args = parse(argv, "Draw the error by the share of wrong training labels.")
    rows = rows_of("fig_4d", args)
    values = {"ours": {row.name.removeprefix("fig_4d/ours_"): row.value("pa_mpjpe_mm") / 10 for row in rows}}
    print(", ".join(f"{row.name}: {error_cm(row):.2f} cm" for row in rows))
    figure = new_figure(6, 4)
    axis = figure.add_subplot(title=title_of("Figure 4d", rows))
    draw_bars(axis, values, ylabel="PA-MPJPE (cm)").set_xlabel("probability of a wrong label (mturk: as people err)")
    finish(figure, "fig_4d", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
