"""Figure 1d: error against the size of the training labels."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

from paper_plots.common import error_cm, finish, parse, rows_of, title_of, training_frames
from src.errors import run_command
from src.plotting.figures import new_figure
from src.plotting.paper import draw_points
from src.skeletons import get_skeleton


def label_megabytes(frames: int, options: dict) -> float:
    """Size of the labels of a run, 1 MB = 10^6 bytes: a byte per coordinate (3D supervised), a bit per pair (ours)."""
    joints, frames = get_skeleton(options["dataset_type"]).num_joints, int(frames * options["amt_train_data"])
    if options["supervision"] == "full":
        return frames * joints * 3 / 1e6
    pairs = joints * (joints - 1) // 2 if options["num_pairs"] == "all" else options["num_pairs"]
    return frames * pairs / 8 / 1e6


def draw(argv):
    """A marker per run."""
    args = parse(argv, "Draw error against the size of the training labels.")
    rows, points = rows_of("fig_1d", args), {"supervised": [], "ours": []}
    frames = training_frames(rows)
    for row in rows:
        model, amount = row.name.split("/")[1].split("_", 1)
        size = label_megabytes(frames, row.options)
        points[model].append((size, error_cm(row), amount.replace("_", " %, pairs: ") + " %" * (model != "ours")))
    figure, title = new_figure(6, 4.5), title_of("Figure 1d", rows)
    axis = figure.add_subplot(title=title)
    draw_points(axis, points, xlabel="size of the training labels (MB)", ylabel="PA-MPJPE (cm)")
    axis.set_xscale("log")
    if "Figure 1d: Human3.6M" in title:
        axis.set_ylim(3.5, 7.5)
    finish(figure, "fig_1d", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
