"""Figure 2 of the paper: what a user study says about annotators, images and depth. Arrays and an axis in."""

import numpy as np

from src.crowd import merging as crowd
from src.crowd.study import Study
from src.plotting.figures import CYCLE

DEPTHS = ("level depth", "camera depth")


class Findings:
    """The answers of a study, and the labels merged from them, beside both of its depths; the level one unless said.

    Per answer and depth (A,2): right, gap_cm. Share of right answers: by_image (I,), by_annotator (W,); bias (W,2): of
    the true 0 and the true 1. Per merged pair: pair_gap_cm (P,2) of both depths, merged_right (P,), risk (P,). skill
    (W,2): see `crowd.Merged`. statistics: the study's numbers in words; accuracy: {depth: {raw, majority, merged}}.
    """

    def __init__(self, study: Study):
        answers, _, _ = crowd.latest_answers(study.answers)
        merged, depths = crowd.merge(study.answers), (study.level_cm, study.camera_cm)
        self.gap_cm, pair_gap_cm = (
            np.stack([study.gap_cm(depth, of.image, of.pairs) for depth in depths], axis=1)
            for of in (answers, merged)
        )
        truth, pair_truth, who = self.gap_cm > 0, pair_gap_cm > 0, answers.annotator
        self.right = truth == (answers.answer == 1)[:, None]
        merged_right = pair_truth == (merged.label == 1)[:, None]
        by_majority = np.where(
            merged.majority[:, None] == 0.5, 0.5, (merged.majority > 0.5)[:, None] == pair_truth
        )
        shares = [part.mean(axis=0) for part in (self.right, by_majority, merged_right)]
        self.accuracy = {
            depth: dict(zip(("raw", "majority", "merged"), values, strict=True))
            for depth, *values in zip(DEPTHS, *shares, strict=True)
        }

        def share(index, length, chosen=slice(None)):
            right, index = self.right[chosen, 0].astype(float), index[chosen]
            return np.bincount(index, right, length) / np.maximum(
                np.bincount(index, minlength=length), 1
            )

        self.by_image = share(answers.image, len(answers.images))
        self.by_annotator = share(who, len(answers.annotators))
        self.bias = np.stack(
            [share(who, len(answers.annotators), truth[:, 0] == side) for side in (0, 1)], axis=1
        )
        self.pair_gap_cm, self.merged_right = np.abs(pair_gap_cm), merged_right[:, 0]
        self.risk, self.skill = merged.risk, merged.skill
        self.statistics = [
            f"{len(who):,} annotations, {len(answers.images)} images, {len(self.risk):,} pairs"
        ]
        for depth, values in self.accuracy.items():
            words = ", ".join(f"{name} {value:.1%}" for name, value in values.items())
            self.statistics.append(f"accuracy by {depth}: {words}")


def in_bins(gap_cm: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of values (A,) in bins of 1 cm of |gap| (A,) -> (middles of the bins that are not empty, means)."""
    number = np.abs(gap_cm).astype(int)
    count = np.bincount(number)
    filled = np.flatnonzero(count)
    return filled + 0.5, np.bincount(number, values)[filled] / count[filled]


def draw_study(axes, found: Findings):
    """All panels but the images, on eight axes."""
    risk, difficulty, gaps, risk_gap, skill, bias, accuracy, annotators = axes
    order = np.argsort(found.risk)
    so_far = np.cumsum(found.merged_right[order]) / np.arange(1, len(order) + 1)
    risk.plot(found.risk[order], color=CYCLE[1], label="risk")
    risk.plot(so_far, color=CYCLE[0], ls="--", label="accuracy of these and all less risky")
    risk.set(xlabel="pairs, by risk")
    difficulty.plot(100 * np.sort(found.by_image)[::-1], color=CYCLE[0])
    difficulty.set(xlabel="images, easiest first", ylabel="answers right (%)")
    for i, name in enumerate(DEPTHS):
        style = {"ls": ("-", "--")[i], "color": CYCLE[i], "label": name}
        gaps.hist(found.pair_gap_cm[:, i], np.arange(0, 101, 5), histtype="step", **style)
        accuracy.plot(*in_bins(found.gap_cm[:, i], 100.0 * found.right[:, i]), **style)
    gaps.set(xlabel="distance in depth (cm)", ylabel="pairs")
    accuracy.set(
        xlabel="distance in depth (cm), bins of 1 cm",
        ylabel="answers right (%)",
        xlim=(0, 60),
        ylim=(0, 101),
    )
    risk_gap.plot(found.pair_gap_cm[:, 0], found.risk, ".", ms=2, color=CYCLE[0])
    risk_gap.plot(*in_bins(found.pair_gap_cm[:, 0], found.risk), color=CYCLE[1], label="mean")
    risk_gap.set(xlabel="distance in depth (cm)", ylabel="risk")
    order = np.argsort(found.by_annotator)[::-1]
    skill.plot(100 * found.by_annotator[order], color=CYCLE[0], label="answers right")
    skill.plot(
        100 * found.skill.mean(axis=1)[order], ".", color=CYCLE[1], label="skill in the model"
    )
    skill.set(xlabel="annotators, best first", ylabel="%")
    bias.plot(*(100 * found.bias.T), "o", ms=3, color=CYCLE[0])
    bias.set(xlabel="true negatives (%)", ylabel="true positives (%)")
    annotators.hist(100 * found.by_annotator, np.arange(0, 101, 5), color=CYCLE[0])
    annotators.set(xlabel="answers right (%)", ylabel="annotators")
    for axis in (risk, gaps, accuracy, risk_gap, skill):
        axis.legend(fontsize=6)
