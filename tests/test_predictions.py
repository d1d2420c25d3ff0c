"""Reading predictions.npz: what a run writes is taken, and anything else is one line."""

import numpy as np
import pytest
from conftest import ROOT

from src.errors import InputError
from src.predictions import load_predictions

RESULTS = ROOT / "tests" / "results"
MOTION = RESULTS / "synthetic/fig_4ab/ours/seed_0/predictions.npz"
PHOTOS = RESULTS / "synthetic_photos/fig_5/ours_lsp/seed_0/predictions.npz"


def arrays_of(path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def check_refusal(path, arrays: dict, words: str, *, are_of_photos=False):
    np.savez(path, **arrays)
    with pytest.raises(InputError) as caught:
        load_predictions(path, are_of_photos=are_of_photos)
    message = str(caught.value)
    assert message.startswith(f"{path}: is damaged ({words}") and len(message) < 300


@pytest.mark.parametrize(("path", "are_of_photos"), [(MOTION, False), (PHOTOS, True)])
def test_predictions_of_a_run_are_taken(path, are_of_photos):
    written = arrays_of(path)
    arrays = load_predictions(path, are_of_photos=are_of_photos)
    assert ("files" in arrays) == are_of_photos
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, written[name])


def test_predictions_of_older_runs_lack_the_root(tmp_path):
    arrays = arrays_of(MOTION)
    del arrays["root_2d_px"]
    np.savez(tmp_path / "a.npz", **arrays)
    assert "root_2d_px" not in load_predictions(tmp_path / "a.npz", are_of_photos=False)


NEEDED = (
    "joints",
    "pose_2d_px",
    "target_mm",
    "aligned_mm",
    "pa_mpjpe_joint_errors_mm",
    "sequence",
    "frame",
    "sequence_names",
)


@pytest.mark.parametrize("name", NEEDED)
def test_arrays_that_are_missing_or_odd(tmp_path, name):
    path = tmp_path / "a.npz"
    arrays = arrays_of(MOTION)
    array = arrays.pop(name)
    check_refusal(path, arrays, f"{name} is missing")
    # One of another length may make the next array the odd one.
    check_refusal(path, arrays | {name: array[None]}, f"{name} has shape")
    check_refusal(path, arrays | {name: array[:0]}, f"{name} has shape")
    check_refusal(path, arrays | {name: array.astype(object).astype("S40")}, f"{name} holds |S40")
    check_refusal(path, arrays | {name: np.zeros(array.shape, complex)}, f"{name} holds complex")
    check_refusal(path, arrays | {name: np.zeros(array.shape, bool)}, f"{name} holds bool")


@pytest.mark.parametrize("name", ["joints", "pose_2d_px", "prediction_mm", "files"])
def test_arrays_of_photos_that_are_missing(tmp_path, name):
    arrays = arrays_of(PHOTOS)
    del arrays[name]
    check_refusal(tmp_path / "a.npz", arrays, f"{name} is missing", are_of_photos=True)


def test_the_truth_of_photos_is_taken_where_there_is_one_and_must_fit(tmp_path):
    arrays = arrays_of(PHOTOS)
    truth = arrays["prediction_mm"] + 1
    np.savez(tmp_path / "a.npz", **arrays, target_mm=truth)
    loaded = load_predictions(tmp_path / "a.npz", are_of_photos=True)
    np.testing.assert_array_equal(loaded["target_mm"], truth)
    arrays["target_mm"] = truth[1:]
    check_refusal(tmp_path / "a.npz", arrays, "target_mm has shape", are_of_photos=True)


def test_what_records_keep_as_float16_becomes_float32(tmp_path):
    arrays = arrays_of(MOTION)
    arrays["target_mm"] = arrays["target_mm"].astype(np.float16)
    np.savez(tmp_path / "a.npz", **arrays)
    loaded = load_predictions(tmp_path / "a.npz", are_of_photos=False)
    assert loaded["target_mm"].dtype == np.float32
    np.testing.assert_array_equal(loaded["target_mm"], arrays["target_mm"])
    arrays["target_mm"][0, 0, 0] = np.inf
    check_refusal(tmp_path / "a.npz", arrays, "target_mm has numbers")


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e30, -1e30])
@pytest.mark.parametrize("name", ["pose_2d_px", "root_2d_px", "target_mm", "aligned_mm"])
def test_odd_numbers(tmp_path, name, number):
    arrays = arrays_of(MOTION)
    arrays[name][-1, -1] = number
    check_refusal(tmp_path / "a.npz", arrays, f"{name} has numbers")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("sequence", 8, "sequence has numbers of no sequence"),
        ("sequence", -1, "sequence has numbers of no sequence"),
        ("frame", 2**31 - 1, "frame has numbers"),
        ("pa_mpjpe_joint_errors_mm", -1, "pa_mpjpe_joint_errors_mm has numbers"),
        ("joints", "mid_hip", "joints has a name twice"),
    ],
)
def test_odd_values(tmp_path, name, value, words):
    arrays = arrays_of(MOTION)
    arrays[name].flat[-1] = value
    check_refusal(tmp_path / "a.npz", arrays, words)


def test_predictions_of_the_other_kind(tmp_path):
    check_refusal(tmp_path / "a.npz", arrays_of(PHOTOS), "target_mm is missing")
    motion = arrays_of(MOTION)
    check_refusal(tmp_path / "a.npz", motion, "files is missing", are_of_photos=True)


def test_what_is_no_npz(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK no")
    with pytest.raises(InputError, match="a.npz: cannot be read as npz"):
        load_predictions(tmp_path / "a.npz", are_of_photos=False)
