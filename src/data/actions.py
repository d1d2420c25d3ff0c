"""Fifteen actions as joint angles over time: procedural, random in detail, recognisable in kind."""

import numpy as np
from scipy.interpolate import CubicSpline

from src.data.human36 import ACTIONS
from src.data.kinematics import LIMITS, clip_to_limits

SIDES = ("right", "left")


def _wander(rng, t, size, period=3.0):
    """A smooth random signal round 0, mostly within +-size, that changes over about ``period`` seconds."""
    rates = rng.uniform(0.5, 1.6, 3) / period
    phases = rng.uniform(0, 2 * np.pi, 3)
    return size * np.sin(2 * np.pi * t[:, None] * rates + phases).sum(axis=1) / 1.7


def _cycle(rng, t, period):
    """Between 0 and 1 and back, smoothly, with a pause at both ends: something done again and again."""
    wave = np.sin(2 * np.pi * (t / (period * rng.uniform(0.8, 1.2)) + rng.uniform()))
    return 0.5 + 0.5 * np.tanh(2.5 * wave) / np.tanh(2.5)


def _stand(rng, t) -> dict:
    """Upright, arms hanging, weight shifting a little."""
    a = {name: np.zeros_like(t) for name in LIMITS}
    a["turn"] = rng.uniform(-180, 180) + _wander(rng, t, 4, 8)
    a["lean"], a["roll"] = rng.uniform(0, 4) + _wander(rng, t, 2), _wander(rng, t, 1.5)
    a["bend"], a["side"] = rng.uniform(2, 10) + _wander(rng, t, 5), _wander(rng, t, 5)
    a["twist"], a["nod"], a["look"] = (_wander(rng, t, size) for size in (12, 12, 25))
    flexion, knee = rng.uniform(2, 8) + _wander(rng, t, 3), rng.uniform(4, 12) + _wander(rng, t, 4)
    for side in SIDES:
        a[f"{side}_hip_flexion"] = flexion + rng.uniform(-3, 3)
        a[f"{side}_hip_abduction"] = rng.uniform(3, 9) + np.zeros_like(t)
        a[f"{side}_hip_rotation"] = rng.uniform(-15, 0) + np.zeros_like(t)
        a[f"{side}_knee"] = knee + rng.uniform(-2, 2)
        _arm(a, side, flexion=rng.uniform(-5, 10), abduction=rng.uniform(9, 16), elbow=rng.uniform(12, 30))
        a[f"{side}_shoulder_flexion"] += _wander(rng, t, 6)
    return a


def _arm(a, side, share=1.0, **there):
    """Take one arm to a place (degrees by name), or by ``share`` (F,) between 0 and 1 of the way to it."""
    for name, value in there.items():
        key = f"{side}_elbow" if name == "elbow" else f"{side}_shoulder_{name}"
        a[key] = (1 - share) * a[key] + share * value


# One leg over a stride, from one touch of its heel to the next: what the textbooks on gait show, in degrees.
_STRIDE = np.array([0, 0.12, 0.3, 0.5, 0.62, 0.73, 0.86, 1])
_HIP = CubicSpline(_STRIDE, [26, 22, 8, -10, -4, 16, 29, 26], bc_type="periodic")
_KNEE = CubicSpline(_STRIDE, [5, 15, 9, 8, 38, 60, 28, 5], bc_type="periodic")


def _walk(rng, t) -> dict:
    """A gait: legs in turn, arms against them, along a circle."""
    a = _stand(rng, t)
    size = rng.uniform(0.85, 1.1)
    phase = rng.uniform(0.8, 0.98) * t + rng.uniform()
    a["turn"] = rng.uniform(-180, 180) + rng.choice([-1, 1]) * rng.uniform(45, 60) * t
    a["lean"], a["roll"] = rng.uniform(1, 4) + _wander(rng, t, 1), 2 * np.sin(2 * np.pi * phase)
    a["twist"] = 8 * size * np.cos(2 * np.pi * phase)
    for side, own in zip(SIDES, (phase, phase + 0.5), strict=True):
        a[f"{side}_hip_flexion"] = a["lean"] + 3 + size * _HIP(own % 1)
        a[f"{side}_knee"] = size * _KNEE(own % 1) + 3
        a[f"{side}_hip_abduction"] = a[f"{side}_hip_abduction"] * 0 + rng.uniform(2, 5)
        a[f"{side}_shoulder_flexion"] = 4 - 24 * size * np.cos(2 * np.pi * own)
        a[f"{side}_elbow"] = 25 - 12 * size * np.cos(2 * np.pi * own) + rng.uniform(-5, 10)
    return a


def _sit(rng, t) -> dict:
    """On a chair, hands in the lap."""
    a = _stand(rng, t)
    a["turn"] = rng.uniform(-180, 180) + _wander(rng, t, 3, 8)
    a["lean"], a["bend"] = rng.uniform(-8, 5) + _wander(rng, t, 3), rng.uniform(0, 20) + _wander(rng, t, 8)
    knee = rng.uniform(72, 100) + _wander(rng, t, 3, 6)
    for side in SIDES:
        a[f"{side}_hip_flexion"] = rng.uniform(84, 88) + a["lean"]
        a[f"{side}_hip_abduction"] = rng.uniform(4, 18) + _wander(rng, t, 3)
        a[f"{side}_knee"] = knee + rng.uniform(-4, 4)
        lap = {"flexion": rng.uniform(18, 28), "abduction": rng.uniform(10, 16), "rotation": rng.uniform(5, 20)}
        _arm(a, side, **lap, elbow=rng.uniform(64, 78) + _wander(rng, t, 4))
    return a


def _hand_to_face(a, rng, t, side, period):
    _arm(a, side, _cycle(rng, t, period), flexion=58, abduction=9, rotation=44, elbow=132)


def directions(rng, t):
    """Standing, one arm after the other points somewhere."""
    a = _stand(rng, t)
    for side in SIDES:
        up, out = rng.uniform(50, 120) + _wander(rng, t, 15), rng.uniform(5, 50)
        _arm(a, side, _cycle(rng, t, 4), flexion=up, abduction=out, rotation=0, elbow=rng.uniform(5, 25))
    return a


def discussion(rng, t):
    """Standing, both forearms talk along."""
    a = _stand(rng, t)
    for side in SIDES:
        _arm(a, side, flexion=20 + _wander(rng, t, 18, 1.5), abduction=18 + _wander(rng, t, 8, 1.5))
        _arm(a, side, rotation=10 + _wander(rng, t, 22, 1.2), elbow=85 + _wander(rng, t, 30, 1.2))
    return a


def eating(rng, t):
    """On a chair, a hand goes to the mouth again and again."""
    a = _sit(rng, t)
    _arm(a, "right", flexion=35, abduction=16, rotation=15, elbow=80)
    _hand_to_face(a, rng, t, "right", 2.5)
    _arm(a, "left", flexion=32 + _wander(rng, t, 5), abduction=14, rotation=20, elbow=75)
    return a


def greeting(rng, t):
    """Standing, an arm waves."""
    a = _stand(rng, t)
    wave = 20 * np.sin(2 * np.pi * rng.uniform(1.2, 2) * t)
    up = {"flexion": rng.uniform(20, 60), "abduction": rng.uniform(80, 105), "rotation": -40 + wave}
    _arm(a, "right", _cycle(rng, t, 5), **up, elbow=rng.uniform(70, 95) + wave)
    return a


def phoning(rng, t):
    """A hand at the ear, standing or pacing."""
    a = _walk(rng, t) if rng.uniform() < 0.4 else _stand(rng, t)
    _arm(a, "right", flexion=80 + _wander(rng, t, 4), abduction=18 + _wander(rng, t, 3), rotation=24, elbow=138)
    a["side"] = a["side"] + 4
    return a


def photo(rng, t):
    """Both hands hold a camera before the face, knees a little bent."""
    a = _stand(rng, t)
    crouch = rng.uniform(0, 45) * _cycle(rng, t, 6)
    for side in SIDES:
        _arm(a, side, flexion=58 + _wander(rng, t, 6), abduction=12, rotation=24, elbow=112 + _wander(rng, t, 6))
        a[f"{side}_hip_flexion"] = a[f"{side}_hip_flexion"] + crouch
        a[f"{side}_knee"] = a[f"{side}_knee"] + 1.6 * crouch
    return a


def posing(rng, t):
    """Standing, from one attitude of the arms to another: on the hips, raised, stretched out."""
    a = _stand(rng, t)
    attitudes = (
        {"flexion": -12, "abduction": 45, "rotation": 45, "elbow": 95},
        {"flexion": 40, "abduction": 115, "rotation": -20, "elbow": 40},
        {"flexion": 5, "abduction": 80, "rotation": 0, "elbow": 12},
    )
    for side in SIDES:
        for attitude in rng.permutation(3)[:2]:
            _arm(a, side, _cycle(rng, t, 5), **attitudes[attitude])
    return a


def purchases(rng, t):
    """Standing, bending down to reach for something low and lifting it."""
    a, down = _stand(rng, t), _cycle(rng, t, 4)
    a["lean"], a["bend"] = a["lean"] + 22 * down, a["bend"] + rng.uniform(20, 50) * down
    for side in SIDES:
        a[f"{side}_hip_flexion"] = a[f"{side}_hip_flexion"] + 45 * down
        a[f"{side}_knee"] = a[f"{side}_knee"] + 40 * down
        _arm(a, side, down, flexion=rng.uniform(60, 85), abduction=12, rotation=5, elbow=15)
    return a


def sitting(rng, t):
    """On a chair, now and then leaning on or reaching for the table."""
    a = _sit(rng, t)
    side = rng.choice(SIDES)
    _arm(a, side, _cycle(rng, t, 5), flexion=rng.uniform(40, 75), abduction=14, rotation=10, elbow=rng.uniform(30, 70))
    return a


def sitting_down(rng, t):
    """From standing down to the ground, legs drawn up before the body, and back."""
    a, down = _stand(rng, t), _cycle(rng, t, 7)
    knee, midway = rng.uniform(72, 88), 4 * down * (1 - down)
    for side in SIDES:
        a[f"{side}_hip_flexion"] = (1 - down) * a[f"{side}_hip_flexion"] + down * 122 + 25 * midway
        a[f"{side}_knee"] = (1 - down) * a[f"{side}_knee"] + down * knee + 62 * midway
        _arm(a, side, down, flexion=rng.uniform(40, 55), abduction=28, rotation=0, elbow=rng.uniform(20, 40))
    a["bend"] = a["bend"] + 12 * down
    a["lean"] = a["lean"] + 30 * midway
    return a


def smoking(rng, t):
    """Standing or sitting, a hand goes to the mouth slowly, the other arm is folded."""
    a = _sit(rng, t) if rng.uniform() < 0.5 else _stand(rng, t)
    _hand_to_face(a, rng, t, "right", 5)
    _arm(a, "left", flexion=14 + _wander(rng, t, 3), abduction=12, rotation=55, elbow=92)
    return a


def waiting(rng, t):
    """Standing with folded or hanging arms, shifting weight."""
    a = _stand(rng, t)
    shift = _wander(rng, t, 4, 5)
    a["roll"], a["side"] = a["roll"] + shift, a["side"] - 2 * shift
    folded = rng.uniform() < 0.6
    for side, raised, sign in zip(SIDES, (0, 24), (1, -1), strict=True):
        if folded:
            _arm(a, side, flexion=18 + raised, abduction=14, rotation=55, elbow=95 + _wander(rng, t, 3))
        a[f"{side}_hip_abduction"] = a[f"{side}_hip_abduction"] + sign * shift  # the feet stay where they are
    return a


def walk_dog(rng, t):
    """Walking with a lead in one hand, stooping to the dog from time to time."""
    a = _walk(rng, t)
    down = _cycle(rng, t, 9) * rng.uniform(0, 1)
    a["bend"], a["lean"] = a["bend"] + 28 * down, a["lean"] + 12 * down
    _arm(a, "right", flexion=38 + _wander(rng, t, 10, 1.5), abduction=14, elbow=22 + _wander(rng, t, 8, 1.5))
    return a


def walk_together(rng, t):
    """Walking beside somebody, arm round their shoulders, looking at them."""
    a = _walk(rng, t)
    _arm(a, "right", flexion=12 + _wander(rng, t, 5), abduction=82 + _wander(rng, t, 5), elbow=25)
    a["look"] = -32 + _wander(rng, t, 15)
    return a


_IN_ORDER = (
    *(directions, discussion, eating, greeting, phoning, photo, posing, purchases, sitting, sitting_down, smoking),
    *(waiting, walk_dog, _walk, walk_together),
)
_BY_NAME = dict(zip(ACTIONS, _IN_ORDER, strict=True))


def act(action: str, t: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """An action of Human3.6M over times t (F,) s -> angles (F,) within `LIMITS`, left-handed half the time."""
    angles = _BY_NAME[action](rng, t)
    if rng.uniform() < 0.5:
        other = {"right": "left", "left": "right"}
        angles = {
            f"{other[name.split('_')[0]]}_{name.split('_', 1)[1]}" if name.startswith(SIDES) else name: values
            for name, values in angles.items()
        }
        for name in ("twist", "look", "side", "roll"):
            angles[name] = -angles[name]
    for side in SIDES:  # soles level with the ground, as far as ankles allow
        angles[f"{side}_ankle"] = angles["lean"] + angles[f"{side}_knee"] - angles[f"{side}_hip_flexion"]
    return clip_to_limits(angles)
