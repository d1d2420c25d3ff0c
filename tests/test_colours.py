"""The colours of the authors, for readers with any kind of sight."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from src.plotting.figures import LEFT, OURS, RIGHT, SIDES, SUPERVISED, new_figure
from src.plotting.lifted import lifted_sheet
from src.plotting.paper import STYLES
from src.plotting.poses import draw_pose_2d, draw_pose_3d
from src.skeletons import get_skeleton

PAIRS = {"sides": (RIGHT, LEFT), "models": (SUPERVISED, OURS)}

# What linear RGB looks like with one kind of cone missing: Machado, Oliveira and Fernandes, "A
# physiologically-based model for simulation of color vision deficiency", 2009, severity 1.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
RGB_TO_XYZ = np.array(
    [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
)


def linear_rgb(color: str) -> np.ndarray:
    """Undo sRGB's gamma."""
    values = np.array(to_rgb(color))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Turn linear RGB into CIELAB (L, a, b), where a distance of 2 can just be seen."""
    ratio = RGB_TO_XYZ @ np.clip(rgb, 0, 1) / RGB_TO_XYZ.sum(axis=1)
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    x, y, z = root
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("pair", PAIRS)
def test_colours_of_a_pair_differ_for_everybody(pair, sight):
    first, second = [lab(np.array(SIGHT[sight]) @ linear_rgb(color)) for color in PAIRS[pair]]
    assert np.linalg.norm(first - second) > 60


@pytest.mark.parametrize("pair", PAIRS)
def test_colours_of_a_pair_differ_in_grey(pair):
    first, second = [lab(linear_rgb(color)) for color in PAIRS[pair]]
    assert second[0] - first[0] > 20, "the first must be darker"


def hue(color: str) -> str:
    """Name a colour by its strongest and weakest part."""
    red, green, blue = to_rgb(color)
    if blue > max(red, green):
        return "blue"
    if red > max(green, blue):
        return "orange" if green - blue > red / 2 else "red"
    return "another"


def test_colours_are_the_authors():
    assert hue(RIGHT) == "blue" and hue(LEFT) == "red"
    assert hue(STYLES["supervised"].color) == "blue" and hue(STYLES["ours"].color) == "orange"
    assert STYLES["supervised"].color == SUPERVISED and STYLES["ours"].color == OURS


def test_right_and_left_arm_have_their_colours_in_2d_and_3d():
    skeleton = get_skeleton("human36_17k")
    pose = np.random.default_rng(0).normal(0, 300, (17, 3))
    axes = [
        draw_pose_2d(new_figure(3, 3).add_subplot(), pose[:, :2], skeleton),
        draw_pose_3d(new_figure(3, 3).add_subplot(projection="3d"), pose, skeleton),
    ]
    for axis in axes:
        for line, (_, end) in zip(axis.lines, skeleton.limbs, strict=True):
            is_right = skeleton.joints[end].startswith("right")
            assert line.get_color() == (RIGHT if is_right else LEFT)


def test_pages_say_which_side_is_which():
    skeleton = get_skeleton("human36_17k")
    poses = np.random.default_rng(0).normal(0, 300, (1, 17, 3))
    page = lifted_sheet(poses[..., :2], poses, skeleton, captions=["a"], title="b")
    assert SIDES in page.get_suptitle()
    assert SIDES.startswith("blue: the person's right")
