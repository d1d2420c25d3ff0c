"""Lift 2D keypoints to 3D poses: ``python run_model.py --help``."""

import sys
from pathlib import Path

from opts.command import run_command

from opts.run_model import parse_options
from src import lifting
from src.files import locked_folder
from src.keypoints.arrays import fractions_to_pixels
from src.keypoints.files import read_keypoints
from src.keypoints.layouts import get_layout
from src.lifted_files import refuse_special_outputs, write_results
from src.lifter import Lifter
from src.plotting.figures import show_figure


def main(argv=None) -> int:
    """Run the command with these tokens (default: the process's own), and return its exit code."""
    return run_command(run_model, argv)


def run_model(argv) -> int:
    """Lift the keypoints of a file: from the command line to 3D poses and pictures of them.

    Returns the exit code: 1 if no pose could be lifted.
    """
    options = parse_options(argv)
    out = Path(options.out)
    lifter = Lifter.load(options.checkpoint, options.device)

    layout = None if options.layout is None else get_layout(options.layout)
    keypoints = read_keypoints(options.input, layout, lifter.skeleton)
    if options.image_size is not None:
        keypoints = fractions_to_pixels(keypoints, options.image_size, options.input)

    print(f"input: {options.input}")
    print("\n".join(lifting.describe_keypoints(keypoints, lifter.skeleton)))
    for mistake in lifting.find_mistakes(keypoints, lifter.skeleton):
        print(f"WARNING: {mistake}")

    refuse_special_outputs(out)
    page = None
    with locked_folder(out):
        lifted = lifting.lift_all(keypoints, lifter, rescale=options.rescale)
        results = lifting.collect_results(keypoints, lifted, lifter, source=options.input)
        write_results(out, results, options.format)
        for line in lifting.describe_lifted(lifted):
            print(line)
        print(f"model: {lifter.path}")
        print(f"3D poses in {lifter.unit}: {out / 'poses_3d.npz'}")
        if options.pictures > 0:
            page = lifting.draw_pictures(
                keypoints,
                lifted,
                lifter,
                out=out,
                at_most=options.pictures,
                is_animated=options.animate,
            )

    if page is not None and options.show:  # the folder is free while the window is open
        show_figure(page, out / "poses_3d.png")
    if lifted.failed.all():
        print("no pose could be lifted: everything in these files is NaN")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
