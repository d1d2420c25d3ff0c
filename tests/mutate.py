"""Damage every kind of input at random for as long as asked, and say what commands do wrong.

``python tests/mutate.py --minutes 30`` ends with exit code 1 if there is anything. The same seed
damages the same files in the same order; each finding is printed with the number that repeats it.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

import numpy as np
from harness import Outcome, find_faults, run_in_fork
from inputs import KINDS, Kind
from mutations import mutate


def write_good_inputs(folder: Path, kinds=KINDS) -> dict[str, Path]:
    """Write a good input of every kind, once for all kinds that share it -> {kind: folder}."""
    folders = {}
    by_writer = {}
    for kind in kinds:
        if kind.write not in by_writer:
            place = folder / f"good_{len(by_writer)}"
            place.mkdir()
            kind.write(place)
            by_writer[kind.write] = place
        folders[kind.name] = by_writer[kind.write]
    return folders


def run_damaged(
    kind: Kind, good: Path, sandbox: Path, content: bytes | None, seconds: int = 60
) -> Outcome:
    """Run a kind's command on its good input, with another content of the file to be damaged.

    sandbox: an empty folder.
    content: None leaves the file as it is.
    """
    shutil.copytree(good, sandbox / "in")
    (sandbox / "out").mkdir()
    if content is not None:
        (sandbox / "in" / kind.file).write_bytes(content)
    tokens = kind.command_line(sandbox)
    return run_in_fork(kind.main, tokens, sandbox=sandbox, out=kind.out, seconds=seconds)


def damage(kind: Kind, good: Path, seed: int, number: int, others=()) -> tuple[str, bytes]:
    """Damage the file of a kind, at random -> how, and the new content."""
    rng = np.random.default_rng([seed, number, sum(kind.name.encode())])
    path = good / kind.file
    return mutate(path.read_bytes(), path.suffix, rng, others)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", help="words in the names of the kinds to damage")
    parser.add_argument("--number", type=int, help="of one case to repeat, whose error is printed")
    parser.add_argument(
        "--keep", type=Path, help="folder for the files that something was wrong with"
    )
    args = parser.parse_args()
    kinds = [kind for kind in KINDS if not args.kinds or any(w in kind.name for w in args.kinds)]
    end = time.monotonic() + 60 * args.minutes
    findings = {}
    count = 0
    codes = {}
    with tempfile.TemporaryDirectory() as folder:
        good = write_good_inputs(Path(folder), kinds)
        others = [(good[kind.name] / kind.file).read_bytes() for kind in kinds]
        others = [content for content in others if len(content) < 10**6]
        number = -1 if args.number is None else args.number - 1
        while time.monotonic() < end:
            number += 1
            for kind in kinds:
                how, content = damage(kind, good[kind.name], args.seed, number, others)
                sandbox = Path(folder) / "sandbox"
                sandbox.mkdir()
                outcome = run_damaged(kind, good[kind.name], sandbox, content)
                shutil.rmtree(sandbox)
                count += 1
                codes[outcome.exit_code] = codes.get(outcome.exit_code, 0) + 1
                faults = find_faults(outcome)
                if args.number is not None:
                    print(f"{kind.name}, {how}: {faults}\n{outcome.out}{outcome.err}")
                if not faults:
                    continue
                last_line = (outcome.err.strip().splitlines() or [""])[-1]
                place = [line.strip() for line in outcome.err.splitlines() if "File " in line][-1:]
                key = (kind.name, faults[0][:60], *place)
                if key not in findings:
                    print(f"{kind.name}, number {number}, {how}: {'; '.join(faults)[:200]}")
                    print(f"    {last_line[:200]}\n    {place}", flush=True)
                    if args.keep:
                        args.keep.mkdir(exist_ok=True)
                        (args.keep / f"{number} {Path(kind.file).name}").write_bytes(content)
                findings[key] = findings.get(key, 0) + 1
            if args.number is not None:
                break
    print(f"{count} damaged files, {len(findings)} kinds of faults; exit codes: {codes}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
