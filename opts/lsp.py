"""The options of main_lsp.py."""

from pathlib import Path

from opts import groups
from opts.human36 import check_losses
from opts.parsing import default_exp, new_parser, parse
from opts.presets import LSP_PRESETS
from src.errors import InputError


def make_parser():
    """The parser of main_lsp.py."""
    parser = new_parser("Train and test 2D-to-3D pose lifting on photos with relative depth labels, as LSP's.")
    groups.add_run_options(parser, LSP_PRESETS)
    groups.add_photo_options(parser)
    groups.add_network_options(parser)
    limb_types = ("avg_person", "avg_human36")
    groups.add_loss_options(parser, limb_types=limb_types, reprojections=("scaled_orthographic",))
    groups.add_training_options(parser, epochs=100)
    return parser


def parse_options(argv) -> tuple:
    """argv -> (frozen options with everything derived settled, their difference from the defaults).

    Raises InputError for unknown options, values outside their range and contradictions, naming the options.
    """
    options, differences = parse(make_parser(), argv, LSP_PRESETS)
    if not options.annotations or options.exp == "":
        raise InputError("--annotations and --exp must not be empty; is a shell variable unset?")
    if options.annotations == "synthetic" and options.truth:
        raise InputError("--truth is for --annotations FILE; the synthetic set brings its own")
    check_losses(options, differences)
    if not options.load:
        for option, given in (
            ("--eval_only", options.eval_only),
            ("--use_loaded_stats", options.use_loaded_stats),
            ("--fresh_optimizer", options.fresh_optimizer),
            ("--limb_type avg_human36", options.limb_type == "avg_human36"),
        ):
            if given:
                raise InputError(f"{option} concerns the run that --load FOLDER names; give --load")
    if options.eval_only and options.fresh_optimizer:
        raise InputError("--fresh_optimizer has no effect with --eval_only; leave it out")
    if options.supervision == "full":
        if not options.eval_only:
            raise InputError(
                "--supervision full needs 3D truth, which photos lack: it can only be tested (--eval_only)"
            )
    elif options.scale_range is None:
        options = options._replace(scale_range=1.0)
    if options.preset is None:
        options = options._replace(preset=("supervised" if options.supervision == "full" else "ours",))
    data = "synthetic_photos" if options.annotations == "synthetic" else Path(options.annotations).stem
    return options._replace(exp=options.exp or default_exp(options, data)), differences
