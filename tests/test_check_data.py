"""The checker as a command, and what single files in the neutral form may get wrong."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from src.skeletons import get_skeleton
from tools import check_data

JOINTS = get_skeleton("human36_17k").joints


@pytest.fixture
def fields():
    """Five poses in the neutral form, 5 m in front of the camera."""
    poses = np.random.default_rng(0).normal(scale=500, size=(5, len(JOINTS), 3))
    return {
        "pose_3d": poses + [0, 0, 5000],
        "pose_2d": poses[..., :2],
        "subject": np.ones(5, dtype=int),
        "action": np.array(["Reading"] * 5),
        "camera": np.array(["left"] * 5),
        "frame": np.arange(5),
        "joint_names": np.array(JOINTS),
    }


def test_it_runs_from_any_folder(tmp_path):
    script = ROOT / "tools" / "check_data.py"
    done = subprocess.run(
        [sys.executable, str(script), "--help"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0
    assert "python tools/check_data.py PATH [--convert OUT]" in done.stdout


def test_exit_codes(tmp_path, fields, capsys):
    path = tmp_path / "own.npz"
    np.savez(path, **fields)
    assert check_data.main([str(path)]) in (0, 1)  # random poses may look mirrored
    fields["pose_3d"] = fields["pose_3d"] - [0, 0, 50_000]
    np.savez(path, **fields)
    assert check_data.main([str(path)]) == 1
    assert "PROBLEM: " in capsys.readouterr().out
    del fields["pose_2d"]
    np.savez(path, **fields)
    assert check_data.main([str(path)]) == 2
    assert "has no field pose_2d" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["subject", "camera", "frame", "joint_names"])
def test_a_single_value_in_place_of_one_per_pose_is_refused(tmp_path, fields, capsys, name):
    fields[name] = fields[name][0]
    np.savez(tmp_path / "own.npz", **fields)
    assert check_data.main([str(tmp_path / "own.npz")]) == 2
    assert f"own.npz: {name}: expected " in capsys.readouterr().err
