"""Panels of figure 2 of the paper: what a user study says about annotators, images and depth.

Each function draws one panel: it takes arrays and an axis, and returns the axis. "Raw" are single
answers, "merged" are the labels that the merging makes of all answers to a pair.
"""

import numpy as np

from src.crowd.findings import DEPTHS, Findings, mean_by_distance
from src.plotting.figures import CYCLE

_LEGEND_SIZE = 6
_FIRST_COLOUR = CYCLE[0]
_SECOND_COLOUR = CYCLE[1]

# One style for each depth, in the order of `DEPTHS`.
_DEPTH_LINES = ("-", "--")

# Pairs on images: whether the merged label is right shows in colour and in the kind of line.
_RIGHT_COLOUR = CYCLE[2]
_WRONG_COLOUR = CYCLE[3]


def draw_study(axes, findings: Findings):
    """Draw all panels but the images, on eight axes, which are returned."""
    risk = findings.merged.risk
    distance_cm = np.abs(findings.merged_gap_cm)
    order = findings.images_by_difficulty
    draw_risk(axes[0], risk, findings.merged_right[:, 0])
    draw_images(axes[1], findings.image_merged[order], findings.image_raw[order])
    draw_distances(axes[2], distance_cm)
    draw_risk_by_distance(axes[3], distance_cm[:, 0], risk)
    draw_skill(axes[4], findings.merged.skill)
    draw_bias(axes[5], findings.rates)
    draw_accuracy_by_distance(
        axes[6],
        merged_cm=distance_cm,
        merged_right=findings.merged_right,
        raw_cm=np.abs(findings.gap_cm),
        raw_right=findings.right,
    )
    draw_annotators(axes[7], findings.annotator_raw)
    return axes


def draw_asked_pairs(
    axis, pose_2d: np.ndarray, pairs: np.ndarray, *, gap_cm: np.ndarray, right: np.ndarray
):
    """Draw a line for each pair of joints that was asked about, with a dot at the closer joint.

    The line is solid where the merged label is right, and dashed in another colour where it is
    wrong.

    pose_2d (K,2): the joints in px. pairs (P,2): indices of joints. gap_cm (P,): by how many cm the
    second joint is closer than the first. right (P,): whether the merged label is right.
    """
    for (first, second), gap, is_right in zip(pairs, gap_cm, right, strict=True):
        color = _RIGHT_COLOUR if is_right else _WRONG_COLOUR
        line_style = "-" if is_right else (0, (2, 1))  # dashes of two widths, gaps of one
        axis.plot(*pose_2d[[first, second]].T, color=color, linestyle=line_style, linewidth=1.5)
        x, y = pose_2d[second if gap > 0 else first]
        axis.plot(x, y, "o", color=color, markeredgecolor="black", markersize=4.5)
    return axis


def draw_risk(axis, risk: np.ndarray, right: np.ndarray):
    """Draw the risks of P labels, sorted, and the accuracy of each and all that are less risky.

    risk (P,): the probability that a label is wrong. right (P,): whether it is right.
    """
    order = np.argsort(risk)
    accuracy_so_far = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    axis.plot(risk[order], color=_SECOND_COLOUR, label="risk")
    axis.plot(
        accuracy_so_far,
        color=_FIRST_COLOUR,
        linestyle="--",
        label="accuracy of these and all less risky",
    )
    axis.set(xlabel="pairs, by risk")
    _finish(axis, "Risk of the merged labels")
    return axis


def draw_images(axis, merged: np.ndarray, raw: np.ndarray):
    """Draw the shares of right merged labels and of right answers about I images.

    merged (I,), raw (I,): these shares, of the same images, the easiest first.
    """
    axis.plot(
        100 * raw,
        linestyle="none",
        marker=".",
        markersize=3,
        color=_SECOND_COLOUR,
        label="raw answers",
    )
    axis.plot(100 * merged, color=_FIRST_COLOUR, label="merged labels")
    axis.set(xlabel="images, easiest first", ylabel="right (%)", ylim=(0, 102))
    _finish(axis, "Image difficulty")
    return axis


def draw_distances(axis, distance_cm: np.ndarray):
    """Draw histograms of the distances in depth (P,2) in cm of P pairs, one for each depth."""
    for column, depth in enumerate(DEPTHS):
        axis.hist(
            distance_cm[:, column],
            bins=np.arange(0, 101, 5),
            histtype="step",
            linestyle=_DEPTH_LINES[column],
            color=CYCLE[column],
            label=depth,
        )
    axis.set(xlabel="distance in depth (cm)", ylabel="pairs")
    _finish(axis, "Distance between the joints of a pair")
    return axis


def draw_risk_by_distance(axis, distance_cm: np.ndarray, risk: np.ndarray):
    """Draw the risk (P,) of each label over the distance in depth (P,) in cm, and its mean."""
    axis.plot(distance_cm, risk, linestyle="none", marker=".", markersize=2, color=_FIRST_COLOUR)
    middles_cm, means = mean_by_distance(distance_cm, risk)
    axis.plot(middles_cm, means, color=_SECOND_COLOUR, label="mean")
    axis.set(xlabel="distance in depth (cm)", ylabel="risk")
    _finish(axis, "Risk against distance")
    return axis


def draw_skill(axis, skill: np.ndarray):
    """Draw a dot for each of W annotators: both rates at which the merging takes them to be right.

    On the line of chance are those who press buttons without looking, however often they press
    either: an answer of 1 is then as frequent where it is right as where it is wrong.

    skill (W,2): as in `src.crowd.merging.Merged`.
    """
    axis.plot([0, 100], [100, 0], color="black", linestyle=":", linewidth=1, label="chance")
    _draw_rates(axis, true_negatives=skill[:, 1], true_positives=skill[:, 0])
    _finish(axis, "Annotator skill, estimated by the merging")
    return axis


def draw_bias(axis, rates: np.ndarray):
    """Draw a dot for each of W annotators: how often they are right on either kind of pair.

    On the diagonal are those who prefer neither button; above it, those who prefer the second.

    rates (W,2): the rates of true negatives and of true positives, as in
    `src.crowd.findings.Findings`. Whoever has only one of them gets no dot.
    """
    axis.plot([0, 100], [0, 100], color="black", linestyle="--", linewidth=1, label="no bias")
    _draw_rates(axis, true_negatives=rates[:, 0], true_positives=rates[:, 1])
    _finish(axis, "Annotator bias, against the truth")
    return axis


def draw_accuracy_by_distance(
    axis,
    *,
    merged_cm: np.ndarray,
    merged_right: np.ndarray,
    raw_cm: np.ndarray,
    raw_right: np.ndarray,
):
    """Draw the shares of right merged labels and of right answers over the distance in depth.

    merged_cm (P,2): the distance in cm of P pairs by either depth. merged_right (P,2): whether
    their label is right by this depth. raw_cm (A,2), raw_right (A,2): the same of A answers.
    """
    for column, depth in enumerate(DEPTHS):
        for name, distance_cm, right, line_width in (
            ("raw", raw_cm, raw_right, 0.6),
            ("merged", merged_cm, merged_right, 1.5),
        ):
            middles_cm, percent = mean_by_distance(distance_cm[:, column], 100.0 * right[:, column])
            axis.plot(
                middles_cm,
                percent,
                linestyle=_DEPTH_LINES[column],
                linewidth=line_width,
                color=CYCLE[column],
                label=f"{name}, {depth}",
            )
    axis.set(
        xlabel="distance in depth (cm), bins of 1 cm",
        ylabel="right (%)",
        xlim=(0, 60),
        ylim=(0, 102),
    )
    _finish(axis, "Accuracy against distance")
    return axis


def draw_annotators(axis, accuracy: np.ndarray):
    """Draw histograms of the shares (W,2) of right answers of W annotators, one for each depth."""
    for column, depth in enumerate(DEPTHS):
        axis.hist(
            100 * accuracy[:, column],
            bins=np.arange(0, 101, 5),
            histtype="step",
            linestyle=_DEPTH_LINES[column],
            color=CYCLE[column],
            label=depth,
        )
    axis.set(xlabel="raw answers right (%)", ylabel="annotators")
    _finish(axis, "Annotator accuracy")
    return axis


def _draw_rates(axis, *, true_negatives: np.ndarray, true_positives: np.ndarray):
    """Draw a dot for each annotator on a square axis. Rates (W,) from 0 to 1."""
    axis.plot(
        100 * true_negatives,
        100 * true_positives,
        linestyle="none",
        marker="o",
        markersize=3,
        color=_FIRST_COLOUR,
        label="annotators",
    )
    axis.set(
        xlabel="true negatives (%)",
        ylabel="true positives (%)",
        xlim=(-2, 102),
        ylim=(-2, 102),
        aspect="equal",
    )


def _finish(axis, title: str):
    axis.set_title(title, fontsize=9)
    axis.legend(fontsize=_LEGEND_SIZE)
