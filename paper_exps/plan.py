"""From rows of the paper to what must be trained and tested, each training once."""

import sys
from dataclasses import dataclass
from pathlib import Path

from opts import human36, lsp
from opts.parsing import run_options
from opts.presets import LOADS, PRESETS
from paper_exps.collect import read_finished
from src.files import file_sha256
from src.training.run_folder import RunFolder, different_options

ROOT = Path(__file__).parents[1]
# What does not decide the weights: rows that differ in nothing else share their training.
_TESTING = {
    *(
        "test_noise_type_2d",
        "test_noise_amount_2d",
        "amt_test_data",
        "test_subjects",
        "test_batch",
        "test_step",
    ),
    *(
        "save_ims",
        "save_ims_every",
        "save_predictions",
        "ckpt",
        "exp",
        "preset",
        "device",
        "threads",
        "eval_only",
        "dry_run",
    ),
}


@dataclass(frozen=True)
class Row:
    """One run: a preset with a seed. script: what runs it; options: resolved; tokens: of its command line."""

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
        """Equal for two rows that would train the same."""
        return self.script, tuple(
            item for item in sorted(self.options._asdict().items()) if item[0] not in _TESTING
        )

    def result(self) -> dict | None:
        """Its result.json, if it is finished and is of these options."""
        result, options = read_finished(self.folder) or (None, {})
        if result is None or different_options(options, run_options(self.options)):
            return None
        return result if not result["trained"] or result["epoch"] >= self.options.epochs else None

    @property
    def has_trained(self) -> bool:
        """Whether there is a training of its own, of these options, in its folder, finished or not."""
        options = (
            RunFolder(self.folder).read_json("options.json")
            if (self.folder / "last.pt").exists()
            else None
        )
        return options is not None and _TESTING.issuperset(
            different_options(options, run_options(self.options))
        )

    def command(self) -> list[str]:
        """What runs it."""
        return [sys.executable, str(ROOT / self.script), *self.tokens]


def resolve(name: str, seed: int, given: dict) -> Row:
    """A row with what the user gave. given: {"main_human36.py", "main_lsp.py": tokens, "presets": names}."""
    script = "main_human36.py" if name in PRESETS else "main_lsp.py"
    tokens = ["--preset", name, *given["presets"], "--seed", str(seed), *given[script]]
    if name in LOADS:
        tokens += ["--load", str(resolve(LOADS[name], seed, given).folder)]
    exp = _parse(name, script, tokens).options.exp.removesuffix("_eval").removesuffix("_finetuned")
    return _parse(name, script, [*tokens, "--exp", exp])


def _parse(name: str, script: str, tokens: list[str]) -> Row:
    module = human36 if script == "main_human36.py" else lsp
    return Row(name, script, module.parse_options(tokens)[0], tuple(tokens))


def make_plan(rows: list[Row], others: list[Row]) -> list[tuple[Row, Row | None]]:
    """Which rows train and which only test, in an order that works: (row, the row whose run it needs, or None).

    others: all rows that could have trained already; one that has is loaded rather than trained again.
    """
    trainer: dict[tuple, Row] = {}
    for row in sorted([*rows, *others], key=lambda row: not row.has_trained):
        if row.has_trained or row in rows:
            trainer.setdefault(row.training, row)
    by_folder, plan = {row.folder: row for row in others}, {}

    def add(row: Row):
        if row.folder in plan:
            return
        first = trainer.setdefault(row.training, row)
        needed = by_folder[Path(row.options.load)] if row.name in LOADS else None
        if needed is None and row.folder != first.folder and not row.has_trained:
            needed = first
            row = _parse(
                row.name, row.script, [*row.tokens, "--eval_only", "--load", str(first.folder)]
            )
        if needed is not None:
            add(needed)
        plan[row.folder] = row, needed

    for row in rows:
        add(row)
    return list(plan.values())


def left_to_do(plan) -> list[tuple[Row, Row | None]]:
    """The rows of a plan that are not finished, or need one that is not."""
    left = {}
    for row, needed in plan:
        if not is_finished(row, needed) or (needed is not None and needed.folder in left):
            left[row.folder] = row, needed
    return list(left.values())


def is_finished(row: Row, needed: Row | None) -> bool:
    """Whether a row has its result, of the run that it needs as that is now."""
    result = row.result()
    key = "loaded_sha256" if result and result["trained"] else "tested_sha256"
    return result is not None and (
        needed is None or result.get(key) == file_sha256(needed.folder / "last.pt")
    )
