"""The lengths of bones: measured, compared between the sides, made the same in every frame.

Everything here takes poses (F,32,3) of all of Human3.6M's joints.
"""

import numpy as np

from src.data.mocap.joint_names import SIDES
from src.data.synthetic.kinematics import proportions
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS

# Bones as (from, to), in an order in which a body can be put together from the middle of the hips.
_MIDDLE_BONES = (
    ("mid_hip", "mid_spine"),
    ("mid_spine", "neck"),
    ("neck", "chin"),
    ("chin", "head"),
)
# Of these there is one on either side.
_SIDE_BONES = (
    ("mid_hip", "hip"),
    ("hip", "knee"),
    ("knee", "ankle"),
    ("ankle", "foot_base"),
    ("foot_base", "foot_tip"),
    ("neck", "shoulder"),
    ("shoulder", "elbow"),
    ("elbow", "wrist"),
    ("wrist", "palm"),
    ("wrist", "thumb"),
)

# Left and right may differ by a quarter, and by so much more that bones of a few centimetres don't
# matter.
_LEAST_SIDE_RATIO = 0.75
_SIDE_TOLERANCE_MM = 20


def _all_bones() -> tuple[tuple[str, str], ...]:
    """Return the middle bones, then those of the right side, then those of the left."""
    bones = list(_MIDDLE_BONES)
    for side in SIDES:
        for start, end in _SIDE_BONES:
            start_on_side = start if start in ("mid_hip", "neck") else f"{side}_{start}"
            bones.append((start_on_side, f"{side}_{end}"))
    return tuple(bones)


BONES = _all_bones()


def stack_joints(points: dict[str, np.ndarray]) -> np.ndarray:
    """Put joints by name, each (F,3), into the order of Human3.6M: (F,32,3).

    Human3.6M has some joints twice or three times, such as neck, neck_2 and neck_3.
    """
    names = [name.removesuffix("_2").removesuffix("_3") for name in HUMAN36_JOINTS]
    return np.stack([points[name] for name in names], axis=1)


def _bone_vectors(poses: np.ndarray, bone: tuple[str, str]) -> np.ndarray:
    """Return the vectors (F,3) along one of `BONES`."""
    start, end = bone
    return poses[:, HUMAN36_JOINTS.index(end)] - poses[:, HUMAN36_JOINTS.index(start)]


def _median_lengths(poses: np.ndarray) -> np.ndarray:
    """Return the median over frames of the length of each of `BONES`, (B,)."""
    medians = []
    for bone in BONES:
        lengths = np.linalg.norm(_bone_vectors(poses, bone), axis=1)
        medians.append(np.median(lengths))
    return np.array(medians)


def check_sides(poses: np.ndarray, path):
    """Refuse a body that is much longer on one side: a damaged file, or a wrong map.

    Args:
        poses: (F,32,3) mm.
        path: of the file, for errors.

    Raises:
        InputError: for the first bone that differs.
    """
    lengths = _median_lengths(poses)
    right_lengths, left_lengths = lengths[len(_MIDDLE_BONES) :].reshape(2, -1)
    for (start, end), right, left in zip(_SIDE_BONES, right_lengths, left_lengths, strict=True):
        ratio = (left + _SIDE_TOLERANCE_MM) / (right + _SIDE_TOLERANCE_MM)
        if not _LEAST_SIDE_RATIO < ratio < 1 / _LEAST_SIDE_RATIO:
            raise InputError(
                f"{path}: {start} to {end} measures {left:.0f} mm on the left, {right:.0f} mm on "
                "the right: is an OFFSET damaged, or the map of joints wrong?"
            )


def bone_lengths(poses: np.ndarray) -> np.ndarray:
    """Measure a person's bones: medians over frames, then the mean of both sides.

    Args:
        poses: (F,32,3).

    Returns:
        (B,) a length for each of `BONES`, in the unit of the poses.
    """
    lengths = _median_lengths(poses)
    sides = lengths[len(_MIDDLE_BONES) :].reshape(2, -1)
    both_sides = np.tile(sides.mean(axis=0), 2)
    return np.concatenate([lengths[: len(_MIDDLE_BONES)], both_sides])


def with_lengths(poses: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Build poses again with bones of other lengths, in the same directions.

    Args:
        poses: (F,32,3).
        lengths: (B,) for each of `BONES`, in the unit of the poses.

    Returns:
        (F,32,3), with the middle of the hips where it was.
    """
    points = {"mid_hip": poses[:, HUMAN36_JOINTS.index("mid_hip")]}
    for (start, end), length in zip(BONES, lengths, strict=True):
        direction = _bone_vectors(poses, (start, end))
        # A bone without length has no direction: its joints stay together.
        direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
        points[end] = points[start] + direction * length
    return stack_joints(points)


def vary_lengths(lengths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the bones of another person: the lengths (B,) times `proportions`."""
    factors = proportions(rng)
    bone_factors = []
    for _, end in BONES:
        joint = end.removeprefix("left_").removeprefix("right_")
        bone_factors.append(factors[joint])
    return lengths * bone_factors
