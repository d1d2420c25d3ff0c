"""The optimal similarity alignment of predicted poses to their targets, whole batches at once."""

import torch


def align(prediction: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rotate (never reflect), scale and move each pose of prediction (N,K,3) onto target (N,K,3).

    -> (aligned (N,K,3), scale (N,)). Finite for degenerate poses too: flat, on a line, or all joints equal (where the
    scale is 0, or where the target is a point). Half precision is computed in float32.

    With P0, Q0 centred and of unit norm and Q0^T P0 = U S V^T, the rotation is U D V^T, where D undoes a reflection in
    the last singular direction; scale = tr(S D) |Q0| / |P0| (Schoenemann and Carroll 1970; Umeyama 1991).
    """
    dtype = prediction.dtype
    work = torch.promote_types(dtype, torch.float32)
    prediction, target = prediction.to(work), target.to(work)
    p, p_norm, _ = _normalize(prediction)
    q, q_norm, target_mean = _normalize(target)

    u, s, vt = torch.linalg.svd(q.mT @ p)
    # det(U V^T) is +-1 whatever the rank of the poses, so a flat or straight one has a clear answer too.
    sign = torch.where(torch.linalg.det(u @ vt) < 0, -1.0, 1.0).to(work)
    s = torch.cat([s[:, :2], s[:, 2:] * sign[:, None]], dim=1)
    u = torch.cat([u[:, :, :2], u[:, :, 2:] * sign[:, None, None]], dim=2)

    trace = s.sum(dim=1)
    scale = torch.where(p_norm > 0, q_norm / p_norm, 0)[:, 0, 0] * trace
    aligned = (trace[:, None, None] * q_norm) * (p @ (u @ vt).mT) + target_mean
    return aligned.to(dtype), scale.to(dtype)


def _normalize(poses: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Poses centred and of unit Frobenius norm, that norm (N,1,1), the mean (N,1,3). A point has norm 0."""
    mean = poses.mean(dim=1, keepdim=True)
    centred = poses - mean
    norm = centred.square().sum(dim=(1, 2), keepdim=True).sqrt()
    # Equal joints leave rounding errors behind, which must not be blown up to unit size.
    rounding = 8 * torch.finfo(poses.dtype).eps * poses.abs().amax(dim=(1, 2), keepdim=True)
    norm = torch.where(norm > rounding, norm, 0)
    return torch.where(norm > 0, centred / norm, 0), norm, mean
