"""What the benchmarks of training and testing measure: a network on random poses, and its steps."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from opts.human36 import parse_options
from opts.parsing import run_options
from src.data.arrays import PoseArrays, Sequence
from src.fast_cpu import FastDropout, OneDnnLinear
from src.losses import Criterion
from src.skeletons import get_skeleton
from src.standardize import Statistics
from src.training import build, engine
from src.training.checkpoints import State, describe_run, save_epoch
from src.training.engine import LiftingModel, TestData, TrainingData
from src.training.evaluation import evaluate_motion
from src.training.run_folder import RunFolder


@dataclass(frozen=True, eq=False)
class Training:
    """All that main_human36.py makes from its options before the first epoch.

    Attributes:
        options: as `parse_options` returns them.
        statistics: of the poses that follow.
        model, criterion, optimizer: the network, in training mode, and what trains it.
        data: random poses to train on.
        test_data: the same poses to test on.
    """

    options: NamedTuple
    statistics: Statistics
    model: LiftingModel
    criterion: Criterion
    optimizer: torch.optim.Optimizer
    data: TrainingData
    test_data: TestData


def make_training(tokens: list[str], *, frames: int) -> Training:
    """Make a training from tokens of main_human36.py's command line, on random poses and the CPU.

    The poses are random because times do not depend on them.
    """
    options, _ = parse_options([*tokens, "--device", "cpu"])
    device = build.pick_device(options)
    arrays = random_arrays(frames, get_skeleton(options.dataset_type).num_joints)
    poses = build.centre(arrays, options, "train")
    statistics = build.fit_statistics(poses, options)
    model = build.build_model(options, statistics, device)
    model.network.train()
    return Training(
        options=options,
        statistics=statistics,
        model=model,
        criterion=build.build_criterion(options),
        optimizer=build.build_optimizer(model, options),
        data=build.make_training_data(poses, statistics, options, device),
        test_data=build.make_test_data(poses, statistics, options, device),
    )


def random_arrays(frames: int, num_joints: int) -> PoseArrays:
    """Make poses (N,K,2) px and (N,K,3) mm that no person could take, seen by one camera."""
    rng = np.random.default_rng(0)
    sequence = Sequence(
        subject=1,
        action="Walking",
        name="Walking",
        camera="1",
        focal=(1145.0, 1143.0),
    )
    return PoseArrays(
        pose_3d=rng.normal(0, 300, (frames, num_joints, 3)).astype(np.float32),
        pose_2d=rng.normal(500, 100, (frames, num_joints, 2)).astype(np.float32),
        sequence=np.zeros(frames, dtype=np.int32),
        frame=np.arange(frames),
        sequences=(sequence,),
    )


def engine_step(training: Training) -> Callable[[], None]:
    """Return a function that takes the engine's next training step.

    Gathering the batches is not part of it: the engine does that for many steps at once.
    """
    tensors = tensors_with_labels(training.data)
    batches_by_name = {
        name: tensor.split(training.data.batch_size) for name, tensor in tensors.items()
    }
    batches = []
    for index, inputs in enumerate(training.data.inputs.split(training.data.batch_size)):
        batch = {name: parts[index] for name, parts in batches_by_name.items()}
        batches.append((inputs, batch | training.data.constants))
    endless_batches = cycle(batches)
    max_norm = build.largest_gradient_norm(training.options)

    def step():
        inputs, batch = next(endless_batches)
        engine.train_step(
            training.model,
            training.criterion,
            training.optimizer,
            inputs,
            batch,
            max_norm,
        )

    return step


def plain_step(training: Training) -> Callable[[], None]:
    """Return a function that takes a training step as one would write it down at first.

    It uses PyTorch's own linear layers and dropout, which are put into the network for good, it
    gathers every batch by index, and it looks at the loss in every step. Losses, clipping and the
    optimiser are those of the engine.
    """
    use_torch_dropout(training.model.network)
    use_torch_linear(training.model.network)
    tensors = tensors_with_labels(training.data)
    indices = cycle(torch.randperm(len(training.data)).split(training.data.batch_size))
    max_norm = build.largest_gradient_norm(training.options)

    def step():
        index = next(indices)
        batch = {name: tensor[index] for name, tensor in tensors.items()} | training.data.constants
        pose, scale = training.model(training.data.inputs[index])
        loss, _ = training.criterion(pose, scale, batch)
        training.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(training.model.network.parameters(), max_norm)
        training.optimizer.step()
        loss.item()

    return step


def tensors_with_labels(data: TrainingData) -> dict[str, torch.Tensor]:
    """Return the tensors (N,...) that losses need, with the pairs and labels of a single visit."""
    tensors = dict(data.tensors)
    if data.labels is not None:
        pairs, labels = data.labels.visit(np.random.default_rng(0))
        tensors["pairs"] = torch.from_numpy(pairs)
        tensors["labels"] = torch.from_numpy(labels)
    return tensors


def train_epoch(training: Training) -> tuple[int, dict[str, float]]:
    """Train on every frame once, with the engine; return what `engine.train_epoch` does."""

    def ignore_progress(num_steps: int, losses: dict[str, float]):
        pass

    return engine.train_epoch(
        training.model,
        training.criterion,
        training.optimizer,
        training.data,
        schedule=build.build_schedule(training.options),
        max_norm=build.largest_gradient_norm(training.options),
        epoch=1,
        step=0,
        progress=ignore_progress,
    )


def run_epoch(training: Training, folder: RunFolder):
    """Do what main_human36.py does in an epoch: train, test, write the log and both checkpoints.

    The test is of the first 64 frames only: a test has a benchmark of its own.
    """
    few_frames = TestData(
        inputs=training.test_data.inputs[:64],
        target=training.test_data.target[:64],
        actions=training.test_data.actions[:64],
        joints=training.test_data.joints,
        loss=None,
    )
    step, losses = train_epoch(training)
    tested = evaluate_motion(training.model, few_frames, training.options.test_batch)
    # As in a run's first epoch, any test is the best so far: so best.pt is written each time.
    save_new_run(training, folder, row={"epoch": 1, "step": step, **losses}, tested=tested)


def save_new_run(training: Training, folder: RunFolder, *, row: dict, tested=None):
    """Save the state of a training into a run folder as that of the run's first epoch.

    row, tested: as `save_epoch` takes them.
    """
    description = describe_run(
        run_options(training.options), training.statistics, data={}, source=None
    )
    save_epoch(
        folder,
        State(),
        training.model,
        training.optimizer,
        description,
        row=row,
        tested=tested,
    )


def use_torch_dropout(network: nn.Module):
    """Put PyTorch's dropout into the place of the project's, everywhere in a network."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, FastDropout):
                setattr(parent, name, nn.Dropout(child.p).train(child.training))


def use_torch_linear(network: nn.Module):
    """Put PyTorch's linear layers into the place of the project's, everywhere in a network.

    The parameters stay the same objects, so that an optimiser that has them goes on with them.
    """
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, OneDnnLinear):
                num_outputs, num_inputs = child.weight.shape
                linear = nn.Linear(num_inputs, num_outputs)
                linear.weight = child.weight
                linear.bias = child.bias
                setattr(parent, name, linear)
