"""The task of main_lsp.py: learn from relative depth labels on photos, and count the labels that a model gets wrong."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from src.data.photos import Photos, load_photos, load_truth, parse_photos
from src.data.synthetic.photos import make_content
from src.errors import InputError
from src.metrics import MEANS, MEANS_MM, aligned_joint_errors, summarize
from src.plotting.figures import save_figure
from src.plotting.lifted import lifted_sheet
from src.skeletons import Skeleton, get_skeleton
from src.standardize import Standardizer
from src.training import build, report
from src.training.checkpoints import Test
from src.training.engine import TrainingData, predict

_GAPS_CM = (0, 5, 10, 20, 40, np.inf)
_PICTURES = 6


def load(options) -> Photos:
    """The labels that the options name, with the 3D truth where there is one. Raises InputError."""
    skeleton = get_skeleton(options.dataset_type)
    if options.annotations == "synthetic":
        if not skeleton.human36_indices:
            raise InputError(
                f"--annotations synthetic: has Human3.6M's joints, not those of {skeleton.name}"
            )
        content, truth = make_content(skeleton)
        photos = replace(parse_photos(content, skeleton, "synthetic"), truth=truth)
    else:
        photos = load_photos(options.annotations, skeleton)
        if options.truth:
            photos = replace(photos, truth=load_truth(options.truth, len(photos.files), skeleton))
    train, where = photos.is_train[photos.photo], options.annotations
    if not options.eval_only and train.sum() < 2:
        raise InputError(
            f"{where}: {train.sum()} labels of images with is_train true; at least 2 needed"
        )
    if train.all():
        raise InputError(f"{where}: no labels of images with is_train false: nothing to test on")
    return photos


def wrong_labels(pose_3d: np.ndarray, photos: Photos) -> np.ndarray:
    """Poses (N,K,3) of all photos -> (A,) whether a label is wrong. z_i >= z_j counts as +1 (paper section 5)."""
    return np.where(photos.gap_mm(pose_3d) >= 0, 1, -1) != photos.label


def count_wrong(pose_3d: np.ndarray, photos: Photos, skeleton: Skeleton) -> dict:
    """How many of the test labels poses (N,K,3) get wrong: in all, by pair of joints, by occlusion, by depth gap."""
    tested = ~photos.is_train[photos.photo]
    wrong, pairs = wrong_labels(pose_3d, photos)[tested], np.sort(photos.pairs[tested], axis=1)

    def shares(groups: dict) -> dict:
        found = {name: wrong[group] for name, group in groups.items() if group.any()}
        return {
            name: {"labels": len(those), "wrong": float(those.mean())}
            for name, those in found.items()
        }

    hidden = photos.occluded[photos.photo[tested, None], pairs].any(axis=1)
    by_pair = {
        pair: (pairs == pair).all(axis=1) for pair in map(tuple, np.unique(pairs, axis=0).tolist())
    }
    result = {
        "wrong_labels": float(wrong.mean()),
        "labels": len(wrong),
        "per_pair": shares(
            {"-".join(skeleton.joints[j] for j in pair): group for pair, group in by_pair.items()}
        ),
        "per_occlusion": shares({"both joints visible": ~hidden, "a joint occluded": hidden}),
    }
    if photos.truth is not None:
        gap, true_gap = photos.gap_mm(pose_3d)[tested], photos.gap_mm(photos.truth)[tested]
        gap_cm, bins = np.abs(true_gap) / 10, pairwise(_GAPS_CM)
        result["per_gap_cm"] = shares(
            {f"{a:g}-{b:g}": (gap_cm >= a) & (gap_cm < b) for a, b in bins}
        )
        result["wrong_labels_of_truth"] = float(wrong_labels(photos.truth, photos)[tested].mean())
        result["wrong_order"] = float((np.sign(gap) != np.sign(true_gap)).mean())
    return result


class Lsp:
    """Photos and labels as the options ask for, and what becomes of a test: see `src.session`."""

    RESULT = {"wrong_labels": float, "labels": int, "per_pair": dict, "per_occlusion": dict}
    TAKES_OVER_OPTIMIZER = True
    lines_of_result = staticmethod(report.photo_lines)

    def __init__(self, options, source: dict | None):
        self.options, self.skeleton = options, get_skeleton(options.dataset_type)
        self.photos = load(options)
        pose_2d = self.photos.pose_2d
        self._pose_2d = pose_2d - pose_2d[:, [self.skeleton.root]]
        self._inputs = self._pose_2d if options.subtract_2d_root else pose_2d
        self.statistics = self._fit_statistics(None if source is None else source["statistics"])
        synthetic = options.annotations == "synthetic"
        self.data = {
            "form": "built-in" if synthetic else "relative_depth_json",
            "name": "synthetic photos" if synthetic else Path(options.annotations).stem,
            "synthetic": synthetic,
            "train": None if options.eval_only else self.photos.describe(train=True),
            "test": self.photos.describe(train=False),
        }

    def _fit_statistics(self, loaded: dict | None) -> build.Statistics:
        """2D statistics of the training photos, or of the loaded run; limb lengths and 3D statistics of that run."""
        lengths = torch.tensor(
            [self.skeleton.average_limb_lengths or [1.0] * len(self.skeleton.limbs)]
        )
        source = (
            build.Statistics(None, None, lengths)
            if loaded is None
            else build.Statistics.from_state(loaded)
        )
        if self.options.use_loaded_stats:
            return source
        if not self.photos.is_train.any():
            raise InputError(
                f"{self.options.annotations}: no image with is_train true; add --use_loaded_stats"
            )
        return source._replace(pose_2d=Standardizer.fit(self._inputs[self.photos.is_train]))

    def lines(self) -> list[str]:
        """What the user should know of the data."""
        title, parts = (
            report.data_title(self.data),
            {part: self.data[part] for part in ("train", "test")},
        )
        lines = [
            f"{n}: {title}: {d['frames']:,} photos, {d['labels']:,} labels"
            for n, d in parts.items()
            if d
        ]
        return lines + [f"note: {note}" for note in self.photos.notes]

    def training_data(self, device) -> TrainingData:
        """One example per label of the training photos."""
        photos = self.photos
        labels = photos.is_train[photos.photo]
        inputs = build.make_inputs(self._inputs, self.statistics, self.options, part="train")
        arrays = {"inputs": inputs.numpy()[photos.photo], "pose_2d": self._pose_2d[photos.photo]}
        arrays |= {"pairs": photos.pairs, "labels": photos.label}
        if (photos.weight[labels] != 1).any():
            arrays["weights"] = photos.weight
        tensors = {
            name: torch.from_numpy(array[labels]).to(device) for name, array in arrays.items()
        }
        average = self.options.limb_type == "avg_person" and self.skeleton.average_limb_lengths
        lengths = torch.tensor([average]) if average else self.statistics.limb_lengths
        return TrainingData(tensors, {"limb_lengths": lengths.to(device)}, None)

    def test(self, device) -> Test:
        """How a model is tested: on the labels of the test photos, and on their 3D truth where there is one."""
        inputs = build.make_inputs(self._inputs, self.statistics, self.options, part="test").to(
            device
        )
        tested, truth = ~self.photos.is_train, self.photos.truth

        def run(model) -> tuple:
            poses = predict(model, inputs, self.options.test_batch)[0].cpu()
            if not poses.isfinite().all():
                raise InputError("testing stopped: a predicted pose is not finite")
            result = count_wrong(poses.numpy(), self.photos, self.skeleton)
            if truth is None:
                return result, None, poses.numpy()
            target = torch.from_numpy((truth - truth[:, [self.skeleton.root]])[tested])
            errors, _ = aligned_joint_errors(poses[torch.from_numpy(tested)], target)
            errors = {kind: values.numpy() for kind, values in errors.items()}
            means = summarize(errors, np.zeros(len(target)), self.skeleton.joints)
            return result | {n: means[n] for n in (*MEANS_MM, "per_joint")}, errors, poses.numpy()

        logged = ("wrong_labels",) + (MEANS_MM if truth is not None else ())
        return Test(run, logged, "wrong_labels")

    def save(self, run, tested, *, history, title: str):
        """Predictions and pictures, where asked for."""
        _, errors, poses = tested
        photos, rows = self.photos, np.flatnonzero(~self.photos.is_train)
        files = np.array(photos.files)
        if self.options.save_predictions:
            content = {
                "pose_2d_px": photos.pose_2d[rows],
                "prediction_mm": poses[rows],
                "files": files[rows],
            }
            content |= {
                f"{MEANS[kind]}_joint_errors_mm": values for kind, values in (errors or {}).items()
            }
            run.save_arrays("predictions.npz", content | {"joints": np.array(self.skeleton.joints)})
        if self.options.save_ims:
            if history:
                report.save_curves(run, history, title)
            shown = rows[np.unique(np.linspace(0, len(rows) - 1, _PICTURES).astype(int))]
            names = files[shown].tolist()
            more = {
                "captions": names,
                "title": title,
                "images": report.read_images(self.options.data_dir, names),
            }
            sheet = lifted_sheet(photos.pose_2d[shown], poses[shown], self.skeleton, **more)
            save_figure(run.path / "test_poses.png", sheet)
