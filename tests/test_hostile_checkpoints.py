"""Checkpoints that somebody damaged or wrote: each odd field is one line, and no bit flips unseen.

`src.training.checkpoint_checks` looks at all that is used of a checkpoint before it is used.
"""

import copy
import io
import math
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from files_2018 import state_dict_2018, write_folder
from run_files import assert_same_tensors, read_checkpoint
from test_checkpoints import (
    DATA,
    OPTIONS,
    STATISTICS,
    new_model,
    new_optimizer,
    save_epoch,
    take_a_step,
)

from src.errors import InputError
from src.lifter import Lifter
from src.model import LiftingNetwork
from src.skeletons import SKELETON_NAMES, get_skeleton
from src.training import checkpoint_checks, checkpoints
from src.training.build import build_optimizer
from src.training.checkpoints import State
from src.training.engine import LiftingModel
from src.training.run_folder import RunFolder

NAN = float("nan")


@pytest.fixture
def run(tmp_path):
    """A run of two epochs, both tested."""
    with RunFolder(tmp_path, "run") as run:
        state = State()
        model = new_model()
        optimizer = new_optimizer(model)
        save_epoch(run, state, model, optimizer, 50.0)
        save_epoch(run, state, model, optimizer, 40.0)
        yield run


@pytest.fixture
def other_run(tmp_path):
    """A folder of a run that begins."""
    with RunFolder(tmp_path, "other") as run:
        yield run


def resume(run: RunFolder, options=OPTIONS) -> tuple[LiftingModel, torch.optim.Adam]:
    """Go on with a new network and optimiser."""
    model = new_model(seed=9)
    optimizer = new_optimizer(model)
    checkpoints.resume(run, model, optimizer, options, DATA)
    return model, optimizer


ABSENT = object()


def holding_itself_twice(depth: int) -> list:
    """Return lists that hold each other twice: 2^depth items in a few hundred bytes."""
    value = ["x"]
    for _ in range(depth):
        value = [value, value]
    return value


def deep(depth: int) -> list:
    """Return lists in lists."""
    value = []
    for _ in range(depth):
        value = [value]
    return value


def with_element(number: float):
    """Return a function that puts a number into a tensor."""

    def put(tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor.clone()
        tensor.view(-1)[0] = number
        return tensor

    return put


# What every command that takes a model looks at: where, and what stands there.
ODD_FIELDS_OF_A_MODEL = [
    ("epoch", -1),
    ("epoch", True),
    ("epoch", 10**30),
    ("epoch", 1.5),
    ("epoch", ABSENT),
    ("loaded_sha256", lambda _: 3),
    ("options", []),
    ("options", {}),
    ("options/dataset_type", ABSENT),
    ("options/dataset_type", 17),
    ("options/dataset_type", "nobody_3k"),
    ("options/dataset_type", "{"),
    ("options/dataset_type", '{"joints": ' + "[" * 5000),
    ("options/dataset_type", '{"joints": ["a", "b"], "limbs": [1]}'),
    ("options/dataset_type", "x" * 10**6),
    ("options/supervision", "none"),
    ("options/supervision", "full"),
    ("options/supervision", torch.ones(2)),
    ("options/linear_size", 0),
    ("options/linear_size", 8),
    ("options/linear_size", 65536),
    ("options/linear_size", 10**12),
    ("options/linear_size", "4"),
    ("options/linear_size", True),
    ("options/linear_size", 4.0),
    ("options/linear_size", torch.tensor(4)),
    ("options/num_stage", -1),
    ("options/num_stage", 2),
    ("options/num_stage", 1000),
    ("options/num_stage", 10**9),
    ("options/scale_range", None),
    ("options/scale_range", 0),
    ("options/scale_range", NAN),
    ("options/scale_range", math.inf),
    ("options/scale_range", "1"),
    ("options/subtract_2d_root", "no"),
    ("options/subtract_2d_root", torch.ones(2)),
    ("options/reprojection", 3),
    ("options/lr", lambda _: holding_itself_twice(40)),
    ("options/lr", lambda _: deep(200)),
    ("options/lr", lambda _: 10**5000),
    ("options/lr", {3: 4}),
    ("options/lr", torch.ones(3)),
    ("options/lr", b"0.001"),
    ("data", 3),
    ("data/train", "x"),
    ("data/test", [1, 2]),
    ("data/name", lambda _: holding_itself_twice(40)),
    ("statistics", 3),
    ("statistics", {}),
    ("statistics/pose_2d", ABSENT),
    ("statistics/pose_2d", torch.ones(17, 2)),
    ("statistics/pose_2d/std", ABSENT),
    ("statistics/pose_2d/std", "x"),
    ("statistics/pose_2d/std", torch.ones(17)),
    ("statistics/pose_2d/std", torch.ones(16, 2)),
    ("statistics/pose_2d/std", -torch.ones(17, 2)),
    ("statistics/pose_2d/std", torch.zeros(17, 2)),
    ("statistics/pose_2d/std", with_element(NAN)),
    ("statistics/pose_2d/std", torch.ones(17, 2, dtype=torch.float64)),
    ("statistics/pose_2d/mean", with_element(math.inf)),
    ("statistics/pose_2d/mean", torch.zeros(17, 3)),
    ("statistics/pose_2d/median", lambda _: torch.zeros(17, 2)),
    ("statistics/pose_3d", {"mean": torch.zeros(17, 3), "std": torch.ones(17, 3)}),
    ("statistics/limb_lengths", ABSENT),
    ("statistics/limb_lengths", 3),
    ("statistics/limb_lengths", torch.ones(16)),
    ("statistics/limb_lengths", -torch.ones(1, 16)),
    ("statistics/limb_lengths", with_element(NAN)),
    ("network", []),
    ("network", {}),
    ("network", {1: torch.ones(3)}),
    ("network/pose_head.bias", ABSENT),
    ("network/pose_head.bias", "x"),
    ("network/pose_head.bias", torch.ones(1)),
    ("network/pose_head.bias", torch.ones(51, dtype=torch.float16)),
    ("network/pose_head.bias", torch.ones(51, dtype=torch.int64)),
    ("network/pose_head.bias", torch.ones(1).expand(51)),
    ("network/pose_head.bias", with_element(NAN)),
    ("network/pose_head.weight", lambda weight: weight.T),
    ("network/pose_head.weight", lambda weight: weight.T.contiguous().T),
    ("network/first.norm.running_var", lambda variance: -variance),
    ("network/first.norm.running_mean", with_element(math.inf)),
    ("network/first.norm.num_batches_tracked", torch.tensor(-1)),
    ("network/first.norm.num_batches_tracked", torch.tensor(2.0)),
    ("network/second.norm.bias", lambda _: torch.ones(4)),
]

# What going on looks at beside these.
ODD_FIELDS_OF_A_RUN = [
    ("epoch", 0),
    ("epoch", 3),
    ("step", 0),
    ("step", -20),
    ("step", 21),
    ("step", True),
    ("step", 10**30),
    ("step", "20"),
    ("best", ABSENT),
    ("best", 3),
    ("best", []),
    ("best", {}),
    ("best/epoch", ABSENT),
    ("best/epoch", 3),
    ("best/epoch", 0),
    ("best/epoch", "2"),
    ("best/pa_mpjpe_mm", ABSENT),
    ("best/pa_mpjpe_mm", "40"),
    ("best/pa_mpjpe_mm", NAN),
    ("best/pa_mpjpe_mm", -1.0),
    ("best/pa_mpjpe_mm", torch.ones(2)),
    ("history", []),
    ("history", {}),
    ("history", [3, 4]),
    ("history/0", ABSENT),
    ("history/0/epoch", 2),
    ("history/0/epoch", ABSENT),
    ("history/0/epoch", torch.ones(2)),
    ("history/1/step", ABSENT),
    ("history/1/step", 19),
    ("history/1/total", "x"),
    ("history/1/total", torch.ones(2)),
    ("history/1/total", [1]),
    ("optimizer", []),
    ("optimizer", {}),
    ("optimizer/state", []),
    ("optimizer/state", {}),
    ("optimizer/state/0", ABSENT),
    ("optimizer/state/0", torch.ones(3)),
    ("optimizer/state/99", lambda _: {}),
    ("optimizer/state/0/exp_avg", ABSENT),
    ("optimizer/state/0/exp_avg", "x"),
    ("optimizer/state/0/exp_avg", torch.zeros(3)),
    ("optimizer/state/0/exp_avg", torch.zeros(())),
    ("optimizer/state/0/exp_avg", torch.zeros(60)[:1].expand(51)),
    ("optimizer/state/0/exp_avg", torch.zeros(102)[::2]),
    ("optimizer/state/0/exp_avg", torch.zeros(51, dtype=torch.float64)),
    ("optimizer/state/0/exp_avg", with_element(NAN)),
    ("optimizer/state/1/exp_avg_sq", lambda moment: moment.T.contiguous().T),
    ("optimizer/state/1/exp_avg_sq", lambda moment: -1 - moment),
    ("optimizer/state/1/exp_avg_sq", with_element(math.inf)),
    ("optimizer/state/0/step", 3),
    ("optimizer/state/0/step", torch.tensor(-3.0)),
    ("optimizer/state/0/step", torch.tensor(0.0)),
    ("optimizer/state/0/step", torch.tensor(1.5)),
    ("optimizer/state/0/step", torch.tensor([2.0])),
    ("optimizer/state/0/step", torch.tensor(NAN)),
    ("optimizer/state/0/step", torch.tensor(2, dtype=torch.int64)),
    ("optimizer/state/0/max_exp_avg_sq", lambda _: torch.ones(51)),
    ("optimizer/param_groups", 3),
    ("optimizer/param_groups", []),
    ("optimizer/param_groups/0/params", [0]),
    ("optimizer/param_groups/0/params", torch.arange(16)),
]


def name_of(case) -> str:
    """Name a parameter of a test."""
    if isinstance(case, str | int | float | None):
        return str(case)[:40]
    return type(case).__name__


def put(run: RunFolder, keys: str, value):
    """Put a value into last.pt; keys: where, such as "best/epoch". ABSENT removes the field.

    A function is called with what stands there, or None.
    """
    checkpoint = read_checkpoint(run.path)
    *parents, last = [int(key) if key.isdigit() else key for key in keys.split("/")]
    container = checkpoint
    for key in parents:
        container = container[key]
    is_list = isinstance(container, list)
    if value is ABSENT:
        del container[last]
    else:
        old = container[last] if is_list else container.get(last)
        container[last] = value(old) if callable(value) else value
    torch.save(checkpoint, run.path / "last.pt")


def assert_one_line(error: InputError, run: RunFolder):
    """Assert that a message names the file, and is a line that can be read."""
    message = str(error)
    assert str(run.path) in message
    assert "\n" not in message
    assert len(message) < 700


@pytest.mark.parametrize(("keys", "value"), ODD_FIELDS_OF_A_MODEL, ids=name_of)
def test_odd_fields_of_a_model(run, other_run, keys, value):
    """They are refused by what goes on, what is fine-tuned, and what lifts."""
    put(run, keys, value)
    for use in (
        lambda: resume(run),
        lambda: checkpoints.read_source(other_run, OPTIONS | {"load": str(run.path)}),
        lambda: Lifter.load(run.path, "cpu"),
    ):
        with pytest.raises(InputError) as caught:
            use()
        assert_one_line(caught.value, run)


@pytest.mark.parametrize(("keys", "value"), ODD_FIELDS_OF_A_RUN, ids=name_of)
def test_odd_fields_of_a_run(run, keys, value):
    put(run, keys, value)
    model = new_model(seed=9)
    optimizer = new_optimizer(model)
    with pytest.raises(InputError) as caught:
        checkpoints.resume(run, model, optimizer, OPTIONS, DATA)
    assert_one_line(caught.value, run)


@pytest.mark.parametrize(
    ("keys", "value"),
    [case for case in ODD_FIELDS_OF_A_RUN if case[0].startswith("optimizer/state/")],
    ids=name_of,
)
def test_odd_moments_of_a_loaded_run(run, other_run, keys, value):
    """They are refused before they get into an optimiser, and leave it as it was."""
    put(run, keys, value)
    optimizer = new_optimizer(new_model())
    source = checkpoints.read_source(other_run, OPTIONS | {"load": str(run.path)})
    with pytest.raises(InputError, match="its optimiser state is damaged") as caught:
        checkpoints.take_over_optimizer(optimizer, source, State())
    assert str(run.path) in str(caught.value)
    assert not optimizer.state


def test_hyper_parameters_come_from_the_options(run):
    """Whatever the file says of them, the optimiser is the one of the command."""
    put(
        run,
        "optimizer/param_groups/0",
        lambda group: (
            group
            | {
                "lr": 1e30,
                "betas": ("x", None),
                "eps": -1,
                "weight_decay": 5.0,
                "amsgrad": True,
                "maximize": True,
                "differentiable": True,
                "capturable": True,
                "fused": "x",
                "unknown": holding_itself_twice(5),
            }
        ),
    )
    model, optimizer = resume(run)
    fresh = new_optimizer(model)
    assert optimizer.state_dict()["param_groups"] == fresh.state_dict()["param_groups"]
    take_a_step(model, optimizer)


def test_moments_lie_in_memory_as_their_parameters_do(run):
    _, optimizer = resume(run)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            for name in ("exp_avg", "exp_avg_sq"):
                moment = optimizer.state[parameter][name]
                assert moment.stride() == parameter.stride()
                assert moment.dtype == parameter.dtype
                assert moment.untyped_storage().nbytes() == 4 * parameter.numel()


def test_a_scale_that_no_loss_needs_has_no_moments(run):
    """With --reproj_weight 0 the scale head never gets a gradient."""
    checkpoint = read_checkpoint(run.path)
    names = [name for name, _ in new_model().network.named_parameters()]
    for name in ("scale_head.weight", "scale_head.bias"):
        del checkpoint["optimizer"]["state"][names.index(name)]
    torch.save(checkpoint, run.path / "last.pt")
    resume(run)


# Shapes


@pytest.mark.parametrize("skeleton_name", SKELETON_NAMES)
@pytest.mark.parametrize("is_relative", [True, False])
def test_expected_shapes_are_those_of_the_network(skeleton_name, is_relative):
    for num_stages in (1, 3):
        skeleton = get_skeleton(skeleton_name)
        network = LiftingNetwork(
            skeleton.num_joints,
            linear_size=8,
            num_stages=num_stages,
            scale_range=1.0 if is_relative else None,
            output_multiplier=1.0 if is_relative else None,
        )
        options = {"linear_size": 8, "num_stage": num_stages}
        parameters = checkpoint_checks.parameter_shapes(options, skeleton, is_relative=is_relative)
        expected = {name: tuple(value.shape) for name, value in network.named_parameters()}
        assert list(parameters.items()) == list(expected.items())
        buffers = checkpoint_checks.buffer_shapes(options, skeleton)
        assert buffers == {name: tuple(value.shape) for name, value in network.named_buffers()}


# The file


def test_a_flipped_bit_is_noticed_or_changes_nothing(run):
    """Every record is hit, and every part of the archive's own tables."""
    path = run.path / "last.pt"
    whole = path.read_bytes()
    expected = checkpoints.load_checkpoint(path)
    positions = set(range(0, len(whole), 61)) | set(range(len(whole) - 1500, len(whole), 7))
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            positions |= set(range(entry.header_offset, entry.header_offset + 40, 3))
    num_refused = 0
    for position in sorted(positions):
        broken = bytearray(whole)
        broken[position] ^= 1 << position % 8
        path.write_bytes(broken)
        try:
            content = checkpoints.load_checkpoint(path)
        except InputError as error:
            assert_one_line(error, run)
            num_refused += 1
            continue
        assert_same_checkpoint(content, expected)
    assert num_refused > len(positions) / 4


def assert_same_checkpoint(content: dict, expected: dict):
    assert content.keys() == expected.keys()
    for name in ("options", "data", "epoch", "step", "best", "history"):
        assert content[name] == expected[name]
    assert_same_tensors(content["network"], expected["network"])
    for index, state in expected["optimizer"]["state"].items():
        assert_same_tensors(content["optimizer"]["state"][index], state)


def test_a_flipped_bit_of_a_weight_is_refused(run):
    path = run.path / "last.pt"
    weight = read_checkpoint(run.path)["network"]["pose_head.weight"].numpy().tobytes()
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[whole.index(weight) + 40] ^= 1
    path.write_bytes(broken)
    with pytest.raises(InputError, match="is damaged .*CRC"):
        resume(run)


def test_every_truncation_is_one_line(run):
    path = run.path / "last.pt"
    whole = path.read_bytes()
    for length in range(0, len(whole), 173):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is no checkpoint that can be read"):
            checkpoints.load_checkpoint(path)


def rewritten(path, *, compression=zipfile.ZIP_STORED, **changed_records: bytes):
    """Write an archive anew, with right checksums; changed_records: their names have _ for . /."""
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in records.items():
            short_name = name.partition("/")[2].replace(".", "_").replace("/", "_")
            archive.writestr(name, changed_records.get(short_name, content))


def test_a_storage_that_is_shorter_than_its_pickle_says(run):
    """PyTorch's own loader reads what lies behind it in memory."""
    rewritten(run.path / "last.pt", data_0=b"\0" * 4)
    with pytest.raises(InputError, match="data/0 has 4 bytes"):
        checkpoints.load_checkpoint(run.path / "last.pt")


def test_compressed_records_are_refused(run):
    rewritten(run.path / "last.pt", compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="compressed"):
        checkpoints.load_checkpoint(run.path / "last.pt")


class Called:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.function = function
        self.arguments = arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize(
    "call",
    [
        Called(torch.Tensor, 10**9),
        Called(bytearray, 10**10),
        Called(eval, "1"),
        Called(torch.load, "x"),
    ],
    ids=["a tensor out of nothing", "bytes out of nothing", "eval", "another file"],
)
def test_a_pickle_that_asks_for_more_than_views_of_storages(run, call):
    rewritten(run.path / "last.pt", data_pkl=pickle.dumps({"x": call}, protocol=2))
    with pytest.raises(InputError, match="is no checkpoint that can be read"):
        checkpoints.load_checkpoint(run.path / "last.pt")


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        ((10**9,), (1,), 0),
        ((10**9,), (0,), 0),
        ((2,), (10**9,), 0),
        ((2,), (-1,), 1),
        ((-1,), (1,), 0),
        ((1,), (1,), 10**9),
        ((1,), (1,), -1),
        ((1, 1), (1,), 0),
        ((1,) * 100, (1,) * 100, 0),
        ((1.5,), (1,), 0),
        ("x", (1,), 0),
    ],
    ids=str,
)
def test_tensors_outside_their_storage(run, size, stride, offset):
    path = run.path / "last.pt"

    class Storage:
        pass

    class Tensor:
        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Storage(), offset, size, stride, False, {})

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, Storage):
                return ("storage", torch.FloatStorage, "0", "cpu", 34)
            return None

    file = io.BytesIO()
    Pickler(file, protocol=2).dump({"x": Tensor()})
    rewritten(path, data_pkl=file.getvalue())
    with pytest.raises(InputError, match="is no checkpoint that can be read"):
        checkpoints.load_checkpoint(path)


def test_a_pipe_is_refused_and_not_waited_for(run):
    (run.path / "last.pt").unlink()
    os.mkfifo(run.path / "last.pt")
    with pytest.raises(InputError, match="last.pt: is no file"):
        resume(run)


# What is whole


def test_checkpoints_are_read_as_pytorch_reads_them(run):
    """Whatever is saved: other kinds of numbers, views, shared storages, no numbers at all."""
    base = torch.arange(24, dtype=torch.float32)
    content = {
        "view": base.view(4, 6)[1:, ::2],
        "transposed": base.view(4, 6).T,
        "whole": base,
        "empty": torch.ones(1, 0),
        "none": torch.empty(0),
        "one": torch.tensor(3),
        "half": torch.ones(3, dtype=torch.float16),
        "double": torch.ones(3, dtype=torch.float64),
        "bool": torch.tensor([True, False]),
        "plain": [1, 2.5, None, "x", {"a": (1, 2)}],
    }
    path = run.path / "other.pt"
    torch.save(content, path)
    ours = checkpoints.load_checkpoint(path)
    theirs = torch.load(path, weights_only=True)
    assert ours.pop("plain") == theirs.pop("plain")
    assert_same_tensors(ours, theirs)
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype
        assert ours[name].stride() == tensor.stride()


def test_a_good_checkpoint_gives_the_same_next_step(run):
    """With the fused optimiser of the command, as PyTorch itself would go on."""

    class Options:
        lr = 0.001

    checkpoint = copy.deepcopy(read_checkpoint(run.path))
    expected = new_model()
    expected.network.load_state_dict(checkpoint["network"])
    expected_optimizer = build_optimizer(expected, Options)
    group = expected_optimizer.state_dict()["param_groups"]
    expected_optimizer.load_state_dict(checkpoint["optimizer"] | {"param_groups": group})

    model = new_model(seed=9)
    optimizer = build_optimizer(model, Options)
    checkpoints.resume(run, model, optimizer, OPTIONS, DATA)
    for _ in range(3):
        take_a_step(model, optimizer)
        take_a_step(expected, expected_optimizer)
    assert_same_tensors(model.network.state_dict(), expected.network.state_dict())


def test_a_supervised_run_without_statistics_in_3d_is_refused(run):
    assert STATISTICS.pose_3d is None
    put(run, "options/supervision", "full")
    with pytest.raises(InputError, match="last.pt: its statistics are damaged"):
        Lifter.load(run.path, "cpu")


# Checkpoints of 2018


def write_2018(folder, *, options=(), weights=(), **content):
    """Write a folder of 2018 with an untrained network; its parts may be replaced."""
    network = LiftingNetwork(17, linear_size=4)
    return write_folder(
        folder,
        {
            "epoch": 3,
            "step": 30,
            "state_dict": state_dict_2018(network) | dict(weights),
            "stat_2d": {"mean": np.zeros((1, 34)), "std": np.ones((1, 34))},
            "stat_3d": {},
        }
        | content,
        {"dataset_type": "human36_17k", "linear_size": 4, "num_stage": 1, "scale_range": 1.0}
        | dict(options),
    )


def test_a_checkpoint_of_2018_is_taken(tmp_path):
    folder = write_2018(tmp_path / "old")
    assert checkpoints.read_run(folder, "--load")[0]["epoch"] == 3
    assert Lifter.load(folder, "cpu").skeleton.name == "human36_17k"


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {"linear_size": 10**12}},
        {"options": {"linear_size": 65536}},
        {"options": {"num_stage": 10**9}},
        {"options": {"scale_range": -1.0}},
        {"options": {"dataset_type": "nobody"}},
        {"options": {"subtract_2d_root": "x"}},
        {"weights": {"w2.bias": torch.ones(3)}},
        {"weights": {"w2.bias": torch.full((51,), NAN)}},
        {"weights": {"batch_norm1.running_var": -torch.ones(4)}},
        {"stat_2d": {"mean": np.zeros((1, 34)), "std": -np.ones((1, 34))}},
        {"stat_2d": {"mean": np.zeros((1, 34)), "std": np.zeros((1, 34))}},
        {"stat_2d": {"mean": np.zeros((1, 32)), "std": np.ones((1, 32))}},
        {"stat_2d": {"mean": np.full((1, 34), NAN), "std": np.ones((1, 34))}},
        {"stat_3d": {"avg_limb_lens": np.full((1, 16), NAN)}},
        {"epoch": -3},
    ],
    ids=str,
)
def test_odd_fields_of_2018(tmp_path, changes):
    folder = write_2018(tmp_path / "old", **changes)
    for use in (
        lambda: checkpoints.read_run(folder, "--load"),
        lambda: Lifter.load(folder, "cpu"),
    ):
        with pytest.raises(InputError, match=str(folder)) as caught:
            use()
        assert "\n" not in str(caught.value)
