"""Pinhole cameras with radial and tangential distortion, as Human3.6M publishes them."""

import re
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from scipy.spatial.transform import Rotation

from src.errors import InputError
from src.h5_files import open_h5, read_dataset

CAMERA_NAMES = ("54138969", "55011271", "58860488", "60457274")  # of Human3.6M
_SHAPES = {"R": (3, 3), "T": (3, 1), "f": (2,), "c": (2,), "k": (3,), "p": (2,)}


@dataclass(frozen=True, eq=False)
class Camera:
    """One camera. R (3,3) and T (3,1) mm take world points to the camera: X = R (P - T).

    f (2,) focal lengths and c (2,) principal point in pixels; k (3,) radial and p (2,) tangential distortion; name as
    the dataset has it. Arrays of the same size in another shape are reshaped. Axes: x right, y down, z away.
    """

    R: np.ndarray
    T: np.ndarray
    f: np.ndarray
    c: np.ndarray
    k: np.ndarray
    p: np.ndarray
    name: str = ""

    def __post_init__(self):
        for field, shape in _SHAPES.items():
            array = np.array(getattr(self, field), dtype=np.float64)
            if array.size != np.prod(shape):
                raise ValueError(
                    f"camera {self.name}: {field} must have shape {shape}, not {array.shape}"
                )
            array = array.reshape(shape)
            array.flags.writeable = False
            object.__setattr__(self, field, array)

    def world_to_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (M,3) mm -> (M,3) mm in the camera's frame."""
        return (points - self.T.T) @ self.R.T

    def level_depth(self, points: np.ndarray) -> np.ndarray:
        """World points (M,3) mm, z up -> depth (M,) mm along the floor, as if the camera were not tilted.

        The turn from camera to world is taken apart as Rz Ry Rx, and the angle about x set to 0 (the authors'
        correction for their user study).
        """
        z, y, _ = Rotation.from_matrix(self.R.T).as_euler("ZYX")
        return ((points - self.T.T) @ Rotation.from_euler("ZYX", [z, y, 0]).as_matrix())[:, 1]

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points (...,3) mm -> pixels (...,2)."""
        pixels = self.project_camera_points(self.world_to_camera(points.reshape(-1, 3)))
        return pixels.reshape(*points.shape[:-1], 2)

    def project_camera_points(self, points: np.ndarray) -> np.ndarray:
        """Points (M,3) mm in the camera's frame -> pixels (M,2), with distortion.

        The order of the tangential terms is the dataset's own: p[1] belongs to x, p[0] to y.
        """
        xy = points[:, :2] / points[:, 2:]
        r2 = (xy**2).sum(axis=1, keepdims=True)
        radial = 1 + r2 * (self.k[0] + r2 * (self.k[1] + r2 * self.k[2]))
        tangential = xy @ self.p[::-1, None]
        return self.f * (xy * (radial + tangential) + r2 * self.p[::-1]) + self.c


def load_cameras(path) -> dict[tuple[int, str], Camera]:
    """Read ``cameras.h5`` or the dataset's ``metadata.xml`` -> {(subject, camera name): Camera}.

    Raises InputError naming the file and the group for anything missing, of another shape or not finite.
    """
    if Path(path).suffix == ".xml":
        return _read_metadata(Path(path))
    cameras = {}
    with open_h5(path) as file:
        for subject_name, groups in file.items():
            subject = re.fullmatch(r"subject(\d+)", subject_name)
            for name, group in groups.items() if subject and isinstance(groups, h5py.Group) else ():
                where = f"{path}: {subject_name}/{name}"
                camera = _read_camera(group, where, path)
                if cameras.setdefault((int(subject[1]), camera.name), camera) is not camera:
                    raise InputError(f"{where}: a second camera {camera.name} of this subject")
    if not cameras:
        raise InputError(f"{path}: no cameras found; expected groups subject1/camera1 and so on")
    return cameras


def _read_camera(group, where: str, path) -> Camera:
    if not isinstance(group, h5py.Group):
        raise InputError(
            f"{where}: expected a group with {', '.join(_SHAPES)}, found something else"
        )
    values = {}
    for field, shape in _SHAPES.items():
        array = read_dataset(group, field, path)
        if array.size != np.prod(shape):
            raise InputError(
                f"{where}/{field}: expected {np.prod(shape)} numbers, found shape {array.shape}"
            )
        if not (np.abs(array) < 1e9).all():
            raise InputError(f"{where}/{field}: has NaN, infinite or absurdly large values")
        values[field] = array.reshape(shape).T if field == "R" else array  # stored transposed
    if (
        not np.allclose(values["R"] @ values["R"].T, np.eye(3), atol=1e-3)
        or np.linalg.det(values["R"]) < 0
    ):
        raise InputError(f"{where}/R: expected a rotation, found a matrix that distorts or mirrors")
    if not (values["f"] > 0).all():
        raise InputError(
            f"{where}/f: expected focal lengths above 0, found {values['f'].ravel().tolist()}"
        )
    codes = read_dataset(group, "Name", path).ravel()
    if codes.size == 0 or not ((codes >= 32) & (codes < 127)).all():
        raise InputError(
            f"{where}/Name: expected printable character codes, found {codes[:8].tolist()}"
        )
    return Camera(**values, name="".join(map(chr, codes.astype(int))))


def _read_metadata(path: Path) -> dict[tuple[int, str], Camera]:
    """The 300 numbers of element w0: angles and place for each camera and subject, then the lens of each camera."""
    found = re.search(rb"<w0>\s*\[([^\]<]*)\]", path.read_bytes())
    try:
        numbers = np.array([float(word) for word in found[1].replace(b",", b" ").split()])
        extrinsics, lenses = numbers[:264].reshape(4, 11, 2, 3), numbers[264:].reshape(4, 9)
    except (TypeError, ValueError):
        expected = "expected an element w0 with 300 numbers in brackets"
        raise InputError(f"{path}: {expected}; download it again from the dataset's site") from None
    if not (np.abs(numbers) < 1e9).all() or not (lenses[:, :2] > 0).all():
        raise InputError(
            f"{path}: w0: has NaN, absurdly large values, or focal lengths not above 0; download it again"
        )
    cameras = {}
    for name, of_subjects, lens in zip(CAMERA_NAMES, extrinsics, lenses, strict=True):
        for subject, (angles, place) in enumerate(of_subjects, 1):
            rotation = Rotation.from_euler("XYZ", angles).as_matrix()  # Rx Ry Rz
            cameras[subject, name] = Camera(
                rotation, place, lens[:2], lens[2:4], lens[4:7], lens[7:], name
            )
    return cameras
