"""The authors' 2018 container: read without executing anything."""

import io
import json
import pickle
import struct

import numpy as np
import pytest
import torch
from conftest import ROOT

from src.errors import InputError
from src.legacy_2018 import CHECKPOINT_2018, load_2018
from src.lifter import Lifter
from src.model import LiftingNetwork
from src.unpickling import load_pickle, plain


def real_folder():
    """Find a checkpoint that PyTorch 0.3.1 wrote, None where there is no copy of it."""
    for base in (ROOT / "data", ROOT.parent / "shared/data"):
        if (base / "checkpoint_2018").is_dir():
            return base / "checkpoint_2018"
    return None


class Writer2018:
    """Write what PyTorch 0.3 under Python 2 wrote, opcode by opcode: pickle itself cannot.

    The opcodes are explained in the module pickletools of the standard library.
    """

    def __init__(self):
        self.storages = {}

    def value(self, value) -> bytes:
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        if isinstance(value, np.ndarray):
            return self.array(value)
        if isinstance(value, dict):
            return b"}(" + self.items(value) + b"u"
        if isinstance(value, list):
            return b"(" + self.sequence(value) + b"l"
        if isinstance(value, tuple):
            return b"(" + self.sequence(value) + b"t"
        if isinstance(value, bytes):
            return b"T" + struct.pack("<i", len(value)) + value  # Python 2's str
        if isinstance(value, str):
            return self.value(value.encode())
        if value is None:
            return b"N"
        if isinstance(value, bool):
            return b"\x88" if value else b"\x89"
        if isinstance(value, int):
            return b"J" + struct.pack("<i", value)
        return b"G" + struct.pack(">d", value)

    def sequence(self, values) -> bytes:
        return b"".join(self.value(value) for value in values)

    def items(self, values: dict) -> bytes:
        return b"".join(self.value(key) + self.value(item) for key, item in values.items())

    def tensor(self, tensor) -> bytes:
        key = str(94000000 + len(self.storages))
        self.storages[key] = tensor.numpy()
        storage = b"(" + self.value("storage")
        storage += b"ctorch\nFloatStorage\n"
        storage += self.sequence([key, "cuda:0", tensor.numel(), None])
        storage += b"tQ"
        view = self.sequence([0, tuple(tensor.shape), tuple(tensor.stride())])
        return b"ctorch._utils\n_rebuild_tensor\n(" + storage + view + b"tR"

    def array(self, array) -> bytes:
        empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
        empty += self.sequence([(0,), "b"]) + b"tR"
        dtype = b"cnumpy\ndtype\n(" + self.sequence(["f4", 0, 1]) + b"tR"
        dtype += self.value((3, "<", None, None, None, -1, -1, 0)) + b"b"
        content = self.value(array.astype("<f4").tobytes())
        state = b"(" + self.sequence([1, array.shape]) + dtype + self.value(False) + content + b"t"
        return empty + state + b"b"

    def options(self, options: dict) -> bytes:
        instance = b"ccopy_reg\n_reconstructor\n"
        instance += b"(copts.default_human36\nOptions\nc__builtin__\nobject\nNtR"
        return instance + self.value(options) + b"b"

    def write(self, path, content: dict, options: dict, extra: bytes = b""):
        body = b"}(" + self.items(content)
        body += self.value("opt") + self.options(options) + extra + b"u"
        with path.open("wb") as file:
            for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
                pickle.dump(header, file, protocol=2)
            file.write(b"\x80\x02" + body + b".")
            pickle.dump(list(self.storages), file, protocol=2)
            for numbers in self.storages.values():
                file.write(struct.pack("<q", numbers.size) + numbers.astype("<f4").tobytes())


NAMES = {
    "first.linear": "w1",
    "first.norm": "batch_norm1",
    "blocks.0.0.linear": "linear_stages.0.w1",
    "blocks.0.0.norm": "linear_stages.0.batch_norm1",
    "blocks.0.1.linear": "linear_stages.0.w2",
    "blocks.0.1.norm": "linear_stages.0.batch_norm2",
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


@pytest.fixture
def folder(tmp_path):
    """A function that writes a 2018 folder and returns it, the network and the statistics."""

    def write(*, supervised=False, lsp=False, extra=b"", **changes):
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
        return tmp_path, network, stat_2d, stat_3d

    return write


def lift(network, poses, mean, std):
    centred = torch.from_numpy(poses - poses[:, :1]).float()
    mean = torch.from_numpy(mean).float().reshape(17, 2)
    std = torch.from_numpy(std).float().reshape(17, 2)
    with torch.no_grad():
        return network((centred - mean) / std)


POSES = np.random.default_rng(1).normal(0, 100, (3, 17, 2)).astype(np.float32) + 500


def test_relative_checkpoint(folder):
    path, network, stat_2d, _ = folder()
    weights, statistics, options = load_2018(path)
    assert options["dataset_type"] == "human36_17k" and options["epoch"] == 25
    assert statistics.pose_3d is None and statistics.limb_lengths.shape == (1, 16)
    lifted = Lifter.load(path, "cpu")(POSES, rescale="never")
    expected, scale = lift(network, POSES, stat_2d["mean"], stat_2d["std"])
    np.testing.assert_allclose(lifted.poses_3d, expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(lifted.scale, scale[:, 0], rtol=1e-4)
    assert lifted.unit == "mm, up to a global scale"


def test_one_fine_tuned_on_lsp_uses_its_statistics(folder):
    path, network, stat_2d, _ = folder(lsp=True)
    lifted = Lifter.load(path, "cpu")(POSES, rescale="never")
    expected, _ = lift(network, POSES, stat_2d["lsp_mean"], stat_2d["lsp_std"])
    np.testing.assert_allclose(lifted.poses_3d, expected, rtol=1e-4, atol=1e-3)


def test_supervised_checkpoint_is_unstandardised(folder):
    path, network, stat_2d, stat_3d = folder(supervised=True)
    lifted = Lifter.load(path, "cpu")(POSES, rescale="never")
    pose, _ = lift(network, POSES, stat_2d["mean"], stat_2d["std"])
    raw = -pose.numpy().reshape(3, 51)
    expected = (stat_3d["mean"] + stat_3d["std"] * raw).reshape(3, 17, 3)
    np.testing.assert_allclose(lifted.poses_3d, expected, rtol=1e-4, atol=1e-2)
    assert lifted.unit == "mm" and lifted.scale is None


def test_checkpoint_of_the_authors_container():
    real = real_folder()
    if real is None:
        pytest.skip(
            "wants data/checkpoint_2018, a file of PyTorch 0.3.1, "
            "which is not part of the repository"
        )
    expected = np.load(real / "expected.npz")
    lifted = Lifter.load(real, "cpu")(expected["pose_2d"], rescale="never")
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
def test_nothing_is_executed(folder, name, monkeypatch):
    for function in ("os.system", "posix.system", "torch.load", "numpy.load"):
        monkeypatch.setattr(function, lambda *_: pytest.fail("it was executed"))
    path, *_ = folder(extra=b"T\x04\x00\x00\x00evil" + EVIL[name])
    with pytest.raises(InputError, match=f"refused.*{name}"):
        load_2018(path)


@pytest.mark.parametrize("name", ["opts.os.system", "opts.x.Options"])
def test_a_class_of_opts_is_never_imported_and_does_nothing(folder, name):
    module, _, attribute = name.rpartition(".")
    path, *_ = folder(
        extra=b"T\x04\x00\x00\x00evilc" + f"{module}\n{attribute}\n".encode() + b"(tR"
    )
    with pytest.raises(InputError, match="damaged"):
        load_2018(path)


def test_every_truncation_is_one_line(folder):
    path, *_ = folder()
    whole = (path / CHECKPOINT_2018).read_bytes()
    for length in [0, 1, 10, 15, 20, 100, 500, *range(1000, len(whole), 997), len(whole) - 1]:
        (path / CHECKPOINT_2018).write_bytes(whole[:length])
        with pytest.raises(InputError, match=CHECKPOINT_2018):
            load_2018(path)


def test_flipped_bytes_are_read_or_refused(folder):
    path, *_ = folder()
    whole = (path / CHECKPOINT_2018).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        broken = bytearray(whole)
        broken[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        (path / CHECKPOINT_2018).write_bytes(broken)
        try:
            load_2018(path)
        except InputError:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize(
    "changes", [{"state_dict": {}}, {"stat_2d": {}}, {"state_dict": 3}, {"stat_2d": None}]
)
def test_a_checkpoint_of_something_else(folder, changes):
    path, *_ = folder(**changes)
    with pytest.raises(InputError, match="no checkpoint of the 2018 code"):
        load_2018(path)


def test_options_from_the_file_beside_it(folder):
    path, *_ = folder()
    content = (path / CHECKPOINT_2018).read_bytes()
    without_options = content.replace(b"T\x03\x00\x00\x00opt", b"T\x03\x00\x00\x00xyz")
    (path / CHECKPOINT_2018).write_bytes(without_options)
    with pytest.raises(InputError, match="opt.json"):
        load_2018(path)
    (path / "opt.json").write_text(json.dumps({"dataset_type": "human36_17k"}))
    _, _, options = load_2018(path)
    assert options == {"dataset_type": "human36_17k", "epoch": 25}


def test_a_bomb_of_shared_lists_does_not_go_off():
    bomb = []
    for _ in range(60):
        bomb = [bomb, bomb]
    found = plain(load_pickle(io.BytesIO(pickle.dumps(bomb)), "file"))
    assert len(found) == 2 and found[0] is found[1]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays_pickled_by_todays_numpy(protocol):
    content = {
        "S1": {"Walk": [np.arange(6.0).reshape(2, 3), np.float32(2.5)]},
        "n": np.arange(3),
        "f": np.eye(2).T,
    }
    found = plain(load_pickle(io.BytesIO(pickle.dumps(content, protocol=protocol)), "file"))
    np.testing.assert_array_equal(found["S1"]["Walk"][0], content["S1"]["Walk"][0])
    assert found["S1"]["Walk"][1] == 2.5
    np.testing.assert_array_equal(found["n"], [0, 1, 2])
