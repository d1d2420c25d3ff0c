"""The options that main_human36.py and main_lsp.py share, one function per group of --help.

Most names and defaults are those of the paper's code, so that its users find them;
docs/coming_from_2018.md lists the names that differ.
"""

from argparse import ArgumentParser, BooleanOptionalAction

from opts.presets import short_list
from opts.types import number, seed_number
from src.errors import InputError
from src.skeletons import SKELETON_NAMES, get_skeleton

# Types that several options share. The upper bounds refuse slips of the keyboard at the door,
# before PyTorch meets a number that does not fit into its own types.
COUNT = number(int, at_least=1, at_most=10**9)
AMOUNT = number(float, at_least=0, at_most=1e6)
POSITIVE = number(float, above=0, at_most=1e6)
FRACTION = number(float, above=0, at_most=1)
PROBABILITY = number(float, at_least=0, below=1)

SKELETON_HELP = f"skeleton: {', '.join(SKELETON_NAMES)}, or a .json file"

# Options that the 3D supervised model does not use.
_RELATIVE_ONLY = (
    "num_pairs",
    "tolerance_mm",
    "rel_labels_noise_prob",
    "unnorm_init",
    "scale_range",
    "reprojection",
    "limb_type",
    "distance_multiplier",
    "relative_weight",
    "reproj_weight",
    "root_weight",
    "symm_weight",
)


def add_run_options(parser: ArgumentParser, presets: dict[str, dict]):
    """Add the group "run"; ``presets`` are those of the script."""
    group = parser.add_argument_group("run", "what to run, where results go, on what machine")
    group.add_argument(
        "--preset",
        nargs="+",
        metavar="NAME",
        help=f"named runs, later ones win: {short_list(presets)}",
    )
    group.add_argument("--ckpt", default="checkpoint", help="folder of all runs")
    group.add_argument("--exp", help="folder of this run in it (default: <data>/<preset>/seed_<n>)")
    group.add_argument(
        "--load",
        metavar="FOLDER",
        help="start from the weights of another run folder, or of a folder of the 2018 code",
    )
    group.add_argument(
        "--eval_only",
        action=BooleanOptionalAction,
        default=False,
        help="test the run of --load, train nothing",
    )
    group.add_argument(
        "--seed",
        type=seed_number,
        default=0,
        help="seed for all random draws",
    )
    group.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="auto: CUDA when there is one",
    )
    group.add_argument(
        "--threads",
        type=number(int, at_least=0, at_most=1024),
        default=0,
        help="CPU threads; 0: PyTorch's choice",
    )
    group.add_argument(
        "--dry_run",
        action="store_true",
        help="print the resolved options and stop",
    )


def add_network_options(parser: ArgumentParser):
    """Add the group "network"."""
    group = parser.add_argument_group("network")
    group.add_argument(
        "--linear_size",
        type=number(int, at_least=1, at_most=65536),
        default=1024,
        metavar="N",
        help="layer width",
    )
    group.add_argument(
        "--num_stage",
        type=number(int, at_least=1, at_most=1000),
        default=1,
        metavar="N",
        help="residual blocks",
    )
    group.add_argument("--dropout", type=PROBABILITY, default=0.5, metavar="P", help="dropout")
    group.add_argument(
        "--unnorm_init",
        type=POSITIVE,
        default=100.0,
        metavar="X",
        help="initial value of the learned output multiplier (relative only)",
    )
    group.add_argument(
        "--scale_range",
        type=POSITIVE,
        metavar="X",
        help="largest scale (default: 1, or 0.001 with weak_perspective; relative only)",
    )


def add_loss_options(
    parser: ArgumentParser,
    *,
    reprojections: tuple[str, ...],
    limb_types: tuple[str, ...],
    default_limb_type: str,
):
    """Add the group "losses"; what photos lack, main_lsp.py leaves out of the choices."""
    group = parser.add_argument_group(
        "losses", "all but --supervision concern the relative model only"
    )
    group.add_argument(
        "--supervision",
        choices=("relative", "full"),
        default="relative",
        help="relative depth labels (ours), or 3D poses (3D supervised)",
    )
    group.add_argument(
        "--reprojection",
        choices=reprojections,
        default="scaled_orthographic",
        help="weak_perspective: with the known focal length (not on photos)",
    )
    group.add_argument(
        "--relative_weight",
        type=AMOUNT,
        default=1.0,
        metavar="W",
        help="weight: relative depth",
    )
    group.add_argument(
        "--reproj_weight",
        type=AMOUNT,
        default=0.1,
        metavar="W",
        help="weight: reprojection",
    )
    group.add_argument(
        "--root_weight",
        type=AMOUNT,
        default=1.0,
        metavar="W",
        help="weight: root at the origin",
    )
    group.add_argument(
        "--symm_weight",
        type=AMOUNT,
        default=1.0,
        metavar="W",
        help="weight: limb proportions",
    )
    group.add_argument(
        "--limb_type",
        choices=limb_types,
        default=default_limb_type,
        help="limb proportions: training mean, an average person, or (gt) each frame's own",
    )
    group.add_argument(
        "--distance_multiplier",
        type=POSITIVE,
        default=2.5,
        metavar="M",
        help="sharpness of the relative depth loss",
    )


def add_training_options(parser: ArgumentParser, *, default_epochs: int):
    """Add the group "training and testing"."""
    group = parser.add_argument_group("training and testing")
    group.add_argument(
        "--epochs",
        type=COUNT,
        default=default_epochs,
        metavar="N",
        help="epochs in all",
    )
    group.add_argument(
        "--train_batch",
        type=number(int, at_least=2, at_most=10**9),  # BatchNorm needs two poses
        default=64,
        metavar="N",
        help="batch size",
    )
    group.add_argument(
        "--test_batch",
        type=COUNT,
        default=64,
        metavar="N",
        help="batch size in testing; changes no result",
    )
    group.add_argument(
        "--lr",
        type=number(float, above=0),
        default=0.001,
        help="learning rate of Adam",
    )
    group.add_argument(
        "--lr_decay",
        type=COUNT,
        default=100_000,
        metavar="STEPS",
        help="steps after which the learning rate is multiplied by --lr_gamma",
    )
    group.add_argument(
        "--lr_gamma",
        type=FRACTION,
        default=0.96,
        metavar="X",
        help="factor applied every --lr_decay steps",
    )
    group.add_argument(
        "--max_norm",
        action=BooleanOptionalAction,
        default=True,
        help="clip the gradient to norm 1",
    )
    group.add_argument(
        "--test_step",
        type=COUNT,
        default=1,
        metavar="N",
        help="test every N epochs",
    )
    group.add_argument(
        "--save_ims",
        action=BooleanOptionalAction,
        default=True,
        help="draw loss curves and test poses",
    )
    group.add_argument(
        "--save_ims_every",
        type=COUNT,
        metavar="N",
        help="draw them after every N epochs, too (default: after the last only)",
    )
    group.add_argument(
        "--save_predictions",
        action=BooleanOptionalAction,
        default=False,
        help="keep every test pose and its errors in predictions.npz",
    )


def check_pictures(options):
    """Raise InputError for options of pictures that contradict each other."""
    if options.save_ims_every is not None and not options.save_ims:
        raise InputError(
            "--save_ims_every has no effect with --no-save_ims, which draws nothing; "
            "leave one of them out"
        )


def check_losses(options, differences: dict):
    """Raise InputError for loss options that contradict each other.

    ``differences`` holds the options that differ from their defaults, as `opts.parsing.parse`
    returns them.
    """
    if options.supervision == "full":
        unused = [f"--{name}" for name in _RELATIVE_ONLY if name in differences]
        if unused:
            raise InputError(
                f"{', '.join(unused)} has no effect with --supervision full; leave it out"
            )
        return

    skeleton = get_skeleton(options.dataset_type)
    if (
        options.limb_type == "avg_person"
        and skeleton.average_limb_lengths is None
        and options.symm_weight > 0
    ):
        raise InputError(
            f"--limb_type avg_person: no average limb lengths exist for "
            f"--dataset_type {skeleton.name}; "
            f"use --limb_type avg_human36 or gt, or --symm_weight 0"
        )
    if (
        options.relative_weight == 0
        and options.reproj_weight == 0
        and options.root_weight == 0
        and options.symm_weight == 0
    ):
        raise InputError(
            "--relative_weight, --reproj_weight, --root_weight, --symm_weight are all 0: "
            "nothing to train"
        )
