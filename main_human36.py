"""Train and test on Human3.6M: ``python main_human36.py --help``."""

import sys
from pathlib import Path

from src.errors import importing, run_command

with importing():
    from opts.human36 import parse_options
    from opts.parsing import describe, run_options
    from src import build, report
    from src.engine import Trainee
    from src.fit import State, finished_result, fit, load_run, load_weights, resume, test_model
    from src.runs import RunFolder, environment, file_sha256
    from src.skeletons import get_skeleton


def main(argv=None) -> int:
    """Run the command with these tokens (default: the process's own) -> exit code."""
    return run_command(run_human36, sys.argv[1:] if argv is None else list(argv))


def run_human36(argv):
    """Parse, load, build, fit, report."""
    options, differences = parse_options(argv)
    if options.dry_run:
        print(describe("main_human36.py", options, differences))
        return
    device = build.pick_device(options)
    with RunFolder(Path(options.ckpt) / options.exp) as run:
        run.check_options(run_options(options))
        result = finished_result(run, run_options(options))
        if result is None:
            result = compute(run, options, device)
        else:
            print(f"finished already, nothing to do: {run.path} holds the result of {result['epoch']} epochs")
        report.print_result(result, run)


def compute(run: RunFolder, options, device) -> dict:
    """Train (or load) and test; writes and returns the result."""
    plain = run_options(options)
    # A run that has begun goes on from its own weights and needs the other's no more.
    loaded = load_run(options.load, plain) if options.load and (options.eval_only or not run.has("last.pt")) else None
    test_arrays = build.load_poses(options, "test")
    test_poses = build.centre(test_arrays, options, "test")
    if options.eval_only:
        train_arrays, statistics = None, build.Statistics.from_state(loaded["statistics"])
    else:
        train_arrays = build.load_poses(options, "train")
        train_poses = build.centre(train_arrays, options, "train")
        statistics = build.fit_statistics(train_poses, options)
    data = build.describe_data(options, train_arrays, test_arrays)
    report.print_notes(data)
    model = build.build_model(options, statistics, device)
    if loaded is not None:
        load_weights(model.network, loaded, options.load)
    test_data = build.make_test_data(test_arrays, test_poses, statistics, options=options, device=device)
    recipe, state = build.build_recipe(options), State()
    if options.eval_only:
        epoch, tested = loaded["epoch"], test_model(model, test_data, recipe.test_batch)
        run.begin(plain, environment(device))
    else:
        training_data = build.make_training_data(train_arrays, train_poses, statistics, options=options, device=device)
        del train_arrays, train_poses
        trainee = Trainee(model, build.build_criterion(options), build.build_optimizer(model, options))
        state = resume(run, trainee, plain, data)
        run.begin(plain, environment(device))
        extras = {"options": plain, "statistics": statistics.state(), "data": data}
        with report.Report(training_data.steps(recipe.batch), recipe.epochs, state) as progress:
            on = {"data": training_data, "test_data": test_data}
            tested = fit(run, trainee, recipe, **on, extras=extras, state=state, report=progress)
        epoch = state.epoch
    tested_sha256 = file_sha256(Path(options.load) / "last.pt") if options.eval_only else None
    named = plain | {"preset": list(options.preset)}
    result = report.make_result(named, tested[0], data, epoch=epoch, best=state.best, tested_sha256=tested_sha256)
    skeleton = get_skeleton(options.dataset_type)
    if options.save_predictions:
        report.save_predictions(run, test_arrays, test_poses, tested, joints=skeleton.joints)
    if options.save_ims:
        title = f"{report.data_title(data)}, {'+'.join(options.preset)}, seed {options.seed}"
        report.save_pictures(
            run, test_arrays, test_poses, tested, history=state.history, skeleton=skeleton, title=title
        )
    run.write_json("result.json", result)
    return result


if __name__ == "__main__":
    sys.exit(main())
