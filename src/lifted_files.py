"""Lifted poses on disk: an npz of arrays, and json or csv with named joints."""

import json
from pathlib import Path

import numpy as np

from src.files import refuse_special, write_atomically

# What run_model.py may write into a folder: the poses, and pictures of them.
OUTPUT_NAMES = (
    "poses_3d.npz",
    "poses_3d.json",
    "poses_3d.csv",
    "poses_3d.png",
    "poses_3d.mp4",
    "poses_3d.gif",
)

AXES = "x right, y down, z away from the camera; the root joint at the origin"


def refuse_special_outputs(folder: Path):
    """Raise InputError if a link or a device stands where run_model.py would write a file."""
    for name in OUTPUT_NAMES:
        refuse_special(folder / name)


def write_results(folder: Path, results: dict[str, np.ndarray], formats: list[str]):
    """Write poses_3d.npz, and poses_3d.json and .csv where these formats are asked for."""
    write_npz(folder / "poses_3d.npz", results)
    if "json" in formats:
        write_json(folder / "poses_3d.json", results)
    if "csv" in formats:
        write_csv(folder / "poses_3d.csv", results)


def write_npz(path, results: dict[str, np.ndarray]):
    """Write the arrays of `src.lifting.collect_results` to an npz, under their names."""
    write_atomically(path, lambda temporary: np.savez(temporary, **results))


def write_json(path, results: dict[str, np.ndarray]):
    """Write the results of `src.lifting.collect_results` as json, an object per pose.

    {"unit": ..., "axes": ..., "source": ..., "checkpoint": ..., "checkpoint_sha256": ...,
     "limbs": [[0, 1], ...],
     "poses": [{"frame": 0, "person": 0, "scale": 0.21, "joints": {"head": [x, y, z], ...}}, ...]}

    "joints" is null where a pose could not be lifted; so is "scale" there, and with a model that
    has none. Coordinates are rounded to three places.
    """
    poses = results["poses_3d"]
    joint_names = results["joint_names"].tolist()
    scales = results.get("scale", np.full(len(poses), np.nan))
    is_lifted = ~np.isnan(poses).any(axis=(1, 2))
    records = []
    for i, pose in enumerate(poses):
        scale = None
        if not np.isnan(scales[i]):
            scale = float(scales[i])
        joints = None
        if is_lifted[i]:
            joints = dict(zip(joint_names, pose.round(3).tolist(), strict=True))
        records.append(
            {
                "frame": int(results["frame"][i]),
                "person": int(results["person"][i]),
                "scale": scale,
                "joints": joints,
            }
        )
    content = {
        "unit": str(results["unit"]),
        "axes": str(results["axes"]),
        "source": str(results["source"]),
        "checkpoint": str(results["checkpoint"]),
        "checkpoint_sha256": str(results["checkpoint_sha256"]),
        "limbs": results["limbs"].tolist(),
        "poses": records,
    }

    def write(temporary):
        with temporary.open("w") as file:
            json.dump(content, file, indent=1)

    write_atomically(path, write)


def write_csv(path, results: dict[str, np.ndarray]):
    """Write the results of `src.lifting.collect_results` as csv, a line per pose.

    The columns are frame, person, scale, then JOINT_x, JOINT_y and JOINT_z of every joint.
    """
    poses = results["poses_3d"]
    header = ["frame", "person", "scale"]
    formats = ["%d", "%d", "%.6g"]
    for joint in results["joint_names"]:
        for axis in "xyz":
            header.append(f"{joint}_{axis}")
            formats.append("%.3f")
    scales = results.get("scale", np.full(len(poses), np.nan))
    rows = np.column_stack(
        [results["frame"], results["person"], scales, poses.reshape(len(poses), -1)]
    )

    def write(temporary):
        np.savetxt(
            temporary,
            rows,
            fmt=formats,
            delimiter=",",
            header=",".join(header),
            comments="",
            encoding="utf-8",
        )

    write_atomically(path, write)
