"""The way that both training scripts go: parse, load, build, fit, report. What differs between them is a task.

A task (`src.human36.Human36`, `src.lsp.Lsp`) is made from the options and, where they name another run, its checkpoint.
It has ``data`` (a description), ``statistics``, ``lines()`` on its data, ``training_data(device)``, ``test(device)``
(a `fit.Test`) and ``save(run, tested, history=, title=)``; its class has ``RESULT`` (what result.json must hold,
{key: type}) and ``lines_of_result(result, run)``.
"""

from pathlib import Path

from opts.parsing import describe, run_options
from src.errors import InputError
from src.files import file_sha256
from src.skeletons import get_skeleton
from src.training import build, report
from src.training.checkpoints import (
    State,
    finished_result,
    fit,
    load_run,
    load_weights,
    read_run,
    resume,
    take_over,
)
from src.training.engine import Trainee
from src.training.run_folder import RunFolder, environment


def run_task(script: str, task_type, parse_options, argv):
    """One command: parse, then do what is left to do in the run folder, and print its result. Raises InputError."""
    options, differences = parse_options(argv)
    if options.dry_run:
        print(describe(script, options, differences))
        return
    device = build.pick_device(options)
    with RunFolder(Path(options.ckpt) / options.exp) as run:
        run.check_options(run_options(options))
        result = finished_result(run, run_options(options), task_type.RESULT)
        if result is None:
            result = _compute(run, options, task_type, device)
        else:
            print(
                f"finished already, nothing to do: {run.path} holds the result of {result['epoch']} epochs"
            )
        try:
            lines = task_type.lines_of_result(result, run)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            damaged = f"{run.path / 'result.json'}: is damaged ({error!r})"
            raise InputError(f"{damaged}; move it away, and run again") from None
        print("\n".join(lines))


def _compute(run: RunFolder, options, task_type, device) -> dict:
    """Train (or load) and test; writes and returns the result."""
    plain = run_options(options)
    # A run that has begun goes on from its own weights and needs the other's no more.
    begun = run.has("last.pt") and not options.eval_only
    loaded = load_run(options.load, plain) if options.load and not begun else None
    source = read_run(run.path, "--exp")[0] if options.load and begun else loaded
    task = task_type(options, source)
    loaded_sha256 = (
        file_sha256(Path(options.load) / "last.pt")
        if loaded
        else (source or {}).get("loaded_sha256")
    )
    print("\n".join(task.lines()))
    model = build.build_model(options, task.statistics, device)
    if loaded is not None:
        load_weights(model.network, loaded, options.load)
    test = task.test(device)
    if options.eval_only:
        state, tested = State(epoch=loaded["epoch"]), test.run(model)
    else:
        recipe, training_data = build.build_recipe(options), task.training_data(device)
        trainee = Trainee(
            model, build.build_criterion(options), build.build_optimizer(model, options)
        )
        state = resume(run, trainee, plain, task.data)
        if loaded is not None and task_type.TAKES_OVER_OPTIMIZER and not options.fresh_optimizer:
            state.step = take_over(trainee, loaded, options.load)
    run.write_json("options.json", plain)
    run.write_json("environment.json", environment(device))
    if not options.eval_only:
        extras = {"options": plain, "statistics": task.statistics.state(), "data": task.data}
        extras |= {"loaded_sha256": loaded_sha256} if loaded_sha256 else {}
        with report.Report(training_data.steps(recipe.batch), recipe.epochs, state) as progress:
            on = {"data": training_data, "test": test}
            tested = fit(run, trainee, recipe, **on, extras=extras, state=state, report=progress)
    result = {
        **tested[0],
        **{
            "epoch": state.epoch,
            "which": "last",
            "best": state.best,
            "frames": task.data["test"]["frames"],
        },
        **{"skeleton": get_skeleton(options.dataset_type).name, "supervision": options.supervision},
        **{"seed": options.seed, "preset": list(options.preset)},
        **{"trained": not options.eval_only, "loaded_from": options.load},
        "tested_sha256" if options.eval_only else "loaded_sha256": loaded_sha256,
        "data": task.data,
    }
    title = f"{report.data_title(task.data)}, {'+'.join(options.preset)}, seed {options.seed}"
    task.save(run, tested, history=state.history, title=title)
    run.write_json("result.json", result)
    return result
