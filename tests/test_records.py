"""Records of finished rows: what is copied, what they keep, and what is made from them."""

import json
import os
import shutil

import numpy as np
import pytest
from conftest import ROOT

from opts.parsing import run_options
from paper_exps import collect, records, run
from paper_exps.plan import Step, is_finished, make_plan, resolve

ROWS = ("fig_4ab/ours", "fig_4d/ours_0.5")


@pytest.fixture
def ckpt(tmp_path, monkeypatch):
    """A folder of runs at an absolute path, with two finished rows and their weights."""
    monkeypatch.chdir(tmp_path)
    ckpt = tmp_path / "runs"
    for row in ROWS:
        folder = ckpt / "synthetic" / row / "seed_0"
        shutil.copytree(ROOT / "tests" / "results" / "synthetic" / row / "seed_0", folder)
        options = json.loads((folder / "options.json").read_text())
        options["epochs"] = 1
        options["ckpt"] = str(ckpt)
        options["load"] = str(ckpt / "synthetic/table_1/ours/seed_0")
        options["data_dir"] = str(tmp_path / "data" / "motion")
        options["truth"] = "/mnt/elsewhere/truth.npz"
        (folder / "options.json").write_text(json.dumps(options))
        (folder / "environment.json").write_text('{"device": "cpu"}')
        (folder / "log.csv").write_text("epoch,seconds\n1,2.5\n")
        (folder / "last.pt").write_text("weights")
    return ckpt


def copy(ckpt, *options) -> int:
    return records.main(["--ckpt", str(ckpt), "--out", "results", *options])


def files_in(folder) -> dict[str, bytes]:
    """{path within the folder: content} of all files."""
    contents = {}
    for path in folder.rglob("*"):
        if path.is_file():
            contents[str(path.relative_to(folder))] = path.read_bytes()
    return contents


def test_records_have_no_weights_and_predictions_only_of_figures_that_draw_them(ckpt, tmp_path):
    predictions = ckpt / "synthetic/fig_4ab/ours/seed_0/predictions.npz"
    shutil.copy(predictions, ckpt / "synthetic/fig_4d/ours_0.5/seed_0")
    assert copy(ckpt) == 0
    names = {"options.json", "environment.json", "log.csv", "result.json"}
    expected = {f"synthetic/{row}/seed_0/{name}" for row in ROWS for name in names}
    expected.add("synthetic/fig_4ab/ours/seed_0/predictions.npz")
    assert set(files_in(tmp_path / "results")) == expected


def test_records_name_no_place_of_the_machine(ckpt, tmp_path):
    folder = ckpt / "synthetic/fig_4ab/ours/seed_0"
    result = json.loads((folder / "result.json").read_text())
    result["loaded_from"] = str(ckpt / "synthetic/table_1/ours/seed_0")
    notes = [f"{tmp_path}/data/motion/S9/Walking 1.h5: odd", "/mnt/x/y.h5: odd and/or mirrored"]
    result["data"]["test"]["notes"] = notes
    (folder / "result.json").write_text(json.dumps(result))
    assert copy(ckpt) == 0
    for name, content in files_in(tmp_path / "results").items():
        assert str(tmp_path).encode() not in content, name
        assert b"/mnt" not in content, name
    record = tmp_path / "results/synthetic/fig_4ab/ours/seed_0"
    options = json.loads((record / "options.json").read_text())
    assert options["ckpt"] == "checkpoint"
    assert options["load"] == "checkpoint/synthetic/table_1/ours/seed_0"
    assert options["data_dir"] == "data/motion"
    assert options["truth"] == "truth.npz"
    expected = result | {"loaded_from": "checkpoint/synthetic/table_1/ours/seed_0"}
    expected["data"]["test"]["notes"] = [
        "data/motion/S9/Walking 1.h5: odd",
        "y.h5: odd and/or mirrored",
    ]
    assert json.loads((record / "result.json").read_text()) == expected


@pytest.mark.parametrize("every", [1, 3])
def test_predictions_are_those_of_the_run_in_float16(ckpt, tmp_path, every):
    assert copy(ckpt, "--every", str(every)) == 0
    original = np.load(ckpt / "synthetic/fig_4ab/ours/seed_0/predictions.npz")
    record = np.load(tmp_path / "results/synthetic/fig_4ab/ours/seed_0/predictions.npz")
    assert "prediction_mm" not in record  # no figure draws it
    assert record["joints"].tolist() == original["joints"].tolist()
    assert record["frame"].tolist() == original["frame"][::every].tolist()
    for name in ("target_mm", "aligned_mm", "pa_mpjpe_joint_errors_mm"):
        assert record[name].dtype == np.float16
        assert record[name] == pytest.approx(original[name][::every], rel=1e-3, abs=1e-3)


def test_copying_twice_changes_nothing(ckpt, tmp_path):
    assert copy(ckpt) == 0
    first = files_in(tmp_path / "results")
    assert copy(ckpt, "--dataset", "synthetic") == 0
    assert files_in(tmp_path / "results") == first


def test_rows_that_are_not_finished_are_named_and_left_out(ckpt, tmp_path, capsys):
    folder = ckpt / "synthetic/fig_4d/ours_0.5/seed_0"
    (folder / "result.json").unlink()
    begun = ckpt / "synthetic/fig_4ab/ours/seed_0"
    options = json.loads((begun / "options.json").read_text())
    result = json.loads((begun / "result.json").read_text())
    (begun / "options.json").write_text(json.dumps(options | {"epochs": 99}))
    (begun / "result.json").write_text(json.dumps(result | {"trained": True}))
    assert copy(ckpt) == 1
    text = capsys.readouterr().out
    assert "not finished, left out: fig_4d/ours_0.5, seed 0" in text
    assert "not finished, left out: fig_4ab/ours, seed 0" in text
    assert files_in(tmp_path / "results") == {}


@pytest.mark.parametrize("options", [["--dataset", "other"], ["--ckpt", "nowhere"]])
def test_where_nothing_has_run_is_one_line(ckpt, tmp_path, capsys, options):
    assert copy(ckpt, *options) == 2
    error = capsys.readouterr().err
    assert "no runs of the paper's rows" in error and error.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_tables_of_records_are_those_of_the_runs(ckpt, capsys):
    assert copy(ckpt) == 0
    capsys.readouterr()
    tables = []
    for folder in (str(ckpt), "results"):
        assert collect.main(["fig_4d", "fig_4ab", "--ckpt", folder]) == 0
        tables.append(capsys.readouterr().out)
    assert "| ours_0.5   | " in tables[0]
    assert tables[0] == tables[1]


def write_run(row, **changes):
    """The files of a finished run, without weights."""
    row.folder.mkdir(parents=True)
    data = {"name": "x", "form": "synthetic", "synthetic": True, "test": {"frames": 1}}
    result = {"seed": 0, "epoch": 25, "trained": True, "pa_mpjpe_mm": 50, "data": data} | changes
    (row.folder / "result.json").write_text(json.dumps(result))
    (row.folder / "options.json").write_text(json.dumps(run_options(row.options)))
    (row.folder / "environment.json").write_text("{}")
    (row.folder / "log.csv").write_text("epoch,seconds\n" + "1,60\n" * 25)


def rows_in(ckpt: str, *names: str):
    return [resolve(name, 0, human36_tokens=["--ckpt", ckpt]) for name in names]


def test_a_plan_takes_records_as_finished_without_weights(tmp_path, monkeypatch):
    """Also a test of another row's weights, whose run was called otherwise: table_1/ours here."""
    monkeypatch.chdir(tmp_path)
    trained, tested = make_plan(*[rows_in("checkpoint", "table_1/ours", "fig_4d/ours_0")] * 2)
    write_run(trained.row)
    write_run(tested.row, trained=False, tested_sha256="1" * 64)
    assert records.main(["--out", "results"]) == 0
    for ckpt in ("checkpoint", "results"):
        rows = rows_in(ckpt, "table_1/ours", "fig_4d/ours_0")
        steps = make_plan(rows, rows)
        assert [step.row.name for step in steps] == ["table_1/ours", "fig_4d/ours_0"]
        assert all(is_finished(row, needed) for row, needed in steps)
    rows = rows_in("results", "table_1/ours", "table_1/no_skeleton")
    assert [is_finished(*step) for step in make_plan(rows, rows)] == [True, False]


def test_a_test_of_other_weights_than_are_there_is_not_finished(tmp_path):
    rows = rows_in(str(tmp_path), "table_1/ours", "fig_4d/ours_0")
    trained, tested = make_plan(rows, rows)
    write_run(trained.row)
    write_run(tested.row, trained=False, tested_sha256="1" * 64)
    (trained.row.folder / "last.pt").write_text("other weights")
    assert not is_finished(*tested)


def test_the_time_that_is_left(tmp_path, capsys):
    """25 epochs took a minute each: 24 at a quarter of the frames and 25 at all take 31 min."""
    (done,) = rows_in(str(tmp_path), "table_1/no_skeleton")
    (begun,) = rows_in(str(tmp_path), "fig_1d/ours_25_1")
    write_run(done)
    write_run(begun)
    (begun.folder / "result.json").unlink()
    (begun.folder / "last.pt").touch()
    (begun.folder / "log.csv").write_text("epoch,seconds\n1,15\n")
    command = ["table_1/no_skeleton", "fig_1d/ours_25_1", "table_1/all_pairs", "table_1/supervised"]
    command += ["--plan", "--ckpt", str(tmp_path)]
    assert run.main(command) == 0
    *_, last_line = capsys.readouterr().out.splitlines()
    assert last_line == "3 rows left, 3 of them trainings: about 56 min"
    assert run.main([*command, "--jobs", "2"]) == 0
    assert "about 28 min" in capsys.readouterr().out
    assert run.main(["table_1/no_skeleton", *command[4:]]) == 0
    assert "nothing is left to do" in capsys.readouterr().out
    assert run.main([*command[:4], "fig_5/ours_lsp_only", *command[4:]]) == 0
    text = capsys.readouterr().out
    assert "about 56 min, and 1 trainings of a script that has not trained yet" in text


def test_the_time_is_not_known_before_an_epoch_has_been_trained(tmp_path, capsys):
    assert run.main(["table_1/ours", "--plan", "--ckpt", str(tmp_path)]) == 0
    assert "1 rows left, 1 of them trainings: not known" in capsys.readouterr().out


REASONS = [
    ("epoch 1\nerror: the disk is full\n", 2, "error: the disk is full"),
    ("Traceback\n  File\ntorch.OutOfMemoryError: CUDA\n\nsee the manual\n", 1, "torch.OutOfMemory"),
    ("epoch 1\r 50%|##\n", -9, "killed by SIGKILL: out of memory?"),
    ("", 3, "exit code 3"),
    ("strange words\n", 1, "strange words"),
]


@pytest.mark.parametrize(("log", "exit_code", "reason"), REASONS)
def test_why_a_row_failed_is_one_line(log, exit_code, reason):
    line = run.reason_of_failure(log, exit_code)
    assert line.startswith(reason) and "\n" not in line


def test_steps_of_the_plan_are_left_until_they_are_run(tmp_path, capfd, monkeypatch):
    (row,) = rows_in(str(tmp_path), "table_1/all_pairs")
    (other,) = rows_in(str(tmp_path), "table_1/tolerance")
    (measured,) = rows_in(str(tmp_path), "table_1/no_skeleton")
    write_run(measured)
    monkeypatch.setattr("paper_exps.plan.Row.command", lambda row: ["true"])
    steps = [Step(row, needed=None), Step(other, needed=None)]
    assert run.run_plan(steps, 1, [measured]) == {}
    text = capfd.readouterr().out
    assert "1 rows left, 1 of them trainings: about 25 min" in text
    assert text.count("left") == 1  # nothing is, after the second


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("result.json", b'{"pa_mpjpe_mm": NaN}'),
        ("environment.json", b'{"torch": NaN}'),
        ("environment.json", b"{"),
        ("log.csv", b"epoch\n\xbc"),
        ("predictions.npz", b"PK"),
    ],
)
def test_damaged_files_are_named_and_nothing_is_written(ckpt, tmp_path, capsys, name, content):
    (ckpt / "synthetic/fig_4ab/ours/seed_0" / name).write_bytes(content)
    assert copy(ckpt) == 2
    error = capsys.readouterr().err
    assert f"seed_0/{name}" in error and error.count("\n") == 1
    assert not list((tmp_path / "results").rglob("*.json"))


def test_a_log_that_is_a_pipe_is_not_waited_for(ckpt, capsys):
    log = ckpt / "synthetic/fig_4ab/ours/seed_0/log.csv"
    log.unlink()
    os.mkfifo(log)
    assert copy(ckpt) == 2
    assert "log.csv: is a pipe or a device" in capsys.readouterr().err
