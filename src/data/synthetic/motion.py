"""Synthetic Human3.6M: procedural motion of seven people in fifteen actions, seen by four cameras.

`load_synthetic` makes it in memory, `write_synthetic` as files in Human3.6M's h5 layout.
"""

import zlib
from collections.abc import Callable, Iterator
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
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, Skeleton, get_skeleton

SUBJECTS = (1, 5, 6, 7, 8, 9, 11)  # those of Human3.6M that have poses
# Per motion: 5 training subjects x 15 actions x 2 motions x 4 cameras x 17 = 10,200 poses.
DEMO_FRAMES = 17
# A motion lasts so long, or longer where it has more frames than 50 a second.
_SECONDS = 8.0
_FPS = 50.0
# To be raised with every change to what is made: runs on different data must not be mixed up.
_VERSION = 1


def rng_of(seed: int, *purpose) -> np.random.Generator:
    """The generator for one purpose, given by words and numbers such as "body" and a subject.

    The same seed and purpose always give the same draws; another purpose gives independent ones.
    """
    # Names of files may have bytes that are not UTF-8.
    name = " ".join(map(str, purpose)).encode(errors="surrogateescape")
    return np.random.default_rng([seed, zlib.crc32(name)])


def make_motion(subject: int, action: str, name: str, *, frames: int, seed: int) -> Motion:
    """Make one motion of a subject, called ``name``.

    Its world poses are (frames,32,3) mm, z up; the lowest joint is on the ground, at a height of
    about 0. A subject has the same body in all motions; motions of different names differ.
    """
    rng = rng_of(seed, "motion", subject, name)
    # What the feet do decides where the body goes, so time steps must be short, however few the
    # frames are; these are then picked evenly.
    steps = max(int(_SECONDS * _FPS), frames)
    angles = act(action, np.arange(steps) / _FPS, rng)
    body = make_body(rng_of(seed, "body", subject))
    poses = joint_positions(angles, body)

    middle = rng.uniform(-200, 200, 2)  # mm, of where the motion takes place
    seated = angles["right_hip_flexion"].min() > 60
    if seated:  # the chair stays where it is, whatever the feet do
        poses[..., :2] += middle
    else:
        poses[..., :2] += _path(poses)[:, None] + middle
    # The lowest point is on the ground. Smoothed, since it changes abruptly from foot to foot.
    lowest = poses[..., 2].min(axis=1)
    poses[..., 2] -= gaussian_filter1d(lowest, _FPS * 0.06, mode="nearest")[:, None]

    picked = np.arange(frames) * steps // frames
    return Motion(
        subject=subject,
        action=action,
        name=name,
        world=poses[picked],
        where=f"synthetic S{subject} {name}",
    )


def _path(poses: np.ndarray) -> np.ndarray:
    """Where the hips go if the lower foot never slides: (F,2) mm, with the origin in its middle.

    poses: (F,32,3) mm, the hips at the origin.
    """
    right_foot = HUMAN36_JOINTS.index("right_foot_base")
    left_foot = HUMAN36_JOINTS.index("left_foot_base")
    feet = poses[:, [right_foot, left_foot]]
    lower = feet[..., 2].argmin(axis=1)[1:]
    # As a foot that stands moves back under the hips, the hips move forward over it.
    steps_over_feet = -np.diff(feet[..., :2], axis=0)
    steps = steps_over_feet[np.arange(len(lower)), lower]
    path = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return path - (path.min(axis=0) + path.max(axis=0)) / 2


def make_motions(subjects, actions, *, frames: int, seed: int) -> Iterator[Motion]:
    """Make two motions per subject and action, one after the other, such as Eating and Eating 1."""
    for subject in subjects:
        for action in actions:
            for name in (action, f"{action} 1"):
                yield make_motion(subject, action, name, frames=frames, seed=seed)


def make_cameras(
    seed: int, subjects=SUBJECTS, *, distance=(5000, 5800), pitch=None
) -> dict[tuple[int, str], Camera]:
    """Place four cameras per subject in the corners of the room: {(subject, name): Camera}.

    distance: range in mm from the room's middle. pitch: range in degrees by which cameras look
    down; None places them at about the height of a person's head.
    """
    cameras = {}
    for subject in subjects:
        for corner, name in enumerate(CAMERA_NAMES):
            rng = rng_of(seed, "camera", subject, name)
            cameras[subject, name] = _make_camera(name, corner, rng, distance, pitch)
    return cameras


def _make_camera(name: str, corner: int, rng: np.random.Generator, distance, pitch) -> Camera:
    """A camera in a corner of the room, looking at the hips of whoever stands in its middle.

    Place, view and lens are random, the lens round those of Human3.6M's cameras.
    """
    azimuth = np.pi / 4 + corner * np.pi / 2 + rng.normal(0, 0.12)
    x, y = rng.uniform(*distance) * np.array([np.cos(azimuth), np.sin(azimuth)])
    place = np.array([x, y, rng.uniform(1350, 1750)])
    if pitch is not None:  # on a circle round the hips, 925 mm above the ground
        down = np.radians(rng.uniform(*pitch))
        reach = np.hypot(x, y)
        place = np.array([x * np.cos(down), y * np.cos(down), 925 + reach * np.sin(down)])
    target = np.array([*rng.uniform(-150, 150, 2), rng.uniform(850, 1000)])
    return Camera(
        R=_look_along(target - place),
        T=place,
        f=rng.normal(1146, 2, 2),
        c=rng.normal((512, 508), 4),
        k=rng.normal((-0.2, 0.24, -0.003), (0.008, 0.01, 0.002)),
        p=rng.normal(-0.001, 0.0006, 2),
        name=name,
    )


def _look_along(direction: np.ndarray) -> np.ndarray:
    """The rotation (3,3) from the world to an upright camera that looks along a direction (3,)."""
    forward = direction / np.linalg.norm(direction)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    return np.stack([right, down, forward])


def simulate_detections(motion: Motion, camera: Camera, *, seed: int) -> np.ndarray:
    """What a detector of 2D poses might find in a view: (F,16,2) px, joints as in shg_16k.

    Every joint jitters, some more than others; some are far off now and then; and each is a little
    off in the same direction throughout a motion.
    """
    rng = rng_of(seed, "detections", motion.subject, motion.name, camera.name)
    pixels = camera.project(motion.world[:, get_skeleton(DETECTIONS_SKELETON).human36_indices])
    num_frames, num_joints, _ = pixels.shape
    jitter_of_joints_px = rng.uniform(2, 6, num_joints)[:, None]
    jitter = rng.normal(0, jitter_of_joints_px, pixels.shape)
    is_far_off = rng.random((num_frames, num_joints))[..., None] < 0.015
    far_off = np.where(is_far_off, rng.normal(0, 60, pixels.shape), 0)
    shift = rng.normal(0, 2, (num_joints, 2))
    return (pixels + jitter + far_off + shift).astype(np.float32)


def _detector(seed: int) -> Callable:
    """The function detect(motion, camera) that `view_motions` and `write_layout` call per view.

    It returns None for the one view whose detections the published archive lacks.
    """

    def detect(motion: Motion, camera: Camera) -> np.ndarray | None:
        if (motion.subject, motion.name, camera.name) == MISSING_DETECTIONS:
            return None
        return simulate_detections(motion, camera, seed=seed)

    return detect


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
    """Make the built-in data on the spot: ``frames`` frames of every motion, seen by every camera.

    The other arguments are those of `src.data.human36.load.load_human36`, which reads what `write`
    writes. Raises InputError for an unknown subject, and where detections are wanted of a skeleton
    other than shg_16k.
    """
    unknown = sorted(set(subjects) - set(SUBJECTS))
    if unknown:
        known = ", ".join(map(str, SUBJECTS))
        raise InputError(f"--data_dir synthetic: no subject {unknown[0]}; there are {known}")
    notes = ()
    if detections:
        require_skeleton(skeleton, DETECTIONS_SKELETON)
        subject, action, _ = MISSING_DETECTIONS
        if subject in subjects and action in actions:
            notes = (NO_DETECTIONS,)
    views = view_motions(
        make_motions(subjects, actions, frames=frames, seed=seed),
        make_cameras(seed, subjects),
        skeleton,
        detect=_detector(seed) if detections else None,
        keep_every=keep_every,
    )
    # There are no files; the name of the recipe stands for them where data are told apart.
    files = ((f"synthetic version {_VERSION}, {frames} frames, seed {seed}", 0, ""),)
    return PoseArrays(**views, files=files, notes=notes, synthetic=True)


def write_synthetic(out: Path, *, frames: int, seed: int) -> int:
    """Write the whole set into a new folder in Human3.6M's h5 layout, with simulated detections.

    frames: of each motion. Returns how many frames were written, each seen by four cameras. Raises
    InputError as `write_layout` does.
    """
    num_motions = len(SUBJECTS) * len(ACTIONS) * 2
    note = (
        "these data are synthetic: procedural motion, not people; "
        f"{frames} frames per motion, seed {seed}\n"
    )
    write_layout(
        out,
        make_cameras(seed),
        make_motions(SUBJECTS, ACTIONS, frames=frames, seed=seed),
        total=num_motions,
        detect=_detector(seed),
        texts={SYNTHETIC_MARK: note},
    )
    return num_motions * frames
