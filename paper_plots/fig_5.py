"""Figure 5: a photo and the 3D pose of three models."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

import numpy as np

from paper_plots.common import finish, load_predictions, parse, pick, rows_of, title_of
from src.errors import run_command
from src.plotting.figures import new_figure
from src.plotting.poses import draw_pose_2d, draw_pose_3d
from src.report import read_images
from src.skeletons import get_skeleton

MODELS = {"supervised_lsp": "3D supervised", "ours_lsp": "ours", "ours_human36_lsp": "ours, fine-tuned on photos"}


def draw(argv):
    """The photo with its 2D pose, and each model's 3D pose, all of one size."""
    args = parse(
        argv, "Draw a test photo and what three models make of it.", picks=True, photos=(None, "folder of the photos")
    )
    rows = {
        row.name.removeprefix("fig_5/"): row for row in rows_of("fig_5", args, [f"fig_5/{name}" for name in MODELS])
    }
    found = {name: load_predictions(rows[name], args) for name in MODELS if name in rows}
    first, skeleton = next(iter(found.values())), get_skeleton("lsp_14k")
    i = pick(args, len(first["files"]))
    image = read_images(args.photos, [str(first["files"][i])])[0]
    figure = new_figure(3.2 * (1 + len(found)), 3.6)
    figure.suptitle(title_of("Figure 5", [rows[name] for name in found]), fontsize=9)
    axis = figure.add_subplot(1, 1 + len(found), 1)
    if image is not None:
        axis.imshow(image)
    draw_pose_2d(axis, first["pose_2d_px"][i], skeleton).set_title(str(first["files"][i]), fontsize=8)
    for column, (name, content) in enumerate(found.items(), start=2):
        pose = content["prediction_mm"][i]
        axis = figure.add_subplot(1, 1 + len(found), column, projection="3d")
        draw_pose_3d(axis, pose / np.linalg.norm(pose - pose.mean(axis=0)), skeleton).set_title(
            MODELS[name], fontsize=8
        )
        axis.tick_params(labelbottom=False, labelleft=False)
    finish(figure, "fig_5", args)


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
