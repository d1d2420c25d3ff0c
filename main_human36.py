"""Train and test on Human3.6M: ``python main_human36.py --help``."""

import sys
from pathlib import Path

from opts.human36 import parse_options
from opts.parsing import describe, run_options
from src import build, report
from src.engine import Trainee
from src.errors import run_command
from src.fit import State, fit, load_run, resume, test_model
from src.runs import RunFolder, environment


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
        result = run.read_json("result.json")
        if result is not None and (options.eval_only or result["epoch"] >= options.epochs):
            print(f"finished already, nothing to do: {run.path} holds the result of {result['epoch']} epochs")
        else:
            result = compute(run, options, device)
        report.print_result(result, run)


def compute(run: RunFolder, options, device) -> dict:
    """Train (or load) and test; writes and returns the result."""
    loaded = load_run(options.load, options) if options.load else None
    test_arrays = build.load_poses(options, "test")
    test_poses = build.centre(test_arrays, options, "test")
    if options.eval_only:
        statistics, train_arrays = build.Statistics.from_state(loaded["statistics"]), None
    else:
        train_arrays = build.load_poses(options, "train")
        train_poses = build.centre(train_arrays, options, "train")
        statistics = build.fit_statistics(train_poses, options)
    data = build.describe_data(options, train_arrays, test_arrays)
    report.print_notes(data)
    model = build.build_model(options, statistics, device)
    if loaded is not None:
        model.network.load_state_dict(loaded["network"])
    test_data = build.make_test_data(test_arrays, test_poses, statistics, options, device)
    state = State()
    if not options.eval_only:
        training_data = build.make_training_data(train_arrays, train_poses, statistics, options, device)
        del train_arrays, train_poses
        optimizer = build.build_optimizer(model, options)
        state = resume(run, model, optimizer, data)
    run.write_json("options.json", run_options(options))
    run.write_json("environment.json", environment())
    if options.eval_only:
        tested = test_model(model, test_data, options.test_batch)
    else:
        extras = {"options": run_options(options), "statistics": statistics.state(), "data": data}
        with report.Report(training_data.steps(options.train_batch), options.epochs, state) as progress:
            trainee = Trainee(model, build.build_criterion(options), optimizer)
            tested = fit(run, options, trainee, training_data, test_data, extras=extras, state=state, report=progress)
    epoch = loaded["epoch"] if options.eval_only else state.epoch
    result = report.make_result(options, tested[0], epoch=epoch, best=state.best, data=data)
    report.save_test(run, options, state.history, test_arrays, test_poses, tested)
    run.write_json("result.json", result)
    return result


if __name__ == "__main__":
    sys.exit(main())
