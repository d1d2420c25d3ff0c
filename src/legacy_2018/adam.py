"""The state of PyTorch 0.3's Adam, turned into that of today's.

PyTorch 0.3 kept an optimiser's state by the id that each parameter had in memory. What the ids
stand for is told by their order alone: `Module.parameters` and `Module.state_dict` both go by the
order of registration, so the n-th id is that of the n-th entry of the state dict that is no buffer.
"""

import torch

from src.legacy_2018.names import rename_parameter

# What a state dict of 2018 holds beside parameters.
_BUFFERS = ("running_mean", "running_var")
_MOMENTS = ("exp_avg", "exp_avg_sq")


class NoAdam(Exception):
    """Raised for a state that cannot be taken over; the message says why, as part of a sentence."""


def translate_adam(
    optimizer_2018, state_dict: dict, parameter_shapes: dict[str, tuple[int, ...]]
) -> dict:
    """Turn the optimiser's state in a checkpoint of 2018 into one that `torch.optim.Adam` loads.

    Args:
        optimizer_2018: the checkpoint's "optimizer", whatever that is.
        state_dict: the checkpoint's "state_dict", under the names of 2018 and in their order.
        parameter_shapes: the shapes by name, in their order, of the network of today that is to be
            trained on. What it lacks, as a supervised model's multiplier and scale head, is left
            out.

    Raises:
        NoAdam: there is no such state, or it does not fit the network.
    """
    try:
        (group,) = optimizer_2018["param_groups"]
        states = _states_by_name(group["params"], optimizer_2018["state"], state_dict)
        new_states = {}
        for index, (name, shape) in enumerate(parameter_shapes.items()):
            if name not in states:
                raise NoAdam(f"it lacks {name}")
            new_states[index] = _translate_state(states[name], name, shape)
        first_beta, second_beta = group["betas"]
        new_group = {
            "params": list(new_states),
            "lr": float(group["lr"]),
            "betas": (float(first_beta), float(second_beta)),
            "eps": float(group["eps"]),
            "weight_decay": float(group["weight_decay"]),
            # As `src.training.build.build_optimizer` has it: a group that does not say so would
            # turn it off. What else a group lacks, PyTorch fills in with its defaults.
            "fused": True,
        }
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError):
        raise NoAdam("the checkpoint holds no state of Adam") from None
    return {"state": new_states, "param_groups": [new_group]}


def _states_by_name(ids: list, states_by_id: dict, state_dict: dict) -> dict[str, dict]:
    """Find each parameter's state, by the name that it has today.

    A parameter that never got a gradient has none, as the scale head of a supervised model.
    """
    names = [name for name in state_dict if not name.endswith(_BUFFERS)]
    if len(ids) != len(names):
        raise NoAdam(f"it is of {len(ids)} parameters, but the network has {len(names)}")
    states = {}
    for parameter_id, name in zip(ids, names, strict=True):
        if parameter_id in states_by_id:
            states[rename_parameter(name)] = states_by_id[parameter_id]
    return states


def _translate_state(state: dict, name: str, shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    """Turn one parameter's state into today's, where the count of steps is a tensor."""
    new_state = {"step": torch.tensor(float(state["step"]))}
    for moment in _MOMENTS:
        tensor = torch.as_tensor(state[moment])
        if tuple(tensor.shape) != shape:
            raise NoAdam(f"its {moment} of {name} has shape {tuple(tensor.shape)}, not {shape}")
        new_state[moment] = tensor.float().contiguous()
    return new_state
