"""Photos with relative depth labels: LSP's json file (CaltechDATA record 20096), or one like it."""

import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np

from src.errors import InputError, listed, shortened, shown
from src.json_files import load_json
from src.keypoints.layouts import derived_joints, to_skeleton
from src.npz_files import load_npz_arrays
from src.skeletons import Skeleton

_FORM = "docs/photos.md shows the form of the file"
_LARGEST_MM = 1e9


@dataclass(frozen=True, eq=False)
class Photos:
    """N photos of one person each, and A answers to "which of these two joints is closer?".

    Attributes:
        files: (N,) the path of each photo, as the label file has it.
        pose_2d: (N,K,2) the joints, px, x to the right and y down.
        occluded: (N,K) whether a joint is hidden.
        is_train: (N,) whether it is a training photo; the others are for testing.
        photo: (A,) the index of each label's photo.
        pairs: (A,2) the indices of the label's two joints.
        label: (A,) +1 if the first joint is the one further from the camera, else -1; int8.
        weight: (A,) how much the label counts in the loss.
        prob, risk: (A,) the probability that the file's label is 1, and that the label is wrong, as
            the merging of the crowd's answers estimated them; NaN where the file has none.
        notes: what the user should know about the photos, a line each.
        truth: (N,K,3) the joints in the camera's frame, mm, z away from the camera; None where, as
            in photos, nobody knows them.
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

    @property
    def is_train_label(self) -> np.ndarray:
        """Whether each label (A,) is of a photo for training."""
        return self.is_train[self.photo]

    def gap_mm(self, pose_3d: np.ndarray) -> np.ndarray:
        """Return by how much each label's first joint is further away than its second, (A,) mm.

        pose_3d (N,K,3): a pose for every photo, mm, z away from the camera.
        """
        z = pose_3d[self.photo[:, None], self.pairs, 2]
        return z[:, 0] - z[:, 1]

    def describe(self, train: bool) -> dict:
        """Return plain values that identify the training or the test photos, for result.json."""
        photos = self.is_train == train
        labels = self.is_train_label == train
        digest = hashlib.sha256()
        for array in (self.pose_2d, self.occluded):
            digest.update(np.ascontiguousarray(array[photos]).tobytes())
        for array in (self.photo, self.pairs, self.label, self.weight):
            digest.update(np.ascontiguousarray(array[labels]).tobytes())
        return {
            "frames": int(photos.sum()),
            "labels": int(labels.sum()),
            "sha256": digest.hexdigest(),
        }


def read_json(path) -> dict:
    """Read the json object in a label file. Raises InputError if there is none with images."""
    try:
        content = load_json(path)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read as json ({error}); copy or download it again"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise InputError(
            f"{path}: expected a json object with joint_names and a list of images; {_FORM}"
        )
    return content


def load_photos(path, skeleton: Skeleton) -> Photos:
    """Read a label file; its joints are put by name into the skeleton's order.

    Raises InputError naming the file and the image's record.
    """
    return parse_photos(read_json(path), skeleton, path)


def parse_photos(content: dict, skeleton: Skeleton, path) -> Photos:
    """Check the content of a label file and put its joints by name into the skeleton's order.

    content: the file's json object, as `read_json` returns it.
    skeleton: what the K joints are. Joints that the file lacks are estimated from others where
        `src.keypoints.layouts` knows how, and labels on joints that the skeleton lacks are left
        out; ``notes`` says so.
    path: what errors call the file.

    Raises InputError naming the file and the image's record.
    """
    photos, joint_names = parse_as_it_is(content, path)
    pose_2d = to_skeleton(photos.pose_2d, joint_names, skeleton)
    is_missing = np.isnan(pose_2d).any(axis=(0, 2))
    if is_missing.any():
        missing_joints = np.array(skeleton.joints)[is_missing]
        raise InputError(
            f"{path}: joint_names: {listed(missing_joints)} of {skeleton.name} not "
            f"found among {listed(joint_names)}; "
            "give the file's own skeleton with --dataset_type"
        )
    notes = [
        f"{joint} is estimated from other joints" for joint in derived_joints(joint_names, skeleton)
    ]
    # Labels that tools/make_labels.py made say so.
    if isinstance(content.get("simulated"), str):
        notes.append(content["simulated"])

    # The number that each of the file's joints has in the skeleton, or -1.
    new_numbers = np.array(
        [skeleton.joints.index(name) if name in skeleton.joints else -1 for name in joint_names]
    )
    in_skeleton = new_numbers >= 0
    occluded = np.zeros(pose_2d.shape[:2], dtype=bool)  # estimated joints count as visible
    occluded[:, new_numbers[in_skeleton]] = photos.occluded[:, in_skeleton]
    pairs = new_numbers[photos.pairs]
    kept = (pairs >= 0).all(axis=1)
    if not kept.all():
        notes.append(f"{(~kept).sum()} labels name joints that {skeleton.name} lacks: left out")
    return replace(
        photos,
        pose_2d=pose_2d,
        occluded=occluded,
        photo=photos.photo[kept],
        pairs=pairs[kept],
        label=photos.label[kept],
        weight=photos.weight[kept],
        prob=photos.prob[kept],
        risk=photos.risk[kept],
        notes=tuple(notes),
    )


def parse_as_it_is(content: dict, path) -> tuple[Photos, tuple[str, ...]]:
    """Check the content of a label file and keep its joints in the file's own order.

    content: the file's json object, as `read_json` returns it. path: what errors call the file.
    Returns the photos and the names of their joints. Raises InputError naming the file and the
    image's record.
    """
    joint_names = content.get("joint_names")
    if not _are_names(joint_names):
        raise InputError(f"{path}: joint_names: expected a list of different names; {_FORM}")
    images = content["images"]
    if not images:
        raise InputError(f"{path}: images: expected at least one image, found none")
    for number, image in enumerate(images):
        _check_image(image, len(joint_names), f"{path}: images[{number}]")

    photo_of_label = []
    labels = []
    for number, image in enumerate(images):
        for label in image.get("anns", []):
            photo_of_label.append(number)
            labels.append(label)
    visible = [0] * len(joint_names)
    keypoints = np.array([image["keypoints"] for image in images], dtype=np.float32)
    pairs = np.array([(label["kp0"], label["kp1"]) for label in labels], dtype=np.int64)
    # The file says 0 if kp0 is the closer joint and 1 if kp1 is, so that kp0 is further away.
    second_is_closer = np.array([label["label"] for label in labels], dtype=np.int8)
    photos = Photos(
        files=tuple(image["im_file"] for image in images),
        pose_2d=keypoints.reshape(len(images), len(joint_names), 2),
        occluded=np.array([image.get("occluded", visible) for image in images], dtype=bool),
        is_train=np.array([image["is_train"] for image in images]),
        photo=np.array(photo_of_label, dtype=np.int64),
        pairs=pairs.reshape(len(labels), 2),
        label=2 * second_is_closer - 1,
        weight=np.array([label.get("weight", 1) for label in labels], dtype=np.float32),
        prob=np.array([_number_or_nan(label.get("prob")) for label in labels], dtype=np.float64),
        risk=np.array([_number_or_nan(label.get("risk")) for label in labels], dtype=np.float64),
        notes=(),
    )
    return photos, tuple(joint_names)


def _are_names(names) -> bool:
    return (
        isinstance(names, list)
        and all(isinstance(name, str) for name in names)
        and len(set(names)) == len(names)
    )


def _is_number(value) -> bool:
    # By its type, as True counts as an int for isinstance; and NaN is not below the limit.
    return type(value) in (int, float) and abs(value) < 1e6


def _number_or_nan(value) -> float:
    return value if _is_number(value) else math.nan


def _check_image(image, num_joints: int, location: str):
    """Raise InputError unless an image's record is as docs/photos.md shows it.

    location: the file and the record's number, for the error.
    """
    file = image.get("im_file") if isinstance(image, dict) else None
    if not isinstance(file, str):
        raise InputError(
            f"{location}: expected an object with im_file, is_train, keypoints and anns; {_FORM}"
        )
    location = f"{location} ({shortened(file)})"
    is_train = image.get("is_train")
    if not isinstance(is_train, bool):
        raise InputError(f"{location}: is_train: expected true or false, found {shown(is_train)}")
    _check_numbers(image.get("keypoints"), 2 * num_joints, f"{location}: keypoints")
    occluded = image.get("occluded", [0] * num_joints)
    _check_numbers(occluded, num_joints, f"{location}: occluded")
    if not set(occluded) <= {0, 1}:
        raise InputError(
            f"{location}: occluded: expected 0 or 1 for each joint, found {max(occluded, key=abs)}"
        )
    labels = image.get("anns", [])
    if not isinstance(labels, list):
        raise InputError(
            f"{location}: anns: expected a list of labels, found {type(labels).__name__}"
        )
    for number, label in enumerate(labels):
        _check_label(label, num_joints, f"{location}: anns[{number}]")


def _check_numbers(values, count: int, location: str):
    length = len(values) if isinstance(values, list) else type(values).__name__
    if length != count:
        raise InputError(
            f"{location}: expected a list of {count} numbers for the file's joint_names, "
            f"found {length}"
        )
    for value in values:
        if not _is_number(value):
            raise InputError(f"{location}: expected finite numbers, found {shown(value)}")


def _check_label(label, num_joints: int, location: str):
    if not isinstance(label, dict):
        raise InputError(
            f"{location}: expected an object with kp0, kp1 and label, found {shown(label)}"
        )
    for name in ("kp0", "kp1"):
        joint = label.get(name)
        if type(joint) is not int or not 0 <= joint < num_joints:
            raise InputError(
                f"{location}: {name}: expected an index from 0 to {num_joints - 1}, "
                f"found {shown(joint)}"
            )
    if label["kp0"] == label["kp1"]:
        raise InputError(
            f"{location}: kp0 and kp1: expected two different joints, found {label['kp0']} twice"
        )
    answer = label.get("label")
    if type(answer) is not int or answer not in (0, 1):
        raise InputError(
            f"{location}: label: expected 0 (kp0 is closer) or 1 (kp1 is), found {shown(answer)}"
        )
    weight = label.get("weight", 1)
    if not _is_number(weight) or weight < 0:
        raise InputError(
            f"{location}: weight: expected a number of at least 0, found {shown(weight)}"
        )


def load_truth(path, count: int, skeleton: Skeleton) -> np.ndarray:
    """Read the true 3D poses of photos, where there are any, to test on.

    path: an npz with pose_3d (N,K',3) in the camera's frame, mm, x to the right, y down, z away,
        as floats, and joint_names (K',).
    count: N, the number of photos.

    Returns poses (N,K,3) mm, float32, with the joints in the skeleton's order. Raises InputError.
    """
    source_name = f"--truth {path}"
    try:
        arrays = load_npz_arrays(path, ("pose_3d", "joint_names"))
    except InputError as error:
        raise InputError(f"--truth {error}") from None
    poses = arrays.get("pose_3d")
    if poses is None or "joint_names" not in arrays or arrays["joint_names"].ndim != 1:
        raise InputError(f"{source_name}: expected an npz with pose_3d and a list of joint_names")
    joint_names = [str(name) for name in arrays["joint_names"]]
    if poses.shape != (count, len(joint_names), 3) or poses.dtype.kind != "f":
        raise InputError(
            f"{source_name}: pose_3d: expected floats ({count}, {len(joint_names)}, 3), "
            f"found {poses.dtype} {poses.shape}"
        )
    missing_joints = [joint for joint in skeleton.joints if joint not in joint_names]
    if missing_joints:
        raise InputError(
            f"{source_name}: joint_names: {listed(missing_joints)} not found among "
            f"{listed(joint_names)}"
        )
    # Beyond a thousand kilometres, where float32 has no room for the squares of errors.
    is_finite = (np.abs(poses) < _LARGEST_MM).all(axis=(1, 2))
    if not is_finite.all():
        raise InputError(
            f"{source_name}: pose_3d: NaN, infinite or absurdly large values, "
            f"first in pose {is_finite.argmin()}"
        )
    joints = [joint_names.index(joint) for joint in skeleton.joints]
    return poses[:, joints].astype(np.float32)
