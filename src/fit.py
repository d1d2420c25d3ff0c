"""The loop over epochs: train, test, keep the best, save; going on from the last whole epoch."""

import time
from dataclasses import dataclass, field

from src import engine, seeding
from src.errors import InputError, Interrupted
from src.metrics import CHOSEN, MEANS, summarize
from src.runs import RunFolder, load_checkpoint


@dataclass
class State:
    """How far a run is: epochs and steps done, the best tested epoch's means, a log row per epoch."""

    epoch: int = 0
    step: int = 0
    best: dict | None = None
    history: list[dict] = field(default_factory=list)


def test_model(model, data: engine.TestData, batch: int) -> tuple[dict, dict, dict]:
    """-> (named means as `metrics.summarize`, joint errors by alignment, poses), see `engine.predict_and_compare`."""
    errors, poses = engine.predict_and_compare(model, data, batch)
    return summarize(errors, data.actions, data.joints), errors, poses


test_model.__test__ = False


def fit(run: RunFolder, options, trainee: engine.Trainee, data, test_data, *, extras: dict, state: State, report):
    """Train up to ``options.epochs`` and return the last epoch's `test_model`.

    After each epoch best.pt (if it is), last.pt and log.csv are written, in this order: a crash in between repeats the
    epoch to the same numbers. extras: what checkpoints hold beside the state. Raises Interrupted on Ctrl-C.
    """
    schedule = engine.Schedule(options.lr, options.lr_decay, options.lr_gamma)
    tested = None
    try:
        for epoch in range(state.epoch + 1, options.epochs + 1):
            start = time.monotonic()
            plan = engine.EpochPlan(
                epoch=epoch,
                step=state.step,
                batch=options.train_batch,
                schedule=schedule,
                max_norm=1.0 if options.max_norm else float("inf"),
                order=seeding.generator(options.seed, "order", epoch),
                visits=seeding.generator(options.seed, "visits", epoch),
                dropout_seed=seeding.torch_seed(options.seed, "dropout", epoch),
                progress=report.progress,
            )
            step, losses = engine.train_epoch(trainee, data, plan)
            row = {"epoch": epoch, "step": step, "lr": schedule.at(step), **losses}
            if epoch % options.test_step == 0 or epoch == options.epochs:
                tested = test_model(trainee.model, test_data, options.test_batch)
                row |= {f"{mean}_mm": tested[0][f"{mean}_mm"] for mean in MEANS.values()}
            row["seconds"] = round(time.monotonic() - start, 2)
            _keep(run, trainee, state, row, extras)
            report.epoch(row, options.epochs)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; {state.epoch} whole epochs are in {run.path}: the same command goes on from there"
        ) from None
    return tested or test_model(trainee.model, test_data, options.test_batch)


def _keep(run: RunFolder, trainee: engine.Trainee, state: State, row: dict, extras: dict):
    """Take the epoch into the state and write the state."""
    best = state.best
    network = {name: tensor.cpu() for name, tensor in trainee.model.network.state_dict().items()}
    if CHOSEN in row and (best is None or row[CHOSEN] < best[CHOSEN]):
        best = {name: row[name] for name in ("epoch", *(f"{mean}_mm" for mean in MEANS.values()))}
        run.save_checkpoint("best.pt", {**extras, "network": network, "epoch": row["epoch"]})
    following = State(epoch=row["epoch"], step=row["step"], best=best, history=[*state.history, row])
    optimizer = trainee.optimizer.state_dict()
    run.save_checkpoint("last.pt", {**extras, **vars(following), "network": network, "optimizer": optimizer})
    vars(state).update(vars(following))
    run.write_log(state.history)


def resume(run: RunFolder, model, optimizer, data_description: dict) -> State:
    """Put the last whole epoch of the folder into model and optimiser; a new State if there is none."""
    checkpoint = run.load_checkpoint("last.pt")
    if checkpoint is None:
        return State()
    if checkpoint["data"] != data_description:
        raise InputError(f"{run.path}: the data have changed since this run began; choose another --exp")
    model.network.load_state_dict(checkpoint["network"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return State(**{name: checkpoint[name] for name in ("epoch", "step", "best", "history")})


# Options that decide which weights fit.
_SHAPE_OPTIONS = ("dataset_type", "supervision", "linear_size", "num_stage")


def load_run(folder, options) -> dict:
    """The last checkpoint of another run's folder. Raises InputError if its network is not what the options ask for."""
    path = f"{folder}/last.pt"
    checkpoint = load_checkpoint(path)
    if not isinstance(checkpoint, dict) or not {"options", "network", "statistics", "epoch"} <= checkpoint.keys():
        raise InputError(f"{path}: is no checkpoint of this project; expected the folder of a run")
    for name in _SHAPE_OPTIONS:
        found, asked = checkpoint["options"][name], getattr(options, name)
        if found != asked:
            raise InputError(f"{path}: was trained with --{name} {found}, not {asked}; give --{name} {found}")
    return checkpoint
