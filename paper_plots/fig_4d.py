"""Figure 4d: error by the share of wrong labels."""

from common import figure_script, rows_of

from src.plotting.figures import new_figure
from src.plotting.paper import draw_bars


@figure_script()
def draw(args):
    """Draw the error by the share of wrong training labels."""
    data, rows = rows_of("fig_4d", args)
    values = {
        "ours": {
            row.name.removeprefix("fig_4d/ours_"): row.value("pa_mpjpe_mm") / 10 for row in rows
        }
    }
    print(", ".join(f"{row.name}: {row.error_cm:.2f} cm" for row in rows))
    figure = new_figure(6, 4)
    axis = figure.add_subplot(title=f"Figure 4d: {data}")
    draw_bars(axis, values, ylabel="PA-MPJPE (cm)").set_xlabel(
        "probability of a wrong label (mturk: as people err)"
    )
    return figure
