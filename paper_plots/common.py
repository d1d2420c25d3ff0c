"""What the figure scripts share: their options, where results are, and saving."""

from pathlib import Path

import numpy as np

from opts.parsing import new_parser
from opts.types import number
from paper_exps.collect import Collected, collect, heading
from src import crowd
from src.data.lsp import load_photos
from src.errors import InputError
from src.plotting.figures import save_figure, show_picture
from src.plotting.lifted import save_moving
from src.plotting.paper import STYLES
from src.plotting.poses import draw_pose_2d, draw_pose_3d
from src.skeletons import SKELETON_NAMES, get_skeleton

ROOT = Path(__file__).parents[1]


def parse(argv, description: str, *, picks: bool = False, formats=("png", "pdf", "svg"), **more):
    """The options of a figure script. more: {option: (default, help)} of its own, paths,
    or (default, help, type)."""
    parser = new_parser(description)
    parser.add_argument("--results", default=str(ROOT / "checkpoint"), metavar="FOLDER", help="of all runs")
    parser.add_argument("--dataset", metavar="NAME", help="folder in it, where results of several data sets are there")
    parser.add_argument(
        "--preset", nargs="+", default=[], metavar="NAME", help="what was laid over the rows, as testing"
    )
    parser.add_argument("--out", type=Path, default=Path("figures"), metavar="FOLDER", help="where the figure goes")
    parser.add_argument("--format", choices=formats, default=formats[0], help="of the figure")
    parser.add_argument("--show", action="store_true", help="open a window too")
    whole = number(int, at_least=0, at_most=10**9)
    if picks:
        parser.add_argument("--index", type=whole, help="which one (default: drawn with --seed)")
    parser.add_argument("--seed", type=whole, default=0, help="seed of the runs, and of what is drawn at random")
    for name, (default, text, *kind) in more.items():
        parser.add_argument(
            f"--{name}", default=default, metavar="N" if kind else "PATH", help=text, type=(*kind, str)[0]
        )
    return parser.parse_args(argv)


def rows_of(figure: str, args, names=None) -> list[Collected]:
    """The rows of a figure, or those of these names, on one data set. Raises InputError for none, or several sets."""
    found = collect(figure, ckpt=args.results, data=args.dataset and [args.dataset], presets=args.preset)
    found = {
        data: [row for row in rows if row.results and (not names or row.name in names)] for data, rows in found.items()
    }
    found = {data: rows for data, rows in found.items() if rows}
    if not found:
        raise InputError(f"{args.results}: no results of {figure}; bash paper_exps/{figure}.sh makes them")
    if len(found) > 1:
        raise InputError(f"{args.results}: results of {', '.join(found)}; choose one with --dataset")
    return next(iter(found.values()))


def title_of(name: str, rows: list[Collected]) -> str:
    """What stands over a figure: its name and the data."""
    return f"{name}: {'; '.join(dict.fromkeys(heading(row) for row in rows))}"


def error_cm(row: Collected) -> float:
    """PA-MPJPE over frames, the mean over seeds, in cm."""
    return float(row.value("pa_mpjpe_mm").mean() / 10)


def load_predictions(row: Collected, args) -> dict[str, np.ndarray]:
    """predictions.npz of one of a row's runs. Raises InputError if it is not there."""
    folder = f"{'+'.join([row.name, *args.preset])}/seed_{args.seed}"
    paths = list(Path(args.results).glob(f"{args.dataset or '*'}/{folder}/predictions.npz"))
    if not paths:
        raise InputError(f"{args.results}: no {folder}/predictions.npz; bash paper_exps/{row.name.split('/')[0]}.sh")
    try:
        with np.load(paths[0], allow_pickle=False) as file:
            return dict(file)
    except Exception as error:  # whatever numpy and zipfile raise for a damaged file
        raise InputError(f"{paths[0]}: is damaged ({error}); run the row again") from None


def pick(args, count: int) -> int:
    """--index, or one drawn with --seed. Raises InputError if there is no such one."""
    if args.index is None:
        return int(np.random.default_rng(args.seed).integers(count))
    if args.index >= count:
        raise InputError(f"--index {args.index}: there are {count}, counted from 0")
    return args.index


def finish(figure, name: str, args):
    """Save, say where, and show if asked to."""
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"{name}.{args.format}"
    save_figure(path, figure)
    print(path)
    if args.show:
        show_picture(path)


def training_frames(rows: list[Collected]) -> int:
    """Training frames of the rows' data, before a part was chosen. Raises InputError if none of them was trained."""
    parts = [result["data"]["train"] for row in rows for result in row.results.values()]
    found = [part["frames"] for part in parts if part]
    if not found:
        raise InputError("the rows were only tested: the size of the training set is not known; train one of them")
    return found[0]


def load_labels(args) -> tuple:
    """-> (Photos with a risk for every label, skeleton, name of the data) for --data."""
    skeleton = get_skeleton("lsp_14k")
    if args.data == "synthetic":
        return crowd.simulated_labels(skeleton, args.seed), skeleton, "SYNTHETIC data (simulated annotators)"
    return load_photos(args.data, skeleton), skeleton, Path(args.data).stem


def load_both(args) -> tuple:
    """-> (rows, {model: predictions}) of fig_4ab, which keeps every test pose."""
    rows = rows_of("fig_4ab", args)
    both = {row.name.split("/")[1]: load_predictions(row, args) for row in rows}
    for name in ("sequence", "frame"):
        if len({tuple(content[name].tolist()) for content in both.values()}) > 1:
            raise InputError("the runs of fig_4ab were tested on different frames; run both with the same options")
    return rows, both


def draw_frame(figure, both: dict, i: int, videos):
    """Input, 3D truth and each model's aligned pose of test frame ``i`` on the four axes of a row."""
    first = next(iter(both.values()))
    skeleton = skeleton_of(first["joints"].tolist())
    where = str(first["sequence_names"][first["sequence"][i]])
    axis = figure.add_subplot(1, 2 + len(both), 1)
    pixels = first["pose_2d_px"][i] + first.get("root_2d_px", np.zeros((i + 1, 2)))[i]  # older runs lack it
    if videos:
        axis.imshow(read_video_frame(videos, where, int(first["frame"][i])))
    draw_pose_2d(axis, pixels, skeleton).set_title(f"{where}, frame {first['frame'][i]}", fontsize=8)
    truth = first["target_mm"][i]
    reach = 1.1 * np.abs(truth).max()
    poses = {"3D truth": (truth, None)}
    for model, content in both.items():
        error = content["pa_mpjpe_joint_errors_mm"][i].mean()
        poses[STYLES[model]["label"]] = content["aligned_mm"][i], error
    for column, (name, (pose, error)) in enumerate(poses.items(), start=2):
        axis = figure.add_subplot(1, 2 + len(both), column, projection="3d")
        draw_pose_3d(axis, pose, skeleton, reach_mm=reach)
        axis.set_title(name if error is None else f"{name}: {error / 10:.1f} cm", fontsize=8)


def skeleton_of(joints: list[str]):
    """The built-in skeleton with these joints, else one with some of them, by name. Raises InputError without any."""
    for name in SKELETON_NAMES:
        if list(get_skeleton(name).joints) == joints:
            return get_skeleton(name)
    for name in SKELETON_NAMES:
        if set(get_skeleton(name).joints) <= set(joints):
            return get_skeleton(name)
    raise InputError(f"no built-in skeleton has the joints {', '.join(joints)}")


def read_video_frame(folder, where: str, frame: int) -> np.ndarray:
    """One frame of "S9 Walking 54138969" -> image. Raises InputError without the video or the package that reads it."""
    try:
        from imageio import v3
    except ImportError:
        raise InputError("--videos needs a package that reads videos: pip install imageio[ffmpeg]") from None
    subject, rest = where.split(" ", 1)
    name, camera = rest.rsplit(" ", 1)
    path = Path(folder) / subject / "Videos" / f"{name}.{camera}.mp4"
    try:
        return v3.imread(path, index=frame)
    except (OSError, IndexError) as error:
        raise InputError(f"{path}: frame {frame} cannot be read ({error})") from None


def finish_moving(figure, draw, frames: int, name: str, args):
    """Save a moving picture; ``draw(i)`` draws its frame ``i``."""
    args.out.mkdir(parents=True, exist_ok=True)
    print(save_moving(args.out / name, figure, draw, frames, fps=5))
