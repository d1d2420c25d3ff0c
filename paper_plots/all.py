"""Every figure that has its inputs; those that lack them are listed with the reason."""

import sys
from importlib import import_module

from common import add_common_options
from opts.command import run_command

from opts.parsing import new_parser
from src.errors import InputError

# What one script calls --data or --photos is another script's here.
NAMES_IN_SCRIPT = {"human36": "data", "human36_photos": "photos"}

# {script: the options of this one that it has too, beside those that all have}
FIGURES = {
    "fig_1d": (),
    "fig_2": ("human36", "answers", "images", "human36_photos"),
    "fig_3": ("data", "photos", "authors"),
    "fig_4a": (),
    "fig_4b": (),
    "fig_4c": (),
    "fig_4d": (),
    "fig_5": ("photos",),
    "fig_s3": ("videos",),
    "h36_sequence": ("videos",),
    "lsp_annotations": ("data", "photos"),
    "training_curves": ("run",),
}


def make_parser():
    """The options of this script: those that all figures have, and the paths that some need."""
    parser = new_parser("Draw every figure that has its inputs.")
    # A dozen windows, one after the other, are of no use: --show is for one figure.
    add_common_options(parser, can_show=False)
    parser.add_argument("--data", metavar="PATH", help="for fig_3, lsp_annotations")
    parser.add_argument("--photos", metavar="PATH", help="for fig_3, lsp_annotations, fig_5")
    parser.add_argument("--authors", metavar="PATH", help="for fig_3")
    parser.add_argument("--human36", metavar="PATH", help="for fig_2")
    parser.add_argument("--answers", metavar="PATH", help="for fig_2")
    parser.add_argument("--images", metavar="PATH", help="for fig_2")
    parser.add_argument("--human36_photos", metavar="PATH", help="for fig_2")
    parser.add_argument("--videos", metavar="PATH", help="for fig_s3, h36_sequence")
    parser.add_argument("--run", metavar="PATH", help="for training_curves")
    return parser


def tokens_for(name: str, args) -> list[str]:
    """The command line of one script."""
    tokens = ["--results", args.results, "--out", str(args.out), "--seed", str(args.seed)]
    if args.dataset:
        tokens += ["--dataset", args.dataset]
    if args.preset:
        tokens += ["--preset", *args.preset]
    if name != "h36_sequence":  # a moving picture, in formats of its own
        tokens += ["--format", args.format]
    for option in FIGURES[name]:
        path = getattr(args, option)
        if path:
            tokens += [f"--{NAMES_IN_SCRIPT.get(option, option)}", path]
    return tokens


def make_all_figures(argv):
    """Draw one figure after the other, then print which were not drawn, and why."""
    args = make_parser().parse_args(argv)
    reasons = {}
    for name in FIGURES:
        try:
            import_module(name).make_figure(tokens_for(name, args))
        except (InputError, OSError) as error:
            reasons[name] = error
    for name, reason in reasons.items():
        print(f"not drawn: {name}: {reason}")


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(make_all_figures, argv)


if __name__ == "__main__":
    sys.exit(main())
