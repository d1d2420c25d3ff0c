"""--load and --eval_only of main_human36.py: runs that start from another run's weights."""

import pytest
import torch
from run_files import assert_same_run, file_names, read_checkpoint, read_result


def test_eval_only_gives_the_same_errors(train_human36):
    trained = train_human36("--preset supervised --epochs 1", exp="trained")
    tested = train_human36(f"--preset supervised --eval_only --load {trained}", exp="tested")
    assert file_names(tested) == {"options.json", "environment.json", "result.json"}
    before = read_result(trained)
    after = read_result(tested)
    assert after["pa_mpjpe_mm"] == before["pa_mpjpe_mm"]
    assert after["per_action"] == before["per_action"]
    assert after["trained"] is False
    assert after["epoch"] == 1
    assert after["loaded_from"] == str(trained)


def test_eval_only_notices_that_the_run_has_gone_on(run_human36, train_human36):
    trained = train_human36("--epochs 1", exp="trained")
    train_human36(f"--eval_only --load {trained}", exp="tested")
    train_human36("--epochs 2", exp="trained")
    exit_code, text, tested = run_human36(f"--eval_only --load {trained}", exp="tested")
    assert exit_code == 0, text
    assert "finished already" not in text
    assert read_result(tested)["epoch"] == 2
    assert read_result(tested)["pa_mpjpe_mm"] == read_result(trained)["pa_mpjpe_mm"]


def test_load_starts_from_those_weights(train_human36):
    first = train_human36("--epochs 3", exp="first")
    second = train_human36(f"--epochs 1 --lr 1e-12 --load {first}", exp="second")
    assert read_result(second)["epoch"] == 1
    weights = read_checkpoint(second)["network"]["pose_head.weight"]
    weights_before = read_checkpoint(first)["network"]["pose_head.weight"]
    torch.testing.assert_close(weights, weights_before, rtol=0, atol=1e-6)


def test_a_loaded_run_goes_on_without_the_other(train_human36):
    first = train_human36("--epochs 1", exp="first")
    whole = train_human36(f"--epochs 2 --load {first}", exp="whole")
    train_human36(f"--epochs 1 --load {first}", exp="parts")
    (first / "last.pt").unlink()
    parts = train_human36(f"--epochs 2 --load {first}", exp="parts")
    assert_same_run(parts, whole)


@pytest.mark.parametrize(
    ("field", "value"),
    [("options", []), ("network", {}), ("statistics", {}), ("epoch", "x")],
)
def test_damaged_checkpoints_to_test_are_named(run_human36, train_human36, field, value):
    first = train_human36("--epochs 1", exp="first")
    torch.save(read_checkpoint(first) | {field: value}, first / "last.pt")
    exit_code, text, second = run_human36(f"--eval_only --load {first}", exp="second")
    assert exit_code == 2
    assert "error: " in text
    assert not second.exists()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--linear_size 16", "--linear_size 32, not 16"),
        ("--num_stage 2", "--num_stage 1, not 2"),
        ("--dataset_type lsp_14k", "--dataset_type human36_17k, not lsp_14k"),
        ("--supervision full", "--supervision relative, not full"),
        ("--no-subtract_2d_root", "--subtract_2d_root True, not False"),
    ],
)
def test_loading_another_kind_of_network_is_refused(run_human36, train_human36, option, words):
    first = train_human36("--epochs 1", exp="first")
    exit_code, text, second = run_human36(f"{option} --load {first}", exp="second")
    assert exit_code == 2
    assert words in text
    assert not second.exists()
