"""What a user study says about annotators, images and depth: the numbers of figure 2."""

from dataclasses import dataclass

import numpy as np

from src.crowd.answers import Answers
from src.crowd.merging import Merged, latest_answers, merge
from src.crowd.study import Study, gaps_cm

# The last axis of arrays with a value for each depth follows this order.
DEPTHS = ("level depth", "camera depth")


@dataclass(frozen=True, eq=False)
class Findings:
    """A answers of W annotators on I images, and the P labels merged from them, beside the truth.

    What has a last axis of 2 and is not a rate holds a value for each depth in `DEPTHS`. The first
    and the second joint of a pair are those of the order in which it was shown.

    Of each answer that counts (the raw answers):
    right (A,2): whether the answer is right.
    gap_cm (A,2): by how many cm the second joint is closer than the first.

    Of each merged label:
    merged (`Merged`): the image and the pair, the label and its risk; and the annotators' skills.
    merged_right (P,2): whether the label is right.
    merged_gap_cm (P,2): by how many cm the second joint is closer than the first.

    Of each image, by level depth:
    image_merged (I,): the share of right ones among the merged labels about it.
    image_raw (I,): the share of right ones among the answers about it.

    Of each annotator:
    annotator_raw (W,2): the share of right answers.
    rates (W,2): by level depth, the share of right answers to pairs whose first joint is closer
        (the rate of true negatives), and to the other pairs (the rate of true positives). Whoever
        always presses the first button has 1 and 0. NaN where somebody saw no such pair.

    accuracy: {depth: {"raw": share, "majority": share, "merged": share}}, the shares of right ones
    among the answers, the majority's labels (a tie counts as label 0) and the merged labels.
    """

    right: np.ndarray
    gap_cm: np.ndarray
    merged: Merged
    merged_right: np.ndarray
    merged_gap_cm: np.ndarray
    image_merged: np.ndarray
    image_raw: np.ndarray
    annotator_raw: np.ndarray
    rates: np.ndarray
    accuracy: dict[str, dict[str, float]]

    @property
    def images_by_difficulty(self) -> np.ndarray:
        """The indices (I,) of the images, the easiest first.

        The more of the merged labels are right the easier an image is; among equals the answers
        decide, and then the order of the images.
        """
        return np.lexsort((-self.image_raw, -self.image_merged))

    @property
    def statistics(self) -> list[str]:
        """The numbers of the study in words, a line each."""
        lines = [
            f"{len(self.right):,} annotations, {len(self.image_raw)} images, "
            f"{len(self.merged.prob):,} pairs"
        ]
        for depth, shares in self.accuracy.items():
            words = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
            lines.append(f"accuracy by {depth}: {words}")
        return lines


def analyse(study: Study) -> Findings:
    """Merge the answers of a study, and compare answers and labels with both of its depths."""
    answers = latest_answers(study.answers).answers
    merged = merge(study.answers)
    gap_cm = _gaps_of_both_depths(study, answers.image, answers.pairs)
    merged_gap_cm = _gaps_of_both_depths(study, merged.image, merged.pairs)
    right = _is_right(answers.answer, gap_cm)
    merged_right = _is_right(merged.label, merged_gap_cm)
    majority_right = _is_right(merged.majority_label, merged_gap_cm)
    annotator_raw = [
        share_right(right[:, column], answers.annotator, len(answers.annotators))
        for column in range(len(DEPTHS))
    ]
    return Findings(
        right=right,
        gap_cm=gap_cm,
        merged=merged,
        merged_right=merged_right,
        merged_gap_cm=merged_gap_cm,
        image_merged=share_right(merged_right[:, 0], merged.image, len(answers.images)),
        image_raw=share_right(right[:, 0], answers.image, len(answers.images)),
        annotator_raw=np.stack(annotator_raw, axis=1),
        rates=true_rates(answers, second_is_closer=gap_cm[:, 0] > 0),
        accuracy=_accuracy_by_depth(right, majority_right, merged_right),
    )


def true_rates(answers: Answers, *, second_is_closer: np.ndarray) -> np.ndarray:
    """Compute each annotator's rates of true negatives and of true positives: (W,2).

    An answer is positive if it says that the second joint, as shown, is the closer one.
    second_is_closer (A,): whether that is true. NaN where an annotator saw no such pair.
    """
    right = second_is_closer == (answers.answer == 1)
    rates = [
        share_right(right[chosen], answers.annotator[chosen], len(answers.annotators))
        for chosen in (~second_is_closer, second_is_closer)
    ]
    return np.stack(rates, axis=1)


def share_right(right: np.ndarray, group: np.ndarray, num_groups: int) -> np.ndarray:
    """Compute the share of right answers in each group, such as an image: (num_groups,).

    right (A,): whether each answer is. group (A,): the number of its group. An empty group has NaN.
    """
    num_right = np.bincount(group, right.astype(float), num_groups)
    num_answers = np.bincount(group, minlength=num_groups)
    # Dividing by NaN instead of 0 gives NaN without a warning.
    return num_right / np.where(num_answers > 0, num_answers, np.nan)


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


def _is_right(label: np.ndarray, gap_cm: np.ndarray) -> np.ndarray:
    """Compare labels (A,), 0 or 1, with the gaps (A,2) of both depths: (A,2) booleans.

    1 says that the second joint is closer: that its gap is above 0.
    """
    return (gap_cm > 0) == (label == 1)[:, None]


def _accuracy_by_depth(
    right: np.ndarray, majority_right: np.ndarray, merged_right: np.ndarray
) -> dict[str, dict[str, float]]:
    """Compute the shares of right answers (A,2), and of right labels (P,2) of both kinds."""
    accuracy = {}
    for column, depth in enumerate(DEPTHS):
        accuracy[depth] = {
            "raw": right[:, column].mean(),
            "majority": majority_right[:, column].mean(),
            "merged": merged_right[:, column].mean(),
        }
    return accuracy
