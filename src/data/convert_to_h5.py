"""A folder with Human3.6M in any form, written anew in the h5 layout."""

from pathlib import Path

import numpy as np

from src.cameras import Camera
from src.data.arrays import ACTIONS
from src.data.check_human36 import read_marks, skeleton_of_detections
from src.data.human36.folder import DETECTIONS_SKELETON
from src.data.human36.forms import open_source
from src.data.human36.load import action_of, read_detections
from src.data.human36.write_h5 import write_layout
from src.data.views import Motion
from src.skeletons import get_skeleton


def convert_to_h5(folder, out: Path) -> str:
    """Write a folder's motion, cameras and detections in the h5 layout, as a new folder.

    The detections are those of the stacked hourglass (16 joints), the only ones for which the h5
    layout has a place.

    Returns what was written, in one line. Raises InputError for anything that cannot be read, and
    if ``out`` is there already and no empty folder.
    """
    source = open_source(folder)
    subjects = source.subjects()
    names = []
    for subject in subjects:
        for name in source.motions(subject):
            if action_of(name) in ACTIONS:
                names.append((subject, name))
    skeleton = get_skeleton(DETECTIONS_SKELETON)
    detected_skeleton = skeleton_of_detections(source)
    has_detections = detected_skeleton is not None and detected_skeleton.name == skeleton.name

    def read_motions():  # one after the other, so that one motion at a time is in memory
        for subject, name in names:
            world = source.world(subject, name)
            yield Motion(
                subject=subject,
                action=action_of(name),
                name=name,
                world=world,
                where="",
            )

    def detect(motion: Motion, camera: Camera) -> np.ndarray | None:
        if not has_detections:
            return None
        return read_detections(source, motion, camera, skeleton)

    write_layout(
        out,
        {key: camera for key, camera in source.cameras.items() if key[0] in subjects},
        read_motions(),
        total=len(names),
        detect=detect,
        texts=read_marks(source),
    )
    with_or_without = "with" if has_detections else "without"
    line = f"{out}: {len(names)} motions in the h5 layout, {with_or_without} detections"
    skipped = source.skipped_folders()
    if skipped:
        line += f"; skipped {', '.join(skipped)}, as no subject is called so"
    return line
