"""What every reader yields: poses as arrays, and where each of them comes from."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

# Of Human3.6M, in the order of the paper's tables.
ACTIONS = (
    "Directions",
    "Discussion",
    "Eating",
    "Greeting",
    "Phoning",
    "Photo",
    "Posing",
    "Purchases",
    "Sitting",
    "SittingDown",
    "Smoking",
    "Waiting",
    "WalkDog",
    "Walking",
    "WalkTogether",
)


_SAMPLE_BYTES = 64 * 1024


class Sequence(NamedTuple):
    """One motion seen by one camera.

    name: the name of the motion's file without its ending, such as "Walking 1".
    focal: the camera's focal lengths (f_x, f_y), px; NaN where they are unknown.
    """

    subject: int
    action: str
    name: str
    camera: str
    focal: tuple[float, float]


@dataclass(frozen=True, eq=False)
class PoseArrays:
    """N poses of K joints, and where each comes from. The arrays are never changed in place.

    Attributes:
        pose_2d: (N,K,2) the joints in the image, px, x to the right and y down.
        pose_3d: (N,K,3) the joints in the camera's frame, mm, x to the right, y down, z away from
            the camera; not root-centred.
        sequence: (N,) for each pose, the index of its sequence in ``sequences``.
        frame: (N,) the pose's number within its file, from 0.
        sequences: every motion that was read, once for each camera.
        files: the files that were read, as (name, size in bytes,
            `sample_sha256` of the content).
        notes: what the user should know about the data, a line each.
        synthetic: whether the motion is made up, so that no person ever moved this way.
        form: a short name of the layout that the files are in.
    """

    pose_2d: np.ndarray
    pose_3d: np.ndarray
    sequence: np.ndarray
    frame: np.ndarray
    sequences: tuple[Sequence, ...]
    files: tuple[tuple[str, int, str], ...] = ()
    notes: tuple[str, ...] = ()
    synthetic: bool = False
    form: str = "built-in"

    @property
    def subject(self) -> np.ndarray:
        """The number of each pose's subject (N,)."""
        return np.array([sequence.subject for sequence in self.sequences])[self.sequence]

    @property
    def action(self) -> np.ndarray:
        """The name of each pose's action (N,)."""
        return np.array([sequence.action for sequence in self.sequences])[self.sequence]

    @property
    def camera(self) -> np.ndarray:
        """The name of each pose's camera (N,)."""
        return np.array([sequence.camera for sequence in self.sequences])[self.sequence]

    @property
    def focal(self) -> np.ndarray:
        """The focal lengths of each pose's camera (N,2), px, float32."""
        focal = np.array([sequence.focal for sequence in self.sequences], dtype=np.float32)
        return focal[self.sequence]

    def __len__(self) -> int:
        return len(self.frame)

    def describe(self) -> dict:
        """Return plain values that identify the data, for result.json.

        They are the subjects, the actions, some counts, the notes, and two hashes: of the names and
        sizes of all files, and of samples of their content.
        """
        files = sorted(self.files)
        names_and_sizes = "\n".join(f"{name}\t{size}" for name, size, _ in files)
        samples = "\n".join(sample for _, _, sample in files)
        return {
            "subjects": sorted({sequence.subject for sequence in self.sequences}),
            "actions": list(dict.fromkeys(sequence.action for sequence in self.sequences)),
            "sequences": len(self.sequences),
            "frames": len(self),
            "files": len(self.files),
            "sha256_of_names_and_sizes": _text_sha256(names_and_sizes),
            # Runs of earlier versions have none.
            "sha256_of_samples": _text_sha256(samples),
            "notes": list(self.notes),
        }


def _text_sha256(text: str) -> str:
    # Names on a disk need not be UTF-8; surrogateescape is how Python itself carries them.
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def identify_file(path: Path, name: str) -> tuple[str, int, str]:
    """Return what `PoseArrays.files` keeps of a file, under the name that it is to have there."""
    return name, path.stat().st_size, sample_sha256(path)


def sample_sha256(path: Path) -> str:
    """Compute a hash of the beginning, the middle and the end of a file, or of all of a small one.

    The whole content of all of Human3.6M would take as long as reading it again.
    """
    digest = hashlib.sha256()
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= 3 * _SAMPLE_BYTES:
            digest.update(file.read())
        else:
            for start in (0, (size - _SAMPLE_BYTES) // 2, size - _SAMPLE_BYTES):
                file.seek(start)
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def data_name(data_dir) -> str:
    """Return a data folder's own name, also where links or ".." lead there."""
    return Path(os.path.realpath(data_dir)).name
