"""The paper's graphs: functions of arrays and an axis. Both models look the same in every figure."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

# Colour-blind safe; told apart in grey by marker, hatch and lightness.
STYLES = {
    "supervised": {"color": "#D55E00", "marker": "s", "hatch": "//", "label": "3D supervised"},
    "ours": {"color": "#0072B2", "marker": "o", "hatch": "", "label": "ours"},
    "ours fine-tuned": {"color": "#009E73", "marker": "^", "hatch": "..", "label": "ours, fine-tuned on photos"},
}
PERCENTILES = (25, 50, 68.3, 95.4)


def _line_style(model: str, *leave_out: str) -> dict:
    return {name: value for name, value in STYLES[model].items() if name not in ("hatch", *leave_out)}


def draw_points(axis, points: dict[str, list[tuple]], *, xlabel: str, ylabel: str):
    """{model: [(x, y, caption)]} -> a marker for each."""
    for model, of_model in points.items():
        if of_model:
            x, y, captions = zip(*of_model, strict=True)
            axis.plot(x, y, ls="none", **_line_style(model))
            for place in zip(x, y, captions, strict=True):
                axis.annotate(place[2], place[:2], xytext=(4, 4), textcoords="offset points", fontsize=7)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    return axis


def draw_error_histogram(axis, errors_cm: dict[str, np.ndarray]):
    """{model: mean error of each pose (N,) cm} -> share of the poses in bins of 0.1 cm, and on a second axis, which is
    returned, the cumulative curve with its percentiles marked."""
    bins, second = np.linspace(0, 20, 201), axis.twinx()
    for model, errors in errors_cm.items():
        share = np.histogram(errors, bins)[0] / len(errors)
        axis.stairs(
            100 * share, bins, fill=True, alpha=0.35, color=STYLES[model]["color"], label=STYLES[model]["label"]
        )
        ordered = np.sort(errors)
        second.plot(ordered, 100 * np.arange(1, len(ordered) + 1) / len(ordered), color=STYLES[model]["color"], lw=1.5)
        at = np.percentile(errors, PERCENTILES)
        second.plot(at, PERCENTILES, ls="none", ms=5, **_line_style(model, "label"))
        for x, y in zip(at, PERCENTILES, strict=True):
            second.annotate(f"{x:.1f}", (x, y), xytext=(5, -8), textcoords="offset points", fontsize=7)
    axis.set(xlim=(0, 20), xlabel="error per pose (cm)", ylabel="poses (%)")
    second.set(ylim=(0, 100), ylabel="poses with at most this error (%)")
    axis.legend(loc="center right", fontsize=8)
    return second


def pool_sides(errors: np.ndarray, joints) -> dict[str, np.ndarray]:
    """Errors (N,K) -> {kind of joint: all errors of it}; left and right are one kind."""
    kinds: dict[str, list] = {}
    for k, joint in enumerate(joints):
        kinds.setdefault(joint.removeprefix("left_").removeprefix("right_"), []).append(errors[:, k])
    return {kind: np.concatenate(values) for kind, values in kinds.items()}


def draw_bars(axis, values: dict[str, dict[str, np.ndarray]], *, ylabel: str):
    """{model: {group: values}} -> a bar per group and model: the mean, and one standard deviation where there are more
    than one."""
    groups = list(next(iter(values.values())))
    width = 0.8 / len(values)
    for i, (model, of_model) in enumerate(values.items()):
        x = np.arange(len(groups)) + (i - (len(values) - 1) / 2) * width
        means = [np.mean(of_model[group]) for group in groups]
        spread = [np.std(of_model[group]) if np.size(of_model[group]) > 1 else np.nan for group in groups]
        style = {name: STYLES[model][name] for name in ("color", "hatch", "label")}
        axis.bar(x, means, width, yerr=spread, capsize=2, edgecolor="black", lw=0.5, **style)
    axis.set_xticks(range(len(groups)), groups, rotation=30, ha="right")
    axis.set_ylabel(ylabel)
    axis.legend(fontsize=8)
    return axis


def draw_diagonal(axis):
    """The line of equal values, dotted, over what is shown."""
    low, high = min(axis.get_xlim()[0], axis.get_ylim()[0]), max(axis.get_xlim()[1], axis.get_ylim()[1])
    axis.plot([low, high], [low, high], color="black", ls=":", lw=1, zorder=0)
    return axis


def draw_pair(axis, pose_2d: np.ndarray, closer: int, further: int):
    """Two joints of a pose (K,2) px: the closer one green, the other red; told apart in grey by their markers."""
    axis.plot(*pose_2d[closer], "o", color="#2CA02C", ms=9, mec="white", label="closer")
    axis.plot(*pose_2d[further], "X", color="#D62728", ms=9, mec="white", label="further away")
    return axis


def draw_confident_pairs(axis, pose_2d: np.ndarray, pairs: np.ndarray, confidence: np.ndarray, colormap: str):
    """A line per labelled pair (closer, further) (P,2) of a pose (K,2) px, with a dot at the closer joint, coloured by
    confidence (P,) between 0.5 and 1. Returns what a colour bar needs."""
    colors = ScalarMappable(Normalize(0.5, 1), colormap)
    for (closer, further), value in zip(pairs, confidence, strict=True):
        color = colors.to_rgba(value)
        axis.plot(*pose_2d[[further, closer]].T, color=color, lw=2.5)
        axis.plot(*pose_2d[closer], "o", color=color, mec="black", ms=7)
    return colors
