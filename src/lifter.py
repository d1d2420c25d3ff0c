"""A trained model as one object: ``Lifter.load(folder)``, then call it with 2D poses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from src.errors import InputError
from src.fast_cpu import use_fast_layers
from src.files import file_sha256
from src.keypoints.layouts import (
    LAYOUTS,
    check_layout_size,
    get_layout,
    only_layout_with,
    to_skeleton,
)
from src.legacy_2018 import CHECKPOINT_2018, load_2018
from src.model import LiftingNetwork
from src.skeletons import Skeleton, get_skeleton
from src.standardize import Statistics
from src.training.build import find_device
from src.training.checkpoints import load_weights, read_run
from src.training.engine import LiftingModel, predict

# Poses at a time in the network: so many come near the speed of its bare matrix products.
_BATCH = 1024
# Sizes of people, 1 being usual in training, that are lifted as they are: 99.8 % of the poses of
# the CMU motion, which the published weights learnt from, lie in between.
SIZE_RANGE = (0.6, 1.6)


@dataclass(frozen=True, eq=False)
class Lifted:
    """What a model makes of N poses; K joints are the model's.

    poses_3d: (N,K,3) in ``unit``, float32, x right, y down, z away from the camera, the root at the
    origin; NaN where a pose has too few joints. joint_names: K. unit: "mm", or "mm, up to a global
    scale" from a model that was trained on relative labels. scale: (N,) px per unit of poses_3d,
    NaN where that is; None from a model that has no such output. poses_2d: (N,K,2), what was
    lifted, in the pixels that came in, NaN where a joint is missing. size: (N,) of the people, 1
    being usual in training. rescaled: (N,) whether a pose was brought to size 1 before lifting.
    unusable: (N,) whether a pose has too few joints, or no extent.
    """

    poses_3d: np.ndarray
    joint_names: tuple[str, ...]
    unit: str
    scale: np.ndarray | None
    poses_2d: np.ndarray
    size: np.ndarray
    rescaled: np.ndarray
    unusable: np.ndarray

    @property
    def failed(self) -> np.ndarray:
        """(N,) whether a pose could not be lifted, for whatever reason."""
        return np.isnan(self.poses_3d).any(axis=(1, 2))


class Lifter:
    """A loaded model, and what turns pixels into its input.

    model: the network and its output in mm. skeleton: the joints that it expects and returns. unit:
    of the poses that it returns. path: the checkpoint's file.
    """

    def __init__(
        self,
        model: LiftingModel,
        statistics: Statistics,
        skeleton: Skeleton,
        *,
        path: Path,
        options: dict,
    ):
        """Take a model that is in memory already; `load` takes one from its folder.

        statistics: of its training set. options: those of its run, of which reprojection and
        subtract_2d_root matter here. path: the checkpoint's file.
        """
        self.model = model
        self.skeleton = skeleton
        self.path = path
        self.unit = "mm, up to a global scale" if statistics.pose_3d is None else "mm"
        # With a known focal length the network's second output is no scale but a distance, which
        # holds for pixels as they are: those poses cannot be rescaled.
        self._tells_distance = options.get("reprojection") == "weak_perspective"
        self._is_root_centred = options.get("subtract_2d_root", True)
        self._input_standardizer = statistics.pose_2d
        mean = statistics.pose_2d.mean.numpy()
        std = statistics.pose_2d.std.numpy()
        # (K,) px^2, each joint's mean squared distance from the root in training, where inputs are
        # root-centred: E[x^2] = mean^2 + std^2, summed over x and y.
        self._usual_square = (mean**2 + std**2).sum(axis=1)

    @classmethod
    def load(cls, checkpoint_folder, device="auto") -> "Lifter":
        """Return the model of the last epoch of a run's folder, or of one of the authors' code.

        device: "auto" takes CUDA when there is one. Raises InputError for a folder without a
        checkpoint, or with one that is damaged or does not fit its options.
        """
        weights, statistics, options, path = _read_checkpoint(Path(checkpoint_folder))
        is_relative = statistics.pose_3d is None
        skeleton, network = _build_network(options, is_relative=is_relative, path=path)
        load_weights(network, {"network": weights}, path)
        device = find_device(device)
        network = use_fast_layers(network).to(device).eval()
        # The output of a relative model is mm already; a supervised one's is standardised.
        output_standardizer = None if is_relative else statistics.pose_3d.to(device)
        model = LiftingModel(network, output_standardizer)
        return cls(model, statistics, skeleton, path=path, options=options)

    def sha256(self) -> str | None:
        """Return the hash of the checkpoint's file, or None if it is gone."""
        return file_sha256(self.path)

    def __call__(self, poses_2d, layout=None, *, rescale: str = "auto") -> Lifted:
        """Lift 2D poses.

        poses_2d: (N,K,2) px, x right, y down, numpy or torch, NaN where a joint is missing; or
        (N,K,3) with each joint's confidence, 0 where it is missing. layout: the joints' order, by
        name (see `src.keypoints.layouts.LAYOUTS`) or as a sequence of joint names; None takes the
        model's own order if the number of joints is the model's, else the only layout with that
        number. rescale: "auto" brings people of a size that training did not show to the usual
        one, "never" leaves them as they are.

        Raises InputError for other shapes, and for a layout that does not fit.
        """
        if rescale not in ("auto", "never"):
            raise InputError(f"rescale: expected auto or never, found {rescale!r}")
        detected = _as_array(poses_2d)
        layout = self._find_layout(layout, num_joints=detected.shape[1])
        poses = to_skeleton(detected, layout, self.skeleton)

        missing = np.isnan(poses).any(axis=2)
        centred = poses - poses[:, self.skeleton.root, None]
        size = self._measure_size(centred, missing)
        failed = (
            self._too_few_detected(detected, layout)
            | self._too_few_joints(missing)
            | missing[:, self.skeleton.root]
            | (size == 0)  # all joints at one point
        )
        rescaled = np.zeros(len(poses), dtype=bool)
        if rescale == "auto" and self._is_root_centred and not self._tells_distance:
            is_usual = (size >= SIZE_RANGE[0]) & (size <= SIZE_RANGE[1])
            rescaled = ~is_usual & ~failed

        factor = np.ones(len(poses), dtype=np.float32)
        factor[rescaled] = 1 / size[rescaled]
        inputs = (centred if self._is_root_centred else poses) * factor[:, None, None]
        poses_3d, scale = self._predict(inputs, missing)
        is_broken = ~np.isfinite(poses_3d).all(axis=(1, 2))  # by weights that are not finite
        poses_3d[failed | is_broken] = np.nan
        if scale is not None:
            scale = scale / factor  # of the pixels that came in
            scale[failed | is_broken] = np.nan
        return Lifted(
            poses_3d=poses_3d,
            joint_names=self.skeleton.joints,
            unit=self.unit,
            scale=scale,
            poses_2d=poses,
            size=size,
            rescaled=rescaled,
            unusable=failed,
        )

    def _find_layout(self, layout, *, num_joints: int) -> tuple[str, ...]:
        """Return the names of the joints that came in."""
        if layout is None:
            if num_joints == self.skeleton.num_joints:
                return self.skeleton.joints
            return LAYOUTS[only_layout_with(num_joints, "poses")]
        joints = get_layout(layout) if isinstance(layout, str) else tuple(layout)
        check_layout_size(joints, num_joints, "poses")
        return joints

    def _too_few_detected(self, detected: np.ndarray, layout: tuple[str, ...]) -> np.ndarray:
        """Tell (N,) whether less than half of the joints common to layout and skeleton are there.

        Estimated joints must not hide how few were detected: with the hips, the shoulders and the
        nose, five of COCO's 17, nine of human36_17k's can be filled in.
        """
        common = [i for i, joint in enumerate(layout) if joint in self.skeleton.joints]
        is_there = ~np.isnan(detected[:, common]).any(axis=2)
        return 2 * is_there.sum(axis=1) < len(common)

    def _too_few_joints(self, missing: np.ndarray) -> np.ndarray:
        """Tell (N,) whether less than half of the skeleton's joints are there, estimated or not."""
        return 2 * (~missing).sum(axis=1) < self.skeleton.num_joints

    def _measure_size(self, centred: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Return (N,) sizes of root-centred poses (N,K,2) px, 1 being usual in training.

        The size is the root mean square of the joints' distances from the root, over that of the
        same joints in training, so that missing ones make nobody small.
        """
        square = np.where(missing, 0, np.square(centred).sum(axis=2)).sum(axis=1)
        usual_square = (~missing) @ self._usual_square
        return np.sqrt(square / np.maximum(usual_square, 1e-9))

    def _predict(
        self, poses: np.ndarray, missing: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return (N,K,3) and the scale (N,), if there is one, of poses (N,K,2) in training's px."""
        inputs = self._input_standardizer.apply(torch.from_numpy(poses))
        # Zero is the mean of the training set, and what --in_dropout_p puts in training.
        inputs[torch.from_numpy(missing)] = 0
        device = next(self.model.network.parameters()).device
        poses_3d, scale = predict(self.model, inputs.to(device), _BATCH)
        if scale is None or self._tells_distance:
            return poses_3d.cpu().numpy(), None
        return poses_3d.cpu().numpy(), scale.cpu().numpy()[:, 0]


def _read_checkpoint(folder: Path) -> tuple[dict, Statistics, dict, Path]:
    """Return weights, statistics and options, and the file that they are from."""
    if not (folder / "last.pt").exists() and (folder / CHECKPOINT_2018).exists():
        weights, statistics, options = load_2018(folder)
        return weights, statistics, options, folder / CHECKPOINT_2018
    checkpoint, path = read_run(folder, "--checkpoint")
    statistics = Statistics.from_state(checkpoint["statistics"])
    return checkpoint["network"], statistics, checkpoint["options"], path


def _build_network(
    options: dict, *, is_relative: bool, path: Path
) -> tuple[Skeleton, LiftingNetwork]:
    """Return the skeleton and an untrained network of a checkpoint's options.

    A relative model has a scale, and a learnt output multiplier, whose value is among the weights.
    Raises InputError if options are damaged or absent.
    """
    try:
        skeleton = get_skeleton(options["dataset_type"])
        network = LiftingNetwork(
            skeleton.num_joints,
            linear_size=options["linear_size"],
            num_stages=options["num_stage"],
            scale_range=options["scale_range"] if is_relative else None,
            output_multiplier=1.0 if is_relative else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: its options are damaged or lack {error}; load another run"
        ) from None
    return skeleton, network


def _as_array(poses_2d) -> np.ndarray:
    """Return poses (N,K,2), NaN where a joint's confidence says that it is missing."""
    if isinstance(poses_2d, torch.Tensor):
        poses_2d = poses_2d.detach().cpu().numpy()
    poses = np.asarray(poses_2d)
    if poses.ndim != 3 or poses.shape[2] not in (2, 3):
        raise InputError(
            f"poses: expected shape (N,K,2), or (N,K,3) with confidence, found {poses.shape}"
        )
    if poses.shape[2] == 2:
        return poses
    confidence = poses[..., 2:]
    return np.where(confidence > 0, poses[..., :2], np.nan)
