"""Figure 4a: histogram of the error per pose, cumulative curve and percentiles."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

import numpy as np

from paper_plots.common import finish, load_predictions, parse, rows_of, title_of
from src.errors import run_command
from src.plotting.figures import new_figure
from src.plotting.paper import PERCENTILES, draw_error_histogram


def draw(argv):
    """Both models on one axis; their percentiles are printed too."""
    args = parse(argv, "Draw the distribution of the error per pose.")
    rows = rows_of("fig_4ab", args)
    errors = {}
    for row in rows:
        model = row.name.split("/")[1]
        errors[model] = load_predictions(row, args)["pa_mpjpe_joint_errors_mm"].mean(axis=1, dtype=float) / 10
        at = ", ".join(f"{p:g} %: {np.percentile(errors[model], p):.2f}" for p in PERCENTILES)
        print(f"{model}: mean {errors[model].mean():.2f} cm; {at} cm")
    figure = new_figure(7, 4)
    draw_error_histogram(figure.add_subplot(title=title_of("Figure 4a", rows)), errors)
    finish(figure, "fig_4a", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
