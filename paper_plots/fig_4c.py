"""Figure 4c: noise on the 2D input in testing against noise in training and testing."""

from common import figure_script, rows_of

from src.plotting.figures import new_figure
from src.plotting.paper import draw_diagonal, draw_points

LEVELS = ("0", "10", "20", "detections")  # variance in px^2


@figure_script()
def draw(args):
    """Draw how noise on the 2D input matters in testing, and in training and testing."""
    (data, rows), points = rows_of("fig_4c", args), {"supervised": [], "ours": []}
    errors = {row.name: row.error_cm for row in rows}
    for model, of_model in points.items():
        for level in LEVELS:
            names = [f"fig_4c/{part}_noise/{model}_{level}" for part in ("test", "train_test")]
            if errors.keys() >= set(names):
                of_model.append((errors[names[0]], errors[names[1]], level))
    figure = new_figure(5.5, 5.5)
    axis = figure.add_subplot(title=f"Figure 4c: {data}")
    on = "noise in {}, PA-MPJPE (cm)".format
    draw_diagonal(
        draw_points(axis, points, xlabel=on("testing"), ylabel=on("training and testing"))
    )
    axis.set_aspect("equal")
    return figure
