"""tools/make_labels.py: simulated labels of a data set's test poses."""

import json

import numpy as np
import pytest

import main_lsp
from src.data.check_labels import check_label_file
from src.data.photos import load_photos, load_truth
from src.skeletons import get_skeleton
from tools import make_labels

LSP = get_skeleton("lsp_14k")


@pytest.fixture(scope="module")
def made(human36_dir, tmp_path_factory):
    """The folder with labels of the miniature; not to be changed."""
    out = tmp_path_factory.mktemp("labels")
    command = [str(human36_dir), "--out", str(out), "--poses", "150", "--pairs", "4"]
    assert make_labels.main(command) == 0
    return out


def labels_of(made):
    """The photos, and their true poses (N,14,3) mm."""
    photos = load_photos(made / "mini_simulated_labels.json", LSP)
    return photos, load_truth(made / "mini_simulated_labels_3d.npz", len(photos.files), LSP)


def test_half_of_the_poses_train_and_no_motion_is_in_both_halves(made):
    photos, _ = labels_of(made)
    assert len(photos.files) == len(set(photos.files)) == 150
    assert photos.is_train.sum() == 75
    motions = np.array([file.partition(",")[0] for file in photos.files])
    assert {motion.partition(" ")[0] for motion in motions} == {"S9", "S11"}
    assert not set(motions[photos.is_train]) & set(motions[~photos.is_train])


def test_every_pose_has_its_labels_and_each_pair_once(made):
    photos, _ = labels_of(made)
    assert (np.bincount(photos.photo) == 4).all()
    pairs = {
        (photo, *pair) for photo, pair in zip(photos.photo, photos.pairs.tolist(), strict=True)
    }
    assert len(pairs) == 600


def test_labels_are_wrong_as_often_as_their_risk_says(made):
    photos, truth = labels_of(made)
    gap = photos.gap_mm(truth)
    expected_risk = np.maximum(0.5 - 0.00125 * np.abs(gap), 0)
    assert photos.risk == pytest.approx(expected_risk, abs=1e-4)
    is_second_closer = photos.label == 1
    assert photos.prob == pytest.approx(np.where(is_second_closer, 1 - photos.risk, photos.risk))
    is_wrong = np.sign(gap) != photos.label
    assert is_wrong.mean() == pytest.approx(expected_risk.mean(), abs=0.06)


def test_people_are_125_px_tall_and_where_the_truth_puts_them(made):
    photos, truth = labels_of(made)
    assert np.ptp(photos.pose_2d, axis=1).max(axis=1) == pytest.approx(125, abs=0.02)
    projection = truth[..., :2] / truth[..., 2:]
    projection -= projection.mean(axis=1, keepdims=True)
    pixels = photos.pose_2d - photos.pose_2d.mean(axis=1, keepdims=True)
    scale = np.ptp(pixels, axis=1).max(axis=1) / np.ptp(projection, axis=1).max(axis=1)
    assert pixels == pytest.approx(scale[:, None, None] * projection, abs=0.02)


def test_the_file_says_that_it_is_simulated_and_nothing_looks_wrong_with_it(made):
    path = made / "mini_simulated_labels.json"
    assert "SIMULATED" in json.loads(path.read_text())["simulated"]
    _, problems = check_label_file(path)
    assert problems == []


def test_the_same_seed_gives_the_same_files(made, human36_dir, tmp_path):
    command = [str(human36_dir), "--out", str(tmp_path), "--poses", "150", "--pairs", "4"]
    assert make_labels.main(command) == 0
    for name in ("mini_simulated_labels.json", "mini_simulated_labels_3d.npz"):
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


def test_more_poses_than_there_are_is_an_error_and_nothing_is_written(
    human36_dir, tmp_path, capsys
):
    out = tmp_path / "out"
    assert make_labels.main([str(human36_dir), "--out", str(out), "--poses", "1000"]) == 2
    error = capsys.readouterr().err
    assert "500 poses are wanted, and there are 96; give fewer --poses" in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_main_lsp_trains_on_them_and_says_that_they_are_simulated(made, tmp_path, capsys):
    labels = made / "mini_simulated_labels"
    command = ["--annotations", f"{labels}.json", "--truth", f"{labels}_3d.npz"]
    command += ["--ckpt", str(tmp_path), "--preset", "testing", "--no-save_ims"]
    command += ["--save_predictions"]
    assert main_lsp.main(command) == 0
    assert "SIMULATED" in capsys.readouterr().out
    folder = tmp_path / "mini_simulated_labels" / "testing" / "seed_0"
    result = json.loads((folder / "result.json").read_text())
    assert result["data"]["train"]["labels"] == 300
    assert result["pa_mpjpe_mm"] > 0
    photos, truth = labels_of(made)
    predictions = np.load(folder / "predictions.npz")
    centred = truth - truth[:, [LSP.root]]
    assert predictions["target_mm"] == pytest.approx(centred[~photos.is_train], abs=1e-3)
    assert predictions["files"].tolist() == np.array(photos.files)[~photos.is_train].tolist()
