"""Figure 5: a photo and the 3D pose of three models, all of one size."""

import numpy as np
from common import figure_script, load_predictions, pick, rows_of

from src.plotting.figures import new_figure
from src.plotting.paper import draw_row
from src.skeletons import get_skeleton
from src.training.report import read_images

MODELS = {
    "fig_5/supervised_lsp": "3D supervised",
    "fig_5/ours_lsp": "ours",
    "fig_5/ours_human36_lsp": "ours, fine-tuned on photos",
}


@figure_script("index", "photos")
def draw(args):
    """Draw a test photo and what three models make of it."""
    data, rows = rows_of("fig_5", args, MODELS)
    found = {row.name: load_predictions(row, args) for row in rows}
    first = next(iter(found.values()))
    i = pick(args, len(first["files"]))
    file = str(first["files"][i])
    poses = {MODELS[name]: content["prediction_mm"][i] for name, content in found.items()}
    poses = {name: pose / np.linalg.norm(pose - pose.mean(axis=0)) for name, pose in poses.items()}
    figure, on = (
        new_figure(3.2 * (1 + len(rows)), 3.6),
        {"caption": file, "image": read_images(args.photos, [file])[0]},
    )
    figure.suptitle(f"Figure 5: {data}", fontsize=9)
    draw_row(figure, first["pose_2d_px"][i], poses, get_skeleton("lsp_14k"), **on)
    for axis in figure.axes[1:]:
        axis.tick_params(labelbottom=False, labelleft=False)
    return figure
