"""Time functions that take turns, beside floors that take turns with them."""

import math
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from src.model import Linear

Network = torch.nn.Module


class Row(NamedTuple):
    """One line of the table. seconds, floor: medians of a call, None
    where there is no floor; spread: between quartiles, in parts of the median; frames: how many a call
    works on."""

    name: str
    seconds: float
    spread: float
    floor: float | None
    floor_is: str
    frames: int


def take_turns(
    functions: dict[str, Callable], *, turns: int = 30, calls: int = 5
) -> dict[str, list[float]]:
    """Seconds of each call. Functions take turns, so that a busy machine hits all alike; the first turn, and in
    every turn of several calls the first, only warm the caches up."""
    seconds = {name: [] for name in functions}
    for turn in range(turns + 1):
        for name, function in functions.items():
            for call in range(calls):
                start = time.perf_counter()
                function()
                took = time.perf_counter() - start
                if turn > 0 and (call > 0 or calls == 1):
                    seconds[name].append(took)
    return seconds


def rows(
    functions: dict[str, Callable], floor: Callable, floor_is: str, *, frames: int = 1, **turns
) -> list[Row]:
    """A row per function, all beside one floor."""
    measured = take_turns({**functions, "": floor}, **turns)
    floor_seconds = statistics.median(measured.pop(""))
    found = []
    for name, seconds in measured.items():
        low, middle, high = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else seconds * 3
        found.append(Row(name, middle, (high - low) / middle, floor_seconds, floor_is, frames))
    return found


def matrix_products(
    network: Network, batch: int, *, backward: bool, one_dnn: bool = Linear.one_dnn
) -> Callable:
    """The bare float32 matrix products (sgemm) of a network's linear layers for one batch -> a function that does them,
    forward and, where asked for, backward: to the weights, and to the input of all but the first layer.

    one_dnn: by oneDNN where the network's own go there, which is the faster way on AMD; else by torch's choice, MKL.
    """
    shapes = [
        (m.in_features, m.out_features) for m in network.modules() if isinstance(m, torch.nn.Linear)
    ]
    operands = [
        (torch.randn(batch, inputs), torch.randn(outputs, inputs), torch.randn(batch, outputs))
        for inputs, outputs in shapes
    ]

    def multiply(x, weight):
        return (
            torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
            if one_dnn
            else x @ weight.T
        )

    @torch.inference_mode()
    def products():
        for layer, (x, weight, gradient) in enumerate(operands):
            multiply(x, weight)
            if backward:
                gradient.T @ x
                if layer:
                    multiply(gradient, weight.T)

    return products


def memory_traffic(num_bytes: int) -> Callable:
    """A function that moves so many bytes, half of them read and half written."""
    source = torch.zeros(math.ceil(num_bytes / 8))
    target = torch.zeros_like(source)
    return lambda: target.copy_(source)


def exponent(sizes: list[float], seconds: list[float]) -> float:
    """p of the seconds ~ size^p that fits best."""
    x, y = ([math.log(value) for value in values] for values in (sizes, seconds))
    return statistics.linear_regression(x, y).slope
