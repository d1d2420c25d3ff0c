"""Types of option values: what argparse calls on a token. Each refuses what is outside its range, in words."""

import argparse
import difflib
import math

from src.errors import InputError
from src.skeletons import SKELETON_NAMES, read_skeleton


def number(kind, *, at_least=None, above=None, at_most=None, below=None, word=None):
    """A parser of int or float tokens within a range, or of one word. Not a number and infinity are refused."""
    bounds = [("at least", at_least), ("above", above), ("at most", at_most), ("below", below)]
    range_text = " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)
    wanted = ("a whole number" if kind is int else "a number") + (f" {range_text}" if range_text else "")

    if word is not None:
        wanted = f"{word} or {wanted}"

    def parse(token: str):
        if token == word:
            return word
        try:
            value = kind(token)
            finite = math.isfinite(value)
        except (ValueError, OverflowError):
            finite = False
        inside = (
            finite
            and (at_least is None or value >= at_least)
            and (above is None or value > above)
            and (at_most is None or value <= at_most)
            and (below is None or value < below)
        )
        if not inside:
            raise argparse.ArgumentTypeError(f"expected {wanted}, found {token!r}")
        return value

    return parse


def skeleton(token: str) -> str:
    """A skeleton's name as it is; a json file as its content, so that a run needs the file no more."""
    if token in SKELETON_NAMES or token.startswith("{"):
        return token
    if token.endswith(".json"):
        try:
            return read_skeleton(token)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    near = difflib.get_close_matches(token, SKELETON_NAMES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(SKELETON_NAMES)}, or a .json file"
    raise argparse.ArgumentTypeError(f"unknown skeleton {token}; {hint}")
