"""The full size of Human3.6M, in files of the true layout: ``python -m pytest -m slow -s``.

It takes minutes, and 1 GB of disk.
"""

import json
import subprocess
import sys

import pytest
from conftest import ROOT
from miniature import write_human36

from src.data.human36.load import ACTIONS

# In a process of its own, because a process's peak of memory never goes down again.
SCRIPT = r"""
import json
import re
import sys
import time
from pathlib import Path

from opts.human36 import parse_options
from src.training import build

data_dir, preset = sys.argv[1:]
options, _ = parse_options(["--data_dir", data_dir, "--preset", preset])
start = time.monotonic()
train_arrays = build.load_poses(options, "train")
test_arrays = build.load_poses(options, "test")
seconds_of_loading = time.monotonic() - start

train = build.centre(train_arrays, options, "train")
test = build.centre(test_arrays, options, "test")
statistics = build.fit_statistics(train, options)
test_data = build.make_test_data(test, statistics, options, device="cpu")
training_data = build.make_training_data(train, statistics, options, device="cpu")

# Not getrusage: its peak is inherited from the process that started this one.
status = Path("/proc/self/status").read_text()
peak_kib = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1])
measured = {
    "poses": len(train_arrays) + len(test_arrays),
    "seconds_of_loading": seconds_of_loading,
    "seconds": time.monotonic() - start,
    "peak_gib": peak_kib / 2**20,
}
print(json.dumps(measured))
"""


@pytest.fixture(scope="module")
def full_size_dir(tmp_path_factory):
    return write_human36(tmp_path_factory.mktemp("full") / "full", actions=ACTIONS, frames=2500)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["ours", "supervised"])
def test_loads_and_prepares_within_8_gb(full_size_dir, preset):
    command = [sys.executable, "-c", SCRIPT, str(full_size_dir), preset]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout)
    print(
        f"\n{preset}: {measured['poses']:,} poses: "
        f"loaded in {measured['seconds_of_loading']:.1f} s, "
        f"prepared after {measured['seconds']:.1f} s, peak {measured['peak_gib']:.2f} GiB"
    )
    assert measured["poses"] == 2_100_000
    assert measured["peak_gib"] < 7.45  # 8 GB
