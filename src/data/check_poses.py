"""What data hold, in plain words, and what is missing or wrong: ``python -m src.data.check_poses PATH [--convert OUT]``.

PATH: a folder with Human3.6M in any form, an npz in the neutral form, or a json file of relative depth labels. The exit
code is 0 where nothing is wrong, 1 where something is, 2 where PATH can't be read at all.
"""

import sys
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from src.cameras import CAMERA_NAMES
from src.data.arrays import ACTIONS
from src.data.check_labels import check_labels
from src.data.human36.folder import DETECTIONS_SKELETON, NoDetections
from src.data.human36.forms import open_source
from src.data.human36.load import (
    MISSING_DETECTIONS,
    SIMULATED_MARK,
    SYNTHETIC_MARK,
    action_of,
    choose_motions,
)
from src.data.human36.write_h5 import require_new, write_layout
from src.data.npz import read_fields
from src.data.photos import parse_as_it_is, read_json
from src.data.views import Motion, oddities
from src.errors import InputError, run_command
from src.skeletons import HUMAN36_JOINTS, get_skeleton

_FULL = {
    "training": ((1, 5, 6, 7, 8), 1_559_752),
    "test": ((9, 11), 543_344),
}  # poses, without S11's Directions
_IMAGE = (1000, 1002)  # px; two of the four cameras have 1000 rows
_USED = list(get_skeleton("human36_17k").human36_indices)


def check_folder(folder) -> tuple[list[str], list[str]]:
    """A folder with Human3.6M in any form -> (what is there, what is wrong), a line each."""
    source, lines, problems = open_source(folder), [], []
    lines.append(f"{folder}: {source.form}")
    marks = _marks(source)
    lines += [f"{name}: {text.partition(chr(10))[0]}" for name, text in marks.items()]
    counts, detected = {}, None
    try:
        detected = _skeleton_of_detections(source)
        lines += [] if detected else ["no detections in it"]
    except InputError as error:
        problems.append(str(error))
    for subject in tqdm(source.subjects(), disable=None):
        cameras = [camera for (owner, _), camera in source.cameras.items() if owner == subject]
        line, poses, wrong = _check_subject(source, subject, cameras, detected)
        counts[subject] = poses
        lines.append(line)
        problems += [p for p in wrong if not (marks and "Human3.6M has" in p)]
    if not counts:
        problems.append(
            f"{folder}: no subjects; expected folders S1, S5, ..., or an archive that names them"
        )
    for part, (subjects, full) in _FULL.items():
        found = sum(counts.get(subject, 0) for subject in subjects)
        absent = ", ".join(f"S{subject}" for subject in subjects if subject not in counts)
        lines.append(f"{part}: {found:,} poses; all of Human3.6M has {full:,}")
        if absent and not marks:
            problems.append(f"{folder}: missing: {absent}")
    return lines, problems


def _marks(source) -> dict[str, str]:
    paths = [source.folder / mark for mark in (SYNTHETIC_MARK, SIMULATED_MARK)]
    return {path.name: path.read_text(errors="replace") for path in paths if path.exists()}


def _skeleton_of_detections(source):
    """The skeleton whose detections there are, or None. Raises InputError if they can't be read."""
    for skeleton in map(get_skeleton, (DETECTIONS_SKELETON, "human36_17k")):
        with suppress(NoDetections):
            source.require_detections(skeleton)
            return skeleton
    return None


def _check_subject(source, subject: int, cameras, detected) -> tuple[str, int, list[str]]:
    problems = []
    names = source.motions(subject)
    counts = Counter(map(action_of, names))
    present = [action for action in ACTIONS if action in counts]
    if len(present) < len(ACTIONS):
        problems.append(
            f"S{subject}: no motion of {', '.join(action for action in ACTIONS if action not in present)}"
        )
    single = [
        action
        for action in present
        if counts[action] == 1 and (subject, action) != MISSING_DETECTIONS[:2]
    ]
    if single:
        problems.append(f"S{subject}: one motion of {', '.join(single)}; Human3.6M has two of each")
    if len(cameras) != len(CAMERA_NAMES):
        problems.append(
            f"{source.files[0]}: {len(cameras)} cameras of subject {subject}; expected {len(CAMERA_NAMES)}"
        )
    frames, outside, without = 0, 0, []
    chosen, ignored = choose_motions(names, present, source.place(subject))
    for _, name in chosen:
        try:
            world = source.world(subject, name)
        except InputError as error:
            problems.append(str(error))
            continue
        problems += [f"{names[name]}: {oddity}" for oddity in oddities(world, HUMAN36_JOINTS)]
        frames += len(world)
        for camera in cameras:
            pixels = camera.project(world[:, _USED])
            depth = camera.world_to_camera(world[:, _USED].reshape(-1, 3))[:, 2].reshape(
                len(world), -1
            )
            out = ((pixels < 0) | (pixels > _IMAGE)).any(axis=2) | (depth <= 0)
            outside += out.any(axis=1).sum()
            if detected:
                without += _check_detections(
                    source, (subject, name, camera.name), len(world), detected, problems
                )
    seen = frames * len(cameras)
    line = f"S{subject}: {sum(counts[action] for action in present)} motions of {len(present)} actions, "
    line += f"{frames:,} frames, {len(cameras)} cameras"
    line += f", {outside / max(seen, 1):.1%} of the poses not wholly in the image"
    if without:
        line += f"; without detections: {len(without)}, such as {without[0]}"
    return "; ".join([line, *(note.split(": ", 1)[1] for note in ignored)]), seen, problems


def _check_detections(
    source, motion: tuple[int, str, str], frames: int, skeleton, problems: list
) -> list[str]:
    """The view's name, if it has no detections; what is wrong with those that it has goes into ``problems``."""
    try:
        source.detections(*motion, frames, skeleton)
    except InputError as error:
        if motion != MISSING_DETECTIONS:
            problems.append(str(error))
        return [" ".join(motion[1:])]
    return []


def check_npz(path) -> tuple[list[str], list[str]]:
    """The neutral form -> (what is there, what is wrong)."""
    fields = read_fields(path)
    joints = fields["joint_names"].tolist()
    lines = [f"{path}: {len(fields['frame']):,} poses of {len(joints)} joints: {', '.join(joints)}"]
    for subject in np.unique(fields["subject"]).tolist():
        own = fields["subject"] == subject
        words = [", ".join(np.unique(fields[name][own]).tolist()) for name in ("action", "camera")]
        lines.append(f"S{subject}: {own.sum():,} poses; actions {words[0]}; cameras {words[1]}")
    problems = [
        f"{path}: pose_3d: {oddity}" for oddity in oddities(fields["pose_3d"].astype(float), joints)
    ]
    behind = int((fields["pose_3d"][..., 2] <= 0).any(axis=1).sum())
    if behind:
        problems.append(
            f"{path}: pose_3d: {behind:,} poses are behind the camera: not in its frame, or root-centred?"
        )
    if "focal" not in fields:
        lines.append("no field focal: --reprojection weak_perspective cannot be used")
    return lines, problems


def convert(folder, out: Path) -> str:
    """Write a folder's motion, cameras and detections in the h5 layout. Raises InputError for anything unreadable."""
    source = open_source(folder)
    wanted = []
    for subject in source.subjects():
        wanted += [
            (subject, name) for name in source.motions(subject) if action_of(name) in ACTIONS
        ]
    skeleton = get_skeleton(DETECTIONS_SKELETON)

    def detect(motion, camera):
        try:
            return source.detections(
                motion.subject, motion.name, camera.name, len(motion.world), skeleton
            )
        except InputError:
            if (motion.subject, motion.name, camera.name) != MISSING_DETECTIONS:
                raise
        return None

    present = _skeleton_of_detections(source) is skeleton
    motions = (Motion(*key, key[1], source.world(*key), "") for key in wanted)
    texts = _marks(source)
    detect = detect if present else lambda motion, camera: None
    cameras = {key: camera for key, camera in source.cameras.items() if key[0] in source.subjects()}
    write_layout(out, cameras, motions, total=len(wanted), detect=detect, texts=texts)
    return f"{out}: {len(wanted)} motions in the h5 layout, {'with' if present else 'without'} detections"


def main(argv=None) -> int:
    """The command line -> exit code."""
    problems: list[str] = []
    return run_command(partial(_main, problems=problems), argv) or int(bool(problems))


def _main(argv, *, problems: list):
    from opts.parsing import new_parser  # only the command line knows of options

    parser = new_parser("Say what data hold, and what is missing or wrong.")
    parser.add_argument("path", metavar="PATH", type=Path, help="folder with Human3.6M in any form, an npz of poses, "
                        "or a json file of relative depth labels")  # fmt: skip
    parser.add_argument(
        "--convert", metavar="OUT", type=Path, help="write the folder's data in the h5 layout"
    )
    args = parser.parse_args(argv)
    if args.convert is not None:
        require_new(args.convert)
    if args.path.suffix == ".json":
        photos, joints = parse_as_it_is(read_json(args.path), args.path)
        lines = [
            f"{args.path}: {len(photos.files):,} images of {len(joints)} joints: {', '.join(joints)}"
        ]
        lines += check_labels(photos, joints)
    else:
        lines, found = (check_npz if args.path.suffix == ".npz" else check_folder)(args.path)
        problems += found
    print("\n".join(lines + [f"PROBLEM: {problem}" for problem in problems]))
    if args.convert is not None:
        if args.path.suffix in (".json", ".npz"):
            raise InputError(
                f"--convert: {args.path} holds no motion in the world; --data_dir takes an npz as it is"
            )
        print(convert(args.path, args.convert))


if __name__ == "__main__":
    sys.exit(main())
