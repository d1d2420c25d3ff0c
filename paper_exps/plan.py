"""From rows of the paper to what must be trained and tested, each training once.

A plan is a list of steps, in an order in which they can be run.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from opts import human36, lsp
from opts.parsing import run_options
from opts.presets import LOADS, PRESETS
from paper_exps.collect import read_finished
from src.files import file_sha256
from src.training.checkpoints import last_checkpoint
from src.training.run_folder import RunFolder, different_options

ROOT = Path(__file__).parents[1]
# Options that do not decide the weights: rows that differ in nothing else share their training.
_TESTING_OPTIONS = frozenset(
    {
        "amt_test_data",
        "ckpt",
        "device",
        "dry_run",
        "eval_only",
        "exp",
        "preset",
        "save_ims",
        "save_ims_every",
        "save_predictions",
        "test_batch",
        "test_noise_amount_2d",
        "test_noise_type_2d",
        "test_step",
        "test_subjects",
        "threads",
    }
)


@dataclass(frozen=True)
class Row:
    """One run of the paper: a preset with a seed.

    Attributes:
        name: of the preset.
        script: the file that runs it, main_human36.py or main_lsp.py.
        options: its resolved options, a named tuple.
        tokens: of the script's command line.
    """

    name: str
    script: str
    options: tuple
    tokens: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where its results go."""
        return Path(self.options.ckpt) / self.options.exp

    @property
    def training(self) -> tuple:
        """What decides the weights; equal for two rows that would train the same."""
        deciding = []
        for name, value in sorted(self.options._asdict().items()):
            if name not in _TESTING_OPTIONS:
                deciding.append((name, value))
        return self.script, tuple(deciding)

    def result(self) -> dict | None:
        """Its result.json; None if it is not finished, or the folder holds a run of other options.

        Raises:
            InputError: the files in its folder are not those of a run.
        """
        finished = read_finished(self.folder)
        if finished is None:
            return None
        result, options = finished
        if _different_options(options, run_options(self.options)):
            return None
        if result["trained"] and result["epoch"] < self.options.epochs:
            return None
        return result

    @property
    def has_trained(self) -> bool:
        """Whether a training of its own with these options is in its folder, finished or not.

        The record of one (`paper_exps.records`), which has no weights, counts as well.
        """
        folder = RunFolder(self.folder)
        options = folder.read_json("options.json")
        if options is None:
            return False
        if not folder.has("last.pt"):
            result = folder.read_json("result.json")
            if result is None or not result.get("trained"):
                return False
        differences = _different_options(options, run_options(self.options))
        return _TESTING_OPTIONS.issuperset(differences)

    def command(self) -> list[str]:
        """The command that runs it."""
        return [sys.executable, str(ROOT / self.script), *self.tokens]


def _different_options(earlier: dict, options: dict) -> list[str]:
    """List the options that differ between two runs, as `different_options` does.

    A run that both load is the same one if it has the same place in the folder of all runs, which
    may have been moved: records call theirs otherwise than it is called now.
    """
    return different_options(_with_load_in_ckpt(earlier), _with_load_in_ckpt(options))


def _with_load_in_ckpt(options: dict) -> dict:
    load = options.get("load")
    ckpt = options.get("ckpt")
    if not load or not ckpt or not Path(load).is_relative_to(ckpt):
        return options
    return options | {"load": Path(load).relative_to(ckpt).as_posix()}


class Step(NamedTuple):
    """What a plan does at a time: run a row, once the row that it needs is done.

    A row needs another one if it fine-tunes that one's weights, or if that one trains the same
    thing: then it only tests the weights that are there already.

    Attributes:
        row: what to run.
        needed: the row that it needs, or None.
    """

    row: Row
    needed: Row | None


def resolve(
    name: str,
    seed: int,
    *,
    presets: Sequence[str] = (),
    human36_tokens: Sequence[str] = (),
    lsp_tokens: Sequence[str] = (),
    pretrained: Mapping[str, str] = MappingProxyType({}),
) -> Row:
    """Make a row from its name, with what the user gave on the command line.

    Args:
        name: of the row, one of PAPER_ROWS.
        seed: of the run.
        presets: presets that the user lays over the row's own, such as testing.
        human36_tokens: the user's options for main_human36.py.
        lsp_tokens: the user's options for main_lsp.py.
        pretrained: {row: folder} of rows whose weights the user has already, in the folder of a run
            or of the 2018 code. Rows that load such a row load the folder.

    Raises:
        InputError: the options contradict each other.
    """
    if name in PRESETS:
        script = "main_human36.py"
        user_tokens = human36_tokens
    else:
        script = "main_lsp.py"
        user_tokens = lsp_tokens
    tokens = ["--preset", name, *presets, "--seed", str(seed), *user_tokens]
    if name in LOADS and LOADS[name] in pretrained:
        tokens += ["--load", pretrained[LOADS[name]]]
    elif name in LOADS:
        pretraining = resolve(
            LOADS[name],
            seed,
            presets=presets,
            human36_tokens=human36_tokens,
            lsp_tokens=lsp_tokens,
        )
        tokens += ["--load", str(pretraining.folder)]
    # The scripts put tests and fine-tuned models into folders of their own; a row has just one.
    exp = _make_row(name, script, tokens).options.exp
    exp = exp.removesuffix("_eval").removesuffix("_finetuned")
    return _make_row(name, script, [*tokens, "--exp", exp])


def _make_row(name: str, script: str, tokens: list[str]) -> Row:
    module = human36 if script == "main_human36.py" else lsp
    options, _ = module.parse_options(tokens)
    return Row(name=name, script=script, options=options, tokens=tuple(tokens))


def make_plan(rows: list[Row], others: list[Row]) -> list[Step]:
    """Decide which rows train and which only test, so that nothing is trained twice.

    Args:
        rows: those that are wanted.
        others: all rows that could have trained already, the wanted ones and those that they load
            among them. One that has is loaded rather than trained again.

    Returns:
        The plan; rows that are loaded stand in it before those that need them.
    """
    rows_with_results = list(rows)
    for row in rows:
        pretraining = _find_pretraining(row, others)
        if pretraining is not None:
            rows_with_results.append(pretraining)
    trainers = _choose_trainers(rows_with_results, others)

    steps = []
    for row in rows:
        pretraining = _find_pretraining(row, others)
        if pretraining is None:
            steps += _train_or_test(row, trainers[row.training])
        else:
            steps += _train_or_test(pretraining, trainers[pretraining.training])
            steps.append(Step(row, needed=pretraining))
    return _without_repeats(steps)


def _find_pretraining(row: Row, others: list[Row]) -> Row | None:
    """Return the row whose weights a row starts from.

    It is None for a row that starts from none, or from a folder of the user's own, which nothing
    has to be run for.
    """
    if row.name not in LOADS:
        return None
    for other in others:
        if other.folder == Path(row.options.load):
            return other
    return None


def _choose_trainers(rows: list[Row], others: list[Row]) -> dict[tuple, Row]:
    """Choose who trains what the rows need: a row that has trained it, or else the first of them.

    Returns:
        {what decides the weights, `Row.training`: the row that trains them}.
    """
    have_trained = [row for row in [*rows, *others] if row.has_trained]
    trainers = {}
    for row in [*have_trained, *rows]:
        if row.training not in trainers:
            trainers[row.training] = row
    return trainers


def _train_or_test(row: Row, trainer: Row) -> list[Step]:
    """Return the steps to a row's result: its training, or its trainer's and then a mere test."""
    if row.folder == trainer.folder or row.has_trained:
        return [Step(row, needed=None)]
    tokens = [*row.tokens, "--eval_only", "--load", str(trainer.folder)]
    test = _make_row(row.name, row.script, tokens)
    return [Step(trainer, needed=None), Step(test, needed=trainer)]


def _without_repeats(steps: list[Step]) -> list[Step]:
    """Keep the first step of every folder: several rows may need the same one."""
    plan = []
    planned_folders = set()
    for step in steps:
        if step.row.folder not in planned_folders:
            planned_folders.add(step.row.folder)
            plan.append(step)
    return plan


def left_to_do(plan: list[Step]) -> list[Step]:
    """Return the steps of a plan whose rows are not finished, or need one that is not."""
    unfinished = []
    unfinished_folders = set()
    for step in plan:
        waits = step.needed is not None and step.needed.folder in unfinished_folders
        if waits or not is_finished(step.row, step.needed):
            unfinished_folders.add(step.row.folder)
            unfinished.append(step)
    return unfinished


def is_finished(row: Row, needed: Row | None) -> bool:
    """Whether a row has its result, and that of the weights that it loads as these are now.

    Where there are no such weights, as among records, the result counts.
    """
    result = row.result()
    if result is None:
        return False
    loaded_folder = row.options.load if needed is None else needed.folder
    if loaded_folder is None:
        return True
    sha256_now = file_sha256(last_checkpoint(loaded_folder))
    key = "loaded_sha256" if result["trained"] else "tested_sha256"
    return sha256_now is None or result.get(key) == sha256_now
