"""Reading csv with a header: UTF-8 on every machine, with Excel's byte order mark or without."""

import csv
from pathlib import Path

from src.input_files import require_regular_file

_MOST_COLUMNS = 10_000


def load_csv(path) -> tuple[list[str], list[list[str]]]:
    """Read a table: its header, and the cells of every line below it that is not empty.

    The lines are as long as they are in the file. A dict per line, as `csv.DictReader` has it,
    would have all columns of the header, also where the line has none: a header of a million names
    over a million short lines would fill any memory.

    Raises InputError for a pipe or a device, OSError where the file cannot be read, and ValueError
    or csv.Error for what is no text in UTF-8, or has more than 10,000 columns.
    """
    require_regular_file(path)
    # Excel writes a byte order mark, which would be part of the first column's name.
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    header = rows[0] if rows else []
    if len(header) > _MOST_COLUMNS:
        raise ValueError(f"{len(header):,} columns, more than the {_MOST_COLUMNS:,} allowed")
    return header, rows[1:]
