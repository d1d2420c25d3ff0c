"""Merge the answers of many annotators into one label per pair of joints, with a model of everybody's skill.

``python -m src.crowd.merging merge ANSWERS --poses FILE --out labels.json`` writes what main_lsp.py reads. The model is that of
the paper: Branson, Van Horn and Perona, "Lean crowdsourcing", CVPR 2017, without a computer vision prior.
"""

import json
import sys
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from src.crowd.answers import Answers, read_answers
from src.data.photos import Photos, parse_as_it_is, parse_photos, read_json
from src.data.synthetic.photos import make_content
from src.errors import InputError, run_command
from src.files import write_atomically
from src.skeletons import Skeleton

FINISHED_RISK = 0.02
_PRESENT, _DATASET = (0.5, 15), (0.8, 15)  # prior and strength
_ANNOTATOR_STRENGTH, _ROUNDS, _LEAST = 10, 10, 1e-4


@dataclass(frozen=True, eq=False)
class Merged:
    """P labelled pairs. image (P,) index; pairs (P,2) joints, the smaller number first; prob (P,): that the second is
    the closer one; majority (P,): the share of answers that say so; answers (P,): their number. skill (W,2): each
    annotator's probability of saying 1 when 1 is true, and 0 when 0 is; dataset_skill (2,), of all together."""

    image: np.ndarray
    pairs: np.ndarray
    prob: np.ndarray
    majority: np.ndarray
    answers: np.ndarray
    skill: np.ndarray
    dataset_skill: np.ndarray

    @property
    def label(self) -> np.ndarray:
        """(P,) the likelier label, 0 or 1: 1 says that the second joint is the closer one."""
        return (self.prob >= 0.5).astype(int)

    @property
    def risk(self) -> np.ndarray:
        """(P,) the probability that the label is wrong."""
        return np.minimum(self.prob, 1 - self.prob)


def latest_answers(answers: Answers) -> tuple[Answers, np.ndarray, np.ndarray]:
    """-> (answers with each pair's smaller joint first, one per annotator and pair, the later one; the pairs
    (P,3): image and joints; of each answer its pair (A,))."""
    swapped = answers.pairs[:, 0] > answers.pairs[:, 1]
    keys = np.column_stack([answers.image, np.sort(answers.pairs, axis=1)])
    items, item = np.unique(keys, axis=0, return_inverse=True)
    item = item.ravel()
    newest_first = (item * len(answers.annotators) + answers.annotator)[::-1]
    last = np.sort(len(item) - 1 - np.unique(newest_first, return_index=True)[1])
    answer = np.where(swapped, 1 - answers.answer, answers.answer)[last]
    of_answer = {
        "annotator": answers.annotator[last],
        "image": keys[last, 0],
        "pairs": keys[last, 1:],
    }
    return replace(answers, **of_answer, answer=answer), items, item[last]


def _estimate(hits, total, prior, strength):
    return np.clip((hits + strength * prior) / (total + strength), _LEAST, 1 - _LEAST)


def merge(answers: Answers) -> Merged:
    """Every pair's most likely label and every annotator's skill (section 2.2 of the paper)."""
    if len(answers.answer) == 0:
        raise InputError("there are no answers to merge")
    answers, items, item = latest_answers(answers)
    said = np.stack(
        [answers.answer, 1 - answers.answer]
    )  # (2,A): whether it was 1, whether it was 0
    count = np.bincount(item)
    share = np.bincount(item, answers.answer) / count

    def skills(prob, who, size, prior, strength):
        """(size,2) from the probability (P,) that 1 is the truth."""
        truth = np.stack([prob, 1 - prob])[:, item]
        hits, totals = (
            [np.bincount(who, row, size) for row in rows] for rows in (said * truth, truth)
        )
        return _estimate(np.stack(hits, axis=1), np.stack(totals, axis=1), prior, strength)

    majority = np.where(share == 0.5, 0.5, share > 0.5)
    present = _estimate(majority[item].sum(), len(item), *_PRESENT)
    of_all = skills(majority, np.zeros_like(item), 1, *_DATASET)[0]
    skill = np.tile(of_all, (len(answers.annotators), 1))
    best = -np.inf
    for number in range(_ROUNDS + 1):
        chance = np.where(
            said, skill[answers.annotator].T, 1 - skill[answers.annotator].T
        )  # of what was said
        log_1, log_0 = (
            np.log(p) + np.bincount(item, row)
            for p, row in zip((present, 1 - present), np.log(chance), strict=True)
        )
        of_skill = (
            _ANNOTATOR_STRENGTH * (of_all * np.log(skill) + (1 - of_all) * np.log(1 - skill)).sum()
        )
        likelihood = np.logaddexp(log_1, log_0).sum() + of_skill
        prob = np.exp(log_1 - np.logaddexp(log_1, log_0))
        if number == _ROUNDS or likelihood <= best:
            break
        best = likelihood
        skill = skills(prob, answers.annotator, len(skill), of_all, _ANNOTATOR_STRENGTH)
    return Merged(items[:, 0], items[:, 1:], prob, share, count, skill, of_all)


def _judge(gap_cm: np.ndarray, per_cm, rng: np.random.Generator) -> np.ndarray:
    """Answers on pairs whose second joint is closer by a gap, right with min(50 + per_cm |gap|, 100) per cent."""
    right = rng.random(gap_cm.shape) < np.minimum(50 + per_cm * np.abs(gap_cm), 100) / 100
    return ((gap_cm > 0) == right).astype(int).ravel()


def simulate(
    gap_cm: np.ndarray, rng: np.random.Generator, *, annotators: int = 40, per_pair: int = 5
) -> Answers:
    """Annotators of different skill answer every pair (I,P) of I images; gap_cm: how much closer the second joint is.

    An annotator of skill s is right with min(50 + 1.25 s |gap|, 100) per cent: s = 1 is the paper's noise. Every tenth
    one presses keys at random. The pairs are the joints (0, 1), (2, 3), ... of an image.
    """
    images, pairs = gap_cm.shape
    skill = rng.uniform(0.5, 2.5, annotators) * (rng.random(annotators) > 0.1)
    who = (
        rng.random((images, annotators)).argsort(axis=1)[:, :per_pair].repeat(pairs, axis=1)
    )  # (I, per_pair x P)
    answer = _judge(np.tile(gap_cm, (1, per_pair)), 1.25 * skill[who], rng)
    joints = np.tile(np.arange(2 * pairs).reshape(pairs, 2), (images * per_pair, 1))
    names, files = (
        [f"{what} {i}" for i in range(n)]
        for what, n in (("annotator", annotators), ("image", images))
    )
    image = np.repeat(np.arange(images), per_pair * pairs)
    return Answers(tuple(names), who.ravel(), tuple(files), image, joints, answer)


def simulated_labels(skeleton: Skeleton, seed: int) -> Photos:
    """The synthetic photos, labelled by simulated annotators and merged: labels with their prob and risk."""
    content, truth = make_content(skeleton, seed=seed)
    photos = parse_photos(content, skeleton, "synthetic")
    gap_cm = photos.gap_mm(truth).reshape(len(truth), -1) / 10
    merged = merge(
        simulate(gap_cm, np.random.default_rng(seed))
    )  # photo by photo, as the labels are
    label = (2 * merged.label - 1).astype(np.int8)
    return replace(photos, label=label, prob=merged.prob, risk=merged.risk, truth=truth)


def simulated_authors(photos: Photos, seed: int) -> Answers:
    """Three careful people on every labelled pair of photos with truth: right with min(50 + 5 |gap|, 100) per cent."""
    answer = _judge(np.tile(photos.gap_mm(photos.truth) / 10, 3), 5, np.random.default_rng(seed))
    names, images = ("author 1", "author 2", "author 3"), tuple(map(str, range(len(photos.files))))
    who = np.repeat(np.arange(3), len(photos.photo))
    return Answers(
        names, who, images, np.tile(photos.photo, 3), np.tile(photos.pairs, (3, 1)), answer
    )


def agreement(authors: Answers, photos: Photos) -> list[str]:
    """How often all authors agree, how often pairs of them do, and the labels of photos with each of them, in words.

    Images are named in the answers by number from 0 or by file, joints by their numbers in the photos' order: that
    of the label file (`src.data.photos.parse_as_it_is`).
    """
    authors, items, item = latest_answers(authors)
    said = np.full((len(authors.annotators), len(items)), np.nan)
    said[authors.annotator, item] = authors.answer
    by_all = said[:, ~np.isnan(said).any(axis=0)]
    lines = [
        f"all authors agree on {_share(by_all.min(axis=0) == by_all.max(axis=0))} that all have answered"
    ]
    for a, b in combinations(range(len(said)), 2):
        both = ~np.isnan(said[[a, b]]).any(axis=0)
        lines.append(
            f"{authors.annotators[a]}, {authors.annotators[b]}: {_share((said[a] == said[b])[both])}"
        )
    crowd = {}
    for photo, (i, j), label in zip(
        photos.photo.tolist(), photos.pairs.tolist(), photos.label.tolist(), strict=True
    ):
        for name in (str(photo), photos.files[photo]):
            crowd[name, min(i, j), max(i, j)] = int((label if i < j else -label) == 1)
    labels = np.array(
        [crowd.get((authors.images[image], a, b), np.nan) for image, a, b in items.tolist()]
    )
    for name, own in zip(authors.annotators, said, strict=True):
        both = ~np.isnan(own) & ~np.isnan(labels)
        lines.append(f"crowd, {name}: {_share((own == labels)[both])}")
    return lines


def _share(agree: np.ndarray) -> str:
    return f"{agree.mean():.1%} of {len(agree)} pairs" if len(agree) else "none of 0 pairs"


def write_labels(answers: Answers, merged: Merged, content: dict, path) -> dict:
    """The annotation json without labels, and merged answers -> the same with ``anns``. Raises InputError.

    Images are named in the answers by their number from 0, or by their im_file; joints by number.
    """
    photos, joints = parse_as_it_is(content, path)
    by_name = {file: i for i, file in enumerate(photos.files)} | {
        str(i): i for i in range(len(photos.files))
    }
    images = [{**record, "anns": []} for record in content["images"]]
    for p, (a, b) in enumerate(merged.pairs.tolist()):
        name = answers.images[merged.image[p]]
        if name not in by_name or b >= len(joints):  # a is smaller
            raise InputError(
                f"{path}: has no image {name} with joints {a} and {b}, which the answers name"
            )
        i = by_name[name]
        values = {
            "label": int(merged.label[p]),
            "prob": float(merged.prob[p]),
            "risk": float(merged.risk[p]),
        }
        images[i]["anns"].append({"kp0": a, "kp1": b, **values, "original_id": f"{i}_{a},{b}"})
    return {**content, "images": images}


def main(argv=None) -> int:
    """The command line -> exit code."""
    return run_command(_main, argv)


def _main(argv):
    from opts.parsing import new_parser  # only the command line knows of options

    parser = new_parser("Merge annotators' answers into the labels that main_lsp.py reads.")
    parser.usage = "%(prog)s merge ANSWERS [ANSWERS ...] --poses FILE --out FILE"
    parser.add_argument("merge", choices=("merge",), help="what to do")
    parser.add_argument(
        "answers", nargs="+", metavar="ANSWERS", help="csv, json, or the authors' pickles"
    )
    parser.add_argument(
        "--poses", required=True, type=Path, metavar="FILE", help="the label json without its anns"
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="the label json with them"
    )
    args = parser.parse_args(argv)
    content = read_json(args.poses)
    answers = read_answers(args.answers)
    merged = merge(answers)
    text = json.dumps(write_labels(answers, merged, content, args.poses))
    write_atomically(args.out, lambda path: path.write_text(text))
    print(
        f"{len(answers.answer):,} answers of {len(answers.annotators)} annotators on {len(answers.images)} images"
    )
    done = (merged.risk <= FINISHED_RISK).mean()
    print(
        f"{len(merged.prob):,} pairs, {done:.1%} of them finished (risk at most {FINISHED_RISK}): {args.out}"
    )


if __name__ == "__main__":
    sys.exit(main())
