"""From the skeleton of a BVH file to poses of Human3.6M's 32 joints.

What the format leaves open is settled here: lost bones, the unit, joints that the file does not
name.
"""

from dataclasses import replace

import numpy as np

from src.data.mocap.bones import stack_joints
from src.data.mocap.bvh import Bvh, Node
from src.data.mocap.joint_names import SIDES, Place
from src.errors import InputError

_UNITS_MM = {
    "m": 1000,
    "cm": 10,
    "mm": 1,
    "inches": 25.4,
    "CMU's unit, 1/0.45 inches": 25.4 / 0.45,  # CMU's own asf files say "length 0.45"
}
_LEG_MM = 830  # thigh and shin of an adult

# The chin in front of the skull, in lengths of the bone from neck to skull: along this bone and
# across it, forward. As far as the eyes of two conversions of CMU's data have it.
_CHIN_ALONG = 0.33
_CHIN_FORWARD = 0.55

# Joints that a map need not name lie on the line of two that it must: (from, factor, to), as in a
# map.
_ESTIMATED_JOINTS = {
    "foot_base": ("ankle", 0.6, "foot_tip"),
    "palm": ("elbow", 1.35, "wrist"),
    "thumb": ("elbow", 1.3, "wrist"),
}


def restore_lost_bone(bvh: Bvh, places: dict[str, Place]) -> tuple[Bvh, list[str]]:
    """Give back the bone from the spine to neck and collars where a conversion lost it.

    CMU's skeletons have a bone between the chest and the joint from which neck and collars leave.
    One of the public conversions lost it: there neck and collars leave the chest at the chest's own
    joint, with offsets of zero, and people are 10 cm too short. The bone that ends at the chest
    stands in for it: in CMU's skeletons the two are about equally long, and continue each other.

    Args:
        bvh: a file.
        places: its joints, from `match_joints`.

    Returns:
        The file with the bone, or as it was if it has lost none; and the names of the nodes that
        were moved away from the chest, none if no bone was lost.
    """
    ends = [places[joint].end for joint in ("neck", "right_shoulder", "left_shoulder")]
    chains = [bvh.ancestors(end) for end in ends]
    # The chest is where the ways from the root to the neck and both shoulders part.
    common = [index for index in chains[0] if index in chains[1] and index in chains[2]]
    chest = common[0]
    branches = []
    for chain in chains:
        depth = chain.index(chest)
        if depth > 0 and chain[depth - 1] not in branches:
            branches.append(chain[depth - 1])
    is_whole = any(bvh.nodes[branch].offset.any() for branch in branches)
    chest_is_root = bvh.nodes[chest].parent < 0
    if is_whole or chest_is_root:
        return bvh, []
    nodes = list(bvh.nodes)
    for branch in branches:
        nodes[branch] = replace(nodes[branch], offset=bvh.nodes[chest].offset)
    return replace(bvh, nodes=nodes), [nodes[branch].name for branch in branches]


def find_unit(bvh: Bvh, places: dict[str, Place], path) -> tuple[str, float]:
    """Find the unit with which the legs are nearest to those of an adult: BVH does not say it.

    Args:
        bvh: a file.
        places: its joints, from `match_joints`.
        path: of the file, for errors.

    Returns:
        The unit's name and its length in mm.

    Raises:
        InputError: if a knee or an ankle does not hang on the joint above it.
    """
    leg_lengths = [
        _chain_length(bvh, places, f"{side}_hip", f"{side}_knee", path)
        + _chain_length(bvh, places, f"{side}_knee", f"{side}_ankle", path)
        for side in SIDES
    ]
    leg = np.mean(leg_lengths)
    mismatches = {unit: abs(np.log(leg * mm / _LEG_MM)) for unit, mm in _UNITS_MM.items()}
    unit = min(mismatches, key=mismatches.get)
    return unit, float(_UNITS_MM[unit])


def _chain_length(bvh: Bvh, places: dict[str, Place], upper: str, lower: str, path) -> float:
    """Return the length of all bones from one joint down to another. Raises InputError."""
    chain = bvh.ancestors(places[lower].end)
    top = places[upper].end
    if top not in chain:
        raise InputError(
            f"{path}: {lower} does not hang on {upper}; does the map mean these joints?"
        )
    between = chain[: chain.index(top)]
    return sum(np.linalg.norm(bvh.nodes[index].offset) for index in between)


def human36_poses(bvh: Bvh, places: dict[str, Place], motion: np.ndarray) -> np.ndarray:
    """Compute poses of Human3.6M's joints; the optional ones that are not named are estimated.

    Args:
        bvh: a file.
        places: its joints, from `match_joints`.
        motion: (F,C) rows of its motion.

    Returns:
        (F,32,3) in the file's unit and axes.
    """
    if "chin" not in places:
        bvh, chin = _with_chin(bvh, places)
        places = places | {"chin": chin}
    points = _points_at(bvh, places, motion)
    points["mid_hip"] = (points["right_hip"] + points["left_hip"]) / 2
    for side in SIDES:
        for joint, (start, factor, end) in _ESTIMATED_JOINTS.items():
            if f"{side}_{joint}" not in points:
                start_point = points[f"{side}_{start}"]
                end_point = points[f"{side}_{end}"]
                points[f"{side}_{joint}"] = start_point + factor * (end_point - start_point)
    return stack_joints(points)


def _points_at(bvh: Bvh, places: dict[str, Place], motion: np.ndarray) -> dict[str, np.ndarray]:
    """Return the point (F,3) of every place in the rows (F,C) of a motion."""
    indices = sorted(
        {place.start for place in places.values()} | {place.end for place in places.values()}
    )
    positions = bvh.positions(indices, motion)
    points = {}
    for joint, place in places.items():
        start = positions[:, indices.index(place.start)]
        end = positions[:, indices.index(place.end)]
        points[joint] = start + place.factor * (end - start)
    return points


def _with_chin(bvh: Bvh, places: dict[str, Place]) -> tuple[Bvh, Place]:
    """Return the file with one more node, a chin that turns with the skull, and its place."""
    skull = places["skull"].end
    up = bvh.nodes[skull].offset
    # Where all channels are zero the person stands with level arms: this tells which way is
    # forward.
    shoulders = [places["right_shoulder"].end, places["left_shoulder"].end]
    rest_motion = np.zeros((1, bvh.motion.shape[1]))
    right, left = bvh.positions(shoulders, rest_motion).squeeze(axis=0)
    forward = np.cross(left - right, up)
    forward *= np.linalg.norm(up) / max(np.linalg.norm(forward), 1e-9)  # as long as the neck
    chin = Node(name="chin", parent=skull, offset=_CHIN_ALONG * up + _CHIN_FORWARD * forward)
    index = len(bvh.nodes)
    return replace(bvh, nodes=[*bvh.nodes, chin]), Place(start=index, factor=0.0, end=index)
