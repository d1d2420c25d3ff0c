"""Two kinds of npz files: poses in named fields, and the pickles of VideoPose3D's archives."""

from pathlib import Path

import numpy as np

from src.data.arrays import ACTIONS, PoseArrays, Sequence, identify_file
from src.data.plausibility import extent_is_zero, question_focal, question_pairs, thin_out
from src.data.views import check_values, oddities
from src.errors import InputError, listed, shown
from src.npz_files import array_names, load_npz_arrays, open_npz
from src.skeletons import Skeleton
from src.unpickling import load_pickle, plain

# The fields of the neutral form, with their shapes for N poses of K joints and what they hold.
FIELDS = {
    "pose_3d":     (("N", "K", 3), "numbers"),
    "pose_2d":     (("N", "K", 2), "numbers"),
    "subject":     (("N",),        "whole numbers"),
    "action":      (("N",),        "text"),
    "camera":      (("N",),        "text"),
    "frame":       (("N",),        "whole numbers"),
    "joint_names": (("K",),        "text"),
    "focal":       (("N", 2),      "numbers"),
}  # fmt: skip
_DTYPE_KINDS = {"numbers": "fiu", "whole numbers": "iu", "text": "U"}  # as numpy's dtype.kind
_OPTIONAL = "focal"


def read_fields(path) -> dict[str, np.ndarray]:
    """Read an npz in the neutral form, with the fields of `FIELDS`, and check it.

    Returns arrays by name:
    pose_3d (N,K,3): the joints in the camera's frame, mm, x to the right, y down, z away; float64.
    pose_2d (N,K,2): the joints in the image, px, x to the right and y down; float64.
    subject (N,): whole numbers.
    action, camera (N,): words.
    frame (N,): the pose's number within its sequence, from 0.
    joint_names (K,): all different.
    focal (N,2): the camera's focal lengths, px; this field may be missing.

    Raises InputError naming the file and the field.
    """
    fields = load_npz_arrays(path, FIELDS)
    _check_shapes(fields, path)
    joint_names = fields["joint_names"].tolist()
    if len(set(joint_names)) != len(joint_names):
        raise InputError(
            f"{path}: joint_names: expected different names, found {listed(joint_names)}"
        )
    for name in ("pose_3d", "pose_2d"):
        fields[name] = fields[name].astype(np.float64)
        check_values(fields[name], f"{path}: {name}")
    _check_extent(fields, path)
    frames = fields["frame"]
    frames_fit = ((frames >= 0) & (frames < 2**31)).all()  # they are kept as int32
    focal_fits = "focal" not in fields or (fields["focal"] > 0).all()
    if not focal_fits or not frames_fit:
        raise InputError(
            f"{path}: expected focal lengths above 0 and frame numbers from 0 on, found others"
        )
    return fields


def _check_shapes(fields: dict[str, np.ndarray], path):
    """Raise InputError unless all fields are there, in the shapes and types of `FIELDS`."""
    missing = [name for name in FIELDS if name not in fields and name != _OPTIONAL]
    if missing:
        raise InputError(
            f"{path}: has no field {', '.join(missing)}; "
            f"expected {', '.join(FIELDS)} ({_OPTIONAL} may be missing)"
        )
    for name, array in fields.items():
        if array.ndim == 0:
            raise InputError(f"{path}: {name}: expected an array, found a single value")
    sizes = {"N": len(fields["frame"]), "K": len(fields["joint_names"])}
    for name, array in fields.items():
        shape, values = FIELDS[name]
        expected = tuple(sizes.get(size, size) for size in shape)
        if len(array) == 0:
            raise InputError(f"{path}: {name}: is empty; nothing to read")
        if array.shape != expected or array.dtype.kind not in _DTYPE_KINDS[values]:
            raise InputError(
                f"{path}: {name}: expected {values} of shape {expected}, "
                f"found {array.dtype}, {array.shape}"
            )


def load_npz(
    path,
    subjects,
    skeleton: Skeleton,
    *,
    actions=ACTIONS,
    detections: bool = False,
    keep_every: int = 1,
) -> PoseArrays:
    """Read poses of some subjects and actions from an npz in the neutral form.

    path: the file; `read_fields` says what it holds.
    subjects: numbers of the subjects to read; the file must have all of them.
    skeleton: its joints are found in the file by name.
    actions: the actions to read. All fifteen of Human3.6M stand for whatever the file has, as the
        actions of somebody's own poses have names of their own.
    detections: must be false, as the file holds a single 2D pose per 3D pose; the parameter is
        that of `src.data.human36.load.load_human36`.
    keep_every: n keeps the poses whose frame number is a multiple of n.

    Returns poses (N,K,2) px and (N,K,3) mm of the skeleton's K joints, float32. Raises InputError
    naming the file for what is missing, has another shape or cannot be a pose.
    """
    fields = read_fields(path)
    joint_names = fields["joint_names"].tolist()
    missing_joints = [joint for joint in skeleton.joints if joint not in joint_names]
    if missing_joints:
        raise InputError(
            f"{path}: joint_names: {skeleton.name} needs {missing_joints[0]}, "
            f"found {listed(joint_names)}"
        )
    if detections:
        raise InputError(
            f"{path}: holds one pose_2d, whoever made it; "
            "leave --train_ and --test_noise_type_2d at none"
        )
    subjects_in_file = np.unique(fields["subject"]).tolist()
    missing_subjects = [subject for subject in subjects if subject not in subjects_in_file]
    if missing_subjects:
        raise InputError(
            f"{path}: no subject {missing_subjects[0]}; it has {subjects_in_file}: "
            "give --train_subjects and --test_subjects"
        )
    keep = np.isin(fields["subject"], subjects) & (fields["frame"] % keep_every == 0)
    if set(actions) != set(ACTIONS):
        keep &= np.isin(fields["action"], actions)
    if not keep.any():
        raise InputError(f"{path}: no frames are left of these subjects and actions; choose others")
    sequences, sequence = _find_sequences(fields, keep)
    joints = [joint_names.index(joint) for joint in skeleton.joints]
    return PoseArrays(
        pose_2d=fields["pose_2d"][keep][:, joints].astype(np.float32),
        pose_3d=fields["pose_3d"][keep][:, joints].astype(np.float32),
        sequence=sequence,
        frame=fields["frame"][keep].astype(np.int32),
        sequences=sequences,
        files=(identify_file(Path(path), Path(path).name),),
        notes=tuple(f"{path}: {oddity}" for oddity in field_oddities(fields, keep)),
        form="npz",
    )


def field_oddities(fields: dict[str, np.ndarray], keep: np.ndarray) -> list[str]:
    """Say what looks wrong with the poses of the neutral form, a sentence each.

    fields: as `read_fields` returns them. keep (N,): which poses count.
    """
    joint_names = fields["joint_names"].tolist()
    sentences = [f"pose_3d: {oddity}" for oddity in oddities(fields["pose_3d"][keep], joint_names)]
    rows = thin_out(np.flatnonzero(keep))
    focal = None
    if "focal" in fields:
        focal = fields["focal"][rows]
        sentence = question_focal(focal)
        if sentence is not None:
            sentences.append(f"focal: {sentence}")
    sentence = question_pairs(
        fields["pose_2d"][rows], fields["pose_3d"][rows], joint_names, focal=focal
    )
    if sentence is not None:
        sentences.append(sentence)
    return sentences


def _check_extent(fields: dict[str, np.ndarray], path):
    """Raise InputError for poses whose joints are all at one point, as in arrays of zeros."""
    for name in ("pose_3d", "pose_2d"):
        is_point = extent_is_zero(fields[name])
        if is_point.any():
            raise InputError(
                f"{path}: {name}: all joints are at one point in {is_point.sum()} of "
                f"{len(is_point)} poses, first in pose {is_point.argmax()}; leave them out"
            )


def _find_sequences(
    fields: dict[str, np.ndarray], keep: np.ndarray
) -> tuple[tuple[Sequence, ...], np.ndarray]:
    """Put the poses of one subject, action, camera and focal length into one sequence.

    keep (N,): which poses count. Returns the sequences, in the order in which they come up, and
    for every pose that counts the index of its sequence, int32.
    """
    if "focal" in fields:
        focal = fields["focal"].astype(np.float64)
    else:
        focal = np.full((len(keep), 2), np.nan)
    numbers: dict[Sequence, int] = {}
    sequence_of_pose = []
    # Lists, as indexing arrays one pose at a time takes several times as long.
    for subject, action, camera, focal_of_pose in zip(
        fields["subject"][keep].tolist(),
        fields["action"][keep].tolist(),
        fields["camera"][keep].tolist(),
        focal[keep].tolist(),
        strict=True,
    ):
        sequence = Sequence(
            subject=subject,
            action=action,
            name=action,
            camera=camera,
            focal=tuple(focal_of_pose),
        )
        number = numbers.setdefault(sequence, len(numbers))
        sequence_of_pose.append(number)
    return tuple(numbers), np.array(sequence_of_pose, dtype=np.int32)


def load_pickled_npz(path, names) -> dict:
    """Read the named arrays of an npz whose arrays are pickles -> plain values by name.

    Names that the file does not have are left out. Nothing in the pickles is executed: see
    `src.unpickling`. Raises InputError naming the file.
    """
    content = {}
    try:
        with open_npz(path) as archive:
            for name in names:
                if name not in array_names(archive):
                    continue
                with archive.open(f"{name}.npy") as file:
                    # numpy would unpickle by itself, and execute what the pickle asks for. Behind
                    # the header, an npy file of objects is a pickle and nothing else.
                    np.lib.format.read_magic(file)
                    np.lib.format.read_array_header_1_0(file)
                    content[name] = plain(load_pickle(file, path))
    except InputError:
        raise
    except Exception as error:  # a damaged file can raise anything
        raise InputError(f"{path}: is damaged ({shown(error)}); download it again") from None
    return content
