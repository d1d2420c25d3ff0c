"""A test sequence, frame by frame: input, 3D truth and both models, as a moving picture."""

import numpy as np
from common import draw_frame, figure_script, load_both, pick

from opts.types import number
from src.plotting.figures import new_figure
from src.plotting.lifted import save_moving

FRAMES = {
    "type": number(int, at_least=1, at_most=10**4),
    "default": 40,
    "metavar": "N",
    "help": "how many, at most",
}


@figure_script("index", "videos", formats=("gif", "mp4"), frames=FRAMES)
def draw(args):
    """Draw a test sequence, frame by frame."""
    data, both = load_both(args)
    sequence = next(iter(both.values()))["sequence"]
    chosen = np.unique(sequence)[pick(args, len(np.unique(sequence)))]
    frames = np.flatnonzero(sequence == chosen)[: args.frames]
    figure = new_figure(12, 3.4)
    figure.set_layout_engine("none")  # axes that move from frame to frame tremble

    def one(i):
        figure.clear()
        figure.suptitle(f"Sequence: {data}", fontsize=9)
        draw_frame(figure, both, frames[i], args.videos)

    one(0)  # what cannot be drawn is said before a file is begun
    args.out.mkdir(parents=True, exist_ok=True)
    print(save_moving(args.out / "h36_sequence", figure, one, len(frames), fps=5))
