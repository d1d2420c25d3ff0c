"""Simulated annotators: answers about poses of known depth.

The farther apart in depth two joints are, the more often people see which one is closer. In the
paper they are right in min(50 + 1.25 |gap|, 100) per cent of the cases, the gap in cm.
"""

from dataclasses import replace

import numpy as np

from src.crowd.answers import Answers
from src.crowd.merging import merge
from src.data.photos import Photos, parse_photos
from src.data.synthetic.photos import make_content
from src.skeletons import Skeleton

# Per cent by which an answer is right more often for each cm of depth, of an average annotator.
_PER_CM = 1.25
# The same of a careful person, such as an author of the study.
_PER_CM_CAREFUL = 5

# An annotator's skill multiplies the per cent for each cm; 1 is the average of the paper.
_SKILLS = (0.5, 2.5)
# The share of annotators who press keys at random.
_SHARE_CARELESS = 0.1

_NUM_AUTHORS = 3


def simulate(
    gap_cm: np.ndarray, rng: np.random.Generator, *, annotators: int = 40, per_pair: int = 5
) -> Answers:
    """Let annotators of different skill answer P pairs of joints on each of I images.

    gap_cm (I,P): by how many cm the second joint of a pair is closer to the camera than the first.
    Each image is shown to ``per_pair`` annotators, drawn at random, who answer all its pairs.
    An annotator of skill s is right in min(50 + 1.25 s |gap|, 100) per cent of the cases; s is
    uniform in 0.5 to 2.5, and 0 for about every tenth annotator.

    Returns I x per_pair x P answers. The pairs of every image are the joints (0, 1), (2, 3), ...
    """
    num_images, num_pairs = gap_cm.shape
    skill = rng.uniform(*_SKILLS, annotators)
    is_careless = rng.random(annotators) <= _SHARE_CARELESS
    skill = np.where(is_careless, 0.0, skill)

    shown_to = rng.random((num_images, annotators)).argsort(axis=1)[:, :per_pair]
    annotator = shown_to.repeat(num_pairs, axis=1)  # (I, per_pair x P)
    answer = _judge(np.tile(gap_cm, (1, per_pair)), _PER_CM * skill[annotator], rng)

    joints = np.arange(2 * num_pairs).reshape(num_pairs, 2)
    return Answers(
        annotators=tuple(f"annotator {number}" for number in range(annotators)),
        annotator=annotator.ravel(),
        images=tuple(f"image {number}" for number in range(num_images)),
        image=np.repeat(np.arange(num_images), per_pair * num_pairs),
        pairs=np.tile(joints, (num_images * per_pair, 1)),
        answer=answer.ravel(),
    )


def simulated_labels(skeleton: Skeleton, seed: int) -> Photos:
    """Make synthetic photos whose labels are merged from the answers of simulated annotators.

    Each label has its ``prob`` and ``risk``, and the photos have the true poses (N,K,3) in mm.
    """
    content, truth = make_content(skeleton, seed=seed)
    photos = parse_photos(content, skeleton, "synthetic")
    gap_cm = photos.gap_mm(truth).reshape(len(truth), -1) / 10
    # Merged pairs are sorted by photo, and within a photo as they were shown. So are the labels.
    merged = merge(simulate(gap_cm, np.random.default_rng(seed)))
    return replace(
        photos,
        label=(2 * merged.label - 1).astype(np.int8),
        prob=merged.prob,
        risk=merged.risk,
        truth=truth,
    )


def simulated_authors(photos: Photos, seed: int) -> Answers:
    """Let three careful people answer every labelled pair of photos that have their true poses.

    They are right in min(50 + 5 |gap|, 100) per cent of the cases, the gap in cm.
    """
    gap_cm = np.tile(photos.gap_mm(photos.truth) / 10, _NUM_AUTHORS)
    return Answers(
        annotators=tuple(f"author {number + 1}" for number in range(_NUM_AUTHORS)),
        annotator=np.repeat(np.arange(_NUM_AUTHORS), len(photos.photo)),
        images=tuple(str(number) for number in range(len(photos.files))),
        image=np.tile(photos.photo, _NUM_AUTHORS),
        pairs=np.tile(photos.pairs, (_NUM_AUTHORS, 1)),
        answer=_judge(gap_cm, _PER_CM_CAREFUL, np.random.default_rng(seed)),
    )


def _judge(gap_cm: np.ndarray, per_cm, rng: np.random.Generator) -> np.ndarray:
    """Answer pairs whose second joint is closer by ``gap_cm``: 0 or 1, same shape.

    An answer is right in min(50 + per_cm |gap|, 100) per cent of the cases.
    """
    chance_percent = np.minimum(50 + per_cm * np.abs(gap_cm), 100)
    is_right = rng.random(gap_cm.shape) < chance_percent / 100
    is_second_closer = gap_cm > 0
    return (is_second_closer == is_right).astype(int)
