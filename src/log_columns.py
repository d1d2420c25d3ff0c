"""What the columns of a run's log.csv are: the only list of those that are no losses.

`Progress.make_row` of `src.training.report` writes the columns, its `print_row` and the curves of
`src.plotting.training` read them. The terms of the loss are not listed, as anybody may add one: a
column is a loss if it is not one of the following, so a new column that is no loss belongs here.
"""

# How far the training was, and how long the epoch took.
PROGRESS = ("epoch", "step", "lr", "seconds")
# The weighted sum of the loss terms in training, and the same on the test set.
TOTAL = "total"
TEST_TOTAL = "l_test"
# Errors of poses in mm, see `src.metrics`.
POSE_ERRORS = ("mpjpe_mm", "scaled_mpjpe_mm", "pa_mpjpe_mm")
# Shares of labels of photos that poses contradict: of the test photos, of the training photos.
WRONG_LABELS = ("wrong_labels", "e_train")

_NO_LOSSES_OF_TRAINING = (*PROGRESS, TEST_TOTAL, *POSE_ERRORS, *WRONG_LABELS)


def training_losses(columns) -> list[str]:
    """Return those columns that are losses in training: the weighted sum, and its terms."""
    return [name for name in columns if name not in _NO_LOSSES_OF_TRAINING]


def loss_terms(columns) -> list[str]:
    """Return those columns that are terms of the loss in training, without their weighted sum."""
    return [name for name in training_losses(columns) if name != TOTAL]
