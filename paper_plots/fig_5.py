"""Figure 5: a photo and the 3D pose of three models, all of one size."""

import sys

from common import add_common_options, choose_index, load_rows, predictions_of, save, whole_number
from opts.command import run_command

import numpy as np
from matplotlib.figure import Figure

from opts.parsing import new_parser
from src.errors import InputError
from src.plotting.figures import new_figure
from src.plotting.paper import add_row_of_axes, draw_row
from src.plotting.photos import read_images
from src.skeletons import get_skeleton

# {row of the figure: the title of its pose}
MODELS = {
    "fig_5/supervised_lsp": "3D supervised",
    "fig_5/ours_lsp": "ours",
    "fig_5/ours_human36_lsp": "ours, fine-tuned on photos",
}

_SMALLEST_MM = 1e-3  # joints that are nearer to each other than this are in one place


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw a test photo and what three models make of it.")
    add_common_options(parser)
    parser.add_argument("--index", type=whole_number, help="which one (default: drawn with --seed)")
    parser.add_argument("--photos", metavar="PATH", help="folder of the photos")
    return parser


def to_unit_size(pose: np.ndarray, title: str) -> np.ndarray:
    """Scale a pose (K, 3) so that models whose sizes differ can be compared.

    Raises InputError, with the title of whose pose it is, if all joints are in one place.
    """
    size_mm = np.linalg.norm(pose - pose.mean(axis=0))
    if size_mm < _SMALLEST_MM:
        raise InputError(f"fig_5: the pose of {title!r} has no extent; try another --index")
    return pose / size_mm


def require_same_photos(predictions: dict[str, dict[str, np.ndarray]]):
    """Raise InputError unless all models were tested on the same photos, and on lsp_14k's joints.

    predictions: {model: arrays of predictions.npz}.
    """
    first = next(iter(predictions.values()))
    for arrays in predictions.values():
        if not np.array_equal(arrays["files"], first["files"]):
            raise InputError(
                "the runs of fig_5 were tested on different photos; run all with the same options"
            )
        if arrays["joints"].tolist() != list(get_skeleton("lsp_14k").joints):
            raise InputError("the runs of fig_5 were not tested on the joints of lsp_14k")


def draw(
    data_name: str,
    pose_2d: np.ndarray,
    poses: dict[str, np.ndarray],
    file: str,
    image: np.ndarray | None,
) -> Figure:
    """Draw a photo's pose (K, 2) px, on its image if there is one, and 3D poses {title: (K, 3)}."""
    figure = new_figure(3.2 * (1 + len(poses)), 3.6)
    figure.suptitle(f"Figure 5: {data_name}", fontsize=9)
    axes = add_row_of_axes(figure, len(poses))
    draw_row(axes, pose_2d, poses, get_skeleton("lsp_14k"), caption=file, image=image)
    for axis in axes[1:]:
        axis.tick_params(labelbottom=False, labelleft=False)  # the size is arbitrary
    return figure


def make_figure(argv):
    """Load the models' poses of a photo, and the photo, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, rows = load_rows("fig_5", args, names=tuple(MODELS))
    predictions = {MODELS[row.name]: predictions_of(row, args) for row in rows}
    require_same_photos(predictions)
    first = next(iter(predictions.values()))
    index = choose_index(args, len(first["files"]))
    file = str(first["files"][index])
    poses = {}
    if "target_mm" in first:  # simulated photos have a truth
        poses["3D truth"] = to_unit_size(first["target_mm"][index], "3D truth")
    for title, arrays in predictions.items():
        poses[title] = to_unit_size(arrays["prediction_mm"][index], title)
    (image,) = read_images(args.photos, [file])
    figure = draw(data_name, first["pose_2d_px"][index], poses, file, image)
    save(figure, "fig_5", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
