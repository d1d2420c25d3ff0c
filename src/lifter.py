"""A trained model as one object: `Lifter.load(folder)`, then call it with 2D poses."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from src.errors import InputError
from src.fast_cpu import use_fast_layers
from src.files import file_sha256
from src.keypoints.layouts import get_layout, joints_of_width, to_skeleton
from src.legacy_2018 import CHECKPOINT_2018, load_2018
from src.model import LiftingNetwork
from src.skeletons import Skeleton, get_skeleton
from src.standardize import Statistics
from src.training.build import find_device
from src.training.checkpoints import load_weights, read_run
from src.training.engine import LiftingModel, predict

_BATCH = 1024
# Of the root-mean-square size of the training poses: 99.8 % of those of the CMU motion lie in between.
SIZE_RANGE = (0.6, 1.6)


class Lifted(NamedTuple):
    """What a model makes of N poses.

    poses_3d: (N,K,3) in ``unit``, x right, y down, z away from the camera, the root at the origin; NaN where a pose has
    too few joints. joint_names: K. scale: (N,), px per unit of poses_3d; None from a supervised model.
    poses_2d: (N,K,2), the model's joints in the input's pixels, NaN where missing. size: (N,), of the poses, 1 being
    usual in training; rescaled: (N,), whether they were brought to 1.
    """

    poses_3d: np.ndarray
    joint_names: tuple[str, ...]
    unit: str
    scale: np.ndarray | None
    poses_2d: np.ndarray
    size: np.ndarray
    rescaled: np.ndarray

    @property
    def failed(self) -> np.ndarray:
        """(N,) whether a pose could not be lifted."""
        return np.isnan(self.poses_3d[:, 0, 0])


class Lifter:
    """A loaded model. ``skeleton``: what it expects and returns; ``unit``: of its poses; ``path``: its file."""

    def __init__(
        self,
        model: LiftingModel,
        statistics: Statistics,
        skeleton: Skeleton,
        *,
        path: Path,
        options: dict,
    ):
        self.model, self.skeleton, self.path = model, skeleton, path
        # With a known focal length the network tells a distance instead, of pixels as they are.
        self._has_scale = options.get("reprojection") != "weak_perspective"
        self.unit = "mm" if statistics.pose_3d is not None else "mm, up to a global scale"
        self._standardizer, self._centred = (
            statistics.pose_2d,
            options.get("subtract_2d_root", True),
        )
        mean, std = statistics.pose_2d.mean.numpy(), statistics.pose_2d.std.numpy()
        self._square = (mean**2 + std**2).sum(
            axis=1
        )  # mean squared distance of each joint from the root, px^2

    @classmethod
    def load(cls, checkpoint_folder, device="auto") -> "Lifter":
        """The last epoch of a run folder, or a folder of the authors' 2018 code. Raises InputError for others."""
        folder = Path(checkpoint_folder)
        if not (folder / "last.pt").exists() and (folder / CHECKPOINT_2018).exists():
            weights, statistics, options = load_2018(folder)
            path = folder / CHECKPOINT_2018
        else:
            checkpoint, path = read_run(folder, "--checkpoint")
            weights, options = checkpoint["network"], checkpoint["options"]
            statistics = Statistics.from_state(checkpoint["statistics"])
        relative = statistics.pose_3d is None
        try:
            skeleton = get_skeleton(options["dataset_type"])
            network = LiftingNetwork(
                skeleton.num_joints,
                linear_size=options["linear_size"],
                num_stages=options["num_stage"],
                scale_range=options["scale_range"] if relative else None,
                output_multiplier=1.0 if relative else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path}: its options are damaged or lack {error}; load another run"
            ) from None
        use_fast_layers(network)
        load_weights(network, {"network": weights}, path)
        device = find_device(device)
        output = None if relative else statistics.pose_3d.to(device)
        model = LiftingModel(network.to(device).eval(), output)
        return cls(model, statistics, skeleton, path=path, options=options)

    def sha256(self) -> str | None:
        """The hash of the checkpoint's file."""
        return file_sha256(self.path)

    def __call__(self, poses_2d, layout=None, *, rescale: str = "auto") -> Lifted:
        """Lift poses (N,K,2) in px, numpy or torch, NaN where a joint is missing; a third column is its confidence.

        layout: the joints' order, by name (`src.keypoints.layouts.LAYOUTS`) or as a tuple of names; None: the model's own
        where the number of joints allows it. rescale: "auto" brings poses of a size that training did not show to the
        usual one, "never" leaves them as they are. Raises InputError for a layout that does not fit.
        """
        if rescale not in ("auto", "never"):
            raise InputError(f"rescale: expected auto or never, found {rescale!r}")
        poses = (
            poses_2d.detach().cpu().numpy()
            if isinstance(poses_2d, torch.Tensor)
            else np.asarray(poses_2d)
        )
        if poses.ndim != 3 or poses.shape[2] not in (2, 3):
            raise InputError(
                f"poses: expected shape (N,K,2), or (N,K,3) with confidence, found {poses.shape}"
            )
        joints = self._joints(poses.shape[1], layout)
        if poses.shape[2] == 3:
            poses = np.where(poses[..., 2:] > 0, poses[..., :2], np.nan)
        # Joints that are estimated from others must not hide how few were seen.
        seen = ~np.isnan(
            poses[:, [i for i, joint in enumerate(joints) if joint in self.skeleton.joints]]
        ).any(axis=2)
        too_few = 2 * seen.sum(axis=1) < seen.shape[1]
        return self._lift(to_skeleton(poses, joints, self.skeleton), too_few, rescale)

    def _joints(self, width: int, layout) -> tuple[str, ...]:
        if layout is None and width == self.skeleton.num_joints:
            return self.skeleton.joints
        names = get_layout(layout) if isinstance(layout, str) else layout
        return joints_of_width(width, None if names is None else tuple(names), "poses")[0]

    def _lift(self, poses: np.ndarray, too_few: np.ndarray, rescale: str) -> Lifted:
        missing = np.isnan(poses).any(axis=2)
        root = poses[:, self.skeleton.root]
        failed = (
            too_few
            | missing[:, self.skeleton.root]
            | (2 * (~missing).sum(axis=1) < self.skeleton.num_joints)
        )
        centred = poses - root[:, None]
        square = np.where(missing, 0, np.square(centred).sum(axis=2)).sum(axis=1)
        size = np.sqrt(square / np.maximum((~missing) @ self._square, 1e-9))
        failed |= size == 0  # all joints at one point
        outside = (size < SIZE_RANGE[0]) | (size > SIZE_RANGE[1])
        rescaled = outside & ~failed & (rescale == "auto") & self._centred & self._has_scale
        factor = np.where(rescaled, 1 / np.where(rescaled, size, 1), 1).astype(np.float32)
        inputs = self._standardizer.apply(
            torch.from_numpy((centred if self._centred else poses) * factor[:, None, None])
        )
        inputs[torch.from_numpy(missing)] = 0
        device = next(self.model.network.parameters()).device
        poses_3d, scale = predict(self.model, inputs.to(device), _BATCH)
        poses_3d = poses_3d.cpu().numpy()
        poses_3d[failed] = np.nan
        scale = scale if self._has_scale else None
        if scale is not None:
            scale = scale.cpu().numpy()[:, 0] / factor
            scale[failed] = np.nan
        return Lifted(poses_3d, self.skeleton.joints, self.unit, scale, poses, size, rescaled)
