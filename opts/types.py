"""Types of option values: what argparse calls on a token. Each refuses what is outside its range, in words."""

import math
import operator
from argparse import ArgumentTypeError

from opts.parsing import did_you_mean
from src.errors import InputError
from src.skeletons import SKELETON_NAMES, read_skeleton


def number(kind, *, at_least=None, above=None, at_most=None, below=None, word=None):
    """A parser of int or float tokens within a range, or of one word. Not a number and infinity are refused."""
    words = ("at least", operator.ge, at_least), ("above", operator.gt, above)
    words += ("at most", operator.le, at_most), ("below", operator.lt, below)
    bounds = [(text, holds, bound) for text, holds, bound in words if bound is not None]
    wanted = (f"{word} or " if word else "") + ("a whole number" if kind is int else "a number")
    wanted += " " * bool(bounds) + " and ".join(f"{text} {bound}" for text, _, bound in bounds)

    def parse(token: str):
        if token == word:
            return word
        try:
            value = kind(token)
            inside = math.isfinite(value) and all(holds(value, bound) for _, holds, bound in bounds)
        except (ValueError, OverflowError):
            inside = False
        if not inside:
            raise ArgumentTypeError(f"expected {wanted}, found {token!r}")
        return value

    return parse


def skeleton(token: str) -> str:
    """A skeleton's name as it is; a json file as its content, so that a run needs the file no more."""
    if token in SKELETON_NAMES or token.startswith("{"):
        return token
    if not token.endswith(".json"):
        hint = did_you_mean(
            token, SKELETON_NAMES, f"; there are {', '.join(SKELETON_NAMES)}, or a .json file"
        )
        raise ArgumentTypeError(f"unknown skeleton {token}{hint}")
    try:
        return read_skeleton(token)
    except InputError as error:
        raise ArgumentTypeError(str(error)) from None
