"""Figures that need no display and no global state."""

from matplotlib.figure import Figure

from src.errors import InputError
from src.files import write_atomically

# Colour-blind safe (Okabe and Ito); blue and vermilion differ in grey too.
RIGHT, LEFT = "#D55E00", "#0072B2"
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(path, figure: Figure):
    """Write a figure to ``path``; the ending says the format."""
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=120))


def show_picture(path):
    """Open a window with a saved picture. Raises InputError where there is no display."""
    from matplotlib import pyplot  # it looks for a display, which nothing else here needs

    if pyplot.get_backend().lower() == "agg":
        raise InputError(f"--show: there is no display here; the picture is in {path}")
    pyplot.figure(figsize=(10, 8)).add_axes((0, 0, 1, 1)).imshow(pyplot.imread(path))
    pyplot.axis("off")
    pyplot.show()
