"""Timing functions that take turns with each other and with a floor."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

_FLOOR = "floor"  # its name among the functions that take turns


@dataclass(frozen=True)
class Row:
    """One line of the table. `--json` writes its fields under the same names.

    Attributes:
        name: what was timed.
        seconds: the median time of a call.
        spread: the distance between the quartiles, in parts of the median.
        floor: the median time in s of a call of the floor; None where there is no floor.
        floor_is: what the floor is.
        frames: how many poses a call works on; 1 where a rate would mean nothing.
    """

    name: str
    seconds: float
    spread: float
    floor: float | None
    floor_is: str
    frames: int


def take_turns(
    functions: dict[str, Callable[[], object]], *, turns: int = 30, calls: int = 5
) -> dict[str, list[float]]:
    """Time functions by name: in every turn, each of them is called `calls` times.

    They take turns so that other work on the machine hits all alike. What only warms the caches up
    does not count: a first turn beyond the given number, and the first of several calls.

    Returns the seconds of every call that counts, by name.
    """
    seconds = {name: [] for name in functions}
    for turn in range(turns + 1):
        for name, function in functions.items():
            for call in range(calls):
                start = time.perf_counter()
                function()
                duration = time.perf_counter() - start
                is_first_of_several = call == 0 and calls > 1
                if turn > 0 and not is_first_of_several:
                    seconds[name].append(duration)
    return seconds


def rows_beside_floor(
    functions: dict[str, Callable[[], object]],
    floor: Callable[[], object],
    floor_is: str,
    *,
    frames: int = 1,
    turns: int = 30,
    calls: int = 5,
) -> list[Row]:
    """Time functions by name, all beside one floor: a row for each.

    Args:
        floor: does the part of the work that nobody could do without.
        floor_is: what that is, in words.
        frames: how many poses each of the functions works on.
        turns, calls: as in `take_turns`; at least two calls must count.
    """
    seconds_by_name = take_turns(functions | {_FLOOR: floor}, turns=turns, calls=calls)
    floor_seconds = statistics.median(seconds_by_name[_FLOOR])
    rows = []
    for name in functions:
        lower, median, upper = statistics.quantiles(seconds_by_name[name], n=4)
        row = Row(
            name=name,
            seconds=median,
            spread=(upper - lower) / median,
            floor=floor_seconds,
            floor_is=floor_is,
            frames=frames,
        )
        rows.append(row)
    return rows
