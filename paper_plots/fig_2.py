"""Figure 2: the user study of annotators on poses with known depth."""

import sys

from common import add_common_options, find_skeleton, save
from opts.command import run_command

import numpy as np
from matplotlib.figure import Figure

from opts.parsing import new_parser
from src.crowd.findings import Findings, analyse
from src.crowd.study import Study, load_study, simulated_study
from src.errors import InputError
from src.plotting.figures import new_figure
from src.plotting.photos import read_images
from src.plotting.poses import draw_pose_2d
from src.plotting.study import draw_asked_pairs, draw_study

COUNT = 5  # easiest images that are shown, and as many of the hardest


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw the user study of annotators.")
    add_common_options(parser)
    parser.add_argument(
        "--data",
        default="synthetic",
        metavar="PATH",
        help="Human3.6M's h5 folder, or synthetic: a simulated study",
    )
    parser.add_argument(
        "--answers", metavar="PATH", help="the annotators' answers: pickle, csv or json"
    )
    parser.add_argument("--images", metavar="PATH", help="the authors' json of the images")
    parser.add_argument("--photos", metavar="PATH", help="folder of the photos that --images names")
    parser.add_argument(
        "--depth_2018",
        action="store_true",
        help="level depth as the 2018 code computed it, to compare with its numbers",
    )
    return parser


def load_user_study(args) -> Study:
    """Load the study from the files that the user names, or simulate one."""
    if args.data == "synthetic":
        if args.depth_2018:
            raise InputError(
                "--depth_2018 needs --data FOLDER: simulated annotators judge depth along the floor"
            )
        return simulated_study(args.seed)
    if not args.answers or not args.images:
        raise InputError(
            "--data FOLDER needs --answers FILE and --images FILE; --data synthetic needs none"
        )
    return load_study([args.answers], args.images, args.data, depth_2018=args.depth_2018)


def draw_image(axis, study: Study, findings: Findings, image: int, photo: np.ndarray | None):
    """Draw an image, given by its index, with its pose and the pairs that were asked about.

    photo: (H, W, 3), or None where it is missing.
    """
    if photo is not None:
        axis.imshow(photo)
    skeleton, joints = find_skeleton(list(study.joints))
    draw_pose_2d(axis, study.pose_2d[image, joints], skeleton, color="0.7")
    labels = np.flatnonzero(findings.merged.image == image)
    draw_asked_pairs(
        axis,
        study.pose_2d[image],
        findings.merged.pairs[labels],
        gap_cm=findings.merged_gap_cm[labels, 0],
        right=findings.merged_right[labels, 0],
    )
    axis.set(xticks=[], yticks=[])


def draw(study: Study, findings: Findings, photo_folder: str | None) -> Figure:
    """Draw the easiest images in a row, the hardest in another, and below what the study says.

    photo_folder: None to draw on a plain background.
    """
    figure = new_figure(14, 12.5)
    figure.suptitle(f"Figure 2: {study.name}", fontsize=11)
    images_part, graphs_part = figure.subfigures(2, 1, height_ratios=(1, 1.1))
    images_part.suptitle(
        "lines: the pairs that were asked about, with a dot at the closer joint; "
        "green: the merged label is right; pink, dashed: it is wrong",
        fontsize=9,
    )
    easiest_first = findings.images_by_difficulty
    rows = {"easiest": easiest_first[:COUNT], "hardest": easiest_first[::-1][:COUNT]}
    shown = np.unique(np.concatenate(list(rows.values())))
    photos = read_images(photo_folder, [study.files[image] for image in shown])
    photo_of_image = dict(zip(shown, photos, strict=True))
    axes_of_rows = images_part.subplots(len(rows), COUNT)
    for axes, (word, images) in zip(axes_of_rows, rows.items(), strict=True):
        for axis in axes[len(images) :]:  # there may be fewer images
            axis.set_axis_off()
        for number, image in enumerate(images):
            draw_image(axes[number], study, findings, image, photo_of_image[image])
            axes[number].set_title(
                f"{word} {number + 1}: {study.answers.images[image]}\n"
                f"right: merged {findings.image_merged[image]:.0%}, "
                f"raw {findings.image_raw[image]:.0%}",
                fontsize=8,
            )
    draw_study(graphs_part.subplots(2, 4).ravel(), findings)
    return figure


def make_figure(argv):
    """Load or simulate the study, print its numbers, draw, save."""
    args = make_parser().parse_args(argv)
    study = load_user_study(args)
    findings = analyse(study)
    print("\n".join(findings.statistics))
    figure = draw(study, findings, args.photos)
    save(figure, "fig_2", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
