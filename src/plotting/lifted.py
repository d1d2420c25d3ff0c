"""Pictures of lifted poses: the 2D input beside the 3D pose from two sides."""

import shutil

import numpy as np
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from tqdm import tqdm

from src.files import write_atomically
from src.plotting.figures import new_figure
from src.plotting.poses import draw_pose_2d, draw_pose_3d

_VIEWS = {"3D, from the camera's left": -120, "3D, from its right": -30}


def draw_lifted(
    axes, pose_2d: np.ndarray, pose_3d: np.ndarray, skeleton, *, caption: str, image=None
):
    """One pose: pose_2d (K,2) px on the first axis, on its photo if there is one; pose_3d (K,3) on two 3D axes."""
    if image is not None:
        axes[0].imshow(image)
    draw_pose_2d(axes[0], pose_2d, skeleton).set_title(caption, fontsize=8)
    for axis, (name, azimuth) in zip(axes[1:], _VIEWS.items(), strict=True):
        draw_pose_3d(axis, pose_3d, skeleton, azimuth=azimuth).set_title(name, fontsize=8)
    return axes


def _add_axes(figure, rows: int, columns: int, first: int):
    return [
        figure.add_subplot(rows, 3 * columns, first + i, **({"projection": "3d"} if i else {}))
        for i in range(3)
    ]


def lifted_sheet(
    poses_2d: np.ndarray, poses_3d: np.ndarray, skeleton, *, captions, title: str, images=None
):
    """A page with all the poses given, (N,K,2) and (N,K,3), on their images if there are any -> figure."""
    columns = 1 if len(captions) <= 3 else 2
    rows = -(-len(captions) // columns)
    figure = new_figure(7.5 * columns, 2.7 * rows + 0.5)
    figure.suptitle(
        f"{title}\n(orange: the person's right; y shown upwards, z away from the camera)",
        fontsize=9,
    )
    for i, caption in enumerate(captions):
        on = {"caption": caption, "image": images and images[i]}
        draw_lifted(
            _add_axes(figure, rows, columns, 3 * i + 1), poses_2d[i], poses_3d[i], skeleton, **on
        )
    return figure


def animate(path, poses_2d: np.ndarray, poses_3d: np.ndarray, skeleton, *, frames, fps: int = 12):
    """A moving picture of a sequence -> the path written: mp4 where ffmpeg is there, else gif."""
    figure = new_figure(7.5, 3)
    figure.set_layout_engine("none")  # axes that move from frame to frame tremble
    axes = _add_axes(figure, 1, 1, 1)

    def draw(i):
        for axis in axes:
            axis.clear()
        draw_lifted(axes, poses_2d[i], poses_3d[i], skeleton, caption=f"frame {frames[i]}")

    return save_moving(path, figure, draw, len(poses_2d), fps=fps)


def save_moving(path, figure, draw, frames: int, *, fps: int):
    """A moving picture, ``draw(i)`` drawing its frame i -> the path written: mp4 where ffmpeg is there, else gif."""
    moving = FuncAnimation(figure, draw, frames=frames, init_func=lambda: None)
    has_ffmpeg = shutil.which("ffmpeg") is not None
    path = path.with_suffix(".mp4" if has_ffmpeg else ".gif")
    writer = (FFMpegWriter if has_ffmpeg else PillowWriter)(fps=fps)
    with tqdm(total=frames, unit="frame", disable=None) as bar:
        to_file = {"writer": writer, "dpi": 80, "progress_callback": lambda *_: bar.update()}
        write_atomically(path, lambda temporary: moving.save(str(temporary), **to_file))
    return path
