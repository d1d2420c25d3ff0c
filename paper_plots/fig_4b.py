"""Figure 4b: error by kind of joint."""

import numpy as np
from common import figure_script, load_both

from src.plotting.figures import new_figure
from src.plotting.paper import draw_bars

KINDS = (
    "mid_hip",
    "mid_spine",
    "neck",
    "chin",
    "head",
    "hip",
    "knee",
    "ankle",
    "shoulder",
    "elbow",
    "wrist",
)


@figure_script()
def draw(args):
    """Draw the error by kind of joint."""
    data, both = load_both(args)
    values = {}
    for model, found in both.items():
        kinds = np.array(
            [
                joint.removeprefix("left_").removeprefix("right_")
                for joint in found["joints"].tolist()
            ]
        )
        errors = found["pa_mpjpe_joint_errors_mm"] / 10
        values[model] = {kind: errors[:, kinds == kind] for kind in KINDS if kind in kinds}
    figure = new_figure(8, 4)
    axis = figure.add_subplot(title=f"Figure 4b: {data}")
    draw_bars(axis, values, ylabel="PA-MPJPE (cm), one standard deviation")
    return figure
