"""Motion capture in BVH files -> a set in Human3.6M's h5 layout: ``python -m src.data.motion BVH_DIR --out DIR``."""

import re
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d
from tqdm import tqdm

from src.data import bvh_people
from src.data.arrays import ACTIONS
from src.data.bvh import read_bvh
from src.data.h5_layout import write_layout
from src.data.human36 import SIMULATED_MARK, oddities
from src.data.synthetic import make_cameras, rng_of, simulate_detections
from src.data.views import Motion, check_values
from src.errors import InputError, run_command
from src.skeletons import HUMAN36_JOINTS

TRAINING, TEST = (1, 5, 6, 7, 8), (9, 11)
_FASTEST = 12_000  # mm/s of a joint relative to the hips: what is faster is a jump in the data, not a move
_SHORTEST = 0.25  # s: what lies between jumps and is shorter is left out
_ROOM = 1000  # mm: so far from the middle of the rig may hips go
_UP = {"+x": (0, 1), "-x": (0, -1), "+y": (1, 1), "-y": (1, -1), "+z": (2, 1), "-z": (2, -1)}


class Clip(NamedTuple):
    """What a BVH file says: poses (F,32,3) mm, in the file's axes; fps; said: how it was understood."""

    path: Path
    poses: np.ndarray
    fps: float
    convention: str
    unit: str
    notes: tuple[str, ...]


def read_clip(path: Path, *, fps: float, joints: dict | None = None, unit_mm: float | None = None) -> Clip:
    """Read a file, with at most ``fps`` frames a second; a leading T-pose and jumps in the data are left out."""
    bvh = read_bvh(path)
    convention, found = bvh_people.understand(bvh, path, joints)
    restored = bvh_people.restore_lost_bones(bvh, found)
    unit, mm = bvh_people.unit_of(bvh, found, path) if unit_mm is None else (f"{unit_mm:g} mm", unit_mm)
    step = int(np.ceil(1 / bvh.frame_time / fps - 1e-3))
    poses = bvh_people.places(bvh, found, bvh.motion[:: max(step, 1)]) * mm
    check_values(poses, path)
    rate = 1 / bvh.frame_time / max(step, 1)
    kept = _without_jumps(poses, rate, first=_leading_t_pose(poses))
    notes = list(bvh.notes)
    if restored:
        notes.append(f"{path}: the bone from the spine to {', '.join(restored)} is lost; put back")
    if kept.sum() < len(poses) - 5:
        notes.append(
            f"{path}: {len(poses) - kept.sum()} of {len(poses)} frames left out: T-pose, or faster than people"
        )
    if not kept.any():
        raise InputError(f"{path}: holds no motion: {len(poses)} frames, all T-pose or jumps; leave it out")
    return Clip(path, poses[kept], rate, convention, unit, tuple(notes))


def _joint(poses: np.ndarray, name: str) -> np.ndarray:
    return poses[:, HUMAN36_JOINTS.index(name)]


def _leading_t_pose(poses: np.ndarray) -> int:
    """How many frames at the start have both arms straight along the line of the shoulders."""
    line = _joint(poses, "left_shoulder") - _joint(poses, "right_shoulder")
    level = np.ones(len(poses), dtype=bool)
    for side, sign in (("left", 1), ("right", -1)):
        arm = sign * (_joint(poses, f"{side}_wrist") - _joint(poses, f"{side}_shoulder"))
        cosine = (arm * line).sum(axis=1) / np.maximum(np.linalg.norm(arm, axis=1) * np.linalg.norm(line, axis=1), 1e-9)
        level &= cosine > np.cos(np.radians(25))
    return len(poses) if level.all() else int(level.argmin())


def _without_jumps(poses: np.ndarray, fps: float, *, first: int) -> np.ndarray:
    """(F,) which frames to keep: from ``first`` on, those in a stretch between jumps that isn't too short."""
    moved = np.linalg.norm(np.diff(poses - poses[:, :1], axis=0), axis=-1).max(axis=1, initial=0) * fps
    stretch = np.concatenate([[0], np.cumsum(moved > _FASTEST)])
    keep = np.arange(len(poses)) >= first
    return keep & (np.bincount(stretch, weights=keep)[stretch] >= _SHORTEST * fps)


def find_up(clips: list[Clip]) -> str:
    """The axis along which most clips have the head over the feet."""
    votes = []
    for clip in clips:
        feet = (_joint(clip.poses, "left_ankle") + _joint(clip.poses, "right_ankle")) / 2
        upright = (_joint(clip.poses, "head") - feet).mean(axis=0)
        axis = int(np.abs(upright).argmax())
        votes.append(f"{'-' if upright[axis] < 0 else '+'}{'xyz'[axis]}")
    return max(sorted(set(votes)), key=votes.count)


def stand_up(poses: np.ndarray, up: str, heading: float) -> np.ndarray:
    """Poses (F,32,3) -> the same with z up, turned about it by ``heading`` radians, on the floor, kept in view.

    The floor is where the lowest joint is in all but the lowest hundredth of the frames. Hips are kept within a metre
    of the middle: who walks further walks on the spot, in part.
    """
    axis, sign = _UP[up]
    turn = np.zeros((3, 3))
    turn[2, axis], turn[0, (axis + 1) % 3 if sign > 0 else (axis + 2) % 3] = sign, 1
    turn[1] = np.cross(turn[2], turn[0])
    cosine, sine = np.cos(heading), np.sin(heading)
    world = poses @ turn.T @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    world[..., 2] -= np.percentile(world[..., 2].min(axis=1), 1)
    hips = world[:, 0, :2]
    world[..., :2] -= (hips.min(axis=0) + hips.max(axis=0)) / 2
    path = gaussian_filter1d(world[:, 0, :2], 10, axis=0, mode="nearest")
    world[..., :2] -= (path * max(0, 1 - _ROOM / max(np.linalg.norm(path, axis=1).max(), 1e-9)))[:, None]
    return world


def deal(clips: dict[str, list[np.ndarray]]) -> dict[int, list[np.ndarray]]:
    """Clips by person -> at least fifteen pieces for each of Human3.6M's subjects, one for each action.

    The last people, two in seven, are for testing and nothing else; one person alone is for both. Where there are fewer
    people than subjects these share their clips. Long clips are cut into halves until there are enough.
    """
    people = list(clips)
    tested = people[len(people) - max(1, round(len(people) * 2 / 7)) :] if len(people) > 1 else []
    groups = {TRAINING: [name for name in people if name not in tested], TEST: tested}
    if not tested:
        groups = {TRAINING + TEST: people}
    dealt = {}
    for subjects, names in groups.items():
        if len(names) >= len(subjects):
            for number, subject in enumerate(subjects):
                own = [clip for name in names[number :: len(subjects)] for clip in clips[name]]
                dealt[subject] = _cut(own, len(ACTIONS))
        else:
            pieces = _cut([clip for name in names for clip in clips[name]], len(ACTIONS) * len(subjects))
            dealt |= {subject: pieces[number :: len(subjects)] for number, subject in enumerate(subjects)}
    return dealt


def _cut(clips: list[np.ndarray], count: int) -> list[np.ndarray]:
    pieces = list(clips)
    while len(pieces) < count:
        longest = max(range(len(pieces)), key=lambda index: len(pieces[index]))
        half = len(pieces[longest]) // 2
        if not half:
            raise InputError(f"{sum(map(len, clips))} frames cannot be cut into {count} motions; give more BVH files")
        pieces[longest : longest + 1] = pieces[longest][:half], pieces[longest][half:]
    return pieces


def read_folder(folder: Path, *, pattern: str | None, **how) -> dict[str, list[Clip]]:
    """Every BVH file in a folder and those below it -> clips by person, people and files in natural order."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give one with BVH files")
    paths = sorted(
        (path for path in folder.rglob("*") if path.suffix.lower() == ".bvh" and path.is_file()), key=_natural
    )
    if not paths:
        raise InputError(f"{folder}: no .bvh file in it or below it; give a folder with BVH files")
    people: dict[str, list[Clip]] = {}
    for path in tqdm(paths, disable=None):
        name = path.relative_to(folder).as_posix()
        found = re.search(pattern or r"([^/_]+)_[^/]*$|^(.+)/|(.+)\.", name)
        if found is None:
            raise InputError(f"{path}: --subject_pattern {pattern!r} does not match {name}; change it")
        person = next(filter(None, (*found.groups(), found[0])))
        people.setdefault(person, []).append(read_clip(path, **how))
    return people


def _natural(path: Path):
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", path.as_posix())]


def convert(folder: Path, out: Path, *, up, vary_bodies: bool, seed: int, distance, pitch, **how) -> list[str]:
    """Turn the folder's BVH files into a set; -> what to tell the user, a line each."""
    people = read_folder(folder, **how)
    clips = [clip for own in people.values() for clip in own]
    by_folder: dict[Path, list[Clip]] = {}
    for clip in clips:
        by_folder.setdefault(clip.path.parent, []).append(clip)
    axes = {parent: up or find_up(own) for parent, own in by_folder.items()}
    headings = {clip.path: rng_of(seed, "heading", clip.path.name).uniform(0, 2 * np.pi) for clip in clips}
    poses = {
        name: [stand_up(clip.poses, axes[clip.path.parent], headings[clip.path]) for clip in own]
        for name, own in people.items()
    }
    dealt = deal(poses)
    motions, lines = [], []
    for subject, pieces in dealt.items():
        lengths = bvh_people.bone_lengths(np.concatenate(pieces))
        if vary_bodies:
            lengths = bvh_people.varied(lengths, rng_of(seed, "body", subject))
        for number, piece in enumerate(pieces):
            action, repeat = ACTIONS[number % len(ACTIONS)], number // len(ACTIONS)
            name = f"{action} {repeat}" if repeat else action
            motions.append(Motion(subject, action, name, bvh_people.with_lengths(piece, lengths), f"{folder}: {name}"))
        lines.append(f"S{subject}: {len(pieces)} motions, {sum(map(len, pieces)):,} frames")
    for parent, own in by_folder.items():
        words = [" and ".join(sorted({getattr(clip, field) for clip in own})) for field in ("convention", "unit")]
        lines.append(f"{parent}: {len(own)} files, names as {words[0]}, unit {words[1]}, up {axes[parent]}, "
                     f"{min(clip.fps for clip in own):.4g} frames a second kept")  # fmt: skip
    if len(people) == 1:
        lines.append(
            "one person alone: the test subjects are the training subjects; results say nothing of other people"
        )
    lines += [note for clip in clips for note in clip.notes]
    lines += [f"{clip.path}: {oddity}" for clip in clips for oddity in oddities(clip.poses, HUMAN36_JOINTS)]
    cameras = make_cameras(seed, tuple(dealt), distance=tuple(1000 * d for d in distance), pitch=pitch)
    text = f"motion: BVH files; cameras and detections: simulated, seed {seed}\n" + "\n".join(lines) + "\n"
    detect = partial(simulate_detections, seed=seed)
    write_layout(out, cameras, motions, total=len(motions), detect=detect, texts={SIMULATED_MARK: text})
    return lines


def list_joints(path: Path, joints: dict | None) -> list[str]:
    """The joints of a file, and how they were understood."""
    bvh = read_bvh(path)
    try:
        convention, found = bvh_people.understand(bvh, path, joints)
        headline = f"{path}: names as {convention}"
    except InputError as error:
        headline, found = str(error), {}
    ours = {}
    for name, (first, _, second) in found.items():
        for node in {first, second}:
            ours.setdefault(node, []).append(name)
    return [headline] + [
        f"{'  ' * len(bvh.ancestors(node.parent))}{node.name}  {', '.join(ours.get(index, []))}".rstrip()
        for index, node in enumerate(bvh.nodes)
    ]


def main(argv=None) -> int:
    """The command line -> exit code."""
    return run_command(_main, argv)


def _main(argv):
    from opts.parsing import new_parser  # only the command line knows of options
    from opts.types import number

    parser = new_parser("Turn BVH motion capture into a set in Human3.6M's h5 layout, seen by simulated cameras.")
    parser.add_argument("bvh", type=Path, metavar="BVH_DIR", help="folder of BVH files; with --list, a file")
    parser.add_argument("--out", type=Path, help="new folder for the set")
    parser.add_argument("--list", action="store_true", help="print a file's joints and how they are understood")
    parser.add_argument("--joints", type=Path, metavar="MAP.json", help="where our joints are, for other names")
    parser.add_argument("--unit_mm", type=number(float, above=0), help="length of the files' unit; default: found")
    parser.add_argument("--up", choices=tuple(_UP), help="axis that points up; default: found for each folder")
    parser.add_argument("--fps", type=number(float, above=0), default=50, help="most frames a second to keep")
    parser.add_argument("--subject_pattern", metavar="REGEX", help="its first group, in a file's path, names the "
                        "person; default: what is before the last _ of the name, or else the folder")  # fmt: skip
    parser.add_argument("--vary_bodies", action="store_true", help="give every subject proportions of their own")
    distance, degrees = number(float, at_least=1, at_most=100), number(float, at_least=-89, at_most=89)
    parser.add_argument("--distance", type=distance, nargs=2, default=(5.0, 5.8), help="of the cameras, m: from, to")
    parser.add_argument("--pitch", type=degrees, nargs=2, help="degrees by which the cameras look down: from, to")
    parser.add_argument("--seed", type=number(int, at_least=0, below=2**32), default=0, help="of every random draw")
    args = vars(parser.parse_args(argv))
    folder, out, joints = args.pop("bvh"), args.pop("out"), args.pop("joints")
    joints = None if joints is None else bvh_people.read_map(joints)
    if args.pop("list"):
        print("\n".join(list_joints(folder, joints)))
        return
    if out is None:
        raise InputError("--out DIR: give the new folder for the set, or --list")
    try:
        re.compile(args["subject_pattern"] or "")
    except re.error as error:
        raise InputError(f"--subject_pattern: {error}") from None
    how = {"pattern": args.pop("subject_pattern"), "joints": joints}
    print("\n".join(convert(folder, out, **args, **how)))


if __name__ == "__main__":
    sys.exit(main())
