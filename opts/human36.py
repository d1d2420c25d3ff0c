"""The options of main_human36.py. The defaults are the paper's own model."""

from opts import groups
from opts.parsing import did_you_mean, parse, settle
from opts.presets import PRESETS
from src.data.arrays import data_name
from src.data.human36.load import ACTIONS
from src.errors import InputError
from src.labels import joint_pairs
from src.skeletons import get_skeleton

# Options that the 3D supervised model does not use.
_RELATIVE_ONLY = (
    *(
        "num_pairs",
        "tolerance_mm",
        "rel_labels_noise_prob",
        "unnorm_init",
        "scale_range",
        "reprojection",
    ),
    *("limb_type", "distance_multiplier", *(f"{name}_weight" for name in groups.LOSS_WEIGHTS)),
)


def make_parser():
    """The parser of main_human36.py."""
    choices = {
        "limb_types": ("avg_human36", "avg_person", "gt"),
        "reprojections": ("scaled_orthographic", "weak_perspective"),
    }
    what = (
        "Train and test 2D-to-3D pose lifting on Human3.6M, from relative depth labels or 3D poses."
    )
    return groups.training_parser(what, groups.MOTION_GROUPS, presets=PRESETS, **choices, epochs=25)


def parse_options(argv) -> tuple:
    """argv -> (frozen options with everything derived settled, their difference from the defaults).

    Raises InputError for unknown options, values outside their range and contradictions, naming the options.
    """
    options, differences = parse(make_parser(), argv, PRESETS)
    synthetic = options.data_dir.strip("/").lower() == "synthetic"
    data_dir = "synthetic" if synthetic else options.data_dir
    options = options._replace(actions=_actions(options.actions), data_dir=data_dir)
    if not options.data_dir or options.exp == "":
        raise InputError("--data_dir and --exp must not be empty; is a shell variable unset?")
    _check_input(options)
    check_losses(options, differences)
    if options.supervision == "relative":
        _check_labels(options)
    if options.eval_only and not options.load:
        raise InputError("--eval_only tests the run that --load FOLDER names; give --load")
    return settle(options, data_name(options.data_dir)), differences


def _actions(names) -> tuple[str, ...]:
    if names == ("all",):
        return ACTIONS
    for name in names:
        if name == "all":
            raise InputError("--actions: give all, or names of actions, not both")
        if name not in ACTIONS:
            hint = did_you_mean(name, ACTIONS, f"; there are all, {', '.join(ACTIONS)}")
            raise InputError(f"--actions: unknown action {name}{hint}")
    _refuse_repeats("actions", names)
    return tuple(action for action in ACTIONS if action in names)


def _refuse_repeats(option: str, values):
    if repeated := sorted({str(value) for value in values if values.count(value) > 1}):
        raise InputError(f"--{option}: {', '.join(repeated)} given more than once")


def _check_input(options):
    for part in ("train", "test"):
        _refuse_repeats(f"{part}_subjects", getattr(options, f"{part}_subjects"))
        kind, amount = (
            getattr(options, f"{part}_noise_type_2d"),
            getattr(options, f"{part}_noise_amount_2d"),
        )
        type_option, amount_option = (
            f"--{part}_noise_type_2d {kind}",
            f"--{part}_noise_amount_2d {amount:g}",
        )
        if kind == "detections" and options.dataset_type not in ("shg_16k", "human36_17k"):
            raise InputError(
                f"{type_option}: detectors give the joints of shg_16k, or in some of VideoPose3D's archives those of "
                f"human36_17k: give one of these as --dataset_type, not {options.dataset_type}"
            )
        if kind in ("none", "detections") and amount:
            raise InputError(
                f"{amount_option} has no effect with {type_option}; choose another noise type"
            )
        if kind == "uniform_linear" and amount != int(amount):
            raise InputError(
                f"{amount_option}: {type_option} draws whole pixels and needs a whole number"
            )


def _check_labels(options):
    if options.rel_labels_noise_prob != 0 and options.tolerance_mm > 0:
        both = f"--rel_labels_noise_prob {options.rel_labels_noise_prob} and --tolerance_mm {options.tolerance_mm:g}"
        raise InputError(
            f"{both} exclude each other: label noise is defined for labels without a tolerance"
        )
    skeleton = get_skeleton(options.dataset_type)
    total = len(joint_pairs(skeleton.num_joints))
    if options.num_pairs != "all" and options.num_pairs > total:
        raise InputError(
            f"--num_pairs {options.num_pairs}: --dataset_type {skeleton.name} has {total} pairs"
        )


def check_losses(options, differences):
    """Raise InputError for loss options that contradict each other; both training scripts have these."""
    skeleton = get_skeleton(options.dataset_type)
    if options.supervision == "full":
        if unused := [f"--{name}" for name in _RELATIVE_ONLY if name in differences]:
            raise InputError(
                f"{', '.join(unused)} has no effect with --supervision full; leave it out"
            )
        return
    if (
        options.limb_type == "avg_person"
        and skeleton.average_limb_lengths is None
        and options.symm_weight
    ):
        advice = "use --limb_type avg_human36 or gt, or --symm_weight 0"
        reason = f"no average limb lengths exist for --dataset_type {skeleton.name}"
        raise InputError(f"--limb_type avg_person: {reason}; {advice}")
    weights = [f"{name}_weight" for name in groups.LOSS_WEIGHTS]
    if not any(getattr(options, weight) for weight in weights):
        raise InputError(f"--{', --'.join(weights)} are all 0: nothing to train")
