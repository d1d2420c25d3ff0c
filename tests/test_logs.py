"""What is watched while training: the loss on the test set, wrong training labels, pictures."""

import csv
import json
import shlex
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT
from matplotlib.image import imread
from miniature import ACTIONS

import main_human36
import main_lsp
from opts.human36 import parse_options
from opts.lsp import parse_options as parse_photo_options
from src import seeding
from src.labels import draw_pairs, joint_pairs
from src.log_columns import POSE_ERRORS, loss_terms, training_losses
from src.losses import EPS, Criterion
from src.metrics import MEANS_MM
from src.plotting.training import draw_training
from src.skeletons import get_skeleton
from src.training import build, build_photos, engine, outputs
from src.training.evaluation import evaluate_motion, evaluate_photos

CPU = torch.device("cpu")
SKELETON = get_skeleton("human36_17k")


class Motion:
    """A small network and a test set, as main_human36.py makes them."""

    def __init__(self, folder, command=""):
        tokens = ["--data_dir", str(folder), "--actions", *ACTIONS, "--linear_size", "16"]
        self.options, _ = parse_options([*tokens, *shlex.split(command)])
        train = build.centre(build.load_poses(self.options, "train"), self.options, "train")
        self.test = build.centre(build.load_poses(self.options, "test"), self.options, "test")
        self.statistics = build.fit_statistics(train, self.options)
        self.test_data = self.make_test_data()
        self.training_data = build.make_training_data(train, self.statistics, self.options, CPU)
        self.model = build.build_model(self.options, self.statistics, CPU)

    def make_test_data(self):
        return build.make_test_data(self.test, self.statistics, self.options, CPU)

    def predict(self):
        """Lift the whole test set in one batch -> pose (N,K,3), scale (N,1), float64 numpy."""
        self.model.network.eval()
        with torch.no_grad():
            pose, scale = self.model(self.test_data.inputs)
        return pose.double().numpy(), None if scale is None else scale.double().numpy()

    def test_loss(self, test_batch=64):
        return evaluate_motion(self.model, self.test_data, test_batch).monitored["l_test"]


class LabelledPhotos:
    """A small network and the synthetic photos, as main_lsp.py makes them."""

    def __init__(self, command="", change=None):
        tokens = f"--linear_size 16 {command}"
        self.options, _ = parse_photo_options(shlex.split(tokens))
        self.photos = build_photos.load_labelled_photos(self.options)
        if change is not None:
            self.photos = change(self.photos)
        poses = build_photos.centre(self.photos, self.options)
        statistics = build_photos.fit_statistics(poses, self.photos, self.options, None)
        self.test_data = build_photos.make_test_data(
            self.photos, poses, statistics, self.options, CPU
        )
        self.model = build.build_model(self.options, statistics, CPU)

    def evaluate(self):
        return evaluate_photos(self.model, self.test_data, 64)


def lengths(vectors):
    return np.sqrt((vectors**2).sum(axis=-1) + EPS)


def relative_loss_by_hand(pose, pairs, labels, weights):
    """The formula of the paper for labels +1 and -1, a pair after the other."""
    differences = []
    for one_pose, (i, j) in zip(pose, pairs, strict=True):
        differences.append(one_pose[i, 2] - one_pose[j, 2])
    differences = np.array(differences) / np.mean(np.abs(differences))
    losses = np.log1p(np.exp(-2.5 * labels * differences))
    return (losses * weights).sum() / weights.sum()


def skeleton_loss_by_hand(pose, limb_lengths, skeleton):
    proportions = []
    for start, end in skeleton.limbs:
        proportions.append(lengths(pose[:, start] - pose[:, end]))
    proportions = np.stack(proportions, axis=1)
    proportions /= proportions[:, [skeleton.unit_limb]]
    wanted = limb_lengths / limb_lengths[:, [skeleton.unit_limb]]
    counted = [limb for limb in range(len(skeleton.limbs)) if limb not in skeleton.masked_limbs]
    return np.sqrt((proportions - wanted)[:, counted] ** 2 + EPS).mean()


def test_the_test_loss_by_hand(human36_dir):
    """All test frames in one batch, from the formulas alone, with the weights of the paper."""
    motion = Motion(human36_dir)
    pose, scale = motion.predict()
    pairs = motion.test_data.loss.tensors["pairs"].numpy()
    z = motion.test.pose_3d[..., 2]
    labels = []
    for depth, (i, j) in zip(z, pairs, strict=True):
        labels.append(np.sign(depth[i] - depth[j]))
    by_hand = (
        relative_loss_by_hand(pose, pairs, np.array(labels), np.ones(len(pose)))
        + 0.1 * lengths(scale[:, :, None] * pose[..., :2] - motion.test.pose_2d).mean()
        + lengths(pose[:, SKELETON.root]).mean()
        + skeleton_loss_by_hand(pose, motion.statistics.limb_lengths.numpy(), SKELETON)
    )
    assert motion.test_loss() == pytest.approx(by_hand, rel=1e-5)
    # Neither a repetition nor the size of the batches changes it.
    assert motion.test_loss() == motion.test_loss()
    assert motion.test_loss(test_batch=7) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(
    "command",
    [
        "--supervision full",
        "--reprojection weak_perspective --limb_type gt",
        "--limb_type avg_person --tolerance_mm 100 --num_pairs all",
    ],
)
def test_the_test_loss_is_the_criterion_of_training(human36_dir, command):
    motion = Motion(human36_dir, command)
    pose, scale = motion.predict()
    loss = motion.test_data.loss
    if motion.options.supervision == "full":
        by_hand = ((pose - motion.test.pose_3d) ** 2).mean()
    else:
        assert set(loss.tensors) == {*motion.training_data.tensors, "pairs", "labels"}
        assert set(loss.constants) == set(motion.training_data.constants)
        criterion = build.build_criterion(motion.options)
        batch = loss.tensors | loss.constants
        total, _ = criterion(torch.from_numpy(pose), torch.from_numpy(scale), batch)
        by_hand = float(total)
    assert motion.test_loss() == pytest.approx(by_hand, rel=1e-5)


def test_a_batch_counts_in_proportion_to_its_examples(monkeypatch):
    """Seven examples about five poses, three at a time: batches of 3, 3 and 1."""
    monkeypatch.setattr(engine, "_EXAMPLES_PER_TEST_LOSS", 3)
    batches = []

    def largest(pose, scale, batch):
        batches.append(batch["number"].tolist())
        return (pose[:, 0, 0] * scale[:, 0] * batch["factor"]).max()

    loss = engine.TestLoss(
        criterion=Criterion({"largest": largest}, {"largest": 10.0}),
        tensors={"number": torch.arange(7)},
        constants={"factor": torch.tensor([2.0])},
        rows=torch.tensor([0, 0, 1, 2, 3, 4, 4]),
    )
    pose = torch.arange(1.0, 6.0)[:, None, None]
    measured = loss.measure(pose, torch.full((5, 1), 0.5))
    assert batches == [[0, 1, 2], [3, 4, 5], [6]]
    assert measured == pytest.approx(10 * (3 * 2 + 3 * 5 + 1 * 5) / 7)


def test_a_test_changes_nothing_that_training_uses(human36_dir):
    motion = Motion(human36_dir)
    before = {name: tensor.clone() for name, tensor in motion.model.network.state_dict().items()}
    generator_before = torch.get_rng_state()
    motion.test_loss()
    for name, tensor in motion.model.network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert torch.equal(torch.get_rng_state(), generator_before)
    assert all(parameter.grad is None for parameter in motion.model.network.parameters())


def test_test_labels_are_never_noisy_and_shift_no_other_draw(human36_dir):
    clean = Motion(human36_dir, "--num_pairs 3 --seed 5")
    noisy = Motion(human36_dir, "--num_pairs 3 --seed 5 --rel_labels_noise_prob 0.5")
    for name in ("pairs", "labels"):
        assert torch.equal(clean.test_data.loss.tensors[name], noisy.test_data.loss.tensors[name])
    # One of the three pairs that each frame has by the generator of this purpose alone.
    pairs = np.sort(clean.test_data.loss.tensors["pairs"].numpy(), axis=1)
    drawn = draw_pairs(len(pairs), 17, 3, rng=seeding.generator(5, "pairs_test"))
    assert (joint_pairs(17)[drawn] == pairs).all(axis=2).any(axis=0).all()
    # The training pairs are those that were drawn before there was a test loss.
    drawn = draw_pairs(len(clean.training_data), 17, 3, rng=seeding.generator(5, "pairs"))
    np.testing.assert_array_equal(clean.training_data.labels.pairs, drawn)


def test_pairs_within_the_tolerance_are_equal_in_testing_too(human36_dir):
    motion = Motion(human36_dir, "--tolerance_mm 100")
    pairs = motion.test_data.loss.tensors["pairs"].numpy()
    z = np.take_along_axis(motion.test.pose_3d[..., 2], pairs, axis=1)
    is_equal = np.abs(z[:, 0] - z[:, 1]) <= 100
    assert 0.1 < is_equal.mean() < 0.9
    labels = motion.test_data.loss.tensors["labels"].numpy()
    np.testing.assert_array_equal(labels == 0, is_equal)


def test_no_test_loss_without_training_or_without_the_focal_length(human36_dir):
    motion = Motion(human36_dir, "--reprojection weak_perspective")
    sequences = motion.test.arrays.sequences
    unknown = sequences[0]._replace(focal=(np.nan, np.nan))
    arrays = replace(motion.test.arrays, sequences=(unknown, *sequences[1:]))
    motion.test = replace(motion.test, arrays=arrays)
    motion.test_data = motion.make_test_data()
    assert motion.test_data.loss is None
    assert evaluate_motion(motion.model, motion.test_data, 64).monitored == {}
    motion.options = parse_options(["--eval_only", "--load", "x"])[0]
    assert motion.make_test_data().loss is None


def test_what_a_test_on_photos_watches_by_hand():
    rng = np.random.default_rng(0)

    def weighted(photos):
        return replace(photos, weight=rng.uniform(0.1, 1, len(photos.label)).astype(np.float32))

    case = LabelledPhotos(change=weighted)
    photos = case.photos
    case.model.network.eval()
    with torch.no_grad():
        pose, scale = case.model(case.test_data.inputs)
    pose = pose.double().numpy()

    num_wrong = 0
    num_labels = 0
    examples = []
    for label, (photo, (i, j)) in enumerate(zip(photos.photo, photos.pairs, strict=True)):
        if photos.is_train[photo]:
            says = 1 if pose[photo, i, 2] >= pose[photo, j, 2] else -1
            num_wrong += says != photos.label[label]
            num_labels += 1
        else:
            examples.append(label)
    photo = photos.photo[examples]
    skeleton = get_skeleton("lsp_14k")
    centred_2d = photos.pose_2d - photos.pose_2d[:, [skeleton.root]]
    projected = scale.double().numpy()[photo, :, None] * pose[photo][..., :2]
    by_hand = (
        relative_loss_by_hand(
            pose[photo], photos.pairs[examples], photos.label[examples], photos.weight[examples]
        )
        + 0.1 * lengths(projected - centred_2d[photo]).mean()
        + lengths(pose[photo, skeleton.root]).mean()
        + skeleton_loss_by_hand(pose[photo], np.array([skeleton.average_limb_lengths]), skeleton)
    )
    monitored = case.evaluate().monitored
    assert list(monitored) == ["l_test", "e_train"]
    assert monitored["e_train"] == num_wrong / num_labels
    assert monitored["l_test"] == pytest.approx(by_hand, rel=1e-5)


def test_without_training_photos_there_is_no_share_of_wrong_training_labels():
    case = LabelledPhotos()
    without = replace(case.photos, is_train=np.zeros_like(case.photos.is_train))
    case.test_data = replace(case.test_data, photos=without, loss=None)
    assert case.evaluate().monitored == {}


@pytest.fixture
def run(human36_dir, tmp_path, capsys):
    """run("--epochs 2 ...") -> (exit code, what it printed, its folder). Small, on one thread."""

    def start(command="", *, exp="run", script=main_human36):
        tokens = f"--ckpt {tmp_path} --exp {exp} --linear_size 16 --threads 1 --epochs 2".split()
        if script is main_human36:
            tokens += ["--data_dir", str(human36_dir), "--actions", *ACTIONS]
        code = script.main([*tokens, *command.split()])
        captured = capsys.readouterr()
        return code, captured.out + captured.err, tmp_path / exp

    return start


def read_log(folder) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return list(csv.DictReader(file))


def without_seconds(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: cell for name, cell in row.items() if name != "seconds"} for row in rows]


TERMS = ["relative", "reproj", "root", "symm"]
MEANS = ["mpjpe_mm", "scaled_mpjpe_mm", "pa_mpjpe_mm"]


@pytest.mark.parametrize(
    ("script", "command", "columns"),
    [
        (main_human36, "", [*TERMS, "l_test", *MEANS]),
        (main_human36, "--test_step 2", [*TERMS, "l_test", *MEANS]),
        (main_human36, "--supervision full", ["mse", "l_test", *MEANS]),
        (main_lsp, "", [*TERMS, "l_test", "e_train", "wrong_labels", *MEANS]),
    ],
)
def test_columns_of_the_log_and_the_line_of_an_epoch(run, script, command, columns):
    code, text, folder = run(f"--no-save_ims {command}", script=script)
    assert code == 0, text
    rows = read_log(folder)
    assert list(rows[0]) == ["epoch", "step", "lr", "total", *columns, "seconds"]
    # A column that `src.log_columns` forgot would count as a loss, on the screen and in the curves.
    assert loss_terms(rows[0]) == (["mse"] if "mse" in columns else TERMS)
    assert training_losses(rows[0]) == ["total", *loss_terms(rows[0])]
    assert POSE_ERRORS == MEANS_MM
    last = rows[-1]
    assert f"  test loss {float(last['l_test']):.4g}  " in text
    if script is main_lsp:
        shares = f"wrong labels {float(last['wrong_labels']):.1%}"
        assert f"{shares}  wrong training labels {float(last['e_train']):.1%}" in text
    if command == "--test_step 2":
        assert rows[0]["l_test"] == "" != last["l_test"]
        assert text.count("test loss") == 1
    # What is watched is no result: it decides nothing.
    result = json.loads((folder / "result.json").read_text())
    assert not {"l_test", "e_train"} & {*result, *result["best"]}


@pytest.mark.parametrize("script", [main_human36, main_lsp])
def test_a_run_that_goes_on_logs_the_same(run, script):
    run("--no-save_ims --epochs 4", exp="whole", script=script)
    run("--no-save_ims --epochs 2", exp="parts", script=script)
    code, text, parts = run("--no-save_ims --epochs 4", exp="parts", script=script)
    assert code == 0 and "going on after epoch 2" in text
    whole = parts.parent / "whole"
    assert without_seconds(read_log(parts)) == without_seconds(read_log(whole))
    assert (parts / "result.json").read_text() == (whole / "result.json").read_text()


@pytest.mark.parametrize("script", [main_human36, main_lsp])
def test_a_run_of_an_earlier_version_goes_on(run, script):
    """Its checkpoint knows neither the new columns of the log nor the new option."""
    run("--no-save_ims --epochs 4", exp="whole", script=script)
    _, _, folder = run("--no-save_ims --epochs 2", script=script)
    checkpoint = torch.load(folder / "last.pt", weights_only=True)
    for row in checkpoint["history"]:
        del row["l_test"]
        row.pop("e_train", None)
    del checkpoint["options"]["save_ims_every"]
    torch.save(checkpoint, folder / "last.pt")
    options = json.loads((folder / "options.json").read_text())
    del options["save_ims_every"]
    (folder / "options.json").write_text(json.dumps(options))

    code, text, _ = run("--no-save_ims --epochs 2", script=script)
    assert code == 0 and text.startswith("finished already")
    code, text, _ = run("--epochs 4", script=script)
    assert code == 0 and "going on after epoch 2" in text, text
    whole = folder.parent / "whole"
    rows = read_log(folder)
    assert list(rows[0]) == list(read_log(whole)[0])
    assert [row["l_test"] != "" for row in rows] == [False, False, True, True]
    assert without_seconds(rows)[2:] == without_seconds(read_log(whole))[2:]
    assert (folder / "result.json").read_text() == (whole / "result.json").read_text()
    assert imread(folder / "loss_curves.png").std() > 0.05


@pytest.fixture
def drawn(monkeypatch):
    """The names of the pictures in the order in which they are drawn; None stands for an epoch.

    They are not written, which would take the longest.
    """
    names = []
    redraw = {"motion": outputs.redraw_motion, "photos": outputs.redraw_photos}

    def save(path, figure):
        names.append(path.name)

    def redraw_motion(*arguments):
        redraw["motion"](*arguments)
        names.append(None)

    def redraw_photos(*arguments):
        redraw["photos"](*arguments)
        names.append(None)

    monkeypatch.setattr(outputs, "save_figure", save)
    monkeypatch.setattr(outputs, "redraw_motion", redraw_motion)
    monkeypatch.setattr(outputs, "redraw_photos", redraw_photos)
    return names


CURVES = "loss_curves.png"
POSES = "test_poses.png"


@pytest.mark.parametrize(
    ("command", "order"),
    [
        ("", [None, None, None, None, CURVES, POSES]),
        ("--save_ims_every 2", [None, CURVES, POSES, None, None, None, CURVES, POSES]),
        # An epoch that was not tested has no new poses.
        ("--save_ims_every 3 --test_step 2", [None, None, CURVES, None, None, CURVES, POSES]),
        ("--save_ims_every 9", [None, None, None, None, CURVES, POSES]),
    ],
)
def test_pictures_are_drawn_every_so_many_epochs(run, drawn, command, order):
    assert run(f"--epochs 4 {command}")[0] == 0
    assert drawn == order


def test_pictures_of_photos_every_epoch_and_missing_photos_are_said_once(run, drawn):
    code, text, _ = run("--epochs 3 --save_ims_every 1", script=main_lsp)
    assert code == 0 and text.count("note: no photos") == 1
    assert drawn == [CURVES, POSES, None, CURVES, POSES, None, None, CURVES, POSES]


@pytest.mark.parametrize("script", [main_human36, main_lsp])
def test_a_picture_that_fails_does_not_stop_the_training(run, drawn, script, monkeypatch):
    draw = outputs.draw_training

    def draw_only_the_whole_run(history, title):
        if len(history) < 3:
            raise ValueError("no\nfont")
        return draw(history, title)

    monkeypatch.setattr(outputs, "draw_training", draw_only_the_whole_run)
    code, text, folder = run("--epochs 3 --save_ims_every 1", script=script)
    assert code == 0
    line = "note: a picture failed, training goes on (ValueError: no font)"
    assert text.splitlines().count(line) == 2
    assert drawn == [None, None, None, CURVES, POSES]
    assert len(read_log(folder)) == 3


def test_how_often_pictures_are_drawn_may_differ_when_a_run_goes_on(run, drawn):
    _, _, folder = run("--no-save_ims")
    assert run("--epochs 4 --save_ims_every 3")[0] == 0
    assert drawn == [None, None, CURVES, POSES, None, None, CURVES, POSES]
    assert run("--epochs 5 --save_ims_every 2 --save_ims")[0] == 0
    assert json.loads((folder / "options.json").read_text())["save_ims_every"] == 2


@pytest.mark.parametrize("script", [main_human36, main_lsp])
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("--no-save_ims --save_ims_every 2", ["--save_ims_every", "--no-save_ims"]),
        ("--save_ims_every 0", ["--save_ims_every", "at least 1"]),
        ("--save_ims_every 1.5", ["--save_ims_every", "whole number"]),
    ],
)
def test_refused(run, script, command, words):
    code, text, folder = run(command, script=script)
    assert code == 2 and text.count("\n") == 1
    assert all(word in text for word in words), text
    assert not folder.exists()


def test_curves_show_the_loss_on_the_test_set_dashed_beside_that_of_training():
    history = [
        {"epoch": 1, "total": 4.0, "root": 3.0, "l_test": 5.0, "pa_mpjpe_mm": 90.0},
        {"epoch": 2, "total": 3.0, "root": 2.0},  # without a test
        {"epoch": 3, "total": 2.0, "root": 1.0, "l_test": 4.0, "pa_mpjpe_mm": 80.0},
    ]
    left, right = draw_training(history, "x").axes
    lines = {line.get_label(): line for line in left.lines}
    assert list(lines) == ["root", "total", "l_test"]
    np.testing.assert_array_equal(lines["total"].get_xydata(), [[1, 4], [2, 3], [3, 2]])
    np.testing.assert_array_equal(lines["l_test"].get_xydata(), [[1, 5], [3, 4]])
    assert (lines["total"].get_linestyle(), lines["l_test"].get_linestyle()) == ("-", "--")
    assert lines["total"].get_color() == lines["l_test"].get_color()
    assert [text.get_text() for text in left.get_legend().get_texts()] == list(lines)
    assert [line.get_label() for line in right.lines] == ["pa_mpjpe"]


def test_curves_show_the_share_of_wrong_training_labels_beside_that_of_test_labels():
    history = [
        {"epoch": 1, "total": 4.0, "root": 2.0, "e_train": 0.2, "wrong_labels": 0.3, "mpjpe_mm": 9},
        {"epoch": 2, "total": 3.0, "root": 1.0, "e_train": 0.1, "wrong_labels": 0.2, "mpjpe_mm": 8},
    ]
    left, right = draw_training(history, "x").axes
    assert [line.get_label() for line in left.lines] == ["root"]
    shares = {line.get_label(): line.get_xydata().tolist() for line in right.lines}
    assert shares == {"wrong_labels": [[1, 0.3], [2, 0.2]], "e_train": [[1, 0.2], [2, 0.1]]}
    assert "wrong labels" in right.get_title()


def test_the_figure_script_draws_a_log_with_all_columns_and_a_loss_that_is_no_number(tmp_path):
    (tmp_path / "log.csv").write_text(
        "epoch,step,lr,total,root,l_test,e_train,wrong_labels,seconds\n"
        "1,9,0.1,3,2,,,,1\n"
        "2,18,0.1,2,1,nan,0.2,0.3,1\n"
        "3,27,0.1,2,1,0.5,0.1,0.2,1\n"
    )
    script = ROOT / "paper_plots" / "training_curves.py"
    command = [sys.executable, script, "--run", tmp_path, "--out", tmp_path / "out"]
    subprocess.run(command, check=True)
    assert imread(tmp_path / "out" / "training_curves.png").std() > 0.02
