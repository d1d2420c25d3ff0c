"""From options and arrays to what the engine takes: data on the device, network, optimiser, criterion."""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from src import losses, seeding
from src.data.arrays import PoseArrays
from src.data.human36.load import load_human36
from src.data.npz import load_npz
from src.data.synthetic.motion import load_synthetic
from src.errors import InputError
from src.labels import RelativeLabels, add_noise_2d, drop_keypoints
from src.model import LiftingNetwork
from src.skeletons import Skeleton, get_skeleton
from src.standardize import Standardizer, Statistics
from src.training.engine import LiftingModel, Recipe, Schedule, TestData, TrainingData


class Centred(NamedTuple):
    """Poses as the method takes them: input_2d (N,K,2) px, noisy; pose_2d the same root-centred; pose_3d (N,K,3) mm,
    root-centred; root_2d (N,2) and root_3d (N,3), what was subtracted."""

    input_2d: np.ndarray
    pose_2d: np.ndarray
    pose_3d: np.ndarray
    root_2d: np.ndarray
    root_3d: np.ndarray


def load_poses(options, part: str) -> PoseArrays:
    """The poses of ``part``, "train" or "test", as the options ask for."""
    reader = load_npz if options.data_dir.endswith(".npz") else load_human36
    load = load_synthetic if options.data_dir == "synthetic" else partial(reader, options.data_dir)
    return load(
        getattr(options, f"{part}_subjects"),
        get_skeleton(options.dataset_type),
        actions=options.actions,
        detections=getattr(options, f"{part}_noise_type_2d") == "detections",
        keep_every=options.amt_test_data if part == "test" else 1,
    )


def centre(arrays: PoseArrays, options, part: str) -> Centred:
    """Add 2D noise, then subtract the roots: the noise hits the root too."""
    root, rng = (
        get_skeleton(options.dataset_type).root,
        seeding.generator(options.seed, f"noise_2d_{part}"),
    )
    kind, amount = (getattr(options, f"{part}_noise_{what}_2d") for what in ("type", "amount"))
    noisy = add_noise_2d(arrays.pose_2d, kind, amount, rng=rng)
    root_2d, root_3d = noisy[:, root], arrays.pose_3d[:, root]
    pose_2d, pose_3d = noisy - root_2d[:, None], arrays.pose_3d - root_3d[:, None]
    return Centred(
        pose_2d if options.subtract_2d_root else noisy, pose_2d, pose_3d, root_2d, root_3d
    )


def limb_lengths(pose_3d: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Poses (N,K,3) mm -> lengths (N,L) mm."""
    starts, ends = map(list, skeleton.limb_ends)
    return np.linalg.norm(pose_3d[:, starts] - pose_3d[:, ends], axis=-1)


def fit_statistics(poses: Centred, options) -> Statistics:
    """Statistics of the whole training set, before any subsampling."""
    lengths = limb_lengths(poses.pose_3d, get_skeleton(options.dataset_type)).mean(
        axis=0, dtype=np.float64
    )
    pose_3d = Standardizer.fit(poses.pose_3d) if options.supervision == "full" else None
    return Statistics(
        Standardizer.fit(poses.input_2d), pose_3d, torch.from_numpy(lengths).float()[None]
    )


def make_inputs(
    input_2d: np.ndarray, statistics: Statistics, options, *, part: str
) -> torch.Tensor:
    """2D input (N,K,2) px -> the same standardised, keypoints dropped where asked for."""
    inputs = statistics.pose_2d.apply(torch.from_numpy(input_2d)).numpy()
    rng = seeding.generator(options.seed, f"input_dropout_{part}")
    return torch.from_numpy(drop_keypoints(inputs, options.in_dropout_p, rng))


def make_training_data(
    arrays: PoseArrays, poses: Centred, statistics: Statistics, *, options, device
) -> TrainingData:
    """Subsample, choose and label pairs, move to the device. Raises InputError if fewer than two frames are left."""
    frames, kept = len(arrays), int(len(arrays) * options.amt_train_data)
    if kept < 2:
        asked = f"--amt_train_data {options.amt_train_data:g}"
        raise InputError(f"{asked} keeps {kept} of {frames} frames; at least 2 are needed")
    rng = {
        purpose: seeding.generator(options.seed, purpose)
        for purpose in ("subset", "pairs", "flips")
    }
    keep = slice(None) if kept == frames else np.sort(rng["subset"].permutation(frames)[:kept])
    pose_3d = poses.pose_3d[keep]
    tensors = {
        "inputs": make_inputs(poses.input_2d, statistics, options, part="train")[keep],
        "pose_2d": torch.from_numpy(poses.pose_2d[keep]),
    }
    constants, labels = {}, None
    if options.supervision == "full":
        tensors["pose_3d"] = torch.from_numpy(pose_3d)
    else:
        how = {"noise": options.rel_labels_noise_prob, "tolerance_mm": options.tolerance_mm}
        generators = {"pairs_rng": rng["pairs"], "flips_rng": rng["flips"]}
        labels = RelativeLabels.draw(pose_3d[..., 2].copy(), options.num_pairs, **how, **generators)
        if options.reprojection == "weak_perspective":
            if np.isnan(arrays.focal).any():
                raise InputError(
                    f"--reprojection weak_perspective needs the field focal, which {options.data_dir} lacks"
                )
            tensors["focal"] = torch.from_numpy(arrays.focal[keep])
        skeleton = get_skeleton(options.dataset_type)
        if options.limb_type == "gt":
            tensors["limb_lengths"] = torch.from_numpy(limb_lengths(pose_3d, skeleton))
        else:
            average = options.limb_type == "avg_person"
            constants["limb_lengths"] = (
                torch.tensor([skeleton.average_limb_lengths])
                if average
                else statistics.limb_lengths
            )
    tensors, constants = (
        {name: t.to(device) for name, t in group.items()} for group in (tensors, constants)
    )
    return TrainingData(tensors, constants, labels)


def make_test_data(
    arrays: PoseArrays, poses: Centred, statistics: Statistics, *, options, device
) -> TestData:
    """Inputs and root-centred targets on the device."""
    inputs = make_inputs(poses.input_2d, statistics, options, part="test").to(device)
    joints = get_skeleton(options.dataset_type).joints
    return TestData(inputs, torch.from_numpy(poses.pose_3d).to(device), arrays.action, joints)


def build_model(options, statistics: Statistics, device) -> LiftingModel:
    """A new network; its weights depend on the seed alone."""
    relative = options.supervision == "relative"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.torch_seed(options.seed, "weights"))
        network = LiftingNetwork(
            get_skeleton(options.dataset_type).num_joints,
            linear_size=options.linear_size,
            num_stages=options.num_stage,
            dropout=options.dropout,
            scale_range=options.scale_range if relative else None,
            output_multiplier=options.unnorm_init if relative else None,
        )
    return LiftingModel(network.to(device), statistics.pose_3d and statistics.pose_3d.to(device))


def build_criterion(options) -> losses.Criterion:
    """The loss terms by name and their weights."""
    if options.supervision == "full":
        term = {"mse": lambda pose, scale, batch: losses.supervised_loss(pose, batch["pose_3d"])}
        return losses.Criterion(term, {"mse": 1.0})
    skeleton, multiplier = get_skeleton(options.dataset_type), options.distance_multiplier

    def reprojection(pose, scale, batch):
        if options.reprojection == "weak_perspective":
            return losses.perspective_loss(pose, batch["pose_2d"], scale, batch["focal"])
        return losses.orthographic_loss(pose, batch["pose_2d"], scale)

    terms = {
        "relative": lambda pose, scale, batch: losses.relative_depth_loss(
            pose, batch["pairs"], batch["labels"], multiplier, weights=batch.get("weights")
        ),
        "reproj": reprojection,
        "root": lambda pose, scale, batch: losses.root_loss(pose, skeleton.root),
        "symm": lambda pose, scale, batch: losses.skeleton_loss(
            pose, batch["limb_lengths"], skeleton
        ),
    }
    return losses.Criterion(terms, {name: getattr(options, f"{name}_weight") for name in terms})


def build_optimizer(model: LiftingModel, options) -> torch.optim.Adam:
    """Adam; ``fused`` is the same formula in one pass over memory."""
    return torch.optim.Adam(model.network.parameters(), lr=options.lr, fused=True)


def build_recipe(options) -> Recipe:
    """How to train and test."""
    return Recipe(
        seed=options.seed,
        epochs=options.epochs,
        batch=options.train_batch,
        test_batch=options.test_batch,
        schedule=Schedule(options.lr, options.lr_decay, options.lr_gamma),
        max_norm=1.0 if options.max_norm else float("inf"),
        test_every=options.test_step,
    )


def pick_device(options) -> torch.device:
    """The device that the options ask for. Sets the number of CPU threads too."""
    if options.threads:
        torch.set_num_threads(options.threads)
    return find_device(options.device)


def find_device(name) -> torch.device:
    """A device by its name, or "auto": CUDA when there is one. Raises InputError for CUDA where there is none."""
    available = torch.cuda.is_available()
    if str(name).startswith("cuda") and not available:
        raise InputError(
            f"--device {name}: PyTorch finds no CUDA device here; use --device cpu or auto"
        )
    return torch.device(("cuda" if available else "cpu") if name == "auto" else name)
