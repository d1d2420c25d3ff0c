"""A test sequence, frame by frame: input, 3D truth and both models, as a moving picture."""

import sys

import numpy as np
from common import (
    add_common_options,
    choose_index,
    draw_test_frame,
    frame_of,
    load_both_models,
    read_video_frame,
    require_same_frames,
    whole_number,
)

from opts.parsing import new_parser
from opts.types import number
from src.errors import run_command
from src.plotting.figures import new_figure, show_figure
from src.plotting.lifted import save_moving


def make_parser():
    """The options of this script."""
    parser = new_parser(
        "Draw a test sequence, frame by frame; --show opens a window with the first."
    )
    add_common_options(parser, formats=("gif", "mp4"))
    parser.add_argument("--index", type=whole_number, help="which one (default: drawn with --seed)")
    parser.add_argument(
        "--videos",
        metavar="PATH",
        help="folder with S9/Videos/Walking.54138969.mp4 and so on; "
        "needs: pip install imageio[ffmpeg]",
    )
    parser.add_argument(
        "--frames",
        type=number(int, at_least=1, at_most=10**4),
        default=40,
        metavar="N",
        help="how many, at most",
    )
    return parser


def draw(figure, data_name: str, predictions: dict[str, dict], index: int, image):
    """Draw one test pose of both models into a figure in place of what it shows."""
    figure.clear()
    figure.suptitle(f"Sequence: {data_name}", fontsize=9)
    draw_test_frame(figure, predictions, index, image)


def make_figure(argv):
    """Load the test poses of both models, choose a sequence, draw its frames into one file."""
    args = make_parser().parse_args(argv)
    data_name, predictions = load_both_models(args)
    require_same_frames(predictions)
    first = next(iter(predictions.values()))
    sequences = np.unique(first["sequence"])
    sequence = sequences[choose_index(args, len(sequences))]
    indices = np.flatnonzero(first["sequence"] == sequence)[: args.frames]
    figure = new_figure(12, 3.4)
    figure.set_layout_engine("none")  # axes that move from frame to frame tremble

    def draw_number(number_in_sequence: int):
        index = indices[number_in_sequence]
        image = None
        if args.videos:
            sequence_name, frame = frame_of(first, index)
            image = read_video_frame(args.videos, sequence_name, frame)
        draw(figure, data_name, predictions, index, image)

    draw_number(0)  # whatever cannot be drawn is refused before a file is begun
    args.out.mkdir(parents=True, exist_ok=True)
    path = save_moving(args.out / "h36_sequence", figure, draw_number, len(indices), fps=5)
    print(path)
    if args.show:
        draw_number(0)
        show_figure(figure, path)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
