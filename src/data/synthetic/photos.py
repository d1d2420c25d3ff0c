"""Synthetic "photos" with relative depth labels: synthetic motion, unusual viewpoints, simulated annotators."""

from functools import cache

import numpy as np

from src import seeding
from src.data.human36.load import ACTIONS
from src.data.synthetic.motion import SUBJECTS, make_motion
from src.labels import MTURK, draw_pairs, flip_probability, joint_pairs
from src.skeletons import Skeleton

NUM_PHOTOS, LABELS_PER_PHOTO = 600, 5
_FRAMES = 7  # of every motion
_HEIGHT_PX, _MARGIN_PX = 125, 20


def make_content(
    skeleton: Skeleton, *, num_photos: int = NUM_PHOTOS, seed: int = 0
) -> tuple[dict, np.ndarray]:
    """-> (what the label file holds, truth (N,K,3) mm in the camera's frame). Every other photo is for training."""
    rng = seeding.generator(seed, "photos")
    motions = _motions(seed)
    poses = motions[rng.permutation(len(motions))[np.arange(num_photos) % len(motions)]]
    truth = np.stack([_see(pose, rng) for pose in poses[:, list(skeleton.human36_indices)]])
    pixels = truth[..., :2] / truth[..., 2:]
    tall = np.ptp(pixels, axis=1).max(axis=1)[:, None, None]
    pixels = (pixels - pixels.min(axis=1, keepdims=True)) / tall * _HEIGHT_PX + _MARGIN_PX
    joints = joint_pairs(skeleton.num_joints)[
        draw_pairs(num_photos, skeleton.num_joints, LABELS_PER_PHOTO, rng=rng).T
    ]
    gap = np.diff(
        np.take_along_axis(truth[..., 2], joints.reshape(num_photos, -1), 1).reshape(joints.shape)
    )[..., 0]
    label = (gap < 0) ^ (
        rng.random(gap.shape) < flip_probability(gap, MTURK)
    )  # 1: the second joint is closer
    images = []
    for i, (pose, pairs, answers) in enumerate(
        zip(pixels.round(2), joints.tolist(), label.astype(int), strict=True)
    ):
        anns = [
            {"kp0": a, "kp1": b, "label": answer, "original_id": f"{i}_{a},{b}"}
            for (a, b), answer in zip(pairs, answers.tolist(), strict=True)
        ]
        record = {
            "im_file": f"images/im{i + 1:04d}.jpg",
            "is_train": i % 2 == 0,
            "keypoints": pose.ravel().tolist(),
        }
        images.append({**record, "occluded": [0] * skeleton.num_joints, "anns": anns})
    return {"joint_names": list(skeleton.joints), "images": images}, truth.astype(np.float32)


@cache
def _motions(seed: int) -> np.ndarray:
    """A few poses of every subject and action (M,32,3) world mm; not to be changed."""
    return np.concatenate(
        [make_motion(s, a, a, frames=_FRAMES, seed=seed).world for s in SUBJECTS for a in ACTIONS]
    )


def _see(pose: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """World pose (K,3) mm, z up -> (K,3) in the frame of a camera anywhere round it, low or high, rolled a little."""
    azimuth, elevation, roll = np.radians(
        [rng.uniform(0, 360), rng.uniform(-15, 40), rng.normal(0, 8)]
    )
    back = np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    right = np.cross(-back, [0, 0, 1]) / np.cos(elevation)
    down = np.cross(-back, right)
    rolled = np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right
    return (pose - pose.mean(axis=0)) @ np.stack([*rolled, -back]).T + [
        0,
        0,
        rng.uniform(3500, 9000),
    ]
