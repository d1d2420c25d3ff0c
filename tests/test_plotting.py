import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from src.data.synthetic.demo import standing_body
from src.plotting import guide
from src.plotting.figures import LEFT, RIGHT, new_figure, save_figure
from src.plotting.poses import draw_pose_2d, draw_pose_3d, draw_test_poses
from src.plotting.training import draw_training
from src.skeletons import HUMAN36_JOINTS, SKELETON_NAMES, get_skeleton
from tools import draw_guide

ROOT = Path(__file__).parents[1]


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
    sides = [np.ptp(limits) for limits in (axis.get_xlim(), axis.get_ylim(), axis.get_zlim())]
    assert sides == pytest.approx([sides[0]] * 3)
    for (low, high), values in zip(
        (axis.get_xlim(), axis.get_ylim(), axis.get_zlim()),
        (pose[:, 0], pose[:, 2], -pose[:, 1]),
        strict=True,
    ):
        assert low <= values.min() and values.max() <= high


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
    history = [
        {
            "epoch": 1,
            "step": 9,
            "lr": 1e-3,
            "total": 4.0,
            "relative": 2.0,
            "pa_mpjpe_mm": 90.0,
            "seconds": 3,
        },
        {
            "epoch": 2,
            "step": 18,
            "lr": 1e-3,
            "total": 3.0,
            "relative": 1.0,
            "seconds": 3,
        },  # an epoch without a test
        {
            "epoch": 3,
            "step": 27,
            "lr": 1e-3,
            "total": 2.0,
            "relative": 0.5,
            "pa_mpjpe_mm": 50.0,
            "seconds": 3,
        },
    ]
    left, right = draw_training(history, "x").axes
    assert [line.get_label() for line in left.lines] == ["relative"]
    assert [line.get_label() for line in right.lines] == ["pa_mpjpe"]
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [[1, 2], [2, 1], [3, 0.5]])
    np.testing.assert_array_equal(right.lines[0].get_xydata(), [[1, 90], [3, 50]])


def test_guide_pictures(tmp_path, capsys):
    assert draw_guide.main(["--out", str(tmp_path)]) == 0
    paths = [tmp_path / name for name in ("joints.png", "axes.png", "synthetic.png")]
    assert capsys.readouterr().out.splitlines() == [str(path) for path in paths]
    for path in paths:
        assert imread(path).std() > 0.05
    (tmp_path / "file").write_text("")
    assert draw_guide.main(["--out", str(tmp_path / "file")]) == 2


def test_the_guide_needs_no_torch():
    script = "import sys; import src.plotting.guide; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_axes_show_where_x_y_and_z_point():
    skeleton = get_skeleton("human36_17k")
    pose = standing_body()[list(skeleton.human36_indices)]
    image = guide.draw_image_axes(new_figure(3, 3).add_subplot(), pose[:, :2], skeleton)
    assert image.get_ylim()[0] > image.get_ylim()[1], "y must point down"
    for line, (start, end) in zip(image.lines, skeleton.limbs, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), pose[[start, end], :2])
    space = guide.draw_camera_axes(new_figure(3, 3).add_subplot(projection="3d"), pose, skeleton)
    for line, (start, end) in zip(space.lines, skeleton.limbs, strict=True):
        x, z, y = line.get_data_3d()
        np.testing.assert_array_equal(np.stack([x, y, z], axis=1), pose[[start, end]])
    assert space.get_zlim()[0] > space.get_zlim()[1], "y must point down"


def test_numbers_stand_at_their_joints(drawn):
    skeleton, _ = drawn
    body = standing_body()
    pose = body[list(skeleton.human36_indices)]
    axis = guide.draw_numbered_joints(new_figure(3, 3).add_subplot(), pose, skeleton, "x")
    numbers = {
        text.get_text(): text.get_position() for text in axis.texts if text.get_text().isdigit()
    }
    assert len(numbers) == skeleton.num_joints
    for number, name in enumerate(skeleton.joints):
        x, y = numbers[str(number)]
        assert (x, y) == tuple(body[skeleton.human36_indices[number], :2])
        if "right" in name:
            assert x < 0, "the person's right must be on the left"
    listed = "\n".join(text.get_text() for text in axis.texts[skeleton.num_joints :])
    assert all(f"{number} {name}" in listed for number, name in enumerate(skeleton.joints))
    head = body[HUMAN36_JOINTS.index("head")]
    assert head[1] < body[0, 1], "y must point down"
    toes, ankle = (
        body[HUMAN36_JOINTS.index("right_foot_tip")],
        body[HUMAN36_JOINTS.index("right_ankle")],
    )
    assert toes[2] < ankle[2], "the person must face the camera"
