"""Figure 1d: error against the size of the training labels."""

import sys

from common import add_common_options, draws_2018_results, load_rows, save
from opts.command import run_command

from matplotlib.figure import Figure

from opts.parsing import new_parser
from paper_exps.collect import RowResults, name_in_table
from paper_exps.results_2018 import HEADING_2018, read_fig_1d
from src.errors import InputError, shown
from src.plotting.figures import new_figure
from src.plotting.paper import draw_points
from src.skeletons import get_skeleton

# Of Human3.6M's training subjects over all cameras, which the authors' files are of.
HUMAN36_TRAINING_FRAMES = 1_559_752


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw error against the size of the training labels.")
    add_common_options(parser)
    return parser


def label_megabytes(frames: int, options: dict) -> float:
    """Size of the labels that a run is trained with, in MB of 10^6 bytes.

    The 3D supervised model needs a byte per coordinate, ours a bit per labelled pair.

    Args:
        frames: the size of the whole training set.
        options: content of the run's options.json.
    """
    joints = get_skeleton(options["dataset_type"]).num_joints
    labelled_frames = int(frames * options["amt_train_data"])
    if options["supervision"] == "full":
        return labelled_frames * joints * 3 / 1e6
    all_pairs = joints * (joints - 1) // 2
    pairs = all_pairs if options["num_pairs"] == "all" else options["num_pairs"]
    return labelled_frames * pairs / 8 / 1e6


def training_frames(rows: list[RowResults]) -> int:
    """How many frames the training set has; rows that were only tested do not know it."""
    for row in rows:
        for result in row.results.values():
            if result["data"].get("train"):
                return result["data"]["train"]["frames"]
    raise InputError(
        "the rows were only tested: the size of the training set is not known; train one of them"
    )


def make_points(rows: list[RowResults]) -> dict[str, list[tuple]]:
    """{model: [(size of the labels in MB, error in cm, caption)]}."""
    frames = training_frames(rows)
    points = {"supervised": [], "ours": []}
    for row in rows:
        # Rows are called supervised_25 (per cent of the data) and ours_25_1 (and pairs per frame).
        model, *amounts = name_in_table(row.name).split("_")
        caption = " %, pairs: ".join(amounts) if model == "ours" else f"{amounts[0]} %"
        try:
            megabytes = label_megabytes(frames, row.options)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InputError(
                f"{row.name}: its options.json is not that of a finished run ({shown(error)}); "
                "move its folder, and run it again"
            ) from None
        points[model].append((megabytes, row.error_cm, caption))
    return points


def make_points_2018(runs: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    """The same from the authors' results, as `read_fig_1d` returns them."""
    points = {"supervised": [], "ours": []}
    for model, model_runs in runs.items():
        for fraction, num_pairs, error_mm in model_runs:
            options = {
                "dataset_type": "human36_17k",
                "supervision": "full" if model == "supervised" else "relative",
                "amt_train_data": fraction,
                "num_pairs": num_pairs,
            }
            megabytes = label_megabytes(HUMAN36_TRAINING_FRAMES, options)
            caption = f"{100 * fraction:g} %"
            if model == "ours":
                caption += f", pairs: {num_pairs}"
            points[model].append((megabytes, error_mm / 10, caption))
    return points


def load_points(args) -> tuple[str, dict[str, list[tuple]]]:
    """Load the points, from runs or from the authors' files, and what data they are of."""
    if draws_2018_results("fig_1d", args):
        return HEADING_2018, make_points_2018(read_fig_1d(args.results))
    data_name, rows = load_rows("fig_1d", args)
    return data_name, make_points(rows)


def draw(data_name: str, points: dict[str, list[tuple]]) -> Figure:
    """Draw the points on a logarithmic scale of sizes."""
    figure = new_figure(6, 4.5)
    axis = figure.add_subplot(title=f"Figure 1d: {data_name}")
    draw_points(axis, points, xlabel="size of the training labels (MB)", ylabel="PA-MPJPE (cm)")
    axis.set_xscale("log")
    if data_name.startswith("Human3.6M"):
        axis.set_ylim(3.5, 7.5)  # as in the paper
    return figure


def make_figure(argv):
    """Load the results, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, points = load_points(args)
    figure = draw(data_name, points)
    save(figure, "fig_1d", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
