"""Pinhole cameras with radial and tangential distortion, as Human3.6M publishes them.

A point P of the world becomes a point X = (X, Y, Z) in the camera's frame and a pixel (u, v):

    X = R (P - T)                               rotation R, camera's position T in the world
    x = X / Z,  y = Y / Z,  r2 = x^2 + y^2      perspective
    radial     = 1 + k0 r2 + k1 r2^2 + k2 r2^3
    tangential = p0 y + p1 x
    x' = x (radial + tangential) + p1 r2        distortion
    y' = y (radial + tangential) + p0 r2
    u = f_x x' + c_x,  v = f_y y' + c_y         focal lengths f, principal point c

The order of p is the dataset's own: p1 belongs to x and p0 to y. Other public implementations have
it the other way round, and their pixels differ.

Axes: the world is in millimetres with z up. The camera's frame is in millimetres with x to the
right, y down and z away from the camera. Pixels have u to the right and v down.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from scipy.spatial.transform import Rotation

from src.errors import InputError, shown
from src.h5_files import members, open_h5, read_dataset
from src.input_files import require_regular_file

CAMERA_NAMES = ("54138969", "55011271", "58860488", "60457274")  # of Human3.6M
_SHAPES = {
    "R": (3, 3),
    "T": (3, 1),
    "f": (2,),
    "c": (2,),
    "k": (3,),
    "p": (2,),
}
_MOST_NUMBERS = 10_000  # that one field of a camera may hold, whatever its file declares
_LIMIT = 1e9  # no length in mm or px and no coefficient of a real camera comes near it

# The numbers in metadata.xml: three angles and a position for every camera and subject, and then
# nine numbers for the lens of every camera.
_METADATA_SUBJECTS = 11
_NUM_EXTRINSICS = len(CAMERA_NAMES) * _METADATA_SUBJECTS * 6
_NUM_METADATA = _NUM_EXTRINSICS + len(CAMERA_NAMES) * 9
_MOST_METADATA_BYTES = 2**26  # the dataset's own file has less than 1 MB


@dataclass(frozen=True, eq=False)
class Camera:
    """One camera; the module's docstring has the equations and the axes.

    R (3,3): rotation from the world to the camera.
    T (3,1): position of the camera in the world, mm.
    f (2,): focal lengths f_x and f_y, px.
    c (2,): principal point c_x and c_y, px.
    k (3,): coefficients of the radial distortion.
    p (2,): coefficients of the tangential distortion.
    name: what the dataset calls the camera.

    Arrays of the right size in another shape are reshaped; all are kept as read-only float64.
    Raises ValueError for an array of the wrong size.
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
            object.__setattr__(self, field, array)  # the way round a frozen dataclass

    def world_to_camera(self, points: np.ndarray) -> np.ndarray:
        """Points (M,3) in the world, mm -> points (M,3) in the camera's frame, mm: R (P - T)."""
        return (points - self.T.T) @ self.R.T

    def level_depth(self, points: np.ndarray) -> np.ndarray:
        """Points (M,3) in the world, mm -> their depth (M,) along the floor, mm.

        This is the distance from the camera, measured as if the camera were not tilted up or down:
        the authors judge the answers of their user study by it. The rotation from camera to world
        is taken apart as Rz Ry Rx. A camera that looks at the horizon has an angle of -90 degrees
        about x, and its tilt is added to that; so without Rx, the frame's y axis is the direction
        in which the camera looks, projected onto the floor.
        """
        z, y, _ = Rotation.from_matrix(self.R.T).as_euler("ZYX")
        camera_to_world = Rotation.from_euler("ZYX", [z, y, 0]).as_matrix()
        return ((points - self.T.T) @ camera_to_world)[:, 1]

    def level_depth_2018(self, points: np.ndarray) -> np.ndarray:
        """Points (M,3) in the world, mm -> the depth (M,) that the 2018 code called corrected, mm.

        It took apart the rotation from world to camera as Rz Ry Rx, set the angle about x to 0,
        and turned the points by what is left. `level_depth` takes apart the inverse. Both agree
        for a camera that looks along the world's y axis; for others this one is not the depth along
        the floor: for a camera that is not tilted it is plus or minus the world's y.
        """
        z, y, _ = Rotation.from_matrix(self.R).as_euler("ZYX")
        turn = Rotation.from_euler("ZYX", [z, y, 0]).as_matrix()
        return ((points - self.T.T) @ turn.T)[:, 1]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points (...,3) in the world, mm -> pixels (...,2), with distortion."""
        pixels = self.project_camera_points(self.world_to_camera(points.reshape(-1, 3)))
        return pixels.reshape(*points.shape[:-1], 2)

    def project_camera_points(self, points: np.ndarray) -> np.ndarray:
        """Points (M,3) in the camera's frame, mm -> pixels (M,2), with distortion.

        Points behind the camera (Z <= 0) are not refused; what they give is no pixel of an image.
        """
        xy = points[:, :2] / points[:, 2:]
        r2 = (xy**2).sum(axis=1, keepdims=True)
        p1_p0 = self.p[::-1]  # in the order of x and y
        radial = 1 + r2 * (self.k[0] + r2 * (self.k[1] + r2 * self.k[2]))
        tangential = xy @ p1_p0[:, None]
        return self.f * (xy * (radial + tangential) + r2 * p1_p0) + self.c


def load_cameras(path) -> dict[tuple[int, str], Camera]:
    """Read ``cameras.h5`` or the dataset's ``metadata.xml`` -> {(subject, camera name): Camera}.

    Raises InputError naming the file and the group for anything that is missing, has another shape
    or is not finite.
    """
    path = Path(path)
    if path.suffix == ".xml":
        return _read_metadata(path)
    return _read_h5(path)


def _read_h5(path: Path) -> dict[tuple[int, str], Camera]:
    """Read groups subject1/camera1 and so on; whatever else the file holds is passed over."""
    cameras = {}
    with open_h5(path) as file:
        for subject_name, subject_group in members(file, path):
            subject_match = re.fullmatch(r"subject(\d+)", subject_name)
            if subject_match is None or not isinstance(subject_group, h5py.Group):
                continue
            for group_name, group in members(subject_group, path):
                source_name = f"{path}: {subject_name}/{group_name}"
                camera = _read_camera(group, source_name, path)
                key = (int(subject_match[1]), camera.name)
                if key in cameras:
                    raise InputError(
                        f"{source_name}: a second camera {camera.name} of this subject"
                    )
                cameras[key] = camera
    if not cameras:
        raise InputError(f"{path}: no cameras found; expected groups subject1/camera1 and so on")
    return cameras


def _read_camera(group, source_name: str, path: Path) -> Camera:
    if not isinstance(group, h5py.Group):
        raise InputError(
            f"{source_name}: expected a group with {', '.join(_SHAPES)}, found something else"
        )
    parameters = {
        field: _read_parameter(group, field, source_name=source_name, path=path)
        for field in _SHAPES
    }
    rotation = parameters["R"].reshape(3, 3).T  # the file holds it transposed
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
        raise InputError(
            f"{source_name}/R: expected a rotation, found a matrix that distorts or mirrors"
        )
    focal = parameters["f"]
    if not (focal > 0).all():
        raise InputError(
            f"{source_name}/f: expected focal lengths above 0, "
            f"found {shown(focal.ravel().tolist())}"
        )
    return Camera(
        R=rotation,
        T=parameters["T"],
        f=focal,
        c=parameters["c"],
        k=parameters["k"],
        p=parameters["p"],
        name=_read_name(group, source_name=source_name, path=path),
    )


def _read_parameter(group, field: str, *, source_name: str, path: Path) -> np.ndarray:
    """The numbers of one field, in whichever shape the file has them."""
    array = read_dataset(group, field, path, most_numbers=_MOST_NUMBERS)
    count = np.prod(_SHAPES[field])
    if array.size != count:
        raise InputError(
            f"{source_name}/{field}: expected {count} numbers, found shape {array.shape}"
        )
    if not (np.abs(array) < _LIMIT).all():
        raise InputError(f"{source_name}/{field}: has NaN, infinite or absurdly large values")
    return array


def _read_name(group, *, source_name: str, path: Path) -> str:
    """The camera's name, which the file holds as the codes of its characters."""
    codes = read_dataset(group, "Name", path, most_numbers=_MOST_NUMBERS).ravel()
    printable = (codes >= 32) & (codes < 127)
    if codes.size == 0 or not printable.all():
        raise InputError(
            f"{source_name}/Name: expected printable character codes, found {codes[:8].tolist()}"
        )
    return "".join(chr(code) for code in codes.astype(int))


def _read_metadata(path: Path) -> dict[tuple[int, str], Camera]:
    """Read the cameras of all eleven subjects; a lens is the same for all of them."""
    numbers = _metadata_numbers(path)
    extrinsics = numbers[:_NUM_EXTRINSICS].reshape(len(CAMERA_NAMES), _METADATA_SUBJECTS, 2, 3)
    lenses = numbers[_NUM_EXTRINSICS:].reshape(len(CAMERA_NAMES), 9)
    if not (np.abs(numbers) < _LIMIT).all() or not (lenses[:, :2] > 0).all():
        raise InputError(
            f"{path}: w0: has NaN, absurdly large values, or focal lengths not above 0; "
            "download it again"
        )
    cameras = {}
    for name, camera_extrinsics, lens in zip(CAMERA_NAMES, extrinsics, lenses, strict=True):
        for subject, (angles, position) in enumerate(camera_extrinsics, start=1):
            cameras[subject, name] = Camera(
                R=Rotation.from_euler("XYZ", angles).as_matrix(),  # Rx Ry Rz
                T=position,
                f=lens[:2],
                c=lens[2:4],
                k=lens[4:7],
                p=lens[7:],
                name=name,
            )
    return cameras


def _metadata_numbers(path: Path) -> np.ndarray:
    """The 300 numbers (300,) of the element w0, which the file has as words in brackets."""
    refusal = (
        f"{path}: expected an element w0 with {_NUM_METADATA} numbers in brackets; "
        "download it again from the dataset's site"
    )
    require_regular_file(path)
    match = None
    if path.stat().st_size <= _MOST_METADATA_BYTES:
        match = re.search(rb"<w0>\s*\[([^\]<]*)\]", path.read_bytes())
    if match is None:
        raise InputError(refusal)
    words = match[1].replace(b",", b" ").split()
    try:
        numbers = np.array([float(word) for word in words])
    except ValueError:
        raise InputError(refusal) from None
    if len(numbers) != _NUM_METADATA:
        raise InputError(refusal)
    return numbers
