"""How times grow with what is worked on: three sizes each, and the exponent that fits them best."""

import statistics
from typing import NamedTuple

import torch

from benchmarks.measure import label_sampling, loading
from benchmarks.subjects import Subject
from benchmarks.timing import exponent, take_turns
from src.metrics import aligned_joint_errors


class Growth(NamedTuple):
    """seconds: medians, one per size; exponent: p of seconds ~ size^p."""

    name: str
    sizes: list
    seconds: list[float]
    exponent: float


def _grow(name: str, functions: dict, **turns) -> Growth:
    """functions: {size: what to time}."""
    measured = take_turns(functions, **turns)
    seconds = [statistics.median(measured[size]) for size in functions]
    return Growth(name, list(functions), seconds, exponent(list(functions), seconds))


def _errors(frames: int):
    target = torch.randn(frames, 17, 3) * 300
    prediction = target + torch.randn(frames, 17, 3) * 50
    return lambda: aligned_joint_errors(prediction, target)


def growth() -> list[Growth]:
    """Training in frames, joints, batch and width; errors and labels in frames; labels in pairs; loading in frames."""
    skeletons = {14: "human36_14k", 17: "human36_17k", 19: "human36_19k"}
    loads = {}
    for per_motion in (25, 100, 400):
        (row,) = loading(per_motion)
        loads[row.frames] = row.seconds
    few = {"turns": 7, "calls": 1}
    return [
        _grow(
            "epoch, frames",
            {n: Subject(frames=n).epoch for n in (3200, 12800, 51200)},
            turns=3,
            calls=1,
        ),
        _grow(
            "train step, joints",
            {n: Subject("--dataset_type", s, frames=640).step() for n, s in skeletons.items()},
        ),
        _grow("train step, batch", {n: _step("--train_batch", n) for n in (16, 64, 256)}),
        _grow("train step, width", {n: _step("--linear_size", n) for n in (512, 1024, 2048)}),
        _grow("all three errors, frames", {n: _errors(n) for n in (16384, 65536, 262144)}, **few),
        _grow(
            "labels, frames",
            {n: label_sampling(n, 1) for n in (100_000, 400_000, 1_600_000)},
            **few,
        ),
        _grow("labels, pairs", {n: label_sampling(400_000, n) for n in (8, 32, 128)}, **few),
        Growth(
            "loading, frames",
            list(loads),
            list(loads.values()),
            exponent(list(loads), list(loads.values())),
        ),
    ]


def _step(option: str, value: int):
    return Subject(option, str(value), frames=2560).step()
