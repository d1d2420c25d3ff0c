"""How times grow with what is worked on: three sizes each, and the exponent that fits them best."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.measure import error_computation, label_sampling, load_synthetic_set
from benchmarks.timing import take_turns
from benchmarks.training import engine_step, make_training, train_epoch


@dataclass(frozen=True)
class Growth:
    """How a time grows. `--json` writes its fields under the same names.

    Attributes:
        name: what was timed, and what its sizes count.
        sizes: from small to large.
        seconds: the median time of a call at each size.
        exponent: the p of seconds ~ size^p that fits best.
    """

    name: str
    sizes: list[int]
    seconds: list[float]
    exponent: float


def measure_growth() -> list[Growth]:
    """Measure how the times of training, testing, labels and loading grow."""
    return [
        epoch_in_frames(),
        step_in_joints(),
        step_in_batch_size(),
        step_in_width(),
        errors_in_frames(),
        labels_in_frames(),
        labels_in_pairs(),
        loading_in_frames(),
    ]


def epoch_in_frames() -> Growth:
    """Measure an epoch of the engine, by the number of training frames."""

    def epoch_of(frames: int) -> Callable:
        training = make_training([], frames=frames)

        def epoch():
            train_epoch(training)

        return epoch

    return _grow("epoch, frames", [3200, 12800, 51200], epoch_of, turns=3, calls=1)


def step_in_joints() -> Growth:
    """Measure the training step by the number of joints."""

    def step_of(num_joints: int) -> Callable:
        return engine_step(make_training(["--dataset_type", f"human36_{num_joints}k"], frames=640))

    return _grow("train step, joints", [14, 17, 19], step_of)


def step_in_batch_size() -> Growth:
    """Measure the training step by the number of frames in a batch."""

    def step_of(batch_size: int) -> Callable:
        return engine_step(make_training(["--train_batch", str(batch_size)], frames=2560))

    return _grow("train step, batch", [16, 64, 256], step_of)


def step_in_width() -> Growth:
    """Measure the training step by the width of the hidden layers."""

    def step_of(width: int) -> Callable:
        return engine_step(make_training(["--linear_size", str(width)], frames=2560))

    return _grow("train step, width", [512, 1024, 2048], step_of)


def errors_in_frames() -> Growth:
    """Measure all three errors of given predictions, by the number of frames."""
    sizes = [16384, 65536, 262144]
    return _grow("all three errors, frames", sizes, error_computation, turns=7, calls=1)


def labels_in_frames() -> Growth:
    """Measure choosing and visiting labels, one pair per frame, by the number of frames."""

    def labels_of(frames: int) -> Callable:
        return label_sampling(frames, num_pairs=1)

    return _grow("labels, frames", [100_000, 400_000, 1_600_000], labels_of, turns=7, calls=1)


def labels_in_pairs() -> Growth:
    """Measure choosing and visiting labels of 400,000 frames, by the number of pairs per frame."""

    def labels_of(num_pairs: int) -> Callable:
        return label_sampling(400_000, num_pairs)

    return _grow("labels, pairs", [8, 32, 128], labels_of, turns=7, calls=1)


def loading_in_frames() -> Growth:
    """Measure loading from h5 files, by the number of poses."""
    rows = []
    for frames_per_motion in (25, 100, 400):
        rows += load_synthetic_set(frames_per_motion)
    return _fit("loading, frames", [row.frames for row in rows], [row.seconds for row in rows])


def _grow(
    name: str,
    sizes: list[int],
    function_of_size: Callable[[int], Callable],
    *,
    turns: int = 30,
    calls: int = 5,
) -> Growth:
    """Time what `function_of_size` returns for each size; turns, calls: as in `take_turns`."""
    functions = {size: function_of_size(size) for size in sizes}
    seconds_by_size = take_turns(functions, turns=turns, calls=calls)
    medians = [statistics.median(seconds_by_size[size]) for size in sizes]
    return _fit(name, sizes, medians)


def _fit(name: str, sizes: list[int], seconds: list[float]) -> Growth:
    return Growth(name=name, sizes=sizes, seconds=seconds, exponent=exponent(sizes, seconds))


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Return the p of seconds ~ size^p that fits best: the slope in logarithms, least squares."""
    log_sizes = [math.log(size) for size in sizes]
    log_seconds = [math.log(value) for value in seconds]
    return statistics.linear_regression(log_sizes, log_seconds).slope
