"""Runs that are interrupted, killed, finished, spoilt or repeated, by main_human36.py."""

import itertools
import math
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from conftest import ROOT
from miniature import ACTIONS
from run_files import assert_same_run, file_names, read_checkpoint, read_log, read_result

from src import losses
from src.training import engine, run_folder


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_two_and_two_epochs_equal_four(run_human36, train_human36):
    whole = train_human36("--epochs 4 --rel_labels_noise_prob mturk", exp="whole")
    train_human36("--epochs 2 --rel_labels_noise_prob mturk", exp="parts")
    command = "--epochs 4 --rel_labels_noise_prob mturk"
    exit_code, text, parts = run_human36(command, exp="parts")
    assert exit_code == 0, text
    assert "going on after epoch 2" in text
    assert_same_run(parts, whole)


def test_tests_only_every_so_many_epochs(train_human36):
    """A run that stopped off schedule goes on as if it had not.

    The test at its end is no row of the log, and no best epoch.
    """
    whole = train_human36("--epochs 4 --test_step 2", exp="whole")
    parts = train_human36("--epochs 3 --test_step 2", exp="parts")
    assert [row["pa_mpjpe_mm"] != "" for row in read_log(parts)] == [False, True, False]
    assert read_result(parts)["epoch"] == 3
    assert read_result(parts)["best"]["epoch"] == 2
    train_human36("--epochs 4 --test_step 2", exp="parts")
    assert_same_run(parts, whole)


def test_a_lost_result_is_made_again(train_human36):
    folder = train_human36()
    before = (folder / "result.json").read_text()
    (folder / "result.json").unlink()
    train_human36()
    assert (folder / "result.json").read_text() == before


def test_the_same_command_again_does_nothing(run_human36, monkeypatch):
    _, first_text, folder = run_human36()
    before = modification_times(folder)
    monkeypatch.setattr("src.training.build.load_human36", None)  # not even the data are read
    exit_code, text, _ = run_human36()
    assert exit_code == 0, text
    assert "finished already" in text
    assert first_text.splitlines()[-9:] == text.splitlines()[-9:]  # the table
    assert modification_times(folder) == before


def modification_times(folder) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


@pytest.mark.parametrize(
    "signal_number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_run_killed_in_mid_epoch_goes_on_to_the_same_numbers(
    run_human36, train_human36, human36_dir, tmp_path, signal_number
):
    folder = tmp_path / "killed"
    process = start_endless_run(human36_dir, tmp_path, exp="killed")
    deadline = time.monotonic() + 60
    while not (folder / "log.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    exit_code, text, _ = run_human36("--epochs 10000 --linear_size 256", exp="killed")
    assert exit_code == 2
    assert f"in use by process {process.pid}" in text
    time.sleep(0.15)
    process.send_signal(signal_number)
    process.communicate()

    done = read_checkpoint(folder)["epoch"]
    assert len(read_log(folder)) in (done, done - 1)
    exit_code, text, _ = run_human36(f"--epochs {done + 2} --linear_size 256", exp="killed")
    assert exit_code == 0, text
    assert f"going on after epoch {done}" in text
    whole = train_human36(f"--epochs {done + 2} --linear_size 256", exp="whole")
    assert_same_run(folder, whole)


def start_endless_run(human36_dir, tmp_path, *, exp: str) -> subprocess.Popen:
    """Start a process that trains as `run_human36` does, with --linear_size 256."""
    command = [sys.executable, "main_human36.py"]
    command += ["--data_dir", str(human36_dir), "--ckpt", str(tmp_path), "--exp", exp]
    command += ["--actions", *ACTIONS]
    command += ["--epochs", "10000", "--linear_size", "256", "--threads", "1", "--no-save_ims"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def interrupt_epoch(monkeypatch, number: int):
    """Let Ctrl-C be pressed at the beginning of an epoch."""
    train_epoch = engine.train_epoch

    def interrupted(*args, epoch, **options):
        if epoch == number:
            raise KeyboardInterrupt
        return train_epoch(*args, epoch=epoch, **options)

    monkeypatch.setattr(engine, "train_epoch", interrupted)


def test_ctrl_c_says_how_to_go_on(run_human36, monkeypatch):
    interrupt_epoch(monkeypatch, 2)
    exit_code, text, folder = run_human36("--epochs 3")
    assert exit_code == 130
    assert "1 whole epochs" in text
    assert "the same command goes on" in text
    assert read_checkpoint(folder)["epoch"] == 1
    assert not (folder / "result.json").exists()


def test_ctrl_c_before_the_first_whole_epoch(run_human36, monkeypatch):
    interrupt_epoch(monkeypatch, 1)
    exit_code, text, folder = run_human36("--epochs 3")
    assert exit_code == 130
    assert last_line(text).startswith("interrupted")
    assert "Traceback" not in text
    assert file_names(folder) == {"options.json", "environment.json"}


def test_a_crash_between_two_files_repeats_the_epoch(run_human36, train_human36, monkeypatch):
    """best.pt of epoch 2 is written and last.pt is still that of epoch 1."""
    whole = train_human36("--epochs 3 --lr 0.01 --preset supervised", exp="whole")
    save_checkpoint = run_folder.RunFolder.save_checkpoint

    def crash(folder, name, content):
        if name == "last.pt" and content["epoch"] == 2:
            raise KeyboardInterrupt
        save_checkpoint(folder, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(run_folder.RunFolder, "save_checkpoint", crash)
        exit_code, _, _ = run_human36("--epochs 3 --lr 0.01 --preset supervised", exp="parts")
    assert exit_code == 130
    parts = train_human36("--epochs 3 --lr 0.01 --preset supervised", exp="parts")
    assert_same_run(parts, whole)


def test_a_loss_that_is_not_finite_stops_the_run(run_human36, train_human36, monkeypatch):
    folder = train_human36("--epochs 1")
    before = (folder / "last.pt").read_bytes()
    root_loss = losses.root_loss
    calls = itertools.count(1)

    def root_loss_that_breaks(*args):
        return root_loss(*args) * (math.nan if next(calls) == 7 else 1)

    monkeypatch.setattr(losses, "root_loss", root_loss_that_breaks)
    exit_code, text, _ = run_human36("--epochs 2")
    assert exit_code == 2
    assert "root is not finite in epoch 2, step 7;" in text
    assert (folder / "last.pt").read_bytes() == before


def test_exploding_weights_are_noticed(run_human36):
    exit_code, text, folder = run_human36("--lr 1e30")
    assert exit_code == 2
    assert "is not finite in epoch 1, step" in text
    assert not (folder / "result.json").exists()


def test_a_run_that_got_nowhere_does_not_block(run_human36, train_human36):
    exit_code, _, _ = run_human36("--lr 1e30")
    assert exit_code == 2
    train_human36("--epochs 1")


def test_another_option_is_refused_by_name(run_human36, train_human36):
    folder = train_human36("--epochs 1")
    before = (folder / "last.pt").read_bytes()
    exit_code, text, _ = run_human36("--epochs 1 --lr 0.01")
    assert exit_code == 2
    assert "--lr 0.001, not --lr 0.01" in text
    assert "Traceback" not in text
    assert (folder / "last.pt").read_bytes() == before


def test_resuming_compares_the_checkpoints_own_options(run_human36, train_human36):
    folder = train_human36("--epochs 1")
    (folder / "options.json").unlink()
    exit_code, text, _ = run_human36("--epochs 2 --lr 0.5")
    assert exit_code == 2
    assert "--lr 0.001, not --lr 0.5" in text


def test_changed_data_are_refused(run_human36, train_human36, human36_dir, tmp_path):
    copy = tmp_path / "data" / "mini"
    shutil.copytree(human36_dir, copy)
    train_human36(f"--data_dir {copy} --epochs 1")
    (copy / "S9" / "MyPoses" / "3D_positions" / "Walking 1.h5").unlink()
    exit_code, text, _ = run_human36(f"--data_dir {copy} --epochs 2")
    assert exit_code == 2
    assert "data have changed" in text


def test_data_that_changed_at_the_same_size_are_refused(
    run_human36, train_human36, human36_dir, tmp_path
):
    copy = tmp_path / "data" / "mini"
    shutil.copytree(human36_dir, copy)
    folder = train_human36(f"--data_dir {copy} --epochs 1")
    path = copy / "S9" / "MyPoses" / "3D_positions" / "Walking 1.h5"
    content = bytearray(path.read_bytes())
    content[len(content) - 100] ^= 1
    path.write_bytes(content)
    exit_code, text, _ = run_human36(f"--data_dir {copy} --epochs 2")
    assert exit_code == 2
    assert "data have changed" in text

    # A run of an earlier version took no samples: it goes on as it did.
    checkpoint = read_checkpoint(folder)
    for part in ("train", "test"):
        del checkpoint["data"][part]["sha256_of_samples"]
    torch.save(checkpoint, folder / "last.pt")
    train_human36(f"--data_dir {copy} --epochs 2")


def test_refused_data_leave_nothing_behind(run_human36, tmp_path):
    exit_code, text, folder = run_human36(f"--data_dir {tmp_path / 'nowhere'}")
    assert exit_code == 2
    assert "no such folder" in text
    assert not folder.exists()


@pytest.mark.parametrize("name", ["last.pt", "options.json", "result.json"])
@pytest.mark.parametrize(
    "damage",
    [
        "no byte",
        "a json list",
        "an empty json object",
        "garbage",
        "a pickled list",
        "an empty pickled dict",
        "another network's weights",
    ],
)
def test_damaged_files_of_a_run_are_named(run_human36, train_human36, name, damage):
    folder = train_human36("--epochs 1")
    path = folder / name
    spoil(path, damage, checkpoint=read_checkpoint(folder))
    before = path.read_bytes()
    exit_code, text, _ = run_human36("--epochs 1" if name == "result.json" else "--epochs 2")
    assert exit_code == 2
    assert last_line(text).startswith("error: ")
    assert len(last_line(text)) < 600
    assert str(folder) in text
    assert path.read_bytes() == before


def spoil(path, damage: str, *, checkpoint: dict):
    """Overwrite a file of a run. checkpoint: what the run's last.pt holds."""
    contents = {
        "no byte": b"",
        "a json list": b"[]",
        "an empty json object": b"{}",
        "garbage": b"garbage",
    }
    pickled = {
        "a pickled list": [1],
        "an empty pickled dict": {},
        "another network's weights": checkpoint | {"network": {"x": torch.zeros(1)}},
    }
    if damage in contents:
        path.write_bytes(contents[damage])
    else:
        torch.save(pickled[damage], path)
