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
from src.data.human36 import ACTIONS
from src.errors import InputError, run_command
from src.plotting.figures import new_figure, save_figure

TABLES = tuple(dict.fromkeys(name.split("/")[0] for name in PAPER_ROWS))
NUMBERS = Path(__file__).with_name("paper_numbers.json")
# Frames of S9 and S11 of the real Human3.6M, all cameras, without S11's Directions and with it: what tells it from data
# in its form. 1 % more or less, as every n-th frame of each file is rounded up, and detections may lack a file.
_TEST_FRAMES = 0.99 * 543_344, 1.01 * 550_644
_MISSING = "missing"


@dataclass
class Collected:
    """One row on one data set: name; the results of its seeds, {seed: result.json}; the options of one of them."""

    name: str
    results: dict[int, dict] = field(default_factory=dict)
    options: dict = field(default_factory=dict)

    def value(self, key: str) -> np.ndarray:
        """A number of result.json for all seeds, (S,)."""
        return np.array([result[key] for _, result in sorted(self.results.items())], dtype=float)


def is_human36(result: dict, options: dict) -> bool:
    """Whether a result is of the real Human3.6M's test subjects, told by how many frames they have."""
    data = result["data"]
    frames = data["test"]["frames"] * (options.get("amt_test_data") or 1)
    is_so_long = _TEST_FRAMES[0] < frames < _TEST_FRAMES[1]
    return not data["synthetic"] and data["form"] != "relative_depth_json" and is_so_long


def heading(row: Collected) -> str:
    """What data a row is of, in words."""
    result = next(iter(row.results.values()))
    data = result["data"]
    if is_human36(result, row.options):
        return f"Human3.6M ({data['name']})"
    kind = "SYNTHETIC data" if data["synthetic"] else "not Human3.6M: other data"
    return f"{kind} ({data['name']})"


def collect(table: str, *, ckpt="checkpoint", data=None, presets=()) -> dict[str, list[Collected]]:
    """{folder of a data set: the rows of a table or figure that it has results of}. Raises InputError for a bad file.

    data: names of folders in ``ckpt`` to look into (default: all); presets: those laid over every row.
    """
    names = [name for name in PAPER_ROWS if name.split("/")[0] == table]
    folders = [Path(ckpt) / name for name in data] if data else sorted(path for path in Path(ckpt).glob("*"))
    found = {}
    for folder in folders:
        rows = [Collected(name) for name in names]
        for row in rows:
            for path in sorted(folder.glob(f"{'+'.join([row.name, *presets])}/seed_*/result.json")):
                result = _read(path)
                row.results[result["seed"]] = result
                row.options = _read(path.with_name("options.json"))
        done = [result for row in rows for result in row.results.values()]
        if done:  # rows of the other script are of other data
            script = LSP_PRESETS if "wrong_labels" in done[0] else PRESETS
            found[folder.name] = [row for row in rows if row.name in script]
    return found


def _read(path: Path) -> dict:
    try:
        content = json.loads(path.read_text())
        if path.name == "result.json":
            _ = content["seed"] + content["epoch"], content["data"]["test"]["frames"], content["data"]["synthetic"]
        return content
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is no file of a finished run ({error!r}); move it away, and run again") from None


def _spread(values: np.ndarray, percent: bool = False) -> str:
    if len(values) == 0:
        return _MISSING
    scale, end = (100, " %") if percent else (1, "")
    text = f"{scale * values.mean():.1f}"
    return text + (f" +- {scale * values.std(ddof=1):.1f}" if len(values) > 1 else "") + end


def make_table(table: str, rows: list[Collected]) -> list[list[str]]:
    """Header and rows as text. The paper's numbers stand only beside results on Human3.6M itself."""
    real = all(is_human36(result, row.options) for row in rows for result in row.results.values())
    paper = json.loads(NUMBERS.read_text())["paper"].get(table, {})
    columns, per_action = ["PA-MPJPE (mm)"], table == "table_2"
    if any("wrong_labels" in result for row in rows for result in row.results.values()):
        columns = ["wrong labels", "PA-MPJPE (mm)"]
    columns += ["paper", "difference"] if real else []
    columns += list(ACTIONS) if per_action else []
    lines = [["row", *columns, "seeds", "epoch"]]
    for row in rows:
        name, key = row.name.split("/", 1)[1], "pa_mpjpe_action_mean_mm" if per_action else "pa_mpjpe_mm"
        results = list(row.results.values())
        if not results:
            lines.append([name, _MISSING, *[""] * (len(columns) + 1)])
            continue
        has_3d = all(key in result for result in results)
        cells = [_spread(row.value(key)) if has_3d else ""]
        if columns[0] == "wrong labels":
            wrong = [result["wrong_labels"] for result in results if "wrong_labels" in result]
            cells.insert(0, _spread(np.array(wrong), percent=True) if wrong else "")
        if real:
            theirs = paper.get(name)
            theirs = theirs["average"] if isinstance(theirs, dict) else theirs
            cells += ["", ""] if theirs is None else [f"{theirs:.1f}", f"{row.value(key).mean() - theirs:+.1f}"]
        if per_action:
            of_action = [[r["per_action"].get(action) for r in results] for action in ACTIONS]
            cells += [_spread(np.array([v["pa_mpjpe_mm"] for v in values if v])) for values in of_action]
        epochs = sorted({result["epoch"] for result in results})
        seeds = " ".join(map(str, sorted(row.results)))
        lines.append([name, *cells, seeds, f"{'/'.join(map(str, epochs))} (last)"])
    return lines


def render(lines: list[list[str]], title: str, form: str) -> str:
    """A table as md, tex or csv text."""
    if form == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([[f"# {title}"], *lines])
        return text.getvalue()
    if form == "tex":
        body = [" & ".join(cell.replace("_", r"\_").replace("%", r"\%").replace("+-", r"$\pm$") for cell in line)
                for line in lines]  # fmt: skip
        escaped = title.replace("_", r"\_")
        return (f"% {title}\n\\begin{{tabular}}{{l{'r' * (len(lines[0]) - 1)}}}\n{body[0]} \\\\ \\hline\n"
                + " \\\\\n".join(body[1:]) + f" \\\\\n\\end{{tabular}}\n% caption: {escaped}\n")  # fmt: skip
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |" for line in lines]
    return "\n".join([f"\n{title}\n", text[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *text[1:]])


def print_tables(tables, *, ckpt, data=None, presets=(), form="md", out=None):
    """Print (or draw) every table that has a result, a table for each data set."""
    for table in tables:
        found = collect(table, ckpt=ckpt, data=data, presets=presets)
        if not found:
            print(f"\n{table}: missing: no results in {ckpt}" + (f" of {', '.join(data)}" if data else ""))
        for folder, rows in found.items():
            what = dict.fromkeys(heading(row) for row in rows if row.results)
            title = f"{table}{''.join('+' + name for name in presets)}, {'; '.join(what)}"
            lines = make_table(table, rows)
            if form == "png":
                path = Path(out or ".") / f"{table}_{folder}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                save_figure(path, _draw(lines, title))
                print(path)
            else:
                print(render(lines, title, form))


def _draw(lines: list[list[str]], title: str):
    figure = new_figure(1.2 * len(lines[0]) + 2, 0.3 * len(lines) + 0.7)
    axis = figure.add_subplot(title=title)
    axis.set_axis_off()
    axis.table(cellText=lines[1:], colLabels=lines[0], loc="center").auto_set_column_width(range(len(lines[0])))
    return figure


def main(argv=None) -> int:
    """The command line -> exit code."""
    return run_command(_main, sys.argv[1:] if argv is None else list(argv))


def _main(argv):
    parser = new_parser("Print tables of results; means over seeds, +- their standard deviation.")
    parser.usage = "python -m paper_exps.collect TABLE [...] [options]"
    parser.add_argument("tables", nargs="+", choices=TABLES, metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--ckpt", default="checkpoint", help="folder of all runs")
    parser.add_argument("--data", nargs="+", metavar="NAME", help="data sets, folders in it (default: all there are)")
    parser.add_argument("--preset", nargs="+", default=[], help="what was laid over every row, as testing")
    parser.add_argument("--format", choices=("md", "tex", "csv", "png"), default="md", help="of the tables")
    parser.add_argument("--out", default="figures", metavar="FOLDER", help="where png files go")
    args = parser.parse_args(argv)
    how = {"data": args.data, "presets": args.preset, "form": args.format, "out": args.out}
    print_tables(args.tables, ckpt=args.ckpt, **how)


if __name__ == "__main__":
    sys.exit(main())
