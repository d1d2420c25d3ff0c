"""BVH motion capture files, as programs write them in the wild: joints by name, and where they are."""

import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from src.errors import InputError

_MAX_NODES, _MAX_BYTES, _MAX_VALUE = 1000, 2**28, 1e6


@dataclass(eq=False)
class Node:
    """A joint, or the end site of the joint "X", which is called "X end".

    parent: index of a node before this one, -1 for the root. offset (3,) from there, in its unit. channels: words
    such as Xposition and Zrotation, in the file's order. column: of the first of them in the motion.
    """

    name: str
    parent: int
    offset: np.ndarray | None = None
    channels: tuple[str, ...] = ()
    column: int = 0


@dataclass(frozen=True, eq=False)
class Bvh:
    """nodes; motion (F,C) in the file's unit and degrees; frame_time in seconds; notes: oddities, a line each."""

    nodes: list[Node]
    motion: np.ndarray
    frame_time: float
    notes: tuple[str, ...]

    def ancestors(self, index: int) -> list[int]:
        """The node itself, its parent, and so on to the root."""
        return [index, *self.ancestors(self.nodes[index].parent)] if index >= 0 else []

    def places(self, wanted, motion: np.ndarray) -> np.ndarray:
        """Indices of J nodes and frames of motion (F,C) -> (F,J,3) in the file's unit and axes: forward kinematics.

        Only the root moves by its position channels: bones do not stretch.
        """
        turns, places = {-1: np.eye(3)[None]}, {-1: np.zeros((len(motion), 3))}
        for index in sorted({ancestor for node in wanted for ancestor in self.ancestors(node)}):
            node = self.nodes[index]
            places[index] = places[node.parent] + turns[node.parent] @ node.offset
            columns = {
                channel: motion[:, node.column + i] for i, channel in enumerate(node.channels)
            }
            if node.parent < 0:
                places[index] = node.offset + np.stack(
                    [columns.get(f"{axis}position", np.zeros(len(motion))) for axis in "XYZ"],
                    axis=1,
                )
            axes = "".join(channel[0] for channel in columns if channel.endswith("rotation"))
            turns[index] = turns[node.parent]
            if axes:
                angles = np.stack([columns[f"{axis}rotation"] for axis in axes], axis=1)
                turns[index] = (
                    turns[index] @ Rotation.from_euler(axes, angles, degrees=True).as_matrix()
                )
        return np.stack([places[index] for index in wanted], axis=1)


def read_bvh(path) -> Bvh:
    """Read a file. Raises InputError naming the file, the line, and what was expected there.

    Any line ends, tabs, exponents, names with spaces, leaves without end site, any order of channels and a wrong number
    of frames are taken; a last line that is cut off is left out.
    """
    path = Path(path)
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path}: is larger than {_MAX_BYTES // 2**20} MiB; split it")
    lines = re.split(
        r"\r\n|\r|\n", path.read_bytes().removeprefix(BOM_UTF8).decode(errors="replace")
    )
    start = next(
        (number for number, line in enumerate(lines) if line.strip().upper() == "MOTION"), None
    )
    if start is None:
        raise InputError(f"{path}: has no line MOTION; is it a whole BVH file?")
    nodes = _read_hierarchy(lines[:start], path)
    motion, frame_time, notes = _read_motion(
        lines, start, sum(len(node.channels) for node in nodes), path
    )
    return Bvh(nodes, motion, frame_time, notes)


def _read_hierarchy(lines: list[str], path) -> list[Node]:
    nodes, opened, columns = [], [-1], 0
    for number, line in enumerate(lines, 1):
        for piece in filter(None, map(str.strip, re.split(r"([{}])", line))):
            word, _, rest = re.sub(r"\s+", " ", piece).partition(" ")
            node = nodes[opened[-1]] if len(opened) > 1 else None
            try:
                if word in ("ROOT", "JOINT", "End"):
                    _add_node(nodes, opened[-1], f"{node.name} end" if word == "End" else rest)
                elif word == "{":
                    opened.append(range(opened[-1] + 1, len(nodes))[-1])
                elif word == "}":
                    opened.pop(-1 if len(opened) > 1 else 1)
                elif word == "OFFSET":
                    node.offset = _finite([float(value) for value in rest.split()]).reshape(3)
                elif word == "CHANNELS" and not node.channels:
                    node.column, node.channels = columns, _channels(rest)
                    columns += len(node.channels)
                elif word != "HIERARCHY":
                    raise ValueError("a word that BVH does not have")
            except (ValueError, IndexError, AttributeError, TypeError) as error:
                raise InputError(
                    f"{path}: line {number}: cannot read {piece[:60]!r} here ({error})"
                ) from None
    if len(opened) > 1 or not nodes or any(node.offset is None for node in nodes):
        raise InputError(
            f"{path}: the hierarchy is not whole: expected joints, each with OFFSET, closed by }}"
        )
    return nodes


def _add_node(nodes: list[Node], parent: int, name: str):
    if (parent < 0) != (not nodes):
        raise ValueError("a file must hold one person: one ROOT, all joints within it")
    if not name or name in [node.name for node in nodes] or len(nodes) == _MAX_NODES:
        raise ValueError(f"expected a new name, and at most {_MAX_NODES} joints")
    nodes.append(Node(name, parent))


def _channels(text: str) -> tuple[str, ...]:
    count, *channels = text.split()
    channels = tuple(channel[:1].upper() + channel[1:].lower() for channel in channels)
    known = {f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation")}
    if (
        int(count) != len(channels)
        or len(set(channels)) != len(channels)
        or not known.issuperset(channels)
    ):
        raise ValueError(
            "expected a number and as many different channels, such as Xposition and Zrotation"
        )
    return channels


def _finite(numbers) -> np.ndarray:
    if not (np.abs(numbers) < _MAX_VALUE).all():
        raise ValueError("expected finite numbers")
    return np.array(numbers)


def _read_motion(
    lines: list[str], start: int, width: int, path
) -> tuple[np.ndarray, float, tuple[str, ...]]:
    """The lines from MOTION on -> motion (F,C), seconds per frame, notes."""
    said = [number for number in range(start + 1, len(lines)) if lines[number].strip()][:2]
    fields = [lines[number].partition(":") for number in said]
    try:
        if [" ".join(name.lower().split()) for name, _, _ in fields] != ["frames", "frame time"]:
            raise ValueError
        frames, frame_time = int(fields[0][2]), float(fields[1][2])
        if not 1e-4 < frame_time < 10:
            raise ValueError
    except ValueError:
        expected = "expected 'Frames: N' and 'Frame Time: SECONDS' in the two lines after MOTION"
        raise InputError(f"{path}: line {start + 2}: {expected}") from None
    rows = lines[said[1] + 1 : -1]  # what no line end follows may have been cut off
    try:
        motion = _finite(np.fromstring("\n".join(rows), sep=" ")).reshape(-1, width)
    except ValueError:
        motion = np.empty((0, width))
    if len(motion) != sum(map(bool, map(str.strip, rows))):
        _name_bad_row(rows, width, f"{path}: line", said[1] + 2)
    if not len(motion):
        raise InputError(f"{path}: holds no frames after 'Frame Time'; copy or download it again")
    note = f"{path}: 'Frames' says {frames}, {len(motion)} are there: these are taken"
    return motion, frame_time, () if len(motion) in (frames, frames - 1) else (note,)


def _name_bad_row(rows: list[str], width: int, where: str, first: int):
    """Raise InputError for the first row that isn't ``width`` numbers."""
    for number, row in enumerate(rows, first):
        try:
            if row.strip() and len(_finite(list(map(float, row.split())))) != width:
                raise ValueError
        except ValueError:
            raise InputError(
                f"{where} {number}: expected a frame of {width} finite numbers, as many as there are channels, found "
                f"{len(row.split())} words: {row.strip()[:40]}"
            ) from None
