"""Errors per joint and their named means (paper section 5). Everything in mm; every joint counts."""

import numpy as np
import torch

from src.procrustes import align

# alignment -> the name of the mean. "none" is protocol 1, "procrustes" protocol 2 and what the paper's tables print.
MEANS = {"none": "mpjpe", "scale": "scaled_mpjpe", "procrustes": "pa_mpjpe"}
MEANS_MM = tuple(f"{mean}_mm" for mean in MEANS.values())
CHOSEN = "pa_mpjpe_mm"  # decides the best epoch
_ALIGNED_AT_ONCE = 8192  # poses: bounds memory, and is the fastest size on a CPU


def joint_errors(prediction: torch.Tensor, target: torch.Tensor, alignment: str) -> torch.Tensor:
    """Distances (N,K) between joints of prediction and target, both (N,K,3).

    alignment: "none" (MPJPE), "scale" (prediction times the scale of its optimal similarity alignment, nothing else) or
    "procrustes" (after the whole alignment: rotation, translation and scale). Raises ValueError for any other.
    """
    if alignment == "none":
        return torch.linalg.vector_norm(prediction - target, dim=-1)
    if alignment not in MEANS:
        raise ValueError(f"alignment must be one of {', '.join(MEANS)}, not {alignment!r}")
    return aligned_joint_errors(prediction, target)[0][alignment]


def aligned_joint_errors(prediction, target) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """All three errors from one alignment: ({alignment: (N,K)}, aligned prediction (N,K,3))."""
    all_aligned = torch.empty_like(prediction)
    errors = {kind: prediction.new_empty(prediction.shape[:2]) for kind in MEANS}
    for start in range(0, len(prediction), _ALIGNED_AT_ONCE):
        part = slice(start, start + _ALIGNED_AT_ONCE)
        aligned, scale = align(prediction[part], target[part])
        scaled = prediction[part] * scale[:, None, None]
        for kind, poses in {
            "none": prediction[part],
            "scale": scaled,
            "procrustes": aligned,
        }.items():
            errors[kind][part] = joint_errors(poses, target[part], "none")
        all_aligned[part] = aligned
    return errors, all_aligned


def summarize(errors: dict[str, np.ndarray], actions: np.ndarray, joints: tuple[str, ...]) -> dict:
    """{alignment: (N,K)} and the action of each frame (N,) -> named means.

    ``mpjpe_mm`` and so on are means over frames; ``*_action_mean_mm`` means over the per-action means, as Table 2's
    average; ``per_action`` and ``per_joint`` hold the same three per name.
    """
    per_action, per_joint = (
        {name: {} for name in dict.fromkeys(actions.tolist())},
        {name: {} for name in joints},
    )
    result = {"per_action": per_action, "per_joint": per_joint}
    for kind, mean in MEANS.items():
        per_frame = errors[kind].mean(axis=1, dtype=np.float64)
        for name, of_action in per_action.items():
            of_action[f"{mean}_mm"] = float(per_frame[actions == name].mean())
        for of_joint, value in zip(
            per_joint.values(), errors[kind].mean(axis=0, dtype=np.float64), strict=True
        ):
            of_joint[f"{mean}_mm"] = float(value)
        result[f"{mean}_mm"] = float(per_frame.mean())
        result[f"{mean}_action_mean_mm"] = float(
            np.mean([of[f"{mean}_mm"] for of in per_action.values()])
        )
    return result
