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
from src.keypoints import derived, to_skeleton
from src.skeletons import Skeleton, get_skeleton

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
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in content)).hexdigest()
        return {"frames": int(chosen.sum()), "labels": int(of_chosen.sum()), "sha256": digest}


def read_json(path) -> dict:
    """The json object in a file. Raises InputError."""
    try:
        content = json.loads(Path(path).read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as json ({error}); copy or download it again") from None
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise InputError(f"{path}: expected a json object with joint_names and a list of images; {_FORM}")
    return content


def load_photos(path, skeleton: Skeleton) -> Photos:
    """Read a label file; joints go by name into the skeleton's order. Raises InputError naming the image's record."""
    return parse_photos(read_json(path), skeleton, path)


def parse_as_it_is(content: dict, path) -> tuple[Photos, tuple[str, ...]]:
    """-> (Photos with the joints in the file's own order, their names). Raises InputError as `load_photos`."""
    names = content.get("joint_names")
    own = SimpleNamespace(joints=tuple(names) if isinstance(names, list) else (), name="the file")
    return parse_photos(content, own, path), own.joints


def parse_photos(content: dict, skeleton: Skeleton, path) -> Photos:
    """The same from what the file holds. ``path``: how to call it in an error."""
    names = content.get("joint_names")
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names) or len(set(names)) != len(names):
        raise InputError(f"{path}: joint_names: expected a list of different names; {_FORM}")
    if not content["images"]:
        raise InputError(f"{path}: images: expected at least one image, found none")
    records = [_image(record, len(names), f"{path}: images[{i}]") for i, record in enumerate(content["images"])]
    files, poses, occluded, is_train, labels = zip(*records, strict=True)
    pose_2d = to_skeleton(np.array(poses, dtype=np.float32).reshape(len(files), -1, 2), tuple(names), skeleton)
    lacking = [
        joint for joint, missing in zip(skeleton.joints, np.isnan(pose_2d).any(axis=(0, 2)), strict=True) if missing
    ]
    if lacking:
        raise InputError(
            f"{path}: joint_names: {', '.join(lacking)} of {skeleton.name} not found among {', '.join(names)}; "
            "give the file's own skeleton with --dataset_type"
        )
    notes = [f"{joint} is estimated from other joints" for joint in derived(tuple(names), skeleton)]
    answers = np.array([row for of_image in labels for row in of_image], dtype=np.float64).reshape(-1, 6)
    photo = np.repeat(np.arange(len(files)), [len(of_image) for of_image in labels])
    order = np.array([skeleton.joints.index(name) if name in skeleton.joints else -1 for name in names])
    pairs = order[answers[:, :2].astype(int)]
    known = (pairs >= 0).all(axis=1)
    if not known.all():
        notes.append(f"{(~known).sum()} labels name joints that {skeleton.name} lacks: left out")
    label, weight, prob, risk = answers[known, 2:].T
    at = {name: i for i, name in enumerate(names)}
    hidden = np.array(occluded, dtype=bool)
    hidden = [hidden[:, at[name]] if name in at else np.zeros(len(files), dtype=bool) for name in skeleton.joints]
    return Photos(
        *(files, pose_2d, np.stack(hidden, axis=1), np.array(is_train, dtype=bool), photo[known], pairs[known]),
        *((2 * label - 1).astype(np.int8), weight.astype(np.float32), prob, risk, tuple(notes)),
    )


def _image(record, num_joints: int, where: str) -> tuple:
    """One image's record -> (file, keypoints, occluded, whether it is for training, rows of labels)."""
    file = record.get("im_file") if isinstance(record, dict) else None
    if not isinstance(file, str):
        raise InputError(f"{where}: expected an object with im_file, is_train, keypoints and anns; {_FORM}")
    where = f"{where} ({file})"
    if not isinstance(record.get("is_train"), bool):
        raise InputError(f"{where}: is_train: expected true or false, found {record.get('is_train')!r}")
    keypoints = _numbers(record.get("keypoints"), 2 * num_joints, f"{where}: keypoints")
    occluded = _numbers(record.get("occluded", [0] * num_joints), num_joints, f"{where}: occluded")
    if not set(occluded) <= {0, 1}:
        raise InputError(f"{where}: occluded: expected 0 or 1 for each joint, found {max(occluded, key=abs)}")
    labels = record.get("anns", [])
    if not isinstance(labels, list):
        raise InputError(f"{where}: anns: expected a list of labels, found {type(labels).__name__}")
    rows = [_label(label, num_joints, f"{where}: anns[{i}]") for i, label in enumerate(labels)]
    return file, keypoints, occluded, record["is_train"], rows


def _is_number(value) -> bool:
    return type(value) in (int, float) and abs(value) < 1e6


def _numbers(values, count: int, where: str) -> list:
    if not isinstance(values, list) or len(values) != count:
        found = f"{len(values)}" if isinstance(values, list) else type(values).__name__
        raise InputError(f"{where}: expected a list of {count} numbers for the file's joint_names, found {found}")
    if not all(map(_is_number, values)):
        bad = next(value for value in values if not _is_number(value))
        raise InputError(f"{where}: expected finite numbers, found {bad!r}")
    return values


def _label(label, num_joints: int, where: str) -> tuple:
    """-> (kp0, kp1, label, weight, prob, risk)."""
    if not isinstance(label, dict):
        raise InputError(f"{where}: expected an object with kp0, kp1 and label, found {label!r}")
    for name in ("kp0", "kp1"):
        index = label.get(name)
        if type(index) is not int or not 0 <= index < num_joints:
            raise InputError(f"{where}: {name}: expected an index from 0 to {num_joints - 1}, found {index!r}")
    if label["kp0"] == label["kp1"]:
        raise InputError(f"{where}: kp0 and kp1: expected two different joints, found {label['kp0']} twice")
    if type(label.get("label")) is not int or label["label"] not in (0, 1):
        raise InputError(f"{where}: label: expected 0 (kp0 is closer) or 1 (kp1 is), found {label.get('label')!r}")
    weight = label.get("weight", 1)
    if not _is_number(weight) or weight < 0:
        raise InputError(f"{where}: weight: expected a number of at least 0, found {weight!r}")
    crowd = (value if _is_number(value) else math.nan for value in (label.get("prob"), label.get("risk")))
    return label["kp0"], label["kp1"], label["label"], weight, *crowd


def load_truth(path, count: int, skeleton: Skeleton) -> np.ndarray:
    """An npz with pose_3d (N,K,3) mm and joint_names -> (N,K,3) in the skeleton's order. Raises InputError."""
    try:
        with np.load(path, allow_pickle=False) as file:
            poses, names = np.asarray(file["pose_3d"]), [str(name) for name in file["joint_names"]]
    except FileNotFoundError:
        raise InputError(f"--truth {path}: no such file") from None
    except Exception as error:  # whatever numpy and zipfile raise for a damaged or foreign file
        raise InputError(f"--truth {path}: expected an npz with pose_3d and joint_names ({error})") from None
    if poses.shape != (count, len(names), 3) or poses.dtype.kind != "f":
        found = f"{poses.dtype} {poses.shape}"
        raise InputError(f"--truth {path}: pose_3d: expected floats ({count}, {len(names)}, 3), found {found}")
    lacking = [joint for joint in skeleton.joints if joint not in names]
    if lacking:
        raise InputError(f"--truth {path}: joint_names: {', '.join(lacking)} not found among {', '.join(names)}")
    if not np.isfinite(poses).all():
        bad = np.flatnonzero(~np.isfinite(poses).all(axis=(1, 2)))[0]
        raise InputError(f"--truth {path}: pose_3d: NaN or infinite values, first in pose {bad}")
    return poses[:, [names.index(joint) for joint in skeleton.joints]].astype(np.float32)


def load_joints_mat(path) -> tuple[np.ndarray, np.ndarray]:
    """LSP's own joints.mat -> (pose_2d (N,14,2) px, flag (N,14) as the file has it), joints of lsp_14k. For figures."""
    try:
        joints = loadmat(path, variable_names=["joints"])["joints"]
    except Exception as error:  # whatever scipy raises for a damaged or foreign file
        raise InputError(f"{path}: expected LSP's joints.mat with a variable joints ({error})") from None
    expected = get_skeleton("lsp_14k").num_joints
    if joints.ndim != 3 or joints.shape[:2] != (3, expected) or joints.dtype.kind not in "fiu":
        raise InputError(f"{path}: joints: expected numbers (3, {expected}, N), found {joints.dtype} {joints.shape}")
    x_y_flag = joints.astype(np.float32).transpose(2, 1, 0)
    return x_y_flag[..., :2], x_y_flag[..., 2]
