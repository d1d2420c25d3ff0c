"""What several figure scripts share: options, loading results, choosing an example, saving.

The scripts import this before anything else of the project, because it puts the project on Python's
path, whatever folder they are run from.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np

from opts.types import number
from paper_exps.collect import RowResults, collect, heading, name_in_table, table_of
from src.crowd.simulation import simulated_labels
from src.data.photos import Photos, load_photos
from src.errors import InputError
from src.files import require_regular_file
from src.npz_files import load_npz_arrays
from src.plotting.figures import save_figure, show_picture
from src.plotting.paper import STYLES, add_row_of_axes, draw_row
from src.skeletons import SKELETON_NAMES, Skeleton, get_skeleton

whole_number = number(int, at_least=0, at_most=10**9)


def add_common_options(parser, formats=("png", "pdf", "svg")):
    """Add the options that all figure scripts have."""
    parser.add_argument(
        "--results", default=str(ROOT / "checkpoint"), metavar="FOLDER", help="of all runs"
    )
    parser.add_argument(
        "--dataset",
        metavar="NAME",
        help="folder in it, where results of several data sets are there",
    )
    parser.add_argument(
        "--preset", nargs="+", default=[], metavar="NAME", help="laid over the rows, as testing"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("figures"), metavar="FOLDER", help="where the figure goes"
    )
    parser.add_argument("--format", choices=formats, default=formats[0], help="of the figure")
    parser.add_argument("--show", action="store_true", help="open a window too")
    parser.add_argument(
        "--seed",
        type=whole_number,
        default=0,
        help="seed of the runs, and of what is drawn at random",
    )


def save(figure, name: str, args):
    """Save a figure as --out and --format say, print its path and, with --show, open a window."""
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"{name}.{args.format}"
    save_figure(path, figure)
    print(path)
    if args.show:
        show_picture(path)


def load_rows(figure: str, args, names=()) -> tuple[str, list[RowResults]]:
    """Load the results of the rows that a figure is made of.

    Args:
        figure: its name, "fig_1d".
        args: the options; --results, --dataset and --preset say where to look.
        names: the rows that are wanted; all of the figure if empty.

    Returns:
        What data the results are of, in words, and the rows that have results.

    Raises:
        InputError: there are no results, or some on several data sets.
    """
    rows_per_data_set = collect(
        figure,
        ckpt=args.results,
        data=[args.dataset] if args.dataset else None,
        preset=args.preset,
    )
    finished = {}
    for data_set, rows in rows_per_data_set.items():
        wanted = [row for row in rows if row.results and (not names or row.name in names)]
        if wanted:
            finished[data_set] = wanted
    if not finished:
        raise InputError(
            f"{args.results}: no results of {figure}; bash paper_exps/{figure}.sh makes them"
        )
    if len(finished) > 1:
        raise InputError(
            f"{args.results}: results of {', '.join(finished)}; choose one with --dataset"
        )
    (rows,) = finished.values()
    return heading(rows), rows


def load_predictions(row: RowResults, args) -> dict[str, np.ndarray]:
    """Load predictions.npz of a row's run with --seed.

    Raises:
        InputError: the file is not there, or is damaged.
    """
    run_folder = f"{'+'.join([row.name, *args.preset])}/seed_{args.seed}"
    data_set = args.dataset if args.dataset else "*"
    paths = list(Path(args.results).glob(f"{data_set}/{run_folder}/predictions.npz"))
    if not paths:
        script = f"bash paper_exps/{table_of(row.name)}.sh"
        raise InputError(f"{args.results}: no {run_folder}/predictions.npz; {script}")
    return load_npz_arrays(paths[0])


def load_both_models(args) -> tuple[str, dict[str, dict[str, np.ndarray]]]:
    """Load every test pose of both models, which the rows of fig_4ab keep.

    Returns:
        What data they are of, in words, and {"supervised" or "ours": predictions}, where the
        predictions are the arrays of predictions.npz by name.
    """
    data_name, rows = load_rows("fig_4ab", args)
    predictions = {name_in_table(row.name): load_predictions(row, args) for row in rows}
    return data_name, predictions


def require_same_frames(predictions: dict[str, dict[str, np.ndarray]]):
    """Raise InputError unless all models were tested on the same frames, in the same order."""
    first, *others = predictions.values()
    for other in others:
        for name in ("sequence", "frame"):
            if not np.array_equal(first[name], other[name]):
                raise InputError(
                    "the runs of fig_4ab were tested on different frames; "
                    "run both with the same options"
                )


def load_labels(args) -> tuple[str, Photos, Skeleton]:
    """Load the labelled photos of --data, "synthetic" for simulated ones.

    Returns:
        The name of the data, the photos, and the skeleton of their poses.
    """
    skeleton = get_skeleton("lsp_14k")
    if args.data == "synthetic":
        photos = simulated_labels(skeleton, args.seed)
        return "SYNTHETIC data (simulated annotators)", photos, skeleton
    return Path(args.data).stem, load_photos(args.data, skeleton), skeleton


def closer_joint_first(photos: Photos, labels: np.ndarray) -> np.ndarray:
    """The pairs of joints (L, 2) of labels, given by their indices (L,); the closer joint first."""
    pairs = photos.pairs[labels]
    first_is_further = photos.label[labels] == 1
    return np.where(first_is_further[:, None], pairs[:, ::-1], pairs)


def choose_index(args, count: int) -> int:
    """Choose one of ``count`` examples: that of --index, or one drawn with --seed.

    Raises:
        InputError: there is none with that index.
    """
    if args.index is None:
        return int(np.random.default_rng(args.seed).integers(count))
    if args.index >= count:
        raise InputError(f"--index {args.index}: there are {count}, counted from 0")
    return args.index


def find_skeleton(joints: list[str]) -> tuple[Skeleton, list[int]]:
    """Find a built-in skeleton to draw poses with, by the names of their joints.

    Returns:
        The skeleton with exactly these joints, or else the first whose joints are among these; and
        where its joints stand among these.

    Raises:
        InputError: there is none.
    """
    skeletons = [get_skeleton(name) for name in SKELETON_NAMES]
    # Sorting is stable: a skeleton that fits exactly comes first, the rest stay in their order.
    for skeleton in sorted(skeletons, key=lambda skeleton: list(skeleton.joints) != joints):
        if set(skeleton.joints) <= set(joints):
            return skeleton, [joints.index(joint) for joint in skeleton.joints]
    raise InputError(f"no built-in skeleton has the joints {', '.join(joints)}")


def frame_of(predictions: dict[str, np.ndarray], index: int) -> tuple[str, int]:
    """Where a test pose comes from: its sequence, "S9 Walking 54138969", and its frame there."""
    sequence = predictions["sequence_names"][predictions["sequence"][index]]
    return str(sequence), int(predictions["frame"][index])


def draw_test_frame(
    figure,
    predictions: dict[str, dict[str, np.ndarray]],
    index: int,
    image: np.ndarray | None,
):
    """Draw a test pose in a row: the 2D input, the 3D truth, each model's pose with its error.

    Args:
        figure: an empty one.
        predictions: {model: arrays of predictions.npz}, all of the same frames.
        index: of the test pose.
        image: the frame of the video behind the 2D pose, (H, W, 3), or None.
    """
    first = next(iter(predictions.values()))
    skeleton, joints = find_skeleton(first["joints"].tolist())
    pose_2d = first["pose_2d_px"][index]
    if "root_2d_px" in first:  # the root-centred pose goes back to its place; older runs lack it
        pose_2d = pose_2d + first["root_2d_px"][index]
    truth = first["target_mm"][index, joints]
    poses = {"3D truth": truth}
    for model, arrays in predictions.items():
        error_cm = arrays["pa_mpjpe_joint_errors_mm"][index].mean() / 10
        title = f"{STYLES[model].label}: {error_cm:.1f} cm"
        poses[title] = arrays["aligned_mm"][index, joints]
    sequence, frame = frame_of(first, index)
    draw_row(
        add_row_of_axes(figure, len(poses)),
        pose_2d[joints],
        poses,
        skeleton,
        caption=f"{sequence}, frame {frame}",
        image=image,
        reach_mm=1.1 * np.abs(truth).max(),
    )


def read_video_frame(folder, sequence: str, frame: int) -> np.ndarray:
    """Read one frame, (H, W, 3), of Human3.6M's video of a sequence such as "S9 Walking 54138969".

    Raises:
        InputError: the video or the frame is not there, or the package that reads videos is not.
    """
    try:
        from imageio import v3
    except ImportError:
        raise InputError(
            "--videos needs a package that reads videos: pip install imageio[ffmpeg]"
        ) from None
    subject, *action, camera = sequence.split(" ")  # an action may have a space: "Walking 1"
    path = Path(folder) / subject / "Videos" / f"{' '.join(action)}.{camera}.mp4"
    require_regular_file(path)
    try:
        return v3.imread(path, index=frame)
    except (OSError, IndexError) as error:
        raise InputError(f"{path}: frame {frame} cannot be read ({error})") from None
