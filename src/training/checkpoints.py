"""The loop over epochs: train, test, keep the best, save; going on from the last whole epoch."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from src.errors import InputError, Interrupted
from src.files import file_sha256
from src.metrics import summarize
from src.skeletons import get_skeleton
from src.training import engine
from src.training.run_folder import RunFolder, load_checkpoint


@dataclass
class State:
    """How far a run is: epochs and steps done, the best tested epoch's means, a log row per epoch."""

    epoch: int = 0
    step: int = 0
    best: dict | None = None
    history: list[dict] = field(default_factory=list)


class Test(NamedTuple):
    """How a model is tested. run: model -> tuple that begins with named numbers; logged: those of them that a log row
    holds; chosen: the one that decides which epoch is the best, the smaller the better."""

    run: Callable
    logged: tuple[str, ...]
    chosen: str


def test_model(model, data: engine.TestData, batch: int) -> tuple[dict, dict, dict]:
    """-> (named means as `metrics.summarize`, joint errors by alignment, poses), see `engine.predict_and_compare`."""
    errors, poses = engine.predict_and_compare(model, data, batch)
    return summarize(errors, data.actions, data.joints), errors, poses


def fit(
    run: RunFolder,
    trainee: engine.Trainee,
    recipe: engine.Recipe,
    *,
    data,
    test: Test,
    extras,
    state: State,
    report,
):
    """Train up to ``recipe.epochs`` and return what the test of the last epoch returns. Raises Interrupted on Ctrl-C.

    data: `engine.TrainingData`; extras: what checkpoints hold beside the state; report: has ``progress``, ``epoch``.
    """
    tested = None
    try:
        for epoch in range(state.epoch + 1, recipe.epochs + 1):
            start = time.monotonic()
            step, losses = engine.train_epoch(
                trainee, data, recipe, epoch=epoch, step=state.step, progress=report.progress
            )
            row = {"epoch": epoch, "step": step, "lr": recipe.schedule.at(step), **losses}
            tested = None
            if epoch % recipe.test_every == 0:
                tested = test.run(trainee.model)
                row |= {name: tested[0][name] for name in test.logged}
            row["seconds"] = round(time.monotonic() - start, 2)
            _keep(run, trainee, state, row=row, extras=extras, test=test)
            report.epoch(row, recipe.epochs)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; {state.epoch} whole epochs are in {run.path}: the same command goes on from there"
        ) from None
    return tested or test.run(trainee.model)


def _keep(
    run: RunFolder, trainee: engine.Trainee, state: State, *, row: dict, extras: dict, test: Test
):
    """Take the epoch into the state; write best.pt (if it is), last.pt and log.csv in this order: a crash in between
    repeats the epoch to the same numbers."""
    best = state.best
    network = {name: tensor.cpu() for name, tensor in trainee.model.network.state_dict().items()}
    if test.chosen in row and (best is None or row[test.chosen] < best[test.chosen]):
        best = {name: row[name] for name in ("epoch", *test.logged)}
        run.save_checkpoint("best.pt", {**extras, "network": network, "epoch": row["epoch"]})
    following = State(
        epoch=row["epoch"], step=row["step"], best=best, history=[*state.history, row]
    )
    optimizer = trainee.optimizer.state_dict()
    run.save_checkpoint(
        "last.pt", {**extras, **vars(following), "network": network, "optimizer": optimizer}
    )
    vars(state).update(vars(following))
    run.write_log(state.history)


def finished_result(run: RunFolder, options: dict, wanted: dict) -> dict | None:
    """The folder's result.json if the options ask for no more than it has, else None. wanted: its {key: type}.

    A test of another run is done again if that run's last.pt is no longer the one that was tested.
    """
    result = run.read_json("result.json")
    if result is None:
        return None
    if not _holds(result, {"epoch": int, "frames": int, "data": dict, **wanted}):
        raise InputError(
            f"{run.path / 'result.json'}: is no result of a run; move it away or choose another --exp"
        )
    load = options["load"]
    now = file_sha256(Path(load) / "last.pt") if load else None
    if now is not None and result.get("loaded_sha256") not in (None, now):
        raise InputError(
            f"{run.path}: began with another state of {load} than that is in now; choose another --exp"
        )
    if options["eval_only"]:
        return result if now in (None, result.get("tested_sha256")) else None
    return result if result["epoch"] >= options["epochs"] else None


# What a checkpoint must hold to be one of ours.
_KEYS = {"epoch": int, "options": dict, "network": dict, "statistics": dict, "data": dict}
_STATE_KEYS = {**_KEYS, "step": int, "history": list, "optimizer": dict}


def _holds(content, wanted: dict) -> bool:
    return isinstance(content, dict) and all(
        isinstance(content.get(key), kind) for key, kind in wanted.items()
    )


def _load_checked(path: Path, keys: dict) -> dict:
    checkpoint = load_checkpoint(path)
    if not _holds(checkpoint, keys):
        raise InputError(
            f"{path}: is no checkpoint of a run; expected a dict with {', '.join(keys)}"
        )
    return checkpoint


def load_weights(network, checkpoint: dict, path):
    """Put a checkpoint's weights into the network. Raises InputError if they are another network's."""
    try:
        network.load_state_dict(checkpoint["network"])
    except (RuntimeError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path}: its weights do not fit the network of its options ({reason})"
        ) from None


def resume(run: RunFolder, trainee: engine.Trainee, options: dict, data: dict) -> State:
    """Put the last whole epoch of the folder into the trainee; a new State if there is none.

    Raises InputError if that epoch was trained with other options or on other data.
    """
    path = run.path / "last.pt"
    if not path.exists():
        return State()
    checkpoint = _load_checked(path, _STATE_KEYS)
    run.check_options(options, checkpoint["options"])
    if _identity(checkpoint["data"]) != _identity(data):
        raise InputError(
            f"{run.path}: the data have changed since this run began; choose another --exp"
        )
    load_weights(trainee.model.network, checkpoint, path)
    _load_optimizer(trainee, checkpoint, path)
    return State(**{name: checkpoint[name] for name in ("epoch", "step", "best", "history")})


def _load_optimizer(trainee: engine.Trainee, checkpoint: dict, path):
    try:
        trainee.optimizer.load_state_dict(checkpoint["optimizer"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: its optimiser state is damaged ({error}); choose another run"
        ) from None


def _identity(data: dict) -> list:
    """What tells data sets apart: all of a description but the words."""
    parts = [data.get(part) or {} for part in ("train", "test")]
    return [{name: value for name, value in part.items() if name != "notes"} for part in parts]


# Options that decide which weights fit and what input they expect.
_NETWORK_OPTIONS = (
    "dataset_type",
    "supervision",
    "linear_size",
    "num_stage",
    "subtract_2d_root",
    "scale_range",
)


def read_run(folder, option: str) -> tuple[dict, Path]:
    """The last checkpoint of a run's folder, which ``option`` names, and its path. Raises InputError."""
    path = Path(folder) / "last.pt"
    if Path(folder).is_file():
        raise InputError(f"{option} {folder}: is a file; give the folder of a run")
    return _load_checked(path, _KEYS), path


def load_run(folder, options: dict) -> dict:
    """The last checkpoint of another run's folder. Raises InputError if its network is not what the options ask for."""
    checkpoint, path = read_run(folder, "--load")
    for name in _NETWORK_OPTIONS:
        found, asked = checkpoint["options"].get(name), options[name]
        same_joints = (
            name == "dataset_type" and get_skeleton(found).joints == get_skeleton(asked).joints
        )
        if found != asked and not same_joints:
            raise InputError(
                f"{path}: was trained with --{name} {found}, not {asked}; give the same here"
            )
    return checkpoint


def take_over(trainee: engine.Trainee, checkpoint: dict, path) -> int:
    """Go on with another run's optimiser: put its state into the trainee's -> steps done there. Raises InputError."""
    if not _holds(checkpoint, {"step": int, "optimizer": dict}):
        raise InputError(
            f"--load {path}: holds weights without their optimiser; add --fresh_optimizer"
        )
    _load_optimizer(trainee, checkpoint, path)
    return checkpoint["step"]
