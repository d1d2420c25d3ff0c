"""From rows of the paper to what must be trained and tested, each training once."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from opts import human36, lsp
from opts.presets import LOADS, PRESETS
from src.runs import file_sha256

ROOT = Path(__file__).parents[1]
# What does not decide the weights: rows that differ in nothing else share their training.
_TESTING = {
    *("test_noise_type_2d", "test_noise_amount_2d", "amt_test_data", "test_subjects", "test_batch", "test_step"),
    *("save_ims", "save_predictions", "ckpt", "exp", "preset", "device", "threads", "eval_only", "dry_run"),
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
        left = {name: value for name, value in self.options._asdict().items() if name not in _TESTING}
        return self.script, tuple(sorted(left.items(), key=lambda item: item[0]))

    def result(self) -> dict | None:
        """Its result.json, if it is finished."""
        try:
            result = json.loads((self.folder / "result.json").read_text())
        except (OSError, ValueError):
            return None
        return result if not result["trained"] or result["epoch"] >= self.options.epochs else None

    @property
    def has_trained(self) -> bool:
        """Whether there is a training of its own in its folder, finished or not."""
        return (self.folder / "last.pt").exists()

    def command(self) -> list[str]:
        """What runs it."""
        return [sys.executable, str(ROOT / self.script), *self.tokens]


def resolve(name: str, seed: int, given: dict) -> Row:
    """A row with what the user gave. given: {"main_human36.py", "main_lsp.py": tokens, "presets": names}."""
    script = "main_human36.py" if name in PRESETS else "main_lsp.py"
    tokens = ["--preset", name, *given["presets"], "--seed", str(seed), *given[script]]
    if name in LOADS:
        tokens += ["--load", str(resolve(LOADS[name], seed, given).folder)]
    parse = (human36 if name in PRESETS else lsp).parse_options
    options = parse(tokens)[0]
    tokens += ["--exp", options.exp.removesuffix("_eval").removesuffix("_finetuned")]
    return Row(name, script, parse(tokens)[0], tuple(tokens))


def make_plan(rows: list[Row], others: list[Row]) -> list[tuple[Row, Row | None]]:
    """Which rows train and which only test, in an order that works: (row, the row whose run it needs, or None).

    others: all rows that could have trained already; one that has is loaded rather than trained again.
    """
    trainer: dict[tuple, Row] = {}
    for row in sorted([*rows, *others], key=lambda row: not row.has_trained):
        if row.has_trained or row in rows:
            trainer.setdefault(row.training, row)
    by_folder, plan, done = {row.folder: row for row in others}, [], set()

    def add(row: Row):
        if row.folder in done:
            return
        done.add(row.folder)
        first = trainer.setdefault(row.training, row)
        if row.name in LOADS:
            needed = by_folder[Path(row.options.load)]
            add(needed)
            plan.append((row, needed))
        elif row.folder == first.folder or row.has_trained:
            plan.append((row, None))
        else:
            add(first)
            test = (*row.tokens, "--eval_only", "--load", str(first.folder))
            plan.append((replace(row, tokens=test), first))

    for row in rows:
        add(row)
    return plan


def is_finished(row: Row, needed: Row | None) -> bool:
    """Whether a row has its result, of the run that it needs as that is now."""
    result = row.result()
    if result is None or result["trained"] or needed is None:
        return result is not None
    return result.get("tested_sha256") == file_sha256(needed.folder / "last.pt")
