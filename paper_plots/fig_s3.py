"""Figure S3: a test frame, the 3D truth and both models."""

import sys

from common import (
    add_common_options,
    choose_index,
    draw_test_frame,
    frame_of,
    load_both_models,
    read_video_frame,
    require_same_frames,
    save,
    whole_number,
)
from opts.command import run_command

import numpy as np
from matplotlib.figure import Figure

from opts.parsing import new_parser
from src.plotting.figures import new_figure


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw a random test frame and what both models make of it.")
    add_common_options(parser)
    parser.add_argument("--index", type=whole_number, help="which one (default: drawn with --seed)")
    parser.add_argument(
        "--videos",
        metavar="PATH",
        help="folder with S9/Videos/Walking.54138969.mp4 and so on; "
        "needs: pip install imageio[ffmpeg]",
    )
    return parser


def draw(
    data_name: str, predictions: dict[str, dict], index: int, image: np.ndarray | None
) -> Figure:
    """Draw one test pose of both models, on the frame of its video or on nothing for None."""
    figure = new_figure(12, 3.4)
    figure.suptitle(f"Figure S3: {data_name}", fontsize=9)
    draw_test_frame(figure, predictions, index, image)
    return figure


def make_figure(argv):
    """Load the test poses of both models, choose one, load its video's frame, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, predictions = load_both_models(args)
    require_same_frames(predictions)
    first = next(iter(predictions.values()))
    index = choose_index(args, len(first["frame"]))
    image = None
    if args.videos:
        sequence, frame = frame_of(first, index)
        image = read_video_frame(args.videos, sequence, frame)
    figure = draw(data_name, predictions, index, image)
    save(figure, "fig_s3", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
