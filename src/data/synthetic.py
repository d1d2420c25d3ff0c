"""Synthetic Human3.6M: procedural motion of seven people in fifteen actions, seen by four distorted cameras each.

``python -m src.data.synthetic --out DIR`` writes it in Human3.6M's h5 layout.
"""

import argparse
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from opts.types import number
from src.cameras import Camera
from src.data.actions import ACTIONS, act
from src.data.arrays import PoseArrays
from src.data.human36 import DETECTIONS_SKELETON, MISSING_DETECTIONS, SYNTHETIC_MARK
from src.data.kinematics import joint_positions, make_body
from src.data.views import Motion, view_motions
from src.errors import InputError, run_command
from src.plotting.figures import save_figure
from src.plotting.poses import draw_contact_sheet
from src.skeletons import Skeleton, get_skeleton

SUBJECTS = (1, 5, 6, 7, 8, 9, 11)
CAMERA_NAMES = ("54138969", "55011271", "58860488", "60457274")
DEMO_FRAMES = 17  # per motion: 5 training subjects x 15 actions x 2 motions x 4 cameras x 17 = 10,200 poses
_SECONDS, _FPS = 8.0, 50.0  # a motion lasts so long, or longer where it has more frames than 50 a second
_REACH_MM = 1500  # people stay so close to the centre of the room
_NOTE = "these data are synthetic: procedural motion, not people"


def _rng(seed: int, *what) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(" ".join(map(str, what)).encode())])


def make_motion(subject: int, action: str, name: str, *, frames: int, seed: int) -> Motion:
    """One motion of a subject: (frames,32,3) world mm, z up, the lowest joint on the ground."""
    rng = _rng(seed, "motion", subject, name)
    t = np.linspace(0, max(_SECONDS, frames / _FPS), frames, endpoint=False)
    angles, speed = act(action, t, rng)
    poses = joint_positions(angles, make_body(_rng(seed, "body", subject)))
    heading = np.radians(angles["turn"])
    step = np.stack([-np.sin(heading), np.cos(heading)], axis=1) * (speed * (t[1] - t[0] if frames > 1 else 0))[:, None]
    path = np.cumsum(step, axis=0)
    path -= (path.min(axis=0) + path.max(axis=0)) / 2
    path *= min(1, _REACH_MM / max(np.linalg.norm(path, axis=1).max(), 1))
    poses[..., :2] += path[:, None] + rng.uniform(-200, 200, 2)
    poses[..., 2] -= poses[..., 2].min(axis=1, keepdims=True)
    return Motion(subject, action, name, poses, f"synthetic S{subject} {name}")


def make_motions(subjects, actions, *, frames: int, seed: int):
    """Two motions per subject and action, one after the other."""
    for subject in subjects:
        for action in actions:
            for name in (action, f"{action} 1"):
                yield make_motion(subject, action, name, frames=frames, seed=seed)


def make_cameras(seed: int, subjects=SUBJECTS) -> dict[tuple[int, str], Camera]:
    """Four cameras per subject in the corners of the room, {(subject, name): Camera}."""
    cameras = {}
    for subject in subjects:
        for number_, name in enumerate(CAMERA_NAMES):
            rng = _rng(seed, "camera", subject, name)
            angle = np.pi / 4 + number_ * np.pi / 2 + rng.normal(0, 0.12)
            place = np.array([*(rng.uniform(5000, 5800) * np.array([np.cos(angle), np.sin(angle)])), 0])
            place[2] = rng.uniform(1350, 1750)
            forward = np.array([*rng.uniform(-150, 150, 2), rng.uniform(850, 1000)]) - place
            forward /= np.linalg.norm(forward)
            right = np.cross(forward, [0, 0, 1])
            right /= np.linalg.norm(right)
            f, c = rng.normal(1146, 2, 2), rng.normal((512, 508), 4)
            k, p = rng.normal((-0.2, 0.24, -0.003), (0.008, 0.01, 0.002)), rng.normal(-0.001, 0.0006, 2)
            cameras[subject, name] = Camera(
                np.stack([right, np.cross(forward, right), forward]), place, f, c, k, p, name
            )
    return cameras


def _detect(seed: int):
    """Simulated detections: every joint jitters, some are far off, a whole motion is a little shifted."""
    joints = list(get_skeleton(DETECTIONS_SKELETON).human36_indices)

    def detect(motion: Motion, camera: Camera) -> np.ndarray | None:
        if (motion.subject, motion.name, camera.name) == MISSING_DETECTIONS:
            return None  # as in the original
        rng = _rng(seed, "detections", motion.subject, motion.name, camera.name)
        pixels = camera.project(motion.world[:, joints].reshape(-1, 3)).reshape(-1, len(joints), 2)
        jitter = rng.normal(0, rng.uniform(2, 6, len(joints))[:, None], pixels.shape)
        gross = (rng.random(pixels.shape[:2]) < 0.015)[..., None] * rng.normal(0, 60, pixels.shape)
        return (pixels + jitter + gross + rng.normal(0, 2, (len(joints), 2))).astype(np.float32)

    return detect


def load_synthetic(
    subjects, skeleton: Skeleton, *, actions, detections=False, keep_every=1, frames=DEMO_FRAMES, seed=0
) -> PoseArrays:
    """The built-in data, made on the spot: see `src.data.human36.load_human36`, which reads what `write` writes."""
    unknown = sorted(set(subjects) - set(SUBJECTS))
    if unknown:
        raise InputError(f"--data_dir synthetic: no subject {unknown[0]}; there are {', '.join(map(str, SUBJECTS))}")
    views = view_motions(
        make_motions(subjects, actions, frames=frames, seed=seed),
        make_cameras(seed, subjects),
        skeleton,
        detect=_detect(seed) if detections else None,
        keep_every=keep_every,
    )
    notes = []
    if detections and MISSING_DETECTIONS[0] in subjects and MISSING_DETECTIONS[1] in actions:
        notes.append("S{} {} seen by camera {} has no detections: skipped".format(*MISSING_DETECTIONS))
    return PoseArrays(
        **views, files=((f"synthetic, {frames} frames, seed {seed}", 0),), notes=tuple(notes), synthetic=True
    )


def write(out: Path, *, frames: int, seed: int):
    """Write the set in Human3.6M's h5 layout, detections too. Raises InputError if ``out`` is there and not empty."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise InputError(f"--out {out}: is not empty; give a new folder")
        cameras = make_cameras(seed)
        detect = _detect(seed)
        total = len(SUBJECTS) * len(ACTIONS) * 2
        for motion in tqdm(make_motions(SUBJECTS, ACTIONS, frames=frames, seed=seed), total=total, disable=None):
            folder = out / f"S{motion.subject}"
            flat = motion.world.reshape(frames, -1).T.astype(np.float32)
            _write_h5(folder / "MyPoses" / "3D_positions" / f"{motion.name}.h5", {"3D_positions": flat})
            for name in CAMERA_NAMES:
                poses = detect(motion, cameras[motion.subject, name])
                if poses is not None:
                    file_name = f"{motion.name.replace(' ', '_')}.{name}.h5"
                    _write_h5(folder / "StackedHourglassFineTuned240" / file_name, {"poses": poses})
        (out / SYNTHETIC_MARK).write_text(f"{_NOTE}; {frames} frames per motion, seed {seed}\n")
        # Last: a folder without cameras.h5 is not taken for a whole set.
        content = {}
        for (subject, name), camera in cameras.items():
            group = f"subject{subject}/camera{CAMERA_NAMES.index(name) + 1}"
            arrays = {"R": camera.R.T, "T": camera.T, **{key: getattr(camera, key)[:, None] for key in "fckp"}}
            arrays["Name"] = np.array([[ord(letter)] for letter in name], dtype=np.uint16)
            content |= {f"{group}/{key}": array for key, array in arrays.items()}
        _write_h5(out / "cameras.h5", content)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written ({error}); give another folder") from None


def _write_h5(path: Path, content: dict):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in content.items():
            file[name] = array


def draw_sheet(path, *, seed: int):
    """A picture of every action, from the front, a little from the side."""
    skeleton, poses = get_skeleton("human36_17k"), {}
    for number_, action in enumerate(ACTIONS):
        world = make_motion(SUBJECTS[number_ % len(SUBJECTS)], action, action, frames=60, seed=seed).world[4::12]
        world = world[:, list(skeleton.human36_indices)] - world[:, :1]
        right = world[:, skeleton.joints.index("right_hip"), :2] - world[:, skeleton.joints.index("left_hip"), :2]
        angle = np.arctan2(right[:, 1], right[:, 0]) - np.radians(145)  # everybody faces us, turned 35 degrees
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        x, y = cos * world[..., 0] + sin * world[..., 1], cos * world[..., 1] - sin * world[..., 0]
        poses[action] = np.stack([x, y, world[..., 2]], axis=-1)
    save_figure(path, draw_contact_sheet(poses, skeleton, columns=3, title="Synthetic motion (orange: right)"))


def main(argv=None) -> int:
    """The command line -> exit code."""
    parser = argparse.ArgumentParser(prog="python -m src.data.synthetic", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="new folder for the set, in Human3.6M's h5 layout")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw poses of every action instead")
    frames_type, seed_type = number(int, at_least=1, at_most=10**6), number(int, at_least=0, at_most=2**32 - 1)
    parser.add_argument("--frames", type=frames_type, default=250, help="per motion; there are 210 motions (250)")
    parser.add_argument("--seed", type=seed_type, default=0, help="of every random draw (0)")
    args = parser.parse_args(argv)
    if (args.out is None) == (args.sheet is None):
        parser.error("give either --out or --sheet")
    if args.sheet is not None:
        return run_command(lambda: draw_sheet(args.sheet, seed=args.seed))
    return run_command(lambda: write(args.out, frames=args.frames, seed=args.seed))


if __name__ == "__main__":
    sys.exit(main())
