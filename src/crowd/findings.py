"""What a user study says about annotators, images and depth: the numbers of figure 2."""

from dataclasses import dataclass

import numpy as np

from src.crowd.merging import latest_answers, majority_votes, merge
from src.crowd.study import Study, gaps_cm

# The last axis of arrays with a value for each depth follows this order.
DEPTHS = ("level depth", "camera depth")


@dataclass(frozen=True, eq=False)
class Findings:
    """A answers of W annotators on I images, and the P labels merged from them, beside the truth.

    Of each answer, for both depths in the order of `DEPTHS`:
    right (A,2): whether the answer is right.
    gap_cm (A,2): by how many cm the second joint is closer than the first.

    Of each merged label:
    pair_gap_cm (P,2): the distance in depth of the two joints in cm, for both depths.
    risk (P,): the probability that the label is wrong.
    merged_right (P,): whether it is right, by level depth.

    Shares of right answers, by level depth:
    by_image (I,): about each image. by_annotator (W,): of each annotator.
    bias (W,2): of each annotator on pairs whose first joint is closer, and on the other pairs.
    skill (W,2): what the merging takes these last two for (`src.crowd.merging.Merged`).

    accuracy: {depth: {"raw": share, "majority": share, "merged": share}}, the shares of right ones
    among the answers, the majority votes (a tie counts half) and the merged labels.
    """

    right: np.ndarray
    gap_cm: np.ndarray
    pair_gap_cm: np.ndarray
    risk: np.ndarray
    merged_right: np.ndarray
    by_image: np.ndarray
    by_annotator: np.ndarray
    bias: np.ndarray
    skill: np.ndarray
    accuracy: dict[str, dict[str, float]]

    @property
    def statistics(self) -> list[str]:
        """The numbers of the study in words, a line each."""
        lines = [
            f"{len(self.right):,} annotations, {len(self.by_image)} images, "
            f"{len(self.risk):,} pairs"
        ]
        for depth, shares in self.accuracy.items():
            words = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
            lines.append(f"accuracy by {depth}: {words}")
        return lines


def analyse(study: Study) -> Findings:
    """Merge the answers of a study, and compare answers and labels with both of its depths."""
    answers, _, _ = latest_answers(study.answers)
    merged = merge(study.answers)
    answer_gap_cm = _gaps_of_both_depths(study, answers.image, answers.pairs)
    pair_gap_cm = _gaps_of_both_depths(study, merged.image, merged.pairs)
    # 1 says that the second joint is closer: that its gap is above 0.
    right = (answer_gap_cm > 0) == (answers.answer == 1)[:, None]
    merged_right = (pair_gap_cm > 0) == (merged.label == 1)[:, None]
    majority_right = _majority_right(merged.majority, pair_gap_cm > 0)

    num_annotators = len(answers.annotators)
    level_right = right[:, 0]
    level_truth = answer_gap_cm[:, 0] > 0
    bias = [
        share_right(level_right[chosen], answers.annotator[chosen], num_annotators)
        for chosen in (~level_truth, level_truth)
    ]
    return Findings(
        right=right,
        gap_cm=answer_gap_cm,
        pair_gap_cm=np.abs(pair_gap_cm),
        risk=merged.risk,
        merged_right=merged_right[:, 0],
        by_image=share_right(level_right, answers.image, len(answers.images)),
        by_annotator=share_right(level_right, answers.annotator, num_annotators),
        bias=np.stack(bias, axis=1),
        skill=merged.skill,
        accuracy=_accuracy_by_depth(right, majority_right, merged_right),
    )


def share_right(right: np.ndarray, group: np.ndarray, num_groups: int) -> np.ndarray:
    """Compute the share of right answers in each group, such as an image: (num_groups,).

    right (A,): whether each answer is. group (A,): the number of its group. An empty group has 0.
    """
    num_right = np.bincount(group, right.astype(float), num_groups)
    num_answers = np.bincount(group, minlength=num_groups)
    return num_right / np.maximum(num_answers, 1)


def mean_by_distance(gap_cm: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average values (A,) over bins of 1 cm of the distance in depth |gap| (A,).

    Returns the middles in cm of the bins that are not empty, and their means.
    """
    bin_number = np.abs(gap_cm).astype(int)
    count = np.bincount(bin_number)
    filled = np.flatnonzero(count)
    return filled + 0.5, np.bincount(bin_number, values)[filled] / count[filled]


def _gaps_of_both_depths(study: Study, image: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Compute the gaps in cm (A,2) of pairs (A,2) on images (A,), in the order of `DEPTHS`."""
    level = gaps_cm(study.level_cm, image, pairs)
    camera = gaps_cm(study.camera_cm, image, pairs)
    return np.stack([level, camera], axis=1)


def _majority_right(share: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Compare majority votes with the truth (P,2) of both depths: 1, 0, or 0.5 for a tie.

    share (P,): of the answers that say that the second joint is closer.
    """
    return 1 - np.abs(truth - majority_votes(share)[:, None])


def _accuracy_by_depth(
    right: np.ndarray, majority_right: np.ndarray, merged_right: np.ndarray
) -> dict[str, dict[str, float]]:
    """Compute the shares of right answers (A,2), majority votes (P,2) and labels (P,2)."""
    accuracy = {}
    for column, depth in enumerate(DEPTHS):
        accuracy[depth] = {
            "raw": right[:, column].mean(),
            "majority": majority_right[:, column].mean(),
            "merged": merged_right[:, column].mean(),
        }
    return accuracy
