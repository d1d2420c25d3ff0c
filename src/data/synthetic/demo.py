"""Poses of synthetic bodies for examples and pictures."""

import numpy as np
from scipy.spatial.transform import Rotation

from src.data.arrays import ACTIONS
from src.data.synthetic.kinematics import LIMITS, joint_positions, make_body
from src.data.synthetic.motion import SUBJECTS, make_cameras, make_motion
from src.skeletons import HUMAN36_JOINTS, get_skeleton

# Degrees that differ from standing upright with hanging arms.
_POSES = {
    "throw": {
        "turn": 5,
        "lean": 8,
        "bend": -8,
        "twist": 28,
        "nod": -5,
        "look": -25,
        "right_hip_flexion": -8,
        "left_hip_flexion": 45,
        "right_hip_abduction": 10,
        "left_hip_abduction": 8,
        "right_knee": 22,
        "left_knee": 25,
        "right_shoulder_flexion": 20,
        "left_shoulder_flexion": 80,
        "right_shoulder_abduction": 95,
        "left_shoulder_abduction": 25,
        "right_shoulder_rotation": -50,
        "right_elbow": 80,
        "left_elbow": 25,
    },
    "run": {
        "turn": 35,
        "lean": 12,
        "bend": 5,
        "twist": -14,
        "nod": -8,
        "right_hip_flexion": -12,
        "left_hip_flexion": 70,
        "right_knee": 35,
        "left_knee": 85,
        "right_ankle": -25,
        "right_shoulder_flexion": 48,
        "left_shoulder_flexion": -40,
        "right_shoulder_abduction": 12,
        "left_shoulder_abduction": 14,
        "right_elbow": 95,
        "left_elbow": 85,
    },
    "crouch": {
        "turn": 15,
        "lean": 22,
        "bend": 22,
        "nod": -15,
        "right_hip_flexion": 112,
        "left_hip_flexion": 105,
        "right_hip_abduction": 18,
        "left_hip_abduction": 16,
        "right_knee": 125,
        "left_knee": 118,
        "right_ankle": 22,
        "left_ankle": 20,
        "right_shoulder_flexion": 55,
        "left_shoulder_flexion": 45,
        "right_shoulder_abduction": 12,
        "left_shoulder_abduction": 12,
        "right_elbow": 60,
        "left_elbow": 70,
    },
}
# Arms a little out and toes turned outwards, so that all joints can be seen from the front.
_STANDING = {
    "turn": 180,
    "right_hip_abduction": 8,
    "left_hip_abduction": 8,
    "right_hip_rotation": -30,
    "left_hip_rotation": -30,
    "right_shoulder_abduction": 35,
    "left_shoulder_abduction": 35,
}


def demo_poses() -> dict[str, np.ndarray]:
    """The examples for run_model.py: {name: poses (F,17,2) px}, joints as in human36_17k.

    They are single poses and a walk of 48 frames, seen by one of the cameras of subject 1.
    """
    walk = make_motion(1, "Walking", "Walking", frames=120, seed=0).world
    worlds = {"walk": walk[:48]}
    body = make_body(np.random.default_rng(3))
    for name, degrees in _POSES.items():
        world = _pose(degrees, body)
        worlds[name] = world - [0, 0, world[..., 2].min()]  # the lowest joint on the ground

    camera = make_cameras(0)[1, "54138969"]
    joints = list(get_skeleton("human36_17k").human36_indices)
    poses = {}
    for name, world in worlds.items():
        poses[name] = camera.project(world[:, joints]).astype(np.float32)
    return poses


def standing_body() -> np.ndarray:
    """Somebody who stands facing a camera: (32,3) mm in its frame, mid_hip at the origin.

    Seen by the camera, the person's right is on the left of the picture.
    """
    body = make_body(np.random.default_rng(0))
    world = np.squeeze(_pose(_STANDING, body), axis=0)
    # The camera looks along +y: x stays right, up becomes -y, what is further along y is deeper.
    return np.stack([world[:, 0], -world[:, 2], world[:, 1]], axis=1)


def _pose(degrees: dict[str, float], body: dict[str, np.ndarray]) -> np.ndarray:
    """One pose (1,32,3) mm of a body, from those of its angles that are not 0."""
    angles = {name: np.array([float(degrees.get(name, 0))]) for name in LIMITS}
    return joint_positions(angles, body)


def action_poses() -> dict[str, np.ndarray]:
    """Five poses of every action for a contact sheet: {action: (5,32,3) mm}, z up.

    mid_hip is at the origin. Everybody faces a viewer who looks along +y, turned by 35 degrees.
    """
    right_hip = HUMAN36_JOINTS.index("right_hip")
    left_hip = HUMAN36_JOINTS.index("left_hip")
    poses = {}
    for number, action in enumerate(ACTIONS):
        subject = SUBJECTS[number % len(SUBJECTS)]
        world = make_motion(subject, action, action, frames=60, seed=0).world[4::12]
        to_right = world[:, right_hip] - world[:, left_hip]
        azimuth = np.degrees(np.arctan2(to_right[:, 1], to_right[:, 0]))
        # A person who faces the viewer squarely has their right at an azimuth of 180 degrees.
        turn = Rotation.from_euler("z", (145 - azimuth)[:, None], degrees=True).as_matrix()
        poses[action] = (world - world[:, :1]) @ turn.transpose(0, 2, 1)
    return poses
