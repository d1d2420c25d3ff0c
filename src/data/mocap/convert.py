"""From a folder of BVH files to a set in Human3.6M's h5 layout, seen by simulated cameras."""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from src.data.arrays import ACTIONS
from src.data.human36.folder import natural
from src.data.human36.load import SIMULATED_MARK
from src.data.human36.write_h5 import write_layout
from src.data.mocap.bones import bone_lengths, vary_lengths, with_lengths
from src.data.mocap.clips import Clip, find_up, read_clip, stand_up
from src.data.mocap.manifest import (
    LEFT_OUT_PART,
    TEST_PART,
    TRAINING_PART,
    find_clips,
    people_of_part,
    read_manifest,
)
from src.data.synthetic.motion import make_cameras, rng_of, simulate_detections
from src.data.views import Motion, oddities
from src.errors import InputError, shown
from src.skeletons import HUMAN36_JOINTS

# The subjects of Human3.6M, as the paper divides them.
TRAINING = (1, 5, 6, 7, 8)
TEST = (9, 11)


@dataclass(frozen=True)
class Conversion:
    """What `convert` did.

    Attributes:
        lines: how the files were understood, a line each.
        problems: a line for every clip that is missing, not what a manifest says, or no good.
    """

    lines: list[str]
    problems: list[str]


def convert(
    folder: Path,
    out: Path,
    *,
    manifest: Path | None,
    pattern: str | None,
    joint_map: dict | None,
    unit_mm: float | None,
    up: str | None,
    fps: float,
    vary_bodies: bool,
    distance_m,
    pitch,
    seed: int,
) -> Conversion:
    """Turn the BVH files of a folder into a set. Clips that are no good are left out.

    Args:
        folder: of the files; those in folders below it belong to it.
        out: a new folder for the set.
        manifest: a file that `read_manifest` reads. It says which clips are taken, who moves in
            them, and who trains; training subjects have proportions of their own then, and the test
            subjects those of the people in the files. None takes every file.
        pattern: see `person_of`; without a manifest alone.
        joint_map, unit_mm, fps: see `read_clip`.
        up: the axis of the files that points up, one of `UP_CHOICES`; None finds it.
        vary_bodies: give every subject proportions of their own, instead of those of the people in
            the files.
        distance_m: two distances in metres between which the cameras are, in any order.
        pitch: two angles in degrees, in any order, between which the cameras look down; None: they
            look from a person's height.
        seed: for all random draws.

    Raises:
        InputError: if no file is any good, or there are too few frames; for a manifest that can't
            be read; or if ``out`` can't be written.
    """
    if manifest is None:
        selection = _select_all(folder, pattern, vary_bodies=vary_bodies)
    else:
        selection = _select_listed(folder, manifest)
    people, damages = read_people(
        selection.people_of_paths, fps=fps, joint_map=joint_map, unit_mm=unit_mm
    )
    groups = selection.groups
    if groups is None:
        groups = groups_of(list(people))

    up_axes = _up_axes(people, up)
    poses = _stand_up_people(people, up_axes, seed)
    dealt = deal(poses, groups, whole_people=selection.whole_people)
    motions = _make_motions(dealt, folder, varied_subjects=selection.varied_subjects, seed=seed)
    cameras = make_cameras(
        seed,
        tuple(dealt),
        distance=sorted(1000 * distance for distance in distance_m),
        pitch=None if pitch is None else sorted(pitch),
    )
    lines = _describe(people, groups, dealt, up_axes)
    for clips in people.values():
        for clip in clips:
            lines += _remarks(clip, selection.names_of_paths[clip.path])
    num_hidden = sum(path.suffix.lower() == ".bvh" for path in folder.rglob("._*"))
    if num_hidden > 0:
        lines.append(f"{num_hidden} files ._*.bvh of macOS skipped")
    headline = f"motion: BVH files; cameras and detections: simulated, seed {seed}"
    write_layout(
        out,
        cameras,
        motions,
        total=len(motions),
        detect=partial(simulate_detections, seed=seed),
        texts={SIMULATED_MARK: "\n".join([headline, *lines, ""])},
    )
    return Conversion(lines=lines, problems=[*selection.problems, *damages])


@dataclass(frozen=True)
class _Selection:
    """Which files make a set, and how their people become subjects.

    Attributes:
        people_of_paths: {path of a file to be read: who moves in it}.
        names_of_paths: {the same path: the name that the user knows the clip by}.
        groups: who stands behind training and test subjects, in the form of `groups_of`, which
            decides where this is None.
        whole_people: see `deal`.
        varied_subjects: those that get proportions of their own.
        problems: a line for every clip that is missing, or is not what a manifest says.
    """

    people_of_paths: dict[Path, str]
    names_of_paths: dict[Path, str]
    groups: dict[tuple[int, ...], list[str]] | None
    whole_people: bool
    varied_subjects: tuple[int, ...]
    problems: list[str]


def _select_all(folder: Path, pattern: str | None, *, vary_bodies: bool) -> _Selection:
    """Take every BVH file of a folder. Raises InputError as `find_files` and `person_of` do."""
    paths = find_files(folder)
    return _Selection(
        people_of_paths={path: person_of(path, folder, pattern) for path in paths},
        names_of_paths={path: path.relative_to(folder).as_posix() for path in paths},
        groups=None,
        whole_people=True,
        varied_subjects=TRAINING + TEST if vary_bodies else (),
        problems=[],
    )


def _select_listed(folder: Path, manifest: Path) -> _Selection:
    """Take the files of a folder that a manifest lists and does not leave out.

    They are known by their names, in whatever folders they are: so the set is the same everywhere.
    Raises InputError as `find_files` and `read_manifest` do.
    """
    paths = find_files(folder)
    clips = read_manifest(manifest)
    clip_paths, problems = find_clips(clips, paths)
    people_of_paths = {}
    for clip in clips:
        if clip.clip in clip_paths and clip.part != LEFT_OUT_PART:
            people_of_paths[clip_paths[clip.clip]] = clip.person
    return _Selection(
        people_of_paths=people_of_paths,
        names_of_paths={path: path.name for path in people_of_paths},
        groups={
            TRAINING: people_of_part(clips, TRAINING_PART),
            TEST: people_of_part(clips, TEST_PART),
        },
        # Where proportions are drawn, no subject has the body of anyone in the files anyway.
        whole_people=False,
        varied_subjects=TRAINING,
        problems=problems,
    )


def read_people(
    people_of_paths: dict[Path, str],
    *,
    fps: float,
    joint_map: dict | None = None,
    unit_mm: float | None = None,
) -> tuple[dict[str, list[Clip]], list[str]]:
    """Read BVH files.

    Args:
        people_of_paths: {path: who moves in the file}.
        fps, joint_map, unit_mm: see `read_clip`.

    Returns:
        Clips by person, people and clips in the order of the files; and a line for each file that
        is no good, which is left out.

    Raises:
        InputError: if no file is any good.
    """
    people: dict[str, list[Clip]] = {}
    damages = []
    for path, person in tqdm(people_of_paths.items(), disable=None):
        try:
            clip = read_clip(path, fps=fps, joint_map=joint_map, unit_mm=unit_mm)
        except InputError as error:
            damages.append(str(error))
            continue
        people.setdefault(person, []).append(clip)
    if not people:
        if not damages:
            raise InputError("none of the clips that the manifest lists is there")
        others = len(damages) - 1
        also = f" (and {others} more files are no good)" if others else ""
        raise InputError(f"{damages[0]}{also}")
    return people, damages


def find_files(folder: Path) -> list[Path]:
    """Return the BVH files in a folder and those below it, in natural order of their paths.

    Raises InputError if there are none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give one with BVH files")
    paths = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() == ".bvh" and path.is_file() and not path.name.startswith(".")
    ]
    if not paths:
        raise InputError(f"{folder}: no .bvh file in it or below it; give a folder with BVH files")
    return sorted(paths, key=lambda path: natural(path.as_posix()))


def person_of(path: Path, folder: Path, pattern: str | None) -> str:
    """Return the name of the person in a file.

    With a pattern, a regular expression that is searched in the file's path within ``folder``, it
    is what the first group holds that holds anything, or the whole match without groups. Without
    one it is, for ``folder/05_08.bvh`` as for all of CMU's files, the number 05; else the file's
    folder; else what is before the last underscore; else the file's name.

    Raises:
        InputError: if the pattern finds nothing in the path.
    """
    name = path.relative_to(folder).as_posix()
    if not pattern:
        return _usual_person(name)
    match = re.search(pattern, name)
    if match is not None:
        for person in (*match.groups(), match[0]):
            if person:
                return person
    raise InputError(
        f"{path}: --subject_pattern {shown(pattern)} finds nobody in {name}; change it"
    )


def _usual_person(name: str) -> str:
    """Return whom a file belongs to by its path within the folder; see `person_of`."""
    parent, _, file_name = name.rpartition("/")
    two_numbers = re.fullmatch(r"(\d+)_\d+\.\w+", file_name)  # person and take
    if two_numbers:
        return two_numbers[1]
    if parent:
        return parent
    stem = Path(file_name).stem
    before_underscore, _, _ = stem.rpartition("_")
    return before_underscore if before_underscore else stem


def groups_of(people: list[str]) -> dict[tuple[int, ...], list[str]]:
    """Divide people between the training and the test subjects of Human3.6M.

    The last people, two in seven as in Human3.6M but at least one, stand behind the test subjects
    and nobody else does. One person alone has to stand behind all.

    Returns:
        {subjects: the people behind them}.
    """
    if len(people) == 1:
        return {TRAINING + TEST: people}
    test_count = max(1, round(len(people) * 2 / 7))
    return {TRAINING: people[:-test_count], TEST: people[-test_count:]}


def deal(
    clips: dict[str, list[np.ndarray]],
    groups: dict[tuple[int, ...], list[str]],
    *,
    whole_people: bool,
) -> dict[int, list[np.ndarray]]:
    """Give every subject of Human3.6M at least fifteen clips, one for each action.

    Where a group has as many people as subjects, or more, a subject can get whole people; otherwise
    its subjects share the clips of its people. Long clips are cut until there are enough.

    Args:
        clips: the poses (F,...) of each clip by person.
        groups: {subjects: the people behind them}, as `groups_of` gives them. People without clips
            may be among them.
        whole_people: give whole people where there are enough. Otherwise clips are always shared,
            which gives every subject about as many frames, whoever has the most clips.

    Returns:
        {subject: its clips, or pieces of them}.

    Raises:
        InputError: if there are too few frames.
    """
    dealt = {}
    for subjects, group in groups.items():
        people = [person for person in group if person in clips]
        if whole_people and len(people) >= len(subjects):
            for number, subject in enumerate(subjects):
                people_of_subject = people[number :: len(subjects)]
                dealt[subject] = cut(_clips_of(people_of_subject, clips), len(ACTIONS))
        else:
            pieces = cut(_clips_of(people, clips), len(ACTIONS) * len(subjects))
            for number, subject in enumerate(subjects):
                dealt[subject] = pieces[number :: len(subjects)]
    return dealt


def _clips_of(people: list[str], clips: dict[str, list[np.ndarray]]) -> list[np.ndarray]:
    """Return the clips of several people, one person after the other."""
    joined = []
    for person in people:
        joined += clips[person]
    return joined


def cut(clips: list[np.ndarray], count: int) -> list[np.ndarray]:
    """Halve the longest clip, again and again, until there are ``count`` pieces or more.

    Raises InputError if there are too few frames.
    """
    pieces = list(clips)
    while len(pieces) < count:
        lengths = [len(piece) for piece in pieces]
        longest = lengths.index(max(lengths))
        half = lengths[longest] // 2
        if half == 0:
            raise InputError(
                f"{sum(lengths)} frames cannot be cut into {count} motions; give more BVH files"
            )
        piece = pieces[longest]
        pieces[longest : longest + 1] = [piece[:half], piece[half:]]
    return pieces


def _clips_by_convention(people: dict[str, list[Clip]]) -> dict[str, list[Clip]]:
    """Return all clips by whose names their joints have, in the order in which these appear."""
    clips_by_convention: dict[str, list[Clip]] = {}
    for clips in people.values():
        for clip in clips:
            clips_by_convention.setdefault(clip.convention, []).append(clip)
    return clips_by_convention


def _up_axes(people: dict[str, list[Clip]], up: str | None) -> dict[str, str]:
    """Return the axis that points up by convention of names.

    One program wrote all files of a convention, so they agree. A vote of all is safer than the word
    of one, in which somebody may lie on the floor.
    """
    up_axes = {}
    for convention, clips in _clips_by_convention(people).items():
        up_axes[convention] = find_up(clips) if up is None else up
    return up_axes


def _stand_up_people(
    people: dict[str, list[Clip]], up_axes: dict[str, str], seed: int
) -> dict[str, list[np.ndarray]]:
    """Return the poses (F,32,3) of every person's clips in the world, each turned at random."""
    poses = {}
    for person, clips in people.items():
        poses[person] = []
        for clip in clips:
            heading = rng_of(seed, "heading", clip.path.name).uniform(0, 2 * np.pi)
            poses[person].append(stand_up(clip.poses, up_axes[clip.convention], heading))
    return poses


def _make_motions(
    dealt: dict[int, list[np.ndarray]],
    folder: Path,
    *,
    varied_subjects: tuple[int, ...],
    seed: int,
) -> list[Motion]:
    """Name the pieces of every subject after the actions, and give the subject fixed bones.

    The fifteen actions are only names here: "Eating" need not be eating. From the sixteenth piece
    on a name gets a number, as the second take of an action has in Human3.6M: "Eating 1".
    """
    motions = []
    for subject, pieces in dealt.items():
        lengths = bone_lengths(np.concatenate(pieces))
        if subject in varied_subjects:
            lengths = vary_lengths(lengths, rng_of(seed, "body", subject))
        for number, piece in enumerate(pieces):
            take, action_index = divmod(number, len(ACTIONS))
            action = ACTIONS[action_index]
            name = f"{action} {take}" if take else action
            motion = Motion(
                subject=subject,
                action=action,
                name=name,
                world=with_lengths(piece, lengths),
                where=f"{folder}: {name}",
            )
            motions.append(motion)
    return motions


def _describe(
    people: dict[str, list[Clip]],
    groups: dict[tuple[int, ...], list[str]],
    dealt: dict[int, list[np.ndarray]],
    up_axes: dict[str, str],
) -> list[str]:
    """Return what to tell the user: who is behind the subjects, how files were understood."""
    lines = []
    for subject, pieces in dealt.items():
        frame_count = sum(len(piece) for piece in pieces)
        lines.append(f"S{subject}: {len(pieces)} motions, {frame_count:,} frames")
    for subjects, names in groups.items():
        subject_names = ", ".join(f"S{subject}" for subject in subjects)
        lines.append(f"{subject_names}: people {', '.join(names)}")
    for convention, clips in _clips_by_convention(people).items():
        units = " and ".join(sorted({clip.unit for clip in clips}))
        fps = min(clip.fps for clip in clips)
        lines.append(
            f"{len(clips)} files, names as {convention}, unit {units}, up {up_axes[convention]}, "
            f"{fps:.4g} frames a second kept"
        )
    if len(people) == 1:
        lines.append(
            "one person alone: the test subjects are the training subjects; "
            "results do not generalise to other people"
        )
    return lines


def _remarks(clip: Clip, name: str) -> list[str]:
    """Return what is odd about a clip, a line each, with the name that the user knows it by."""
    remarks = []
    for remark in [*clip.notes, *oddities(clip.poses, HUMAN36_JOINTS)]:
        remarks.append(f"{name}: {remark}")
    return remarks
