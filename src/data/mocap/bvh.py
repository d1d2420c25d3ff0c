"""BVH motion capture files: reading them, and where their joints are.

A BVH file has two parts. HIERARCHY describes the skeleton as a tree::

    HIERARCHY
    ROOT hip
    {
      OFFSET 0 0 0
      CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
      JOINT thigh
      {
        OFFSET 4.2 -3.5 1.3
        CHANNELS 3 Zrotation Yrotation Xrotation
        End Site
        {
          OFFSET 0 -18 0
        }
      }
    }

OFFSET is the way from the parent joint, in its axes; CHANNELS names the numbers that move the
joint; an End Site is the tip of the last bone of a chain (a toe, a fingertip). MOTION then gives
one row of numbers per frame, one for each channel in the order of the hierarchy; angles are in
degrees::

    MOTION
    Frames: 2
    Frame Time: 0.0083333
    0 36.1 0 1.5 0 -2 30 0 4
    0 36.2 0 1.6 0 -2 31 0 5

The format is a convention of programs, not a standard: it says nothing of units, of the axis that
points up, or of the names of joints. See `src.data.mocap.joint_names` and `src.data.mocap.body` for
these.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from src.errors import InputError
from src.input_files import most_bytes, require_regular_file

# Bounds that no real file reaches; beyond them a file is damaged or hostile.
_MAX_NODES = 1000
_MAX_BYTES = 2**28
_MAX_VALUE = 1e6
_MAX_FRAMES = 10**9

_CHANNEL_NAMES = (
    "Xposition",
    "Yposition",
    "Zposition",
    "Xrotation",
    "Yrotation",
    "Zrotation",
)


@dataclass(eq=False)
class Node:
    """A joint, or the end site of the joint "X", which is called "X end".

    Attributes:
        name: the name in the file.
        parent: the index of its parent, which stands before it in the list of nodes; -1 for the
            root.
        offset: (3,) the way from the parent to this node, in the file's unit and the parent's axes.
        channels: the channels in the file's order, for instance ("Zrotation", "Xrotation").
        column: the column of the first channel in the motion; the others follow it.
    """

    name: str
    parent: int
    offset: np.ndarray | None = None
    channels: tuple[str, ...] = ()
    column: int = 0


@dataclass(frozen=True, eq=False)
class Bvh:
    """The content of a BVH file.

    Attributes:
        nodes: joints and end sites, parents before their children.
        motion: (F,C), one row per frame and one column per channel; positions are in the file's
            unit, angles in degrees.
        frame_time: seconds from one frame to the next.
        notes: what is odd about the file although it could be read, a line each without its name.
    """

    nodes: list[Node]
    motion: np.ndarray
    frame_time: float
    notes: tuple[str, ...]

    def ancestors(self, index: int) -> list[int]:
        """Return the indices of the node itself, of its parent, and so on up to the root."""
        chain = []
        while index >= 0:
            chain.append(index)
            index = self.nodes[index].parent
        return chain

    def positions(self, indices, motion: np.ndarray) -> np.ndarray:
        """Compute where nodes are, by forward kinematics.

        A node lies at its offset from the parent, turned by the rotations of all its ancestors.
        Only the root moves by its position channels: where other joints have some, these are
        ignored, because the bones of a person do not stretch.

        Args:
            indices: of J nodes.
            motion: (F,C) rows of the file's motion, or others with the same channels.

        Returns:
            (F,J,3) positions in the file's unit and axes.
        """
        needed = set()
        for index in indices:
            needed.update(self.ancestors(index))
        positions = {}
        rotations = {}
        for index in sorted(needed):  # parents stand before their children
            node = self.nodes[index]
            rotation = _rotation_of(node, motion)
            if node.parent < 0:
                positions[index] = node.offset + _root_position(node, motion)
                rotations[index] = rotation
            else:
                parent_rotation = rotations[node.parent]
                positions[index] = positions[node.parent] + parent_rotation.apply(node.offset)
                rotations[index] = parent_rotation * rotation
        return np.stack([positions[index] for index in indices], axis=1)


def _rotation_of(node: Node, motion: np.ndarray) -> Rotation:
    """Return a node's rotation against its parent: one per row of motion (F,C), or one for all."""
    axes = ""
    columns = []
    for position, channel in enumerate(node.channels):
        if channel.endswith("rotation"):
            axes += channel[0]
            columns.append(node.column + position)
    if not axes:  # end sites never turn
        return Rotation.identity()
    # Capital letters mean to scipy what the order of channels means in BVH: every turn is about an
    # axis that the turns before it have carried along (intrinsic Euler angles).
    return Rotation.from_euler(axes, motion[:, columns], degrees=True)


def _root_position(node: Node, motion: np.ndarray) -> np.ndarray:
    """Return the root's position channels (F,3); an axis without a channel stays at 0."""
    position = np.zeros((len(motion), 3))
    for axis, name in enumerate("XYZ"):
        channel = f"{name}position"
        if channel in node.channels:
            position[:, axis] = motion[:, node.column + node.channels.index(channel)]
    return position


def read_bvh(path) -> Bvh:
    """Read a BVH file as programs write them in the wild.

    Any line ends, tabs, exponents, names with spaces, joints without end site and any order of
    channels are read. A wrong number of frames is put into the notes. A last line that is cut off
    is left out.

    Raises:
        InputError: if the file cannot be read; it names the line, and what was expected there.
    """
    path = Path(path)
    require_regular_file(path)
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path}: is larger than {_MAX_BYTES // 2**20} MiB; split it")
    text = path.read_bytes().removeprefix(BOM_UTF8).decode(errors="replace")
    lines = re.split(r"\r\n|\r|\n", text)
    motion_index = None
    for index, line in enumerate(lines):
        if line.strip().upper() == "MOTION":
            motion_index = index
            break
    if motion_index is None:
        raise InputError(f"{path}: has no line MOTION; is it a whole BVH file?")
    nodes = _read_hierarchy(lines[:motion_index], path)
    channel_count = sum(len(node.channels) for node in nodes)
    motion, frame_time, notes = _read_motion(lines, motion_index, channel_count, path)
    # Joints without channels take no place in the file, but have a position in every frame.
    if len(nodes) * len(motion) * 3 * 8 > most_bytes(path):
        raise InputError(
            f"{path}: {len(nodes)} joints in {len(motion)} frames are more than a file of its size "
            "may hold"
        )
    return Bvh(nodes=nodes, motion=motion, frame_time=frame_time, notes=notes)


def _read_hierarchy(lines: list[str], path) -> list[Node]:
    """Read the lines before MOTION. Raises InputError."""
    nodes: list[Node] = []
    open_nodes: list[int] = []  # the joints whose braces are open, the innermost last
    channel_count = 0
    for line_number, statement in _statements(lines):
        keyword, _, rest = statement.partition(" ")
        if keyword == "HIERARCHY":
            continue
        innermost = open_nodes[-1] if open_nodes else -1
        try:
            if keyword in ("ROOT", "JOINT"):
                nodes.append(_new_node(nodes, innermost, rest))
            elif keyword == "{":
                newest = len(nodes) - 1
                if newest <= innermost:
                    raise ValueError("expected the name of a joint before its brace")
                open_nodes.append(newest)
            elif keyword not in ("End", "OFFSET", "CHANNELS", "}"):
                raise ValueError("a word that BVH does not have")
            elif innermost < 0:
                raise ValueError("expected it within the braces of a joint")
            elif keyword == "End":
                nodes.append(_new_node(nodes, innermost, f"{nodes[innermost].name} end"))
            elif keyword == "OFFSET":
                nodes[innermost].offset = _parse_offset(rest)
            elif keyword == "CHANNELS":
                if nodes[innermost].channels:
                    raise ValueError("the second CHANNELS of this joint")
                nodes[innermost].channels = _parse_channels(rest)
                nodes[innermost].column = channel_count
                channel_count += len(nodes[innermost].channels)
            else:
                open_nodes.pop()
        except ValueError as error:
            raise InputError(
                f"{path}: line {line_number}: cannot read {statement[:60]!r} here ({error})"
            ) from None
    if open_nodes or not nodes or any(node.offset is None for node in nodes):
        raise InputError(
            f"{path}: the hierarchy is not whole: expected joints, each with OFFSET, closed by }}"
        )
    return nodes


def _statements(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, statement); a brace is a statement wherever it stands."""
    for line_number, line in enumerate(lines, 1):
        for piece in re.split(r"([{}])", line):
            statement = " ".join(piece.split())
            if statement:
                yield line_number, statement


def _new_node(nodes: list[Node], parent: int, name: str) -> Node:
    """Return a node to be appended to the others. Raises ValueError if it does not fit to them."""
    is_first = not nodes
    is_root = parent < 0
    if is_root != is_first:
        raise ValueError("a file must hold one person: one ROOT, all joints within it")
    if not name or any(node.name == name for node in nodes) or len(nodes) == _MAX_NODES:
        raise ValueError(f"expected a new name, and at most {_MAX_NODES} joints")
    return Node(name=name, parent=parent)


def _parse_offset(text: str) -> np.ndarray:
    """Return three numbers as (3,). Raises ValueError."""
    offset = np.array([float(word) for word in text.split()])
    if len(offset) != 3 or not _are_plausible(offset):
        raise ValueError("expected three finite numbers")
    return offset


def _parse_channels(text: str) -> tuple[str, ...]:
    """Return the names of channels after their number, in the usual case. Raises ValueError."""
    words = text.split()
    channels = tuple(word.capitalize() for word in words[1:])
    is_counted = bool(words) and int(words[0]) == len(channels)
    is_known = all(channel in _CHANNEL_NAMES for channel in channels)
    if not is_counted or not is_known or len(set(channels)) != len(channels):
        raise ValueError(
            "expected a number and as many different channels, such as Xposition and Zrotation"
        )
    return channels


def _are_plausible(numbers: np.ndarray) -> bool:
    """Whether all numbers are finite and of a size that offsets, positions and angles can have."""
    return bool((np.abs(numbers) < _MAX_VALUE).all())  # false for NaN, too


def _read_motion(
    lines: list[str], motion_index: int, channel_count: int, path
) -> tuple[np.ndarray, float, tuple[str, ...]]:
    """Read the lines after ``lines[motion_index]``, the line MOTION.

    Returns:
        The motion (F,C), the seconds per frame, and notes.
    """
    frame_count, frame_time, first_row = _read_motion_head(lines, motion_index, path)
    rows = lines[first_row:-1]  # what no line end follows may have been cut off
    frames = []
    for line_number, row in enumerate(rows, first_row + 1):
        if row.strip():
            frames.append(_parse_frame(row, channel_count, f"{path}: line {line_number}"))
    if not frames:
        raise InputError(f"{path}: holds no frames after 'Frame Time'; copy or download it again")
    notes = ()
    if len(frames) not in (frame_count, frame_count - 1):  # one fewer: the last had no line end
        notes = (f"'Frames' says {frame_count}, {len(frames)} are there: these are taken",)
    return np.stack(frames), frame_time, notes


def _read_motion_head(lines: list[str], motion_index: int, path) -> tuple[int, float, int]:
    """Read 'Frames: N' and 'Frame Time: SECONDS', the two lines after MOTION that are not blank.

    Returns:
        The number of frames as the file says it, the seconds per frame, and the index of the line
        after the two.
    """
    problem = (
        f"{path}: line {motion_index + 2}: "
        "expected 'Frames: N' and 'Frame Time: SECONDS' in the two lines after MOTION"
    )
    names = []
    values = []
    for index in range(motion_index + 1, len(lines)):
        if not lines[index].strip():
            continue
        name, _, value = lines[index].partition(":")
        names.append(" ".join(name.lower().split()))
        values.append(value)
        if len(names) == 2:
            break
    if names != ["frames", "frame time"]:
        raise InputError(problem)
    try:
        frame_count = int(values[0])
        frame_time = float(values[1])
    except ValueError:
        raise InputError(problem) from None
    if not 1e-4 < frame_time < 10 or abs(frame_count) > _MAX_FRAMES:
        raise InputError(problem)
    return frame_count, frame_time, index + 1


def _parse_frame(row: str, channel_count: int, place: str) -> np.ndarray:
    """Return the numbers of one frame, (C,). ``place`` names file and line in the InputError."""
    words = row.split()
    try:
        frame = np.array([float(word) for word in words])
        is_frame = len(frame) == channel_count and _are_plausible(frame)
    except ValueError:
        is_frame = False
    if not is_frame:
        raise InputError(
            f"{place}: expected a frame of {channel_count} finite numbers, as many as there are "
            f"channels, found {len(words)} words: {row.strip()[:40]}"
        )
    return frame
