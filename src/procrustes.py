"""The optimal similarity alignment of predicted poses to their targets, whole batches at once."""

import torch
from torch import Tensor


def align(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Rotate (never reflect), scale and move each predicted pose onto its target.

    Takes prediction and target, both (N,K,3) in the same unit, and brings them as close as possible
    in least squares. Returns the aligned poses (N,K,3) and the scale of each (N,). Both are finite
    for degenerate poses too: flat, on a line, or with all joints in one point, where the scale is
    0. Half precision is computed in float32. Errors after this alignment are those of protocol 2
    (paper section 5).

    With P0 and Q0 the prediction and target, centred and of unit Frobenius norm, and the singular
    value decomposition Q0^T P0 = U S V^T, the rotation is U D V^T, where D = diag(1, 1, +-1) undoes
    a reflection in the last singular direction, and the scale is tr(S D) |Q| / |P|, with the norms
    of the centred poses (Schoenemann and Carroll 1970; Umeyama 1991).
    """
    dtype = prediction.dtype
    work_dtype = torch.promote_types(dtype, torch.float32)
    p, p_norm, _ = _normalize(prediction.to(work_dtype))
    q, q_norm, target_mean = _normalize(target.to(work_dtype))

    u, s, vt = torch.linalg.svd(q.mT @ p)
    # The last entry of D. det(U V^T) is +-1 whatever the rank of the poses, so a flat or straight
    # one has a clear answer too.
    sign = torch.where(torch.linalg.det(u @ vt) < 0, -1.0, 1.0).to(work_dtype)
    s = torch.cat([s[:, :2], s[:, 2:] * sign[:, None]], dim=1)
    u = torch.cat([u[:, :, :2], u[:, :, 2:] * sign[:, None, None]], dim=2)

    trace = s.sum(dim=1)
    scale = torch.where(p_norm > 0, q_norm / p_norm, 0)[:, 0, 0] * trace
    # Joints are rows, so the rotation acts from the right, transposed.
    aligned = (trace[:, None, None] * q_norm) * (p @ (u @ vt).mT) + target_mean
    return aligned.to(dtype), scale.to(dtype)


def _normalize(poses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centre poses (N,K,3) and bring them to unit Frobenius norm.

    Returns them, that norm (N,1,1) and their mean (N,1,3). A pose whose joints are all one point
    becomes zero, and its norm is 0.
    """
    mean = poses.mean(dim=1, keepdim=True)
    centred = poses - mean
    norm = centred.square().sum(dim=(1, 2), keepdim=True).sqrt()
    # Equal joints leave rounding errors behind, which must not be blown up to unit size.
    rounding = 8 * torch.finfo(poses.dtype).eps * poses.abs().amax(dim=(1, 2), keepdim=True)
    norm = torch.where(norm > rounding, norm, 0)
    return torch.where(norm > 0, centred / norm, 0), norm, mean
