"""--show: windows with 3D axes that the mouse turns, and what is said where there can be none."""

import importlib
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from PIL import features

import run_model
from src.errors import InputError
from src.plotting.figures import LEFT, RIGHT, new_figure, show_figure

USER = ROOT / "tests" / "at_the_window.py"
RESULTS = ROOT / "tests" / "results"
# What decides where matplotlib opens windows.
VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")


def environment(**variables):
    """Return this process's environment without VARIABLES but those that are given."""
    others = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return others | variables


@pytest.fixture(scope="module")
def display():
    """Start an X server that needs no screen, and return its name, as ":1"."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb, an X server without a screen")
    if not features.check("xcb"):
        pytest.skip("needs a Pillow that can photograph the screen")
    read_end, write_end = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x1024x24"]
    command += ["-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as pipe:
            number = pipe.readline().strip()  # nothing if it ends at once
        if not number:
            pytest.skip("Xvfb does not start here")
        name = f":{number}"
        require_toolkit(name)
        yield name
    finally:
        server.terminate()
        server.wait()


def require_toolkit(display: str):
    """Skip the test unless matplotlib can open windows on this display."""
    done = subprocess.run(
        [sys.executable, "-c", "from matplotlib import pyplot; print(pyplot.get_backend())"],
        env=environment(DISPLAY=display),
        capture_output=True,
        text=True,
        check=True,
    )
    if done.stdout.strip().lower() == "agg":
        pytest.skip("needs a toolkit for windows, Tk or Qt")


# {script: its options}
WINDOWS = {
    "run_model": ["demo_data/throw.npz", "--checkpoint", "checkpoint/cmu_17k"],
    "fig_s3": ["--results", RESULTS],
    "h36_sequence": ["--results", RESULTS, "--frames", "2"],
}
PICTURES = {
    "run_model": "poses_3d.png",
    "fig_s3": "fig_s3.png",
    "h36_sequence": "h36_sequence.gif",
}


@pytest.mark.parametrize("script", WINDOWS)
def test_a_window_opens_and_its_axes_turn(display, tmp_path, script):
    screenshot = tmp_path / "screen.png"
    options = [*WINDOWS[script], "--out", tmp_path / "out", "--show"]
    done = subprocess.run(
        [sys.executable, USER, screenshot, script, *options],
        cwd=ROOT,
        env=environment(DISPLAY=display),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    views = json.loads(done.stdout.splitlines()[-1])
    assert len(views) >= 2
    for azimuth, elevation, turned_azimuth, turned_elevation, roll in views:
        assert abs(turned_azimuth - azimuth) > 5
        assert abs(turned_elevation - elevation) > 5
        assert roll == 0, "people must stay upright"
    screen = imread(screenshot)[..., :3]
    for color in (RIGHT, LEFT):
        differences = np.abs(screen - to_rgb(color)).max(axis=-1)
        assert (differences < 0.02).sum() > 100, "no limbs on the screen"
    picture = imread(tmp_path / "out" / PICTURES[script])
    assert picture.std() > 0.05


NO_WINDOW = {
    "no display": {},
    "a toolkit that is not there": {"MPLBACKEND": "module://no_such_toolkit"},
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere is always a display")
@pytest.mark.parametrize("variables", NO_WINDOW.values(), ids=NO_WINDOW)
def test_where_no_window_can_be_opened_one_line_says_where_the_picture_is(tmp_path, variables):
    script = ROOT / "paper_plots" / "fig_s3.py"
    done = subprocess.run(
        [sys.executable, script, "--results", RESULTS, "--out", "out", "--show"],
        cwd=tmp_path,
        env=environment(**variables),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: --show: no window can be opened")
    assert line.endswith("the picture is in out/fig_s3.png")
    assert imread(tmp_path / "out" / "fig_s3.png").std() > 0.05


@pytest.mark.parametrize("backend", ["agg", "Agg", "pdf", "svg"])
def test_backends_that_only_write_files_open_no_window(monkeypatch, backend):
    monkeypatch.setattr("matplotlib.pyplot.get_backend", lambda: backend)
    with pytest.raises(InputError, match="no display here.* the picture is in a.png"):
        show_figure(new_figure(3, 3), "a.png")


def test_large_pages_fit_on_the_screen():
    small = new_figure(6, 4)
    assert small.dpi == 100
    for width, height in ((30, 4), (15, 22)):
        large = new_figure(width, height)
        width_px, height_px = large.get_size_inches() * large.dpi
        assert width_px <= 1200.5 and height_px <= 800.5
        assert max(width_px / 1200, height_px / 800) == pytest.approx(1)


def test_nothing_to_show_is_refused(tmp_path, capsys):
    out = tmp_path / "out"
    assert run_model.main(["--show", "--pictures", "0", "--out", str(out)]) == 2
    assert "--pictures 0" in capsys.readouterr().err
    assert not out.exists()


def test_all_figures_have_no_window(monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / "paper_plots")
    assert importlib.import_module("all").main(["--show"]) == 2
    assert "unknown option --show" in capsys.readouterr().err
