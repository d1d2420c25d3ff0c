"""A test sequence, frame by frame: input, 3D truth and both models, as a moving picture."""

import sys
from difflib import get_close_matches
from pathlib import Path

from common import (
    add_common_options,
    choose_index,
    draw_test_frame,
    frame_of,
    get_test_frame,
    load_both_models,
    read_video_frame,
    require_same_frames,
    whole_number,
)
from opts.command import run_command

import numpy as np

from opts.parsing import new_parser
from opts.types import number
from src.errors import InputError
from src.files import locked_path
from src.plotting.figures import new_figure, show_figure
from src.plotting.lifted import save_moving
from src.plotting.poses import draw_pose_2d, draw_pose_3d


def make_parser():
    """The options of this script."""
    parser = new_parser(
        "Draw a test sequence, frame by frame; --show opens a window with the first."
    )
    add_common_options(parser, formats=("gif", "mp4"))
    sequence = parser.add_mutually_exclusive_group()
    sequence.add_argument(
        "--index", type=whole_number, help="which sequence (default: drawn with --seed)"
    )
    sequence.add_argument(
        "--video",
        metavar="NAME",
        help="the sequence by its name, S9_Walking.54138969: the parts may be separated by spaces, "
        "dots or underscores",
    )
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
    parser.add_argument(
        "--start",
        type=whole_number,
        default=0,
        metavar="N",
        help="the first of them, counted from 0 among the sequence's test poses",
    )
    parser.add_argument(
        "--step",
        type=number(int, at_least=1, at_most=10**6),
        default=1,
        metavar="N",
        help="draw every N-th test pose",
    )
    parser.add_argument(
        "--separate",
        action="store_true",
        help="write image, truth, supervised and ours into files of their own",
    )
    return parser


def choose_poses(args, predictions: dict[str, np.ndarray]) -> np.ndarray:
    """The indices of the test poses to draw: of one sequence, from --start on, every --step-th.

    Raises:
        InputError: there is no such sequence, or it has fewer poses.
    """
    sequences = np.unique(predictions["sequence"])
    if args.video is None:
        sequence = sequences[choose_index(args, len(sequences))]
    else:
        sequence = sequences[find_name(args.video, predictions["sequence_names"][sequences])]
    poses = np.flatnonzero(predictions["sequence"] == sequence)
    if args.start >= len(poses):
        name = predictions["sequence_names"][sequence]
        raise InputError(f"--start {args.start}: {name} has {len(poses)} test poses, from 0 on")
    return poses[args.start :: args.step][: args.frames]


def find_name(wanted: str, names: np.ndarray) -> int:
    """Find a sequence, "S9_Walking.54138969", among names such as "S9 Walking 54138969".

    Returns:
        Its index.

    Raises:
        InputError: there is none of this name.
    """
    names_in_words = [separate_words(str(name)) for name in names]
    wanted_in_words = separate_words(wanted)
    if wanted_in_words not in names_in_words:
        similar = get_close_matches(wanted_in_words, names_in_words, n=3, cutoff=0)
        raise InputError(
            f"--video {wanted}: none of the {len(names)} test sequences; "
            f"the most similar: {', '.join(similar)}"
        )
    return names_in_words.index(wanted_in_words)


def separate_words(name: str) -> str:
    """Separate the parts of a sequence's name by single spaces."""
    return " ".join(name.replace(".", " ").replace("_", " ").split())


def draw(figure, data_name: str, predictions: dict[str, dict], index: int, image):
    """Draw one test pose of both models into a figure in place of what it shows."""
    figure.clear()
    figure.suptitle(f"Sequence: {data_name}", fontsize=9)
    draw_test_frame(figure, predictions, index, image)


def draw_stream(
    figure, stream: str, data_name: str, predictions: dict[str, dict], index: int, image
):
    """Draw one part of a test pose into a figure in place of what it shows.

    stream: "image", the 2D input on the frame of its video, or a 3D pose: "truth" or a model.
    """
    figure.clear()
    figure.suptitle(data_name, fontsize=9)
    frame = get_test_frame(predictions, index)
    if stream == "image":
        axis = figure.add_subplot()
        if image is not None:
            axis.imshow(image)
        draw_pose_2d(axis, frame.pose_2d, frame.skeleton)
        axis.set_title(frame.caption, fontsize=9)
    else:
        axis = figure.add_subplot(projection="3d")
        draw_pose_3d(axis, frame.poses[stream], frame.skeleton, reach_mm=frame.reach_mm)
        axis.set_title(frame.titles[stream], fontsize=9)


def save_stream(
    path: Path, stream: str, data_name: str, predictions: dict[str, dict], indices, read_image
) -> Path:
    """Write one part of test poses, given by their indices, as a moving picture; return its path.

    path: without a suffix. stream: as in `draw_stream`. read_image: gives the photo of an index.
    """
    figure = new_figure(4, 4)
    figure.set_layout_engine("none")

    def draw_number(number_in_sequence: int):
        index = indices[number_in_sequence]
        image = read_image(index) if stream == "image" else None
        draw_stream(figure, stream, data_name, predictions, index, image)

    return save_moving(path, figure, draw_number, len(indices), fps=5)


def make_figure(argv):
    """Load the test poses of both models, choose a sequence, draw its frames into one file.

    With --separate each of the streams has a file instead.
    """
    args = make_parser().parse_args(argv)
    data_name, predictions = load_both_models(args)
    require_same_frames(predictions)
    first = next(iter(predictions.values()))
    indices = choose_poses(args, first)
    figure = new_figure(12, 3.4)
    figure.set_layout_engine("none")  # axes that move from frame to frame tremble

    def read_image(index: int) -> np.ndarray | None:
        if not args.videos:
            return None
        sequence_name, frame = frame_of(first, index)
        return read_video_frame(args.videos, sequence_name, frame)

    def draw_number(number_in_sequence: int):
        index = indices[number_in_sequence]
        draw(figure, data_name, predictions, index, read_image(index))

    draw_number(0)  # whatever cannot be drawn is refused before a file is begun
    with locked_path(args.out / "h36_sequence") as path:  # without the suffix, which it will get
        if args.separate:
            for stream in ("image", "truth", *predictions):
                stream_path = path.with_name(f"{path.name}_{stream}")
                print(save_stream(stream_path, stream, data_name, predictions, indices, read_image))
        else:
            print(save_moving(path, figure, draw_number, len(indices), fps=5))
    if args.show:
        draw_number(0)
        show_figure(figure, path)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
