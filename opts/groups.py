"""The command-line options, a row each. Names and defaults are those of the paper's code, so its users find them."""

from argparse import ArgumentParser, BooleanOptionalAction

from opts.parsing import new_parser
from opts.presets import short_list
from opts.types import number, skeleton
from src.labels import ALL_PAIRS, MTURK
from src.skeletons import SKELETON_NAMES

# {term: (weight, what it is)}; the terms are those of `src.training.build.build_criterion`.
LOSS_WEIGHTS = {
    "relative": (1.0, "relative depth"),
    "reproj": (0.1, "reprojection"),
    "root": (1.0, "root at the origin"),
    "symm": (1.0, "limb proportions"),
}
_NOISE_TYPES = ("none", "normal", "uniform_linear", "uniform_radial", "detections")
_NOISE_AMOUNT = "variance in px^2 (normal), largest offset or distance in px (uniform)"
_SKELETON_HELP = f"skeleton: {', '.join(SKELETON_NAMES)}, or a .json file"
_SWITCH = BooleanOptionalAction
_COUNT = number(int, at_least=1, at_most=10**9)
_AMOUNT = number(float, at_least=0, at_most=1e6)
_POSITIVE = number(float, above=0, at_most=1e6)
_FRACTION = number(float, above=0, at_most=1)
_PROBABILITY = number(float, at_least=0, below=1)

# A group is its title, its text and its options: (flags and maybe a metavar, kind, default, help). The kind is a type,
# [type] for several values, choices in a tuple, or an action.
_INPUT_ROWS = (
    (
        "--in_dropout_p P",
        _PROBABILITY,
        0.0,
        "probability of zeroing a keypoint, once, in training and test data",
    ),
    ("--subtract_2d_root", _SWITCH, True, "root-centre the 2D input"),
)
MOTION_GROUPS = [
    ("data", "which poses to train and test on",
     ("--data_dir", str, "synthetic", "folder with cameras.h5, S1, S5, ..., or synthetic"),
     ("--dataset_type --skeleton NAME", skeleton, "human36_17k", _SKELETON_HELP),
     ("--actions NAME", [str], ["all"], "action names, or all"),
     ("--train_subjects N", [_COUNT], [1, 5, 6, 7, 8], "subjects to train on"),
     ("--test_subjects N", [_COUNT], [9, 11], "subjects to test on"),
     ("--amt_train_data FRACTION", _FRACTION, 1.0, "random fraction of the training frames"),
     ("--amt_test_data N", _COUNT, 1, "test every N-th frame of each file")),
    ("2D input", "projected truth, with noise, or detections (shg_16k only)",
     ("--train_noise_type_2d", _NOISE_TYPES, "none", "training 2D"),
     ("--train_noise_amount_2d AMOUNT", _AMOUNT, 0.0, _NOISE_AMOUNT),
     ("--test_noise_type_2d", _NOISE_TYPES, "none", "testing 2D"),
     ("--test_noise_amount_2d AMOUNT", _AMOUNT, 0.0, _NOISE_AMOUNT),
     *_INPUT_ROWS),
    ("relative depth labels", "only with --supervision relative",
     ("--num_pairs N", number(int, at_least=1, at_most=10**9, word=ALL_PAIRS), 1, "labelled pairs per frame, or all"),
     ("--tolerance_mm MM", _AMOUNT, 0.0, "depth difference up to which a pair counts as equal"),
     ("--rel_labels_noise_prob P", number(float, at_least=0, at_most=1, word=MTURK), 0.0,
      "probability of a wrong label, or mturk: as human annotators err")),
]  # fmt: skip
PHOTO_GROUPS = [
    ("data", "which labels to train and test on",
     ("--annotations FILE", str, "synthetic", "json of relative depth labels on photos, or synthetic"),
     ("--data_dir FOLDER", str, None, "where its photos are; only pictures need them"),
     ("--truth FILE", str, None, "npz with pose_3d (N,K,3) mm and joint_names: errors in 3D too"),
     ("--dataset_type --skeleton NAME", skeleton, "lsp_14k", _SKELETON_HELP),
     *_INPUT_ROWS,
     ("--use_loaded_stats", _SWITCH, False, "2D statistics of the run of --load, not of the training photos"),
     ("--fresh_optimizer", _SWITCH, False, "do not go on with the optimiser and step count of the run of --load")),
]  # fmt: skip


def _common_groups(presets, limb_types, reprojections, epochs: int) -> list:
    return [
        ("run", "what to run, where results go, on what machine",
         ("--preset NAME", [str], None, f"named runs, later ones win: {short_list(presets)}"),
         ("--ckpt", str, "checkpoint", "folder of all runs"),
         ("--exp", str, None, "folder of this run in it (default: <data>/<preset>/seed_<n>)"),
         ("--load FOLDER", str, None, "start from the weights of another run folder"),
         ("--eval_only", _SWITCH, False, "test the run of --load, train nothing"),
         ("--seed", number(int, at_least=0, below=2**32), 0, "of every random draw"),
         ("--device", ("auto", "cpu", "cuda"), "auto", "auto: CUDA when there is one"),
         ("--threads", number(int, at_least=0, at_most=1024), 0, "CPU threads; 0: PyTorch's choice"),
         ("--dry_run", "store_true", False, "print the resolved options and stop")),
        ("network", None,
         ("--linear_size N", number(int, at_least=1, at_most=65536), 1024, "layer width"),
         ("--num_stage N", number(int, at_least=1, at_most=1000), 1, "residual blocks"),
         ("--dropout P", _PROBABILITY, 0.5, "dropout"),
         ("--unnorm_init X", _POSITIVE, 100.0, "initial value of the learned output multiplier (relative only)"),
         ("--scale_range X", _POSITIVE, None,
          "largest scale (default: 1, or 0.001 with weak_perspective; relative only)")),
        ("losses", "all but --supervision concern the relative model only",
         ("--supervision", ("relative", "full"), "relative",
          "relative depth labels (ours), or 3D poses (3D supervised)"),
         ("--reprojection", reprojections, reprojections[0],
          "weak_perspective: with the known focal length (not on photos)"),
         *((f"--{term}_weight W", _AMOUNT, weight, f"weight: {text}") for term, (weight, text) in LOSS_WEIGHTS.items()),
         ("--limb_type", limb_types, limb_types[0],
          "limb proportions: training mean, an average person, or (gt) each frame's own"),
         ("--distance_multiplier M", _POSITIVE, 2.5, "sharpness of the relative depth loss")),
        ("training and testing", None,
         ("--epochs N", _COUNT, epochs, "epochs in all"),
         ("--train_batch N", number(int, at_least=2, at_most=10**9), 64, "batch size"),
         ("--test_batch N", _COUNT, 64, "batch size in testing; changes no result"),
         ("--lr", number(float, above=0), 0.001, "learning rate of Adam"),
         ("--lr_decay STEPS", _COUNT, 100_000, "steps after which the learning rate is multiplied by --lr_gamma"),
         ("--lr_gamma X", _FRACTION, 0.96, "see there"),
         ("--max_norm", _SWITCH, True, "clip the gradient to norm 1"),
         ("--test_step N", _COUNT, 1, "test every N epochs"),
         ("--save_ims", _SWITCH, True, "draw loss curves and test poses"),
         ("--save_predictions", _SWITCH, False, "keep every test pose and its errors in predictions.npz")),
    ]  # fmt: skip


def training_parser(
    description: str, own_groups, *, presets, limb_types, reprojections, epochs: int
) -> ArgumentParser:
    """The parser of a training script; of ``limb_types`` and ``reprojections``, the choices, the first is the default,
    as ``epochs`` is."""
    parser = new_parser(description)
    run, *others = _common_groups(presets, limb_types, reprojections, epochs)
    for title, text, *rows in (run, *own_groups, *others):
        group = parser.add_argument_group(title, text)
        for words, kind, default, help_text in rows:
            flags = [word for word in words.split() if word.startswith("--")]
            metavar = words.split()[len(flags) :]
            how = {"metavar": metavar[0]} if metavar else {}
            if kind in (_SWITCH, "store_true"):
                how["action"] = kind
            elif isinstance(kind, tuple):
                how["choices"] = kind
            else:
                how |= {"type": kind[0], "nargs": "+"} if isinstance(kind, list) else {"type": kind}
            group.add_argument(*flags, default=default, help=help_text, **how)
    return parser
