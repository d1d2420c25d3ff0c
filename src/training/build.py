"""From options and arrays to what training takes: tensors, network, criterion, optimiser."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from src import losses, seeding
from src.data.arrays import PoseArrays, data_name
from src.data.human36.load import load_human36
from src.data.npz import load_npz
from src.data.synthetic.motion import load_synthetic
from src.errors import InputError
from src.fast_cpu import use_fast_layers
from src.labels import RelativeLabels, add_noise_2d, drop_keypoints
from src.model import LiftingNetwork
from src.skeletons import Skeleton, get_skeleton
from src.standardize import Standardizer, Statistics
from src.training.engine import LiftingModel, TestData, TestLoss, TrainingData


@dataclass(frozen=True, eq=False)
class CentredPoses:
    """Poses as the method takes them.

    Attributes:
        input_2d: (N,K,2) px, noisy; root-centred unless the options ask for pixels as they are.
        pose_2d: (N,K,2) px, noisy and root-centred: what the reprojection is compared with.
        root_2d: (N,2) px, what was subtracted in 2D.
        pose_3d: (N,K,3) mm, root-centred; None for photos.
        root_3d: (N,3) mm, what was subtracted in 3D; None for photos.
        arrays: what they were made of, with actions, cameras and frames; None for photos.
    """

    input_2d: np.ndarray
    pose_2d: np.ndarray
    root_2d: np.ndarray
    pose_3d: np.ndarray | None
    root_3d: np.ndarray | None
    arrays: PoseArrays | None

    def __len__(self) -> int:
        return len(self.pose_2d)


def pick_device(options) -> torch.device:
    """Choose the device that the options ask for, and set the number of CPU threads."""
    if options.threads:
        torch.set_num_threads(options.threads)
    return find_device(options.device)


def find_device(name) -> torch.device:
    """Find a device by its name, or by "auto": CUDA when there is one, else the CPU.

    Raises InputError for CUDA where there is none.
    """
    has_cuda = torch.cuda.is_available()
    if str(name).startswith("cuda") and not has_cuda:
        raise InputError(
            f"--device {name}: PyTorch finds no CUDA device here; use --device cpu or auto"
        )
    if name == "auto":
        name = "cuda" if has_cuda else "cpu"
    return torch.device(name)


def load_poses(options, part: str) -> PoseArrays:
    """Load the poses of `part`, "train" or "test", as the options ask for. Raises InputError."""
    if part == "train":
        subjects = options.train_subjects
        noise_type = options.train_noise_type_2d
        keep_every = 1
    else:
        subjects = options.test_subjects
        noise_type = options.test_noise_type_2d
        keep_every = options.amt_test_data
    skeleton = get_skeleton(options.dataset_type)
    if options.data_dir == "synthetic":
        if not skeleton.human36_indices:  # a skeleton of the user's own, with other names
            raise InputError(
                "--data_dir synthetic: the synthetic motion has Human3.6M's joints, and the "
                "skeleton has others; give an npz with poses of its own"
            )
        return load_synthetic(
            subjects,
            skeleton,
            actions=options.actions,
            detections=noise_type == "detections",
            keep_every=keep_every,
        )
    load = load_npz if options.data_dir.endswith(".npz") else load_human36
    return load(
        options.data_dir,
        subjects,
        skeleton,
        actions=options.actions,
        detections=noise_type == "detections",
        keep_every=keep_every,
    )


def describe_data(options, train: CentredPoses | None, test: CentredPoses) -> dict:
    """Describe the data of a run in plain values: their name, and what identifies them."""
    description = {
        "form": test.arrays.form,
        "name": data_name(options.data_dir),
        "synthetic": test.arrays.synthetic,
        "train": None,
        "test": test.arrays.describe(),
        "overlapping_subjects": [],
    }
    if train is not None:
        description["train"] = train.arrays.describe()
        train_subjects = set(description["train"]["subjects"])
        test_subjects = set(description["test"]["subjects"])
        description["overlapping_subjects"] = sorted(train_subjects & test_subjects)
    return description


def centre(arrays: PoseArrays, options, part: str) -> CentredPoses:
    """Add noise to the 2D poses of `part`, "train" or "test", then subtract the roots.

    The noise hits the root too (method of the paper's figure 4c).
    """
    if part == "train":
        noise_type = options.train_noise_type_2d
        amount = options.train_noise_amount_2d
    else:
        noise_type = options.test_noise_type_2d
        amount = options.test_noise_amount_2d
    rng = seeding.generator(options.seed, f"noise_2d_{part}")
    noisy_2d = add_noise_2d(arrays.pose_2d, noise_type, amount, rng=rng)

    root = get_skeleton(options.dataset_type).root
    root_2d = noisy_2d[:, root]
    root_3d = arrays.pose_3d[:, root]
    centred_2d = noisy_2d - root_2d[:, None]
    return CentredPoses(
        input_2d=centred_2d if options.subtract_2d_root else noisy_2d,
        pose_2d=centred_2d,
        root_2d=root_2d,
        pose_3d=arrays.pose_3d - root_3d[:, None],
        root_3d=root_3d,
        arrays=arrays,
    )


def limb_lengths(pose_3d: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Measure the limbs of poses (N,K,3): lengths (N,L) in the poses' unit."""
    starts = [start for start, _ in skeleton.limbs]
    ends = [end for _, end in skeleton.limbs]
    return np.linalg.norm(pose_3d[:, starts] - pose_3d[:, ends], axis=-1)


def fit_statistics(poses: CentredPoses, options) -> Statistics:
    """Compute the statistics of the whole training set, before any subsampling.

    Only the supervised model gets 3D statistics: the relative one may use no 3D pose, not even
    their mean. Mean limb lengths are the only 3D quantity that it knows.
    """
    skeleton = get_skeleton(options.dataset_type)
    mean_lengths = limb_lengths(poses.pose_3d, skeleton).mean(axis=0, dtype=np.float64)
    pose_3d = None
    if options.supervision == "full":
        pose_3d = Standardizer.fit(poses.pose_3d)
    return Statistics(
        pose_2d=Standardizer.fit(poses.input_2d),
        pose_3d=pose_3d,
        limb_lengths=torch.from_numpy(mean_lengths).float()[None],
    )


def make_inputs(input_2d: np.ndarray, statistics: Statistics, options, part: str) -> torch.Tensor:
    """Standardise 2D input (N,K,2) px, and zero keypoints where the options ask for that."""
    inputs = statistics.pose_2d.apply(torch.from_numpy(input_2d)).numpy()
    rng = seeding.generator(options.seed, f"input_dropout_{part}")
    return torch.from_numpy(drop_keypoints(inputs, options.in_dropout_p, rng))


def make_training_data(
    poses: CentredPoses, statistics: Statistics, options, device
) -> TrainingData:
    """Choose a random subset of the frames, choose and label its pairs, move it to the device.

    Raises InputError if fewer than two frames are left, or if a focal length is needed that the
    data lack.
    """
    kept = _training_subset(len(poses), options)
    if _lacks_focal(poses, options):
        raise InputError(
            f"--reprojection weak_perspective needs the field focal, which {options.data_dir} lacks"
        )
    inputs = make_inputs(poses.input_2d, statistics, options, "train")[kept]
    tensors, constants = _batch_tensors(poses, kept, statistics, options, device)
    labels = None
    if options.supervision == "relative":
        labels = RelativeLabels.draw(
            poses.pose_3d[kept][..., 2].copy(),
            options.num_pairs,
            noise=options.rel_labels_noise_prob,
            tolerance_mm=options.tolerance_mm,
            pairs_rng=seeding.generator(options.seed, "pairs"),
            flips_rng=seeding.generator(options.seed, "flips"),
        )
    return TrainingData(
        inputs=inputs.to(device),
        tensors=tensors,
        constants=constants,
        labels=labels,
        batch_size=options.train_batch,
        seed=options.seed,
    )


def _lacks_focal(poses: CentredPoses, options) -> bool:
    """Tell whether the loss needs a focal length that some of the poses lack."""
    is_needed = options.supervision == "relative" and options.reprojection == "weak_perspective"
    return is_needed and bool(np.isnan(poses.arrays.focal).any())


def _batch_tensors(
    poses: CentredPoses,
    kept: slice | np.ndarray,
    statistics: Statistics,
    options,
    device,
    *,
    pairs: np.ndarray | None = None,
    labels: np.ndarray | None = None,
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Make what `make_batch_tensors` returns of the N frames that are kept.

    pairs (N,2) and labels (N,) are left out where every epoch visits other ones.
    """
    pose_2d = poses.pose_2d[kept]
    pose_3d = poses.pose_3d[kept]
    if options.supervision == "full":
        return losses.make_batch_tensors(device, pose_2d=pose_2d, pose_3d=pose_3d)
    focal = None
    if options.reprojection == "weak_perspective":
        focal = poses.arrays.focal[kept]
    skeleton = get_skeleton(options.dataset_type)
    lengths = None
    shared_lengths = None
    if options.limb_type == "gt":
        lengths = limb_lengths(pose_3d, skeleton)
    elif options.limb_type == "avg_person" and skeleton.average_limb_lengths is not None:
        shared_lengths = torch.tensor([skeleton.average_limb_lengths])
    else:
        shared_lengths = statistics.limb_lengths
    return losses.make_batch_tensors(
        device,
        pose_2d=pose_2d,
        pairs=pairs,
        labels=labels,
        limb_lengths=lengths,
        shared_limb_lengths=shared_lengths,
        focal=focal,
    )


def _training_subset(num_frames: int, options) -> slice | np.ndarray:
    """Choose the frames to train on: all of them, or sorted indices of a random subset."""
    num_kept = int(num_frames * options.amt_train_data)
    if num_kept < 2:
        raise InputError(
            f"--amt_train_data {options.amt_train_data:g} keeps {num_kept} of {num_frames} frames; "
            "at least 2 are needed"
        )
    if num_kept == num_frames:
        return slice(None)
    rng = seeding.generator(options.seed, "subset")
    return np.sort(rng.permutation(num_frames)[:num_kept])


def make_test_data(poses: CentredPoses, statistics: Statistics, options, device) -> TestData:
    """Standardise the inputs, and move them and the root-centred truth to the device.

    A run that trains also measures its loss on these poses.
    """
    inputs = make_inputs(poses.input_2d, statistics, options, "test")
    return TestData(
        inputs=inputs.to(device),
        target=torch.from_numpy(poses.pose_3d).to(device),
        actions=poses.arrays.action,
        joints=get_skeleton(options.dataset_type).joints,
        loss=None if options.eval_only else _make_test_loss(poses, statistics, options, device),
    )


def _make_test_loss(
    poses: CentredPoses, statistics: Statistics, options, device
) -> TestLoss | None:
    """Prepare the loss on the test poses; None if they lack a focal length that it needs.

    Each frame has one labelled pair, drawn once and for all, so that the loss of different epochs
    can be compared. Test labels are never noisy, whatever noise those of training have.
    """
    if _lacks_focal(poses, options):
        return None
    pairs = None
    labels = None
    if options.supervision == "relative":
        drawn_labels = RelativeLabels.draw(
            poses.pose_3d[..., 2],
            options.num_pairs,
            noise=0,
            tolerance_mm=options.tolerance_mm,
            pairs_rng=seeding.generator(options.seed, "pairs_test"),
            flips_rng=seeding.generator(options.seed, "flips_test"),
        )
        rng = seeding.generator(options.seed, "visits_test")
        pairs, labels = drawn_labels.visit(rng)
    tensors, constants = _batch_tensors(
        poses, slice(None), statistics, options, device, pairs=pairs, labels=labels
    )
    return TestLoss(
        criterion=build_criterion(options),
        tensors=tensors,
        constants=constants,
        rows=None,
    )


def build_model(options, statistics: Statistics, device) -> LiftingModel:
    """Build a new network, whose weights depend on the seed alone."""
    is_relative = options.supervision == "relative"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.torch_seed(options.seed, "weights"))
        network = LiftingNetwork(
            get_skeleton(options.dataset_type).num_joints,
            linear_size=options.linear_size,
            num_stages=options.num_stage,
            dropout=options.dropout,
            scale_range=options.scale_range if is_relative else None,
            output_multiplier=options.unnorm_init if is_relative else None,
        )
    use_fast_layers(network)
    output_standardizer = None
    if statistics.pose_3d is not None:
        output_standardizer = statistics.pose_3d.to(device)
    return LiftingModel(network.to(device), output_standardizer)


def build_criterion(options) -> losses.Criterion:
    """Choose the loss terms and their weights (paper section 4).

    To add a loss: write it in `src.losses`, give it a function and a name here, and its weight an
    option beside `--symm_weight`.
    """
    skeleton = get_skeleton(options.dataset_type)

    def supervised(pose, scale, batch):
        return losses.supervised_loss(pose, batch["pose_3d"])

    def relative(pose, scale, batch):
        return losses.relative_depth_loss(
            pose,
            batch["pairs"],
            batch["labels"],
            options.distance_multiplier,
            weights=batch.get("weights"),
        )

    def orthographic(pose, scale, batch):
        return losses.orthographic_loss(pose, batch["pose_2d"], scale)

    def perspective(pose, scale, batch):
        # The scale head then stands for one over the root's distance.
        return losses.perspective_loss(pose, batch["pose_2d"], scale, batch["focal"])

    def root(pose, scale, batch):
        return losses.root_loss(pose, skeleton.root)

    def proportions(pose, scale, batch):
        return losses.skeleton_loss(pose, batch["limb_lengths"], skeleton)

    if options.supervision == "full":
        return losses.Criterion(terms={"mse": supervised}, weights={"mse": 1.0})
    is_perspective = options.reprojection == "weak_perspective"
    return losses.Criterion(
        terms={
            "relative": relative,
            "reproj": perspective if is_perspective else orthographic,
            "root": root,
            "symm": proportions,
        },
        weights={
            "relative": options.relative_weight,
            "reproj": options.reproj_weight,
            "root": options.root_weight,
            "symm": options.symm_weight,
        },
    )


def build_optimizer(model: LiftingModel, options) -> torch.optim.Adam:
    """Build Adam; `fused` is the same formula in one pass over memory."""
    return torch.optim.Adam(model.network.parameters(), lr=options.lr, fused=True)


def build_schedule(options) -> Callable[[int], float]:
    """Return the learning rate as a function of the step, counted from 1 over the whole run."""

    def learning_rate(step: int) -> float:
        return options.lr * options.lr_gamma ** (step // options.lr_decay)

    return learning_rate


def largest_gradient_norm(options) -> float:
    """Return the norm to which gradients are clipped; infinity for no clipping."""
    return 1.0 if options.max_norm else float("inf")
