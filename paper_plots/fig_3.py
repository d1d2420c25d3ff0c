"""Figure 3: photos with one labelled pair each, sorted by risk."""

import sys

from common import add_common_options, closer_joint_first, load_labels, save
from opts.command import run_command

import numpy as np
from matplotlib.figure import Figure

from opts.parsing import new_parser
from src.crowd.agreement import agreement
from src.crowd.answers import read_answers
from src.crowd.simulation import simulated_authors
from src.data.photos import Photos, parse_as_it_is, read_json
from src.plotting.figures import new_figure
from src.plotting.paper import describe_pair, draw_pair
from src.plotting.photos import read_images
from src.plotting.poses import draw_pose_2d
from src.skeletons import Skeleton

COUNT = 12  # photos, in two rows


def make_parser():
    """The options of this script."""
    parser = new_parser("Draw photos with one labelled pair each, sorted by risk.")
    add_common_options(parser)
    parser.add_argument(
        "--data", default="synthetic", metavar="PATH", help="json of labels, or synthetic"
    )
    parser.add_argument("--photos", metavar="PATH", help="folder of the photos")
    parser.add_argument(
        "--authors",
        metavar="PATH",
        help="answers of a few careful people on the same pairs: csv, json or pickle",
    )
    return parser


def choose_labels(photos: Photos, seed: int) -> np.ndarray:
    """Choose COUNT labels of different photos at random -> their indices, the least risky first."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(photos.photo))
    # The first label of each photo in the shuffled order: one label per photo, at random.
    _, first_places = np.unique(photos.photo[shuffled], return_index=True)
    labels = shuffled[rng.permutation(first_places)[:COUNT]]
    return labels[np.argsort(photos.risk[labels])]


def compare_with_authors(photos: Photos, args) -> list[str]:
    """How far careful people agree with each other and with the labels, in words.

    Synthetic photos have simulated authors; for a file the answers of --authors are needed.
    """
    if args.data == "synthetic":
        return agreement(simulated_authors(photos, args.seed), photos)
    if args.authors:
        # The authors number the joints as the file does, not as the skeleton.
        photos_as_in_the_file, _ = parse_as_it_is(read_json(args.data), args.data)
        return agreement(read_answers([args.authors]), photos_as_in_the_file)
    return []


def draw(data_name: str, photos: Photos, skeleton: Skeleton, labels, images) -> Figure:
    """Draw labels (L,), at most COUNT, on their images, a list of L; None where one is missing."""
    figure = new_figure(12, 5.5)
    figure.suptitle(
        f"Figure 3: {data_name}; green dot and first name: the joint closer to the camera",
        fontsize=9,
    )
    axes = figure.subplots(2, COUNT // 2).ravel()
    pairs = closer_joint_first(photos, labels)
    for number, (label, image) in enumerate(zip(labels, images, strict=True)):
        axis = axes[number]
        if image is not None:
            axis.imshow(image)
        photo = photos.photo[label]
        closer, further = pairs[number]
        # Grey, as the colours of the person's sides would hide the two marks.
        draw_pose_2d(axis, photos.pose_2d[photo], skeleton, color="0.7")
        draw_pair(axis, photos.pose_2d[photo], closer, further)
        words = describe_pair(skeleton.joints, closer, further)
        axis.set_title(f"{photos.files[photo]}\n{words}\nrisk {photos.risk[label]:.2f}", fontsize=8)
        axis.set(xticks=[], yticks=[])
    return figure


def make_figure(argv):
    """Load the labels, choose some, load their photos, compare with the authors, draw, save."""
    args = make_parser().parse_args(argv)
    data_name, photos, skeleton = load_labels(args)
    labels = choose_labels(photos, args.seed)
    images = read_images(args.photos, [photos.files[photo] for photo in photos.photo[labels]])
    for line in compare_with_authors(photos, args):
        print(line)
    figure = draw(data_name, photos, skeleton, labels, images)
    save(figure, "fig_3", args)


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_figure, argv)


if __name__ == "__main__":
    sys.exit(main())
