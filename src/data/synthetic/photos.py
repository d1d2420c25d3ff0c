"""Synthetic "photos" with relative depth labels.

They are poses of the synthetic motion, seen from unusual places, labelled by simulated annotators.
"""

from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from src import seeding
from src.data.arrays import ACTIONS
from src.data.synthetic.motion import SUBJECTS, make_motion
from src.labels import MTURK, draw_pairs, flip_probability, joint_pairs
from src.skeletons import Skeleton

NUM_PHOTOS = 600
LABELS_PER_PHOTO = 5
_FRAMES_PER_MOTION = 7
# About as large as the people in Leeds Sports Poses.
_LARGER_SIDE_PX = 125
_MARGIN_PX = 20


def make_content(
    skeleton: Skeleton, *, num_photos: int = NUM_PHOTOS, seed: int = 0
) -> tuple[dict, np.ndarray]:
    """Make the labels of photos, and the poses that they are about.

    Returns the content of a label file, as `src.data.photos` reads it, and the true poses (N,K,3)
    mm in the camera's frame, float32. Every other photo is for training. Labels are wrong as often
    as those of the paper's annotators (see `src.labels.flip_probability`).
    """
    rng = seeding.generator(seed, "photos")
    motions = _motions(seed)
    # A random order; where there are more photos than poses, it is gone through again.
    order = rng.permutation(len(motions))
    chosen = motions[order[np.arange(num_photos) % len(motions)]]
    poses = chosen[:, list(skeleton.human36_indices)]
    images, truth = photograph(poses, LABELS_PER_PHOTO, rng)
    return {"joint_names": list(skeleton.joints), "images": images}, truth


def photograph(
    poses: np.ndarray, labels_per_photo: int, rng: np.random.Generator
) -> tuple[list[dict], np.ndarray]:
    """See every pose from an unusual place, and let simulated annotators label pairs of joints.

    poses (N,K,3): in the world, mm, z up. Labels are wrong as often as those of the paper's
    annotators; ``risk`` is the probability that this one is, and ``prob`` that of the label 1.

    Returns the images of a label file, every other one for training, and the true poses (N,K,3) mm
    in the camera's frame, float32. Raises ValueError if there are not so many pairs of joints.
    """
    truth = np.stack([_see(pose, rng) for pose in poses])
    pixels = _to_pixels(truth)
    pairs, labels, risk = _annotate(truth[..., 2], labels_per_photo, rng)
    images = []
    for number in range(len(poses)):
        image = _image(number, pixels[number], pairs[number], labels[number], risk[number])
        images.append(image)
    return images, truth.astype(np.float32)


@cache
def _motions(seed: int) -> np.ndarray:
    """A few poses of every subject and action: (M,32,3) world mm. They must not be changed."""
    worlds = []
    for subject in SUBJECTS:
        for action in ACTIONS:
            motion = make_motion(subject, action, action, frames=_FRAMES_PER_MOTION, seed=seed)
            worlds.append(motion.world)
    return np.concatenate(worlds)


def _see(pose: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Look at a world pose (K,3) mm, z up, from a random place -> (K,3) mm in the camera's frame.

    The camera stands anywhere round the person, low or high, and is rolled a little.
    """
    azimuth = rng.uniform(0, 360)  # of the camera, seen from the person, degrees
    elevation = rng.uniform(-15, 40)
    roll = rng.normal(0, 8)
    # The first turn, about the vertical, brings the camera to -y, so that x is to its right. The
    # second tips everything over: now y points down, z away from the camera. The third is the roll.
    to_camera = Rotation.from_euler("zxz", [-90 - azimuth, 90 + elevation, -roll], degrees=True)
    distance = rng.uniform(3500, 9000)
    return to_camera.apply(pose - pose.mean(axis=0)) + [0, 0, distance]


def _to_pixels(truth: np.ndarray) -> np.ndarray:
    """Poses (N,K,3) mm in the camera's frame -> (N,K,2) px, each scaled to fill its photo."""
    pixels = truth[..., :2] / truth[..., 2:]
    larger_side = np.ptp(pixels, axis=1).max(axis=1)[:, None, None]
    from_corner = pixels - pixels.min(axis=1, keepdims=True)
    return from_corner / larger_side * _LARGER_SIDE_PX + _MARGIN_PX


def _annotate(
    depth: np.ndarray, labels_per_photo: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose L pairs of joints in photos with depths (N,K) mm, and let annotators compare them.

    Returns joint indices (N,L,2), answers (N,L): 1 where the second joint is said to be closer,
    else 0; and the probability (N,L) with which the answer was made wrong.
    """
    num_photos, num_joints = depth.shape
    rows = draw_pairs(num_photos, num_joints, labels_per_photo, rng=rng).T
    pairs = joint_pairs(num_joints)[rows]
    photos = np.arange(num_photos)[:, None]
    gap = depth[photos, pairs[..., 1]] - depth[photos, pairs[..., 0]]
    risk = flip_probability(gap, MTURK)
    is_wrong = rng.random(gap.shape) < risk
    second_is_closer = (gap < 0) ^ is_wrong
    return pairs, second_is_closer.astype(int), risk


def _image(
    number: int, pixels: np.ndarray, pairs: np.ndarray, labels: np.ndarray, risks: np.ndarray
) -> dict:
    """The record of one photo in a label file, from (K,2) px and its labelled pairs."""
    annotations = []
    for (first, second), label, risk in zip(
        pairs.tolist(), labels.tolist(), risks.tolist(), strict=True
    ):
        annotations.append(
            {
                "kp0": first,
                "kp1": second,
                "label": label,
                "prob": round(1 - risk if label == 1 else risk, 4),
                "risk": round(risk, 4),
                "original_id": f"{number}_{first},{second}",
            }
        )
    return {
        "im_file": f"images/im{number + 1:04d}.jpg",
        "is_train": number % 2 == 0,
        "keypoints": pixels.round(2).ravel().tolist(),
        "occluded": [0] * len(pixels),
        "anns": annotations,
    }
