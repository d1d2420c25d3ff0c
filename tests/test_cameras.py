"""Cameras: the projection against golden numbers and by hand, the reader, and its refusals."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from fitting import fitted_camera
from miniature import CAMERAS, write_cameras

from src.cameras import Camera, load_cameras
from src.errors import InputError

GOLDEN = np.load(Path(__file__).parent / "golden" / "camera.npz", allow_pickle=False)
NAMES = sorted(key.removesuffix("_pixels") for key in GOLDEN.files if key.endswith("_pixels"))


@pytest.mark.parametrize("name", NAMES)
def test_golden_numbers_with_fitted_cameras(name):
    world = GOLDEN["world"]
    points = GOLDEN[f"{name}_camera"]
    pixels = GOLDEN[f"{name}_pixels"]
    camera = fitted_camera(world, points, pixels)
    np.testing.assert_allclose(camera.world_to_camera(world), points, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(camera.project(world), pixels, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_golden_numbers_with_the_cameras_of_the_data(name, cmu_dir):
    subject, camera_name = name.removeprefix("S").split("_")
    camera = load_cameras(cmu_dir / "cameras.h5")[int(subject), camera_name]
    np.testing.assert_allclose(
        camera.world_to_camera(GOLDEN["world"]), GOLDEN[f"{name}_camera"], rtol=1e-5
    )
    np.testing.assert_allclose(camera.project(GOLDEN["world"]), GOLDEN[f"{name}_pixels"], rtol=1e-5)


def test_projection_by_hand():
    camera = Camera(
        R=np.eye(3),
        T=[1, 2, 3],
        f=[100, 200],
        c=[10, 20],
        k=[0.1, 0.01, 0.001],
        p=[0.02, 0.03],
        name="c",
    )
    # (3, 0, 5) - T = (2, -2, 2), so x = 1, y = -1, r2 = 2,
    # radial = 1 + 0.1 * 2 + 0.01 * 4 + 0.001 * 8 = 1.248, tangential = -0.02 + 0.03 = 0.01.
    expected_x = 1 * (1.248 + 0.01) + 0.03 * 2
    expected_y = -1 * (1.248 + 0.01) + 0.02 * 2
    pixels = camera.project(np.array([[3.0, 0.0, 5.0]]))
    np.testing.assert_allclose(pixels, [[100 * expected_x + 10, 200 * expected_y + 20]], rtol=1e-12)


@pytest.mark.parametrize("name_shape", [(8,), (8, 1)])
def test_reading(tmp_path, name_shape):
    write_cameras(tmp_path / "cameras.h5", subjects=(1, 11), name_shape=name_shape)
    cameras = load_cameras(tmp_path / "cameras.h5")
    assert set(cameras) == {(subject, name) for subject in (1, 11) for name in CAMERAS}
    camera = cameras[11, CAMERAS[2]]
    assert camera.R.shape == (3, 3)
    assert camera.T.shape == (3, 1)
    assert camera.f.shape == (2,)
    assert camera.k.shape == (3,)
    np.testing.assert_allclose(camera.R @ camera.R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.R) == pytest.approx(1)
    # What stands higher in the world is further up in the image.
    low, high = camera.project(np.array([[0, 0, 100.0], [0, 0, 1800.0]]))
    assert high[1] < low[1]


def test_cameras_are_frozen():
    camera = Camera(
        R=np.eye(3),
        T=np.zeros(3),
        f=np.ones(2),
        c=np.ones(2),
        k=np.zeros(3),
        p=np.zeros(2),
        name="c",
    )
    with pytest.raises(ValueError, match="read-only"):
        camera.R[0, 0] = 2


def refusal(tmp_path, change) -> str:
    """What is said of a file whose group subject1/camera2 has been changed."""
    write_cameras(tmp_path / "cameras.h5", subjects=(1,))
    with h5py.File(tmp_path / "cameras.h5", "r+") as file:
        change(file["subject1/camera2"])
    with pytest.raises(InputError) as error:
        load_cameras(tmp_path / "cameras.h5")
    return str(error.value)


def replace(name, value):
    """A change to a group: another value for a dataset, or no such dataset for None."""

    def change(group):
        del group[name]
        if value is not None:
            group[name] = value

    return change


NAME_OF_CAMERA_1 = np.array([ord(letter) for letter in CAMERAS[0]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (replace("R", None), ["subject1/camera2/R", "expected a dataset"]),
        (replace("R", np.diag([1.0, 1.0, -1.0])), ["subject1/camera2/R", "mirrors"]),
        (replace("R", 2 * np.eye(3)), ["subject1/camera2/R", "expected a rotation"]),
        (replace("T", "text"), ["subject1/camera2/T", "expected numbers"]),
        (replace("T", np.full((3, 1), 1e30)), ["subject1/camera2/T", "absurdly large"]),
        (replace("f", np.ones((3, 1))), ["subject1/camera2/f", "expected 2 numbers", "(3, 1)"]),
        (replace("f", np.zeros((2, 1))), ["subject1/camera2/f", "above 0"]),
        (replace("k", np.full((3, 1), np.nan)), ["subject1/camera2/k", "NaN"]),
        (replace("p", h5py.Empty("f")), ["subject1/camera2", "expected a dataset"]),
        (replace("Name", np.zeros(8, np.uint16)), ["subject1/camera2/Name", "character codes"]),
        (replace("Name", np.zeros(0, np.uint16)), ["subject1/camera2/Name"]),
        (replace("Name", NAME_OF_CAMERA_1), ["subject1/camera2", "second camera 54138969"]),
    ],
)
def test_broken_files_are_named(tmp_path, change, words):
    message = refusal(tmp_path, change)
    for word in ["cameras.h5", *words]:
        assert word in message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<w0>",
        "<w0>[1 2 3]</w0>",
        "<w0>[" + "1 " * 299 + "one]</w0>",
        "<w0>[" + "1 " * 301 + "]</w0>",
        "<w0>[" + "1 " * 299 + "nan]</w0>",
        "<w0>[" + "0 " * 300 + "]</w0>",
    ],
)
def test_broken_metadata_is_named(tmp_path, text):
    (tmp_path / "metadata.xml").write_text(text)
    with pytest.raises(InputError, match="metadata.xml: .*w0.*; download it again"):
        load_cameras(tmp_path / "metadata.xml")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_cameras(tmp_path / "cameras.h5")
    (tmp_path / "cameras.h5").write_bytes(b"not hdf5")
    with pytest.raises(InputError, match="HDF5"):
        load_cameras(tmp_path / "cameras.h5")
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(InputError, match="no cameras found"):
        load_cameras(tmp_path / "empty.h5")
