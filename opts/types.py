"""Types of option values: what argparse calls on a token. Each refuses what is outside its range, in words."""

import argparse
import math


def number(kind, *, at_least=None, above=None, at_most=None, below=None):
    """A parser of int or float tokens within a range. Not a number and infinity are refused."""
    bounds = [("at least", at_least), ("above", above), ("at most", at_most), ("below", below)]
    range_text = " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)
    wanted = ("a whole number" if kind is int else "a number") + (f" {range_text}" if range_text else "")

    def parse(token: str):
        try:
            value = kind(token)
        except ValueError:
            value = math.nan
        inside = (
            math.isfinite(value)
            and (at_least is None or value >= at_least)
            and (above is None or value > above)
            and (at_most is None or value <= at_most)
            and (below is None or value < below)
        )
        if not inside:
            raise argparse.ArgumentTypeError(f"expected {wanted}, found {token!r}")
        return value

    return parse


def number_or(word: str, kind, **bounds):
    """As `number`, or the given word."""
    parse_number = number(kind, **bounds)

    def parse(token: str):
        if token == word:
            return word
        try:
            return parse_number(token)
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(str(error).replace("expected", f"expected {word} or", 1)) from None

    return parse
