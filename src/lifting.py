"""The steps of run_model.py between its input and its files."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from src.keypoints.arrays import Keypoints
from src.keypoints.layouts import derived_joints, to_skeleton, underivable_joints
from src.keypoints.mistakes import likely_mistakes
from src.keypoints.unnamed import lookalike_doubt
from src.lifted_files import AXES
from src.lifter import SIZE_RANGE, Lifted, Lifter
from src.plotting.figures import save_figure
from src.plotting.lifted import animate, lifted_sheet
from src.skeletons import Skeleton

# Poses at a time: what is computed on the way of so many needs little memory, and the bar moves
# about once a second. A multiple of the network's batch, so that parts change no number.
_PART = 32768
# Poses looked at for likely mistakes, and those from which pictures are chosen.
_MOST_CHECKED = 2000
_MOST_CANDIDATES = 4096
# Frames of an animation, which takes a second for every ten or so.
_MOST_FRAMES = 300
# Numbers of failed poses that are printed.
_MOST_LISTED = 20


def describe_keypoints(keypoints: Keypoints, skeleton: Skeleton) -> list[str]:
    """Return lines on what was read, and on what a model of this skeleton will see of it."""
    count = f"{len(keypoints.poses):,} poses of {len(keypoints.joints)} joints"
    lines = [count, *keypoints.notes]
    estimated = derived_joints(keypoints.joints, skeleton)
    if estimated:
        lines.append(f"estimated from other joints: {', '.join(estimated)}")
    absent = underivable_joints(keypoints.joints, skeleton)
    if absent:
        lines.append(f"not there, so missing in every pose: {', '.join(absent)}")
    return lines


def find_mistakes(keypoints: Keypoints, skeleton: Skeleton) -> list[str]:
    """Return a sentence for everything that looks like a mistake in an even sample of the poses."""
    step = max(len(keypoints.poses) // _MOST_CHECKED, 1)
    poses = keypoints.poses[::step]
    doubts = [*keypoints.doubts]
    lookalike = lookalike_doubt(poses, keypoints.joints)
    if lookalike is not None:
        doubts.append(lookalike)
    return doubts + likely_mistakes(to_skeleton(poses, keypoints.joints, skeleton), skeleton)


def lift_all(keypoints: Keypoints, lifter: Lifter, *, rescale: str) -> Lifted:
    """Return all poses lifted, with a progress bar where there are many.

    rescale: "auto" or "never", as of `Lifter`.
    """
    count = len(keypoints.poses)
    parts = []
    # tqdm takes None to mean: disabled unless stderr is a terminal.
    is_disabled = None if count > _PART else True
    with tqdm(total=count, unit="pose", disable=is_disabled) as bar:
        for start in range(0, count, _PART):
            poses = keypoints.poses[start : start + _PART]
            parts.append(lifter(poses, keypoints.joints, rescale=rescale))
            bar.update(len(poses))
    has_scale = parts[0].scale is not None
    return Lifted(
        poses_3d=np.concatenate([part.poses_3d for part in parts]),
        joint_names=parts[0].joint_names,
        unit=parts[0].unit,
        scale=np.concatenate([part.scale for part in parts]) if has_scale else None,
        poses_2d=np.concatenate([part.poses_2d for part in parts]),
        size=np.concatenate([part.size for part in parts]),
        rescaled=np.concatenate([part.rescaled for part in parts]),
        unusable=np.concatenate([part.unusable for part in parts]),
    )


def describe_lifted(lifted: Lifted) -> list[str]:
    """Return lines on poses that lacked joints, could not be lifted, or were rescaled."""
    lines = []
    missing = np.isnan(lifted.poses_2d).any(axis=2)
    if missing.any():
        is_partial = missing.any(axis=1) & ~lifted.failed
        lines.append(
            f"{missing.sum():,} joints are missing; "
            f"{is_partial.sum():,} poses were lifted without some"
        )
    # With half of its joints in place, a pose of size 0 has them all where its root is.
    is_point = lifted.unusable & (lifted.size == 0) & (missing.mean(axis=1) < 0.5)
    is_incomplete = lifted.unusable & ~is_point
    if is_incomplete.any():
        lines.append(
            f"{is_incomplete.sum():,} poses lack half of their joints, or the root, "
            f"and come out as NaN: {_list_numbers(is_incomplete)}"
        )
    if is_point.any():
        lines.append(
            f"{is_point.sum():,} poses have all their joints at one point, "
            f"and come out as NaN: {_list_numbers(is_point)}"
        )
    is_broken = lifted.failed & ~lifted.unusable
    if is_broken.any():
        lines.append(
            f"{is_broken.sum():,} poses come out as NaN although nothing is wrong with them: "
            f"the model's weights are damaged: {_list_numbers(is_broken)}"
        )
    sizes = lifted.size[lifted.rescaled]
    if len(sizes) > 0:
        lines.append(
            f"{len(sizes):,} poses were brought to the size of training before lifting: "
            f"they are {sizes.min():.2g} to {sizes.max():.2g} times as large as usual there "
            f"({SIZE_RANGE[0]} to {SIZE_RANGE[1]} are left alone)"
        )
    return lines


def _list_numbers(is_listed: np.ndarray) -> str:
    """Return the numbers of the poses that are listed (N,), or of the first of them."""
    numbers = np.flatnonzero(is_listed)
    listing = ", ".join(str(number) for number in numbers[:_MOST_LISTED])
    if len(numbers) > _MOST_LISTED:
        listing += ", ..."
    return listing


def collect_results(
    keypoints: Keypoints, lifted: Lifted, lifter: Lifter, *, source: str
) -> dict[str, np.ndarray]:
    """Return what is written to every file, by name; docs/keypoints.md explains them to users.

    source: the name of the input.
    """
    results = {
        "poses_3d": lifted.poses_3d,
        "joint_names": np.array(lifted.joint_names),
        "limbs": np.array(lifter.skeleton.limbs),
        "unit": np.array(lifted.unit),
        "axes": np.array(AXES),
        "frame": keypoints.frame,
        "person": keypoints.person,
        "source": np.array(source),
        "checkpoint": np.array(str(lifter.path)),
        "checkpoint_sha256": np.array(lifter.sha256()),
    }
    if lifted.scale is not None:
        results["scale"] = lifted.scale
    return results


def save_page(
    path: Path,
    keypoints: Keypoints,
    lifted: Lifted,
    skeleton: Skeleton,
    *,
    title: str,
    at_most: int,
) -> Figure | None:
    """Draw some of the poses on a page, save it and return it.

    If no pose was lifted, nothing is written, and None is returned.
    """
    chosen = _choose_poses(keypoints.person, lifted.failed, at_most=at_most)
    if len(chosen) == 0:
        return None
    captions = [f"frame {keypoints.frame[i]}, person {keypoints.person[i]}" for i in chosen]
    page = lifted_sheet(
        lifted.poses_2d[chosen],
        lifted.poses_3d[chosen],
        skeleton,
        captions=captions,
        title=title,
    )
    save_figure(path, page)
    return page


def _choose_poses(person: np.ndarray, failed: np.ndarray, *, at_most: int) -> np.ndarray:
    """Return the indices, ascending, of at most so many poses that could be lifted.

    person: (N,) numbers; failed: (N,). All people are shown, or as many as there is room for,
    those and each one's poses evenly spaced.
    """
    candidates = _evenly_spaced(np.arange(len(person)), _MOST_CANDIDATES)
    candidates = candidates[~failed[candidates]]
    if len(candidates) == 0:
        return candidates
    people = _evenly_spaced(np.unique(person[candidates]), at_most)
    chosen = []
    for number in people:
        poses_of_person = candidates[person[candidates] == number]
        chosen.append(_evenly_spaced(poses_of_person, at_most // len(people)))
    return np.sort(np.concatenate(chosen))


def _evenly_spaced(values: np.ndarray, at_most: int) -> np.ndarray:
    """Return at most so many of the values, the first and the last among them."""
    count = min(len(values), at_most)
    return values[np.unique(np.linspace(0, len(values) - 1, count).astype(int))]


def save_animation(
    path: Path, keypoints: Keypoints, lifted: Lifted, skeleton: Skeleton
) -> Path | None:
    """Draw the first frames of the person who is there longest as a moving picture.

    path has no suffix. Returns the path with the suffix that was written, or None if none of these
    poses could be lifted.
    """
    people, counts = np.unique(keypoints.person, return_counts=True)
    longest = people[counts.argmax()]
    frames = np.flatnonzero(keypoints.person == longest)[:_MOST_FRAMES]
    frames = frames[~lifted.failed[frames]]
    if len(frames) == 0:
        return None
    return animate(
        path,
        lifted.poses_2d[frames],
        lifted.poses_3d[frames],
        skeleton,
        frames=keypoints.frame[frames],
    )
