"""Simulated photos of motion: test poses seen from unusual places, with annotators' labels.

They stand for Leeds Sports Poses and its labels where neither can be had. There are no pictures.
"""

from typing import NamedTuple

import numpy as np

from src import seeding
from src.data.arrays import data_name
from src.data.human36.folder import Human36Source
from src.data.human36.forms import open_source
from src.data.human36.load import SYNTHETIC_MARK
from src.data.synthetic.photos import photograph
from src.errors import InputError
from src.skeletons import Skeleton

TEST_SUBJECTS = (9, 11)


class _Frame(NamedTuple):
    """A pose in a data set: the words that name it, and its 32 joints (32,3) world mm."""

    name: str
    world: np.ndarray


def label_motion(
    data_dir, skeleton: Skeleton, *, num_poses: int, pairs: int, seed: int
) -> tuple[dict, np.ndarray]:
    """Draw poses of the test subjects, look at them from unusual places, and label pairs of joints.

    Half of the poses are for training. No motion has poses in both halves.

    data_dir: a folder with any form that `open_source` knows. skeleton: its joints are seen.
    num_poses: how many, each at most once. pairs: labelled ones of each pose.

    Returns the content of a label file, as `src.data.photos` reads it, and the true poses (N,K,3)
    mm in the camera's frame, float32. Raises InputError for damaged data, and where there are not
    so many poses.
    """
    source = open_source(data_dir)
    rng = seeding.generator(seed, "photos")
    halves = _split(_read_motions(source))
    num_training = num_poses // 2
    training = _draw(halves[0], num_training, rng, f"{data_dir}: for training")
    test = _draw(halves[1], num_poses - num_training, rng, f"{data_dir}: for testing")
    frames = [*training, *test]
    joints = list(skeleton.human36_indices)
    images, truth = photograph(np.stack([frame.world[joints] for frame in frames]), pairs, rng)
    for number, image in enumerate(images):
        image["im_file"] = frames[number].name
        image["is_train"] = number < num_training
    content = {
        "simulated": _describe(source, seed),
        "joint_names": list(skeleton.joints),
        "images": images,
    }
    return content, truth


def _describe(source: Human36Source, seed: int) -> str:
    motion = "motion"
    if (source.folder / SYNTHETIC_MARK).is_file():
        motion = "synthetic motion"
    return (
        f"these labels are SIMULATED: poses of {motion} {data_name(source.folder)}, subjects "
        f"{' and '.join(map(str, TEST_SUBJECTS))}, seen from random places and labelled by "
        "simulated annotators, who are right in min(50 + 1.25 gap, 100) % of cases, gap in cm; "
        f"no photos, no people; seed {seed}"
    )


def _read_motions(source: Human36Source) -> list[list[_Frame]]:
    """Read all motions of the test subjects, in natural order."""
    motions = []
    for subject in TEST_SUBJECTS:
        for name in source.motions(subject):
            frames = []
            for number, pose in enumerate(source.world(subject, name)):
                frames.append(_Frame(f"S{subject} {name}, frame {number}", pose))
            motions.append(frames)
    return motions


def _split(motions: list[list[_Frame]]) -> tuple[list[_Frame], list[_Frame]]:
    """Share motions out between two halves: each goes to the half with fewer frames so far."""
    halves = ([], [])
    for frames in motions:
        shorter = halves[1] if len(halves[1]) < len(halves[0]) else halves[0]
        shorter += frames
    return halves


def _draw(frames: list[_Frame], count: int, rng: np.random.Generator, purpose: str) -> list[_Frame]:
    if count > len(frames):
        raise InputError(
            f"{purpose}: {count} poses are wanted, and there are {len(frames)}; give fewer --poses"
        )
    chosen = rng.permutation(len(frames))[:count]
    return [frames[number] for number in chosen]
