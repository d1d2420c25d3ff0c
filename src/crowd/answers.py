"""Annotators' answers to "which of these two joints is closer?", and the files that hold them.

They are read from csv, from json and from the pickles of the authors' study.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.csv_files import load_csv
from src.errors import InputError, shortened, shown
from src.input_files import require_regular_file
from src.json_files import load_json
from src.unpickling import load_pickle, plain

_FIELDS = ("annotator", "image", "kp0", "kp1", "answer")

# The image with which the authors' study was explained to annotators: its answers are no data.
_TUTORIAL_IMAGE = "279782"

# The authors' pickles write -1 where the first joint is said to be closer, and 1 for the second.
_ANSWER_OF_AUTHORS = {-1: 0, 1: 1}

# No skeleton comes near it; a larger number is another column of the file, or a slip.
_LARGEST_JOINT = 1000


@dataclass(frozen=True, eq=False)
class Answers:
    """A answers of W annotators on I images, in the order in which they were given.

    annotators: W names. annotator (A,): whose answer it is, an index into the names.
    images: I names. image (A,): which image it is about, an index into the names.
    pairs (A,2): the numbers of the two joints.
    answer (A,): 1 when the second joint is said to be closer to the camera, 0 when the first is.
    """

    annotators: tuple[str, ...]
    annotator: np.ndarray
    images: tuple[str, ...]
    image: np.ndarray
    pairs: np.ndarray
    answer: np.ndarray


class _Record(NamedTuple):
    """One answer as a file has it, checked."""

    annotator: str
    image: str
    kp0: int
    kp1: int
    answer: int


def read_answers(paths) -> Answers:
    """Read the answers in several files together, in the order of the files.

    A csv file has the header annotator,image,kp0,kp1,answer; a json file is a list of objects with
    these fields; any other file is taken for a pickle of the authors' study. An answer of 0 says
    that kp0 is closer to the camera, 1 that kp1 is. Annotators and images come out sorted by name.

    Raises InputError, naming the file and the record, for what cannot be read or is no answer.
    """
    records = []
    for path in paths:
        records += _read_file(Path(path))
    if not records:
        raise InputError(f"{', '.join(map(str, paths))}: holds no answers")
    annotators, annotator = np.unique([record.annotator for record in records], return_inverse=True)
    images, image = np.unique([record.image for record in records], return_inverse=True)
    return Answers(
        annotators=tuple(annotators.tolist()),
        annotator=annotator,
        images=tuple(images.tolist()),
        image=image,
        pairs=np.array([(record.kp0, record.kp1) for record in records]),
        answer=np.array([record.answer for record in records]),
    )


def _read_file(path: Path) -> list[_Record]:
    try:
        if path.suffix == ".csv":
            objects = _read_csv(path)
        elif path.suffix == ".json":
            objects = load_json(path)
        else:
            objects = _read_pickle(path)
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        problem = shortened(str(error), most=200)
        raise InputError(f"{path}: cannot be read ({problem})") from None
    if not isinstance(objects, list):
        raise InputError(f"{path}: expected a list of answers, found {type(objects).__name__}")
    return [
        _check_record(values, f"{path}: answer {number}") for number, values in enumerate(objects)
    ]


def _read_csv(path: Path) -> list[dict]:
    header, rows = load_csv(path)
    return [dict(zip(header, row, strict=False)) for row in rows]


def _read_pickle(path: Path) -> list[dict]:
    require_regular_file(path)
    with path.open("rb") as file:
        content = load_pickle(file, path)
    try:
        return _flatten_assignments(plain(content))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"{path}: expected _all_assignments with worker_id and trials ({shown(error)})"
        ) from None


def _flatten_assignments(content: dict) -> list[dict]:
    """List the answers of the authors' nested assignments, in the fields of csv and json.

    An assignment is what one annotator did in one go; each of its trials is an image with answers
    by pair, {"3,11": -1}.
    """
    objects = []
    for assignment in content["_all_assignments"]:
        for trial in assignment["trials"]:
            if str(trial["img_id"]) == _TUTORIAL_IMAGE:
                continue
            for pair, answer in trial["depth"]["keypoint_comparisons_res"].items():
                kp0, kp1 = pair.split(",")
                objects.append(
                    {
                        "annotator": assignment["worker_id"],
                        "image": trial["img_id"],
                        "kp0": kp0,
                        "kp1": kp1,
                        "answer": _ANSWER_OF_AUTHORS[_whole_number(answer)],
                    }
                )
    return objects


def _whole_number(value) -> int:
    """Return a number, or one in a text, as int. Raises ValueError if it is none, or not whole."""
    number = int(value)
    if isinstance(value, bool) or (not isinstance(value, str) and number != value):
        raise ValueError(f"{shown(value)} is no whole number")
    return number


def _check_record(values, place: str) -> _Record:
    """Turn one object of a file into a record. ``place`` names file and record in errors."""
    try:
        record = _Record(
            annotator=str(values["annotator"]),
            image=str(values["image"]),
            kp0=_whole_number(values["kp0"]),
            kp1=_whole_number(values["kp1"]),
            answer=_whole_number(values["answer"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):  # the last for an infinite number
        raise InputError(
            f"{place}: expected {', '.join(_FIELDS)} (0 or 1), found {shown(values)}"
        ) from None
    joints_exist = 0 <= record.kp0 <= _LARGEST_JOINT and 0 <= record.kp1 <= _LARGEST_JOINT
    if not joints_exist or record.kp0 == record.kp1 or record.answer not in (0, 1):
        raise InputError(
            f"{place}: expected two different joints and an answer of 0 or 1, "
            f"found {shown((record.kp0, record.kp1, record.answer))}"
        )
    return record
