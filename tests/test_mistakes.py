"""What users get wrong: one line that names it, exit code 2, nothing half-written."""

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
from run_files import file_names

import main_human36
from src.training.run_folder import RunFolder


@pytest.fixture(scope="module")
def whole_dir(tmp_path_factory) -> Path:
    """A very small Human3.6M; not to be changed."""
    folder = tmp_path_factory.mktemp("whole") / "data"
    return write_human36(folder, subjects=(1, 9), actions=("Walking",), frames=4)


@pytest.fixture
def data_dir(whole_dir, tmp_path) -> Path:
    """A copy of it, to be spoilt."""
    return shutil.copytree(whole_dir, tmp_path / "data")


@pytest.fixture
def run(data_dir, tmp_path, capsys):
    """A function that runs main_human36.py with these words of a command line after its own.

    It returns the exit code, and what was printed on stdout (.out) and stderr (.err). The run
    folder is runs/run, or runs/ and the name given as exp.
    """

    def run_command(command="", *, exp="run"):
        tokens = ["--data_dir", str(data_dir), "--ckpt", str(tmp_path / "runs"), "--exp", exp]
        tokens += ["--train_subjects", "1", "--test_subjects", "9", "--actions", "Walking"]
        tokens += ["--epochs", "1", "--linear_size", "8", "--threads", "1", "--no-save_ims"]
        exit_code = main_human36.main([*tokens, *shlex.split(command)])
        return exit_code, capsys.readouterr()

    return run_command


def check_refusal(outcome, words: list[str]):
    """Assert that what `run` returned is one line on stderr that holds all words."""
    exit_code, captured = outcome
    assert exit_code == 2
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith("error: ")
    for word in words:
        assert word in captured.err


def check_success(outcome):
    exit_code, captured = outcome
    assert exit_code == 0, captured.err


# Options

OPTIONS = {  # command: words of the one line
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
    "--preset 'a\nb'": ["unknown preset a\\nb"],
    "--data_dir synthetic --train_subjects 3": ["no subject 3", "1, 5, 6, 7, 8, 9, 11"],
}


@pytest.mark.parametrize("command", OPTIONS)
def test_mistakes_in_options(run, command, tmp_path):
    check_refusal(run(command), OPTIONS[command])
    assert not (tmp_path / "runs").exists()


def test_no_cuda_here(run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    check_refusal(run("--device cuda"), ["--device cuda", "--device cpu"])


def test_a_file_in_place_of_a_data_folder(run, data_dir):
    check_refusal(run(f"--data_dir {data_dir / 'cameras.h5'}"), ["is a file"])


def test_a_file_in_place_of_a_run(run, tmp_path):
    check_success(run())
    path = tmp_path / "runs" / "run" / "last.pt"
    check_refusal(run(f"--load {path}", exp="other"), ["--load", "is a file", "folder"])


# Motion files


def motion_file(data_dir: Path, subject: int = 1) -> Path:
    return data_dir / f"S{subject}" / "MyPoses" / "3D_positions" / "Walking.h5"


def overwrite(path: Path, name: str, content):
    """Put something else in the place of a dataset of an h5 file."""
    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = content


def empty_the_folder(data_dir):
    shutil.rmtree(data_dir)
    data_dir.mkdir()


def remove_cameras(data_dir):
    (data_dir / "cameras.h5").unlink()


def write_text_for_cameras(data_dir):
    (data_dir / "cameras.h5").write_text("R T f")


def write_cameras_of_others(data_dir):
    write_cameras(data_dir / "cameras.h5", (5,))


def remove_subject(data_dir):
    shutil.rmtree(data_dir / "S1")


def remove_action(data_dir):
    for path in motion_file(data_dir).parent.iterdir():
        path.unlink()


def truncate(data_dir):
    path = motion_file(data_dir)
    path.write_bytes(path.read_bytes()[:1000])


def rename_dataset(data_dir):
    with h5py.File(motion_file(data_dir), "r+") as file:
        file.move("3D_positions", "poses")


def write_17_joints(data_dir):
    overwrite(motion_file(data_dir), "3D_positions", np.zeros((51, 4)))


def transpose(data_dir):
    overwrite(motion_file(data_dir), "3D_positions", np.zeros((4, 96)))


def remove_all_frames(data_dir):
    overwrite(motion_file(data_dir), "3D_positions", np.zeros((96, 0)))


def write_text_for_poses(data_dir):
    overwrite(motion_file(data_dir), "3D_positions", [b"a"])


def write_nan(data_dir):
    write_motion(motion_file(data_dir), motion_with(np.nan))


def write_infinity(data_dir):
    write_motion(motion_file(data_dir, subject=9), motion_with(np.inf))


def motion_with(value: float) -> np.ndarray:
    """Poses (4,32,3) world mm with a value in the place of one coordinate, in frame 2."""
    world = motion(4, seed=0)
    world[2, 5, 1] = value
    return world


def write_zeros(data_dir):
    write_motion(motion_file(data_dir), np.zeros((4, 32, 3)))


def walk_behind_a_camera(data_dir):
    write_motion(motion_file(data_dir), motion(4, seed=0) + [3e4, 0, 0])


DATA = {  # what is done to the data: words of the one line
    empty_the_folder: ["data", "expected cameras.h5", "an empty folder"],
    remove_cameras: ["expected cameras.h5", "S1"],
    write_text_for_cameras: ["cameras.h5", "HDF5"],
    write_cameras_of_others: ["subject 9", "[5]"],
    remove_subject: ["S1", "no such folder"],
    remove_action: ["no file of Walking"],
    truncate: ["Walking.h5", "HDF5"],
    rename_dataset: ["Walking.h5", "3D_positions", "found poses"],
    write_17_joints: ["(96, frames)", "(51, 4)"],
    transpose: ["(96, frames)", "(4, 96)"],
    remove_all_frames: ["(96, 0)"],
    write_text_for_poses: ["expected numbers"],
    write_nan: ["Walking.h5", "NaN", "frame 2"],
    write_infinity: ["S9", "infinite", "frame 2"],
    write_zeros: ["Walking.h5", "one point"],
    walk_behind_a_camera: ["behind camera", "cameras.h5"],
}


@pytest.mark.parametrize("spoil", DATA, ids=lambda spoil: spoil.__name__)
def test_mistakes_in_data(run, data_dir, spoil, tmp_path):
    spoil(data_dir)
    check_refusal(run(), DATA[spoil])
    assert not (tmp_path / "runs").exists()


def test_metres_are_a_warning(run, data_dir):
    write_motion(motion_file(data_dir), motion(4, seed=0) / 1000)
    exit_code, captured = run()
    assert exit_code == 0
    assert "note: " in captured.out
    assert "metres where millimetres" in captured.out


# Files of detections

DETECTIONS = (
    "--dataset_type shg_16k --train_noise_type_2d detections --test_noise_type_2d detections"
)


def test_a_missing_detection_file(run, data_dir):
    detection_path(data_dir, 1, "Walking 1", "55011271").unlink()
    check_refusal(run(DETECTIONS), ["Walking_1.55011271.h5", "no such file"])


def test_detections_of_other_frames(run, data_dir):
    overwrite(detection_path(data_dir, 1, "Walking 1", "55011271"), "poses", np.zeros((3, 16, 2)))
    words = ["Walking_1.55011271.h5", "(4, 16, 2)", "(3, 16, 2)"]
    check_refusal(run(DETECTIONS), words)


# Run folders


def test_an_output_folder_that_is_a_file(run, tmp_path):
    (tmp_path / "runs").write_text("")
    check_refusal(run(), ["runs", "cannot be written", "--ckpt"])


def test_a_folder_in_use(run, tmp_path):
    with RunFolder(tmp_path / "runs" / "run"):
        check_refusal(run(), ["in use by process"])


def test_a_folder_of_another_run(run):
    check_success(run())
    check_refusal(run("--lr 0.5"), ["--lr 0.001", "--lr 0.5", "--exp"])


@pytest.mark.parametrize(("name", "value"), [("dataset_type", "shg_16k"), ("linear_size", "16")])
def test_a_checkpoint_of_another_skeleton_or_width(run, tmp_path, name, value):
    check_success(run())
    command = f"--load {tmp_path / 'runs' / 'run'} --{name} {value}"
    check_refusal(run(command, exp="other"), [f"--{name}", value])
    assert not (tmp_path / "runs" / "other").exists()


def test_a_damaged_checkpoint(run, tmp_path):
    check_success(run())
    path = tmp_path / "runs" / "run" / "last.pt"
    path.write_bytes(path.read_bytes()[:3000])
    check_refusal(run("--epochs 2"), ["last.pt", "no checkpoint"])


@pytest.mark.parametrize(
    ("field", "value"),
    [("data", {}), ("best", 3), ("per_action", {"Walking": {}}), ("skeleton", None)],
)
def test_a_result_with_holes(run, tmp_path, field, value):
    check_success(run())
    path = tmp_path / "runs" / "run" / "result.json"
    content = json.loads(path.read_text())
    content[field] = value
    content["pa_mpjpe_action_mean_mm"] = "x"
    path.write_text(json.dumps(content))
    check_refusal(run(), ["result.json: is damaged"])


# The machine


def test_a_full_disk(run, tmp_path, monkeypatch):
    def save(content, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", save)
    message = "best.pt: cannot be written (the disk is full)"
    check_refusal(run(), [message])
    assert file_names(tmp_path / "runs" / "run") == {"options.json", "environment.json"}


def test_a_network_larger_than_memory(run):
    soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_AS)
    num_pages, *_ = Path("/proc/self/statm").read_text().split()
    in_use = int(num_pages) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + 2**30, hard_limit))
    try:
        exit_code, captured = run("--linear_size 40000")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft_limit, hard_limit))
    assert exit_code == 2
    assert captured.err == (
        "error: not enough memory; try a smaller --linear_size or batch, or less data\n"
    )


def test_ctrl_c_while_libraries_are_imported(tmp_path):
    command = [sys.executable, str(ROOT / "main_human36.py"), "--ckpt", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # As soon as PyTorch's library is mapped into memory, Python has begun to import it.
    deadline = time.monotonic() + 60
    while "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert error.strip() == "interrupted: run the same command again to go on"
