"""What a run tells its user, word by word."""

from types import SimpleNamespace

import pytest
import torch

from src.errors import InputError
from src.training import report
from src.training.checkpoints import Source, State
from src.training.evaluation import Evaluation
from src.training.run_folder import RunFolder

DATA = {
    "name": "mini",
    "synthetic": False,
    "train": {"subjects": [1, 5], "frames": 1200, "sequences": 8, "notes": ["a note"]},
    "test": {"subjects": [5, 9], "frames": 300, "sequences": 4, "notes": []},
    "overlapping_subjects": [5],
}


@pytest.fixture
def optimizer() -> torch.optim.Adam:
    return torch.optim.Adam([torch.zeros(1)], lr=0.001)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still; its attribute `now` is in seconds."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(report, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def measured(logged: dict) -> Evaluation:
    return Evaluation(
        means={},
        logged=logged,
        monitored={},
        chosen="pa_mpjpe_mm",
        joint_errors={},
        predictions={},
    )


# Progress


def test_rows_of_the_log_and_their_lines(capsys, optimizer, clock):
    with report.Progress(10, 3, State()) as progress:
        clock.now += 2.5
        optimizer.param_groups[0]["lr"] = 0.0005
        tested = measured({"mpjpe_mm": 100.0, "scaled_mpjpe_mm": 90.0, "pa_mpjpe_mm": 54.32})
        row = progress.make_row(1, 10, {"total": 2.5, "root": 0.123456}, optimizer, tested)
        progress.print_row(row)
    assert list(row.items()) == [
        ("epoch", 1),
        ("step", 10),
        ("lr", 0.0005),
        ("total", 2.5),
        ("root", 0.123456),
        ("mpjpe_mm", 100.0),
        ("scaled_mpjpe_mm", 90.0),
        ("pa_mpjpe_mm", 54.32),
        ("seconds", 2.5),
    ]
    line = "epoch 1/3  total 2.5  root 0.1235  PA-MPJPE 54.3 mm  2 s\n"
    assert capsys.readouterr().out == line


def test_the_line_of_photos(capsys, optimizer, clock):
    with report.Progress(10, 3, State()) as progress:
        tested = measured({"wrong_labels": 0.256})
        progress.print_row(progress.make_row(2, 20, {"total": 2.5}, optimizer, tested))
    assert capsys.readouterr().out == "epoch 2/3  total 2.5  wrong labels 25.6%  0 s\n"


def test_an_epoch_that_was_not_tested(capsys, optimizer, clock):
    with report.Progress(10, 3, State()) as progress:
        row = progress.make_row(1, 10, {"total": 2.5}, optimizer, None)
        progress.print_row(row)
    assert set(row) == {"epoch", "step", "lr", "total", "seconds"}
    assert capsys.readouterr().out == "epoch 1/3  total 2.5  0 s\n"


def test_every_row_has_its_own_seconds(optimizer, clock):
    with report.Progress(10, 3, State()) as progress:
        seconds = []
        for epoch in (1, 2):
            clock.now += epoch
            row = progress.make_row(epoch, 10 * epoch, {}, optimizer, None)
            seconds.append(row["seconds"])
    assert seconds == [1.0, 2.0]


def test_a_run_that_goes_on_says_so(capsys):
    with report.Progress(10, 3, State(epoch=2)):
        pass
    assert capsys.readouterr().out == "going on after epoch 2\n"


def test_the_bar_counts_the_steps_of_the_whole_run(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with report.Progress(10, 3, State(epoch=1)) as progress:
        progress.steps(4, {"total": 2.5, "root": 0.123456})
    bar = capsys.readouterr().err
    assert "14/30" in bar
    assert "total=2.5" in bar
    assert "root=0.123" in bar


def test_there_is_no_bar_where_nobody_sees_it(capsys):
    with report.Progress(10, 3, State()) as progress:
        progress.steps(10, {"total": 2.5})
    assert capsys.readouterr().err == ""


# The data


def test_motion_is_described(capsys):
    report.print_motion(DATA)
    assert capsys.readouterr().out.splitlines() == [
        "train: mini, S1, S5: 1,200 poses in 8 sequences",
        "note: a note",
        "test: mini, S5, S9: 300 poses in 4 sequences",
        "note: subjects [5] are in training and test set: errors will look too good",
    ]


def test_motion_that_is_only_tested_on(capsys):
    report.print_motion(DATA | {"train": None, "overlapping_subjects": [], "synthetic": True})
    lines = ["test: SYNTHETIC data (mini), S5, S9: 300 poses in 4 sequences"]
    assert capsys.readouterr().out.splitlines() == lines


def test_photos_are_described(capsys):
    data = {
        "name": "dogs",
        "synthetic": False,
        "train": {"frames": 1000, "labels": 5000},
        "test": {"frames": 10, "labels": 50},
    }
    report.print_photos(data, ["a note"])
    assert capsys.readouterr().out.splitlines() == [
        "train: dogs: 1,000 photos, 5,000 labels",
        "test: dogs: 10 photos, 50 labels",
        "note: a note",
    ]


# The result


def make_result(*, eval_only: bool, source: Source | None) -> dict:
    options = SimpleNamespace(
        dataset_type="human36_17k",
        supervision="relative",
        seed=3,
        preset=("ours",),
        eval_only=eval_only,
        load=None if source is None else source.path,
    )
    best = {"epoch": 1, "pa_mpjpe_mm": 50.0}
    state = State(epoch=2, step=20, best=best, history=[])
    return report.make_result(options, state, {"pa_mpjpe_mm": 51.0}, DATA, source)


def a_source() -> Source:
    return Source(epoch=7, statistics=None, checkpoint=None, path="runs/first", sha256="abc")


def test_result_of_a_training():
    assert make_result(eval_only=False, source=None) == {
        "pa_mpjpe_mm": 51.0,
        "epoch": 2,
        "which": "last",
        "best": {"epoch": 1, "pa_mpjpe_mm": 50.0},
        "frames": 300,
        "skeleton": "human36_17k",
        "supervision": "relative",
        "seed": 3,
        "preset": ["ours"],
        "trained": True,
        "loaded_from": None,
        "loaded_sha256": None,
        "data": DATA,
    }


def test_a_training_tells_which_weights_it_began_with():
    result = make_result(eval_only=False, source=a_source())
    assert result["loaded_from"] == "runs/first"
    assert result["loaded_sha256"] == "abc"
    assert "tested_sha256" not in result


def test_a_test_tells_which_weights_it_tested():
    result = make_result(eval_only=True, source=a_source())
    assert result["trained"] is False
    assert result["tested_sha256"] == "abc"
    assert "loaded_sha256" not in result


def three_means(mpjpe: float, scaled_mpjpe: float, pa_mpjpe: float) -> dict:
    return {"mpjpe_mm": mpjpe, "scaled_mpjpe_mm": scaled_mpjpe, "pa_mpjpe_mm": pa_mpjpe}


MOTION_RESULT = {
    **three_means(120.04, 110.0, 60.0),
    "mpjpe_action_mean_mm": 121.0,
    "scaled_mpjpe_action_mean_mm": 111.0,
    "pa_mpjpe_action_mean_mm": 61.0,
    "per_action": {"Walking": three_means(100.0, 90.0, 50.0)},
    "epoch": 2,
    "best": {"epoch": 1, "pa_mpjpe_mm": 58.75},
    "frames": 1300,
    "skeleton": "human36_17k",
    "trained": True,
    "data": DATA,
}


def test_table_of_motion(capsys, tmp_path):
    report.print_motion_result(MOTION_RESULT, RunFolder(tmp_path))
    assert capsys.readouterr().out.splitlines() == [
        "",
        "mini, S5, S9: 1,300 poses, human36_17k, epoch 2 (last)",
        "mm                             MPJPE  scaled MPJPE      PA-MPJPE",
        "Walking                        100.0          90.0          50.0",
        "mean over actions              121.0         111.0          61.0",
        "mean over frames               120.0         110.0          60.0",
        "best epoch: 1, PA-MPJPE 58.8 mm (the table shows the last epoch)",
        f"results and checkpoints: {tmp_path}",
    ]


def test_pictures_are_named_where_there_are_any(capsys, tmp_path):
    (tmp_path / "test_poses.png").write_bytes(b"")
    report.print_motion_result(MOTION_RESULT, RunFolder(tmp_path))
    assert f"pictures: {tmp_path / 'test_poses.png'}" in capsys.readouterr().out.splitlines()


def test_after_synthetic_motion_the_next_steps_are_named(capsys, tmp_path):
    result = MOTION_RESULT | {"data": DATA | {"synthetic": True}}
    report.print_motion_result(result, RunFolder(tmp_path))
    assert "next: --preset supervised" in capsys.readouterr().out
    report.print_motion_result(result | {"trained": False}, RunFolder(tmp_path))
    assert "next:" not in capsys.readouterr().out


PHOTO_RESULT = {
    "wrong_labels": 0.25,
    "labels": 1200,
    "per_pair": {},
    "per_occlusion": {"both joints visible": {"labels": 1000, "wrong": 0.2}},
    "epoch": 2,
    "best": None,
    "frames": 300,
    "skeleton": "lsp_14k",
    "data": {"name": "dogs", "synthetic": False},
}


def test_table_of_photos(capsys, tmp_path):
    report.print_photo_result(PHOTO_RESULT, RunFolder(tmp_path))
    assert capsys.readouterr().out.splitlines() == [
        "",
        "dogs: 300 test photos, lsp_14k, epoch 2 (last)",
        "                            labels     wrong",
        "all                          1,200     25.0%",
        "both joints visible          1,000     20.0%",
        f"by pair of joints: result.json; results and checkpoints: {tmp_path}",
    ]


def test_table_of_photos_with_truth(capsys, tmp_path):
    truth = {
        "per_gap_cm": {"0-5": {"labels": 20, "wrong": 0.5}},
        "wrong_labels_of_truth": 0.125,
        "wrong_order": 0.3,
        "best": {"epoch": 1, "wrong_labels": 0.24},
    }
    result = PHOTO_RESULT | truth | three_means(120.0, 110.0, 60.0)
    report.print_photo_result(result, RunFolder(tmp_path))
    assert capsys.readouterr().out.splitlines()[5:] == [
        "true depth gap 0-5 cm           20     50.0%",
        "12.5% of the labels contradict the 3D truth itself",
        "30.0% of the same pairs are ordered differently from the 3D ground truth",
        "MPJPE 120.0 mm, scaled MPJPE 110.0 mm, PA-MPJPE 60.0 mm",
        "best epoch: 1, 24.0% wrong (the table shows the last epoch)",
        f"by pair of joints: result.json; results and checkpoints: {tmp_path}",
    ]


@pytest.mark.parametrize(
    ("print_result", "result"),
    [
        (report.print_motion_result, MOTION_RESULT),
        (report.print_photo_result, PHOTO_RESULT),
    ],
    ids=["motion", "photos"],
)
def test_a_damaged_result_is_named(capsys, tmp_path, print_result, result):
    without_skeleton = dict(result)
    del without_skeleton["skeleton"]
    with pytest.raises(InputError, match="result.json: is damaged"):
        print_result(without_skeleton, RunFolder(tmp_path))
    assert capsys.readouterr().out == ""
