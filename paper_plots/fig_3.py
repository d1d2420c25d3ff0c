"""Figure 3: photos with one labelled pair each, sorted by risk."""

import numpy as np
from common import figure_script, load_labels

from src.crowd.agreement import agreement
from src.crowd.answers import read_answers
from src.crowd.simulation import simulated_authors
from src.data.photos import parse_as_it_is, read_json
from src.plotting.figures import new_figure
from src.plotting.paper import draw_pair
from src.plotting.poses import draw_pose_2d
from src.training.report import read_images

COUNT = 12
AUTHORS = {
    "metavar": "PATH",
    "help": "answers of a few careful people on the same pairs: csv, json or pickle",
}


@figure_script("data", "photos", authors=AUTHORS)
def draw(args):
    """Draw photos with one labelled pair each, sorted by risk."""
    photos, skeleton, name = load_labels(args)
    rng = np.random.default_rng(args.seed)
    order = rng.permutation(len(photos.photo))
    labels = order[rng.permutation(np.unique(photos.photo[order], return_index=True)[1])[:COUNT]]
    labels = labels[np.argsort(photos.risk[labels])]
    images = read_images(args.photos, [photos.files[i] for i in photos.photo[labels]])
    figure = new_figure(12, 5.5)
    figure.suptitle(f"Figure 3: {name}; green dot: closer, red cross: further away", fontsize=9)
    for axis, label, image in zip(
        figure.subplots(2, COUNT // 2).ravel(), labels, images, strict=False
    ):
        if image is not None:
            axis.imshow(image)
        pose, pair = (
            photos.pose_2d[photos.photo[label]],
            photos.pairs[label][:: -photos.label[label]],
        )
        draw_pair(draw_pose_2d(axis, pose, skeleton), pose, *pair)
        axis.set_title(
            f"{photos.files[photos.photo[label]]}\nrisk {photos.risk[label]:.2f}", fontsize=7
        )
    if args.data == "synthetic":
        print("\n".join(agreement(simulated_authors(photos, args.seed), photos)))
    elif args.authors:
        own = parse_as_it_is(read_json(args.data), args.data)[0]
        print("\n".join(agreement(read_answers([args.authors]), own)))
    return figure
