"""What the README says about data works as it stands there."""

import json
import re
from pathlib import Path

from src.skeletons import get_skeleton, read_skeleton
from tools import check_data

README = (Path(__file__).parents[1] / "README.md").read_text()


def block(language: str, words: str) -> str:
    """The first block of code in the README that holds the words."""
    return next(
        text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if words in text
    )


def test_the_example_of_an_own_npz(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(block("python", "own.npz"), "README.md", "exec"), {})
    assert check_data.main(["own.npz"]) == 0
    assert "544 poses of 17 joints" in capsys.readouterr().out


def test_the_example_of_a_skeleton(tmp_path):
    (tmp_path / "own.json").write_text(block("json", "unit_limb"))
    skeleton = get_skeleton(read_skeleton(tmp_path / "own.json"))
    assert skeleton.joints == tuple(json.loads(block("json", "unit_limb"))["joints"])
    assert skeleton.right_limbs == (False, True)
