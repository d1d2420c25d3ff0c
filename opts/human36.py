"""The options of main_human36.py. The defaults are the paper's own model."""

from argparse import ArgumentParser, BooleanOptionalAction

from opts.groups import (
    AMOUNT,
    COUNT,
    FRACTION,
    PROBABILITY,
    SKELETON_HELP,
    add_loss_options,
    add_network_options,
    add_run_options,
    add_training_options,
    check_losses,
    check_pictures,
)
from opts.parsing import did_you_mean, new_parser, parse, settle
from opts.presets import PRESETS
from opts.types import number, skeleton
from src.data.arrays import data_name
from src.data.human36.load import ACTIONS
from src.errors import InputError
from src.labels import ALL_PAIRS, MTURK, joint_pairs
from src.skeletons import get_skeleton

_NOISE_TYPES = ("none", "normal", "uniform_linear", "uniform_radial", "detections")
_NOISE_AMOUNT_HELP = "variance in px^2 (normal), largest offset or distance in px (uniform)"


def make_parser() -> ArgumentParser:
    """Return the parser of main_human36.py; its groups stand in the order of --help."""
    parser = new_parser(
        "Train and test 2D-to-3D pose lifting on Human3.6M, from relative depth labels or 3D poses."
    )
    add_run_options(parser, PRESETS)
    _add_data_options(parser)
    _add_input_options(parser)
    _add_label_options(parser)
    add_network_options(parser)
    add_loss_options(
        parser,
        reprojections=("scaled_orthographic", "weak_perspective"),
        limb_types=("avg_human36", "avg_person", "gt"),
        default_limb_type="avg_human36",
    )
    add_training_options(parser, default_epochs=25)
    return parser


def _add_data_options(parser: ArgumentParser):
    group = parser.add_argument_group("data", "which poses to train and test on")
    group.add_argument(
        "--data_dir",
        default="synthetic",
        help="folder of Human3.6M (cameras.h5, S1, S5, ...; its cdf files; or VideoPose3D's npz), "
        "an npz of poses, or synthetic",
    )
    group.add_argument(
        "--dataset_type",
        "--skeleton",
        type=skeleton,
        default="human36_17k",
        metavar="NAME",
        help=SKELETON_HELP,
    )
    group.add_argument(
        "--actions",
        nargs="+",
        default=["all"],
        metavar="NAME",
        help="action names, or all",
    )
    group.add_argument(
        "--train_subjects",
        nargs="+",
        type=COUNT,
        default=[1, 5, 6, 7, 8],
        metavar="N",
        help="subjects to train on",
    )
    group.add_argument(
        "--test_subjects",
        nargs="+",
        type=COUNT,
        default=[9, 11],
        metavar="N",
        help="subjects to test on",
    )
    group.add_argument(
        "--amt_train_data",
        type=FRACTION,
        default=1.0,
        metavar="FRACTION",
        help="random fraction of the training frames",
    )
    group.add_argument(
        "--amt_test_data",
        type=COUNT,
        default=1,
        metavar="N",
        help="test every N-th frame of each file",
    )


def _add_input_options(parser: ArgumentParser):
    group = parser.add_argument_group(
        "2D input",
        "projected truth, with noise, or detections (of shg_16k; VideoPose3D's archives may have "
        "those of human36_17k)",
    )
    group.add_argument(
        "--train_noise_type_2d",
        choices=_NOISE_TYPES,
        default="none",
        help="training 2D",
    )
    group.add_argument(
        "--train_noise_amount_2d",
        type=AMOUNT,
        default=0.0,
        metavar="AMOUNT",
        help=_NOISE_AMOUNT_HELP,
    )
    group.add_argument(
        "--test_noise_type_2d",
        choices=_NOISE_TYPES,
        default="none",
        help="testing 2D",
    )
    group.add_argument(
        "--test_noise_amount_2d",
        type=AMOUNT,
        default=0.0,
        metavar="AMOUNT",
        help=_NOISE_AMOUNT_HELP,
    )
    group.add_argument(
        "--in_dropout_p",
        type=PROBABILITY,
        default=0.0,
        metavar="P",
        help="probability of zeroing a keypoint, once, in training and test data",
    )
    group.add_argument(
        "--subtract_2d_root",
        action=BooleanOptionalAction,
        default=True,
        help="root-centre the 2D input",
    )


def _add_label_options(parser: ArgumentParser):
    group = parser.add_argument_group("relative depth labels", "only with --supervision relative")
    group.add_argument(
        "--num_pairs",
        type=number(int, at_least=1, at_most=10**9, word=ALL_PAIRS),
        default=1,
        metavar="N",
        help="labelled pairs per frame, or all",
    )
    group.add_argument(
        "--tolerance_mm",
        type=AMOUNT,
        default=0.0,
        metavar="MM",
        help="depth difference up to which a pair counts as equal",
    )
    group.add_argument(
        "--rel_labels_noise_prob",
        type=number(float, at_least=0, at_most=1, word=MTURK),
        default=0.0,
        metavar="P",
        help="probability of a wrong label, or mturk: as human annotators err",
    )


def parse_options(argv) -> tuple:
    """Parse the tokens ``argv`` (None: the process's own) -> (options, differences).

    The options are a frozen named tuple in which everything derived is settled; ``differences`` is
    a dict of the options that differ from the defaults. Raises InputError for unknown options,
    values outside their range and contradictions, naming the options.
    """
    options, differences = parse(make_parser(), argv, PRESETS)
    if options.data_dir == "" or options.exp == "":
        raise InputError("--data_dir and --exp must not be empty; is a shell variable unset?")
    if options.data_dir.strip("/").lower() == "synthetic":
        options = options._replace(data_dir="synthetic")
    options = options._replace(actions=_settle_actions(options.actions))
    _refuse_repeats("train_subjects", options.train_subjects)
    _refuse_repeats("test_subjects", options.test_subjects)
    _check_noise_2d(
        "train", options.train_noise_type_2d, options.train_noise_amount_2d, options.dataset_type
    )
    _check_noise_2d(
        "test", options.test_noise_type_2d, options.test_noise_amount_2d, options.dataset_type
    )
    check_losses(options, differences)
    check_pictures(options)
    if options.supervision == "relative":
        _check_labels(options)
    if options.eval_only and not options.load:
        raise InputError("--eval_only tests the run that --load FOLDER names; give --load")
    return settle(options, data_name(options.data_dir)), differences


def _settle_actions(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the actions in the data set's order, whatever the order they were given in."""
    if names == ("all",):
        return ACTIONS
    for name in names:
        if name == "all":
            raise InputError("--actions: give all, or names of actions, not both")
        if name not in ACTIONS:
            all_names = f"; there are all, {', '.join(ACTIONS)}"
            hint = did_you_mean(name, ACTIONS, otherwise=all_names)
            raise InputError(f"--actions: unknown action {name}{hint}")
    _refuse_repeats("actions", names)
    return tuple(action for action in ACTIONS if action in names)


def _refuse_repeats(option: str, values: tuple):
    repeated = {str(value) for value in values if values.count(value) > 1}
    if repeated:
        raise InputError(f"--{option}: {', '.join(sorted(repeated))} given more than once")


def _check_noise_2d(part: str, noise_type: str, amount: float, dataset_type: str):
    """Check the 2D input of ``part``, "train" or "test"."""
    type_option = f"--{part}_noise_type_2d {noise_type}"
    amount_option = f"--{part}_noise_amount_2d {amount:g}"
    if noise_type == "detections" and dataset_type not in ("shg_16k", "human36_17k"):
        raise InputError(
            f"{type_option}: detectors give the joints of shg_16k, or in some of VideoPose3D's "
            f"archives those of human36_17k: give one of these as --dataset_type, "
            f"not {dataset_type}"
        )
    if noise_type in ("none", "detections") and amount != 0:
        raise InputError(
            f"{amount_option} has no effect with {type_option}; choose another noise type"
        )
    if noise_type == "uniform_linear" and not amount.is_integer():
        raise InputError(
            f"{amount_option}: {type_option} draws whole pixels and needs a whole number"
        )


def _check_labels(options):
    if options.rel_labels_noise_prob != 0 and options.tolerance_mm > 0:
        raise InputError(
            f"--rel_labels_noise_prob {options.rel_labels_noise_prob} and "
            f"--tolerance_mm {options.tolerance_mm:g} exclude each other: "
            f"label noise is defined for labels without a tolerance"
        )
    skeleton = get_skeleton(options.dataset_type)
    total = len(joint_pairs(skeleton.num_joints))
    if options.num_pairs != ALL_PAIRS and options.num_pairs > total:
        raise InputError(
            f"--num_pairs {options.num_pairs}: --dataset_type {skeleton.name} has {total} pairs"
        )
