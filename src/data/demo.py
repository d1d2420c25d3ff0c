"""Four examples of synthetic motion in pixels, for run_model.py: ``python -m src.data.demo --out demo_data``."""

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np

from src.data.kinematics import LIMITS, joint_positions, make_body
from src.data.synthetic import make_cameras, make_motion
from src.errors import run_command
from src.runs import write_atomically
from src.skeletons import get_skeleton

# Degrees that differ from standing straight with hanging arms.
_POSES = {
    "throw": {
        **{"turn": 5, "lean": 8, "bend": -8, "twist": 28, "look": -25, "nod": -5},
        **{"right_shoulder_abduction": 95, "right_shoulder_flexion": 20, "right_shoulder_rotation": -50},
        **{"right_elbow": 80, "left_shoulder_flexion": 80, "left_shoulder_abduction": 25, "left_elbow": 25},
        **{"left_hip_flexion": 45, "left_knee": 25, "right_hip_flexion": -8, "right_knee": 22},
        **{"right_hip_abduction": 10, "left_hip_abduction": 8},
    },
    "run": {
        **{"turn": 35, "lean": 12, "bend": 5, "twist": -14, "nod": -8},
        **{"left_hip_flexion": 70, "left_knee": 85, "right_hip_flexion": -12, "right_knee": 35, "right_ankle": -25},
        **{"right_shoulder_flexion": 48, "right_elbow": 95, "left_shoulder_flexion": -40, "left_elbow": 85},
        **{"right_shoulder_abduction": 12, "left_shoulder_abduction": 14},
    },
    "crouch": {
        **{"turn": 15, "lean": 22, "bend": 22, "nod": -15},
        **{"right_hip_flexion": 112, "left_hip_flexion": 105, "right_knee": 125, "left_knee": 118},
        **{"right_hip_abduction": 18, "left_hip_abduction": 16, "right_ankle": 22, "left_ankle": 20},
        **{"right_shoulder_flexion": 55, "left_shoulder_flexion": 45, "right_elbow": 60, "left_elbow": 70},
        **{"right_shoulder_abduction": 12, "left_shoulder_abduction": 12},
    },
}


def demo_poses() -> dict[str, np.ndarray]:
    """{name: poses (N,17,2) px in the order of human36_17k}: single poses and a walk."""
    camera = make_cameras(0)[1, "54138969"]
    body = make_body(np.random.default_rng(3))
    worlds = {"walk": make_motion(1, "Walking", "Walking", frames=120, seed=0).world[:48]}
    for name, degrees in _POSES.items():
        angles = {angle: np.array([float(degrees.get(angle, 0))]) for angle in LIMITS}
        world = joint_positions(angles, body)
        worlds[name] = world - [0, 0, world[..., 2].min()]
    joints = list(get_skeleton("human36_17k").human36_indices)
    return {name: camera.project(world[:, joints]).astype(np.float32) for name, world in worlds.items()}


def main(argv=None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m src.data.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo_data"), help="folder (default: demo_data)")
    return run_command(_write, parser.parse_args(argv).out)


def _write(out: Path):
    out.mkdir(parents=True, exist_ok=True)
    names = np.array(get_skeleton("human36_17k").joints)
    for name, poses in demo_poses().items():
        write_atomically(out / f"{name}.npz", partial(np.savez, poses_2d=poses, joint_names=names))


if __name__ == "__main__":
    sys.exit(main())
