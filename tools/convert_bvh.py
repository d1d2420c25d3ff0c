"""Turn BVH motion capture into a set in Human3.6M's h5 layout, seen by simulated cameras."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the project, wherever this is run

from opts.command import run_command

from opts.parsing import new_parser
from opts.types import number, seed_number
from src.data.human36.write_h5 import reserve_new
from src.data.mocap.clips import UP_CHOICES
from src.data.mocap.convert import convert
from src.data.mocap.joint_names import list_joints, read_map
from src.errors import InputError, printable


def make_parser():
    """Return the parser of this command's options."""
    parser = new_parser(__doc__)
    parser.prog = "python tools/convert_bvh.py"
    parser.add_argument(
        "bvh",
        type=Path,
        metavar="BVH_DIR",
        help="folder of BVH files; with --list, a file",
    )
    parser.add_argument("--out", type=Path, help="new folder for the set")
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE.csv",
        help="the clips to take, who moves in them, who trains, who tests; "
        "see docs/cmu_motion_manifest.csv",
    )
    parser.add_argument(
        "--list",
        action="store_true",
        help="print a file's joints and how they are understood",
    )
    parser.add_argument(
        "--joints",
        type=Path,
        metavar="MAP.json",
        help="where our joints are, for other names",
    )
    parser.add_argument(
        "--unit_mm",
        type=number(float, above=0),
        help="length of the files' unit; default: found",
    )
    parser.add_argument(
        "--up",
        choices=UP_CHOICES,
        help="axis that points up; default: found for each naming convention of the joints",
    )
    parser.add_argument(
        "--fps",
        type=number(float, above=0),
        default=50,
        help="maximum frame rate to keep, frames per second",
    )
    parser.add_argument(
        "--subject_pattern",
        metavar="REGEX",
        help="its first group, in a file's path, names the person; "
        "default: 05 in 05_08.bvh, else the folder, else what is before an _",
    )
    parser.add_argument(
        "--vary_bodies",
        action="store_true",
        help="give every subject proportions of their own",
    )
    parser.add_argument(
        "--distance",
        type=number(float, at_least=3, at_most=100),
        nargs=2,
        default=(5.0, 5.8),
        metavar=("FROM", "TO"),
        help="camera distance range in m",
    )
    parser.add_argument(
        "--pitch",
        type=number(float, at_least=-89, at_most=89),
        nargs=2,
        metavar=("FROM", "TO"),
        help="range of degrees by which the cameras look down",
    )
    parser.add_argument(
        "--seed",
        type=seed_number,
        default=0,
        help="seed for all random draws",
    )
    return parser


def convert_bvh(argv):
    """Convert a folder, or list the joints of a file -> exit code. Raises InputError."""
    args = make_parser().parse_args(argv)
    joint_map = None if args.joints is None else read_map(args.joints)
    if args.list:
        print("\n".join(list_joints(args.bvh, joint_map)))
        return 0
    if args.out is None:
        raise InputError("--out DIR: give the new folder for the set, or --list")
    check_pattern(args.subject_pattern)
    if args.manifest is not None and (args.subject_pattern is not None or args.vary_bodies):
        raise InputError(
            "--manifest says who moves in the clips and whose bodies vary; "
            "leave out --subject_pattern and --vary_bodies"
        )
    with reserve_new(args.out):  # before minutes of reading
        conversion = convert(
            args.bvh,
            args.out,
            manifest=args.manifest,
            pattern=args.subject_pattern,
            joint_map=joint_map,
            unit_mm=args.unit_mm,
            up=args.up,
            fps=args.fps,
            vary_bodies=args.vary_bodies,
            distance_m=args.distance,
            pitch=args.pitch,
            seed=args.seed,
        )
    print("\n".join(conversion.lines))
    return report_problems(conversion.problems, args)


def report_problems(problems: list[str], args) -> int:
    """Say which clips are missing, different, or no good -> exit code: 1 if there are any."""
    for problem in problems:
        print(printable(problem), file=sys.stderr)  # a manifest may name a clip with any letters
    if not problems:
        if args.manifest is not None:
            print(f"all clips are those of {args.manifest}")
        return 0
    if args.manifest is None:
        print(f"clips left out, see above: {len(problems)}; the others are in {args.out}")
    else:
        print(f"clips that are not as in {args.manifest}, see above: {len(problems)}")
    return 1


def check_pattern(pattern: str | None):
    """Raise InputError if there is a pattern, and it is no regular expression."""
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except re.error as error:
        raise InputError(f"--subject_pattern: {error}") from None


def main(argv=None) -> int:
    """Run the command line and return the exit code."""
    return run_command(convert_bvh, argv)


if __name__ == "__main__":
    sys.exit(main())
