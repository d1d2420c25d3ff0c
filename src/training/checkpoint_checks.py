"""What a checkpoint must hold for what its options call for, told before anything of it is used.

A checkpoint comes from a file that anybody may have written or damaged. PyTorch takes a good deal
over unseen: a moment of Adam of another shape, for instance, makes the fused optimiser write
outside its memory. So all that is used is looked at here first, without building a network.

Every function raises InputError, a line that names the file and the field, and returns nothing.
"""

import math
from numbers import Real

import numpy as np
import torch

from src.errors import InputError, shown
from src.metrics import CHOSEN
from src.skeletons import Skeleton, get_skeleton

# What options may be; the same ranges as on the command line.
_LARGEST_LINEAR_SIZE = 65536
_MOST_STAGES = 1000
_MOST_EPOCHS = 10**9
_MOST_STEPS = 10**15

# Options, and what identifies data, are some hundred values; a file that says more is no run's.
_MOST_VALUES = 10_000
_MOST_CHARACTERS = 100_000
_DEEPEST_NESTING = 8
_MOST_COLUMNS = 100  # of a log

# Parameters that may have no state of Adam: a scale that no term of the loss needs gets no
# gradient.
_MAY_LACK_STATE = ("scale_head.weight", "scale_head.bias")
_MOMENTS = ("exp_avg", "exp_avg_sq")


def check_model(checkpoint: dict, path, file_bytes: int):
    """Check what makes a model: options, epoch, statistics and weights, and what its data are.

    checkpoint: with these fields, which are of the right types themselves.
    file_bytes: the size of the file, which bounds that of the network.
    """
    options = checkpoint["options"]
    skeleton = check_options(options, path, file_bytes)
    _check_values(checkpoint["data"], path, "data")
    for part in ("train", "test"):
        if not isinstance(checkpoint["data"].get(part), dict | None):
            raise _damage(path, "data", f"{part} is no description of data")
    _check_count(checkpoint["epoch"], path, "epoch", at_most=_MOST_EPOCHS)
    if "step" in checkpoint:
        _check_count(checkpoint["step"], path, "step", at_most=_MOST_STEPS)
    if not isinstance(checkpoint.get("loaded_sha256"), str | None):
        raise _damage(path, "loaded_sha256", "it is no text")
    is_relative = "pose_3d" not in checkpoint["statistics"]
    if options.get("supervision", "") == ("full" if is_relative else "relative"):
        raise _damage(path, "statistics", f"they are not those of {options['supervision']}")
    _check_network(checkpoint["network"], options, skeleton, path, is_relative=is_relative)
    _check_statistics(checkpoint["statistics"], skeleton, path)


def check_progress(checkpoint: dict, path):
    """Check how far a run of today is: that epoch, step, history and best are of one run.

    checkpoint: has passed `check_model`, and has a step and a history of the right types.
    """
    epoch = checkpoint["epoch"]
    history = checkpoint["history"]
    if len(history) != epoch:
        raise _damage(path, "history", f"it has {len(history)} rows, but {epoch} epochs are done")
    if epoch == 0:
        raise _damage(path, "epoch", "it is 0")
    for number, row in enumerate(history, start=1):
        _check_row(row, number, path)
    if history[-1]["step"] != checkpoint["step"]:
        raise _damage(
            path,
            "step",
            f"it is {checkpoint['step']}, but the history ends at {history[-1]['step']}",
        )
    if "best" not in checkpoint:
        raise _damage(path, "best", "it is missing")
    if checkpoint["best"] is not None:
        is_of_photos = "annotations" in checkpoint["options"]
        _check_best(
            checkpoint["best"], history, path, chosen="wrong_labels" if is_of_photos else CHOSEN
        )


def check_optimizer(state_dict: dict, parameters: list[torch.nn.Parameter], options: dict, path):
    """Check that the state of Adam is one of these parameters.

    Its groups are not looked at, as hyper-parameters come from the options of the run.

    parameters: those of the network of ``options``, in its order.
    """
    problem = _problem_of_groups(state_dict, len(parameters))
    if problem is None:
        skeleton = get_skeleton(options["dataset_type"])
        is_relative = options["supervision"] == "relative"
        names = list(parameter_shapes(options, skeleton, is_relative=is_relative))
        for index, (name, parameter) in enumerate(zip(names, parameters, strict=True)):
            state = state_dict["state"].get(index)
            if state is None and name in _MAY_LACK_STATE:
                continue
            problem = _problem_of_state(state, parameter)
            if problem is not None:
                problem = f"{name}: {problem}"
                break
    if problem is not None:
        raise InputError(f"{path}: its optimiser state is damaged ({problem}); choose another run")


def check_options(options: dict, path, file_bytes: int) -> Skeleton:
    """Check the options that a network is built from, and return the skeleton that they name.

    file_bytes: the size of the file with the weights. A network that would not fit into it is
    refused before anybody builds it.
    """
    _check_values(options, path, "options")
    dataset_type = options.get("dataset_type")
    if not isinstance(dataset_type, str):
        raise _damaged_options(path, "dataset_type", dataset_type)
    try:
        skeleton = get_skeleton(dataset_type)
    except (InputError, RecursionError, ValueError, TypeError, LookupError) as error:
        raise _damage(path, "options", f"dataset_type: {str(error)[:300]}") from None

    is_right = {
        "linear_size": _is_whole(options.get("linear_size"), 1, _LARGEST_LINEAR_SIZE),
        "num_stage": _is_whole(options.get("num_stage"), 0, _MOST_STAGES),
        # Where it is missing, the statistics tell.
        "supervision": options.get("supervision", "full") in ("relative", "full"),
        "subtract_2d_root": isinstance(options.get("subtract_2d_root", True), bool),
        "reprojection": isinstance(options.get("reprojection", ""), str),
    }
    for name, is_option_right in is_right.items():
        if not is_option_right:
            raise _damaged_options(path, name, options.get(name))
    scale_range = options.get("scale_range")
    is_needed = options.get("supervision") != "full"
    if is_needed or scale_range is not None:
        is_number = isinstance(scale_range, Real) and not isinstance(scale_range, bool)
        if not is_number or not 0 < scale_range < math.inf:
            raise _damaged_options(path, "scale_range", scale_range)

    largest_layers = 2 * options["num_stage"] * options["linear_size"] ** 2
    if 4 * largest_layers > file_bytes:
        raise _damage(
            path,
            "options",
            f"--linear_size {options['linear_size']} and --num_stage {options['num_stage']} "
            "make a network that is larger than the file",
        )
    return skeleton


def parameter_shapes(
    options: dict, skeleton: Skeleton, *, is_relative: bool
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's parameters by name, in the order of `LiftingNetwork`."""
    width = options["linear_size"]
    shapes = {}
    if is_relative:
        shapes["output_multiplier"] = (3 * skeleton.num_joints,)
    for layer, num_inputs in _layers(options, skeleton).items():
        shapes[f"{layer}.linear.weight"] = (width, num_inputs)
        shapes[f"{layer}.linear.bias"] = (width,)
        shapes[f"{layer}.norm.weight"] = (width,)
        shapes[f"{layer}.norm.bias"] = (width,)
    shapes["pose_head.weight"] = (3 * skeleton.num_joints, width)
    shapes["pose_head.bias"] = (3 * skeleton.num_joints,)
    if is_relative:
        shapes["scale_head.weight"] = (1, width)
        shapes["scale_head.bias"] = (1,)
    return shapes


def buffer_shapes(options: dict, skeleton: Skeleton) -> dict[str, tuple[int, ...]]:
    """Return the shapes of what else a network's state dict holds, by name."""
    shapes = {}
    for layer in _layers(options, skeleton):
        shapes[f"{layer}.norm.running_mean"] = (options["linear_size"],)
        shapes[f"{layer}.norm.running_var"] = (options["linear_size"],)
        shapes[f"{layer}.norm.num_batches_tracked"] = ()
    return shapes


def _layers(options: dict, skeleton: Skeleton) -> dict[str, int]:
    """Return the number of inputs of every hidden layer by name."""
    layers = {"first": 2 * skeleton.num_joints}
    for stage in range(options["num_stage"]):
        layers[f"blocks.{stage}.0"] = options["linear_size"]
        layers[f"blocks.{stage}.1"] = options["linear_size"]
    return layers


def _check_network(network: dict, options: dict, skeleton: Skeleton, path, *, is_relative: bool):
    expected_shapes = parameter_shapes(options, skeleton, is_relative=is_relative)
    expected_shapes |= buffer_shapes(options, skeleton)
    missing = [name for name in expected_shapes if name not in network]
    unknown = [name for name in network if name not in expected_shapes]
    problem = None
    if missing:
        problem = f"{missing[0]} is missing"
    elif unknown:
        problem = f"{shown(unknown[0])} is unknown"
    else:
        for name, shape in expected_shapes.items():
            is_counter = name.endswith("num_batches_tracked")
            problem = _problem_of_tensor(
                network[name],
                shape,
                dtype=torch.int64 if is_counter else torch.float32,
                is_positive=is_counter or name.endswith("running_var"),
            )
            if problem is not None:
                problem = f"{name}: {problem}"
                break
    if problem is not None:
        raise InputError(
            f"{path}: its weights do not fit the network of its options ({problem}); "
            "choose another run"
        )


def _check_statistics(statistics: dict, skeleton: Skeleton, path):
    for name in statistics:
        if name not in ("pose_2d", "pose_3d", "limb_lengths"):
            raise _damage(path, "statistics", f"{shown(name)} is unknown")
    for name in ("pose_2d", "limb_lengths"):
        if name not in statistics:
            raise _damage(path, "statistics", f"{name} is missing")
    for name, dimensions in (("pose_2d", 2), ("pose_3d", 3)):
        if name in statistics:
            shape = (skeleton.num_joints, dimensions)
            _check_standardizer(statistics[name], shape, path, name)

    # Models of 2018 that were trained on photos alone have none, or those of another skeleton; who
    # needs them counts them.
    lengths = statistics["limb_lengths"]
    count = lengths.shape[-1] if isinstance(lengths, torch.Tensor) and lengths.dim() else 0
    problem = _problem_of_tensor(lengths, (1, count), dtype=torch.float32, is_positive=True)
    if problem is not None:
        raise _damage(path, "statistics", f"limb_lengths: {problem}")


def _check_standardizer(values, shape: tuple[int, int], path, name: str):
    if not isinstance(values, dict) or set(values) != {"mean", "std"}:
        raise _damage(path, "statistics", f"{name}: expected mean and std")
    for field in ("mean", "std"):
        problem = _problem_of_tensor(
            values[field], shape, dtype=torch.float32, is_positive=field == "std"
        )
        if problem is not None:
            raise _damage(path, "statistics", f"{name}: {field}: {problem}")
    # A root that is subtracted never varies, but something must.
    if not values["std"].any():
        raise _damage(path, "statistics", f"{name}: std: all of it is 0")


def _check_row(row, number: int, path):
    """Check a row of the history, that of epoch ``number``."""
    if not isinstance(row, dict) or len(row) > _MOST_COLUMNS:
        raise _damage(path, "history", f"row {number} is no row of a log")
    for name, value in row.items():
        if not isinstance(name, str) or type(value) not in (int, float):
            raise _damage(path, "history", f"row {number}: expected numbers by name")
    if not _is_whole(row.get("epoch"), number, number):
        raise _damage(path, "history", f"row {number} is not of epoch {number}")
    _check_count(row.get("step"), path, "history", at_most=_MOST_STEPS)


def _check_best(best, history: list[dict], path, *, chosen: str):
    """Check the means of the best tested epoch. chosen: the one that decides which that is."""
    if not isinstance(best, dict) or not _is_whole(best.get("epoch"), 1, len(history)):
        raise _damage(path, "best", f"expected an epoch of {len(history)} and its errors")
    if chosen not in best:
        raise _damage(path, "best", f"it lacks {chosen}")
    row = history[best["epoch"] - 1]
    for name, value in best.items():
        is_error = type(value) in (int, float) and 0 <= value < math.inf
        if not isinstance(name, str) or not is_error:
            raise _damage(path, "best", f"{str(name)[:80]} is {str(value)[:80]}")
        if row.get(name, value) != value:
            raise _damage(path, "best", f"its {name} is not that of epoch {best['epoch']}")


def _problem_of_groups(state_dict: dict, num_parameters: int) -> str | None:
    """Tell whether the state of Adam is of other parameters than all of a network's, and how."""
    states = state_dict.get("state")
    groups = state_dict.get("param_groups")
    if not isinstance(states, dict) or not isinstance(groups, list) or len(groups) != 1:
        return "expected state and one param_groups"
    indices = groups[0].get("params") if isinstance(groups[0], dict) else None
    if not isinstance(indices, list) or not all(type(index) is int for index in indices):
        return "its group has no params"
    if indices != list(range(num_parameters)):
        return f"it is of {len(indices)} parameters, not of {num_parameters} in their order"
    if not all(type(index) is int and 0 <= index < num_parameters for index in states):
        return "it is of unknown parameters"
    return None


def _problem_of_state(state, parameter: torch.nn.Parameter) -> str | None:
    """Tell what is wrong with the state of Adam of one parameter; None if nothing is."""
    if not isinstance(state, dict) or set(state) != {"step", *_MOMENTS}:
        return f"expected step, {' and '.join(_MOMENTS)}"
    shape = tuple(parameter.shape)
    for name in _MOMENTS:
        problem = _problem_of_tensor(
            state[name], shape, dtype=parameter.dtype, is_positive=name == "exp_avg_sq"
        )
        if problem is not None:
            return f"{name}: {problem}"
    problem = _problem_of_tensor(state["step"], (), dtype=torch.float32, is_positive=True)
    if problem is not None:
        return f"step: {problem}"
    step = state["step"].item()
    if step < 1 or step != int(step) or step > _MOST_STEPS:
        return f"step: it is {step:g}"
    return None


def _problem_of_tensor(
    tensor, shape: tuple[int, ...], *, dtype: torch.dtype, is_positive: bool
) -> str | None:
    """Tell what is wrong with a tensor; None if nothing is. is_positive: or 0, everywhere."""
    if not isinstance(tensor, torch.Tensor):
        return "it is no tensor"
    if tuple(tensor.shape) != shape:
        return f"it has shape {tuple(tensor.shape)}, not {shape}"
    if tensor.dtype != dtype:
        return f"it is {tensor.dtype}, not {dtype}"
    if not tensor.is_contiguous():
        return f"it has strides {tensor.stride()}"
    # numpy, as it takes one thread: where others keep the processors busy, PyTorch's threads wait
    # for each other in every one of these, half a second in all for a network of usual size.
    values = tensor.numpy()
    if not np.isfinite(values).all():
        return "it is not finite"
    if is_positive and not (values >= 0).all():
        return "it has negative numbers"
    return None


def _check_values(values: dict, path, field: str):
    """Check that a dict holds plain values, in dicts and lists, of a number that can be looked at.

    A pickle of some bytes can hold lists that hold each other twice, again and again.
    """
    num_values = 0
    waiting = [(values, 0)]
    while waiting:
        value, depth = waiting.pop()
        num_values += 1
        if num_values > _MOST_VALUES or depth > _DEEPEST_NESTING:
            raise _damage(path, field, "it holds too much")
        if type(value) is dict:
            if not all(isinstance(name, str) for name in value):
                raise _damage(path, field, "it has names that are no text")
            waiting += [(item, depth + 1) for item in (*value, *value.values())]
        elif type(value) in (list, tuple):
            waiting += [(item, depth + 1) for item in value]
        elif isinstance(value, str):
            if len(value) > _MOST_CHARACTERS:
                raise _damage(path, field, "it holds too long a text")
        elif type(value) is int:
            if abs(value) >= 2**63:
                raise _damage(path, field, "it holds too large a number")
        elif value is not None and type(value) not in (bool, float):
            raise _damage(path, field, "it holds something else than numbers and texts")


def _check_count(value, path, field: str, *, at_most: int):
    if not _is_whole(value, 0, at_most):
        raise _damage(path, field, f"expected a number from 0 to {at_most}, found {shown(value)}")


def _is_whole(value, at_least: int, at_most: int) -> bool:
    return type(value) is int and at_least <= value <= at_most


def _damaged_options(path, name: str, value) -> InputError:
    return _damage(path, "options", f"{name} is {shown(value)}")


def _damage(path, field: str, reason: str) -> InputError:
    verb = "are" if field in ("options", "statistics", "data") else "is"
    return InputError(f"{path}: its {field} {verb} damaged ({reason}); choose another run")
