"""Every figure that has its inputs; what lacks them is listed with the reason."""

import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from any folder

from src.errors import InputError, run_command

FIGURES = [
    path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem not in ("all", "common", "__init__")
]


def draw(argv):
    """Draw one after the other; options go to all of them."""
    lacking = {}
    for name in FIGURES:
        try:
            import_module(f"paper_plots.{name}").draw(argv)
        except InputError as error:
            lacking[name] = error
    for name, error in lacking.items():
        print(f"not drawn: {name}: {error}")


if __name__ == "__main__":
    sys.exit(run_command(draw, sys.argv[1:]))
