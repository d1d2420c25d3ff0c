"""The explanatory pictures of the documents: numbered joints, and axes in 2D and 3D."""

import numpy as np

from src.plotting.poses import draw_limbs
from src.skeletons import Skeleton


def draw_numbered_joints(axis, pose: np.ndarray, skeleton: Skeleton, title: str):
    """Draw a standing pose from the front with its joints' numbers, and list their names below.

    pose: (K,3) mm in a camera's frame, mid_hip at the origin. A joint's number is its index in the
    skeleton, as in the arrays that a model takes and gives. Returns the axis, switched off.
    """
    draw_limbs(axis, pose[:, :2], skeleton)
    circle = {"boxstyle": "circle,pad=0.15", "fc": "white", "ec": "black", "lw": 0.5}
    for number, (x, y, _) in enumerate(pose):
        axis.text(x, y, str(number), fontsize=6, ha="center", va="center", bbox=circle)
    axis.set(xlim=(-700, 700), ylim=(1050, -800), aspect="equal", anchor="N")  # mm, y down
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()

    lines = [f"{number} {name}" for number, name in enumerate(skeleton.joints)]
    half = (len(lines) + 1) // 2
    _write_below(axis, 0.0, lines[:half])
    _write_below(axis, 0.52, lines[half:])
    return axis


def _write_below(axis, x: float, lines: list[str]):
    """Write lines of text below an axis, from a share x of its width."""
    text = "\n".join(lines)
    axis.text(x, -0.02, text, fontsize=6.5, va="top", transform=axis.transAxes)


def draw_image_axes(axis, pose_2d: np.ndarray, skeleton: Skeleton):
    """Draw a pose (K,2) px in an image of 1000 x 1000 px, and what its axes mean.

    Returns the axis.
    """
    draw_limbs(axis, pose_2d, skeleton)
    axis.set(
        xlim=(0, 1000),
        ylim=(1000, 0),
        xlabel="x (px), to the right",
        ylabel="y (px), down",
        aspect="equal",
    )
    axis.set_title("2D: (N, K, 2) pixels in the image", fontsize=9)
    _set_small_ticks(axis)
    return axis


def draw_camera_axes(axis, pose_3d: np.ndarray, skeleton: Skeleton):
    """Draw a pose (K,3) mm in a camera's frame, the root at the origin, and what its axes mean.

    axis: a 3D one; its vertical axis shows y, which points down. Returns the axis.
    """
    draw_limbs(axis, pose_3d[:, [0, 2, 1]], skeleton)
    axis.set(
        xlim=(-1000, 1000),
        ylim=(-1000, 1000),
        zlim=(1000, -1000),
        xlabel="x (mm), right",
        ylabel="z (mm), away from the camera",
        zlabel="y (mm), down",
    )
    axis.set_title("3D: (N, K, 3) mm in the camera's frame,\nthe root at the origin", fontsize=9)
    axis.set_box_aspect((1, 1, 1), zoom=0.85)
    axis.view_init(elev=15, azim=-60)
    _set_small_ticks(axis)
    return axis


def _set_small_ticks(axis):
    axis.locator_params(nbins=5)
    axis.tick_params(labelsize=6)
