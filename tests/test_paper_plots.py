"""The figure scripts on the small results of tests/results (one epoch, synthetic), by what they plot."""

import importlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from matplotlib.figure import Figure

from src.cameras import load_cameras
from src.crowd.agreement import agreement
from src.crowd.answers import Answers
from src.crowd.findings import analyse, mean_by_distance
from src.crowd.simulation import simulated_labels
from src.crowd.study import Study, load_study
from src.data.human36.load import load_human36
from src.data.synthetic.motion import make_cameras
from src.data.synthetic.photos import make_content
from src.errors import InputError, run_command
from src.plotting import paper
from src.skeletons import get_skeleton

sys.path.insert(0, str(ROOT / "paper_plots"))  # as when one of the scripts is run
RESULTS = ROOT / "tests" / "results"
SCRIPTS = sorted(
    p.stem
    for p in (ROOT / "paper_plots").glob("*.py")
    if p.stem not in ("common", "all", "__init__")
)


@pytest.fixture
def plot(tmp_path, monkeypatch):
    """plot("fig_1d", "--option ...") -> (exit code, the figure), run in another folder."""

    def start(name: str, command=""):
        monkeypatch.chdir(tmp_path)
        module, figures = importlib.import_module(name), []
        monkeypatch.setattr(
            module,
            "new_figure",
            raising=False,
            value=lambda *size: figures.append(Figure(size)) or figures[-1],
        )
        code = run_command(
            module.draw, ["--results", str(RESULTS), "--out", "here", *command.split()]
        )
        return code, figures[-1] if figures else None

    return start


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_is_short_and_writes_a_figure_from_another_folder(plot, tmp_path, name):
    assert len((ROOT / "paper_plots" / f"{name}.py").read_text().splitlines()) < 60
    (tmp_path / "log.csv").write_text(
        "epoch,step,lr,total,root,pa_mpjpe_mm\n1,9,0.1,3,2,90\n2,18,0.1,2,1,80\n"
    )
    code, _ = plot(
        name, {"h36_sequence": "--frames 2", "training_curves": f"--run {tmp_path}"}.get(name, "")
    )
    (path,) = (tmp_path / "here").iterdir()
    assert code == 0 and path.stem == name and path.stat().st_size > 5000


def test_as_a_process_from_another_folder(tmp_path):
    command = [
        sys.executable,
        str(ROOT / "paper_plots" / "fig_4d.py"),
        "--results",
        str(RESULTS),
        "--format",
        "svg",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (
        "figures/fig_4d.svg" in done.stdout
        and (tmp_path / "figures" / "fig_4d.svg").stat().st_size > 5000
    )


def result(row: str) -> dict:
    return json.loads((RESULTS / "synthetic" / row / "seed_0" / "result.json").read_text())


def test_1d_sizes_of_labels():
    """17 joints and Human3.6M's 1,559,752 frames, as experiments.md has them: 8 bit a coordinate, 1 bit a pair."""
    fig_1d = importlib.import_module("fig_1d")
    options = {
        "dataset_type": "human36_17k",
        "supervision": "full",
        "amt_train_data": 1.0,
        "num_pairs": 1,
    }
    assert fig_1d.label_megabytes(1_559_752, options) == pytest.approx(
        1_559_752 * 17 * 3 * 8 / 8 / 1e6
    )
    ours = {**options, "supervision": "relative"}
    for pairs, bits in ((1, 1), (17, 17), ("all", 136)):
        assert fig_1d.label_megabytes(1_559_752, {**ours, "num_pairs": pairs}) == pytest.approx(
            1_559_752 * bits / 8e6
        )
    assert fig_1d.label_megabytes(1_559_752, {**ours, "amt_train_data": 0.25}) == pytest.approx(
        389_938 / 8e6
    )


def test_1d_plots_the_results(plot):
    axis = plot("fig_1d")[1].axes[0]
    points = {line.get_label(): np.column_stack(line.get_data()) for line in axis.lines}
    trained = (
        result(f"fig_1d/ours_{name}")["data"]["train"] for name in ("25_1", "50_1", "100_17")
    )
    frames = next(part["frames"] for part in trained if part)
    expected = [(frames * 0.25 / 8e6, result("fig_1d/ours_25_1")["pa_mpjpe_mm"] / 10)]
    assert np.isclose(points["ours"], expected, rtol=1e-3).all(axis=1).any()
    assert (
        len(points["ours"]) == 5
        and len(points["3D supervised"]) == 6
        and axis.get_xscale() == "log"
    )
    assert "SYNTHETIC" in axis.get_title()


def predictions(row: str) -> dict:
    return dict(np.load(RESULTS / "synthetic" / row / "seed_0" / "predictions.npz"))


def test_4a_percentiles(plot, capsys):
    figure = plot("fig_4a")[1]
    errors = predictions("fig_4ab/ours")["pa_mpjpe_joint_errors_mm"].mean(axis=1) / 10
    marked = [line.get_data() for line in figure.axes[1].lines if line.get_marker() == "o"]
    np.testing.assert_allclose(marked[0][0], np.percentile(errors, [25, 50, 68.3, 95.4]), rtol=1e-4)
    assert list(marked[0][1]) == [25, 50, 68.3, 95.4] and figure.axes[0].get_xlim() == (0, 20)
    assert f"ours: mean {errors.mean():.2f} cm" in capsys.readouterr().out


def test_4a_bins_by_hand():
    axis = Figure().add_subplot()
    paper.draw_error_histogram(axis, {"ours": np.array([0.05, 0.15, 0.15, 19.99])})
    values, edges, _ = axis.patches[0].get_data()
    assert values[0] == 25 and values[1] == 50 and values[-1] == 25 and len(values) == 200
    np.testing.assert_allclose(np.diff(edges), 0.1)


def test_4b_pools_left_and_right(plot):
    axis = plot("fig_4b")[1].axes[0]
    assert len(axis.patches) == 2 * 11
    found = predictions("fig_4ab/ours")
    joints, errors = found["joints"].tolist(), found["pa_mpjpe_joint_errors_mm"] / 10
    knees = np.concatenate([errors[:, joints.index(f"{side}_knee")] for side in ("left", "right")])
    labels = [text.get_text() for text in axis.get_xticklabels()]
    heights = {
        bar.get_label(): [patch.get_height() for patch in bar]
        for bar in axis.containers
        if hasattr(bar, "patches")
    }
    assert heights["ours"][labels.index("knee")] == pytest.approx(knees.mean(), rel=1e-5)


def test_4c_and_4d(plot):
    axis = plot("fig_4c")[1].axes[0]
    points = {line.get_label(): line.get_xydata() for line in axis.lines}
    assert len(points["ours"]) == len(points["3D supervised"]) == 4
    first = (
        result("fig_4c/test_noise/ours_10")["pa_mpjpe_mm"] / 10,
        result("fig_4c/train_test_noise/ours_10")["pa_mpjpe_mm"] / 10,
    )
    np.testing.assert_allclose(points["ours"][1], first)
    assert any(line.get_linestyle() == ":" for line in axis.lines)
    bars = plot("fig_4d")[1].axes[0].patches
    assert len(bars) == 6 and bars[-1].get_height() == pytest.approx(
        result("fig_4d/ours_1")["pa_mpjpe_mm"] / 10
    )


def assert_same_points(drawn: np.ndarray, points: np.ndarray):
    """Every point is drawn, and nothing else."""
    apart = np.linalg.norm(drawn[:, None] - points, axis=-1)
    assert apart.min(axis=0).max() < 1e-2 and apart.min(axis=1).max() < 1e-2


def test_s3_and_5_draw_the_poses_of_the_files(plot):
    axes = plot("fig_s3", "--index 3")[1].axes
    ours, truth = predictions("fig_4ab/ours"), predictions("fig_4ab/supervised")["target_mm"][3]
    drawn = np.concatenate([np.column_stack(line.get_data_3d()) for line in axes[1].lines])
    assert_same_points(drawn, np.column_stack([truth[:, 0], truth[:, 2], -truth[:, 1]]))
    assert f"{ours['pa_mpjpe_joint_errors_mm'][3].mean() / 10:.1f} cm" in axes[3].get_title()
    pixels = ours["pose_2d_px"][3] + ours["root_2d_px"][3]
    drawn = np.concatenate([line.get_xydata() for line in axes[0].lines])
    assert_same_points(drawn, pixels)
    titles = [axis.get_title() for axis in plot("fig_5", "--index 0")[1].axes]
    assert titles[1:] == ["3D supervised", "ours", "ours, fine-tuned on photos"]
    assert plot("fig_s3", "--index 99")[0] == 2


def test_labels_are_drawn_as_they_are(plot):
    photos = simulated_labels(get_skeleton("lsp_14k"), 0)
    assert photos.risk.max() <= 0.5 and not np.isnan(photos.risk).any()
    figure = plot("lsp_annotations", "--index 7")[1]
    of_photo = np.flatnonzero(photos.photo == 7)
    dots = [line.get_xydata()[0] for line in figure.axes[0].lines if line.get_markersize() == 7]
    closer = [photos.pairs[a][1 if photos.label[a] == 1 else 0] for a in of_photo]
    np.testing.assert_allclose(dots, photos.pose_2d[7][closer], rtol=1e-5)
    axes = plot("fig_3")[1].axes
    risks = [float(axis.get_title().split("risk ")[1]) for axis in axes]
    assert len(axes) == 12 and risks == sorted(risks)


def test_merged_labels_are_better_than_single_ones():
    photos = simulated_labels(get_skeleton("lsp_14k"), 0)
    z = photos.truth[photos.photo[:, None], photos.pairs, 2]
    assert 0.8 < (np.sign(z[:, 0] - z[:, 1]) == photos.label).mean() < 1


def test_agreement_by_hand():
    photos = simulated_labels(get_skeleton("lsp_14k"), 0)
    pairs = np.tile(photos.pairs[:2], (2, 1))
    given = (photos.label[:2] == 1).astype(int)
    answers = np.concatenate([given, [given[0], 1 - given[1]]])
    lines = agreement(
        Answers(("a", "b"), np.repeat([0, 1], 2), ("0",), np.zeros(4, int), pairs, answers), photos
    )
    assert lines == [
        "all authors agree on 50.0% of 2 pairs that all have answered",
        "a, b: 50.0% of 2 pairs",
        "crowd, a: 100.0% of 2 pairs",
        "crowd, b: 50.0% of 2 pairs",
    ]


def test_mistakes(plot, capsys, tmp_path):
    mistakes = [
        ("fig_4a", "--results /nowhere", "paper_exps/fig_4ab.sh"),
        ("fig_4a", "--seed 7", "seed_7"),
    ]
    mistakes += [("fig_4d", "--format jpg", "--format"), ("fig_s3", "--videos /nowhere", "imageio")]
    mistakes += [("h36_sequence", "--frames abc", "--frames")]
    for name, command, word in mistakes:
        assert plot(name, command)[0] == 2
        assert word in capsys.readouterr().err
    with pytest.raises(InputError, match="no built-in skeleton"):
        importlib.import_module("common").skeleton_of(["a"])


def test_all_draws_what_it_can(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module("all")
    assert set(module.FIGURES) == set(SCRIPTS)
    monkeypatch.setattr(module, "FIGURES", ["fig_4d", "fig_3"])
    module.draw(["--results", str(tmp_path)])
    assert "not drawn: fig_4d: " in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["fig_3.png"]


def test_level_depth_is_depth_along_the_floor(human36_dir):
    points = np.random.default_rng(0).normal(0, 500, (20, 3))
    for camera in [*make_cameras(0).values(), *load_cameras(human36_dir / "cameras.h5").values()]:
        ahead = camera.R[2] * [1, 1, 0]
        along_the_floor = (points - camera.T.T) @ (ahead / np.linalg.norm(ahead))
        np.testing.assert_allclose(camera.level_depth(points), along_the_floor, atol=1e-6)


def test_findings_by_hand():
    """Two images of three joints, two annotators; joint 1 is 10 cm closer than joint 0, joint 2 1.5 cm further."""
    depth = np.array([[20.0, 10.0, 21.5]] * 2)
    pairs = np.array([[0, 1], [0, 2]] * 4)
    answers = Answers(("a", "b"), np.repeat([0, 0, 1, 1], 2), ("x", "y"), np.repeat([0, 1, 0, 1], 2), pairs,
                      np.array([1, 0, 1, 0, 1, 1, 0, 0]))  # fmt: skip
    study = Study(
        answers, depth, depth + 100 * np.arange(3), np.zeros((2, 3, 2)), ("i", "j", "k"), "by hand"
    )
    found = analyse(study)
    assert found.by_annotator.tolist() == [1, 0.5] and found.by_image.tolist() == [0.75, 0.75]
    assert (
        found.accuracy["level depth"]["raw"] == 0.75
        and found.accuracy["level depth"]["majority"] == 0.75
    )
    # By the other depth the second joint is the further one of both pairs.
    assert found.accuracy["camera depth"]["raw"] == pytest.approx((answers.answer == 0).mean())
    middles, means = mean_by_distance(found.gap_cm[:, 0], found.right[:, 0])
    assert middles.tolist() == [1.5, 10.5] and means.tolist() == [0.75, 0.75]
    np.testing.assert_allclose(found.bias, [[1, 1], [0.5, 0.5]])
    assert "8 annotations, 2 images, 4 pairs" in found.statistics[0]


def test_2_from_files_in_the_authors_form(plot, human36_dir, tmp_path, capsys):
    joints = list(get_skeleton("human36_17k").joints)
    images = [{"id": 5, "s_id": 9, "frame": 3, "video": "Walking.54138969.mp4", "filename": "a"},
              {"id": 6, "s_id": 11, "frame": 0, "video": "Sitting 1.60457274.mp4", "filename": "b"}]  # fmt: skip
    truth = {"pose": [{"keypoints": joints}], "images": images, "annotations": []}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    rows = [
        {"annotator": who, "image": image, "kp0": 3, "kp1": 16, "answer": 1}
        for who in "ab"
        for image in (5, 6)
    ]
    (tmp_path / "answers.json").write_text(json.dumps(rows))
    command = f"--data {human36_dir} --truth {tmp_path / 'truth.json'} --answers {tmp_path / 'answers.json'}"
    code, figure = plot("fig_2", command)
    assert code == 0 and "4 annotations, 2 images, 2 pairs" in capsys.readouterr().out
    study = load_study([tmp_path / "answers.json"], tmp_path / "truth.json", human36_dir)
    arrays = load_human36(human36_dir, [9], get_skeleton("human36_17k"), actions=["Walking"])
    row = next(
        i for i in range(len(arrays)) if arrays.frame[i] == 3 and arrays.camera[i] == "54138969"
    )
    np.testing.assert_allclose(study.camera_cm[0], arrays.pose_3d[row, :, 2] / 10, rtol=1e-5)
    images[0]["frame"] = 10**6
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    assert plot("fig_2", command)[0] == 2 and "no frame 1000000" in capsys.readouterr().err
    assert plot("fig_2", f"--data {human36_dir}")[0] == 2


def test_3_compares_authors_and_labels_in_the_order_of_the_file(plot, tmp_path, capsys):
    """The labels of a file whose joints are in another order than the model's, given back as an author's: 100 %."""
    content, _ = make_content(get_skeleton("lsp_14k"), num_photos=20)
    shuffled = np.random.default_rng(1).permutation(14)
    content["joint_names"] = [
        content["joint_names"][j] for j in shuffled
    ]  # whatever joint that makes of it
    (tmp_path / "labels.json").write_text(json.dumps(content))
    rows = [
        {"annotator": "me", "image": i, "kp0": a["kp0"], "kp1": a["kp1"], "answer": a["label"]}
        for i, image in enumerate(content["images"]) for a in image["anns"]
    ]  # fmt: skip
    (tmp_path / "me.json").write_text(json.dumps(rows))
    assert (
        plot("fig_3", f"--data {tmp_path / 'labels.json'} --authors {tmp_path / 'me.json'}")[0] == 0
    )
    assert "crowd, me: 100.0% of 100 pairs" in capsys.readouterr().out


def test_3_prints_how_far_simulated_authors_agree(plot, capsys):
    plot("fig_3")
    lines = capsys.readouterr().out.splitlines()[1:8]  # after the note on photos
    shares = [float(line.split(": ")[-1].split("agree on ")[-1].split("%")[0]) for line in lines]
    assert all(60 < share < 100 for share in shares) and lines[0].endswith(
        "of 3000 pairs that all have answered"
    )
    assert shares[0] < min(shares[1:4])  # all three agree less often than two of them


def test_3_shows_each_photo_once(plot):
    for seed in (4, 10):  # where two different shufflings of the labels showed a photo twice
        titles = [
            axis.get_title().split("\n")[0] for axis in plot("fig_3", f"--seed {seed}")[1].axes
        ]
        assert len(set(titles)) == 12


def test_models_tested_on_different_frames_are_not_drawn_together(plot, tmp_path, capsys):
    results = tmp_path / "results"
    shutil.copytree(RESULTS, results)
    path = results / "synthetic/fig_4ab/ours/seed_0/predictions.npz"
    content = dict(np.load(path))
    np.savez(path, **{**content, "frame": content["frame"] + 1})
    assert plot("fig_s3", f"--results {results}")[0] == 2
    assert "different frames" in capsys.readouterr().err


def test_all_gives_each_script_the_options_that_it_knows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module("all")
    content, _ = make_content(get_skeleton("lsp_14k"), num_photos=20)
    (tmp_path / "labels.json").write_text(json.dumps(content))
    monkeypatch.setattr(module, "FIGURES", ["fig_4d", "lsp_annotations"])
    module.draw(["--results", str(RESULTS), "--data", "labels.json", "--format", "svg"])
    assert "not drawn" not in capsys.readouterr().out
    assert len(list((tmp_path / "figures").glob("*.svg"))) == 2
