"""Fifteen actions as joint angles over time: procedural, random in detail, recognisable in kind."""

import numpy as np
from scipy.interpolate import CubicSpline

from src.data.synthetic.kinematics import LIMITS

SIDES = ("right", "left")

# One leg over a stride, from one touch of its heel to the next: what the textbooks on gait show, in degrees.
_STRIDE = np.array([0, 0.12, 0.3, 0.5, 0.62, 0.73, 0.86, 1])
_HIP = CubicSpline(_STRIDE, [26, 22, 8, -10, -4, 16, 29, 26], bc_type="periodic")
_KNEE = CubicSpline(_STRIDE, [5, 15, 9, 8, 38, 60, 28, 5], bc_type="periodic")
_HAND_AT_FACE = {"flexion": 58, "abduction": 9, "rotation": 44, "elbow": 132}


class _Actor(dict):
    """A person's angles (F,) over times t (F,) s, by name as in `LIMITS`. Every method is a way to change them."""

    def __init__(self, t: np.ndarray, rng: np.random.Generator):
        super().__init__({name: np.zeros_like(t) for name in LIMITS})
        self.t, self.rng, self.uniform = t, rng, rng.uniform

    def wander(self, size, period=3.0):
        """A smooth random signal round 0, mostly within +-size, that changes over about ``period`` seconds."""
        rates, phases = self.uniform(0.5, 1.6, 3) / period, self.uniform(0, 2 * np.pi, 3)
        return size * np.sin(2 * np.pi * self.t[:, None] * rates + phases).sum(axis=1) / 1.7

    def cycle(self, period):
        """Between 0 and 1 and back, smoothly, with a pause at both ends: something done again and again."""
        wave = np.sin(2 * np.pi * (self.t / (period * self.uniform(0.8, 1.2)) + self.uniform()))
        return 0.5 + 0.5 * np.tanh(2.5 * wave) / np.tanh(2.5)

    def take(self, side, share=1.0, **there):
        """Take a side's joints to angles (shoulders without their name), or by ``share`` of the way from 0 to 1."""
        for name, angle in there.items():
            key = (
                f"{side}_shoulder_{name}"
                if name in ("flexion", "abduction", "rotation")
                else f"{side}_{name}"
            )
            self[key] = (1 - share) * self[key] + share * angle

    def stand(self):
        """Upright, arms hanging, weight shifting a little."""
        uniform, wander = self.uniform, self.wander
        self.update(
            turn=uniform(-180, 180) + wander(4, 8), lean=uniform(0, 4) + wander(2), roll=wander(1.5)
        )
        self.update(
            bend=uniform(2, 10) + wander(5),
            side=wander(5),
            twist=wander(12),
            nod=wander(12),
            look=wander(25),
        )
        flexion, knee = uniform(2, 8) + wander(3), uniform(4, 12) + wander(4)
        for side in SIDES:
            self.take(side, hip_flexion=flexion + uniform(-3, 3), hip_abduction=uniform(3, 9))
            self.take(side, hip_rotation=uniform(-15, 0), knee=knee + uniform(-2, 2))
            self.take(
                side, flexion=uniform(-5, 10), abduction=uniform(9, 16), elbow=uniform(12, 30)
            )
            self[f"{side}_shoulder_flexion"] += wander(6)

    def walk(self):
        """A gait: legs in turn, arms against them, along a circle."""
        self.stand()
        uniform, size = self.uniform, self.uniform(0.85, 1.1)
        phase = uniform(0.8, 0.98) * self.t + uniform()
        self["turn"] = uniform(-180, 180) + self.rng.choice([-1, 1]) * uniform(45, 60) * self.t
        self.update(lean=uniform(1, 4) + self.wander(1), roll=2 * np.sin(2 * np.pi * phase))
        self["twist"] = 8 * size * np.cos(2 * np.pi * phase)
        for side, own in zip(SIDES, (phase, phase + 0.5), strict=True):
            swing = np.cos(2 * np.pi * own)
            self.take(
                side,
                hip_flexion=self["lean"] + 3 + size * _HIP(own % 1),
                knee=size * _KNEE(own % 1) + 3,
            )
            self.take(side, hip_abduction=uniform(2, 5), flexion=4 - 24 * size * swing)
            self.take(side, elbow=25 - 12 * size * swing + uniform(-5, 10))

    def sit(self):
        """On a chair, hands in the lap."""
        self.stand()
        uniform, wander = self.uniform, self.wander
        self.update(turn=uniform(-180, 180) + wander(3, 8), lean=uniform(-8, 5) + wander(3))
        self["bend"] = uniform(0, 20) + wander(8)
        knee = uniform(72, 100) + wander(3, 6)
        for side in SIDES:
            self.take(
                side,
                hip_flexion=uniform(84, 88) + self["lean"],
                hip_abduction=uniform(4, 18) + wander(3),
            )
            self.take(
                side, knee=knee + uniform(-4, 4), flexion=uniform(18, 28), abduction=uniform(10, 16)
            )
            self.take(side, rotation=uniform(5, 20), elbow=uniform(64, 78) + wander(4))

    def directions(self):  # Standing, one arm after the other points somewhere
        self.stand()
        for side in SIDES:
            up, out = self.uniform(50, 120) + self.wander(15), self.uniform(5, 50)
            self.take(
                side,
                self.cycle(4),
                flexion=up,
                abduction=out,
                rotation=0,
                elbow=self.uniform(5, 25),
            )

    def discussion(self):  # Standing, both forearms talk along
        self.stand()
        for side in SIDES:
            self.take(side, flexion=20 + self.wander(18, 1.5), abduction=18 + self.wander(8, 1.5))
            self.take(side, rotation=10 + self.wander(22, 1.2), elbow=85 + self.wander(30, 1.2))

    def eating(self):  # On a chair, a hand goes to the mouth again and again
        self.sit()
        self.take("right", flexion=35, abduction=16, rotation=15, elbow=80)
        self.take("right", self.cycle(2.5), **_HAND_AT_FACE)
        self.take("left", flexion=32 + self.wander(5), abduction=14, rotation=20, elbow=75)

    def greeting(self):  # Standing, an arm waves
        self.stand()
        wave = 20 * np.sin(2 * np.pi * self.uniform(1.2, 2) * self.t)
        up = {
            "flexion": self.uniform(20, 60),
            "abduction": self.uniform(80, 105),
            "rotation": -40 + wave,
        }
        self.take("right", self.cycle(5), **up, elbow=self.uniform(70, 95) + wave)

    def phoning(self):  # A hand at the ear, standing or pacing
        self.walk() if self.uniform() < 0.4 else self.stand()
        self.take(
            "right",
            flexion=80 + self.wander(4),
            abduction=18 + self.wander(3),
            rotation=24,
            elbow=138,
        )
        self["side"] += 4

    def photo(self):  # Both hands hold a camera before the face, knees a little bent
        self.stand()
        crouch = self.uniform(0, 45) * self.cycle(6)
        for side in SIDES:
            self.take(
                side,
                flexion=58 + self.wander(6),
                abduction=12,
                rotation=24,
                elbow=112 + self.wander(6),
            )
            self[f"{side}_hip_flexion"] += crouch
            self[f"{side}_knee"] += 1.6 * crouch

    def posing(
        self,
    ):  # Standing, from one attitude of the arms to another: on the hips, raised, stretched out
        self.stand()
        attitudes = (-12, 45, 45, 95), (40, 115, -20, 40), (5, 80, 0, 12)
        for side in SIDES:
            for number in self.rng.permutation(3)[:2]:
                flexion, abduction, rotation, elbow = attitudes[number]
                self.take(
                    side,
                    self.cycle(5),
                    flexion=flexion,
                    abduction=abduction,
                    rotation=rotation,
                    elbow=elbow,
                )

    def purchases(self):  # Standing, bending down to reach for something low and lifting it
        self.stand()
        down = self.cycle(4)
        self["lean"] += 22 * down
        self["bend"] += self.uniform(20, 50) * down
        for side in SIDES:
            self[f"{side}_hip_flexion"] += 45 * down
            self[f"{side}_knee"] += 40 * down
            self.take(side, down, flexion=self.uniform(60, 85), abduction=12, rotation=5, elbow=15)

    def sitting(self):  # On a chair, now and then leaning on or reaching for the table
        self.sit()
        side, share, up = self.rng.choice(SIDES), self.cycle(5), self.uniform(40, 75)
        self.take(side, share, flexion=up, abduction=14, rotation=10, elbow=self.uniform(30, 70))

    def sitting_down(
        self,
    ):  # From standing down to the ground, legs drawn up before the body, and back
        self.stand()
        down, knee = self.cycle(7), self.uniform(72, 88)
        midway = 4 * down * (1 - down)
        for side in SIDES:
            self.take(side, down, hip_flexion=122, knee=knee, flexion=self.uniform(40, 55))
            self.take(side, down, abduction=28, rotation=0, elbow=self.uniform(20, 40))
            self[f"{side}_hip_flexion"] += 25 * midway
            self[f"{side}_knee"] += 62 * midway
        self["bend"] += 12 * down
        self["lean"] += 30 * midway

    def smoking(
        self,
    ):  # Standing or sitting, a hand goes to the mouth slowly, the other arm is folded
        self.sit() if self.uniform() < 0.5 else self.stand()
        self.take("right", self.cycle(5), **_HAND_AT_FACE)
        self.take("left", flexion=14 + self.wander(3), abduction=12, rotation=55, elbow=92)

    def waiting(self):  # Standing with folded or hanging arms, shifting weight
        self.stand()
        shift, folded = self.wander(4, 5), self.uniform() < 0.6
        self["roll"] += shift
        self["side"] -= 2 * shift
        for side, raised, sign in zip(SIDES, (0, 24), (1, -1), strict=True):
            if folded:
                self.take(
                    side, flexion=18 + raised, abduction=14, rotation=55, elbow=95 + self.wander(3)
                )
            self[f"{side}_hip_abduction"] += sign * shift  # the feet stay where they are

    def walk_dog(self):  # Walking with a lead in one hand, stooping to the dog from time to time
        self.walk()
        down = self.cycle(9) * self.uniform(0, 1)
        self["bend"] += 28 * down
        self["lean"] += 12 * down
        self.take(
            "right", flexion=38 + self.wander(10, 1.5), abduction=14, elbow=22 + self.wander(8, 1.5)
        )

    def walk_together(self):  # Walking beside somebody, arm round their shoulders, looking at them
        self.walk()
        self.take("right", flexion=12 + self.wander(5), abduction=82 + self.wander(5), elbow=25)
        self["look"] = -32 + self.wander(15)


def act(action: str, t: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """An action of Human3.6M over times t (F,) s -> angles (F,) within `LIMITS`, left-handed half the time."""
    method = {
        "SittingDown": "sitting_down",
        "WalkDog": "walk_dog",
        "Walking": "walk",
        "WalkTogether": "walk_together",
    }
    actor = _Actor(t, rng)
    getattr(actor, method.get(action, action.lower()))()
    if rng.uniform() < 0.5:
        other = {"right": "left", "left": "right"}
        actor = {
            "_".join(other.get(word, word) for word in name.split("_")): actor[name]
            for name in LIMITS
        }
        actor |= {name: -actor[name] for name in ("twist", "look", "side", "roll")}
    for side in SIDES:  # soles level with the ground, as far as ankles allow
        actor[f"{side}_ankle"] = (
            actor["lean"] + actor[f"{side}_knee"] - actor[f"{side}_hip_flexion"]
        )
    return {name: np.clip(actor[name], *limits) for name, limits in LIMITS.items()}
