"""A photo with its labelled pairs, coloured by how sure the crowd is."""

import sys

import numpy as np
from common import (
    add_common_options,
    choose_index,
    closer_joint_first,
    load_labels,
    save,
    whole_number,
)
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from opts.parsing import new_parser
from src.data.photos import Photos
from src.errors import run_command
from src.plotting.figures import new_figure
from src.plotting.paper import draw_coloured_pairs
from src.plotting.photos import read_images
from src.plotting.poses import draw_pose_2d
from src.skeletons import Skeleton


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


def draw(data_name: str, photos: Photos, skeleton: Skeleton, photo: int, image) -> Figure:
    """Draw all labels of a photo, given by its index, on its image, or on nothing for None."""
    figure = new_figure(5, 5)
    axis = figure.add_subplot()
    axis.set_title(f"{data_name}\n{photos.files[photo]}; dots: the closer joint", fontsize=9)
    if image is not None:
        axis.imshow(image)
    draw_pose_2d(axis, photos.pose_2d[photo], skeleton, color="0.75")
    labels = np.flatnonzero(photos.photo == photo)
    risk = photos.risk[labels]
    confidence = np.where(np.isnan(risk), 1, 1 - risk)  # a file may give no risk
    colors = ScalarMappable(Normalize(0.5, 1), "viridis")  # below 0.5 the label would be the other
    draw_coloured_pairs(
        axis,
        photos.pose_2d[photo],
        closer_joint_first(photos, labels),
        colors.to_rgba(confidence),
    )
    figure.colorbar(colors, ax=axis, label="probability that the label is right")
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
