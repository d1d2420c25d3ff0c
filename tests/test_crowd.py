"""Merging of annotators' answers: by hand, on simulated crowds, from files, and by the command."""

import json
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT

from src.crowd.answers import Answers, read_answers
from src.crowd.merging import FINISHED_RISK, merge
from src.crowd.simulation import simulate
from src.crowd.study import load_study
from src.data.photos import load_photos
from src.errors import InputError
from src.skeletons import get_skeleton
from tools import merge_answers


def answers_of(*rows) -> Answers:
    """Make answers of rows (annotator, image, kp0, kp1, answer), all of them numbers."""
    annotator, image, kp0, kp1, answer = np.array(rows).T
    return Answers(
        annotators=tuple(str(number) for number in range(annotator.max() + 1)),
        annotator=annotator,
        images=tuple(str(number) for number in range(image.max() + 1)),
        image=image,
        pairs=np.column_stack([kp0, kp1]),
        answer=answer,
    )


THREE_ON_ONE_PAIR = (
    (0, 0, 0, 1, 1),
    (1, 0, 0, 1, 1),
    (2, 0, 0, 1, 0),
)


def test_one_round_by_hand():
    """Three annotators, one pair, answers 1 1 0."""
    merged = merge(answers_of(*THREE_ON_ONE_PAIR), max_rounds=0)
    prevalence = (3 + 7.5) / (3 + 15)  # every answer's majority is 1
    skill_1 = (2 + 12) / (3 + 15)
    skill_0 = 12 / 15
    np.testing.assert_allclose(merged.dataset_skill, [skill_1, skill_0])
    joint_1 = prevalence * skill_1**2 * (1 - skill_1)
    joint_0 = (1 - prevalence) * (1 - skill_0) ** 2 * skill_0
    np.testing.assert_allclose(merged.prob, joint_1 / (joint_1 + joint_0))
    np.testing.assert_allclose(merged.skill, [[skill_1, skill_0]] * 3)
    assert merged.label.tolist() == [1]
    assert merged.risk[0] == pytest.approx(1 - merged.prob[0])


def test_the_second_round_by_hand():
    p = merge(answers_of(*THREE_ON_ONE_PAIR), max_rounds=0).prob[0]
    merged = merge(answers_of(*THREE_ON_ONE_PAIR), max_rounds=1)
    d1, d0 = merged.dataset_skill
    np.testing.assert_allclose(merged.skill[0], [(p + 10 * d1) / (p + 10), 10 * d0 / (1 - p + 10)])
    np.testing.assert_allclose(
        merged.skill[2], [10 * d1 / (p + 10), (1 - p + 10 * d0) / (1 - p + 10)]
    )


def test_ties_count_half():
    merged = merge(answers_of((0, 0, 0, 1, 1), (1, 0, 0, 1, 0)))
    assert merged.prob[0] == pytest.approx(0.5)
    assert merged.majority[0] == 0.5


def test_swapped_pairs_are_one_pair_and_the_later_answer_counts():
    merged = merge(
        answers_of(
            (0, 0, 3, 1, 1),
            (1, 0, 1, 3, 0),
            (0, 0, 1, 3, 1),
            (0, 0, 1, 3, 0),
        )
    )
    assert merged.pairs.tolist() == [[1, 3]]
    assert merged.answers.tolist() == [2]
    assert merged.majority.tolist() == [0]


def test_a_tie_of_the_majority_is_label_0():
    merged = merge(answers_of((0, 0, 3, 1, 1), (1, 0, 3, 1, 0), (0, 0, 2, 4, 1)))
    assert merged.pairs.tolist() == [[3, 1], [2, 4]]
    assert merged.majority.tolist() == [0.5, 1]
    assert merged.majority_label.tolist() == [0, 1]


def test_a_pair_keeps_the_order_in_which_it_was_shown():
    """The three answers of the first test, to a pair whose larger joint is shown first."""
    merged = merge(answers_of((0, 0, 3, 1, 1), (1, 0, 3, 1, 1), (2, 0, 3, 1, 0)))
    expected = merge(answers_of(*THREE_ON_ONE_PAIR))
    assert merged.pairs.tolist() == [[3, 1]]
    assert merged.prob.tolist() == expected.prob.tolist()
    assert merged.skill.tolist() == expected.skill.tolist()


def test_a_pair_that_people_saw_in_both_orders_by_hand():
    """Two press the second button for joint 1; the third sees it first, and presses the first."""
    merged = merge(answers_of((0, 0, 0, 1, 1), (1, 0, 0, 1, 1), (2, 0, 1, 0, 0)), max_rounds=0)
    assert merged.pairs.tolist() == [[0, 1]]
    assert merged.majority.tolist() == [1]
    prevalence = (2 + 7.5) / (3 + 15)  # of the three who were shown it, two were shown a pair of 1
    skill_1 = (2 + 12) / (2 + 15)
    skill_0 = (1 + 12) / (1 + 15)
    np.testing.assert_allclose(merged.dataset_skill, [skill_1, skill_0])
    joint_1 = prevalence * skill_1**2 * skill_0
    joint_0 = (1 - prevalence) * (1 - skill_0) ** 2 * (1 - skill_1)
    np.testing.assert_allclose(merged.prob, joint_1 / (joint_1 + joint_0))


def test_skills_are_those_of_the_two_buttons():
    """Whoever always presses the first button is taken for that, whichever joint is shown first,
    and however the others were shown the pairs."""
    rng = np.random.default_rng(0)
    rows = []
    for image in range(200):
        larger_is_closer = rng.integers(2)
        for annotator in range(4):
            pair = [1, 3]
            answer = larger_is_closer
            if rng.random() < 0.5:
                pair = [3, 1]
                answer = 1 - larger_is_closer
            if annotator == 3:
                answer = 0
            rows.append((annotator, image, *pair, answer))
    merged = merge(answers_of(*rows))
    assert (merged.skill[:3] > 0.95).all()
    assert merged.skill[3, 0] < 0.1 and merged.skill[3, 1] > 0.95


def test_beats_the_majority_and_recovers_skills():
    gains = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        gap_cm = rng.normal(0, 25, (400, 10))
        answers = simulate(gap_cm, rng, annotators=30)
        merged = merge(answers)
        truth = (gap_cm > 0).astype(int)[merged.image, merged.pairs[:, 0] // 2]
        by_majority = np.where(
            merged.majority == 0.5, rng.integers(0, 2, len(truth)), merged.majority > 0.5
        )
        gains.append((merged.label == truth).mean() - (by_majority == truth).mean())

        truth_of_answer = (gap_cm > 0)[answers.image, answers.pairs[:, 0] // 2]
        right = (answers.answer == truth_of_answer).astype(float)
        accuracy = np.bincount(answers.annotator, right) / np.bincount(answers.annotator)
        assert np.corrcoef(merged.skill.mean(axis=1), accuracy)[0, 1] > 0.95
        assert np.abs(merged.skill.mean(axis=1) - accuracy).mean() < 0.05

        is_wrong = merged.label != truth
        assert is_wrong[merged.risk <= FINISHED_RISK].mean() < 0.08
    assert min(gains) > 0.01


def test_50_000_answers_in_two_seconds():
    rng = np.random.default_rng(0)
    answers = simulate(rng.normal(0, 25, (1000, 10)), rng, annotators=200)
    assert len(answers.answer) == 50_000
    start = time.process_time()
    merge(answers)
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
FIELDS = ("annotator", "image", "kp0", "kp1", "answer")
ROWS = [
    ("ann", "0", 2, 5, 1),
    ("bob", "0", 5, 2, 0),
    ("ann", "1", 0, 1, 0),
    ("bob", "1", 0, 1, 0),
]


def write_csv(path):
    lines = [",".join(FIELDS)]
    for row in ROWS:
        lines.append(",".join(str(value) for value in row))
    path.write_text("\n".join(lines))


def write_json(path):
    records = [dict(zip(FIELDS, row, strict=True)) for row in ROWS]
    path.write_text(json.dumps(records))


def write_pickle(path):
    """Write a pickle as the authors' study was kept, protocol 2, the tutorial image among it."""
    trials = {"ann": [], "bob": []}
    for annotator, image, kp0, kp1, answer in ROWS:
        comparisons = {f"{kp0},{kp1}": 2 * answer - 1}
        trials[annotator].append(
            {"img_id": int(image), "depth": {"keypoint_comparisons_res": comparisons}}
        )
    trials["ann"].append({"img_id": 279782, "depth": {"keypoint_comparisons_res": {"0,1": 1}}})
    assignments = [
        {"worker_id": annotator, "lsp_subj_ids": [0, 1], "trials": of_annotator}
        for annotator, of_annotator in trials.items()
    ]
    path.write_bytes(pickle.dumps({"_all_assignments": assignments}, protocol=2))


WRITERS = [
    ("a.csv", write_csv),
    ("a.json", write_json),
    ("a.pkl", write_pickle),
]


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_the_command_writes_what_main_lsp_reads(tmp_path, capsys, name, write):
    write(tmp_path / name)
    poses = tmp_path / "poses.json"
    poses.write_text(json.dumps(POSES))
    out = tmp_path / "labels.json"
    command = [str(tmp_path / name), "--poses", str(poses), "--out", str(out)]
    assert merge_answers.main(command) == 0
    assert "4 answers of 2 annotators on 2 images" in capsys.readouterr().out
    photos = load_photos(out, get_skeleton("lsp_14k"))
    assert photos.pairs.tolist() == [[2, 5], [0, 1]]
    assert photos.label.tolist() == [1, -1]
    assert (photos.risk < 0.5).all()
    assert photos.prob[0] > 0.5 > photos.prob[1]


def test_a_label_keeps_the_order_in_which_its_pair_was_shown(tmp_path):
    """As in the authors' file, whose kp0 is not always the smaller number."""
    lines = [",".join(FIELDS), "ann,0,5,2,0", "bob,0,2,5,1", "ann,1,1,0,1", "bob,1,1,0,1"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    (tmp_path / "poses.json").write_text(json.dumps(POSES))
    out = tmp_path / "labels.json"
    command = [str(tmp_path / "a.csv"), "--poses", str(tmp_path / "poses.json"), "--out", str(out)]
    assert merge_answers.main(command) == 0
    (first,), (second,) = [image["anns"] for image in json.loads(out.read_text())["images"]]
    assert (first["kp0"], first["kp1"], first["label"]) == (5, 2, 0)  # joint 5 is closer
    assert first["original_id"] == "0_5,2" and first["prob"] < 0.5
    assert (second["kp0"], second["kp1"], second["label"]) == (1, 0, 1)  # joint 0 is closer
    photos = load_photos(out, get_skeleton("lsp_14k"))
    assert photos.label.tolist() == [-1, 1]


def test_the_command_from_another_folder(tmp_path):
    write_csv(tmp_path / "a.csv")
    (tmp_path / "poses.json").write_text(json.dumps(POSES))
    script = str(ROOT / "tools" / "merge_answers.py")
    command = [sys.executable, script, "a.csv", "--poses", "poses.json", "--out", "labels.json"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "2 pairs, " in process.stdout
    assert (tmp_path / "labels.json").exists()


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


def test_an_infinite_joint(tmp_path):
    record = {"annotator": "x", "image": 0, "kp0": float("inf"), "kp1": 2, "answer": 1}
    (tmp_path / "a.json").write_text(json.dumps([record]))
    with pytest.raises(InputError, match="a.json: answer 0"):
        read_answers([tmp_path / "a.json"])


def test_nothing_in_a_pickle_is_executed(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("executed",)

    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"_all_assignments": [Evil()]}, protocol=2))
    with pytest.raises(InputError, match="refused"):
        read_answers([path])


@pytest.mark.parametrize("content", [[], {"_all_assignments": [{}]}, {"_all_assignments": 3}])
def test_a_pickle_of_something_else(tmp_path, content):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(InputError, match="a.pkl"):
        read_answers([tmp_path / "a.pkl"])


def test_a_pickle_that_ends_early(tmp_path):
    path = tmp_path / "a.pkl"
    write_pickle(path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in rng.integers(0, len(content), 30):
        path.write_bytes(content[:length])
        with pytest.raises(InputError):
            read_answers([path])


def test_answers_about_an_image_that_is_not_there(tmp_path, capsys):
    write_csv(tmp_path / "a.csv")
    poses = tmp_path / "poses.json"
    poses.write_text(json.dumps(POSES | {"images": POSES["images"][:1]}))
    out = tmp_path / "labels.json"
    assert (
        merge_answers.main([str(tmp_path / "a.csv"), "--poses", str(poses), "--out", str(out)]) == 2
    )
    assert "image 1" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("spoilt", [{"images": [5]}, {"joint_names": None}, {"joint_names": ["a"]}])
def test_poses_that_are_no_label_file(tmp_path, capsys, spoilt):
    write_csv(tmp_path / "a.csv")
    poses = tmp_path / "poses.json"
    poses.write_text(json.dumps(POSES | spoilt))
    out = tmp_path / "labels.json"
    assert (
        merge_answers.main([str(tmp_path / "a.csv"), "--poses", str(poses), "--out", str(out)]) == 2
    )
    assert "poses.json" in capsys.readouterr().err
    assert not out.exists()


STUDY_IMAGES = {
    "pose": [{"keypoints": ["mid_hip", "neck"]}],
    "images": [{"id": 0, "s_id": 9, "frame": 3, "video": "Walking.54138969.mp4"}],
    "annotations": [{"id": 0, "kpts_2d": [1, 2, 3, 4]}],
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pose": []}, "expected pose"),
        ({"pose": [{"keypoints": ["mid_hip", "tail"]}]}, "tail"),
        ({}, "no joint 5, which the answers name"),
        ({"images": [{"id": 0, "s_id": 9, "frame": 3}]}, "video"),
        ({"images": [{"id": 0, "s_id": 9, "frame": 3, "video": "Walking"}]}, "expected pose"),
        ({"annotations": [{"id": 0, "kpts_2d": "none"}]}, "expected pose"),
    ],
)
def test_images_of_a_study_that_do_not_fit(tmp_path, changes, words):
    write_json(tmp_path / "a.json")
    path = tmp_path / "images.json"
    path.write_text(json.dumps(STUDY_IMAGES | changes))
    with pytest.raises(InputError, match=f"images.json: .*{words}"):
        load_study([tmp_path / "a.json"], path, tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("answer", 0.7),
        ("answer", True),
        ("answer", "1.0"),
        ("answer", float("nan")),
        ("kp0", 2.5),
        ("kp1", "5.5"),
        ("kp1", [5]),
    ],
)
def test_answers_that_are_no_whole_numbers(tmp_path, field, value):
    record = {"annotator": "ann", "image": 0, "kp0": 2, "kp1": 5, "answer": 1}
    path = tmp_path / "a.json"
    path.write_text(json.dumps([record, record | {field: value}]))
    with pytest.raises(InputError, match="a.json: answer 1: expected annotator, image, kp0, kp1"):
        read_answers([path])


def test_whole_numbers_may_be_written_as_floats(tmp_path):
    record = {"annotator": "ann", "image": 0, "kp0": 2.0, "kp1": "5", "answer": 1.0}
    path = tmp_path / "a.json"
    path.write_text(json.dumps([record]))
    answers = read_answers([path])
    assert answers.pairs.tolist() == [[2, 5]]
    assert answers.answer.tolist() == [1]


def merge_with_files(tmp_path, *files: str) -> int:
    """Merge `ROWS`, which name images 0 and 1, into a label file with images of these names."""
    write_csv(tmp_path / "a.csv")
    images = [POSES["images"][0] | {"im_file": file, "is_train": True} for file in files]
    (tmp_path / "poses.json").write_text(json.dumps(POSES | {"images": images}))
    command = [str(tmp_path / "a.csv"), "--poses", str(tmp_path / "poses.json")]
    return merge_answers.main([*command, "--out", str(tmp_path / "labels.json")])


def test_a_name_wins_over_a_number(tmp_path):
    assert merge_with_files(tmp_path, "1", "0") == 0
    images = json.loads((tmp_path / "labels.json").read_text())["images"]
    assert [image["anns"][0]["kp0"] for image in images] == [0, 2]


def test_a_name_of_two_images_is_refused(tmp_path, capsys):
    assert merge_with_files(tmp_path, "0", "1", "1") == 2
    assert "im_file 1 is there more than once" in capsys.readouterr().err
