"""A manifest: the list of the clips that a public set of motion is made of, and who they train.

It is a csv table with a line per clip. With it anybody who has the clips makes the same set, and
learns which of them are missing or are not what the list says.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from src.csv_files import load_csv
from src.errors import InputError, reason_of, shortened, shown
from src.files import file_sha256

TRAINING_PART = "training"
TEST_PART = "test"
LEFT_OUT_PART = "left out"
PARTS = (TRAINING_PART, TEST_PART, LEFT_OUT_PART)
COLUMNS = ("clip", "sha256", "person", "part", "shows")


@dataclass(frozen=True)
class ManifestClip:
    """One line of a manifest.

    Attributes:
        clip: the file's name, without folders.
        sha256: of the file's content, 64 hexadecimal digits.
        person: who moves in it.
        part: one of `PARTS`.
        shows: what can be seen in it, in words.
    """

    clip: str
    sha256: str
    person: str
    part: str
    shows: str


def read_manifest(path) -> list[ManifestClip]:
    """Read a manifest, in the order of its lines.

    Raises:
        InputError: for a file that can't be read, a column that is missing, a line with too few
            cells, an unknown part, a clip that stands in it twice, or a person who is in both
            training and test.
    """
    try:
        header, rows = load_csv(path)
    except OSError as error:
        raise InputError(f"--manifest {path}: cannot be read ({reason_of(error)})") from None
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a csv table ({shown(error)})") from None
    for column in COLUMNS:
        if column not in header:
            raise InputError(f"{path}: has no column {column}; expected {', '.join(COLUMNS)}")
    clips = []
    for number, row in enumerate(rows, start=2):  # line 1 is the header
        if len(row) < len(header):
            raise InputError(
                f"{path}, row {number}: {len(row)} cells, expected {len(header)} as in the header"
            )
        cells = dict(zip(header, row, strict=False))
        clips.append(
            ManifestClip(
                clip=cells["clip"],
                sha256=cells["sha256"].lower(),
                person=cells["person"],
                part=cells["part"],
                shows=cells["shows"],
            )
        )
    _check(clips, path)
    return clips


def _check(clips: list[ManifestClip], path):
    """Raise InputError for lines that contradict each other, or cannot be followed."""
    names = set()
    parts_of_people: dict[str, str] = {}
    for clip in clips:
        if clip.clip in names:
            raise InputError(
                f"{path}: {shortened(clip.clip)} stands in it twice; remove one of the lines"
            )
        names.add(clip.clip)
        if clip.part not in PARTS:
            raise InputError(
                f"{path}: {shortened(clip.clip)} has the part {shown(clip.part)}; "
                f"expected {', '.join(PARTS)}"
            )
        if clip.part == LEFT_OUT_PART:
            continue
        first_part = parts_of_people.setdefault(clip.person, clip.part)
        if first_part != clip.part:
            raise InputError(
                f"{path}: person {shortened(clip.person)} is in training and in test "
                f"({shortened(clip.clip)}); "
                "give all clips of a person the same part"
            )
    for part in (TRAINING_PART, TEST_PART):
        if part not in parts_of_people.values():
            raise InputError(f"{path}: no clip has the part {part}; a set needs some of both")


def people_of_part(clips: list[ManifestClip], part: str) -> list[str]:
    """Return the people of a part, in the order of the manifest."""
    return list(dict.fromkeys(clip.person for clip in clips if clip.part == part))


def find_clips(clips: list[ManifestClip], paths: list[Path]) -> tuple[dict[str, Path], list[str]]:
    """Find the files of a manifest's clips among others, by their names.

    Where several files have the name of a clip, the one with its content is taken.

    Args:
        clips: of the manifest.
        paths: of all BVH files that are there; those that the manifest does not list are ignored.

    Returns:
        {clip: path} of the clips that are there, in the order of the manifest; and a line for every
        one that is missing, or whose content is not what the manifest says.
    """
    paths_by_name: dict[str, list[Path]] = {}
    for path in paths:
        paths_by_name.setdefault(path.name, []).append(path)
    clip_paths = {}
    problems = []
    for clip in clips:
        candidates = paths_by_name.get(clip.clip, [])
        if not candidates:
            problems.append(f"{clip.clip}: missing")
            continue
        same = [path for path in candidates if file_sha256(path) == clip.sha256]
        if same:
            clip_paths[clip.clip] = same[0]
        else:
            clip_paths[clip.clip] = candidates[0]
            problems.append(f"{candidates[0]}: differs from the manifest's file of this name")
    return clip_paths, problems
