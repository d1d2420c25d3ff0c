"""The pictures of joints, axes and synthetic motion in the documents."""

import numpy as np
from matplotlib.image import imread

from src.data.synthetic.demo import standing_body
from src.plotting import guide
from src.plotting.figures import new_figure
from src.skeletons import HUMAN36_JOINTS, get_skeleton
from tools import draw_guide


def test_guide_pictures(tmp_path, capsys):
    assert draw_guide.main(["--out", str(tmp_path)]) == 0
    paths = [tmp_path / name for name in ("joints.png", "axes.png", "synthetic.png")]
    assert capsys.readouterr().out.splitlines() == [str(path) for path in paths]
    for path in paths:
        assert imread(path).std() > 0.05
    (tmp_path / "file").write_text("")
    assert draw_guide.main(["--out", str(tmp_path / "file")]) == 2


def test_all_names_of_joints_are_on_the_picture():
    figure = draw_guide.draw_joints()
    figure.draw_without_rendering()
    for axis in figure.axes:
        for text in axis.texts:
            box = text.get_window_extent()
            assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, text.get_text()
            assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, text.get_text()


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


def test_numbers_stand_at_their_joints():
    skeleton = get_skeleton("human36_17k")
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
