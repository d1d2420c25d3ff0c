"""tools/check_data.py on a label file."""

import json

import pytest
from label_files import image_record, label_content

from tools import check_data


def label(closer: int, other: int) -> dict:
    """One answer: the joint `closer` is closer to the camera than the other."""
    return {"kp0": closer, "kp1": other, "label": 0}


@pytest.fixture
def messy_file(tmp_path):
    """A label file with answers given twice, contradictions, and a photo without labels."""
    circle_and_twice = [label(0, 1), label(1, 2), label(2, 0), label(4, 5), label(4, 5)]
    both_ways = [label(3, 4), label(4, 3)]
    content = label_content()
    content["images"].append(image_record(2, circle_and_twice))
    content["images"].append(image_record(3, both_ways))
    content["images"].append(image_record(4, []))
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content))
    return path


def test_check_says_what_is_wrong(messy_file, capsys):
    assert check_data.main([str(messy_file)]) == 0
    text = capsys.readouterr().out
    assert "training: 4 images, 9 labels" in text
    assert "test: 1 images, 1 labels" in text
    assert "the same answer given twice: 1: im2.png left_elbow right_elbow" in text
    assert "conflicts, a pair answered both ways: 1: im3.png right_shoulder left_elbow" in text
    assert "closer than A: 1: im2.png head neck left_shoulder" in text
    assert "images without labels: 1: im4.png" in text


def test_a_file_that_is_missing(tmp_path):
    assert check_data.main([str(tmp_path / "none.json")]) == 2
