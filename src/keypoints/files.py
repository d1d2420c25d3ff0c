"""2D keypoints from the files that detectors write.

files_json.py reads those in json, files_mat.py the file that comes with LSP.
"""

import warnings
from pathlib import Path

import numpy as np

from src.data.npz import load_pickled_npz
from src.errors import InputError, listed, shortened, shown
from src.input_files import list_files, require_regular_file
from src.keypoints.arrays import Keypoints, keypoints_from_array
from src.keypoints.files_json import read_json, read_openpose_folder
from src.keypoints.files_mat import read_joints_mat
from src.keypoints.layouts import LAYOUTS
from src.npz_files import array_names, map_npy, open_npz, read_array
from src.skeletons import Skeleton


def read_keypoints(
    path, layout: tuple[str, ...] | None = None, skeleton: Skeleton | None = None
) -> Keypoints:
    """Return the keypoints in a file (npy, npz, csv, json, LSP's joints.mat) or in a folder (npz,
    OpenPose's json).

    layout: the joints' names, for files that do not tell them; names in a file itself win. Without
    names the layout must be clear from the kind of file or from the number of joints.
    skeleton: the checkpoint's; arrays without names and with as many joints are taken for its own
    if they look like it. None leaves this possibility out. Raises InputError, naming file and
    record, for what cannot be read, and for a number of joints that fits no layout or several.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    try:
        return _read_by_suffix(path, layout, skeleton)
    except InputError:
        raise
    except Exception as error:  # a file that is not what it should be can go wrong in any way
        raise InputError(
            f"{path}: is damaged, or no such file as its name says ({shown(error)})"
        ) from None


def _read_by_suffix(path: Path, layout, skeleton: Skeleton | None) -> Keypoints:
    if path.is_dir():
        return _read_folder(path, layout, skeleton)
    match path.suffix.lower():
        case ".npy":
            return _read_npy(path, layout, skeleton)
        case ".npz":
            return _read_npz(path, layout, skeleton)
        case ".csv":
            return _read_csv(path)
        case ".json":
            return read_json(path, layout)
        case ".mat":
            return read_joints_mat(path, skeleton)
    raise InputError(
        f"{path}: expected .npy, .npz, .csv, .json, LSP's joints.mat or a folder of OpenPose's json"
    )


def _read_folder(folder: Path, layout, skeleton: Skeleton | None) -> Keypoints:
    """Read a folder of npz files, as demo_data/, or else one of OpenPose's json files."""
    npz_paths, skipped = list_files(folder, ".npz")
    if not npz_paths:
        return read_openpose_folder(folder, layout)
    # By read_keypoints, whose errors name the file that is damaged.
    files = [read_keypoints(path, layout, skeleton) for path in npz_paths]
    if len({keypoints.joints for keypoints in files}) > 1:
        raise InputError(f"{folder}: its files hold different joints; give one file")
    counts = [len(keypoints.poses) for keypoints in files]
    listing = ", ".join(f"{path.name}: {n}" for path, n in zip(npz_paths, counts, strict=True))
    notes = [f"{listing} poses; the person number counts files", *skipped]
    for keypoints in files:
        notes += [note for note in keypoints.notes if note not in notes]
    return Keypoints(
        poses=np.concatenate([keypoints.poses for keypoints in files]),
        joints=files[0].joints,
        frame=np.arange(sum(counts)),
        person=np.repeat(np.arange(len(files)), counts),
        notes=tuple(notes),
    )


def _read_npy(path: Path, layout, skeleton: Skeleton | None) -> Keypoints:
    """Read one array: (N,2K) or (N,K,2) px, or (N,K,3) with confidence."""
    # Mapped into memory: a file of a million poses is read while it is lifted.
    return keypoints_from_array(map_npy(path), path, layout, skeleton=skeleton)


def _read_npz(path: Path, layout, skeleton: Skeleton | None) -> Keypoints:
    """Read an npz that holds an array as in an npy, and the joints' names if it likes.

    poses_2d      (N,2K), (N,K,2) or (N,K,3); also named pose_2d or keypoints, or by any name if it
                  is the only array
    joint_names   (K,) text, may be omitted
    """
    with open_npz(path) as archive:
        names = array_names(archive)
        if "positions_2d" in names:
            return _read_videopose3d(path, layout)
        candidates = [name for name in ("poses_2d", "pose_2d", "keypoints") if name in names]
        if not candidates:
            candidates = names
        if len(candidates) != 1:
            listing = listed(names)
            raise InputError(f"{path}: expected one array or poses_2d, found {listing}")
        if "joint_names" in names:
            layout = tuple(str(name) for name in read_array(archive, "joint_names"))
        array = read_array(archive, candidates[0])
        return keypoints_from_array(array, path, layout, skeleton=skeleton)


# The layouts of VideoPose3D's archives, by the name that stands in some of them, and by the number
# of joints in those of Human3.6M, which have no name: true joints or CPN's, and stacked hourglass.
_VIDEOPOSE3D_LAYOUTS = {"h36m": "human36_17k", "coco": "coco_17"}
_VIDEOPOSE3D_UNNAMED = {17: "human36_17k", 16: "shg_16k"}


def _read_videopose3d(path: Path, layout) -> Keypoints:
    """Read a 2D archive of VideoPose3D, an npz of two pickled dicts; its sequences end to end.

    positions_2d   {"S1": {"Walking 1": [poses (frames,K,2) px of each camera], ...}, ...}
    metadata       {"layout_name": "h36m" or "coco", "num_joints": 17, "keypoints_symmetry": ...};
                   may be omitted, as may its layout_name
    """
    content = load_pickled_npz(path, ("positions_2d", "metadata"))
    try:
        sequences = _videopose3d_sequences(content["positions_2d"])
        poses = np.concatenate([sequence[..., :2] for sequence in sequences])
    except (AttributeError, ValueError, TypeError) as error:
        problem = shortened(str(error), most=120)
        raise InputError(
            f"{path}: positions_2d: expected subject -> action -> cameras ({problem})"
        ) from None

    notes = [f"{len(sequences)} sequences end to end; the person number counts them"]
    layout_name = content.get("metadata", {}).get("layout_name")
    if layout_name is None:
        layout_name = _VIDEOPOSE3D_UNNAMED.get(poses.shape[1])
    else:
        layout_name = _VIDEOPOSE3D_LAYOUTS.get(layout_name, layout_name)
    if layout is None and layout_name in LAYOUTS:
        layout = LAYOUTS[layout_name]
        notes.append(f"taken for {layout_name}")

    counts = [len(sequence) for sequence in sequences]
    return keypoints_from_array(
        poses,
        path,
        layout,
        frame=np.concatenate([np.arange(count) for count in counts]),
        person=np.repeat(np.arange(len(counts)), counts),
        notes=notes,
    )


def _videopose3d_sequences(subjects: dict) -> list[np.ndarray]:
    sequences = []
    for actions in subjects.values():
        for cameras in actions.values():
            for poses in cameras:
                sequences.append(np.asarray(poses))
    return sequences


# What may follow a joint's name in the header of its column of confidences.
_CONFIDENCE_WORDS = ("confidence", "score", "c")
_MOST_COLUMNS_NAMED = 5


def _read_csv(path: Path) -> Keypoints:
    """Read a table with a header, a line per pose; an empty cell is a missing coordinate.

    frame,person,nose_x,nose_y,nose_confidence,left_eye_x,left_eye_y,...
    0,0,512.3,201.9,0.97,520.1,195.2,...

    frame, person and the confidences (also _score or _c) may be omitted, and columns may come in
    any order. The header names the joints, so the layout is not needed.
    """
    header = _read_csv_header(path)
    column_names = set(header)
    joints = tuple(name.removesuffix("_x") for name in header if name.endswith("_x"))
    lacks_y = any(f"{joint}_y" not in column_names for joint in joints)
    if not joints or lacks_y or len(column_names) < len(header):
        raise InputError(
            f"{path}: expected a header such as nose_x,nose_y,left_eye_x,...; "
            f"found {shortened(','.join(header))}"
        )
    values = _read_csv_values(path, len(header))
    columns = dict(zip(header, values.T, strict=True))

    poses = np.empty((len(values), len(joints), 2))
    for i, joint in enumerate(joints):
        poses[:, i, 0] = columns[f"{joint}_x"]
        poses[:, i, 1] = columns[f"{joint}_y"]
        for word in _CONFIDENCE_WORDS:
            confidence = columns.get(f"{joint}_{word}")
            if confidence is not None:
                # As in arrays, a joint without a confidence is a missing one: NaN is not above 0.
                poses[~(confidence > 0), i] = np.nan
    for name in ("frame", "person"):
        if name in columns and not np.isfinite(columns[name]).all():
            raise InputError(f"{path}: expected a number in every line's frame and person")
    notes = []
    unused = _unused_columns(header, joints)
    if unused:
        listing = ", ".join(unused[:_MOST_COLUMNS_NAMED])
        if len(unused) > _MOST_COLUMNS_NAMED:
            listing += f" and {len(unused) - _MOST_COLUMNS_NAMED} more"
        notes.append(f"columns that are not used: {listing}")
    return keypoints_from_array(
        poses,
        path,
        joints,
        frame=columns.get("frame"),
        person=columns.get("person"),
        notes=notes,
    )


def _unused_columns(header: list[str], joints: tuple[str, ...]) -> list[str]:
    used = {"frame", "person"}
    for joint in joints:
        used |= {f"{joint}_{word}" for word in ("x", "y", *_CONFIDENCE_WORDS)}
    return [name for name in header if name not in used]


def _read_csv_header(path: Path) -> list[str]:
    require_regular_file(path)
    # Spreadsheets put a byte order mark before the first name, and quotation marks round each.
    with path.open(encoding="utf-8-sig") as file:
        return [name.strip(' \t\r\n"') for name in file.readline().split(",")]


def _read_csv_values(path: Path, num_columns: int) -> np.ndarray:
    """Return the numbers (N,C) under the header, NaN for empty cells."""
    try:
        # numpy warns of a file without lines, which is refused below.
        with warnings.catch_warnings(action="ignore"):
            values = np.loadtxt(
                path,
                delimiter=",",
                skiprows=1,
                ndmin=2,
                comments=None,
                converters=_number_or_nan,
                encoding="utf-8",
            )
    except ValueError as error:
        problem = shortened(str(error), most=120)
        raise InputError(f"{path}: under the header: {problem}") from None
    if len(values) == 0 or values.shape[1] != num_columns:
        raise InputError(
            f"{path}: expected lines of {num_columns} numbers under the header, "
            f"found shape {values.shape}"
        )
    return values


def _number_or_nan(cell: str) -> float:
    return float(cell) if cell else np.nan
