"""The paper's graphs: arrays and an axis in, the axis out.

A model has the same colour, marker and hatch in all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from src.plotting.figures import OURS, SUPERVISED
from src.plotting.poses import draw_pose_2d, draw_pose_3d
from src.skeletons import Skeleton


@dataclass(frozen=True)
class ModelStyle:
    """How a model is drawn: its colour, marker and hatch, and its name in the legend."""

    color: str
    marker: str
    hatch: str
    label: str


# Marker and hatch help where the colours alone do not.
STYLES = {
    "supervised": ModelStyle(color=SUPERVISED, marker="s", hatch="//", label="3D supervised"),
    "ours": ModelStyle(color=OURS, marker="o", hatch="", label="ours"),
}
# Marked in figure 4a. 68.3 and 95.4 % are what one and two standard deviations of a normal
# distribution hold.
PERCENTILES = (25, 50, 68.3, 95.4)


def draw_points(axis, points: dict[str, list[tuple]], *, xlabel: str, ylabel: str):
    """Draw a marker with a caption for every run of each model, as in figures 1d and 4c.

    Args:
        axis: a 2D axis.
        points: {model, a key of STYLES: [(x, y, caption)]}; a model without points is left out.
        xlabel: of the axis.
        ylabel: of the axis.

    Returns:
        The axis.
    """
    for model, model_points in points.items():
        if not model_points:
            continue
        style = STYLES[model]
        axis.plot(
            [x for x, _, _ in model_points],
            [y for _, y, _ in model_points],
            ls="none",
            color=style.color,
            marker=style.marker,
            label=style.label,
        )
        # Captions of one model stand above its markers, of the other below: markers may lie close.
        height = 4 if model == "supervised" else -10
        for x, y, caption in model_points:
            axis.annotate(
                caption, (x, y), xytext=(4, height), textcoords="offset points", fontsize=7
            )
    axis.margins(x=0.12)  # room for the captions on the right
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    return axis


def draw_error_histogram(axis, errors_cm: dict[str, np.ndarray]):
    """Draw how the errors of test poses are distributed, as in figure 4a.

    The axis shows the share of the poses in bins of 0.1 cm from 0 to 20 cm. A second axis, which
    this adds to the figure, shows the cumulative curves with their PERCENTILES marked.

    Args:
        axis: a 2D axis.
        errors_cm: {model, a key of STYLES: (N,) cm, the mean error over the joints of each pose}.

    Returns:
        The axis of the histogram.
    """
    bins_cm = np.linspace(0, 20, 201)
    cumulative = axis.twinx()
    for model, errors in errors_cm.items():
        style = STYLES[model]
        counts, _ = np.histogram(errors, bins_cm)
        share = 100 * counts / len(errors)
        axis.stairs(share, bins_cm, fill=True, alpha=0.35, color=style.color, label=style.label)

        share_up_to = 100 * np.arange(1, len(errors) + 1) / len(errors)
        cumulative.plot(np.sort(errors), share_up_to, lw=1.5, color=style.color)
        marked_cm = np.percentile(errors, PERCENTILES)
        cumulative.plot(
            marked_cm, PERCENTILES, ls="none", ms=5, color=style.color, marker=style.marker
        )
        for x, y in zip(marked_cm, PERCENTILES, strict=True):
            cumulative.annotate(
                f"{x:.1f}", (x, y), xytext=(5, -8), textcoords="offset points", fontsize=7
            )
    axis.set(xlim=(0, 20), xlabel="error per pose (cm)", ylabel="poses (%)")
    axis.legend(loc="center right", fontsize=8)
    cumulative.set(ylim=(0, 100), ylabel="poses with at most this error (%)")
    return axis


def draw_bars(axis, values: dict[str, dict[str, np.ndarray]], *, ylabel: str):
    """Draw a bar per group and model, as in figures 4b and 4d.

    Args:
        axis: a 2D axis.
        values: {model, a key of STYLES: {name of a group: array of any shape}}. A bar is as high as
            the mean of the group's values; its whisker is one standard deviation, where there is
            more than one value.
        ylabel: of the axis.

    Returns:
        The axis.
    """
    width = 0.8 / len(values)
    for number, (model, groups) in enumerate(values.items()):
        style = STYLES[model]
        offset = (number - (len(values) - 1) / 2) * width  # the models stand side by side
        means = [np.mean(group) for group in groups.values()]
        deviations = [np.std(group) if np.size(group) > 1 else np.nan for group in groups.values()]
        axis.bar(
            np.arange(len(groups)) + offset,
            means,
            width,
            yerr=deviations,
            capsize=2,
            color=style.color,
            edgecolor="black",
            lw=0.5,
            hatch=style.hatch,
            label=style.label,
        )
        axis.set_xticks(range(len(groups)), groups, rotation=30, ha="right")
    axis.set_ylabel(ylabel)
    axis.legend(fontsize=8)
    return axis


def draw_diagonal(axis):
    """Draw the dotted line on which x and y are equal, over all that the axis shows; return it."""
    limits = [*axis.get_xlim(), *axis.get_ylim()]
    ends = [min(limits), max(limits)]
    axis.plot(ends, ends, color="black", ls=":", lw=1, zorder=0)
    return axis


def add_row_of_axes(figure, num_poses: int) -> list:
    """Add a 2D axis and, right of it, ``num_poses`` 3D axes to an empty figure; return them all."""
    columns = 1 + num_poses
    axes = [figure.add_subplot(1, columns, 1)]
    for column in range(2, columns + 1):
        axes.append(figure.add_subplot(1, columns, column, projection="3d"))
    return axes


def draw_row(
    axes: Sequence,
    pose_2d: np.ndarray,
    poses_3d: dict[str, np.ndarray],
    skeleton: Skeleton,
    *,
    caption: str,
    image: np.ndarray | None,
    reach_mm: float | None = None,
):
    """Draw one 2D input and several 3D poses, the row of figures 5 and S3.

    Args:
        axes: a 2D axis and P 3D ones, as `add_row_of_axes` makes them.
        pose_2d: (K, 2) px.
        poses_3d: {title: (K, 3)}, P poses in the camera's frame, in mm or any other unit.
        skeleton: whose K joints they are.
        caption: of the 2D pose.
        image: the photo behind the 2D pose, (H, W, 3), or None.
        reach_mm: half the side of the cube shown of every 3D pose, in their unit; None for what
            each of them needs.

    Returns:
        The axes.
    """
    axis_2d, *axes_3d = axes
    if image is not None:
        axis_2d.imshow(image)
    draw_pose_2d(axis_2d, pose_2d, skeleton)
    axis_2d.set_title(caption, fontsize=8)
    for axis, (title, pose) in zip(axes_3d, poses_3d.items(), strict=True):
        draw_pose_3d(axis, pose, skeleton, reach_mm=reach_mm)
        axis.set_title(title, fontsize=8)
    return axes


def describe_pair(joints: Sequence[str], closer: int, further: int) -> str:
    """Say which joint of a pair is closer to the camera: "left wrist < right knee".

    joints: the K names of the joints. closer, further: indices of joints. The sign compares depths.
    """
    return f"{joints[closer]} < {joints[further]}".replace("_", " ")


def draw_pair(axis, pose_2d: np.ndarray, closer: int, further: int):
    """Mark the two joints of a relative depth label, as in figure 3.

    The closer joint is a green dot and the other a red cross, edged in black: they differ in grey
    too, and stand out from red limbs.

    Args:
        axis: a 2D axis.
        pose_2d: (K, 2) px.
        closer: index of the joint that is closer to the camera.
        further: index of the other joint.

    Returns:
        The axis.
    """
    x, y = pose_2d[closer]
    axis.plot(x, y, "o", color="#2CA02C", ms=10, mec="black", label="closer")
    x, y = pose_2d[further]
    axis.plot(x, y, "X", color="#D62728", ms=10, mec="black", label="further away")
    return axis


def draw_coloured_pairs(axis, pose_2d: np.ndarray, pairs: np.ndarray, colors: np.ndarray):
    """Draw a line per labelled pair of joints, with a dot at the closer joint.

    Args:
        axis: a 2D axis.
        pose_2d: (K, 2) px.
        pairs: (P, 2) indices of joints, the closer one first.
        colors: (P, 4) RGBA, one per pair.

    Returns:
        The axis.
    """
    for (closer, further), color in zip(pairs, colors, strict=True):
        axis.plot(*pose_2d[[further, closer]].T, color=color, lw=2.5)
        x, y = pose_2d[closer]
        axis.plot(x, y, "o", color=color, mec="black", ms=7)
    return axis
