"""Curves of a training run."""

from itertools import cycle

from matplotlib.ticker import MaxNLocator

from src.plotting.figures import CYCLE, new_figure

_NOT_LOSSES = ("epoch", "step", "lr", "seconds", "total")


def draw_training(history: list[dict], title: str):
    """Log rows, one per epoch -> a figure: every loss term, and the test errors in mm."""
    figure = new_figure(10, 4)
    figure.suptitle(title, fontsize=10)
    left, right = figure.subplots(1, 2)
    names = list(dict.fromkeys(name for row in history for name in row if name not in _NOT_LOSSES))
    tested = [name for name in names if name.endswith("_mm")]
    if "wrong_labels" in names:
        names, tested = [name for name in names if name not in tested], ["wrong_labels"]
    for axis, wanted in ((left, [name for name in names if name not in tested]), (right, tested)):
        for name, color in zip(wanted, cycle(CYCLE), strict=False):
            points = [(row["epoch"], row[name]) for row in history if name in row]
            axis.plot(
                *zip(*points, strict=True), color=color, marker=".", label=name.removesuffix("_mm")
            )
        axis.set(xlabel="epoch", yscale="log")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3, which="both")
        axis.legend(fontsize=8)
    left.set_title("training losses, unweighted", fontsize=9)
    right.set_title(
        "share of test labels" if "wrong_labels" in tested else "test errors (mm)", fontsize=9
    )
    return figure
