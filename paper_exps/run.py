"""Run rows of the paper's tables and figures.

``python -m paper_exps.run table_1/ours fig_4d/ours_1`` runs these two; without names it runs all
66. What is finished is skipped, and what was interrupted goes on. Rows that would train the same
thing train once: the others load that run and only test.

Options that --help does not list are passed on to main_human36.py and, if it knows them, to
main_lsp.py. Two are for main_human36.py alone: --data_dir, and --epochs, as main_lsp.py has its own
--lsp_epochs.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Event

from opts.command import run_command

import torch
from tqdm import tqdm

from opts import human36, lsp
from opts.parsing import new_parser
from opts.presets import LOADS, PAPER_ROWS, option_tokens
from opts.types import number, seed_number
from paper_exps.collect import print_tables, table_of
from paper_exps.plan import Row, Step, is_finished, left_to_do, make_plan, resolve
from paper_exps.time_left import describe_time_left
from src.errors import InputError, Interrupted, printable
from src.files import file_name_of, locked_path, open_log, refuse_links_below

# Options of the scripts that this command gives them itself, and what the user may do instead.
_OPTIONS_OF_EACH_ROW = {
    "exp": "",
    "load": "",
    "eval_only": "",
    "dry_run": "; --plan shows what would be done",
    "seed": "; use --seeds",
}
# How long a row that is interrupted may take to end by itself.
_SECONDS_TO_END = 30
_NOT_FOR_LSP = ("data_dir", "epochs")
# The default of every option where only those count that the user gives.
_NOT_GIVEN = object()


def make_parser():
    """The options of this command; those of the two scripts come beside them."""
    parser = new_parser("Run rows of the paper's tables and figures; all 66 without names.")
    parser.usage = (
        "python -m paper_exps.run [ROW ...] [options of this, main_human36.py and main_lsp.py]"
    )
    parser.add_argument(
        "--jobs", type=number(int, at_least=1, at_most=64), default=1, help="rows at once"
    )
    parser.add_argument("--seeds", nargs="+", type=seed_number, default=[0], help="of each row")
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
    parser.add_argument(
        "--pretrained",
        nargs="+",
        default=[],
        metavar="ROW=FOLDER",
        help="folder of a run, or of the 2018 code, that stands for a row which others load",
    )
    return parser


def parse_command(argv: Sequence[str]) -> tuple[Namespace, list[str], list[str]]:
    """Read the command line.

    Returns:
        The options of this command, with ``rows``, the names that the user gave, and ``pretrained``
        as {row: folder}; the tokens to pass on to main_human36.py; those to pass on to main_lsp.py.

    Raises:
        InputError: a row or an option is unknown, a value is refused, or an option is one that each
            row gets from this command.
    """
    rows = []
    for token in argv:
        if token.startswith("-"):
            break
        rows.append(token)
    args, remaining = make_parser().parse_known_args(argv[len(rows) :])
    for row in rows:
        if row not in PAPER_ROWS:
            raise InputError(f"unknown row {row}; python -m paper_exps.run --plan lists them")
    args.rows = rows
    args.pretrained = _parse_pretrained(args.pretrained)

    human36_options, unknown_to_human36 = _parse_for_script(human36.make_parser(), remaining)
    lsp_options, unknown_to_lsp = _parse_for_script(lsp.make_parser(), remaining)
    for token in remaining:
        if token in unknown_to_human36 and token in unknown_to_lsp:
            raise InputError(
                f"{token} is unknown here and to both scripts, "
                "or a row name given after the options; "
                "see --help here, of main_human36.py and of main_lsp.py"
            )

    for name in _NOT_FOR_LSP:
        lsp_options.pop(name, None)
    lsp_tokens = _as_tokens(lsp_options)
    if args.lsp_epochs is not None:
        lsp_tokens += ["--epochs", str(args.lsp_epochs)]
    return args, _as_tokens(human36_options), lsp_tokens


def _parse_pretrained(words: Sequence[str]) -> dict[str, str]:
    """Read ROW=FOLDER words -> {row: folder}. Raises InputError for a row that no other loads."""
    folders = {}
    for word in words:
        row, _, folder = word.partition("=")
        if row not in LOADS.values() or not folder:
            rows = ", ".join(dict.fromkeys(LOADS.values()))
            raise InputError(f"--pretrained {word}: expected ROW=FOLDER with a row of {rows}")
        folders[row] = folder
    return folders


def _parse_for_script(parser, tokens: Sequence[str]) -> tuple[dict, list[str]]:
    """Parse the tokens that a script's parser knows.

    Returns:
        {option: value} of the options that the user gives, even if the value is the default; and
        the tokens that the parser does not know.
    """
    names = vars(parser.parse_args([]))
    parser.set_defaults(**dict.fromkeys(names, _NOT_GIVEN))
    namespace, unknown_tokens = parser.parse_known_args(tokens)
    options = {}
    for name, value in vars(namespace).items():
        if value is not _NOT_GIVEN:
            options[name] = value
    for name, advice in _OPTIONS_OF_EACH_ROW.items():
        if name in options:
            raise InputError(f"--{name}: each row has its own{advice}")
    return options, unknown_tokens


def _as_tokens(options: dict) -> list[str]:
    tokens = []
    for name, value in options.items():
        tokens += option_tokens(name, value)
    return tokens


def run_row(row: Row, *, slot: int, jobs: int, stop: Event) -> str | None:
    """Run one row in a process of its own -> None, or why it failed.

    Its output goes into a file in the folder logs, beside the run folders.

    Args:
        row: the row.
        slot: which of the rows that run at once this is, from 0. It decides on which line of the
            terminal its progress stands and, where there are several GPUs, which one it gets.
        jobs: how many rows run at once; they share the processor's threads.
        stop: set when the row is to be interrupted.
    """
    ckpt = Path(row.options.ckpt)
    refuse_links_below(ckpt, ["logs"])
    log = ckpt / "logs" / file_name_of(f"{row.options.exp.replace('/', '_')}.txt")
    epochs = 1 if row.options.eval_only else row.options.epochs
    with (
        locked_path(log, option="--ckpt"),
        open_log(log) as file,
        tqdm(
            desc=row.name, total=epochs, unit="epoch", position=slot, leave=False, disable=None
        ) as bar,
    ):
        process = subprocess.Popen(
            row.command(),
            stdout=file,
            stderr=subprocess.STDOUT,
            env=_environment(slot=slot, jobs=jobs),
        )
        try:
            while process.poll() is None and not stop.wait(0.1):
                bar.n = log.read_text(errors="replace").count("\nepoch ")
                bar.refresh()
        finally:  # whatever happens here, as when the terminal is gone
            _end(process)
    if process.returncode == 0:
        return None
    if process.returncode == 130 or stop.is_set():
        return "interrupted"
    reason = reason_of_failure(log.read_text(errors="replace"), process.returncode)
    return f"{reason} (all of it: {log})"


def reason_of_failure(log: str, exit_code: int) -> str:
    """Say in one line why a row failed.

    It is the last line of its log that is an error, ours ("error: ...") or Python's
    ("ValueError: ..."). A process that was killed could not write one.
    """
    if exit_code < 0:
        try:
            name = signal.Signals(-exit_code).name
        except ValueError:  # of those without a name
            name = f"signal {-exit_code}"
        hint = ""
        if name == "SIGKILL":
            hint = ": out of memory?"
        return f"killed by {name}{hint}"
    lines = log.strip().splitlines()
    for line in reversed(lines):
        if re.match(r"error: |[\w.]*(Error|Exception)\b", line):
            return line
    return lines[-1] if lines else f"exit code {exit_code}"


def _end(process: subprocess.Popen):
    """End a row's process, if it has not ended, and wait until it has.

    After Ctrl-C in a terminal, which the row has got too, it ends by itself; a signal to this
    process alone has to be passed on.
    """
    if process.poll() is not None:
        return
    # What a shell script starts in the background ignores Ctrl-C, and so do the rows of that.
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    process.send_signal(signal.SIGTERM if is_ignored else signal.SIGINT)
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()  # what a run has written is whole at any instant
        process.wait()


def _environment(*, slot: int, jobs: int) -> dict[str, str]:
    """The environment variables of a row's process: its share of the threads, and its GPU."""
    environment = dict(os.environ)
    environment["PYTHONUNBUFFERED"] = "1"  # its log shows at once how far it is
    if jobs > 1:
        processors = os.cpu_count()
        threads = 1 if processors is None else max(processors // jobs, 1)
        environment["OMP_NUM_THREADS"] = str(threads)
    gpus = torch.cuda.device_count()
    if gpus > 1:
        environment["CUDA_VISIBLE_DEVICES"] = str(slot % gpus)
    return environment


def run_plan(plan: list[Step], jobs: int, measured: list[Row]) -> dict[str, str]:
    """Run all rows of a plan, ``jobs`` at once.

    A row that needs another one waits for it, and is not run if that one failed. The logs of the
    rows ``measured``, as far as they have any, tell how long the steps that are left will take.

    Returns:
        {row and seed: why it failed}, if any failed.
    """
    done: set[Path] = set()
    free_slots = SimpleQueue()  # as many as rows at once, so that no row waits for one
    for slot in range(jobs):
        free_slots.put(slot)
    stop = Event()
    futures: dict[Path, Future] = {}  # by the row's folder
    failures = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for step in plan:
                # A needed row comes earlier in the plan. Where it does not, it is finished.
                needed_future = None
                if step.needed is not None:
                    needed_future = futures.get(step.needed.folder)
                futures[step.row.folder] = pool.submit(
                    _run_after,
                    needed_future,
                    step,
                    plan=plan,
                    done=done,
                    measured=measured,
                    free_slots=free_slots,
                    jobs=jobs,
                    stop=stop,
                )
            for row, _ in plan:
                reason = futures[row.folder].result()
                if reason is not None:
                    failures[_with_seed(row)] = reason
        except BaseException:  # Ctrl-C: the pool would wait for all rows that have not begun
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failures


def _run_after(
    needed_future: Future | None,
    step: Step,
    *,
    plan: list[Step],
    done: set[Path],
    measured: list[Row],
    free_slots: SimpleQueue,
    jobs: int,
    stop: Event,
) -> str | None:
    """Run a step's row once the row that it needs is done, and print what came of it.

    Args:
        needed_future: of the needed row; None if there is none, or if it is finished.
        step: what to run.
        plan: all steps. done: the folders of their rows that have been run; this one is added.
        measured: rows whose logs tell how long the steps that are left will take.
        free_slots: the numbers of the slots that no row is in, see `run_row`.
        jobs, stop: as `run_row` takes them.

    Returns:
        None, or why the row failed.
    """
    # The pool begins rows in the order of the plan, so the needed one has begun, and will end.
    if needed_future is not None and needed_future.result() is not None:
        done.add(step.row.folder)
        tqdm.write(f"FAILED  {_with_seed(step.row)}  0 s")
        return f"needs {step.needed.name}, which failed"
    slot = free_slots.get()
    start = time.monotonic()
    try:
        reason = run_row(step.row, slot=slot, jobs=jobs, stop=stop)
    except (InputError, OSError) as error:
        reason = str(error)
    free_slots.put(slot)
    done.add(step.row.folder)
    outcome = "done" if reason is None else "FAILED"
    line = f"{outcome}  {_with_seed(step.row)}  {time.monotonic() - start:.0f} s"
    steps_left = [other for other in plan if other.row.folder not in done]
    if steps_left:
        time_left = describe_time_left(steps_left, measured, jobs)
        line += f"  ({rows_left(steps_left)}: {time_left})"
    tqdm.write(line)
    return reason


def _with_seed(row: Row) -> str:
    return f"{row.name}, seed {row.options.seed}"


def print_plan(plan: list[Step], num_rows: int, *, all_rows: list[Row], jobs: int):
    """Print what would be done for each row of a plan, how many trainings that makes, and how long
    those that are left will take.

    all_rows: those whose logs the estimate is made from. jobs: how many rows would run at once.
    """
    trainings = {"main_human36.py": 0, "main_lsp.py": 0}
    for row, needed in plan:
        if row.options.eval_only:
            action = "test "
        else:
            action = "train"
            trainings[row.script] += 1
        with_run = ""
        if needed is not None:
            with_run = f"  with the run of {needed.name}"
        elif row.options.load is not None:
            with_run = f"  with {row.options.load}"
        finished = "  (finished)" if is_finished(row, needed) else ""
        print(f"{action}  {_with_seed(row)}{with_run}{finished}")
    print(
        f"{num_rows} rows: {trainings['main_human36.py']} trainings by main_human36.py, "
        f"{trainings['main_lsp.py']} by main_lsp.py"
    )
    steps = left_to_do(plan)
    if steps:
        print(f"{rows_left(steps)}: {describe_time_left(steps, all_rows, jobs)}")
    else:
        print("nothing is left to do")


def rows_left(steps: list[Step]) -> str:
    """Say how many rows are left: "3 rows left, 2 of them trainings"."""
    trainings = sum(not step.row.options.eval_only for step in steps)
    return f"{len(steps)} rows left, {trainings} of them trainings"


def print_trainings(plan: list[Step]):
    """Print the names of the rows that train and need no other run: they can run side by side."""
    names = []
    for row, needed in plan:
        if not row.options.eval_only and needed is None and row.name not in names:
            names.append(row.name)
    print("\n".join(names))


def run_rows(argv: Sequence[str]) -> int:
    """Do what the command line says -> its exit code: 0 when all rows are done, 1 when one failed.

    Raises InputError, before any row is run, for a command line that cannot be followed.
    """
    args, human36_tokens, lsp_tokens = parse_command(argv)
    all_rows = []
    for seed in args.seeds:
        for name in PAPER_ROWS:
            row = resolve(
                name,
                seed,
                presets=args.preset,
                human36_tokens=human36_tokens,
                lsp_tokens=lsp_tokens,
                pretrained=args.pretrained,
            )
            all_rows.append(row)
    rows = []
    for row in all_rows:
        is_wanted = not args.rows or row.name in args.rows
        if is_wanted and row.name not in args.pretrained:
            rows.append(row)
    if not rows:
        raise InputError("--pretrained stands for all of these rows: nothing is left to run")
    plan = make_plan(rows, all_rows)
    if args.list:
        print_trainings(plan)
        return 0
    if args.plan:
        print_plan(plan, len(rows), all_rows=all_rows, jobs=args.jobs)
        return 0
    failures = run_plan(left_to_do(plan), args.jobs, all_rows)
    _print_tables_of(rows, args.preset)
    for name, reason in failures.items():
        print(printable(f"FAILED {name}: {reason}"), file=sys.stderr)
    return 1 if failures else 0


def _print_tables_of(rows: list[Row], preset: Sequence[str]):
    """Print the tables that rows belong to, from the results on the data that they are of."""
    tables = dict.fromkeys(table_of(row.name) for row in rows)
    # A run folder is <data set>/<row>/seed_<n>.
    data_sets = dict.fromkeys(Path(row.options.exp).parts[0] for row in rows)
    print_tables(tables, ckpt=rows[0].options.ckpt, data=tuple(data_sets), preset=preset)


@contextmanager
def _ended_by_signals() -> Iterator[list[int]]:
    """Let SIGTERM, and SIGHUP of a terminal that is closed, end this command as Ctrl-C does.

    By default they would end this process alone, and its rows would go on without it. So would
    they if Ctrl-C, pressed once more, ended it before them: only the first signal counts. What is
    yielded is a list of it, or an empty one.
    """
    received = []

    def interrupt(number, frame):
        if received:
            return
        received.append(number)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        name = signal.Signals(number).name
        raise Interrupted(f"ended by {name}: run the same command again to go on")

    replaced = {}
    if threading.current_thread() is threading.main_thread():  # no other can handle signals
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            # What is started with nohup, or in the background, ignores one, which stays so.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                replaced[number] = signal.signal(number, interrupt)
    try:
        yield received
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


def main(argv=None) -> int:
    """Run the command line -> the exit code of `run_rows`, or 2 or more as of `run_command`.

    It is 128 and the number of the signal that ended it, if one did.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    with _ended_by_signals() as received:
        exit_code = run_command(run_rows, arguments)
    return 128 + received[0] if received else exit_code


if __name__ == "__main__":
    sys.exit(main())
