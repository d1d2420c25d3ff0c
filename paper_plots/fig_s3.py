"""Figure S3: a test frame, the 3D truth and both models."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

from paper_plots.common import draw_frame, finish, load_both, parse, pick, title_of
from src.errors import run_command
from src.plotting.figures import new_figure


def draw(argv):
    """The frame cropped round the person, 3D truth, supervised, ours, each with its error."""
    more = {
        "videos": (None, "folder with S9/Videos/Walking.54138969.mp4 and so on; needs: pip install imageio[ffmpeg]")
    }
    args = parse(argv, "Draw a random test frame and what both models make of it.", picks=True, **more)
    rows, both = load_both(args)
    figure = new_figure(12, 3.4)
    figure.suptitle(title_of("Figure S3", rows), fontsize=9)
    draw_frame(figure, both, pick(args, len(next(iter(both.values()))["frame"])), args.videos)
    finish(figure, "fig_s3", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
