"""Types of option values: what argparse calls on a token. Each refuses, in words, what it does not
accept.
"""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable

from opts.parsing import did_you_mean
from src.errors import InputError
from src.skeletons import SKELETON_NAMES, read_skeleton


def number(
    kind: type,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    word: str | None = None,
) -> Callable[[str], int | float | str]:
    """Return a parser of numbers within a range, for ``add_argument(type=...)``.

    ``kind`` is int or float; each bound may be omitted. The parser also accepts ``word``, where
    one is given, and returns it as it is. It raises ArgumentTypeError for anything else, and for
    NaN and infinity whatever the bounds.
    """
    expected = "a whole number" if kind is int else "a number"
    if word is not None:
        expected = f"{word} or {expected}"
    bounds = {"at least": at_least, "above": above, "at most": at_most, "below": below}
    limits = [f"{text} {bound}" for text, bound in bounds.items() if bound is not None]
    if limits:
        expected = f"{expected} {' and '.join(limits)}"

    def is_allowed(value: int | float) -> bool:
        return (
            (kind is int or math.isfinite(value))
            and (at_least is None or value >= at_least)
            and (above is None or value > above)
            and (at_most is None or value <= at_most)
            and (below is None or value < below)
        )

    def parse(token: str) -> int | float | str:
        if token == word:
            return token
        message = f"expected {expected}, found {token!r}"
        try:
            value = kind(token)
        except ValueError:
            raise ArgumentTypeError(message) from None
        if not is_allowed(value):
            raise ArgumentTypeError(message)
        return value

    return parse


# A seed that both numpy's and PyTorch's generators accept, for ``add_argument(type=seed_number)``.
seed_number = number(int, at_least=0, below=2**32)


def skeleton(token: str) -> str:
    """Return a skeleton's name as it is, and the content of a json file that describes one.

    The content, not the path, becomes the option's value, so that a run folder needs the file no
    more. Raises ArgumentTypeError for unknown names and unusable files.
    """
    if token in SKELETON_NAMES or token.startswith("{"):
        return token
    if not token.endswith(".json"):
        all_names = f"; there are {', '.join(SKELETON_NAMES)}, or a .json file"
        hint = did_you_mean(token, SKELETON_NAMES, otherwise=all_names)
        raise ArgumentTypeError(f"unknown skeleton {token}{hint}")
    try:
        return read_skeleton(token)
    except InputError as error:
        raise ArgumentTypeError(str(error)) from None
