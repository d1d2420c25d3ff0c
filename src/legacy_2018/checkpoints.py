"""The authors' 2018 checkpoints: their container and parameter names -> ours. Nothing in the files is executed."""

import json
import re
from math import prod
from pathlib import Path

import numpy as np
import torch

from src.errors import InputError
from src.standardize import Standardizer, Statistics
from src.unpickling import load_pickle, plain

CHECKPOINT_2018 = "test_ckpt_last.pth.tar"
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
}

_NAMES = (
    (r"w1\.", "first.linear."),
    (r"batch_norm1\.", "first.norm."),
    (r"linear_stages\.(\d+)\.w1\.", r"blocks.\1.0.linear."),
    (r"linear_stages\.(\d+)\.batch_norm1\.", r"blocks.\1.0.norm."),
    (r"linear_stages\.(\d+)\.w2\.", r"blocks.\1.1.linear."),
    (r"linear_stages\.(\d+)\.batch_norm2\.", r"blocks.\1.1.norm."),
    (r"w2\.", "pose_head."),
    (r"ws\.", "scale_head."),
    (r"mult$", "output_multiplier"),
)


def rename_2018(state_dict: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Parameters under their 2018 names -> a state dict of `LiftingNetwork`.

    A supervised model of 2018 carries a multiplier of -1 throughout and an untrained scale head: both are dropped, as
    its `LiftingNetwork` has neither. Raises ValueError for a name that the 2018 network does not have.
    """
    supervised = "mult" in state_dict and bool((torch.as_tensor(state_dict["mult"]) == -1).all())
    renamed = {}
    for name, tensor in state_dict.items():
        if supervised and (name == "mult" or name.startswith("ws.")):
            continue
        for pattern, replacement in _NAMES:
            if re.match(pattern, name):
                renamed[re.sub(f"^{pattern}", replacement, name)] = torch.as_tensor(tensor)
                break
        else:
            raise ValueError(f"{name} is no parameter of the 2018 network")
    for name in [name for name in renamed if name.endswith("norm.running_mean")]:
        # A counter that PyTorch introduced later; evaluation does not use it.
        renamed.setdefault(name.replace("running_mean", "num_batches_tracked"), torch.tensor(0))
    return renamed


class _Options:
    """Stands for an instance of the 2018 options class: keeps its values, does nothing."""

    def __setstate__(self, state):
        self.state = state

    def value(self) -> dict:
        return plain(self.state)


class _Container:
    """PyTorch 0.3's file: three headers, the object, the keys of its storages, and the storages' numbers."""

    def __init__(self, path: Path):
        self.path, self.storages, self.kinds = path, {}, {}

    def load(self) -> dict:
        with self.path.open("rb") as file:
            for expected in (_MAGIC, _PROTOCOL):
                if load_pickle(file, self.path) != expected:
                    raise InputError(
                        f"{self.path}: is no checkpoint of PyTorch 0.3; expected {CHECKPOINT_2018} of 2018"
                    )
            load_pickle(file, self.path)
            content = load_pickle(file, self.path, find=self._find, persistent_load=self._storage)
            keys = load_pickle(file, self.path)
            try:
                for key in keys:
                    count = int.from_bytes(file.read(8), "little")
                    kind, expected = self.kinds[key]
                    if count != expected:
                        raise ValueError(f"{count} numbers where {expected} are expected")
                    self.storages[key] = np.fromfile(file, kind, count)
                return plain(content)
            except Exception as error:  # a damaged file can go wrong in any way
                raise InputError(f"{self.path}: is damaged ({error}); copy it again") from None

    def _find(self, module: str, name: str):
        if module in ("torch", "torch.cuda") and name in _STORAGES:
            return _STORAGES[name]
        if module.split(".")[0] == "opts" or (module, name) == ("__builtin__", "object"):
            return f"{module}.{name}"
        if (module, name) == ("copy_reg", "_reconstructor"):
            return self._reconstruct
        if (module, name) == ("torch._utils", "_rebuild_tensor"):
            return lambda *arguments: _Tensor(self, *arguments)
        return None

    def _reconstruct(self, name, base, _):
        if not str(name).startswith("opts.") or base != "__builtin__.object":
            raise InputError(
                f"{self.path}: refused: it asks to make an object of {name}; get it from elsewhere"
            )
        return _Options()

    def _storage(self, pid) -> str:
        _, kind, key, _, count, view = pid
        if view is not None:
            raise ValueError("a view of a storage")
        self.kinds[key] = kind, count
        return key


class _Tensor:
    """Stands for a tensor until its storage is read."""

    def __init__(self, container: _Container, key, offset, size, stride):
        self.container, self.key, self.offset, self.size, self.stride = (
            container,
            key,
            offset,
            size,
            stride,
        )

    def value(self) -> torch.Tensor:
        numbers = self.container.storages[self.key]
        if len(numbers) != self.container.kinds[self.key][1] or prod(self.size) > len(numbers):
            raise ValueError("it ends early")
        return torch.from_numpy(numbers).as_strided(self.size, self.stride, self.offset).clone()


def load_2018(folder) -> tuple[dict[str, torch.Tensor], Statistics, dict]:
    """A folder of the authors' 2018 code -> (state dict of `LiftingNetwork`, statistics, options by name).

    Holds test_ckpt_last.pth.tar and, maybe, opt.json. The options say what network it is (dataset_type, linear_size,
    num_stage, scale_range, reprojection). A model fine-tuned on LSP comes with the statistics of LSP; a supervised one
    with those of 3D. Raises InputError for a damaged file and for one that asks to execute anything.
    """
    path = Path(folder) / CHECKPOINT_2018
    try:
        content = _Container(path).load()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        options = (
            content["opt"]
            if isinstance(content.get("opt"), dict)
            else _read_options(path.with_name("opt.json"))
        )
        names = ("lsp_mean", "lsp_std") if "lsp_mean" in content["stat_2d"] else ("mean", "std")
        mean_2d, std_2d = (content["stat_2d"][name] for name in names)
        supervised = bool((content["state_dict"]["mult"] == -1).all())
        stat_3d = content.get("stat_3d") or {}
        pose_3d = _standardizer(stat_3d["mean"], stat_3d["std"], 3) if supervised else None
        lengths = torch.from_numpy(
            np.atleast_2d(stat_3d.get("avg_limb_lens", np.empty((1, 0)))).astype(np.float32)
        )
        statistics = Statistics(_standardizer(mean_2d, std_2d, 2), pose_3d, lengths)
        return (
            rename_2018(content["state_dict"]),
            statistics,
            {**options, "epoch": int(content["epoch"])},
        )
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(
            f"{path}: is no checkpoint of the 2018 code ({error!r}); expected state_dict, stat_2d"
        ) from None


def _read_options(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: expected the options of the checkpoint beside it ({error})"
        ) from None


def _standardizer(mean, std, size: int) -> Standardizer:
    return Standardizer(
        *(torch.from_numpy(np.asarray(x, dtype=np.float32)).reshape(-1, size) for x in (mean, std))
    )
