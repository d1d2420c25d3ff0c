"""Figure 4b: error by kind of joint."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

from paper_plots.common import finish, load_predictions, parse, rows_of, title_of
from src.errors import run_command
from src.plotting.figures import new_figure
from src.plotting.paper import draw_bars, pool_sides

ORDER = ("mid_hip", "mid_spine", "neck", "chin", "head", "hip", "knee", "ankle", "shoulder", "elbow", "wrist")


def draw(argv):
    """A bar per kind of joint and model, left and right pooled."""
    args = parse(argv, "Draw the error by kind of joint.")
    rows, values = rows_of("fig_4ab", args), {}
    for row in rows:
        found = load_predictions(row, args)
        pooled = pool_sides(found["pa_mpjpe_joint_errors_mm"] / 10, found["joints"].tolist())
        values[row.name.split("/")[1]] = {kind: pooled[kind] for kind in ORDER if kind in pooled}
    figure = new_figure(8, 4)
    draw_bars(
        figure.add_subplot(title=title_of("Figure 4b", rows)), values, ylabel="PA-MPJPE (cm), one standard deviation"
    )
    finish(figure, "fig_4b", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
