"""Figures that need no display and no global state of pyplot, and the colours that all share."""

from matplotlib.figure import Figure

from src.errors import InputError
from src.files import write_atomically

# Colour-blind safe (Okabe and Ito); blue and vermilion differ in grey too.
RIGHT = "#D55E00"
LEFT = "#0072B2"
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of this size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(path, figure: Figure):
    """Write a figure to ``path``, whose ending decides the format.

    Raises:
        InputError: the file cannot be written.
    """
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=120))


def show_picture(path):
    """Open a window with a saved picture, and wait until the user closes it.

    Raises:
        InputError: there is no display.
    """
    from matplotlib import pyplot  # looks for a display when imported; nothing else here needs one

    if pyplot.get_backend().lower() == "agg":
        raise InputError(f"--show: there is no display here; the picture is in {path}")
    axis = pyplot.figure(figsize=(10, 8)).add_axes((0, 0, 1, 1))
    axis.imshow(pyplot.imread(path))
    pyplot.axis("off")
    pyplot.show()
