"""The documents: links lead somewhere, commands and names exist, examples work as they stand."""

import contextlib
import importlib.util
import io
import json
import re
import runpy
import shlex
import sys
from functools import cache
from pathlib import Path

import pytest

from opts.presets import LSP_PRESETS, PRESETS
from paper_exps import results_2018
from src.keypoints.files import read_keypoints
from src.keypoints.layouts import get_layout
from src.skeletons import get_skeleton, read_skeleton
from tools import check_data, merge_answers

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("benchmarks/*.md"),
        *ROOT.glob("checkpoint/*.md"),
    ]
)
NAMES_OF_DOCUMENTS = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
each_document = pytest.mark.parametrize("name", NAMES_OF_DOCUMENTS)

# The scripts that hand options on to others, which may be written after them too.
PASSED_ON = {"paper_exps.run": ("main_human36.py", "main_lsp.py")}


def read(name: str) -> str:
    return (ROOT / name).read_text()


def code_blocks(text: str) -> list[tuple[str, str]]:
    """The language and the content of every block between fences, indented or not."""
    return re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


def without_code_blocks(text: str) -> str:
    return re.sub(r"^ *```\w*\n.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)


def block(name: str, language: str, words: str = "") -> str:
    """The first block of that language in a document that holds the words."""
    for block_language, content in code_blocks(read(name)):
        if block_language == language and words in content:
            return content
    raise AssertionError(f"{name} has no block of {language} with {words!r}")


def test_the_readme_is_short():
    assert len(read("README.md").splitlines()) <= 200


# ---- links ----


def links(text: str) -> list[str]:
    """The targets of markdown links and of html images."""
    text = without_code_blocks(text)
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)


def anchor(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", without_code_blocks(path.read_text()), re.MULTILINE)
    return {anchor(heading) for heading in headings}


@each_document
def test_links_lead_somewhere(name):
    document = ROOT / name
    for link in links(document.read_text()):
        if re.match(r"(https?|mailto):", link):
            continue
        target, _, fragment = link.partition("#")
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"{name}: {link}"
        assert path.is_relative_to(ROOT), f"{name}: {link} leads out of the project"
        if fragment:
            assert fragment in anchors(path), f"{name}: {link}: no such heading"


def test_anchors_are_those_of_github():
    heading = "The weights that come with the project: `cmu_17k/`"
    assert anchor(heading) == "the-weights-that-come-with-the-project-cmu_17k"
    assert anchor("What the results are, and are not") == "what-the-results-are-and-are-not"
    assert anchor("F. Photos: numbers") == "f-photos-numbers"


def test_the_readme_links_every_document_and_the_paper():
    text = read("README.md")
    targets = {link.partition("#")[0] for link in links(text)}
    assert targets >= {name for name in NAMES_OF_DOCUMENTS if name != "README.md"}
    assert "https://arxiv.org/abs/1805.06880" in targets
    assert "http://www.vision.caltech.edu/~mronchi/projects/RelativePose/" in targets
    assert "https://www.youtube.com/watch?v=fClQN8iVreM" in targets


# ---- commands ----


def commands(text: str) -> list[list[str]]:
    """The tokens of every command in a document that runs Python or a shell script.

    Commands are taken from blocks without a language and from `code` that begins like one. What
    stands behind a # is a comment, and a backslash continues a line.
    """
    lines = re.findall(r"`((?:python|bash) [^`]+)`", without_code_blocks(text))
    for language, content in code_blocks(text):
        if language == "":
            lines += content.replace("\\\n", " ").splitlines()
    token_lists = []
    for line in lines:
        for command in re.split(r"&&|;", line):
            if re.match(r"\s*(python|bash) ", command):
                token_lists.append(shlex.split(command, comments=True))
    return token_lists


def script_of(command: list[str]) -> tuple[str, list[str]]:
    """The file or module that a command runs, and the tokens behind it."""
    if command[:2] == ["python", "-m"]:
        return command[2], command[3:]
    return command[1], command[2:]


@cache
def known_options(script: str) -> frozenset[str]:
    """The options in what a script or a module prints with --help.

    It runs in this process, as if Python had been started with it: starting PyTorch anew for each
    would take a minute.
    """
    output = io.StringIO()
    argv, path, modules = sys.argv, list(sys.path), set(sys.modules)
    sys.argv = [script, "--help"]
    try:
        with contextlib.redirect_stdout(output), pytest.raises(SystemExit) as exit_code:
            if script.endswith(".py"):
                sys.path.insert(0, str((ROOT / script).parent))  # as Python does
                runpy.run_path(str(ROOT / script), run_name="__main__")
            else:
                runpy.run_module(script, run_name="__main__")
    finally:
        sys.argv, sys.path[:] = argv, path
        for module in set(sys.modules) - modules:  # `common` of one folder is not that of another
            if "." not in module:
                del sys.modules[module]
    assert exit_code.value.code == 0, script
    # A line that describes options begins with them, and two spaces end them.
    declared = re.findall(r"^  (-.*?)(?:  |$)", output.getvalue(), re.MULTILINE)
    options = set(re.findall(r"--[\w-]+", " ".join(declared)))
    for other_script in PASSED_ON.get(script, ()):
        options |= known_options(other_script)
    return frozenset(options)


# paper_exps.run is both run as a command and imported by others; here that does no harm.
@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
@each_document
def test_commands_run_what_exists_with_options_that_it_has(name):
    for command in commands(read(name)):
        script, tokens = script_of(command)
        text = shlex.join(command)
        if script.endswith(".sh"):
            assert (ROOT / script).is_file(), text
            script = "paper_exps.run"  # what all of these scripts run
        elif script.endswith(".py"):
            assert (ROOT / script).is_file(), text
        elif command[1] == "-m":
            assert importlib.util.find_spec(script) is not None, text
        else:
            assert (ROOT / script).is_file(), text
        options = {token.partition("=")[0] for token in tokens if token.startswith("--")}
        is_ours = script.endswith(".py") or script.split(".")[0] in ("paper_exps", "benchmarks")
        if is_ours and options:
            unknown = options - known_options(script)
            assert not unknown, f"{name}: {text}: no {', '.join(sorted(unknown))}"


@each_document
def test_presets_that_commands_name_exist(name):
    for command in commands(read(name)):
        script, tokens = script_of(command)
        presets = LSP_PRESETS if script == "main_lsp.py" else PRESETS
        if "--preset" not in tokens:
            continue
        for token in tokens[tokens.index("--preset") + 1 :]:
            if token.startswith("--"):
                break
            assert token in presets, f"{name}: {shlex.join(command)}"


def test_commands_are_found():
    """Neither form of a command may slip through the other tests."""
    text = (
        "`python a.py --x 1`\n\n```\npip install x && python b.py   # why\npython \\\n  c.py\n```\n"
    )
    assert commands(text) == [
        ["python", "a.py", "--x", "1"],
        ["python", "b.py"],
        ["python", "c.py"],
    ]
    assert len(commands(read("README.md"))) > 20


# ---- names ----


@each_document
def test_paper_rows_that_are_named_exist(name):
    rows = re.findall(r"`((?:table_\d|fig_\d\w*)/[\w./]+)`", read(name))
    for row in rows:
        assert row in PRESETS or row in LSP_PRESETS, f"{name}: {row}"


@each_document
def test_paths_of_the_project_that_are_named_exist(name):
    folders = r"(?:src|opts|tools|tests|docs|pics|paper_exps|paper_plots|benchmarks|demo_data)"
    for path in re.findall(rf"`({folders}/[\w./*]*)`", read(name)):
        assert list(ROOT.glob(path.rstrip("/"))), f"{name}: {path}"


@each_document
def test_tests_that_are_named_exist(name):
    texts = {path.name: path.read_text() for path in (ROOT / "tests").glob("*.py")}
    options = known_options("main_human36.py")
    for test in re.findall(r"`(?:tests/)?(test_\w+(?:\.py)?)`", read(name)):
        if f"--{test}" in options:  # such as test_batch
            continue
        exists = test in texts or any(f"def {test}(" in text for text in texts.values())
        assert exists, f"{name}: {test}"


# ---- names of 2018 ----


def table_rows(name: str, heading: str) -> list[list[str]]:
    """The cells of every row of the table under a heading of the second level."""
    _, _, section = read(name).partition(f"\n## {heading}\n")
    section, _, _ = section.partition("\n## ")
    rows = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    return [row.split(" | ") for row in rows]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_options_of_2018_that_are_called_the_same_exist():
    options = known_options("main_human36.py") | known_options("main_lsp.py")
    same = []
    for old, new in table_rows("docs/coming_from_2018.md", "Options"):
        if new.startswith("same"):
            same += names_in(old)
        else:  # what is renamed or gone must not be there under its old name
            assert not options & {f"--{name}" for name in names_in(old)}, old
    assert len(same) > 30
    assert options >= {f"--{name}" for name in same}


def test_rows_of_2018_are_those_of_their_result_files():
    new_names = {}
    for old, new in table_rows("docs/coming_from_2018.md", "Rows of tables and figures"):
        rows = [name for name in names_in(new) if name.startswith("table_")]
        if rows:
            old_names = [name for name in names_in(old) if not name.startswith("table_")]
            new_names |= dict(zip(old_names, rows, strict=True))
    expected = {}
    for table, rows in results_2018._ROWS.items():
        expected |= {old_name: f"{table}/{new_name}" for old_name, new_name in rows.items()}
    assert new_names == expected


# ---- examples ----


def run_block(code: str, name: str):
    exec(compile(code, name, "exec"), {})


def test_the_example_of_an_own_npz(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_block(block("docs/data.md", "python", "own.npz"), "docs/data.md")
    assert check_data.main(["own.npz"]) == 0
    assert "544 poses of 17 joints" in capsys.readouterr().out


def test_the_example_of_a_skeleton(tmp_path):
    text = block("docs/data.md", "json", "unit_limb")
    (tmp_path / "own.json").write_text(text)
    skeleton = get_skeleton(read_skeleton(tmp_path / "own.json"))
    assert skeleton.joints == tuple(json.loads(text)["joints"])
    assert skeleton.right_limbs == (False, True)


def test_the_example_of_coco_in_a_csv(tmp_path):
    (tmp_path / "coco.csv").write_text(block("docs/keypoints.md", "csv"))
    keypoints = read_keypoints(tmp_path / "coco.csv")
    assert keypoints.joints == get_layout("coco_17")
    assert keypoints.poses[0, 0].tolist() == [320, 110]


def test_the_example_of_the_library(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    run_block(block("docs/keypoints.md", "python", "Lifter"), "docs/keypoints.md")
    assert "(48, 17, 3) mm, up to a global scale" in capsys.readouterr().out


def test_the_example_of_answers(tmp_path, capsys):
    answers = tmp_path / "answers.csv"
    answers.write_text(block("docs/photos.md", "csv"))
    image = {"im_file": "beach/0001.jpg", "is_train": True, "keypoints": [0.0] * 20}
    poses = tmp_path / "photos.json"
    poses.write_text(json.dumps({"joint_names": list("abcdefghij"), "images": [image]}))
    out = tmp_path / "labels.json"
    assert merge_answers.main([str(answers), "--poses", str(poses), "--out", str(out)]) == 0
    labels = json.loads(out.read_text())["images"][0]["anns"]
    assert {(label["kp0"], label["kp1"], label["label"]) for label in labels} == {
        (8, 9, 1),
        (2, 3, 0),
    }


def test_the_example_of_a_command(tmp_path, monkeypatch, capsys):
    """It is written as a file of tools/, so it must find the project from there."""
    monkeypatch.chdir(tmp_path)
    run_block(block("docs/data.md", "python", "own.npz"), "docs/data.md")
    code = block("docs/extending.md", "python", "count_poses")
    names = {"__name__": "count_poses", "__file__": str(ROOT / "tools" / "count_poses.py")}
    monkeypatch.setattr(sys, "path", list(sys.path))
    exec(compile(code, "docs/extending.md", "exec"), names)
    assert names["main"](["own.npz"]) == 0
    assert capsys.readouterr().out == "544\n"
