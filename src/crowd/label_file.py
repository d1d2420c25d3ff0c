"""Merged answers in the form of the label file that `src.data.photos` reads."""

from collections import Counter

from src.crowd.answers import Answers
from src.crowd.merging import Merged
from src.data.photos import parse_as_it_is
from src.errors import InputError, shortened


def add_labels(content: dict, answers: Answers, merged: Merged, path) -> dict:
    """Put merged labels into the content of a label file, in place of those that it has.

    Each image gets its labels as ``anns``, with ``prob`` and ``risk``, the joints of each in the
    order in which they were shown, as in the authors' file. The answers name images by im_file or
    by number from 0; where a file is called like a number, it is meant. They name joints by number
    in the order of the file. ``path`` names the file in errors.

    Returns new content. Raises InputError for content that is no label file, and for an image or a
    joint that the answers name and the file lacks.
    """
    photos, joint_names = parse_as_it_is(content, path)
    index_of_image = {str(index): index for index in range(len(photos.files))}
    for index, file in enumerate(photos.files):
        index_of_image[file] = index  # a name wins over a number
    repeated_names = {file for file, count in Counter(photos.files).items() if count > 1}

    annotations = [[] for _ in photos.files]
    for pair, (first, second) in enumerate(merged.pairs.tolist()):
        name = answers.images[merged.image[pair]]
        if name not in index_of_image or max(first, second) >= len(joint_names):
            raise InputError(
                f"{path}: has no image {shortened(name)} with joints {first} and {second}, "
                "which the answers name"
            )
        if name in repeated_names:
            raise InputError(
                f"{path}: im_file {shortened(name)} is there more than once; "
                "name its images by number"
            )
        index = index_of_image[name]
        annotations[index].append(
            {
                "kp0": first,
                "kp1": second,
                "label": int(merged.label[pair]),
                "prob": float(merged.prob[pair]),
                "risk": float(merged.risk[pair]),
                "original_id": f"{index}_{first},{second}",
            }
        )
    images = [
        record | {"anns": labels}
        for record, labels in zip(content["images"], annotations, strict=True)
    ]
    return content | {"images": images}
