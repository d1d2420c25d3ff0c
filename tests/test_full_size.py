"""The full size of Human3.6M, in files of the true layout: minutes, and 1 GB of disk. ``python -m pytest -m slow``."""

import subprocess
import sys

import pytest
from conftest import ROOT
from miniature import write_human36

from src.data.human36.load import ACTIONS

CODE = """
import pathlib, re, sys, time
import torch
from opts.human36 import parse_options
from src.training import build
options, _ = parse_options(["--data_dir", sys.argv[1], "--preset", sys.argv[2]])
start = time.monotonic()
train = build.load_poses(options, "train")
test = build.load_poses(options, "test")
loaded = time.monotonic() - start
poses, test_poses = build.centre(train, options, "train"), build.centre(test, options, "test")
statistics = build.fit_statistics(poses, options)
test_data = build.make_test_data(test, test_poses, statistics, options=options, device="cpu")
data = build.make_training_data(train, poses, statistics, options=options, device="cpu")
# Not getrusage: its peak is inherited from the process that started this one.
peak = int(re.search(r"VmHWM:\\s*(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) / 2**20
print(len(train) + len(test), f"{loaded:.1f}", f"{time.monotonic() - start:.1f}", f"{peak:.2f}")
"""


@pytest.fixture(scope="module")
def full_size_dir(tmp_path_factory):
    return write_human36(tmp_path_factory.mktemp("full") / "full", actions=ACTIONS, frames=2500)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["ours", "supervised"])
def test_loads_and_prepares_within_8_gb(full_size_dir, preset):
    command = [sys.executable, "-c", CODE, str(full_size_dir), preset]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    poses, loading_s, whole_s, peak_gb = done.stdout.split()
    print(
        f"\n{preset}: {int(poses):,} poses: loaded in {loading_s} s, prepared after {whole_s} s, peak {peak_gb} GiB"
    )
    assert int(poses) == 2_100_000
    assert float(peak_gb) < 7.45  # 8 GB
