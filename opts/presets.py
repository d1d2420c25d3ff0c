# ruff: noqa: C408 (dict(name=value) reads like the command line that it stands for)
"""Named runs, one row per run: what it changes from the defaults of the script that runs it.

The defaults are the paper's own model, "ours", so its rows are empty. The runs of the paper bear
the names of its tables and figures, and `paper_exps` runs them; where several names stand for the
same training, `paper_exps` trains it once. A preset becomes command-line tokens
(`option_tokens`), which are parsed before the user's own.
"""

# The presets of main_human36.py. "testing" is not from the paper: it makes any other preset a
# matter of seconds, as in `--preset supervised testing`.
PRESETS = {
    "supervised": dict(supervision="full"),
    "ours":       dict(),
    "testing":    dict(linear_size=64, epochs=1, amt_train_data=0.1, amt_test_data=10),

    # Table 1: what the parts of the method contribute.
    "table_1/supervised":       dict(supervision="full"),
    "table_1/ours":             dict(),
    "table_1/known_focal":      dict(reprojection="weak_perspective"),
    "table_1/average_skeleton": dict(limb_type="avg_person"),
    "table_1/no_skeleton":      dict(symm_weight=0),
    "table_1/all_pairs":        dict(num_pairs="all"),
    "table_1/tolerance":        dict(tolerance_mm=100),

    # Table 2. The names give the number of joints and the 2D input in training and in testing:
    # "gt" is the projected truth, "sh" the detections of the stacked hourglass network. "noise"
    # means labels that are wrong as often as those of human annotators.
    "table_2/supervised_17_gt_gt": dict(supervision="full"),
    "table_2/ours_17_gt_gt":       dict(),
    "table_2/ours_17_gt_gt_noise": dict(rel_labels_noise_prob="mturk"),
    "table_2/supervised_16_sh_sh": dict(supervision="full", dataset_type="shg_16k",
        train_noise_type_2d="detections", test_noise_type_2d="detections"),
    "table_2/ours_16_sh_sh":       dict(dataset_type="shg_16k",
        train_noise_type_2d="detections", test_noise_type_2d="detections"),
    "table_2/ours_16_sh_sh_noise": dict(dataset_type="shg_16k", rel_labels_noise_prob="mturk",
        train_noise_type_2d="detections", test_noise_type_2d="detections"),
    # The authors' code declares these four; the table does not print them.
    "table_2/supervised_16_gt_gt": dict(supervision="full", dataset_type="shg_16k"),
    "table_2/ours_16_gt_gt":       dict(dataset_type="shg_16k"),
    "table_2/supervised_16_gt_sh": dict(supervision="full", dataset_type="shg_16k",
        test_noise_type_2d="detections"),
    "table_2/ours_16_gt_sh":       dict(dataset_type="shg_16k", test_noise_type_2d="detections"),

    # Figure 1d. The names give the percentage of the training frames, and for "ours" the number of
    # labelled pairs in each of them.
    "fig_1d/supervised_0.0625": dict(supervision="full", amt_train_data=0.000625),
    "fig_1d/supervised_0.125":  dict(supervision="full", amt_train_data=0.00125),
    "fig_1d/supervised_0.25":   dict(supervision="full", amt_train_data=0.0025),
    "fig_1d/supervised_5":      dict(supervision="full", amt_train_data=0.05),
    "fig_1d/supervised_25":     dict(supervision="full", amt_train_data=0.25),
    "fig_1d/supervised_100":    dict(supervision="full"),
    "fig_1d/ours_25_1":         dict(amt_train_data=0.25),
    "fig_1d/ours_50_1":         dict(amt_train_data=0.5),
    "fig_1d/ours_100_1":        dict(),
    "fig_1d/ours_100_17":       dict(num_pairs=17),
    "fig_1d/ours_100_all":      dict(num_pairs="all"),

    # Figures 4a and 4b: errors per pose and per joint.
    "fig_4ab/supervised": dict(supervision="full", save_predictions=True),
    "fig_4ab/ours":       dict(save_predictions=True),

    # Figure 4c, horizontal axis: noise on the 2D input in testing alone. The amount of normal noise
    # is its variance in px^2; detections have the joints of shg_16k.
    "fig_4c/test_noise/supervised_0":          dict(supervision="full"),
    "fig_4c/test_noise/supervised_5":          dict(supervision="full",
        test_noise_type_2d="normal", test_noise_amount_2d=5),
    "fig_4c/test_noise/supervised_10":         dict(supervision="full",
        test_noise_type_2d="normal", test_noise_amount_2d=10),
    "fig_4c/test_noise/supervised_15":         dict(supervision="full",
        test_noise_type_2d="normal", test_noise_amount_2d=15),
    "fig_4c/test_noise/supervised_20":         dict(supervision="full",
        test_noise_type_2d="normal", test_noise_amount_2d=20),
    "fig_4c/test_noise/supervised_detections": dict(supervision="full", dataset_type="shg_16k",
        test_noise_type_2d="detections"),
    "fig_4c/test_noise/ours_0":          dict(),
    "fig_4c/test_noise/ours_5":          dict(test_noise_type_2d="normal", test_noise_amount_2d=5),
    "fig_4c/test_noise/ours_10":         dict(test_noise_type_2d="normal", test_noise_amount_2d=10),
    "fig_4c/test_noise/ours_15":         dict(test_noise_type_2d="normal", test_noise_amount_2d=15),
    "fig_4c/test_noise/ours_20":         dict(test_noise_type_2d="normal", test_noise_amount_2d=20),
    "fig_4c/test_noise/ours_detections": dict(dataset_type="shg_16k",
        test_noise_type_2d="detections"),

    # Figure 4c, vertical axis: the same noise in training and in testing.
    "fig_4c/train_test_noise/supervised_0": dict(supervision="full"),
    "fig_4c/train_test_noise/supervised_5": dict(
        supervision="full",
        train_noise_type_2d="normal", train_noise_amount_2d=5,
        test_noise_type_2d="normal", test_noise_amount_2d=5),
    "fig_4c/train_test_noise/supervised_10": dict(
        supervision="full",
        train_noise_type_2d="normal", train_noise_amount_2d=10,
        test_noise_type_2d="normal", test_noise_amount_2d=10),
    "fig_4c/train_test_noise/supervised_15": dict(
        supervision="full",
        train_noise_type_2d="normal", train_noise_amount_2d=15,
        test_noise_type_2d="normal", test_noise_amount_2d=15),
    "fig_4c/train_test_noise/supervised_20": dict(
        supervision="full",
        train_noise_type_2d="normal", train_noise_amount_2d=20,
        test_noise_type_2d="normal", test_noise_amount_2d=20),
    "fig_4c/train_test_noise/supervised_detections": dict(
        supervision="full", dataset_type="shg_16k",
        train_noise_type_2d="detections", test_noise_type_2d="detections"),
    "fig_4c/train_test_noise/ours_0": dict(),
    "fig_4c/train_test_noise/ours_5": dict(
        train_noise_type_2d="normal", train_noise_amount_2d=5,
        test_noise_type_2d="normal", test_noise_amount_2d=5),
    "fig_4c/train_test_noise/ours_10": dict(
        train_noise_type_2d="normal", train_noise_amount_2d=10,
        test_noise_type_2d="normal", test_noise_amount_2d=10),
    "fig_4c/train_test_noise/ours_15": dict(
        train_noise_type_2d="normal", train_noise_amount_2d=15,
        test_noise_type_2d="normal", test_noise_amount_2d=15),
    "fig_4c/train_test_noise/ours_20": dict(
        train_noise_type_2d="normal", train_noise_amount_2d=20,
        test_noise_type_2d="normal", test_noise_amount_2d=20),
    "fig_4c/train_test_noise/ours_detections": dict(
        dataset_type="shg_16k",
        train_noise_type_2d="detections", test_noise_type_2d="detections"),

    # Figure 4d: the probability that a training label is wrong.
    "fig_4d/ours_0":     dict(),
    "fig_4d/ours_0.25":  dict(rel_labels_noise_prob=0.25),
    "fig_4d/ours_mturk": dict(rel_labels_noise_prob="mturk"),
    "fig_4d/ours_0.5":   dict(rel_labels_noise_prob=0.5),
    "fig_4d/ours_0.75":  dict(rel_labels_noise_prob=0.75),
    "fig_4d/ours_1":     dict(rel_labels_noise_prob=1),

    # Figure 5: training on Human3.6M with the 14 joints of LSP. The figure's other rows are in
    # LSP_PRESETS.
    "fig_5/supervised_human36_14k": dict(supervision="full", dataset_type="human36_14k"),
    "fig_5/ours_human36_14k":       dict(dataset_type="human36_14k"),
}  # fmt: skip

# The presets of main_lsp.py.
LSP_PRESETS = {
    "ours":       dict(),
    "supervised": dict(supervision="full", eval_only=True),
    "finetune":   dict(epochs=25, limb_type="avg_human36"),
    "testing":    dict(linear_size=64, epochs=1),

    # Figure 5: two models of Human3.6M tested on LSP as they are, one fine-tuned there, and one
    # that has seen nothing but LSP.
    "fig_5/supervised_lsp":   dict(supervision="full", eval_only=True, save_predictions=True),
    "fig_5/ours_lsp":         dict(eval_only=True, save_predictions=True),
    "fig_5/ours_human36_lsp": dict(epochs=25, limb_type="avg_human36", save_predictions=True),
    "fig_5/ours_lsp_only":    dict(),
}  # fmt: skip

# These presets begin with the weights of another preset's run (--load).
LOADS = {
    "fig_5/supervised_lsp":   "fig_5/supervised_human36_14k",
    "fig_5/ours_lsp":         "fig_5/ours_human36_14k",
    "fig_5/ours_human36_lsp": "fig_5/ours_human36_14k",
}  # fmt: skip

# The names of the paper's 66 runs, in the order above.
PAPER_ROWS = tuple(name for name in (*PRESETS, *LSP_PRESETS) if "/" in name)


def short_list(presets) -> str:
    """Preset names as a phrase for messages. The paper's runs are counted: they are many."""
    plain_names = [name for name in presets if "/" not in name]
    paper_names = [name for name in presets if "/" in name]
    return (
        f"{', '.join(plain_names)}, "
        f"or one of the paper's {len(paper_names)} runs, as {paper_names[0]}"
    )


def option_tokens(option: str, value) -> list[str]:
    """One option as command-line tokens, as argparse would read them back.

    True and False become --option and --no-option; a list or tuple gives the option several values.
    """
    if isinstance(value, bool):
        return [f"--{option}"] if value else [f"--no-{option}"]
    if isinstance(value, (list, tuple)):
        return [f"--{option}", *[str(item) for item in value]]
    return [f"--{option}", str(value)]
