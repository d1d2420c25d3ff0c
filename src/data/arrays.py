"""What every reader yields: poses as arrays, and where each of them comes from."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

ACTIONS = (  # of Human3.6M
    *(
        "Directions",
        "Discussion",
        "Eating",
        "Greeting",
        "Phoning",
        "Photo",
        "Posing",
        "Purchases",
        "Sitting",
    ),
    *("SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether"),
)


class Sequence(NamedTuple):
    """One motion seen by one camera. name: the file's name without ending; focal: (f_x, f_y) in pixels."""

    subject: int
    action: str
    name: str
    camera: str
    focal: tuple[float, float]


def _per_frame(field: str, dtype=None) -> property:
    return property(
        lambda self: np.array([getattr(seen, field) for seen in self.sequences], dtype)[
            self.sequence
        ]
    )


@dataclass(frozen=True, eq=False)
class PoseArrays:
    """N poses of K joints. Never changed in place.

    pose_2d (N,K,2) px; pose_3d (N,K,3) mm in the camera's frame, not root-centred; sequence (N,) indices into
    ``sequences``; frame (N,) number within its file, from 0. files: what was read, as (name, size in bytes).
    notes: what the reader wants the user to know, a line each. synthetic: no person ever moved so. form: of the
    files. From the sequences,
    per frame: subject, action, camera (N,) and focal (N,2) px, float32.
    """

    pose_2d: np.ndarray
    pose_3d: np.ndarray
    sequence: np.ndarray
    frame: np.ndarray
    sequences: tuple[Sequence, ...]
    files: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    synthetic: bool = False
    form: str = "built-in"

    subject, action, camera = map(_per_frame, ("subject", "action", "camera"))
    focal = _per_frame("focal", np.float32)

    def __len__(self) -> int:
        return len(self.frame)

    def describe(self) -> dict:
        """Plain values that identify the data: subjects, actions, counts, and a hash of file names and sizes."""
        listing = "\n".join(f"{name}\t{size}" for name, size in sorted(self.files))
        return {
            "subjects": sorted({sequence.subject for sequence in self.sequences}),
            "actions": list(dict.fromkeys(sequence.action for sequence in self.sequences)),
            "sequences": len(self.sequences),
            "frames": len(self),
            "files": len(self.files),
            "sha256_of_names_and_sizes": hashlib.sha256(
                listing.encode(errors="surrogateescape")
            ).hexdigest(),
            "notes": list(self.notes),
        }


def data_name(data_dir) -> str:
    """What a data folder is called: its own name, whatever way leads there."""
    return Path(os.path.realpath(data_dir)).name
