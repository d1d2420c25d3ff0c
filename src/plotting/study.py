"""Figure 2 of the paper: what a user study says about annotators, images and depth. Arrays and an axis in."""

from dataclasses import dataclass

import numpy as np

from src import crowd
from src.plotting.figures import CYCLE
from src.study import Study


@dataclass(frozen=True, eq=False)
class Findings:
    """What the panels show. Per answer (A,): image, annotator, right, and gap_cm by level and camera depth (A,2). Per
    merged pair (P,): gap_cm, merged_right, risk; accuracy: {depth: {raw, majority, merged}}."""

    right: np.ndarray
    gap_cm: np.ndarray
    by_image: np.ndarray
    by_annotator: np.ndarray
    bias: np.ndarray
    pair_gap_cm: np.ndarray
    merged_right: np.ndarray
    risk: np.ndarray
    accuracy: dict[str, dict[str, float]]
    skill: np.ndarray


def find(study: Study) -> Findings:
    """Compare the answers, and the labels merged from them, with both depths; the level one unless said."""
    answers, _, _ = crowd.latest_answers(study.answers)
    merged = crowd.merge(study.answers)
    gaps = [study.gap_cm(depth, answers.image, answers.pairs) for depth in (study.level_cm, study.camera_cm)]
    right = [(gap > 0) == (answers.answer == 1) for gap in gaps]
    pair_gaps = [study.gap_cm(depth, merged.image, merged.pairs) for depth in (study.level_cm, study.camera_cm)]
    accuracy = {}
    for name, own, gap in zip(("level depth", "camera depth"), right, pair_gaps, strict=True):
        tie = merged.majority == 0.5
        majority = np.where(tie, 0.5, (merged.majority > 0.5) == (gap > 0)).mean()
        accuracy[name] = {"raw": own.mean(), "majority": majority, "merged": ((merged.label == 1) == (gap > 0)).mean()}
    who, size, truth = answers.annotator, len(answers.annotators), gaps[0] > 0

    def mean_by(index, values, length):
        return np.bincount(index, values, length) / np.maximum(np.bincount(index, minlength=length), 1)

    bias = [mean_by(who[part], right[0][part].astype(float), size) for part in (~truth, truth)]
    return Findings(
        right=np.stack(right, axis=1),
        gap_cm=np.stack(gaps, axis=1),
        by_image=mean_by(answers.image, right[0].astype(float), len(answers.images)),
        by_annotator=mean_by(who, right[0].astype(float), size),
        bias=np.stack(bias, axis=1),
        pair_gap_cm=np.abs(np.stack(pair_gaps, axis=1)),
        merged_right=(merged.label == 1) == (pair_gaps[0] > 0),
        risk=merged.risk,
        accuracy=accuracy,
        skill=merged.skill,
    )


def statistics(study: Study, found: Findings) -> list[str]:
    """The study's numbers in words."""
    lines = [f"{len(found.right):,} annotations, {len(study.answers.images)} images, {len(found.risk):,} pairs"]
    for depth, values in found.accuracy.items():
        lines.append(f"accuracy by {depth}: " + ", ".join(f"{name} {value:.1%}" for name, value in values.items()))
    return lines


def in_bins(gap_cm: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of values (A,) in bins of 1 cm of |gap| (A,) -> (middles of the bins that are not empty, means)."""
    number = np.abs(gap_cm).astype(int)
    count = np.bincount(number)
    filled = np.flatnonzero(count)
    return filled + 0.5, np.bincount(number, values)[filled] / count[filled]


def draw_study(axes: dict, found: Findings):
    """All panels but the images: axes by name, risk, difficulty, gaps, risk_gap, skill, bias, accuracy, annotators."""
    order = np.argsort(found.risk)
    so_far = np.cumsum(found.merged_right[order]) / np.arange(1, len(order) + 1)
    axes["risk"].plot(found.risk[order], color=CYCLE[1], label="risk")
    axes["risk"].plot(so_far, color=CYCLE[0], ls="--", label="accuracy of these and all less risky")
    axes["risk"].set(xlabel="pairs, by risk")
    axes["difficulty"].plot(100 * np.sort(found.by_image)[::-1], color=CYCLE[0])
    axes["difficulty"].set(xlabel="images, easiest first", ylabel="answers right (%)")
    names = ("level depth", "camera depth")
    for i, (name, style) in enumerate(zip(names, ("-", "--"), strict=True)):
        axes["gaps"].hist(
            found.pair_gap_cm[:, i], np.arange(0, 101, 5), histtype="step", ls=style, color=CYCLE[i], label=name
        )
        axes["accuracy"].plot(
            *in_bins(found.gap_cm[:, i], 100.0 * found.right[:, i]), ls=style, color=CYCLE[i], label=name
        )
    axes["gaps"].set(xlabel="distance in depth (cm)", ylabel="pairs")
    axes["accuracy"].set(
        xlabel="distance in depth (cm), bins of 1 cm", ylabel="answers right (%)", xlim=(0, 60), ylim=(0, 101)
    )
    axes["risk_gap"].plot(found.pair_gap_cm[:, 0], found.risk, ".", ms=2, color=CYCLE[0])
    axes["risk_gap"].plot(*in_bins(found.pair_gap_cm[:, 0], found.risk), color=CYCLE[1], label="mean")
    axes["risk_gap"].set(xlabel="distance in depth (cm)", ylabel="risk")
    order = np.argsort(found.by_annotator)[::-1]
    axes["skill"].plot(100 * found.by_annotator[order], color=CYCLE[0], label="answers right")
    axes["skill"].plot(100 * found.skill.mean(axis=1)[order], ".", color=CYCLE[1], label="skill in the model")
    axes["skill"].set(xlabel="annotators, best first", ylabel="%")
    axes["bias"].plot(*(100 * found.bias.T), "o", ms=3, color=CYCLE[0])
    axes["bias"].set(xlabel="true negatives (%)", ylabel="true positives (%)")
    axes["annotators"].hist(100 * found.by_annotator, np.arange(0, 101, 5), color=CYCLE[0])
    axes["annotators"].set(xlabel="answers right (%)", ylabel="annotators")
    for name in ("risk", "gaps", "accuracy", "risk_gap", "skill"):
        axes[name].legend(fontsize=6)
    return axes
