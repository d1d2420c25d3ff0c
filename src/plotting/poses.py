"""Drawing poses: arrays and an axis in, the axis out."""

import numpy as np
from matplotlib.figure import Figure

from src.plotting.figures import LEFT, RIGHT, new_figure
from src.skeletons import Skeleton


def draw_limbs(axis, points: np.ndarray, skeleton, **style):
    """A line per limb between points (K,2) or (K,3), in the axis' own coordinates, right limbs in their own colour."""
    for limb, is_right in zip(skeleton.limbs, skeleton.right_limbs, strict=True):
        axis.plot(*points[list(limb)].T, **{"color": RIGHT if is_right else LEFT, "lw": 2, **style})
    return axis


def draw_pose_2d(axis, pose: np.ndarray, skeleton, **style):
    """One pose (K,2) in pixels, y down, the right side in another colour than the rest."""
    draw_limbs(axis, pose, skeleton, marker="o", ms=2.5, **style)
    centre, reach = _frame(pose)
    axis.set(
        xlim=(centre[0] - reach, centre[0] + reach),
        ylim=(centre[1] + reach, centre[1] - reach),
        aspect="equal",
    )
    axis.tick_params(labelsize=6)
    return axis


def draw_pose_3d(
    axis, pose: np.ndarray, skeleton, *, reach_mm: float | None = None, azimuth: float = -60
):
    """One pose (K,3) in mm in the camera's frame on a 3D axis, upright: right, away from the camera, up.

    All axes have one scale; ``reach_mm`` is half the side of the cube that is shown (default: what the pose needs);
    azimuth: where it is seen from, in degrees, -90 being the camera.
    """
    upright = np.stack([pose[:, 0], pose[:, 2], -pose[:, 1]], axis=1)
    draw_limbs(axis, upright, skeleton, marker="o", ms=2.5)
    centre, needed = _frame(upright)
    reach = reach_mm or needed
    axis.set(
        **{f"{name}lim": (c - reach, c + reach) for name, c in zip("xyz", centre, strict=True)}
    )
    axis.set_box_aspect((1, 1, 1), zoom=1.15)
    axis.view_init(elev=15, azim=azimuth)
    axis.locator_params(nbins=4)
    axis.tick_params(labelsize=5, pad=-3)
    return axis


def draw_contact_sheet(poses: dict[str, np.ndarray], skeleton, *, columns: int, title: str):
    """{caption: root-centred world poses (F,K,3) mm, z up} -> a figure with each caption's F poses in a row."""
    frames, rows = len(next(iter(poses.values()))), -(-len(poses) // columns)
    figure = new_figure(1.1 * frames * columns, 1.75 * rows)
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (name, of_name) in zip(axes, poses.items(), strict=False):
        for number, pose in enumerate(of_name):
            seen = np.stack(
                [pose[:, 0] + 1300 * number, pose[:, 2]], axis=1
            )  # from the front, side by side
            draw_limbs(axis, seen, skeleton, lw=1.5)
        axis.set(xlim=(-700, 1300 * frames - 600), ylim=(-1050, 1050), aspect="equal")
        axis.set_title(name, fontsize=9)
    return figure


def _frame(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and half side of a square or cube round the points, with a margin."""
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    return (low + high) / 2, max(1.1 * (high - low).max() / 2, 1e-6)


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
    figure.suptitle(f"{title}\n(orange: the person's right; {axes_in})", fontsize=9)
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
