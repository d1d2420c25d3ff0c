"""The names that the network's parameters had in 2018."""

import re

import torch

# The 2018 name's beginning, as a regular expression, and what replaces it in `LiftingNetwork`.
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
    """Turn parameters under their 2018 names into a state dict of `LiftingNetwork`.

    A supervised model of 2018 carries a multiplier of -1 throughout and an untrained scale head.
    Both are dropped, as the `LiftingNetwork` of a supervised model has neither.

    Raises ValueError for a name that the 2018 network does not have.
    """
    supervised = "mult" in state_dict and is_supervised(torch.as_tensor(state_dict["mult"]))
    renamed = {}
    for name, tensor in state_dict.items():
        if supervised and (name == "mult" or name.startswith("ws.")):
            continue
        renamed[rename_parameter(name)] = torch.as_tensor(tensor)
    return renamed | _batch_counters(renamed)


def is_supervised(multiplier: torch.Tensor) -> bool:
    """Tell by the network's output multiplier whether a model of 2018 was trained on 3D poses."""
    return bool((multiplier == -1).all())


def rename_parameter(name: str) -> str:
    """Turn one 2018 name into today's. Raises ValueError for one that the 2018 network lacks."""
    for pattern, replacement in _NAMES:
        if re.match(pattern, name):
            return re.sub(f"^{pattern}", replacement, name)
    raise ValueError(f"{name} is no parameter of the 2018 network")


def _batch_counters(renamed: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Make the batch counters that the batch norms lack.

    PyTorch 0.3 had none, and today's state dicts must have them. Evaluation does not use them.
    """
    counters = {}
    for name in renamed:
        if name.endswith("norm.running_mean"):
            counter = name.replace("running_mean", "num_batches_tracked")
            if counter not in renamed:
                counters[counter] = torch.tensor(0)
    return counters
