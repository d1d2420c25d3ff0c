"""Lift 2D keypoints to 3D poses: ``python run_model.py --help``."""

import sys
from pathlib import Path

from src.errors import importing, run_command

with importing():  # PyTorch takes seconds: Ctrl-C meanwhile ends in one line, not in a traceback
    from opts.run_model import parse_options
    from src import lifting
    from src.files import locked_folder, refuse_special
    from src.keypoints.arrays import fractions_to_pixels
    from src.keypoints.files import read_keypoints
    from src.keypoints.layouts import get_layout
    from src.lifted_files import OUTPUT_NAMES, write_csv, write_json, write_npz
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
    for line in lifting.describe_keypoints(keypoints, lifter.skeleton):
        print(line)
    for mistake in lifting.find_mistakes(keypoints, lifter.skeleton):
        print(f"WARNING: {mistake}")

    for name in OUTPUT_NAMES:
        refuse_special(out / name)
    page = None
    with locked_folder(out):
        lifted = lifting.lift_all(keypoints, lifter, rescale=options.rescale)
        results = lifting.collect_results(keypoints, lifted, lifter, source=options.input)
        write_npz(out / "poses_3d.npz", results)
        if "json" in options.format:
            write_json(out / "poses_3d.json", results)
        if "csv" in options.format:
            write_csv(out / "poses_3d.csv", results)

        for line in lifting.describe_lifted(lifted):
            print(line)
        print(f"model: {lifter.path}")
        print(f"3D poses in {lifter.unit}: {out / 'poses_3d.npz'}")
        if options.pictures > 0:
            page = draw_pictures(keypoints, lifted, lifter, out=out, options=options)

    if page is not None and options.show:  # the folder is free while the window is open
        show_figure(page, out / "poses_3d.png")
    if lifted.failed.all():
        print("no pose could be lifted: everything in these files is NaN")
        return 1
    return 0


def draw_pictures(keypoints, lifted, lifter, *, out: Path, options):
    """Draw some poses on a page, and animate a sequence if the options ask for it.

    Returns the page, or None if no pose could be lifted.
    """
    page_path = out / "poses_3d.png"
    page = lifting.save_page(
        page_path,
        keypoints,
        lifted,
        lifter.skeleton,
        title=f"{lifter.path.parent.name}, {lifter.unit}",
        at_most=options.pictures,
    )
    if page is None:
        print("pictures: none, as no pose could be lifted")
        return None
    pictures = [page_path]
    if options.animate:
        animation = lifting.save_animation(out / "poses_3d", keypoints, lifted, lifter.skeleton)
        if animation is not None:
            pictures.append(animation)
    print(f"pictures: {', '.join(str(path) for path in pictures)}")
    return page


if __name__ == "__main__":
    sys.exit(main())
