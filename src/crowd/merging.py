"""Merging the answers of many annotators into one label per pair of joints.

The paper (section 2.2) merges them with the model of Branson, Van Horn and Perona, "Lean
crowdsourcing: combining humans and machines in an online system", CVPR 2017, without its computer
vision prior; the idea goes back to Dawid and Skene, 1979. In short: an annotator who often
disagrees with the others counts for less, and how often each of them errs is estimated together
with the labels.

A pair of joints is shown in an order, with a button for its first joint and one for its second. It
has a true label z, 1 when its second joint is the closer one and 0 when the first is. The
quantities of the model are

    prevalence   p(z = 1), the share of pairs whose label is 1
    skill[j, 0]  p(annotator j answers 1 | z = 1)
    skill[j, 1]  p(annotator j answers 0 | z = 0)

Two skills instead of one allow for annotators who prefer one of the buttons, so an answer must keep
the order in which the pair was shown to whoever gave it: sorting the joints by number would mix the
buttons, and hide that preference. In the authors' data a pair has one order. Elsewhere one person
may see a pair as (3, 1) and another as (1, 3). Both are then asked about the same pair, whose label
is told in the order of its first answer, while the skills stay those of the two buttons.

All of these are probabilities with a Beta prior of a given mean and strength, and they are
estimated from soft counts as

    (hits + strength * mean) / (total + strength),

as if ``strength`` more cases of the prior's mean had been seen. `merge` alternates between the
probability of each label given the skills and the skills given these probabilities (expectation
maximisation).
"""

from dataclasses import dataclass, replace

import numpy as np

from src.crowd.answers import Answers
from src.errors import InputError

# A pair counts as finished once its label is wrong with at most this probability.
FINISHED_RISK = 0.02

# Mean of the prior of the prevalence: neither label is more frequent.
PREVALENCE_MEAN = 0.5
# Its strength, in answers.
PREVALENCE_STRENGTH = 15

# Mean of the prior of both skills of all annotators together: they are right in four of five cases.
DATASET_SKILL_MEAN = 0.8
# Its strength, in answers.
DATASET_SKILL_STRENGTH = 15

# Strength, in answers, of the prior of one annotator's skills; its mean is the skill of all.
ANNOTATOR_STRENGTH = 10

# The most rounds of expectation maximisation.
MAX_ROUNDS = 10

# No probability comes nearer to 0 or 1 than this, so that its logarithm stays finite.
SMALLEST_PROBABILITY = 1e-4


@dataclass(frozen=True, eq=False)
class Merged:
    """The labels of P pairs of joints, and the skills of W annotators.

    The pairs are sorted by image, and then by their joints as if the smaller one came first.

    Attributes:
        image: (P,) index of the image.
        pairs: (P,2) the numbers of the joints, in the order in which the pair was first shown.
        prob: (P,) the probability that the second joint is the closer one.
        majority: (P,) the share of answers that say so.
        answers: (P,) how many answers there are.
        skill: (W,2) each annotator's probability of answering 1 when 1 is true, and 0 when 0 is, in
            the order that the annotator saw.
        dataset_skill: (2,) the same of all annotators together.
    """

    image: np.ndarray
    pairs: np.ndarray
    prob: np.ndarray
    majority: np.ndarray
    answers: np.ndarray
    skill: np.ndarray
    dataset_skill: np.ndarray

    @property
    def label(self) -> np.ndarray:
        """The likelier label (P,), 0 or 1: 1 says that the second joint is the closer one."""
        return (self.prob >= 0.5).astype(int)

    @property
    def risk(self) -> np.ndarray:
        """The probability (P,) that the label is wrong."""
        return np.minimum(self.prob, 1 - self.prob)

    @property
    def majority_label(self) -> np.ndarray:
        """The label (P,) of the majority. A tie counts as 0, as in the authors' code of 2018."""
        return (self.majority > 0.5).astype(int)


@dataclass(frozen=True, eq=False)
class CountedAnswers:
    """B answers to P different pairs of joints: one answer of each annotator to each pair.

    Attributes:
        answers: the B answers, with the joints in the order that the annotator saw.
        pair_of_answer: (B,) the index of the pair that each answer is about.
        is_reversed: (B,) whether the annotator saw the pair in the other order than ``pairs`` has.
        image: (P,) index of the image.
        pairs: (P,2) the joints in the order of the pair's first answer.
    """

    answers: Answers
    pair_of_answer: np.ndarray
    is_reversed: np.ndarray
    image: np.ndarray
    pairs: np.ndarray

    @property
    def right_if(self) -> np.ndarray:
        """Whether each answer is right if its pair's label is 1, and if it is 0: (2,B) of bool.

        The label is meant in the order that the annotator saw.
        """
        return np.stack([self.answers.answer == 1, self.answers.answer == 0])

    @property
    def answer_about_pair(self) -> np.ndarray:
        """Each answer (B,), 0 or 1, as if its pair had been shown in the order of ``pairs``."""
        return in_order(self.answers.answer, self.is_reversed)


def merge(answers: Answers, *, max_rounds: int = MAX_ROUNDS) -> Merged:
    """Estimate every pair's label and every annotator's skills from A answers.

    First the prevalence and the skills of all annotators together are counted against majority
    votes; the prevalence then keeps its value, and all annotators start with these skills. A round
    estimates each annotator's skills from the current probabilities of the labels, and these anew
    from the skills. The rounds end when the log-likelihood stops growing, or after ``max_rounds``.

    Of several answers of one annotator to one pair the latest counts. Raises InputError if there
    are no answers.
    """
    if len(answers.answer) == 0:
        raise InputError("there are no answers to merge")
    counted = latest_answers(answers)
    pair_of_answer = counted.pair_of_answer
    num_answers = np.bincount(pair_of_answer)
    majority = np.bincount(pair_of_answer, counted.answer_about_pair) / num_answers

    votes = in_order(majority_votes(majority)[pair_of_answer], counted.is_reversed)
    prevalence, dataset_skill = estimate_for_all(counted.right_if, votes)

    skill = np.tile(dataset_skill, (len(counted.answers.annotators), 1))
    prob, log_likelihood = _expect(counted, skill, prevalence, dataset_skill)
    for _ in range(max_rounds):
        previous_log_likelihood = log_likelihood
        skill = _maximise(counted, prob, dataset_skill)
        prob, log_likelihood = _expect(counted, skill, prevalence, dataset_skill)
        if log_likelihood <= previous_log_likelihood:
            break
    return Merged(
        image=counted.image,
        pairs=counted.pairs,
        prob=prob,
        majority=majority,
        answers=num_answers,
        skill=skill,
        dataset_skill=dataset_skill,
    )


def _expect(
    counted: CountedAnswers, skill: np.ndarray, prevalence: float, dataset_skill: np.ndarray
) -> tuple[np.ndarray, float]:
    """Compute the probability (P,) of each label, and the log-likelihood, from the skills (W,2)."""
    prob, log_likelihood = estimate_labels(
        counted.right_if,
        skill[counted.answers.annotator],
        pair_of_answer=counted.pair_of_answer,
        is_reversed=counted.is_reversed,
        prevalence=prevalence,
    )
    return prob, log_likelihood + log_prior_of_skills(skill, dataset_skill)


def _maximise(counted: CountedAnswers, prob: np.ndarray, dataset_skill: np.ndarray) -> np.ndarray:
    """Estimate the skills (W,2) of each annotator from the probability (P,) of each label."""
    return estimate_skills(
        counted.right_if,
        in_order(prob[counted.pair_of_answer], counted.is_reversed),
        annotator=counted.answers.annotator,
        num_annotators=len(counted.answers.annotators),
        prior_mean=dataset_skill,
        prior_strength=ANNOTATOR_STRENGTH,
    )


def latest_answers(answers: Answers) -> CountedAnswers:
    """Find the different pairs of joints, and the latest answer of each annotator to each of them.

    A pair is the same whichever of its joints is shown first; every answer keeps the order in which
    it was given.
    """
    image_and_joints = np.column_stack([answers.image, np.sort(answers.pairs, axis=1)])
    different_pairs, pair_of_answer = np.unique(image_and_joints, axis=0, return_inverse=True)

    pair_and_annotator = pair_of_answer * len(answers.annotators) + answers.annotator
    # np.unique finds the first of equal numbers, which from behind is the latest.
    _, index_from_behind = np.unique(pair_and_annotator[::-1], return_index=True)
    latest = np.sort(len(answers.answer) - 1 - index_from_behind)
    pair_of_answer = pair_of_answer[latest]

    counted = replace(
        answers,
        annotator=answers.annotator[latest],
        image=answers.image[latest],
        pairs=answers.pairs[latest],
        answer=answers.answer[latest],
    )
    _, first_answer = np.unique(pair_of_answer, return_index=True)
    pairs = counted.pairs[first_answer]
    return CountedAnswers(
        answers=counted,
        pair_of_answer=pair_of_answer,
        is_reversed=(counted.pairs != pairs[pair_of_answer]).any(axis=1),
        image=different_pairs[:, 0],
        pairs=pairs,
    )


def in_order(share, is_reversed: np.ndarray) -> np.ndarray:
    """Convert labels or probabilities to the opposite joint order where ``is_reversed``.

    That is 1 minus them: label 1 says that the second joint is the closer one.

    Args:
        share: (A,) labels, or shares or probabilities of label 1, in one order of the two joints.
        is_reversed: (A,) whether the other order is wanted.

    Returns:
        (A,) the same in the order that is wanted.
    """
    return np.where(is_reversed, 1 - share, share)


def majority_votes(share: np.ndarray) -> np.ndarray:
    """Turn shares of answers that say 1 into votes, same shape: 0, 1, or 0.5 for a tie."""
    return np.where(share == 0.5, 0.5, share > 0.5)


def estimate_probability(hits, total, *, prior_mean, prior_strength):
    """Estimate (hits + strength * mean) / (total + strength), kept off 0 and 1.

    This is the maximum of the posterior under a Beta prior with the parameters strength * mean + 1
    and strength * (1 - mean) + 1. Numbers or arrays that broadcast together.
    """
    probability = (hits + prior_strength * prior_mean) / (total + prior_strength)
    return np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)


def estimate_for_all(right_if: np.ndarray, votes: np.ndarray) -> tuple[float, np.ndarray]:
    """Estimate the prevalence, and the skills (2,) of all annotators together.

    Args:
        right_if: (2,A) whether each answer is right if its pair's label is 1, and if it is 0, as
            `CountedAnswers` has it.
        votes: (A,) the majority's label of the answered pair in the order shown, 0.5 for a tie.
    """
    prevalence = estimate_probability(
        votes.sum(),
        len(votes),
        prior_mean=PREVALENCE_MEAN,
        prior_strength=PREVALENCE_STRENGTH,
    )
    skill = estimate_skills(
        right_if,
        votes,
        annotator=np.zeros(len(votes), dtype=int),  # as if one person had given all answers
        num_annotators=1,
        prior_mean=DATASET_SKILL_MEAN,
        prior_strength=DATASET_SKILL_STRENGTH,
    )
    return prevalence, skill.ravel()


def estimate_skills(
    right_if: np.ndarray,
    prob: np.ndarray,
    *,
    annotator: np.ndarray,
    num_annotators: int,
    prior_mean,
    prior_strength: float,
) -> np.ndarray:
    """Estimate the skills (W,2) of W annotators from soft labels: the maximisation step.

    Over the answers of annotator j, with the probability q that the answered pair's label is 1,

        skill[j, 0]: hits = sum of q where the answer is 1,      total = sum of q
        skill[j, 1]: hits = sum of 1 - q where the answer is 0,  total = sum of 1 - q.

    Args:
        right_if: (2,A) whether each answer is right if its pair's label is 1, and if it is 0, as
            `CountedAnswers` has it.
        prob: (A,) q, in the order shown.
        annotator: (A,) the index of whoever gave the answer.
        num_annotators: W.
        prior_mean, prior_strength: of the Beta prior; the mean is a number, or (2,) for the two
            skills.
    """
    truth = np.stack([prob, 1 - prob])
    hits = np.empty((num_annotators, 2))
    totals = np.empty((num_annotators, 2))
    for side in range(2):
        hits[:, side] = np.bincount(annotator, right_if[side] * truth[side], num_annotators)
        totals[:, side] = np.bincount(annotator, truth[side], num_annotators)
    return estimate_probability(hits, totals, prior_mean=prior_mean, prior_strength=prior_strength)


def estimate_labels(
    right_if: np.ndarray,
    skill: np.ndarray,
    *,
    pair_of_answer: np.ndarray,
    is_reversed: np.ndarray,
    prevalence: float,
) -> tuple[np.ndarray, float]:
    """Compute every label's probability (P,) given the skills: the expectation step.

    By Bayes' rule, for the answers a_j of the annotators j to a pair with the label z,

        log p(z = 1, answers) = log prevalence       + sum_j log p(a_j | z = 1)
        log p(z = 0, answers) = log (1 - prevalence) + sum_j log p(a_j | z = 0)
        p(z = 1 | answers)    = p(z = 1, answers) / (p(z = 1, answers) + p(z = 0, answers)),

    where p(a_j | z) is the skill of j at z if a_j = z, and 1 minus this skill if not; for an
    annotator who saw the pair reversed, z is 1 - z here.

    Args:
        right_if: (2,A) whether each answer is right if its pair's label is 1, and if it is 0, as
            `CountedAnswers` has it.
        skill: (A,2) the skills of whoever gave the answer.
        pair_of_answer: (A,) the index of its pair.
        is_reversed: (A,) whether the pair was shown in the other order than its label is told in.
        prevalence: p(z = 1) of any pair.

    Returns:
        These probabilities, and the log-likelihood of all answers: the sum over the pairs of
        log (p(z = 1, answers) + p(z = 0, answers)).
    """
    # One row if the second joint shown is the closer one, another if the first is.
    log_probability_shown = np.log(np.where(right_if, skill.T, 1 - skill.T))
    log_probability = np.where(is_reversed, log_probability_shown[::-1], log_probability_shown)
    log_joint_1 = np.log(prevalence) + np.bincount(pair_of_answer, log_probability[0])
    log_joint_0 = np.log(1 - prevalence) + np.bincount(pair_of_answer, log_probability[1])
    log_evidence = np.logaddexp(log_joint_1, log_joint_0)
    return np.exp(log_joint_1 - log_evidence), log_evidence.sum()


def log_prior_of_skills(skill: np.ndarray, dataset_skill: np.ndarray) -> float:
    """Compute the log of the Beta priors of all skills (W,2), up to a constant.

    With the strength n and the skills m (2,) of all annotators together this is the sum of
    n (m log skill + (1 - m) log (1 - skill)). It belongs to the log-likelihood that must grow,
    because `estimate_probability` maximises the posterior: without it a round could seem to lose.
    """
    log_density = dataset_skill * np.log(skill) + (1 - dataset_skill) * np.log(1 - skill)
    return ANNOTATOR_STRENGTH * log_density.sum()
