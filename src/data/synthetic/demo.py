"""Four examples of synthetic motion in pixels, for run_model.py: ``python -m src.data.synthetic.demo --out demo_data``."""

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np

from src.data.synthetic.kinematics import LIMITS, joint_positions, make_body
from src.data.synthetic.motion import make_cameras, make_motion
from src.errors import run_command
from src.files import write_atomically
from src.skeletons import get_skeleton

# Degrees that differ from standing straight with hanging arms; of the limbs: (right, left).
_POSES = {
    "throw": {
        **{
            "turn": 5,
            "lean": 8,
            "bend": -8,
            "twist": 28,
            "look": -25,
            "nod": -5,
            "elbow": (80, 25),
            "knee": (22, 25),
        },
        **{"hip_flexion": (-8, 45), "hip_abduction": (10, 8), "shoulder_flexion": (20, 80)},
        **{"shoulder_abduction": (95, 25), "shoulder_rotation": (-50, 0)},
    },
    "run": {
        **{
            "turn": 35,
            "lean": 12,
            "bend": 5,
            "twist": -14,
            "nod": -8,
            "elbow": (95, 85),
            "knee": (35, 85),
        },
        **{
            "hip_flexion": (-12, 70),
            "ankle": (-25, 0),
            "shoulder_flexion": (48, -40),
            "shoulder_abduction": (12, 14),
        },
    },
    "crouch": {
        **{
            "turn": 15,
            "lean": 22,
            "bend": 22,
            "nod": -15,
            "elbow": (60, 70),
            "knee": (125, 118),
            "ankle": (22, 20),
        },
        **{"hip_flexion": (112, 105), "hip_abduction": (18, 16)},
        **{"shoulder_flexion": (55, 45), "shoulder_abduction": (12, 12)},
    },
}


def demo_poses() -> dict[str, np.ndarray]:
    """{name: poses (N,17,2) px in the order of human36_17k}: single poses and a walk."""
    camera, body = make_cameras(0)[1, "54138969"], make_body(np.random.default_rng(3))
    worlds = {"walk": make_motion(1, "Walking", "Walking", frames=120, seed=0).world[:48]}
    for name, pose in _POSES.items():
        angles = {angle: np.zeros(1) for angle in LIMITS}
        for angle, degrees in pose.items():
            if isinstance(degrees, tuple):
                angles[f"right_{angle}"], angles[f"left_{angle}"] = np.array(degrees, dtype=float)[
                    :, None
                ]
            else:
                angles[angle] = np.array([float(degrees)])
        world = joint_positions(angles, body)
        worlds[name] = world - [0, 0, world[..., 2].min()]
    joints = list(get_skeleton("human36_17k").human36_indices)
    return {
        name: camera.project(world[:, joints]).astype(np.float32) for name, world in worlds.items()
    }


def main(argv=None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m src.data.synthetic.demo", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("demo_data"), help="folder (default: demo_data)"
    )
    return run_command(_write, parser.parse_args(argv).out)


def _write(out: Path):
    out.mkdir(parents=True, exist_ok=True)
    names = np.array(get_skeleton("human36_17k").joints)
    for name, poses in demo_poses().items():
        write_atomically(out / f"{name}.npz", partial(np.savez, poses_2d=poses, joint_names=names))


if __name__ == "__main__":
    sys.exit(main())
