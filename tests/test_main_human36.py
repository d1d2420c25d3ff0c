"""main_human36.py end to end on miniature data, in-process; once as a process of its own, to be killed."""

import csv
import itertools
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from conftest import ROOT

import main_human36
from src import losses
from src.metrics import MEANS
from src.skeletons import get_skeleton
from src.training import engine


@pytest.fixture
def run(human36_dir, tmp_path, capsys):
    """run("--epochs 2 ...") -> (exit code, what it printed, its folder). Small, on one thread, without pictures."""

    def start(command="", *, exp="run"):
        tokens = f"--data_dir {human36_dir} --ckpt {tmp_path} --exp {exp} --linear_size 32 --threads 1 --no-save_ims"
        actions = "--actions Directions Sitting SittingDown Walking"
        code = main_human36.main(
            [*tokens.split(), *actions.split(), "--epochs", "2", *command.split()]
        )
        captured = capsys.readouterr()
        return code, captured.out + captured.err, tmp_path / exp

    return start


def load(folder, name="last.pt"):
    return torch.load(folder / name, weights_only=True)


def result_of(folder):
    return json.loads((folder / "result.json").read_text())


def log_of(folder):
    with (folder / "log.csv").open() as file:
        return [
            {name: value for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


def assert_same_run(one, other):
    """Weights, optimiser, log and result are identical to the last bit."""
    for name in ("last.pt", "best.pt"):
        ours, theirs = load(one, name), load(other, name)
        assert ours["epoch"] == theirs["epoch"]
        assert all(
            torch.equal(ours["network"][key], theirs["network"][key]) for key in ours["network"]
        )
    ours, theirs = load(one)["optimizer"]["state"], load(other)["optimizer"]["state"]
    assert all(torch.equal(ours[i][key], theirs[i][key]) for i in ours for key in ours[i])
    assert log_of(one) == log_of(other)
    assert result_of(one) == result_of(other)


@pytest.mark.parametrize("preset", ["ours", "supervised"])
def test_a_run_and_its_folder(run, preset):
    code, text, folder = run(
        f"--preset {preset} --epochs 3 --save_predictions --save_ims --amt_test_data 3"
    )
    assert code == 0, text
    contents = {path.name for path in folder.iterdir()}
    assert contents == {
        *(
            "options.json",
            "environment.json",
            "log.csv",
            "last.pt",
            "best.pt",
            "result.json",
            "predictions.npz",
        ),
        *("loss_curves.png", "test_poses.png"),
    }
    result = result_of(folder)
    assert (result["epoch"], result["which"], result["skeleton"], result["seed"]) == (
        3,
        "last",
        "human36_17k",
        0,
    )
    assert (
        result["frames"] == 2 * 4 * 2 * 4 * 4
    )  # subjects, actions, files, cameras, every third of 12 frames
    assert list(result["per_action"]) == ["Directions", "Sitting", "SittingDown", "Walking"]
    assert set(result["per_joint"]) == set(get_skeleton("human36_17k").joints)
    for mean in MEANS.values():
        per_action = [means[f"{mean}_mm"] for means in result["per_action"].values()]
        assert result[f"{mean}_action_mean_mm"] == pytest.approx(np.mean(per_action))
    assert result["pa_mpjpe_mm"] < result["scaled_mpjpe_mm"]
    assert result["best"]["pa_mpjpe_mm"] == min(float(row["pa_mpjpe_mm"]) for row in log_of(folder))
    data = result["data"]
    assert (data["form"], data["name"], data["synthetic"]) == ("human36_h5", "mini", False)
    assert data["train"]["subjects"] == [1, 5, 6, 7, 8] and data["test"]["subjects"] == [9, 11]
    assert data["train"]["frames"] == 5 * 4 * 2 * 4 * 12 and data["overlapping_subjects"] == []
    assert len(data["train"]["sha256_of_names_and_sizes"]) == 64

    predictions = np.load(folder / "predictions.npz", allow_pickle=False)
    errors = np.linalg.norm(predictions["aligned_mm"] - predictions["target_mm"], axis=-1)
    np.testing.assert_allclose(errors, predictions["pa_mpjpe_joint_errors_mm"], rtol=1e-4)
    assert errors.mean() == pytest.approx(result["pa_mpjpe_mm"], rel=1e-4)
    assert (
        f"{result['pa_mpjpe_mm']:.1f}" in text and "epoch 3 (last)" in text and str(folder) in text
    )
    terms = {"ours": ["relative", "reproj", "root", "symm"], "supervised": ["mse"]}[preset]
    assert all(term in text for term in terms)
    assert [row["epoch"] for row in log_of(folder)] == ["1", "2", "3"]
    assert set(terms) <= set(log_of(folder)[0])


def test_it_learns(run):
    code, text, folder = run(
        "--preset supervised --epochs 25 --linear_size 128 --test_subjects 1 --dropout 0.1"
    )
    assert code == 0
    first, last = log_of(folder)[0], log_of(folder)[-1]
    assert float(last["pa_mpjpe_mm"]) < 0.6 * float(first["pa_mpjpe_mm"])
    assert (
        "[1]" in text
        and "too good" in text
        and result_of(folder)["data"]["overlapping_subjects"] == [1]
    )
    code, text, folder = run(
        "--epochs 25 --linear_size 128 --test_subjects 1 --dropout 0.1", exp="ours"
    )
    assert code == 0
    assert float(log_of(folder)[-1]["relative"]) < 0.7 * float(log_of(folder)[0]["relative"])


def test_checkpoints_hold_statistics_of_2d_and_of_3d_only_if_supervised(run):
    _, _, ours = run("--epochs 1", exp="a")
    _, _, supervised = run("--epochs 1 --supervision full", exp="b")
    assert set(load(ours)["statistics"]) == {"pose_2d", "limb_lengths"}
    assert set(load(supervised)["statistics"]) == {"pose_2d", "pose_3d", "limb_lengths"}
    assert "optimizer" not in load(ours, "best.pt")


def test_two_and_two_epochs_equal_four(run):
    run("--epochs 4 --rel_labels_noise_prob mturk", exp="whole")
    run("--epochs 2 --rel_labels_noise_prob mturk", exp="parts")
    code, text, parts = run("--epochs 4 --rel_labels_noise_prob mturk", exp="parts")
    assert code == 0 and "going on after epoch 2" in text
    assert_same_run(parts.parent / "whole", parts)


def test_a_lost_result_is_made_again(run):
    _, _, folder = run()
    before = (folder / "result.json").read_text()
    (folder / "result.json").unlink()
    assert run()[0] == 0
    assert (folder / "result.json").read_text() == before


def test_the_same_command_again_does_nothing(run, monkeypatch):
    _, first, folder = run()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    monkeypatch.setattr("src.training.build.load_human36", None)  # not even the data are read
    code, text, _ = run()
    assert code == 0 and "finished already" in text
    assert first.splitlines()[-9:] == text.splitlines()[-9:]
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_run_killed_in_mid_epoch_goes_on_to_the_same_numbers(run, human36_dir, tmp_path):
    options = f"--data_dir {human36_dir} --ckpt {tmp_path} --exp killed --linear_size 256 --threads 1 --no-save_ims"
    actions = "--actions Directions Sitting SittingDown Walking"
    command = [
        sys.executable,
        "main_human36.py",
        *options.split(),
        *actions.split(),
        "--epochs",
        "10000",
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    folder = tmp_path / "killed"
    deadline = time.monotonic() + 60
    while not (folder / "log.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    code, text, _ = run("--epochs 10000 --linear_size 256", exp="killed")
    assert code == 2 and f"in use by process {process.pid}" in text
    time.sleep(0.15)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = load(folder)["epoch"]
    assert len(log_of(folder)) in (done, done - 1)
    code, text, _ = run(f"--epochs {done + 2} --linear_size 256", exp="killed")
    assert code == 0 and f"going on after epoch {done}" in text
    run(f"--epochs {done + 2} --linear_size 256", exp="whole")
    assert_same_run(tmp_path / "whole", folder)


def test_tests_only_every_so_many_epochs(run):
    """A run that stopped off schedule goes on as if it had not: its last test is no row of the log and no best."""
    run("--epochs 4 --test_step 2", exp="whole")
    _, _, parts = run("--epochs 3 --test_step 2", exp="parts")
    assert [row["pa_mpjpe_mm"] != "" for row in log_of(parts)] == [False, True, False]
    assert result_of(parts)["epoch"] == 3 and result_of(parts)["best"]["epoch"] == 2
    run("--epochs 4 --test_step 2", exp="parts")
    assert_same_run(parts.parent / "whole", parts)


def test_best_checkpoint_is_the_best_epochs(run, tmp_path):
    _, _, folder = run("--epochs 4 --lr 0.01 --preset supervised")
    best = result_of(folder)["best"]
    assert load(folder, "best.pt")["epoch"] == best["epoch"]
    (tmp_path / "copy").mkdir()
    checkpoint = load(folder) | load(folder, "best.pt")
    torch.save(checkpoint, tmp_path / "copy" / "last.pt")
    _, _, tested = run(f"--preset supervised --eval_only --load {tmp_path / 'copy'}", exp="tested")
    assert result_of(tested)["pa_mpjpe_mm"] == pytest.approx(best["pa_mpjpe_mm"], rel=1e-6)


def test_a_run_that_got_nowhere_does_not_block(run):
    assert run("--lr 1e30")[0] == 2
    assert run("--epochs 1")[0] == 0


def test_the_progress_bar_names_the_losses(run, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run("--epochs 1")
    code, text, _ = run("--epochs 3")
    assert code == 0
    assert "90/90" in text and "going on after epoch 1" in text
    assert all(f"{name}=" in text for name in ("total", "relative", "reproj", "root", "symm"))


def test_seeds_differ_and_repeat(run):
    _, _, one = run("--epochs 1", exp="a")
    _, _, same = run("--epochs 1", exp="b")
    _, _, other = run("--epochs 1 --seed 1", exp="c")
    assert_same_run(one, same)
    assert not torch.equal(
        load(one)["network"]["pose_head.weight"], load(other)["network"]["pose_head.weight"]
    )


def test_test_batch_changes_nothing_but_rounding(run):
    _, _, one = run("--epochs 1", exp="a")
    _, _, other = run("--epochs 1 --test_batch 1000", exp="b")
    assert result_of(one)["pa_mpjpe_mm"] == pytest.approx(result_of(other)["pa_mpjpe_mm"], rel=1e-5)


def test_another_option_is_refused_by_name(run):
    _, _, folder = run("--epochs 1")
    before = (folder / "last.pt").read_bytes()
    code, text, _ = run("--epochs 1 --lr 0.01")
    assert code == 2 and "--lr 0.001, not --lr 0.01" in text and "Traceback" not in text
    assert (folder / "last.pt").read_bytes() == before


def test_changed_data_are_refused(run, human36_dir, tmp_path):
    copy = tmp_path / "data" / "mini"
    shutil.copytree(human36_dir, copy)
    assert run(f"--data_dir {copy} --epochs 1")[0] == 0
    (copy / "S9" / "MyPoses" / "3D_positions" / "Walking 1.h5").unlink()
    code, text, _ = run(f"--data_dir {copy} --epochs 2")
    assert code == 2 and "data have changed" in text


def test_ctrl_c_says_how_to_go_on(run, monkeypatch):
    train_epoch = engine.train_epoch

    def interrupted(*args, epoch, **others):
        if epoch == 2:
            raise KeyboardInterrupt
        return train_epoch(*args, epoch=epoch, **others)

    monkeypatch.setattr(engine, "train_epoch", interrupted)
    code, text, folder = run("--epochs 3")
    assert code == 130 and "1 whole epochs" in text and "the same command goes on" in text
    assert load(folder)["epoch"] == 1 and not (folder / "result.json").exists()


def test_a_loss_that_is_not_finite_stops_the_run(run, monkeypatch):
    _, _, folder = run("--epochs 1")
    kept = (folder / "last.pt").read_bytes()
    root_loss, calls = losses.root_loss, itertools.count(1)
    monkeypatch.setattr(
        losses, "root_loss", lambda *args: root_loss(*args) * (math.nan if next(calls) == 7 else 1)
    )
    code, text, _ = run("--epochs 2")
    assert code == 2 and "root is not finite in epoch 2, step 7;" in text
    assert (folder / "last.pt").read_bytes() == kept


def test_exploding_weights_are_noticed(run):
    code, text, folder = run("--lr 1e30")
    assert code == 2 and "is not finite in epoch 1, step" in text
    assert not (folder / "result.json").exists()


def test_eval_only_gives_the_same_errors(run):
    _, _, trained = run("--preset supervised --epochs 1", exp="trained")
    code, _, folder = run(f"--preset supervised --eval_only --load {trained}", exp="tested")
    assert code == 0
    before, after = result_of(trained), result_of(folder)
    assert {path.name for path in folder.iterdir()} == {
        "options.json",
        "environment.json",
        "result.json",
    }
    assert (
        after["pa_mpjpe_mm"] == before["pa_mpjpe_mm"]
        and after["per_action"] == before["per_action"]
    )
    assert (after["trained"], after["epoch"], after["loaded_from"]) == (False, 1, str(trained))
    assert (
        "finished already"
        in run(f"--preset supervised --eval_only --load {trained}", exp="tested")[1]
    )


def test_eval_only_notices_that_the_run_has_gone_on(run):
    _, _, trained = run("--epochs 1", exp="trained")
    run(f"--eval_only --load {trained}", exp="tested")
    run("--epochs 2", exp="trained")
    code, text, folder = run(f"--eval_only --load {trained}", exp="tested")
    assert code == 0 and "finished already" not in text
    assert result_of(folder)["epoch"] == 2
    assert result_of(folder)["pa_mpjpe_mm"] == result_of(trained)["pa_mpjpe_mm"]


def test_a_loaded_run_goes_on_without_the_other(run):
    _, _, first = run("--epochs 1", exp="first")
    run(f"--epochs 2 --load {first}", exp="whole")
    run(f"--epochs 1 --load {first}", exp="parts")
    (first / "last.pt").unlink()
    code, _, parts = run(f"--epochs 2 --load {first}", exp="parts")
    assert code == 0
    assert_same_run(parts.parent / "whole", parts)


@pytest.mark.parametrize("name", ["last.pt", "options.json", "result.json"])
@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"garbage", "list", "empty dict", "wrong weights"]
)
def test_damaged_files_of_a_run_are_named(run, name, content):
    _, _, folder = run("--epochs 1")
    if isinstance(content, str):
        whole = load(folder)
        content = {
            "list": [1],
            "empty dict": {},
            "wrong weights": whole | {"network": {"x": torch.zeros(1)}},
        }[content]
        torch.save(content, folder / name)
    else:
        (folder / name).write_bytes(content)
    before = (folder / name).read_bytes()
    code, text, _ = run("--epochs 1" if name == "result.json" else "--epochs 2")
    assert code == 2 and len(text.strip().splitlines()[-1]) < 600
    assert text.strip().splitlines()[-1].startswith("error: ") and str(folder) in text
    assert (folder / name).read_bytes() == before


@pytest.mark.parametrize(
    "change", [{"options": []}, {"network": {}}, {"statistics": {}}, {"epoch": "x"}]
)
def test_damaged_checkpoints_to_test_are_named(run, change):
    _, _, first = run("--epochs 1", exp="first")
    torch.save(load(first) | change, first / "last.pt")
    code, text, second = run(f"--eval_only --load {first}", exp="second")
    assert code == 2 and "error: " in text and not second.exists()


def test_resuming_compares_the_checkpoints_own_options(run):
    _, _, folder = run("--epochs 1")
    (folder / "options.json").unlink()
    code, text, _ = run("--epochs 2 --lr 0.5")
    assert code == 2 and "--lr 0.001, not --lr 0.5" in text


def test_load_starts_from_those_weights(run):
    _, _, first = run("--epochs 3", exp="first")
    code, text, second = run(f"--epochs 1 --lr 1e-12 --load {first}", exp="second")
    assert code == 0
    assert result_of(second)["epoch"] == 1
    weights, before = (
        load(second)["network"]["pose_head.weight"],
        load(first)["network"]["pose_head.weight"],
    )
    torch.testing.assert_close(weights, before, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("--linear_size 16", "--linear_size 32, not 16"),
        ("--num_stage 2", "--num_stage 1, not 2"),
        ("--dataset_type lsp_14k", "--dataset_type human36_17k, not lsp_14k"),
        ("--supervision full", "--supervision relative, not full"),
        ("--no-subtract_2d_root", "--subtract_2d_root True, not False"),
    ],
)
def test_loading_another_kind_of_network_is_refused(run, other, words):
    _, _, first = run("--epochs 1", exp="first")
    code, text, second = run(f"{other} --load {first}", exp="second")
    assert code == 2 and words in text and not second.exists()


def test_refused_data_leave_nothing_behind(run, tmp_path):
    code, text, folder = run(f"--data_dir {tmp_path / 'nowhere'}")
    assert code == 2 and "no such folder" in text and not folder.exists()


def test_too_little_to_train_on(run):
    code, text, folder = run("--amt_train_data 0.0001")
    assert (
        code == 2
        and "--amt_train_data 0.0001 keeps 0 of 1920 frames" in text
        and not folder.exists()
    )


@pytest.mark.parametrize(
    "command",
    [
        "--dataset_type shg_16k --train_noise_type_2d detections --test_noise_type_2d detections",
        "--dataset_type human36_14k --limb_type avg_person --rel_labels_noise_prob 0.25",
        "--dataset_type human36_19k --num_pairs all --limb_type gt",
        "--dataset_type openpose_17k --num_pairs 5 --tolerance_mm 100",
        "--reprojection weak_perspective --amt_train_data 0.5",
        "--symm_weight 0 --in_dropout_p 0.1 --no-subtract_2d_root",
        "--train_noise_type_2d normal --train_noise_amount_2d 10 --test_noise_type_2d uniform_radial"
        " --test_noise_amount_2d 3",
        "--supervision full --dataset_type shg_16k --test_noise_type_2d detections --no-max_norm",
        "--train_batch 1919 --num_stage 2 --test_step 2",
    ],
)
def test_options_work_together(run, command):
    code, text, folder = run(command)
    assert code == 0, text
    result = result_of(folder)
    assert all(math.isfinite(result[f"{mean}_mm"]) for mean in MEANS.values())
    if "detections" in command:
        assert "has no detections: skipped" in text


def test_dry_run_touches_nothing(run):
    code, text, folder = run("--dry_run --lr 0.01")
    assert code == 0 and "* lr = 0.01" in text and "equivalent command" in text
    assert not folder.exists()


def test_as_a_process_of_its_own(human36_dir, tmp_path):
    command = (
        f"main_human36.py --data_dir {human36_dir} --actions Dancing --ckpt {tmp_path / 'runs'}"
    )
    # From another folder, without a display.
    command = [sys.executable, str(ROOT / "main_human36.py"), *command.split()[1:]]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "DISPLAY": ""}
    )
    assert done.returncode == 2
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1 and "Dancing" in done.stderr
