"""npz files: poses of one's own in named fields, and the pickles that VideoPose3D keeps in npz files."""

import zipfile
from pathlib import Path

import numpy as np

from src.data.arrays import ACTIONS, PoseArrays, Sequence
from src.data.views import check_values, oddities
from src.errors import InputError
from src.skeletons import Skeleton
from src.unpickling import load_pickle, plain

# Field: (its shape with N frames and K joints, the kinds of numpy types it may have).
FIELDS = {
    "pose_3d": ("N K 3", "fiu"), "pose_2d": ("N K 2", "fiu"), "subject": ("N", "iu"), "action": ("N", "U"),
    "camera": ("N", "U"), "frame": ("N", "iu"), "joint_names": ("K", "U"), "focal": ("N 2", "fiu"),
}  # fmt: skip
_OPTIONAL = "focal"


def read_fields(path) -> dict[str, np.ndarray]:
    """The neutral form: an npz of `FIELDS` -> arrays by name, checked.

    pose_3d (N,K,3) mm in the camera's frame (x right, y down, z away); pose_2d (N,K,2) px; subject (N,) whole numbers;
    action, camera (N,) words; frame (N,) number within its sequence; joint_names (K,); maybe focal (N,2) px. Raises
    InputError naming file and field.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            fields = {name: file[name] for name in file.files if name in FIELDS}
    except Exception as error:  # a damaged file can raise anything
        raise InputError(
            f"{path}: cannot be read as npz ({error}); write or copy it again"
        ) from None
    missing = [name for name in FIELDS if name not in fields and name != _OPTIONAL]
    if missing:
        raise InputError(
            f"{path}: has no field {', '.join(missing)}; expected {', '.join(FIELDS)} ({_OPTIONAL} may lack)"
        )
    sizes = {
        "N": fields["frame"].shape[:1],
        "K": fields["joint_names"].shape[:1],
        "2": (2,),
        "3": (3,),
    }
    for name, array in fields.items():
        shape, kinds = FIELDS[name]
        expected = sum((sizes[size] for size in shape.split()), ())
        if len(array) == 0:
            raise InputError(f"{path}: {name}: is empty; nothing to read")
        if array.shape != expected or array.dtype.kind not in kinds:
            kind = {"f": "numbers", "i": "whole numbers", "U": "text"}[kinds[0]]
            raise InputError(
                f"{path}: {name}: expected {kind} of shape {expected}, found {array.dtype}, {array.shape}"
            )
    joints = fields["joint_names"].tolist()
    if len(set(joints)) != len(joints):
        raise InputError(
            f"{path}: joint_names: expected different names, found {', '.join(joints)}"
        )
    for name in ("pose_3d", "pose_2d"):
        fields[name] = fields[name].astype(np.float64)
        check_values(fields[name], f"{path}: {name}")
    if (
        not (fields.get("focal", np.ones(1)) > 0).all()
        or not ((fields["frame"] >= 0) & (fields["frame"] < 2**31)).all()
    ):
        raise InputError(
            f"{path}: expected focal lengths above 0 and frame numbers from 0 on, found others"
        )
    return fields


def load_npz(
    path, subjects, skeleton: Skeleton, *, actions=ACTIONS, detections=False, keep_every=1
) -> PoseArrays:
    """Read the neutral form: see `read_fields`, and `src.data.human36.load.load_human36` for the arguments.

    The skeleton's joints are found by name. With all fifteen ``actions``, whatever actions the file has are taken.
    """
    fields = read_fields(path)
    joints = fields["joint_names"].tolist()
    lacking = [joint for joint in skeleton.joints if joint not in joints]
    if lacking:
        raise InputError(
            f"{path}: joint_names: {skeleton.name} needs {lacking[0]}, found {', '.join(joints)}"
        )
    if detections:
        raise InputError(
            f"{path}: holds one pose_2d, whoever made it; leave --train_ and --test_noise_type_2d at none"
        )
    there = np.unique(fields["subject"]).tolist()
    absent = [subject for subject in subjects if subject not in there]
    if absent:
        raise InputError(
            f"{path}: no subject {absent[0]}; it has {there}: give --train_subjects and --test_subjects"
        )
    keep = np.isin(fields["subject"], subjects) & (fields["frame"] % keep_every == 0)
    if set(actions) != set(ACTIONS):
        keep &= np.isin(fields["action"], actions)
    if not keep.any():
        raise InputError(f"{path}: no frames are left of these subjects and actions; choose others")
    focal = fields.get("focal", np.full((len(keep), 2), np.nan)).astype(np.float64)
    keys = zip(
        *(fields[name][keep].tolist() for name in ("subject", "action", "camera")),
        focal[keep].tolist(),
        strict=True,
    )
    numbers: dict[Sequence, int] = {}
    sequence = [
        numbers.setdefault(Sequence(s, a, a, c, tuple(f)), len(numbers)) for s, a, c, f in keys
    ]
    chosen = [joints.index(joint) for joint in skeleton.joints]
    return PoseArrays(
        pose_2d=fields["pose_2d"][keep][:, chosen].astype(np.float32),
        pose_3d=fields["pose_3d"][keep][:, chosen].astype(np.float32),
        sequence=np.array(sequence, dtype=np.int32),
        frame=fields["frame"][keep].astype(np.int32),
        sequences=tuple(numbers),
        files=((Path(path).name, Path(path).stat().st_size),),
        notes=tuple(
            f"{path}: pose_3d: {oddity}" for oddity in oddities(fields["pose_3d"][keep], joints)
        ),
        form="npz",
    )


def load_pickled_npz(path, names) -> dict:
    """Those of the arrays ``names`` that an npz holds as pickles -> plain values by name, nothing of them executed.

    Raises InputError naming the file.
    """
    content = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in names:
                if f"{name}.npy" in archive.namelist():
                    with archive.open(f"{name}.npy") as file:
                        np.lib.format.read_magic(file)
                        np.lib.format.read_array_header_1_0(file)
                        content[name] = plain(load_pickle(file, path))
    except InputError:
        raise
    except Exception as error:  # a damaged file can raise anything
        raise InputError(f"{path}: is damaged ({error!r}); download it again") from None
    return content
