"""The benchmarks measure what they say. No test depends on how long anything takes."""

import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from benchmarks import __main__ as command
from benchmarks import floors, growth, measure, profile, table, timing
from benchmarks.growth import Growth
from benchmarks.timing import Row
from benchmarks.training import (
    engine_step,
    make_training,
    plain_step,
    use_torch_dropout,
    use_torch_linear,
)
from src.fast_cpu import HAS_ONE_DNN, FastDropout, OneDnnLinear


@pytest.mark.parametrize("preset", ["ours", "supervised"])
def test_the_steps_that_are_compared_are_the_same_step(preset):
    """The engine's step and the plain one take one network to the same weights."""
    tokens = ["--preset", preset, "--linear_size", "32", "--dropout", "0"]
    training = make_training(tokens, frames=64)
    plain_training = make_training(tokens, frames=64)
    network = training.model.network
    plain_network = plain_training.model.network
    start = {name: weight.detach().clone() for name, weight in network.named_parameters()}

    for step in (engine_step(training), plain_step(plain_training)):
        for _ in range(3):
            step()

    num_moved = 0
    for name, weight in network.named_parameters():
        if name.endswith("linear.bias"):
            continue  # its gradient is nothing but rounding, of which Adam makes whole steps
        plain_weight = plain_network.get_parameter(name)
        torch.testing.assert_close(plain_weight, weight, rtol=1e-3, atol=2e-5)
        if (weight - start[name]).abs().max() > 1e-3:
            num_moved += 1
    assert num_moved > 5


def test_torchs_layers_take_the_place_of_the_projects():
    training = make_training(["--linear_size", "32", "--dropout", "0.3"], frames=64)
    network = training.model.network
    parameters = dict(network.named_parameters())
    before = [type(module) for module in network.modules()]
    assert FastDropout in before
    assert (OneDnnLinear in before) == HAS_ONE_DNN

    use_torch_dropout(network)
    use_torch_linear(network)
    after = [type(module) for module in network.modules()]
    assert FastDropout not in after and OneDnnLinear not in after
    dropouts = [module for module in network.modules() if isinstance(module, nn.Dropout)]
    assert [dropout.p for dropout in dropouts] == [0.3] * 3
    # The optimiser goes on with the same parameters.
    for name, parameter in network.named_parameters():
        assert parameter is parameters[name]


def test_functions_take_turns_and_warm_up():
    calls = []

    def call_a():
        calls.append("a")

    def call_b():
        calls.append("b")

    functions = {"a": call_a, "b": call_b}
    seconds = timing.take_turns(functions, turns=2, calls=3)
    assert calls == list("aaabbb") * 3
    assert {name: len(values) for name, values in seconds.items()} == {"a": 4, "b": 4}
    assert len(timing.take_turns(functions, turns=5, calls=1)["a"]) == 5


def test_rows_stand_beside_their_floor(monkeypatch):
    seconds = {
        "floor": [2.0] * 8,
        "one": [4.0] * 8,
        "two": [1.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 30.0],
    }

    def made_up_seconds(functions, *, turns, calls):
        return {name: seconds[name] for name in functions}

    monkeypatch.setattr(timing, "take_turns", made_up_seconds)
    one, two = timing.rows_beside_floor({"one": None, "two": None}, None, "sgemm", frames=80)
    assert one == Row(name="one", seconds=4.0, spread=0.0, floor=2.0, floor_is="sgemm", frames=80)
    assert (two.seconds, two.floor) == (8.0, 2.0)
    line = table.row_line(one)
    assert "50%" in line
    assert " 20 " in line  # frames per second


def test_memory_traffic_reads_half_and_writes_half():
    copied = floors.memory_traffic(8000)()
    assert copied.numel() * copied.element_size() == 4000


@pytest.mark.parametrize("layer", [nn.Linear, lambda *sizes: OneDnnLinear(nn.Linear(*sizes))])
def test_matrix_products_are_those_of_the_network(monkeypatch, layer):
    shapes = []

    class RecordingTensor(torch.Tensor):
        def __matmul__(self, other):
            rows, inner = self.shape
            shapes.append((rows, inner, other.shape[1]))

    def recording_zeros(*shape):
        return torch.zeros(shape).as_subclass(RecordingTensor)

    network = nn.Sequential(layer(3, 5), layer(5, 2))
    monkeypatch.setattr(floors.torch, "randn", recording_zeros)
    floors.matrix_products(network, 7, backward=True, one_dnn=False)()
    assert shapes == [(7, 3, 5), (5, 7, 3), (7, 5, 2), (2, 7, 5), (7, 2, 5)]
    shapes.clear()
    floors.matrix_products(network, 7, backward=False, one_dnn=False)()
    assert shapes == [(7, 3, 5), (7, 5, 2)]


def test_exponent():
    assert growth.exponent([1, 10, 100], [5, 500, 50_000]) == pytest.approx(2)
    assert growth.exponent([1, 2, 4], [3, 3, 3]) == pytest.approx(0)


# The floors and the names of the rows, as they stand in the README and in files of --json.
ROWS = {
    "train_step": [
        "train step, ours",
        "plain step, ours",
        "products alone, by MKL, ours",
        "Adam's memory traffic alone, ours",
        "train step, supervised",
        "plain step, supervised",
        "products alone, by MKL, supervised",
        "Adam's memory traffic alone, supervised",
    ],
    "epoch": ["epoch of 2 steps, ours", "epoch of 2 steps, supervised"],
    "lifting": ["lifting, batches of 1", "test pass, batches of 1"],
    "test_pass": [
        "lifting, batches of 64",
        "test pass, batches of 64",
        "lifting, batches of 1024",
        "test pass, batches of 1024",
    ],
    "own_keypoints": ["Lifter, one pose", "npy to npz"],
    "procrustes": ["all three errors"],
    "labels": [
        "labels, 1 per frame, noise 0",
        "labels, 17 per frame, noise 0",
        "labels, all per frame, noise 0",
        "labels, all per frame, noise mturk",
    ],
    "loading": ["loading, files cached"],
    "tries": [
        "ours, as it is",
        "ours, torch's dropout",
        "ours, torch's linear layers (MKL)",
        "supervised, as it is",
        "supervised, torch's dropout",
        "supervised, torch's linear layers (MKL)",
    ],
}


@pytest.fixture
def small(monkeypatch):
    """Make everything small, and let each function take two turns of one call."""
    monkeypatch.setattr(measure, "STEP_BATCHES", 2)
    monkeypatch.setattr(measure, "EPOCH_STEPS", 2)
    monkeypatch.setattr(measure, "TEST_FRAMES", 1024)
    monkeypatch.setattr(measure, "TEST_FRAMES_ONE_BY_ONE", 2)
    monkeypatch.setattr(measure, "KEYPOINT_FRAMES", 100)
    monkeypatch.setattr(measure, "ERROR_FRAMES", 100)
    monkeypatch.setattr(measure, "LABEL_FRAMES", 100)
    monkeypatch.setattr(measure, "FRAMES_PER_MOTION", 2)
    monkeypatch.setattr(profile, "_WARM_UP_STEPS", 1)
    monkeypatch.setattr(profile, "_STEPS", 2)
    monkeypatch.setattr(measure.shutil, "which", lambda name: None)  # torch.compile takes long
    take_turns = timing.take_turns

    def take_two_turns(functions, *, turns, calls):
        return take_turns(functions, turns=2, calls=1)

    monkeypatch.setattr(timing, "take_turns", take_two_turns)


@pytest.mark.parametrize("name", measure.BENCHMARKS)
def test_every_benchmark_measures_its_rows(small, name):
    rows = measure.BENCHMARKS[name]()
    assert [row.name for row in rows] == ROWS[name]
    for row in rows:
        assert row.seconds > 0 and row.floor > 0 and row.floor_is


def test_the_parts_of_a_step_are_found_in_its_profile(small):
    seconds = profile.profile_step("ours")
    for part in profile._PARTS:
        if part != "matrix products" or HAS_ONE_DNN:
            assert seconds[part] > 0, part


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs the command with made-up rows."""

    def start(*arguments, seconds=0.004):
        def made_up_rows():
            step = Row(
                name="a step", seconds=seconds, spread=0.1, floor=0.002, floor_is="sgemm", frames=64
            )
            starting_up = Row(
                name="starting up", seconds=3.0, spread=0, floor=None, floor_is="", frames=1
            )
            return [step, starting_up]

        def made_up_growths():
            return [
                Growth(name="step, batch", sizes=[16, 64], seconds=[0.001, 0.004], exponent=1.0)
            ]

        def made_up_profile(preset):
            return {"products": 0.003, "others": 0.001}

        monkeypatch.setattr(command, "BENCHMARKS", dict.fromkeys(measure.BENCHMARKS, made_up_rows))
        monkeypatch.setattr(command, "measure_growth", made_up_growths)
        monkeypatch.setattr(command, "profile_step", made_up_profile)
        code = command.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return SimpleNamespace(code=code, out=captured.out, err=captured.err)

    return start


def test_table(run):
    done = run("train_step", "growth", "profile")
    assert done.code == 0
    for words in ("a step", "4 ms", "2 ms", "50%"):
        assert words in done.out
    assert "16: 1 ms, 64: 4 ms" in done.out and "exponent 1.00" in done.out
    assert "ours, products" in done.out and "75%" in done.out


def test_json_and_compare(run, tmp_path):
    earlier = tmp_path / "earlier.json"
    earlier.write_text(run("train_step", "--json").out)
    content = json.loads(earlier.read_text())
    assert content["rows"][0] == {
        "name": "a step",
        "seconds": 0.004,
        "spread": 0.1,
        "floor": 0.002,
        "floor_is": "sgemm",
        "frames": 64,
    }
    done = run("train_step", "--compare", earlier, seconds=0.003)
    assert "4 ms ->       3 ms  x 0.75; beside its floor x 0.75" in done.out
    assert "starting up" in done.out and "x 1.00" in done.out

    earlier_growth = tmp_path / "growth.json"
    earlier_growth.write_text(run("growth", "--json").out)
    done = run("growth", "--compare", earlier_growth)
    assert "step, batch: 64" in done.out and "x 1.00" in done.out
    assert "not in the earlier file" in run("growth", "--compare", earlier).out

    content["threads"] = 96
    earlier.write_text(json.dumps(content))
    assert "threads 96" in run("train_step", "--compare", earlier).err
    done = run("train_step", "--json", "--compare", earlier)
    assert json.loads(done.out)["rows"] and "x 1.00" in done.err


@pytest.mark.parametrize(
    "content",
    [
        None,
        "no json",
        "[]",
        '{"rows": [{"name": "a"}], "growth": [], "torch": "1", "threads": 1}',
        '{"rows": [], "growth": []}',
        '{"rows": 3}',
        '{"rows": [], "growth": [{"name": "a", "sizes": [{}], "seconds": [1], "exponent": 1}], '
        '"torch": "1", "threads": 1}',
        '{"rows": [{"name": "a", "seconds": 0, "spread": 0, "floor": null, "floor_is": "", '
        '"frames": 1}], "growth": [], "torch": "1", "threads": 1}',
    ],
)
def test_compare_with_what_is_no_earlier_file(run, tmp_path, content):
    path = tmp_path / "earlier.json"
    if content is not None:
        path.write_text(content)
    done = run("train_step", "--compare", path)
    assert done.code == 2
    assert done.err.count("error:") == 1 and str(path) in done.err
    assert not done.out


def test_unknown_name(run):
    done = run("speed")
    assert done.code == 2
    assert "unknown: speed" in done.err and "train_step" in done.err
