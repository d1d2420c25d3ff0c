"""The skeletons: named joints in model order, limbs, root and proportions (paper section 4).

A skeleton is written with the names of its joints, and kept with their indices. To add one, write
it below as the others are, and name it in `_SKELETONS`; or describe it in a json file
(`read_skeleton`).
"""

import dataclasses
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from src.errors import InputError, shown
from src.json_files import load_json, parse_json

# Human3.6M's joints by index. Some coincide in space; the number in the name tells such twins
# apart.
HUMAN36_JOINTS = (
    "mid_hip",  # 0
    "right_hip",
    "right_knee",
    "right_ankle",
    "right_foot_base",
    "right_foot_tip",  # 5
    "left_hip",
    "left_knee",
    "left_ankle",
    "left_foot_base",
    "left_foot_tip",  # 10
    "mid_hip_2",
    "mid_spine",
    "neck",
    "chin",
    "head",  # 15
    "neck_2",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "left_wrist_2",  # 20
    "left_palm",
    "left_thumb",
    "left_thumb_2",
    "neck_3",
    "right_shoulder",  # 25
    "right_elbow",
    "right_wrist",
    "right_wrist_2",
    "right_palm",
    "right_thumb",  # 30
    "right_thumb_2",
)


# eq=False: skeletons are compared and hashed by identity, which is quick. `get_skeleton` has one
# object per name, and the skeleton loss looks it up in a cache at every step.
@dataclass(frozen=True, eq=False)
class Skeleton:
    """K joints in the order of the network's input and output, and L limbs between them.

    name: one of `SKELETON_NAMES`, or what a json file calls it; for messages.
    joints: K names.
    limbs: L pairs of joint indices.
    root: the index of the joint that sits at the origin.
    unit_limb: the index of the limb whose length the others are divided by.
    masked_limbs: indices of limbs that the skeleton loss leaves out.
    human36_indices: the K joints' indices among `HUMAN36_JOINTS`; empty where these lack a joint.
    average_limb_lengths: L lengths of an average person, in a unit of their own, as only their
        proportions matter; None where nobody has measured them.
    left_right: pairs of joint indices, the left joint and its twin on the right.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    root: int
    unit_limb: int
    masked_limbs: tuple[int, ...]
    human36_indices: tuple[int, ...]
    average_limb_lengths: tuple[float, ...] | None
    left_right: tuple[tuple[int, int], ...]

    @classmethod
    def from_names(
        cls,
        *,
        name: str,
        joints: tuple[str, ...],
        limbs: tuple[tuple[str, str], ...],
        root: str,
        unit_limb: tuple[str, str],
        masked_limbs: tuple[tuple[str, str], ...] = (),
        average_limb_lengths: tuple[float, ...] | None = None,
        left_right: tuple[tuple[str, str], ...] | None = None,
    ) -> "Skeleton":
        """Make a skeleton from joint names where the fields hold indices.

        ``unit_limb`` and ``masked_limbs`` are written as they are in ``limbs``. Without
        ``left_right``, joints are twins when their names differ in left and right alone. Raises
        ValueError for a joint or limb that is not there.
        """
        if left_right is None:
            left_right = _twins(joints)
        human36_indices = ()
        if set(joints) <= set(HUMAN36_JOINTS):
            human36_indices = tuple(HUMAN36_JOINTS.index(joint) for joint in joints)
        if average_limb_lengths is not None:
            average_limb_lengths = tuple(float(length) for length in average_limb_lengths)
        # Lists, as their error, unlike that of tuples, says which item is missing.
        joint_list = list(joints)
        limb_list = list(limbs)
        return cls(
            name=name,
            joints=joints,
            limbs=tuple((joint_list.index(start), joint_list.index(end)) for start, end in limbs),
            root=joint_list.index(root),
            unit_limb=limb_list.index(unit_limb),
            masked_limbs=tuple(limb_list.index(limb) for limb in masked_limbs),
            human36_indices=human36_indices,
            average_limb_lengths=average_limb_lengths,
            left_right=tuple(
                (joint_list.index(left), joint_list.index(right)) for left, right in left_right
            ),
        )

    @property
    def num_joints(self) -> int:
        """K."""
        return len(self.joints)

    @property
    def right_limbs(self) -> tuple[bool, ...]:
        """For each limb, whether it is drawn in the colour of the right side: its second joint
        decides.
        """
        right_joints = {right for _, right in self.left_right}
        return tuple(end in right_joints for _, end in self.limbs)

    @property
    def limb_ends(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The limbs' first joints, and their second joints: L indices each."""
        starts = tuple(start for start, _ in self.limbs)
        ends = tuple(end for _, end in self.limbs)
        return starts, ends


def _twins(joints: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a left joint and a right joint that have the same name otherwise."""
    pairs = []
    for joint in joints:
        twin = joint.replace("left", "right")
        if twin != joint and twin in joints:
            pairs.append((joint, twin))
    return tuple(pairs)


# The default of main_human36.py. The average lengths are anthropometric, in inches.
_HUMAN36_17K = Skeleton.from_names(
    name="human36_17k",
    joints=(
        "mid_hip",
        "right_hip", "right_knee", "right_ankle",
        "left_hip", "left_knee", "left_ankle",
        "mid_spine", "neck", "chin", "head",
        "left_shoulder", "left_elbow", "left_wrist",
        "right_shoulder", "right_elbow", "right_wrist",
    ),
    limbs=(
        ("mid_hip", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
        ("mid_hip", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
        ("mid_hip", "mid_spine"), ("mid_spine", "neck"), ("neck", "chin"), ("chin", "head"),
        ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
        ("neck", "right_shoulder"), ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
    ),
    root="mid_hip",
    unit_limb=("right_knee", "right_ankle"),
    average_limb_lengths=(
        7, 19, 20,
        7, 19, 20,
        11.5, 12.5, 3.5, 3.5,
        9, 15, 14,
        9, 15, 14,
    ),
)  # fmt: skip

# The order of the stacked hourglass detector: human36_17k without the chin.
_SHG_16K = Skeleton.from_names(
    name="shg_16k",
    joints=(
        "right_ankle", "right_knee", "right_hip",
        "left_hip", "left_knee", "left_ankle",
        "mid_hip", "mid_spine", "neck", "head",
        "right_wrist", "right_elbow", "right_shoulder",
        "left_shoulder", "left_elbow", "left_wrist",
    ),
    limbs=(
        ("mid_hip", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
        ("mid_hip", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
        ("mid_hip", "mid_spine"), ("mid_spine", "neck"), ("neck", "head"),
        ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
        ("neck", "right_shoulder"), ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
    ),
    root="mid_hip",
    unit_limb=("right_knee", "right_ankle"),
)  # fmt: skip

# The joints of LSP, found among Human3.6M's. LSP has no mid_hip, so the neck is the root. The sides
# of the trunk are drawn, and left out of the loss. The average lengths are in mm.
_HUMAN36_14K = Skeleton.from_names(
    name="human36_14k",
    joints=(
        "right_ankle", "right_knee", "right_hip",
        "left_hip", "left_knee", "left_ankle",
        "right_wrist", "right_elbow", "right_shoulder",
        "left_shoulder", "left_elbow", "left_wrist",
        "neck", "head",
    ),
    limbs=(
        ("right_knee", "right_hip"), ("right_ankle", "right_knee"),
        ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
        ("right_hip", "left_hip"),
        ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
        ("right_elbow", "right_shoulder"), ("right_wrist", "right_elbow"),
        ("left_shoulder", "neck"), ("right_shoulder", "neck"),
        ("left_hip", "left_shoulder"), ("right_hip", "right_shoulder"),
        ("neck", "head"),
    ),
    root="neck",
    unit_limb=("right_ankle", "right_knee"),
    masked_limbs=(("left_hip", "left_shoulder"), ("right_hip", "right_shoulder")),
    average_limb_lengths=(
        449.20465, 445.5809,
        449.2034, 445.5802,
        268.09924,
        279.75797, 249.52300,
        279.76083, 249.52223,
        148.83453, 148.83372,
        438.89957, 423.58438,
        174.09964,
    ),
)  # fmt: skip

# The default of main_lsp.py. It has a name of its own so that a run says which data it was for.
_LSP_14K = dataclasses.replace(_HUMAN36_14K, name="lsp_14k")

# human36_17k with the tips of the feet.
_HUMAN36_19K = Skeleton.from_names(
    name="human36_19k",
    joints=(
        "head", "chin", "neck",
        "right_shoulder", "right_elbow", "right_wrist",
        "left_shoulder", "left_elbow", "left_wrist",
        "mid_spine", "mid_hip",
        "right_hip", "right_knee", "right_ankle", "right_foot_tip",
        "left_hip", "left_knee", "left_ankle", "left_foot_tip",
    ),
    limbs=(
        ("mid_hip", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
        ("right_ankle", "right_foot_tip"),
        ("mid_hip", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
        ("left_ankle", "left_foot_tip"),
        ("mid_hip", "mid_spine"), ("mid_spine", "neck"), ("neck", "chin"), ("chin", "head"),
        ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
        ("neck", "right_shoulder"), ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
    ),
    root="mid_hip",
    unit_limb=("right_knee", "right_ankle"),
)  # fmt: skip

# Those of human36_19k that OpenPose's detections give: no mid_spine and no head.
_OPENPOSE_17K = Skeleton.from_names(
    name="openpose_17k",
    joints=(
        "chin", "neck",
        "right_shoulder", "right_elbow", "right_wrist",
        "left_shoulder", "left_elbow", "left_wrist",
        "mid_hip",
        "right_hip", "right_knee", "right_ankle", "right_foot_tip",
        "left_hip", "left_knee", "left_ankle", "left_foot_tip",
    ),
    limbs=(
        ("mid_hip", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
        ("right_ankle", "right_foot_tip"),
        ("mid_hip", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
        ("left_ankle", "left_foot_tip"),
        ("mid_hip", "neck"), ("neck", "chin"),
        ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
        ("neck", "right_shoulder"), ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
    ),
    root="mid_hip",
    unit_limb=("right_knee", "right_ankle"),
)  # fmt: skip

_SKELETONS = {
    "human36_17k": _HUMAN36_17K,
    "shg_16k": _SHG_16K,
    "human36_14k": _HUMAN36_14K,
    "lsp_14k": _LSP_14K,
    "human36_19k": _HUMAN36_19K,
    "openpose_17k": _OPENPOSE_17K,
}
SKELETON_NAMES = tuple(_SKELETONS)

_MOST_ENTRIES = 1000  # joints, limbs or pairs of a skeleton from json; no body has as many


@cache  # so that a skeleton from json, too, is one object per run
def get_skeleton(name: str) -> Skeleton:
    """Return the skeleton of that name, one of `SKELETON_NAMES`, or the one that a json text
    describes, as `read_skeleton` returns it. Raises InputError for anything else.
    """
    if name.startswith("{"):
        return _parse_skeleton(name)
    if name not in _SKELETONS:
        raise InputError(f"unknown skeleton {shown(name)}; there are {', '.join(SKELETON_NAMES)}")
    return _SKELETONS[name]


def read_skeleton(path: str | Path) -> str:
    """Read a json file that describes a skeleton, and return its content as text for
    `get_skeleton`. Raises InputError naming what is wrong in the file.

    It needs joints (names in model order), limbs (pairs of names), root (a name) and unit_limb (one
    of the limbs). It may have name, left_right (pairs of names), masked_limbs (pairs of names) and
    average_limb_lengths (a number for each limb).
    """
    try:
        text = json.dumps(load_json(path))
        get_skeleton(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as json ({error})") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return text


def _parse_skeleton(text: str) -> Skeleton:
    try:
        return _skeleton_from_content(parse_json(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Whatever shape the content has in place of the expected one, the user wants to know this.
        raise InputError(
            "skeleton: expected joints, limbs, root (a joint) and unit_limb (a limb): "
            f"{shown(error)}"
        ) from None


def _skeleton_from_content(content: dict) -> Skeleton:
    joints = tuple(content["joints"])
    limbs = tuple(tuple(limb) for limb in content["limbs"])
    masked_limbs = tuple(tuple(limb) for limb in content.get("masked_limbs", []))
    lengths = content.get("average_limb_lengths")

    left_right = content.get("left_right")
    num_twins = 0 if left_right is None else len(left_right)
    if max(len(joints), len(limbs), len(masked_limbs), num_twins) > _MOST_ENTRIES:
        raise InputError(f"skeleton: more than {_MOST_ENTRIES} joints, limbs or pairs")
    are_names = all(isinstance(joint, str) for joint in joints)
    if not are_names or len(joints) < 2 or len(set(joints)) < len(joints):
        raise InputError("skeleton: joints: expected a list of different names")

    unknown_joints = []
    for limb in limbs:
        unknown_joints += [joint for joint in limb if joint not in joints]
    if unknown_joints:
        raise InputError(
            f"skeleton: limbs: expected pairs of joints, found {shown(unknown_joints)}"
        )
    odd_limbs = [limb for limb in limbs if len(limb) != 2 or limb[0] == limb[1]]
    if odd_limbs:
        raise InputError(f"skeleton: limbs: expected pairs of joints, found {shown(odd_limbs)}")

    if lengths is not None and (
        len(lengths) != len(limbs) or not all(0 < length < 1e6 for length in lengths)
    ):
        raise InputError(
            f"skeleton: average_limb_lengths: expected {len(limbs)} lengths, one for each limb"
        )
    return Skeleton.from_names(
        name=str(content.get("name", f"own skeleton of {len(joints)} joints")),
        joints=joints,
        limbs=limbs,
        root=content["root"],
        unit_limb=tuple(content["unit_limb"]),
        masked_limbs=masked_limbs,
        average_limb_lengths=lengths,
        left_right=left_right,
    )
