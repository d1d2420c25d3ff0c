"""Options of run_model.py."""

import argparse

from opts.parsing import new_parser
from opts.types import number
from src.keypoints.layouts import LAYOUTS

FORMATS = ("npz", "json", "csv")


def parse_options(argv) -> argparse.Namespace:
    """argv -> options. Raises InputError."""
    parser = new_parser("Lift 2D keypoints to 3D poses: an npz with a picture beside it.")
    parser.usage = "%(prog)s [INPUT] [options]"
    add, size = parser.add_argument, number(int, at_least=1, at_most=10**6)
    what = (
        ".npy or .npz of (N,2K), (N,K,2) or (N,K,3); .csv with columns nose_x,nose_y,...; json of COCO, AlphaPose, "
        "MMPose or OpenPose; a folder of OpenPose's json; VideoPose3D's 2D npz"
    )
    add("input", nargs="?", metavar="INPUT", default="demo_data", help=what)
    add(
        "--checkpoint", default="checkpoint/cmu_17k", metavar="FOLDER", help="a run, or one of 2018"
    )
    add(
        "--layout",
        metavar="NAME",
        help=f"order of the joints: {', '.join(LAYOUTS)}, or a .json file",
    )
    add("--out", default="lifted", metavar="FOLDER", help="where results go")
    add("--format", nargs="+", choices=FORMATS, default=["npz"], help="of the poses; npz always")
    rescaling = "auto: people much larger or smaller than in training are brought to that size; never: as in the paper"
    add("--rescale", choices=("auto", "never"), default="auto", help=rescaling)
    add(
        "--image_size",
        nargs=2,
        type=size,
        metavar=("W", "H"),
        help="px; the keypoints are fractions of it",
    )
    add("--animate", action="store_true", help="a moving picture of a sequence too: mp4, else gif")
    add(
        "--pictures",
        type=number(int, at_least=0, at_most=1000),
        default=8,
        help="poses drawn, at most",
    )
    add("--show", action="store_true", help="open a window with the picture")
    add(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="auto: CUDA when there is one",
    )
    return parser.parse_args(argv)
