"""A body of Human3.6M's 32 joints: joint angles within their limits -> joint positions, by forward kinematics."""

import numpy as np

from src.skeletons import HUMAN36_JOINTS

# Degrees. Of limbs, positive is forward (flexion), away from the body (abduction), towards its middle (rotation); a
# knee and an elbow bend one way only. Of the trunk: forward, to the right, to the left; of the head: down, to the left.
_LIMB_LIMITS = {
    "hip_flexion": (-25, 125),
    "hip_abduction": (-12, 45),
    "hip_rotation": (-40, 35),
    "knee": (0, 150),
    "ankle": (-40, 25),
    "shoulder_flexion": (-45, 170),
    "shoulder_abduction": (0, 130),
    "shoulder_rotation": (-60, 80),
    "elbow": (0, 145),
}
LIMITS = {
    "turn": (-np.inf, np.inf),
    "lean": (-30, 60),
    "roll": (-20, 20),
    "bend": (-25, 90),
    "side": (-30, 30),
    "twist": (-45, 45),
    "nod": (-45, 50),
    "look": (-70, 70),
    **{f"{side}_{name}": limits for side in ("right", "left") for name, limits in _LIMB_LIMITS.items()},
}

# Bones of an average body, mm, standing upright: x to the person's right, y forward, z up. The left mirrors the right.
_TRUNK = {"mid_spine": (0, 0, 233), "neck": (0, 0, 257), "chin": (0, 45, 95), "head": (0, -25, 105)}
_LEG = {"hip": (130, 0, 0), "knee": (0, 0, -445), "ankle": (0, 0, -450), "foot_base": (0, 135, -60),
        "foot_tip": (0, 75, -12)}  # fmt: skip
_ARM = {"shoulder": (152, 0, -12), "elbow": (0, 0, -280), "wrist": (0, 0, -250), "palm": (0, 10, -85),
        "thumb": (-25, 55, -55)}  # fmt: skip
_MIRROR = np.diag([-1.0, 1.0, 1.0])


def make_body(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Bone vectors (3,) mm by the joint at their end: a person of their own height, limbs and build."""
    height, legs, arms, width = rng.uniform((0.88, 0.94, 0.94, 0.85), (1.1, 1.06, 1.06, 1.15))
    stretch = {"hip": width, "shoulder": width}
    body = {name: height * np.array(bone, dtype=float) for name, bone in _TRUNK.items()}
    for bones, scale in ((_LEG, legs), (_ARM, arms)):
        for name, bone in bones.items():
            body[name] = height * stretch.get(name, scale) * np.array(bone, dtype=float)
    return body


def _rotation(axis: int, degrees: np.ndarray) -> np.ndarray:
    """(F,) -> (F,3,3): right-handed rotations about x (0), y (1) or z (2)."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.zeros((len(degrees), 3, 3))
    matrix[:, axis, axis] = 1
    matrix[:, i, i] = matrix[:, j, j] = np.cos(np.radians(degrees))
    matrix[:, j, i] = np.sin(np.radians(degrees))
    matrix[:, i, j] = -matrix[:, j, i]
    return matrix


def clip_to_limits(angles: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The nearest angles (F,) that a person can take."""
    return {name: np.clip(values, *LIMITS[name]) for name, values in angles.items()}


def joint_positions(angles: dict[str, np.ndarray], body: dict[str, np.ndarray]) -> np.ndarray:
    """All angles of `LIMITS`, each (F,) degrees, and a `make_body` -> (F,32,3) mm, mid_hip at the origin, z up.

    At turn 0 the person faces +y.
    """
    root = _rotation(2, angles["turn"]) @ _rotation(0, -angles["lean"]) @ _rotation(1, angles["roll"])
    half = (
        _rotation(0, -angles["bend"] / 2) @ _rotation(1, angles["side"] / 2) @ _rotation(2, angles["twist"] / 2)
    )  # the spine bends in two places, evenly
    lower, upper = root @ half, root @ half @ half
    head = upper @ _rotation(2, angles["look"]) @ _rotation(0, -angles["nod"])
    places = {"mid_hip": np.zeros((len(root), 3))}
    places["mid_spine"] = lower @ body["mid_spine"]
    places["neck"] = places["mid_spine"] + upper @ body["neck"]
    places["chin"] = places["neck"] + head @ body["chin"]
    places["head"] = places["chin"] + head @ body["head"]
    for side in ("right", "left"):
        mirror = np.eye(3) if side == "right" else _MIRROR
        of_side = {name.removeprefix(f"{side}_"): values for name, values in angles.items() if name.startswith(side)}
        leg = _limb(root, places["mid_hip"], _LEG, body, mirror, _leg_rotations(of_side))
        arm = _limb(upper, places["neck"], _ARM, body, mirror, _arm_rotations(of_side))
        places |= {f"{side}_{name}": place for name, place in (leg | arm).items()}
        # The thumb is a branch: it leaves from the wrist, not from the palm.
        places[f"{side}_thumb"] += places[f"{side}_wrist"] - places[f"{side}_palm"]
    return np.stack([places[name.removesuffix("_2").removesuffix("_3")] for name in HUMAN36_JOINTS], axis=1)


def _leg_rotations(of_side: dict) -> dict:
    """What happens at each joint of a right leg, for the bones after it."""
    hip = (
        _rotation(0, of_side["hip_flexion"])
        @ _rotation(1, -of_side["hip_abduction"])
        @ _rotation(2, of_side["hip_rotation"])
    )
    return {"hip": hip, "knee": _rotation(0, -of_side["knee"]), "ankle": _rotation(0, of_side["ankle"])}


def _arm_rotations(of_side: dict) -> dict:
    """What happens at each joint of a right arm, for the bones after it."""
    shoulder = (
        _rotation(0, of_side["shoulder_flexion"])
        @ _rotation(1, -of_side["shoulder_abduction"])
        @ _rotation(2, of_side["shoulder_rotation"])
    )
    return {"shoulder": shoulder, "elbow": _rotation(0, of_side["elbow"])}


def _limb(parent, start, bones, body, mirror, rotations) -> dict[str, np.ndarray]:
    """Walk down a chain of bones from ``start`` (F,3) -> {joint: (F,3)}. Left limbs are mirrored right ones."""
    places, place, orientation = {}, start, parent
    for name in bones:
        place = place + orientation @ (mirror @ body[name])
        places[name] = place
        if name in rotations:
            orientation = orientation @ (mirror @ rotations[name] @ mirror)
    return places
