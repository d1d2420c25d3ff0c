"""The skeletons: named joints in model order, limbs, root and proportions (paper section 4; Human3.6M's 32 joints)."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from src.errors import InputError

# Human3.6M's joints by index. Some coincide in space; the number in the name tells such twins apart.
HUMAN36_JOINTS = (
    *("mid_hip", "right_hip", "right_knee", "right_ankle", "right_foot_base", "right_foot_tip"),
    *("left_hip", "left_knee", "left_ankle", "left_foot_base", "left_foot_tip"),
    *("mid_hip_2", "mid_spine", "neck", "chin", "head", "neck_2"),
    *(
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "left_wrist_2",
        "left_palm",
        "left_thumb",
        "left_thumb_2",
        "neck_3",
    ),
    *(
        "right_shoulder",
        "right_elbow",
        "right_wrist",
        "right_wrist_2",
        "right_palm",
        "right_thumb",
        "right_thumb_2",
    ),
)


@dataclass(frozen=True, eq=False)  # one object per name, looked up by identity in every step
class Skeleton:
    """K joints in the order of the network's input and output, and L limbs between them.

    joints: K names. limbs: L pairs of joint indices. root: index of the joint that sits at the origin. unit_limb: index
    of the limb that lengths are divided by. masked_limbs: indices of limbs that the skeleton loss leaves out.
    human36_indices: the K indices among Human3.6M's 32 joints. average_limb_lengths: L lengths of an average person
    (only proportions matter), or None where nobody has measured them. left_right: pairs of joint indices.
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

    @property
    def num_joints(self) -> int:
        """K."""
        return len(self.joints)

    @property
    def right_limbs(self) -> tuple[bool, ...]:
        """For each limb, whether it is drawn in the colour of the right side."""
        right = {joint for _, joint in self.left_right}
        return tuple(second in right for _, second in self.limbs)

    @property
    def limb_ends(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The limbs' first joints, and their second joints."""
        return tuple(zip(*self.limbs, strict=True))


_TRUNK = "mid_hip-mid_spine mid_spine-neck neck-chin chin-head "
_RIGHT_ARM = "neck-right_shoulder right_shoulder-right_elbow right_elbow-right_wrist "
_RIGHT_LEG = "mid_hip-right_hip right_hip-right_knee right_knee-right_ankle "
_RIGHT_LEG_AND_FOOT = _RIGHT_LEG + "right_ankle-right_foot_tip "
_ARMS = _RIGHT_ARM.replace("right", "left") + _RIGHT_ARM
_LEGS, _LEGS_AND_FEET = (
    leg + leg.replace("right", "left") for leg in (_RIGHT_LEG, _RIGHT_LEG_AND_FOOT)
)

_LIMBS_14 = (
    "right_knee-right_hip right_ankle-right_knee left_hip-left_knee left_knee-left_ankle right_hip-left_hip "
    "left_shoulder-left_elbow left_elbow-left_wrist right_elbow-right_shoulder right_wrist-right_elbow "
    "left_shoulder-neck right_shoulder-neck left_hip-left_shoulder right_hip-right_shoulder neck-head"
)
_TRUNK_SIDES_14 = ("left_hip", "left_shoulder"), ("right_hip", "right_shoulder")

_LENGTHS_17 = (
    7,
    19,
    20,
    7,
    19,
    20,
    11.5,
    12.5,
    3.5,
    3.5,
    9,
    15,
    14,
    9,
    15,
    14,
)  # anthropometric, inches
_LENGTHS_14 = (  # mm
    *(449.20465, 445.5809, 449.2034, 445.5802, 268.09924, 279.75797, 249.52300),
    *(279.76083, 249.52223, 148.83453, 148.83372, 438.89957, 423.58438, 174.09964),
)

_SHIN = "right_knee-right_ankle"
_LSP = (
    (3, 2, 1, 6, 7, 8, 27, 26, 25, 17, 18, 19, 13, 15),
    "neck",
    _LIMBS_14,
    "right_ankle-right_knee",
    _LENGTHS_14,
)

# name: (indices into Human3.6M's joints in model order, root, limbs, unit limb, average limb lengths)
_SPECIFICATIONS = {
    "human36_17k": (
        (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27),
        *("mid_hip", _LEGS + _TRUNK + _ARMS, _SHIN, _LENGTHS_17),
    ),
    "shg_16k": (
        (3, 2, 1, 6, 7, 8, 0, 12, 13, 15, 27, 26, 25, 17, 18, 19),
        *("mid_hip", _LEGS + "mid_hip-mid_spine mid_spine-neck neck-head " + _ARMS, _SHIN, None),
    ),
    "human36_14k": _LSP,
    "lsp_14k": _LSP,
    "human36_19k": (
        (15, 14, 13, 25, 26, 27, 17, 18, 19, 12, 0, 1, 2, 3, 5, 6, 7, 8, 10),
        *("mid_hip", _LEGS_AND_FEET + _TRUNK + _ARMS, _SHIN, None),
    ),
    "openpose_17k": (
        (14, 13, 25, 26, 27, 17, 18, 19, 0, 1, 2, 3, 5, 6, 7, 8, 10),
        *("mid_hip", _LEGS_AND_FEET + "mid_hip-neck neck-chin " + _ARMS, _SHIN, None),
    ),
}
SKELETON_NAMES = tuple(_SPECIFICATIONS)


@cache
def get_skeleton(name: str) -> Skeleton:
    """The skeleton of that name, one of `SKELETON_NAMES`, or of the json text that `read_skeleton` returns.

    Raises InputError for any other name.
    """
    if name.startswith("{"):
        return _custom(name)
    if name not in _SPECIFICATIONS:
        raise InputError(f"unknown skeleton {name!r}; there are {', '.join(SKELETON_NAMES)}")
    indices, root, limbs, unit_limb, lengths = _SPECIFICATIONS[name]
    limbs, joints = (
        [tuple(limb.split("-")) for limb in limbs.split()],
        [HUMAN36_JOINTS[i] for i in indices],
    )
    masked = [limb for limb in limbs if limb in _TRUNK_SIDES_14]
    ends = {"root": root, "unit_limb": tuple(unit_limb.split("-"))}
    return _from_names(name, joints, limbs, **ends, masked_limbs=masked, lengths=lengths)


def _from_names(
    name, joints, limbs, *, root, unit_limb, masked_limbs, lengths, left_right=None
) -> Skeleton:
    if left_right is None:
        twins = {joint: joint.replace("left", "right") for joint in joints if "left" in joint}
        left_right = [(left, right) for left, right in twins.items() if right in joints]
    return Skeleton(
        name=name,
        joints=tuple(joints),
        limbs=tuple((joints.index(a), joints.index(b)) for a, b in limbs),
        root=joints.index(root),
        unit_limb=limbs.index(unit_limb),
        masked_limbs=tuple(map(limbs.index, masked_limbs)),
        human36_indices=tuple(map(HUMAN36_JOINTS.index, joints))
        if set(HUMAN36_JOINTS).issuperset(joints)
        else (),
        average_limb_lengths=None if lengths is None else tuple(map(float, lengths)),
        left_right=tuple((joints.index(left), joints.index(right)) for left, right in left_right),
    )


def read_skeleton(path) -> str:
    """A skeleton's json file -> its content as text, for `get_skeleton`. Raises InputError naming what is wrong in it.

    Fields: joints (names in model order), limbs (pairs of names), root (a name), unit_limb (one of the limbs);
    maybe name, left_right (pairs), masked_limbs (pairs) and average_limb_lengths (a number per limb).
    """
    try:
        text = json.dumps(json.loads(Path(path).read_text()))
        get_skeleton(text)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as json ({error})") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return text


def _custom(text: str) -> Skeleton:
    try:
        content = json.loads(text)
        joints, root = list(content["joints"]), content["root"]
        limbs, masked = (
            [tuple(limb) for limb in content.get(key, [])] for key in ("limbs", "masked_limbs")
        )
        unit, lengths = tuple(content["unit_limb"]), content.get("average_limb_lengths")
        if not all(isinstance(joint, str) for joint in joints) or not 2 <= len(joints) == len(
            set(joints)
        ):
            raise InputError("skeleton: joints: expected a list of different names")
        unknown = [joint for limb in limbs for joint in limb if joint not in joints]
        if unknown or any(len(set(limb)) != 2 for limb in limbs):
            raise InputError(f"skeleton: limbs: expected pairs of joints, found {unknown or limbs}")
        if lengths is not None and (
            len(lengths) != len(limbs) or not all(0 < length < 1e6 for length in lengths)
        ):
            raise InputError(
                f"skeleton: average_limb_lengths: expected {len(limbs)} lengths, one for each limb"
            )
        name = str(content.get("name", f"own skeleton of {len(joints)} joints"))
        ends = {"root": root, "unit_limb": unit, "left_right": content.get("left_right")}
        return _from_names(name, joints, limbs, **ends, masked_limbs=masked, lengths=lengths)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        expected = "expected joints, limbs, root (a joint) and unit_limb (a limb)"
        raise InputError(f"skeleton: {expected}: {error!r}") from None
