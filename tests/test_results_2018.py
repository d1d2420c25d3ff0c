"""Result files in the form of the authors' 2018 code: what the figures and tables make of them."""

import importlib
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from matplotlib.figure import Figure

from paper_exps import collect
from paper_exps.results_2018 import FILES_2018, read_fig_1d, read_table
from src.skeletons import get_skeleton

sys.path.insert(0, str(ROOT / "paper_plots"))  # as when one of the scripts is run
RUNS = ROOT / "tests" / "results" / "synthetic"
TITLE = "Human3.6M (results of the authors' 2018 files)"

FIG_1D = {
    "rel_supervised": [64.0, 61.5, 59.0, 53.0, 51.0],
    "fully_supervised": [72.0, 66.0, 61.0, 46.0, 43.0, 41.0],
    "rel_train_data_perc": [0.25, 0.5, 1.0, 1.0, 1.0],
    "sup_train_data_perc": [0.000625, 0.00125, 0.0025, 0.05, 0.25, 1.0],
    "rel_num_pairs": [1, 1, 1, 17, 136],
}
FIG_4C_TEST = {
    "rel_supervised": [52.0, 55.0, 58.0, 61.0, 64.0, 73.0],
    "fully_supervised": [41.0, 47.0, 53.0, 57.0, 60.0, 70.0],
    "test_amount_noise": [0, 5, 10, 15, 20, "detections"],
}
FIG_4C_BOTH = {
    "rel_supervised": [52.0, 54.0, 55.0, 57.0, 58.0, 64.0],
    "fully_supervised": [41.0, 43.0, 45.0, 47.0, 49.0, 57.0],
    "test_amount_noise": [0.0, 5.0, 10.0, 15.0, 20.0, "detections"],
}


def fig_4d_records() -> list[dict]:
    records = []
    errors = {0.0: 52.0, 0.25: 55.0, 0.5: 71.0, 0.75: 110.0, 1.0: 125.0, "mturk": 54.0}
    for amount, error in errors.items():
        record = {
            "exp": f"noise_{amount}",
            "amt_noise": amount,
            "err_test_best": error - 1,
            "err_test_last": error,
        }
        records.append(record)
    return records


def table_records(rows: list[str], *, with_best: bool) -> list[dict]:
    records = []
    for number, row in enumerate(rows):
        record = {
            "exp": row,
            "err_test_last": 40.0 + number,
            "err_test_actions_last": [30.0 + number + action for action in range(15)],
            "err_test_actions_last_mean": 37.0 + number,
        }
        if with_best:
            record["err_test_best"] = 39.5 + number
        records.append(record)
    return records


TABLE_1_ROWS = ["row_sup", "row_ours", "row_3", "row_4", "row_5", "row_6", "row_7"]
TABLE_2_ROWS = [
    "sup_17_gt_gt",
    "our_17_gt_gt",
    "our_17_gt_gt_n",
    "sup_16_sh_sh",
    "our_16_sh_sh",
    "our_16_sh_sh_n",
]


def write_json(folder: Path, file: str, content):
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def authors(tmp_path) -> Path:
    """The authors' archives, unpacked into one folder."""
    folder = tmp_path / "checkpoint"
    write_json(folder, "fig_1d/fig_1d_results.json", FIG_1D)
    write_json(folder, "fig_4c_test_noise/fig_4c_test_noise_results.json", FIG_4C_TEST)
    write_json(folder, "fig_4c_train_test_noise/fig_4c_train_test_noise_results.json", FIG_4C_BOTH)
    write_json(folder, "fig_4d/fig_4d_results.json", fig_4d_records())
    table_1 = table_records(TABLE_1_ROWS, with_best=True)
    write_json(folder, "table_1/table_1_results.json", table_1)
    table_2 = table_records(TABLE_2_ROWS, with_best=False)
    write_json(folder, "table_2/table_2_results.json", table_2)
    generator = np.random.default_rng(0)
    for model, mean_mm in (("fully_supervised", 41), ("rel_supervised", 52)):
        path = folder / "fig_4ab" / model / "all_dist_proc.npy"
        path.parent.mkdir(parents=True)
        size_of_pose = generator.gamma(8, mean_mm / 8, (500, 1))
        np.save(path, size_of_pose * np.linspace(0.5, 1.5, 17) * generator.uniform(0.5, 1.5, 17))
    return folder


@pytest.fixture
def plot(tmp_path, monkeypatch):
    """plot("fig_1d", "--option", ...) -> (exit code, the figure), with --out tmp_path/figures."""

    def run(name: str, *options):
        module = importlib.import_module(name)
        figures = []

        def new_figure(width, height):
            figure = Figure((width, height))
            figures.append(figure)
            return figure

        monkeypatch.setattr(module, "new_figure", new_figure)
        arguments = [*map(str, options), "--out", str(tmp_path / "figures")]
        exit_code = module.main(arguments)
        return exit_code, figures[-1] if figures else None

    return run


def points_of(axis) -> dict[str, np.ndarray]:
    return {line.get_label(): line.get_xydata() for line in axis.lines}


def bars_of(axis) -> dict[str, dict[str, float]]:
    """{name in the legend: {group: height of its bar}}."""
    groups = [text.get_text() for text in axis.get_xticklabels()]
    heights = {}
    for bars in axis.containers:
        if hasattr(bars, "patches"):  # the whiskers are a container too
            values = [bar.get_height() for bar in bars]
            heights[bars.get_label()] = dict(zip(groups, values, strict=True))
    return heights


def test_1d_has_the_points_of_our_rows(plot, authors):
    exit_code, figure = plot("fig_1d", "--results", authors)
    assert exit_code == 0
    axis = figure.axes[0]
    assert axis.get_title() == f"Figure 1d: {TITLE}"
    points = points_of(axis)
    # 1 bit per pair; 8 bit per coordinate of 17 joints; of 1,559,752 frames.
    expected = [
        [389_938 / 8e6, 6.4],
        [779_876 / 8e6, 6.15],
        [1_559_752 / 8e6, 5.9],
        [1_559_752 * 17 / 8e6, 5.3],
        [1_559_752 * 136 / 8e6, 5.1],
    ]
    np.testing.assert_allclose(points["ours"], expected)
    np.testing.assert_allclose(points["3D supervised"][0], [974 * 51 / 1e6, 7.2])
    np.testing.assert_allclose(points["3D supervised"][-1], [1_559_752 * 51 / 1e6, 4.1])
    # The captions are those of our runs.
    captions = {text.get_text() for text in axis.texts}
    _, figure_of_runs = plot("fig_1d", "--results", RUNS.parent)
    assert captions == {text.get_text() for text in figure_of_runs.axes[0].texts}


def test_4a_and_4b_from_errors_of_joints(plot, authors, capsys):
    errors_mm = np.load(authors / "fig_4ab/rel_supervised/all_dist_proc.npy")
    exit_code, figure = plot("fig_4a", "--results", authors)
    assert exit_code == 0
    assert figure.axes[0].get_title() == f"Figure 4a: {TITLE}"
    marks = next(line for line in figure.axes[1].lines if line.get_marker() == "o")
    percentiles = np.percentile(errors_mm.mean(axis=1) / 10, [25, 50, 68.3, 95.4])
    np.testing.assert_allclose(marks.get_xdata(), percentiles)
    assert f"ours: mean {errors_mm.mean() / 10:.2f} cm" in capsys.readouterr().out

    exit_code, figure = plot("fig_4b", "--results", authors)
    assert exit_code == 0
    assert figure.axes[0].get_title() == f"Figure 4b: {TITLE}"
    heights = bars_of(figure.axes[0])
    joints = get_skeleton("human36_17k").joints
    knees = [joints.index("left_knee"), joints.index("right_knee")]
    assert heights["ours"]["knee"] == pytest.approx(errors_mm[:, knees].mean() / 10)
    assert heights["ours"]["mid_hip"] == pytest.approx(errors_mm[:, 0].mean() / 10)
    assert len(heights["3D supervised"]) == 11


def test_4c_from_both_files(plot, authors):
    exit_code, figure = plot("fig_4c", "--results", authors)
    assert exit_code == 0
    axis = figure.axes[0]
    assert axis.get_title() == f"Figure 4c: {TITLE}"
    points = points_of(axis)
    np.testing.assert_allclose(points["ours"], [[5.2, 5.2], [5.8, 5.5], [6.4, 5.8], [7.3, 6.4]])
    np.testing.assert_allclose(points["3D supervised"][-1], [7.0, 5.7])
    captions = [text.get_text() for text in axis.texts]
    assert captions == 2 * ["0", "10", "20", "detections"]


def test_4d_shows_the_last_epoch(plot, authors, capsys):
    exit_code, figure = plot("fig_4d", "--results", authors)
    assert exit_code == 0
    assert figure.axes[0].get_title() == f"Figure 4d: {TITLE}"
    heights = bars_of(figure.axes[0])["ours"]
    expected = {"0": 5.2, "0.25": 5.5, "0.5": 7.1, "0.75": 11, "1": 12.5, "mturk": 5.4}
    assert heights == pytest.approx(expected)
    assert "fig_4d/ours_mturk: 5.40 cm" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["fig_1d", "fig_4a", "fig_4b", "fig_4c", "fig_4d"])
def test_runs_beside_the_files_need_a_choice(plot, authors, capsys, name):
    shutil.copytree(RUNS, authors / "mine")
    exit_code, _ = plot(name, "--results", authors)
    assert exit_code == 2
    assert "results of mine, authors_2018; choose one with --dataset" in capsys.readouterr().err
    exit_code, figure = plot(name, "--results", authors, "--dataset", "authors_2018")
    assert exit_code == 0 and TITLE in figure.axes[0].get_title()
    exit_code, figure = plot(name, "--results", authors, "--dataset", "mine")
    assert exit_code == 0 and "SYNTHETIC" in figure.axes[0].get_title()


def test_an_archive_s_own_folder_is_taken(plot, authors, capsys):
    for name, archive in (("fig_1d", "fig_1d"), ("fig_4a", "fig_4ab"), ("fig_4d", "fig_4d")):
        exit_code, figure = plot(name, "--results", authors / archive)
        assert exit_code == 0 and TITLE in figure.axes[0].get_title()
    # One of the two of figure 4c is not enough.
    exit_code, _ = plot("fig_4c", "--results", authors / "fig_4c_test_noise")
    assert exit_code == 2
    assert "fig_4c_train_test_noise_results.json: is missing" in capsys.readouterr().err


def test_a_preset_is_laid_over_runs_alone(plot, authors, capsys):
    exit_code, _ = plot("fig_1d", "--results", authors, "--preset", "testing")
    assert exit_code == 2
    assert "no results of fig_1d" in capsys.readouterr().err


def test_a_file_that_is_asked_for_and_missing(plot, tmp_path, capsys):
    exit_code, _ = plot("fig_4d", "--results", tmp_path, "--dataset", "authors_2018")
    assert exit_code == 2
    assert "fig_4d_results.json: is missing" in capsys.readouterr().err


# {what is wrong: (figure, what its file holds, words of the refusal)}
JSON_REFUSED = {
    "a list": ("fig_1d", [], "expected a json object"),
    "a field missing": ("fig_1d", {"rel_supervised": [1.0]}, "sup_train_data_perc: expected a"),
    "an error too few": (
        "fig_1d",
        FIG_1D | {"fully_supervised": [72.0]},
        "fully_supervised: expected 6 items, but found 1",
    ),
    "percent": (
        "fig_1d",
        FIG_1D | {"rel_train_data_perc": [25, 50, 100, 100, 100]},
        "rel_train_data_perc: expected a number from 0 to 1, but found 25",
    ),
    "half a pair": (
        "fig_1d",
        FIG_1D | {"rel_num_pairs": [1, 1, 1, 17, 0.5]},
        "rel_num_pairs: expected whole numbers from 1 to 136, or all, but found 0.5",
    ),
    "no number": (
        "fig_4c",
        FIG_4C_TEST | {"rel_supervised": [float("nan")] * 6},
        "rel_supervised: expected a number from 0 to 1e+06, but found nan",
    ),
    "a number of 400 digits": (
        "fig_4c",
        FIG_4C_TEST | {"rel_supervised": [10**400] * 6},
        "rel_supervised: expected a number",
    ),
    "another word": (
        "fig_4c",
        FIG_4C_TEST | {"test_amount_noise": [0, 5, 10, 15, 20, "mturk"]},
        "test_amount_noise: expected numbers or detections, but found mturk",
    ),
    "a level twice": (
        "fig_4c",
        FIG_4C_TEST | {"test_amount_noise": [0, 5, 10, 10, 20, "detections"]},
        "test_amount_noise: 10 is there twice",
    ),
    "an object": ("fig_4d", {}, "expected a json list"),
    "numbers in place of runs": ("fig_4d", [52.0], "expected an object per run"),
    "no last error": ("fig_4d", [{"amt_noise": 0.5}], "err_test_last: expected a number"),
    "true": ("fig_4d", [{"amt_noise": True, "err_test_last": 1.0}], "amt_noise: expected a number"),
}


@pytest.mark.parametrize("case", JSON_REFUSED.values(), ids=JSON_REFUSED)
def test_json_of_another_form_is_refused_in_one_line(plot, authors, capsys, case):
    figure, content, words = case
    file, *_ = FILES_2018[figure]
    write_json(authors, file, content)
    exit_code, _ = plot(figure, "--results", authors)
    assert exit_code == 2
    error = capsys.readouterr().err
    assert f"{authors / file}: " in error and words in error and error.count("\n") == 1


def test_what_is_no_json_is_refused(plot, authors, capsys):
    (authors / "fig_4d/fig_4d_results.json").write_text("[{")
    exit_code, _ = plot("fig_4d", "--results", authors)
    assert exit_code == 2
    assert "fig_4d_results.json: cannot be read as json" in capsys.readouterr().err


ARRAYS_REFUSED = {
    "of 16 joints": (np.ones((5, 16)), "expected errors (N, 17) in mm, one per test pose"),
    "flat": (np.ones(34), "but found (34,)"),
    "no poses": (np.ones((0, 17)), "but found 0 of type float64"),
    "whole numbers": (np.ones((5, 17), dtype=int), "but found 85 of type int64"),
    "not finite": (np.full((5, 17), np.nan), "pose 0 has errors below 0, too large, or not finite"),
    "below 0": (-np.ones((5, 17)), "pose 0 has errors below 0"),
    "pickled": (np.array([[1.0, None]], dtype=object), "cannot be read as an array of numbers"),
}


@pytest.mark.parametrize("case", ARRAYS_REFUSED.values(), ids=ARRAYS_REFUSED)
def test_arrays_of_another_form_are_refused_in_one_line(plot, authors, capsys, case):
    array, words = case
    path = authors / "fig_4ab/rel_supervised/all_dist_proc.npy"
    np.save(path, array)
    for name in ("fig_4a", "fig_4b"):
        exit_code, _ = plot(name, "--results", authors)
        assert exit_code == 2
        error = capsys.readouterr().err
        assert f"{path}: " in error and words in error and error.count("\n") == 1


def test_arrays_are_looked_at_before_they_are_read(plot, authors, capsys):
    """A pipe that nobody writes to, and a header that declares 14 GB."""
    path = authors / "fig_4ab/rel_supervised/all_dist_proc.npy"
    path.unlink()
    os.mkfifo(path)
    exit_code, _ = plot("fig_4a", "--results", authors)
    assert exit_code == 2
    assert f"{path}: is a pipe or a device" in capsys.readouterr().err
    path.unlink()
    with path.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**8, 17)}
        np.lib.format.write_array_header_1_0(file, header)
    exit_code, _ = plot("fig_4a", "--results", authors)
    assert exit_code == 2
    assert f"{path}: cannot be read as an array of numbers" in capsys.readouterr().err


def test_all_pairs_may_be_a_word(authors):
    content = FIG_1D | {"rel_num_pairs": [1.0, 1.0, 1.0, 17.0, "all"]}
    write_json(authors, "fig_1d/fig_1d_results.json", content)
    pairs = [num_pairs for _, num_pairs, _ in read_fig_1d(authors)["ours"]]
    assert pairs == [1, 1, 1, 17, "all"]


def test_tables_from_the_files(authors, capsys):
    assert collect.main(["table_1", "--ckpt", str(authors), "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f'"# table_1, {TITLE}"',
        "row,PA-MPJPE (mm),best epoch",
        "supervised,40.0,39.5",
        "ours,41.0,40.5",
        "known_focal,42.0,41.5",
        "average_skeleton,43.0,42.5",
        "no_skeleton,44.0,43.5",
        "all_pairs,45.0,44.5",
        "tolerance,46.0,45.5",
        "",
    ]
    assert collect.main(["table_2", "--ckpt", str(authors), "--format", "csv"]) == 0
    _, header, _, _, noise, *_ = capsys.readouterr().out.splitlines()
    assert header.startswith("row,PA-MPJPE (mm),Directions,Discussion,")
    assert noise.startswith("ours_17_gt_gt_noise,39.0,32.0,33.0,") and noise.endswith(",46.0")


def test_tables_of_runs_and_of_the_files_stand_side_by_side(authors, capsys):
    row = authors / "mine/table_1/ours/seed_0"
    shutil.copytree(RUNS / "fig_1d/ours_100_1/seed_0", row)
    assert collect.main(["table_1", "--ckpt", str(authors)]) == 0
    text = capsys.readouterr().out
    assert "SYNTHETIC data" in text and TITLE in text
    assert collect.main(["table_1", "--ckpt", str(authors), "--dataset", "mine"]) == 0
    assert TITLE not in capsys.readouterr().out
    assert collect.main(["table_1", "--ckpt", str(authors), "--dataset", "authors_2018"]) == 0
    text = capsys.readouterr().out
    assert "SYNTHETIC data" not in text and TITLE in text
    assert collect.main(["table_1", "--ckpt", str(authors), "--preset", "testing"]) == 0
    assert "table_1: missing" in capsys.readouterr().out


def test_rows_may_be_named_by_their_folders_but_not_otherwise(authors, capsys):
    records = table_records(["table_1/row_6"], with_best=True)
    write_json(authors, "table_1/table_1_results.json", records)
    assert list(read_table("table_1", authors)) == ["all_pairs"]
    for rows, words in ((["row_8"], "but found row_8"), (["row_3", "row_3"], "known_focal is")):
        records = table_records(rows, with_best=True)
        write_json(authors, "table_1/table_1_results.json", records)
        assert collect.main(["table_1", "--ckpt", str(authors)]) == 2
        error = capsys.readouterr().err
        assert "table_1_results.json: exp: " in error and words in error
