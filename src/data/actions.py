"""Fifteen actions as joint angles over time: procedural, random in detail, recognisable in kind."""

import numpy as np

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
    a["turn"] = rng.uniform(-180, 180) + _wander(rng, t, 25, 6)
    a["lean"], a["roll"] = rng.uniform(0, 4) + _wander(rng, t, 2), _wander(rng, t, 3)
    a["bend"], a["side"] = rng.uniform(2, 10) + _wander(rng, t, 5), _wander(rng, t, 5)
    a["twist"], a["nod"], a["look"] = (_wander(rng, t, size) for size in (8, 12, 22))
    for side in SIDES:
        a[f"{side}_hip_flexion"] = rng.uniform(0, 10) + _wander(rng, t, 4)
        a[f"{side}_hip_abduction"] = rng.uniform(3, 9) + _wander(rng, t, 2)
        a[f"{side}_hip_rotation"] = rng.uniform(-15, 0) + _wander(rng, t, 3)
        a[f"{side}_knee"] = rng.uniform(4, 14) + _wander(rng, t, 4)
        _arm(a, side, flexion=rng.uniform(-5, 10), abduction=rng.uniform(9, 16), elbow=rng.uniform(12, 30))
        a[f"{side}_shoulder_flexion"] += _wander(rng, t, 6)
    return a


def _arm(a, side, *, flexion=None, abduction=None, rotation=None, elbow=None):
    """Put one arm somewhere: degrees, numbers or (F,)."""
    given = {
        "shoulder_flexion": flexion,
        "shoulder_abduction": abduction,
        "shoulder_rotation": rotation,
        "elbow": elbow,
    }
    for name, value in given.items():
        if value is not None:
            a[f"{side}_{name}"] = a[f"{side}_{name}"] * 0 + value


def _blend(a, side, share, **there):
    """Take one arm from where it is to another place, by ``share`` (F,) between 0 and 1."""
    for name, value in there.items():
        key = f"{side}_elbow" if name == "elbow" else f"{side}_shoulder_{name}"
        a[key] = (1 - share) * a[key] + share * value


def _walk(rng, t) -> dict:
    """A gait: legs in turn, arms against them, along a circle."""
    a = _stand(rng, t)
    rate, size = rng.uniform(0.75, 1.05), rng.uniform(0.8, 1.15)
    phase = 2 * np.pi * (rate * t + rng.uniform())
    a["turn"] = rng.uniform(-180, 180) + rng.choice([-1, 1]) * rng.uniform(20, 45) * t
    a["lean"] = rng.uniform(2, 6) + _wander(rng, t, 1)
    a["twist"] = 8 * size * np.sin(phase)
    for side, own in zip(SIDES, (phase, phase + np.pi), strict=True):
        a[f"{side}_hip_flexion"] = 6 + 26 * size * np.sin(own)
        a[f"{side}_knee"] = 8 + 52 * size * np.clip(np.cos(own + 0.5), 0, None) ** 1.5  # bent while it swings forward
        a[f"{side}_ankle"] = 6 * np.sin(own + 1)
        a[f"{side}_hip_abduction"] = a[f"{side}_hip_abduction"] * 0 + rng.uniform(1, 5)
        a[f"{side}_shoulder_flexion"] = 4 - 24 * size * np.sin(own)
        a[f"{side}_elbow"] = 25 - 12 * size * np.sin(own) + rng.uniform(-5, 10)
    a["stride_mm_s"] = 1100 * rate * size + 0 * t
    return a


def _sit(rng, t) -> dict:
    """On a chair, hands in the lap."""
    a = _stand(rng, t)
    a["turn"] = rng.uniform(-180, 180) + _wander(rng, t, 8, 6)
    a["lean"], a["bend"] = rng.uniform(-8, 5) + _wander(rng, t, 3), rng.uniform(0, 20) + _wander(rng, t, 8)
    for side in SIDES:
        a[f"{side}_hip_flexion"] = rng.uniform(80, 92) + a["lean"] + _wander(rng, t, 3)
        a[f"{side}_hip_abduction"] = rng.uniform(4, 18) + _wander(rng, t, 3)
        a[f"{side}_knee"] = rng.uniform(65, 105) + _wander(rng, t, 6)
        lap = {"flexion": rng.uniform(15, 28), "abduction": rng.uniform(10, 16), "rotation": rng.uniform(5, 25)}
        _arm(a, side, **lap, elbow=rng.uniform(55, 75) + _wander(rng, t, 4))
    return a


def _hand_to_face(a, rng, t, side, period):
    _blend(a, side, _cycle(rng, t, period), flexion=60, abduction=7, rotation=48, elbow=141)


def directions(rng, t):
    """Standing, one arm after the other points somewhere."""
    a = _stand(rng, t)
    for side in SIDES:
        aim = {"flexion": rng.uniform(50, 120) + _wander(rng, t, 15), "abduction": rng.uniform(5, 50)}
        _blend(a, side, _cycle(rng, t, 4), **aim, rotation=0, elbow=rng.uniform(5, 25))
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
    _blend(a, "right", _cycle(rng, t, 5), **up, elbow=rng.uniform(70, 95) + wave)
    return a


def phoning(rng, t):
    """A hand at the ear, standing or pacing."""
    a = _walk(rng, t) if rng.uniform() < 0.4 else _stand(rng, t)
    _arm(a, "right", flexion=80 + _wander(rng, t, 4), abduction=12 + _wander(rng, t, 4), rotation=26, elbow=142)
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
            _blend(a, side, _cycle(rng, t, 5), **attitudes[attitude])
    return a


def purchases(rng, t):
    """Standing, bending down to reach for something low and lifting it."""
    a = _stand(rng, t)
    down = _cycle(rng, t, 4)
    a["lean"], a["bend"] = a["lean"] + 22 * down, a["bend"] + rng.uniform(20, 50) * down
    for side in SIDES:
        a[f"{side}_hip_flexion"] = a[f"{side}_hip_flexion"] + 45 * down
        a[f"{side}_knee"] = a[f"{side}_knee"] + 40 * down
        _blend(a, side, down, flexion=rng.uniform(60, 85), abduction=12, rotation=5, elbow=15)
    return a


def sitting(rng, t):
    """On a chair, now and then leaning on or reaching for the table."""
    a = _sit(rng, t)
    side = rng.choice(SIDES)
    _blend(
        a, side, _cycle(rng, t, 5), flexion=rng.uniform(40, 75), abduction=14, rotation=10, elbow=rng.uniform(30, 70)
    )
    return a


def sitting_down(rng, t):
    """From standing down to the ground, knees drawn up, and back."""
    a, down = _stand(rng, t), _cycle(rng, t, 7)
    for side in SIDES:
        a[f"{side}_hip_flexion"] = (1 - down) * a[f"{side}_hip_flexion"] + down * rng.uniform(105, 118)
        a[f"{side}_knee"] = (1 - down) * a[f"{side}_knee"] + down * rng.uniform(115, 138)
        a[f"{side}_ankle"] = 18 * down
        _blend(a, side, down, flexion=rng.uniform(40, 70), abduction=20, rotation=8, elbow=rng.uniform(20, 55))
    a["bend"] = a["bend"] + 15 * down
    a["lean"] = a["lean"] + 40 * down * (1 - down)
    return a


def smoking(rng, t):
    """Standing or sitting, a hand goes to the mouth slowly, the other arm is folded."""
    a = _sit(rng, t) if rng.uniform() < 0.5 else _stand(rng, t)
    _hand_to_face(a, rng, t, "right", 5)
    _arm(a, "left", flexion=14 + _wander(rng, t, 3), abduction=12, rotation=55, elbow=92)
    return a


def waiting(rng, t):
    """Standing with folded arms or hands behind, shifting weight."""
    a = _stand(rng, t)
    shift = _wander(rng, t, 7, 4)
    a["roll"], a["side"] = a["roll"] + shift, a["side"] - shift
    folded = rng.uniform() < 0.6
    for side, raised in zip(SIDES, (0, 8), strict=True):
        if folded:
            _arm(a, side, flexion=24 + raised, abduction=14, rotation=58, elbow=98 + _wander(rng, t, 4))
        a[f"{side}_knee"] = a[f"{side}_knee"] + np.clip(3 * shift * (1 if side == "right" else -1), 0, None)
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


ACTIONS = {
    "Directions": directions, "Discussion": discussion, "Eating": eating, "Greeting": greeting, "Phoning": phoning,
    "Photo": photo, "Posing": posing, "Purchases": purchases, "Sitting": sitting, "SittingDown": sitting_down,
    "Smoking": smoking, "Waiting": waiting, "WalkDog": walk_dog, "Walking": _walk, "WalkTogether": walk_together,
}  # fmt: skip


def act(action: str, t: np.ndarray, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """An action over times t (F,) s -> (angles within `LIMITS`, speed forward (F,) mm/s). Left-handed half the time."""
    angles = ACTIONS[action](rng, t)
    speed = angles.pop("stride_mm_s", 0 * t)
    if rng.uniform() < 0.5:
        swapped = {"right": "left", "left": "right"}
        angles = {
            f"{swapped[name.split('_')[0]]}_{name.split('_', 1)[1]}" if name.startswith(SIDES) else name: values
            for name, values in angles.items()
        }
        for name in ("twist", "look", "side", "roll"):
            angles[name] = -angles[name]
    return clip_to_limits(angles), speed
