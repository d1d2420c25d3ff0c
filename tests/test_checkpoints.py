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

REAL = next((path for path in (ROOT / "data/checkpoint_2018", ROOT.parent / "shared/data/checkpoint_2018")
             if path.is_dir()), None)  # fmt: skip


class Writer2018:
    """Writes what PyTorch 0.3 under Python 2 wrote, opcode by opcode: pickle itself cannot."""

    def __init__(self):
        self.storages = {}

    def value(self, value) -> bytes:
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        if isinstance(value, np.ndarray):
            return self.array(value)
        if isinstance(value, dict):
            return b"}(" + b"".join(self.value(k) + self.value(v) for k, v in value.items()) + b"u"
        if isinstance(value, (list, tuple)):
            return (
                b"("
                + b"".join(map(self.value, value))
                + (b"l" if isinstance(value, list) else b"t")
            )
        if isinstance(value, bytes):
            return b"T" + struct.pack("<i", len(value)) + value  # Python 2's str
        if isinstance(value, str):
            return self.value(value.encode())
        if value is None or isinstance(value, bool):
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        return (
            b"J" + struct.pack("<i", value)
            if isinstance(value, int)
            else b"G" + struct.pack(">d", value)
        )

    def tensor(self, tensor) -> bytes:
        key = str(94000000 + len(self.storages))
        self.storages[key] = tensor.numpy()
        place = (
            self.value("storage")
            + b"ctorch\nFloatStorage\n"
            + self.value(key)
            + self.value("cuda:0")
        )
        storage = b"(" + place + self.value(tensor.numel()) + b"NtQ"
        sizes = self.value(0) + self.value(tuple(tensor.shape)) + self.value(tuple(tensor.stride()))
        return b"ctorch._utils\n_rebuild_tensor\n(" + storage + sizes + b"tR"

    def array(self, array) -> bytes:
        dtype = b"cnumpy\ndtype\n(" + self.value("f4") + self.value(0) + self.value(1) + b"tR"
        dtype += self.value((3, "<", None, None, None, -1, -1, 0)) + b"b"
        empty = (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
            + self.value((0,))
            + self.value("b")
            + b"tR"
        )
        content = self.value(array.astype("<f4").tobytes())
        return (
            empty
            + b"("
            + self.value(1)
            + self.value(array.shape)
            + dtype
            + b"\x89"
            + content
            + b"tb"
        )

    def options(self, options: dict) -> bytes:
        made = (
            b"ccopy_reg\n_reconstructor\n(copts.default_human36\nOptions\nc__builtin__\nobject\nNtR"
        )
        return made + self.value(options) + b"b"

    def write(self, path, content: dict, options: dict, extra: bytes = b""):
        body = b"}(" + b"".join(self.value(k) + self.value(v) for k, v in content.items())
        body += self.value("opt") + self.options(options) + extra + b"u"
        with path.open("wb") as file:
            for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
                pickle.dump(header, file, protocol=2)
            file.write(b"\x80\x02" + body + b".")
            pickle.dump(list(self.storages), file, protocol=2)
            for numbers in self.storages.values():
                file.write(struct.pack("<q", numbers.size) + numbers.astype("<f4").tobytes())


NAMES = {"first.linear": "w1", "first.norm": "batch_norm1", "blocks.0.0.linear": "linear_stages.0.w1",
         "blocks.0.0.norm": "linear_stages.0.batch_norm1", "blocks.0.1.linear": "linear_stages.0.w2",
         "blocks.0.1.norm": "linear_stages.0.batch_norm2", "pose_head": "w2", "scale_head": "ws"}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """-> a function that writes a 2018 folder: (folder, network)."""

    def write(*, supervised=False, lsp=False, extra=b"", **changes):
        torch.manual_seed(0)
        network = LiftingNetwork(17, linear_size=8)
        for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm1d)):
            norm.running_mean.normal_()
        if supervised:
            torch.nn.init.constant_(network.output_multiplier, -1)
        state = {}
        for name, tensor in network.state_dict().items():
            owner, _, last = name.rpartition(".")
            if last != "num_batches_tracked":
                state["mult" if name == "output_multiplier" else f"{NAMES[owner]}.{last}"] = tensor
        rng = np.random.default_rng(0)
        stat_2d = {"mean": rng.normal(0, 50, 34), "std": rng.uniform(20, 50, 34)}
        if lsp:
            stat_2d |= {"lsp_mean": stat_2d["mean"] + 5, "lsp_std": stat_2d["std"] * 2}
        stat_3d = {
            "mean": rng.normal(0, 50, 51),
            "std": rng.uniform(20, 50, 51),
            "avg_limb_lens": np.ones((1, 16)),
        }
        content = {"epoch": 25, "lr": 0.001, "stat_2d": stat_2d, "stat_3d": {} if lsp else stat_3d}
        content |= {"state_dict": state, **changes}
        options = {"dataset_type": "human36_17k", "linear_size": 8, "num_stage": 1, "scale_range": 1.0,
                   "subtract_2d_root": True}  # fmt: skip
        Writer2018().write(tmp_path / CHECKPOINT_2018, content, options, extra)
        return tmp_path, network.eval(), stat_2d, stat_3d

    return write


def lift(network, poses, mean, std):
    centred = torch.from_numpy(poses - poses[:, :1]).float()
    mean, std = (torch.from_numpy(x).float().reshape(17, 2) for x in (mean, std))
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
    raw = -lift(network, POSES, stat_2d["mean"], stat_2d["std"])[0].numpy().reshape(3, 51)
    expected = (stat_3d["mean"] + stat_3d["std"] * raw).reshape(3, 17, 3)
    np.testing.assert_allclose(lifted.poses_3d, expected, rtol=1e-4, atol=1e-2)
    assert lifted.unit == "mm" and lifted.scale is None


def test_checkpoint_of_the_authors_container():
    if REAL is None:
        pytest.skip(
            "wants data/checkpoint_2018, a file of PyTorch 0.3.1, which is not part of the repository"
        )
    expected = np.load(REAL / "expected.npz")
    lifted = Lifter.load(REAL, "cpu")(expected["pose_2d"], rescale="never")
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
    "object of numpy.ndarray": b"ccopy_reg\n_reconstructor\n(cnumpy\nndarray\nc__builtin__\nobject\nNtR",
}


@pytest.mark.parametrize("name", EVIL)
def test_nothing_is_executed(folder, name, monkeypatch):
    for module, function in (
        ("os", "system"),
        ("posix", "system"),
        ("torch", "load"),
        ("numpy", "load"),
    ):
        monkeypatch.setattr(f"{module}.{function}", lambda *_: pytest.fail("it was executed"))
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
    whole, rng = (path / CHECKPOINT_2018).read_bytes(), np.random.default_rng(0)
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
    content = (
        (path / CHECKPOINT_2018)
        .read_bytes()
        .replace(b"T\x03\x00\x00\x00opt", b"T\x03\x00\x00\x00xyz")
    )
    (path / CHECKPOINT_2018).write_bytes(content)
    with pytest.raises(InputError, match="opt.json"):
        load_2018(path)
    (path / "opt.json").write_text(json.dumps({"dataset_type": "human36_17k"}))
    assert load_2018(path)[2] == {"dataset_type": "human36_17k", "epoch": 25}


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
