"""Figure 4a: histogram of the error per pose, cumulative curve and percentiles, which are printed too."""

import numpy as np
from common import figure_script, load_both

from src.plotting.figures import new_figure
from src.plotting.paper import PERCENTILES, draw_error_histogram


@figure_script()
def draw(args):
    """Draw the distribution of the error per pose."""
    data, both = load_both(args)
    errors = {
        m: found["pa_mpjpe_joint_errors_mm"].mean(axis=1, dtype=float) / 10
        for m, found in both.items()
    }
    for model, of_model in errors.items():
        at = ", ".join(f"{p:g} %: {np.percentile(of_model, p):.2f}" for p in PERCENTILES)
        print(f"{model}: mean {of_model.mean():.2f} cm; {at} cm")
    figure = new_figure(7, 4)
    draw_error_histogram(figure.add_subplot(title=f"Figure 4a: {data}"), errors)
    return figure
