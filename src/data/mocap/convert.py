"""Motion capture in BVH files -> a set in Human3.6M's h5 layout: ``python -m src.data.mocap.convert BVH_DIR --out DIR``."""

import re
import sys
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from src.data.arrays import ACTIONS
from src.data.human36.folder import natural
from src.data.human36.load import SIMULATED_MARK
from src.data.human36.write_h5 import require_new, write_layout
from src.data.mocap import people as bvh_people
from src.data.mocap.bvh import read_bvh
from src.data.mocap.clips import UP, Clip, find_up, read_clip, stand_up
from src.data.synthetic.motion import make_cameras, rng_of, simulate_detections
from src.data.views import Motion, oddities
from src.errors import InputError, run_command
from src.skeletons import HUMAN36_JOINTS

TRAINING, TEST = (1, 5, 6, 7, 8), (9, 11)


def groups_of(people: list[str]) -> dict[tuple[int, ...], list[str]]:
    """Who stands behind which of Human3.6M's subjects."""
    count = max(1, round(len(people) * 2 / 7))
    return (
        {TRAINING: people[:-count], TEST: people[-count:]}
        if len(people) > 1
        else {TRAINING + TEST: people}
    )


def deal(clips: dict[str, list[np.ndarray]]) -> dict[int, list[np.ndarray]]:
    """Clips by person -> at least fifteen pieces for each of Human3.6M's subjects, one for each action.

    The last people, two in seven, are for testing and nothing else; one person alone is for both. Where there are fewer
    people than subjects these share their clips. Long clips are cut into halves until there are enough.
    """
    dealt = {}
    for subjects, names in groups_of(list(clips)).items():
        if len(names) >= len(subjects):
            for number, subject in enumerate(subjects):
                own = [clip for name in names[number :: len(subjects)] for clip in clips[name]]
                dealt[subject] = _cut(own, len(ACTIONS))
        else:
            pieces = _cut(
                [clip for name in names for clip in clips[name]], len(ACTIONS) * len(subjects)
            )
            dealt |= {
                subject: pieces[number :: len(subjects)] for number, subject in enumerate(subjects)
            }
    return dealt


def _cut(clips: list[np.ndarray], count: int) -> list[np.ndarray]:
    pieces = list(clips)
    while len(pieces) < count:
        longest = max(range(len(pieces)), key=lambda index: len(pieces[index]))
        half = len(pieces[longest]) // 2
        if not half:
            raise InputError(
                f"{sum(map(len, clips))} frames cannot be cut into {count} motions; give more BVH files"
            )
        pieces[longest : longest + 1] = pieces[longest][:half], pieces[longest][half:]
    return pieces


def read_folder(folder: Path, *, pattern: str | None, **how) -> dict[str, list[Clip]]:
    """Every BVH file in a folder and those below it -> clips by person, people and files in natural order."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give one with BVH files")
    found = (
        path
        for path in folder.rglob("*")
        if path.suffix.lower() == ".bvh" and path.is_file() and path.name[0] != "."
    )
    paths = sorted(found, key=lambda path: natural(path.as_posix()))
    if not paths:
        raise InputError(f"{folder}: no .bvh file in it or below it; give a folder with BVH files")
    people: dict[str, list[Clip]] = {}
    for path in tqdm(paths, disable=None):
        name = path.relative_to(folder).as_posix()
        usual = re.search(r"(?:^|/)(\d+)_\d+\.\w+$", name) or re.search(
            r"^(.+)/|^(.+)_|^(.+)\.", name
        )
        found = re.search(pattern, name) if pattern else usual
        person = found and next(filter(None, (*found.groups(), found[0])), None)
        if not person:
            raise InputError(
                f"{path}: --subject_pattern {pattern!r} finds nobody in {name}; change it"
            )
        people.setdefault(person, []).append(read_clip(path, **how))
    return people


def convert(
    folder: Path, out: Path, *, up, vary_bodies: bool, seed: int, distance, pitch, **how
) -> list[str]:
    """Turn the folder's BVH files into a set; -> what to tell the user, a line each."""
    people = read_folder(folder, **how)
    clips = [clip for own in people.values() for clip in own]
    alike: dict[str, list[Clip]] = {}  # one program wrote the files of a convention
    for clip in clips:
        alike.setdefault(clip.convention, []).append(clip)
    axes = {convention: up or find_up(own) for convention, own in alike.items()}
    headings = {
        clip.path: rng_of(seed, "heading", clip.path.name).uniform(0, 2 * np.pi) for clip in clips
    }
    poses = {
        name: [stand_up(clip.poses, axes[clip.convention], headings[clip.path]) for clip in own]
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
            motions.append(
                Motion(
                    subject,
                    action,
                    name,
                    bvh_people.with_lengths(piece, lengths),
                    f"{folder}: {name}",
                )
            )
        lines.append(f"S{subject}: {len(pieces)} motions, {sum(map(len, pieces)):,} frames")
    for subjects, names in groups_of(list(people)).items():
        lines.append(
            f"{', '.join(f'S{subject}' for subject in subjects)}: people {', '.join(names)}"
        )
    for convention, own in alike.items():
        units, rate = (
            " and ".join(sorted({clip.unit for clip in own})),
            min(clip.fps for clip in own),
        )
        said = f"{len(own)} files, names as {convention}, unit {units}, up {axes[convention]}"
        lines.append(f"{said}, {rate:.4g} frames a second kept")
    if len(people) == 1:
        lines.append(
            "one person alone: the test subjects are the training subjects; results say nothing of other people"
        )
    lines += [note for clip in clips for note in clip.notes]
    lines += [
        f"{clip.path}: {oddity}"
        for clip in clips
        for oddity in oddities(clip.poses, HUMAN36_JOINTS)
    ]
    cameras = make_cameras(
        seed,
        tuple(dealt),
        distance=sorted(1000 * d for d in distance),
        pitch=pitch and sorted(pitch),
    )
    text = (
        f"motion: BVH files; cameras and detections: simulated, seed {seed}\n"
        + "\n".join(lines)
        + "\n"
    )
    detect = partial(simulate_detections, seed=seed)
    write_layout(
        out, cameras, motions, total=len(motions), detect=detect, texts={SIMULATED_MARK: text}
    )
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

    parser = new_parser(
        "Turn BVH motion capture into a set in Human3.6M's h5 layout, seen by simulated cameras."
    )
    parser.add_argument(
        "bvh", type=Path, metavar="BVH_DIR", help="folder of BVH files; with --list, a file"
    )
    parser.add_argument("--out", type=Path, help="new folder for the set")
    parser.add_argument(
        "--list", action="store_true", help="print a file's joints and how they are understood"
    )
    parser.add_argument(
        "--joints", type=Path, metavar="MAP.json", help="where our joints are, for other names"
    )
    parser.add_argument(
        "--unit_mm", type=number(float, above=0), help="length of the files' unit; default: found"
    )
    parser.add_argument(
        "--up", choices=tuple(UP), help="axis that points up; default: found for each folder"
    )
    parser.add_argument(
        "--fps", type=number(float, above=0), default=50, help="most frames a second to keep"
    )
    parser.add_argument("--subject_pattern", metavar="REGEX", help="its first group, in a file's path, names the "
                        "person; default: 05 in 05_08.bvh, else the folder, else what is before an _")  # fmt: skip
    parser.add_argument(
        "--vary_bodies", action="store_true", help="give every subject proportions of their own"
    )
    distance, degrees = (
        number(float, at_least=3, at_most=100),
        number(float, at_least=-89, at_most=89),
    )
    parser.add_argument(
        "--distance", type=distance, nargs=2, default=(5.0, 5.8), help="of the cameras, m: from, to"
    )
    parser.add_argument(
        "--pitch", type=degrees, nargs=2, help="degrees by which the cameras look down: from, to"
    )
    parser.add_argument(
        "--seed", type=number(int, at_least=0, below=2**32), default=0, help="of every random draw"
    )
    args = vars(parser.parse_args(argv))
    folder, out, joints = args.pop("bvh"), args.pop("out"), args.pop("joints")
    joints = None if joints is None else bvh_people.read_map(joints)
    if args.pop("list"):
        print("\n".join(list_joints(folder, joints)))
        return
    if out is None:
        raise InputError("--out DIR: give the new folder for the set, or --list")
    require_new(out)
    try:
        re.compile(args["subject_pattern"] or "")
    except re.error as error:
        raise InputError(f"--subject_pattern: {error}") from None
    how = {"pattern": args.pop("subject_pattern"), "joints": joints}
    print("\n".join(convert(folder, out, **args, **how)))


if __name__ == "__main__":
    sys.exit(main())
