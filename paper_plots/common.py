"""What the figure scripts share: options, results, saving. They import it first: it puts the project on the path."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np

from opts.parsing import new_parser
from opts.types import number
from paper_exps.collect import Collected, collect, heading
from src.crowd.simulation import simulated_labels
from src.data.photos import load_photos
from src.errors import InputError, run_command
from src.plotting.figures import save_figure, show_picture
from src.plotting.paper import STYLES, draw_row
from src.skeletons import SKELETON_NAMES, get_skeleton

_WHOLE = number(int, at_least=0, at_most=10**9)
_VIDEOS = "folder with S9/Videos/Walking.54138969.mp4 and so on; needs: pip install imageio[ffmpeg]"
# Options that several figures have, beside those of all.
_OPTIONS = {
    "index": {"type": _WHOLE, "help": "which one (default: drawn with --seed)"},
    "data": {"metavar": "PATH", "default": "synthetic", "help": "json of labels, or synthetic"},
    "photos": {"metavar": "PATH", "help": "folder of the photos"},
    "videos": {"metavar": "PATH", "help": _VIDEOS},
}


def parse(argv, description: str, options: dict[str, dict], formats=("png", "pdf", "svg")):
    """The options of all figures, and some more, {name: what argparse takes}."""
    parser = new_parser(description)
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
        "--seed", type=_WHOLE, default=0, help="seed of the runs, and of what is drawn at random"
    )
    for name, how in options.items():
        parser.add_argument(f"--{name}", **how)
    return parser.parse_args(argv)


def figure_script(*shared: str, formats=("png", "pdf", "svg"), **own: dict):
    """Make a script of a function draw(args) -> figure, with its docstring as the help and options of its own.

    It becomes draw(argv), which parses, draws and saves under the script's name (but a figure of None has been saved
    already), and which is called at once if the script is what Python runs.
    """

    def decorate(draw):
        def command(argv):
            args = parse(
                argv, draw.__doc__, {name: _OPTIONS[name] for name in shared} | own, formats
            )
            figure = draw(args)
            if figure is not None:
                args.out.mkdir(parents=True, exist_ok=True)
                path = args.out / f"{Path(draw.__code__.co_filename).stem}.{args.format}"
                save_figure(path, figure)
                print(path)
                if args.show:
                    show_picture(path)

        if draw.__module__ == "__main__":
            sys.exit(run_command(command, sys.argv[1:]))
        return command

    return decorate


def rows_of(figure: str, args, names=()) -> tuple[str, list[Collected]]:
    """-> (what data a figure is of, in words; its rows, or those of these names, that have results).

    Raises InputError for none, or results on several data sets.
    """
    found = collect(
        figure, ckpt=args.results, data=args.dataset and [args.dataset], preset=args.preset
    )
    done = {
        data: [row for row in rows if row.results and (not names or row.name in names)]
        for data, rows in found.items()
    }
    sets = [data for data, rows in done.items() if rows]
    if not sets:
        raise InputError(
            f"{args.results}: no results of {figure}; bash paper_exps/{figure}.sh makes them"
        )
    if len(sets) > 1:
        raise InputError(f"{args.results}: results of {', '.join(sets)}; choose one with --dataset")
    return heading(done[sets[0]]), done[sets[0]]


def load_predictions(row: Collected, args) -> dict[str, np.ndarray]:
    """predictions.npz of one of a row's runs. Raises InputError if it is not there."""
    folder = f"{'+'.join([row.name, *args.preset])}/seed_{args.seed}"
    paths = list(Path(args.results).glob(f"{args.dataset or '*'}/{folder}/predictions.npz"))
    if not paths:
        raise InputError(
            f"{args.results}: no {folder}/predictions.npz; bash paper_exps/{row.name.split('/')[0]}.sh"
        )
    try:
        with np.load(paths[0], allow_pickle=False) as file:
            return dict(file)
    except Exception as error:  # whatever numpy and zipfile raise for a damaged file
        raise InputError(f"{paths[0]}: is damaged ({error}); run the row again") from None


def load_both(args) -> tuple[str, dict[str, dict]]:
    """-> (what data, {model: predictions}) of fig_4ab, which keeps every test pose."""
    data, rows = rows_of("fig_4ab", args)
    return data, {row.name.split("/")[1]: load_predictions(row, args) for row in rows}


def load_labels(args) -> tuple:
    """-> (Photos with a risk for every label, skeleton, name of the data) for --data."""
    skeleton = get_skeleton("lsp_14k")
    if args.data == "synthetic":
        return (
            simulated_labels(skeleton, args.seed),
            skeleton,
            "SYNTHETIC data (simulated annotators)",
        )
    return load_photos(args.data, skeleton), skeleton, Path(args.data).stem


def pick(args, count: int) -> int:
    """--index, or one drawn with --seed. Raises InputError if there is no such one."""
    if args.index is None:
        return int(np.random.default_rng(args.seed).integers(count))
    if args.index >= count:
        raise InputError(f"--index {args.index}: there are {count}, counted from 0")
    return args.index


def skeleton_of(joints: list[str]) -> tuple:
    """-> (the built-in skeleton with these joints, else one with some of them; the indices of its joints in these)."""
    skeletons = sorted(
        map(get_skeleton, SKELETON_NAMES), key=lambda skeleton: list(skeleton.joints) != joints
    )
    for skeleton in skeletons:
        if set(skeleton.joints) <= set(joints):
            return skeleton, [joints.index(joint) for joint in skeleton.joints]
    raise InputError(f"no built-in skeleton has the joints {', '.join(joints)}")


def draw_frame(figure, both: dict[str, dict], i: int, videos):
    """Test frame ``i``, cropped round the person: input, 3D truth and each model's aligned pose with its error."""
    first, *others = both.values()
    if any(
        not np.array_equal(first[name], other[name])
        for other in others
        for name in ("sequence", "frame")
    ):
        raise InputError(
            "the runs of fig_4ab were tested on different frames; run both with the same options"
        )
    where, frame = str(first["sequence_names"][first["sequence"][i]]), int(first["frame"][i])
    skeleton, order = skeleton_of(first["joints"].tolist())
    pixels = (
        first["pose_2d_px"][i] + first.get("root_2d_px", np.zeros((i + 1, 2)))[i]
    )  # older runs lack it
    truth, poses = first["target_mm"][i, order], {"3D truth": first["target_mm"][i, order]}
    for model, found in both.items():
        error = found["pa_mpjpe_joint_errors_mm"][i].mean() / 10
        poses[f"{STYLES[model]['label']}: {error:.1f} cm"] = found["aligned_mm"][i, order]
    image, caption = videos and read_video_frame(videos, where, frame), f"{where}, frame {frame}"
    draw_row(
        figure,
        pixels[order],
        poses,
        skeleton,
        caption=caption,
        image=image,
        reach_mm=1.1 * np.abs(truth).max(),
    )


def read_video_frame(folder, where: str, frame: int) -> np.ndarray:
    """One frame of "S9 Walking 54138969" -> image. Raises InputError without the video or the package that reads it."""
    try:
        from imageio import v3
    except ImportError:
        raise InputError(
            "--videos needs a package that reads videos: pip install imageio[ffmpeg]"
        ) from None
    subject, *name, camera = where.split(" ")
    path = Path(folder) / subject / "Videos" / f"{' '.join(name)}.{camera}.mp4"
    try:
        return v3.imread(path, index=frame)
    except (OSError, IndexError) as error:
        raise InputError(f"{path}: frame {frame} cannot be read ({error})") from None
