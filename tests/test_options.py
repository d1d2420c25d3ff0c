import re
import shlex

import pytest

import run_model
from opts.human36 import parse_options
from opts.parsing import describe, run_options
from opts.presets import PRESETS
from src.data.human36.load import ACTIONS
from src.errors import InputError

# The paper's own settings, as specified.
DEFAULTS = {
    "data_dir": "synthetic",
    "ckpt": "checkpoint",
    "exp": "synthetic/ours/seed_0",
    "load": None,
    "eval_only": False,
    "epochs": 25,
    "train_batch": 64,
    "test_batch": 64,
    "lr": 0.001,
    "lr_decay": 100000,
    "lr_gamma": 0.96,
    "dropout": 0.5,
    "max_norm": True,
    "test_step": 1,
    "save_ims": True,
    "save_ims_every": None,
    "actions": list(ACTIONS),
    "dataset_type": "human36_17k",
    "amt_train_data": 1.0,
    "amt_test_data": 1,
    "train_subjects": [1, 5, 6, 7, 8],
    "test_subjects": [9, 11],
    "train_noise_type_2d": "none",
    "train_noise_amount_2d": 0,
    "test_noise_type_2d": "none",
    "test_noise_amount_2d": 0,
    "rel_labels_noise_prob": 0,
    "in_dropout_p": 0,
    "subtract_2d_root": True,
    "linear_size": 1024,
    "num_stage": 1,
    "supervision": "relative",
    "reprojection": "scaled_orthographic",
    "relative_weight": 1,
    "reproj_weight": 0.1,
    "root_weight": 1,
    "symm_weight": 1,
    "limb_type": "avg_human36",
    "num_pairs": 1,
    "tolerance_mm": 0,
    "distance_multiplier": 2.5,
    "unnorm_init": 100,
    "scale_range": 1,
    "seed": 0,
    "device": "auto",
    "threads": 0,
    "save_predictions": False,
}


def parse(command: str):
    options, _ = parse_options(shlex.split(command))
    return options


def test_defaults():
    assert run_options(parse("")) == DEFAULTS


def test_the_default_is_ours():
    assert run_options(parse("--preset ours")) == DEFAULTS


def test_frozen():
    options = parse("--actions Walking")
    with pytest.raises(AttributeError):
        options.epochs = 3
    assert hash(options), "an option is a list that could be changed"


def test_a_supervised_run_is_never_called_ours():
    assert parse("--supervision full").exp == "synthetic/supervised/seed_0"


def test_known_focal_length_settles_the_scale_range():
    assert parse("--reprojection weak_perspective").scale_range == 0.001
    assert parse("--reprojection weak_perspective --scale_range 0.01").scale_range == 0.01


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_resolves(name):
    options = run_options(parse(f"--preset {name}"))
    different = {key for key in options if options[key] != DEFAULTS[key]}
    assert different - {"exp", "scale_range"} == set(PRESETS[name])


def test_presets_win_by_order_and_the_user_over_all():
    options = parse("--epochs 7 --preset supervised testing --linear_size 32")
    assert (options.supervision, options.epochs, options.linear_size) == ("full", 7, 32)
    assert options.amt_test_data == PRESETS["testing"]["amt_test_data"]
    assert options.exp == "synthetic/supervised+testing/seed_0"


def test_later_preset_wins(monkeypatch):
    monkeypatch.setitem(PRESETS, "long", {"epochs": 99})
    assert parse("--preset testing long").epochs == 99
    assert parse("--preset long testing").epochs == PRESETS["testing"]["epochs"]


def test_testing_changes_size_and_nothing_else():
    assert set(PRESETS["testing"]) <= {
        "linear_size",
        "num_stage",
        "epochs",
        "amt_train_data",
        "amt_test_data",
    }


def test_exp_names_data_preset_and_seed():
    assert parse("--data_dir some/where/cmu_h36m/ --seed 3").exp == "cmu_h36m/ours/seed_3"
    assert parse("--exp mine").exp == "mine"


def test_actions_are_put_in_order():
    assert parse("--actions Walking Eating").actions == ("Eating", "Walking")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "--preset supervised",
        "--num_pairs all --no-max_norm --actions Walking",
        "--supervision full",
        """--data_dir "it's $HOME; here" --preset supervised testing""",
    ],
)
def test_dry_run_gives_an_equivalent_command(command):
    options, differences = parse_options(shlex.split(command))
    text = describe("main_human36.py", options, differences)
    _, _, equivalent_command = text.rpartition("python main_human36.py ")
    assert parse(equivalent_command) == options
    marked = re.findall(r"^  \* (\w+) = ", text, flags=re.MULTILINE)
    assert set(marked) == set(differences)


# A command, and what the message must contain.
REFUSED = {
    "--epochz 3": ["--epochz", "--epochs"],
    "--epoch 3": ["unknown option --epoch", "--epochs"],
    "stray": ["stray"],
    "--preset our": ["preset our", "ours"],
    "--preset nothing_like_it": ["nothing_like_it", "testing"],
    "--epochs 1e3": ["--epochs", "whole number"],
    f"--epochs 1{400 * '0'}": ["--epochs", "whole number"],
    "--amt_test_data 3000000000": ["--amt_test_data", "at most"],
    "--train_batch 100000000000000000000": ["--train_batch", "at most"],
    "--threads 99999999999": ["--threads", "at most"],
    "--linear_size 100000000000": ["--linear_size", "at most"],
    "--unnorm_init 1e300": ["--unnorm_init", "at most"],
    "--train_noise_type_2d uniform_linear --train_noise_amount_2d 1e30":
        ["--train_noise_amount_2d", "at most"],
    "--epochs 0": ["--epochs", "at least 1", "'0'"],
    "--epochs 1.5": ["--epochs", "whole number", "'1.5'"],
    "--lr nan": ["--lr", "above 0", "'nan'"],
    "--lr inf": ["--lr", "'inf'"],
    "--lr -1": ["--lr", "'-1'"],
    "--lr_gamma 1.1": ["--lr_gamma", "at most 1"],
    "--dropout 1": ["--dropout", "below 1"],
    "--in_dropout_p -0.1": ["--in_dropout_p"],
    "--amt_train_data 0": ["--amt_train_data", "above 0"],
    "--amt_train_data 2": ["--amt_train_data", "at most 1"],
    "--amt_test_data 0.5": ["--amt_test_data", "whole number"],
    "--train_batch 1": ["--train_batch", "at least 2"],
    "--seed -1": ["--seed"],
    "--seed 4294967296": ["--seed"],
    "--num_pairs 0": ["--num_pairs", "all or"],
    "--num_pairs 137": ["--num_pairs 137", "136 pairs", "human36_17k"],
    "--num_pairs 92 --dataset_type lsp_14k": ["--num_pairs 92", "91 pairs"],
    "--rel_labels_noise_prob 1.5": ["--rel_labels_noise_prob", "mturk"],
    "--root_weight -1": ["--root_weight"],
    "--scale_range 0": ["--scale_range"],
    "--dataset_type coco": ["--dataset_type", "human36_17k"],
    "--train_subjects one": ["--train_subjects", "'one'"],
    "--test_subjects 9 9": ["--test_subjects", "more than once"],
    "--actions Runing": ["Runing", "--actions"],
    "--actions Walkin": ["Walkin", "did you mean Walking?"],
    "--actions Walking Walking": ["--actions", "Walking", "more than once"],
    "--epochs": ["--epochs", "expected one argument"],
    # Contradictions.
    "--rel_labels_noise_prob mturk --tolerance_mm 100":
        ["--rel_labels_noise_prob mturk", "--tolerance_mm 100"],
    "--rel_labels_noise_prob 0.1 --tolerance_mm 1":
        ["--rel_labels_noise_prob 0.1", "--tolerance_mm 1"],
    "--limb_type avg_person --dataset_type shg_16k":
        ["--limb_type avg_person", "--dataset_type shg_16k"],
    "--limb_type avg_person --dataset_type human36_19k": ["--limb_type avg_person", "human36_19k"],
    "--limb_type avg_person --dataset_type openpose_17k":
        ["--limb_type avg_person", "openpose_17k"],
    "--train_noise_type_2d detections --dataset_type lsp_14k":
        ["--train_noise_type_2d detections", "shg_16k", "lsp"],
    "--test_noise_type_2d detections --dataset_type human36_19k":
        ["--test_noise_type_2d detections", "shg_16k"],
    "--test_noise_amount_2d 5": ["--test_noise_amount_2d 5", "--test_noise_type_2d none"],
    "--train_noise_type_2d uniform_linear --train_noise_amount_2d 2.5":
        ["--train_noise_amount_2d 2.5", "whole"],
    "--supervision full --num_pairs 3 --root_weight 0":
        ["--num_pairs, --root_weight", "--supervision full"],
    "--preset supervised --limb_type gt": ["--limb_type", "--supervision full"],
    "--relative_weight 0 --reproj_weight 0 --root_weight 0 --symm_weight 0":
        ["--symm_weight", "nothing to train"],
    "--eval_only": ["--eval_only", "--load"],
}  # fmt: skip


@pytest.mark.parametrize("command", REFUSED)
def test_refused_in_one_line_that_names_it(command):
    with pytest.raises(InputError) as error:
        parse(command)
    message = str(error.value)
    assert "\n" not in message
    for words in REFUSED[command]:
        assert words in message


@pytest.mark.parametrize(
    "command",
    [
        "--train_noise_type_2d normal --train_noise_amount_2d 0",
        "--dataset_type shg_16k --train_noise_type_2d detections --test_noise_type_2d detections",
        "--rel_labels_noise_prob 1",
        "--num_pairs 136 --train_subjects 9 --test_subjects 9",
        "--limb_type avg_person --dataset_type lsp_14k",
        "--test_noise_type_2d uniform_linear --test_noise_amount_2d 3",
    ],
)
def test_accepted(command):
    parse(command)


def test_help_shows_defaults(capsys):
    with pytest.raises(SystemExit) as end:
        parse("--help")
    assert end.value.code == 0
    text = capsys.readouterr().out
    for words in (
        "(default: 0.001)",
        "(default: 1 5 6 7 8)",
        "relative depth labels",
        "(default: on)",
        "--num_pairs N",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("tokens", "shown"),
    [(["--out", ""], "--out"), (["--out="], "--out"), ([""], "a word"), (["x.npz", ""], "a word")],
)
def test_nothing_is_no_value(tokens, shown, tmp_path, monkeypatch, capsys):
    """As from a shell variable that is not set: a folder of this name would be the current one."""
    monkeypatch.chdir(tmp_path)
    assert run_model.main(tokens) == 2
    assert capsys.readouterr().err == f"error: {shown}: expected a value, found nothing\n"
    assert list(tmp_path.iterdir()) == []
