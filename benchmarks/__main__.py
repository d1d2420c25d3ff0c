"""``python -m benchmarks [NAME...]``: time a training step and testing, each beside its floor in the same run.

The floor is the matrix products alone, at the step's own shapes. Data are random: times do not depend on them.
"""

import argparse
import statistics
import time

import numpy as np
import torch

from opts.human36 import parse_options
from src import build, engine
from src.data.arrays import PoseArrays, Sequence
from src.metrics import aligned_joint_errors

ROUNDS = 7


def medians(*functions) -> list[float]:
    """Median seconds of each function over rounds in which they take turns, so that noise hits all alike."""
    seconds = [[] for _ in functions]
    for _ in range(ROUNDS + 1):
        for times, function in zip(seconds, functions, strict=True):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return [statistics.median(times[1:]) for times in seconds]  # the first round warms up


def random_arrays(frames: int) -> PoseArrays:
    """Poses of 17 joints that nobody could take."""
    rng = np.random.default_rng(0)
    pose_3d = rng.normal(0, 300, (frames, 17, 3)).astype(np.float32)
    pose_2d = rng.normal(500, 100, (frames, 17, 2)).astype(np.float32)
    sequence = Sequence(1, "Walking", "Walking", "1", (1145.0, 1143.0))
    return PoseArrays(pose_2d, pose_3d, np.zeros(frames, dtype=np.int32), np.arange(frames), (sequence,))


def prepared(*tokens: str, frames: int):
    """-> (trainee, recipe, training data, test data) for these options."""
    options, _ = parse_options(list(tokens))
    device = build.pick_device(options)
    arrays = random_arrays(frames)
    poses = build.centre(arrays, options, "train")
    fitted = build.fit_statistics(poses, options)
    model = build.build_model(options, fitted, device)
    trainee = engine.Trainee(model, build.build_criterion(options), build.build_optimizer(model, options))
    return (
        *(
            trainee,
            build.build_recipe(options),
            build.make_training_data(arrays, poses, fitted, options=options, device=device),
        ),
        build.make_test_data(arrays, poses, fitted, options=options, device=device),
    )


def matrix_products(batch: int, backward: bool):
    """The network's bare matrix products for one batch -> a function that does them."""
    shapes = [(34, 1024), (1024, 1024), (1024, 1024), (1024, 52)]
    operands = [
        (torch.randn(batch, inputs), torch.randn(outputs, inputs), torch.randn(batch, outputs))
        for inputs, outputs in shapes
    ]

    def products():
        for layer, (x, weight, gradient) in enumerate(operands):
            x @ weight.T
            if backward:
                gradient.T @ x
                if layer:  # nothing lies before the first layer
                    gradient @ weight

    return products


def train_step(preset: str):
    """A training step of 64 as the engine does it."""
    steps = 100
    trainee, recipe, data, _ = prepared("--preset", preset, "--device", "cpu", frames=64 * steps)

    products = matrix_products(64, backward=True)
    step, floor = (
        seconds / steps
        for seconds in medians(
            lambda: engine.train_epoch(trainee, data, recipe, epoch=1, step=0, progress=lambda *_: None),
            lambda: [products() for _ in range(steps)],
        )
    )
    print(f"train step, {preset}: {1e3 * step:.1f} ms; matrix products {1e3 * floor:.1f} ms; ratio {step / floor:.2f}")


def test_pass(batch: int):
    """Lifting and all three errors, as main_human36.py tests."""
    frames = 16384
    trainee, _, _, data = prepared("--device", "cpu", frames=frames)
    products = matrix_products(batch, backward=False)
    test, floor = medians(
        lambda: engine.predict_and_compare(trainee.model, data, batch),
        lambda: [products() for _ in range(frames // batch)],
    )
    print(
        f"test pass, batches of {batch}: {frames / test:,.0f} poses/s; "
        f"matrix products {frames / floor:,.0f} poses/s; ratio {test / floor:.2f}"
    )


def errors():
    """All three errors of predictions that are there already."""
    frames = 16384
    target = torch.randn(frames, 17, 3) * 300
    prediction = target + torch.randn(frames, 17, 3) * 50
    (seconds,) = medians(lambda: aligned_joint_errors(prediction, target))
    print(f"errors, all three: {frames / seconds:,.0f} poses/s")


BENCHMARKS = {
    "train_step": lambda: [train_step(preset) for preset in ("ours", "supervised")],
    "test_pass": lambda: [test_pass(batch) for batch in (64, 1024)],
    "errors": errors,
}


def main():
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)} (default: all)")
    names = parser.parse_args().names
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in names or BENCHMARKS:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
