"""2D keypoints in the json of OpenPose, COCO, AlphaPose and MMPose, told apart by their content."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.errors import InputError, shortened, shown
from src.input_files import list_files
from src.json_files import load_json
from src.keypoints.arrays import Keypoints, keypoints_from_array
from src.keypoints.layouts import LAYOUTS

# The layout of a program's results by their number of joints.
_OPENPOSE_LAYOUTS = {25: "openpose_25", 18: "openpose_18"}
_COCO_LAYOUTS = {17: "coco_17", 26: "halpe_26"}  # 26 are AlphaPose's


class Detection(NamedTuple):
    """One person in one frame. joints: (K,3), x and y in px and the confidence of each joint."""

    frame: int
    person: int
    joints: np.ndarray


def read_json(path: Path, layout: tuple[str, ...] | None) -> Keypoints:
    """Return the keypoints in a json file of any of these programs. Raises InputError."""
    content = _load_json(path)
    if isinstance(content, dict) and "people" in content:
        people = _openpose_people(content, path, frame=0)
        return _collect(people, path, layout, layouts_by_size=_OPENPOSE_LAYOUTS)
    if isinstance(content, dict) and "instance_info" in content:
        return _read_mmpose(content["instance_info"], content.get("meta_info"), path, layout)

    records = content.get("annotations") if isinstance(content, dict) else content
    is_list = isinstance(records, list) and len(records) > 0
    if not is_list or not all(isinstance(record, dict) for record in records):
        raise InputError(
            f"{path}: expected json of OpenPose, COCO, AlphaPose or MMPose: "
            "people, annotations or a list"
        )
    if "keypoint_scores" in records[0] or "instances" in records[0]:
        # MMPose's inferencer writes its list without the names of the joints.
        return _read_mmpose(records, None, path, layout)
    return _read_coco(records, path, layout)


def read_openpose_folder(folder: Path, layout: tuple[str, ...] | None) -> Keypoints:
    """Return the people in a folder of OpenPose's json files, one file per frame.

    Frames have the numbers that OpenPose put into the files' names, or are counted in their order
    where names have no such numbers, or several files have the same. Raises InputError.
    """
    paths, skipped = list_files(folder, ".json")
    paths.sort(key=_numbers_in_name)
    if not paths:
        raise InputError(f"{folder}: expected OpenPose's json files, one per frame, found none")
    people = []
    frames = _frame_numbers(paths)
    for frame, path in zip(frames, paths, strict=True):
        people += _openpose_people(_load_json(path), path, frame=frame)

    note = f"{len(paths)} frames of OpenPose"
    if frames != list(range(len(paths))):
        note += f", numbered {frames[0]} to {frames[-1]} in the files' names"
    num_empty = len(paths) - len({person.frame for person in people})
    if num_empty > 0:
        note += f", {num_empty} of them without people"
    return _collect(
        people, folder, layout, layouts_by_size=_OPENPOSE_LAYOUTS, notes=[note, *skipped]
    )


def _numbers_in_name(path: Path) -> list[int]:
    # By value: programs that do not pad their numbers write frame_10 and frame_9.
    return [int(digits) for digits in re.findall(r"\d+", path.stem)]


def _frame_numbers(paths: list[Path]) -> list[int]:
    """Return the frame of each file: the last number in its name.

    OpenPose calls its files VIDEO_000000000012_keypoints.json and so on. If a name has no number,
    or two have the same, files are counted from 0.
    """
    frames = []
    for path in paths:
        # 18 digits fit an int64, as which frames are kept.
        match = re.search(r"(\d{1,18})\D*$", path.stem)
        if match:
            frames.append(int(match[1]))
    if len(set(frames)) < len(paths):
        return list(range(len(paths)))
    return frames


def _openpose_people(content, path: Path, *, frame: int) -> list[Detection]:
    """Return the people in OpenPose's json of one frame.

    {"people": [{"pose_keypoints_2d": [x, y, confidence, x, y, confidence, ...]}, ...]}
    """
    if not isinstance(content, dict) or not isinstance(content.get("people"), list):
        raise InputError(f"{path}: expected OpenPose's json with a list of people")
    people = []
    for number, person in enumerate(content["people"]):
        numbers = person.get("pose_keypoints_2d") if isinstance(person, dict) else None
        joints = _parse_joints(numbers, f"{path}: person {number}: pose_keypoints_2d")
        people.append(Detection(frame, number, joints))
    return people


def _read_coco(records: list[dict], path: Path, layout) -> Keypoints:
    """Read annotations or results of COCO, or results of AlphaPose, a record per person.

    [{"image_id": 785, "keypoints": [x, y, score, x, y, score, ...], "score": 0.9}, ...]

    AlphaPose's image_id is the image's file name; its last number counts as the frame. AlphaPose's
    "idx", a track's number, tells people apart where it is given, else their order in the image.
    """
    people = []
    count_by_image: dict[str, int] = {}
    for number, record in enumerate(records):
        joints = _parse_joints(record.get("keypoints"), f"{path}: record {number}: keypoints")
        image = str(record.get("image_id", number))
        person = count_by_image.get(image, 0)
        count_by_image[image] = person + 1
        if isinstance(record.get("idx"), int):
            person = record["idx"]
        people.append(Detection(_frame_of_image(image, default=number), person, joints))
    note = f"{len(records)} people in {len(count_by_image)} images"
    return _collect(people, path, layout, layouts_by_size=_COCO_LAYOUTS, notes=[note])


def _frame_of_image(image: str, *, default: int) -> int:
    # 18 digits fit an int64; longer ones, as in some time stamps, are cut into several numbers.
    numbers = re.findall(r"\d{1,18}", image)
    return int(numbers[-1]) if numbers else default


def _read_mmpose(frames, meta_info: dict | None, path: Path, layout) -> Keypoints:
    """Read what MMPose writes for a video, or for one image.

    {"meta_info": {"keypoint_id2name": {"0": "nose", ...}},
     "instance_info": [{"frame_id": 1, "instances": [INSTANCE, ...]}, ...]}     of a video
     "instance_info": [INSTANCE, ...]                                          of an image
    INSTANCE: {"keypoints": [[x, y], ...], "keypoint_scores": [0.9, ...]}

    frames: the list in instance_info.
    """
    if layout is None and meta_info and isinstance(meta_info.get("keypoint_id2name"), dict):
        names = meta_info["keypoint_id2name"]
        layout = tuple(str(names.get(str(i))) for i in range(len(names)))
    is_list = isinstance(frames, list) and len(frames) > 0
    if is_list and isinstance(frames[0], dict) and "instances" not in frames[0]:
        frames = [{"frame_id": 0, "instances": frames}]
    try:
        people = _mmpose_people(frames)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError(
            f"{path}: expected MMPose's instances of keypoints and keypoint_scores ({shown(error)})"
        ) from None
    return _collect(people, path, layout, layouts_by_size={})


def _mmpose_people(frames: list[dict]) -> list[Detection]:
    people = []
    for number, frame in enumerate(frames):
        for person, instance in enumerate(frame["instances"]):
            scores = np.array(instance["keypoint_scores"], dtype=np.float64)
            poses = np.array(instance["keypoints"], dtype=np.float64)
            joints = np.column_stack([poses[:, :2], scores])
            people.append(Detection(int(frame.get("frame_id", number)), person, joints))
    return people


def _load_json(path: Path):
    try:
        return load_json(path)
    except ValueError as error:
        raise InputError(f"{path}: is no valid json ({error})") from None


def _parse_joints(numbers, record_name: str) -> np.ndarray:
    """Return joints (K,3) from a list x, y, confidence, x, y, confidence, ... or from K such lists.

    A joint at (0, 0) gets the confidence 0: OpenPose and COCO write one so if it was not seen.
    """
    expected = f"{record_name}: expected x, y, confidence of each joint"
    try:
        joints = np.array(numbers, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(f"{expected} ({shortened(str(error))})") from None
    if joints.ndim == 1 and joints.size % 3 == 0:
        joints = joints.reshape(-1, 3)
    if joints.ndim != 2 or joints.shape[1] != 3 or len(joints) == 0:
        raise InputError(f"{expected} (found shape {joints.shape})")
    is_at_origin = (joints[:, :2] == 0).all(axis=1)
    joints[is_at_origin, 2] = 0
    return joints


def _collect(
    people: list[Detection], path: Path, layout, *, layouts_by_size: dict[int, str], notes=()
) -> Keypoints:
    """Return the people as keypoints.

    layouts_by_size: the name of the layout that this kind of file has with so many joints.
    """
    if not people:
        raise InputError(f"{path}: expected people, found none")
    sizes = sorted({len(person.joints) for person in people})
    if len(sizes) > 1:
        raise InputError(
            f"{path}: expected the same joints in every record, "
            f"found {shortened(' and '.join(str(size) for size in sizes))}"
        )
    layout_name = layouts_by_size.get(sizes[0])
    if layout is None and layout_name is not None:
        layout = LAYOUTS[layout_name]
        notes = (*notes, f"taken for {layout_name}")
    return keypoints_from_array(
        np.stack([person.joints for person in people]),
        path,
        layout,
        frame=np.array([person.frame for person in people]),
        person=np.array([person.person for person in people]),
        notes=notes,
    )
