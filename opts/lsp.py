"""The options of main_lsp.py."""

from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path

from opts.groups import (
    PROBABILITY,
    SKELETON_HELP,
    add_loss_options,
    add_network_options,
    add_run_options,
    add_training_options,
    check_losses,
    check_pictures,
)
from opts.parsing import new_parser, parse, settle
from opts.presets import LSP_PRESETS
from opts.types import skeleton
from src.errors import InputError


def make_parser() -> ArgumentParser:
    """Return the parser of main_lsp.py; its groups stand in the order of --help."""
    parser = new_parser(
        "Train and test 2D-to-3D pose lifting on photos with relative depth labels, as LSP's."
    )
    add_run_options(parser, LSP_PRESETS)
    _add_data_options(parser)
    add_network_options(parser)
    add_loss_options(
        parser,
        reprojections=("scaled_orthographic",),  # nobody knows the focal length of a photo
        limb_types=("avg_person", "avg_human36"),
        default_limb_type="avg_person",
    )
    add_training_options(parser, default_epochs=100)
    return parser


def _add_data_options(parser: ArgumentParser):
    group = parser.add_argument_group("data", "which labels to train and test on")
    group.add_argument(
        "--annotations",
        default="synthetic",
        metavar="FILE",
        help="json of relative depth labels on photos, or synthetic",
    )
    group.add_argument(
        "--data_dir",
        metavar="FOLDER",
        help="where its photos are; only pictures need them",
    )
    group.add_argument(
        "--truth",
        metavar="FILE",
        help="npz with pose_3d (N,K,3) mm and joint_names: errors in 3D too",
    )
    group.add_argument(
        "--dataset_type",
        "--skeleton",
        type=skeleton,
        default="lsp_14k",
        metavar="NAME",
        help=SKELETON_HELP,
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
    group.add_argument(
        "--use_loaded_stats",
        action=BooleanOptionalAction,
        default=False,
        help="2D statistics of the run of --load, not of the training photos",
    )
    group.add_argument(
        "--fresh_optimizer",
        action=BooleanOptionalAction,
        default=False,
        help="do not go on with the optimiser and step count of the run of --load",
    )


def parse_options(argv) -> tuple:
    """Parse the tokens ``argv`` (None: the process's own) -> (options, differences).

    Both are as `opts.human36.parse_options` returns them, and it raises the same InputErrors.
    """
    options, differences = parse(make_parser(), argv, LSP_PRESETS)
    if options.annotations == "" or options.exp == "":
        raise InputError("--annotations and --exp must not be empty; is a shell variable unset?")
    if options.annotations == "synthetic" and options.truth:
        raise InputError("--truth is for --annotations FILE; the synthetic set brings its own")
    check_losses(options, differences)
    check_pictures(options)
    if not options.load:
        _refuse_what_needs_load(options)
    if options.eval_only and options.fresh_optimizer:
        raise InputError("--fresh_optimizer has no effect with --eval_only; leave it out")
    if options.supervision == "full" and not options.eval_only:
        raise InputError(
            "--supervision full needs 3D truth, which photos lack: "
            "it can only be tested (--eval_only)"
        )
    data_name = Path(options.annotations).stem
    if options.annotations == "synthetic":
        data_name = "synthetic_photos"
    return settle(options, data_name), differences


def _refuse_what_needs_load(options):
    """Raise InputError for an option that means nothing without the run of --load."""
    needs_load = {
        "eval_only": options.eval_only,
        "use_loaded_stats": options.use_loaded_stats,
        "fresh_optimizer": options.fresh_optimizer,
        # The mean limb lengths of a training set with 3D truth: photos have none of their own.
        "limb_type avg_human36": options.limb_type == "avg_human36",
    }
    for option, is_chosen in needs_load.items():
        if is_chosen:
            raise InputError(f"--{option} concerns the run that --load FOLDER names; give --load")
