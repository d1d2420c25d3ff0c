"""Named runs: differences from the defaults of `opts.human36`, which are the paper's own model ("ours")."""

PRESETS = {
    "ours": {},
    "supervised": {"supervision": "full"},
    # Not of the paper: a run of seconds, to try things out. Combine it: --preset supervised testing.
    "testing": {"linear_size": 64, "epochs": 2, "amt_train_data": 0.1, "amt_test_data": 10},
}
# The same for main_lsp.py.
LSP_PRESETS = {
    "ours": {},
    "supervised": {"supervision": "full", "eval_only": True},
    "finetune": {"epochs": 25, "limb_type": "avg_human36"},
    "testing": {"linear_size": 64, "epochs": 2},
}


def preset_tokens(names, presets: dict) -> list[str]:
    """The command-line tokens that presets stand for, later ones last, so that argparse lets them win."""
    tokens = []
    for name in names:
        for option, value in presets[name].items():
            tokens += option_tokens(option, value)
    return tokens


def option_tokens(option: str, value) -> list[str]:
    """One option as command-line tokens: True and False are --option and --no-option, sequences several values."""
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    values = value if isinstance(value, (list, tuple)) else [value]
    return [f"--{option}", *map(str, values)]
