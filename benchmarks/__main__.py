"""``python -m benchmarks [NAME...]``: times beside the best this machine could do, measured in the same run.

Every row is the median of calls that took turns with those of its floor: the bare matrix products at the same shapes,
or moving the same bytes through memory. Data are random or synthetic, on the CPU.
"""

import argparse
import json
import sys
from pathlib import Path

import torch

from benchmarks.growth import Growth, growth
from benchmarks.measure import BENCHMARKS
from benchmarks.profile import profile_step
from benchmarks.timing import Row
from src.json_files import load_json

NAMES = (*BENCHMARKS, "growth", "profile")
_ROW = "{:42} {:>10} {:>7} {:>12}  {:24} {:>10} {:>6}"
_TITLES = ("what", "median", "spread", "frames/s", "floor", "median", "share")


def duration(seconds: float) -> str:
    """In the unit that gives three digits."""
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1 or unit == "us":
            return f"{seconds * factor:.3g} {unit}"
    raise AssertionError


def line(row: Row) -> str:
    """A row as text."""
    floor, share = (
        ("", "") if row.floor is None else (duration(row.floor), f"{row.floor / row.seconds:.0%}")
    )
    rate = f"{row.frames / row.seconds:,.0f}" if row.frames > 1 else ""
    return _ROW.format(
        row.name, duration(row.seconds), f"{row.spread:.0%}", rate, row.floor_is, floor, share
    ).rstrip()


def growth_line(found: Growth) -> str:
    """A growth as text."""
    sizes = ", ".join(
        f"{size:,}: {duration(s)}" for size, s in zip(found.sizes, found.seconds, strict=True)
    )
    return f"{found.name:26} {sizes:62} exponent {found.exponent:.2f}"


def part_line(row: Row) -> str:
    """A part of a step as text."""
    return f"{row.name:42} {duration(row.seconds):>10} {row.seconds / row.floor:>7.0%}"


def compared(row: dict, earlier: dict[str, dict]) -> str:
    """How a row's time is to that of the same name in an earlier file."""
    old = earlier.get(row["name"])
    if old is None:
        return f"{row['name']:42} not in the earlier file"
    text = f"{row['name']:42} {duration(old['seconds']):>10} -> {duration(row['seconds']):>10}"
    ratio = row["seconds"] / old["seconds"]
    if row["floor"] and old["floor"]:
        text += f"  x {ratio:.2f}; beside its floor x {ratio * old['floor'] / row['floor']:.2f}"
        return text
    return f"{text}  x {ratio:.2f}"


def as_rows(growths: list[Growth]) -> list[dict]:
    """Growths as rows without a floor, one per size, for comparing."""
    return [
        {"name": f"{found.name}: {size:,}", "seconds": seconds, "floor": None}
        for found in growths
        for size, seconds in zip(found.sizes, found.seconds, strict=True)
    ]


def read_earlier(path: Path, machine: dict) -> dict[str, dict]:
    """{name: row} of a file that --json wrote; says so if it was another machine. Exits with 2 if it is none."""
    try:
        content = load_json(path)
        rows = content["rows"] + as_rows([Growth(**found) for found in content["growth"]])
        for name, value in machine.items():
            if content[name] != value:
                print(
                    f"note: {path} was measured with {name} {content[name]}, not {value}",
                    file=sys.stderr,
                )
        return {row["name"]: {"seconds": row["seconds"], "floor": row["floor"]} for row in rows}
    except OSError as error:
        sys.exit(_fail(f"--compare {path}: cannot be read: {error.strerror}"))
    except (ValueError, KeyError, TypeError):
        sys.exit(_fail(f"--compare {path}: is nothing that `python -m benchmarks --json` printed"))


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def main():
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
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
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in NAMES]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    machine = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    earlier = None if options.compare is None else read_earlier(options.compare, machine)
    shown = (lambda text: None) if options.json else (lambda text: print(text, flush=True))
    shown(f"torch {machine['torch']}, {machine['threads']} threads\n{_ROW.format(*_TITLES)}")
    rows, growths = [], []
    for name in options.names or NAMES:
        if name == "growth":
            growths = growth()
            shown("\n".join(["", *map(growth_line, growths)]))
        elif name == "profile":
            shown("\n".join(["", *map(part_line, profile_step())]))
        else:
            found = BENCHMARKS[name]()
            rows += [row._asdict() for row in found]
            shown("\n".join(map(line, found)))
    if options.json:
        print(
            json.dumps(
                {**machine, "rows": rows, "growth": [found._asdict() for found in growths]},
                indent=1,
            )
        )
    if earlier is not None:
        lines = [compared(row, earlier) for row in rows + as_rows(growths)]
        print("\n".join(lines), file=sys.stderr if options.json else sys.stdout)


if __name__ == "__main__":
    main()
