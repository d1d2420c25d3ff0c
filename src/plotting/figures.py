"""Figures that need no display and no global state of pyplot, and the colours that all share."""

from matplotlib.backends import BackendFilter, backend_registry
from matplotlib.figure import Figure
from matplotlib.text import Text

from src.errors import InputError, printable
from src.files import write_atomically

# The colours mean what they mean in the paper's figures: the person's right is blue and the rest
# red; the 3D supervised model is blue and ours orange. The shades are chosen for colour-blind
# readers and for print in grey: of each pair one is much darker than the other.
# Right and left are a darker blue and a lighter red than Okabe and Ito's, which are nearly the
# same in grey; the models have Okabe and Ito's blue and orange.
RIGHT = "#0055A4"
LEFT = "#F0563F"
SIDES = "blue: the person's right; red: left and middle"  # for titles of figures
SUPERVISED = "#0072B2"
OURS = "#E69F00"
# For curves that are neither: Okabe and Ito's colours, in an order that keeps neighbours apart.
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

# What a window takes of the screen at first; the user can make it larger.
_WINDOW_WIDTH_PX = 1200
_WINDOW_HEIGHT_PX = 800


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of this size in inches."""
    # The resolution in a window, where a large page must fit on the screen; `save_figure` has one
    # of its own.
    dpi = min(100, _WINDOW_WIDTH_PX / width, _WINDOW_HEIGHT_PX / height)
    return Figure(figsize=(width, height), dpi=dpi, layout="constrained")


def save_figure(path, figure: Figure):
    """Write a figure to ``path``, whose ending decides the format.

    Raises:
        InputError: the file cannot be written.
    """
    take_text_literally(figure)
    for text in figure.findobj(Text):  # matplotlib has no halves of surrogate pairs, for one
        lines = text.get_text().split("\n")
        if not all(line.isprintable() for line in lines):
            text.set_text("\n".join(printable(line) for line in lines))
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=120))


def take_text_literally(figure: Figure):
    """Show every text of a figure as it is, and none as a formula between two dollar signs.

    Names of files and runs stand in captions, and may have dollars. Only the powers of ten at a
    logarithmic axis are formulas.
    """
    powers = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                powers |= set(axis.get_ticklabels(which="both"))
    for text in figure.findobj(Text):
        if text not in powers:
            text.set_parse_math(False)


def show_figure(figure: Figure, path):
    """Open a window with a figure, and wait until the user closes it.

    It is the figure itself and not its picture: the mouse turns 3D axes.

    Args:
        figure: it must have been saved, as its axes stay from now on where they are.
        path: where it was saved, for the window's title and the error's message.

    Raises:
        InputError: no window can be opened, for want of a display or of a toolkit for windows.
    """
    from matplotlib import pyplot  # looks for a toolkit and a display; nothing else needs them

    saved = f"the picture is in {path}"
    if pyplot.get_backend().lower() in backend_registry.list_builtin(BackendFilter.NON_INTERACTIVE):
        raise InputError(
            "--show: no window can be opened, as there is no display here, or no toolkit for "
            f"windows (Tk or Qt); {saved}"
        )
    # A layout that is made anew for every drawing is slow, and moves axes while they are turned.
    figure.set_layout_engine("none")
    try:
        pyplot.figure(figure)
    except Exception as error:  # ImportError, or what the toolkit raises
        raise InputError(f"--show: no window can be opened ({error}); {saved}") from None
    figure.canvas.manager.set_window_title(str(path))
    # By default the mouse rolls the axes like a ball; so people stay upright.
    with pyplot.rc_context({"axes3d.mouserotationstyle": "azel"}):
        pyplot.show(block=True)
