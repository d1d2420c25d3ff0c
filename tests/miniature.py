"""A miniature Human3.6M in the true h5 layout, made from a stick figure that turns and waves."""

from pathlib import Path

import h5py
import numpy as np

from src.cameras import load_cameras
from src.skeletons import HUMAN36_JOINTS, get_skeleton

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
SUBJECTS = (1, 5, 6, 7, 8, 9, 11)
ACTIONS = ("Directions", "Sitting", "SittingDown", "Walking")
FRAMES = 12

# Standing, facing -y, z up, mm.
_RIGHT = {
    "right_hip": (-130, 0, 950),
    "right_knee": (-130, 0, 500),
    "right_ankle": (-130, 30, 60),
    "right_foot_base": (-130, -90, 20),
    "right_foot_tip": (-130, -140, 10),
    "right_shoulder": (-170, 10, 1430),
    "right_elbow": (-230, 30, 1170),
    "right_wrist": (-240, -60, 940),
    "right_palm": (-240, -90, 870),
    "right_thumb": (-210, -110, 890),
}
_MIDDLE = {
    "mid_hip": (0, 0, 950),
    "mid_spine": (0, 20, 1200),
    "neck": (0, 10, 1450),
    "chin": (0, -50, 1540),
    "head": (0, -20, 1650),
}


def standing() -> np.ndarray:
    """The figure at rest -> (32,3) mm."""
    left = {name.replace("right", "left"): (-x, y, z) for name, (x, y, z) in _RIGHT.items()}
    points = _RIGHT | left | _MIDDLE
    pose = []
    for name in HUMAN36_JOINTS:
        single_name = name.removesuffix("_2").removesuffix("_3")  # twins are at one point
        pose.append(points[single_name])
    return np.array(pose, dtype=float)


def motion(frames: int, seed: int) -> np.ndarray:
    """A body of its own size that turns, walks a little and moves every joint.

    The result is (frames,32,3) world mm.
    """
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 1, frames)[:, None]
    body = standing() * rng.uniform(0.9, 1.1)

    frequency = rng.uniform(0.5, 2, (32, 3))
    phase = rng.uniform(0, 1, (32, 3))
    sway = 60 * np.sin(2 * np.pi * (time[..., None] * frequency + phase))
    distance_from_hip = np.linalg.norm(body - body[0], axis=1)
    sway *= (distance_from_hip / 800)[:, None]

    angle = rng.uniform(0, 2 * np.pi) + time[:, 0] * rng.uniform(-3, 3)
    turn = np.zeros((frames, 3, 3))  # about z
    turn[:, 0, 0] = np.cos(angle)
    turn[:, 0, 1] = -np.sin(angle)
    turn[:, 1, 0] = np.sin(angle)
    turn[:, 1, 1] = np.cos(angle)
    turn[:, 2, 2] = 1

    start = rng.uniform(-500, 500, (1, 2))
    path = start + 300 * time * rng.uniform(-1, 1, 2)
    place = np.concatenate([path, 0 * time], axis=1)
    return (body + sway) @ turn.transpose(0, 2, 1) + place[:, None]


def write_cameras(path: Path, subjects=SUBJECTS, name_shape=(8, 1)):
    """Four cameras round the origin, looking at hip height. R is stored transposed."""
    with h5py.File(path, "w") as file:
        for subject in subjects:
            for number, name in enumerate(CAMERAS):
                angle = np.pi / 4 + number * np.pi / 2 + subject / 50
                place = np.array([5000 * np.cos(angle), 5000 * np.sin(angle), 1500 + 20 * subject])
                forward = np.array([0, 0, 950]) - place
                forward /= np.linalg.norm(forward)
                right = np.cross(forward, [0, 0, 1])
                right /= np.linalg.norm(right)
                rotation = np.stack([right, np.cross(forward, right), forward])
                codes = np.array([ord(letter) for letter in name], dtype=np.uint16)
                group = file.create_group(f"subject{subject}/camera{number + 1}")
                group["R"] = rotation.T
                group["T"] = place[:, None]
                group["f"] = np.array([[1145.0 + number], [1143.5]])
                group["c"] = np.array([[512.5], [515.5]])
                group["k"] = np.array([[-0.21], [0.24], [-0.002]])
                group["p"] = np.array([[-0.0009], [-0.0016]])
                group["Name"] = codes.reshape(name_shape)


def motion_path(folder: Path, subject: int, name: str) -> Path:
    """Where a motion is. Written out here, so that the reader is not tested with its own paths."""
    return folder / f"S{subject}" / "MyPoses" / "3D_positions" / f"{name}.h5"


def detection_path(folder: Path, subject: int, name: str, camera: str) -> Path:
    """Where one camera's detections of a motion are."""
    file_name = f"{name.replace(' ', '_')}.{camera}.h5"
    return folder / f"S{subject}" / "StackedHourglassFineTuned240" / file_name


def write_motion(path: Path, world: np.ndarray):
    """Write world poses (F,32,3) mm as one file of motion."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["3D_positions"] = world.reshape(len(world), -1).T.astype(np.float32)


def write_human36(
    folder: Path, *, subjects=SUBJECTS, actions=ACTIONS, frames=FRAMES, name_shape=(8, 1)
) -> Path:
    """Write it all: two files per action, cameras, detections (one is missing, as published)."""
    folder.mkdir(parents=True, exist_ok=True)
    write_cameras(folder / "cameras.h5", subjects, name_shape)
    cameras = load_cameras(folder / "cameras.h5")
    names = []
    for action in actions:
        names += [action, f"{action} 1"]
    for subject in subjects:
        for index, name in enumerate(names):
            world = motion(frames, seed=100 * subject + index)
            write_motion(motion_path(folder, subject, name), world)
            for camera in CAMERAS:
                if (subject, name, camera) != (11, "Directions", "54138969"):
                    path = detection_path(folder, subject, name, camera)
                    _write_detections(path, world, cameras[subject, camera], seed=index)
    return folder


def _write_detections(path: Path, world: np.ndarray, camera, *, seed: int):
    """What a detector might see of a motion: every joint is some 4 px off."""
    joints = list(get_skeleton("shg_16k").human36_indices)
    pixels = camera.project(world[:, joints])
    noise = np.random.default_rng(seed).normal(0, 4, pixels.shape)
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file["poses"] = (pixels + noise).astype(np.float32)
