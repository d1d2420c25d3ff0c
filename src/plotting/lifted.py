"""Pictures of lifted poses: the 2D input beside the 3D pose from two sides."""

import shutil
from pathlib import Path

import numpy as np
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from tqdm import tqdm

from src.files import write_atomically
from src.plotting.figures import SIDES, new_figure, take_text_literally
from src.plotting.poses import draw_pose_2d, draw_pose_3d

# Where a pose is seen from, in degrees, -90 being the camera.
_AZIMUTH_LEFT = -120
_AZIMUTH_RIGHT = -30


def draw_lifted(
    axes, pose_2d: np.ndarray, pose_3d: np.ndarray, skeleton, *, caption: str, image=None
):
    """Draw one pose on three axes, and return them.

    axes: a flat one and two 3D ones, as `_add_axes` makes them. pose_2d: (K,2) px, drawn on its
    photo ``image`` (H,W,3) if there is one. pose_3d: (K,3) in the camera's frame.
    """
    flat_axis, left_axis, right_axis = axes
    if image is not None:
        flat_axis.imshow(image)
    draw_pose_2d(flat_axis, pose_2d, skeleton)
    flat_axis.set_title(caption, fontsize=8)
    draw_pose_3d(left_axis, pose_3d, skeleton, azimuth=_AZIMUTH_LEFT)
    left_axis.set_title("3D, from the camera's left", fontsize=8)
    draw_pose_3d(right_axis, pose_3d, skeleton, azimuth=_AZIMUTH_RIGHT)
    right_axis.set_title("3D, from its right", fontsize=8)
    return axes


def _add_axes(figure, rows: int, columns: int, first: int):
    """Return a flat axis and two 3D ones, side by side.

    The figure is a grid of ``rows`` x ``columns`` such triples; ``first`` is the number, from 1 and
    along the rows, of the first axis.
    """
    flat_axis = figure.add_subplot(rows, 3 * columns, first)
    left_axis = figure.add_subplot(rows, 3 * columns, first + 1, projection="3d")
    right_axis = figure.add_subplot(rows, 3 * columns, first + 2, projection="3d")
    return flat_axis, left_axis, right_axis


def lifted_sheet(
    poses_2d: np.ndarray, poses_3d: np.ndarray, skeleton, *, captions, title: str, images=None
):
    """Return a figure with all the poses (N,K,2) px and (N,K,3), each under one of N captions.

    images: N photos (H,W,3) or None, to draw the 2D poses on; None if there are none at all.
    """
    columns = 1 if len(captions) <= 3 else 2
    rows = -(-len(captions) // columns)  # rounded up
    figure = new_figure(7.5 * columns, 2.7 * rows + 0.5)
    figure.suptitle(
        f"{title}\n({SIDES}; y shown upwards, z away from the camera)",
        fontsize=9,
    )
    for i, caption in enumerate(captions):
        draw_lifted(
            _add_axes(figure, rows, columns, 3 * i + 1),
            poses_2d[i],
            poses_3d[i],
            skeleton,
            caption=caption,
            image=images[i] if images else None,
        )
    return figure


def animate(
    path: Path, poses_2d: np.ndarray, poses_3d: np.ndarray, skeleton, *, frames, fps: int = 12
) -> Path:
    """Write a moving picture of a sequence (F,K,2) px and (F,K,3), and return its path.

    path has no suffix: see `save_moving`. frames: the F numbers of the frames.
    """
    figure = new_figure(7.5, 3)
    # The layout engine moves axes a little from frame to frame, so that they tremble.
    figure.set_layout_engine("none")
    axes = _add_axes(figure, rows=1, columns=1, first=1)

    def draw(i):
        for axis in axes:
            axis.clear()
        draw_lifted(axes, poses_2d[i], poses_3d[i], skeleton, caption=f"frame {frames[i]}")

    return save_moving(path, figure, draw, len(poses_2d), fps=fps)


def save_moving(path: Path, figure, draw, frames: int, *, fps: int) -> Path:
    """Write a moving picture of so many frames, ``draw(i)`` drawing frame i, and return its path.

    It is an mp4 where ffmpeg is installed, else a gif; ``path`` gets that suffix.
    """

    def draw_literally(i):
        draw(i)
        take_text_literally(figure)

    # Without an init_func matplotlib draws the first frame twice.
    moving = FuncAnimation(figure, draw_literally, frames=frames, init_func=lambda: None)
    if shutil.which("ffmpeg") is None:
        path = path.with_suffix(".gif")
        writer = PillowWriter(fps=fps)
    else:
        path = path.with_suffix(".mp4")
        writer = FFMpegWriter(fps=fps)

    def write(temporary):
        with tqdm(total=frames, unit="frame", disable=None) as bar:
            moving.save(str(temporary), writer, dpi=80, progress_callback=lambda *_: bar.update())

    write_atomically(path, write)
    return path
