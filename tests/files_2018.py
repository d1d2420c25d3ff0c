"""Folders as the authors' code of 2018 left them, in miniature: its names, its container."""

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import torch

from src.legacy_2018 import CHECKPOINT_2018
from src.model import LiftingNetwork

# Layers of today and of 2018, in an order of registration that differs from today's.
LAYERS = {
    "first.linear": "w1",
    "first.norm": "batch_norm1",
    "blocks.0.0.linear": "linear_stages.0.w1",
    "blocks.0.0.norm": "linear_stages.0.batch_norm1",
    "blocks.0.1.linear": "linear_stages.0.w2",
    "blocks.0.1.norm": "linear_stages.0.batch_norm2",
    "pose_head": "w2",
    "scale_head": "ws",
}
PARAMETERS = ("weight", "bias", "running_mean", "running_var")


def names_of_2018() -> dict[str, str]:
    """Give {name of today: name of 2018} in the order of a state dict of 2018."""
    names = {}
    for layer, layer_2018 in LAYERS.items():
        parameters = PARAMETERS if layer.endswith("norm") else PARAMETERS[:2]
        for parameter in parameters:
            names[f"{layer}.{parameter}"] = f"{layer_2018}.{parameter}"
    # Today's network begins with it; whatever the order is, each file tells its own.
    names["output_multiplier"] = "mult"
    return names


def state_dict_2018(network: LiftingNetwork) -> dict[str, torch.Tensor]:
    """Return a network's parameters and buffers as a file of 2018 has them."""
    state = network.state_dict()
    return {name_2018: state[name] for name, name_2018 in names_of_2018().items()}


def optimizer_2018(optimizer: torch.optim.Adam, network: LiftingNetwork) -> dict:
    """Return Adam's state as PyTorch 0.3 kept it, by the address of each parameter in memory."""
    positions = [name for name, _ in network.named_parameters()]
    states = optimizer.state_dict()["state"]
    addresses = []
    states_2018 = {}
    for name in names_of_2018():
        if name not in positions:
            continue  # a buffer
        address = 140_000_000_000_000 - 72 * len(addresses)
        addresses.append(address)
        state = states.get(positions.index(name))
        if state is not None:
            states_2018[address] = {
                "step": int(state["step"]),
                "exp_avg": state["exp_avg"],
                "exp_avg_sq": state["exp_avg_sq"],
            }
    group = {
        "params": addresses,
        "lr": 0.001,
        "betas": (0.9, 0.999),
        "eps": 1e-08,
        "weight_decay": 0,
    }
    return {"state": states_2018, "param_groups": [group]}


def write_folder(folder: Path, content: dict, options: dict) -> Path:
    """Write test_ckpt_last.pth.tar and opt.json."""
    folder.mkdir(parents=True, exist_ok=True)
    Writer2018().write(folder / CHECKPOINT_2018, content, options)
    (folder / "opt.json").write_text(json.dumps(options))
    return folder


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
        if isinstance(value, int) and -(2**31) <= value < 2**31:
            return b"J" + struct.pack("<i", value)
        if isinstance(value, int):
            return b"\x8a\x08" + struct.pack("<q", value)
        return b"G" + struct.pack(">d", value)

    def sequence(self, values) -> bytes:
        return b"".join(self.value(value) for value in values)

    def items(self, values: dict) -> bytes:
        return b"".join(self.value(key) + self.value(item) for key, item in values.items())

    def tensor(self, tensor) -> bytes:
        key = str(94000000 + len(self.storages))
        self.storages[key] = tensor.detach().numpy()
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
