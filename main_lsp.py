"""Train and test on photos with relative depth labels, as LSP's: ``python main_lsp.py --help``."""

import sys

from opts.command import run_command

from opts.lsp import parse_options
from opts.parsing import describe, run_options
from src.training import build, build_photos, checkpoints, engine, outputs, report, run_folder
from src.training.evaluation import evaluate_photos


def train_and_test(options, folder, device) -> dict:
    """Take every step of the method in its order, and return the result."""
    source = checkpoints.read_source(folder, run_options(options))  # the run that --load names

    # Data: keypoints of photos, root-centred, and people's labels "this joint is the closer one".
    photos = build_photos.load_labelled_photos(options)
    poses = build_photos.centre(photos, options)
    data = build_photos.describe_data(photos, options)
    report.print_photos(data, photos.notes)

    # Statistics (of the training photos, or of the loaded run), test tensors, network.
    statistics = build_photos.fit_statistics(poses, photos, options, source)
    test_data = build_photos.make_test_data(photos, poses, statistics, options, device)
    model = build.build_model(options, statistics, device)
    checkpoints.load_source_weights(model, source)
    if options.eval_only:
        tested = evaluate_photos(model, test_data, options.test_batch)
        folder.write_description(run_options(options), device)
        state = checkpoints.State(epoch=source.epoch)
        return outputs.save_photos(folder, options, state, tested, photos, data, source)

    # Training tensors (an example per label), criterion, optimiser; on from the last whole epoch.
    training_data = build_photos.make_training_data(photos, poses, statistics, options, device)
    criterion = build.build_criterion(options)
    optimizer = build.build_optimizer(model, options)
    state = checkpoints.resume(folder, model, optimizer, run_options(options), data)
    if not options.fresh_optimizer:
        checkpoints.take_over_optimizer(optimizer, source, state)
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
            tested = evaluate_photos(model, test_data, options.test_batch) if is_tested else None
            row = progress.make_row(epoch, step, losses, optimizer, tested)
            checkpoints.save_epoch(folder, state, model, optimizer, description, row, tested)
            progress.print_row(row)
            outputs.redraw_photos(folder, options, state, tested, photos, data)
    # What the last epoch gives: predictions (where asked for), result.json, pictures.
    if tested is None:
        tested = evaluate_photos(model, test_data, options.test_batch)
    return outputs.save_photos(folder, options, state, tested, photos, data, source)


def run(argv):
    """Parse the options, do what is left to do in the run folder, and report the result."""
    options, differences = parse_options(argv)
    if options.dry_run:
        print(describe("main_lsp.py", options, differences))
        return
    with run_folder.RunFolder(options.ckpt, options.exp) as folder:
        result = checkpoints.finished_result(folder, run_options(options), report.PHOTO_FIELDS)
        if result is None:
            result = train_and_test(options, folder, build.pick_device(options))
        report.print_photo_result(result, folder)


def main(argv=None) -> int:
    """Run the command with these tokens (default: the process's own); return its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
