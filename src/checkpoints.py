"""The authors' 2018 checkpoints: their parameter names -> ours."""

import re

import torch

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
