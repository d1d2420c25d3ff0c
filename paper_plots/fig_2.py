"""Figure 2: the user study of annotators on poses with known depth."""

import numpy as np
from common import figure_script, skeleton_of

from src.crowd.findings import analyse
from src.crowd.study import load_study, simulated_study
from src.errors import InputError
from src.plotting.figures import new_figure
from src.plotting.poses import draw_pose_2d
from src.plotting.study import draw_study

DATA = {
    "default": "synthetic",
    "help": "Human3.6M's h5 folder, or synthetic: a simulated study",
    "metavar": "PATH",
}
ANSWERS = {"help": "the annotators' answers: pickle, csv or json", "metavar": "PATH"}
TRUTH = {"help": "the authors' json of the images", "metavar": "PATH"}


@figure_script(data=DATA, answers=ANSWERS, truth=TRUTH)
def draw(args):
    """Draw the user study of annotators."""
    if args.data == "synthetic":
        study = simulated_study(args.seed)
    elif args.answers and args.truth:
        study = load_study([args.answers], args.truth, args.data)
    else:
        raise InputError(
            "--data FOLDER needs --answers FILE and --truth FILE; --data synthetic needs none"
        )
    findings = analyse(study)
    skeleton, drawn = skeleton_of(list(study.joints))
    print("\n".join(findings.statistics))
    figure = new_figure(14, 9)
    figure.suptitle(f"Figure 2: {study.name}", fontsize=10)
    order = np.argsort(findings.by_image)
    for column, i in enumerate([*order[::-1][:2], *order[:2]], start=1):
        axis = draw_pose_2d(figure.add_subplot(3, 4, column), study.pose_2d[i, drawn], skeleton)
        what = "easiest" if column <= 2 else "hardest"
        axis.set_title(
            f"{what}: {study.answers.images[i]}, {findings.by_image[i]:.0%} right", fontsize=8
        )
    draw_study([figure.add_subplot(3, 4, 5 + panel) for panel in range(8)], findings)
    return figure
