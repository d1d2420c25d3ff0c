"""Figure 1d: error against the size of the training labels."""

from common import figure_script, rows_of

from src.errors import InputError
from src.plotting.figures import new_figure
from src.plotting.paper import draw_points
from src.skeletons import get_skeleton


def label_megabytes(frames: int, options: dict) -> float:
    """Size of the labels of a run, 1 MB = 10^6 bytes: a byte per coordinate (3D supervised), a bit per pair (ours)."""
    joints, frames = (
        get_skeleton(options["dataset_type"]).num_joints,
        int(frames * options["amt_train_data"]),
    )
    if options["supervision"] == "full":
        return frames * joints * 3 / 1e6
    pairs = joints * (joints - 1) // 2 if options["num_pairs"] == "all" else options["num_pairs"]
    return frames * pairs / 8 / 1e6


@figure_script()
def draw(args):
    """Draw error against the size of the training labels."""
    (data, rows), points = rows_of("fig_1d", args), {"supervised": [], "ours": []}
    trained = [
        result["data"]["train"]
        for row in rows
        for result in row.results.values()
        if result["data"]["train"]
    ]
    if not trained:
        raise InputError(
            "the rows were only tested: the size of the training set is not known; train one of them"
        )
    for row in rows:
        model, amount = row.name.split("/")[1].split("_", 1)
        size = label_megabytes(trained[0]["frames"], row.options)
        points[model].append(
            (size, row.error_cm, amount.replace("_", " %, pairs: ") + " %" * (model != "ours"))
        )
    figure = new_figure(6, 4.5)
    axis = figure.add_subplot(title=f"Figure 1d: {data}")
    draw_points(axis, points, xlabel="size of the training labels (MB)", ylabel="PA-MPJPE (cm)")
    axis.set_xscale("log")
    if data.startswith("Human3.6M"):
        axis.set_ylim(3.5, 7.5)
    return figure
