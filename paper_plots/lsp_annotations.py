"""A photo with its labelled pairs, coloured by how sure the crowd is."""

import numpy as np
from common import figure_script, load_labels, pick

from src.plotting.figures import new_figure
from src.plotting.paper import draw_confident_pairs
from src.plotting.poses import draw_pose_2d
from src.training.report import read_images


@figure_script("index", "data", "photos")
def draw(args):
    """Draw a photo with its labelled pairs."""
    photos, skeleton, name = load_labels(args)
    i = pick(args, len(photos.files))
    labels = np.flatnonzero(photos.photo == i)
    image = read_images(args.photos, [photos.files[i]])[0]
    figure = new_figure(5, 5)
    axis = figure.add_subplot()
    axis.set_title(f"{name}\n{photos.files[i]}; dots: the closer joint", fontsize=9)
    if image is not None:
        axis.imshow(image)
    draw_pose_2d(axis, photos.pose_2d[i], skeleton, color="0.75")
    pairs = np.where(
        photos.label[labels, None] == 1, photos.pairs[labels, ::-1], photos.pairs[labels]
    )
    confidence = np.where(np.isnan(photos.risk[labels]), 1, 1 - photos.risk[labels])
    colors = draw_confident_pairs(axis, photos.pose_2d[i], pairs, confidence, "viridis")
    figure.colorbar(colors, ax=axis, label="probability that the label is right")
    return figure
