"""Figure 2: the user study of annotators on poses with known depth."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

import numpy as np

from paper_plots.common import finish, parse, skeleton_of
from src.errors import InputError, run_command
from src.plotting.figures import new_figure
from src.plotting.poses import draw_pose_2d
from src.plotting.study import draw_study, find, statistics
from src.study import load_study, simulated_study

PANELS = ("risk", "difficulty", "gaps", "risk_gap", "skill", "bias", "accuracy", "annotators")


def draw(argv):
    """All panels on a page; the study's numbers are printed."""
    more = {
        "data": ("synthetic", "Human3.6M's h5 folder, or synthetic: a simulated study"),
        "answers": (None, "the annotators' answers: pickle, csv or json"),
        "truth": (None, "the authors' json of the images"),
    }
    args = parse(argv, "Draw the user study of annotators.", **more)
    if args.data != "synthetic" and not (args.answers and args.truth):
        raise InputError("--data FOLDER needs --answers FILE and --truth FILE; --data synthetic needs none")
    simulated = args.data == "synthetic"
    study = simulated_study(args.seed) if simulated else load_study([args.answers], args.truth, args.data)
    found, skeleton = find(study), skeleton_of(list(study.joints))
    drawn = [study.joints.index(joint) for joint in skeleton.joints]
    print("\n".join(statistics(study, found)))
    figure = new_figure(14, 9)
    figure.suptitle(f"Figure 2: {study.name}", fontsize=10)
    order = np.argsort(found.by_image)
    for column, (i, what) in enumerate(
        [*((i, "easiest") for i in order[::-1][:2]), *((i, "hardest") for i in order[:2])]
    ):
        axis = draw_pose_2d(figure.add_subplot(3, 4, column + 1), study.pose_2d[i, drawn], skeleton)
        axis.set_title(f"{what}: {study.answers.images[i]}, {found.by_image[i]:.0%} right", fontsize=8)
    draw_study({name: figure.add_subplot(3, 4, 5 + n) for n, name in enumerate(PANELS)}, found)
    finish(figure, "fig_2", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
