"""A miniature Human3.6M in the h5 layout, written again in the other forms that people have."""

import shutil
from pathlib import Path

import numpy as np
from miniature import CAMERAS, write_human36
from scipy.spatial.transform import Rotation

from src.data.human36.h5_layout import H5Layout
from src.skeletons import get_skeleton

SUBJECTS = (1, 9)
ACTIONS = ("Photo", "WalkDog")
FRAMES = 6
_OLD_WORDS = {"Photo": "TakingPhoto", "WalkDog": "WalkingDog"}


def write_h5(folder: Path) -> H5Layout:
    """Write the h5 layout, from which the other forms are made, and open it."""
    return H5Layout(write_human36(folder, subjects=SUBJECTS, actions=ACTIONS, frames=FRAMES))


def write_metadata(path: Path, cameras: dict):
    """Write cameras as the dataset's site does: angles, places and lenses as 300 numbers."""
    extrinsics = np.zeros((4, 11, 2, 3))  # camera, subject, angles or place, axis
    lenses = np.zeros((4, 9))
    for (subject, name), camera in cameras.items():
        number = CAMERAS.index(name)
        extrinsics[number, subject - 1, 0] = Rotation.from_matrix(camera.R).as_euler("XYZ")
        extrinsics[number, subject - 1, 1] = camera.T[:, 0]
        lenses[number] = np.concatenate([camera.f, camera.c, camera.k, camera.p])
    numbers = np.concatenate([extrinsics.ravel(), lenses.ravel()]).tolist()
    text = " ".join(repr(number) for number in numbers)
    path.write_text(f"<?xml version='1.0'?><metadata><mapping/><w0>[{text}]</w0></metadata>")


def old_name(subject: int, name: str) -> str:
    """What a motion is called outside the h5 layout: subject 1's files use other words."""
    if subject != 1:
        return name
    word, space, number = name.partition(" ")
    return _OLD_WORDS.get(word, word) + space + number


def write_cdf(folder: Path, h5: H5Layout, *, mono: bool) -> Path:
    """Write the dataset site's files: in the world, or one per camera in its frame (mono)."""
    folder.mkdir()
    write_metadata(folder / "metadata.xml", h5.cameras)
    motion_folder = "D3_Positions_mono" if mono else "D3_Positions"
    for subject in SUBJECTS:
        place = folder / f"S{subject}" / "MyPoseFeatures" / motion_folder
        place.mkdir(parents=True)
        for name in h5.motions(subject):
            world = h5.world(subject, name)
            file_name = old_name(subject, name)
            if mono:
                for camera in CAMERAS:
                    points = h5.cameras[subject, camera].world_to_camera(world.reshape(-1, 3))
                    _write_cdf_file(place / f"{file_name}.{camera}.cdf", points, len(world))
            else:
                _write_cdf_file(place / f"{file_name}.cdf", world, len(world))
    return folder


def _write_cdf_file(path: Path, points: np.ndarray, frames: int):
    from cdflib.cdfwrite import CDF

    file = CDF(path, delete=True)
    description = {
        "Variable": "Pose",
        "Data_Type": 45,  # double
        "Num_Elements": 1,
        "Rec_Vary": True,
        "Dim_Sizes": [frames, 96],
        "Var_Type": "zVariable",
    }
    file.write_var(description, var_data=points.reshape(1, frames, 96))
    file.close()


def write_videopose3d(folder: Path, h5: H5Layout, *, cameras: str = "cameras.h5") -> Path:
    """Write VideoPose3D's archives, and the cameras beside them in the file of this name.

    There is the motion, the hourglass's detections (of more frames than the motion has), others of
    17 joints (1 px beside the projection), and the _gt archive, which no reader should take.
    """
    folder.mkdir()
    if cameras == "cameras.h5":
        shutil.copy(h5.folder / cameras, folder / cameras)
    else:
        write_metadata(folder / cameras, h5.cameras)
    hourglass = get_skeleton("shg_16k")
    joints = list(get_skeleton("human36_17k").human36_indices)
    positions = {}
    hourglass_detections = {}
    other_detections = {}
    for subject in SUBJECTS:
        subject_positions = {}
        subject_hourglass = {}
        subject_others = {}
        for name in h5.motions(subject):
            world = h5.world(subject, name)
            from_hourglass = []
            from_other = []
            for camera in CAMERAS:
                detections = h5.detections(subject, name, camera, FRAMES, hourglass)
                from_hourglass.append(longer(detections))
                projection = h5.cameras[subject, camera].project(world[:, joints])
                from_other.append(projection.astype(np.float32) + 1)
            key = old_name(subject, name)
            subject_positions[key] = (world / 1000).astype(np.float32)
            subject_hourglass[key] = from_hourglass
            subject_others[key] = from_other
        positions[f"S{subject}"] = subject_positions
        hourglass_detections[f"S{subject}"] = subject_hourglass
        other_detections[f"S{subject}"] = subject_others
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=np.array(positions, dtype=object))
    _write_2d_archive(folder / "data_2d_h36m_sh_ft_h36m.npz", hourglass_detections, 16)
    _write_2d_archive(folder / "data_2d_h36m_cpn_ft_h36m_dbb.npz", other_detections, 17)
    _write_2d_archive(folder / "data_2d_h36m_gt.npz", other_detections, 17)
    return folder


def _write_2d_archive(path: Path, detections: dict, num_joints: int):
    metadata = {"num_joints": num_joints, "keypoints_symmetry": [[4, 5, 6], [1, 2, 3]]}
    np.savez_compressed(
        path,
        positions_2d=np.array(detections, dtype=object),
        metadata=np.array(metadata, dtype=object),
    )


def longer(poses: np.ndarray) -> np.ndarray:
    """Two frames more, as some archives have."""
    return np.concatenate([poses, poses[-2:]])


def write_neutral(path: Path, arrays, joints) -> Path:
    """Write `PoseArrays` in the neutral form."""
    np.savez(
        path,
        pose_3d=arrays.pose_3d,
        pose_2d=arrays.pose_2d,
        subject=arrays.subject,
        action=arrays.action,
        camera=arrays.camera,
        frame=arrays.frame,
        focal=arrays.focal,
        joint_names=np.array(joints),
    )
    return path


def damaged(content: bytes, count: int, seed: int):
    """Yield ``count`` truncations, then as many copies with one bit changed."""
    rng = np.random.default_rng(seed)
    for length in np.linspace(0, len(content) - 1, count).astype(int):
        yield content[:length]
    for position in rng.integers(0, len(content), count):
        flipped = bytearray(content)
        flipped[position] ^= 1 << rng.integers(8)
        yield bytes(flipped)
