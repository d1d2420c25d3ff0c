"""From command-line tokens to frozen options.

The tokens of the presets are parsed before the user's own, so that the user's win, and argparse
itself refuses unknown names and values outside their range in both. What follows from other
options is settled here, too. `opts.human36` and `opts.lsp` refuse contradictions.
"""

import argparse
import difflib
import re
import shlex
import sys
from collections import namedtuple
from collections.abc import Iterable, Sequence
from pathlib import Path

from opts.presets import option_tokens, short_list
from src.errors import InputError
from src.files import file_name_of

# A run's options.json leaves these out: a preset is a name for options that it holds anyway.
_NOT_OPTIONS_OF_A_RUN = ("preset", "dry_run")


def did_you_mean(
    word: str, known_words: Iterable[str], otherwise: str = "", cutoff: float = 0.6
) -> str:
    """Return "; did you mean X?" for the known word most like ``word``, else ``otherwise``.

    ``cutoff`` is how alike they must be, from 0 (anything) to 1 (the same).
    """
    matches = difflib.get_close_matches(word, known_words, n=1, cutoff=cutoff)
    if not matches:
        return otherwise
    return f"; did you mean {matches[0]}?"


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises InputError where argparse would print its usage and exit.

    Its messages name the option or the choice that the user may have meant.
    """

    def parse_known_args(self, args=None, namespace=None):
        """Refuse empty words, which a script with an unset variable gives, and parse the rest."""
        tokens = sys.argv[1:] if args is None else list(args)
        before = ""
        for token in tokens:
            if token == "" or re.fullmatch(r"--\w+=", token):
                place = f"after {before}" if token == "" and before else token
                self.error(f"an empty word {place}".rstrip() + "; give a value, or leave it out")
            before = token
        return super().parse_known_args(tokens, namespace)

    def error(self, message: str):
        # argparse hands over nothing but its finished message, so the word in question is taken
        # from there. These are the messages of Python 3.11 to 3.13, which differ only in whether
        # the choices stand in quotation marks. One that does not match loses its hint, no more.
        unknown_option = re.match(r"unrecognized arguments:\s+(\S+)", message)
        if unknown_option:
            word = unknown_option[1]
            name, _, _ = word.partition("=")
            options = self._option_string_actions
            hint = did_you_mean(name, options, otherwise="; see --help", cutoff=0.75)
            message = f"unknown option {word}{hint}"
        unknown_choice = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if unknown_choice:
            choices = re.findall(r"\w+", unknown_choice[2])
            message += did_you_mean(unknown_choice[1], choices, cutoff=0.7)
        raise InputError(message)


class _HelpFormatter(argparse.HelpFormatter):
    """Adds the default to the help of every option that has one, other than off."""

    def _get_help_string(self, action: argparse.Action) -> str:
        default = action.default
        if default is None or default is False or default == argparse.SUPPRESS:
            return action.help
        if default is True:
            words = "on"
        elif isinstance(default, (list, tuple)):
            if not default:
                return action.help
            words = " ".join(str(value) for value in default)
        else:
            words = default
        return f"{action.help} (default: {words})"


def new_parser(description: str) -> argparse.ArgumentParser:
    """Return an empty parser in the style of all scripts: defaults in its help, no abbreviations,
    and InputError in place of argparse's exit.
    """
    return _Parser(
        description=description,
        usage="%(prog)s [options]",
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )


def parse(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None, presets: dict[str, dict]
) -> tuple:
    """Parse ``argv`` (None: the process's own) after the tokens of the presets that it names.

    Returns the options as a frozen named tuple, lists as tuples, and a dict of those that differ
    from the parser's defaults. Raises InputError for unknown options and presets, and for values
    outside their range.
    """
    if argv is None:
        argv = sys.argv[1:]
    tokens = [*_preset_tokens(argv, presets), *argv]
    values = vars(parser.parse_args(tokens))

    differences = {}
    for name, value in values.items():
        if name not in _NOT_OPTIONS_OF_A_RUN and value != parser.get_default(name):
            differences[name] = value

    frozen = {}
    for name, value in values.items():
        frozen[name] = tuple(value) if isinstance(value, list) else value
    options_type = namedtuple("Options", frozen)
    return options_type._make(frozen.values()), differences


def _preset_tokens(argv: Sequence[str], presets: dict[str, dict]) -> list[str]:
    """Return the tokens of all presets that --preset names, in that order: the later one wins."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--preset", nargs="+", default=[])
    known_options, _ = parser.parse_known_args(argv)
    tokens = []
    for preset in known_options.preset:
        if preset not in presets:
            hint = did_you_mean(preset, presets, otherwise=f"; there are {short_list(presets)}")
            raise InputError(f"--preset: unknown preset {preset}{hint}")
        for option, value in presets[preset].items():
            tokens += option_tokens(option, value)
    return tokens


def settle(options, data_name: str):
    """Return the options with scale_range, preset and exp filled in where the user left them open.

    ``data_name`` begins the name of the run folder, <data>/<preset>/seed_<n>. A run that only
    tests another one, or begins with its weights, gets a folder of its own.
    """
    scale_range = options.scale_range
    if scale_range is None and options.supervision == "relative":
        # With a known focal length the scale is one over the distance in mm: at least 1 m.
        scale_range = 0.001 if options.reprojection == "weak_perspective" else 1.0

    preset = options.preset
    if not preset:
        # The name must not claim a method that the options have changed.
        preset = ("supervised",) if options.supervision == "full" else ("ours",)

    exp = options.exp
    if exp:
        path = Path(exp)
        if path.anchor or ".." in path.parts:
            raise InputError(f"--exp {exp}: leads out of --ckpt; give a path within that folder")
    else:
        ending = ""
        if options.eval_only:
            ending = "_eval"
        elif options.load:
            ending = "_finetuned"
        exp = f"{file_name_of(data_name)}/{'+'.join(preset)}/seed_{options.seed}{ending}"
    return options._replace(scale_range=scale_range, preset=preset, exp=exp)


def run_options(options) -> dict:
    """Return the options that define a run, as json has them: lists in place of tuples."""
    values = {}
    for name, value in options._asdict().items():
        if name not in _NOT_OPTIONS_OF_A_RUN:
            values[name] = list(value) if isinstance(value, tuple) else value
    return values


def describe(script: str, options, differences: dict) -> str:
    """Return what --dry_run prints.

    That is every option, with a mark where it differs from the default, and a long command that
    gives them all: it means the same after presets or defaults have changed.
    """
    lines = ["resolved options (* differs from the default):"]
    # The preset comes first and stays in the command: it names the run folder.
    tokens = option_tokens("preset", options.preset)
    for name, value in run_options(options).items():
        mark = "*" if name in differences else " "
        lines.append(f"  {mark} {name} = {value}")
        if value is not None:
            tokens += option_tokens(name, value)
    lines += ["equivalent command:", f"  python {script} {shlex.join(tokens)}"]
    return "\n".join(lines)
