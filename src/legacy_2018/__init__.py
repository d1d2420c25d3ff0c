"""What the authors' code of 2018 left behind: its checkpoints, their parameter names, its pickles."""

from src.legacy_2018.checkpoints import CHECKPOINT_2018, load_2018, rename_2018

__all__ = ["CHECKPOINT_2018", "load_2018", "rename_2018"]
