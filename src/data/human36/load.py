"""Human3.6M, in whichever form somebody has it: motion, cameras, 2D detections -> PoseArrays."""

import re

from src.cameras import Camera
from src.data.arrays import ACTIONS, PoseArrays
from src.data.human36.forms import open_source
from src.data.views import Motion, oddities, view_motions
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, Skeleton

SYNTHETIC_MARK = "SYNTHETIC.txt"  # a file of this name says that a set is synthetic
SIMULATED_MARK = "SIMULATED_DETECTIONS.txt"  # and one of this name that no detector has seen it
# The one detection file that the published archive lacks: (subject, file name without ending, camera).
MISSING_DETECTIONS = (11, "Directions", "54138969")
NO_DETECTIONS = "S{} {} seen by camera {} has no detections: skipped".format(*MISSING_DETECTIONS)


def load_human36(
    data_dir,
    subjects,
    skeleton: Skeleton,
    *,
    actions=ACTIONS,
    detections: bool = False,
    keep_every: int = 1,
) -> PoseArrays:
    """Read ``subjects`` x ``actions`` x all cameras. 2D is projected truth, or a detector's.

    data_dir: a folder in any form of `src.data.human36.forms`. keep_every: n keeps the frames whose number within their file,
    from 0, is a multiple of n (`amt_test_data`); every file is read and checked whole all the same. Raises InputError
    naming the file for anything missing or malformed. The one detection file that is known to be missing is skipped,
    with a line in ``notes``.
    """
    source = open_source(data_dir)
    owners = sorted({owner for owner, _ in source.cameras})
    unknown = [subject for subject in subjects if subject not in owners]
    if unknown:
        raise InputError(
            f"{source.files[0]}: no cameras of subject {unknown[0]}; it has subjects {owners}"
        )
    if not skeleton.human36_indices:
        lacking = next(joint for joint in skeleton.joints if joint not in HUMAN36_JOINTS)
        raise InputError(
            f"--dataset_type {skeleton.name}: Human3.6M has no joint {lacking}; rename or leave it out"
        )
    notes = []

    def read_motions():
        for subject in subjects:
            motions = source.motions(subject)
            for action, name in choose_motions(motions, actions, source.place(subject), notes):
                world = source.world(subject, name)
                notes.extend(
                    f"{motions[name]}: {oddity}" for oddity in oddities(world, HUMAN36_JOINTS)
                )
                yield Motion(subject, action, name, world, str(motions[name]))

    def detect(motion: Motion, camera: Camera):
        try:
            return source.detections(
                motion.subject, motion.name, camera.name, len(motion.world), skeleton
            )
        except InputError:
            if (motion.subject, motion.name, camera.name) != MISSING_DETECTIONS:
                raise
            notes.append(NO_DETECTIONS)
            return None

    if detections:
        source.require_detections(skeleton)
    detect = detect if detections else None
    views = view_motions(
        read_motions(), source.cameras, skeleton, detect=detect, keep_every=keep_every
    )
    if detections and (source.folder / SIMULATED_MARK).exists():
        notes.append(
            f"{source.folder}: its detections are simulated; no detector has seen these people"
        )
    records = tuple(
        (path.relative_to(source.folder).as_posix(), path.stat().st_size) for path in source.files
    )
    synthetic = (source.folder / SYNTHETIC_MARK).exists()
    return PoseArrays(
        **views, files=records, notes=tuple(notes), synthetic=synthetic, form=source.key
    )


def action_of(name: str) -> str:
    """The first word of a motion's name."""
    return re.match("[A-Za-z]*", name)[0]


def choose_motions(motions, actions, place, notes: list) -> list[tuple[str, str]]:
    """(action, name) of the motions, in the order of ``actions``; one belongs to the first word of its name."""
    by_action = {}
    for name in motions:
        by_action.setdefault(action_of(name), []).append(name)
    for word in sorted(set(by_action) - set(ACTIONS)):
        notes.append(f"{place}: ignored {', '.join(by_action[word])}: not one of the actions")
    missing = [action for action in actions if action not in by_action]
    if missing:
        raise InputError(
            f"{place}: no file of {', '.join(missing)}; expected '{missing[0]}' or '{missing[0]} 1'"
        )
    return [(action, name) for action in actions for name in by_action[action]]
