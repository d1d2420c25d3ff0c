"""What the authors' code of 2018 left behind: its checkpoints.

Nothing in the files is executed.

`container` reads the file of PyTorch 0.3, `names` gives its parameters the names that they have in
today's network, `adam` turns its optimiser's state into today's, and `folder` makes all that a
run's checkpoint holds out of a folder. The authors' files of results are read by
`paper_exps.results_2018`, which needs no PyTorch.
"""

from src.legacy_2018.container import CHECKPOINT_2018
from src.legacy_2018.folder import load_2018, load_run_2018
from src.legacy_2018.names import rename_2018

__all__ = ["CHECKPOINT_2018", "load_2018", "load_run_2018", "rename_2018"]
