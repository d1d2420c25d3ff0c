"""From tokens to frozen options: presets first, then the user's own; contradictions are refused here, once."""

import argparse
import difflib
import re
import shlex
import sys
from collections import namedtuple

from opts.presets import option_tokens, short_list
from src.errors import InputError

_NOT_OPTIONS_OF_A_RUN = ("preset", "dry_run")


def did_you_mean(word: str, known, otherwise: str = "", cutoff: float = 0.6) -> str:
    """ "; did you mean X?" for the nearest known word, else ``otherwise``."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=cutoff)
    return f"; did you mean {near[0]}?" if near else otherwise


class _Parser(argparse.ArgumentParser):
    """argparse that raises instead of printing its usage, and names the option that the user may have meant."""

    def error(self, message):
        if unknown := re.match(r"unrecognized arguments:\s+(\S+)", message):
            word = unknown[1]
            hint = did_you_mean(
                word.split("=")[0], self._option_string_actions, "; see --help", cutoff=0.75
            )
            message = f"unknown option {word}{hint}"
        if choice := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            message += did_you_mean(choice[1], re.findall(r"\w+", choice[2]), cutoff=0.7)
        raise InputError(message)


class _HelpFormatter(argparse.HelpFormatter):
    def _get_help_string(self, action):
        default = action.default
        if default in (None, argparse.SUPPRESS) or default is False:
            return action.help
        words = (
            "on"
            if default is True
            else " ".join(map(str, default))
            if isinstance(default, list)
            else default
        )
        return f"{action.help} (default: {words})"


def new_parser(description: str) -> argparse.ArgumentParser:
    """An empty parser in the style of all three scripts."""
    style = {
        "usage": "%(prog)s [options]",
        "formatter_class": _HelpFormatter,
        "allow_abbrev": False,
    }
    return _Parser(description=description, **style)


def parse(parser: argparse.ArgumentParser, argv, presets: dict) -> tuple:
    """argv, None for the process's own -> (options as a frozen named tuple, their difference from the defaults as a
    dict). Raises InputError for unknown options and for values outside their range."""
    argv = sys.argv[1:] if argv is None else list(argv)
    chosen = _Parser(add_help=False, allow_abbrev=False)
    chosen.add_argument("--preset", nargs="+", default=[])
    names = chosen.parse_known_args(argv)[0].preset
    for name in names:
        if name not in presets:
            hint = did_you_mean(name, presets, f"; there are {short_list(presets)}")
            raise InputError(f"--preset: unknown preset {name}{hint}")
    # Later presets, and the user's own tokens, come last: argparse lets them win.
    tokens = [
        token for name in names for pair in presets[name].items() for token in option_tokens(*pair)
    ]
    values = vars(parser.parse_args(tokens + argv))
    names = [name for name in values if name not in _NOT_OPTIONS_OF_A_RUN]
    differences = {name: values[name] for name in names if values[name] != parser.get_default(name)}
    frozen = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return namedtuple("Options", frozen)(**frozen), differences


def settle(options, data: str):
    """The options with scale_range, preset and exp as they follow from the others where nobody gave them. The run
    folder is <data>/<preset>/seed_<n>; a mere test and what begins with another run's weights get their own."""
    settled = {}
    if options.supervision == "relative" and options.scale_range is None:
        settled["scale_range"] = 0.001 if options.reprojection == "weak_perspective" else 1.0
    settled["preset"] = options.preset or (
        "supervised" if options.supervision == "full" else "ours",
    )
    ending = "_eval" if options.eval_only else "_finetuned" if options.load else ""
    settled["exp"] = (
        options.exp or f"{data}/{'+'.join(settled['preset'])}/seed_{options.seed}{ending}"
    )
    return options._replace(**settled)


def run_options(options) -> dict:
    """The options that define a run, as plain values for options.json."""
    values = {
        name: value
        for name, value in options._asdict().items()
        if name not in _NOT_OPTIONS_OF_A_RUN
    }
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def describe(script: str, options, differences: dict) -> str:
    """What --dry_run prints: the resolved options, the difference from the defaults, the equivalent long command."""
    resolved = run_options(options)
    lines = ["resolved options (* differs from the default):"]
    lines += [
        f"  {'*' if name in differences else ' '} {name} = {value}"
        for name, value in resolved.items()
    ]
    given = {
        "preset": options.preset,
        **{name: value for name, value in resolved.items() if value is not None},
    }
    tokens = [token for name, value in given.items() for token in option_tokens(name, value)]
    return "\n".join([*lines, "equivalent command:", f"  python {script} {shlex.join(tokens)}"])
