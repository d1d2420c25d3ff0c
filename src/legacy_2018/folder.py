"""Loading a folder of the authors' 2018 code."""

import json
from pathlib import Path

import numpy as np
import torch

from src.errors import InputError
from src.legacy_2018.container import CHECKPOINT_2018, read_container
from src.legacy_2018.names import is_supervised, rename_2018
from src.standardize import Standardizer, Statistics


def load_2018(folder) -> tuple[dict[str, torch.Tensor], Statistics, dict]:
    """Load the weights, statistics and options of a folder of the authors' 2018 code.

    The folder holds test_ckpt_last.pth.tar, and opt.json if the former has no options in it.

    Returns three things. First the state dict of a `LiftingNetwork`. Then the statistics that it
    works with, in px and mm: those of LSP for a model fine-tuned on LSP, and for a supervised model
    those in 3D too. Then the options by name, which say what network it is (dataset_type,
    linear_size, num_stage, scale_range, reprojection), and the ``epoch`` of the checkpoint.

    Raises InputError for a file that is damaged, is something else, or asks to execute anything.
    """
    path = Path(folder) / CHECKPOINT_2018
    try:
        content = read_container(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        options = _find_options(content, path)
        statistics = _make_statistics(content)
        weights = rename_2018(content["state_dict"])
        return weights, statistics, options | {"epoch": int(content["epoch"])}
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(
            f"{path}: is no checkpoint of the 2018 code ({error!r}); expected state_dict, stat_2d"
        ) from None


def _find_options(content: dict, path: Path) -> dict:
    """Take the options from a checkpoint, or from the opt.json beside it."""
    options = content.get("opt")
    if isinstance(options, dict):
        return options
    options_path = path.with_name("opt.json")
    try:
        return json.loads(options_path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{options_path}: expected the options of the checkpoint beside it ({error})"
        ) from None


def _make_statistics(content: dict) -> Statistics:
    """Turn the statistics of a 2018 checkpoint, flat arrays of coordinates, into ours."""
    stat_2d = content["stat_2d"]
    if "lsp_mean" in stat_2d:  # fine-tuned on LSP: mean and std are still those of Human3.6M
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
