"""What users get wrong, through the command line: one line that names it, exit code 2, nothing half-written."""

import json
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from conftest import ROOT
from miniature import detection_path, motion, write_cameras, write_human36, write_motion

import main_human36
from src.training.run_folder import RunFolder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_human36(
        tmp_path_factory.mktemp("whole") / "data", subjects=(1, 9), actions=("Walking",), frames=4
    )


@pytest.fixture
def data(whole, tmp_path):
    """A set to be spoilt."""
    return shutil.copytree(whole, tmp_path / "data")


@pytest.fixture
def command(data, tmp_path, capsys):
    def start(tokens, exp="run"):
        own = f"--data_dir {data} --ckpt {tmp_path / 'runs'} --exp {exp} --linear_size 8 --threads 1 --no-save_ims"
        own += " --epochs 1 --train_subjects 1 --test_subjects 9 --actions Walking"
        code = main_human36.main([*shlex.split(own), *shlex.split(tokens)])
        return code, capsys.readouterr()

    return start


def walking(data, subject=1):
    return data / f"S{subject}" / "MyPoses" / "3D_positions" / "Walking.h5"


def poses_with(value):
    world = motion(4, seed=0)
    world[2, 5, 1] = value
    return world


def overwrite(path, name, content):
    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = content


OPTIONS = {  # the words stand in the one line
    "--epochz 3": ["--epochz", "did you mean --epochs?"],
    "--zzz": ["--zzz", "--help"],
    "Walking": ["Walking"],
    "--preset suprevised": ["suprevised", "did you mean supervised?"],
    "--dataset_type human36_17": ["human36_17", "did you mean human36_17k?"],
    "--supervision relativ": ["relativ", "did you mean relative?"],
    "--actions Walkin": ["Walkin", "did you mean Walking?"],
    "--actions Yoga": ["Yoga", "Directions"],
    "--epochs many": ["--epochs", "'many'", "whole number"],
    "--lr 0": ["--lr", "above 0", "'0'"],
    "--amt_train_data 150": ["--amt_train_data", "at most 1"],
    "--amt_train_data 0.01": ["--amt_train_data 0.01", "at least 2"],
    "--num_pairs 200": ["--num_pairs 200", "136"],
    "--test_noise_type_2d detections": [
        "these detections",
        "--dataset_type shg_16k",
        "not human36_17k",
    ],
    "--rel_labels_noise_prob mturk --tolerance_mm 10": [
        "--rel_labels_noise_prob",
        "--tolerance_mm",
    ],
    "--dataset_type human36_19k --limb_type avg_person": ["--limb_type avg_person", "human36_19k"],
    "--eval_only": ["--eval_only", "--load"],
    "--load nowhere": ["nowhere/last.pt", "no such file"],
    "--train_subjects 1 1": ["--train_subjects", "more than once"],
    "--train_subjects 2": ["cameras.h5", "no cameras of subject 2", "[1, 9]"],
    "--actions Walking Eating": ["S9", "no file of Eating"],
    "--data_dir nowhere": ["nowhere", "no such folder", "docs/data.md", "--data_dir synthetic"],
    "--data_dir ''": ["--data_dir", "empty"],
    "--actions all Walking": ["--actions", "not both"],
    "--save_ims yes": ["yes"],
    "--preset 'a\nb'": ["unknown preset a b"],
    "--data_dir synthetic --train_subjects 3": ["no subject 3", "1, 5, 6, 7, 8, 9, 11"],
}


@pytest.mark.parametrize("tokens", OPTIONS)
def test_mistakes_in_options(command, tokens, tmp_path):
    check(command(tokens), OPTIONS[tokens])
    assert not (tmp_path / "runs").exists()


def check(outcome, words):
    code, captured = outcome
    assert code == 2
    lines = captured.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), captured.err
    assert all(word in lines[0] for word in words), lines[0]


DATA = {
    "empty folder": (
        lambda d: (shutil.rmtree(d), d.mkdir()),
        ["data", "expected cameras.h5", "an empty folder"],
    ),
    "no cameras": (lambda d: (d / "cameras.h5").unlink(), ["expected cameras.h5", "S1"]),
    "cameras are text": (lambda d: (d / "cameras.h5").write_text("R T f"), ["cameras.h5", "HDF5"]),
    "cameras of others": (lambda d: write_cameras(d / "cameras.h5", (5,)), ["subject 9", "[5]"]),
    "no subject": (lambda d: shutil.rmtree(d / "S1"), ["S1", "no such folder"]),
    "no action": (
        lambda d: [p.unlink() for p in walking(d).parent.iterdir()],
        ["no file of Walking"],
    ),
    "truncated": (
        lambda d: walking(d).write_bytes(walking(d).read_bytes()[:1000]),
        ["Walking.h5", "HDF5"],
    ),
    "other dataset": (
        lambda d: overwrite_name(walking(d)),
        ["Walking.h5", "3D_positions", "found poses"],
    ),
    "17 joints": (
        lambda d: overwrite(walking(d), "3D_positions", np.zeros((51, 4))),
        ["(96, frames)", "(51, 4)"],
    ),
    "transposed": (
        lambda d: overwrite(walking(d), "3D_positions", np.zeros((4, 96))),
        ["(96, frames)", "(4, 96)"],
    ),
    "no frames": (lambda d: overwrite(walking(d), "3D_positions", np.zeros((96, 0))), ["(96, 0)"]),
    "text": (lambda d: overwrite(walking(d), "3D_positions", [b"a"]), ["expected numbers"]),
    "NaN": (
        lambda d: write_motion(walking(d), poses_with(np.nan)),
        ["Walking.h5", "NaN", "frame 2"],
    ),
    "infinite": (
        lambda d: write_motion(walking(d, 9), poses_with(np.inf)),
        ["S9", "infinite", "frame 2"],
    ),
    "zeros": (
        lambda d: write_motion(walking(d), np.zeros((4, 32, 3))),
        ["Walking.h5", "one point"],
    ),
    "behind": (
        lambda d: write_motion(walking(d), motion(4, 0) + [3e4, 0, 0]),
        ["behind camera", "cameras.h5"],
    ),
}


def overwrite_name(path):
    with h5py.File(path, "r+") as file:
        file.move("3D_positions", "poses")


@pytest.mark.parametrize("name", DATA)
def test_mistakes_in_data(command, data, name, tmp_path):
    spoil, words = DATA[name]
    spoil(data)
    check(command(""), words)
    assert not (tmp_path / "runs").exists()


def test_ctrl_c_while_libraries_are_imported(tmp_path):
    command = [sys.executable, str(ROOT / "main_human36.py"), "--ckpt", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.6)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in error
    assert error.strip() == "interrupted: run the same command again to go on"


def test_a_file_for_a_folder(command, data, tmp_path):
    check(command(f"--data_dir {data / 'cameras.h5'}"), ["is a file"])
    assert command("")[0] == 0
    check(
        command(f"--load {tmp_path / 'runs' / 'run' / 'last.pt'}", exp="b"),
        ["--load", "is a file", "folder"],
    )


DETECTED = "--dataset_type shg_16k --train_noise_type_2d detections --test_noise_type_2d detections"


def test_a_missing_detection_file(command, data):
    path = detection_path(data, 1, "Walking 1", "55011271")
    path.unlink()
    check(command(DETECTED), ["Walking_1.55011271.h5", "no such file"])


def test_detections_of_other_frames(command, data):
    overwrite(detection_path(data, 1, "Walking 1", "55011271"), "poses", np.zeros((3, 16, 2)))
    check(command(DETECTED), ["Walking_1.55011271.h5", "(4, 16, 2)", "(3, 16, 2)"])


def test_an_output_folder_that_is_a_file(command, tmp_path):
    (tmp_path / "runs").write_text("")
    check(command(""), ["runs", "cannot be written", "--ckpt"])


def test_a_folder_in_use(command, tmp_path):
    with RunFolder(tmp_path / "runs" / "run"):
        check(command(""), ["in use by process"])


def test_a_folder_of_another_run(command):
    assert command("")[0] == 0
    check(command("--lr 0.5"), ["--lr 0.001", "--lr 0.5", "--exp"])


@pytest.mark.parametrize("name", ["dataset_type", "linear_size"])
def test_a_checkpoint_of_another_skeleton_or_width(command, tmp_path, name):
    assert command("")[0] == 0
    other = {"dataset_type": "shg_16k", "linear_size": "16"}[name]
    check(
        command(f"--load {tmp_path / 'runs' / 'run'} --{name} {other}", exp="other"),
        [f"--{name}", other],
    )
    assert not (tmp_path / "runs" / "other").exists()


def test_a_damaged_checkpoint(command, tmp_path):
    assert command("")[0] == 0
    last = tmp_path / "runs" / "run" / "last.pt"
    last.write_bytes(last.read_bytes()[:3000])
    check(command("--epochs 2"), ["last.pt", "no checkpoint"])


def test_a_full_disk(command, tmp_path, monkeypatch):
    def save(content, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", save)
    code, captured = command("")
    assert (
        code == 2
        and "best.pt: cannot be written ([Errno 28] No space left on device)" in captured.err
    )
    assert {path.name for path in (tmp_path / "runs" / "run").iterdir()} == {
        "options.json",
        "environment.json",
    }


def test_a_network_larger_than_memory(command):
    limit = resource.getrlimit(resource.RLIMIT_AS)
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + 2**30, limit[1]))
    try:
        code, captured = command("--linear_size 40000")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limit)
    assert code == 2 and captured.err == (
        "error: not enough memory; try a smaller --linear_size or batch, or less data\n"
    )


@pytest.mark.parametrize(
    "change", [{"data": {}}, {"best": 3}, {"per_action": {"Walking": {}}}, {"skeleton": None}]
)
def test_a_result_with_holes(command, tmp_path, change):
    assert command("")[0] == 0
    path = tmp_path / "runs" / "run" / "result.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | change | {"pa_mpjpe_action_mean_mm": "x"}))
    code, captured = command("")
    assert (
        code == 2
        and "result.json: is damaged" in captured.err
        and len(captured.err.splitlines()) == 1
    )


def test_no_cuda_here(command, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    check(command("--device cuda"), ["--device cuda", "--device cpu"])


def test_metres_are_a_warning(command, data):
    write_motion(walking(data), motion(4, 0) / 1000)
    code, captured = command("")
    assert code == 0 and "note: " in captured.out and "metres where millimetres" in captured.out
