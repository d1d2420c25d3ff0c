"""What looks wrong with photos, their labels and their 3D truth."""

import os.path

import numpy as np

from src.data.photos import Photos
from src.data.plausibility import extent_is_zero, question_labels, question_pairs, thin_out
from src.data.views import oddities
from src.errors import InputError
from src.keypoints.mistakes import likely_mistakes
from src.skeletons import Skeleton

# The keypoints of fewer photos say little about the whole file: somebody may stand on their head.
_FEWEST_PHOTOS = 10


def photo_oddities(photos: Photos, skeleton: Skeleton) -> list[str]:
    """Say what looks wrong with a label file, a sentence each.

    photos: with keypoints in the skeleton's order.
    """
    sentences = []
    # On a photo without keypoints the network would learn nothing; several are a mistake.
    num_empty = int(extent_is_zero(photos.pose_2d).sum())
    if num_empty > 0:
        sentences.append(
            f"keypoints: all joints are at one point in {num_empty} of {len(photos.files)} images"
        )
    if len(photos.files) >= _FEWEST_PHOTOS and num_empty < len(photos.files):
        sentences += [f"keypoints: {line}" for line in likely_mistakes(photos.pose_2d, skeleton)]

    paths = np.array([os.path.normpath(file) for file in photos.files])
    shared = np.intersect1d(paths[photos.is_train], paths[~photos.is_train])
    if len(shared) > 0:
        sentences.append(
            f"{len(shared)} photos are both for training and for testing, such as {shared[0]}"
        )
    if len(photos.weight) > 0 and not photos.weight.any():
        sentences.append("weight: all labels have weight 0")
    return sentences


def check_keypoints(photos: Photos, path):
    """Raise InputError, naming the file, if no photo has keypoints that differ from one another."""
    if extent_is_zero(photos.pose_2d).all():
        raise InputError(f"{path}: keypoints: all joints of every image are at one point")


def check_truth(photos: Photos, source_name: str):
    """Raise InputError, which begins with ``source_name``, if the truth of a test photo is a point.

    Training photos may have no truth, as only test photos are compared with it.
    """
    is_point = extent_is_zero(photos.truth) & ~photos.is_train
    if is_point.any():
        raise InputError(
            f"{source_name}: pose_3d: all joints are at one point in {is_point.sum()} of "
            f"{(~photos.is_train).sum()} test images, first in pose {is_point.argmax()}"
        )


def truth_oddities(photos: Photos, joints) -> list[str]:
    """Say what looks wrong with the 3D truth of photos, next to their 2D and labels.

    joints: the K names. Only photos with a truth count, which is one that has an extent.
    """
    has_truth = ~extent_is_zero(photos.truth) & ~extent_is_zero(photos.pose_2d)
    if not has_truth.any():
        return []
    truth = photos.truth[has_truth].astype(np.float64)
    sentences = oddities(truth, joints)
    rows = thin_out(np.arange(len(truth)))
    pose_2d = photos.pose_2d[has_truth].astype(np.float64)
    sentence = question_pairs(pose_2d[rows], truth[rows], joints)
    if sentence is not None:
        sentences.append(sentence)
    gap = photos.gap_mm(photos.truth)
    is_known = has_truth[photos.photo] & (gap != 0)
    is_wrong = np.sign(gap) != photos.label
    sentence = question_labels(int(is_wrong[is_known].sum()), int(is_known.sum()))
    if sentence is not None:
        sentences.append(sentence)
    return sentences
