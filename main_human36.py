"""Train and test on Human3.6M (paper sections 4 and 5): ``python main_human36.py --help``."""

import sys

from opts.command import run_command

from opts.human36 import parse_options
from opts.parsing import describe, run_options
from src.training import build, checkpoints, engine, outputs, report, run_folder
from src.training.evaluation import evaluate_motion


def train_and_test(options, folder, device) -> dict:
    """Take every step of the method in its order, and return the result."""
    source = checkpoints.read_source(folder, run_options(options))  # the run that --load names

    # Data: 3D poses with their 2D keypoints, which get noise; then both are root-centred.
    test = build.centre(build.load_poses(options, "test"), options, "test")
    train = None
    if not options.eval_only:
        train = build.centre(build.load_poses(options, "train"), options, "train")
    data = build.describe_data(options, train, test)
    report.print_motion(data)

    # Statistics of the training set, test tensors, network.
    statistics = source.statistics if options.eval_only else build.fit_statistics(train, options)
    test_data = build.make_test_data(test, statistics, options, device)
    model = build.build_model(options, statistics, device)
    checkpoints.load_source_weights(model, source)
    if options.eval_only:
        tested = evaluate_motion(model, test_data, options.test_batch)
        folder.write_description(run_options(options), device)
        state = checkpoints.State(epoch=source.epoch)
        return outputs.save_motion(folder, options, state, tested, test, data, source)

    # Training tensors, criterion, optimiser; on from the last whole epoch in the folder, if any.
    training_data = build.make_training_data(train, statistics, options, device)
    del train  # it is on the device now
    criterion = build.build_criterion(options)
    optimizer = build.build_optimizer(model, options)
    state = checkpoints.resume(folder, model, optimizer, run_options(options), data)
    folder.write_description(run_options(options), device)
    description = checkpoints.describe_run(run_options(options), statistics, data, source)
    tested = None
    with report.Progress(training_data.steps, options.epochs, state) as progress:
        for epoch in range(state.epoch + 1, options.epochs + 1):
            step, losses = engine.train_epoch(
                model,
                criterion,
                optimizer,
                training_data,
                schedule=build.build_schedule(options),
                max_norm=build.largest_gradient_norm(options),
                epoch=epoch,
                step=state.step,
                progress=progress.steps,
            )
            is_tested = epoch % options.test_step == 0
            tested = evaluate_motion(model, test_data, options.test_batch) if is_tested else None
            row = progress.make_row(epoch, step, losses, optimizer, tested)
            checkpoints.save_epoch(folder, state, model, optimizer, description, row, tested)
            progress.print_row(row)
            outputs.redraw_motion(folder, options, state, tested, test, data)
    # What the last epoch gives: predictions (where asked for), result.json, pictures.
    if tested is None:
        tested = evaluate_motion(model, test_data, options.test_batch)
    return outputs.save_motion(folder, options, state, tested, test, data, source)


def run(argv):
    """Parse the options, do what is left to do in the run folder, and report the result."""
    options, differences = parse_options(argv)
    if options.dry_run:
        print(describe("main_human36.py", options, differences))
        return
    with run_folder.RunFolder(options.ckpt, options.exp) as folder:
        result = checkpoints.finished_result(folder, run_options(options), report.MOTION_FIELDS)
        if result is None:
            result = train_and_test(options, folder, build.pick_device(options))
        report.print_motion_result(result, folder)


def main(argv=None) -> int:
    """Run the command with these tokens (default: the process's own); return its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
