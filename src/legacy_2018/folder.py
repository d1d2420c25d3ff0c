"""Loading a folder of the authors' 2018 code."""

from pathlib import Path

import numpy as np
import torch

from src.errors import InputError, shown
from src.json_files import load_json
from src.legacy_2018.adam import NoAdam, translate_adam
from src.legacy_2018.container import CHECKPOINT_2018, read_container
from src.legacy_2018.names import is_supervised, rename_2018
from src.standardize import Standardizer, Statistics
from src.training.checkpoint_checks import check_options, parameter_shapes

# What a dict of unknown content provokes where something else is in it.
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, RuntimeError)


def load_2018(folder) -> tuple[dict[str, torch.Tensor], Statistics, dict]:
    """Load the weights, statistics and options of a folder of the authors' 2018 code.

    The folder holds test_ckpt_last.pth.tar, and opt.json if the former has no options in it.

    Returns three things. First the state dict of a `LiftingNetwork`. Then the statistics that it
    works with, in px and mm: those of LSP for a model trained on LSP with LSP's own, and for a
    supervised model those in 3D too. Then the options by name, which say what network it is
    (dataset_type, linear_size, num_stage, scale_range, reprojection), and the ``epoch`` of the
    checkpoint.

    Raises InputError for a file that is damaged, is something else, or asks to execute anything.
    """
    path = Path(folder) / CHECKPOINT_2018
    return _interpret(_read_content(path), path)


def load_run_2018(folder) -> dict:
    """Load a folder of the authors' 2018 code as what the checkpoint of a run of today holds.

    Returns a dict with the fields that `src.training.checkpoints` describes: network, statistics,
    epoch, step and optimizer. Its options are those that decide which weights fit, under today's
    names; data is empty, as these checkpoints do not say what they were trained on. Where Adam's
    state cannot be taken over, optimizer is None and optimizer_problem says why, as a part of a
    sentence.

    Raises InputError as `load_2018` does, and for options that do not describe the network.
    """
    path = Path(folder) / CHECKPOINT_2018
    content = _read_content(path)
    weights, statistics, options_2018 = _interpret(content, path)
    is_relative = statistics.pose_3d is None
    try:
        options = _translate_options(options_2018, is_relative=is_relative, path=path)
    except _DAMAGE as error:
        raise InputError(
            f"{path}: its options are damaged or lack {error}; load another run"
        ) from None
    skeleton = check_options(options, path, path.stat().st_size)
    checkpoint = {
        "options": options,
        "data": {},
        "statistics": statistics.state(),
        "network": weights,
        "epoch": options_2018["epoch"],
        "step": content["step"] if isinstance(content.get("step"), int) else 0,
    }
    try:
        optimizer = translate_adam(
            content.get("optimizer"),
            content["state_dict"],
            parameter_shapes(options, skeleton, is_relative=is_relative),
        )
    except NoAdam as problem:
        return checkpoint | {"optimizer": None, "optimizer_problem": str(problem)}
    return checkpoint | {"optimizer": optimizer}


def _read_content(path: Path) -> dict:
    try:
        return read_container(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _interpret(content: dict, path: Path) -> tuple[dict[str, torch.Tensor], Statistics, dict]:
    """Make what `load_2018` returns of the content of the file `path`."""
    try:
        options = _find_options(content, path)
        statistics = _make_statistics(content, options)
        # Today's numbers, and their order in memory, whatever those in the file are.
        weights = {}
        for name, tensor in rename_2018(content["state_dict"]).items():
            is_counter = name.endswith("num_batches_tracked")
            weights[name] = (tensor if is_counter else tensor.float()).contiguous()
        return weights, statistics, options | {"epoch": int(content["epoch"])}
    except _DAMAGE as error:
        raise InputError(
            f"{path}: is no checkpoint of the 2018 code ({shown(error)}); "
            "expected state_dict, stat_2d, and for a supervised model stat_3d"
        ) from None


def _find_options(content: dict, path: Path) -> dict:
    """Take the options from a checkpoint, or from the opt.json beside it."""
    options = content.get("opt")
    if isinstance(options, dict):
        return options
    options_path = path.with_name("opt.json")
    try:
        return load_json(options_path)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{options_path}: expected the options of the checkpoint beside it ({error})"
        ) from None


def _translate_options(options_2018: dict, *, is_relative: bool, path: Path) -> dict:
    """Pick the options that decide which weights fit, and give them the names of today.

    is_relative: what the weights say. They have the last word over use_rel_loss, which concerns
    training alone: a supervised model keeps its kind where it was only tested on photos.
    """
    if is_relative and options_2018.get("use_rel_loss") is False:
        raise InputError(
            f"{path}: its options say use_rel_loss False, but its weights are a relative model's; "
            "is opt.json another run's?"
        )
    return {
        "dataset_type": options_2018["dataset_type"],
        "supervision": "relative" if is_relative else "full",
        "linear_size": options_2018["linear_size"],
        "num_stage": options_2018["num_stage"],
        "subtract_2d_root": options_2018.get("subtract_2d_root", True),
        # A supervised model of today has no scale head.
        "scale_range": options_2018["scale_range"] if is_relative else None,
        "reprojection": options_2018.get("reprojection", "scaled_orthographic"),
    }


def _make_statistics(content: dict, options: dict) -> Statistics:
    """Turn the statistics of a 2018 checkpoint, flat arrays of coordinates, into ours."""
    stat_2d = content["stat_2d"]
    # A run on LSP always saved the statistics of LSP, beside those of the checkpoint that it
    # loaded; it used the latter if it was told to, and if it only tested. The defaults are 2018's.
    used_loaded = options.get("use_loaded_stats", False) or not options.get("is_train", True)
    if "lsp_mean" in stat_2d and not used_loaded:
        pose_2d = _make_standardizer(stat_2d["lsp_mean"], stat_2d["lsp_std"], dimensions=2)
    else:
        pose_2d = _make_standardizer(stat_2d["mean"], stat_2d["std"], dimensions=2)

    # A relative model may have them too, but was not trained on them.
    stat_3d = content.get("stat_3d") or {}
    pose_3d = None
    if is_supervised(content["state_dict"]["mult"]):
        pose_3d = _make_standardizer(stat_3d["mean"], stat_3d["std"], dimensions=3)

    limb_lengths = np.atleast_2d(stat_3d.get("avg_limb_lens", np.empty((1, 0))))
    return Statistics(
        pose_2d=pose_2d,
        pose_3d=pose_3d,
        limb_lengths=torch.from_numpy(limb_lengths.astype(np.float32)),
    )


def _make_standardizer(mean, std, *, dimensions: int) -> Standardizer:
    return Standardizer(
        mean=_by_joint(mean, dimensions),
        std=_by_joint(std, dimensions),
    )


def _by_joint(flat, dimensions: int) -> torch.Tensor:
    """Shape flat coordinates into a tensor (K, dimensions)."""
    return torch.from_numpy(np.asarray(flat, dtype=np.float32)).reshape(-1, dimensions)
