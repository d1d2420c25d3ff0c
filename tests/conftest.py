import os
from pathlib import Path

import pytest
import torch
from miniature import write_human36

ROOT = Path(__file__).parents[1]
torch.set_num_threads(min(2, os.cpu_count()))


@pytest.fixture(scope="session")
def human36_dir(tmp_path_factory) -> Path:
    """A miniature Human3.6M; not to be changed."""
    return write_human36(tmp_path_factory.mktemp("data") / "mini")


@pytest.fixture(scope="session")
def cmu_dir() -> Path:
    """Real motion in Human3.6M's layout, where there is a copy."""
    for base in (ROOT, ROOT.parent / "shared"):
        if (base / "data" / "cmu_h36m" / "cameras.h5").is_file():
            return base / "data" / "cmu_h36m"
    pytest.skip(
        "needs the motion data cmu_h36m, in data/ here or in shared/data/ beside the project"
    )
