"""What a run tells its user: progress, the result as data, a table, pictures."""

import numpy as np
from tqdm import tqdm

from src.metrics import CHOSEN, MEANS, MEANS_MM
from src.plotting.figures import save_figure
from src.plotting.photos import read_images  # noqa: F401 (src/lsp.py takes it from here)
from src.plotting.poses import draw_test_poses
from src.plotting.training import draw_training
from src.training.run_folder import RunFolder

_SHOWN = {
    "wrong_labels": "wrong labels {:.1%}",
    CHOSEN: "PA-MPJPE {:.1f} mm",
}  # of a test, after each epoch
_LABELS = ("MPJPE", "scaled MPJPE", "PA-MPJPE")  # of the means, in their order


class Report(tqdm):
    """The progress bar over a whole run, with its estimate, and a line per epoch."""

    def __init__(self, steps_per_epoch: int, epochs: int, state):
        if state.epoch:
            print(f"going on after epoch {state.epoch}")
        # disable=None: no bar where nobody sees it, as in a log file; the lines per epoch are written all the same.
        style = {"unit": "step", "disable": None, "dynamic_ncols": True}
        super().__init__(
            total=steps_per_epoch * epochs, initial=steps_per_epoch * state.epoch, **style
        )

    def progress(self, steps: int, losses: dict[str, float]):
        """``steps`` more are done; ``losses`` are the latest by name."""
        self.set_postfix({name: f"{value:.3g}" for name, value in losses.items()}, refresh=False)
        self.update(steps)

    def epoch(self, row: dict, epochs: int):
        """An epoch is done and saved."""
        skipped = ("epoch", "step", "lr", "seconds", *MEANS_MM, *_SHOWN)
        words = [f"{name} {value:.4g}" for name, value in row.items() if name not in skipped]
        words += [text.format(row[name]) for name, text in _SHOWN.items() if name in row]
        self.write(f"epoch {row['epoch']}/{epochs}  {'  '.join(words)}  {row['seconds']:.0f} s")


def data_title(data: dict) -> str:
    """The name of the data, which says so if they are synthetic."""
    return data["name"] if not data["synthetic"] else f"SYNTHETIC data ({data['name']})"


def _whose(data: dict, part: str) -> str:
    return ", ".join([data_title(data), *(f"S{subject}" for subject in data[part]["subjects"])])


def notes(data: dict) -> list[str]:
    """What data this is, and what its reader wants the user to know."""
    lines = []
    for part in ("train", "test"):
        if data[part] is not None:
            counts = f"{data[part]['frames']:,} poses in {data[part]['sequences']} sequences"
            lines += [
                f"{part}: {_whose(data, part)}: {counts}",
                *(f"note: {note}" for note in data[part]["notes"]),
            ]
    if subjects := data["overlapping_subjects"]:
        lines.append(
            f"note: subjects {subjects} are in training and test set: errors will look too good"
        )
    return lines


def _best_lines(best: dict | None, text: str) -> list[str]:
    return (
        []
        if best is None
        else [f"best epoch: {best['epoch']}, {text.format(**best)} (the table is the last's)"]
    )


def result_lines(result: dict, run: RunFolder) -> list[str]:
    """The errors as a table, and where everything is."""
    data = result["data"]
    counts = f"{result['frames']:,} poses, {result['skeleton']}, epoch {result['epoch']} (last)"
    rows = {
        action: [of_action[name] for name in MEANS_MM]
        for action, of_action in result["per_action"].items()
    }
    rows["mean over actions"] = [result[f"{mean}_action_mean_mm"] for mean in MEANS.values()]
    rows["mean over frames"] = [result[name] for name in MEANS_MM]
    lines = [
        f"\n{_whose(data, 'test')}: {counts}",
        f"{'mm':<22}" + "".join(f"{name:>14}" for name in _LABELS),
    ]
    lines += [
        f"{name:<22}" + "".join(f"{value:>14.1f}" for value in values)
        for name, values in rows.items()
    ]
    lines += _best_lines(result["best"], "PA-MPJPE {pa_mpjpe_mm:.1f} mm")
    lines.append(f"results and checkpoints: {run.path}")
    if pictures := [
        str(run.path / name) for name in ("loss_curves.png", "test_poses.png") if run.has(name)
    ]:
        lines.append(f"pictures: {', '.join(pictures)}")
    if data["synthetic"] and result["trained"]:
        advice = "--preset supervised for the fully supervised model; --data_dir FOLDER for real motion; --help"
        lines.append(f"next: {advice}")
    return lines


def save_predictions(run: RunFolder, arrays, poses, tested, *, joints):
    """predictions.npz: every test pose and its errors. tested: as `fit.test_model` returns it."""
    _, errors, predicted = tested
    content = {
        **{"pose_2d_px": poses.pose_2d, "root_2d_px": poses.root_2d, "target_mm": poses.pose_3d},
        **{f"{name}_mm": poses_mm for name, poses_mm in predicted.items()},
        **{f"{MEANS[kind]}_joint_errors_mm": values for kind, values in errors.items()},
        "sequence": arrays.sequence,
        "frame": arrays.frame,
        "sequence_names": np.array([_caption(sequence) for sequence in arrays.sequences]),
        "joints": np.array(joints),
    }
    run.save_arrays("predictions.npz", content)


def _caption(sequence) -> str:
    return f"S{sequence.subject} {sequence.name} {sequence.camera}"


def save_curves(run: RunFolder, history: list[dict], title: str):
    """loss_curves.png."""
    save_figure(run.path / "loss_curves.png", draw_training(history, title))


def photo_lines(result: dict, run: RunFolder) -> list[str]:
    """The share of wrong labels as a table, the errors where the truth is known, and where everything is."""
    counts = (
        f"{result['frames']:,} test photos, {result['skeleton']}, epoch {result['epoch']} (last)"
    )
    lines = [f"\n{data_title(result['data'])}: {counts}", f"{'':<24}{'labels':>10}{'wrong':>10}"]
    rows = {
        "all": {"labels": result["labels"], "wrong": result["wrong_labels"]},
        **result["per_occlusion"],
    }
    rows |= {f"true depth gap {gap} cm": row for gap, row in result.get("per_gap_cm", {}).items()}
    lines += [f"{name:<26}{row['labels']:>8,}{row['wrong']:>10.1%}" for name, row in rows.items()]
    if CHOSEN in result:
        lines.append(
            f"{result['wrong_labels_of_truth']:.1%} of the labels contradict the 3D truth itself"
        )
        lines.append(
            f"{result['wrong_order']:.1%} of the same pairs are in another order than in the 3D truth"
        )
        errors = zip(_LABELS, (result[name] for name in MEANS_MM), strict=True)
        lines.append(", ".join(f"{name} {value:.1f} mm" for name, value in errors))
    lines += _best_lines(result["best"], "{wrong_labels:.1%} wrong")
    return [*lines, f"by pair of joints: result.json; results and checkpoints: {run.path}"]


def save_pictures(
    run: RunFolder, arrays, poses, tested, *, history: list[dict], skeleton, title: str
):
    """loss_curves.png, if anything was trained, and test_poses.png. tested: as `fit.test_model` returns it."""
    if history:
        save_curves(run, history, title)
    _, errors, predicted = tested
    rows = np.unique(np.linspace(0, len(arrays) - 1, 6).astype(int))
    page = draw_test_poses(
        inputs_px=poses.pose_2d[rows],
        truth_mm=poses.pose_3d[rows],
        aligned_mm=predicted["aligned"][rows],
        errors_mm=errors["procrustes"][rows].mean(axis=1),
        names=[
            f"{_caption(arrays.sequences[arrays.sequence[row]])}, frame {arrays.frame[row]}"
            for row in rows
        ],
        skeleton=skeleton,
        title=title,
    )
    save_figure(run.path / "test_poses.png", page)
