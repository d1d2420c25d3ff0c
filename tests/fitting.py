"""Cameras found from what they saw, by the published formulas alone."""

import numpy as np

from src.cameras import Camera


def fitted_camera(world, points, pixels, atol=1e-6) -> Camera:
    """Find the camera that took world points (M,3) to camera points (M,3) and pixels (M,2).

    Only the published formulas are used, none of the project's code.
    """
    # points = world R^T + t is linear in R and t.
    with_ones = np.concatenate([world, np.ones((len(world), 1))], axis=1)
    affine = solve(with_ones, points)
    rotation = affine[:3].T
    translation = -affine[:3] @ affine[3]

    # u = f (x (1 + k0 r2 + k1 r2^2 + k2 r2^3 + p0 y + p1 x) + p1 r2) + c is linear in f, f k, f p
    # and c; v likewise.
    x = points[:, 0] / points[:, 2]
    y = points[:, 1] / points[:, 2]
    r2 = x**2 + y**2
    one = np.ones_like(x)
    columns_u = [x, x * r2, x * r2**2, x * r2**3, x * y, x**2 + r2, one]
    columns_v = [y, y * r2, y * r2**2, y * r2**3, y**2 + r2, x * y, one]
    u = solve(np.stack(columns_u, axis=1), pixels[:, 0])
    v = solve(np.stack(columns_v, axis=1), pixels[:, 1])
    distortion = u[1:6] / u[0]
    np.testing.assert_allclose(
        distortion, v[1:6] / v[0], atol=atol, err_msg="the formula does not fit"
    )
    return Camera(
        R=rotation,
        T=translation,
        f=[u[0], v[0]],
        c=[u[6], v[6]],
        k=distortion[:3],
        p=distortion[3:],
        name="fitted",
    )


def solve(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Find the coefficients of the columns whose sum comes closest to the values."""
    solution, _, _, _ = np.linalg.lstsq(columns, values, rcond=None)
    return solution
