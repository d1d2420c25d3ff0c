"""The only loops over batches: train an epoch, predict, measure the loss of a test.

Data live on the device as tensors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from src import seeding
from src.errors import InputError
from src.labels import RelativeLabels
from src.losses import Criterion
from src.standardize import Standardizer

_STEPS_BETWEEN_CHECKS = 50  # of the losses: each look at them waits for the device
# The loss of a test is computed for so many examples at once. Relative depths are divided by their
# mean over the batch, so this size is part of what the number means: it is fixed, unlike
# --test_batch, which changes no result. A large batch gives what shuffled ones of 64 give, as in
# training: a relative loss of 0.4072 and 0.4074 on the synthetic data after 12 epochs. With 64
# frames in their order, which are all of one motion, it is 0.3953. It is also the faster way.
_EXAMPLES_PER_TEST_LOSS = 8192


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a network is trained on.

    Attributes:
        inputs: (N,K,2) standardised keypoints, on the device.
        tensors: key -> tensor (N,...) on the device: what the loss terms find in a batch, see
            `Criterion`, except for pairs and labels that every epoch chooses anew.
        constants: key -> tensor that all batches share, such as mean limb lengths.
        labels: the relative depth labels of motion, of which every epoch visits one per frame; None
            for the supervised model, and for photos, whose labels are among the tensors.
        batch_size: frames per step.
        seed: of the order of frames, the visits to labels, and dropout, all drawn per epoch.
    """

    inputs: torch.Tensor
    tensors: dict[str, torch.Tensor]
    constants: dict[str, torch.Tensor]
    labels: RelativeLabels | None
    batch_size: int
    seed: int

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def steps(self) -> int:
        """The number of steps of an epoch.

        The last, smaller batch counts too, unless it holds a single frame: batch normalisation has
        no variance of one.
        """
        steps = len(self) // self.batch_size
        if len(self) % self.batch_size > 1:
            steps += 1
        return steps


@dataclass(frozen=True, eq=False)
class TestLoss:
    """The loss of training, to be computed on a test set of N poses with E examples.

    Attributes:
        criterion: that of training.
        tensors: key -> tensor (E,...) on the device: what the loss terms find in a batch, see
            `Criterion`.
        constants: key -> tensor that all examples share, such as mean limb lengths.
        rows: (E,) long, on the device: the index of the pose that each example is about, such as
            the photo of a label. None where example and pose are the same, as in motion.
    """

    __test__ = False  # not a test case, whatever pytest thinks of its name

    criterion: Criterion
    tensors: dict[str, torch.Tensor]
    constants: dict[str, torch.Tensor]
    rows: torch.Tensor | None

    @torch.inference_mode()
    def measure(self, pose: torch.Tensor, scale: torch.Tensor | None) -> float:
        """Return the weighted sum of the loss terms, as the mean over all examples.

        The examples are taken in their order, `_EXAMPLES_PER_TEST_LOSS` at a time; the last batch
        may be smaller. A batch counts in proportion to its examples.

        Args:
            pose: (N,K,3) mm, as `predict` returns it.
            scale: (N,1), or None if the model has none.
        """
        num_examples = len(pose) if self.rows is None else len(self.rows)
        weighted_totals = []
        for start in range(0, num_examples, _EXAMPLES_PER_TEST_LOSS):
            part = slice(start, min(start + _EXAMPLES_PER_TEST_LOSS, num_examples))
            rows = part if self.rows is None else self.rows[part]
            batch = {name: tensor[part] for name, tensor in self.tensors.items()} | self.constants
            scale_of_batch = None if scale is None else scale[rows]
            total, _ = self.criterion(pose[rows], scale_of_batch, batch)
            weighted_totals.append(total.double() * ((part.stop - part.start) / num_examples))
        return float(torch.stack(weighted_totals).sum())


@dataclass(frozen=True, eq=False)
class TestData:
    """What a network is tested on.

    Attributes:
        inputs: (N,K,2) standardised keypoints, on the device.
        target: (N,K,3) mm, root-centred, on the device.
        actions: (N,) names of actions.
        joints: K names.
        loss: the loss on these poses; None where it is not asked for, or cannot be computed.
    """

    __test__ = False

    inputs: torch.Tensor
    target: torch.Tensor
    actions: np.ndarray
    joints: tuple[str, ...]
    loss: TestLoss | None


class LiftingModel(NamedTuple):
    """A network, and the 3D statistics that turn its output into mm (None: it is in mm already)."""

    network: nn.Module
    output_standardizer: Standardizer | None

    def __call__(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Lift standardised keypoints (B,K,2) to a pose (B,K,3) mm and a scale (B,1) or None."""
        pose, scale = self.network(inputs)
        if self.output_standardizer is not None:
            pose = self.output_standardizer.invert(pose)
        return pose, scale


def train_epoch(
    model: LiftingModel,
    criterion: Criterion,
    optimizer: torch.optim.Optimizer,
    data: TrainingData,
    *,
    schedule: Callable[[int], float],
    max_norm: float,
    epoch: int,
    step: int,
    progress: Callable[[int, dict[str, float]], None],
) -> tuple[int, dict[str, float]]:
    """Train on every frame once.

    Args:
        schedule: step -> learning rate.
        max_norm: the largest norm of the gradient; infinity for no clipping.
        epoch: its number, from 1. What is drawn depends on the data's seed and this number alone.
        step: the number of steps that were done before it.
        progress: called now and then with the number of steps done since and the latest value of
            every loss term by name.

    Returns:
        The number of steps done in all, and the mean over the epoch of every loss term by name
        (unweighted; "total" is the weighted sum).

    Raises:
        InputError: a loss or the gradient stops being finite; the message names the term, the epoch
            and the step.
    """
    device = data.inputs.device
    tensors = dict(data.tensors)
    if data.labels is not None:
        # One labelled pair per frame is visited in each epoch, drawn anew from those it has.
        pairs, labels = data.labels.visit(seeding.generator(data.seed, "visits", epoch))
        tensors["pairs"] = torch.from_numpy(pairs).to(device)
        tensors["labels"] = torch.from_numpy(labels).to(device)

    order = seeding.generator(data.seed, "order", epoch).permutation(len(data))
    order = order[: data.steps * data.batch_size]
    order = torch.from_numpy(order).to(device)

    torch.manual_seed(seeding.torch_seed(data.seed, "dropout", epoch))
    model.network.train()
    names = ["total", *criterion.names, "gradient norm"]
    rows_per_part = []
    steps_before = step
    for part in order.split(_STEPS_BETWEEN_CHECKS * data.batch_size):
        # Frames are gathered for many steps at once: a batch is then a view.
        inputs = data.inputs[part].split(data.batch_size)
        gathered = {key: tensor[part].split(data.batch_size) for key, tensor in tensors.items()}
        rows = []
        for index, inputs_of_step in enumerate(inputs):
            step += 1
            for group in optimizer.param_groups:
                group["lr"] = schedule(step)
            batch = {key: batches[index] for key, batches in gathered.items()} | data.constants
            rows.append(train_step(model, criterion, optimizer, inputs_of_step, batch, max_norm))
        rows = torch.stack(rows)
        _check_finite(rows, names, epoch=epoch, first_step=step - steps_before - len(rows) + 1)
        rows_per_part.append(rows)
        progress(len(rows), dict(zip(names, rows[-1].tolist(), strict=True)))

    means = torch.cat(rows_per_part).mean(dim=0, dtype=torch.float64).tolist()
    means_by_name = dict(zip(names, means, strict=True))
    del means_by_name["gradient norm"]
    return step, means_by_name


def train_step(
    model: LiftingModel,
    criterion: Criterion,
    optimizer: torch.optim.Optimizer,
    inputs: torch.Tensor,
    batch: dict[str, torch.Tensor],
    max_norm: float,
) -> torch.Tensor:
    """Learn from one batch.

    Args:
        model, criterion, optimizer: the network, its loss, and what changes its weights.
        inputs: (B,K,2) standardised keypoints.
        batch: what the loss terms ask for, by the keys of `Criterion`.
        max_norm: the largest norm of the gradient; infinity for no clipping.

    Returns:
        (2 + T,): the loss, its T terms and the norm of the gradient before clipping. They stay on
        the device, so that the step need not wait for them.
    """
    pose, scale = model(inputs)
    total, terms = criterion(pose, scale, batch)
    optimizer.zero_grad()
    total.backward()
    norm = nn.utils.clip_grad_norm_(model.network.parameters(), max_norm)
    optimizer.step()
    return torch.cat([total.detach()[None], terms.detach(), norm[None]])


def _check_finite(rows: torch.Tensor, names: list[str], *, epoch: int, first_step: int):
    """Raise InputError if the numbers `names` (S,T) of S steps are not all finite.

    first_step: the number of the first of these steps within the epoch, from 1.
    """
    bad = ~torch.isfinite(rows.cpu())
    if not bad.any():
        return
    bad_steps = bad.any(dim=1).nonzero().flatten()
    first_bad = int(bad_steps[0])
    bad_columns = bad[first_bad].nonzero().flatten().tolist()
    bad_names = [names[column] for column in bad_columns]
    # The total goes wrong whenever a term does: name the term rather than the total.
    if len(bad_names) > 1 and bad_names[0] == "total":
        bad_names.remove("total")
    raise InputError(
        f"training stopped: {bad_names[0]} is not finite in epoch {epoch}, "
        f"step {first_step + first_bad}; "
        "whole epochs before it are kept; try a smaller --lr, or look at the data"
    )


@torch.inference_mode()
def predict(
    model: LiftingModel, inputs: torch.Tensor, batch_size: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Lift standardised keypoints (N,K,2) to poses (N,K,3) mm and scales (N,1) or None."""
    model.network.eval()
    poses = []
    scales = []
    for batch in inputs.split(batch_size):
        pose, scale = model(batch)
        poses.append(pose)
        scales.append(scale)
    if scales[0] is None:
        return torch.cat(poses), None
    return torch.cat(poses), torch.cat(scales)
