"""main_human36.py end to end on miniature data: what it trains and leaves, which options go."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT
from run_files import assert_same_run, file_names, read_checkpoint, read_log, read_result

import main_human36
from src.metrics import MEANS
from src.skeletons import get_skeleton

# The loss terms of two presets.
TERMS = {
    "ours": ["relative", "reproj", "root", "symm"],
    "supervised": ["mse"],
}


@pytest.mark.parametrize("preset", TERMS)
def test_a_run_and_its_folder(run_human36, preset):
    command = "--epochs 3 --save_predictions --save_ims --amt_test_data 3"
    exit_code, text, folder = run_human36(f"--preset {preset} {command}")
    assert exit_code == 0, text
    assert file_names(folder) == {
        "options.json",
        "environment.json",
        "log.csv",
        "last.pt",
        "best.pt",
        "result.json",
        "predictions.npz",
        "loss_curves.png",
        "test_poses.png",
    }
    check_result(read_result(folder), read_log(folder))
    check_data(read_result(folder)["data"])
    check_predictions(folder / "predictions.npz", read_result(folder))
    check_log(read_log(folder), preset)

    pa_mpjpe_mm = read_result(folder)["pa_mpjpe_mm"]
    assert f"{pa_mpjpe_mm:.1f}" in text
    assert "epoch 3 (last)" in text
    assert str(folder) in text
    for term in TERMS[preset]:
        assert term in text


def check_result(result: dict, log: list[dict]):
    assert result["epoch"] == 3
    assert result["which"] == "last"
    assert result["skeleton"] == "human36_17k"
    assert result["seed"] == 0
    # Subjects, actions, files, cameras, every third of 12 frames.
    assert result["frames"] == 2 * 4 * 2 * 4 * 4
    assert list(result["per_action"]) == ["Directions", "Sitting", "SittingDown", "Walking"]
    assert set(result["per_joint"]) == set(get_skeleton("human36_17k").joints)
    for mean in MEANS.values():
        per_action = [means[f"{mean}_mm"] for means in result["per_action"].values()]
        assert result[f"{mean}_action_mean_mm"] == pytest.approx(np.mean(per_action))
    assert result["pa_mpjpe_mm"] < result["scaled_mpjpe_mm"]
    assert result["best"]["pa_mpjpe_mm"] == min(float(row["pa_mpjpe_mm"]) for row in log)


def check_data(data: dict):
    assert data["form"] == "human36_h5"
    assert data["name"] == "mini"
    assert data["synthetic"] is False
    assert data["train"]["subjects"] == [1, 5, 6, 7, 8]
    assert data["test"]["subjects"] == [9, 11]
    assert data["overlapping_subjects"] == []
    assert data["train"]["frames"] == 5 * 4 * 2 * 4 * 12
    assert len(data["train"]["sha256_of_names_and_sizes"]) == 64


def check_predictions(path, result: dict):
    predictions = np.load(path, allow_pickle=False)
    errors = np.linalg.norm(predictions["aligned_mm"] - predictions["target_mm"], axis=-1)
    np.testing.assert_allclose(errors, predictions["pa_mpjpe_joint_errors_mm"], rtol=1e-4)
    assert errors.mean() == pytest.approx(result["pa_mpjpe_mm"], rel=1e-4)


def check_log(log: list[dict], preset: str):
    assert [row["epoch"] for row in log] == ["1", "2", "3"]
    assert set(TERMS[preset]) <= set(log[0])


def test_a_supervised_network_learns_poses(run_human36):
    command = "--epochs 25 --linear_size 128 --dropout 0.1 --test_subjects 1"
    exit_code, text, folder = run_human36(f"--preset supervised {command}")
    assert exit_code == 0, text
    log = read_log(folder)
    assert float(log[-1]["pa_mpjpe_mm"]) < 0.6 * float(log[0]["pa_mpjpe_mm"])
    assert "[1]" in text
    assert "too good" in text
    assert read_result(folder)["data"]["overlapping_subjects"] == [1]


def test_a_relative_network_learns_labels(train_human36):
    log = read_log(train_human36("--epochs 25 --linear_size 128 --dropout 0.1 --test_subjects 1"))
    assert float(log[-1]["relative"]) < 0.7 * float(log[0]["relative"])


def test_checkpoints_hold_statistics_of_2d_and_of_3d_only_if_supervised(train_human36):
    relative = train_human36("--epochs 1", exp="relative")
    supervised = train_human36("--epochs 1 --supervision full", exp="supervised")
    assert set(read_checkpoint(relative)["statistics"]) == {"pose_2d", "limb_lengths"}
    assert set(read_checkpoint(supervised)["statistics"]) == {"pose_2d", "pose_3d", "limb_lengths"}


def test_best_checkpoint_is_the_best_epochs(train_human36, tmp_path):
    folder = train_human36("--epochs 4 --lr 0.01 --preset supervised")
    best = read_result(folder)["best"]
    best_checkpoint = read_checkpoint(folder, "best.pt")
    assert best_checkpoint["epoch"] == best["epoch"]
    assert "optimizer" not in best_checkpoint

    copy = tmp_path / "copy"
    copy.mkdir()
    torch.save(read_checkpoint(folder) | best_checkpoint, copy / "last.pt")
    tested = train_human36(f"--preset supervised --eval_only --load {copy}", exp="tested")
    assert read_result(tested)["pa_mpjpe_mm"] == pytest.approx(best["pa_mpjpe_mm"], rel=1e-6)


def test_the_progress_bar_names_the_losses(run_human36, train_human36, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    train_human36("--epochs 1")
    exit_code, text, _ = run_human36("--epochs 3")
    assert exit_code == 0, text
    assert "90/90" in text
    assert "going on after epoch 1" in text
    for name in ("total", "relative", "reproj", "root", "symm"):
        assert f"{name}=" in text


def test_seeds_differ_and_repeat(train_human36):
    one = train_human36("--epochs 1", exp="one")
    same = train_human36("--epochs 1", exp="same")
    other = train_human36("--epochs 1 --seed 1", exp="other")
    assert_same_run(one, same)
    weights = read_checkpoint(one)["network"]["pose_head.weight"]
    other_weights = read_checkpoint(other)["network"]["pose_head.weight"]
    assert not torch.equal(weights, other_weights)


def test_test_batch_changes_nothing_but_rounding(train_human36):
    one = read_result(train_human36("--epochs 1", exp="one"))
    other = read_result(train_human36("--epochs 1 --test_batch 1000", exp="other"))
    assert one["pa_mpjpe_mm"] == pytest.approx(other["pa_mpjpe_mm"], rel=1e-5)


def test_too_little_to_train_on(run_human36):
    exit_code, text, folder = run_human36("--amt_train_data 0.0001")
    assert exit_code == 2
    assert "--amt_train_data 0.0001 keeps 0 of 1920 frames" in text
    assert not folder.exists()


@pytest.mark.parametrize(
    "command",
    [
        "--dataset_type shg_16k --train_noise_type_2d detections --test_noise_type_2d detections",
        "--dataset_type human36_14k --limb_type avg_person --rel_labels_noise_prob 0.25",
        "--dataset_type human36_19k --num_pairs all --limb_type gt",
        "--dataset_type openpose_17k --num_pairs 5 --tolerance_mm 100",
        "--reprojection weak_perspective --amt_train_data 0.5",
        "--symm_weight 0 --in_dropout_p 0.1 --no-subtract_2d_root",
        "--train_noise_type_2d normal --train_noise_amount_2d 10 "
        "--test_noise_type_2d uniform_radial --test_noise_amount_2d 3",
        "--supervision full --dataset_type shg_16k --test_noise_type_2d detections --no-max_norm",
        "--train_batch 1919 --num_stage 2 --test_step 2",
    ],
)
def test_options_work_together(run_human36, command):
    exit_code, text, folder = run_human36(command)
    assert exit_code == 0, text
    result = read_result(folder)
    for mean in MEANS.values():
        assert math.isfinite(result[f"{mean}_mm"])
    if "detections" in command:
        assert "has no detections: skipped" in text


def test_dry_run_touches_nothing(run_human36):
    exit_code, text, folder = run_human36("--dry_run --lr 0.01")
    assert exit_code == 0
    assert "* lr = 0.01" in text
    assert "equivalent command" in text
    assert not folder.exists()


def test_as_a_process_of_its_own(human36_dir, tmp_path):
    """From another folder, and without a display."""
    script = str(ROOT / "main_human36.py")
    options = ["--data_dir", str(human36_dir), "--actions", "Dancing"]
    done = subprocess.run(
        [sys.executable, script, *options, "--ckpt", str(tmp_path / "runs")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"DISPLAY": ""},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "Dancing" in done.stderr


def test_the_documents_skeleton_on_the_default_data(tmp_path, capsys):
    """Its joints are none of those that the synthetic motion has."""
    path = tmp_path / "mine.json"
    skeleton = {
        "joints": ["hip", "knee_l", "knee_r"],
        "limbs": [["hip", "knee_l"], ["hip", "knee_r"]],
        "root": "hip",
        "unit_limb": ["hip", "knee_r"],
    }
    path.write_text(json.dumps(skeleton))
    assert main_human36.main(["--skeleton", str(path), "--ckpt", str(tmp_path / "runs")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: --data_dir synthetic: the synthetic motion has Human3.6M's")
