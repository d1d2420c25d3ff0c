"""Annotators' answers to "which of these two joints is closer?": the authors' pickles, json or csv -> Answers."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.errors import InputError
from src.unpickling import load_pickle, plain

_TUTORIAL_IMAGE = "279782"
_FIELDS = ("annotator", "image", "kp0", "kp1", "answer")


@dataclass(frozen=True, eq=False)
class Answers:
    """A answers in the order they were given. annotators, images: names; annotator, image (A,): indices into these;
    pairs (A,2) joint numbers; answer (A,): 1 when the second joint is said to be closer, 0 when the first is."""

    annotators: tuple[str, ...]
    annotator: np.ndarray
    images: tuple[str, ...]
    image: np.ndarray
    pairs: np.ndarray
    answer: np.ndarray


def read_answers(paths) -> Answers:
    """All files together. csv: a header annotator,image,kp0,kp1,answer; json: a list of such objects; else a pickle.

    answer: 0 says that kp0 is closer, 1 that kp1 is. Raises InputError naming file and record.
    """
    rows = [row for path in map(Path, paths) for row in _read(path)]
    if not rows:
        raise InputError(f"{', '.join(map(str, paths))}: holds no answers")
    who, where, first, second, answer = zip(*rows, strict=True)
    annotators, annotator = np.unique(who, return_inverse=True)
    images, image = np.unique(where, return_inverse=True)
    pairs = np.column_stack([first, second])
    return Answers(
        tuple(annotators.tolist()),
        annotator,
        tuple(images.tolist()),
        image,
        pairs,
        np.array(answer),
    )


def _read(path: Path) -> list[tuple]:
    try:
        if path.suffix == ".csv":
            with path.open(newline="") as file:
                records = list(csv.DictReader(file))
        elif path.suffix == ".json":
            records = json.loads(path.read_text())
        else:
            with path.open("rb") as file:
                records = list(_flatten(plain(load_pickle(file, path))))
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"{path}: expected _all_assignments with worker_id and trials ({error!r})"
        ) from None
    if not isinstance(records, list):
        raise InputError(f"{path}: expected a list of answers, found {type(records).__name__}")
    return [_row(record, f"{path}: answer {i}") for i, record in enumerate(records)]


def _row(record, where: str) -> tuple:
    try:
        annotator, image, kp0, kp1, answer = (record[name] for name in _FIELDS)
        numbers = int(kp0), int(kp1), int(answer)
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{where}: expected {', '.join(_FIELDS)} (0 or 1), found {str(record)[:80]}"
        ) from None
    first, second, said = numbers
    if (
        said not in (0, 1)
        or first == second
        or not all(0 <= joint <= 1000 for joint in (first, second))
    ):
        raise InputError(
            f"{where}: expected two different joints and an answer of 0 or 1, found {numbers}"
        )
    return str(annotator), str(image), *numbers


def _flatten(content: dict):
    """The authors' assignments -> records; -1 says that the first joint is closer. The tutorial image is left out."""
    for assignment in content["_all_assignments"]:
        for trial in assignment["trials"]:
            answers = (
                trial["depth"]["keypoint_comparisons_res"]
                if str(trial["img_id"]) != _TUTORIAL_IMAGE
                else {}
            )
            for pair, answer in answers.items():
                kp0, kp1 = pair.split(",")
                values = (
                    assignment["worker_id"],
                    trial["img_id"],
                    kp0,
                    kp1,
                    {-1: 0, 1: 1}[int(answer)],
                )
                yield dict(zip(_FIELDS, values, strict=True))
