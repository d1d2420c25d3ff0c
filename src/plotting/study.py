"""Panels of figure 2 of the paper: what a user study says about annotators, images and depth.

Each function draws one panel: it takes arrays and an axis, and returns the axis.
"""

import numpy as np

from src.crowd.findings import DEPTHS, Findings, mean_by_distance
from src.plotting.figures import CYCLE

_LEGEND_SIZE = 6
_FIRST_COLOUR = CYCLE[0]
_SECOND_COLOUR = CYCLE[1]

# One style for each depth, in the order of `DEPTHS`.
_DEPTH_LINES = ("-", "--")


def draw_study(axes, findings: Findings):
    """Draw all panels but the images, on eight axes, which are returned."""
    draw_risk(axes[0], findings.risk, findings.merged_right)
    draw_images(axes[1], findings.by_image)
    draw_distances(axes[2], findings.pair_gap_cm)
    draw_risk_by_distance(axes[3], findings.pair_gap_cm[:, 0], findings.risk)
    draw_skill(axes[4], findings.by_annotator, findings.skill)
    draw_bias(axes[5], findings.bias)
    draw_accuracy_by_distance(axes[6], findings.gap_cm, findings.right)
    draw_annotators(axes[7], findings.by_annotator)
    return axes


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
    axis.legend(fontsize=_LEGEND_SIZE)
    return axis


def draw_images(axis, accuracy: np.ndarray):
    """Draw the share (I,) of right answers about each of I images, from the easiest on."""
    axis.plot(100 * np.sort(accuracy)[::-1], color=_FIRST_COLOUR)
    axis.set(xlabel="images, easiest first", ylabel="answers right (%)")
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
    axis.legend(fontsize=_LEGEND_SIZE)
    return axis


def draw_risk_by_distance(axis, distance_cm: np.ndarray, risk: np.ndarray):
    """Draw the risk (P,) of each label over the distance in depth (P,) in cm, and its mean."""
    axis.plot(distance_cm, risk, linestyle="none", marker=".", markersize=2, color=_FIRST_COLOUR)
    middles_cm, means = mean_by_distance(distance_cm, risk)
    axis.plot(middles_cm, means, color=_SECOND_COLOUR, label="mean")
    axis.set(xlabel="distance in depth (cm)", ylabel="risk")
    axis.legend(fontsize=_LEGEND_SIZE)
    return axis


def draw_skill(axis, accuracy: np.ndarray, skill: np.ndarray):
    """Draw how often W annotators are right, from the best on, and how often the model thinks so.

    accuracy (W,): the share of right answers. skill (W,2): as in `src.crowd.merging.Merged`.
    """
    order = np.argsort(accuracy)[::-1]
    axis.plot(100 * accuracy[order], color=_FIRST_COLOUR, label="answers right")
    axis.plot(
        100 * skill.mean(axis=1)[order],
        linestyle="none",
        marker=".",
        color=_SECOND_COLOUR,
        label="skill in the model",
    )
    axis.set(xlabel="annotators, best first", ylabel="%")
    axis.legend(fontsize=_LEGEND_SIZE)
    return axis


def draw_bias(axis, bias: np.ndarray):
    """Draw a dot for each of W annotators: how often they are right on either kind of pair.

    bias (W,2): the share of right answers where the first joint is closer, and where the second is.
    """
    axis.plot(
        100 * bias[:, 0],
        100 * bias[:, 1],
        linestyle="none",
        marker="o",
        markersize=3,
        color=_FIRST_COLOUR,
    )
    axis.set(xlabel="true negatives (%)", ylabel="true positives (%)")
    return axis


def draw_accuracy_by_distance(axis, gap_cm: np.ndarray, right: np.ndarray):
    """Draw the share of right answers over the distance in depth, a line for each depth.

    gap_cm (A,2): by how much the second joint is closer than the first. right (A,2): whether the
    answer is right by this depth.
    """
    for column, depth in enumerate(DEPTHS):
        middles_cm, percent = mean_by_distance(gap_cm[:, column], 100.0 * right[:, column])
        axis.plot(
            middles_cm,
            percent,
            linestyle=_DEPTH_LINES[column],
            color=CYCLE[column],
            label=depth,
        )
    axis.set(
        xlabel="distance in depth (cm), bins of 1 cm",
        ylabel="answers right (%)",
        xlim=(0, 60),
        ylim=(0, 101),
    )
    axis.legend(fontsize=_LEGEND_SIZE)
    return axis


def draw_annotators(axis, accuracy: np.ndarray):
    """Draw a histogram of the share (W,) of right answers of W annotators."""
    axis.hist(100 * accuracy, bins=np.arange(0, 101, 5), color=_FIRST_COLOUR)
    axis.set(xlabel="answers right (%)", ylabel="annotators")
    return axis
