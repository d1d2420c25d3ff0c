"""What a run tells its user: progress, the result as data, a table, pictures."""

import numpy as np
from tqdm import tqdm

from src.errors import InputError
from src.metrics import CHOSEN, MEANS, MEANS_MM
from src.plotting.figures import save_figure
from src.plotting.poses import draw_test_poses
from src.plotting.training import draw_training
from src.runs import RunFolder

_LABELS = {"mpjpe": "MPJPE", "scaled_mpjpe": "scaled MPJPE", "pa_mpjpe": "PA-MPJPE"}


class Report:
    """The progress bar over a whole run, with its estimate, and a line per epoch."""

    def __init__(self, steps_per_epoch: int, epochs: int, state):
        total, done = steps_per_epoch * epochs, steps_per_epoch * state.epoch
        if state.epoch:
            print(f"going on after epoch {state.epoch}")
        # disable=None: no bar where nobody sees it, as in a log file; the lines per epoch are written all the same.
        self._bar = tqdm(total=total, initial=done, unit="step", disable=None, dynamic_ncols=True)

    def progress(self, steps: int, losses: dict[str, float]):
        """``steps`` more are done; ``losses`` are the latest by name."""
        self._bar.set_postfix({name: f"{value:.3g}" for name, value in losses.items()}, refresh=False)
        self._bar.update(steps)

    def epoch(self, row: dict, epochs: int):
        """An epoch is done and saved."""
        skipped = ("epoch", "step", "lr", "seconds", *MEANS_MM)
        losses = "  ".join(f"{name} {value:.4g}" for name, value in row.items() if name not in skipped)
        error = f"  {_LABELS['pa_mpjpe']} {row[CHOSEN]:.1f} mm" if CHOSEN in row else ""
        tqdm.write(f"epoch {row['epoch']}/{epochs}  {losses}{error}  {row['seconds']:.0f} s")

    def __enter__(self) -> "Report":
        return self

    def __exit__(self, *_):
        self._bar.close()


def data_title(data: dict) -> str:
    """The name of the data, which says so if they are synthetic."""
    return data["name"] if not data["synthetic"] else f"SYNTHETIC data ({data['name']})"


def _whose(data: dict, part: str) -> str:
    return ", ".join([data_title(data), *(f"S{subject}" for subject in data[part]["subjects"])])


def print_notes(data: dict):
    """What the reader wants the user to know, and what data this is."""
    for part in ("train", "test"):
        if data[part] is not None:
            counts = f"{data[part]['frames']:,} poses in {data[part]['sequences']} sequences"
            print(f"{part}: {_whose(data, part)}: {counts}")
            for note in data[part]["notes"]:
                print(f"note: {note}")
    if data["overlapping_subjects"]:
        print(f"note: subjects {data['overlapping_subjects']} are in training and test set: errors will look too good")


def make_result(options: dict, means: dict, data: dict, *, epoch: int, best: dict | None, tested_sha256) -> dict:
    """What result.json holds. tested_sha256: of the checkpoint that --eval_only tested, else None."""
    return {
        **{name: means[name] for name in means if not name.startswith("per_")},
        "epoch": epoch,
        "which": "last",
        "best": best,
        "frames": data["test"]["frames"],
        "skeleton": options["dataset_type"],
        "supervision": options["supervision"],
        "preset": options["preset"],
        "seed": options["seed"],
        "trained": not options["eval_only"],
        "loaded_from": options["load"],
        "tested_sha256": tested_sha256,
        "data": data,
        "per_action": means["per_action"],
        "per_joint": means["per_joint"],
    }


def print_result(result: dict, run: RunFolder):
    """The errors as a table, and where everything is. Raises InputError if the result is no longer whole."""
    try:
        lines = _result_lines(result, run)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{run.path / 'result.json'}: is damaged ({error!r}); move it away, and run again") from None
    print("\n".join(lines))


def _result_lines(result: dict, run: RunFolder) -> list[str]:
    data, means = result["data"], list(MEANS.values())
    counts = f"{result['frames']:,} poses, {result['skeleton']}, epoch {result['epoch']} (last)"
    rows = {action: [of_action[name] for name in MEANS_MM] for action, of_action in result["per_action"].items()}
    rows["mean over actions"] = [result[f"{mean}_action_mean_mm"] for mean in means]
    rows["mean over frames"] = [result[name] for name in MEANS_MM]
    lines = [f"\n{_whose(data, 'test')}: {counts}"]
    lines.append(f"{'mm':<22}" + "".join(f"{_LABELS[mean]:>14}" for mean in means))
    lines += [f"{name:<22}" + "".join(f"{value:>14.1f}" for value in values) for name, values in rows.items()]
    if result["best"] is not None:
        best = f"best epoch: {result['best']['epoch']}, PA-MPJPE {result['best'][CHOSEN]:.1f} mm"
        lines.append(f"{best} (the table is the last's)")
    lines.append(f"results and checkpoints: {run.path}")
    pictures = [str(run.path / name) for name in ("loss_curves.png", "test_poses.png") if run.has(name)]
    if pictures:
        lines.append(f"pictures: {', '.join(pictures)}")
    if data["synthetic"] and result["trained"]:
        lines.append(
            "next: --preset supervised for the fully supervised model; --data_dir FOLDER for real motion; --help"
        )
    return lines


def save_predictions(run: RunFolder, arrays, poses, tested, *, joints):
    """predictions.npz: every test pose and its errors. tested: as `fit.test_model` returns it."""
    _, errors, predicted = tested
    content = {
        "pose_2d_px": poses.pose_2d,
        "target_mm": poses.pose_3d,
        "prediction_mm": predicted["prediction"],
        "aligned_mm": predicted["aligned"],
        **{f"{MEANS[kind]}_joint_errors_mm": values for kind, values in errors.items()},
        "sequence": arrays.sequence,
        "frame": arrays.frame,
        "sequence_names": np.array([_caption(sequence) for sequence in arrays.sequences]),
        "joints": np.array(joints),
    }
    run.save_arrays("predictions.npz", content)


def _caption(sequence) -> str:
    return f"S{sequence.subject} {sequence.name} {sequence.camera}"


def save_pictures(run: RunFolder, arrays, poses, tested, *, history: list[dict], skeleton, title: str):
    """loss_curves.png, if anything was trained, and test_poses.png. tested: as `fit.test_model` returns it."""
    if history:
        save_figure(run.path / "loss_curves.png", draw_training(history, title))
    _, errors, predicted = tested
    rows = np.unique(np.linspace(0, len(arrays) - 1, 6).astype(int))
    page = draw_test_poses(
        inputs_px=poses.pose_2d[rows],
        truth_mm=poses.pose_3d[rows],
        aligned_mm=predicted["aligned"][rows],
        errors_mm=errors["procrustes"][rows].mean(axis=1),
        names=[f"{_caption(arrays.sequences[arrays.sequence[row]])}, frame {arrays.frame[row]}" for row in rows],
        skeleton=skeleton,
        title=title,
    )
    save_figure(run.path / "test_poses.png", page)
