"""Lift 2D keypoints to 3D poses: ``python run_model.py --help``."""

import sys
from pathlib import Path

from src.errors import importing, run_command

with importing():
    from opts.run_model import parse_options
    from src import lifting
    from src.lifter import Lifter
    from src.plotting.figures import show_picture


def main(argv=None) -> int:
    """Run the command with these tokens (default: the process's own) -> exit code."""
    return run_command(run_model, sys.argv[1:] if argv is None else list(argv))


def run_model(argv):
    """Parse, load, lift, write, draw."""
    options = parse_options(argv)
    out = Path(options.out)
    lifter = Lifter.load(options.checkpoint, options.device)
    keypoints = lifting.read_input(options.input, options.layout, options.image_size)
    print("\n".join([f"input: {options.input}", *lifting.describe_input(keypoints, lifter)]))
    out.mkdir(parents=True, exist_ok=True)
    how = {"rescale": options.rescale}
    counts = lifting.lift_to_files(
        keypoints, lifter, out, **how, source=str(options.input), formats=options.format
    )
    print(
        "\n".join(
            counts.lines()
            + [f"model: {lifter.path}", f"3D poses in {lifter.unit}: {out / 'poses_3d.npz'}"]
        )
    )
    if options.pictures:
        pictures = lifting.save_pictures(
            keypoints, lifter, out, **how, at_most=options.pictures, moving=options.animate
        )
        print(f"pictures: {', '.join(map(str, pictures)) or 'none, as no pose could be lifted'}")
        if options.show and pictures:
            show_picture(pictures[0])


if __name__ == "__main__":
    sys.exit(main())
