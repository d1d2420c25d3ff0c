"""What a folder with Human3.6M in any form holds, and what is missing or wrong."""

from collections import Counter

import numpy as np
from tqdm import tqdm

from src.cameras import CAMERA_NAMES, Camera
from src.data.arrays import ACTIONS
from src.data.human36.folder import DETECTIONS_SKELETON, NoDetections
from src.data.human36.forms import open_source
from src.data.human36.load import (
    MISSING_DETECTIONS,
    SIMULATED_MARK,
    SYNTHETIC_MARK,
    action_of,
    choose_motions,
    question_cameras,
    question_view_of,
)
from src.data.plausibility import question_view, summarize
from src.data.views import Motion, oddities
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, Skeleton, get_skeleton

# Part: (its subjects, its poses in all of Human3.6M). S11's Directions is not counted.
_PARTS = {
    "training": ((1, 5, 6, 7, 8), 1_559_752),
    "test":     ((9, 11), 543_344),
}  # fmt: skip
_IMAGE_SIZE = (1000, 1002)  # px; two of the four cameras have 1000 rows
_JOINTS = list(get_skeleton("human36_17k").human36_indices)  # the 17 of 32 that the paper uses


def check_folder(folder) -> tuple[list[str], list[str]]:
    """Read every file of a folder with Human3.6M, or a set in one of its forms.

    Returns what is there and what is missing or wrong, a line each. Raises InputError if the
    folder holds Human3.6M in no form, or its cameras cannot be read.
    """
    source = open_source(folder)
    marks = read_marks(source)
    lines = [f"{folder}: {source.form}"]
    problems = []
    for name, text in marks.items():
        first_line, _, _ = text.partition("\n")
        lines.append(f"{name}: {first_line}")
    skeleton = None
    try:
        skeleton = skeleton_of_detections(source)
    except InputError as error:
        problems.append(str(error))
    else:
        if skeleton is None:
            lines.append("no detections in it")
    poses_per_subject = {}
    for subject in tqdm(source.subjects(), disable=None):
        line, num_poses, subject_problems = _check_subject(
            source, subject, skeleton, is_original=not marks
        )
        poses_per_subject[subject] = num_poses
        lines.append(line)
        problems += subject_problems
    if not poses_per_subject:
        problems.append(
            f"{folder}: no subjects; expected folders S1, S5, ..., or an archive that names them"
        )
    for part, (subjects, num_poses_of_all) in _PARTS.items():
        num_poses = sum(poses_per_subject.get(subject, 0) for subject in subjects)
        lines.append(f"{part}: {num_poses:,} poses; all of Human3.6M has {num_poses_of_all:,}")
        missing = [f"S{subject}" for subject in subjects if subject not in poses_per_subject]
        if missing and not marks:
            problems.append(f"{folder}: missing: {', '.join(missing)}")
    return lines, problems


def read_marks(source) -> dict[str, str]:
    """Return the texts, by file name, that say that a set is synthetic or partly simulated.

    source: a form of Human3.6M, as `src.data.human36.forms.open_source` returns it.
    """
    texts = {}
    for name in (SYNTHETIC_MARK, SIMULATED_MARK):
        path = source.folder / name
        if path.exists():
            texts[name] = path.read_text(errors="replace")
    return texts


def skeleton_of_detections(source) -> Skeleton | None:
    """Return the skeleton whose 2D detections a folder has, or None if it has no detections.

    source: a form of Human3.6M, as `src.data.human36.forms.open_source` returns it. Raises
    InputError for detections that are there but cannot be read.
    """
    for name in (DETECTIONS_SKELETON, "human36_17k"):
        skeleton = get_skeleton(name)
        try:
            source.require_detections(skeleton)
        except NoDetections:
            continue
        return skeleton
    return None


def _check_subject(
    source, subject: int, skeleton: Skeleton | None, *, is_original: bool
) -> tuple[str, int, list[str]]:
    """Read all motions and detections of a subject.

    skeleton: that of the detections, or None to look for none. is_original: whether the folder is
    meant to be Human3.6M itself, which has every action twice.

    Returns what is there in one line, the number of poses in all cameras, and the problems.
    """
    motions = source.motions(subject)
    cameras = [camera for (owner, _), camera in source.cameras.items() if owner == subject]
    motions_per_action = Counter(action_of(name) for name in motions)
    problems = _check_actions(subject, motions_per_action, is_original=is_original)
    if len(cameras) != len(CAMERA_NAMES):
        problems.append(
            f"{source.files[0]}: {len(cameras)} cameras of subject {subject}; "
            f"expected {len(CAMERA_NAMES)}"
        )

    actions = [action for action in ACTIONS if action in motions_per_action]
    chosen, notes = choose_motions(motions, actions, source.place(subject))
    num_frames = 0
    num_outside = 0
    without_detections = []
    suspicions = question_cameras(source, cameras)
    for action, name in chosen:
        try:
            world = source.world(subject, name)
        except InputError as error:
            problems.append(str(error))
            continue
        problems += [f"{motions[name]}: {oddity}" for oddity in oddities(world, HUMAN36_JOINTS)]
        where = str(motions[name])
        for camera in cameras:
            sentence = question_view(world, camera)
            if sentence is not None:
                suspicions.append((where, sentence))
        num_frames += len(world)
        num_outside += sum(_count_outside(world[:, _JOINTS], camera) for camera in cameras)
        if skeleton is not None:
            motion = Motion(subject=subject, action=action, name=name, world=world, where=where)
            lacking, detection_problems, detection_suspicions = _check_detections(
                source, motion, cameras, skeleton
            )
            without_detections += lacking
            problems += detection_problems
            suspicions += detection_suspicions
    problems += summarize(suspicions)

    num_motions = sum(motions_per_action[action] for action in actions)
    num_poses = num_frames * len(cameras)
    parts = [
        f"S{subject}: {num_motions} motions of {len(actions)} actions, {num_frames:,} frames, "
        f"{len(cameras)} cameras, {num_outside / max(num_poses, 1):.1%} of the poses "
        "not wholly in the image"
    ]
    if without_detections:
        parts.append(
            f"without detections: {len(without_detections)}, such as {without_detections[0]}"
        )
    for note in notes:
        _, _, words = note.partition(": ")  # without the folder, which the user has just named
        parts.append(words)
    return "; ".join(parts), num_poses, problems


def _check_actions(subject: int, motions_per_action: Counter, *, is_original: bool) -> list[str]:
    """Say which actions are missing, and which a subject of Human3.6M should have twice."""
    problems = []
    missing = [action for action in ACTIONS if action not in motions_per_action]
    if missing:
        problems.append(f"S{subject}: no motion of {', '.join(missing)}")
    single = [
        action
        for action in ACTIONS
        if motions_per_action[action] == 1 and (subject, action) != MISSING_DETECTIONS[:2]
    ]
    if single and is_original:
        problems.append(f"S{subject}: one motion of {', '.join(single)}; Human3.6M has two of each")
    return problems


def _count_outside(world: np.ndarray, camera: Camera) -> int:
    """Count the poses that a camera does not see wholly: a joint is outside the image or behind it.

    world (F,K,3): poses in the world, mm.
    """
    pixels = camera.project(world)
    depth = camera.world_to_camera(world.reshape(-1, 3))[:, 2].reshape(world.shape[:2])
    is_outside = ((pixels < 0) | (pixels > _IMAGE_SIZE)).any(axis=2) | (depth <= 0)
    return int(is_outside.any(axis=1).sum())


def _check_detections(
    source, motion: Motion, cameras: list[Camera], skeleton: Skeleton
) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Read a motion's detections in all cameras.

    Returns the views without usable detections, as "Walking 1 54138969"; what is wrong with them,
    which says nothing of the one file that is known to be missing from Human3.6M; and what looks
    wrong with those that are there, as (place, sentence).
    """
    lacking = []
    problems = []
    suspicions = []
    for camera in cameras:
        view = (motion.subject, motion.name, camera.name)
        try:
            detections = source.detections(*view, len(motion.world), skeleton)
        except InputError as error:
            lacking.append(f"{motion.name} {camera.name}")
            if view != MISSING_DETECTIONS:
                problems.append(str(error))
            continue
        suspicions += question_view_of(motion, camera, cameras, detections, skeleton)
    return lacking, problems, suspicions
