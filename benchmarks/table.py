"""Rows and growths as lines of text, alone and beside earlier ones."""

from benchmarks.growth import Growth
from benchmarks.timing import Row

_ROW = "{:42} {:>10} {:>7} {:>12}  {:24} {:>10} {:>6}"


def heading() -> str:
    """Return the titles of the columns of `row_line`."""
    return _ROW.format("what", "median", "spread", "frames/s", "floor", "median", "share")


def row_line(row: Row) -> str:
    """Return a row as a line of the table; the share is the floor's time divided by the row's."""
    frames_per_second = ""
    if row.frames > 1:
        frames_per_second = f"{row.frames / row.seconds:,.0f}"
    floor = ""
    share = ""
    if row.floor is not None:
        floor = duration(row.floor)
        share = f"{row.floor / row.seconds:.0%}"
    line = _ROW.format(
        row.name,
        duration(row.seconds),
        f"{row.spread:.0%}",
        frames_per_second,
        row.floor_is,
        floor,
        share,
    )
    return line.rstrip()


def growth_line(growth: Growth) -> str:
    """Return a growth as a line: the time at each size, and the exponent."""
    times = []
    for size, seconds in zip(growth.sizes, growth.seconds, strict=True):
        times.append(f"{size:,}: {duration(seconds)}")
    return f"{growth.name:26} {', '.join(times):62} exponent {growth.exponent:.2f}"


def profile_lines(preset: str, seconds_by_part: dict[str, float]) -> list[str]:
    """Return a line per part of a preset's training step: its time and its share of the step."""
    whole = sum(seconds_by_part.values())
    lines = []
    for part, seconds in seconds_by_part.items():
        name = f"{preset}, {part}"
        lines.append(f"{name:42} {duration(seconds):>10} {seconds / whole:>7.0%}")
    return lines


def comparison_line(row: Row, earlier_rows: dict[str, Row]) -> str:
    """Return the ratio of a row's time to that of the earlier row of the same name, as a line.

    Beside it stands the ratio of both in units of their floors, which tells more if the machine
    was busier one of the two times.
    """
    earlier = earlier_rows.get(row.name)
    if earlier is None:
        return f"{row.name:42} not in the earlier file"
    ratio = row.seconds / earlier.seconds
    line = f"{row.name:42} {duration(earlier.seconds):>10} -> {duration(row.seconds):>10}"
    line += f"  x {ratio:.2f}"
    if row.floor and earlier.floor:
        ratio_of_floors = row.floor / earlier.floor
        line += f"; beside its floor x {ratio / ratio_of_floors:.2f}"
    return line


def growth_rows(growths: list[Growth]) -> list[Row]:
    """Return growths as rows for `comparison_line`: one per size, without a floor."""
    rows = []
    for growth in growths:
        for size, seconds in zip(growth.sizes, growth.seconds, strict=True):
            row = Row(
                name=f"{growth.name}: {size:,}",
                seconds=seconds,
                spread=0,
                floor=None,
                floor_is="",
                frames=1,
            )
            rows.append(row)
    return rows


def duration(seconds: float) -> str:
    """Return a time in s, ms or us, with three digits."""
    if seconds >= 1:
        return f"{seconds:.3g} s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.3g} us"
