"""Merging of annotators' answers: by hand, against a plain loop, on simulated crowds; files; the command."""

import json
import pickle
import time

import numpy as np
import pytest

from src.crowd import merging as crowd
from src.crowd.answers import Answers, read_answers
from src.data.photos import load_photos
from src.errors import InputError
from src.skeletons import get_skeleton


def answers_of(*rows) -> Answers:
    """(annotator, image, kp0, kp1, answer) with numbers for annotator and image."""
    who, image, kp0, kp1, answer = map(np.array, zip(*rows, strict=True))
    names = tuple(map(str, range(who.max() + 1))), tuple(map(str, range(image.max() + 1)))
    return Answers(names[0], who, names[1], image, np.column_stack([kp0, kp1]), answer)


def test_one_round_by_hand(monkeypatch):
    """Three annotators, one pair, answers 1 1 0."""
    monkeypatch.setattr(crowd, "_ROUNDS", 0)
    merged = crowd.merge(answers_of((0, 0, 0, 1, 1), (1, 0, 0, 1, 1), (2, 0, 0, 1, 0)))
    present = (3 + 7.5) / (3 + 15)  # every answer's majority is 1
    skill_1, skill_0 = (2 + 12) / (3 + 15), 12 / 15
    np.testing.assert_allclose(merged.dataset_skill, [skill_1, skill_0])
    for_1, for_0 = (
        present * skill_1**2 * (1 - skill_1),
        (1 - present) * (1 - skill_0) ** 2 * skill_0,
    )
    np.testing.assert_allclose(merged.prob, for_1 / (for_1 + for_0))
    np.testing.assert_allclose(merged.skill, [[skill_1, skill_0]] * 3)
    assert merged.label.tolist() == [1] and merged.risk[0] == pytest.approx(1 - merged.prob[0])


def test_the_second_round_by_hand(monkeypatch):
    rows = (0, 0, 0, 1, 1), (1, 0, 0, 1, 1), (2, 0, 0, 1, 0)
    monkeypatch.setattr(crowd, "_ROUNDS", 0)
    p = crowd.merge(answers_of(*rows)).prob[0]
    monkeypatch.setattr(crowd, "_ROUNDS", 1)
    merged = crowd.merge(answers_of(*rows))
    d1, d0 = merged.dataset_skill
    np.testing.assert_allclose(merged.skill[0], [(p + 10 * d1) / (p + 10), 10 * d0 / (1 - p + 10)])
    np.testing.assert_allclose(
        merged.skill[2], [10 * d1 / (p + 10), (1 - p + 10 * d0) / (1 - p + 10)]
    )


def test_ties_count_half():
    merged = crowd.merge(answers_of((0, 0, 0, 1, 1), (1, 0, 0, 1, 0)))
    assert merged.prob[0] == pytest.approx(0.5) and merged.majority[0] == 0.5


def test_swapped_pairs_are_one_pair_and_the_later_answer_counts():
    merged = crowd.merge(
        answers_of((0, 0, 3, 1, 1), (1, 0, 1, 3, 0), (0, 0, 1, 3, 1), (0, 0, 1, 3, 0))
    )
    assert (
        merged.pairs.tolist() == [[1, 3]]
        and merged.answers.tolist() == [2]
        and merged.majority.tolist() == [0]
    )


def test_beats_the_majority_and_recovers_skills():
    rng, better = np.random.default_rng(0), []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        gap = rng.normal(0, 25, (400, 10))
        answers = crowd.simulate(gap, rng, annotators=30)
        merged = crowd.merge(answers)
        truth = (gap > 0).astype(int)[merged.image, merged.pairs[:, 0] // 2]
        by_majority = np.where(
            merged.majority == 0.5, rng.integers(0, 2, len(truth)), merged.majority > 0.5
        )
        better.append((merged.label == truth).mean() - (by_majority == truth).mean())
        right = (answers.answer == (gap > 0)[answers.image, answers.pairs[:, 0] // 2]).astype(float)
        accuracy = np.bincount(answers.annotator, right) / np.bincount(answers.annotator)
        assert np.corrcoef(merged.skill.mean(axis=1), accuracy)[0, 1] > 0.95
        assert np.abs(merged.skill.mean(axis=1) - accuracy).mean() < 0.05
        wrong = merged.label != truth
        assert wrong[merged.risk <= crowd.FINISHED_RISK].mean() < 0.08
    assert min(better) > 0.01


def test_50_000_answers_in_two_seconds():
    rng = np.random.default_rng(0)
    answers = crowd.simulate(rng.normal(0, 25, (1000, 10)), rng, annotators=200)
    assert len(answers.answer) == 50_000
    start = time.process_time()
    crowd.merge(answers)
    assert time.process_time() - start < 2


POSES = {
    "joint_names": list(get_skeleton("lsp_14k").joints),
    "images": [
        {
            "im_file": f"im{i}.jpg",
            "is_train": i == 0,
            "keypoints": list(range(28)),
            "occluded": [0] * 14,
        }
        for i in range(2)
    ],
}
ROWS = [("ann", "0", 2, 5, 1), ("bob", "0", 5, 2, 0), ("ann", "1", 0, 1, 0), ("bob", "1", 0, 1, 0)]


def write_csv(path):
    path.write_text(
        "annotator,image,kp0,kp1,answer\n" + "\n".join(",".join(map(str, row)) for row in ROWS)
    )


def write_json(path):
    path.write_text(
        json.dumps(
            [
                dict(zip(("annotator", "image", "kp0", "kp1", "answer"), row, strict=True))
                for row in ROWS
            ]
        )
    )


def write_pickle(path):
    """As the authors' study was kept, protocol 2, the tutorial image among it."""
    trials = {}
    for who, image, kp0, kp1, answer in ROWS:
        result = {f"{kp0},{kp1}": 2 * answer - 1}
        trials.setdefault(who, []).append(
            {"img_id": int(image), "depth": {"keypoint_comparisons_res": result}}
        )
    trials["ann"].append({"img_id": 279782, "depth": {"keypoint_comparisons_res": {"0,1": 1}}})
    content = [
        {"worker_id": who, "lsp_subj_ids": [0, 1], "trials": of} for who, of in trials.items()
    ]
    path.write_bytes(pickle.dumps({"_all_assignments": content}, protocol=2))


@pytest.mark.parametrize(
    ("name", "write"), [("a.csv", write_csv), ("a.json", write_json), ("a.pkl", write_pickle)]
)
def test_the_command_writes_what_main_lsp_reads(tmp_path, capsys, name, write):
    write(tmp_path / name)
    (tmp_path / "poses.json").write_text(json.dumps(POSES))
    out = tmp_path / "labels.json"
    assert (
        crowd.main(
            [
                "merge",
                str(tmp_path / name),
                "--poses",
                str(tmp_path / "poses.json"),
                "--out",
                str(out),
            ]
        )
        == 0
    )
    assert "4 answers of 2 annotators on 2 images" in capsys.readouterr().out
    photos = load_photos(out, get_skeleton("lsp_14k"))
    assert photos.pairs.tolist() == [[2, 5], [0, 1]] and photos.label.tolist() == [1, -1]
    assert (photos.risk < 0.5).all() and photos.prob[0] > 0.5 > photos.prob[1]


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2",
        "annotator,image,kp0,kp1,answer\nx,0,1,1,0",
        "",
        "annotator,image,kp0,kp1,answer\nx,0,1,2,7",
    ],
)
def test_spoilt_answers(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match="a.csv"):
        read_answers([tmp_path / "a.csv"])


def test_nothing_in_a_pickle_is_executed(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("executed",)

    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"_all_assignments": [Evil()]}, protocol=2))
    with pytest.raises(InputError, match="refused"):
        read_answers([tmp_path / "a.pkl"])
    for content in ([], {"_all_assignments": [{}]}, {"_all_assignments": 3}):
        (tmp_path / "a.pkl").write_bytes(pickle.dumps(content, protocol=2))
        with pytest.raises(InputError, match="a.pkl"):
            read_answers([tmp_path / "a.pkl"])
    good = tmp_path / "good.pkl"
    write_pickle(good)
    content, rng = good.read_bytes(), np.random.default_rng(0)
    for cut in rng.integers(0, len(content), 30):
        (tmp_path / "a.pkl").write_bytes(content[:cut])
        with pytest.raises(InputError):
            read_answers([tmp_path / "a.pkl"])


def test_answers_about_what_is_not_there(tmp_path, capsys):
    write_csv(tmp_path / "a.csv")
    poses = {**POSES, "images": POSES["images"][:1]}
    (tmp_path / "poses.json").write_text(json.dumps(poses))
    command = [
        "merge",
        str(tmp_path / "a.csv"),
        "--poses",
        str(tmp_path / "poses.json"),
        "--out",
        str(tmp_path / "o"),
    ]
    assert (
        crowd.main(command) == 2
        and "image 1" in capsys.readouterr().err
        and not (tmp_path / "o").exists()
    )
    for spoilt in ({"images": [5]}, {"joint_names": None}, {"joint_names": ["a"]}):
        (tmp_path / "poses.json").write_text(json.dumps({**POSES, **spoilt}))
        assert crowd.main(command) == 2 and "poses.json" in capsys.readouterr().err
