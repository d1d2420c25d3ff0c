"""Figure S3: a test frame, the 3D truth and both models."""

from common import draw_frame, figure_script, load_both, pick

from src.plotting.figures import new_figure


@figure_script("index", "videos")
def draw(args):
    """Draw a random test frame and what both models make of it."""
    data, both = load_both(args)
    figure = new_figure(12, 3.4)
    figure.suptitle(f"Figure S3: {data}", fontsize=9)
    draw_frame(
        figure, both, pick(args, min(len(found["frame"]) for found in both.values())), args.videos
    )
    return figure
