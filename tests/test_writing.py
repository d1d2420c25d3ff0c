"""What commands write: inside their output folder alone, whole, and one command at a time.

Names that data contain lead nowhere else; links, devices and files of the user's are left alone.
"""

import errno
import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from opts.command import run_command

import numpy as np
import pytest
import torch
from conftest import ROOT
from miniature import CAMERAS, write_human36
from run_files import file_names

import main_human36
import main_lsp
import run_model
from opts.human36 import parse_options as parse_human36
from opts.lsp import parse_options as parse_lsp
from paper_exps import collect
from paper_exps import run as paper_run
from src.cameras import load_cameras
from src.data.human36.h5_layout import H5Layout, detection_path
from src.data.human36.write_h5 import write_layout
from src.data.views import Motion
from src.errors import InputError, reason_of
from src.files import (
    file_name_of,
    locked_folder,
    locked_path,
    open_log,
    unfinished_folder,
    write_atomically,
)
from src.lifted_files import OUTPUT_NAMES
from src.skeletons import get_skeleton
from src.training.run_folder import RunFolder
from tools import check_data, convert_bvh, draw_guide, make_demo, make_synthetic, merge_answers

HOSTILE_NAMES = (
    "../../victim",
    "..",
    ".",
    "...",
    "",
    "/etc/victim",
    "a/b",
    "a\\b",
    "C:victim",
    "a\0b",
    "a\nb",
    ".lock",
    "a%2Fb",
    "half a pair \ud800",
)


def write_text(text: str):
    """Make a function for `write_atomically` that writes a text."""
    return lambda path: path.write_text(text)


# Names that data contain


@pytest.mark.parametrize("name", ["54138969", "Walking 1", "mini", "cmu_h36m", "Jürgen", "Anna.2"])
def test_usual_names_stay_as_they_are(name):
    assert file_name_of(name) == name


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_lead_nowhere_else(name, tmp_path):
    file_name = file_name_of(name)
    assert not file_name.startswith(".")
    (tmp_path / file_name).write_text("")
    assert [path.name for path in tmp_path.iterdir()] == [file_name]


def test_different_names_stay_different():
    assert len({file_name_of(name) for name in HOSTILE_NAMES}) == len(HOSTILE_NAMES)


def test_names_that_the_file_system_cannot_encode(monkeypatch):
    def encode_as_ascii(text):
        return text.encode("ascii")

    monkeypatch.setattr(os, "fsencode", encode_as_ascii)
    assert file_name_of("Zoë") == "Zo%C3%AB"


def test_cameras_and_motions_of_a_set_lead_nowhere_else(tmp_path):
    """A set with such names is written within its folder, and can be read again."""
    cameras = load_cameras(write_human36(tmp_path / "in", subjects=(1,)) / "cameras.h5")
    camera = cameras[1, CAMERAS[0]]
    victim = tmp_path / "out" / "victim.h5"
    victim.parent.mkdir()
    victim.write_text("mine")
    name = "Walking/../../../../victim"
    camera_name = "../../../../victim"
    motion = Motion(1, "Walking", name, np.ones((2, 32, 3)), where="")
    poses = np.ones((2, 16, 2), np.float32)
    out = tmp_path / "out" / "set"
    write_layout(
        out,
        {(1, camera_name): camera},
        [motion],
        total=1,
        detect=lambda motion, camera: poses,
        texts={"../../text": "text"},
    )
    assert file_names(tmp_path) == {"in", "out"}
    assert file_names(tmp_path / "out") == {"set", "victim.h5"}
    assert victim.read_text() == "mine"
    path = detection_path(out, 1, name, camera_name)
    assert path.is_file() and path.parent == out / "S1" / "StackedHourglassFineTuned240"
    source = H5Layout(out)
    read = source.detections(1, name, camera_name, 2, get_skeleton("shg_16k"))
    np.testing.assert_array_equal(read, poses)


@pytest.mark.parametrize("file_name", ["...json", "..json", ".json", "..", "../..json"])
def test_label_files_of_any_name_give_run_folders_within_ckpt(file_name):
    options, _ = parse_lsp(["--annotations", file_name, "--supervision", "relative"])
    path = Path(options.exp)
    assert not path.is_absolute() and len(path.parts) == 3
    assert not any(part.startswith(".") for part in path.parts)


def test_the_root_of_all_folders_gives_a_run_folder_within_ckpt():
    options, _ = parse_human36(["--data_dir", "/"])
    assert options.exp == "%/ours/seed_0"


@pytest.mark.parametrize("exp", ["../x", "a/../../x", "..", "/tmp/x", "a/.."])
@pytest.mark.parametrize("script", [main_human36, main_lsp])
def test_exp_does_not_lead_out_of_ckpt(script, exp, tmp_path, capsys):
    assert script.main(["--ckpt", str(tmp_path / "runs"), "--exp", exp]) == 2
    error = capsys.readouterr().err
    assert error == f"error: --exp {exp}: leads out of --ckpt; give a path within that folder\n"
    assert file_names(tmp_path) == set()


def test_pictures_of_tables_lead_nowhere_else(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(collect, "collect", lambda *_, **options: {"../../victim": []})
    monkeypatch.setattr(collect, "heading", lambda rows: "title")
    monkeypatch.setattr(collect, "make_table", lambda table, rows: [["a"], ["b"]])
    collect.print_tables(["table_1"], ckpt="", format="png", out=tmp_path / "a" / "b")
    assert file_names(tmp_path) == {"a"}
    assert file_names(tmp_path / "a" / "b") == {"table_1_..%2F..%2Fvictim.png"}


# Links, devices, files of the user's


def make_link(path: Path):
    """A link to a file of the user's, victim, beside it."""
    (path.parent / "victim").write_text("mine")
    path.symlink_to("victim")


def make_dangling_link(path: Path):
    """A link to a file that does not exist, and must not."""
    path.symlink_to("new")


def make_device_link(path: Path):
    path.symlink_to("/dev/null")


def make_folder_with_a_file(path: Path):
    path.mkdir()
    (path / "mine").write_text("mine")


OBSTACLES = {
    "link": make_link,
    "dangling link": make_dangling_link,
    "link to a device": make_device_link,
    "pipe": os.mkfifo,
    "folder": make_folder_with_a_file,
}


def snapshot(folder: Path) -> dict[str, tuple]:
    """What is in a folder and those below it: kind, target of links, content of files."""
    content = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        text = None
        if path.is_symlink():
            text = str(path.readlink())
        elif path.is_file():
            text = path.read_bytes()
        content[str(path.relative_to(folder))] = (stat.S_IFMT(mode), text)
    return content


@pytest.fixture(params=list(OBSTACLES))
def make_obstacle(request):
    """A function that puts something at a path that is no file."""
    return OBSTACLES[request.param]


def test_obstacles_are_neither_followed_nor_replaced(tmp_path, make_obstacle):
    make_obstacle(tmp_path / "result.json")
    before = snapshot(tmp_path)
    with pytest.raises(InputError, match="result.json: is a.*neither followed nor replaced"):
        write_atomically(tmp_path / "result.json", write_text("text"))
    with pytest.raises(InputError, match="neither followed nor replaced"):
        open_log(tmp_path / "result.json")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["options.json", "last.pt", "test_poses.png", ".lock"])
def test_obstacles_in_a_run_folder_are_refused_at_the_door(
    tmp_path, make_obstacle, run_human36, name
):
    (tmp_path / "run").mkdir()
    make_obstacle(tmp_path / "run" / name)
    before = snapshot(tmp_path)
    exit_code, text, _ = run_human36()
    assert exit_code == 2
    assert len(text.splitlines()) == 1 and f"{name}: is a" in text
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("exp", ["link", "link/below"])
def test_a_run_folder_behind_a_link_is_refused(tmp_path, run_human36, exp):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    exit_code, text, _ = run_human36(exp=exp)
    assert exit_code == 2
    assert "link: is a symbolic link" in text
    assert file_names(tmp_path / "elsewhere") == set()


def test_the_folder_of_all_runs_may_be_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs").symlink_to("elsewhere")
    with RunFolder(tmp_path / "runs", "a/b") as run:
        run.write_json("options.json", {})
    assert (tmp_path / "elsewhere" / "a" / "b" / "options.json").is_file()


@pytest.mark.parametrize("name", OUTPUT_NAMES)
def test_obstacles_in_an_output_folder_are_refused_before_anything_is_written(
    tmp_path, make_obstacle, capsys, name
):
    make_obstacle(tmp_path / name)
    before = snapshot(tmp_path)
    assert run_model.main([str(ROOT / "demo_data" / "throw.npz"), "--out", str(tmp_path)]) == 2
    assert f"{name}: is a" in capsys.readouterr().err
    assert snapshot(tmp_path) == before


def test_a_link_is_no_new_folder(tmp_path, capsys):
    (tmp_path / "out").symlink_to("elsewhere")
    assert make_synthetic.main(["--out", str(tmp_path / "out"), "--frames", "2"]) == 2
    assert "is a symbolic link" in capsys.readouterr().err
    assert file_names(tmp_path) == {"out"}


def test_logs_of_rows_go_behind_no_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "logs").symlink_to("elsewhere")
    with pytest.raises(InputError, match="logs: is a symbolic link"):
        paper_run.run_row(row_in(tmp_path), slot=0, jobs=1, stop=None)
    assert file_names(tmp_path / "elsewhere") == set()


def row_in(folder: Path, exp="data/row/seed_0"):
    """What `run_row` needs to know of a row; its command prints a line."""
    options = SimpleNamespace(ckpt=str(folder), exp=exp, eval_only=False, epochs=1)
    command = [sys.executable, "-c", "print('hello')"]
    return SimpleNamespace(name="row", options=options, command=lambda: command)


def test_a_file_of_the_users_that_is_called_as_the_lock(tmp_path):
    (tmp_path / ".lock").write_text("my locks\n")
    with pytest.raises(InputError, match="no lock file of this project"), locked_folder(tmp_path):
        pass
    assert (tmp_path / ".lock").read_text() == "my locks\n"


def test_temporary_names_differ_each_time_and_belong_to_this_user(tmp_path):
    paths = []

    def write(path):
        paths.append(path)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        path.write_text("text")

    for _ in range(3):
        write_atomically(tmp_path / "result.json", write)
    assert len(set(paths)) == 3
    assert all(path.parent.parent == tmp_path for path in paths)
    assert file_names(tmp_path) == {"result.json"}


def test_files_are_as_public_as_the_user_wants_them(tmp_path):
    mask = os.umask(0o022)
    try:
        write_atomically(tmp_path / "result.json", write_text("text"))
        write_layout(
            tmp_path / "set", {}, [], total=0, detect=lambda motion, camera: None, texts={}
        )
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "result.json").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "set").stat().st_mode) == 0o755


def test_what_was_once_a_temporary_name_may_be_the_users(tmp_path, capsys):
    """Temporary names were NAME.tmp and NAME.part: what is there now is the user's."""
    (tmp_path / ".result.tmp.json").write_text("mine")
    make_folder_with_a_file(tmp_path / ".set.part")
    before = snapshot(tmp_path)
    write_atomically(tmp_path / "result.json", write_text("text"))
    assert make_synthetic.main(["--out", str(tmp_path / "set"), "--frames", "2"]) == 0
    assert before.items() <= snapshot(tmp_path).items()


# Two commands at once


def out_of(tmp_path: Path) -> Path:
    return tmp_path / "out"


def lift(tmp_path: Path) -> int:
    demo = str(ROOT / "demo_data" / "throw.npz")
    return run_model.main([demo, "--out", str(out_of(tmp_path))])


def draw(tmp_path: Path) -> int:
    return draw_guide.main(["--out", str(out_of(tmp_path))])


def make_examples(tmp_path: Path) -> int:
    return make_demo.main(["--out", str(out_of(tmp_path))])


def make_motion(tmp_path: Path) -> int:
    return make_synthetic.main(["--out", str(out_of(tmp_path)), "--frames", "2"])


def convert_motion(tmp_path: Path) -> int:
    return convert_bvh.main([str(tmp_path), "--out", str(out_of(tmp_path))])


def convert_data(tmp_path: Path) -> int:
    return check_data.main([str(tmp_path), "--convert", str(out_of(tmp_path))])


def merge(tmp_path: Path) -> int:
    tokens = ["answers.csv", "--poses", "poses.json", "--out", str(out_of(tmp_path))]
    return merge_answers.main(tokens)


def save_table(tmp_path: Path) -> int:
    return run_command(collect.save_as_picture, [["a"], ["b"]], "title", out_of(tmp_path))


def run_row(tmp_path: Path) -> int:
    return run_command(lambda: paper_run.run_row(row_in(tmp_path), slot=0, jobs=1, stop=None))


@pytest.mark.parametrize("command", [lift, draw, make_examples])
def test_a_folder_is_for_one_command_at_a_time(command, tmp_path, capsys):
    out = out_of(tmp_path)
    with locked_folder(out):
        before = snapshot(tmp_path)
        assert command(tmp_path) == 2
        error = capsys.readouterr().err
        assert f"{out}: in use by process {os.getpid()}; wait for it" in error
        assert len(error.splitlines()) == 1
        assert snapshot(tmp_path) == before
    assert command(tmp_path) == 0
    assert ".lock" not in file_names(out)


@pytest.mark.parametrize(
    "command", [make_motion, convert_motion, convert_data, merge, save_table, run_row]
)
def test_a_path_is_for_one_command_at_a_time(command, tmp_path, capsys):
    out = out_of(tmp_path)
    if command is run_row:
        out = tmp_path / "logs" / "data_row_seed_0.txt"
    with locked_path(out):
        before = snapshot(tmp_path)
        assert command(tmp_path) == 2
        assert f"{out}: in use by process {os.getpid()}; wait for it" in capsys.readouterr().err
        assert snapshot(tmp_path) == before
    assert file_names(tmp_path) == set()  # the folder of the log, too, is gone


def test_where_there_are_no_locks_folders_work_without(tmp_path, monkeypatch):
    """As on Windows: a folder in use is not noticed there, and what others write is not removed."""
    monkeypatch.setattr("src.files.fcntl", None)
    (tmp_path / ".a.png.12345678.unfinished").mkdir()
    with locked_folder(tmp_path), locked_folder(tmp_path):
        write_atomically(tmp_path / "a.png", write_text("text"))
    assert file_names(tmp_path) == {"a.png", ".a.png.12345678.unfinished"}


def test_files_beside_each_other_can_be_written_at_the_same_time(tmp_path):
    with locked_path(tmp_path / "fig_1d.png"), locked_path(tmp_path / "fig_2.png"):
        pass


def test_two_processes_make_one_set(tmp_path):
    command = [sys.executable, "tools/make_synthetic.py", "--frames", "2", "--out"]
    processes = []
    for _ in range(2):
        process = subprocess.Popen(
            [*command, str(tmp_path / "set")], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 2]
    refusal = "in use by process|not an empty folder"  # if it was ready when the second began
    assert re.search(refusal, "".join(errors))
    assert file_names(tmp_path) == {"set"}


def test_files_are_replaced_whole_and_others_stay(tmp_path, capsys):
    out = out_of(tmp_path)
    assert lift(tmp_path) == 0
    lifted = (out / "poses_3d.npz").read_bytes()
    (out / "poses_3d.npz").write_text("another")
    (out / "notes.txt").write_text("mine")
    assert lift(tmp_path) == 0
    assert len((out / "poses_3d.npz").read_bytes()) == len(lifted)
    assert file_names(out) == {"poses_3d.npz", "poses_3d.png", "notes.txt"}


def kill_while_writing(path: Path, lock: str):
    """Have a process killed in the middle of writing a file, under the lock of that name."""
    code = f"""
import os, signal, src.files
def write(path):
    path.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
with src.files.{lock}:
    src.files.write_atomically({str(path)!r}, write)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL


def test_what_a_killed_process_leaves_is_in_nobodys_way_and_removed_by_the_next(tmp_path):
    path = tmp_path / "poses_3d.npz"
    kill_while_writing(path, f"locked_folder({str(tmp_path)!r})")
    assert len(list(tmp_path.glob(".poses_3d.npz.*.unfinished"))) == 1
    write_atomically(path, write_text("whole"))
    with locked_folder(tmp_path):
        assert file_names(tmp_path) == {".lock", "poses_3d.npz"}
    assert path.read_text() == "whole"


def test_who_locks_a_path_removes_what_was_left_of_this_one_alone(tmp_path):
    for name in ("a.png", "b.png"):
        kill_while_writing(tmp_path / name, f"locked_path({str(tmp_path / name)!r})")
    with locked_path(tmp_path / "a.png"):
        names = file_names(tmp_path)
    assert not any(name.startswith(".a.png.") and name.endswith(".unfinished") for name in names)
    assert any(name.startswith(".b.png.") and name.endswith(".unfinished") for name in names)


def test_what_looks_almost_like_a_leftover_stays(tmp_path):
    make_folder_with_a_file(tmp_path / "unfinished")
    make_folder_with_a_file(tmp_path / ".unfinished")
    make_folder_with_a_file(tmp_path / ".novel.unfinished")
    make_folder_with_a_file(tmp_path / "novel.12345678.unfinished")
    (tmp_path / ".novel.12345678.unfinished").write_text("a file")
    (tmp_path / ".novel.abcdefgh.unfinished").symlink_to("unfinished")
    before = snapshot(tmp_path)
    with locked_folder(tmp_path):
        pass
    assert snapshot(tmp_path) == before


def test_the_second_of_two_rows_does_not_touch_the_log_of_the_first(tmp_path):
    row = row_in(tmp_path)
    assert paper_run.run_row(row, slot=0, jobs=1, stop=SimpleNamespace(wait=lambda _: None)) is None
    log = tmp_path / "logs" / "data_row_seed_0.txt"
    assert log.read_text() == "hello\n"
    with locked_path(log), pytest.raises(InputError, match="in use by process"):
        paper_run.run_row(row, slot=0, jobs=1, stop=None)
    assert log.read_text() == "hello\n"


# A full disk


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device that is always full")
def test_a_full_disk_is_called_that():
    with pytest.raises(OSError) as caught, Path("/dev/full").open("wb") as file:
        torch.save({"weights": torch.zeros(10**5)}, file)
    assert reason_of(caught.value) == "the disk is full"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("unexpected pos 704 vs 598"),
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
        subprocess.CalledProcessError(1, "ffmpeg"),
    ],
    ids=["the system", "torch", "a pipe to ffmpeg", "ffmpeg"],
)
def test_a_full_disk_is_called_that_whoever_notices_it(tmp_path, monkeypatch, error):
    def fail(path):
        raise error

    monkeypatch.setattr("src.files.shutil.disk_usage", lambda path: SimpleNamespace(free=4096))
    with pytest.raises(InputError, match=r"a.png: cannot be written \(the disk is full\);"):
        write_atomically(tmp_path / "a.png", fail)
    assert file_names(tmp_path) == set()


def test_other_reasons_are_not_called_a_full_disk(tmp_path):
    def fail(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with pytest.raises(InputError, match=r"a.png: cannot be written \(Permission denied\);"):
        write_atomically(tmp_path / "a.png", fail)


def test_a_disk_too_full_for_a_lock(tmp_path, monkeypatch):
    def fail(descriptor, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("src.files.os.write", fail)
    message = r"out: cannot be written \(the disk is full\); choose another --out"
    with pytest.raises(InputError, match=message), locked_folder(tmp_path / "out"):
        pass
    assert file_names(tmp_path) == set()


def test_an_output_on_a_full_disk_ends_in_one_line(capsys):
    def command():
        raise OSError(errno.ENOSPC, "No space left on device")

    assert run_command(command) == 2
    assert capsys.readouterr().err == "error: cannot write: the disk is full\n"


def test_a_temporary_folder_is_gone_whatever_happens(tmp_path):
    with pytest.raises(KeyboardInterrupt), unfinished_folder(tmp_path / "set") as folder:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt
    assert file_names(tmp_path) == set()


def test_results_are_written_as_before(tmp_path):
    """The name of a temporary file decides nothing: numpy and matplotlib look at its ending."""
    write_atomically(tmp_path / "a.npz", lambda path: np.savez(path, x=np.arange(3)))
    with np.load(tmp_path / "a.npz") as file:
        assert file["x"].tolist() == [0, 1, 2]
    write_atomically(tmp_path / "a.json", lambda path: path.write_text(json.dumps([1])))
    assert json.loads((tmp_path / "a.json").read_text()) == [1]
