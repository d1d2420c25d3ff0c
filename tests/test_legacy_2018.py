"""The authors' checkpoints of 2018: container, names and options; nothing in them is executed."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from files_2018 import Writer2018

from src.errors import InputError
from src.legacy_2018 import CHECKPOINT_2018, load_2018, rename_2018
from src.lifter import Lifter
from src.model import LiftingNetwork


@pytest.fixture
def real_folder():
    """A checkpoint that PyTorch 0.3.1 wrote, where there is a copy of it."""
    for base in (ROOT / "data", ROOT.parent / "shared/data"):
        if (base / "checkpoint_2018").is_dir():
            return base / "checkpoint_2018"
    pytest.skip(
        "wants data/checkpoint_2018, a file of PyTorch 0.3.1, which is not part of the repository"
    )


# Our layers, and what they were called in 2018.
NAMES = {
    "first.linear": "w1",
    "first.norm": "batch_norm1",
    "blocks.0.0.linear": "linear_stages.0.w1",
    "blocks.0.0.norm": "linear_stages.0.batch_norm1",
    "blocks.0.1.linear": "linear_stages.0.w2",
    "blocks.0.1.norm": "linear_stages.0.batch_norm2",
    "blocks.1.0.linear": "linear_stages.1.w1",
    "blocks.1.0.norm": "linear_stages.1.batch_norm1",
    "blocks.1.1.linear": "linear_stages.1.w2",
    "blocks.1.1.norm": "linear_stages.1.batch_norm2",
    "pose_head": "w2",
    "scale_head": "ws",
}


def random_network(*, supervised: bool) -> LiftingNetwork:
    torch.manual_seed(0)
    network = LiftingNetwork(17, linear_size=8)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_()
    if supervised:
        torch.nn.init.constant_(network.output_multiplier, -1)
    return network.eval()


def state_under_2018_names(network: LiftingNetwork) -> dict:
    """PyTorch 0.3 had no counters of batches."""
    state = {}
    for name, tensor in network.state_dict().items():
        layer, _, parameter = name.rpartition(".")
        if name == "output_multiplier":
            state["mult"] = tensor
        elif parameter != "num_batches_tracked":
            state[f"{NAMES[layer]}.{parameter}"] = tensor
    return state


def random_statistics(*, lsp: bool) -> tuple[dict, dict]:
    """Make the statistics of a 2018 checkpoint in 2D and in 3D, of 17 joints."""
    rng = np.random.default_rng(0)
    stat_2d = {
        "mean": rng.normal(0, 50, 34),
        "std": rng.uniform(20, 50, 34),
    }
    if lsp:
        stat_2d["lsp_mean"] = stat_2d["mean"] + 5
        stat_2d["lsp_std"] = stat_2d["std"] * 2
    stat_3d = {
        "mean": rng.normal(0, 50, 51),
        "std": rng.uniform(20, 50, 51),
        "avg_limb_lens": np.ones((1, 16)),
    }
    return stat_2d, stat_3d


@dataclass
class Folder2018:
    """A folder of the 2018 code, and what was put into its checkpoint."""

    path: Path
    network: LiftingNetwork
    stat_2d: dict
    stat_3d: dict

    @property
    def checkpoint(self) -> Path:
        return self.path / CHECKPOINT_2018


@pytest.fixture
def write_folder(tmp_path):
    """A function that writes a folder of the 2018 code, and returns it as `Folder2018`.

    lsp: as fine-tuned on LSP; extra: opcodes to be smuggled into the checkpoint; changes: other
    values for fields of the checkpoint.
    """

    def write(*, supervised=False, lsp=False, extra=b"", **changes) -> Folder2018:
        network = random_network(supervised=supervised)
        stat_2d, stat_3d = random_statistics(lsp=lsp)
        content = {
            "epoch": 25,
            "lr": 0.001,
            "stat_2d": stat_2d,
            "stat_3d": {} if lsp else stat_3d,
            "state_dict": state_under_2018_names(network),
        }
        options = {
            "dataset_type": "human36_17k",
            "linear_size": 8,
            "num_stage": 1,
            "scale_range": 1.0,
            "subtract_2d_root": True,
        }
        Writer2018().write(tmp_path / CHECKPOINT_2018, content | changes, options, extra)
        return Folder2018(path=tmp_path, network=network, stat_2d=stat_2d, stat_3d=stat_3d)

    return write


def lift(network, poses, mean, std):
    """Lift poses (N,17,2) px by the formulas of 2018 -> pose (N,17,3) and scale (N,1)."""
    centred = torch.from_numpy(poses - poses[:, :1]).float()
    mean = torch.from_numpy(mean).float().reshape(17, 2)
    std = torch.from_numpy(std).float().reshape(17, 2)
    with torch.no_grad():
        return network((centred - mean) / std)


POSES = np.random.default_rng(1).normal(0, 100, (3, 17, 2)).astype(np.float32) + 500


def test_relative_checkpoint(write_folder):
    folder = write_folder()
    _, statistics, options = load_2018(folder.path)
    assert options["dataset_type"] == "human36_17k"
    assert options["epoch"] == 25
    assert statistics.pose_3d is None
    assert statistics.limb_lengths.shape == (1, 16)

    lifted = Lifter.load(folder.path, "cpu")(POSES, rescale="never")
    stat_2d = folder.stat_2d
    expected, scale = lift(folder.network, POSES, stat_2d["mean"], stat_2d["std"])
    np.testing.assert_allclose(lifted.poses_3d, expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(lifted.scale, scale[:, 0], rtol=1e-4)
    assert lifted.unit == "mm, up to a global scale"


def test_one_fine_tuned_on_lsp_uses_its_statistics(write_folder):
    folder = write_folder(lsp=True)
    lifted = Lifter.load(folder.path, "cpu")(POSES, rescale="never")
    stat_2d = folder.stat_2d
    expected, _ = lift(folder.network, POSES, stat_2d["lsp_mean"], stat_2d["lsp_std"])
    np.testing.assert_allclose(lifted.poses_3d, expected, rtol=1e-4, atol=1e-3)


def test_supervised_checkpoint_is_unstandardised(write_folder):
    folder = write_folder(supervised=True)
    lifted = Lifter.load(folder.path, "cpu")(POSES, rescale="never")
    pose, _ = lift(folder.network, POSES, folder.stat_2d["mean"], folder.stat_2d["std"])
    raw = -pose.numpy().reshape(3, 51)  # its multiplier is -1
    expected = (folder.stat_3d["mean"] + folder.stat_3d["std"] * raw).reshape(3, 17, 3)
    np.testing.assert_allclose(lifted.poses_3d, expected, rtol=1e-4, atol=1e-2)
    assert lifted.unit == "mm"
    assert lifted.scale is None


def test_every_parameter_has_a_name_of_2018():
    network = LiftingNetwork(3, linear_size=8, num_stages=2)
    expected = network.state_dict()
    renamed = rename_2018(state_under_2018_names(network))
    assert renamed.keys() == expected.keys()
    for name in expected:
        assert torch.equal(renamed[name], expected[name]), name
    network.load_state_dict(renamed)


def test_a_supervised_network_of_2018_loses_its_idle_parameters():
    """Its multiplier is -1 throughout, and nothing trained its scale head."""
    network = LiftingNetwork(3, linear_size=8, num_stages=2)
    state = state_under_2018_names(network)
    state["mult"] = torch.full((9,), -1.0)
    supervised = LiftingNetwork(
        3, linear_size=8, num_stages=2, scale_range=None, output_multiplier=None
    )
    supervised.load_state_dict(rename_2018(state))


def test_an_unknown_parameter_is_refused():
    with pytest.raises(ValueError, match="w9.weight"):
        rename_2018({"w9.weight": torch.zeros(1)})


def test_checkpoint_of_the_authors_container(real_folder):
    expected = np.load(real_folder / "expected.npz")
    lifted = Lifter.load(real_folder, "cpu")(expected["pose_2d"], rescale="never")
    np.testing.assert_allclose(lifted.poses_3d, expected["pose_3d"], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(lifted.scale, expected["scale"][:, 0], rtol=1e-4)


EVIL = {
    "os.system": b"cos\nsystem\n(T\x04\x00\x00\x00truetR",
    "posix.system": b"cposix\nsystem\n(T\x04\x00\x00\x00truetR",
    "__builtin__.eval": b"c__builtin__\neval\n(T\x01\x00\x00\x001tR",
    "torch.load": b"ctorch\nload\n(T\x01\x00\x00\x001tR",
    "numpy.load": b"cnumpy\nload\n(T\x01\x00\x00\x001tR",
    "numpy.core.multiarray.fromfile": b"cnumpy.core.multiarray\nfromfile\n(T\x01\x00\x00\x001tR",
    "collections.Counter": b"ccollections\nCounter\n(tR",
    "object of numpy.ndarray": (
        b"ccopy_reg\n_reconstructor\n(cnumpy\nndarray\nc__builtin__\nobject\nNtR"
    ),
}


@pytest.mark.parametrize("name", EVIL)
def test_nothing_is_executed(write_folder, name, monkeypatch):
    def executed(*_):
        pytest.fail("it was executed")

    for function in ("os.system", "posix.system", "torch.load", "numpy.load"):
        monkeypatch.setattr(function, executed)
    folder = write_folder(extra=b"T\x04\x00\x00\x00evil" + EVIL[name])
    with pytest.raises(InputError, match=f"refused.*{name}"):
        load_2018(folder.path)


@pytest.mark.parametrize(
    "opcodes",
    [
        pytest.param(b"copts.os\nsystem\n(tR", id="opts.os.system"),
        pytest.param(b"copts.x\nOptions\n(tR", id="opts.x.Options"),
    ],
)
def test_a_class_of_opts_is_never_imported_and_does_nothing(write_folder, opcodes):
    folder = write_folder(extra=b"T\x04\x00\x00\x00evil" + opcodes)
    with pytest.raises(InputError, match="damaged"):
        load_2018(folder.path)


def test_every_truncation_is_one_line(write_folder):
    folder = write_folder()
    whole = folder.checkpoint.read_bytes()
    lengths = [0, 1, 10, 15, 20, 100, 500, len(whole) - 1]
    lengths += range(1000, len(whole), 997)
    for length in lengths:
        folder.checkpoint.write_bytes(whole[:length])
        with pytest.raises(InputError, match=CHECKPOINT_2018):
            load_2018(folder.path)


def test_no_room_is_made_for_numbers_that_are_not_there(write_folder, monkeypatch):
    """np.fromfile reserves memory for as many numbers as it is asked for."""
    folder = write_folder()
    whole = folder.checkpoint.read_bytes()
    read_from_file = np.fromfile
    counts = []

    def note_count(file, dtype, count):
        bytes_left = folder.checkpoint.stat().st_size - file.tell()
        assert count * np.dtype(dtype).itemsize <= bytes_left
        counts.append(count)
        return read_from_file(file, dtype, count)

    monkeypatch.setattr(np, "fromfile", note_count)
    load_2018(folder.path)
    num_storages = len(counts)
    folder.checkpoint.write_bytes(whole[:-2])
    with pytest.raises(InputError, match="it ends early"):
        load_2018(folder.path)
    assert len(counts) == 2 * num_storages - 1  # all but the last


def test_flipped_bytes_are_read_or_refused(write_folder):
    folder = write_folder()
    whole = folder.checkpoint.read_bytes()
    rng = np.random.default_rng(0)
    num_refused = 0
    for _ in range(300):
        broken = bytearray(whole)
        broken[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        folder.checkpoint.write_bytes(broken)
        try:
            load_2018(folder.path)
        except InputError:
            num_refused += 1
    assert num_refused > 10


@pytest.mark.parametrize(
    ("field", "value"),
    [("state_dict", {}), ("stat_2d", {}), ("state_dict", 3), ("stat_2d", None)],
)
def test_a_checkpoint_of_something_else(write_folder, field, value):
    folder = write_folder(**{field: value})
    with pytest.raises(InputError, match="no checkpoint of the 2018 code"):
        load_2018(folder.path)


def test_options_from_the_file_beside_it(write_folder):
    folder = write_folder()
    content = folder.checkpoint.read_bytes()
    without_options = content.replace(b"T\x03\x00\x00\x00opt", b"T\x03\x00\x00\x00xyz")
    folder.checkpoint.write_bytes(without_options)
    with pytest.raises(InputError, match="opt.json"):
        load_2018(folder.path)
    (folder.path / "opt.json").write_text(json.dumps({"dataset_type": "human36_17k"}))
    _, _, options = load_2018(folder.path)
    assert options == {"dataset_type": "human36_17k", "epoch": 25}
