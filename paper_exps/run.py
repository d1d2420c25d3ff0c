"""Run rows of the paper's tables and figures: ``python -m paper_exps.run table_1/ours table_1/supervised``.

What is finished is skipped, what was interrupted goes on. Rows that would train the same thing train once: the others
load that run and only test. Without rows: all 66. Options that --help does not list go to main_human36.py and, where it
knows them, to main_lsp.py (but --data_dir, and --epochs: its own is --lsp_epochs).
"""

import os
import signal
import subprocess
import sys
import time
from argparse import SUPPRESS
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from threading import Event

import torch
from tqdm import tqdm

from opts import human36, lsp
from opts.parsing import new_parser
from opts.presets import LOADS, PAPER_ROWS, option_tokens
from opts.types import number
from paper_exps.collect import print_tables
from paper_exps.plan import Row, is_finished, left_to_do, make_plan, resolve
from src.errors import InputError, run_command

_NOT_FOR_LSP = {"data_dir", "epochs"}
_OWN = {
    "exp": "",
    "load": "",
    "eval_only": "",
    "dry_run": "; --plan shows what would be done",
    "seed": "; use --seeds",
}


def _run(row: Row, *, slot: int, jobs: int, stop: Event) -> str | None:
    """Run one row -> None, or why it failed. Its output goes to a file of its own beside the run folders."""
    log = Path(row.options.ckpt) / "logs" / f"{row.options.exp.replace('/', '_')}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment, gpus = dict(os.environ), torch.cuda.device_count()
    if jobs > 1:
        environment["OMP_NUM_THREADS"] = str(max((os.cpu_count() or 1) // jobs, 1))
    if gpus > 1:
        environment["CUDA_VISIBLE_DEVICES"] = str(slot % gpus)
    shown = {
        "total": 1 if row.options.eval_only else row.options.epochs,
        "position": slot,
        "leave": False,
    }
    with log.open("w") as file, tqdm(desc=row.name, unit="epoch", disable=None, **shown) as bar:
        process = subprocess.Popen(
            row.command(), stdout=file, stderr=subprocess.STDOUT, env=environment
        )
        while process.poll() is None:
            if stop.wait(
                0.1
            ):  # after Ctrl-C in a terminal, which reaches the row too, it lets go by itself
                process.send_signal(signal.SIGINT)
                process.wait()
            bar.n = log.read_text(errors="replace").count("\nepoch ")
            bar.refresh()
    if process.returncode in (0, 130):
        return "interrupted" if process.returncode else None
    lines = log.read_text(errors="replace").strip().splitlines() or [
        f"exit code {process.returncode}"
    ]
    return f"{lines[-1]} (all of it: {log})"


def run_plan(plan, jobs: int) -> dict[str, str]:
    """Run all rows, ``jobs`` at once, those that others need first -> {row: why it failed}."""
    running, slots, stop = {}, list(range(jobs)), Event()

    def one(row, needed) -> str | None:
        """Waits for the row that it needs, which has begun: rows begin in the order of the plan."""
        if needed is not None and needed.folder in running and running[needed.folder].result():
            reason, seconds = f"needs {needed.name}, which failed", 0
        else:
            slot, start = slots.pop(), time.monotonic()
            try:
                reason = _run(row, slot=slot, jobs=jobs, stop=stop)
            except OSError as error:
                reason = str(error)
            slots.append(slot)
            seconds = time.monotonic() - start
        tqdm.write(
            f"{'FAILED' if reason else 'done'}  {row.name}, seed {row.options.seed}  {seconds:.0f} s"
        )
        return reason

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for row, needed in plan:
                running[row.folder] = pool.submit(one, row, needed)
            reasons = {
                f"{row.name}, seed {row.options.seed}": running[row.folder].result()
                for row, _ in plan
            }
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return {row: reason for row, reason in reasons.items() if reason}


def _given(argv) -> tuple:
    """argv -> (own arguments, {script: tokens to pass on}). Raises InputError for what no script knows."""
    parser = new_parser("Run rows of the paper's tables and figures; all 66 without names.")
    parser.usage = (
        "python -m paper_exps.run [ROW ...] [options of this, main_human36.py and main_lsp.py]"
    )
    seed = number(int, at_least=0, below=2**32)
    parser.add_argument(
        "--jobs", type=number(int, at_least=1, at_most=64), default=1, help="rows at once"
    )
    parser.add_argument("--seeds", nargs="+", type=seed, default=[0], help="of each row")
    parser.add_argument(
        "--plan", action="store_true", help="print what would be trained and tested, and stop"
    )
    parser.add_argument(
        "--list", action="store_true", help="print one row per training, for a cluster, and stop"
    )
    parser.add_argument("--preset", nargs="+", default=[], help="laid over every row, as testing")
    parser.add_argument(
        "--lsp_epochs", type=number(int, at_least=1, at_most=10**9), help="--epochs of main_lsp.py"
    )
    rows = list(takewhile(lambda token: not token.startswith("-"), argv))
    own, rest = parser.parse_known_args(argv[len(rows) :])
    for row in rows:
        if row not in PAPER_ROWS:
            raise InputError(f"unknown row {row}; python -m paper_exps.run --plan lists them")
    own.rows, unknown, given = rows, rest, {"presets": own.preset}
    for script, module, not_for_it in (
        ("main_human36.py", human36, ()),
        ("main_lsp.py", lsp, _NOT_FOR_LSP),
    ):
        parser = module.make_parser()
        for action in parser._actions:
            action.default = SUPPRESS  # what the user gives counts even if it is the default
        values, left = parser.parse_known_args(rest)
        unknown = [token for token in unknown if token in left]
        for name in _OWN.keys() & vars(values).keys():
            raise InputError(f"--{name}: each row has its own{_OWN[name]}")
        values = [item for item in vars(values).items() if item[0] not in not_for_it]
        given[script] = [token for item in values for token in option_tokens(*item)]
    if unknown:
        raise InputError(
            f"{unknown[0]} is unknown here and to both scripts, or a row that comes too late; "
            "see --help here, of main_human36.py and of main_lsp.py"
        )
    given["main_lsp.py"] += ["--epochs", str(own.lsp_epochs)] if own.lsp_epochs else []
    return own, given


def main(argv=None) -> int:
    """The command line -> exit code: 0 when all rows are done, 1 when one failed."""
    failures: dict[str, str] = {}
    return run_command(_main, sys.argv[1:] if argv is None else list(argv), failures) or bool(
        failures
    )


def _main(argv, failures: dict):
    own, given = _given(argv)
    everything = [resolve(name, seed, given) for seed in own.seeds for name in PAPER_ROWS]
    rows = [row for row in everything if not own.rows or row.name in own.rows]
    plan = make_plan(rows, everything)
    trainings = [row for row, _ in plan if not row.options.eval_only]
    if own.list:
        print("\n".join(dict.fromkeys(row.name for row in trainings if row.name not in LOADS)))
    elif own.plan:
        for row, needed in plan:
            with_run = f"  with the run of {needed.name}" if needed else ""
            finished = "  (finished)" if is_finished(row, needed) else ""
            what = "train" if row in trainings else "test "
            print(f"{what}  {row.name}, seed {row.options.seed}{with_run}{finished}")
        on_lsp = sum(row.script == "main_lsp.py" for row in trainings)
        print(
            f"{len(rows)} rows: {len(trainings) - on_lsp} trainings by main_human36.py, {on_lsp} by main_lsp.py"
        )
    else:
        failures |= run_plan(left_to_do(plan), own.jobs)
        tables = dict.fromkeys(row.name.split("/")[0] for row in rows)
        folders = dict.fromkeys(row.options.exp.split("/")[0] for row in rows)
        print_tables(tables, ckpt=rows[0].options.ckpt, data=tuple(folders), preset=own.preset)
        for name, reason in failures.items():
            print(f"FAILED {name}: {reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
