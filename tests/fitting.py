"""Cameras found from what they saw, by the published formulas alone."""

import numpy as np

from src.cameras import Camera


def fitted_camera(world, points, pixels, atol=1e-6) -> Camera:
    """The camera that took world points to camera points and pixels, found from the published formulas alone."""
    affine = np.linalg.lstsq(np.c_[world, np.ones(len(world))], points, rcond=None)[0]
    rotation, translation = affine[:3].T, -affine[:3] @ affine[3]
    x, y = (points[:, :2] / points[:, 2:]).T
    r2 = x**2 + y**2
    # u = f (x (1 + k0 r2 + k1 r2^2 + k2 r2^3 + p0 y + p1 x) + p1 r2) + c is linear in f, f k, f p and c; v likewise.
    columns_u = [x, x * r2, x * r2**2, x * r2**3, x * y, x**2 + r2, np.ones_like(x)]
    columns_v = [y, y * r2, y * r2**2, y * r2**3, y**2 + r2, x * y, np.ones_like(x)]
    u = np.linalg.lstsq(np.stack(columns_u, axis=1), pixels[:, 0], rcond=None)[0]
    v = np.linalg.lstsq(np.stack(columns_v, axis=1), pixels[:, 1], rcond=None)[0]
    np.testing.assert_allclose(
        u[1:6] / u[0], v[1:6] / v[0], atol=atol, err_msg="the formula does not fit"
    )
    distortion = u[1:6] / u[0]
    return Camera(
        rotation, translation, [u[0], v[0]], [u[6], v[6]], distortion[:3], distortion[3:], "fitted"
    )
