"""Measure how fast the project is, beside the best that this machine could do.

Every row is the median of calls that took turns with those of its floor: the bare matrix products
at the same shapes, or moving the same bytes through memory. Data are random or synthetic, on the
CPU.
"""

import json
import math
import sys
from dataclasses import asdict
from pathlib import Path

from opts.command import run_command

import torch

from benchmarks.growth import Growth, measure_growth
from benchmarks.measure import BENCHMARKS, PRESETS
from benchmarks.profile import profile_step
from benchmarks.table import (
    comparison_line,
    growth_line,
    growth_rows,
    heading,
    profile_lines,
    row_line,
)
from benchmarks.timing import Row
from opts.parsing import new_parser
from src.errors import InputError, printable, shown
from src.json_files import load_json

# The last two print tables of their own.
NAMES = (*BENCHMARKS, "growth", "profile")


def make_parser():
    parser = new_parser(__doc__)
    parser.usage = "python -m benchmarks [NAME ...] [--json] [--compare FILE]"
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)} (default: all)"
    )
    parser.add_argument(
        "--json", action="store_true", help="print JSON, in seconds, in place of the table"
    )
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help="then print ratios to what --json printed earlier",
    )
    return parser


def run_benchmarks(argv):
    """Run the benchmarks that are named, or all, and print what they measure."""
    args = make_parser().parse_args(argv)
    unknown_names = [name for name in args.names if name not in NAMES]
    if unknown_names:
        raise InputError(f"unknown: {', '.join(unknown_names)}; there are {', '.join(NAMES)}")
    names = args.names if args.names else NAMES
    machine = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    earlier_rows = None
    if args.compare is not None:
        earlier_rows = read_earlier(args.compare, machine)

    def show(*lines: str):
        if not args.json:
            print(*lines, sep="\n", flush=True)

    show(f"torch {machine['torch']}, {machine['threads']} threads", heading())
    rows = []
    growths = []
    for name in names:
        if name == "growth":
            growths = measure_growth()
            show("", *[growth_line(growth) for growth in growths])
        elif name == "profile":
            show("")
            for preset in PRESETS:
                show(*profile_lines(preset, profile_step(preset)))
        else:
            new_rows = BENCHMARKS[name]()
            show(*[row_line(row) for row in new_rows])
            rows += new_rows

    if args.json:
        content = {
            "torch": machine["torch"],
            "threads": machine["threads"],
            "rows": [asdict(row) for row in rows],
            "growth": [asdict(growth) for growth in growths],
        }
        print(json.dumps(content, indent=1))
    if earlier_rows is not None:
        # JSON on stdout stays alone.
        stream = sys.stderr if args.json else sys.stdout
        for row in rows + growth_rows(growths):
            print(comparison_line(row, earlier_rows), file=stream)


def read_earlier(path: Path, machine: dict) -> dict[str, Row]:
    """Read what --json printed earlier: {name: row}, a growth's sizes among them.

    machine: "torch" and "threads" of now; a note on stderr says where the earlier ones differ.

    Raises InputError if the file is none that --json printed.
    """
    try:
        content = load_json(path)
        rows = [Row(**fields) for fields in content["rows"]]
        growths = [Growth(**fields) for fields in content["growth"]]
        earlier_machine = {name: content[name] for name in machine}
        earlier = rows + growth_rows(growths)
        for row in earlier:
            _check_row(row)
    except OSError as error:
        raise InputError(f"--compare {path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise InputError(
            f"--compare {path}: is nothing that `python -m benchmarks --json` printed"
        ) from None
    for name, value in machine.items():
        if earlier_machine[name] != value:
            print(
                f"note: {path} was measured with {name} {printable(shown(earlier_machine[name]))}, "
                f"not {value}",
                file=sys.stderr,
            )
    return {row.name: row for row in earlier}


def _check_row(row: Row):
    """Raise ValueError or TypeError for a row that --json did not print."""
    if not isinstance(row.name, str) or not 0 < row.seconds < math.inf:
        raise ValueError(row.name)
    if row.floor is not None and not 0 <= row.floor < math.inf:
        raise ValueError(row.floor)


def main(argv=None) -> int:
    """Run the command with these tokens (default: the process's own); return its exit code."""
    return run_command(run_benchmarks, argv)


if __name__ == "__main__":
    sys.exit(main())
