"""Every figure that has its inputs; what lacks them is listed with the reason."""

import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

from paper_plots.common import parse
from src.errors import InputError, run_command

FIGURES = [
    path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem not in ("all", "common", "__init__")
]
# {option here: {figure: what that script calls it}}; the others go to every script.
SOME = {
    "data": {"fig_3": "data", "lsp_annotations": "data"},
    "photos": {"fig_3": "photos", "lsp_annotations": "photos", "fig_5": "photos"},
    "authors": {"fig_3": "authors"},
    "human36": {"fig_2": "data"},
    "answers": {"fig_2": "answers"},
    "truth": {"fig_2": "truth"},
    "videos": {"fig_s3": "videos", "h36_sequence": "videos"},
    "run": {"training_curves": "run"},
}


def draw(argv):
    """Draw one after the other."""
    more = {name: (None, f"for {', '.join(of)}") for name, of in SOME.items()}
    args, lacking = parse(argv, "Draw every figure that has its inputs.", **more), {}
    for name in FIGURES:
        tokens = ["--results", args.results, "--out", str(args.out), "--seed", str(args.seed)]
        tokens += ["--dataset", args.dataset] if args.dataset else []
        tokens += ["--preset", *args.preset] if args.preset else []
        tokens += ["--format", args.format] if name != "h36_sequence" else []
        for option, of in SOME.items():
            if name in of and getattr(args, option):
                tokens += [f"--{of[name]}", getattr(args, option)]
        try:
            import_module(f"paper_plots.{name}").draw(tokens)
        except (InputError, OSError) as error:
            lacking[name] = error
    for name, error in lacking.items():
        print(f"not drawn: {name}: {error}")


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
