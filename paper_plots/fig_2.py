"""Figure 2: the user study of annotators on poses with known depth."""

import sys

import numpy as np
from common import add_common_options, find_skeleton, save
from matplotlib.figure import Figure

from opts.parsing import new_parser
from src.crowd.findings import Findings, analyse
from src.crowd.study import Study, load_study, simulated_study
from src.errors import InputError, run_command
from src.plotting.figures import new_figure
from src.plotting.poses import draw_pose_2d
from src.plotting.study import draw_study
from src.skeletons import Skeleton


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
    parser.add_argument("--truth", metavar="PATH", help="the authors' json of the images")
    return parser


def load(args) -> Study:
    """The study of the files that are given, or a simulated one."""
    if args.data == "synthetic":
        return simulated_study(args.seed)
    if not args.answers or not args.truth:
        raise InputError(
            "--data FOLDER needs --answers FILE and --truth FILE; --data synthetic needs none"
        )
    return load_study([args.answers], args.truth, args.data)


def draw(study: Study, findings: Findings, skeleton: Skeleton, joints: list[int]) -> Figure:
    """Draw the two easiest and the two hardest images in a row, and below what the study says.

    joints: where the skeleton's joints stand among the study's.
    """
    figure = new_figure(14, 9)
    figure.suptitle(f"Figure 2: {study.name}", fontsize=10)
    hardest_first = np.argsort(findings.by_image)
    easiest_first = hardest_first[::-1]
    images = [*easiest_first[:2], *hardest_first[:2]]
    words = ["easiest", "easiest", "hardest", "hardest"]
    for column, (image, word) in enumerate(zip(images, words, strict=True), start=1):
        axis = figure.add_subplot(3, 4, column)
        draw_pose_2d(axis, study.pose_2d[image, joints], skeleton)
        share = findings.by_image[image]
        axis.set_title(f"{word}: {study.answers.images[image]}, {share:.0%} right", fontsize=8)
    draw_study([figure.add_subplot(3, 4, place) for place in range(5, 13)], findings)
    return figure


def make_figure(argv):
    """Load or simulate the study, print its numbers, draw, save."""
    args = make_parser().parse_args(argv)
    study = load(args)
    findings = analyse(study)
    skeleton, joints = find_skeleton(list(study.joints))
    print("\n".join(findings.statistics))
    figure = draw(study, findings, skeleton, joints)
    save(figure, "fig_2", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
