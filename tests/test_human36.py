"""The reader of the h5 layout, on miniature files and on the numbers of the 2018 implementation."""

import dataclasses
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from fitting import fitted_camera
from miniature import (
    ACTIONS,
    CAMERAS,
    FRAMES,
    detection_path,
    motion,
    motion_path,
    write_human36,
    write_motion,
)

from opts.human36 import parse_options
from src.cameras import load_cameras
from src.data.human36.load import load_human36
from src.errors import InputError
from src.skeletons import get_skeleton
from src.training import build

GOLDEN = Path(__file__).parent / "golden"
SKELETON = get_skeleton("human36_17k")
HOURGLASS = get_skeleton("shg_16k")
FIELDS_3D = ("pose_3d", "root_3d")
FIELDS_2D = ("pose_2d", "root_2d")
TOLERANCE_MM = 2e-3
TOLERANCE_PX = 5e-4

of_every_size = pytest.mark.parametrize(
    ("size", "dataset_type"),
    [(17, "human36_17k"), (16, "shg_16k"), (14, "human36_14k")],
)


@pytest.fixture
def small(tmp_path):
    """One subject, one action, free to be broken."""
    return write_human36(tmp_path / "small", subjects=(1,), actions=("Walking",), frames=5)


def load_walking(folder, **options):
    return load_human36(folder, [1], SKELETON, actions=["Walking"], **options)


def refusal(folder, **options):
    with pytest.raises(InputError) as error:
        load_walking(folder, **options)
    return str(error.value)


def assert_close(actual, expected, tolerance):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


def rows_of_view(arrays, name, camera):
    """Which rows show this motion to this camera, if there is one subject -> (N,) booleans."""
    views = [(sequence.name, sequence.camera) for sequence in arrays.sequences]
    return arrays.sequence == views.index((name, camera))


def read_and_centre(data_dir, dataset_type, actions, *further_tokens):
    """Subject 8's poses, as a run prepares them for training -> (arrays, centred, options)."""
    tokens = ["--data_dir", str(data_dir), "--dataset_type", dataset_type]
    tokens += ["--train_subjects", "8", "--actions", *actions, *further_tokens]
    options, _ = parse_options(tokens)
    arrays = build.load_poses(options, "train")
    return arrays, build.centre(arrays, options, "train"), options


@of_every_size
def test_golden_preprocessing(cmu_dir, size, dataset_type):
    golden = np.load(GOLDEN / f"preprocess_{size}.npz", allow_pickle=False)
    arrays, poses, options = read_and_centre(
        cmu_dir, dataset_type, ["Walking", "Sitting"], "--supervision", "full"
    )
    statistics = build.fit_statistics(poses, options)
    assert len(arrays) == golden["num_frames"]

    row_by_key = {}
    for row, (index, frame) in enumerate(zip(arrays.sequence, arrays.frame, strict=True)):
        sequence = arrays.sequences[index]
        row_by_key[f"{sequence.name}.h5", sequence.camera, int(frame)] = row
    names = golden["sequence"].tolist()
    cameras = golden["camera"].tolist()
    frames = golden["frame"].tolist()
    rows = [row_by_key[key] for key in zip(names, cameras, frames, strict=True)]

    for field in FIELDS_3D:
        assert_close(getattr(poses, field)[rows], golden[field], TOLERANCE_MM)
    for field in FIELDS_2D:
        assert_close(getattr(poses, field)[rows], golden[field], TOLERANCE_PX)
    assert_close(statistics.pose_2d.mean, golden["mean_2d"], TOLERANCE_PX)
    assert_close(statistics.pose_2d.std, golden["std_2d"], TOLERANCE_PX)
    assert_close(statistics.pose_3d.mean, golden["mean_3d"], TOLERANCE_MM)
    assert_close(statistics.pose_3d.std, golden["std_3d"], TOLERANCE_MM)
    assert_close(statistics.limb_lengths[0], golden["mean_limb_lengths"], TOLERANCE_MM)


@of_every_size
def test_golden_poses_without_the_data(tmp_path, size, dataset_type):
    """The golden rows, written as h5 and read, projected and centred again, come out as they were.

    The world is the camera's frame here; the cameras are those that fit the rows' pixels. (Means
    and standard deviations are of frames that are not in the golden file:
    `test_golden_preprocessing` needs the data.)
    """
    golden = np.load(GOLDEN / f"preprocess_{size}.npz", allow_pickle=False)
    skeleton = get_skeleton(dataset_type)
    points = golden["pose_3d"].astype(float) + golden["root_3d"][:, None]
    pixels = golden["pose_2d"].astype(float) + golden["root_2d"][:, None]
    cameras = sorted(set(golden["camera"].tolist()))
    with h5py.File(tmp_path / "cameras.h5", "w") as file:
        for number, name in enumerate(cameras):
            is_seen = golden["camera"] == name
            flat = points[is_seen].reshape(-1, 3)
            camera = fitted_camera(flat, flat, pixels[is_seen].reshape(-1, 2), atol=0.05)
            group = file.create_group(f"subject8/camera{number + 1}")
            group["R"] = np.eye(3)
            group["T"] = np.zeros(3)
            group["f"] = camera.f
            group["c"] = camera.c
            group["k"] = camera.k
            group["p"] = camera.p
            group["Name"] = [ord(letter) for letter in name]
    for number, name in enumerate(cameras):
        seen_points = points[golden["camera"] == name]
        world = np.repeat(seen_points[:, :1], 32, axis=1)  # joints of no skeleton are at the first
        world[:, list(skeleton.human36_indices)] = seen_points
        write_motion(motion_path(tmp_path, 8, f"Walking {number}"), world)

    arrays, poses, _ = read_and_centre(tmp_path, dataset_type, ["Walking"])
    for number, name in enumerate(cameras):
        rows = rows_of_view(arrays, f"Walking {number}", name)
        is_seen = golden["camera"] == name
        for field in FIELDS_3D:
            assert_close(getattr(poses, field)[rows], golden[field][is_seen], TOLERANCE_MM)
        for field in FIELDS_2D:
            assert_close(getattr(poses, field)[rows], golden[field][is_seen], TOLERANCE_PX)


def test_every_pose_is_where_it_belongs(human36_dir):
    arrays = load_human36(human36_dir, [5, 9], SKELETON, actions=ACTIONS)
    assert len(arrays) == 2 * len(ACTIONS) * 2 * len(CAMERAS) * FRAMES
    assert arrays.pose_2d.shape == (len(arrays), 17, 2)
    assert arrays.pose_3d.shape == (len(arrays), 17, 3)
    assert arrays.pose_2d.dtype == np.float32
    assert arrays.pose_3d.dtype == np.float32
    assert list(dict.fromkeys(arrays.action)) == list(ACTIONS)
    cameras = load_cameras(human36_dir / "cameras.h5")
    for row in np.random.default_rng(0).integers(0, len(arrays), 40):
        sequence = arrays.sequences[arrays.sequence[row]]
        assert arrays.subject[row] == sequence.subject
        assert arrays.action[row] == sequence.action
        assert arrays.camera[row] == sequence.camera
        assert sequence.action == sequence.name.split()[0]
        number = 2 * ACTIONS.index(sequence.action)  # as `write_human36` counts
        if sequence.name.endswith(" 1"):
            number += 1
        poses = motion(FRAMES, seed=100 * sequence.subject + number)
        world = poses[arrays.frame[row], list(SKELETON.human36_indices)]
        camera = cameras[sequence.subject, sequence.camera]
        np.testing.assert_allclose(arrays.pose_3d[row], camera.world_to_camera(world), atol=2e-3)
        np.testing.assert_allclose(arrays.pose_2d[row], camera.project(world), atol=1e-3)
        np.testing.assert_allclose(arrays.focal[row], camera.f)


def test_sitting_is_not_sitting_down(human36_dir):
    arrays = load_human36(human36_dir, [1], SKELETON, actions=["Sitting"])
    assert {sequence.name for sequence in arrays.sequences} == {"Sitting", "Sitting 1"}


def test_file_names_with_any_number(small):
    motion_path(small, 1, "Walking").rename(motion_path(small, 1, "Walking 10"))
    motion_path(small, 1, "Walking 1").rename(motion_path(small, 1, "Walking 2"))
    names = [sequence.name for sequence in load_walking(small).sequences]
    assert list(dict.fromkeys(names)) == ["Walking 2", "Walking 10"]


def test_camera_names_as_vectors(tmp_path):
    folder = write_human36(
        tmp_path / "flat", subjects=(1,), actions=("Walking",), frames=3, name_shape=(8,)
    )
    arrays = load_walking(folder)
    assert {sequence.camera for sequence in arrays.sequences} == set(CAMERAS)


def test_foreign_files_are_ignored_with_a_note(small):
    shutil.copy(motion_path(small, 1, "Walking"), motion_path(small, 1, "Dancing"))
    arrays = load_walking(small)
    assert len(arrays) == 2 * 4 * 5
    assert any("Dancing" in note for note in arrays.notes)


def test_notes_are_in_the_same_order_whatever_the_hash_seed(small):
    words = ["Aerobics", "Dancing", "Jumping"]
    for name in words:
        shutil.copy(motion_path(small, 1, "Walking"), motion_path(small, 1, name))
    notes = load_walking(small).notes
    assert len(notes) == len(words)
    for note, word in zip(notes, words, strict=True):
        assert word in note


def test_keep_every_counts_within_each_file(small):
    arrays = load_walking(small, keep_every=2)
    whole = load_walking(small)
    assert arrays.frame.tolist() == [0, 2, 4] * 8
    np.testing.assert_array_equal(arrays.pose_3d, whole.pose_3d[whole.frame % 2 == 0])


def test_files_are_checked_whole_even_if_subsampled(small):
    world = motion(5, seed=0)
    world[3, 7, 1] = np.inf
    write_motion(motion_path(small, 1, "Walking"), world)
    assert "first in frame 3" in refusal(small, keep_every=5)


def test_detections(human36_dir):
    truth = load_human36(human36_dir, [9], HOURGLASS, actions=ACTIONS)
    arrays = load_human36(human36_dir, [9], HOURGLASS, actions=ACTIONS, detections=True)
    np.testing.assert_array_equal(arrays.pose_3d, truth.pose_3d)
    error_px = arrays.pose_2d - truth.pose_2d
    assert 3.5 < error_px.std() < 4.5
    rows = rows_of_view(arrays, "Walking 1", CAMERAS[1])
    with h5py.File(detection_path(human36_dir, 9, "Walking 1", CAMERAS[1])) as file:
        np.testing.assert_array_equal(arrays.pose_2d[rows], file["poses"][()])


def test_the_known_missing_detections_are_skipped_and_said(human36_dir):
    arrays = load_human36(human36_dir, [11], HOURGLASS, actions=ACTIONS, detections=True)
    assert len(arrays) == (len(ACTIONS) * 2 * 4 - 1) * FRAMES
    assert arrays.sequence.max() == len(arrays.sequences) - 1
    views = [(sequence.name, sequence.camera) for sequence in arrays.sequences]
    assert ("Directions", CAMERAS[0]) not in views
    assert any("Directions" in note and CAMERAS[0] in note for note in arrays.notes)


def test_other_missing_detections_are_an_error(small):
    path = detection_path(small, 1, "Walking", CAMERAS[0])
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        load_human36(small, [1], HOURGLASS, actions=["Walking"], detections=True)


def test_detections_of_another_length_are_an_error(small):
    path = detection_path(small, 1, "Walking", CAMERAS[0])
    with h5py.File(path, "w") as file:
        file["poses"] = np.zeros((4, 16, 2))
    with pytest.raises(InputError, match=r"expected shape \(5, 16, 2\).*found \(4, 16, 2\)"):
        load_human36(small, [1], HOURGLASS, actions=["Walking"], detections=True)


def test_a_detection_that_is_no_number_is_an_error(small):
    path = detection_path(small, 1, "Walking", CAMERAS[0])
    with h5py.File(path, "r+") as file:
        poses = file["poses"][()]
        poses[3, 7] = np.nan  # a joint that the detector did not find
        file["poses"][...] = poses
    with pytest.raises(InputError, match="NaN.* in 1 frames, first in frame 3") as refused:
        load_human36(small, [1], HOURGLASS, actions=["Walking"], detections=True)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (np.zeros((95, 5)), ["expected shape (96, frames)", "(95, 5)"]),
        (np.zeros((96, 0)), ["(96, 0)"]),
        (np.full((96, 5), np.nan), ["NaN", "5 frames", "first in frame 0"]),
        (np.array([b"text"]), ["expected numbers"]),
        (np.full((96, 5), 1e25), ["absurdly large"]),
        (np.full((96, 5), 7.0), ["at one point"]),
        (h5py.Empty("f"), ["expected a dataset"]),
    ],
)
def test_broken_motion_is_named(small, content, words):
    path = motion_path(small, 1, "Walking")
    with h5py.File(path, "w") as file:
        file["3D_positions"] = content
    message = refusal(small)
    assert all(word in message for word in [str(path), "3D_positions", *words])


def test_truncated_file(small):
    path = motion_path(small, 1, "Walking")
    path.write_bytes(path.read_bytes()[:1500])
    message = refusal(small)
    assert str(path) in message and "HDF5" in message and "\n" not in message


def test_any_damage_gives_one_line(small):
    """With random bytes changed, a file is read, or refused by name."""
    rng = np.random.default_rng(0)
    refused = 0
    motion_file = motion_path(small, 1, "Walking")
    cameras_file = small / "cameras.h5"
    for path, changed_bytes in (
        (motion_file, len(motion_file.read_bytes())),
        (cameras_file, 4000),
    ):
        whole = path.read_bytes()
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(rng.integers(1, 4)):
                damaged[rng.integers(changed_bytes)] = rng.integers(256)
            path.write_bytes(damaged)
            try:
                load_walking(small)
            except InputError as error:
                refused += 1
                assert "\n" not in str(error)
        path.write_bytes(whole)
    assert refused > 20


def test_other_dataset_name(small):
    with h5py.File(motion_path(small, 1, "Walking"), "w") as file:
        file["poses"] = np.zeros((96, 5))
    assert "found poses" in refusal(small)


def test_metres_are_noted(small):
    write_motion(motion_path(small, 1, "Walking"), motion(5, seed=0) / 1000)
    arrays = load_walking(small)
    assert any("metres" in note and "Walking.h5" in note for note in arrays.notes)


def test_pose_behind_the_camera(small):
    write_motion(motion_path(small, 1, "Walking"), motion(5, seed=0) + [20000, 0, 0])
    assert "behind camera" in refusal(small)


def test_missing_folders(small, tmp_path):
    assert "no such folder" in refusal(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "expected cameras.h5" in refusal(tmp_path / "empty")
    with pytest.raises(InputError, match="no cameras of subject 5.*has subjects .1."):
        load_human36(small, [5], SKELETON)
    with pytest.raises(InputError, match="no file of Directions"):
        load_human36(small, [1], SKELETON, actions=["Directions", "Walking"])
    shutil.rmtree(small / "S1")
    assert "S1" in refusal(small) and "no such folder" in refusal(small)


def test_description_tells_data_apart(small):
    def describe():
        return load_walking(small).describe()

    before = describe()
    assert before == describe()
    assert before["subjects"] == [1]
    assert before["frames"] == 40
    assert before["sequences"] == 8
    assert before["files"] == 3
    write_motion(motion_path(small, 1, "Walking"), motion(50, seed=0))
    assert describe()["sha256_of_names_and_sizes"] != before["sha256_of_names_and_sizes"]


def test_arrays_are_frozen(human36_dir):
    arrays = load_human36(human36_dir, [1], SKELETON, actions=["Walking"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        arrays.frame = None


def test_nothing_left_is_an_error(tmp_path):
    folder = write_human36(tmp_path / "data", subjects=(11,), actions=("Directions",), frames=3)
    motion_path(folder, 11, "Directions 1").unlink()
    with h5py.File(folder / "cameras.h5", "r+") as file:
        for number in (2, 3, 4):
            del file[f"subject11/camera{number}"]
    with pytest.raises(InputError, match="no frames"):
        load_human36(folder, [11], HOURGLASS, actions=["Directions"], detections=True)
