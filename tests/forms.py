"""A miniature Human3.6M written in the h5 layout, written again in the other forms that people have."""

import shutil
from pathlib import Path

import numpy as np
from miniature import CAMERAS, write_human36
from scipy.spatial.transform import Rotation

from src.data.human36.h5_layout import H5Layout
from src.skeletons import get_skeleton

SUBJECTS, ACTIONS, FRAMES = (1, 9), ("Photo", "WalkDog"), 6
_OLD_NAMES = {"Photo": "TakingPhoto", "WalkDog": "WalkingDog"}


def write_h5(folder: Path) -> H5Layout:
    """The others are made from this one."""
    return H5Layout(write_human36(folder, subjects=SUBJECTS, actions=ACTIONS, frames=FRAMES))


def write_metadata(path: Path, cameras: dict):
    """Angles, places and lenses as 300 numbers."""
    extrinsics, lenses = np.zeros((4, 11, 2, 3)), np.zeros((4, 9))
    for (subject, name), camera in cameras.items():
        number = CAMERAS.index(name)
        extrinsics[number, subject - 1] = (
            Rotation.from_matrix(camera.R).as_euler("XYZ"),
            camera.T[:, 0],
        )
        lenses[number] = np.concatenate([camera.f, camera.c, camera.k, camera.p])
    numbers = " ".join(map(repr, np.concatenate([extrinsics.ravel(), lenses.ravel()]).tolist()))
    path.write_text(f"<?xml version='1.0'?><metadata><mapping/><w0>[{numbers}]</w0></metadata>")


def old_name(subject: int, name: str) -> str:
    """What subject 1's files are called in the archives."""
    word, _, number = name.partition(" ")
    return f"{_OLD_NAMES.get(word, word)} {number}".strip() if subject == 1 else name


def write_cdf(folder: Path, h5: H5Layout, *, mono: bool) -> Path:
    """The dataset site's own files."""
    from cdflib.cdfwrite import CDF

    folder.mkdir()
    write_metadata(folder / "metadata.xml", h5.cameras)
    for subject in SUBJECTS:
        place = (
            folder
            / f"S{subject}"
            / "MyPoseFeatures"
            / ("D3_Positions_mono" if mono else "D3_Positions")
        )
        place.mkdir(parents=True)
        for name in h5.motions(subject):
            world = h5.world(subject, name)
            for camera in CAMERAS if mono else (None,):
                points = (
                    h5.cameras[subject, camera].world_to_camera(world.reshape(-1, 3))
                    if mono
                    else world
                )
                ending = f".{camera}.cdf" if mono else ".cdf"
                file = CDF(place / f"{old_name(subject, name)}{ending}", delete=True)
                spec = {"Variable": "Pose", "Data_Type": 45, "Num_Elements": 1, "Rec_Vary": True}
                spec |= {"Dim_Sizes": [len(world), 96], "Var_Type": "zVariable"}
                file.write_var(spec, var_data=points.reshape(1, len(world), 96))
                file.close()
    return folder


def write_videopose3d(folder: Path, h5: H5Layout, *, cameras: str = "cameras.h5") -> Path:
    """VideoPose3D's archives: motion, hourglass detections (longer than it), others of 17 joints, a wrong _gt."""
    folder.mkdir()
    if cameras == "cameras.h5":
        shutil.copy(h5.folder / cameras, folder / cameras)
    else:
        write_metadata(folder / cameras, h5.cameras)
    world, hourglass, of_17 = {}, {}, {}
    joints = list(get_skeleton("human36_17k").human36_indices)
    for subject in SUBJECTS:
        poses = {name: h5.world(subject, name) for name in h5.motions(subject)}
        key, named = f"S{subject}", {name: old_name(subject, name) for name in poses}
        world[key] = {named[name]: (pose / 1000).astype(np.float32) for name, pose in poses.items()}
        hourglass[key] = {
            named[name]: [longer(_detections(h5, subject, name, c)) for c in CAMERAS]
            for name in poses
        }
        of_17[key] = {
            named[name]: [
                h5.cameras[subject, c].project(poses[name][:, joints]).astype("f4") + 1
                for c in CAMERAS
            ]
            for name in poses
        }
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=np.array(world, dtype=object))
    for kind, poses, count in (
        ("sh_ft_h36m", hourglass, 16),
        ("cpn_ft_h36m_dbb", of_17, 17),
        ("gt", of_17, 17),
    ):
        metadata = {"num_joints": count, "keypoints_symmetry": [[4, 5, 6], [1, 2, 3]]}
        names = {
            "positions_2d": np.array(poses, dtype=object),
            "metadata": np.array(metadata, dtype=object),
        }
        np.savez_compressed(folder / f"data_2d_h36m_{kind}.npz", **names)
    return folder


def _detections(h5: H5Layout, subject: int, name: str, camera: str) -> np.ndarray:
    return h5.detections(subject, name, camera, FRAMES, get_skeleton("shg_16k"))


def longer(poses: np.ndarray) -> np.ndarray:
    """Two frames more, as some archives have."""
    return np.concatenate([poses, poses[-2:]])


def write_neutral(path: Path, arrays, joints) -> Path:
    """`PoseArrays` in the neutral form."""
    np.savez(
        path,
        pose_3d=arrays.pose_3d, pose_2d=arrays.pose_2d, subject=arrays.subject, action=arrays.action,
        camera=arrays.camera, frame=arrays.frame, focal=arrays.focal, joint_names=np.array(joints),
    )  # fmt: skip
    return path


def damaged(content: bytes, count: int, seed: int):
    """``count`` truncations and as many copies with one byte changed, one after the other."""
    rng = np.random.default_rng(seed)
    for length in np.linspace(0, len(content) - 1, count).astype(int):
        yield content[:length]
    for place in rng.integers(0, len(content), count):
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.integers(8)
        yield bytes(flipped)
