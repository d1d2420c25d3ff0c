"""Write the examples of 2D poses that run_model.py lifts when nothing else is given."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the project, wherever this is run

from opts.command import run_command

import numpy as np

from opts.parsing import new_parser
from src.data.synthetic.demo import demo_poses
from src.files import locked_folder, write_atomically
from src.skeletons import get_skeleton


def make_parser():
    """The command's options."""
    parser = new_parser(__doc__)
    parser.prog = "python tools/make_demo.py"
    parser.add_argument("--out", type=Path, default=Path("demo_data"), help="folder")
    return parser


def save_poses(path: Path, poses_2d: np.ndarray):
    """Write poses (F,17,2) px, with the names of their joints."""
    joint_names = np.array(get_skeleton("human36_17k").joints)

    def save(temporary):
        np.savez(temporary, poses_2d=poses_2d, joint_names=joint_names)

    write_atomically(path, save)


def make_demo(argv):
    """Write one file per example."""
    out = make_parser().parse_args(argv).out
    with locked_folder(out):
        for name, poses_2d in demo_poses().items():
            save_poses(out / f"{name}.npz", poses_2d)


def main(argv=None) -> int:
    """Run the command -> exit code."""
    return run_command(make_demo, argv)


if __name__ == "__main__":
    sys.exit(main())
