"""The only loops over batches: train an epoch, predict. Data live on the device as tensors; a batch is an index."""

from collections.abc import Callable
from dataclasses import dataclass

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
_ALIGNED_AT_ONCE = 8192  # poses: bounds the memory of the alignment


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What training needs, frame by frame.

    tensors: {name: (N,...)} on the device, "inputs" (N,K,2), standardised, among them; constants: {name: tensor} that
    every batch shares, as mean limb lengths; labels: None for the supervised model.
    """

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

    __test__ = False  # no test case, whatever pytest thinks of the name

    inputs: torch.Tensor
    target: torch.Tensor
    actions: np.ndarray
    joints: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class LiftingModel:
    """A network and what turns its output into millimetres (None: the output is millimetres)."""

    network: nn.Module
    output_standardizer: Standardizer | None

    def __call__(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Standardised keypoints (B,K,2) -> pose (B,K,3) mm, scale (B,1) or None."""
        pose, scale = self.network(inputs)
        return (pose if self.output_standardizer is None else self.output_standardizer.invert(pose)), scale


@dataclass(frozen=True, eq=False)
class Trainee:
    """What training changes, and by what."""

    model: LiftingModel
    criterion: Criterion
    optimizer: torch.optim.Optimizer


@dataclass(frozen=True)
class Schedule:
    """Adam's learning rate: lr x gamma^floor(step / decay), steps counted from 1 over the whole run."""

    lr: float
    decay: int
    gamma: float

    def at(self, step: int) -> float:
        """The learning rate of a step."""
        return self.lr * self.gamma ** (step // self.decay)


@dataclass(frozen=True)
class Recipe:
    """How a run is trained and tested.

    seed: of every draw; epochs: in all; batch, test_batch: frames at a time; max_norm: largest gradient norm;
    test_every: epochs between tests.
    """

    seed: int
    epochs: int
    batch: int
    test_batch: int
    schedule: Schedule
    max_norm: float
    test_every: int


def train_epoch(
    trainee: Trainee, data: TrainingData, recipe: Recipe, *, epoch: int, step: int, progress: Callable
) -> tuple[int, dict]:
    """One pass over the training frames -> (steps done in all, mean of every loss term by name).

    epoch: its number, from 1; step: steps done before it; progress: called now and then as
    ``progress(steps done since, {term: latest value})``. What is drawn depends on seed and epoch alone. Raises
    InputError naming term, epoch and step when a loss or the gradient stops being finite.
    """
    model, criterion, optimizer = trainee.model, trainee.criterion, trainee.optimizer
    device = data.tensors["inputs"].device
    tensors = dict(data.tensors)
    if data.labels is not None:
        pairs, labels = data.labels.visit(seeding.generator(recipe.seed, "visits", epoch))
        tensors |= {"pairs": torch.from_numpy(pairs).to(device), "labels": torch.from_numpy(labels).to(device)}
    order = torch.from_numpy(seeding.generator(recipe.seed, "order", epoch).permutation(len(data))).to(device)
    batches = order.split(recipe.batch)[: data.steps(recipe.batch)]
    names = ["total", *criterion.names, "gradient norm"]
    record = torch.zeros(len(batches), len(names), device=device)
    parameters = list(model.network.parameters())
    torch.manual_seed(seeding.torch_seed(recipe.seed, "dropout", epoch))
    model.network.train()
    for number, index in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = recipe.schedule.at(step + number + 1)
        batch = {name: tensor[index] for name, tensor in tensors.items()} | data.constants
        pose, scale = model(batch["inputs"])
        total, terms = criterion(pose, scale, batch)
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        norm = nn.utils.clip_grad_norm_(parameters, recipe.max_norm)
        optimizer.step()
        record[number] = torch.stack([total.detach(), *(term.detach() for term in terms), norm])
        if number % _CHECK_EVERY == _CHECK_EVERY - 1 or number == len(batches) - 1:
            done = slice(number - number % _CHECK_EVERY, number + 1)
            _check_finite(record[done].cpu(), names, epoch, done.start)
            progress(done.stop - done.start, dict(zip(names, record[number].tolist(), strict=True)))
    means = record.mean(dim=0, dtype=torch.float64).tolist()
    return step + len(batches), dict(zip(names[:-1], means[:-1], strict=True))


def _check_finite(record: torch.Tensor, names: list[str], epoch: int, first_step: int):
    bad = ~torch.isfinite(record)
    if bad.any():
        row = int(bad.any(dim=1).nonzero()[0])
        # The sum goes wrong whenever a term does: name the term.
        guilty = [name for name, is_bad in zip(names, bad[row].tolist(), strict=True) if is_bad]
        named = [name for name in guilty if name != "total"] or guilty
        raise InputError(
            f"training stopped: {named[0]} is not finite in epoch {epoch}, step {first_step + row + 1}; "
            "whole epochs before it are kept; try a smaller --lr, or look at the data"
        )


@torch.inference_mode()
def predict(model: LiftingModel, inputs: torch.Tensor, batch: int) -> torch.Tensor:
    """Standardised keypoints (N,K,2) -> poses (N,K,3) mm, ``batch`` at a time."""
    model.network.eval()
    return torch.cat([model(part)[0] for part in inputs.split(batch)])


@torch.inference_mode()
def predict_and_compare(model: LiftingModel, data: TestData, batch: int) -> tuple[dict, dict]:
    """Lift all test poses -> ({alignment: joint errors (N,K)}, {"prediction", "aligned": poses (N,K,3)}), numpy."""
    prediction = predict(model, data.inputs, batch)
    chunks = zip(prediction.split(_ALIGNED_AT_ONCE), data.target.split(_ALIGNED_AT_ONCE), strict=True)
    parts, aligned = zip(*(aligned_joint_errors(*chunk) for chunk in chunks), strict=True)
    errors = {kind: torch.cat([part[kind] for part in parts]) for kind in parts[0]}
    bad = ~torch.stack([values.isfinite().all(dim=1) for values in errors.values()]).all(dim=0)
    if bad.any():
        raise InputError(f"testing stopped: the error of test frame {int(bad.nonzero()[0])} is not finite")
    poses = {"prediction": prediction, "aligned": torch.cat(aligned)}
    return {k: v.cpu().numpy() for k, v in errors.items()}, {k: v.cpu().numpy() for k, v in poses.items()}
