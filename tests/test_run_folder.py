"""The run folder: its lock, its files, and runs that others left in it."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT
from run_files import file_names

from src.errors import InputError, Interrupted
from src.files import get_lock
from src.training.run_folder import RunFolder, environment

OPTIONS = {
    "lr": 0.001,
    "epochs": 2,
    "device": "cpu",
    "threads": 0,
    "actions": ["Walking", "Eating"],
}


@pytest.fixture
def run(tmp_path):
    """A run folder that this process has."""
    with RunFolder(tmp_path, "run") as run:
        yield run


def test_nothing_put_in_nothing_left(tmp_path):
    with RunFolder(tmp_path / "a" / "b" / "c"):
        assert (tmp_path / "a" / "b" / "c").is_dir()
    assert file_names(tmp_path) == set()


def test_what_was_put_in_stays(tmp_path):
    with RunFolder(tmp_path / "a", "b") as run:
        run.write_json("options.json", OPTIONS)
    assert file_names(tmp_path / "a" / "b") == {"options.json"}


def test_a_folder_in_use_is_refused_and_then_free(tmp_path):
    path = tmp_path / "run"
    in_use = f"in use by process {os.getpid()}"
    with RunFolder(path), pytest.raises(InputError, match=in_use), RunFolder(path):
        pass
    with RunFolder(path):
        pass


def test_a_killed_process_does_not_block(tmp_path):
    path = tmp_path / "run"
    code = f"""
import os, signal
from src.files import get_lock
from src.training.run_folder import RunFolder
with RunFolder({str(path)!r}):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert (path / ".lock").exists()
    with RunFolder(path):
        pass


def test_a_lock_on_a_removed_file_does_not_count(tmp_path):
    """B opens the lock file, A removes it on leaving, then B locks the removed file.

    If that counted, C could lock a new file beside it.
    """
    path = tmp_path / "run"
    with RunFolder(path) as run:
        run.write_json("options.json", OPTIONS)
        waiting = (path / ".lock").open("a+")
    with waiting:
        assert not get_lock(waiting, path / ".lock")


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    message = "cannot be written.*--ckpt or --exp"
    with pytest.raises(InputError, match=message), RunFolder(tmp_path / "file" / "run"):
        pass


def test_ctrl_c_counts_the_whole_epochs(tmp_path):
    message = f"interrupted; 2 whole epochs are in {tmp_path}: the same command goes on from there"
    with pytest.raises(Interrupted, match=message), RunFolder(tmp_path) as run:
        run.write_log([{"epoch": 1}, {"epoch": 2}])
        raise KeyboardInterrupt


def test_ctrl_c_before_the_first_epoch_has_no_message_of_its_own(tmp_path):
    with pytest.raises(KeyboardInterrupt) as caught, RunFolder(tmp_path):
        raise KeyboardInterrupt
    assert type(caught.value) is KeyboardInterrupt
    assert not (tmp_path / ".lock").exists()


def test_other_errors_in_a_run_go_through(tmp_path):
    with pytest.raises(InputError, match="^damaged$"), RunFolder(tmp_path) as run:
        run.write_log([{"epoch": 1}])
        raise InputError("damaged")
    with RunFolder(tmp_path):
        pass


def test_options_of_a_run_that_got_nowhere_do_not_count(run):
    run.write_json("options.json", OPTIONS)
    run.check_options(OPTIONS | {"lr": 0.01})


def test_where_and_how_long_a_run_is_computed_may_differ(run):
    run.write_json("options.json", OPTIONS)
    run.write_json("result.json", {})
    run.check_options(OPTIONS | {"epochs": 9, "device": "cuda", "threads": 3})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 0.01}, "--lr 0.001, not --lr 0.01; choose another --exp"),
        ({"actions": ["Walking"]}, "--actions Walking Eating, not --actions Walking;"),
        ({"new": 1}, "--new None, not --new 1"),
        (
            {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1},
            "not --a 1, --b 1, --c 1, --d 1 and 2 more that differ; choose another --exp",
        ),
    ],
    ids=["a number", "a list", "a new option", "six options"],
)
def test_other_options_are_refused_by_name(run, change, message):
    run.write_json("options.json", OPTIONS)
    run.write_json("result.json", {})
    with pytest.raises(InputError, match=message):
        run.check_options(OPTIONS | change)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "options.json: is no valid json"),
        ("[]", "options.json: expected a json object"),
    ],
)
def test_damaged_json_is_named(run, text, message):
    (run.path / "options.json").write_text(text)
    with pytest.raises(InputError, match=message):
        run.check_options(OPTIONS)


def test_json_that_is_missing_is_none(run):
    assert run.read_json("result.json") is None
    assert not run.has("result.json")


def test_log_is_a_table_of_all_columns(run):
    run.write_log([{"epoch": 1, "total": 2.5}, {"epoch": 2, "total": 2.0, "pa_mpjpe_mm": 50.0}])
    text = (run.path / "log.csv").read_text()
    assert text == "epoch,total,pa_mpjpe_mm\n1,2.5,\n2,2.0,50.0\n"


def test_arrays_are_read_back_without_pickle(run):
    run.save_arrays("predictions.npz", {"frame": np.arange(3), "joints": np.array(["hip"])})
    with np.load(run.path / "predictions.npz", allow_pickle=False) as file:
        assert file["frame"].tolist() == [0, 1, 2]
        assert file["joints"].tolist() == ["hip"]


def test_description_is_plain(run):
    run.write_description(OPTIONS, torch.device("cpu"))
    assert run.read_json("options.json") == OPTIONS
    described = run.read_json("environment.json")
    assert described["torch"] == torch.__version__
    assert described["device"] == "cpu"
    assert described == json.loads(json.dumps(environment(torch.device("cpu"))))
