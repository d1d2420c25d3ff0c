"""What the benchmarks compare is the same, and they say it well. Nothing here depends on how long anything takes."""

import json
import sys
from types import SimpleNamespace

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import measure, timing
from benchmarks.by_hand import ByHand
from benchmarks.growth import Growth
from benchmarks.subjects import Subject, use_torch_dropout
from src.model import Linear


@pytest.mark.parametrize("preset", ["ours", "supervised"])
@pytest.mark.skipif(not Linear.one_dnn, reason="PyTorch was built without oneDNN")
def test_the_steps_that_are_compared_are_the_same_step(preset):
    """Engine, plain loop and the step by hand take one network to the same weights."""
    subjects = [
        Subject("--preset", preset, "--linear_size", "32", "--dropout", "0", frames=64)
        for _ in range(3)
    ]
    by_hand = ByHand(subjects[2])
    steps = [subjects[0].step(), subjects[1].plain_step(), by_hand]
    start = {name: p.detach().clone() for name, p in subjects[0].network.named_parameters()}
    for step in steps:
        for _ in range(3):
            step()
    by_hand_weights = {name: weight for name, (weight, _) in by_hand.parts.items()}
    moved = 0
    for name, engines in subjects[0].network.named_parameters():
        if name.endswith("linear.bias"):
            continue  # no gradient but rounding, of which Adam makes whole steps
        plain = subjects[1].network.get_parameter(name)
        torch.testing.assert_close(plain, engines, rtol=1e-3, atol=2e-5)
        torch.testing.assert_close(by_hand_weights[name], engines, rtol=1e-3, atol=2e-5)
        moved += (engines - start[name]).abs().max().item() > 1e-3
    assert moved > 5


def test_by_hand_drops_as_many_numbers():
    by_hand = ByHand(Subject("--linear_size", "256", "--dropout", "0.3", frames=64))
    with torch.no_grad():
        _, saved = by_hand._hidden(torch.randn(64, 34))
    for *_, mask in saved:
        assert mask.unique().tolist() == pytest.approx([0, 1 / 0.7])
        assert 0.3 < (mask != 0).float().mean() < 0.4  # ReLU leaves half


def test_functions_take_turns_and_warm_up():
    calls = []
    functions = {name: lambda name=name: calls.append(name) for name in "ab"}
    seconds = timing.take_turns(functions, turns=2, calls=3)
    assert calls == list("aaabbb") * 3
    assert {name: len(taken) for name, taken in seconds.items()} == {"a": 4, "b": 4}
    assert len(timing.take_turns(functions, turns=5, calls=1)["a"]) == 5


def test_rows_stand_beside_their_floor(monkeypatch):
    taken = {"": [2.0] * 8, "one": [4.0] * 8, "two": [1.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 30.0]}
    monkeypatch.setattr(
        timing, "take_turns", lambda functions, **turns: {name: taken[name] for name in functions}
    )
    one, two = timing.rows({"one": None, "two": None}, None, "floor", frames=80)
    assert (one.name, one.seconds, one.floor, one.spread, one.frames) == ("one", 4.0, 2.0, 0.0, 80)
    assert (two.seconds, two.floor) == (8.0, 2.0)
    assert "50%" in command.line(one) and " 20 " in command.line(one)


def test_memory_traffic_reads_half_and_writes_half():
    copied = timing.memory_traffic(8000)()
    assert copied.numel() * copied.element_size() == 4000


def test_matrix_products_are_those_of_the_network(monkeypatch):
    shapes = []

    class Counting(torch.Tensor):
        def __matmul__(self, other):
            shapes.append((*self.shape, other.shape[1]))

    monkeypatch.setattr(
        timing.torch, "randn", lambda *shape: torch.zeros(shape).as_subclass(Counting)
    )
    network = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Linear(5, 2))
    timing.matrix_products(network, 7, backward=True, one_dnn=False)()
    assert shapes == [(7, 3, 5), (5, 7, 3), (7, 5, 2), (2, 7, 5), (7, 2, 5)]
    shapes.clear()
    timing.matrix_products(network, 7, backward=False, one_dnn=False)()
    assert shapes == [(7, 3, 5), (7, 5, 2)]


def test_exponent():
    assert timing.exponent([1, 10, 100], [5, 500, 50_000]) == pytest.approx(2)
    assert timing.exponent([1, 2, 4], [3, 3, 3]) == pytest.approx(0)


@pytest.fixture
def run(monkeypatch, capsys):
    """-> a function that runs the command with made-up rows: (exit code, stdout, stderr)."""

    def start(*arguments, seconds=0.004):
        row = timing.Row("a step", seconds, 0.1, 0.002, "sgemm", 64)
        starting = timing.Row("starting up", 3.0, 0, None, "", 1)
        monkeypatch.setattr(
            command, "BENCHMARKS", {name: lambda: [row, starting] for name in measure.BENCHMARKS}
        )
        monkeypatch.setattr(
            command, "growth", lambda: [Growth("step, batch", [16, 64], [0.001, 0.004], 1.0)]
        )
        monkeypatch.setattr(sys, "argv", ["benchmarks", *map(str, arguments)])
        try:
            command.main()
            code = 0
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return SimpleNamespace(code=code, out=captured.out, err=captured.err)

    return start


def test_table(run):
    found = run("train_step", "growth")
    assert found.code == 0
    assert (
        "a step" in found.out and "4 ms" in found.out and "2 ms" in found.out and "50%" in found.out
    )
    assert "16: 1 ms, 64: 4 ms" in found.out and "exponent 1.00" in found.out


def test_json_and_compare(run, tmp_path):
    earlier = tmp_path / "earlier.json"
    earlier.write_text(run("train_step", "--json").out)
    content = json.loads(earlier.read_text())
    assert content["rows"][0] == {
        "name": "a step", "seconds": 0.004, "spread": 0.1, "floor": 0.002, "floor_is": "sgemm", "frames": 64,
    }  # fmt: skip
    found = run("train_step", "--compare", earlier, seconds=0.003)
    assert "4 ms ->       3 ms  x 0.75; beside its floor x 0.75" in found.out
    assert "starting up" in found.out and "x 1.00" in found.out
    (tmp_path / "growth.json").write_text(run("growth", "--json").out)
    grown = run("growth", "--compare", tmp_path / "growth.json")
    assert "step, batch: 64" in grown.out and "x 1.00" in grown.out
    content["threads"] = 96
    earlier.write_text(json.dumps(content))
    assert "threads 96" in run("train_step", "--compare", earlier).err
    as_json = run("train_step", "--json", "--compare", earlier)
    assert json.loads(as_json.out)["rows"] and "x 1.00" in as_json.err


@pytest.mark.parametrize(
    "content",
    [
        None,
        "no json",
        "[]",
        '{"rows": [{"name": "a"}], "growth": [], "torch": "1", "threads": 1}',
        '{"rows": 3}',
    ],
)
def test_compare_with_what_is_no_earlier_file(run, tmp_path, content):
    path = tmp_path / "earlier.json"
    if content is not None:
        path.write_text(content)
    found = run("train_step", "--compare", path)
    assert (
        found.code == 2
        and found.err.count("error:") == 1
        and str(path) in found.err
        and not found.out
    )


def test_unknown_name(run):
    found = run("speed")
    assert found.code == 2 and "unknown: speed" in found.err and "train_step" in found.err


def test_clipping_by_torch_leaves_adam_alone():
    subject = Subject("--linear_size", "32", frames=64)
    subject.step()()
    measure._clipped_by_torch(subject)()
    assert (
        subject.trainee.optimizer.grad_scale is None and subject.trainee.optimizer.found_inf is None
    )
    use_torch_dropout(subject.network)
    assert any(type(module) is torch.nn.Dropout for module in subject.network.modules())
