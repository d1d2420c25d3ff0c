"""From options and labelled photos to what training takes: what differs from `build`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from src.data.photo_oddities import check_keypoints, check_truth, photo_oddities, truth_oddities
from src.data.photos import Photos, load_photos, load_truth, parse_photos
from src.data.synthetic.photos import make_content
from src.errors import InputError
from src.skeletons import get_skeleton
from src.standardize import Standardizer, Statistics
from src.training.build import CentredPoses, build_criterion, make_inputs
from src.training.checkpoints import Source
from src.training.engine import TestLoss, TrainingData
from src.training.evaluation import PhotoTestData


def load_labelled_photos(options) -> Photos:
    """Load the labels that the options name, with the 3D truth where there is one.

    Raises InputError for a damaged file, and where there is nothing to train or test on.
    """
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
            truth = load_truth(options.truth, len(photos.files), skeleton)
            photos = replace(photos, truth=truth)
            check_truth(photos, f"--truth {options.truth}")
            notes = [f"--truth: {oddity}" for oddity in truth_oddities(photos, skeleton.joints)]
            photos = replace(photos, notes=(*photos.notes, *notes))
        check_keypoints(photos, options.annotations)
        notes = [f"{options.annotations}: {oddity}" for oddity in photo_oddities(photos, skeleton)]
        photos = replace(photos, notes=(*photos.notes, *notes))

    is_train_label = photos.is_train[photos.photo]
    if not options.eval_only and is_train_label.sum() < 2:
        raise InputError(
            f"{options.annotations}: {is_train_label.sum()} labels of images with is_train true; "
            "at least 2 needed"
        )
    if not options.eval_only and not photos.weight[is_train_label].any():
        raise InputError(
            f"{options.annotations}: weight: all labels of the training images have weight 0: "
            "nothing to learn from"
        )
    if is_train_label.all():
        raise InputError(
            f"{options.annotations}: no labels of images with is_train false: nothing to test on"
        )
    return photos


def describe_data(photos: Photos, options) -> dict:
    """Describe the data of a run in plain values: their name, and what identifies them."""
    is_synthetic = options.annotations == "synthetic"
    return {
        "form": "built-in" if is_synthetic else "relative_depth_json",
        "name": "synthetic photos" if is_synthetic else Path(options.annotations).stem,
        "synthetic": is_synthetic,
        "train": None if options.eval_only else photos.describe(train=True),
        "test": photos.describe(train=False),
    }


def centre(photos: Photos, options) -> CentredPoses:
    """Subtract the root from the keypoints of all photos. There are no 3D poses: these are None."""
    root = get_skeleton(options.dataset_type).root
    root_2d = photos.pose_2d[:, root]
    centred_2d = photos.pose_2d - root_2d[:, None]
    return CentredPoses(
        input_2d=centred_2d if options.subtract_2d_root else photos.pose_2d,
        pose_2d=centred_2d,
        root_2d=root_2d,
        pose_3d=None,
        root_3d=None,
        arrays=None,
    )


def fit_statistics(
    poses: CentredPoses, photos: Photos, options, source: Source | None
) -> Statistics:
    """Compute the 2D statistics of the training photos, or take those of the run of --load.

    Limb lengths and 3D statistics are those of that run; photos have none. Raises InputError if
    there is no training photo.
    """
    if source is not None:
        loaded = source.statistics
    else:
        skeleton = get_skeleton(options.dataset_type)
        lengths = skeleton.average_limb_lengths
        if lengths is None:
            lengths = [1.0] * len(skeleton.limbs)  # never used: --limb_type avg_person refuses them
        loaded = Statistics(pose_2d=None, pose_3d=None, limb_lengths=torch.tensor([lengths]))
    if options.use_loaded_stats:
        return loaded
    if not photos.is_train.any():
        raise InputError(
            f"{options.annotations}: no image with is_train true; add --use_loaded_stats"
        )
    return loaded._replace(pose_2d=Standardizer.fit(poses.input_2d[photos.is_train]))


def make_test_data(
    photos: Photos, poses: CentredPoses, statistics: Statistics, options, device
) -> PhotoTestData:
    """Standardise the keypoints of all photos, and move them to the device.

    A run that trains also measures its loss on the labels of the test photos.
    """
    loss = None
    if not options.eval_only:
        is_test_label = ~photos.is_train[photos.photo]
        loss = TestLoss(
            criterion=build_criterion(options),
            tensors=_loss_tensors(photos, poses, is_test_label, device),
            constants={"limb_lengths": _limb_lengths(statistics, options).to(device)},
            rows=torch.from_numpy(photos.photo[is_test_label]).to(device),
        )
    return PhotoTestData(
        inputs=make_inputs(poses.input_2d, statistics, options, "test").to(device),
        photos=photos,
        skeleton=get_skeleton(options.dataset_type),
        loss=loss,
    )


def make_training_data(
    photos: Photos, poses: CentredPoses, statistics: Statistics, options, device
) -> TrainingData:
    """Make one example of every label of the training photos, on the device.

    Raises InputError if the limb lengths of the loaded run are asked for and it has none.
    """
    is_train_label = photos.is_train[photos.photo]
    inputs = make_inputs(poses.input_2d, statistics, options, "train")
    inputs = inputs[torch.from_numpy(photos.photo[is_train_label])]
    loss_tensors = _loss_tensors(photos, poses, is_train_label, device)
    return TrainingData(
        tensors={"inputs": inputs.to(device), **loss_tensors},
        constants={"limb_lengths": _limb_lengths(statistics, options).to(device)},
        labels=None,
        batch_size=options.train_batch,
        seed=options.seed,
    )


def _loss_tensors(
    photos: Photos, poses: CentredPoses, is_chosen: np.ndarray, device
) -> dict[str, torch.Tensor]:
    """Collect what the loss terms ask for by name: tensors (E,...) of an example per chosen label.

    is_chosen: (A,) of bool, which of the photos' A labels are the E examples.
    """
    arrays = {
        "pose_2d": poses.pose_2d[photos.photo[is_chosen]],
        "pairs": photos.pairs[is_chosen],
        "labels": photos.label[is_chosen],
    }
    weights = photos.weight[is_chosen]
    if not np.all(weights == 1):
        arrays["weights"] = weights
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


def _limb_lengths(statistics: Statistics, options) -> torch.Tensor:
    """Return the limb lengths (1,L) whose proportions the skeleton loss asks for.

    Raises InputError if those of the loaded run are asked for and it has none.
    """
    skeleton = get_skeleton(options.dataset_type)
    if options.limb_type == "avg_person" and skeleton.average_limb_lengths is not None:
        return torch.tensor([skeleton.average_limb_lengths])
    has_lengths = statistics.limb_lengths.shape[1] == len(skeleton.limbs)
    if options.limb_type == "avg_human36" and not has_lengths:
        # Checkpoints of the 2018 code that were trained on photos alone have none.
        raise InputError(
            f"--limb_type avg_human36: {options.load} holds no mean limb lengths of "
            f"{skeleton.name}; use --limb_type avg_person"
        )
    return statistics.limb_lengths
