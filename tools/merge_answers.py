"""Merge annotators' answers into the labels that main_lsp.py reads."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the project, from any folder

from opts.command import run_command

from opts.parsing import new_parser
from src.crowd.answers import Answers, read_answers
from src.crowd.label_file import add_labels
from src.crowd.merging import FINISHED_RISK, Merged, merge
from src.data.photos import read_json
from src.files import locked_path, write_atomically


def make_parser():
    """Return the parser of this command's options."""
    parser = new_parser(__doc__)
    parser.usage = "python tools/merge_answers.py ANSWERS [ANSWERS ...] --poses FILE --out FILE"
    parser.add_argument(
        "answers",
        nargs="+",
        metavar="ANSWERS",
        help="csv, json, or the authors' pickles",
    )
    parser.add_argument(
        "--poses",
        required=True,
        type=Path,
        metavar="FILE",
        help="the label json without its anns",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE",
        help="the label json with them",
    )
    return parser


def merge_answers(argv):
    """Merge the answers, write the label file, and say how sure the labels are."""
    args = make_parser().parse_args(argv)
    with locked_path(args.out):
        content = read_json(args.poses)
        answers = read_answers(args.answers)
        merged = merge(answers)
        text = json.dumps(add_labels(content, answers, merged, args.poses))
        write_atomically(args.out, lambda path: path.write_text(text))
    report(answers, merged, args.out)


def report(answers: Answers, merged: Merged, path: Path):
    """Print how many answers there were, and for how many pairs they suffice.

    path: the label file that was written.
    """
    print(
        f"{len(answers.answer):,} answers of {len(answers.annotators)} annotators "
        f"on {len(answers.images)} images"
    )
    finished = (merged.risk <= FINISHED_RISK).mean()
    print(
        f"{len(merged.prob):,} pairs, {finished:.1%} of them finished "
        f"(risk at most {FINISHED_RISK}): {path}"
    )


def main(argv=None) -> int:
    """Run the command line and return the exit code."""
    return run_command(merge_answers, argv)


if __name__ == "__main__":
    sys.exit(main())
