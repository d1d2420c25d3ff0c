"""Reading predictions.npz, the test poses of a run (docs/metrics.md), for figures."""

import numpy as np

from src.errors import InputError
from src.npz_files import load_npz_arrays

# What figures need of a file, with N test poses, K joints and S sequences.
_OF_ALL = {
    "joints": ("K",),
    "pose_2d_px": ("N", "K", 2),
}
_OF_MOTION = {
    "target_mm": ("N", "K", 3),
    "aligned_mm": ("N", "K", 3),
    "pa_mpjpe_joint_errors_mm": ("N", "K"),
    "sequence": ("N",),
    "frame": ("N",),
    "sequence_names": ("S",),
}
_OF_PHOTOS = {
    "prediction_mm": ("N", "K", 3),
    "files": ("N",),
}
# Runs of before lack the root of motion; only simulated photos have a truth.
_OPTIONAL_OF_MOTION = {"root_2d_px": ("N", 2)}
_OPTIONAL_OF_PHOTOS = {"target_mm": ("N", "K", 3)}

_TEXTS = ("joints", "files", "sequence_names")
_WHOLE_NUMBERS = ("sequence", "frame")
_LARGEST = 1e9  # far more than any mm or px


def load_predictions(path, *, are_of_photos: bool) -> dict[str, np.ndarray]:
    """Read the arrays of predictions.npz that figures need, by name.

    Those of records (`paper_exps.records`), float16, become float32: squares of mm would overflow.

    Raises InputError, naming the file, if one is missing, or has another type or shape than a run
    writes, or numbers that no pose has.
    """
    shapes = _OF_ALL | (_OF_PHOTOS if are_of_photos else _OF_MOTION)
    optional_shapes = _OPTIONAL_OF_PHOTOS if are_of_photos else _OPTIONAL_OF_MOTION
    arrays = load_npz_arrays(path, {*shapes, *optional_shapes})
    for name, array in arrays.items():
        if array.dtype == np.float16:
            arrays[name] = array.astype(np.float32)
    problem = _problem_of(arrays, shapes, optional_shapes)
    if problem is not None:
        raise InputError(f"{path}: is damaged ({problem}); move the run's folder, and run it again")
    return arrays


def _problem_of(
    arrays: dict[str, np.ndarray], shapes: dict[str, tuple], optional_shapes: dict[str, tuple]
) -> str | None:
    """Say in words what is wrong with the arrays; None if nothing is."""
    for name in shapes:
        if name not in arrays:
            return f"{name} is missing"
    lengths = {}
    for name, array in arrays.items():
        expected = shapes[name] if name in shapes else optional_shapes[name]
        if not _fits(array.shape, expected, lengths):
            return f"{name} has shape {array.shape}"
        problem = _problem_of_values(name, array)
        if problem is not None:
            return f"{name} {problem}"
    if "sequence" in arrays and not _are_below(arrays["sequence"], lengths["S"]):
        return "sequence has numbers of no sequence"
    if len(set(arrays["joints"].tolist())) < lengths["K"]:
        return "joints has a name twice"
    return None


def _fits(shape: tuple[int, ...], expected: tuple, lengths: dict[str, int]) -> bool:
    """Tell whether a shape is the expected one; note in ``lengths`` what its letters stand for."""
    if len(shape) != len(expected) or 0 in shape:
        return False
    for length, letter_or_length in zip(shape, expected, strict=True):
        if isinstance(letter_or_length, str):
            if length != lengths.setdefault(letter_or_length, length):
                return False
        elif length != letter_or_length:
            return False
    return True


def _problem_of_values(name: str, array: np.ndarray) -> str | None:
    if name in _TEXTS:
        return None if array.dtype.kind == "U" else f"holds {array.dtype}"
    if array.dtype.kind not in ("iu" if name in _WHOLE_NUMBERS else "fiu"):
        return f"holds {array.dtype}"
    least = 0 if name.endswith("errors_mm") else -_LARGEST
    if not ((array >= least) & (array <= _LARGEST)).all():  # NaN fails this, too
        return "has numbers that are not finite, negative errors, or absurdly large numbers"
    return None


def _are_below(numbers: np.ndarray, count: int) -> bool:
    return bool(((numbers >= 0) & (numbers < count)).all())
