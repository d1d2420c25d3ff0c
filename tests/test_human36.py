"""The reader of the h5 layout, on miniature files and on the numbers of the 2018 implementation."""

import dataclasses
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from fitting import fitted_camera
from miniature import ACTIONS, CAMERAS, FRAMES, detection_path, motion, write_human36, write_motion

from opts.human36 import parse_options
from src.cameras import load_cameras
from src.data.human36.load import load_human36
from src.errors import InputError
from src.skeletons import get_skeleton
from src.training import build

GOLDEN = Path(__file__).parent / "golden"
SKELETON = get_skeleton("human36_17k")


@pytest.fixture
def small(tmp_path):
    """One subject, one action, free to be broken."""
    return write_human36(tmp_path / "small", subjects=(1,), actions=("Walking",), frames=5)


def positions(folder, name):
    return folder / "S1" / "MyPoses" / "3D_positions" / name


def refusal(folder, **options):
    with pytest.raises(InputError) as error:
        load_human36(folder, [1], SKELETON, actions=["Walking"], **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("size", "dataset_type"), [(17, "human36_17k"), (16, "shg_16k"), (14, "human36_14k")]
)
def test_golden_preprocessing(cmu_dir, size, dataset_type):
    golden = np.load(GOLDEN / f"preprocess_{size}.npz", allow_pickle=False)
    tokens = f"--data_dir {cmu_dir} --dataset_type {dataset_type} --train_subjects 8 --actions Walking Sitting"
    options, _ = parse_options([*tokens.split(), "--supervision", "full"])
    arrays = build.load_poses(options, "train")
    poses = build.centre(arrays, options, "train")
    statistics = build.fit_statistics(poses, options)
    assert len(arrays) == golden["num_frames"]
    rows = {}
    for row, (sequence, frame) in enumerate(zip(arrays.sequence, arrays.frame, strict=True)):
        rows[
            f"{arrays.sequences[sequence].name}.h5", arrays.sequences[sequence].camera, int(frame)
        ] = row
    keys = zip(
        golden["sequence"].tolist(),
        golden["camera"].tolist(),
        golden["frame"].tolist(),
        strict=True,
    )
    picked = [rows[key] for key in keys]
    mm, px = {"atol": 2e-3, "rtol": 0}, {"atol": 5e-4, "rtol": 0}
    for name, tolerance in (("pose_3d", mm), ("root_3d", mm), ("pose_2d", px), ("root_2d", px)):
        np.testing.assert_allclose(getattr(poses, name)[picked], golden[name], **tolerance)
    np.testing.assert_allclose(statistics.pose_2d.mean, golden["mean_2d"], **px)
    np.testing.assert_allclose(statistics.pose_2d.std, golden["std_2d"], **px)
    np.testing.assert_allclose(statistics.pose_3d.mean, golden["mean_3d"], **mm)
    np.testing.assert_allclose(statistics.pose_3d.std, golden["std_3d"], **mm)
    np.testing.assert_allclose(statistics.limb_lengths[0], golden["mean_limb_lengths"], **mm)


@pytest.mark.parametrize(
    ("size", "dataset_type"), [(17, "human36_17k"), (16, "shg_16k"), (14, "human36_14k")]
)
def test_golden_poses_without_the_data(tmp_path, size, dataset_type):
    """What the golden rows themselves tell: written as h5 and read, projected and centred again, they come out.

    The world is the camera's frame here; the cameras are those that fit the rows' pixels. (Means and standard
    deviations are of frames that are not in the golden file: `test_golden_preprocessing` needs the data.)
    """
    golden, skeleton = (
        np.load(GOLDEN / f"preprocess_{size}.npz", allow_pickle=False),
        get_skeleton(dataset_type),
    )
    points = golden["pose_3d"].astype(float) + golden["root_3d"][:, None]
    pixels = golden["pose_2d"].astype(float) + golden["root_2d"][:, None]
    names = sorted(set(golden["camera"].tolist()))
    with h5py.File(tmp_path / "cameras.h5", "w") as file:
        for number, name in enumerate(names):
            seen = golden["camera"] == name
            flat = points[seen].reshape(-1, 3)
            camera = fitted_camera(flat, flat, pixels[seen].reshape(-1, 2), atol=0.05)
            group = file.create_group(f"subject8/camera{number + 1}")
            for field in ("R", "T", "f", "c", "k", "p"):
                group[field] = {"R": np.eye(3), "T": np.zeros(3)}.get(field, getattr(camera, field))
            group["Name"] = [ord(letter) for letter in name]
    for number, name in enumerate(names):
        world = np.repeat(points[golden["camera"] == name][:, :1], 32, axis=1)
        world[:, list(skeleton.human36_indices)] = points[golden["camera"] == name]
        write_motion(tmp_path / "S8" / "MyPoses" / "3D_positions" / f"Walking {number}.h5", world)
    tokens = (
        f"--data_dir {tmp_path} --dataset_type {dataset_type} --train_subjects 8 --actions Walking"
    )
    options, _ = parse_options(tokens.split())
    arrays = build.load_poses(options, "train")
    poses = build.centre(arrays, options, "train")
    for number, name in enumerate(names):
        rows = np.array(
            [s.name == f"Walking {number}" and s.camera == name for s in arrays.sequences]
        )[arrays.sequence]
        seen = golden["camera"] == name
        for field, atol in (
            ("pose_3d", 2e-3),
            ("root_3d", 2e-3),
            ("pose_2d", 5e-4),
            ("root_2d", 5e-4),
        ):
            np.testing.assert_allclose(
                getattr(poses, field)[rows], golden[field][seen], rtol=0, atol=atol
            )


def test_every_pose_is_where_it_belongs(human36_dir):
    arrays = load_human36(human36_dir, [5, 9], SKELETON, actions=ACTIONS)
    assert len(arrays) == 2 * len(ACTIONS) * 2 * len(CAMERAS) * FRAMES
    assert arrays.pose_2d.shape == (len(arrays), 17, 2) and arrays.pose_3d.shape == (
        len(arrays),
        17,
        3,
    )
    assert arrays.pose_2d.dtype == arrays.pose_3d.dtype == np.float32
    assert list(dict.fromkeys(arrays.action)) == list(ACTIONS)
    cameras = load_cameras(human36_dir / "cameras.h5")
    for row in np.random.default_rng(0).integers(0, len(arrays), 40):
        sequence = arrays.sequences[arrays.sequence[row]]
        assert (arrays.subject[row], arrays.action[row], arrays.camera[row]) == (
            *(sequence.subject, sequence.action, sequence.camera),
        )
        assert sequence.action == sequence.name.split()[0]
        number = 2 * ACTIONS.index(sequence.action) + sequence.name.endswith(" 1")
        world = motion(FRAMES, seed=100 * sequence.subject + number)[
            arrays.frame[row], list(SKELETON.human36_indices)
        ]
        camera = cameras[sequence.subject, sequence.camera]
        np.testing.assert_allclose(arrays.pose_3d[row], camera.world_to_camera(world), atol=2e-3)
        np.testing.assert_allclose(arrays.pose_2d[row], camera.project(world), atol=1e-3)
        np.testing.assert_allclose(arrays.focal[row], camera.f)


def test_sitting_is_not_sitting_down(human36_dir):
    arrays = load_human36(human36_dir, [1], SKELETON, actions=["Sitting"])
    assert {sequence.name for sequence in arrays.sequences} == {"Sitting", "Sitting 1"}


def test_file_names_with_any_number(small):
    folder = positions(small, "")
    (folder / "Walking.h5").rename(folder / "Walking 10.h5")
    (folder / "Walking 1.h5").rename(folder / "Walking 2.h5")
    names = [
        sequence.name
        for sequence in load_human36(small, [1], SKELETON, actions=["Walking"]).sequences
    ]
    assert list(dict.fromkeys(names)) == ["Walking 2", "Walking 10"]


def test_names_as_vectors(tmp_path):
    folder = write_human36(
        tmp_path / "flat", subjects=(1,), actions=("Walking",), frames=3, name_shape=(8,)
    )
    assert {
        s.camera for s in load_human36(folder, [1], SKELETON, actions=["Walking"]).sequences
    } == set(CAMERAS)


def test_foreign_files_are_ignored_with_a_note(small):
    shutil.copy(positions(small, "Walking.h5"), positions(small, "Dancing.h5"))
    arrays = load_human36(small, [1], SKELETON, actions=["Walking"])
    assert len(arrays) == 2 * 4 * 5
    assert any("Dancing" in note for note in arrays.notes)


def test_notes_are_in_the_same_order_whatever_the_hash_seed(small):
    for name in ("Dancing", "Jumping", "Aerobics"):
        shutil.copy(positions(small, "Walking.h5"), positions(small, f"{name}.h5"))
    notes = load_human36(small, [1], SKELETON, actions=["Walking"]).notes
    assert [
        next(word for word in ("Aerobics", "Dancing", "Jumping") if word in note) for note in notes
    ] == (["Aerobics", "Dancing", "Jumping"])


def test_keep_every_counts_within_each_file(small):
    arrays = load_human36(small, [1], SKELETON, actions=["Walking"], keep_every=2)
    whole = load_human36(small, [1], SKELETON, actions=["Walking"])
    assert arrays.frame.tolist() == [0, 2, 4] * 8
    np.testing.assert_array_equal(arrays.pose_3d, whole.pose_3d[whole.frame % 2 == 0])


def test_files_are_checked_whole_even_if_subsampled(small):
    world = motion(5, seed=0)
    world[3, 7, 1] = np.inf
    write_motion(positions(small, "Walking.h5"), world)
    assert "first in frame 3" in refusal(small, keep_every=5)


def test_detections(human36_dir):
    skeleton = get_skeleton("shg_16k")
    truth = load_human36(human36_dir, [9], skeleton, actions=ACTIONS)
    arrays = load_human36(human36_dir, [9], skeleton, actions=ACTIONS, detections=True)
    np.testing.assert_array_equal(arrays.pose_3d, truth.pose_3d)
    error = arrays.pose_2d - truth.pose_2d
    assert 3.5 < error.std() < 4.5
    with h5py.File(detection_path(human36_dir, 9, "Walking 1", CAMERAS[1])) as file:
        rows = [
            (s.name, s.camera) == ("Walking 1", CAMERAS[1])
            for s in (arrays.sequences[i] for i in arrays.sequence)
        ]
        np.testing.assert_array_equal(arrays.pose_2d[rows], file["poses"][()])


def test_the_known_missing_detections_are_skipped_and_said(human36_dir):
    arrays = load_human36(
        human36_dir, [11], get_skeleton("shg_16k"), actions=ACTIONS, detections=True
    )
    assert len(arrays) == (len(ACTIONS) * 2 * 4 - 1) * FRAMES
    assert arrays.sequence.max() == len(arrays.sequences) - 1
    assert not any((s.name, s.camera) == ("Directions", CAMERAS[0]) for s in arrays.sequences)
    assert any("Directions" in note and CAMERAS[0] in note for note in arrays.notes)


def test_other_missing_detections_are_an_error(small):
    path = detection_path(small, 1, "Walking", CAMERAS[0])
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        load_human36(small, [1], get_skeleton("shg_16k"), actions=["Walking"], detections=True)


def test_detections_of_another_length_are_an_error(small):
    path = detection_path(small, 1, "Walking", CAMERAS[0])
    with h5py.File(path, "w") as file:
        file["poses"] = np.zeros((4, 16, 2))
    with pytest.raises(InputError, match=r"expected shape \(5, 16, 2\).*found \(4, 16, 2\)"):
        load_human36(small, [1], get_skeleton("shg_16k"), actions=["Walking"], detections=True)


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
    path = positions(small, "Walking.h5")
    with h5py.File(path, "w") as file:
        file["3D_positions"] = content
    message = refusal(small)
    assert all(word in message for word in [str(path), "3D_positions", *words])


def test_truncated_file(small):
    path = positions(small, "Walking.h5")
    path.write_bytes(path.read_bytes()[:1500])
    message = refusal(small)
    assert str(path) in message and "HDF5" in message and "\n" not in message


def test_any_damage_gives_one_line(small):
    """Random bytes changed: the file is read, or refused by name."""
    path = positions(small, "Walking.h5")
    whole, rng, refused = path.read_bytes(), np.random.default_rng(0), 0
    for target, content in (
        (path, whole),
        (small / "cameras.h5", (small / "cameras.h5").read_bytes()),
    ):
        for _ in range(150):
            damaged = bytearray(content)
            for _ in range(rng.integers(1, 4)):
                damaged[rng.integers(len(damaged) if target == path else 4000)] = rng.integers(256)
            target.write_bytes(damaged)
            try:
                load_human36(small, [1], SKELETON, actions=["Walking"])
            except InputError as error:
                refused += 1
                assert "\n" not in str(error)
        target.write_bytes(content)
    assert refused > 20


def test_other_dataset_name(small):
    with h5py.File(positions(small, "Walking.h5"), "w") as file:
        file["poses"] = np.zeros((96, 5))
    assert "found poses" in refusal(small)


def test_metres_are_noted(small):
    write_motion(positions(small, "Walking.h5"), motion(5, seed=0) / 1000)
    arrays = load_human36(small, [1], SKELETON, actions=["Walking"])
    assert any("metres" in note and "Walking.h5" in note for note in arrays.notes)


def test_pose_behind_the_camera(small):
    write_motion(positions(small, "Walking.h5"), motion(5, seed=0) + [20000, 0, 0])
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
        return load_human36(small, [1], SKELETON, actions=["Walking"]).describe()

    before = describe()
    assert before == describe()
    assert (before["subjects"], before["frames"], before["sequences"], before["files"]) == (
        [1],
        40,
        8,
        3,
    )
    write_motion(positions(small, "Walking.h5"), motion(50, seed=0))
    assert describe()["sha256_of_names_and_sizes"] != before["sha256_of_names_and_sizes"]


def test_arrays_are_frozen(human36_dir):
    arrays = load_human36(human36_dir, [1], SKELETON, actions=["Walking"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        arrays.frame = None


def test_nothing_left_is_an_error(tmp_path):
    folder = write_human36(tmp_path / "data", subjects=(11,), actions=("Directions",), frames=3)
    (folder / "S11" / "MyPoses" / "3D_positions" / "Directions 1.h5").unlink()
    with h5py.File(folder / "cameras.h5", "r+") as file:
        for number in (2, 3, 4):
            del file[f"subject11/camera{number}"]
    with pytest.raises(InputError, match="no frames"):
        load_human36(folder, [11], get_skeleton("shg_16k"), actions=["Directions"], detections=True)
