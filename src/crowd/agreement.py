"""How often a few careful people agree with each other, and with the labels of the crowd."""

from itertools import combinations

import numpy as np

from src.crowd.answers import Answers
from src.crowd.merging import latest_answers
from src.data.photos import Photos


def agreement(authors: Answers, photos: Photos) -> list[str]:
    """Compare the answers of a few people with each other and with the labels of photos, in words.

    The first line says how often all of them agree, then comes a line for every two of them, and
    then one for each of them and the crowd, which are the labels of the photos. A line counts the
    pairs of joints that all who are compared have answered.

    The answers name images by number from 0 or by file, and joints by their number in the order of
    the photos: that of the label file, so read it with `src.data.photos.parse_as_it_is`.
    """
    authors, labelled_pairs, pair_of_answer = latest_answers(authors)
    by_author = np.full((len(authors.annotators), len(labelled_pairs)), np.nan)
    by_author[authors.annotator, pair_of_answer] = authors.answer
    by_crowd = _labels_of_pairs(authors.images, labelled_pairs, photos)

    by_all = by_author[:, ~np.isnan(by_author).any(axis=0)]
    share = _describe_share(by_all.min(axis=0) == by_all.max(axis=0))
    lines = [f"all authors agree on {share} that all have answered"]
    for first, second in combinations(range(len(by_author)), 2):
        names = f"{authors.annotators[first]}, {authors.annotators[second]}"
        lines.append(f"{names}: {_compare(by_author[first], by_author[second])}")
    for name, answers in zip(authors.annotators, by_author, strict=True):
        lines.append(f"crowd, {name}: {_compare(answers, by_crowd)}")
    return lines


def _labels_of_pairs(
    image_names: tuple[str, ...], labelled_pairs: np.ndarray, photos: Photos
) -> np.ndarray:
    """Look up the photos' labels of pairs (P,3), image and joints: (P,), NaN where there is none.

    As in the answers, 1 says that the joint with the larger number is the closer one.
    """
    labels = {}
    for photo, (first, second), label in zip(
        photos.photo.tolist(), photos.pairs.tolist(), photos.label.tolist(), strict=True
    ):
        # A label of +1 says that the first joint is further away, so that the second is closer.
        second_is_closer = label == 1
        larger_is_closer = second_is_closer if first < second else not second_is_closer
        for image_name in (str(photo), photos.files[photo]):
            key = (image_name, min(first, second), max(first, second))
            labels[key] = float(larger_is_closer)
    return np.array(
        [
            labels.get((image_names[image], smaller, larger), np.nan)
            for image, smaller, larger in labelled_pairs.tolist()
        ]
    )


def _compare(answers: np.ndarray, others: np.ndarray) -> str:
    """Say how often two rows of answers (P,) agree, where neither is NaN."""
    both_answered = ~np.isnan(answers) & ~np.isnan(others)
    return _describe_share((answers == others)[both_answered])


def _describe_share(agrees: np.ndarray) -> str:
    if len(agrees) == 0:
        return "none of 0 pairs"
    return f"{agrees.mean():.1%} of {len(agrees)} pairs"
