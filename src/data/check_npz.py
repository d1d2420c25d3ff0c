"""What an npz of poses in the neutral form holds, and what looks wrong with it."""

import numpy as np

from src.data.npz import field_oddities, read_fields


def check_npz(path) -> tuple[list[str], list[str]]:
    """Return what a file in the neutral form holds and what looks wrong with it, a line each.

    Raises InputError for a file that `src.data.npz.read_fields` refuses.
    """
    fields = read_fields(path)
    poses = fields["pose_3d"]
    joint_names = fields["joint_names"].tolist()
    lines = [f"{path}: {len(poses):,} poses of {len(joint_names)} joints: {', '.join(joint_names)}"]
    for subject in np.unique(fields["subject"]).tolist():
        is_of_subject = fields["subject"] == subject
        actions = np.unique(fields["action"][is_of_subject]).tolist()
        cameras = np.unique(fields["camera"][is_of_subject]).tolist()
        lines.append(
            f"S{subject}: {is_of_subject.sum():,} poses; "
            f"actions {', '.join(actions)}; cameras {', '.join(cameras)}"
        )
    is_kept = np.ones(len(poses), dtype=bool)
    problems = [f"{path}: {oddity}" for oddity in field_oddities(fields, is_kept)]
    num_behind = int((poses[..., 2] <= 0).any(axis=1).sum())
    if num_behind > 0:
        problems.append(
            f"{path}: pose_3d: {num_behind:,} poses are behind the camera: "
            "not in its frame, or root-centred?"
        )
    if "focal" not in fields:
        lines.append("no field focal: --reprojection weak_perspective cannot be used")
    return lines, problems
