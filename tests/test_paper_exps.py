"""The paper's 66 runs: presets, scripts, which of them share a training, running them, tables."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT

import main_human36
from opts import human36, lsp
from opts.parsing import run_options
from opts.presets import LOADS, LSP_PRESETS, PAPER_ROWS, PRESETS
from paper_exps import collect, run
from paper_exps.plan import Step, left_to_do, make_plan, resolve

SCRIPTS = sorted((ROOT / "paper_exps").glob("*.sh"))


def options_of(name: str) -> dict:
    row = resolve(name, 0)
    return {"script": row.script} | run_options(row.options)


def difference(name: str) -> str:
    """What a row changes, as a line."""
    if name in PRESETS:
        script = "main_human36.py"
        default_options, _ = human36.parse_options([])
    else:
        script = "main_lsp.py"
        default_options, _ = lsp.parse_options([])
    defaults = run_options(default_options)
    changes = {}
    for option, value in options_of(name).items():
        if option not in ("exp", "script") and value != defaults[option]:
            changes[option] = value
    return f"{name}: {script} {json.dumps(changes)}"


def test_all_66_rows_stand_in_the_golden_list():
    assert len(PAPER_ROWS) == 66
    lines = [difference(name) for name in PAPER_ROWS]
    assert lines == (ROOT / "tests" / "golden" / "presets.txt").read_text().splitlines()


def test_no_two_rows_of_a_table_are_the_same():
    rows_of_table = {}
    for name in PAPER_ROWS:
        table, _ = name.rsplit("/", 1)
        options = options_of(name)
        del options["exp"]
        rows_of_table.setdefault(table, []).append(json.dumps(options))
    for table, rows in rows_of_table.items():
        assert len(set(rows)) == len(rows), table


def rows_of(script) -> list[list[str]]:
    """The rows of each command that a script runs: it gets echo for Python, in another folder."""
    done = subprocess.run(
        ["bash", script, "--jobs", "3"],
        env=os.environ | {"PYTHON": "echo"},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    rows = []
    for line in done.stdout.splitlines():
        assert line.startswith("-m paper_exps.run ") and line.endswith(" --jobs 3")
        rows.append(line.removeprefix("-m paper_exps.run ").removesuffix(" --jobs 3").split())
    return rows


def test_every_row_is_named_by_exactly_one_script_and_all_calls_them():
    commands = {script.stem: rows_of(script) for script in SCRIPTS}
    commands_of_all = commands.pop("all")
    names = []
    for (rows,) in commands.values():  # each of the other scripts runs one command
        names += rows
    assert sorted(names) == sorted(PAPER_ROWS)
    assert sorted(commands_of_all) == sorted(rows for (rows,) in commands.values())
    for script in SCRIPTS:
        assert "set -euo pipefail" in script.read_text()


def test_the_same_training_happens_once():
    rows = [resolve(name, 0) for name in PAPER_ROWS]
    plan = make_plan(rows, rows)
    trained = [row for row, _ in plan if not row.options.eval_only]
    assert sum(row.script == "main_human36.py" for row in trained) == 35
    assert sum(row.script == "main_lsp.py" for row in trained) == 2
    needs = {row.name: None if needed is None else needed.name for row, needed in plan}
    for name in (
        "table_2/ours_17_gt_gt",
        "fig_1d/ours_100_1",
        "fig_4ab/ours",
        "fig_4d/ours_0",
        "fig_4c/test_noise/ours_20",
    ):
        assert needs[name] == "table_1/ours"
    assert needs["fig_4c/test_noise/ours_detections"] == "table_2/ours_16_gt_gt"
    assert {name: needs[name] for name in LOADS} == LOADS
    order = [row.name for row, _ in plan]
    assert all(order.index(needed) < order.index(name) for name, needed in needs.items() if needed)


def test_a_training_that_is_there_already_is_used(tmp_path):
    rows = []
    for name in PRESETS:
        if "/" in name:
            rows.append(resolve(name, 0, human36_tokens=["--ckpt", str(tmp_path)]))
    trained = next(row for row in rows if row.name == "fig_4d/ours_0")
    trained.folder.mkdir(parents=True)
    (trained.folder / "last.pt").touch()
    (trained.folder / "options.json").write_text(json.dumps(run_options(trained.options)))
    wanted = [row for row in rows if row.name == "table_1/ours"]
    (first, needed_by_first), (second, needed_by_second) = make_plan(wanted, rows)
    assert first.name == "fig_4d/ours_0" and needed_by_first is None
    assert second.name == "table_1/ours" and needed_by_second.name == "fig_4d/ours_0"
    assert list(second.tokens[-3:]) == ["--eval_only", "--load", str(trained.folder)]


SMALL = (
    "--preset testing --linear_size 16 --no-save_ims "
    "--actions Walking Sitting --train_subjects 1 --test_subjects 9"
)


def start(command: str, tmp_path, capfd) -> tuple[int, str]:
    code = run.main([*command.split(), *SMALL.split(), "--ckpt", str(tmp_path)])
    captured = capfd.readouterr()
    return code, captured.out + captured.err


def result_of(tmp_path, folder: str) -> dict:
    return json.loads((tmp_path / folder / "seed_0" / "result.json").read_text())


def test_rows_through_both_scripts_two_at_once(tmp_path, capfd):
    rows = "fig_4ab/ours table_1/ours fig_5/ours_human36_lsp"
    code, text = start(f"{rows} --jobs 2", tmp_path, capfd)
    assert code == 0, text
    table_1 = result_of(tmp_path, "synthetic/table_1/ours+testing")
    fig_4ab = result_of(tmp_path, "synthetic/fig_4ab/ours+testing")
    assert sorted([table_1["trained"], fig_4ab["trained"]]) == [False, True]
    assert table_1["pa_mpjpe_mm"] == fig_4ab["pa_mpjpe_mm"]  # the same training under two names
    assert (tmp_path / "synthetic/fig_4ab/ours+testing/seed_0/predictions.npz").exists()
    tuned = result_of(tmp_path, "synthetic_photos/fig_5/ours_human36_lsp+testing")
    assert tuned["loaded_from"].endswith("fig_5/ours_human36_14k+testing/seed_0")
    assert tuned["trained"]
    assert "table_1+testing, SYNTHETIC data (synthetic)" in text and "| missing" in text
    assert "fig_5+testing, SYNTHETIC data (synthetic photos)" in text
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    code, text = start(rows, tmp_path, capfd)
    assert code == 0 and "done" not in text and "SYNTHETIC" in text
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}


def test_a_failed_row_is_reported_and_stops_no_other(tmp_path, capfd, monkeypatch):
    def command(row):
        if row.name == "table_1/supervised":
            code = "raise SystemExit('error: no')"
        else:
            code = f"open({str(tmp_path / row.name.replace('/', ' '))!r}, 'w')"
        return [sys.executable, "-c", code]

    monkeypatch.setattr("paper_exps.plan.Row.command", command)
    code, text = start("table_1/supervised fig_4ab/supervised table_1/no_skeleton", tmp_path, capfd)
    assert code == 1
    assert "FAILED table_1/supervised, seed 0: error: no" in text
    assert "FAILED fig_4ab/supervised, seed 0: needs table_1/supervised, which failed" in text
    assert (tmp_path / "table_1 no_skeleton").exists()
    assert not (tmp_path / "fig_4ab supervised").exists()


MISTAKES = {
    "table_1/our": "table_1/our",
    "--epoch 3": "--epoch",
    "--jobs 0": "--jobs",
    "--plan --bad": "--bad",
    "--plan --epochs 3 table_1/ours": "table_1/ours",
    "--epochs x": "--epochs",
    "--exp foo": "--exp",
    "--seed 3": "--seeds",
    "--load x": "--load",
    "--no-eval_only": "--eval_only",
}


@pytest.mark.parametrize(("command", "word"), MISTAKES.items())
def test_mistakes(command, word, capsys):
    assert run.main(command.split()) == 2
    error = capsys.readouterr().err
    assert word in error and error.count("\n") == 1


def test_runs_of_other_options_are_neither_taken_over_nor_loaded(tmp_path, capfd):
    def row(rate: str):
        tokens = [*SMALL.split()[2:], "--ckpt", str(tmp_path), "--lr", rate]
        return resolve("table_1/no_skeleton", 0, presets=["testing"], human36_tokens=tokens)

    assert main_human36.main(row("0.01").tokens) == 0
    assert row("0.01").result() and row("0.01").has_trained
    assert row("0.001").result() is None and not row("0.001").has_trained
    assert main_human36.main(row("0.001").tokens) == 2
    assert "--lr 0.01, not --lr 0.001" in capfd.readouterr().err


def test_a_row_is_not_finished_while_what_it_needs_is_not(monkeypatch):
    pretraining = resolve("fig_5/ours_human36_14k", 0)
    tuning = resolve("fig_5/ours_human36_lsp", 0)
    other = resolve("fig_5/ours_lsp_only", 0)
    plan = [
        Step(pretraining, needed=None),
        Step(tuning, needed=pretraining),
        Step(other, needed=None),
    ]
    monkeypatch.setattr("paper_exps.plan.is_finished", lambda row, needed: row is not pretraining)
    assert left_to_do(plan) == plan[:2]


def test_a_foreign_result_is_one_line(tmp_path, capsys):
    folder = tmp_path / "synthetic/fig_4d/ours_1/seed_0"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text("{}")
    assert run.main(["fig_4d/ours_1", "--plan", "--ckpt", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "result.json" in error and error.count("\n") == 1


@pytest.mark.slow
def test_an_interrupt_of_run_alone_stops_its_rows(tmp_path):
    command = [
        sys.executable,
        "-m",
        "paper_exps.run",
        "table_1/ours",
        *SMALL.split(),
        "--epochs",
        "5000",
    ]
    process = subprocess.Popen(
        [*command, "--ckpt", str(tmp_path)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    last = tmp_path / "synthetic/table_1/ours+testing/seed_0/last.pt"
    deadline = time.monotonic() + 60
    while not last.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130 and "interrupted" in error
    assert (
        "whole epochs are in"
        in (tmp_path / "logs/synthetic_table_1_ours+testing_seed_0.txt").read_text()
    )


def test_options_reach_the_script_that_they_concern():
    command = (
        "table_1/ours --data_dir data/x --epochs 25 --lsp_epochs 3 "
        "--annotations a.json --linear_size 8"
    )
    args, human36_tokens, lsp_tokens = run.parse_command(command.split())
    assert args.rows == ["table_1/ours"]
    assert " ".join(human36_tokens) == "--data_dir data/x --linear_size 8 --epochs 25"
    assert " ".join(lsp_tokens) == "--annotations a.json --linear_size 8 --epochs 3"


def write_result(
    ckpt, row: str, seed: int, error: float, *, frames=100, synthetic=False, data_set="mine"
):
    """The files of a finished run, with three errors derived from one."""
    folder = ckpt / data_set / row / f"seed_{seed}"
    folder.mkdir(parents=True)
    data = {
        "name": data_set,
        "form": "human36_h5",
        "synthetic": synthetic,
        "test": {"frames": frames},
    }
    result = {
        "seed": seed,
        "epoch": 25,
        "data": data,
        "pa_mpjpe_mm": error,
        "pa_mpjpe_action_mean_mm": error + 1,
        "per_action": {"Walking": {"pa_mpjpe_mm": error - 2}},
        "trained": True,
    }
    (folder / "result.json").write_text(json.dumps(result))
    (folder / "options.json").write_text(json.dumps({"amt_test_data": 1}))


def test_a_table_by_hand(tmp_path):
    for seed, error in enumerate((50, 52, 54)):
        write_result(tmp_path, "table_1/ours", seed, error)
    write_result(tmp_path, "table_2/ours_17_gt_gt", 0, 50)
    rows = collect.collect("table_1", ckpt=tmp_path)["mine"]
    lines = collect.make_table("table_1", rows)
    assert lines[0] == ["row", "PA-MPJPE (mm)", "seeds", "epoch"]
    assert lines[1] == ["supervised", "missing", "", ""]
    assert lines[2] == ["ours", "52.0 +- 2.0", "0 1 2", "25 (last)"]
    assert len(lines) == 8 and {len(line) for line in lines} == {4}
    rows = collect.collect("table_2", ckpt=tmp_path)["mine"]
    header, _, line, *_ = collect.make_table("table_2", rows)
    assert line[:2] == ["ours_17_gt_gt", "51.0"]
    assert header[3 + 12] == "Walking" and line[3 + 12] == "48.0"
    assert line.count("missing") == 14


def test_only_human36_is_called_so(tmp_path, monkeypatch):
    write_result(tmp_path, "table_1/ours", 0, 50, frames=543_344, data_set="h36m")
    write_result(tmp_path, "table_1/ours", 0, 50, frames=14_208, data_set="cmu_h36m")
    write_result(
        tmp_path, "table_1/ours", 0, 50, frames=543_344, data_set="made_up", synthetic=True
    )
    for frames in (548_819, 550_644):  # with S11's Directions, with and without detections
        data = {"synthetic": False, "form": "human36_h5", "test": {"frames": frames}}
        assert collect.is_human36({"data": data}, {"amt_test_data": 1})
    numbers = {"paper": {"table_1": {"ours": 47.5, "supervised": None}}}
    (tmp_path / "numbers.json").write_text(json.dumps(numbers))
    monkeypatch.setattr(collect, "NUMBERS", tmp_path / "numbers.json")
    rows_per_data_set = collect.collect("table_1", ckpt=tmp_path)
    headings = {name: collect.heading(rows) for name, rows in rows_per_data_set.items()}
    assert headings == {
        "h36m": "Human3.6M (h36m)",
        "cmu_h36m": "not Human3.6M: other data (cmu_h36m)",
        "made_up": "SYNTHETIC data (made_up)",
    }
    lines = collect.make_table("table_1", rows_per_data_set["h36m"])
    assert lines[2] == ["ours", "50.0", "47.5", "+2.5", "0", "25 (last)"]
    for name in ("cmu_h36m", "made_up"):
        header, *_ = collect.make_table("table_1", rows_per_data_set[name])
        assert "paper" not in header


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"seed": 0, "epoch": 1, "trained": true}'])
def test_a_result_that_is_none_is_refused(tmp_path, capsys, content):
    write_result(tmp_path, "table_1/ours", 0, 50)
    (tmp_path / "mine/table_1/ours/seed_0/result.json").write_text(content)
    assert collect.main(["table_1", "--ckpt", str(tmp_path)]) == 2
    assert "is not of a finished run" in capsys.readouterr().err


def test_formats(tmp_path, capsys):
    write_result(tmp_path, "table_1/no_skeleton", 0, 50)
    for form, words in (
        ("md", "| no_skeleton "),
        ("tex", r"no\_skeleton & 50.0"),
        ("csv", "no_skeleton,50.0,0"),
    ):
        assert collect.main(["table_1", "--ckpt", str(tmp_path), "--format", form]) == 0
        text = capsys.readouterr().out
        assert words in text and "not Human3.6M" in text
    to_png = ["--format", "png", "--out", str(tmp_path / "f")]
    assert collect.main(["table_1", "--ckpt", str(tmp_path), *to_png]) == 0
    assert (tmp_path / "f" / "table_1_mine.png").stat().st_size > 5000
    assert collect.main(["table_1", "--ckpt", str(tmp_path / "none")]) == 0
    assert "missing: no results" in capsys.readouterr().out
    (tmp_path / "mine/table_1/no_skeleton/seed_0/result.json").write_text("{}")
    assert collect.main(["table_1", "--ckpt", str(tmp_path)]) == 2


def test_the_papers_numbers_are_of_its_rows_and_not_invented():
    content = json.loads((ROOT / "paper_exps" / "paper_numbers.json").read_text())
    for table, numbers in content["paper"].items():
        for row, number in numbers.items():
            assert f"{table}/{row}" in PAPER_ROWS
            assert number is None
    assert all(peer["source"] for peer in content["peers"])


def test_lsp_presets_resolve():
    for name, preset in LSP_PRESETS.items():
        tokens = ["--preset", name]
        if name in LOADS or name in ("supervised", "finetune"):
            tokens += ["--load", "x"]
        options, _ = lsp.parse_options(tokens)
        for option, value in preset.items():
            assert getattr(options, option) == value


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("pa_mpjpe_mm", None),
        ("pa_mpjpe_mm", "x"),
        ("pa_mpjpe_mm", float("nan")),
        ("pa_mpjpe_action_mean_mm", "x"),
        ("per_action", []),
        ("per_action", {"Walking": None}),
        ("per_action", {"Walking": {}}),
        ("wrong_labels", "x"),
        ("trained", None),
        ("trained", "yes"),
        ("seed", None),
        ("seed", True),
        ("epoch", "1"),
        ("data", None),
        ("data/name", None),
        ("data/name", 3),
        ("data/form", None),
        ("data/synthetic", None),
        ("data/synthetic", "no"),
        ("data/test", None),
        ("data/test/frames", None),
        ("data/test/frames", "100"),
        ("data/train", {}),
    ],
)
@pytest.mark.parametrize("table", ["table_1/ours", "table_2/ours_17_gt_gt"])
def test_results_with_odd_fields_are_refused(tmp_path, capsys, table, keys, value):
    """None stands for a field that is missing."""
    write_result(tmp_path, table, 0, 50)
    path = tmp_path / "mine" / table / "seed_0" / "result.json"
    result = json.loads(path.read_text())
    *parents, last = keys.split("/")
    container = result
    for key in parents:
        container = container[key]
    if value is None:
        del container[last]
    else:
        container[last] = value
    path.write_text(json.dumps(result))
    assert collect.main([table.partition("/")[0], "--ckpt", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "is not of a finished run" in error and error.count("\n") == 1


@pytest.mark.parametrize("key", ["per_action", "pa_mpjpe_action_mean_mm"])
def test_table_2_needs_errors_of_actions(tmp_path, capsys, key):
    write_result(tmp_path, "table_2/ours_17_gt_gt", 0, 50)
    path = tmp_path / "mine/table_2/ours_17_gt_gt/seed_0/result.json"
    result = json.loads(path.read_text())
    del result[key]
    path.write_text(json.dumps(result))
    assert collect.main(["table_2", "--ckpt", str(tmp_path)]) == 2
    assert f"({key} is missing)" in capsys.readouterr().err
