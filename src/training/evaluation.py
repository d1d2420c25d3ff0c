"""How a model is tested: against 3D truth (motion), and against relative depth labels (photos)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from src.data.photos import Photos
from src.errors import InputError
from src.metrics import CHOSEN, MEANS_MM, aligned_joint_errors, summarize
from src.skeletons import Skeleton
from src.training.engine import LiftingModel, TestData, TestLoss, predict

# Edges in cm of the groups of true depth differences that wrong labels are counted for.
DEPTH_GAPS_CM = (0, 5, 10, 20, 40, np.inf)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a test has measured.

    Attributes:
        means: named numbers, as result.json holds them.
        logged: those of them that a row of log.csv holds.
        monitored: further numbers of that row, which show how the training goes and decide
            nothing: "l_test", the loss on the test set, and on photos "e_train", the share of
            wrong training labels.
        chosen: the name of the one that decides which tested epoch is the best; the smaller, the
            better.
        joint_errors: alignment ("none", "scale", "procrustes") -> errors (N,K) mm of the test
            poses; empty where no 3D truth is known.
        predictions: "prediction", and where 3D truth is known "aligned" with it: (N,K,3) mm. On
            motion these are the test poses, on photos the prediction is of all photos.
    """

    means: dict
    logged: dict[str, float]
    monitored: dict[str, float]
    chosen: str
    joint_errors: dict[str, np.ndarray]
    predictions: dict[str, np.ndarray]

    def is_better_than(self, best: dict | None) -> bool:
        """Tell whether this is better than the best epoch's logged means (None: there are none)."""
        return best is None or self.logged[self.chosen] < best[self.chosen]


@dataclass(frozen=True, eq=False)
class PhotoTestData:
    """What a network is tested on.

    Attributes:
        inputs: (N,K,2) standardised keypoints of all photos, on the device.
        photos: the photos and their labels.
        skeleton: of the K joints.
        loss: the loss on the labels of the test photos; None where it is not asked for.
    """

    inputs: torch.Tensor
    photos: Photos
    skeleton: Skeleton
    loss: TestLoss | None


def evaluate_motion(model: LiftingModel, data: TestData, batch_size: int) -> Evaluation:
    """Lift all test poses and compare them with the truth, in the three ways of `src.metrics`.

    Raises InputError if an error is not finite.
    """
    prediction, scale = predict(model, data.inputs, batch_size)
    with torch.inference_mode():
        errors, aligned = aligned_joint_errors(prediction, data.target)
    joint_errors = {alignment: values.cpu().numpy() for alignment, values in errors.items()}
    for values in joint_errors.values():
        bad_frames = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(bad_frames):
            raise InputError(
                f"testing stopped: the error of test frame {bad_frames[0]} is not finite"
            )
    means = summarize(joint_errors, data.actions, data.joints)
    return Evaluation(
        means=means,
        logged={name: means[name] for name in MEANS_MM},
        monitored={} if data.loss is None else {"l_test": data.loss.measure(prediction, scale)},
        chosen=CHOSEN,
        joint_errors=joint_errors,
        predictions={"prediction": prediction.cpu().numpy(), "aligned": aligned.cpu().numpy()},
    )


def evaluate_photos(model: LiftingModel, data: PhotoTestData, batch_size: int) -> Evaluation:
    """Lift all photos, count wrong labels of the test photos, and compare with 3D truth if known.

    Raises InputError if a predicted pose is not finite.
    """
    photos = data.photos
    prediction, scale = predict(model, data.inputs, batch_size)
    if not prediction.isfinite().all():
        raise InputError("testing stopped: a predicted pose is not finite")
    monitored = {}
    if data.loss is not None:
        monitored["l_test"] = data.loss.measure(prediction, scale)
    prediction = prediction.cpu()
    is_train_label = photos.is_train_label
    if is_train_label.any():
        is_wrong = wrong_labels(prediction.numpy(), photos)[is_train_label]
        monitored["e_train"] = float(is_wrong.mean())
    means = count_wrong_labels(prediction.numpy(), photos, data.skeleton)
    logged = {"wrong_labels": means["wrong_labels"]}
    joint_errors = {}
    if photos.truth is not None:
        is_test = ~photos.is_train
        target = photos.truth - photos.truth[:, [data.skeleton.root]]
        errors, _ = aligned_joint_errors(
            prediction[torch.from_numpy(is_test)], torch.from_numpy(target[is_test])
        )
        joint_errors = {alignment: values.numpy() for alignment, values in errors.items()}
        # Photos have no actions: all are of one.
        one_action = np.zeros(is_test.sum())
        means_of_errors = summarize(joint_errors, one_action, data.skeleton.joints)
        for name in MEANS_MM:
            means[name] = means_of_errors[name]
            logged[name] = means_of_errors[name]
        means["per_joint"] = means_of_errors["per_joint"]
    return Evaluation(
        means=means,
        logged=logged,
        monitored=monitored,
        chosen="wrong_labels",
        joint_errors=joint_errors,
        predictions={"prediction": prediction.numpy()},
    )


def wrong_labels(pose_3d: np.ndarray, photos: Photos) -> np.ndarray:
    """Tell which of the A labels poses (N,K,3) mm of all N photos contradict: (A,) of bool.

    A pose says +1 (the first joint is further away) where z_i >= z_j, else -1 (paper section 5).
    """
    says = np.where(photos.gap_mm(pose_3d) >= 0, 1, -1)
    return says != photos.label


def count_wrong_labels(pose_3d: np.ndarray, photos: Photos, skeleton: Skeleton) -> dict:
    """Count the labels of test photos that poses (N,K,3) mm of all N photos contradict.

    Returns the share of wrong labels in all, by pair of joints, and by whether a joint is occluded;
    where 3D truth is known, also by the true depth difference, with the share that the truth itself
    contradicts (annotators err) and the share of pairs whose order differs from the truth's.
    """
    is_test_label = ~photos.is_train_label
    is_wrong = wrong_labels(pose_3d, photos)[is_test_label]
    pairs = np.sort(photos.pairs[is_test_label], axis=1)

    wrong_per_pair = {}
    for first, second in np.unique(pairs, axis=0).tolist():
        name = f"{skeleton.joints[first]}-{skeleton.joints[second]}"
        wrong_per_pair[name] = is_wrong[(pairs == (first, second)).all(axis=1)]

    photo_of_label = photos.photo[is_test_label]
    is_occluded = photos.occluded[photo_of_label[:, None], pairs].any(axis=1)
    wrong_per_occlusion = {
        "both joints visible": is_wrong[~is_occluded],
        "a joint occluded": is_wrong[is_occluded],
    }
    result = {
        "wrong_labels": float(is_wrong.mean()),
        "labels": len(is_wrong),
        "per_pair": _shares(wrong_per_pair),
        "per_occlusion": _shares(wrong_per_occlusion),
    }
    if photos.truth is not None:
        gap = photos.gap_mm(pose_3d)[is_test_label]
        true_gap = photos.gap_mm(photos.truth)[is_test_label]
        true_gap_cm = np.abs(true_gap) / 10
        wrong_per_gap = {}
        for low, high in pairwise(DEPTH_GAPS_CM):
            inside = (true_gap_cm >= low) & (true_gap_cm < high)
            wrong_per_gap[f"{low:g}-{high:g}"] = is_wrong[inside]
        truth_wrong = wrong_labels(photos.truth, photos)[is_test_label]
        result["per_gap_cm"] = _shares(wrong_per_gap)
        result["wrong_labels_of_truth"] = float(truth_wrong.mean())
        result["wrong_order"] = float((np.sign(gap) != np.sign(true_gap)).mean())
    return result


def _shares(wrong_per_group: dict[str, np.ndarray]) -> dict[str, dict]:
    """Count labels and the share of wrong ones in every group that has labels."""
    shares = {}
    for name, is_wrong in wrong_per_group.items():
        if len(is_wrong):
            shares[name] = {"labels": len(is_wrong), "wrong": float(is_wrong.mean())}
    return shares
