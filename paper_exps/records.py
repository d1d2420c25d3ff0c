"""Copy the records of finished rows out of their run folders, to be committed.

``python -m paper_exps.records --ckpt checkpoint --dataset cmu_motion --out results`` writes
results/cmu_motion/<row>/seed_<n>/ with options.json, environment.json, log.csv and result.json.
Rows of figures 4a, 4b and 5 get predictions.npz too: the arrays that figures are drawn from, as
float16. Weights and pictures stay where they are.

Records hold no absolute paths: in them the folder of all runs is called checkpoint, what lies
within the folder where this is run is relative to it, and of other paths the last name is kept.

Tables and figures are made from records as from runs, by ``--ckpt results`` and ``--results
results``. Rows that are not finished are named and left out; the exit code is then 1.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from opts.command import run_command

import numpy as np

from opts.parsing import new_parser
from opts.presets import PAPER_ROWS
from opts.types import number
from paper_exps.collect import read_finished, table_of
from src.errors import InputError
from src.files import locked_folder, write_atomically
from src.input_files import require_regular_file
from src.json_files import load_json
from src.predictions import load_predictions

# What records call the folder of all runs.
_CKPT = "checkpoint"
# The arrays of predictions.npz that figures are drawn from: those with a row per test pose of
# motion or of photos, and the others.
_ARRAYS_OF_POSES = {
    "fig_4ab": (
        "pose_2d_px",
        "root_2d_px",
        "target_mm",
        "aligned_mm",
        "pa_mpjpe_joint_errors_mm",
        "sequence",
        "frame",
    ),
    "fig_5": ("pose_2d_px", "target_mm", "prediction_mm", "files"),
}
_OTHER_ARRAYS = ("sequence_names", "joints")
# Of predictions, as records are committed.
_MOST_BYTES = 16_000_000
# "/home/me/data" and "C:\data", but not the slash in "S9/Walking".
_ABSOLUTE_PATH = re.compile(r"(?<![\w./\\])(?:[A-Za-z]:)?[/\\][^\s:;,'\")]+")


class Run(NamedTuple):
    """A run of one of the paper's rows.

    name: of the row. folder: the run's. place: the same within the folder of all runs.
    """

    name: str
    folder: Path
    place: Path

    def __str__(self) -> str:
        return f"{self.name}, {self.place.name.replace('_', ' ')}"


def make_parser():
    """The options of this command."""
    parser = new_parser("Copy the records of finished rows, without weights, to be committed.")
    parser.usage = "python -m paper_exps.records --out FOLDER [options]"
    parser.add_argument(
        "--ckpt", type=Path, default=Path("checkpoint"), metavar="FOLDER", help="of all runs"
    )
    parser.add_argument(
        "--dataset",
        nargs="+",
        metavar="NAME",
        help="data sets, folders in it (default: all there are)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where the records go"
    )
    parser.add_argument(
        "--every",
        type=number(int, at_least=1, at_most=10**6),
        default=1,
        metavar="N",
        help="keep the predictions of every N-th test pose",
    )
    return parser


def find_runs(ckpt: Path, data_set: str) -> list[Run]:
    """Find the runs of the paper's rows that have begun on a data set, in the order of the paper.

    Tests and fine-tuned models in folders of their own (seed_0_eval) are no rows.
    """
    runs = []
    for name in PAPER_ROWS:
        for path in sorted((ckpt / data_set / name).glob("seed_*/options.json")):
            if re.fullmatch(r"seed_\d+", path.parent.name):
                runs.append(Run(name, path.parent, path.parent.relative_to(ckpt)))
    return runs


def is_finished(run: Run) -> bool:
    """Whether a run has the result of all its epochs. Raises InputError for damaged files."""
    finished = read_finished(run.folder)
    if finished is None:
        return False
    result, options = finished
    epochs = options.get("epochs")
    if not isinstance(epochs, int):
        raise InputError(f"{run.folder / 'options.json'}: expected a whole number as epochs")
    return not result["trained"] or result["epoch"] >= epochs


def without_machine(value, ckpt: str):
    """Replace the absolute paths in plain values of json, wherever they stand.

    ckpt: the folder of all runs as the run knows it, which is replaced where a text begins with it.
    """
    if isinstance(value, dict):
        return {key: without_machine(item, ckpt) for key, item in value.items()}
    if isinstance(value, list):
        return [without_machine(item, ckpt) for item in value]
    if not isinstance(value, str):
        return value
    if value == ckpt or value.startswith(f"{ckpt}/"):
        value = _CKPT + value.removeprefix(ckpt)
    value = value.replace(f"{Path.cwd()}/", "")
    return _ABSOLUTE_PATH.sub(lambda match: re.split(r"[/\\]", match[0].rstrip("/\\"))[-1], value)


def predictions_of(run: Run, every: int) -> dict[str, np.ndarray] | None:
    """Return what a record keeps of predictions.npz; None where the run keeps none, or no figure
    is drawn from it.
    """
    path = run.folder / "predictions.npz"
    figure = table_of(run.name)
    if figure not in _ARRAYS_OF_POSES or not path.exists():
        return None
    kept = {}
    for name, array in load_predictions(path, are_of_photos=figure == "fig_5").items():
        if name in _ARRAYS_OF_POSES[figure]:
            array = array[::every]
        elif name not in _OTHER_ARRAYS:
            continue
        kept[name] = array.astype(np.float16) if array.dtype.kind == "f" else array
    return kept


def write_record(run: Run, folder: Path, every: int):
    """Write the record of a finished run into a folder, over an earlier one.

    Raises InputError if a file of the run is damaged, or one of the record cannot be written.
    """
    predictions = predictions_of(run, every)
    texts = _texts_of(run)
    folder.mkdir(parents=True, exist_ok=True)
    if predictions is not None:
        write_atomically(
            folder / "predictions.npz", lambda path: np.savez_compressed(path, **predictions)
        )
    for name, text in texts.items():  # the result, which says that all is there, is the last
        _write_text(folder / name, text)


def _texts_of(run: Run) -> dict[str, str]:
    """Return what a record's files of text hold, by their names; that of result.json is the last.

    Raises InputError if a file of the run is damaged.
    """
    texts = {}
    path = run.folder / "log.csv"
    try:
        if path.exists():  # rows that only test another one's weights have none
            require_regular_file(path)
            texts[path.name] = path.read_text()
        path = run.folder / "options.json"
        ckpt = str(load_json(path).get("ckpt", ""))
        for name in ("options.json", "environment.json", "result.json"):
            path = run.folder / name
            plain = without_machine(load_json(path), ckpt)
            texts[name] = json.dumps(plain, indent=1, allow_nan=False) + "\n"
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); run the row again") from None
    return texts


def _write_text(path: Path, text: str):
    write_atomically(path, lambda temporary: temporary.write_text(text))


def copy_records(argv: Sequence[str] | None) -> int:
    """Do what the command line says -> 0, or 1 if a row was not finished."""
    args = make_parser().parse_args(argv)
    data_sets = args.dataset
    if data_sets is None:
        data_sets = sorted(path.name for path in args.ckpt.glob("*"))
    runs = []
    for data_set in data_sets:
        runs_of_data_set = find_runs(args.ckpt, data_set)
        if args.dataset and not runs_of_data_set:
            raise InputError(f"{args.ckpt / data_set}: no runs of the paper's rows")
        runs += runs_of_data_set
    if not runs:
        raise InputError(f"{args.ckpt}: no runs of the paper's rows; paper_exps.run makes them")

    unfinished = [run for run in runs if not is_finished(run)]
    finished = [run for run in runs if run not in unfinished]
    with locked_folder(args.out):
        for run in finished:
            write_record(run, args.out / run.place, args.every)
    print(f"{args.out}: the records of {len(finished)} runs")
    num_bytes = sum(path.stat().st_size for path in args.out.rglob("predictions.npz"))
    if num_bytes > 0:
        thinned = "" if args.every == 1 else f", of every {args.every}th test pose"
        print(f"predictions: {num_bytes / 1e6:.1f} MB in all{thinned}")
    if num_bytes > _MOST_BYTES:
        print(f"that is more than {_MOST_BYTES / 1e6:.0f} MB: give a larger --every")
    for run in unfinished:
        print(f"not finished, left out: {run}")
    return 1 if unfinished else 0


def main(argv=None) -> int:
    """Run the command line; return its exit code."""
    return run_command(copy_records, argv)


if __name__ == "__main__":
    sys.exit(main())
