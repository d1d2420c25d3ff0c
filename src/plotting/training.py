"""Curves of a training run, from the rows of its log.csv."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from src.log_columns import POSE_ERRORS, TEST_TOTAL, TOTAL, WRONG_LABELS, loss_terms
from src.plotting.figures import CYCLE, new_figure


def draw_training(history: list[dict], title: str) -> Figure:
    """Make a figure of a run: every term of the loss on the left, the test errors on the right.

    Where the log has the loss on the test set, it is drawn on the left too, dashed, beside the
    same weighted sum in training.

    Args:
        history: a row per epoch of the log, {column: value}; an epoch without a test lacks the
            errors. `src.log_columns` says what the columns are. Runs on photos have wrong_labels,
            the share of test labels that the poses contradict, which is drawn in place of errors
            in mm, beside the same share of training labels, e_train.
        title: of the figure.
    """
    losses, test_errors = _split_columns(history)
    figure = new_figure(10, 4)
    figure.suptitle(title, fontsize=10)
    loss_axis, test_axis = figure.subplots(1, 2)
    draw_curves(loss_axis, history, losses)
    loss_title = "training losses, unweighted"
    if any(TEST_TOTAL in row for row in history):
        _draw_totals(loss_axis, history)
        loss_title += "; total: weighted, dashed on the test set"
    loss_axis.set_title(loss_title, fontsize=9)
    draw_curves(test_axis, history, test_errors)
    test_title = "test errors (mm)"
    if "wrong_labels" in test_errors:
        test_title = "share of wrong labels (e_train: of training labels)"
    test_axis.set_title(test_title, fontsize=9)
    return figure


def draw_curves(axis, history: list[dict], columns: Sequence[str]):
    """Draw columns of a log against the epoch, on a logarithmic scale.

    Args:
        axis: a 2D axis.
        history: a row per epoch, {column: value}, with the column epoch in each.
        columns: those to draw; rows that lack one are left out of its curve.

    Returns:
        The axis.
    """
    for number, column in enumerate(columns):
        rows = [row for row in history if column in row]
        axis.plot(
            [row["epoch"] for row in rows],
            [row[column] for row in rows],
            color=CYCLE[number % len(CYCLE)],
            marker=".",
            label=column.removesuffix("_mm"),
        )
    axis.set(xlabel="epoch", yscale="log")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(alpha=0.3, which="both")
    axis.legend(fontsize=8)
    return axis


def _draw_totals(axis, history: list[dict]):
    """Draw the weighted sum of the loss terms in training, and dashed the one on the test set."""
    for column, line_style in {TOTAL: "-", TEST_TOTAL: "--"}.items():
        rows = [row for row in history if column in row]
        axis.plot(
            [row["epoch"] for row in rows],
            [row[column] for row in rows],
            color="black",
            linestyle=line_style,
            marker=".",
            label=column,
        )
    axis.legend(fontsize=8)


def _split_columns(history: list[dict]) -> tuple[list[str], list[str]]:
    """Which columns of a log are terms of the loss, and which are test errors to draw."""
    columns: list[str] = []
    for row in history:
        columns += [name for name in row if name not in columns]
    errors_mm = [name for name in columns if name in POSE_ERRORS]
    shares = [name for name in WRONG_LABELS if name in columns]
    return loss_terms(columns), shares if shares else errors_mm
