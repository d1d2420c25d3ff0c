"""Groups of command-line options. Names and defaults are those of the paper's code, so its users find them."""

from argparse import ArgumentParser, BooleanOptionalAction

from opts.presets import short_list
from opts.types import number, skeleton
from src.labels import ALL_PAIRS, MTURK
from src.skeletons import SKELETON_NAMES

NOISE_TYPES = ("none", "normal", "uniform_linear", "uniform_radial", "detections")
# {term: (weight, what it is)}; the terms are those of `src.build.build_criterion`.
LOSS_WEIGHTS = {
    "relative": (1.0, "relative depth"),
    "reproj": (0.1, "reprojection"),
    "root": (1.0, "root at the origin"),
    "symm": (1.0, "limb proportions"),
}
_SWITCH = BooleanOptionalAction
_MANY = 10**9
_WEIGHT = number(float, at_least=0, at_most=1e6)


def add_run_options(parser: ArgumentParser, presets):
    """What to run, where its results go, on what machine."""
    group = parser.add_argument_group("run", "what to run, where results go, on what machine")
    group.add_argument("--preset", nargs="+", metavar="NAME",
                       help=f"named runs, later ones win: {short_list(presets)}")  # fmt: skip
    group.add_argument("--ckpt", default="checkpoint", help="folder of all runs")
    group.add_argument("--exp", help="folder of this run in it (default: <data>/<preset>/seed_<n>)")
    group.add_argument("--load", metavar="FOLDER", help="start from the weights of another run folder")
    group.add_argument("--eval_only", action=_SWITCH, default=False, help="test the run of --load, train nothing")
    group.add_argument("--seed", type=number(int, at_least=0, below=2**32), default=0, help="of every random draw")
    group.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: CUDA when there is one")
    group.add_argument(
        "--threads", type=number(int, at_least=0, at_most=1024), default=0, help="CPU threads; 0: PyTorch's choice"
    )
    group.add_argument("--dry_run", action="store_true", help="print the resolved options and stop")


def add_data_options(parser: ArgumentParser):
    """Which poses."""
    group = parser.add_argument_group("data", "which poses to train and test on")
    group.add_argument("--data_dir", default="synthetic", help="folder with cameras.h5, S1, S5, ..., or synthetic")
    _add_skeleton(group, "human36_17k")
    group.add_argument("--actions", nargs="+", metavar="NAME", default=["all"], help="action names, or all")
    subject = number(int, at_least=1, at_most=_MANY)
    group.add_argument("--train_subjects", nargs="+", type=subject, metavar="N", default=[1, 5, 6, 7, 8],
                       help="subjects to train on")  # fmt: skip
    group.add_argument("--test_subjects", nargs="+", type=subject, metavar="N", default=[9, 11],
                       help="subjects to test on")  # fmt: skip
    group.add_argument("--amt_train_data", type=number(float, above=0, at_most=1), default=1.0, metavar="FRACTION",
                       help="random fraction of the training frames")  # fmt: skip
    group.add_argument("--amt_test_data", type=number(int, at_least=1, at_most=_MANY), default=1, metavar="N",
                       help="test every N-th frame of each file")  # fmt: skip


def add_noise_options(parser: ArgumentParser):
    """The 2D input and its noise."""
    group = parser.add_argument_group("2D input", "projected truth, with noise, or detections (shg_16k only)")
    amount = number(float, at_least=0, at_most=1e6)
    for part in ("train", "test"):
        group.add_argument(f"--{part}_noise_type_2d", choices=NOISE_TYPES, default="none", help=f"{part}ing 2D")
        group.add_argument(f"--{part}_noise_amount_2d", type=amount, default=0.0, metavar="AMOUNT",
                           help="variance in px^2 (normal), largest offset or distance in px (uniform)")  # fmt: skip
    add_input_options(group)


def add_photo_options(parser: ArgumentParser):
    """Which photos and labels."""
    group = parser.add_argument_group("data", "which labels to train and test on")
    group.add_argument("--annotations", default="synthetic", metavar="FILE",
                       help="json of relative depth labels on photos, or synthetic")  # fmt: skip
    group.add_argument("--data_dir", metavar="FOLDER", help="where its photos are; only pictures need them")
    group.add_argument("--truth", metavar="FILE",
                       help="npz with pose_3d (N,K,3) mm and joint_names: errors in 3D too")  # fmt: skip
    _add_skeleton(group, "lsp_14k")
    add_input_options(group)
    group.add_argument("--use_loaded_stats", action=_SWITCH, default=False,
                       help="2D statistics of the run of --load, not of the training photos")  # fmt: skip
    group.add_argument("--fresh_optimizer", action=_SWITCH, default=False,
                       help="do not go on with the optimiser and step count of the run of --load")  # fmt: skip


def _add_skeleton(group, default: str):
    group.add_argument("--dataset_type", "--skeleton", type=skeleton, default=default, metavar="NAME",
                       help=f"skeleton: {', '.join(SKELETON_NAMES)}, or a .json file")  # fmt: skip


def add_input_options(group):
    """What happens to the 2D input."""
    group.add_argument("--in_dropout_p", type=number(float, at_least=0, below=1), default=0.0, metavar="P",
                       help="probability of zeroing a keypoint, once, in training and test data")  # fmt: skip
    group.add_argument("--subtract_2d_root", action=_SWITCH, default=True, help="root-centre the 2D input")


def add_label_options(parser: ArgumentParser):
    """Relative depth labels."""
    group = parser.add_argument_group("relative depth labels", "only with --supervision relative")
    pairs = number(int, at_least=1, at_most=_MANY, word=ALL_PAIRS)
    group.add_argument("--num_pairs", type=pairs, default=1, metavar="N",
                       help="labelled pairs per frame, or all")  # fmt: skip
    group.add_argument("--tolerance_mm", type=number(float, at_least=0, at_most=1e6), default=0.0, metavar="MM",
                       help="depth difference up to which a pair counts as equal")  # fmt: skip
    group.add_argument("--rel_labels_noise_prob", type=number(float, at_least=0, at_most=1, word=MTURK), default=0.0,
                       metavar="P", help="probability of a wrong label, or mturk: as human annotators err")  # fmt: skip


def add_network_options(parser: ArgumentParser):
    """The network."""
    group = parser.add_argument_group("network")
    group.add_argument(
        "--linear_size", type=number(int, at_least=1, at_most=65536), default=1024, metavar="N", help="layer width"
    )
    group.add_argument(
        "--num_stage", type=number(int, at_least=1, at_most=1000), default=1, metavar="N", help="residual blocks"
    )
    group.add_argument("--dropout", type=number(float, at_least=0, below=1), default=0.5, metavar="P", help="dropout")
    group.add_argument("--unnorm_init", type=number(float, above=0, at_most=1e6), default=100.0, metavar="X",
                       help="initial value of the learned output multiplier (relative only)")  # fmt: skip
    group.add_argument("--scale_range", type=number(float, above=0, at_most=1e6), metavar="X",
                       help="largest scale (default: 1, or 0.001 with weak_perspective; relative only)")  # fmt: skip


def add_loss_options(parser: ArgumentParser, limb_types, reprojections):
    """Supervision and losses; of ``limb_types`` and ``reprojections``, the choices, the first is the default."""
    group = parser.add_argument_group("losses", "all but --supervision concern the relative model only")
    group.add_argument("--supervision", choices=("relative", "full"), default="relative",
                       help="relative depth labels (ours), or 3D poses (3D supervised)")  # fmt: skip
    group.add_argument("--reprojection", choices=reprojections, default=reprojections[0],
                       help="weak_perspective: with the known focal length (not on photos)")  # fmt: skip
    for name, (weight, text) in LOSS_WEIGHTS.items():
        group.add_argument(f"--{name}_weight", type=_WEIGHT, default=weight, metavar="W", help=f"weight: {text}")
    group.add_argument("--limb_type", choices=limb_types, default=limb_types[0],
                       help="limb proportions: training mean, an average person, or (gt) each frame's own")  # fmt: skip
    group.add_argument("--distance_multiplier", type=number(float, above=0, at_most=1e6), default=2.5, metavar="M",
                       help="sharpness of the relative depth loss")  # fmt: skip


def add_training_options(parser: ArgumentParser, epochs: int):
    """Optimisation and testing; ``epochs`` is the default of --epochs."""
    group = parser.add_argument_group("training and testing")
    group.add_argument(
        "--epochs", type=number(int, at_least=1, at_most=_MANY), default=epochs, metavar="N", help="epochs in all"
    )
    group.add_argument(
        "--train_batch", type=number(int, at_least=2, at_most=_MANY), default=64, metavar="N", help="batch size"
    )
    group.add_argument("--test_batch", type=number(int, at_least=1, at_most=_MANY), default=64, metavar="N",
                       help="batch size in testing; changes no result")  # fmt: skip
    group.add_argument("--lr", type=number(float, above=0), default=0.001, help="learning rate of Adam")
    group.add_argument("--lr_decay", type=number(int, at_least=1, at_most=_MANY), default=100_000, metavar="STEPS",
                       help="steps after which the learning rate is multiplied by --lr_gamma")  # fmt: skip
    group.add_argument(
        "--lr_gamma", type=number(float, above=0, at_most=1), default=0.96, metavar="X", help="see there"
    )
    group.add_argument("--max_norm", action=_SWITCH, default=True, help="clip the gradient to norm 1")
    group.add_argument(
        "--test_step", type=number(int, at_least=1, at_most=_MANY), default=1, metavar="N", help="test every N epochs"
    )
    group.add_argument("--save_ims", action=_SWITCH, default=True, help="draw loss curves and test poses")
    group.add_argument("--save_predictions", action=_SWITCH, default=False,
                       help="keep every test pose and its errors in predictions.npz")  # fmt: skip
