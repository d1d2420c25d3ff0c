"""Drawing poses: arrays and an axis in, the axis out; and pages that show several poses."""

import math

import numpy as np
from matplotlib.figure import Figure

from src.plotting.figures import LEFT, RIGHT, SIDES, new_figure
from src.skeletons import Skeleton

# Half the side of what is shown, in units of half the pose's largest extent: leaves a margin.
_MARGIN = 1.1


def draw_limbs(
    axis,
    points: np.ndarray,
    skeleton: Skeleton,
    *,
    color: str | None = None,
    lw: float = 2,
    dot_size: float | None = None,
):
    """Draw a line per limb.

    Args:
        axis: a 2D axis, or a 3D one for points in 3D.
        points: (K, 2) or (K, 3), the joints in the axis' own coordinates.
        skeleton: whose K joints they are.
        color: of all limbs; None for one colour for the right limbs and another for the rest.
        lw: width of the lines in points.
        dot_size: diameter in points of the dots at the joints; None for no dots.

    Returns:
        The axis.
    """
    marker = None if dot_size is None else "o"
    for limb, is_right in zip(skeleton.limbs, skeleton.right_limbs, strict=True):
        side_color = RIGHT if is_right else LEFT
        axis.plot(
            *points[list(limb)].T,
            color=side_color if color is None else color,
            lw=lw,
            marker=marker,
            ms=dot_size,
        )
    return axis


def draw_pose_2d(axis, pose: np.ndarray, skeleton: Skeleton, *, color: str | None = None):
    """Draw one 2D pose as in the image, with y pointing down.

    Args:
        axis: a 2D axis.
        pose: (K, 2) px.
        skeleton: whose K joints they are.
        color: of all limbs; None for one colour for the right limbs and another for the rest.

    Returns:
        The axis, its limits set to a square round the pose.
    """
    draw_limbs(axis, pose, skeleton, color=color, dot_size=2.5)
    centre, reach = _frame(pose)
    axis.set(
        xlim=(centre[0] - reach, centre[0] + reach),
        ylim=(centre[1] + reach, centre[1] - reach),
        aspect="equal",
    )
    axis.tick_params(labelsize=6)
    return axis


def draw_pose_3d(
    axis,
    pose: np.ndarray,
    skeleton: Skeleton,
    *,
    reach_mm: float | None = None,
    azimuth: float = -60,
):
    """Draw one 3D pose upright: the axes are right, away from the camera, and up, in one scale.

    Args:
        axis: a 3D axis.
        pose: (K, 3) mm in the camera's frame (x right, y down, z away from the camera).
        skeleton: whose K joints they are.
        reach_mm: half the side of the cube that is shown; None for what the pose needs.
        azimuth: the direction that it is seen from, in degrees; -90 is the camera's.

    Returns:
        The axis, its limits set to a cube round the pose.
    """
    upright = np.stack([pose[:, 0], pose[:, 2], -pose[:, 1]], axis=1)
    draw_limbs(axis, upright, skeleton, dot_size=2.5)
    centre, needed_reach = _frame(upright)
    reach = reach_mm if reach_mm else needed_reach
    axis.set(
        xlim=(centre[0] - reach, centre[0] + reach),
        ylim=(centre[1] - reach, centre[1] + reach),
        zlim=(centre[2] - reach, centre[2] + reach),
    )
    axis.set_box_aspect((1, 1, 1), zoom=1.15)
    axis.view_init(elev=15, azim=azimuth)
    axis.locator_params(nbins=4)
    axis.tick_params(labelsize=5, pad=-3)
    return axis


def _frame(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and half side of a square or cube round points (K, 2) or (K, 3), with a margin.

    Joints that are NaN count for nothing.
    """
    low = np.nanmin(points, axis=0)
    high = np.nanmax(points, axis=0)
    reach = max(_MARGIN * (high - low).max() / 2, 1e-6)  # axes refuse limits that are equal
    return (low + high) / 2, reach


def draw_contact_sheet(
    poses: dict[str, np.ndarray], skeleton: Skeleton, *, columns: int, title: str
) -> Figure:
    """Make a page of short sequences, each a row of poses seen from the front.

    Args:
        poses: {caption: (F, K, 3) mm}, with the root at the origin and z up; F is the same for all.
        skeleton: whose K joints they are.
        columns: how many sequences stand side by side.
        title: of the page.
    """
    frames = len(next(iter(poses.values())))
    rows = math.ceil(len(poses) / columns)
    spacing_mm = 1300
    figure = new_figure(1.1 * frames * columns, 1.75 * rows)
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    # The last row of the page may have fewer sequences than columns.
    for axis, (caption, sequence) in zip(axes, poses.items(), strict=False):
        for number, pose in enumerate(sequence):
            from_the_front = np.stack([pose[:, 0] + spacing_mm * number, pose[:, 2]], axis=1)
            draw_limbs(axis, from_the_front, skeleton, lw=1.5)
        axis.set(xlim=(-700, spacing_mm * frames - 600), ylim=(-1050, 1050), aspect="equal")
        axis.set_title(caption, fontsize=9)
    return figure


def draw_test_poses(
    *,
    inputs_px: np.ndarray,
    truth_mm: np.ndarray,
    raw_mm: np.ndarray,
    raw_errors_mm: np.ndarray,
    aligned_mm: np.ndarray,
    aligned_errors_mm: np.ndarray,
    names: list[str],
    skeleton: Skeleton,
    title: str,
) -> Figure:
    """Make a page with a row per test pose: 2D input, 3D truth, raw and aligned prediction.

    Args:
        inputs_px: (R, K, 2) px.
        truth_mm: (R, K, 3) mm in the camera's frame.
        raw_mm: (R, K, 3) mm, the predictions as the network gives them.
        raw_errors_mm: (R,) mm, the MPJPE of each pose.
        aligned_mm: (R, K, 3) mm, the predictions after Procrustes alignment to the truth.
        aligned_errors_mm: (R,) mm, the PA-MPJPE of each pose.
        names: R captions.
        skeleton: whose K joints they are.
        title: of the page.
    """
    rows = len(inputs_px)
    figure = new_figure(10.5, 2.7 * rows)
    axes_in = "axes in px and mm, x right, z away from the camera"
    figure.suptitle(f"{title}\n({SIDES}; {axes_in})", fontsize=9)
    for row in range(rows):
        # Truth and aligned prediction are shown in cubes of one size, so that they can be compared.
        # The raw prediction has a cube of its own: its scale may be far from the truth's, since
        # relative depth labels do not tell how large a person is.
        _, truth_reach = _frame(truth_mm[row])
        _, aligned_reach = _frame(aligned_mm[row])
        reach = max(truth_reach, aligned_reach)

        axis = figure.add_subplot(rows, 4, 4 * row + 1)
        draw_pose_2d(axis, inputs_px[row], skeleton)
        axis.set_title(f"{names[row]}: 2D input", fontsize=8)

        axis = figure.add_subplot(rows, 4, 4 * row + 2, projection="3d")
        draw_pose_3d(axis, truth_mm[row], skeleton, reach_mm=reach)
        axis.set_title("3D truth", fontsize=8)

        axis = figure.add_subplot(rows, 4, 4 * row + 3, projection="3d")
        draw_pose_3d(axis, raw_mm[row], skeleton)
        axis.set_title(f"prediction, raw: MPJPE {raw_errors_mm[row]:.0f} mm", fontsize=8)

        axis = figure.add_subplot(rows, 4, 4 * row + 4, projection="3d")
        draw_pose_3d(axis, aligned_mm[row], skeleton, reach_mm=reach)
        axis.set_title(f"aligned: PA-MPJPE {aligned_errors_mm[row]:.0f} mm", fontsize=8)
    return figure
