"""Figure 4a: histogram of the error per pose, cumulative curve, and percentiles, printed too."""

import sys

from common import add_common_options, load_joint_errors, save
from opts.command import run_command

import numpy as np
from matplotlib.figure import Figure

from opts.parsing import new_parser
from src.plotting.figures import new_figure
from src.plotting.paper import PERCENTILES, draw_error_histogram


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw the distribution of the error per pose.")
    add_common_options(parser)
    return parser


def draw(data_name: str, errors_cm: dict[str, np.ndarray]) -> Figure:
    """Draw the distributions of errors {model: (N,) cm}."""
    figure = new_figure(7, 4)
    axis = figure.add_subplot(title=f"Figure 4a: {data_name}")
    draw_error_histogram(axis, errors_cm)
    return figure


def print_percentiles(errors_cm: dict[str, np.ndarray]):
    """Print the mean and the percentiles of errors {model: (N,) cm}."""
    for model, errors in errors_cm.items():
        percentiles = ", ".join(f"{p:g} %: {np.percentile(errors, p):.2f}" for p in PERCENTILES)
        print(f"{model}: mean {errors.mean():.2f} cm; {percentiles} cm")


def make_figure(argv):
    """Load the errors of both models, print, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, arrays_per_model = load_joint_errors(args)
    errors_cm = {}
    for model, arrays in arrays_per_model.items():
        errors_cm[model] = arrays["pa_mpjpe_joint_errors_mm"].mean(axis=1, dtype=float) / 10
    print_percentiles(errors_cm)
    figure = draw(data_name, errors_cm)
    save(figure, "fig_4a", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
