"""main_lsp.py end to end: on the synthetic photos, on the user's own, and fine-tuning."""

import json

import matplotlib.image
import numpy as np
import pytest
import torch
from label_files import label_content
from run_files import assert_same_tensors, file_names, read_checkpoint, read_result

import main_lsp
from opts.lsp import parse_options
from opts.parsing import run_options
from src.data.synthetic.photos import make_content
from src.skeletons import get_skeleton


@pytest.fixture
def run_lsp(tmp_path, capsys):
    """A function that runs main_lsp.py in this process, on the synthetic photos by default.

    ``run_lsp("--epochs 2", exp="name")`` returns the exit code, what was printed (stdout, then
    stderr), and the run folder. The network is small, there is one thread and no picture; the
    command's own options come last, and so win.
    """

    def run(command="", *, exp="run"):
        tokens = ["--ckpt", str(tmp_path), "--exp", exp]
        tokens += ["--epochs", "2", "--linear_size", "16", "--threads", "1", "--no-save_ims"]
        exit_code = main_lsp.main([*tokens, *command.split()])
        captured = capsys.readouterr()
        return exit_code, captured.out + captured.err, tmp_path / exp

    return run


@pytest.fixture
def train_lsp(run_lsp):
    """A function that runs main_lsp.py as `run_lsp` does, successfully. It returns the folder."""

    def train(command="", *, exp="run"):
        exit_code, text, folder = run_lsp(command, exp=exp)
        assert exit_code == 0, text
        return folder

    return train


@pytest.fixture
def pretrain(train_human36):
    """A function that trains on Human3.6M with LSP's joints, and returns the run folder."""

    def train(command=""):
        options = "--epochs 1 --linear_size 16 --dataset_type human36_14k"
        return train_human36(f"{options} {command}", exp="pretrained")

    return train


def test_the_default_run_and_its_pictures(run_lsp):
    exit_code, text, folder = run_lsp("--save_ims --save_predictions")
    assert exit_code == 0, text
    assert "SYNTHETIC data (synthetic photos)" in text
    assert text.count("note: no photos") == 1
    assert file_names(folder) == {
        "options.json",
        "environment.json",
        "log.csv",
        "last.pt",
        "best.pt",
        "result.json",
        "predictions.npz",
        "loss_curves.png",
        "test_poses.png",
    }
    result = read_result(folder)
    assert 0.2 < result["wrong_labels"] < 0.6
    assert result["labels"] == 5 * result["frames"]
    assert sum(row["labels"] for row in result["per_pair"].values()) == result["labels"]
    assert 0.1 < result["wrong_labels_of_truth"] < 0.3
    assert result["pa_mpjpe_mm"] > 0


def test_a_test_gives_the_same_with_and_without_pictures(train_lsp):
    with_pictures = read_result(train_lsp("--save_ims", exp="with"))
    without_pictures = read_result(train_lsp("--no-save_ims", exp="without"))
    assert with_pictures == without_pictures
    assert without_pictures["wrong_labels"] > 0


def test_the_same_command_again_does_nothing(run_lsp, train_lsp):
    train_lsp("--save_ims --save_predictions")
    exit_code, text, _ = run_lsp("--save_ims --save_predictions")
    assert exit_code == 0
    assert text.startswith("finished already")


def test_two_and_two_epochs_equal_four(train_lsp):
    train_lsp("--epochs 2", exp="parts")
    parts = train_lsp("--epochs 4", exp="parts")
    whole = train_lsp("--epochs 4", exp="whole")
    assert_same_tensors(read_checkpoint(parts)["network"], read_checkpoint(whole)["network"])
    assert read_result(parts) == read_result(whole)


def test_fine_tuning_goes_on_with_optimiser_and_steps(train_lsp, pretrain):
    pretrained = pretrain()
    command = f"--load {pretrained} --limb_type avg_human36"
    train_lsp(command, exp="tuned")
    tuned = train_lsp(f"{command} --epochs 3", exp="tuned")  # as if it had been interrupted
    before = read_checkpoint(pretrained)
    after = read_checkpoint(tuned)
    assert after["step"] - before["step"] == 3 * 24  # 1500 labels, 64 at a time
    lengths_before = before["statistics"]["limb_lengths"]
    assert torch.equal(after["statistics"]["limb_lengths"], lengths_before)
    mean_before = before["statistics"]["pose_2d"]["mean"]
    assert not torch.equal(after["statistics"]["pose_2d"]["mean"], mean_before)


def test_fine_tuning_with_a_fresh_optimizer_and_loaded_statistics(train_lsp, pretrain):
    pretrained = pretrain()
    tuned = train_lsp(f"--load {pretrained} --fresh_optimizer --use_loaded_stats")
    after = read_checkpoint(tuned)
    assert after["step"] == 2 * 24
    mean_before = read_checkpoint(pretrained)["statistics"]["pose_2d"]["mean"]
    assert torch.equal(after["statistics"]["pose_2d"]["mean"], mean_before)


def test_what_was_fine_tuned_from_another_state_is_not_called_finished(
    run_lsp, train_lsp, pretrain
):
    pretrained = pretrain()
    train_lsp(f"--load {pretrained}")
    exit_code, text, _ = run_lsp(f"--load {pretrained}")
    assert exit_code == 0
    assert text.startswith("finished already")

    checkpoint = read_checkpoint(pretrained)
    checkpoint["step"] += 1
    torch.save(checkpoint, pretrained / "last.pt")
    exit_code, text, _ = run_lsp(f"--load {pretrained}")
    assert exit_code == 2
    assert "began with another state" in text


def test_fine_tuning_from_bare_weights_asks_for_a_fresh_optimizer(run_lsp, pretrain):
    pretrained = pretrain()
    checkpoint = read_checkpoint(pretrained)
    del checkpoint["optimizer"]
    torch.save(checkpoint, pretrained / "last.pt")
    exit_code, text, _ = run_lsp(f"--load {pretrained}")
    assert exit_code == 2
    assert "--fresh_optimizer" in text


def test_a_supervised_run_can_be_tested(train_lsp, pretrain):
    pretrained = pretrain("--supervision full")
    result = read_result(train_lsp(f"--load {pretrained} --supervision full --eval_only"))
    assert result["trained"] is False
    assert result["epoch"] == 1


@pytest.mark.parametrize(
    ("options", "word"),
    [("--supervision full", "--eval_only"), ("--eval_only", "--supervision")],
)
def test_a_supervised_run_can_only_be_tested(run_lsp, pretrain, options, word):
    pretrained = pretrain("--supervision full")
    exit_code, text, _ = run_lsp(f"--load {pretrained} {options}")
    assert exit_code == 2
    assert word in text


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("--eval_only", ["--eval_only", "--load"]),
        ("--limb_type avg_human36", ["avg_human36", "--load"]),
        ("--use_loaded_stats", ["--use_loaded_stats", "--load"]),
        ("--limb_type gt", ["gt", "avg_person"]),
        ("--reprojection weak_perspective", ["weak_perspective"]),
        ("--truth x.npz", ["--truth"]),
        ("--annotations none.json", ["none.json"]),
        ("--load nowhere", ["nowhere"]),
        ("--num_pairs 2", ["unknown option --num_pairs"]),
        ("--skeleton none.json", ["none.json"]),
        ("--dataset_type human36_19k", ["average limb lengths", "--symm_weight 0"]),
    ],
)
def test_mistakes_in_options(run_lsp, command, words):
    exit_code, text, folder = run_lsp(command)
    assert exit_code == 2
    assert text.count("\n") == 1
    for word in words:
        assert word in text
    assert not folder.exists()


@pytest.mark.parametrize("is_train", [True, False], ids=["no test labels", "no training labels"])
def test_one_part_without_labels_is_refused(tmp_path, run_lsp, is_train):
    content = label_content()
    for record in content["images"]:
        record["is_train"] = is_train
    path = tmp_path / "one.json"
    path.write_text(json.dumps(content))
    exit_code, text, _ = run_lsp(f"--annotations {path}")
    assert exit_code == 2
    assert "is_train" in text


# Four joints that no built-in skeleton has.
DOG = {
    "joints": ["root", "nose", "left_paw", "right_paw"],
    "root": "root",
    "unit_limb": ["root", "nose"],
    "limbs": [["root", "nose"], ["root", "left_paw"], ["root", "right_paw"]],
    "average_limb_lengths": [3, 2, 2],
}


def write_photos_of_dogs(folder):
    """Write twenty small photos, and labels with weights in dogs.json."""
    rng = np.random.default_rng(0)
    images = []
    for number in range(20):
        label = {
            "kp0": 0,
            "kp1": 1 + number % 3,
            "label": number % 2,
            "weight": 1 + number % 2,
        }
        record = {
            "im_file": f"{number}.png",
            "is_train": number < 10,
            "keypoints": rng.uniform(0, 90, 8).tolist(),
            "anns": [label],
        }
        images.append(record)
        matplotlib.image.imsave(folder / f"{number}.png", rng.random((100, 100, 3)))
    content = {"joint_names": ["nose", "right_paw", "root", "left_paw"], "images": images}
    (folder / "dogs.json").write_text(json.dumps(content))


def test_own_photos_own_skeleton_and_weights(tmp_path, run_lsp):
    write_photos_of_dogs(tmp_path)
    (tmp_path / "dog.json").write_text(json.dumps(DOG))
    files = f"--annotations {tmp_path / 'dogs.json'} --skeleton {tmp_path / 'dog.json'}"
    exit_code, text, folder = run_lsp(f"{files} --data_dir {tmp_path} --save_ims")
    assert exit_code == 0, text
    assert "no photos" not in text
    assert read_result(folder)["skeleton"] == "own skeleton of 4 joints"
    assert read_result(folder)["labels"] == 10

    (tmp_path / "dog.json").unlink()  # the run holds what it needs
    skeleton = get_skeleton(read_checkpoint(folder)["options"]["dataset_type"])
    assert skeleton.joints[1] == "nose"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"root": "tail"}, id="unknown root"),
        pytest.param({"limbs": [["root", "tail"]]}, id="limb to an unknown joint"),
        pytest.param({"joints": ["a", "a"]}, id="joint twice"),
        pytest.param({"average_limb_lengths": [1]}, id="lengths missing"),
    ],
)
def test_own_skeletons_with_mistakes_are_refused(tmp_path, run_lsp, change):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(DOG | change))
    exit_code, text, _ = run_lsp(f"--skeleton {path}")
    assert exit_code == 2
    assert "bad.json" in text
    assert text.count("\n") == 1


def test_defaults_are_the_papers():
    parsed, _ = parse_options([])
    options = run_options(parsed)
    assert options["epochs"] == 100
    assert options["limb_type"] == "avg_person"
    assert options["dataset_type"] == "lsp_14k"
    assert options["use_loaded_stats"] is False
    assert options["scale_range"] == 1.0
    assert options["lr"] == 0.001
    assert options["exp"] == "synthetic_photos/ours/seed_0"


def test_written_synthetic_labels_are_the_built_in_ones(tmp_path, train_lsp):
    content, truth = make_content(get_skeleton("lsp_14k"))
    (tmp_path / "labels.json").write_text(json.dumps(content))
    np.savez(tmp_path / "truth.npz", pose_3d=truth, joint_names=content["joint_names"])
    files = f"--annotations {tmp_path / 'labels.json'} --truth {tmp_path / 'truth.npz'}"
    from_files = read_result(train_lsp(files, exp="files"))
    built_in = read_result(train_lsp(exp="built-in"))
    assert from_files["wrong_labels"] == built_in["wrong_labels"]
    assert from_files["pa_mpjpe_mm"] == pytest.approx(built_in["pa_mpjpe_mm"])
