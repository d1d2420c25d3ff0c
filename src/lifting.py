"""What run_model.py does between its options and its files: input, lifting in parts, words, pictures."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from src.errors import InputError
from src.keypoints.files import read_keypoints
from src.keypoints.layouts import Keypoints, derived, get_layout, to_skeleton, underivable
from src.keypoints.mistakes import likely_mistakes
from src.lifted_files import write_csv, write_json, write_npz
from src.lifter import SIZE_RANGE, Lifted, Lifter
from src.plotting.figures import save_figure
from src.plotting.lifted import animate, lifted_sheet

_PART = 32768  # poses in memory at a time
_MOST_MOVING = 300  # poses in a moving picture
_MOST_LOOKED_AT = 4096  # poses from which pictures are chosen
_AXES = "x right, y down, z away from the camera; the root joint at the origin"


def read_input(path: str, layout: str | None, image_size) -> Keypoints:
    """The poses of a file or folder; those of a folder of npz files, as demo_data/, end to end."""
    names = None if layout is None else get_layout(layout)
    folder = Path(path)
    files = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    found = _concatenate([(file, read_keypoints(file, names)) for file in files]) if files else None
    found = found or read_keypoints(path, names)
    if image_size is None:
        return found
    reach = np.fmax.reduce(np.abs(found.poses), axis=None, initial=0)  # fmax and fmin pass over NaN
    if reach > 2:
        raise InputError(
            f"{path}: --image_size: coordinates reach {reach:.0f}: these are no fractions of an image"
        )
    poses = np.asarray(found.poses, dtype=np.float32)
    lowest = np.fmin.reduce(poses, axis=None, initial=0)
    if lowest < -0.2:  # the image's middle is 0
        poses = (poses + 1) / 2
    note = f"taken for fractions of {image_size} px, from {-1 if lowest < -0.2 else 0} to 1 in x and in y"
    poses = poses * np.array(image_size, dtype=np.float32)
    return found._replace(poses=poses, notes=(*found.notes, note))


def _concatenate(parts: list[tuple[Path, Keypoints]]) -> Keypoints:
    """Files of the same joints end to end; frames count on."""
    if len({keypoints.joints for _, keypoints in parts}) > 1:
        raise InputError(f"{parts[0][0].parent}: its files hold different joints; give one file")
    poses = np.concatenate([keypoints.poses for _, keypoints in parts])
    person = np.repeat(np.arange(len(parts)), [len(keypoints.poses) for _, keypoints in parts])
    notes = (
        ", ".join(f"{path.name}: {len(k.poses)}" for path, k in parts)
        + " poses; the person number counts files",
    )
    return Keypoints(poses, parts[0][1].joints, np.arange(len(poses)), person, notes)


def describe_input(keypoints: Keypoints, lifter: Lifter) -> list[str]:
    """Lines on what was read, what the model will see of it, and what looks like a mistake."""
    skeleton = lifter.skeleton
    lines = [f"{len(keypoints.poses):,} poses of {len(keypoints.joints)} joints", *keypoints.notes]
    if estimated := derived(keypoints.joints, skeleton):
        lines.append(f"estimated from other joints: {', '.join(estimated)}")
    if lacking := underivable(keypoints.joints, skeleton):
        lines.append(f"not there, so missing in every pose: {', '.join(lacking)}")
    sample = keypoints.poses[:: max(len(keypoints.poses) // 2000, 1)]
    mistakes = likely_mistakes(to_skeleton(sample, keypoints.joints, skeleton), skeleton)
    return lines + [f"WARNING: {mistake}" for mistake in mistakes]


@dataclass
class Counts:
    """What happened to the poses on the way."""

    poses: int = 0
    missing_joints: int = 0
    partial: int = 0
    rescaled: int = 0
    sizes: list[float] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    def add(self, lifted: Lifted):
        """Count some more."""
        missing = np.isnan(lifted.poses_2d).any(axis=2)
        self.failed += (np.flatnonzero(lifted.failed) + self.poses).tolist()
        self.poses += len(missing)
        self.missing_joints += int(missing.sum())
        self.partial += int((missing.any(axis=1) & ~lifted.failed).sum())
        self.rescaled += int(lifted.rescaled.sum())
        self.sizes = [*self.sizes, *lifted.size[lifted.rescaled]]
        self.sizes = [min(self.sizes), max(self.sizes)] if self.sizes else []

    def lines(self) -> list[str]:
        """The same in words."""
        found = []
        if self.missing_joints:
            found.append(
                f"{self.missing_joints:,} joints are missing; {self.partial:,} poses were lifted without some"
            )
        if self.failed:
            shown = ", ".join(map(str, self.failed[:20])) + (
                ", ..." if len(self.failed) > 20 else ""
            )
            found.append(
                f"{len(self.failed):,} poses lack half of their joints, or the root, and come out as NaN: {shown}"
            )
        if self.rescaled:
            low, high = self.sizes
            found.append(
                f"{self.rescaled:,} poses were brought to the size of training before lifting: they are {low:.2g} to "
                f"{high:.2g} times as large as usual there ({SIZE_RANGE[0]} to {SIZE_RANGE[1]} are left alone)"
            )
        return found


def lift_to_files(
    keypoints: Keypoints, lifter: Lifter, out: Path, *, rescale: str, source: str, formats
) -> Counts:
    """Lift all poses, part by part, into poses_3d.npz, and into the other formats from there."""
    count, skeleton, counts, scales = len(keypoints.poses), lifter.skeleton, Counts(), []
    arrays = {
        "joint_names": skeleton.joints,
        "limbs": skeleton.limbs,
        "unit": lifter.unit,
        "axes": _AXES,
        "frame": keypoints.frame,
        "person": keypoints.person,
        "source": source,
        "checkpoint": str(lifter.path),
        "checkpoint_sha256": lifter.sha256(),
    }

    def parts():
        with tqdm(total=count, unit="pose", disable=None if count > _PART else True) as bar:
            for start in range(0, count, _PART):
                lifted = lifter(
                    keypoints.poses[start : start + _PART], keypoints.joints, rescale=rescale
                )
                counts.add(lifted)
                if lifted.scale is not None:
                    scales.append(lifted.scale)
                yield lifted.poses_3d
                bar.update(len(lifted.poses_3d))
        if scales:
            arrays["scale"] = np.concatenate(scales)

    path = out / "poses_3d.npz"
    write_npz(path, parts(), (count, skeleton.num_joints, 3), arrays)
    for name, write in (("json", write_json), ("csv", write_csv)):
        if name in formats:
            with np.load(path) as file:
                write(path.with_suffix(f".{name}"), dict(file))
    return counts


def _evenly(values: np.ndarray, at_most: int) -> np.ndarray:
    return values[np.unique(np.linspace(0, len(values) - 1, min(len(values), at_most)).astype(int))]


def save_pictures(
    keypoints: Keypoints, lifter: Lifter, out: Path, *, rescale: str, at_most: int, moving: bool
) -> list:
    """Poses that can be lifted, of every person, on a page, and a moving picture of a sequence -> paths."""
    chosen = _evenly(np.arange(len(keypoints.poses)), _MOST_LOOKED_AT)
    lifted = lifter(keypoints.poses[chosen], keypoints.joints, rescale=rescale)
    persons = [
        np.flatnonzero((keypoints.person[chosen] == p) & ~lifted.failed)
        for p in np.unique(keypoints.person[chosen])
    ]
    persons = [good for good in persons if len(good)]
    if not persons:
        return []
    persons = [persons[i] for i in _evenly(np.arange(len(persons)), at_most)]
    good = np.sort(np.concatenate([_evenly(person, at_most // len(persons)) for person in persons]))
    captions = [f"frame {keypoints.frame[i]}, person {keypoints.person[i]}" for i in chosen[good]]
    title = f"{lifter.path.parent.name}, {lifter.unit}"
    sheet = lifted_sheet(
        lifted.poses_2d[good],
        lifted.poses_3d[good],
        lifter.skeleton,
        captions=captions,
        title=title,
    )
    paths = [out / "poses_3d.png"]
    save_figure(paths[0], sheet)
    if moving:
        numbers, counts = np.unique(keypoints.person, return_counts=True)
        one = np.flatnonzero(keypoints.person == numbers[counts.argmax()])[
            :_MOST_MOVING
        ]  # who is there longest
        lifted = lifter(keypoints.poses[one], keypoints.joints, rescale=rescale)
        seen = ~lifted.failed
        if seen.any():
            both = lifted.poses_2d[seen], lifted.poses_3d[seen]
            paths.append(
                animate(out / "poses_3d", *both, lifter.skeleton, frames=keypoints.frame[one][seen])
            )
    return paths
