"""Folders of the 2018 code where a run's folder is taken: --load of both main scripts."""

import csv
import json

import numpy as np
import pytest
import torch
from conftest import ROOT
from files_2018 import optimizer_2018, state_dict_2018, write_folder

import main_human36
import main_lsp
from paper_exps import run
from src.files import file_sha256
from src.legacy_2018 import CHECKPOINT_2018, load_2018, load_run_2018
from src.model import LiftingNetwork
from src.skeletons import get_skeleton
from src.training.checkpoints import read_run

SKELETON = get_skeleton("human36_14k")
STEP = 200_000  # twice the learning rate's decay
STEPS_PER_EPOCH = 24  # 1500 labels of the built-in photos, 64 at a time


class Example:
    """A model that was trained a little, as a folder of 2018 and as a run's folder of today."""

    def __init__(self, *, supervised: bool):
        torch.manual_seed(0)
        self.network = LiftingNetwork(14, linear_size=16)
        if supervised:
            torch.nn.init.constant_(self.network.output_multiplier, -1)
        self.optimizer = torch.optim.Adam(self.network.parameters(), fused=True)
        for _ in range(3):
            self.train_a_step(self.network, self.optimizer, supervised=supervised)
        rng = np.random.default_rng(0)
        self.stat_2d = {
            "mean": rng.normal(0, 20, 28).astype(np.float32),
            "std": rng.uniform(20, 50, 28).astype(np.float32),
        }
        self.stat_3d = {
            "mean": rng.normal(0, 50, 42).astype(np.float32),
            "std": rng.uniform(100, 500, 42).astype(np.float32),
            "avg_limb_lens": rng.uniform(100, 500, (1, 14)).astype(np.float32),
        }
        self.supervised = supervised

    @staticmethod
    def train_a_step(network, optimizer, *, supervised=False):
        """Let every parameter move that would: a supervised model of 2018 has two that do not."""
        pose, scale = network(torch.randn(8, 14, 2))
        loss = pose.square().mean() + scale.square().mean()
        optimizer.zero_grad()
        loss.backward()
        if supervised:
            for parameter in (network.output_multiplier, *network.scale_head.parameters()):
                parameter.grad = None
        optimizer.step()

    def options_2018(self) -> dict:
        return {
            "dataset_type": "human36_14k",
            "is_train": True,
            "linear_size": 16,
            "num_stage": 1,
            "reprojection": "scaled_orthographic",
            "scale_range": 1.0,
            "subtract_2d_root": True,
            "use_rel_loss": not self.supervised,
        }

    def content_2018(self) -> dict:
        return {
            "epoch": 25,
            "lr": 0.00092,
            "step": STEP,
            "err": 61.5,
            "stat_2d": self.stat_2d,
            "stat_3d": self.stat_3d,
            "state_dict": state_dict_2018(self.network),
            "optimizer": optimizer_2018(self.optimizer, self.network),
        }

    def write_2018(self, folder, *, content=None, options=None):
        """Write a folder of 2018; content and options: what is to differ, by name."""
        content = self.content_2018() | ({} if content is None else content)
        options = self.options_2018() | ({} if options is None else options)
        return write_folder(folder, content, options)

    def write_today(self, folder):
        """Write the folder of a run of today whose model is the same."""
        network = self.network.state_dict()
        for name in network:
            if name.endswith("num_batches_tracked"):  # PyTorch 0.3 did not count them
                network[name] = torch.tensor(0)
        if self.supervised:
            unused = ("output_multiplier", "scale_head.weight", "scale_head.bias")
            network = {name: value for name, value in network.items() if name not in unused}
        statistics = {
            "pose_2d": self.standardizer(self.stat_2d, 2),
            "limb_lengths": torch.from_numpy(self.stat_3d["avg_limb_lens"]),
        }
        if self.supervised:
            statistics["pose_3d"] = self.standardizer(self.stat_3d, 3)
        checkpoint = {
            "options": {
                "dataset_type": "human36_14k",
                "supervision": "full" if self.supervised else "relative",
                "linear_size": 16,
                "num_stage": 1,
                "subtract_2d_root": True,
                "scale_range": None if self.supervised else 1.0,
            },
            "data": {},
            "statistics": statistics,
            "network": network,
            "optimizer": self.optimizer.state_dict(),
            "epoch": 25,
            "step": STEP,
        }
        folder.mkdir()
        torch.save(checkpoint, folder / "last.pt")
        return folder

    @staticmethod
    def standardizer(statistics: dict, dimensions: int) -> dict[str, torch.Tensor]:
        return {
            "mean": torch.from_numpy(statistics["mean"]).reshape(14, dimensions),
            "std": torch.from_numpy(statistics["std"]).reshape(14, dimensions),
        }


@pytest.fixture
def relative():
    return Example(supervised=False)


@pytest.fixture
def supervised():
    return Example(supervised=True)


@pytest.fixture
def lsp(tmp_path, capsys):
    """lsp("--load ...", exp) -> (exit code, what it printed, its folder)."""

    def start(command: str, exp: str):
        tokens = f"--ckpt {tmp_path} --exp {exp} --linear_size 16 --threads 1 --epochs 1"
        code = main_lsp.main([*tokens.split(), "--no-save_ims", *command.split()])
        captured = capsys.readouterr()
        return code, captured.out + captured.err, tmp_path / exp

    return start


@pytest.fixture
def human36(human36_dir, tmp_path, capsys):
    """human36("--load ...", exp) -> (exit code, what it printed, its folder)."""

    def start(command: str, exp: str):
        tokens = f"--data_dir {human36_dir} --ckpt {tmp_path} --exp {exp} --threads 1 --epochs 1"
        tokens += " --dataset_type human36_14k --linear_size 16 --no-save_ims"
        tokens += " --actions Directions Sitting SittingDown Walking"
        code = main_human36.main([*tokens.split(), *command.split()])
        captured = capsys.readouterr()
        return code, captured.out + captured.err, tmp_path / exp

    return start


def load(folder) -> dict:
    return torch.load(folder / "last.pt", weights_only=True)


def result_of(folder) -> dict:
    return json.loads((folder / "result.json").read_text())


def without_origin(folder) -> dict:
    """A result, but for where the loaded run was."""
    result = result_of(folder)
    for name in ("loaded_from", "loaded_sha256", "tested_sha256"):
        result.pop(name, None)
    return result


def assert_equal_tensors(ours: dict, theirs: dict):
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert torch.equal(torch.as_tensor(tensor), torch.as_tensor(theirs[name])), name


def assert_refused(outcome, *words):
    """Check that a command ended with one line that holds these words, and left nothing behind."""
    code, text, folder = outcome
    assert code == 2 and "Traceback" not in text, text
    *others, message = text.splitlines()
    assert message.startswith("error: ") and not any("error: " in line for line in others), text
    assert all(word in message for word in words), message
    assert not folder.exists()


# What a folder holds, in today's form.


def test_everything_that_a_run_holds(relative, tmp_path):
    folder = relative.write_2018(tmp_path / "old")
    checkpoint, path = read_run(folder, "--load")
    assert path == folder / CHECKPOINT_2018
    assert checkpoint["epoch"] == 25 and checkpoint["step"] == STEP
    assert checkpoint["options"] == {
        "dataset_type": "human36_14k",
        "supervision": "relative",
        "linear_size": 16,
        "num_stage": 1,
        "subtract_2d_root": True,
        "scale_range": 1.0,
        "reprojection": "scaled_orthographic",
    }
    network = LiftingNetwork(14, linear_size=16)
    network.load_state_dict(checkpoint["network"])
    assert_equal_tensors(
        dict(network.named_parameters()), dict(relative.network.named_parameters())
    )


def test_adam_goes_on_as_if_it_had_not_been_saved(relative, tmp_path):
    checkpoint = load_run_2018(relative.write_2018(tmp_path / "old"))
    network = LiftingNetwork(14, linear_size=16)
    network.load_state_dict(checkpoint["network"])
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    optimizer.load_state_dict(checkpoint["optimizer"])
    group = optimizer.state_dict()["param_groups"][0]
    assert group == relative.optimizer.state_dict()["param_groups"][0]
    for model, adam in ((network, optimizer), (relative.network, relative.optimizer)):
        torch.manual_seed(1)
        Example.train_a_step(model, adam)
    assert_equal_tensors(
        dict(network.named_parameters()), dict(relative.network.named_parameters())
    )


def test_a_supervised_model_leaves_two_parameters_behind(supervised, tmp_path):
    checkpoint = load_run_2018(supervised.write_2018(tmp_path / "old"))
    assert checkpoint["options"]["supervision"] == "full"
    assert checkpoint["options"]["scale_range"] is None
    network = LiftingNetwork(14, linear_size=16, scale_range=None, output_multiplier=None)
    network.load_state_dict(checkpoint["network"])
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    optimizer.load_state_dict(checkpoint["optimizer"])
    by_position = list(network.parameters())
    assert len(optimizer.state) == len(by_position)
    assert all(optimizer.state[p]["exp_avg"].shape == p.shape for p in by_position)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "lsp_"),  # the defaults of 2018
        ({"use_loaded_stats": False, "is_train": True}, "lsp_"),
        ({"use_loaded_stats": True, "is_train": True}, ""),
        ({"use_loaded_stats": False, "is_train": False}, ""),
        ({"use_loaded_stats": True, "is_train": False}, ""),
    ],
)
def test_which_statistics_a_run_on_photos_used(relative, tmp_path, options, name):
    stat_2d = relative.stat_2d | {
        "lsp_mean": relative.stat_2d["mean"] + 5,
        "lsp_std": relative.stat_2d["std"] * 2,
    }
    folder = relative.write_2018(
        tmp_path / "old", content={"stat_2d": stat_2d, "stat_3d": {}}, options=options
    )
    _, statistics, _ = load_2018(folder)
    for field in ("mean", "std"):
        expected = torch.from_numpy(stat_2d[name + field]).reshape(14, 2)
        assert torch.equal(getattr(statistics.pose_2d, field), expected)


# main_lsp.py


def test_fine_tuning_is_that_of_the_same_run_of_today(relative, lsp, tmp_path):
    old = relative.write_2018(tmp_path / "old")
    today = relative.write_today(tmp_path / "today")
    for limb_type in ("avg_human36", "avg_person"):
        command = f"--epochs 2 --limb_type {limb_type}"
        code, text, folder = lsp(f"--load {old} {command}", f"old_{limb_type}")
        assert code == 0 and "note: --load" not in text, text
        _, _, other = lsp(f"--load {today} {command}", f"today_{limb_type}")
        assert_equal_tensors(load(folder)["network"], load(other)["network"])
        assert load(folder)["step"] == load(other)["step"] == STEP + 2 * STEPS_PER_EPOCH
        ours = load(folder)["optimizer"]
        theirs = load(other)["optimizer"]
        assert ours["param_groups"] == theirs["param_groups"]
        for index, state in ours["state"].items():
            assert_equal_tensors(state, theirs["state"][index])
            assert state["step"] == 3 + 2 * STEPS_PER_EPOCH
        assert without_origin(folder) == without_origin(other)
        assert result_of(folder)["loaded_sha256"] == file_sha256(old / CHECKPOINT_2018)


def test_the_learning_rate_goes_on_where_it_was(relative, lsp, tmp_path):
    _, _, folder = lsp(f"--load {relative.write_2018(tmp_path / 'old')}", "tuned")
    with (folder / "log.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["lr"]) == pytest.approx(0.001 * 0.96**2)


def test_fine_tuning_can_be_interrupted_and_is_finished_once(relative, lsp, tmp_path):
    old = relative.write_2018(tmp_path / "old")
    assert lsp(f"--load {old} --epochs 2", "whole")[0] == 0
    assert lsp(f"--load {old}", "parts")[0] == 0
    code, text, folder = lsp(f"--load {old} --epochs 2", "parts")
    assert code == 0 and "going on after epoch 1" in text
    assert_equal_tensors(load(folder)["network"], load(tmp_path / "whole")["network"])
    assert lsp(f"--load {old} --epochs 2", "parts")[1].startswith("finished already")
    relative.write_2018(old, content={"step": STEP + 1})
    code, text, _ = lsp(f"--load {old} --epochs 2", "parts")
    assert code == 2 and "began with another state" in text


def test_fresh_optimizer(relative, lsp, tmp_path):
    old = relative.write_2018(tmp_path / "old")
    code, text, folder = lsp(f"--load {old} --fresh_optimizer", "fresh")
    assert code == 0 and "note: --load" not in text
    assert load(folder)["step"] == STEPS_PER_EPOCH


def spoil_nothing_there(optimizer: dict):
    optimizer.clear()


def spoil_one_parameter_less(optimizer: dict):
    optimizer["param_groups"][0]["params"].pop()


def spoil_a_shape(optimizer: dict):
    states = list(optimizer["state"].values())
    states[0]["exp_avg_sq"] = torch.zeros(3, 3)


def spoil_a_state(optimizer: dict):
    address = optimizer["param_groups"][0]["params"][0]
    del optimizer["state"][address]


def spoil_a_second_group(optimizer: dict):
    optimizer["param_groups"] *= 2


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_nothing_there, "holds no state of Adam"),
        (spoil_one_parameter_less, "of 16 parameters, but the network has 17"),
        (spoil_a_shape, "exp_avg_sq of first.linear.weight has shape (3, 3), not (16, 28)"),
        (spoil_a_state, "lacks first.linear.weight"),
        (spoil_a_second_group, "holds no state of Adam"),
    ],
)
def test_an_optimiser_that_does_not_fit_is_replaced(relative, lsp, tmp_path, spoil, reason):
    optimizer = relative.content_2018()["optimizer"]
    spoil(optimizer)
    old = relative.write_2018(tmp_path / "old", content={"optimizer": optimizer})
    code, text, folder = lsp(f"--load {old}", "tuned")
    assert code == 0
    (line,) = [line for line in text.splitlines() if line.startswith("note: --load")]
    assert reason in line and "a new one begins, at step 200,000" in line
    assert load(folder)["step"] == STEP + STEPS_PER_EPOCH
    steps = {float(state["step"]) for state in load(folder)["optimizer"]["state"].values()}
    assert steps == {STEPS_PER_EPOCH}
    assert lsp(f"--load {old} --eval_only", "tested")[0] == 0  # a test needs none


@pytest.mark.parametrize("stats", ["--no-use_loaded_stats", "--use_loaded_stats"])
def test_testing_on_photos(relative, lsp, tmp_path, stats):
    old = relative.write_2018(tmp_path / "old")
    today = relative.write_today(tmp_path / "today")
    code, text, folder = lsp(f"--load {old} --eval_only {stats}", "a")
    assert code == 0, text
    _, _, other = lsp(f"--load {today} --eval_only {stats}", "b")
    assert without_origin(folder) == without_origin(other)
    result = result_of(folder)
    assert result["epoch"] == 25 and not result["trained"]
    assert result["tested_sha256"] == file_sha256(old / CHECKPOINT_2018)
    assert lsp(f"--load {old} --eval_only {stats}", "a")[1].startswith("finished already")


def test_a_supervised_model_is_unstandardised_on_photos(supervised, lsp, tmp_path):
    command = "--supervision full --eval_only --use_loaded_stats --save_predictions"
    old = supervised.write_2018(tmp_path / "old")
    code, text, folder = lsp(f"--load {old} {command}", "old_tested")
    assert code == 0, text
    with np.load(folder / "predictions.npz") as file:
        pixels = file["pose_2d_px"]
        prediction = file["prediction_mm"].reshape(-1, 42)
    centred = pixels - pixels[:, [SKELETON.joints.index("neck")]]
    inputs = (centred.reshape(-1, 28) - supervised.stat_2d["mean"]) / supervised.stat_2d["std"]
    inputs = inputs.reshape(-1, 14, 2)
    with torch.no_grad():
        output, _ = supervised.network.eval()(torch.from_numpy(inputs))
    raw = -output.numpy().reshape(-1, 42)  # without the multiplier of -1
    expected = supervised.stat_3d["mean"] + supervised.stat_3d["std"] * raw
    np.testing.assert_allclose(prediction, expected, rtol=1e-4, atol=0.05)


@pytest.mark.parametrize("stat_3d", [{}, {"avg_limb_lens": np.ones((1, 16), np.float32)}])
def test_limb_lengths_that_are_not_there(relative, lsp, tmp_path, stat_3d):
    old = relative.write_2018(tmp_path / "old", content={"stat_3d": stat_3d})
    assert_refused(
        lsp(f"--load {old} --limb_type avg_human36", "tuned"),
        "--limb_type avg_human36",
        str(old),
        "no mean limb lengths",
        "--limb_type avg_person",
    )
    assert lsp(f"--load {old}", "tuned")[0] == 0


# main_human36.py


@pytest.mark.parametrize("kind", ["relative", "supervised"])
def test_testing_on_human36(kind, human36, tmp_path, request):
    example = request.getfixturevalue(kind)
    supervision = "full" if kind == "supervised" else "relative"
    command = f"--supervision {supervision} --eval_only"
    old = example.write_2018(tmp_path / "old")
    code, text, folder = human36(f"--load {old} {command}", "a")
    assert code == 0, text
    _, _, other = human36(f"--load {example.write_today(tmp_path / 'today')} {command}", "b")
    assert without_origin(folder) == without_origin(other)
    assert result_of(folder)["tested_sha256"] == file_sha256(old / CHECKPOINT_2018)
    assert human36(f"--load {old} {command}", "a")[1].startswith("finished already")


def test_training_on_human36_begins_with_the_weights_alone(relative, human36, tmp_path):
    old = relative.write_2018(tmp_path / "old")
    code, text, folder = human36(f"--load {old}", "a")
    assert code == 0 and "note: --load" not in text
    _, _, other = human36(f"--load {relative.write_today(tmp_path / 'today')}", "b")
    assert_equal_tensors(load(folder)["network"], load(other)["network"])
    _, _, untrained = human36("", "c")
    assert load(folder)["step"] == load(untrained)["step"]
    assert_equal_tensors(
        load(folder)["statistics"]["pose_2d"], load(untrained)["statistics"]["pose_2d"]
    )


# The rows of figure 5


SMALL = "--linear_size 16 --threads 1 --no-save_ims --lsp_epochs 1"


@pytest.fixture
def run_fig_5(tmp_path, capfd):
    """run_fig_5("ROWS", "options") -> (exit code, what it printed)."""

    def start(rows: str, options: str):
        names = [f"fig_5/{row}" for row in rows.split()]
        tokens = f"--ckpt {tmp_path / 'runs'} {SMALL} {options}"
        code = run.main([*names, *tokens.split()])
        captured = capfd.readouterr()
        return code, captured.out + captured.err

    return start


def test_rows_of_figure_5_from_folders_of_2018(relative, supervised, run_fig_5, tmp_path):
    ours = relative.write_2018(tmp_path / "ours")
    full = supervised.write_2018(tmp_path / "full")
    rows = "ours_human36_14k supervised_human36_14k supervised_lsp ours_lsp ours_human36_lsp"
    options = f"--pretrained fig_5/ours_human36_14k={ours} fig_5/supervised_human36_14k={full}"
    _, text = run_fig_5(rows, f"{options} --plan")
    assert text.splitlines() == [
        f"test   fig_5/supervised_lsp, seed 0  with {full}",
        f"test   fig_5/ours_lsp, seed 0  with {ours}",
        f"train  fig_5/ours_human36_lsp, seed 0  with {ours}",
        "3 rows: 0 trainings by main_human36.py, 1 by main_lsp.py",
        "3 rows left, 1 of them trainings: not known before a first epoch has been trained",
    ]
    assert run_fig_5(rows, f"{options} --list")[1].split() == ["fig_5/ours_human36_lsp"]

    code, text = run_fig_5(rows, options)
    assert code == 0, text
    results = tmp_path / "runs" / "synthetic_photos" / "fig_5"
    tuned = results / "ours_human36_lsp" / "seed_0"
    assert load(tuned)["step"] == STEP + STEPS_PER_EPOCH
    assert result_of(results / "ours_lsp" / "seed_0")["loaded_from"] == str(ours)
    assert result_of(results / "supervised_lsp" / "seed_0")["loaded_from"] == str(full)
    assert not (tmp_path / "runs" / "synthetic").exists()  # nothing was pre-trained

    assert run_fig_5(rows, f"{options} --plan")[1].count("(finished)") == 3
    relative.write_2018(ours, content={"epoch": 26})
    assert run_fig_5(rows, f"{options} --plan")[1].count("(finished)") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--pretrained fig_5/ours_lsp=x", "fig_5/ours_human36_14k"),
        ("--pretrained fig_5/ours_human36_14k", "expected ROW=FOLDER"),
        ("--pretrained fig_5/ours_human36_14k=", "expected ROW=FOLDER"),
        ("--pretrained fig_5/ours_human36_14k=x", "nothing is left to run"),
    ],
)
def test_folders_that_stand_for_no_row(run_fig_5, options, words):
    code, text = run_fig_5("ours_human36_14k", options)
    assert code == 2 and text.count("\n") == 1 and words in text


# Refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"linear_size": 32}, "--linear_size 32, not 16"),
        ({"num_stage": 2}, "--num_stage 2, not 1"),
        ({"scale_range": 0.5}, "--scale_range 0.5, not 1.0"),
        ({"subtract_2d_root": False}, "--subtract_2d_root False, not True"),
        ({"dataset_type": "shg_16k"}, "--dataset_type shg_16k, not "),
    ],
)
def test_another_network_than_asked_for(relative, lsp, human36, tmp_path, options, message):
    old = relative.write_2018(tmp_path / "old", options=options)
    for script in (lsp, human36):
        for command in (f"--load {old}", f"--load {old} --eval_only"):
            assert_refused(script(command, "run"), str(old / CHECKPOINT_2018), message)


def test_another_supervision_than_asked_for(relative, supervised, lsp, human36, tmp_path):
    ours = relative.write_2018(tmp_path / "ours")
    full = supervised.write_2018(tmp_path / "full")
    for script in (lsp, human36):
        assert_refused(
            script(f"--load {full} --eval_only", "run"), "--supervision full, not relative"
        )
        assert_refused(
            script(f"--load {ours} --eval_only --supervision full", "run"),
            "--supervision relative, not full",
        )


def test_options_that_contradict_the_weights(relative, lsp, tmp_path):
    old = relative.write_2018(tmp_path / "old", options={"use_rel_loss": False})
    assert_refused(lsp(f"--load {old} --eval_only", "run"), "use_rel_loss False", CHECKPOINT_2018)


def test_options_that_are_not_there(relative, lsp, tmp_path):
    old = relative.write_2018(tmp_path / "old")
    content = (old / CHECKPOINT_2018).read_bytes()
    (old / CHECKPOINT_2018).write_bytes(
        content.replace(b"T\x03\x00\x00\x00opt", b"T\x03\x00\x00\x00xyz")
    )
    assert lsp(f"--load {old} --eval_only", "run")[0] == 0
    (old / "opt.json").write_text('{"dataset_type": "human36_14k"}')
    assert_refused(lsp(f"--load {old} --eval_only", "lacking"), CHECKPOINT_2018, "'linear_size'")
    (old / "opt.json").unlink()
    assert_refused(lsp(f"--load {old} --eval_only", "none"), "opt.json", "expected the options")


def test_a_folder_with_neither_checkpoint(lsp, human36, tmp_path):
    (tmp_path / "empty").mkdir()
    for script in (lsp, human36):
        assert_refused(
            script(f"--load {tmp_path / 'empty'}", "run"), "empty/last.pt", CHECKPOINT_2018
        )


def test_a_damaged_file_is_one_line(relative, lsp, tmp_path):
    old = relative.write_2018(tmp_path / "old")
    content = (old / CHECKPOINT_2018).read_bytes()
    (old / CHECKPOINT_2018).write_bytes(content[:-100])
    assert_refused(lsp(f"--load {old}", "run"), CHECKPOINT_2018, "damaged")


def test_the_file_itself_is_no_folder(relative, lsp, tmp_path):
    old = relative.write_2018(tmp_path / "old")
    assert_refused(lsp(f"--load {old / CHECKPOINT_2018}", "run"), "give the folder")


def test_no_run_goes_into_a_folder_of_2018(relative, lsp, tmp_path):
    old = relative.write_2018(tmp_path / "old")
    code, text, _ = lsp(f"--load {old} --eval_only", "old")
    assert code == 2 and "holds a run of the 2018 code; choose another --exp" in text
    assert {path.name for path in old.iterdir()} == {CHECKPOINT_2018, "opt.json"}


def test_todays_checkpoint_goes_first_where_there_are_both(relative, tmp_path):
    folder = relative.write_today(tmp_path / "both")
    relative.write_2018(folder)
    _, path = read_run(folder, "--load")
    assert path.name == "last.pt"


# A file of PyTorch 0.3.1 itself


@pytest.fixture
def real_folder():
    for base in (ROOT / "data", ROOT.parent / "shared/data"):
        if (base / "checkpoint_2018").is_dir():
            return base / "checkpoint_2018"
    pytest.skip(
        "wants data/checkpoint_2018, a file of PyTorch 0.3.1, which is not part of the repository"
    )


def test_the_optimiser_of_a_file_of_pytorch_0_3(real_folder):
    checkpoint = load_run_2018(real_folder)
    assert checkpoint["step"] == 609_300
    network = LiftingNetwork(17, linear_size=64)
    network.load_state_dict(checkpoint["network"])
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    optimizer.load_state_dict(checkpoint["optimizer"])
    assert {float(state["step"]) for state in optimizer.state.values()} == {3}
    for parameter in network.parameters():
        assert optimizer.state[parameter]["exp_avg"].shape == parameter.shape


@pytest.mark.parametrize("command", ["--eval_only", ""])
def test_a_file_of_pytorch_0_3_on_human36(real_folder, human36, command):
    options = f"--load {real_folder} --dataset_type human36_17k --linear_size 64"
    code, text, folder = human36(f"{options} {command}", "run")
    assert code == 0, text
    assert result_of(folder)["loaded_from"] == str(real_folder)


def test_a_file_of_pytorch_0_3_is_not_for_photos_of_14_joints(real_folder, lsp):
    assert_refused(
        lsp(f"--load {real_folder} --linear_size 64", "run"),
        "--dataset_type human36_17k, not lsp_14k",
    )


def test_main_helps_say_so(capsys):
    for script in (main_lsp, main_human36):
        with pytest.raises(SystemExit):
            script.main(["--help"])
        text = " ".join(capsys.readouterr().out.split())
        assert "weights of another run folder, or of a folder of the 2018 code" in text
