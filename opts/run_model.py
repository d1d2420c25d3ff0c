"""The options of run_model.py."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from opts.parsing import new_parser
from opts.types import number
from src.errors import InputError
from src.keypoints.layouts import LAYOUTS

_PROJECT = Path(__file__).resolve().parents[1]


def make_parser() -> ArgumentParser:
    """Return the parser of run_model.py."""
    parser = new_parser("Lift 2D keypoints to 3D poses: an npz with a picture beside it.")
    parser.usage = "%(prog)s [INPUT] [options]"
    parser.add_argument(
        "input",
        nargs="?",
        metavar="INPUT",
        default="demo_data",
        help=".npy or .npz of (N,2K), (N,K,2) or (N,K,3); .csv with columns nose_x,nose_y,...; "
        "json of COCO, AlphaPose, MMPose or OpenPose; a folder of OpenPose's json; "
        "VideoPose3D's 2D npz; LSP's joints.mat",
    )
    parser.add_argument(
        "--checkpoint",
        default="checkpoint/cmu_17k",
        metavar="FOLDER",
        help="folder of a run, or of a 2018 checkpoint",
    )
    parser.add_argument(
        "--layout",
        metavar="NAME",
        help=f"order of the joints: {', '.join(LAYOUTS)}, or a .json file; without it, arrays "
        "without names are taken for the checkpoint's own joints where they look like these",
    )
    parser.add_argument("--out", default="lifted", metavar="FOLDER", help="where results go")
    parser.add_argument(
        "--format",
        nargs="+",
        choices=("npz", "json", "csv"),
        default=["npz"],
        help="file formats of the poses; npz is always written",
    )
    parser.add_argument(
        "--rescale",
        choices=("auto", "never"),
        default="auto",
        help="auto: people much larger or smaller than in training are brought to that size; "
        "never: as in the paper",
    )
    parser.add_argument(
        "--image_size",
        nargs=2,
        type=number(int, at_least=1, at_most=10**6),
        metavar=("W", "H"),
        help="px; the keypoints are fractions of it",
    )
    parser.add_argument(
        "--animate",
        action="store_true",
        help="a moving picture of a sequence too: mp4, else gif",
    )
    parser.add_argument(
        "--pictures",
        type=number(int, at_least=0, at_most=1000),
        default=8,
        help="poses drawn, at most",
    )
    parser.add_argument(
        "--show",
        action="store_true",
        help="open a window with the poses that you can rotate with the mouse; needs Tk or Qt",
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="auto: CUDA when there is one",
    )
    return parser


def _own_if_default(path: str, default: str) -> str:
    """Return where the project's own folder is, if this is its name, from whatever folder we run.

    A folder of that name in the folder that we run in comes first.
    """
    project_path = _PROJECT / default
    if path != default or Path(path).exists() or not project_path.exists():
        return path
    return str(project_path)


def parse_options(argv) -> Namespace:
    """Parse the tokens ``argv`` (None: the process's own). Raises InputError."""
    options = make_parser().parse_args(argv)
    options.input = _own_if_default(options.input, "demo_data")
    options.checkpoint = _own_if_default(options.checkpoint, "checkpoint/cmu_17k")
    if options.show and options.pictures == 0:
        raise InputError("--show opens a window with the poses drawn; --pictures 0 draws none")
    return options
