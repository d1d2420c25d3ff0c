"""Human3.6M, in whichever form somebody has it: motion, cameras and 2D detections -> PoseArrays."""

import numpy as np

from src.cameras import Camera
from src.data.arrays import ACTIONS, PoseArrays
from src.data.human36.folder import Human36Source, action_of
from src.data.human36.forms import open_source
from src.data.plausibility import question_detections, question_focal, question_view, summarize
from src.data.views import Motion, View, cameras_of, join_views, oddities, view_motion
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, Skeleton

SYNTHETIC_MARK = "SYNTHETIC.txt"  # a file of this name says that a set is synthetic
SIMULATED_MARK = "SIMULATED_DETECTIONS.txt"  # and one of this name that no detector has seen it
# The one view whose detections the published archive lacks: (subject, motion, camera).
MISSING_DETECTIONS = (11, "Directions", "54138969")
NO_DETECTIONS = "S11 Directions seen by camera 54138969 has no detections: skipped"


def load_human36(
    data_dir,
    subjects,
    skeleton: Skeleton,
    *,
    actions=ACTIONS,
    detections: bool = False,
    keep_every: int = 1,
) -> PoseArrays:
    """Read all motions of some subjects and actions, seen by all cameras -> PoseArrays.

    data_dir: a folder with any form that `open_source` knows. skeleton: decides which of the 32
    joints are kept, in which order. actions: some of `ACTIONS`. detections: whether pose_2d is what
    a detector saw, or the projection of the true pose. keep_every: n keeps the frames whose number
    within their file, from 0, is a multiple of n (`--amt_test_data`); every file is read and
    checked whole all the same.

    Poses are in the order of subjects, actions, motions, cameras and frames. The one view whose
    detections are known to be missing is left out, with a line in the notes. Raises InputError
    naming the file for anything else that is missing or malformed.
    """
    source = open_source(data_dir)
    _check_subjects(subjects, source)
    _check_joints(skeleton)
    if detections:
        source.require_detections(skeleton)
    views = []
    notes = []
    for subject in subjects:
        subject_views, subject_notes = _read_subject(
            source,
            subject,
            skeleton,
            actions=actions,
            detections=detections,
            keep_every=keep_every,
        )
        views += subject_views
        notes += subject_notes
    if detections and (source.folder / SIMULATED_MARK).exists():
        notes.append(
            f"{source.folder}: its detections are simulated; no detector has seen these people"
        )
    files = []
    for path in source.files:
        files.append((path.relative_to(source.folder).as_posix(), path.stat().st_size))
    return PoseArrays(
        **join_views(views),
        files=tuple(files),
        notes=tuple(notes),
        synthetic=(source.folder / SYNTHETIC_MARK).exists(),
        form=source.key,
    )


def _check_subjects(subjects, source: Human36Source):
    with_cameras = sorted({subject for subject, _ in source.cameras})
    for subject in subjects:
        if subject not in with_cameras:
            raise InputError(
                f"{source.files[0]}: no cameras of subject {subject}; "
                f"it has subjects {with_cameras}"
            )


def _check_joints(skeleton: Skeleton):
    if not skeleton.human36_indices:  # a skeleton of the user's own, with other names
        unknown = [joint for joint in skeleton.joints if joint not in HUMAN36_JOINTS]
        raise InputError(
            f"--dataset_type {skeleton.name}: Human3.6M has no joint {unknown[0]}; "
            "rename or leave it out"
        )


def _read_subject(
    source: Human36Source,
    subject: int,
    skeleton: Skeleton,
    *,
    actions,
    detections: bool,
    keep_every: int,
) -> tuple[list[View], list[str]]:
    """Read a subject's motions -> (views, notes). The arguments are those of `load_human36`."""

    def detect(motion: Motion, camera: Camera) -> np.ndarray | None:
        return read_detections(source, motion, camera, skeleton)

    motions = source.motions(subject)
    cameras = cameras_of(source.cameras, subject)
    chosen, notes = choose_motions(motions, actions, source.place(subject))
    suspicions = question_cameras(source, cameras)
    views = []
    for action, name in chosen:
        where = str(motions[name])
        world = source.world(subject, name)
        notes += [f"{where}: {oddity}" for oddity in oddities(world, HUMAN36_JOINTS)]
        # The first motion is looked at in all cameras, the others in one, which takes less time.
        for camera in cameras[:1] if views else cameras:
            suspicions += _with_place(where, question_view(world, camera))
        motion = Motion(subject=subject, action=action, name=name, world=world, where=where)
        motion_views = view_motion(
            motion,
            source.cameras,
            skeleton,
            detect=detect if detections else None,
            keep_every=keep_every,
        )
        if len(motion_views) < len(cameras):
            notes.append(NO_DETECTIONS)  # no other view is ever left out
        for view in motion_views:
            if view.is_doubtful:
                camera = source.cameras[subject, view.sequence.camera]
                kept_motion = motion._replace(world=world[view.frame])
                suspicions += question_view_of(kept_motion, camera, cameras, view.pose_2d, skeleton)
        views += motion_views
    return views, notes + summarize(suspicions)


def question_cameras(source: Human36Source, cameras: list[Camera]) -> list[tuple[str, str]]:
    """Return what looks wrong with a subject's cameras, as (place, sentence)."""
    suspicions = []
    for camera in cameras:
        place = f"{source.files[0]}: camera {camera.name}"
        suspicions += _with_place(place, question_focal(camera.f))
    return suspicions


def question_view_of(
    motion: Motion,
    camera: Camera,
    cameras: list[Camera],
    detections: np.ndarray,
    skeleton: Skeleton,
) -> list[tuple[str, str]]:
    """Return what looks wrong with detections (F,K,2) px of a motion, as (place, sentence).

    camera: that of the view; cameras: all of the subject's.
    """
    sentence = question_detections(detections, motion.world, camera, cameras, skeleton)
    place = f"detections of S{motion.subject} {motion.name} {camera.name}"
    return _with_place(place, sentence)


def _with_place(place: str, sentence: str | None) -> list[tuple[str, str]]:
    return [] if sentence is None else [(place, sentence)]


def read_detections(
    source: Human36Source, motion: Motion, camera: Camera, skeleton: Skeleton
) -> np.ndarray | None:
    """Read what a detector saw of a motion -> (F,K,2) px, or None for `MISSING_DETECTIONS`.

    Raises InputError naming the file if the detections of any other view are missing or malformed.
    """
    try:
        return source.detections(
            motion.subject, motion.name, camera.name, len(motion.world), skeleton
        )
    except InputError:
        if (motion.subject, motion.name, camera.name) == MISSING_DETECTIONS:
            return None
        raise


def choose_motions(motions, actions, place) -> tuple[list[tuple[str, str]], list[str]]:
    """Choose the motions of some actions -> ((action, name) of each, notes).

    motions: their names, in the order in which they are wanted within an action. The chosen ones
    are in the order of ``actions``. The notes name those that belong to none of `ACTIONS`. place:
    where the motions are, for messages. Raises InputError if an action has no motion.
    """
    names_by_action = {}
    for name in motions:
        names_by_action.setdefault(action_of(name), []).append(name)
    notes = []
    for word in sorted(set(names_by_action) - set(ACTIONS)):
        names = ", ".join(names_by_action[word])
        notes.append(f"{place}: ignored {names}: not one of the actions")
    missing = [action for action in actions if action not in names_by_action]
    if missing:
        raise InputError(
            f"{place}: no file of {', '.join(missing)}; expected '{missing[0]}' or '{missing[0]} 1'"
        )
    chosen = []
    for action in actions:
        chosen += [(action, name) for name in names_by_action[action]]
    return chosen, notes
