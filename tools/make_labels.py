"""Write simulated labels: test poses seen from unusual places, pairs of joints labelled.

They stand for LSP's photos and labels in figure 5. FOLDER gets NAME_simulated_labels.json, which
main_lsp.py takes as --annotations, and NAME_simulated_labels_3d.npz, the true poses, for --truth;
NAME is that of the data folder. There are no photos.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the project, wherever this is run

from opts.command import run_command

import numpy as np

from opts.parsing import new_parser
from opts.types import number, seed_number
from src.data.arrays import data_name
from src.data.label_motion import label_motion
from src.data.photos import parse_photos
from src.files import file_name_of, locked_folder, write_atomically
from src.skeletons import get_skeleton
from src.training.evaluation import wrong_labels

SKELETON = "lsp_14k"


def make_parser():
    """The command's options."""
    parser = new_parser(__doc__)
    parser.prog = "python tools/make_labels.py"
    parser.usage = "%(prog)s DATA_DIR --out FOLDER [options]"
    parser.add_argument(
        "data_dir", metavar="DATA_DIR", type=Path, help="a data set in Human3.6M's layout"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder")
    parser.add_argument(
        "--poses",
        type=number(int, at_least=2, at_most=10**6),
        default=2000,
        help="how many; half of them for training",
    )
    parser.add_argument(
        "--pairs",
        type=number(int, at_least=1, at_most=91),
        default=5,
        help="labelled pairs of joints of each pose",
    )
    parser.add_argument(
        "--seed",
        type=seed_number,
        default=0,
        help="seed for all random draws",
    )
    return parser


def save_labels(out: Path, name: str, content: dict, truth: np.ndarray) -> Path:
    """Write the label file, and beside it the true poses (N,K,3) mm; return the first's path."""
    path = out / file_name_of(f"{name}.json")
    joint_names = np.array(content["joint_names"])

    def save_truth(temporary: Path):
        np.savez_compressed(temporary, pose_3d=truth, joint_names=joint_names)

    with locked_folder(out):
        write_atomically(out / file_name_of(f"{name}_3d.npz"), save_truth)
        write_atomically(path, lambda temporary: temporary.write_text(json.dumps(content)))
    return path


def make_labels(argv):
    """Draw poses and labels, write them, and say how many labels are wrong."""
    args = make_parser().parse_args(argv)
    skeleton = get_skeleton(SKELETON)
    content, truth = label_motion(
        args.data_dir, skeleton, num_poses=args.poses, pairs=args.pairs, seed=args.seed
    )
    name = f"{data_name(args.data_dir)}_simulated_labels"
    path = save_labels(args.out, name, content, truth)
    photos = parse_photos(content, skeleton, path)
    share_wrong = wrong_labels(truth, photos).mean()
    print(
        f"{path}: {len(truth):,} poses, {len(photos.label):,} labels by simulated annotators, "
        f"{share_wrong:.1%} of them wrong; the true poses: {path.stem}_3d.npz"
    )


def main(argv=None) -> int:
    """Run the command -> exit code."""
    return run_command(make_labels, argv)


if __name__ == "__main__":
    sys.exit(main())
