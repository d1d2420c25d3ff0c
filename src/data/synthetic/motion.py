"""Synthetic Human3.6M: procedural motion of seven people in fifteen actions, seen by four distorted cameras each.

``python -m src.data.synthetic.motion --out DIR`` writes it in Human3.6M's h5 layout.
"""

import sys
import zlib
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from src.cameras import CAMERA_NAMES, Camera
from src.data.arrays import ACTIONS, PoseArrays
from src.data.human36.folder import DETECTIONS_SKELETON, require_skeleton
from src.data.human36.load import MISSING_DETECTIONS, NO_DETECTIONS, SYNTHETIC_MARK
from src.data.human36.write_h5 import write_layout
from src.data.synthetic.actions import act
from src.data.synthetic.kinematics import joint_positions, make_body
from src.data.views import Motion, view_motions
from src.errors import InputError, run_command
from src.skeletons import HUMAN36_JOINTS, Skeleton, get_skeleton

SUBJECTS = (1, 5, 6, 7, 8, 9, 11)
DEMO_FRAMES = (
    17  # per motion: 5 training subjects x 15 actions x 2 motions x 4 cameras x 17 = 10,200 poses
)
_SECONDS, _FPS = (
    8.0,
    50.0,
)  # a motion lasts so long, or longer where it has more frames than 50 a second
_VERSION = (
    1  # to be raised with every change to what is made: runs on other data must not be mixed up
)


def rng_of(seed: int, *what) -> np.random.Generator:
    """A generator for one purpose of its own, named by ``what``."""
    return np.random.default_rng(
        [seed, zlib.crc32(" ".join(map(str, what)).encode(errors="surrogateescape"))]
    )


def make_motion(subject: int, action: str, name: str, *, frames: int, seed: int) -> Motion:
    """One motion of a subject: (frames,32,3) world mm, z up, on the ground."""
    rng = rng_of(seed, "motion", subject, name)
    # What the feet do decides where the body goes, so time steps must be short; frames are then picked evenly.
    steps = max(int(_SECONDS * _FPS), frames)
    angles = act(action, np.arange(steps) / _FPS, rng)
    poses = joint_positions(angles, make_body(rng_of(seed, "body", subject)))
    seated = angles["right_hip_flexion"].min() > 60
    poses[..., :2] += (0 if seated else _path(poses)[:, None]) + rng.uniform(-200, 200, 2)
    ground = poses[..., 2].min(axis=1)
    poses[..., 2] -= gaussian_filter1d(ground, _FPS * 0.06, mode="nearest")[:, None]
    picked = np.arange(frames) * steps // frames
    return Motion(subject, action, name, poses[picked], f"synthetic S{subject} {name}")


def _path(poses: np.ndarray) -> np.ndarray:
    """Poses (F,32,3), hips at the origin -> where the hips go (F,2) mm if the lower foot stays where it is."""
    feet = poses[:, [HUMAN36_JOINTS.index(f"{side}_foot_base") for side in ("right", "left")]]
    step = -np.diff(feet[..., :2], axis=0)  # of the hips over either foot
    lower = feet[..., 2].argmin(axis=1)[1:]
    path = np.concatenate([np.zeros((1, 2)), np.cumsum(step[np.arange(len(step)), lower], axis=0)])
    return path - (path.min(axis=0) + path.max(axis=0)) / 2


def make_motions(subjects, actions, *, frames: int, seed: int):
    """Two motions per subject and action, one after the other."""
    for subject, action, number in product(subjects, actions, ("", " 1")):
        yield make_motion(subject, action, action + number, frames=frames, seed=seed)


def make_cameras(
    seed: int, subjects=SUBJECTS, *, distance=(5000, 5800), pitch=None
) -> dict[tuple[int, str], Camera]:
    """Four cameras per subject in the corners of the room, {(subject, name): Camera}.

    distance: range in mm from the middle. pitch: range in degrees by which they look down; None: at a person's height.
    """
    cameras = {}
    for subject, (number, name) in product(subjects, enumerate(CAMERA_NAMES)):
        rng = rng_of(seed, "camera", subject, name)
        angle = np.pi / 4 + number * np.pi / 2 + rng.normal(0, 0.12)
        x, y = rng.uniform(*distance) * np.array([np.cos(angle), np.sin(angle)])
        place = np.array([x, y, rng.uniform(1350, 1750)])
        if pitch is not None:
            down = np.radians(rng.uniform(*pitch))
            reach = np.hypot(x, y)
            place = np.array([x * np.cos(down), y * np.cos(down), 925 + reach * np.sin(down)])
        forward = np.array([*rng.uniform(-150, 150, 2), rng.uniform(850, 1000)]) - place
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0, 0, 1])
        right /= np.linalg.norm(right)
        f, c = rng.normal(1146, 2, 2), rng.normal((512, 508), 4)
        k, p = rng.normal((-0.2, 0.24, -0.003), (0.008, 0.01, 0.002)), rng.normal(-0.001, 0.0006, 2)
        rotation = np.stack([right, np.cross(forward, right), forward])
        cameras[subject, name] = Camera(rotation, place, f, c, k, p, name)
    return cameras


def simulate_detections(motion: Motion, camera: Camera, *, seed: int) -> np.ndarray:
    """(F,16,2) px: every joint jitters, some are far off, a whole motion is a little shifted."""
    rng = rng_of(seed, "detections", motion.subject, motion.name, camera.name)
    pixels = camera.project(motion.world[:, get_skeleton(DETECTIONS_SKELETON).human36_indices])
    jitter = rng.normal(0, rng.uniform(2, 6, pixels.shape[1])[:, None], pixels.shape)
    gross = (rng.random(pixels.shape[:2]) < 0.015)[..., None] * rng.normal(0, 60, pixels.shape)
    return (pixels + jitter + gross + rng.normal(0, 2, pixels.shape[1:])).astype(np.float32)


def _detect(motion: Motion, camera: Camera, *, seed: int, notes: list[str]) -> np.ndarray | None:
    """Simulated detections; what is left out, as in the original, is None and goes into ``notes``."""
    if (motion.subject, motion.name, camera.name) == MISSING_DETECTIONS:
        notes.append(NO_DETECTIONS)
        return None
    return simulate_detections(motion, camera, seed=seed)


def load_synthetic(
    subjects,
    skeleton: Skeleton,
    *,
    actions,
    detections=False,
    keep_every=1,
    frames=DEMO_FRAMES,
    seed=0,
) -> PoseArrays:
    """The built-in data, made on the spot: see `src.data.human36.load.load_human36`, which reads what `write` writes."""
    unknown = sorted(set(subjects) - set(SUBJECTS))
    if unknown:
        raise InputError(
            f"--data_dir synthetic: no subject {unknown[0]}; there are {', '.join(map(str, SUBJECTS))}"
        )
    if detections:
        require_skeleton(skeleton, DETECTIONS_SKELETON)
    notes = []
    motions, cameras = (
        make_motions(subjects, actions, frames=frames, seed=seed),
        make_cameras(seed, subjects),
    )
    detect = partial(_detect, seed=seed, notes=notes) if detections else None
    views = view_motions(motions, cameras, skeleton, detect=detect, keep_every=keep_every)
    files = ((f"synthetic version {_VERSION}, {frames} frames, seed {seed}", 0),)
    return PoseArrays(**views, files=files, notes=tuple(notes), synthetic=True)


def write(out: Path, *, frames: int, seed: int):
    """Write the set in Human3.6M's h5 layout, detections too: see `write_layout`."""
    note = f"these data are synthetic: procedural motion, not people; {frames} frames per motion, seed {seed}\n"
    write_layout(
        out,
        make_cameras(seed),
        make_motions(SUBJECTS, ACTIONS, frames=frames, seed=seed),
        total=len(SUBJECTS) * len(ACTIONS) * 2,
        detect=partial(_detect, seed=seed, notes=[]),
        texts={SYNTHETIC_MARK: note},
    )


def main(argv=None) -> int:
    """The command line -> exit code."""
    return run_command(_main, argv)


def _main(argv):
    from opts.parsing import new_parser  # only the command line knows of options
    from opts.types import number

    parser = new_parser("Write synthetic motion in Human3.6M's h5 layout.")
    parser.add_argument("--out", required=True, type=Path, help="new folder for the set")
    frames, seed = number(int, at_least=1, at_most=10**6), number(int, at_least=0, below=2**32)
    parser.add_argument(
        "--frames", type=frames, default=250, help="frames of each of the 210 motions"
    )
    parser.add_argument("--seed", type=seed, default=0, help="of every random draw")
    args = parser.parse_args(argv)
    write(args.out, frames=args.frames, seed=args.seed)
    print(
        f"{args.out}: {len(SUBJECTS) * len(ACTIONS) * 2 * args.frames:,} synthetic frames, four cameras each"
    )


if __name__ == "__main__":
    sys.exit(main())
