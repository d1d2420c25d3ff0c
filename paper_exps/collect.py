"""Print the paper's tables from the results that are there: ``python -m paper_exps.collect table_1``.

Reads result.json and options.json of run folders; loads no model, scrapes no log. What is missing prints as missing.
"""

import csv
import io
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from opts.parsing import new_parser
from opts.presets import LSP_PRESETS, PAPER_ROWS, PRESETS
from src.data.human36.load import ACTIONS
from src.errors import InputError, run_command
from src.plotting.figures import new_figure, save_figure

TABLES = tuple(dict.fromkeys(name.split("/")[0] for name in PAPER_ROWS))
NUMBERS = Path(__file__).with_name("paper_numbers.json")
# Frames of S9 and S11 of the real Human3.6M, all cameras, without S11's Directions and with it: what tells it from data
# in its form. 1 % more or less, as every n-th frame of each file is rounded up, and detections may lack a file.
_TEST_FRAMES = 0.99 * 543_344, 1.01 * 550_644


@dataclass
class Collected:
    """One row on one data set: name; the results of its seeds, {seed: result.json}; the options of one of them."""

    name: str
    results: dict[int, dict] = field(default_factory=dict)
    options: dict = field(default_factory=dict)

    def value(self, key: str) -> np.ndarray:
        """A number of result.json for all seeds that have it, (S,)."""
        return np.array(
            [result[key] for _, result in sorted(self.results.items()) if key in result],
            dtype=float,
        )

    @property
    def error_cm(self) -> float:
        """PA-MPJPE over frames, the mean over seeds."""
        return float(self.value("pa_mpjpe_mm").mean() / 10)


def is_human36(result: dict, options: dict) -> bool:
    """Whether a result is of the real Human3.6M's test subjects, told by how many frames they have."""
    data = result["data"]
    frames = data["test"]["frames"] * (options.get("amt_test_data") or 1)
    known = not data["synthetic"] and data["form"] != "relative_depth_json"
    return known and _TEST_FRAMES[0] < frames < _TEST_FRAMES[1]


def heading(rows: list[Collected]) -> str:
    """What data rows are of, in words."""
    words = {}
    for row in rows:
        for result in list(row.results.values())[:1]:
            kind = "SYNTHETIC data" if result["data"]["synthetic"] else "not Human3.6M: other data"
            words[
                f"{'Human3.6M' if is_human36(result, row.options) else kind} ({result['data']['name']})"
            ] = None
    return "; ".join(words)


def read_finished(folder: Path) -> tuple[dict, dict] | None:
    """A run folder's result and options; None if it has no result. Raises InputError if these are no run's files."""
    path = folder / "result.json"
    try:
        if not path.exists():
            return None
        result, options = (
            json.loads(path.read_text()),
            json.loads(path.with_name("options.json").read_text()),
        )
        _ = (
            result["seed"] + result["epoch"],
            result["trained"],
            result["data"]["synthetic"],
            options.items(),
        )
        _ = result["data"]["test"]["frames"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} or options.json is not of a finished run ({error!r}); move both, and run again"
        ) from None
    return result, options


def collect(table: str, *, ckpt="checkpoint", data=None, preset=()) -> dict[str, list[Collected]]:
    """{folder of a data set: the rows of a table or figure that it has results of}. Raises InputError for a bad file.

    data: names of folders in ``ckpt`` to look into (default: all); preset: those laid over every row.
    """
    found = {}
    for folder in [Path(ckpt) / name for name in data] if data else sorted(Path(ckpt).glob("*")):
        rows = [Collected(name) for name in PAPER_ROWS if name.split("/")[0] == table]
        for row in rows:
            for path in sorted(folder.glob(f"{'+'.join([row.name, *preset])}/seed_*/result.json")):
                result, row.options = read_finished(path.parent)
                row.results[result["seed"]] = result
        done = [result for row in rows for result in row.results.values()]
        if done:  # rows of the other script are of other data
            script = LSP_PRESETS if "wrong_labels" in done[0] else PRESETS
            found[folder.name] = [row for row in rows if row.name in script]
    return found


def _spread(values, end: str = "", empty: str = "") -> str:
    if len(values) == 0:
        return empty
    return (
        f"{np.mean(values):.1f}"
        + (f" +- {np.std(values, ddof=1):.1f}" if len(values) > 1 else "")
        + end
    )


def make_table(table: str, rows: list[Collected]) -> list[list[str]]:
    """Header and rows as text. The paper's numbers stand only beside results on Human3.6M itself."""
    results = [(result, row.options) for row in rows for result in row.results.values()]
    real = all(is_human36(*of_run) for of_run in results)
    on_photos = any("wrong_labels" in result for result, _ in results)
    actions, key = (
        (ACTIONS, "pa_mpjpe_action_mean_mm") if table == "table_2" else ((), "pa_mpjpe_mm")
    )
    paper = json.loads(NUMBERS.read_text())["paper"].get(table, {})
    columns = (
        ["wrong labels"] * on_photos
        + ["PA-MPJPE (mm)"]
        + ["paper", "difference"] * real
        + [*actions]
    )
    lines = [["row", *columns, "seeds", "epoch"]]
    for row in rows:
        name = row.name.split("/", 1)[1]
        if not row.results:
            lines.append([name, "missing", *[""] * (len(columns) + 1)])
            continue
        cells = [_spread(100 * row.value("wrong_labels"), " %")] if on_photos else []
        cells.append(_spread(row.value(key)))
        if real:
            theirs = paper.get(name)
            theirs = theirs["average"] if isinstance(theirs, dict) else theirs
            cells += (
                ["", ""]
                if theirs is None
                else [f"{theirs:.1f}", f"{row.value(key).mean() - theirs:+.1f}"]
            )
        for action in actions:
            of_action = [result["per_action"].get(action) for result in row.results.values()]
            cells.append(
                _spread([means["pa_mpjpe_mm"] for means in of_action if means], empty="missing")
            )
        epochs = sorted({result["epoch"] for result in row.results.values()})
        lines.append(
            [
                name,
                *cells,
                " ".join(map(str, sorted(row.results))),
                f"{'/'.join(map(str, epochs))} (last)",
            ]
        )
    return lines


def render(lines: list[list[str]], title: str, form: str) -> str:
    """A table as md, tex or csv text."""
    if form == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([[f"# {title}"], *lines])
        return text.getvalue()
    if form == "tex":
        head, *body = (" & ".join(line) + r" \\" for line in lines)
        text = "\n".join(
            [rf"\begin{{tabular}}{{l{'r' * (len(lines[0]) - 1)}}}", rf"{head} \hline", *body]
        )
        text, caption = (
            text.replace("%", r"\%").replace("+-", r"$\pm$"),
            f"\\end{{tabular}}\n% caption: {title}\n",
        )
        return f"% {title}\n" + f"{text}\n{caption}".replace("_", r"\_")
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    return "\n".join(
        [f"\n{title}\n", text[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *text[1:]]
    )


def print_tables(tables, *, ckpt, data=None, preset=(), format="md", out="."):
    """Print (or draw) every table that has a result, a table for each data set."""
    for table in tables:
        found = collect(table, ckpt=ckpt, data=data, preset=preset)
        if not found:
            print(
                f"\n{table}: missing: no results in {ckpt}"
                + (f" of {', '.join(data)}" if data else "")
            )
        for folder, rows in found.items():
            title, lines = f"{'+'.join([table, *preset])}, {heading(rows)}", make_table(table, rows)
            if format != "png":
                print(render(lines, title, format))
                continue
            figure = new_figure(1.2 * len(lines[0]) + 2, 0.3 * len(lines) + 0.7)
            axis = figure.add_subplot(title=title)
            axis.set_axis_off()
            axis.table(cellText=lines[1:], colLabels=lines[0], loc="center").auto_set_column_width(
                range(len(lines[0]))
            )
            path = Path(out) / f"{table}_{folder}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            save_figure(path, figure)
            print(path)


def main(argv=None) -> int:
    """The command line -> exit code."""
    return run_command(_main, sys.argv[1:] if argv is None else list(argv))


def _main(argv):
    parser = new_parser("Print tables of results; means over seeds, +- their standard deviation.")
    parser.usage = "python -m paper_exps.collect TABLE [...] [options]"
    parser.add_argument(
        "tables", nargs="+", choices=TABLES, metavar="TABLE", help=", ".join(TABLES)
    )
    parser.add_argument("--ckpt", default="checkpoint", help="folder of all runs")
    parser.add_argument(
        "--data",
        nargs="+",
        metavar="NAME",
        help="data sets, folders in it (default: all there are)",
    )
    parser.add_argument(
        "--preset", nargs="+", default=[], help="what was laid over every row, as testing"
    )
    parser.add_argument(
        "--format", choices=("md", "tex", "csv", "png"), default="md", help="of the tables"
    )
    parser.add_argument("--out", default="figures", metavar="FOLDER", help="where png files go")
    print_tables(**vars(parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
