"""From a BVH file's own joints to Human3.6M's 32: names, units, the axis that points up, lost bones, proportions."""

import json
import re
from pathlib import Path

import numpy as np

from src.data.mocap.bvh import Bvh, Node
from src.data.synthetic.kinematics import proportions
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS

SIDES = ("right", "left")
# Bones in the order in which a body is put together: (from, to); of the side bones there is one on either side.
_MIDDLE_BONES = (
    ("mid_hip", "mid_spine"),
    ("mid_spine", "neck"),
    ("neck", "chin"),
    ("chin", "head"),
)
_SIDE_BONES = (
    *(
        ("mid_hip", "hip"),
        ("hip", "knee"),
        ("knee", "ankle"),
        ("ankle", "foot_base"),
        ("foot_base", "foot_tip"),
    ),
    *(
        ("neck", "shoulder"),
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("wrist", "palm"),
        ("wrist", "thumb"),
    ),
)
BONES = _MIDDLE_BONES + tuple(
    tuple(joint if joint in ("mid_hip", "neck") else f"{side}_{joint}" for joint in bone)
    for side in SIDES
    for bone in _SIDE_BONES
)
_REQUIRED = ("mid_spine", "neck", "skull", "head") + tuple(
    f"{side}_{joint}"
    for side in SIDES
    for joint in ("hip", "knee", "ankle", "foot_tip", "shoulder", "elbow", "wrist")
)
_UNITS_MM = {"m": 1000, "cm": 10, "mm": 1, "inches": 25.4, "CMU's unit, 1/0.45 inches": 25.4 / 0.45}
_LEG_MM = 830  # thigh and shin of a grown person


def _both(sides, **joints) -> dict:
    """The places of both sides; {} in them stands for the word of a side."""

    def fill(place, word: str):
        return (
            place.format(word)
            if isinstance(place, str)
            else [fill(place[0], word), place[1], fill(place[2], word)]
        )

    words = dict(zip(SIDES, sides, strict=True))
    return {
        f"{side}_{joint}": fill(place, words[side])
        for side in SIDES
        for joint, place in joints.items()
    }


# Where our joints are in files of a convention: at a node, or [a, factor, b]: from node a that many times the way to b.
# skull is the joint that carries the head, head its top; the chin is found from the skull.
CONVENTIONS = {
    "poser": {
        **{"mid_spine": "chest", "neck": "neck", "skull": "head", "head": ["neck", 3.5, "head"]},
        **_both(
            "rl",
            hip="{}Thigh",
            knee="{}Shin",
            ankle="{}Foot",
            foot_base=["{}Foot", 0.6, "{}Foot end"],
        ),
        **_both("rl", foot_tip="{}Foot end", shoulder="{}Shldr", elbow="{}ForeArm", wrist="{}Hand"),
        **_both("rl", palm="{}Mid1", thumb="{}Thumb2"),
    },
    "motionbuilder": {
        **{
            "mid_spine": "Chest2",
            "neck": "Neck",
            "skull": "Head",
            "head": ["Neck", 1.37, "Head end"],
        },
        **_both(
            ("Right", "Left"),
            hip="{}Hip",
            knee="{}Knee",
            ankle="{}Ankle",
            foot_base="{}Toe",
            foot_tip="{}Toe end",
        ),
        **_both(("Right", "Left"), shoulder="{}Shoulder", elbow="{}Elbow", wrist="{}Wrist"),
        **_both("RL", palm="{}Fingers end", thumb="{}Thumb end"),
    },
}


def read_map(path) -> dict:
    """A json map: our joint -> the file's joint, or [joint, factor, joint]. Raises InputError."""
    known = {
        *_REQUIRED,
        "chin",
        *(f"{side}_{joint}" for side in SIDES for joint in ("foot_base", "palm", "thumb")),
    }
    try:
        joints = json.loads(Path(path).read_text())
        for name, place in joints.items():
            if name not in known:
                raise ValueError(f"unknown joint {name}; there are {', '.join(sorted(known))}")
            if not isinstance(place, str):
                first, factor, second = place
                if not (isinstance(first, str) and isinstance(second, str) and abs(factor) < 100):
                    raise ValueError(f"{name}: expected a name, or [name, factor, name]")
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as a map of joints ({error})") from None
    return joints


def understand(bvh: Bvh, path, joints: dict | None = None) -> tuple[str, dict]:
    """The convention that a file follows, or the map given -> (name, {our joint: (node, factor, node)}).

    Names match without regard to case, spaces, marks and what is before a colon. Raises InputError if one is lacking.
    """
    plain = [re.sub(r"[^a-z0-9]", "", node.name.rpartition(":")[2].lower()) for node in bvh.nodes]
    lacking = {}
    for convention, table in CONVENTIONS.items() if joints is None else [("the map", joints)]:
        found = {}
        for joint, place in table.items():
            first, factor, second = (place, 0.0, place) if isinstance(place, str) else place
            ends = [
                re.sub(r"[^a-z0-9]", "", name.rpartition(":")[2].lower())
                for name in (first, second)
            ]
            if all(plain.count(end) == 1 for end in ends):
                found[joint] = plain.index(ends[0]), factor, plain.index(ends[1])
        lacking[convention] = [joint for joint in _REQUIRED if joint not in found]
        if not lacking[convention]:
            return convention, found
    said = "; ".join(f"{name} lacks {', '.join(joints[:3])}" for name, joints in lacking.items())
    raise InputError(
        f"{path}: these joints are not understood ({said}): --list shows them, --joints MAP.json explains them"
    )


def restore_lost_bones(bvh: Bvh, joints: dict) -> list[str]:
    """Give back the bone from the spine to neck and collars where a conversion lost it; -> the names it was given to.

    Where arms and neck leave the spine at the same point as the bone before ends, that bone stands in for the lost one,
    changing ``bvh.nodes``: in CMU's skeletons the two are about equal.
    """
    chains = [
        bvh.ancestors(joints[name][2]) for name in ("neck", "right_shoulder", "left_shoulder")
    ]
    chest = next(node for node in chains[0] if all(node in chain for chain in chains))
    branches = [chain[chain.index(chest) - 1] for chain in chains if chain.index(chest)]
    if bvh.nodes[chest].parent < 0 or any(bvh.nodes[node].offset.any() for node in branches):
        return []
    for node in set(branches):
        bvh.nodes[node].offset = bvh.nodes[chest].offset.copy()
    return [bvh.nodes[node].name for node in dict.fromkeys(branches)]


def unit_of(bvh: Bvh, joints: dict, path) -> tuple[str, float]:
    """(name, mm) of the file's unit: the one with which the legs are nearest to a grown person's. Raises InputError."""
    lengths = {}
    for bone in ("thigh", "shin"):
        first, second = ("hip", "knee") if bone == "thigh" else ("knee", "ankle")
        for side in SIDES:
            chain = bvh.ancestors(joints[f"{side}_{second}"][2])
            if joints[f"{side}_{first}"][2] not in chain:
                raise InputError(
                    f"{path}: {side}_{second} does not hang on {side}_{first}; does the map mean these joints?"
                )
            between = chain[: chain.index(joints[f"{side}_{first}"][2])]
            lengths[side, bone] = sum(np.linalg.norm(bvh.nodes[node].offset) for node in between)
    leg = sum(lengths.values()) / 2
    name = min(_UNITS_MM, key=lambda name: abs(np.log(leg * _UNITS_MM[name] / _LEG_MM)))
    return name, float(_UNITS_MM[name])


def places(bvh: Bvh, joints: dict, motion: np.ndarray) -> np.ndarray:
    """Frames of motion (F,C) -> (F,32,3) in the file's unit and axes."""
    nodes, joints = list(bvh.nodes), dict(joints)
    skull = joints["skull"][2]
    offset = bvh.nodes[skull].offset
    if (
        "chin" not in joints
    ):  # in front of the skull, as far as two CMU conventions with eyes have it
        rest = bvh.places(
            [joints[f"{side}_shoulder"][2] for side in SIDES], np.zeros((1, bvh.motion.shape[1]))
        )[0]
        forward = np.cross(rest[1] - rest[0], offset)
        forward *= np.linalg.norm(offset) / max(np.linalg.norm(forward), 1e-9)
        joints["chin"] = len(nodes), 0.0, len(nodes)
        nodes.append(Node("chin", skull, 0.33 * offset + 0.55 * forward))
    ends = sorted({node for first, _, second in joints.values() for node in (first, second)})
    points = dict(
        zip(ends, Bvh(nodes, motion, 0, ()).places(ends, motion).swapaxes(0, 1), strict=True)
    )
    found = {
        name: points[a] + factor * (points[b] - points[a])
        for name, (a, factor, b) in joints.items()
    }
    found["mid_hip"] = (found["right_hip"] + found["left_hip"]) / 2
    for side in SIDES:
        for joint, (first, factor, second) in {
            "foot_base": ("ankle", 0.6, "foot_tip"), "palm": ("elbow", 1.35, "wrist"), "thumb": ("elbow", 1.3, "wrist")
        }.items():  # fmt: skip
            a, b = found[f"{side}_{first}"], found[f"{side}_{second}"]
            found.setdefault(f"{side}_{joint}", a + factor * (b - a))
    return np.stack(
        [found[name.removesuffix("_2").removesuffix("_3")] for name in HUMAN36_JOINTS], axis=1
    )


def _medians(poses: np.ndarray) -> np.ndarray:
    index = [[HUMAN36_JOINTS.index(joint) for joint in bone] for bone in BONES]
    return np.array(
        [np.median(np.linalg.norm(poses[:, b] - poses[:, a], axis=1)) for a, b in index]
    )


def check_sides(poses: np.ndarray, path):
    """Raise InputError if a bone of poses (F,32,3) mm is much longer on one side than on the other."""
    right, left = _medians(poses)[len(_MIDDLE_BONES) :].reshape(2, -1)
    for (first, second), a, b in zip(_SIDE_BONES, left, right, strict=True):
        if not 0.75 < (a + 20) / (b + 20) < 1 / 0.75:
            found = f"{first} to {second} measures {a:.0f} mm on the left, {b:.0f} mm on the right"
            raise InputError(f"{path}: {found}: is an OFFSET damaged, or the map of joints wrong?")


def bone_lengths(poses: np.ndarray) -> np.ndarray:
    """Poses (F,32,3) -> a length for each of `BONES`: medians over frames, the same on both sides."""
    lengths = _medians(poses)
    of_sides = lengths[len(_MIDDLE_BONES) :].reshape(2, -1)
    of_sides[:] = of_sides.mean(axis=0)
    return lengths


def with_lengths(poses: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Poses (F,32,3) with bones in the same directions, of the lengths given; the hips stay."""
    built = {"mid_hip": poses[:, 0]}
    for (first, second), length in zip(BONES, lengths, strict=True):
        bone = poses[:, HUMAN36_JOINTS.index(second)] - poses[:, HUMAN36_JOINTS.index(first)]
        bone /= np.maximum(np.linalg.norm(bone, axis=1, keepdims=True), 1e-9)
        built[second] = built[first] + bone * length
    return np.stack(
        [built[name.removesuffix("_2").removesuffix("_3")] for name in HUMAN36_JOINTS], axis=1
    )


def varied(lengths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The bones of another person."""
    factors = proportions(rng)
    return lengths * [
        factors[joint.removeprefix("left_").removeprefix("right_")] for _, joint in BONES
    ]
