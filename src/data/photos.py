"""Relative depth labels on photos: LSP's json (CaltechDATA 20096), or one's own in that form -> Photos."""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from scipy.io import loadmat

from src.errors import InputError
from src.keypoints.layouts import derived_joints, to_skeleton
from src.skeletons import Skeleton

_FORM = "README.md shows the form of the file"


@dataclass(frozen=True, eq=False)
class Photos:
    """N photos of one person each, and A answers to "which of these two joints is closer?".

    files (N,): paths of the photos; pose_2d (N,K,2) px, occluded (N,K), is_train (N,). Per label: photo (A,), an index
    into these; pairs (A,2) joints; label (A,) int8, +1 when the first joint is the one further away, else -1; weight
    (A,); prob and risk (A,) as the crowd's merging gave them, NaN where unknown. notes: a line each. truth (N,K,3) mm
    in the camera's frame, where there is any.
    """

    files: tuple[str, ...]
    pose_2d: np.ndarray
    occluded: np.ndarray
    is_train: np.ndarray
    photo: np.ndarray
    pairs: np.ndarray
    label: np.ndarray
    weight: np.ndarray
    prob: np.ndarray
    risk: np.ndarray
    notes: tuple[str, ...]
    truth: np.ndarray | None = None

    def gap_mm(self, pose_3d: np.ndarray) -> np.ndarray:
        """Poses (N,K,3) mm of all photos -> (A,) by how much each label's first joint is further away."""
        z = pose_3d[self.photo[:, None], self.pairs, 2]
        return z[:, 0] - z[:, 1]

    def describe(self, train: bool) -> dict:
        """Plain values that identify the training or the test photos."""
        chosen, of_chosen = self.is_train == train, self.is_train[self.photo] == train
        content = [array[chosen] for array in (self.pose_2d, self.occluded)]
        content += [array[of_chosen] for array in (self.photo, self.pairs, self.label, self.weight)]
        digest = hashlib.sha256(
            b"".join(np.ascontiguousarray(array).tobytes() for array in content)
        ).hexdigest()
        return {"frames": int(chosen.sum()), "labels": int(of_chosen.sum()), "sha256": digest}


def read_json(path) -> dict:
    """The json object in a file. Raises InputError."""
    try:
        content = json.loads(Path(path).read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: cannot be read as json ({error}); copy or download it again"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise InputError(
            f"{path}: expected a json object with joint_names and a list of images; {_FORM}"
        )
    return content


def load_photos(path, skeleton: Skeleton) -> Photos:
    """Read a label file; joints go by name into the skeleton's order. Raises InputError naming the image's record."""
    return parse_photos(read_json(path), skeleton, path)


def parse_as_it_is(content: dict, path) -> tuple[Photos, tuple[str, ...]]:
    """-> (Photos with the joints in the file's own order, their names). Raises InputError as `load_photos`."""
    names = content.get("joint_names")
    own = SimpleNamespace(joints=tuple(names) if isinstance(names, list) else (), name="the file")
    return parse_photos(content, own, path), own.joints


def _check(where, *rows: tuple[bool, str]):
    """Raise InputError with the message of the first row that does not hold."""
    for holds, message in rows:
        if not holds:
            raise InputError(f"{where}: {message}")


def _is_names(names) -> bool:
    return (
        isinstance(names, list)
        and all(isinstance(n, str) for n in names)
        and len(set(names)) == len(names)
    )


def parse_photos(content: dict, skeleton: Skeleton, path) -> Photos:
    """The same from what the file holds. ``path``: how to call it in an error."""
    names, records = content.get("joint_names"), content["images"]
    _check(path, (_is_names(names), f"joint_names: expected a list of different names; {_FORM}"))
    _check(path, (len(records) > 0, "images: expected at least one image, found none"))
    rows = [_image(record, len(names), f"{path}: images[{i}]") for i, record in enumerate(records)]
    files, poses, occluded, is_train, labels = zip(*rows, strict=True)
    pose_2d = to_skeleton(
        np.array(poses, dtype=np.float32).reshape(len(files), -1, 2), tuple(names), skeleton
    )
    lacking = ", ".join(np.array(skeleton.joints)[np.isnan(pose_2d).any(axis=(0, 2))])
    missing = f"joint_names: {lacking} of {skeleton.name} not found among {', '.join(names)}"
    _check(path, (not lacking, f"{missing}; give the file's own skeleton with --dataset_type"))
    notes = [
        f"{joint} is estimated from other joints"
        for joint in derived_joints(tuple(names), skeleton)
    ]
    joint_of = np.array(
        [skeleton.joints.index(name) if name in skeleton.joints else -1 for name in names]
    )
    hidden = np.zeros(pose_2d.shape[:2], dtype=bool)
    hidden[:, joint_of[joint_of >= 0]] = np.array(occluded)[:, joint_of >= 0]
    answers = np.array([row for of_image in labels for row in of_image], dtype=np.float64).reshape(
        -1, 6
    )
    photo, pairs = (
        np.repeat(np.arange(len(files)), list(map(len, labels))),
        joint_of[answers[:, :2].astype(int)],
    )
    known = (pairs >= 0).all(axis=1)
    if not known.all():
        notes.append(f"{(~known).sum()} labels name joints that {skeleton.name} lacks: left out")
    label, weight, prob, risk = answers[known, 2:].T
    of_label = {
        "photo": photo[known],
        "pairs": pairs[known],
        "label": (2 * label - 1).astype(np.int8),
    }
    of_label |= {"weight": weight.astype(np.float32), "prob": prob, "risk": risk}
    return Photos(files, pose_2d, hidden, np.array(is_train), **of_label, notes=tuple(notes))


def _image(record, num_joints: int, where: str) -> tuple:
    """One image's record -> (file, keypoints, occluded, whether it is for training, rows of labels)."""
    file = record.get("im_file") if isinstance(record, dict) else None
    _check(
        where,
        (
            isinstance(file, str),
            f"expected an object with im_file, is_train, keypoints and anns; {_FORM}",
        ),
    )
    where, is_train, labels = f"{where} ({file})", record.get("is_train"), record.get("anns", [])
    _check(
        where, (isinstance(is_train, bool), f"is_train: expected true or false, found {is_train!r}")
    )
    keypoints = _numbers(record.get("keypoints"), 2 * num_joints, f"{where}: keypoints")
    occluded = _numbers(record.get("occluded", [0] * num_joints), num_joints, f"{where}: occluded")
    largest = max(occluded, key=abs, default=0)
    _check(
        where,
        (set(occluded) <= {0, 1}, f"occluded: expected 0 or 1 for each joint, found {largest}"),
    )
    _check(
        where,
        (
            isinstance(labels, list),
            f"anns: expected a list of labels, found {type(labels).__name__}",
        ),
    )
    rows = [_label(label, num_joints, f"{where}: anns[{i}]") for i, label in enumerate(labels)]
    return file, keypoints, occluded, is_train, rows


def _is_number(value) -> bool:
    return type(value) in (int, float) and abs(value) < 1e6


def _numbers(values, count: int, where: str) -> list:
    found = len(values) if isinstance(values, list) else type(values).__name__
    _check(
        where,
        (
            found == count,
            f"expected a list of {count} numbers for the file's joint_names, found {found}",
        ),
    )
    for value in values:
        if not _is_number(value):
            raise InputError(f"{where}: expected finite numbers, found {value!r}")
    return values


def _label(label, num_joints: int, where: str) -> tuple:
    """-> (kp0, kp1, label, weight, prob, risk)."""
    _check(
        where,
        (isinstance(label, dict), f"expected an object with kp0, kp1 and label, found {label!r}"),
    )
    kp0, kp1, answer, weight = (
        label.get("kp0"),
        label.get("kp1"),
        label.get("label"),
        label.get("weight", 1),
    )
    closer = "expected 0 (kp0 is closer) or 1 (kp1 is), found"
    index = f"expected an index from 0 to {num_joints - 1}, found"
    _check(
        where,
        (type(kp0) is int and 0 <= kp0 < num_joints, f"kp0: {index} {kp0!r}"),
        (type(kp1) is int and 0 <= kp1 < num_joints, f"kp1: {index} {kp1!r}"),
        (kp0 != kp1, f"kp0 and kp1: expected two different joints, found {kp0} twice"),
        (type(answer) is int and answer in (0, 1), f"label: {closer} {answer!r}"),
        (
            _is_number(weight) and weight >= 0,
            f"weight: expected a number of at least 0, found {weight!r}",
        ),
    )
    crowd = (
        value if _is_number(value) else math.nan for value in (label.get("prob"), label.get("risk"))
    )
    return kp0, kp1, answer, weight, *crowd


def load_truth(path, count: int, skeleton: Skeleton) -> np.ndarray:
    """An npz with pose_3d (N,K,3) mm and joint_names -> (N,K,3) in the skeleton's order. Raises InputError."""
    where = f"--truth {path}"
    try:
        with np.load(path, allow_pickle=False) as file:
            poses, names = np.asarray(file["pose_3d"]), [str(name) for name in file["joint_names"]]
    except FileNotFoundError:
        raise InputError(f"{where}: no such file") from None
    except Exception as error:  # whatever numpy and zipfile raise for a damaged or foreign file
        raise InputError(
            f"{where}: expected an npz with pose_3d and joint_names ({error})"
        ) from None
    fits, found = (
        poses.shape == (count, len(names), 3) and poses.dtype.kind == "f",
        f"{poses.dtype} {poses.shape}",
    )
    _check(where, (fits, f"pose_3d: expected floats ({count}, {len(names)}, 3), found {found}"))
    lacking = ", ".join(joint for joint in skeleton.joints if joint not in names)
    finite = np.isfinite(poses).all(axis=(1, 2))
    _check(where, (not lacking, f"joint_names: {lacking} not found among {', '.join(names)}"))
    _check(
        where, (finite.all(), f"pose_3d: NaN or infinite values, first in pose {finite.argmin()}")
    )
    return poses[:, [names.index(joint) for joint in skeleton.joints]].astype(np.float32)


def load_joints_mat(path) -> tuple[np.ndarray, np.ndarray]:
    """LSP's own joints.mat -> (pose_2d (N,14,2) px, flag (N,14) as the file has it), joints of lsp_14k. For figures."""
    try:
        joints = loadmat(path, variable_names=["joints"])["joints"]
    except Exception as error:  # whatever scipy raises for a damaged or foreign file
        raise InputError(
            f"{path}: expected LSP's joints.mat with a variable joints ({error})"
        ) from None
    fits = joints.ndim == 3 and joints.shape[:2] == (3, 14) and joints.dtype.kind in "fiu"
    _check(
        path, (fits, f"joints: expected numbers (3, 14, N), found {joints.dtype} {joints.shape}")
    )
    x_y_flag = joints.astype(np.float32).transpose(2, 1, 0)
    return x_y_flag[..., :2], x_y_flag[..., 2]
