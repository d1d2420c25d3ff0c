import json
import os
import pickle
import subprocess
import sys

import pytest
import torch

from src.errors import InputError, run_command
from src.files import write_atomically
from src.training.checkpoints import load_checkpoint
from src.training.run_folder import RunFolder, environment

OPTIONS = {
    "lr": 0.001,
    "epochs": 2,
    "device": "cpu",
    "threads": 0,
    "actions": ["Walking", "Eating"],
}


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_what_was_there(tmp_path):
    target = tmp_path / "result.json"
    write_atomically(target, lambda path: path.write_text("first"))

    def fail_halfway(path):
        path.write_text("sec")
        raise OSError(28, "No space left on device")

    with pytest.raises(
        InputError, match="result.json: cannot be written.*No space left.*unchanged"
    ):
        write_atomically(target, fail_halfway)
    assert target.read_text() == "first"
    assert contents(tmp_path) == ["result.json"]


def test_nothing_put_in_nothing_left(tmp_path):
    with RunFolder(tmp_path / "a" / "b" / "c"):
        assert (tmp_path / "a" / "b" / "c").is_dir()
    assert contents(tmp_path) == []
    with RunFolder(tmp_path / "a" / "b") as run:
        run.write_json("options.json", OPTIONS)
    assert contents(tmp_path / "a" / "b") == ["options.json"]


def test_a_folder_in_use_is_refused_and_then_free(tmp_path):
    with (
        RunFolder(tmp_path / "run"),
        pytest.raises(InputError, match=f"in use by process {os.getpid()}"),
    ):
        RunFolder(tmp_path / "run").__enter__()
    with RunFolder(tmp_path / "run"):
        pass


def test_a_killed_process_does_not_block(tmp_path):
    code = (
        "import os, signal, sys; sys.path.insert(0, '.'); from src.training.run_folder import RunFolder\n"
        f"with RunFolder({str(tmp_path / 'run')!r}): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert (tmp_path / "run" / ".lock").exists()
    with RunFolder(tmp_path / "run"):
        pass


def test_a_lock_on_a_removed_file_does_not_count(tmp_path):
    """B opens the lock file, A removes it on leaving, then B locks: C could lock a new one beside it."""
    path = tmp_path / "run"
    waiting = RunFolder(path)
    with RunFolder(path) as run:
        run.write_json("options.json", OPTIONS)
        waiting._lock = (path / ".lock").open("a+")
    assert not waiting._get_lock()
    waiting._lock.close()


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written.*--ckpt or --exp"):
        RunFolder(tmp_path / "file" / "run").__enter__()


def test_other_options_are_refused_by_name(tmp_path):
    with RunFolder(tmp_path / "run") as run:
        run.write_json("options.json", OPTIONS)
        run.check_options(OPTIONS | {"lr": 0.01})  # nothing has come of it yet
        run.write_json("result.json", {})
        run.check_options(OPTIONS | {"epochs": 9, "device": "cuda", "threads": 3})
        with pytest.raises(InputError, match="--lr 0.001, not --lr 0.01; choose another --exp"):
            run.check_options(OPTIONS | {"lr": 0.01})
        with pytest.raises(InputError, match="--actions Walking Eating, not --actions Walking;"):
            run.check_options(OPTIONS | {"actions": ["Walking"]})
        with pytest.raises(InputError, match="--new None, not --new 1"):
            run.check_options(OPTIONS | {"new": 1})


def test_damaged_json_is_named(tmp_path):
    with RunFolder(tmp_path / "run") as run:
        (tmp_path / "run" / "options.json").write_text("{")
        with pytest.raises(InputError, match="options.json: is no valid json"):
            run.check_options(OPTIONS)


def test_log_is_a_table_of_all_columns(tmp_path):
    with RunFolder(tmp_path / "run") as run:
        run.write_log([{"epoch": 1, "total": 2.5}, {"epoch": 2, "total": 2.0, "pa_mpjpe_mm": 50.0}])
        assert (
            tmp_path / "run" / "log.csv"
        ).read_text() == "epoch,total,pa_mpjpe_mm\n1,2.5,\n2,2.0,50.0\n"


def test_checkpoints_execute_nothing(tmp_path):
    class Malicious:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    (tmp_path / "last.pt").write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(InputError, match="last.pt: is no checkpoint that can be read"):
        load_checkpoint(tmp_path / "last.pt")
    torch.save({"x": Malicious()}, tmp_path / "last.pt")
    with pytest.raises(InputError, match="last.pt: is no checkpoint that can be read"):
        load_checkpoint(tmp_path / "last.pt")
    assert not (tmp_path / "executed").exists()


def test_missing_and_truncated_checkpoints(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_checkpoint(tmp_path / "last.pt")
    torch.save({"x": torch.zeros(100)}, tmp_path / "last.pt")
    whole = (tmp_path / "last.pt").read_bytes()
    (tmp_path / "last.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="is no checkpoint that can be read") as error:
        load_checkpoint(tmp_path / "last.pt")
    assert "\n" not in str(error.value)


def test_environment_is_plain():
    assert json.loads(json.dumps(environment(torch.device("cpu"))))["torch"] == torch.__version__


def test_exit_codes(capsys):
    def refuse():
        raise InputError("x.h5: expected this, found that")

    def interrupt():
        raise KeyboardInterrupt

    assert run_command(lambda: None) == 0
    assert run_command(lambda: 1) == 1
    assert run_command(refuse) == 2
    assert capsys.readouterr().err == "error: x.h5: expected this, found that\n"
    assert run_command(interrupt) == 130
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 / 0)
