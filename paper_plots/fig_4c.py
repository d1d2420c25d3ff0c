"""Figure 4c: noise on the 2D input in testing against noise in training and testing."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

from paper_plots.common import error_cm, finish, parse, rows_of, title_of
from src.errors import run_command
from src.plotting.figures import new_figure
from src.plotting.paper import draw_diagonal, draw_points

LEVELS = ("0", "10", "20", "detections")


def draw(argv):
    """One marker per level of noise (variance in px^2) and model; the diagonal is dotted."""
    args = parse(argv, "Draw how noise on the 2D input matters in testing, and in training and testing.")
    rows = rows_of("fig_4c", args)
    errors = {row.name.removeprefix("fig_4c/"): error_cm(row) for row in rows}
    points = {
        model: [
            (errors[f"test_noise/{model}_{level}"], errors[f"train_test_noise/{model}_{level}"], level)
            for level in LEVELS
            if {f"test_noise/{model}_{level}", f"train_test_noise/{model}_{level}"} <= errors.keys()
        ]
        for model in ("supervised", "ours")
    }
    figure = new_figure(5.5, 5.5)
    axis = figure.add_subplot(title=title_of("Figure 4c", rows))
    on = "noise in {}, PA-MPJPE (cm)".format
    draw_diagonal(draw_points(axis, points, xlabel=on("testing"), ylabel=on("training and testing")))
    axis.set_aspect("equal")
    finish(figure, "fig_4c", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
