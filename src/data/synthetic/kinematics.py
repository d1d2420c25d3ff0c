"""A body of Human3.6M's 32 joints: joint angles within their limits -> joint positions, by forward kinematics."""

from functools import reduce

import numpy as np

from src.skeletons import HUMAN36_JOINTS

# Degrees. Of limbs, positive is forward (flexion), away from the body (abduction), towards its middle (rotation); a
# knee and an elbow bend one way only. Of the trunk: forward, to the right, to the left; of the head: down, to the left.
_LIMB_LIMITS = {
    **{"hip_flexion": (-25, 125), "hip_abduction": (-12, 45), "hip_rotation": (-40, 35)},
    **{"knee": (0, 150), "ankle": (-40, 25), "elbow": (0, 145)},
    **{
        "shoulder_flexion": (-45, 170),
        "shoulder_abduction": (0, 130),
        "shoulder_rotation": (-60, 80),
    },
}
LIMITS = {
    **{
        "turn": (-np.inf, np.inf),
        "lean": (-30, 60),
        "roll": (-20, 20),
        "bend": (-25, 90),
        "side": (-30, 30),
    },
    **{"twist": (-45, 45), "nod": (-45, 50), "look": (-70, 70)},
    **{
        f"{side}_{name}": limits
        for side in ("right", "left")
        for name, limits in _LIMB_LIMITS.items()
    },
}

# Bones of an average body, mm, standing upright: x to the person's right, y forward, z up. The left mirrors the right.
_TRUNK = {"mid_spine": (0, 0, 233), "neck": (0, 0, 257), "chin": (0, 45, 95), "head": (0, -25, 105)}
_LEG = {"hip": (130, 0, 0), "knee": (0, 0, -445), "ankle": (0, 0, -450), "foot_base": (0, 135, -60),
        "foot_tip": (0, 75, -12)}  # fmt: skip
_ARM = {"shoulder": (152, 0, -12), "elbow": (0, 0, -280), "wrist": (0, 0, -250), "palm": (0, 10, -85),
        "thumb": (-25, 55, -55)}  # fmt: skip


def proportions(rng: np.random.Generator) -> dict[str, float]:
    """Factors by the joint at a bone's end, without its side: a person of their own height, limbs and build."""
    height, legs, arms, width = rng.uniform((0.88, 0.94, 0.94, 0.85), (1.1, 1.06, 1.06, 1.15))
    scales = dict.fromkeys(_TRUNK, 1) | dict.fromkeys(_LEG, legs) | dict.fromkeys(_ARM, arms)
    scales |= {"hip": width, "shoulder": width}
    return {name: height * scale for name, scale in scales.items()}


def make_body(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Bone vectors (3,) mm by the joint at their end, of a person with `proportions`."""
    bones = _TRUNK | _LEG | _ARM
    return {
        name: scale * np.array(bones[name], dtype=float) for name, scale in proportions(rng).items()
    }


def _rotation(**degrees: np.ndarray) -> np.ndarray:
    """Angles (F,) about the axes x, y, z, in the order given -> (F,3,3): the product of right-handed rotations."""
    matrices = []
    for axis, angle in degrees.items():
        k = "xyz".index(axis)
        i, j = (k + 1) % 3, (k + 2) % 3
        matrix = np.zeros((len(angle), 3, 3))
        matrix[:, k, k] = 1
        matrix[:, i, i] = matrix[:, j, j] = np.cos(np.radians(angle))
        matrix[:, j, i] = np.sin(np.radians(angle))
        matrix[:, i, j] = -matrix[:, j, i]
        matrices.append(matrix)
    return reduce(np.matmul, matrices)


def joint_positions(angles: dict[str, np.ndarray], body: dict[str, np.ndarray]) -> np.ndarray:
    """All angles of `LIMITS`, each (F,) degrees, and a `make_body` -> (F,32,3) mm, mid_hip at the origin, z up.

    At turn 0 the person faces +y.
    """
    root = _rotation(z=angles["turn"], x=-angles["lean"], y=angles["roll"])
    # The spine bends in two places, evenly.
    half = _rotation(x=-angles["bend"] / 2, y=angles["side"] / 2, z=angles["twist"] / 2)
    lower, upper = root @ half, root @ half @ half
    head = upper @ _rotation(z=angles["look"]) @ _rotation(x=-angles["nod"])
    places = {"mid_hip": np.zeros((len(root), 3))}
    places["mid_spine"] = lower @ body["mid_spine"]
    places["neck"] = places["mid_spine"] + upper @ body["neck"]
    places["chin"] = places["neck"] + head @ body["chin"]
    places["head"] = places["chin"] + head @ body["head"]
    for side, mirror in (("right", 1), ("left", -1)):  # left limbs are mirrored right ones
        for bones, start, orientation in ((_LEG, "mid_hip", root), (_ARM, "neck", upper)):
            place = places[start]
            for name in bones:
                joint = f"{side}_{name}"
                if name == "thumb":  # a branch: it leaves from the wrist, not from the palm
                    place = places[f"{side}_wrist"]
                place = places[joint] = place + orientation @ (body[name] * [mirror, 1, 1])
                if f"{joint}_flexion" in angles:
                    abduction, inwards = (
                        mirror * angles[f"{joint}_{way}"] for way in ("abduction", "rotation")
                    )
                    orientation = orientation @ _rotation(
                        x=angles[f"{joint}_flexion"], y=-abduction, z=inwards
                    )
                elif joint in angles:
                    orientation = orientation @ _rotation(
                        x=-angles[joint] if name == "knee" else angles[joint]
                    )
    return np.stack(
        [places[name.removesuffix("_2").removesuffix("_3")] for name in HUMAN36_JOINTS], axis=1
    )
