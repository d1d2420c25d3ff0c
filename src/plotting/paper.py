"""The paper's graphs: functions of arrays and an axis. Both models look the same in every figure."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from src.plotting.poses import draw_pose_2d, draw_pose_3d

# Colour-blind safe; told apart in grey by marker, hatch and lightness.
STYLES = {
    "supervised": {"color": "#D55E00", "marker": "s", "hatch": "//", "label": "3D supervised"},
    "ours": {"color": "#0072B2", "marker": "o", "hatch": "", "label": "ours"},
}
PERCENTILES = (25, 50, 68.3, 95.4)


def _style(model: str, *names: str) -> dict:
    return {name: STYLES[model][name] for name in names}


def draw_points(axis, points: dict[str, list[tuple]], *, xlabel: str, ylabel: str):
    """{model: [(x, y, caption)]} -> a marker for each."""
    for model, of_model in points.items():
        if of_model:
            x, y, _ = zip(*of_model, strict=True)
            axis.plot(x, y, ls="none", **_style(model, "color", "marker", "label"))
            for *place, caption in of_model:
                axis.annotate(caption, place, xytext=(4, 4), textcoords="offset points", fontsize=7)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    return axis


def draw_error_histogram(axis, errors_cm: dict[str, np.ndarray]):
    """{model: mean error of each pose (N,) cm} -> share of the poses in bins of 0.1 cm, and on a second axis, which is
    returned, the cumulative curve with its percentiles marked."""
    bins, second = np.linspace(0, 20, 201), axis.twinx()
    for model, errors in errors_cm.items():
        share = 100 * np.histogram(errors, bins)[0] / len(errors)
        axis.stairs(share, bins, fill=True, alpha=0.35, **_style(model, "color", "label"))
        up_to = 100 * np.arange(1, len(errors) + 1) / len(errors)
        second.plot(np.sort(errors), up_to, lw=1.5, **_style(model, "color"))
        at = np.percentile(errors, PERCENTILES)
        second.plot(at, PERCENTILES, ls="none", ms=5, **_style(model, "color", "marker"))
        for x, y in zip(at, PERCENTILES, strict=True):
            second.annotate(
                f"{x:.1f}", (x, y), xytext=(5, -8), textcoords="offset points", fontsize=7
            )
    axis.set(xlim=(0, 20), xlabel="error per pose (cm)", ylabel="poses (%)")
    second.set(ylim=(0, 100), ylabel="poses with at most this error (%)")
    axis.legend(loc="center right", fontsize=8)
    return second


def draw_bars(axis, values: dict[str, dict[str, np.ndarray]], *, ylabel: str):
    """{model: {group: values}} -> a bar per group and model: the mean, and one standard deviation where there are more
    than one."""
    width = 0.8 / len(values)
    for i, (model, groups) in enumerate(values.items()):
        x = np.arange(len(groups)) + (i - (len(values) - 1) / 2) * width
        means = [np.mean(group) for group in groups.values()]
        spread = [np.std(group) if np.size(group) > 1 else np.nan for group in groups.values()]
        style = {
            "edgecolor": "black",
            "lw": 0.5,
            "capsize": 2,
            **_style(model, "color", "hatch", "label"),
        }
        axis.bar(x, means, width, yerr=spread, **style)
        axis.set_xticks(range(len(groups)), groups, rotation=30, ha="right")
    axis.set_ylabel(ylabel)
    axis.legend(fontsize=8)
    return axis


def draw_diagonal(axis):
    """The line of equal values, dotted, over what is shown."""
    limits = [*axis.get_xlim(), *axis.get_ylim()]
    ends = [min(limits), max(limits)]
    axis.plot(ends, ends, color="black", ls=":", lw=1, zorder=0)


def draw_row(
    figure,
    pose_2d: np.ndarray,
    poses: dict[str, np.ndarray],
    skeleton,
    *,
    caption,
    image,
    reach_mm=None,
):
    """The 2D input (K,2) px, on its image if there is one, and 3D poses {title: (K,3)}, on the axes of one row."""
    axis = figure.add_subplot(1, 1 + len(poses), 1)
    if image is not None:
        axis.imshow(image)
    draw_pose_2d(axis, pose_2d, skeleton).set_title(caption, fontsize=8)
    for column, (title, pose) in enumerate(poses.items(), start=2):
        axis = figure.add_subplot(1, 1 + len(poses), column, projection="3d")
        draw_pose_3d(axis, pose, skeleton, reach_mm=reach_mm).set_title(title, fontsize=8)


def draw_pair(axis, pose_2d: np.ndarray, closer: int, further: int):
    """Two joints of a pose (K,2) px: the closer one green, the other red; told apart in grey by their markers."""
    axis.plot(*pose_2d[closer], "o", color="#2CA02C", ms=9, mec="white", label="closer")
    axis.plot(*pose_2d[further], "X", color="#D62728", ms=9, mec="white", label="further away")


def draw_confident_pairs(
    axis, pose_2d: np.ndarray, pairs: np.ndarray, confidence: np.ndarray, colormap: str
):
    """A line per labelled pair (closer, further) (P,2) of a pose (K,2) px, with a dot at the closer joint, coloured by
    confidence (P,) between 0.5 and 1. Returns what a colour bar needs."""
    colors = ScalarMappable(Normalize(0.5, 1), colormap)
    for (closer, further), color in zip(pairs, colors.to_rgba(confidence), strict=True):
        axis.plot(*pose_2d[[further, closer]].T, color=color, lw=2.5)
        axis.plot(*pose_2d[closer], "o", color=color, mec="black", ms=7)
    return colors
