"""From rows of the paper to what must be trained and tested, each training once."""

import sys
from dataclasses import dataclass
from pathlib import Path

from opts import human36, lsp
from opts.parsing import run_options
from opts.presets import LOADS, PRESETS
from src.errors import InputError
from src.runs import RunFolder, different_options, file_sha256

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

    def _file(self, name: str) -> dict | None:
        content = RunFolder(self.folder).read_json(name)
        if name == "result.json" and content is not None and not {"trained", "epoch"} <= content.keys():
            raise InputError(f"{self.folder / name}: is no result of a run; move it away, and run again")
        return content

    def result(self) -> dict | None:
        """Its result.json, if it is finished and is of these options."""
        result, options = self._file("result.json"), self._file("options.json")
        if result is None or options is None or different_options(options, run_options(self.options)):
            return None
        return result if not result["trained"] or result["epoch"] >= self.options.epochs else None

    @property
    def has_trained(self) -> bool:
        """Whether there is a training of its own, of these options, in its folder, finished or not."""
        options = self._file("options.json") if (self.folder / "last.pt").exists() else None
        return options is not None and not set(different_options(options, run_options(self.options))) - _TESTING

    def command(self) -> list[str]:
        """What runs it."""
        return [sys.executable, str(ROOT / self.script), *self.tokens]


def resolve(name: str, seed: int, given: dict) -> Row:
    """A row with what the user gave. given: {"main_human36.py", "main_lsp.py": tokens, "presets": names}."""
    script = "main_human36.py" if name in PRESETS else "main_lsp.py"
    tokens = ["--preset", name, *given["presets"], "--seed", str(seed), *given[script]]
    if name in LOADS:
        tokens += ["--load", str(resolve(LOADS[name], seed, given).folder)]
    exp = _parse(name, tokens).options.exp.removesuffix("_eval").removesuffix("_finetuned")
    return _parse(name, [*tokens, "--exp", exp])


def _parse(name: str, tokens: list[str]) -> Row:
    module = human36 if name in PRESETS else lsp
    return Row(name, f"main_{module.__name__.split('.')[-1]}.py", module.parse_options(tokens)[0], tuple(tokens))


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
            plan.append((_parse(row.name, [*row.tokens, "--eval_only", "--load", str(first.folder)]), first))

    for row in rows:
        add(row)
    return plan


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
    if result is None or needed is None:
        return result is not None
    sha256 = result.get("loaded_sha256" if result["trained"] else "tested_sha256")
    return sha256 == file_sha256(needed.folder / "last.pt")
