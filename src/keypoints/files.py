"""2D keypoints from the files that detectors write: a file or folder -> `Keypoints`. What it is, its content tells."""

import json
import re
import warnings
from pathlib import Path

import numpy as np

from src.data.npz import load_pickled_npz
from src.errors import InputError
from src.keypoints.layouts import LAYOUTS, Keypoints, joints_of_width

_OPENPOSE = {25: "openpose_25", 18: "openpose_18"}
_ARRAY_NAMES = ("poses_2d", "pose_2d", "keypoints")


def read_keypoints(path, layout: tuple[str, ...] | None = None) -> Keypoints:
    """A file (npy, npz, csv, json) or a folder of OpenPose's json. layout: the joints' names where they are known.

    Missing joints come out as NaN. Raises InputError, naming file and record, for what cannot be read, and for a number
    of joints that fits no layout or several.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    readers = {".npy": _npy, ".npz": _npz, ".csv": _csv, ".json": _json}
    if not path.is_dir() and path.suffix.lower() not in readers:
        raise InputError(f"{path}: expected .npy, .npz, .csv, .json or a folder of OpenPose's json")
    try:
        return (_openpose_folder if path.is_dir() else readers[path.suffix.lower()])(path, layout)
    except InputError:
        raise
    except Exception as error:  # what is not as it should be can go wrong in any way
        raise InputError(
            f"{path}: is damaged, or no such file as its name says ({error!r})"
        ) from None


def _npy(path, layout):
    return _from_array(np.load(path, mmap_mode="r", allow_pickle=False), path, layout)


def _npz(path, layout):
    with np.load(path, allow_pickle=False) as file:
        if "positions_2d" in file.files:
            return _videopose3d(path, layout)
        names = [name for name in _ARRAY_NAMES if name in file.files] or file.files
        if len(names) != 1:
            raise InputError(
                f"{path}: expected one array or {_ARRAY_NAMES[0]}, found {', '.join(file.files)}"
            )
        if "joint_names" in file.files:  # what has names needs no layout
            layout = tuple(map(str, file["joint_names"]))
        return _from_array(file[names[0]], path, layout)


def _from_array(array: np.ndarray, path, layout, frame=None, person=None, notes=()) -> Keypoints:
    """(N,2K), (N,K,2) or (N,K,3) with confidence; also a single flat pose."""
    if array.dtype.kind not in "fiu":
        raise InputError(f"{path}: expected numbers, found {array.dtype}")
    if array.ndim == 1:
        array = array[None]
    if array.ndim == 2 and array.shape[1] % 2 == 0 and array.size:
        array = array.reshape(len(array), -1, 2)
    if array.ndim != 3 or array.shape[2] not in (2, 3) or len(array) == 0:
        raise InputError(
            f"{path}: expected shape (N,2K), (N,K,2) or (N,K,3) with confidence, found {array.shape}"
        )
    joints, found = joints_of_width(array.shape[1], layout, path)
    poses = array[..., :2]
    if joints in [
        LAYOUTS[name] for name in _OPENPOSE.values()
    ]:  # whose missing joints are at (0, 0)
        poses = np.where((poses == 0).all(axis=2, keepdims=True), np.nan, poses)
    if array.shape[2] == 3:
        poses = np.where(array[..., 2:] > 0, poses, np.nan)
    numbers = np.arange(len(array))
    return Keypoints(
        poses,
        joints,
        numbers if frame is None else np.asarray(frame, dtype=np.int64),
        np.zeros(len(array), dtype=np.int64)
        if person is None
        else np.asarray(person, dtype=np.int64),
        (*notes, *found),
    )


def _videopose3d(path, layout):
    """{subject: {action: [poses (frames, K, 2) of each camera]}}, pickled into an npz; sequences end to end."""
    content = load_pickled_npz(path, ("positions_2d", "metadata"))
    subjects, named = content["positions_2d"], content.get("metadata", {}).get("layout_name")
    try:
        parts = [
            np.asarray(p)
            for actions in subjects.values()
            for cameras in actions.values()
            for p in cameras
        ]
        poses = np.concatenate([part[..., :2] for part in parts])
    except (AttributeError, ValueError, TypeError) as error:
        raise InputError(
            f"{path}: positions_2d: expected subject -> action -> cameras ({error})"
        ) from None
    frame = np.concatenate([np.arange(len(part)) for part in parts])
    person = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    notes = (f"{len(parts)} sequences end to end; the person number counts them",)
    usual = {17: "human36_17k", 16: "shg_16k"}.get(poses.shape[1]) if named is None else named
    taken_for = {"h36m": "human36_17k", "coco": "coco_17"}.get(usual, usual)
    if layout is None and taken_for in LAYOUTS:
        notes, layout = (*notes, f"taken for {taken_for}"), LAYOUTS[taken_for]
    return _from_array(poses, path, layout, frame, person, notes)


def _csv(path, layout):
    """A header of nose_x, nose_y, maybe nose_confidence (or _score, _c), and maybe frame and person."""
    with path.open(encoding="utf-8-sig") as file:
        header = [name.strip(' \t\r\n"') for name in file.readline().split(",")]
    joints = tuple(name[:-2] for name in header if name.endswith("_x"))
    if (
        not joints
        or any(f"{joint}_y" not in header for joint in joints)
        or len(set(header)) < len(header)
    ):
        raise InputError(
            f"{path}: expected a header such as nose_x,nose_y,left_eye_x,...; found {','.join(header)[:80]}"
        )
    try:
        with warnings.catch_warnings(
            action="ignore"
        ):  # of a file without lines, which is refused below
            to_number = {"converters": lambda cell: float(cell or "nan"), "encoding": "utf-8"}
            values = np.loadtxt(
                path, delimiter=",", skiprows=1, ndmin=2, comments=None, **to_number
            )
    except ValueError as error:
        raise InputError(f"{path}: under the header: {error}") from None
    if len(values) == 0 or values.shape[1] != len(header):
        raise InputError(
            f"{path}: expected lines of {len(header)} numbers under the header, found shape {values.shape}"
        )
    column = dict(zip(header, values.T, strict=True))
    poses = np.stack(
        [np.stack([column[f"{joint}_{axis}"] for axis in "xy"], axis=-1) for joint in joints],
        axis=1,
    )
    for i, joint in enumerate(joints):
        for word in ("confidence", "score", "c"):
            poses[column.get(f"{joint}_{word}", np.ones(len(poses))) <= 0, i] = np.nan
    if any(name in column and not np.isfinite(column[name]).all() for name in ("frame", "person")):
        raise InputError(f"{path}: expected a number in every line's frame and person")
    return _from_array(poses, path, joints, column.get("frame"), column.get("person"))


def _read_json(path):
    try:
        return json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no valid json ({error})") from None


def _openpose_folder(folder, layout):
    paths = sorted(
        folder.glob("*.json"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.stem)]
    )
    if not paths:
        raise InputError(f"{folder}: expected OpenPose's json files, one per frame, found none")
    people = [
        person
        for frame, path in enumerate(paths)
        for person in _openpose_people(path, _read_json(path), frame)
    ]
    empty = len(paths) - len({frame for frame, *_ in people})
    notes = (
        f"{len(paths)} frames of OpenPose" + (f", {empty} of them without people" if empty else ""),
    )
    return _gather(people, folder, layout, notes, by_width=_OPENPOSE)


def _openpose_people(path, content, frame: int):
    if not isinstance(content, dict) or not isinstance(content.get("people"), list):
        raise InputError(f"{path}: expected OpenPose's json with a list of people")
    for number, person in enumerate(content["people"]):
        keypoints = person.get("pose_keypoints_2d") if isinstance(person, dict) else None
        yield frame, number, _triples(keypoints, f"{path}: person {number}: pose_keypoints_2d")


def _triples(values, where) -> np.ndarray:
    """x, y, confidence, x, y, ... -> (K, 3); a joint at (0, 0) or without confidence is missing."""
    try:
        array = np.array(values, dtype=np.float64)
        array = array.reshape(-1, 3) if array.ndim == 1 else array
        if array.ndim != 2 or array.shape[1] != 3 or len(array) == 0:
            raise ValueError(f"found shape {array.shape}")
    except (ValueError, TypeError) as error:
        raise InputError(f"{where}: expected x, y, confidence of each joint ({error})") from None
    array[(array[:, :2] == 0).all(axis=1), 2] = 0
    return array


def _json(path, layout):
    content = _read_json(path)
    if isinstance(content, dict) and "people" in content:
        return _gather(list(_openpose_people(path, content, 0)), path, layout, by_width=_OPENPOSE)
    if isinstance(content, dict) and "instance_info" in content:
        return _mmpose(path, content["instance_info"], content.get("meta_info"), layout)
    records = content.get("annotations") if isinstance(content, dict) else content
    if (
        not isinstance(records, list)
        or not records
        or not all(isinstance(record, dict) for record in records)
    ):
        raise InputError(
            f"{path}: expected json of OpenPose, COCO, AlphaPose or MMPose: people, annotations or a list"
        )
    if "keypoint_scores" in records[0] or "instances" in records[0]:
        return _mmpose(path, records, None, layout)
    return _coco(path, records, layout)


def _coco(path, records, layout):
    """COCO's annotations and results, AlphaPose's results: keypoints x, y, score x 17 (or AlphaPose's 26)."""
    people, seen = [], {}
    for number, record in enumerate(records):
        triples = _triples(record.get("keypoints"), f"{path}: record {number}: keypoints")
        image = record.get("image_id", number)
        digits = re.findall(r"\d{1,18}", str(image))
        seen[str(image)] = seen.get(str(image), -1) + 1
        person = (
            record["idx"] if isinstance(record.get("idx"), int) else seen[str(image)]
        )  # AlphaPose's tracks
        people.append((int(digits[-1]) if digits else number, person, triples))
    notes = (f"{len(records)} people in {len(seen)} images",)
    return _gather(people, path, layout, notes, by_width={17: "coco_17", 26: "halpe_26"})


def _mmpose(path, frames, meta, layout):
    """A video's list of {frame_id, instances}, or an image's list of instances; names by meta_info.keypoint_id2name."""
    names = (meta or {}).get("keypoint_id2name")
    if layout is None and isinstance(names, dict):
        layout = tuple(names[str(i)] for i in range(len(names)))
    if (
        isinstance(frames, list)
        and frames
        and isinstance(frames[0], dict)
        and "instances" not in frames[0]
    ):
        frames = [{"frame_id": 0, "instances": frames}]
    people = []
    try:
        for number, frame in enumerate(frames):
            for person, instance in enumerate(frame["instances"]):
                scores = np.array(instance["keypoint_scores"], dtype=float)
                poses = np.array(instance["keypoints"], dtype=float)
                people.append(
                    (
                        int(frame.get("frame_id", number)),
                        person,
                        np.column_stack([poses[:, :2], scores]),
                    )
                )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError(
            f"{path}: expected MMPose's instances of keypoints and keypoint_scores ({error!r})"
        ) from None
    return _gather(people, path, layout, by_width={})


def _gather(people: list, path, layout, notes=(), *, by_width: dict) -> Keypoints:
    """[(frame, person, (K,3))] -> Keypoints. by_width: the layout that this kind of file has with so many joints."""
    if not people:
        raise InputError(f"{path}: expected people, found none")
    widths = {len(triples) for *_, triples in people}
    if len(widths) > 1:
        raise InputError(
            f"{path}: expected the same joints in every record, found {' and '.join(map(str, sorted(widths)))}"
        )
    (width,) = widths
    if layout is None and width in by_width:
        notes, layout = (*notes, f"taken for {by_width[width]}"), LAYOUTS[by_width[width]]
    frame, person, triples = zip(*people, strict=True)
    return _from_array(np.stack(triples), path, layout, np.array(frame), np.array(person), notes)
