"""What a run leaves in its folder, read back."""

import csv
import json
from pathlib import Path

import torch


def file_names(folder: Path) -> set[str]:
    """Name the files in a folder."""
    return {path.name for path in folder.iterdir()}


def read_checkpoint(folder: Path, name: str = "last.pt") -> dict:
    """Read a checkpoint of a run."""
    return torch.load(folder / name, weights_only=True)


def read_result(folder: Path) -> dict:
    """Read result.json."""
    return json.loads((folder / "result.json").read_text())


def read_log(folder: Path) -> list[dict[str, str]]:
    """Read log.csv: a row per epoch, without its seconds, which differ from run to run."""
    rows = []
    with (folder / "log.csv").open() as file:
        for row in csv.DictReader(file):
            del row["seconds"]
            rows.append(row)
    return rows


def assert_same_tensors(tensors: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]):
    """Assert that two dicts hold the same tensors, to the last bit."""
    assert tensors.keys() == expected.keys()
    for name in expected:
        assert torch.equal(tensors[name], expected[name]), name


def assert_same_run(folder: Path, expected: Path):
    """Assert that weights, optimiser, log and result are identical to the last bit."""
    for name in ("last.pt", "best.pt"):
        checkpoint = read_checkpoint(folder, name)
        expected_checkpoint = read_checkpoint(expected, name)
        assert checkpoint["epoch"] == expected_checkpoint["epoch"]
        assert_same_tensors(checkpoint["network"], expected_checkpoint["network"])
    states = read_checkpoint(folder)["optimizer"]["state"]
    expected_states = read_checkpoint(expected)["optimizer"]["state"]
    assert states.keys() == expected_states.keys()
    for parameter in expected_states:
        assert_same_tensors(states[parameter], expected_states[parameter])
    assert read_log(folder) == read_log(expected)
    assert read_result(folder) == read_result(expected)
