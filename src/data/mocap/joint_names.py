"""Which joint of a BVH file is which joint of Human3.6M: found by name, or explained by a map.

BVH has no fixed names: every program that writes it calls the joints as it likes. The two
conventions here are those of the public conversions of CMU's database; for any other the user gives
a map.
"""

import re
from pathlib import Path
from typing import NamedTuple

from src.data.mocap.bvh import Bvh, read_bvh
from src.errors import InputError, shortened
from src.json_files import load_json

SIDES = ("right", "left")

# Where joints of Human3.6M are in the files of a convention: at a joint of the file, or at a point
# (a, factor, b), which lies ``factor`` times as far from joint a as joint b does, in its direction.
# The skull is no joint of Human3.6M: it is the joint about which the head turns, and the chin is
# placed from it. The head is the top of the head. "X end" is the end site of joint X.
CONVENTIONS = {
    # As in Poser: a joint has the name of the bone that it turns, so the knee is called shin.
    "poser": {
        "mid_spine": "chest",
        "neck": "neck",
        "skull": "head",
        "head": ("neck", 3.5, "head"),  # no end site: the head's own bone is not in the file
        "right_hip": "rThigh",
        "right_knee": "rShin",
        "right_ankle": "rFoot",
        "right_foot_base": ("rFoot", 0.6, "rFoot end"),
        "right_foot_tip": "rFoot end",
        "right_shoulder": "rShldr",
        "right_elbow": "rForeArm",
        "right_wrist": "rHand",
        "right_palm": "rMid1",
        "right_thumb": "rThumb2",
        "left_hip": "lThigh",
        "left_knee": "lShin",
        "left_ankle": "lFoot",
        "left_foot_base": ("lFoot", 0.6, "lFoot end"),
        "left_foot_tip": "lFoot end",
        "left_shoulder": "lShldr",
        "left_elbow": "lForeArm",
        "left_wrist": "lHand",
        "left_palm": "lMid1",
        "left_thumb": "lThumb2",
    },
    # As in MotionBuilder: a joint has its own name.
    "motionbuilder": {
        "mid_spine": "Chest2",
        "neck": "Neck",
        "skull": "Head",
        "head": ("Neck", 1.37, "Head end"),  # the end site is below the top of the head
        "right_hip": "RightHip",
        "right_knee": "RightKnee",
        "right_ankle": "RightAnkle",
        "right_foot_base": "RightToe",
        "right_foot_tip": "RightToe end",
        "right_shoulder": "RightShoulder",
        "right_elbow": "RightElbow",
        "right_wrist": "RightWrist",
        "right_palm": "RFingers end",
        "right_thumb": "RThumb end",
        "left_hip": "LeftHip",
        "left_knee": "LeftKnee",
        "left_ankle": "LeftAnkle",
        "left_foot_base": "LeftToe",
        "left_foot_tip": "LeftToe end",
        "left_shoulder": "LeftShoulder",
        "left_elbow": "LeftElbow",
        "left_wrist": "LeftWrist",
        "left_palm": "LFingers end",
        "left_thumb": "LThumb end",
    },
}

# Without these a file is refused. The others are estimated where they are lacking
# (`src.data.mocap.body`).
REQUIRED_JOINTS = (
    "mid_spine",
    "neck",
    "skull",
    "head",
    "right_hip",
    "right_knee",
    "right_ankle",
    "right_foot_tip",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_hip",
    "left_knee",
    "left_ankle",
    "left_foot_tip",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
)
_OPTIONAL_JOINTS = (
    "chin",
    "right_foot_base",
    "right_palm",
    "right_thumb",
    "left_foot_base",
    "left_palm",
    "left_thumb",
)


class Place(NamedTuple):
    """A point in a file's skeleton: ``factor`` times the way from node ``start`` to node ``end``.

    start, end: indices of nodes of the `Bvh`. Where the point is a node itself, both are that node.
    """

    start: int
    factor: float
    end: int


def read_map(path) -> dict:
    """Read a json map of joints, written as `CONVENTIONS` are.

    Returns:
        {joint of Human3.6M, or skull: the file's joint, or [joint, factor, joint]}.

    Raises:
        InputError: if the file cannot be read, or is no such map.
    """
    try:
        joint_map = load_json(path)
        if not isinstance(joint_map, dict):
            raise ValueError('expected {"right_hip": "RightUpLeg", ...}')
        for joint, place in joint_map.items():
            _check_map_entry(joint, place)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a map of joints ({error})") from None
    return joint_map


def _check_map_entry(joint: str, place):
    """Raise ValueError unless a joint is known and its place a name or [name, factor, name]."""
    known = (*REQUIRED_JOINTS, *_OPTIONAL_JOINTS)
    if joint not in known:
        names = [name for name in sorted(known) if not name.startswith("left_")]
        raise ValueError(
            f"unknown joint {shortened(joint)}; there are {', '.join(names)}, and left_ for right_"
        )
    if isinstance(place, str):
        return
    is_between = (
        isinstance(place, list)
        and len(place) == 3
        and isinstance(place[0], str)
        and isinstance(place[1], (int, float))
        and abs(place[1]) < 100
        and isinstance(place[2], str)
    )
    if not is_between:
        raise ValueError(f"{joint}: expected a name, or [name, factor, name]")


def match_joints(bvh: Bvh, path, joint_map: dict | None = None) -> tuple[str, dict[str, Place]]:
    """Find the joints of Human3.6M, and the skull, in a file.

    Args:
        bvh: the file.
        path: of the file, for errors.
        joint_map: a `read_map`; None tries all `CONVENTIONS`, and takes the first that fits.

    Returns:
        The name of the convention, or "the map", and {joint: its place}. All `REQUIRED_JOINTS` are
        in it.

    Raises:
        InputError: if a required joint is lacking.
    """
    tables = CONVENTIONS if joint_map is None else {"the map": joint_map}
    problems = []
    for convention, table in tables.items():
        places = _match_table(bvh, table)
        lacking = [joint for joint in REQUIRED_JOINTS if joint not in places]
        if not lacking:
            return convention, places
        problems.append(f"{convention} lacks {', '.join(lacking[:3])}")
    raise InputError(
        f"{path}: these joints are not understood ({'; '.join(problems)}): "
        "--list shows them, --joints MAP.json explains them"
    )


def _match_table(bvh: Bvh, table: dict) -> dict[str, Place]:
    """Return the places of those joints of a table whose names stand for exactly one node each."""
    names = [_normalized(node.name) for node in bvh.nodes]
    places = {}
    for joint, entry in table.items():
        if isinstance(entry, str):
            entry = (entry, 0.0, entry)
        start, factor, end = entry
        start = _normalized(start)
        end = _normalized(end)
        if names.count(start) == 1 and names.count(end) == 1:
            places[joint] = Place(start=names.index(start), factor=factor, end=names.index(end))
    return places


def _normalized(name: str) -> str:
    """Return a name without case, spaces and marks.

    What is before a colon goes, too: some programs put a character's name there
    ("Character1:Hips").
    """
    _, _, name = name.lower().rpartition(":")
    return re.sub(r"[^a-z0-9]", "", name)


def list_joints(path: Path, joint_map: dict | None) -> list[str]:
    """Describe the joints of a file and how they are understood, for somebody who writes a map.

    Returns:
        A headline, and a line per node: indented as the tree is, with the joints that lie there.
        Where the names are not understood, the headline says which are lacking.
    """
    bvh = read_bvh(path)
    try:
        convention, places = match_joints(bvh, path, joint_map)
        headline = f"{path}: names as {convention}"
    except InputError as error:
        headline = str(error)
        places = {}
    lines = [headline]
    for index, node in enumerate(bvh.nodes):
        indent = "  " * len(bvh.ancestors(node.parent))
        joints = [joint for joint, place in places.items() if index in (place.start, place.end)]
        lines.append(f"{indent}{node.name}  {', '.join(joints)}".rstrip())
    return lines
