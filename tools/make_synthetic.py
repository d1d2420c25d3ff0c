"""Write synthetic motion in Human3.6M's h5 layout."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the project, wherever this is run

from opts.command import run_command

from opts.parsing import new_parser
from opts.types import number, seed_number
from src.data.human36.write_h5 import reserve_new
from src.data.synthetic.motion import write_synthetic


def make_parser():
    """The command's options."""
    parser = new_parser(__doc__)
    parser.prog = "python tools/make_synthetic.py"
    parser.add_argument("--out", required=True, type=Path, help="new folder for the set")
    parser.add_argument(
        "--frames",
        type=number(int, at_least=1, at_most=10**6),
        default=250,
        help="frames of each of the 210 motions",
    )
    parser.add_argument(
        "--seed",
        type=seed_number,
        default=0,
        help="seed for all random draws",
    )
    return parser


def make_synthetic(argv):
    """Write the set, and say how large it is."""
    args = make_parser().parse_args(argv)
    with reserve_new(args.out):
        num_frames = write_synthetic(args.out, frames=args.frames, seed=args.seed)
    print(f"{args.out}: {num_frames:,} synthetic frames, four cameras each")


def main(argv=None) -> int:
    """Run the command -> exit code."""
    return run_command(make_synthetic, argv)


if __name__ == "__main__":
    sys.exit(main())
