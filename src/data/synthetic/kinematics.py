"""A body with Human3.6M's 32 joints: from joint angles to positions by forward kinematics."""

from functools import reduce

import numpy as np
from scipy.spatial.transform import Rotation

from src.skeletons import HUMAN36_JOINTS

SIDES = ("right", "left")

# How far every angle may go, in degrees: (lowest, highest). At 0 the person stands upright with
# hanging arms and looks ahead.
_TRUNK_LIMITS = {
    "turn": (-np.inf, np.inf),  # of the whole body about the vertical, to its left
    "lean": (-30, 60),  # of the whole body about the hips, forward
    "roll": (-20, 20),  # of the whole body about the hips, to its right
    "bend": (-25, 90),  # of the spine, forward
    "side": (-30, 30),  # of the spine, to the right
    "twist": (-45, 45),  # of the spine, to the left
    "nod": (-45, 50),  # of the head, down
    "look": (-70, 70),  # of the head, to the left
}
# Of either side's limbs. Flexion is forward, abduction away from the body, rotation (of a limb
# about itself) towards the body's middle. Knees and elbows bend one way only.
_LIMB_LIMITS = {
    "hip_flexion": (-25, 125),
    "hip_abduction": (-12, 45),
    "hip_rotation": (-40, 35),
    "knee": (0, 150),
    "ankle": (-40, 25),  # toes up
    "elbow": (0, 145),
    "shoulder_flexion": (-45, 170),
    "shoulder_abduction": (0, 130),
    "shoulder_rotation": (-60, 80),
}
_RIGHT_LIMITS = {f"right_{name}": limits for name, limits in _LIMB_LIMITS.items()}
_LEFT_LIMITS = {f"left_{name}": limits for name, limits in _LIMB_LIMITS.items()}
LIMITS = _TRUNK_LIMITS | _RIGHT_LIMITS | _LEFT_LIMITS

# Bones of an average body in mm, by the joint at their end, when all angles are 0: x to the
# person's right, y forward, z up. Limbs are those of the right side; the left side mirrors them.
_TRUNK = {
    "mid_spine": (0, 0, 233),
    "neck": (0, 0, 257),
    "chin": (0, 45, 95),
    "head": (0, -25, 105),
}
_LEG = {
    "hip": (130, 0, 0),
    "knee": (0, 0, -445),
    "ankle": (0, 0, -450),
    "foot_base": (0, 135, -60),
    "foot_tip": (0, 75, -12),
}
_ARM = {
    "shoulder": (152, 0, -12),
    "elbow": (0, 0, -280),
    "wrist": (0, 0, -250),
    "palm": (0, 10, -85),
    "thumb": (-25, 55, -55),  # from the wrist, as the palm
}


def proportions(rng: np.random.Generator) -> dict[str, float]:
    """Draw the build of a person: how much longer than average each bone is.

    Returns a factor per bone, by the joint at its end without its side ("knee" for both thighs).
    The factors combine the person's height, legs, arms, and width of hips and shoulders.
    """
    height, legs, arms, width = rng.uniform((0.88, 0.94, 0.94, 0.85), (1.1, 1.06, 1.06, 1.15))
    factors = dict.fromkeys(_TRUNK, height)
    factors |= dict.fromkeys(_LEG, height * legs)
    factors |= dict.fromkeys(_ARM, height * arms)
    factors["hip"] = height * width
    factors["shoulder"] = height * width
    return factors


def make_body(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw a person with `proportions` -> bone vectors (3,) mm, by the joint at their end.

    The vectors of limbs are the right side's, as a person who stands upright has them: x to the
    person's right, y forward, z up.
    """
    bones = _TRUNK | _LEG | _ARM
    factors = proportions(rng)
    return {name: factor * np.array(bones[name], dtype=float) for name, factor in factors.items()}


def joint_positions(angles: dict[str, np.ndarray], body: dict[str, np.ndarray]) -> np.ndarray:
    """Forward kinematics: place all joints of a body whose joints are bent by the given angles.

    angles: degrees (F,) for each name in `LIMITS`. body: bone vectors as `make_body` returns them.

    Returns (F,32,3) mm in the order of `HUMAN36_JOINTS`, mid_hip at the origin, z up. At a turn of
    0 the person faces +y.
    """
    # Rotation matrices (F,3,3) of parts of the body: they take a bone, as it is when the person
    # stands upright, to where it points now. A part turns with the part it hangs on (on the left in
    # a product) and by the angles of the joint between them (on the right).
    pelvis = _rotation("zxy", angles["turn"], -angles["lean"], angles["roll"])
    # The spine bends in two places, at mid_hip and at mid_spine, by half the angle each.
    half_bend = _rotation("xyz", -angles["bend"] / 2, angles["side"] / 2, angles["twist"] / 2)
    abdomen = pelvis @ half_bend
    chest = abdomen @ half_bend
    head = chest @ _rotation("zx", angles["look"], -angles["nod"])

    places = {"mid_hip": np.zeros((len(angles["turn"]), 3))}
    places["mid_spine"] = abdomen @ body["mid_spine"]
    places["neck"] = places["mid_spine"] + chest @ body["neck"]
    places["chin"] = places["neck"] + head @ body["chin"]
    places["head"] = places["chin"] + head @ body["head"]
    for side in SIDES:
        places |= _place_leg(side, angles, body, mid_hip=places["mid_hip"], pelvis=pelvis)
        places |= _place_arm(side, angles, body, neck=places["neck"], chest=chest)
    return np.stack([places[_without_number(name)] for name in HUMAN36_JOINTS], axis=1)


def _place_leg(side: str, angles, body, *, mid_hip: np.ndarray, pelvis: np.ndarray) -> dict:
    """The joints of a leg, {name: (F,3) mm}, from mid_hip's place and the pelvis' rotation."""
    thigh = pelvis @ _ball_joint(f"{side}_hip", side, angles)
    shin = thigh @ _rotation("x", -angles[f"{side}_knee"])
    foot = shin @ _rotation("x", angles[f"{side}_ankle"])

    hip = mid_hip + pelvis @ _bone(body, "hip", side)
    knee = hip + thigh @ _bone(body, "knee", side)
    ankle = knee + shin @ _bone(body, "ankle", side)
    foot_base = ankle + foot @ _bone(body, "foot_base", side)
    foot_tip = foot_base + foot @ _bone(body, "foot_tip", side)
    return {
        f"{side}_hip": hip,
        f"{side}_knee": knee,
        f"{side}_ankle": ankle,
        f"{side}_foot_base": foot_base,
        f"{side}_foot_tip": foot_tip,
    }


def _place_arm(side: str, angles, body, *, neck: np.ndarray, chest: np.ndarray) -> dict:
    """The joints of an arm, {name: (F,3) mm}, from the neck's place and the chest's rotation."""
    upper_arm = chest @ _ball_joint(f"{side}_shoulder", side, angles)
    forearm = upper_arm @ _rotation("x", angles[f"{side}_elbow"])

    shoulder = neck + chest @ _bone(body, "shoulder", side)
    elbow = shoulder + upper_arm @ _bone(body, "elbow", side)
    wrist = elbow + forearm @ _bone(body, "wrist", side)
    return {
        f"{side}_shoulder": shoulder,
        f"{side}_elbow": elbow,
        f"{side}_wrist": wrist,
        f"{side}_palm": wrist + forearm @ _bone(body, "palm", side),
        f"{side}_thumb": wrist + forearm @ _bone(body, "thumb", side),
    }


def _bone(body: dict[str, np.ndarray], name: str, side: str) -> np.ndarray:
    """The bone vector (3,) mm of a limb on its side of the body."""
    return body[name] if side == "right" else body[name] * [-1, 1, 1]


def _ball_joint(joint: str, side: str, angles: dict[str, np.ndarray]) -> np.ndarray:
    """The rotations (F,3,3) at a hip or a shoulder."""
    # Abduction and rotation are meant as mirror images, so on the left they turn the other way.
    mirror = 1 if side == "right" else -1
    flexion = angles[f"{joint}_flexion"]
    abduction = mirror * angles[f"{joint}_abduction"]
    inwards = mirror * angles[f"{joint}_rotation"]
    return _rotation("xyz", flexion, -abduction, inwards)


def _rotation(axes: str, *degrees: np.ndarray) -> np.ndarray:
    """The product, from left to right, of right-handed turns about the named axes: (F,3,3).

    axes: letters such as "zx". degrees: (F,) for each axis.
    """
    # Multiplied as matrices, since scipy takes ten times as long for products of many rotations.
    turns = [
        Rotation.from_euler(axis, angle[:, None], degrees=True).as_matrix()
        for axis, angle in zip(axes, degrees, strict=True)
    ]
    return reduce(np.matmul, turns)


def _without_number(name: str) -> str:
    """The name of a joint without the number that tells it from others at the same place."""
    return name.removesuffix("_2").removesuffix("_3")
