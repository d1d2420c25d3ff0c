"""A photo with its labelled pairs, coloured by how sure the crowd is."""

import math
import sys

from common import (
    add_common_options,
    choose_index,
    closer_joint_first,
    load_labels,
    save,
    whole_number,
)
from opts.command import run_command

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from opts.parsing import new_parser
from src.data.photos import Photos
from src.plotting.figures import new_figure
from src.plotting.paper import describe_pair, draw_coloured_pairs
from src.plotting.photos import read_images
from src.plotting.poses import draw_pose_2d
from src.skeletons import Skeleton

COLUMNS = 3  # of panels; the first shows all pairs, so a photo of LSP with its 5 fills two rows


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw a photo with its labelled pairs.")
    add_common_options(parser)
    parser.add_argument("--index", type=whole_number, help="which one (default: drawn with --seed)")
    parser.add_argument(
        "--data", default="synthetic", metavar="PATH", help="json of labels, or synthetic"
    )
    parser.add_argument("--photos", metavar="PATH", help="folder of the photos")
    return parser


def draw_panel(
    axis,
    pose_2d: np.ndarray,
    pairs: np.ndarray,
    colors: np.ndarray,
    skeleton: Skeleton,
    *,
    title: str,
    image: np.ndarray | None,
):
    """Draw a pose (K, 2) px with some pairs of joints (P, 2), the closer one first, on its photo.

    colors: (P, 4) RGBA. image: (H, W, 3), or None to draw on a plain background.
    """
    if image is not None:
        axis.imshow(image)
    draw_pose_2d(axis, pose_2d, skeleton, color="0.75")
    draw_coloured_pairs(axis, pose_2d, pairs, colors)
    axis.set_title(title, fontsize=9)
    axis.set(xticks=[], yticks=[])


def draw(
    data_name: str, photos: Photos, skeleton: Skeleton, photo: int, image: np.ndarray | None
) -> Figure:
    """Draw all labels of a photo, given by its index, together, and then each in its own panel."""
    labels = np.flatnonzero(photos.photo == photo)
    pairs = closer_joint_first(photos, labels)
    risk = photos.risk[labels]
    confidence = np.where(np.isnan(risk), 1, 1 - risk)  # a file may give no risk
    scale = ScalarMappable(Normalize(0.5, 1), "viridis")  # below 0.5 the label would be the other
    colors = scale.to_rgba(confidence)

    rows = math.ceil((1 + len(labels)) / COLUMNS)
    figure = new_figure(2.8 * COLUMNS + 1, 3.1 * rows + 0.5)
    figure.suptitle(
        f"{data_name}, {photos.files[photo]}; dot and first name: the joint closer to the camera",
        fontsize=10,
    )
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    pose_2d = photos.pose_2d[photo]
    draw_panel(axes[0], pose_2d, pairs, colors, skeleton, title="all pairs\n", image=image)
    for number, (closer, further) in enumerate(pairs):
        title = describe_pair(skeleton.joints, closer, further)
        percentage = "" if np.isnan(risk[number]) else f"{confidence[number]:.0%}"
        draw_panel(
            axes[1 + number],
            pose_2d,
            pairs[[number]],
            colors[[number]],
            skeleton,
            title=f"{title}\n{percentage}",
            image=image,
        )
    for axis in axes[1 + len(labels) :]:
        axis.set_axis_off()
    figure.colorbar(
        scale,
        ax=list(axes),
        format=PercentFormatter(xmax=1),
        aspect=40,
        label="probability that the label is right",
    )
    return figure


def make_figure(argv):
    """Load the labels, choose a photo, load it, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, photos, skeleton = load_labels(args)
    photo = choose_index(args, len(photos.files))
    (image,) = read_images(args.photos, [photos.files[photo]])
    figure = draw(data_name, photos, skeleton, photo, image)
    save(figure, "lsp_annotations", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
