"""Runs that are interrupted, finished, or loaded by others: all of it stands behind this door.

A training script calls, in this order, `finished_result` (is there anything left to do?),
`read_source` (what does --load bring?), `resume` (where to go on?), and `save_epoch` at the end of
every epoch. Checkpoints are dicts of tensors and plain values:

    options, data, statistics     what the run is
    network, optimizer            weights and Adam's state (best.pt holds the weights only)
    epoch, step, best, history    how far it has come (best.pt holds the epoch only)
    loaded_sha256                 the hash of the checkpoint that --load began with, if any

Where another run is loaded, a folder of the authors' 2018 code is taken as well.
"""

from dataclasses import dataclass, field
from pathlib import Path

import torch

from src.errors import InputError
from src.files import file_sha256
from src.legacy_2018 import CHECKPOINT_2018, load_run_2018
from src.skeletons import get_skeleton
from src.standardize import Statistics
from src.training import checkpoint_checks
from src.training.checkpoint_file import read_torch_file
from src.training.engine import LiftingModel
from src.training.evaluation import Evaluation
from src.training.run_folder import RunFolder

# What a checkpoint must hold to be one of ours, and to go on from.
_FIELDS = {"epoch": int, "options": dict, "network": dict, "statistics": dict, "data": dict}
_FIELDS_TO_RESUME = {**_FIELDS, "step": int, "history": list, "optimizer": dict}
# What every result.json must hold.
_RESULT_FIELDS = {"epoch": int, "frames": int, "data": dict}
# Of the content of the data's files, see `src.data.arrays.PoseArrays.describe`.
_SAMPLES = "sha256_of_samples"
# Options that decide which weights fit, and what input these expect.
_NETWORK_OPTIONS = (
    "dataset_type",
    "supervision",
    "linear_size",
    "num_stage",
    "subtract_2d_root",
    "scale_range",
)


@dataclass
class State:
    """How far a run is: whole epochs, steps, the best tested epoch's means, a log row per epoch."""

    epoch: int = 0
    step: int = 0
    best: dict | None = None
    history: list[dict] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """The run that --load names, as far as a run that begins or goes on needs it.

    Attributes:
        epoch: how many epochs the weights were trained.
        statistics: those of the loaded run.
        checkpoint: its content; None if this run has begun and goes on from its own weights, so
            that the loaded run may have been deleted.
        path: the folder that --load names.
        sha256: the hash of the checkpoint that this run began with.
    """

    epoch: int
    statistics: Statistics
    checkpoint: dict | None
    path: str
    sha256: str | None


def finished_result(run: RunFolder, options: dict, fields: dict[str, type]) -> dict | None:
    """Return the result in the folder, and say so, if the options ask for no more; else None.

    options: as plain values; fields: name -> type of what result.json must hold beside what all
    results do. A test of another run counts as finished only while that run's last.pt is the one
    that was tested.

    Raises InputError if the folder holds a run with other options, or a result.json that is none.
    """
    if run.has(CHECKPOINT_2018):
        raise InputError(f"{run.path}: holds a run of the 2018 code; choose another --exp")
    run.check_options(options)
    result = run.read_json("result.json")
    if result is None:
        return None
    if not _holds(result, _RESULT_FIELDS | fields):
        raise InputError(
            f"{run.path / 'result.json'}: is no result of a run; "
            "move it away or choose another --exp"
        )
    load = options["load"]
    sha256_now = file_sha256(last_checkpoint(load)) if load else None
    if sha256_now is not None and result.get("loaded_sha256") not in (None, sha256_now):
        raise InputError(
            f"{run.path}: began with another state of {load} than that is in now; "
            "choose another --exp"
        )
    if options["eval_only"]:
        is_finished = sha256_now in (None, result.get("tested_sha256"))
    else:
        is_finished = result["epoch"] >= options["epochs"]
    if not is_finished:
        return None
    print(
        f"finished already, nothing to do: {run.path} holds the result of {result['epoch']} epochs"
    )
    return result


def read_source(run: RunFolder, options: dict) -> Source | None:
    """Read the run that --load names; None without --load.

    A run that has begun goes on from its own weights; what it needs of the loaded run (statistics)
    is in its own checkpoint. Raises InputError if the loaded run's network is not the one that the
    options ask for.
    """
    load = options["load"]
    if not load:
        return None
    has_begun = run.has("last.pt") and not options["eval_only"]
    if has_begun:
        checkpoint, _ = read_run(run.path, "--exp")
        sha256 = checkpoint.get("loaded_sha256")
    else:
        checkpoint = _read_matching_run(load, options)
        sha256 = file_sha256(last_checkpoint(load))
    return Source(
        epoch=checkpoint["epoch"],
        statistics=Statistics.from_state(checkpoint["statistics"]),
        checkpoint=None if has_begun else checkpoint,
        path=load,
        sha256=sha256,
    )


def load_source_weights(model: LiftingModel, source: Source | None):
    """Put the weights that --load brings, if any, into the network."""
    if source is not None and source.checkpoint is not None:
        load_weights(model.network, source.checkpoint, source.path)


def resume(
    run: RunFolder, model: LiftingModel, optimizer: torch.optim.Optimizer, options: dict, data: dict
) -> State:
    """Put the last whole epoch of the folder, if any, into network and optimiser.

    Returns how far the run is: a new State if it has not begun. Raises InputError if that epoch was
    trained with other options or on other data.
    """
    path = run.path / "last.pt"
    if not path.exists():
        return State()
    checkpoint = _load_fields(path, _FIELDS_TO_RESUME)
    file_bytes = path.stat().st_size
    checkpoint_checks.check_options(checkpoint["options"], path, file_bytes)
    run.check_options(options, checkpoint["options"])
    checkpoint_checks.check_model(checkpoint, path, file_bytes)
    checkpoint_checks.check_progress(checkpoint, path)
    if not _are_same_data(checkpoint["data"], data):
        raise InputError(
            f"{run.path}: the data have changed since this run began; choose another --exp"
        )
    load_weights(model.network, checkpoint, path)
    _load_optimizer(optimizer, checkpoint, path)
    return State(
        epoch=checkpoint["epoch"],
        step=checkpoint["step"],
        best=checkpoint["best"],
        history=checkpoint["history"],
    )


def take_over_optimizer(optimizer: torch.optim.Optimizer, source: Source | None, state: State):
    """Begin with the optimiser and the step count of the run that --load names (fine-tuning).

    Does nothing if the run has begun already. Where a run of the 2018 code has no optimiser that
    can be taken over, a new one begins at its step count, and the command says so. Raises
    InputError if a run of today has none.
    """
    if source is None or source.checkpoint is None:
        return
    problem = source.checkpoint.get("optimizer_problem")
    if problem is not None:
        state.step = source.checkpoint["step"]
        print(
            f"note: --load {source.path}: its optimiser cannot be taken over, as {problem}; "
            f"a new one begins, at step {state.step:,}"
        )
        return
    if not _holds(source.checkpoint, {"step": int, "optimizer": dict}):
        raise InputError(
            f"--load {source.path}: holds weights without their optimiser; add --fresh_optimizer"
        )
    _load_optimizer(optimizer, source.checkpoint, source.path)
    state.step = source.checkpoint["step"]


def describe_run(options: dict, statistics: Statistics, data: dict, source: Source | None) -> dict:
    """Collect what every checkpoint of a run holds beside its state."""
    description = {"options": options, "statistics": statistics.state(), "data": data}
    if source is not None and source.sha256:
        description["loaded_sha256"] = source.sha256
    return description


def save_epoch(
    run: RunFolder,
    state: State,
    model: LiftingModel,
    optimizer: torch.optim.Optimizer,
    description: dict,
    row: dict,
    tested: Evaluation | None,
):
    """Take an epoch into the state and write best.pt (if it is the best), last.pt and log.csv.

    A crash between two of these files repeats the epoch, to the same numbers.

    Args:
        description: what every checkpoint of the run holds, see `describe_run`.
        row: the epoch's row of the log; it holds "epoch" and "step".
        tested: what the epoch's test has measured; None if it was not tested.
    """
    network = {name: tensor.cpu() for name, tensor in model.network.state_dict().items()}
    best = state.best
    if tested is not None and tested.is_better_than(best):
        best = {"epoch": row["epoch"], **tested.logged}
        checkpoint = {**description, "network": network, "epoch": row["epoch"]}
        run.save_checkpoint("best.pt", checkpoint)

    history = [*state.history, row]
    checkpoint = {
        **description,
        "epoch": row["epoch"],
        "step": row["step"],
        "best": best,
        "history": history,
        "network": network,
        "optimizer": optimizer.state_dict(),
    }
    run.save_checkpoint("last.pt", checkpoint)
    state.epoch = row["epoch"]
    state.step = row["step"]
    state.best = best
    state.history = history
    run.write_log(history)


def load_checkpoint(path) -> dict:
    """Read the tensors and plain values of a checkpoint, onto the CPU.

    Nothing in the file is executed. Raises InputError if it can't be read, or is damaged.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(
            f"{path}: no such file; expected the checkpoint of a run, or {CHECKPOINT_2018} "
            "of the 2018 code"
        )
    if not path.is_file():  # such as a pipe, which somebody would have to write into
        raise InputError(f"{path}: is no file; expected the checkpoint of a run")
    try:
        return read_torch_file(path)
    except InputError as error:
        raise InputError(
            f"{path}: is no checkpoint that can be read without executing what it says: "
            f"{str(error)[:200]}"
        ) from None
    except Exception as error:  # whatever a damaged or foreign file provokes
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path}: is no checkpoint that can be read without executing what it says, "
            f"or is damaged ({type(error).__name__}: {reason}); copy it again"
        ) from None


def last_checkpoint(folder) -> Path:
    """Name the file with the last checkpoint of a run's folder, or of one of the 2018 code.

    The file may be absent. Where there are both, it is the one of today.
    """
    path = Path(folder) / "last.pt"
    path_2018 = Path(folder) / CHECKPOINT_2018
    if path_2018.exists() and not path.exists():
        return path_2018
    return path


def read_run(folder, option: str) -> tuple[dict, Path]:
    """Read the last checkpoint of a run's folder, which the command-line option `option` names.

    A folder of the authors' 2018 code is taken as well. Returns the content of the checkpoint, in
    today's form, and its path. Raises InputError if there is none, or if it is damaged.
    """
    checkpoint, path = _read_run_unchecked(folder, option)
    checkpoint_checks.check_model(checkpoint, path, path.stat().st_size)
    return checkpoint, path


def _read_run_unchecked(folder, option: str) -> tuple[dict, Path]:
    """Do what `read_run` does, but check no more than that the fields are there."""
    if Path(folder).is_file():
        raise InputError(f"{option} {folder}: is a file; give the folder of a run")
    path = last_checkpoint(folder)
    if path.name == CHECKPOINT_2018:
        return load_run_2018(folder), path
    return _load_fields(path, _FIELDS), path


def load_weights(network: torch.nn.Module, checkpoint: dict, path):
    """Put a checkpoint's weights into a network.

    Raises InputError, naming `path`, if they are another network's.
    """
    try:
        network.load_state_dict(checkpoint["network"])
    except (RuntimeError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path}: its weights do not fit the network of its options ({reason})"
        ) from None


def _read_matching_run(folder, options: dict) -> dict:
    """Read another run's last checkpoint; InputError if its network is not what options ask for."""
    checkpoint, path = _read_run_unchecked(folder, "--load")
    file_bytes = path.stat().st_size
    # That another network was asked for is said first: it explains what else does not fit.
    checkpoint_checks.check_options(checkpoint["options"], path, file_bytes)
    for name in _NETWORK_OPTIONS:
        loaded = checkpoint["options"].get(name)
        wanted = options[name]
        if loaded == wanted:
            continue
        # Skeletons of different names may have the same joints, as human36_14k and lsp_14k do.
        if name == "dataset_type" and get_skeleton(loaded).joints == get_skeleton(wanted).joints:
            continue
        raise InputError(
            f"{path}: was trained with --{name} {loaded}, not {wanted}; give the same here"
        )
    checkpoint_checks.check_model(checkpoint, path, file_bytes)
    return checkpoint


def _load_fields(path: Path, fields: dict[str, type]) -> dict:
    """Read a checkpoint that has fields of these names and types. Raises InputError."""
    checkpoint = load_checkpoint(path)
    if not _holds(checkpoint, fields):
        raise InputError(
            f"{path}: is no checkpoint of a run; expected a dict with {', '.join(fields)}"
        )
    return checkpoint


def _holds(content, fields: dict[str, type]) -> bool:
    """Tell whether content is a dict with fields of these names and types."""
    if not isinstance(content, dict):
        return False
    return all(isinstance(content.get(name), type_) for name, type_ in fields.items())


def _load_optimizer(optimizer: torch.optim.Optimizer, checkpoint: dict, path):
    """Put a checkpoint's moments and step counts into an optimiser.

    Hyper-parameters stay as the options have them, whatever the file says. The fused Adam goes over
    a moment as if it lay in memory as its parameter does: so each is checked, and copied into
    memory that does. Raises InputError if they are not of these parameters.
    """
    state_dict = optimizer.state_dict()
    parameters = optimizer.param_groups[0]["params"]
    checkpoint_checks.check_optimizer(
        checkpoint["optimizer"], parameters, checkpoint["options"], path
    )
    for index, state in checkpoint["optimizer"]["state"].items():
        copied_state = {"step": state["step"].clone()}
        for name in ("exp_avg", "exp_avg_sq"):
            copied_state[name] = torch.empty_like(parameters[index].detach()).copy_(state[name])
        state_dict["state"][index] = copied_state
    optimizer.load_state_dict(state_dict)


def _are_same_data(earlier: dict, data: dict) -> bool:
    """Tell whether two descriptions are of the same data, whatever their notes say.

    Samples of the files are compared where both have them: earlier versions took none.
    """
    for part in ("train", "test"):
        identities = []
        for description in (earlier.get(part), data.get(part)):
            values = {} if description is None else dict(description)
            values.pop("notes", None)
            identities.append(values)
        earlier_values, values = identities
        if _SAMPLES not in earlier_values or _SAMPLES not in values:
            earlier_values.pop(_SAMPLES, None)
            values.pop(_SAMPLES, None)
        if earlier_values != values:
            return False
    return True
