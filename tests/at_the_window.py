"""Run one of the project's scripts, and be the user at the window that its --show opens.

``python tests/at_the_window.py SCREENSHOT MODULE OPTIONS...``: turn all 3D axes with the mouse,
photograph the screen, close the window. The last line printed is json, a row for every 3D axis:
[azimuth before, elevation before, azimuth after, elevation after, roll after], in degrees.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

from matplotlib import pyplot
from matplotlib.backend_bases import MouseButton, MouseEvent
from mpl_toolkits.mplot3d import Axes3D
from PIL import ImageGrab

ROOT = Path(__file__).parents[1]
show = pyplot.show
views = []


def show_to_user(**options):
    """Show the window as always, with a timer that stands for the user's hands."""
    figure = pyplot.gcf()
    timer = figure.canvas.new_timer(interval=300)
    timer.single_shot = True
    timer.add_callback(use_window, figure)
    timer.start()
    show(**options)


def use_window(figure):
    """Turn all 3D axes, photograph the screen, close the window, whatever happens."""
    try:
        for axis in figure.axes:
            if isinstance(axis, Axes3D):
                before = [axis.azim, axis.elev]
                drag(axis)
                views.append([*before, axis.azim, axis.elev, axis.roll])
        figure.canvas.draw()
        figure.canvas.flush_events()
        ImageGrab.grab().save(sys.argv[1])
    finally:
        pyplot.close(figure)


def drag(axis):
    """Press the left button in the middle of an axis, move the mouse by 40 x 20 px, release it."""
    canvas = axis.figure.canvas
    box = axis.get_window_extent()
    x = (box.x0 + box.x1) / 2
    y = (box.y0 + box.y1) / 2
    press = MouseEvent("button_press_event", canvas, x, y, MouseButton.LEFT)
    canvas.callbacks.process("button_press_event", press)
    for share in (0.5, 1):
        move = MouseEvent(
            "motion_notify_event",
            canvas,
            x + 40 * share,
            y + 20 * share,
            buttons=[MouseButton.LEFT],
        )
        canvas.callbacks.process("motion_notify_event", move)
    release = MouseEvent("button_release_event", canvas, x + 40, y + 20, MouseButton.LEFT)
    canvas.callbacks.process("button_release_event", release)


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "paper_plots")]
    pyplot.show = show_to_user
    exit_code = import_module(sys.argv[2]).main(sys.argv[3:])
    print(json.dumps(views))
    sys.exit(exit_code)
