"""Say what data hold, and what is missing or wrong.

The exit code is 0 if nothing is wrong, 1 if something is, and 2 if the data cannot be read at all.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the project, from any folder

from opts.command import run_command

from opts.parsing import new_parser
from src.data.check_human36 import check_folder
from src.data.check_labels import check_label_file
from src.data.check_npz import check_npz
from src.data.convert_to_h5 import convert_to_h5
from src.data.human36.write_h5 import reserve_new
from src.errors import InputError


def make_parser():
    """Return the parser of this command's options."""
    parser = new_parser(__doc__)
    parser.usage = "python tools/check_data.py PATH [--convert OUT]"
    parser.add_argument(
        "path",
        metavar="PATH",
        type=Path,
        help="folder with Human3.6M in any form, an npz of poses, "
        "or a json file of relative depth labels",
    )
    parser.add_argument(
        "--convert", metavar="OUT", type=Path, help="write the folder's data in the h5 layout"
    )
    return parser


def check_data(argv) -> int:
    """Print what the data hold and what is wrong, convert them where asked to -> exit code."""
    args = make_parser().parse_args(argv)
    if args.convert is None:
        return check(args.path)
    with reserve_new(args.convert, option="--convert"):  # now, not after minutes of reading
        exit_code = check(args.path)
        if args.path.suffix in (".json", ".npz"):
            raise InputError(
                f"--convert: {args.path} holds no motion in the world; "
                "--data_dir takes an npz as it is"
            )
        print(convert_to_h5(args.path, args.convert))
    return exit_code


def check(path: Path) -> int:
    """Print what the data at a path hold and what is wrong -> exit code."""
    if path.suffix == ".json":
        lines, problems = check_label_file(path)
    elif path.suffix == ".npz":
        lines, problems = check_npz(path)
    else:
        lines, problems = check_folder(path)
    print("\n".join(lines))
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def main(argv=None) -> int:
    """Run the command with these tokens (default: the process's own); return its exit code."""
    return run_command(check_data, argv)


if __name__ == "__main__":
    sys.exit(main())
