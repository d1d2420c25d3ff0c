"""How often a few careful people agree with each other, and with the labels of the crowd."""

from itertools import combinations

import numpy as np

from src.crowd.answers import Answers
from src.crowd.merging import latest_answers
from src.data.photos import Photos


def agreement(authors: Answers, photos: Photos) -> list[str]:
    """Compare the answers of a few people with each other and with the labels of photos, in words.

    The first line says how often all of them agree, then comes a line for every two of them, then
    one for each of them and the crowd, which are the labels of the photos, and last one for the
    crowd and what every two of them agree on. A line counts the pairs of joints that all who are
    compared have answered; the last kind leaves out those on which the two disagree.

    The answers name images by number from 0 or by file, and joints by their number in the order of
    the photos: that of the label file, so read it with `src.data.photos.parse_as_it_is`.
    """
    counted = latest_answers(authors)
    by_author = np.full((len(authors.annotators), len(counted.pairs)), np.nan)
    by_author[counted.answers.annotator, counted.pair_of_answer] = counted.answer_about_pair
    by_crowd = _labels_of_pairs(authors.images, counted.image, counted.pairs, photos)

    by_all = by_author[:, ~np.isnan(by_author).any(axis=0)]
    share = _describe_share(by_all.min(axis=0) == by_all.max(axis=0))
    lines = [f"all authors agree on {share} that all have answered"]
    author_pairs = list(combinations(range(len(by_author)), 2))
    for first, second in author_pairs:
        names = f"{authors.annotators[first]}, {authors.annotators[second]}"
        lines.append(f"{names}: {_compare(by_author[first], by_author[second])}")
    for name, answers in zip(authors.annotators, by_author, strict=True):
        lines.append(f"crowd, {name}: {_compare(answers, by_crowd)}")
    for first, second in author_pairs:
        names = f"{authors.annotators[first]} and {authors.annotators[second]}"
        consensus = _consensus(by_author[first], by_author[second])
        lines.append(f"crowd, consensus of {names}: {_compare(consensus, by_crowd)}")
    return lines


def _labels_of_pairs(
    image_names: tuple[str, ...], image: np.ndarray, pairs: np.ndarray, photos: Photos
) -> np.ndarray:
    """Look up the photos' labels of pairs (P,2) of joints on images (P,): (P,), NaN for none.

    As in the answers, 1 says that the second joint of the pair is the closer one. The photos may
    have the joints of a pair in the other order.
    """
    labels = {}
    for photo, (first, second), label in zip(
        photos.photo.tolist(), photos.pairs.tolist(), photos.label.tolist(), strict=True
    ):
        # A label of +1 says that the first joint is further away, so that the second is closer.
        second_is_closer = float(label == 1)
        for image_name in (str(photo), photos.files[photo]):
            labels[image_name, first, second] = second_is_closer
            labels[image_name, second, first] = 1 - second_is_closer
    return np.array(
        [
            labels.get((image_names[index], first, second), np.nan)
            for index, (first, second) in zip(image.tolist(), pairs.tolist(), strict=True)
        ]
    )


def _consensus(answers: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Keep the answers (P,) that are the same in both rows; the rest are NaN."""
    return np.where(answers == others, answers, np.nan)


def _compare(answers: np.ndarray, others: np.ndarray) -> str:
    """Say how often two rows of answers (P,) agree, where neither is NaN."""
    both_answered = ~np.isnan(answers) & ~np.isnan(others)
    return _describe_share((answers == others)[both_answered])


def _describe_share(agrees: np.ndarray) -> str:
    if len(agrees) == 0:
        return "none of 0 pairs"
    return f"{agrees.mean():.1%} of {len(agrees)} pairs"
