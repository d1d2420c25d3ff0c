"""Figure 4b: error by kind of joint."""

import sys

from common import add_common_options, load_joint_errors, save
from opts.command import run_command

import numpy as np
from matplotlib.figure import Figure

from opts.parsing import new_parser
from src.plotting.figures import new_figure
from src.plotting.paper import draw_bars

# From left to right. Left and right joints are of one kind; skeletons may lack some kinds.
KINDS = (
    "mid_hip",
    "mid_spine",
    "neck",
    "chin",
    "head",
    "hip",
    "knee",
    "ankle",
    "shoulder",
    "elbow",
    "wrist",
)


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw the error by kind of joint.")
    add_common_options(parser)
    return parser


def errors_by_kind(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """{kind of joint: (N, joints of this kind) cm} of a model's predictions."""
    joints = arrays["joints"].tolist()
    kinds = [joint.removeprefix("left_").removeprefix("right_") for joint in joints]
    errors_cm = arrays["pa_mpjpe_joint_errors_mm"] / 10
    errors_per_kind = {}
    for kind in KINDS:
        if kind in kinds:
            errors_per_kind[kind] = errors_cm[:, np.array(kinds) == kind]
    return errors_per_kind


def draw(data_name: str, errors_cm: dict[str, dict[str, np.ndarray]]) -> Figure:
    """Draw the means of errors {model: {kind of joint: array in cm}} as bars."""
    figure = new_figure(8, 4)
    axis = figure.add_subplot(title=f"Figure 4b: {data_name}")
    draw_bars(axis, errors_cm, ylabel="PA-MPJPE (cm), one standard deviation")
    return figure


def make_figure(argv):
    """Load the errors of both models, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, arrays_per_model = load_joint_errors(args)
    errors_cm = {model: errors_by_kind(arrays) for model, arrays in arrays_per_model.items()}
    figure = draw(data_name, errors_cm)
    save(figure, "fig_4b", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
