"""Drawing: what stands where, the right way up and in the right colour."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from matplotlib.image import imread, imsave

from src.plotting.figures import CYCLE, LEFT, RIGHT, new_figure, save_figure
from src.plotting.lifted import save_moving
from src.plotting.paper import draw_pair, draw_points
from src.plotting.photos import read_images
from src.plotting.poses import draw_pose_2d, draw_pose_3d, draw_test_poses
from src.plotting.training import draw_training
from src.skeletons import SKELETON_NAMES, get_skeleton

IMPORT_ALL = """
import importlib, pkgutil, sys
import src.plotting
names = [module.name for module in pkgutil.iter_modules(src.plotting.__path__)]
assert "figures" in names
for name in names:
    importlib.import_module(f"src.plotting.{name}")
    assert "torch" not in sys.modules, name
"""


def test_drawing_needs_no_torch():
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=SKELETON_NAMES)
def drawn(request):
    skeleton = get_skeleton(request.param)
    pose = np.random.default_rng(0).normal(0, 300, (skeleton.num_joints, 3))
    return skeleton, pose


def test_2d_limbs_are_where_the_joints_are(drawn):
    skeleton, pose = drawn
    axis = draw_pose_2d(new_figure(3, 3).add_subplot(), pose[:, :2], skeleton)
    assert len(axis.lines) == len(skeleton.limbs)
    for line, (start, end), is_right in zip(
        axis.lines, skeleton.limbs, skeleton.right_limbs, strict=True
    ):
        np.testing.assert_array_equal(line.get_xydata(), pose[[start, end], :2])
        assert line.get_color() == (RIGHT if is_right else LEFT)
    assert axis.yaxis_inverted() and not axis.xaxis_inverted()
    assert axis.get_aspect() == 1


def test_3d_is_upright_and_undistorted(drawn):
    skeleton, pose = drawn
    axis = draw_pose_3d(new_figure(3, 3).add_subplot(projection="3d"), pose, skeleton)
    for line, limb in zip(axis.lines, skeleton.limbs, strict=True):
        x, depth, up = line.get_data_3d()
        np.testing.assert_array_equal(np.stack([x, -np.array(up), depth], axis=1), pose[list(limb)])
    limits = [axis.get_xlim(), axis.get_ylim(), axis.get_zlim()]
    sides = [np.ptp(limit) for limit in limits]
    assert sides == pytest.approx([sides[0]] * 3)
    shown = [pose[:, 0], pose[:, 2], -pose[:, 1]]
    for (low, high), values in zip(limits, shown, strict=True):
        assert low <= values.min() and values.max() <= high


def test_a_colour_or_the_size_of_the_cube_can_be_chosen(drawn):
    skeleton, pose = drawn
    axis = draw_pose_2d(new_figure(3, 3).add_subplot(), pose[:, :2], skeleton, color="0.75")
    assert {line.get_color() for line in axis.lines} == {"0.75"}
    axis = new_figure(3, 3).add_subplot(projection="3d")
    assert draw_pose_3d(axis, pose, skeleton, reach_mm=700) is axis
    assert np.ptp(axis.get_xlim()) == pytest.approx(1400)


def test_page_of_test_poses(tmp_path):
    skeleton = get_skeleton("human36_17k")
    poses = np.random.default_rng(0).normal(0, 300, (2, 17, 3))
    figure = draw_test_poses(
        inputs_px=poses[..., :2],
        truth_mm=poses,
        raw_mm=poses / 2,
        raw_errors_mm=np.array([99.4, 80.0]),
        aligned_mm=poses + 10,
        aligned_errors_mm=np.array([17.3, 20.0]),
        names=["S9 Walking 54138969, frame 3", "b"],
        skeleton=skeleton,
        title="mini, ours",
    )
    titles = [axis.get_title() for axis in figure.axes]
    assert (
        len(figure.axes) == 8
        and "frame 3" in titles[0]
        and "MPJPE 99 mm" in titles[2]
        and "PA-MPJPE 17 mm" in titles[3]
        and "mini, ours" in figure.get_suptitle()
    )
    first_limb_x = poses[1, list(skeleton.limbs[0]), 0]
    drawn_x = [axis.lines[0].get_data_3d()[0] for axis in figure.axes[5:]]
    np.testing.assert_allclose(drawn_x, [first_limb_x, first_limb_x / 2, first_limb_x + 10])
    reach = [np.ptp(axis.get_xlim()) for axis in figure.axes[5:]]
    assert reach[0] == pytest.approx(reach[2]) == pytest.approx(2 * reach[1])
    save_figure(tmp_path / "page.png", figure)
    assert imread(tmp_path / "page.png").std() > 0.05  # not an empty page


def test_training_curves():
    columns = {"lr": 1e-3, "seconds": 3}
    history = [
        columns | {"epoch": 1, "step": 9, "total": 4.0, "relative": 2.0, "pa_mpjpe_mm": 90.0},
        columns | {"epoch": 2, "step": 18, "total": 3.0, "relative": 1.0},  # without a test
        columns | {"epoch": 3, "step": 27, "total": 2.0, "relative": 0.5, "pa_mpjpe_mm": 50.0},
    ]
    left, right = draw_training(history, "x").axes
    assert [line.get_label() for line in left.lines] == ["relative"]
    assert [line.get_label() for line in right.lines] == ["pa_mpjpe"]
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [[1, 2], [2, 1], [3, 0.5]])
    np.testing.assert_array_equal(right.lines[0].get_xydata(), [[1, 90], [3, 50]])


def test_curves_of_a_run_on_photos():
    history = [
        {"epoch": 1, "root": 2.0, "wrong_labels": 0.3, "pa_mpjpe_mm": 90.0},
        {"epoch": 2, "root": 1.0, "wrong_labels": 0.2, "pa_mpjpe_mm": 80.0},
    ]
    left, right = draw_training(history, "x").axes
    assert [line.get_label() for line in left.lines] == ["root"]
    assert [line.get_label() for line in right.lines] == ["wrong_labels"]
    assert right.get_title() == "share of wrong labels (e_train: of training labels)"


def test_curves_of_many_terms_repeat_the_colours():
    names = [f"term {number}" for number in range(len(CYCLE) + 1)]
    history = [{"epoch": 1, "pa_mpjpe_mm": 50.0} | dict.fromkeys(names, 1.0)]
    left, _ = draw_training(history, "x").axes
    colors = [line.get_color() for line in left.lines]
    assert colors == [*CYCLE, CYCLE[0]]


def test_points_stand_where_they_are_and_a_model_without_any_is_left_out():
    axis = new_figure(3, 3).add_subplot()
    points = {"supervised": [], "ours": [(1, 4, "a"), (2, 3, "b")]}
    assert draw_points(axis, points, xlabel="x", ylabel="y") is axis
    (line,) = axis.lines
    np.testing.assert_array_equal(line.get_xydata(), [[1, 4], [2, 3]])
    assert line.get_label() == "ours"
    assert [(text.get_text(), *text.xy) for text in axis.texts] == [("a", 1, 4), ("b", 2, 3)]


def test_a_pair_is_marked_closer_and_further():
    pose = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    axis = draw_pair(new_figure(3, 3).add_subplot(), pose, closer=2, further=0)
    marks = {line.get_label(): line.get_xydata().tolist() for line in axis.lines}
    assert marks == {"closer": [[4, 5]], "further away": [[0, 1]]}


def test_photos_that_cannot_be_read_are_none_and_one_line_says_so(tmp_path, capsys):
    imsave(tmp_path / "a.png", np.zeros((4, 5, 3)))
    (tmp_path / "b.png").write_text("no picture")
    (image,) = read_images(tmp_path, ["a.png"])
    assert image.shape[:2] == (4, 5)
    assert capsys.readouterr().out == ""
    first, *others = read_images(tmp_path, ["a.png", "b.png", "c.png"])
    assert first is not None and others == [None, None]
    note = f"note: no photos under {tmp_path}: poses are drawn on a plain background\n"
    assert capsys.readouterr().out == note
    assert read_images(None, ["a.png"]) == [None]
    assert capsys.readouterr().out.startswith("note: no photos: ")


def test_dollars_are_no_formulas(tmp_path):
    """A file may be called so; between two of them matplotlib sees a formula, and fails."""
    name = r"a $\frac{ b$ \$ c"
    figure = new_figure(4, 3)
    axis = figure.add_subplot()
    figure.suptitle(name)
    axis.set_title(name)
    axis.set_xlabel(name)
    axis.set_xticks([0, 1], labels=[name, name])
    axis.plot([0, 1], [1, 1000], label=name)
    axis.set_yscale("log")
    axis.legend(title=name)
    axis.annotate(name, (0, 1))
    solid = figure.add_subplot(projection="3d")
    solid.set_zlabel(name)
    save_figure(tmp_path / "x.png", figure)
    assert not axis.title.get_parse_math()
    powers = [label for label in axis.get_yticklabels() if label.get_text()]
    assert powers
    assert all(label.get_parse_math() for label in powers)


def test_a_moving_picture_takes_dollars_literally(tmp_path):
    figure = new_figure(2, 2)
    axis = figure.add_subplot()

    def draw(i):
        axis.clear()
        axis.set_title(rf"$\frac{{$ {i}")

    assert save_moving(tmp_path / "x", figure, draw, 2, fps=1).exists()
