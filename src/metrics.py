"""Errors per joint and their named means (paper section 5). Everything is in mm, and every joint
counts.
"""

import numpy as np
import torch
from torch import Tensor

from src.procrustes import align

# alignment: the name of the mean. "none" is protocol 1; "procrustes" is protocol 2 and what the
# paper's tables print.
MEANS = {
    "none": "mpjpe",
    "scale": "scaled_mpjpe",
    "procrustes": "pa_mpjpe",
}
MEANS_MM = tuple(f"{mean}_mm" for mean in MEANS.values())
CHOSEN = "pa_mpjpe_mm"  # this mean decides which epoch is the best

# Poses are aligned in blocks: that bounds the memory, and this size is the fastest on a CPU.
_ALIGNED_AT_ONCE = 8192


def joint_errors(prediction: Tensor, target: Tensor, alignment: str) -> Tensor:
    """Return the distances (N,K) in mm between the joints of prediction and target, both (N,K,3).

    ``alignment`` says what is done to the prediction first:

    - "none": nothing, the distances of MPJPE;
    - "scale": it is multiplied by the scale of its optimal similarity alignment, nothing else;
    - "procrustes": the whole of that alignment, rotation, translation and scale.

    Raises ValueError for any other alignment.
    """
    if alignment not in MEANS:
        raise ValueError(f"alignment must be one of {', '.join(MEANS)}, not {alignment!r}")
    if alignment == "none":
        return _distances(prediction, target)  # the alignment would cost time for nothing
    errors, _ = aligned_joint_errors(prediction, target)
    return errors[alignment]


def aligned_joint_errors(prediction: Tensor, target: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Compute the errors of `joint_errors` for every alignment, aligning once.

    Takes prediction and target, both (N,K,3) in mm. Returns {alignment: errors (N,K)} and the
    wholly aligned prediction (N,K,3).
    """
    all_aligned = torch.empty_like(prediction)
    errors = {alignment: prediction.new_empty(prediction.shape[:2]) for alignment in MEANS}
    for start in range(0, len(prediction), _ALIGNED_AT_ONCE):
        block = slice(start, start + _ALIGNED_AT_ONCE)
        aligned, scale = align(prediction[block], target[block])
        scaled = prediction[block] * scale[:, None, None]
        errors["none"][block] = _distances(prediction[block], target[block])
        errors["scale"][block] = _distances(scaled, target[block])
        errors["procrustes"][block] = _distances(aligned, target[block])
        all_aligned[block] = aligned
    return errors, all_aligned


def _distances(prediction: Tensor, target: Tensor) -> Tensor:
    return torch.linalg.vector_norm(prediction - target, dim=-1)


def summarize(errors: dict[str, np.ndarray], actions: np.ndarray, joints: tuple[str, ...]) -> dict:
    """Reduce the errors of N frames to named means, for json.

    Takes {alignment: errors (N,K) mm} as `aligned_joint_errors` returns them, the action of each
    frame (N,), and the names of the K joints. Returns a dict with, for every name of `MEANS`:

    - ``mpjpe_mm`` and so on: the mean over all frames, as in table 1 and the figures;
    - ``mpjpe_action_mean_mm`` and so on: the mean of the means per action, as in table 2;
    - ``per_action`` and ``per_joint``: {action or joint: {``mpjpe_mm`` and so on: its mean}}.
    """
    action_names = list(dict.fromkeys(actions.tolist()))  # in order of appearance
    per_action = {action: {} for action in action_names}
    per_joint = {joint: {} for joint in joints}
    summary = {"per_action": per_action, "per_joint": per_joint}
    for alignment, mean in MEANS.items():
        # float64, as float32 sums over a million frames lose digits.
        frame_errors = errors[alignment].mean(axis=1, dtype=np.float64)
        for action in action_names:
            per_action[action][f"{mean}_mm"] = float(frame_errors[actions == action].mean())
        joint_means = errors[alignment].mean(axis=0, dtype=np.float64)
        for joint, joint_mean in zip(joints, joint_means, strict=True):
            per_joint[joint][f"{mean}_mm"] = float(joint_mean)
        action_means = [per_action[action][f"{mean}_mm"] for action in action_names]
        summary[f"{mean}_mm"] = float(frame_errors.mean())
        summary[f"{mean}_action_mean_mm"] = float(np.mean(action_means))
    return summary
