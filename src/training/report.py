"""What a run tells its user: progress, notes on the data, the result as data and as a table."""

import time

import torch
from tqdm import tqdm

from src.errors import InputError, shown
from src.log_columns import training_losses
from src.metrics import CHOSEN, MEANS, MEANS_MM
from src.skeletons import get_skeleton
from src.training.checkpoints import Source, State
from src.training.evaluation import Evaluation
from src.training.run_folder import RunFolder

# Fields of result.json that its table needs, beside those that every result has.
MOTION_FIELDS = {"per_action": dict, CHOSEN: float}
PHOTO_FIELDS = {"wrong_labels": float, "labels": int, "per_pair": dict, "per_occlusion": dict}
# How a test is shown after each epoch, in this order; other means are in log.csv only.
_SHOWN_OF_TEST = {
    "l_test": "test loss {:.4g}",
    "wrong_labels": "wrong labels {:.1%}",
    "e_train": "wrong training labels {:.1%}",
    CHOSEN: "PA-MPJPE {:.1f} mm",
}
_NAMES_OF_MEANS = ("MPJPE", "scaled MPJPE", "PA-MPJPE")  # in the order of MEANS_MM


class Progress:
    """A progress bar over the steps of a whole run, with an estimate, and a line per epoch.

    Use it as `with Progress(...) as progress:`. Where nobody sees a bar, as in a log file, there is
    none; the lines per epoch are written all the same.
    """

    def __init__(self, steps_per_epoch: int, epochs: int, state: State):
        self._epochs = epochs
        if state.epoch:
            print(f"going on after epoch {state.epoch}")
        self._bar = tqdm(
            total=steps_per_epoch * epochs,
            initial=steps_per_epoch * state.epoch,
            unit="step",
            disable=None,
            dynamic_ncols=True,
        )
        self._time_of_last_row = time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception):
        self._bar.close()

    def steps(self, num_steps: int, losses: dict[str, float]):
        """Say that so many more steps are done; losses: the latest by name."""
        shown = {name: f"{value:.3g}" for name, value in losses.items()}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(num_steps)

    def make_row(
        self,
        epoch: int,
        step: int,
        losses: dict[str, float],
        optimizer: torch.optim.Optimizer,
        tested: Evaluation | None,
    ) -> dict:
        """Make an epoch's row of the log.

        The row holds the epoch's number, the number of steps done in all, the last learning rate,
        the mean losses by name, what the test measured where the epoch was tested, and the seconds
        since the last row.
        """
        now = time.monotonic()
        row = {"epoch": epoch, "step": step, "lr": optimizer.param_groups[0]["lr"], **losses}
        if tested is not None:
            row |= tested.monitored
            row |= tested.logged
        row["seconds"] = round(now - self._time_of_last_row, 2)
        self._time_of_last_row = now
        return row

    def print_row(self, row: dict):
        """Say that an epoch is done and saved; row: its row of the log."""
        words = [f"epoch {row['epoch']}/{self._epochs}"]
        for name in training_losses(row):
            words.append(f"{name} {row[name]:.4g}")
        for name, text in _SHOWN_OF_TEST.items():
            if name in row:
                words.append(text.format(row[name]))
        words.append(f"{row['seconds']:.0f} s")
        self._bar.write("  ".join(words))


def print_failed_picture(error: Exception, consequence: str = "training goes on"):
    """Say that a picture could not be drawn; the run goes on, or is done, without it."""
    reason = " ".join(str(error).split())
    # Not print(): a progress bar may be on the screen.
    tqdm.write(f"note: a picture failed, {consequence} ({type(error).__name__}: {reason})")


def data_title(data: dict) -> str:
    """Return the name of the data, which says so if they are synthetic."""
    if data["synthetic"]:
        return f"SYNTHETIC data ({data['name']})"
    return data["name"]


def run_title(data: dict, options) -> str:
    """Return the title of a run's pictures."""
    return f"{data_title(data)}, {'+'.join(options.preset)}, seed {options.seed}"


def print_motion(data: dict):
    """Say what motion this is, and what its reader wants the user to know."""
    lines = []
    for part in ("train", "test"):
        if data[part] is None:
            continue
        counts = f"{data[part]['frames']:,} poses in {data[part]['sequences']} sequences"
        lines.append(f"{part}: {_title_with_subjects(data, part)}: {counts}")
        for note in data[part]["notes"]:
            lines.append(f"note: {note}")
    subjects = data["overlapping_subjects"]
    if subjects:
        lines.append(
            f"note: subjects {subjects} are in training and test set: errors will look too good"
        )
    print("\n".join(lines))


def print_photos(data: dict, notes):
    """Say what photos these are, and what their reader wants the user to know."""
    lines = []
    for part in ("train", "test"):
        if data[part] is not None:
            counts = f"{data[part]['frames']:,} photos, {data[part]['labels']:,} labels"
            lines.append(f"{part}: {data_title(data)}: {counts}")
    for note in notes:
        lines.append(f"note: {note}")
    print("\n".join(lines))


def make_result(options, state: State, means: dict, data: dict, source: Source | None) -> dict:
    """Collect what result.json holds: the means of the test, and what run they belong to."""
    result = {
        **means,
        "epoch": state.epoch,
        "which": "last",
        "best": state.best,
        "frames": data["test"]["frames"],
        "skeleton": get_skeleton(options.dataset_type).name,
        "supervision": options.supervision,
        "seed": options.seed,
        "preset": list(options.preset),
        "trained": not options.eval_only,
        "loaded_from": options.load,
    }
    # A test tells which checkpoint it tested, a training with which one it began.
    sha256_of_loaded = None if source is None else source.sha256
    if options.eval_only:
        result["tested_sha256"] = sha256_of_loaded
    else:
        result["loaded_sha256"] = sha256_of_loaded
    result["data"] = data
    return result


def print_motion_result(result: dict, run: RunFolder):
    """Print the errors of a run as a table, and where everything is.

    Raises InputError if the result comes from a damaged file.
    """
    try:
        lines = _motion_result_lines(result, run)
    except _DAMAGE as error:
        raise _damaged_result(run, error) from None
    print("\n".join(lines))


def print_photo_result(result: dict, run: RunFolder):
    """Print the share of wrong labels as a table, errors where 3D truth is known, and the folder.

    Raises InputError if the result comes from a damaged file.
    """
    try:
        lines = _photo_result_lines(result, run)
    except _DAMAGE as error:
        raise _damaged_result(run, error) from None
    print("\n".join(lines))


# What fields that are missing or of another type provoke.
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError)


def _damaged_result(run: RunFolder, error: Exception) -> InputError:
    path = run.path / "result.json"
    return InputError(f"{path}: is damaged ({shown(error)}); move it away, and run again")


def _motion_result_lines(result: dict, run: RunFolder) -> list[str]:
    data = result["data"]
    rows = {}
    for action, means in result["per_action"].items():
        rows[action] = [means[name] for name in MEANS_MM]
    rows["mean over actions"] = [result[f"{mean}_action_mean_mm"] for mean in MEANS.values()]
    rows["mean over frames"] = [result[name] for name in MEANS_MM]

    counts = f"{result['frames']:,} poses, {result['skeleton']}, epoch {result['epoch']} (last)"
    lines = [f"\n{_title_with_subjects(data, 'test')}: {counts}"]
    lines.append(f"{'mm':<22}" + "".join(f"{name:>14}" for name in _NAMES_OF_MEANS))
    for name, values in rows.items():
        lines.append(f"{name:<22}" + "".join(f"{value:>14.1f}" for value in values))
    lines += _best_lines(result["best"], "PA-MPJPE {pa_mpjpe_mm:.1f} mm")
    lines.append(f"results and checkpoints: {run.path}")
    pictures = []
    for name in ("loss_curves.png", "test_poses.png"):
        if run.has(name):
            pictures.append(str(run.path / name))
    if pictures:
        lines.append(f"pictures: {', '.join(pictures)}")
    if data["synthetic"] and result["trained"]:
        lines.append(
            "next: --preset supervised for the fully supervised model; "
            "--data_dir FOLDER for real motion; --help"
        )
    return lines


def _photo_result_lines(result: dict, run: RunFolder) -> list[str]:
    rows = {"all": {"labels": result["labels"], "wrong": result["wrong_labels"]}}
    rows |= result["per_occlusion"]
    for gap, row in result.get("per_gap_cm", {}).items():
        rows[f"true depth gap {gap} cm"] = row

    counts = (
        f"{result['frames']:,} test photos, {result['skeleton']}, epoch {result['epoch']} (last)"
    )
    lines = [f"\n{data_title(result['data'])}: {counts}", f"{'':<24}{'labels':>10}{'wrong':>10}"]
    for name, row in rows.items():
        lines.append(f"{name:<26}{row['labels']:>8,}{row['wrong']:>10.1%}")
    if CHOSEN in result:  # 3D truth is known
        contradicting = f"{result['wrong_labels_of_truth']:.1%} of the labels"
        lines.append(f"{contradicting} contradict the 3D truth itself")
        wrong_order = f"{result['wrong_order']:.1%} of the same pairs"
        lines.append(f"{wrong_order} are ordered differently from the 3D ground truth")
        errors = []
        for label, name in zip(_NAMES_OF_MEANS, MEANS_MM, strict=True):
            errors.append(f"{label} {result[name]:.1f} mm")
        lines.append(", ".join(errors))
    lines += _best_lines(result["best"], "{wrong_labels:.1%} wrong")
    lines.append(f"by pair of joints: result.json; results and checkpoints: {run.path}")
    return lines


def _title_with_subjects(data: dict, part: str) -> str:
    subjects = [f"S{subject}" for subject in data[part]["subjects"]]
    return ", ".join([data_title(data), *subjects])


def _best_lines(best: dict | None, text: str) -> list[str]:
    """Say which tested epoch was the best; nothing if none was tested."""
    if best is None:
        return []
    return [f"best epoch: {best['epoch']}, {text.format(**best)} (the table shows the last epoch)"]
