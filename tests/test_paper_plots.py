"""The figure scripts on the small results of tests/results, by what they plot.

These results are of one epoch on synthetic data.
"""

import importlib
import json
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT
from matplotlib.figure import Figure
from matplotlib.image import imsave

from paper_exps import records
from src.cameras import Camera, load_cameras
from src.crowd.agreement import agreement
from src.crowd.answers import Answers
from src.crowd.findings import analyse, mean_by_distance
from src.crowd.simulation import simulated_labels
from src.crowd.study import Study, load_study, simulated_study
from src.data.human36.load import load_human36
from src.data.synthetic.motion import make_cameras
from src.data.synthetic.photos import make_content
from src.errors import InputError
from src.plotting import paper
from src.plotting.study import draw_bias, draw_study
from src.skeletons import SKELETON_NAMES, get_skeleton

sys.path.insert(0, str(ROOT / "paper_plots"))  # as when one of the scripts is run
RESULTS = ROOT / "tests" / "results"
NOT_FIGURES = ("common", "all")
SCRIPTS = sorted(
    path.stem for path in (ROOT / "paper_plots").glob("*.py") if path.stem not in NOT_FIGURES
)


@pytest.fixture
def plot(tmp_path, monkeypatch):
    """plot("fig_1d", "--option ...") -> (exit code, the figure), run in another folder."""

    def run(name: str, options=""):
        monkeypatch.chdir(tmp_path)
        module = importlib.import_module(name)
        figures = []

        def new_figure(width, height):
            figure = Figure((width, height))
            figures.append(figure)
            return figure

        # training_curves leaves it to src.plotting.training to make its figure.
        monkeypatch.setattr(module, "new_figure", new_figure, raising=False)
        exit_code = module.main(["--results", str(RESULTS), "--out", "here", *options.split()])
        return exit_code, figures[-1] if figures else None

    return run


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_writes_a_figure_from_another_folder(plot, tmp_path, name):
    (tmp_path / "log.csv").write_text(
        "epoch,step,lr,total,root,pa_mpjpe_mm\n1,9,0.1,3,2,90\n2,18,0.1,2,1,80\n"
    )
    options = {"h36_sequence": "--frames 2", "training_curves": f"--run {tmp_path}"}
    exit_code, _ = plot(name, options.get(name, ""))
    assert exit_code == 0
    (path,) = (tmp_path / "here").iterdir()
    assert path.stem == name and path.stat().st_size > 5000


def test_as_a_process_from_another_folder(tmp_path):
    script = str(ROOT / "paper_plots" / "fig_4d.py")
    done = subprocess.run(
        [sys.executable, script, "--results", str(RESULTS), "--format", "svg"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "figures/fig_4d.svg" in done.stdout
    assert (tmp_path / "figures" / "fig_4d.svg").stat().st_size > 5000


LOGS_REFUSED = {
    "a word": "epoch,step\n1,abc\n",
    "no epoch": "step,root\n1,2\n",
    "an empty epoch": "epoch,root\n,2\n",
    "a cell too many": "epoch,root\n1,2,3\n",
    "an epoch that never comes": "epoch,root\n1e300,2\n",
    "an epoch that is no number": "epoch,root\nnan,2\n",
    "a loss beyond all": "epoch,root\n1,1e308\n",
}


@pytest.mark.parametrize("log", LOGS_REFUSED.values(), ids=LOGS_REFUSED)
def test_what_is_no_log_of_a_run_is_refused(plot, tmp_path, capsys, log):
    (tmp_path / "log.csv").write_text(log)
    exit_code, _ = plot("training_curves", f"--run {tmp_path}")
    assert exit_code == 2
    assert "log.csv: expected the log of a run" in capsys.readouterr().err


def result(row: str) -> dict:
    return json.loads((RESULTS / "synthetic" / row / "seed_0" / "result.json").read_text())


def test_1d_sizes_of_labels():
    """17 joints and Human3.6M's 1,559,752 frames: 8 bit a coordinate, 1 bit a pair."""
    fig_1d = importlib.import_module("fig_1d")
    supervised = {
        "dataset_type": "human36_17k",
        "supervision": "full",
        "amt_train_data": 1.0,
        "num_pairs": 1,
    }
    megabytes = fig_1d.label_megabytes(1_559_752, supervised)
    assert megabytes == pytest.approx(1_559_752 * 17 * 3 * 8 / 8 / 1e6)
    ours = supervised | {"supervision": "relative"}
    for num_pairs, bits in ((1, 1), (17, 17), ("all", 136)):
        megabytes = fig_1d.label_megabytes(1_559_752, ours | {"num_pairs": num_pairs})
        assert megabytes == pytest.approx(1_559_752 * bits / 8e6)
    megabytes = fig_1d.label_megabytes(1_559_752, ours | {"amt_train_data": 0.25})
    assert megabytes == pytest.approx(389_938 / 8e6)


def test_1d_plots_the_results(plot):
    _, figure = plot("fig_1d")
    axis = figure.axes[0]
    points = {line.get_label(): np.column_stack(line.get_data()) for line in axis.lines}
    trainings = [
        result(f"fig_1d/ours_{name}")["data"]["train"] for name in ("25_1", "50_1", "100_17")
    ]
    frames = next(training["frames"] for training in trainings if training)
    expected = [(frames * 0.25 / 8e6, result("fig_1d/ours_25_1")["pa_mpjpe_mm"] / 10)]
    assert np.isclose(points["ours"], expected, rtol=1e-3).all(axis=1).any()
    assert len(points["ours"]) == 5 and len(points["3D supervised"]) == 6
    captions = {text.get_text() for text in axis.texts}
    assert {"25 %", "0.0625 %", "25 %, pairs: 1", "100 %, pairs: all"} <= captions
    assert axis.get_xscale() == "log"
    assert "SYNTHETIC" in axis.get_title()


def predictions(row: str) -> dict:
    return dict(np.load(RESULTS / "synthetic" / row / "seed_0" / "predictions.npz"))


def test_4a_percentiles(plot, capsys):
    _, figure = plot("fig_4a")
    errors = predictions("fig_4ab/ours")["pa_mpjpe_joint_errors_mm"].mean(axis=1) / 10
    marks = next(line for line in figure.axes[1].lines if line.get_marker() == "o")
    x, y = marks.get_data()
    np.testing.assert_allclose(x, np.percentile(errors, [25, 50, 68.3, 95.4]), rtol=1e-4)
    assert list(y) == [25, 50, 68.3, 95.4] and figure.axes[0].get_xlim() == (0, 20)
    assert f"ours: mean {errors.mean():.2f} cm" in capsys.readouterr().out


def test_4a_bins_by_hand():
    axis = Figure().add_subplot()
    paper.draw_error_histogram(axis, {"ours": np.array([0.05, 0.15, 0.15, 19.99])})
    values, edges, _ = axis.patches[0].get_data()
    assert values[0] == 25 and values[1] == 50 and values[-1] == 25 and len(values) == 200
    np.testing.assert_allclose(np.diff(edges), 0.1)


def test_4b_pools_left_and_right(plot):
    _, figure = plot("fig_4b")
    axis = figure.axes[0]
    assert len(axis.patches) == 2 * 11
    arrays = predictions("fig_4ab/ours")
    joints = arrays["joints"].tolist()
    knees = [joints.index("left_knee"), joints.index("right_knee")]
    expected_cm = arrays["pa_mpjpe_joint_errors_mm"][:, knees].mean() / 10
    labels = [text.get_text() for text in axis.get_xticklabels()]
    heights = {}
    for bars in axis.containers:
        if hasattr(bars, "patches"):  # the whiskers are a container too
            heights[bars.get_label()] = [patch.get_height() for patch in bars]
    assert heights["ours"][labels.index("knee")] == pytest.approx(expected_cm, rel=1e-5)


def test_4c_and_4d(plot):
    _, figure = plot("fig_4c")
    axis = figure.axes[0]
    points = {line.get_label(): line.get_xydata() for line in axis.lines}
    assert len(points["ours"]) == len(points["3D supervised"]) == 4
    in_testing = result("fig_4c/test_noise/ours_10")["pa_mpjpe_mm"] / 10
    in_both = result("fig_4c/train_test_noise/ours_10")["pa_mpjpe_mm"] / 10
    np.testing.assert_allclose(points["ours"][1], [in_testing, in_both])
    assert any(line.get_linestyle() == ":" for line in axis.lines)
    _, figure = plot("fig_4d")
    bars = figure.axes[0].patches
    assert len(bars) == 6
    assert bars[-1].get_height() == pytest.approx(result("fig_4d/ours_1")["pa_mpjpe_mm"] / 10)


def assert_same_points(drawn: np.ndarray, points: np.ndarray):
    """Every point is drawn, and nothing else."""
    distances = np.linalg.norm(drawn[:, None] - points, axis=-1)
    assert distances.min(axis=0).max() < 1e-2 and distances.min(axis=1).max() < 1e-2


def test_s3_and_5_draw_the_poses_of_the_files(plot):
    _, figure = plot("fig_s3", "--index 3")
    axes = figure.axes
    ours = predictions("fig_4ab/ours")
    truth = predictions("fig_4ab/supervised")["target_mm"][3]
    drawn = np.concatenate([np.column_stack(line.get_data_3d()) for line in axes[1].lines])
    assert_same_points(drawn, np.column_stack([truth[:, 0], truth[:, 2], -truth[:, 1]]))
    assert f"{ours['pa_mpjpe_joint_errors_mm'][3].mean() / 10:.1f} cm" in axes[3].get_title()
    pixels = ours["pose_2d_px"][3] + ours["root_2d_px"][3]
    drawn = np.concatenate([line.get_xydata() for line in axes[0].lines])
    assert_same_points(drawn, pixels)
    _, figure = plot("fig_5", "--index 0")
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[1:] == ["3D supervised", "ours", "ours, fine-tuned on photos"]
    exit_code, _ = plot("fig_s3", "--index 99")
    assert exit_code == 2


def test_the_figures_of_a_record_are_those_of_the_run(plot, tmp_path):
    """A record keeps numbers as float16, and what no figure draws not at all."""
    results = tmp_path / "runs"
    shutil.copytree(RESULTS, results)
    for path in results.rglob("options.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"epochs": 1}))
        path.with_name("environment.json").write_text("{}")
    records_folder = tmp_path / "records"
    assert records.main(["--ckpt", str(results), "--out", str(records_folder)]) == 0
    for name in ("fig_1d", "fig_4b", "fig_4c", "fig_4d", "fig_5", "fig_s3"):
        _, figure = plot(name, "--seed 0")
        _, figure_of_record = plot(name, f"--results {records_folder}")
        for axis, axis_of_record in zip(figure.axes, figure_of_record.axes, strict=True):
            assert axis.get_title() == axis_of_record.get_title()
            for bar, other in zip(axis.patches, axis_of_record.patches, strict=True):
                assert bar.get_height() == pytest.approx(other.get_height(), rel=1e-3)
            for line, other in zip(axis.lines, axis_of_record.lines, strict=True):
                np.testing.assert_allclose(line.get_xydata(), other.get_xydata(), atol=0.6)


def test_5_shows_the_truth_of_simulated_photos(plot, tmp_path):
    folder = tmp_path / "results/synthetic_photos/fig_5/ours_lsp/seed_0"
    shutil.copytree(RESULTS / "synthetic_photos/fig_5/ours_lsp/seed_0", folder)
    arrays = dict(np.load(folder / "predictions.npz"))
    arrays["target_mm"] = 2 * arrays["prediction_mm"]  # of another size, and the same pose
    np.savez(folder / "predictions.npz", **arrays)
    _, figure = plot("fig_5", f"--index 0 --results {tmp_path / 'results'}")
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[1:] == ["3D truth", "ours"]
    for line, other in zip(figure.axes[1].lines, figure.axes[2].lines, strict=True):
        np.testing.assert_allclose(line.get_data_3d(), other.get_data_3d(), atol=1e-6)


def test_photos_are_drawn_behind_the_poses(plot, tmp_path, capsys):
    path = RESULTS / "synthetic_photos/fig_5/ours_lsp/seed_0/predictions.npz"
    photo = tmp_path / str(np.load(path)["files"][0])
    photo.parent.mkdir(parents=True, exist_ok=True)
    imsave(photo, np.full((4, 6, 3), 0.5))
    _, figure = plot("fig_5", f"--index 0 --photos {tmp_path}")
    (image,) = figure.axes[0].images
    assert image.get_array().shape[:2] == (4, 6)
    assert "no photos" not in capsys.readouterr().out
    _, figure = plot("fig_5", f"--index 0 --photos {tmp_path / 'elsewhere'}")
    assert not figure.axes[0].images
    assert f"note: no photos under {tmp_path / 'elsewhere'}" in capsys.readouterr().out


def test_labels_are_drawn_as_they_are(plot):
    photos = simulated_labels(get_skeleton("lsp_14k"), 0)
    assert photos.risk.max() <= 0.5 and not np.isnan(photos.risk).any()
    _, figure = plot("lsp_annotations", "--index 7")
    dots = [line.get_xydata()[0] for line in figure.axes[0].lines if line.get_markersize() == 7]
    closer_joints = []
    for label in np.flatnonzero(photos.photo == 7):
        first, second = photos.pairs[label]
        closer_joints.append(second if photos.label[label] == 1 else first)
    np.testing.assert_allclose(dots, photos.pose_2d[7][closer_joints], rtol=1e-5)


def test_each_pair_has_a_panel_with_its_percentage(plot):
    photos = simulated_labels(get_skeleton("lsp_14k"), 0)
    names = [name.replace("_", " ") for name in get_skeleton("lsp_14k").joints]
    _, figure = plot("lsp_annotations", "--index 7")
    labels = np.flatnonzero(photos.photo == 7)
    assert len(labels) == 5
    for axis, label in zip(figure.axes[1:6], labels, strict=True):
        first, second = photos.pairs[label]
        closer, further = (second, first) if photos.label[label] == 1 else (first, second)
        percentage = round(100 * (1 - photos.risk[label]))
        assert axis.get_title() == f"{names[closer]} < {names[further]}\n{percentage}%"
        (dot,) = [line for line in axis.lines if line.get_markersize() == 7]
        np.testing.assert_allclose(dot.get_xydata()[0], photos.pose_2d[7][closer], rtol=1e-5)


def test_labels_without_risk_have_no_percentage(plot, tmp_path):
    content, _ = make_content(get_skeleton("lsp_14k"), num_photos=20)
    for image in content["images"]:
        image["anns"] = [
            {name: label[name] for name in ("kp0", "kp1", "label")} for label in image["anns"][:4]
        ]
    labels_file = tmp_path / "labels.json"
    labels_file.write_text(json.dumps(content))
    exit_code, figure = plot("lsp_annotations", f"--index 3 --data {labels_file}")
    assert exit_code == 0
    titles = [axis.get_title() for axis in figure.axes]
    assert all(" < " in title and "%" not in title for title in titles[1:5])
    assert not figure.axes[5].axison  # four pairs leave the last of six panels empty


def test_3_sorts_by_risk(plot):
    _, figure = plot("fig_3")
    risks = [float(axis.get_title().split("risk ")[1]) for axis in figure.axes]
    assert len(figure.axes) == 12 and risks == sorted(risks)


def test_3_marks_the_closer_joint(plot):
    photos = simulated_labels(get_skeleton("lsp_14k"), 0)
    _, figure = plot("fig_3")
    names = [name.replace("_", " ") for name in get_skeleton("lsp_14k").joints]
    for axis in figure.axes:
        file, words, _ = axis.get_title().split("\n")
        photo = photos.files.index(file)
        marks = {line.get_label(): line.get_xydata()[0] for line in axis.lines}
        pose = photos.pose_2d[photo]
        joint = {}
        for word in ("closer", "further away"):
            joint[word] = int(np.linalg.norm(pose - marks[word], axis=1).argmin())
        labels_of_the_pair = []
        for label in np.flatnonzero(photos.photo == photo):
            pair = photos.pairs[label].tolist()
            if pair == [joint["further away"], joint["closer"]]:
                labels_of_the_pair.append(photos.label[label] == 1)
            if pair == [joint["closer"], joint["further away"]]:
                labels_of_the_pair.append(photos.label[label] == -1)
        assert any(labels_of_the_pair)
        assert words == f"{names[joint['closer']]} < {names[joint['further away']]}"


def test_merged_labels_are_better_than_single_ones():
    photos = simulated_labels(get_skeleton("lsp_14k"), 0)
    z = photos.truth[photos.photo[:, None], photos.pairs, 2]
    assert 0.8 < (np.sign(z[:, 0] - z[:, 1]) == photos.label).mean() < 1


def test_agreement_by_hand():
    photos = simulated_labels(get_skeleton("lsp_14k"), 0)
    pairs = np.tile(photos.pairs[:2], (2, 1))
    answers_of_a = (photos.label[:2] == 1).astype(int)
    answers_of_b = [answers_of_a[0], 1 - answers_of_a[1]]
    answers = Answers(
        ("a", "b"),
        np.repeat([0, 1], 2),
        ("0",),
        np.zeros(4, int),
        pairs,
        np.concatenate([answers_of_a, answers_of_b]),
    )
    lines = agreement(answers, photos)
    assert lines == [
        "all authors agree on 50.0% of 2 pairs that all have answered",
        "a, b: 50.0% of 2 pairs",
        "crowd, a: 100.0% of 2 pairs",
        "crowd, b: 50.0% of 2 pairs",
        "crowd, consensus of a and b: 100.0% of 1 pairs",
    ]


def test_consensus_by_hand():
    """Of four pairs two people agree on three, of which the crowd says the same of two. On the
    fourth they disagree, so whatever the crowd says of it counts for nothing."""
    photos = simulated_labels(get_skeleton("lsp_14k"), 0)
    crowd = (photos.label[:4] == 1).astype(int)
    answers_of_a = np.where([True, True, False, True], crowd, 1 - crowd)
    answers_of_b = np.where([True, True, False, False], crowd, 1 - crowd)
    answers = Answers(
        annotators=("a", "b"),
        annotator=np.repeat([0, 1], 4),
        images=("0",),
        image=np.zeros(8, int),
        pairs=np.tile(photos.pairs[:4], (2, 1)),
        answer=np.concatenate([answers_of_a, answers_of_b]),
    )
    assert photos.photo[:4].tolist() == [0] * 4
    lines = agreement(answers, photos)
    assert lines[-1] == f"crowd, consensus of a and b: {200 / 3:.1f}% of 3 pairs"

    # Whoever saw the pairs the other way round, and said the same, agrees as much.
    turned = replace(
        answers,
        pairs=np.concatenate([photos.pairs[:4], photos.pairs[:4, ::-1]]),
        answer=np.concatenate([answers_of_a, 1 - answers_of_b]),
    )
    assert agreement(turned, photos) == lines


MISTAKES = [
    ("fig_4a", "--results /nowhere", "paper_exps/fig_4ab.sh"),
    ("fig_4a", "--seed 7", "seed_7"),
    ("fig_4d", "--format jpg", "--format"),
    ("fig_s3", "--videos /nowhere", "imageio"),
    ("h36_sequence", "--frames abc", "--frames"),
    ("h36_sequence", "--step 0", "--step"),
    ("h36_sequence", "--index 0 --video S9_Walking", "--index"),
    ("fig_2", "--data /nowhere --answers a.json", "--images"),
    ("fig_2", "--depth_2018", "--data FOLDER"),
]


@pytest.mark.parametrize(("name", "options", "word"), MISTAKES)
def test_mistakes(plot, capsys, name, options, word):
    exit_code, _ = plot(name, options)
    assert exit_code == 2
    assert word in capsys.readouterr().err


def test_joints_of_no_skeleton_are_refused():
    common = importlib.import_module("common")
    with pytest.raises(InputError, match="no built-in skeleton"):
        common.find_skeleton(["a"])


def test_joints_that_fit_exactly_come_before_a_part_of_them():
    common = importlib.import_module("common")
    for name in SKELETON_NAMES:
        joints = list(get_skeleton(name).joints)
        skeleton, indices = common.find_skeleton(joints)
        assert list(skeleton.joints) == joints and indices == list(range(len(joints)))
    joints = ["a", *get_skeleton("human36_17k").joints]
    skeleton, indices = common.find_skeleton(joints)
    assert [joints[index] for index in indices] == list(skeleton.joints)


def test_all_draws_what_it_can(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module("all")
    assert set(module.FIGURES) == set(SCRIPTS)
    monkeypatch.setattr(module, "FIGURES", {"fig_4d": (), "fig_3": ("data", "photos", "authors")})
    assert module.main(["--results", str(tmp_path)]) == 0
    assert "not drawn: fig_4d: " in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["fig_3.png"]


def test_level_depth_is_depth_along_the_floor(human36_dir):
    points = np.random.default_rng(0).normal(0, 500, (20, 3))
    for camera in [*make_cameras(0).values(), *load_cameras(human36_dir / "cameras.h5").values()]:
        forward = camera.R[2] * [1, 1, 0]
        along_the_floor = (points - camera.T.T) @ (forward / np.linalg.norm(forward))
        np.testing.assert_allclose(camera.level_depth(points), along_the_floor, atol=1e-6)


# Both look along (3, 4) / 5 on the floor; the second is also tilted downwards, with a sine of 0.6.
LEVEL_CAMERA = [[0.8, -0.6, 0], [0, 0, -1], [0.6, 0.8, 0]]
TILTED_CAMERA = [[0.8, -0.6, 0], [-0.36, -0.48, -0.8], [0.48, 0.64, -0.6]]


@pytest.mark.parametrize(
    ("rotation", "depth_2018"),
    [
        # Ry(b) Rx(90 degrees) with cos b = 0.8 and sin b = -0.6; Ry leaves y = 20 as it is.
        (LEVEL_CAMERA, 20),
        # Rz(a) Ry(b) Rx(c) with sin b = -0.48, so cos b = sqrt(0.7696), cos a = 0.8 / cos b and
        # sin a = -0.36 / cos b. The y of Rz Ry (10, 20, 5) is
        # sin a cos b 10 + cos a 20 + sin a sin b 5 = -3.6 + (16 + 0.864) / cos b.
        (TILTED_CAMERA, -3.6 + 16.864 / 0.7696**0.5),
    ],
)
def test_level_depth_of_2018_by_hand(rotation, depth_2018):
    camera = Camera(R=rotation, T=[1, 2, 3], f=[1, 1], c=[0, 0], k=[0, 0, 0], p=[0, 0])
    points = np.array([[11.0, 22.0, 8.0]])  # (10, 20, 5) from the camera
    np.testing.assert_allclose(camera.level_depth_2018(points), [depth_2018])
    np.testing.assert_allclose(camera.level_depth(points), [0.6 * 10 + 0.8 * 20])


def test_both_level_depths_agree_where_the_camera_looks_along_y():
    downwards = [[1, 0, 0], [0, -0.6, -0.8], [0, 0.8, -0.6]]
    camera = Camera(R=downwards, T=[1, 2, 3], f=[1, 1], c=[0, 0], k=[0, 0, 0], p=[0, 0])
    points = np.random.default_rng(0).normal(0, 500, (20, 3))
    np.testing.assert_allclose(camera.level_depth_2018(points), camera.level_depth(points))


def study_of(answers: Answers, depth_cm: np.ndarray, camera_cm: np.ndarray | None = None) -> Study:
    """Make a study of answers about images with depths (I,K) in cm, by default both the same."""
    return Study(
        answers=answers,
        level_cm=depth_cm,
        camera_cm=depth_cm if camera_cm is None else camera_cm,
        pose_2d=np.zeros((*depth_cm.shape, 2)),
        joints=tuple("ijk"),
        name="by hand",
        files=answers.images,
    )


# Joint 1 is 10 cm closer than joint 0, and joint 2 is 10 cm further away.
DEPTH_CM = [20.0, 10.0, 30.0]


def answers_about(image_pairs, answers_of_annotators) -> Answers:
    """Make the answers of several people, {name: [answer, ...]}, to the same (image, kp0, kp1)."""
    names = tuple(answers_of_annotators)
    image_pairs = np.array(image_pairs)
    num_images = image_pairs[:, 0].max() + 1
    return Answers(
        annotators=names,
        annotator=np.repeat(np.arange(len(names)), len(image_pairs)),
        images=tuple(f"image {number}" for number in range(num_images)),
        image=np.tile(image_pairs[:, 0], len(names)),
        pairs=np.tile(image_pairs[:, 1:], (len(names), 1)),
        answer=np.concatenate(list(answers_of_annotators.values())),
    )


def test_whoever_always_presses_the_first_button_has_the_rates_1_and_0():
    """In two pairs the first joint is closer, in two the second. Three are shown with the larger
    joint first, so sorting the joints by number would turn their answers over."""
    # The second joint is closer:   no,        yes,       no,        yes.
    image_pairs = [(0, 0, 2), (0, 2, 1), (1, 1, 0), (1, 2, 0)]
    answers = answers_about(
        image_pairs,
        {"first button": [0, 0, 0, 0], "second button": [1, 1, 1, 1], "good eyes": [0, 1, 0, 1]},
    )
    findings = analyse(study_of(answers, np.array([DEPTH_CM] * 2)))
    assert findings.rates.tolist() == [[1, 0], [0, 1], [1, 1]]
    axis = draw_bias(Figure().add_subplot(), findings.rates)
    dots = next(line for line in axis.lines if line.get_label() == "annotators")
    assert dots.get_xydata().tolist() == [[100, 0], [0, 100], [100, 100]]
    assert axis.get_xlabel().startswith("true negatives")
    assert axis.get_ylabel().startswith("true positives")


def test_whoever_saw_no_pair_of_one_kind_has_no_rate_for_it():
    answers = answers_about([(0, 0, 1), (0, 2, 1)], {"a": [1, 0]})
    findings = analyse(study_of(answers, np.array([DEPTH_CM])))
    assert np.isnan(findings.rates[0, 0]) and findings.rates[0, 1] == 0.5


@pytest.mark.parametrize(("pair", "share_right"), [((0, 2), 1), ((2, 0), 0)])
def test_a_tie_of_the_majority_says_that_the_first_joint_is_closer(pair, share_right):
    answers = answers_about([(0, *pair)], {"a": [0], "b": [1]})
    findings = analyse(study_of(answers, np.array([DEPTH_CM])))
    assert findings.accuracy["level depth"]["majority"] == share_right
    assert findings.accuracy["level depth"]["raw"] == 0.5


# Each image has two pairs. About the first image only c errs, about one of them; about one pair of
# the second both b and c err, so that its merged label is wrong.
THREE_ABOUT_TWO_IMAGES = answers_about(
    [(0, 0, 1), (0, 2, 0), (1, 0, 1), (1, 0, 2)],
    {"a": [1, 1, 1, 0], "b": [1, 1, 1, 1], "c": [1, 0, 1, 1]},
)


def test_difficulty_and_distance_show_merged_labels_beside_raw_answers():
    depth_cm = np.array([DEPTH_CM, [20.0, 10.0, 25.5]])
    findings = analyse(study_of(THREE_ABOUT_TWO_IMAGES, depth_cm))
    assert findings.image_merged.tolist() == [1, 0.5]
    np.testing.assert_allclose(findings.image_raw, [5 / 6, 4 / 6])
    assert findings.images_by_difficulty.tolist() == [0, 1]

    axes = draw_study(Figure().subplots(2, 4).ravel(), findings)
    difficulty = {line.get_label(): line.get_ydata() for line in axes[1].lines}
    np.testing.assert_allclose(difficulty["merged labels"], [100, 50])
    np.testing.assert_allclose(difficulty["raw answers"], [500 / 6, 400 / 6])

    accuracy = {line.get_label(): line.get_xydata() for line in axes[6].lines}
    assert len(accuracy) == 4
    # Three pairs are 10 cm apart, whose labels are right; one is 5.5 cm apart, and its is wrong.
    merged = [[5.5, 0], [10.5, 100]]
    raw = [[5.5, 100 / 3], [10.5, 800 / 9]]
    for depth in ("level depth", "camera depth"):
        np.testing.assert_allclose(accuracy[f"merged, {depth}"], merged)
        np.testing.assert_allclose(accuracy[f"raw, {depth}"], raw)


def test_skill_is_a_scatter_of_both_rates_with_the_line_of_chance():
    findings = analyse(study_of(THREE_ABOUT_TWO_IMAGES, np.array([DEPTH_CM] * 2)))
    axes = draw_study(Figure().subplots(2, 4).ravel(), findings)
    lines = {line.get_label(): line.get_xydata() for line in axes[4].lines}
    np.testing.assert_allclose(lines["annotators"], 100 * findings.merged.skill[:, ::-1])
    assert (lines["chance"].sum(axis=1) == 100).all()  # the two rates of a coin add up to 1


def test_annotators_accuracy_is_drawn_for_both_depths():
    depth_cm = np.array([DEPTH_CM] * 2)
    study = study_of(THREE_ABOUT_TWO_IMAGES, depth_cm, camera_cm=-depth_cm)  # all the other way
    findings = analyse(study)
    np.testing.assert_allclose(findings.annotator_raw.sum(axis=1), 1)
    axes = draw_study(Figure().subplots(2, 4).ravel(), findings)
    handles, labels = axes[7].get_legend_handles_labels()
    assert len(handles) == 2 and set(labels) == {"level depth", "camera depth"}
    heights = [patch.get_xy()[:, 1].max() for patch in axes[7].patches]
    assert heights == [1, 1]  # each has a bin of its own


def test_2_shows_five_easy_and_five_hard_images_with_the_asked_pairs(plot):
    _, figure = plot("fig_2")
    study = simulated_study(0)
    findings = analyse(study)
    order = findings.images_by_difficulty
    for axis, image in zip(figure.axes[:10], [*order[:5], *order[::-1][:5]], strict=True):
        name, shares = axis.get_title().split("\n")
        assert name.endswith(f": {study.answers.images[image]}")
        assert f"merged {findings.image_merged[image]:.0%}" in shares
        assert f"raw {findings.image_raw[image]:.0%}" in shares
        asked = findings.merged.image == image
        joints = findings.merged.pairs[asked]
        dots = [line.get_xydata()[0] for line in axis.lines if line.get_markersize() == 4.5]
        # The limbs of the pose are wider, and a dot is a line of one point.
        thin_lines = [line for line in axis.lines if line.get_linewidth() == 1.5]
        asked_lines = [line for line in thin_lines if len(line.get_xydata()) == 2]
        ends = [line.get_xydata() for line in asked_lines]
        np.testing.assert_allclose(ends, study.pose_2d[image][joints])
        is_dashed = [line.is_dashed() for line in asked_lines]
        assert is_dashed == (~findings.merged_right[asked, 0]).tolist()
        depth = study.level_cm[image][joints]
        closer = joints[np.arange(len(joints)), depth.argmin(axis=1)]
        np.testing.assert_allclose(dots, study.pose_2d[image][closer])
    assert findings.image_merged[order[4]] == 1 > findings.image_merged[order[-1]]


def test_findings_by_hand():
    """Two images of three joints, two annotators: joint 1 is 10 cm closer than joint 0, and joint 2
    is 1.5 cm further away."""
    depth_cm = np.array([[20.0, 10.0, 21.5]] * 2)
    answers = Answers(
        ("a", "b"),
        np.repeat([0, 0, 1, 1], 2),
        ("x", "y"),
        np.repeat([0, 1, 0, 1], 2),
        np.array([[0, 1], [0, 2]] * 4),
        np.array([1, 0, 1, 0, 1, 1, 0, 0]),
    )
    study = study_of(answers, depth_cm, camera_cm=depth_cm + 100 * np.arange(3))
    findings = analyse(study)
    # By camera depth annotator a is wrong about all pairs (0, 1), and right about all (0, 2).
    assert findings.annotator_raw.tolist() == [[1, 0.5], [0.5, 0.5]]
    assert findings.image_raw.tolist() == [0.75, 0.75]
    assert findings.accuracy["level depth"]["raw"] == 0.75
    # a and b disagree about (0, 2) of the first image and (0, 1) of the second: a tie is label 0,
    # which is right for the first of these and wrong for the second.
    assert findings.accuracy["level depth"]["majority"] == 0.75
    # By the other depth the second joint is the further one of both pairs.
    share_of_0 = (answers.answer == 0).mean()
    assert findings.accuracy["camera depth"]["raw"] == pytest.approx(share_of_0)
    middles, means = mean_by_distance(findings.gap_cm[:, 0], findings.right[:, 0])
    assert middles.tolist() == [1.5, 10.5] and means.tolist() == [0.75, 0.75]
    np.testing.assert_allclose(findings.rates, [[1, 1], [0.5, 0.5]])
    assert "8 annotations, 2 images, 4 pairs" in findings.statistics[0]


def test_2_from_files_in_the_authors_form(plot, human36_dir, tmp_path, capsys):
    joints = list(get_skeleton("human36_17k").joints)
    images = [
        {"id": 5, "s_id": 9, "frame": 3, "video": "Walking.54138969.mp4", "filename": "a.png"},
        {"id": 6, "s_id": 11, "frame": 0, "video": "Sitting 1.60457274.mp4"},
    ]
    content = {"pose": [{"keypoints": joints}], "images": images, "annotations": []}
    images_file = tmp_path / "images.json"
    images_file.write_text(json.dumps(content))
    rows = []
    for annotator in "ab":
        for image in (5, 6):
            rows.append({"annotator": annotator, "image": image, "kp0": 3, "kp1": 16, "answer": 1})
    answers_file = tmp_path / "answers.json"
    answers_file.write_text(json.dumps(rows))
    imsave(tmp_path / "a.png", np.full((10, 10, 3), 0.5))
    options = f"--data {human36_dir} --images {images_file} --answers {answers_file}"
    exit_code, figure = plot("fig_2", f"{options} --photos {tmp_path}")
    assert exit_code == 0
    assert "4 annotations, 2 images, 2 pairs" in capsys.readouterr().out
    with_photo = [axis.get_title() for axis in figure.axes if axis.images]
    assert len(with_photo) == 2  # with two images in all, each is among the easiest and the hardest
    assert all(": 5\n" in title for title in with_photo)
    study = load_study([answers_file], images_file, human36_dir)
    arrays = load_human36(human36_dir, [9], get_skeleton("human36_17k"), actions=["Walking"])
    # The first of the two sequences of this action: the truth names it without a number.
    row, *_ = np.flatnonzero((arrays.frame == 3) & (arrays.camera == "54138969"))
    np.testing.assert_allclose(study.camera_cm[0], arrays.pose_3d[row, :, 2] / 10, rtol=1e-5)
    exit_code, figure = plot("fig_2", f"{options} --depth_2018")
    assert exit_code == 0
    assert figure.get_suptitle().endswith(", level depth as in 2018")
    images[0]["frame"] = 10**6
    images_file.write_text(json.dumps(content))
    exit_code, _ = plot("fig_2", options)
    assert exit_code == 2
    assert "no frame 1000000" in capsys.readouterr().err
    exit_code, _ = plot("fig_2", f"--data {human36_dir}")
    assert exit_code == 2


def test_2_from_the_authors_pickle(plot, human36_dir, tmp_path):
    """An annotator who always presses the first button, in a pickle as the authors kept theirs."""
    joints = list(get_skeleton("human36_17k").joints)
    images = [
        {"id": 5, "s_id": 9, "frame": 3, "video": "Walking.54138969.mp4", "filename": "a.jpg"},
        {"id": 6, "s_id": 11, "frame": 0, "video": "Sitting 1.60457274.mp4", "filename": "b.jpg"},
    ]
    content = {"pose": [{"keypoints": joints}], "images": images, "annotations": []}
    images_file = tmp_path / "images.json"
    images_file.write_text(json.dumps(content))
    pairs = ["3,16", "16,0", "13,2", "6,5", "10,12"]
    assignments = []
    for name, value in (("first", -1), ("second", 1)):
        trials = [
            {"img_id": image, "depth": {"keypoint_comparisons_res": dict.fromkeys(pairs, value)}}
            for image in (5, 6)
        ]
        assignments.append({"worker_id": name, "human_subj_ids": [5, 6], "trials": trials})
    answers_file = tmp_path / "answers.pkl"
    answers_file.write_bytes(pickle.dumps({"_all_assignments": assignments}, protocol=2))

    study = load_study([answers_file], images_file, human36_dir)
    assert study.answers.pairs[:2].tolist() == [[3, 16], [16, 0]]
    assert study.files == ("a.jpg", "b.jpg")
    options = f"--data {human36_dir} --images {images_file} --answers {answers_file}"
    exit_code, figure = plot("fig_2", options)
    assert exit_code == 0
    (axis,) = [axis for axis in figure.axes if axis.get_title().startswith("Annotator bias")]
    dots = next(line for line in axis.lines if line.get_label() == "annotators")
    assert dots.get_xydata().tolist() == [[100, 0], [0, 100]]


def test_3_compares_authors_and_labels_in_the_order_of_the_file(plot, tmp_path, capsys):
    """The labels of a file whose joints are in another order than the model's, given back as an
    author's answers, agree with themselves."""
    content, _ = make_content(get_skeleton("lsp_14k"), num_photos=20)
    shuffled = np.random.default_rng(1).permutation(14)
    # Which joint that makes of each keypoint does not matter here.
    content["joint_names"] = [content["joint_names"][joint] for joint in shuffled]
    labels_file = tmp_path / "labels.json"
    labels_file.write_text(json.dumps(content))
    answers = []
    for number, image in enumerate(content["images"]):
        for label in image["anns"]:
            answer = {
                "annotator": "me",
                "image": number,
                "kp0": label["kp0"],
                "kp1": label["kp1"],
                "answer": label["label"],
            }
            answers.append(answer)
    answers_file = tmp_path / "me.json"
    answers_file.write_text(json.dumps(answers))
    exit_code, _ = plot("fig_3", f"--data {labels_file} --authors {answers_file}")
    assert exit_code == 0
    assert "crowd, me: 100.0% of 100 pairs" in capsys.readouterr().out


def test_3_prints_how_far_simulated_authors_agree(plot, capsys):
    plot("fig_3")
    lines = capsys.readouterr().out.splitlines()[1:11]  # after the note on photos
    shares = []
    for line in lines:  # "all authors agree on 70.1% of ..." or "author 1, author 2: 80.2% of ..."
        before_percent, _, _ = line.partition("%")
        shares.append(float(before_percent.split()[-1]))
    assert all(60 < share < 100 for share in shares)
    assert lines[0].endswith("of 3000 pairs that all have answered")
    assert shares[0] < min(shares[1:4])  # all three agree less often than two of them
    assert lines[7].startswith("crowd, consensus of author 1 and author 2: ")
    # Where two people agree they are more often right, and the crowd agrees more often with them.
    assert min(shares[7:]) > max(shares[4:7])


def test_3_shows_each_photo_once(plot):
    for seed in (4, 10):  # where two different shufflings of the labels showed a photo twice
        _, figure = plot("fig_3", f"--seed {seed}")
        titles = {axis.get_title().partition("\n")[0] for axis in figure.axes}
        assert len(titles) == 12


def test_models_tested_on_different_frames_are_not_drawn_together(plot, tmp_path, capsys):
    results = tmp_path / "results"
    shutil.copytree(RESULTS, results)
    path = results / "synthetic/fig_4ab/ours/seed_0/predictions.npz"
    arrays = dict(np.load(path))
    arrays["frame"] += 1
    np.savez(path, **arrays)
    for name in ("fig_s3", "h36_sequence"):
        exit_code, _ = plot(name, f"--results {results}")
        assert exit_code == 2
        assert "different frames" in capsys.readouterr().err


def copy_with_one_sequence(folder) -> dict[str, np.ndarray]:
    """Copy the results with the eight test poses of both models as one sequence of eight frames.

    Returns the predictions of our model.
    """
    shutil.copytree(RESULTS, folder)
    for model in ("supervised", "ours"):
        path = folder / f"synthetic/fig_4ab/{model}/seed_0/predictions.npz"
        arrays = dict(np.load(path))
        arrays["sequence"][:] = 1
        arrays["frame"] = 10 * np.arange(8)
        np.savez(path, **arrays)
    return arrays


@pytest.fixture
def captions_of(monkeypatch):
    """captions_of(files) -> the title of each frame's first axis in each moving picture written."""
    module = importlib.import_module("h36_sequence")
    captions = {}

    def save_moving(path, figure, draw, frames, *, fps):
        captions[path.name] = []
        for number in range(frames):
            draw(number)
            captions[path.name].append([axis.get_title() for axis in figure.axes])
        return path

    monkeypatch.setattr(module, "save_moving", save_moving)
    return captions


def test_a_sequence_by_its_name(plot, captions_of, capsys):
    for name in ("S9_Phoning.58860488", "S9.Phoning.58860488"):
        exit_code, _ = plot("h36_sequence", f"--video {name}")
        assert exit_code == 0
        (caption, *_) = captions_of["h36_sequence"][0]
        assert caption.startswith("S9 Phoning 58860488, frame ")
    exit_code, _ = plot("h36_sequence", "--video S11_Smoking_1.55011271")
    assert exit_code == 0
    exit_code, _ = plot("h36_sequence", "--video S9_Phone.58860488")
    assert exit_code == 2
    message = capsys.readouterr().err
    assert "none of the 8 test sequences; the most similar: S9 Phoning 58860488" in message


def test_frames_of_a_sequence_from_start_in_steps(plot, captions_of, tmp_path, capsys):
    copy_with_one_sequence(tmp_path / "results")
    options = f"--results {tmp_path / 'results'}"
    plot("h36_sequence", f"{options} --start 1 --step 3 --frames 2")
    captions = [titles[0] for titles in captions_of["h36_sequence"]]
    assert captions == ["S9 Phoning 58860488, frame 10", "S9 Phoning 58860488, frame 40"]
    exit_code, _ = plot("h36_sequence", f"{options} --start 8")
    assert exit_code == 2
    assert "--start 8: S9 Phoning 58860488 has 8 test poses" in capsys.readouterr().err


def test_streams_of_a_sequence_apart(plot, captions_of, tmp_path):
    ours = copy_with_one_sequence(tmp_path / "results")
    plot("h36_sequence", f"--results {tmp_path / 'results'} --separate --step 4")
    error_cm = ours["pa_mpjpe_joint_errors_mm"][4].mean() / 10
    assert list(captions_of) == [
        "h36_sequence_image",
        "h36_sequence_truth",
        "h36_sequence_supervised",
        "h36_sequence_ours",
    ]
    assert captions_of["h36_sequence_image"][1] == ["S9 Phoning 58860488, frame 40"]
    assert captions_of["h36_sequence_truth"][1] == ["3D truth"]
    assert captions_of["h36_sequence_ours"][1] == [f"ours: {error_cm:.1f} cm"]
    ((supervised,),) = captions_of["h36_sequence_supervised"][1:]
    assert supervised.startswith("3D supervised: ")


def test_all_gives_each_script_the_options_that_it_knows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module("all")
    content, _ = make_content(get_skeleton("lsp_14k"), num_photos=20)
    (tmp_path / "labels.json").write_text(json.dumps(content))
    monkeypatch.setattr(module, "FIGURES", {"fig_4d": (), "lsp_annotations": ("data", "photos")})
    command = ["--results", str(RESULTS), "--data", "labels.json", "--format", "svg"]
    assert module.main(command) == 0
    assert "not drawn" not in capsys.readouterr().out
    assert len(list((tmp_path / "figures").glob("*.svg"))) == 2


def test_tables_and_figures_need_no_torch():
    """Which takes longer to import than most figures take to draw."""
    script = (
        "import sys; import paper_exps.collect; sys.path.insert(0, 'paper_plots'); import common; "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def copy_results(folder) -> list:
    """Copy the small results into a folder -> the paths of their predictions."""
    shutil.copytree(RESULTS, folder)
    return sorted(folder.glob("*/*/*/seed_0/predictions.npz"))


@pytest.mark.parametrize("figure", ["fig_s3", "h36_sequence", "fig_4a", "fig_4b", "fig_5"])
def test_predictions_without_an_array_are_refused(plot, tmp_path, capsys, figure):
    for path in copy_results(tmp_path / "results"):
        arrays = dict(np.load(path))
        del arrays["pose_2d_px"]
        np.savez(path, **arrays)
    exit_code, _ = plot(figure, f"--results {tmp_path / 'results'}")
    assert exit_code == 2
    error = capsys.readouterr().err
    assert "predictions.npz: is damaged (pose_2d_px is missing)" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("figure", "array", "words"),
    [
        ("fig_s3", "joints", "fig_4ab were tested on different frames or joints"),
        ("fig_5", "files", "fig_5 were tested on different photos"),
        ("fig_5", "joints", "not tested on the joints of lsp_14k"),
    ],
)
def test_models_that_were_tested_on_different_things(plot, tmp_path, capsys, figure, array, words):
    for path in copy_results(tmp_path / "results"):
        arrays = dict(np.load(path))
        if "ours" in str(path) and array in arrays:
            arrays[array] = np.array([f"other_{number}" for number in range(len(arrays[array]))])
            np.savez(path, **arrays)
    exit_code, _ = plot(figure, f"--results {tmp_path / 'results'}")
    assert exit_code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("options", [{}, {"dataset_type": 3, "amt_train_data": "x"}])
def test_options_that_figure_1d_cannot_use(plot, tmp_path, capsys, options):
    copy_results(tmp_path / "results")
    for path in (tmp_path / "results").glob("*/fig_1d/*/seed_0/options.json"):
        path.write_text(json.dumps(options))
    exit_code, _ = plot("fig_1d", f"--results {tmp_path / 'results'}")
    assert exit_code == 2
    error = capsys.readouterr().err
    assert "options.json" in error and error.count("\n") == 1
