"""The options of main_lsp.py."""

from pathlib import Path

from opts import groups
from opts.human36 import check_losses
from opts.parsing import parse, settle
from opts.presets import LSP_PRESETS
from src.errors import InputError


def make_parser():
    """The parser of main_lsp.py."""
    choices = {
        "limb_types": ("avg_person", "avg_human36"),
        "reprojections": ("scaled_orthographic",),
    }
    what = "Train and test 2D-to-3D pose lifting on photos with relative depth labels, as LSP's."
    return groups.training_parser(
        what, groups.PHOTO_GROUPS, presets=LSP_PRESETS, **choices, epochs=100
    )


def parse_options(argv) -> tuple:
    """As `opts.human36.parse_options`."""
    options, differences = parse(make_parser(), argv, LSP_PRESETS)
    if not options.annotations or options.exp == "":
        raise InputError("--annotations and --exp must not be empty; is a shell variable unset?")
    if options.annotations == "synthetic" and options.truth:
        raise InputError("--truth is for --annotations FILE; the synthetic set brings its own")
    check_losses(options, differences)
    wants_load = {
        name: getattr(options, name)
        for name in ("eval_only", "use_loaded_stats", "fresh_optimizer")
    }
    for option, given in (
        wants_load | {"limb_type avg_human36": options.limb_type == "avg_human36"}
    ).items():
        if given and not options.load:
            raise InputError(f"--{option} concerns the run that --load FOLDER names; give --load")
    if options.eval_only and options.fresh_optimizer:
        raise InputError("--fresh_optimizer has no effect with --eval_only; leave it out")
    if options.supervision == "full" and not options.eval_only:
        raise InputError(
            "--supervision full needs 3D truth, which photos lack: it can only be tested (--eval_only)"
        )
    data = (
        "synthetic_photos" if options.annotations == "synthetic" else Path(options.annotations).stem
    )
    return settle(options, data), differences
