"""Print the paper's tables from the results that are there.

``python -m paper_exps.collect table_1`` prints table 1 for every data set that has results of it.

It reads result.json and options.json of run folders; it loads no model and scrapes no log. A row
without a result is printed as missing. The result files of the authors' code of 2018 are a data set
of their own, authors_2018.
"""

import csv
import io
import sys
from dataclasses import dataclass, field
from pathlib import Path

from opts.command import run_command

import numpy as np

from opts.parsing import new_parser
from opts.presets import LSP_PRESETS, PAPER_ROWS, PRESETS
from paper_exps import results_2018
from src.data.arrays import ACTIONS
from src.errors import InputError, shortened, shown
from src.files import file_name_of, locked_path
from src.json_files import load_json
from src.plotting.figures import new_figure, save_figure

NUMBERS = Path(__file__).with_name("paper_numbers.json")
# How many frames the test subjects S9 and S11 of the real Human3.6M have, over all cameras: without
# S11's Directions and with it. It tells Human3.6M from other data in its form. 1 % more or less is
# allowed, as every n-th frame of each file is rounded up, and detections may lack a file.
_LEAST_TEST_FRAMES = 0.99 * 543_344
_MOST_TEST_FRAMES = 1.01 * 550_644
_LARGEST_NUMBER = 1e12  # more than any error in mm or count of frames; NaN is not below it


def table_of(row_name: str) -> str:
    """The table or figure that a row belongs to: "fig_4c" for "fig_4c/test_noise/ours_10"."""
    table, _, _ = row_name.partition("/")
    return table


def name_in_table(row_name: str) -> str:
    """A row's name within its table or figure: "test_noise/ours_10" for the same row."""
    _, _, name = row_name.partition("/")
    return name


TABLES = tuple(dict.fromkeys(table_of(name) for name in PAPER_ROWS))


@dataclass
class RowResults:
    """What the runs of one row of the paper gave on one data set.

    name: of the row, as in opts/presets.py. results: {seed: content of result.json}. options: those
    of one of the runs; they differ between the seeds in nothing that tables and figures look at.
    """

    name: str
    results: dict[int, dict] = field(default_factory=dict)
    options: dict = field(default_factory=dict)

    def value(self, key: str) -> np.ndarray:
        """A number of result.json for all seeds that have it, (S,), in the order of the seeds."""
        values = [result[key] for _, result in sorted(self.results.items()) if key in result]
        return np.array(values, dtype=float)

    @property
    def error_cm(self) -> float:
        """PA-MPJPE over frames, the mean over seeds."""
        return float(self.value("pa_mpjpe_mm").mean() / 10)


def read_finished(folder: Path) -> tuple[dict, dict] | None:
    """Read a run folder's result.json and options.json; None if the run has no result yet.

    Raises:
        InputError: one of the files is not what a finished run writes.
    """
    path = folder / "result.json"
    try:
        if not path.exists():
            return None
        result = load_json(path)
        options = load_json(path.with_name("options.json"))
    except (OSError, ValueError) as error:
        raise _not_of_a_finished_run(path, shown(error)) from None
    problem = _problem_of(result, options)
    if problem:
        raise _not_of_a_finished_run(path, problem)
    return result, options


def _not_of_a_finished_run(path: Path, problem: str) -> InputError:
    return InputError(
        f"{path} or options.json is not of a finished run ({problem}); move both, and run again"
    )


def _is_number(value) -> bool:
    # By its type, as True counts as an int for isinstance.
    return type(value) in (int, float) and abs(value) <= _LARGEST_NUMBER


def _problem_of(result, options) -> str | None:
    """What a finished run's files should hold and these do not, in words; None if they hold it."""
    if not isinstance(result, dict) or not isinstance(options, dict):
        return "expected two json objects"
    for key in ("seed", "epoch"):
        if type(result.get(key)) is not int or not 0 <= result[key] <= _LARGEST_NUMBER:
            return f"expected a whole number as {key}"
    if not isinstance(result.get("trained"), bool):
        return "expected true or false as trained"
    if "wrong_labels" not in result and "pa_mpjpe_mm" not in result:
        return "pa_mpjpe_mm is missing"
    for key, value in result.items():
        if (key.endswith("_mm") or key == "wrong_labels") and not _is_number(value):
            return f"expected a number as {key}"
    per_action = result.get("per_action", {})
    if not isinstance(per_action, dict):
        return "expected a json object as per_action"
    for action, means in per_action.items():
        if not isinstance(means, dict) or not _is_number(means.get("pa_mpjpe_mm")):
            return f"expected a number as per_action.{shortened(action)}.pa_mpjpe_mm"
    step = options.get("amt_test_data")
    if step is not None and not _is_number(step):
        return "expected a number as amt_test_data"
    return _problem_of_data(result.get("data"))


def _problem_of_data(data) -> str | None:
    """What is wrong with the description of the data in a result, in words; None if nothing is."""
    if not isinstance(data, dict) or not isinstance(data.get("synthetic"), bool):
        return "expected true or false as data.synthetic"
    for key in ("name", "form"):
        if not isinstance(data.get(key), str):
            return f"expected a text as data.{key}"
    for key in ("test", "train"):
        part = data.get(key)
        if key == "train" and part is None:  # a run that only tested
            continue
        if not isinstance(part, dict) or not _is_number(part.get("frames")):
            return f"expected a number as data.{key}.frames"
    return None


def collect(table: str, *, ckpt="checkpoint", data=None, preset=()) -> dict[str, list[RowResults]]:
    """Collect the results of a table's or figure's rows.

    Args:
        table: one of TABLES.
        ckpt: the folder of all runs.
        data: names of folders in it, one per data set; None for all that are there.
        preset: the presets that were laid over every row, such as testing.

    Returns:
        {name of a data set's folder: all rows of the table that its script runs}, for the data sets
        that have any result; rows without one are among them.

    Raises:
        InputError: a file is not of a finished run.
    """
    folders = [Path(ckpt) / name for name in data] if data else sorted(Path(ckpt).glob("*"))
    rows_per_data_set = {}
    for folder in folders:
        rows = [
            _collect_row(name, folder, preset) for name in PAPER_ROWS if table_of(name) == table
        ]
        results = _all_results(rows)
        if results:
            # Figure 5 has rows of both scripts, which do not share their data.
            presets = LSP_PRESETS if "wrong_labels" in results[0] else PRESETS
            rows_per_data_set[folder.name] = [row for row in rows if row.name in presets]
    return rows_per_data_set


def _collect_row(name: str, folder: Path, preset) -> RowResults:
    """The results of one row in a data set's folder."""
    row = RowResults(name)
    run_name = "+".join([name, *preset])
    for path in sorted(folder.glob(f"{run_name}/seed_*/result.json")):
        result, row.options = read_finished(path.parent)
        for key in ("per_action", "pa_mpjpe_action_mean_mm"):
            if table_of(name) == "table_2" and key not in result:
                raise _not_of_a_finished_run(path, f"{key} is missing")
        row.results[result["seed"]] = result
    return row


def _all_results(rows: list[RowResults]) -> list[dict]:
    results = []
    for row in rows:
        results += row.results.values()
    return results


def is_human36(result: dict, options: dict) -> bool:
    """Whether a result is of the real Human3.6M's test subjects, told by how many frames they have.

    Args:
        result: content of result.json.
        options: content of options.json; every amt_test_data-th frame was tested.
    """
    data = result["data"]
    if data["synthetic"] or data["form"] == "relative_depth_json":
        return False
    step = options.get("amt_test_data")
    if step is None:  # main_lsp.py has no such option
        step = 1
    return _LEAST_TEST_FRAMES < data["test"]["frames"] * step < _MOST_TEST_FRAMES


def _all_are_human36(rows: list[RowResults]) -> bool:
    for row in rows:
        for result in row.results.values():
            if not is_human36(result, row.options):
                return False
    return True


def heading(rows: list[RowResults]) -> str:
    """Say in words what data the results of rows are of: "Human3.6M (h36m)"."""
    descriptions = []
    for row in rows:
        if not row.results:
            continue
        first_result = next(iter(row.results.values()))
        data = first_result["data"]
        if is_human36(first_result, row.options):
            data_set = "Human3.6M"
        elif data["synthetic"]:
            data_set = "SYNTHETIC data"
        else:
            data_set = "not Human3.6M: other data"
        description = f"{data_set} ({data['name']})"
        if description not in descriptions:
            descriptions.append(description)
    return "; ".join(descriptions)


def make_table(table: str, rows: list[RowResults]) -> list[list[str]]:
    """Make a table of text: a header, then a line per row of the paper.

    Errors are means over the seeds, +- their standard deviation. The paper's own numbers and the
    difference from them are there only if all results are of Human3.6M itself.

    Args:
        table: one of TABLES; table_2 has a column per action.
        rows: as `collect` gives them for one data set.
    """
    if table == "table_2":
        actions = ACTIONS
        error_key = "pa_mpjpe_action_mean_mm"
    else:
        actions = ()
        error_key = "pa_mpjpe_mm"
    on_human36 = _all_are_human36(rows)
    on_photos = any("wrong_labels" in result for result in _all_results(rows))
    all_paper_numbers = load_json(NUMBERS)["paper"]
    paper_numbers = all_paper_numbers.get(table, {})

    columns = []
    if on_photos:
        columns.append("wrong labels")
    columns.append("PA-MPJPE (mm)")
    if on_human36:
        columns += ["paper", "difference"]
    columns += actions

    lines = [["row", *columns, "seeds", "epoch"]]
    for row in rows:
        name = name_in_table(row.name)
        if not row.results:
            empty_cells = [""] * (len(columns) - 1)
            lines.append([name, "missing", *empty_cells, "", ""])
            continue
        cells = [name]
        if on_photos:
            cells.append(_mean_and_deviation(100 * row.value("wrong_labels"), unit=" %"))
        cells.append(_mean_and_deviation(row.value(error_key)))
        if on_human36:
            cells += _beside_the_paper(row.value(error_key).mean(), paper_numbers.get(name))
        for action in actions:
            cells.append(_action_cell(row, action))
        epochs = sorted({result["epoch"] for result in row.results.values()})
        cells.append(" ".join(str(seed) for seed in sorted(row.results)))
        cells.append("/".join(str(epoch) for epoch in epochs) + " (last)")
        lines.append(cells)
    return lines


def _mean_and_deviation(values, unit: str = "") -> str:
    """The mean of values, +- their standard deviation if there are several, as text."""
    if len(values) == 0:
        return ""
    text = f"{np.mean(values):.1f}"
    if len(values) > 1:
        text += f" +- {np.std(values, ddof=1):.1f}"
    return text + unit


def _beside_the_paper(error_mm: float, paper_number) -> list[str]:
    """The cells with the paper's number, if somebody has typed it in, and our difference from it.

    paper_number: in mm; for table 2 {action or "average": mm}; or None.
    """
    paper_mm = paper_number["average"] if isinstance(paper_number, dict) else paper_number
    if paper_mm is None:
        return ["", ""]
    return [f"{paper_mm:.1f}", f"{error_mm - paper_mm:+.1f}"]


def _action_cell(row: RowResults, action: str) -> str:
    errors_mm = []
    for result in row.results.values():
        means = result.get("per_action", {}).get(action)
        if means:
            errors_mm.append(means["pa_mpjpe_mm"])
    return _mean_and_deviation(errors_mm) if errors_mm else "missing"


def make_table_2018(table: str, ckpt) -> list[list[str]]:
    """Make a table of text from the authors' result file of table_1 or table_2.

    As in `make_table`, the errors of table_1 are means over frames, and those of table_2 are means
    over actions. The file of table_1 has the best epoch's errors too.
    """
    header = ["row", "PA-MPJPE (mm)"]
    header += ACTIONS if table == "table_2" else ["best epoch"]
    lines = [header]
    for name, errors_mm in results_2018.read_table(table, ckpt).items():
        if table == "table_2":
            errors = [errors_mm["action_mean"], *errors_mm["actions"].values()]
        else:
            errors = [errors_mm["last"], errors_mm["best"]]
        lines.append([name] + [f"{error:.1f}" for error in errors])
    return lines


def render(lines: list[list[str]], title: str, format: str) -> str:
    """Write a table, as `make_table` gives it, as md, tex or csv text."""
    if format == "csv":
        return _as_csv(lines, title)
    if format == "tex":
        return _as_tex(lines, title)
    return _as_markdown(lines, title)


def _as_csv(lines: list[list[str]], title: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[f"# {title}"], *lines])
    return text.getvalue()


def _as_tex(lines: list[list[str]], title: str) -> str:
    header, *body = [" & ".join(line) + r" \\" for line in lines]
    number_columns = "r" * (len(lines[0]) - 1)
    table = "\n".join([rf"\begin{{tabular}}{{l{number_columns}}}", rf"{header} \hline", *body])
    table = table.replace("%", r"\%").replace("+-", r"$\pm$")
    end = f"\\end{{tabular}}\n% caption: {title}\n"
    return f"% {title}\n" + f"{table}\n{end}".replace("_", r"\_")


def _as_markdown(lines: list[list[str]], title: str) -> str:
    widths = []
    for column in zip(*lines, strict=True):
        widths.append(max(len(cell) for cell in column))
    text_lines = []
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        text_lines.append("| " + " | ".join(cells) + " |")
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    header, *body = text_lines
    return "\n".join([f"\n{title}\n", header, rule, *body])


def save_as_picture(lines: list[list[str]], title: str, path: Path):
    """Draw a table, as `make_table` gives it, into a picture file, whose folder is made."""
    header, *body = lines
    figure = new_figure(1.2 * len(header) + 2, 0.3 * len(lines) + 0.7)
    axis = figure.add_subplot(title=title)
    axis.set_axis_off()
    drawn_table = axis.table(cellText=body, colLabels=header, loc="center")
    drawn_table.auto_set_column_width(range(len(header)))
    with locked_path(path):
        save_figure(path, figure)


def print_tables(tables, *, ckpt, data=None, preset=(), format="md", out="."):
    """Print, or draw, a table for every data set that has results of it.

    Args:
        tables: some of TABLES.
        ckpt, data, preset: as `collect` takes them.
        format: md, tex or csv are printed; png makes files and prints their paths.
        out: the folder for png files.
    """
    for table in tables:
        titles_and_lines = {}
        for data_set, rows in collect(table, ckpt=ckpt, data=data, preset=preset).items():
            titles_and_lines[data_set] = (heading(rows), make_table(table, rows))
        if _has_table_2018(table, ckpt=ckpt, data=data, preset=preset):
            lines = make_table_2018(table, ckpt)
            titles_and_lines[results_2018.DATASET_2018] = (results_2018.HEADING_2018, lines)
        if not titles_and_lines:
            data_sets = f" of {', '.join(data)}" if data else ""
            print(f"\n{table}: missing: no results in {ckpt}{data_sets}")
        for data_set, (data_name, lines) in titles_and_lines.items():
            title = f"{'+'.join([table, *preset])}, {data_name}"
            if format == "png":
                path = Path(out) / file_name_of(f"{table}_{data_set}.png")
                save_as_picture(lines, title, path)
                print(path)
            else:
                print(render(lines, title, format))


def _has_table_2018(table: str, *, ckpt, data, preset) -> bool:
    """Whether the authors' result file of a table is there and wanted; it is of no preset."""
    if preset or not table.startswith("table_"):
        return False
    if data and results_2018.DATASET_2018 not in data:
        return False
    return results_2018.has_results_2018(table, ckpt)


def make_parser():
    """The options of this command."""
    parser = new_parser("Print tables of results; means over seeds, +- their standard deviation.")
    parser.usage = "python -m paper_exps.collect TABLE [...] [options]"
    parser.add_argument(
        "tables", nargs="+", choices=TABLES, metavar="TABLE", help=", ".join(TABLES)
    )
    parser.add_argument("--ckpt", default="checkpoint", help="folder of all runs")
    parser.add_argument(
        "--dataset",
        nargs="+",
        metavar="NAME",
        help="data sets, folders in it (default: all there are); "
        f"{results_2018.DATASET_2018} for the result files of the authors' code",
    )
    parser.add_argument(
        "--preset", nargs="+", default=[], help="what was laid over every row, as testing"
    )
    parser.add_argument(
        "--format",
        choices=("md", "tex", "csv", "png"),
        default="md",
        help="file format of the tables",
    )
    parser.add_argument("--out", default="figures", metavar="FOLDER", help="where png files go")
    return parser


def print_paper_tables(argv):
    """Parse the command line and print the tables that it names."""
    args = make_parser().parse_args(argv)
    print_tables(
        args.tables,
        ckpt=args.ckpt,
        data=args.dataset,
        preset=args.preset,
        format=args.format,
        out=args.out,
    )


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(print_paper_tables, argv)


if __name__ == "__main__":
    sys.exit(main())
