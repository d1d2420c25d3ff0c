"""Named runs: differences from the defaults of the script that runs them. The defaults are the paper's own model.

The paper's runs bear the names of its tables and figures; `paper_exps` runs them.
"""

_FULL = {"supervision": "full"}
_MODELS = {"supervised": _FULL, "ours": {}}
_SH = {"dataset_type": "shg_16k"}
_DETECTED = {part: {**_SH, f"{part}_noise_type_2d": "detections"} for part in ("train", "test")}
_CROWD = {"rel_labels_noise_prob": "mturk"}


def _noise(part: str, level) -> dict:
    """The 2D input of a point of figure 4c; the level is a variance in px^2, or detections."""
    if level == "detections":
        return _DETECTED[part]
    return {f"{part}_noise_type_2d": "normal", f"{part}_noise_amount_2d": level} if level else {}


_LEVELS = (0, 5, 10, 15, 20, "detections")
_TABLES = {
    "table_1/supervised": _FULL,
    "table_1/ours": {},
    "table_1/known_focal": {"reprojection": "weak_perspective"},
    "table_1/average_skeleton": {"limb_type": "avg_person"},
    "table_1/no_skeleton": {"symm_weight": 0},
    "table_1/all_pairs": {"num_pairs": "all"},
    "table_1/tolerance": {"tolerance_mm": 100},
    **{f"table_2/{name}_17_gt_gt": model for name, model in _MODELS.items()},
    "table_2/ours_17_gt_gt_noise": _CROWD,
    **{
        f"table_2/{name}_16_sh_sh": model | _DETECTED["train"] | _DETECTED["test"]
        for name, model in _MODELS.items()
    },
    "table_2/ours_16_sh_sh_noise": _DETECTED["train"] | _DETECTED["test"] | _CROWD,
    # Declared by the authors, not printed in the table.
    **{f"table_2/{name}_16_gt_gt": model | _SH for name, model in _MODELS.items()},
    **{f"table_2/{name}_16_gt_sh": model | _DETECTED["test"] for name, model in _MODELS.items()},
}
_FIGURES = {
    **{
        f"fig_1d/supervised_{p:g}": _FULL | {"amt_train_data": p / 100}
        for p in (0.0625, 0.125, 0.25, 5, 25)
    },
    "fig_1d/supervised_100": _FULL,
    **{f"fig_1d/ours_{p}_1": {"amt_train_data": p / 100} for p in (25, 50)},
    "fig_1d/ours_100_1": {},
    "fig_1d/ours_100_17": {"num_pairs": 17},
    "fig_1d/ours_100_all": {"num_pairs": "all"},
    **{f"fig_4ab/{name}": model | {"save_predictions": True} for name, model in _MODELS.items()},
    **{
        f"fig_4c/test_noise/{n}_{level}": m | _noise("test", level)
        for n, m in _MODELS.items()
        for level in _LEVELS
    },
    **{
        f"fig_4c/train_test_noise/{name}_{level}": model
        | _noise("train", level)
        | _noise("test", level)
        for name, model in _MODELS.items()
        for level in _LEVELS
    },
    "fig_4d/ours_0": {},
    **{
        f"fig_4d/ours_{noise}": {"rel_labels_noise_prob": noise}
        for noise in (0.25, "mturk", 0.5, 0.75, 1)
    },
    **{
        f"fig_5/{name}_human36_14k": model | {"dataset_type": "human36_14k"}
        for name, model in _MODELS.items()
    },
}
_FIG_5_LSP = {
    "fig_5/supervised_lsp": _FULL | {"eval_only": True, "save_predictions": True},
    "fig_5/ours_lsp": {"eval_only": True, "save_predictions": True},
    "fig_5/ours_human36_lsp": {"epochs": 25, "limb_type": "avg_human36", "save_predictions": True},
    "fig_5/ours_lsp_only": {},
}
# Of main_human36.py. "testing" is not of the paper: a run of seconds. Combine it: --preset supervised testing.
PRESETS = {
    **_MODELS,
    "testing": {"linear_size": 64, "epochs": 1, "amt_train_data": 0.1, "amt_test_data": 10},
    **_TABLES,
    **_FIGURES,
}
# Of main_lsp.py.
LSP_PRESETS = {
    "ours": {},
    "supervised": _FULL | {"eval_only": True},
    "finetune": {"epochs": 25, "limb_type": "avg_human36"},
    "testing": {"linear_size": 64, "epochs": 1},
    **_FIG_5_LSP,
}
# {preset: the one whose run it begins with}
LOADS = {
    f"fig_5/{name}_lsp": f"fig_5/{name.split('_')[0]}_human36_14k"
    for name in (*_MODELS, "ours_human36")
}
# The paper's 66 runs.
PAPER_ROWS = (*_TABLES, *_FIGURES, *_FIG_5_LSP)


def short_list(presets) -> str:
    """Names of presets in words: those of the paper's tables and figures are many."""
    plain, rows = ([name for name in presets if ("/" in name) == row] for row in (False, True))
    return f"{', '.join(plain)}, or one of the paper's {len(rows)} runs, as {rows[0]}"


def option_tokens(option: str, value) -> list[str]:
    """One option as command-line tokens: True and False are --option and --no-option, sequences several values."""
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    values = value if isinstance(value, (list, tuple)) else [value]
    return [f"--{option}", *map(str, values)]
