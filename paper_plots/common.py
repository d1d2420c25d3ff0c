"""What several figure scripts share: options, loading results, choosing an example, saving.

The scripts import this before anything else of the project, because it puts the project on Python's
path, whatever folder they are run from.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import opts.command  # noqa: F401  (from here on, Ctrl-C ends an import in one line)

import numpy as np

from opts.types import number
from paper_exps import results_2018
from paper_exps.collect import RowResults, collect, heading, name_in_table, table_of
from src.crowd.simulation import simulated_labels
from src.data.photos import Photos, load_photos
from src.errors import InputError, listed
from src.files import locked_path
from src.input_files import require_regular_file
from src.plotting.figures import save_figure, show_figure
from src.plotting.paper import STYLES, add_row_of_axes, draw_row
from src.predictions import load_predictions
from src.skeletons import SKELETON_NAMES, Skeleton, get_skeleton

whole_number = number(int, at_least=0, at_most=10**9)


def add_common_options(parser, formats=("png", "pdf", "svg"), *, can_show=True):
    """Add the options that all figure scripts have.

    Args:
        parser: of one script.
        formats: that its figure can be saved in, the default one first.
        can_show: whether there is one figure, which --show opens a window with.
    """
    parser.add_argument(
        "--results",
        default=str(ROOT / "checkpoint"),
        metavar="FOLDER",
        help="of all runs, or where the archives of the authors' code are unpacked",
    )
    parser.add_argument(
        "--dataset",
        metavar="NAME",
        help="folder in it, where results of several data sets are there; "
        f"{results_2018.DATASET_2018} for the result files of the authors' code",
    )
    parser.add_argument(
        "--preset", nargs="+", default=[], metavar="NAME", help="laid over the rows, as testing"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("figures"), metavar="FOLDER", help="where the figure goes"
    )
    parser.add_argument(
        "--format", choices=formats, default=formats[0], help="file format of the figure"
    )
    if can_show:
        parser.add_argument(
            "--show",
            action="store_true",
            help="open a window too, where the mouse turns 3D poses; needs Tk or Qt",
        )
    parser.add_argument(
        "--seed",
        type=whole_number,
        default=0,
        help="seed of the runs, and of what is drawn at random",
    )


def save(figure, name: str, args):
    """Save a figure as --out and --format say, print its path and, with --show, open a window."""
    path = args.out / f"{name}.{args.format}"
    with locked_path(path):
        save_figure(path, figure)
    print(path)
    if args.show:
        show_figure(figure, path)


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


def predictions_of(row: RowResults, args) -> dict[str, np.ndarray]:
    """Load predictions.npz of a row's run with --seed -> arrays by name.

    Raises:
        InputError: the file is not there, or is damaged.
    """
    run_folder = f"{'+'.join([row.name, *args.preset])}/seed_{args.seed}"
    data_set = args.dataset if args.dataset else "*"
    paths = list(Path(args.results).glob(f"{data_set}/{run_folder}/predictions.npz"))
    if not paths:
        script = f"bash paper_exps/{table_of(row.name)}.sh"
        raise InputError(f"{args.results}: no {run_folder}/predictions.npz; {script}")
    return load_predictions(paths[0], are_of_photos=table_of(row.name) == "fig_5")


def load_both_models(args) -> tuple[str, dict[str, dict[str, np.ndarray]]]:
    """Load every test pose of both models, which the rows of fig_4ab keep.

    Returns:
        What data they are of, in words, and {"supervised" or "ours": predictions}, where the
        predictions are the arrays of predictions.npz by name.
    """
    data_name, rows = load_rows("fig_4ab", args)
    predictions = {name_in_table(row.name): predictions_of(row, args) for row in rows}
    return data_name, predictions


def draws_2018_results(figure: str, args) -> bool:
    """Whether a figure is drawn from the authors' result files of 2018 rather than from runs.

    It is if --dataset says so, or if --results has these files and no runs of the figure. A preset
    is laid over runs, so with --preset the files are not looked at.

    Raises:
        InputError: there are both, and --dataset is not given.
    """
    if args.preset:
        return False
    if args.dataset:
        return args.dataset == results_2018.DATASET_2018
    if not results_2018.has_results_2018(figure, args.results):
        return False
    data_sets = list(collect(figure, ckpt=args.results))
    if data_sets:
        names = ", ".join([*data_sets, results_2018.DATASET_2018])
        raise InputError(f"{args.results}: results of {names}; choose one with --dataset")
    return True


def load_joint_errors(args) -> tuple[str, dict[str, dict[str, np.ndarray]]]:
    """Load the errors of both models in every test pose, from runs or from the authors' files.

    Returns:
        What data they are of, in words, and {"supervised" or "ours": arrays}. The arrays are named
        as in predictions.npz: joints, (K,) names, and pa_mpjpe_joint_errors_mm, (N, K).
    """
    if not draws_2018_results("fig_4ab", args):
        return load_both_models(args)
    arrays = {}
    for model, errors_mm in results_2018.read_joint_errors(args.results).items():
        arrays[model] = {
            "joints": np.array(results_2018.JOINTS_2018),
            "pa_mpjpe_joint_errors_mm": errors_mm,
        }
    return results_2018.HEADING_2018, arrays


def require_same_frames(predictions: dict[str, dict[str, np.ndarray]]):
    """Raise InputError unless all models were tested on the same frames, in the same order."""
    first, *others = predictions.values()
    for other in others:
        for name in ("joints", "sequence", "frame"):
            if not np.array_equal(first[name], other[name]):
                raise InputError(
                    "the runs of fig_4ab were tested on different frames or joints; "
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
    raise InputError(f"no built-in skeleton has the joints {listed(joints)}")


def frame_of(predictions: dict[str, np.ndarray], index: int) -> tuple[str, int]:
    """Where a test pose comes from: its sequence, "S9 Walking 54138969", and its frame there."""
    sequence = predictions["sequence_names"][predictions["sequence"][index]]
    return str(sequence), int(predictions["frame"][index])


@dataclass(frozen=True, eq=False)
class FrameOfTest:
    """What there is to draw of a test pose with K joints.

    skeleton: whose joints they are. caption: where the pose comes from.
    pose_2d (K,2): the input in px.
    poses: {"truth", and each model: (K,3) mm}, the models' poses aligned to the truth.
    titles: {"truth", and each model: its name, with the pose's error}.
    reach_mm: half the side of a cube that shows them all.
    """

    skeleton: Skeleton
    caption: str
    pose_2d: np.ndarray
    poses: dict[str, np.ndarray]
    titles: dict[str, str]
    reach_mm: float


def get_test_frame(predictions: dict[str, dict[str, np.ndarray]], index: int) -> FrameOfTest:
    """Collect what there is to draw of a test pose.

    Args:
        predictions: {model: arrays of predictions.npz}, all of the same frames.
        index: of the test pose.
    """
    first = next(iter(predictions.values()))
    skeleton, joints = find_skeleton(first["joints"].tolist())
    pose_2d = first["pose_2d_px"][index]
    if "root_2d_px" in first:  # the root-centred pose goes back to its place; older runs lack it
        pose_2d = pose_2d + first["root_2d_px"][index]
    truth = first["target_mm"][index, joints]
    poses = {"truth": truth}
    titles = {"truth": "3D truth"}
    for model, arrays in predictions.items():
        error_cm = arrays["pa_mpjpe_joint_errors_mm"][index].mean() / 10
        poses[model] = arrays["aligned_mm"][index, joints]
        titles[model] = f"{STYLES[model].label}: {error_cm:.1f} cm"
    sequence, frame = frame_of(first, index)
    return FrameOfTest(
        skeleton=skeleton,
        caption=f"{sequence}, frame {frame}",
        pose_2d=pose_2d[joints],
        poses=poses,
        titles=titles,
        reach_mm=1.1 * np.abs(truth).max(),
    )


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
    frame = get_test_frame(predictions, index)
    draw_row(
        add_row_of_axes(figure, len(frame.poses)),
        frame.pose_2d,
        {frame.titles[name]: pose for name, pose in frame.poses.items()},
        frame.skeleton,
        caption=frame.caption,
        image=image,
        reach_mm=frame.reach_mm,
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
