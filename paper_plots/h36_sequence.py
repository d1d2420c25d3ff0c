"""A test sequence, frame by frame: input, 3D truth and both models."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

import numpy as np

from opts.types import number
from paper_plots.common import draw_frame, finish_moving, load_both, parse, pick, title_of
from src.errors import run_command
from src.plotting.figures import new_figure


def draw(argv):
    """A moving picture of the first frames of one sequence."""
    more = {
        "videos": (None, "folder of the videos, as for fig_s3"),
        "frames": (40, "how many, at most", number(int, at_least=1, at_most=10**4)),
    }
    args = parse(argv, "Draw a test sequence, frame by frame.", picks=True, formats=("gif", "mp4"), **more)
    rows, both = load_both(args)
    sequence = next(iter(both.values()))["sequence"]
    chosen = np.flatnonzero(sequence == np.unique(sequence)[pick(args, len(np.unique(sequence)))])[
        : number(int, at_least=1, at_most=10**4)(args.frames)
    ]
    figure = new_figure(12, 3.4)
    figure.set_layout_engine("none")  # axes that move from frame to frame tremble

    def one(i):
        figure.clear()
        figure.suptitle(title_of("Sequence", rows), fontsize=9)
        draw_frame(figure, both, chosen[i], args.videos)

    finish_moving(figure, one, len(chosen), "h36_sequence", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
