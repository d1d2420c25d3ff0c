"""The only loops over batches: train an epoch, predict. Data live on the device as tensors; a batch is an index."""

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
from src.metrics import aligned_joint_errors
from src.standardize import Standardizer

_CHECK_EVERY = 50  # steps between looks at the losses: each look waits for the device


@dataclass(frozen=True, eq=False)
class TrainingData:
    """tensors: {name: (N,...)} on the device, "inputs" (N,K,2), standardised, among them; constants: {name: tensor}
    that every batch shares, as mean limb lengths; labels: None for the supervised model."""

    tensors: dict[str, torch.Tensor]
    constants: dict[str, torch.Tensor]
    labels: RelativeLabels | None

    def __len__(self) -> int:
        return len(self.tensors["inputs"])

    def steps(self, batch: int) -> int:
        """Steps per epoch. The last, smaller batch counts too, unless it holds a single frame: BatchNorm has no
        variance of one."""
        return len(self) // batch + (len(self) % batch > 1)


@dataclass(frozen=True, eq=False)
class TestData:
    """inputs (N,K,2) standardised and target (N,K,3) mm on the device; actions (N,); joints: K names."""

    inputs: torch.Tensor
    target: torch.Tensor
    actions: np.ndarray
    joints: tuple[str, ...]


class LiftingModel(NamedTuple):
    """A network and what turns its output into millimetres (None: the output is millimetres)."""

    network: nn.Module
    output_standardizer: Standardizer | None

    def __call__(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Standardised keypoints (B,K,2) -> pose (B,K,3) mm, scale (B,1) or None."""
        pose, scale = self.network(inputs)
        return self.output_standardizer.invert(pose) if self.output_standardizer else pose, scale


class Trainee(NamedTuple):
    """What training changes, and by what."""

    model: LiftingModel
    criterion: Criterion
    optimizer: torch.optim.Optimizer


class Schedule(NamedTuple):
    """Adam's learning rate: lr x gamma^floor(step / decay), steps counted from 1 over the whole run."""

    lr: float
    decay: int
    gamma: float

    def at(self, step: int) -> float:
        """The learning rate of a step."""
        return self.lr * self.gamma ** (step // self.decay)


@dataclass(frozen=True)
class Recipe:
    """How a run is trained and tested. seed: of every draw; epochs: in all; batch, test_batch: frames at a time;
    max_norm: largest gradient norm; test_every: epochs between tests."""

    seed: int
    epochs: int
    batch: int
    test_batch: int
    schedule: Schedule
    max_norm: float
    test_every: int


def train_epoch(
    trainee: Trainee,
    data: TrainingData,
    recipe: Recipe,
    *,
    epoch: int,
    step: int,
    progress: Callable,
) -> tuple[int, dict]:
    """One pass over the training frames -> (steps done in all, mean of every loss term by name). Raises InputError,
    naming term, epoch and step, when a loss or the gradient stops being finite.

    epoch: its number, from 1; step: steps done before it; progress: called now and then as
    ``progress(steps done since, {term: latest value})``. What is drawn depends on seed and epoch alone.
    """
    device = data.tensors["inputs"].device
    tensors = dict(data.tensors)
    if data.labels is not None:
        pairs, labels = data.labels.visit(seeding.generator(recipe.seed, "visits", epoch))
        tensors |= {
            "pairs": torch.from_numpy(pairs).to(device),
            "labels": torch.from_numpy(labels).to(device),
        }
    order = torch.from_numpy(
        seeding.generator(recipe.seed, "order", epoch).permutation(len(data))
    ).to(device)
    order = order[: data.steps(recipe.batch) * recipe.batch]
    names, record = ["total", *trainee.criterion.names, "gradient norm"], []
    torch.manual_seed(seeding.torch_seed(recipe.seed, "dropout", epoch))
    trainee.model.network.train()
    for part in order.split(_CHECK_EVERY * recipe.batch):
        # Frames are gathered for many steps at once: a batch is then a view.
        gathered = [tensor[part].split(recipe.batch) for tensor in tensors.values()]
        rows = []
        for frames in zip(*gathered, strict=True):
            for group in trainee.optimizer.param_groups:
                group["lr"] = recipe.schedule.at(step + len(rows) + 1)
            rows.append(
                train_step(
                    trainee,
                    dict(zip(tensors, frames, strict=True)) | data.constants,
                    recipe.max_norm,
                )
            )
        record.append(torch.stack(rows))
        step += len(rows)
        _check_finite(record, names, epoch)
        progress(len(rows), dict(zip(names, record[-1][-1].tolist(), strict=True)))
    means = torch.cat(record).mean(dim=0, dtype=torch.float64).tolist()
    return step, dict(zip(names[:-1], means[:-1], strict=True))


def train_step(trainee: Trainee, batch: dict[str, torch.Tensor], max_norm: float) -> torch.Tensor:
    """Learn from one batch -> (2 + T,): the loss, its T terms and the norm of the gradient."""
    total, terms = trainee.criterion(*trainee.model(batch["inputs"]), batch)
    trainee.optimizer.zero_grad()
    total.backward()
    norm = _clip(trainee.optimizer, max_norm)
    trainee.optimizer.step()
    return torch.cat([total.detach()[None], terms.detach(), norm[None]])


def _clip(optimizer: torch.optim.Adam, max_norm: float) -> torch.Tensor:
    """As torch's ``clip_grad_norm_``, but the division is left to a fused Adam, which reads all gradients anyway."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    gradients = [parameter.grad.flatten() for parameter in parameters if parameter.grad is not None]
    norm = torch.stack([gradient.dot(gradient) for gradient in gradients]).sum().sqrt()
    optimizer.grad_scale = ((norm.float() + 1e-6) / max_norm).clamp(min=1)
    optimizer.found_inf = torch.zeros_like(optimizer.grad_scale)
    return norm


def _check_finite(record: list[torch.Tensor], names: list[str], epoch: int):
    """record: the numbers ``names`` of an epoch's steps so far, in parts (S,T), of which the last is new."""
    bad = ~torch.isfinite(record[-1].cpu())
    if bad.any():
        row = int(bad.any(dim=1).nonzero()[0])
        step = sum(map(len, record[:-1])) + row + 1
        # The sum comes first and goes wrong whenever a term does: name the term.
        guilty = [name for name, is_bad in zip(names, bad[row].tolist(), strict=True) if is_bad][
            :2
        ][-1]
        advice = "whole epochs before it are kept; try a smaller --lr, or look at the data"
        raise InputError(
            f"training stopped: {guilty} is not finite in epoch {epoch}, step {step}; {advice}"
        )


@torch.inference_mode()
def predict(
    model: LiftingModel, inputs: torch.Tensor, batch: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Standardised keypoints (N,K,2) -> poses (N,K,3) mm and scales (N,1) or None, ``batch`` at a time."""
    model.network.eval()
    poses, scales = zip(*(model(part) for part in inputs.split(batch)), strict=True)
    return torch.cat(poses), None if scales[0] is None else torch.cat(scales)


@torch.inference_mode()
def predict_and_compare(model: LiftingModel, data: TestData, batch: int) -> tuple[dict, dict]:
    """Lift all test poses -> ({alignment: joint errors (N,K)}, {"prediction", "aligned": poses (N,K,3)}), numpy."""
    prediction, _ = predict(model, data.inputs, batch)
    errors, aligned = aligned_joint_errors(prediction, data.target)
    bad = ~torch.stack(list(errors.values())).isfinite().all(dim=2).all(dim=0)
    if bad.any():
        raise InputError(
            f"testing stopped: the error of test frame {int(bad.nonzero()[0])} is not finite"
        )
    poses = {"prediction": prediction, "aligned": aligned}
    return tuple(
        {name: values.cpu().numpy() for name, values in group.items()} for group in (errors, poses)
    )
