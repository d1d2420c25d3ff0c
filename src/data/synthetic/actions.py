"""Human3.6M's fifteen actions as joint angles over time.

They are procedural, random in detail and recognisable in kind. Every action is a function that
bends the joints of a person; angles are in degrees and have the names and signs of `LIMITS`.
"""

import numpy as np
from scipy.interpolate import CubicSpline

from src.data.synthetic.kinematics import LIMITS, SIDES

# One leg over a stride, from one touch of its heel to the next: the angles of hip and knee that
# textbooks on gait show, in degrees, at shares of the stride.
_STRIDE = np.array([0, 0.12, 0.3, 0.5, 0.62, 0.73, 0.86, 1])
_HIP_IN_STRIDE = CubicSpline(_STRIDE, [26, 22, 8, -10, -4, 16, 29, 26], bc_type="periodic")
_KNEE_IN_STRIDE = CubicSpline(_STRIDE, [5, 15, 9, 8, 38, 60, 28, 5], bc_type="periodic")

# What an arm may do while somebody poses: flexion, abduction and rotation of the shoulder; elbow.
_ATTITUDES = (
    (-12, 45, 45, 95),  # the hand on the hip
    (40, 115, -20, 40),  # raised
    (5, 80, 0, 12),  # stretched out to the side
)


class _Person:
    """Somebody in motion: joint angles over time, and the ways to change them.

    t: times (F,) s. angles: degrees (F,) for each name in `LIMITS`. They are 0 at first: upright,
    arms hanging, looking ahead. All random detail is drawn from one generator: whoever adds, drops
    or moves a draw changes everything that is drawn after it, and so the built-in data.
    """

    def __init__(self, t: np.ndarray, rng: np.random.Generator):
        self.t = t
        self.rng = rng
        self.angles = {name: np.zeros_like(t) for name in LIMITS}

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A random number that holds for the whole motion."""
        return self.rng.uniform(low, high)

    def wander(self, size: float, period: float = 3.0) -> np.ndarray:
        """A smooth random signal (F,) round 0 that changes over about ``period`` seconds.

        It is mostly within +-size: three waves of different length seldom crest at once.
        """
        rates = self.rng.uniform(0.5, 1.6, 3) / period
        phases = self.rng.uniform(0, 2 * np.pi, 3)
        waves = np.sin(2 * np.pi * self.t[:, None] * rates + phases)
        return size * waves.sum(axis=1) / 1.7

    def back_and_forth(self, period: float) -> np.ndarray:
        """Something done again and again, about every ``period`` seconds: shares (F,).

        They go smoothly from 0 to 1 and back, with a pause at both ends (tanh flattens the crests).
        """
        wave = np.sin(2 * np.pi * (self.t / (period * self.uniform(0.8, 1.2)) + self.uniform()))
        return 0.5 + 0.5 * np.tanh(2.5 * wave) / np.tanh(2.5)

    def hold(self, side: str, **degrees):
        """Hold joints of one side at angles, numbers or (F,), named as in `LIMITS` without side."""
        for name, angle in degrees.items():
            self.angles[f"{side}_{name}"] = np.zeros_like(self.t) + angle

    def move(self, side: str, share: np.ndarray, **degrees):
        """Move joints from where they are, at a share (F,) of 0, to the given angles, at 1."""
        for name, angle in degrees.items():
            before = self.angles[f"{side}_{name}"]
            self.angles[f"{side}_{name}"] = (1 - share) * before + share * angle

    def move_hand_to_face(self, side: str, share: np.ndarray):
        """Lift a hand: it is at the side for a share (F,) of 0, at the mouth for a share of 1."""
        self.move(
            side,
            share,
            shoulder_flexion=58,
            shoulder_abduction=9,
            shoulder_rotation=44,
            elbow=132,
        )


# What most actions begin with: standing, walking, sitting.


def _stand(person: _Person):
    """Upright with hanging arms, shifting weight and looking round a little."""
    angles = person.angles
    angles["turn"] = person.uniform(-180, 180) + person.wander(4, period=8)
    angles["lean"] = person.uniform(0, 4) + person.wander(2)
    angles["roll"] = person.wander(1.5)
    angles["bend"] = person.uniform(2, 10) + person.wander(5)
    angles["side"] = person.wander(5)
    angles["twist"] = person.wander(12)
    angles["nod"] = person.wander(12)
    angles["look"] = person.wander(25)
    # The legs carry the same weight: they bend together, with a small difference of their own.
    hip_flexion = person.uniform(2, 8) + person.wander(3)
    knee = person.uniform(4, 12) + person.wander(4)
    for side in SIDES:
        person.hold(
            side,
            hip_flexion=hip_flexion + person.uniform(-3, 3),
            hip_abduction=person.uniform(3, 9),
            hip_rotation=person.uniform(-15, 0),  # toes point outwards
            knee=knee + person.uniform(-2, 2),
        )
        person.hold(
            side,
            shoulder_flexion=person.uniform(-5, 10),
            shoulder_abduction=person.uniform(9, 16),  # clear of the hips
            elbow=person.uniform(12, 30),
        )
        angles[f"{side}_shoulder_flexion"] += person.wander(6)


def _walk(person: _Person):
    """Walking along a circle, the legs in turn and each arm against the leg of its side."""
    _stand(person)
    angles = person.angles
    size = person.uniform(0.85, 1.1)  # of the steps, and of all that swings with them
    strides = person.uniform(0.8, 0.98) * person.t + person.uniform()  # number made so far
    heading = person.uniform(-180, 180)
    to_left_or_right = person.rng.choice([-1, 1])
    angles["turn"] = heading + to_left_or_right * person.uniform(45, 60) * person.t
    angles["lean"] = person.uniform(1, 4) + person.wander(1)
    angles["roll"] = 2 * np.sin(2 * np.pi * strides)
    # The chest turns a little with every step, to the left as the right leg comes forward.
    angles["twist"] = 8 * size * np.cos(2 * np.pi * strides)
    for side, half_a_stride in (("right", 0), ("left", 0.5)):
        leg = strides + half_a_stride
        swing = np.cos(2 * np.pi * leg)  # of the leg: 1 in front, -1 behind
        person.hold(
            side,
            # The legs do not lean with the pelvis. Hip and knee bend by 3 degrees more than in the
            # curves, as nobody walks with straight legs.
            hip_flexion=angles["lean"] + 3 + size * _HIP_IN_STRIDE(leg % 1),
            hip_abduction=person.uniform(2, 5),
            knee=size * _KNEE_IN_STRIDE(leg % 1) + 3,
        )
        person.hold(
            side,
            shoulder_flexion=4 - 24 * size * swing,
            elbow=25 - 12 * size * swing + person.uniform(-5, 10),
        )


def _sit(person: _Person):
    """Sitting on a chair with the hands in the lap."""
    _stand(person)
    angles = person.angles
    angles["turn"] = person.uniform(-180, 180) + person.wander(3, period=8)
    angles["lean"] = person.uniform(-8, 5) + person.wander(3)
    angles["bend"] = person.uniform(0, 20) + person.wander(8)
    knee = person.uniform(72, 100) + person.wander(3, period=6)
    for side in SIDES:
        person.hold(
            side,
            hip_flexion=person.uniform(84, 88) + angles["lean"],  # thighs stay on the seat
            hip_abduction=person.uniform(4, 18) + person.wander(3),
            knee=knee + person.uniform(-4, 4),
        )
        person.hold(
            side,
            shoulder_flexion=person.uniform(18, 28),
            shoulder_abduction=person.uniform(10, 16),
            shoulder_rotation=person.uniform(5, 20),
            elbow=person.uniform(64, 78) + person.wander(4),
        )


# The actions. Where one arm does something that the other does not, it is the right one; `act`
# mirrors half of all motions.


def _directions(person: _Person):
    """Standing; either arm points somewhere and comes back."""
    _stand(person)
    for side in SIDES:
        up = person.uniform(50, 120) + person.wander(15)
        outwards = person.uniform(5, 50)
        person.move(
            side,
            person.back_and_forth(period=4),
            shoulder_flexion=up,
            shoulder_abduction=outwards,
            shoulder_rotation=0,
            elbow=person.uniform(5, 25),
        )


def _discussion(person: _Person):
    """Standing; both forearms are raised and talk along."""
    _stand(person)
    for side in SIDES:
        person.hold(
            side,
            shoulder_flexion=20 + person.wander(18, period=1.5),
            shoulder_abduction=18 + person.wander(8, period=1.5),
            shoulder_rotation=10 + person.wander(22, period=1.2),
            elbow=85 + person.wander(30, period=1.2),
        )


def _eating(person: _Person):
    """Sitting; one hand goes from the table to the mouth again and again, the other stays there."""
    _sit(person)
    person.hold(
        "right",
        shoulder_flexion=35,
        shoulder_abduction=16,
        shoulder_rotation=15,
        elbow=80,
    )
    person.move_hand_to_face("right", person.back_and_forth(period=2.5))
    person.hold(
        "left",
        shoulder_flexion=32 + person.wander(5),
        shoulder_abduction=14,
        shoulder_rotation=20,
        elbow=75,
    )


def _greeting(person: _Person):
    """Standing; one arm is raised from time to time, and its forearm waves."""
    _stand(person)
    wave = 20 * np.sin(2 * np.pi * person.uniform(1.2, 2) * person.t)  # one or two a second
    up = person.uniform(20, 60)
    outwards = person.uniform(80, 105)
    person.move(
        "right",
        person.back_and_forth(period=5),
        shoulder_flexion=up,
        shoulder_abduction=outwards,
        shoulder_rotation=-40 + wave,  # turned outwards, so that the forearm points up
        elbow=person.uniform(70, 95) + wave,
    )


def _phoning(person: _Person):
    """Standing or walking up and down with a hand at the ear, the trunk a little towards it."""
    if person.uniform() < 0.4:
        _walk(person)
    else:
        _stand(person)
    person.hold(
        "right",
        shoulder_flexion=80 + person.wander(4),
        shoulder_abduction=18 + person.wander(3),
        shoulder_rotation=24,
        elbow=138,
    )
    person.angles["side"] += 4


def _photo(person: _Person):
    """Taking a photo: both hands hold a camera before the face, the knees bend now and then."""
    _stand(person)
    crouch = person.uniform(0, 45) * person.back_and_forth(period=6)
    for side in SIDES:
        person.hold(
            side,
            shoulder_flexion=58 + person.wander(6),
            shoulder_abduction=12,
            shoulder_rotation=24,
            elbow=112 + person.wander(6),
        )
        person.angles[f"{side}_hip_flexion"] += crouch
        person.angles[f"{side}_knee"] += 1.6 * crouch


def _posing(person: _Person):
    """Standing; either arm goes through two of the three `_ATTITUDES`, one over the other."""
    _stand(person)
    for side in SIDES:
        for number in person.rng.permutation(len(_ATTITUDES))[:2]:
            flexion, abduction, rotation, elbow = _ATTITUDES[number]
            person.move(
                side,
                person.back_and_forth(period=5),
                shoulder_flexion=flexion,
                shoulder_abduction=abduction,
                shoulder_rotation=rotation,
                elbow=elbow,
            )


def _purchases(person: _Person):
    """Standing; bending down with hips, knees and back for something low, and lifting it."""
    _stand(person)
    angles = person.angles
    down = person.back_and_forth(period=4)
    angles["lean"] += 22 * down
    angles["bend"] += person.uniform(20, 50) * down
    for side in SIDES:
        angles[f"{side}_hip_flexion"] += 45 * down
        angles[f"{side}_knee"] += 40 * down
        person.move(
            side,
            down,
            shoulder_flexion=person.uniform(60, 85),
            shoulder_abduction=12,
            shoulder_rotation=5,
            elbow=15,
        )


def _sitting(person: _Person):
    """Sitting; now and then an arm leans on the table or reaches over it."""
    _sit(person)
    side = person.rng.choice(SIDES)
    share = person.back_and_forth(period=5)
    up = person.uniform(40, 75)
    person.move(
        side,
        share,
        shoulder_flexion=up,
        shoulder_abduction=14,
        shoulder_rotation=10,
        elbow=person.uniform(30, 70),
    )


def _sitting_down(person: _Person):
    """From standing down to the ground, the legs drawn up before the body, and back."""
    _stand(person)
    angles = person.angles
    down = person.back_and_forth(period=7)
    # On the way, hips and knees bend more than at either end and the trunk leans forward: the body
    # crouches, with its weight over its feet.
    midway = 4 * down * (1 - down)
    knee = person.uniform(72, 88)
    for side in SIDES:
        person.move(side, down, hip_flexion=122, knee=knee)
        person.move(
            side,
            down,
            shoulder_flexion=person.uniform(40, 55),
            shoulder_abduction=28,  # past the thighs
            shoulder_rotation=0,
            elbow=person.uniform(20, 40),
        )
        angles[f"{side}_hip_flexion"] += 25 * midway
        angles[f"{side}_knee"] += 62 * midway
    angles["bend"] += 12 * down
    angles["lean"] += 30 * midway


def _smoking(person: _Person):
    """Sitting or standing; one hand goes to the mouth slowly, the other arm is folded."""
    if person.uniform() < 0.5:
        _sit(person)
    else:
        _stand(person)
    person.move_hand_to_face("right", person.back_and_forth(period=5))
    person.hold(
        "left",
        shoulder_flexion=14 + person.wander(3),
        shoulder_abduction=12,
        shoulder_rotation=55,
        elbow=92,
    )


def _waiting(person: _Person):
    """Standing with folded or hanging arms, shifting the weight from one leg to the other."""
    _stand(person)
    angles = person.angles
    shift = person.wander(4, period=5)
    arms_are_folded = person.uniform() < 0.6
    angles["roll"] += shift
    angles["side"] -= 2 * shift  # the chest leans back over the feet
    if arms_are_folded:
        for side, raised in (("right", 0), ("left", 24)):  # one forearm above the other
            person.hold(
                side,
                shoulder_flexion=18 + raised,
                shoulder_abduction=14,
                shoulder_rotation=55,
                elbow=95 + person.wander(3),
            )
    # The legs do not roll with the pelvis: the feet stay where they are.
    angles["right_hip_abduction"] += shift
    angles["left_hip_abduction"] -= shift


def _walk_dog(person: _Person):
    """Walking with a lead in one hand, stooping to the dog from time to time."""
    _walk(person)
    stoop = person.back_and_forth(period=9) * person.uniform(0, 1)
    person.angles["bend"] += 28 * stoop
    person.angles["lean"] += 12 * stoop
    person.hold(
        "right",
        shoulder_flexion=38 + person.wander(10, period=1.5),
        shoulder_abduction=14,
        elbow=22 + person.wander(8, period=1.5),
    )


def _walk_together(person: _Person):
    """Walking beside somebody, an arm round their shoulders, looking at them."""
    _walk(person)
    person.hold(
        "right",
        shoulder_flexion=12 + person.wander(5),
        shoulder_abduction=82 + person.wander(5),
        elbow=25,
    )
    person.angles["look"] = -32 + person.wander(15)  # to the right


_ACTIONS = {
    "Directions": _directions,
    "Discussion": _discussion,
    "Eating": _eating,
    "Greeting": _greeting,
    "Phoning": _phoning,
    "Photo": _photo,
    "Posing": _posing,
    "Purchases": _purchases,
    "Sitting": _sitting,
    "SittingDown": _sitting_down,
    "Smoking": _smoking,
    "Waiting": _waiting,
    "WalkDog": _walk_dog,
    "Walking": _walk,
    "WalkTogether": _walk_together,
}


def act(action: str, t: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Let somebody do one of Human3.6M's actions: joint angles over times t (F,) s.

    Returns degrees (F,) for each name in `LIMITS`, within them. Half of all motions are mirrored,
    so that every action is done with either hand. Raises KeyError for an unknown action.
    """
    person = _Person(t, rng)
    _ACTIONS[action](person)
    angles = person.angles
    if rng.uniform() < 0.5:
        angles = _mirrored(angles)
    # Ankles keep the soles level with the ground, as far as they can bend.
    for side in SIDES:
        shin_forward = angles["lean"] + angles[f"{side}_knee"] - angles[f"{side}_hip_flexion"]
        angles[f"{side}_ankle"] = shin_forward
    return {name: np.clip(angles[name], *limits) for name, limits in LIMITS.items()}


def _mirrored(angles: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The angles of the mirror image: the sides swap, and the trunk moves the other way."""
    mirrored = angles.copy()
    for name in LIMITS:
        if name.startswith("right_"):
            other_name = name.replace("right_", "left_")
            mirrored[name] = angles[other_name]
            mirrored[other_name] = angles[name]
    for name in ("twist", "look", "side", "roll"):
        mirrored[name] = -angles[name]
    return mirrored
