"""Every command on damaged and hostile input of every kind, judged by the harness; the harness too.

``python -m pytest -m slow`` runs all cases; ``python tests/mutate.py`` makes more of them, without
end. What a random damage does to a file is the same in every run: a case that fails fails again.
"""

import json
import os
import shutil
import signal
import sys
import time
import warnings
from pathlib import Path

from opts.command import run_command

import numpy as np
import pytest
import test_keypoints
from harness import find_faults, judge, run_in_fork
from inputs import KINDS, write_labels, write_set
from mutate import damage, run_damaged, write_good_inputs

import main_human36
import main_lsp
import run_model
from src.errors import InputError
from src.skeletons import get_skeleton
from tools import check_data, convert_bvh

KINDS_BY_NAME = {kind.name: kind for kind in KINDS}
# These take a second or more.
SLOW_KINDS = ("photo", "photos of labels", "h5 motion, converted", "results")
SEED = 2018

HOSTILE_NAMES = {
    "climbing": "../../x",
    "formula": "$x$ $\\frac{$ %s {}",
    "line end": "a\nb",
    "control characters": "\x1b[31mred\x07",
    "half a pair": "half \ud800",
    "unusual letters": "Jürgen 李",
    "300 characters": "x" * 300,
    "nothing": "",
}


@pytest.fixture(scope="module")
def good_input(tmp_path_factory):
    """A function that gives the folder of a good input of a kind; not to be changed."""
    folders = {}

    def write(kind) -> Path:
        if kind.write not in folders:
            place = tmp_path_factory.mktemp("good")
            folders[kind.write] = write_good_inputs(place, [kind])[kind.name]
        return folders[kind.write]

    return write


def judge_damaged(kind, good: Path, sandbox: Path, content: bytes | None):
    """Assert that a command does nothing wrong on a damaged file."""
    outcome = run_damaged(kind, good, sandbox, content)
    faults = find_faults(outcome)
    assert not faults, f"{'; '.join(faults)}\n{outcome.err[-2000:]}"
    return outcome


# The harness itself


def obedient(argv):
    print("done")
    return 0


def crashing(argv):
    raise ZeroDivisionError


def refusing(argv):
    def command():
        raise InputError("x: expected y")

    return run_command(command)


def talkative(argv):
    print("error: one\nerror: two", file=sys.stderr)
    return 2


def warning(argv):
    warnings.warn("of a library", RuntimeWarning, stacklevel=1)


def dying(argv):
    os.kill(os.getpid(), signal.SIGSEGV)


def hanging(argv):
    time.sleep(60)


def greedy(argv):
    np.ones(2**30)


def writing_elsewhere(argv):
    Path("../elsewhere").write_text("")


def changing(argv):
    Path("../guard").write_text("changed")


def colouring(argv):
    print("\x1b[31m")


@pytest.mark.parametrize(
    ("main", "fault"),
    [
        (crashing, "traceback"),
        (talkative, "not one line"),
        (warning, "a library warns"),
        (dying, "died of SIGSEGV"),
        (hanging, "hangs"),
        (greedy, "traceback"),  # MemoryError, as there is no run_command
        (writing_elsewhere, "wrote elsewhere: elsewhere"),
        (changing, "wrote elsewhere: guard"),
        (colouring, "control characters"),
    ],
)
def test_the_harness_notices(main, fault, tmp_path):
    outcome = run_in_fork(main, [], sandbox=tmp_path, memory=2**28, seconds=1)
    assert fault in " ".join(find_faults(outcome))


def test_the_harness_accepts(tmp_path):
    assert judge(obedient, [], sandbox=tmp_path).out == "done\n"
    assert judge(refusing, [], sandbox=tmp_path, exit_codes=[2]).err == "error: x: expected y\n"


# Files


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS_BY_NAME)
def test_good_input_is_read(name, good_input, tmp_path):
    """Otherwise all damage would be refused for the wrong reason."""
    kind = KINDS_BY_NAME[name]
    outcome = judge_damaged(kind, good_input(kind), tmp_path, content=None)
    assert outcome.exit_code == kind.exit_code, outcome.err


@pytest.mark.parametrize("name", [name for name in KINDS_BY_NAME if name not in SLOW_KINDS])
def test_a_damaged_file(name, good_input, tmp_path):
    kind = KINDS_BY_NAME[name]
    good = good_input(kind)
    _, content = damage(kind, good, SEED, number=0)
    judge_damaged(kind, good, tmp_path, content)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 11))
@pytest.mark.parametrize("name", KINDS_BY_NAME)
def test_more_damaged_files(name, number, good_input, tmp_path):
    kind = KINDS_BY_NAME[name]
    good = good_input(kind)
    _, content = damage(kind, good, SEED, number=number)
    judge_damaged(kind, good, tmp_path, content)


@pytest.mark.slow
@pytest.mark.parametrize("obstacle", ["missing", "folder", "pipe", "device", "unreadable", "deep"])
@pytest.mark.parametrize("name", KINDS_BY_NAME)
def test_what_is_no_such_file(name, obstacle, good_input, tmp_path):
    kind = KINDS_BY_NAME[name]
    good = tmp_path / "good"
    shutil.copytree(good_input(kind), good)
    path = good / kind.file
    path.unlink()
    sandbox = tmp_path / "sandbox"
    shutil.copytree(good, sandbox / "in")
    (sandbox / "out").mkdir()
    path = sandbox / "in" / kind.file
    if obstacle == "folder":
        path.mkdir()
    elif obstacle == "pipe":
        os.mkfifo(path)
    elif obstacle == "device":
        path.symlink_to("/dev/zero")
    elif obstacle == "unreadable":
        path.symlink_to(path.name)  # a link to itself, as root can read anything
    elif obstacle == "deep":
        path.write_text("[" * 200_000 + "]" * 200_000)
    judge(kind.main, kind.command_line(sandbox), sandbox=sandbox, out=kind.out, seconds=30)


# Names


def as_file_name(name: str) -> str:
    """Return the name that comes nearest to one of data and that a file can have."""
    return name.replace("/", "_").replace("\ud800", os.fsdecode(b"\xff"))[:200]


def make_sandbox(folder: Path, write=None) -> Path:
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    if write is not None:
        write(folder / "in")
    return folder


@pytest.fixture(params=list(HOSTILE_NAMES))
def hostile_name(request) -> str:
    """A name that data or a user may have."""
    return HOSTILE_NAMES[request.param]


LIFT = "--pictures 1 --device cpu --format npz json csv"


def lift_tokens(path, sandbox: Path) -> list[str]:
    model = str(Path(run_model.__file__).parent / "checkpoint" / "cmu_17k")
    return [str(path), "--out", str(sandbox / "out"), "--checkpoint", model, *LIFT.split()]


@pytest.mark.slow
def test_input_of_a_hostile_name(hostile_name, tmp_path):
    sandbox = make_sandbox(tmp_path)
    path = sandbox / "in" / f"{as_file_name(hostile_name)}.npz"
    shutil.copy(Path(run_model.__file__).parent / "demo_data" / "throw.npz", path)
    outcome = judge(run_model.main, lift_tokens(path, sandbox), sandbox=sandbox)
    # Of ".npz" Python says that it has no ending.
    assert outcome.exit_code == (0 if hostile_name else 2)


@pytest.mark.parametrize("command", [run_model.main, check_data.main, convert_bvh.main])
def test_a_missing_file_of_a_hostile_name(command, hostile_name, tmp_path):
    sandbox = make_sandbox(tmp_path)
    judge(
        command,
        [str(sandbox / "in" / hostile_name.replace("\ud800", os.fsdecode(b"\xff")))],
        sandbox=sandbox,
        exit_codes=[2],
    )


@pytest.mark.slow
def test_joints_of_hostile_names(hostile_name, tmp_path):
    joints = list(get_skeleton("human36_17k").joints)
    poses = np.load(Path(run_model.__file__).parent / "demo_data" / "throw.npz")["poses_2d"]
    path = make_sandbox(tmp_path) / "in" / "a.npz"
    np.savez(path, poses_2d=poses, joint_names=np.array([*joints[:-1], hostile_name]))
    judge(run_model.main, lift_tokens(path, tmp_path), sandbox=tmp_path)


def test_a_header_of_a_hostile_name(hostile_name, tmp_path):
    sandbox = make_sandbox(tmp_path, test_keypoints.write_csv)
    path = sandbox / "in" / "k.csv"
    content = path.read_bytes().replace(b"nose", hostile_name.encode(errors="surrogatepass"))
    path.write_bytes(content)
    judge(run_model.main, lift_tokens(path, sandbox), sandbox=sandbox)


@pytest.mark.slow
@pytest.mark.parametrize("field", ["im_file", "joint_names"])
def test_label_files_with_hostile_names(field, hostile_name, tmp_path):
    sandbox = make_sandbox(tmp_path, write_labels)
    path = sandbox / "in" / "mine.json"
    content = json.loads(path.read_text())
    if field == "im_file":
        content["images"][1]["im_file"] = hostile_name
    else:
        content["joint_names"][3] = hostile_name
    path.write_text(json.dumps(content))
    judge(check_data.main, [str(path)], sandbox=sandbox)
    tokens = ["--annotations", str(path), "--data_dir", str(path.parent)]
    tokens += ["--ckpt", str(sandbox / "out"), "--epochs", "1", "--linear_size", "16"]
    judge(main_lsp.main, [*tokens, "--threads", "1", "--save_ims"], sandbox=sandbox)


@pytest.mark.slow
def test_a_label_file_and_a_run_of_hostile_names(hostile_name, tmp_path):
    sandbox = make_sandbox(tmp_path, write_labels)
    path = sandbox / "in" / f"{as_file_name(hostile_name)}.json"
    (sandbox / "in" / "mine.json").rename(path)
    tokens = ["--annotations", str(path), "--ckpt", str(sandbox / "out"), "--epochs", "1"]
    tokens += ["--linear_size", "16", "--threads", "1", "--save_ims"]
    outcome = judge(main_lsp.main, tokens, sandbox=sandbox)
    assert outcome.exit_code == 0, outcome.err
    judge(main_lsp.main, [*tokens, "--exp", as_file_name(hostile_name)], sandbox=sandbox)


@pytest.mark.slow
def test_motion_of_hostile_names(hostile_name, tmp_path):
    sandbox = make_sandbox(tmp_path, write_set)
    folder = sandbox / "in" / "S1" / "MyPoses" / "3D_positions"
    (folder / "Walking 1.h5").rename(folder / f"{as_file_name(hostile_name)}.h5")
    judge(check_data.main, [str(sandbox / "in")], sandbox=sandbox)
    tokens = ["--data_dir", str(sandbox / "in"), "--ckpt", str(sandbox / "out")]
    tokens += ["--train_subjects", "1", "--test_subjects", "9", "--actions", "Walking"]
    tokens += ["--epochs", "1", "--linear_size", "16", "--threads", "1", "--no-save_ims"]
    judge(main_human36.main, tokens, sandbox=sandbox)


@pytest.mark.slow
@pytest.mark.parametrize("field", ["annotator", "image"])
def test_answers_with_hostile_names(field, hostile_name, good_input, tmp_path):
    kind = KINDS_BY_NAME["answers json"]
    records = json.loads((good_input(kind) / kind.file).read_text())
    records[0][field] = hostile_name
    content = json.dumps(records).encode()
    judge_damaged(kind, good_input(kind), tmp_path, content)


@pytest.mark.parametrize("option", ["--out", "--checkpoint", "--layout", "--format", "--x", "-"])
def test_options_of_hostile_values(option, hostile_name, tmp_path):
    sandbox = make_sandbox(tmp_path)
    path = Path(run_model.__file__).parent / "demo_data" / "throw.npz"
    value = as_file_name(hostile_name)
    if option == "--out" and value:
        value = str(sandbox / "out" / value)
    tokens = [*lift_tokens(path, sandbox), "--pictures", "0", option, value]
    judge(run_model.main, tokens, sandbox=sandbox)


# Texts of spreadsheets and other programs


@pytest.mark.parametrize("name", ["keypoints csv", "COCO", "answers csv", "answers json", "labels"])
def test_a_byte_order_mark(name, good_input, tmp_path):
    """Excel writes it before csv; some editors write it before json."""
    kind = KINDS_BY_NAME[name]
    good = good_input(kind)
    content = b"\xef\xbb\xbf" + (good / kind.file).read_bytes()
    outcome = judge_damaged(kind, good, tmp_path, content)
    assert outcome.exit_code == kind.exit_code, outcome.err
