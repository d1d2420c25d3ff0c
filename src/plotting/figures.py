"""Figures that need no display and no global state."""

from matplotlib.figure import Figure

from src.runs import write_atomically

# Colour-blind safe (Okabe and Ito); blue and vermilion differ in grey too.
RIGHT, LEFT = "#D55E00", "#0072B2"
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(path, figure: Figure):
    """Write a figure to ``path``; the ending says the format."""
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=120))
