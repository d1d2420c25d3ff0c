"""Every figure that has its inputs; what lacks them is listed with the reason."""

import sys
from importlib import import_module
from pathlib import Path

from common import parse

from src.errors import InputError, run_command

FIGURES = sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - {"all", "common"})
# {option: the figures that have it}, beside the options of all. What fig_2 calls --data is --human36 here.
SOME = {
    "data": ("fig_3", "lsp_annotations"),
    "photos": ("fig_3", "lsp_annotations", "fig_5"),
    "authors": ("fig_3",),
    "human36": ("fig_2",),
    "answers": ("fig_2",),
    "truth": ("fig_2",),
    "videos": ("fig_s3", "h36_sequence"),
    "run": ("training_curves",),
}


def draw(argv):
    """Draw one after the other."""
    more = {
        option: {"metavar": "PATH", "help": f"for {', '.join(figures)}"}
        for option, figures in SOME.items()
    }
    args, lacking = parse(argv, "Draw every figure that has its inputs.", more), {}
    for name in FIGURES:
        tokens = ["--results", args.results, "--out", str(args.out), "--seed", str(args.seed)]
        tokens += ["--dataset", args.dataset] if args.dataset else []
        tokens += ["--preset", *args.preset] if args.preset else []
        tokens += ["--format", args.format] if name != "h36_sequence" else []
        for option, figures in SOME.items():
            if name in figures and getattr(args, option):
                tokens += [f"--{option}".replace("human36", "data"), getattr(args, option)]
        try:
            import_module(name).draw(tokens)
        except (InputError, OSError) as error:
            lacking[name] = error
    for name, error in lacking.items():
        print(f"not drawn: {name}: {error}")


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
