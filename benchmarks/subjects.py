"""What is measured: random poses (times do not depend on them), networks, and a plain training step to compare with."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from opts.human36 import parse_options
from src.data.arrays import PoseArrays, Sequence
from src.metrics import CHOSEN, MEANS_MM
from src.model import Dropout
from src.skeletons import get_skeleton
from src.training import build, engine
from src.training.checkpoints import State, Test, fit, test_model
from src.training.run_folder import RunFolder


def random_arrays(frames: int, joints: int = 17) -> PoseArrays:
    """Poses that nobody could take."""
    rng = np.random.default_rng(0)
    pose_3d = rng.normal(0, 300, (frames, joints, 3)).astype(np.float32)
    pose_2d = rng.normal(500, 100, (frames, joints, 2)).astype(np.float32)
    sequence = Sequence(1, "Walking", "Walking", "1", (1145.0, 1143.0))
    return PoseArrays(
        pose_2d, pose_3d, np.zeros(frames, dtype=np.int32), np.arange(frames), (sequence,)
    )


class Subject:
    """A network with its data, as main_human36.py makes them from these options, on the CPU."""

    def __init__(self, *tokens: str, frames: int):
        self.options, _ = parse_options([*tokens, "--device", "cpu"])
        arrays = random_arrays(frames, get_skeleton(self.options.dataset_type).num_joints)
        poses = build.centre(arrays, self.options, "train")
        fitted = self.statistics = build.fit_statistics(poses, self.options)
        device = build.pick_device(self.options)
        self.model = build.build_model(self.options, fitted, device)
        self.network = self.model.network.train()
        optimizer = build.build_optimizer(self.model, self.options)
        self.trainee = engine.Trainee(self.model, build.build_criterion(self.options), optimizer)
        self.recipe = build.build_recipe(self.options)
        self.data = build.make_training_data(
            arrays, poses, fitted, options=self.options, device=device
        )
        self.test_data = build.make_test_data(
            arrays, poses, fitted, options=self.options, device=device
        )
        self._turn = 0

    def epoch(self):
        """The whole training set once, as the engine trains."""
        engine.train_epoch(
            self.trainee, self.data, self.recipe, epoch=1, step=0, progress=lambda *_: None
        )

    def epoch_of_a_run(self, run: RunFolder):
        """The same as `src.training.checkpoints` does it: then the log and both checkpoints are written."""
        state = State(best={CHOSEN: 1e9})
        progress = SimpleNamespace(progress=lambda *_: None, epoch=lambda *_: None)
        recipe = replace(self.recipe, epochs=1, test_every=1)
        few = replace(self.test_data, inputs=self.test_data.inputs[:64], target=self.test_data.target[:64],
                      actions=self.test_data.actions[:64])  # fmt: skip
        test = Test(lambda model: test_model(model, few, recipe.test_batch), MEANS_MM, CHOSEN)
        on = {"data": self.data, "test": test}
        fit(run, self.trainee, recipe, **on, extras={}, state=state, report=progress)

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a batch is made of, labels visited once."""
        if self.data.labels is None:
            return self.data.tensors
        pairs, labels = map(torch.from_numpy, self.data.labels.visit(np.random.default_rng(0)))
        return self.data.tensors | {"pairs": pairs, "labels": labels}

    def step(self):
        """-> a function that takes the engine's next training step; gathering the batch is not part of it."""
        tensors = {name: tensor.split(self.recipe.batch) for name, tensor in self.tensors().items()}
        batches = [
            dict(zip(tensors, frames, strict=True))
            for frames in zip(*tensors.values(), strict=True)
        ]

        def step():
            self._turn += 1
            batch = batches[self._turn % len(batches)] | self.data.constants
            engine.train_step(self.trainee, batch, self.recipe.max_norm)

        return step

    def plain_step(self):
        """-> a function that takes a training step as one would write it down: torch's own layers, dropout and
        clipping, each batch gathered by index, the loss looked at; the losses and Adam(fused=True) are the engine's."""
        use_torch_dropout(self.network)
        use_torch_linear(self.network)
        tensors, parameters = self.tensors(), list(self.network.parameters())
        order = torch.randperm(len(self.data)).split(self.recipe.batch)

        def step():
            self._turn += 1
            index = order[self._turn % len(order)]
            batch = {name: tensor[index] for name, tensor in tensors.items()} | self.data.constants
            pose, scale = self.model(batch["inputs"])
            loss, _ = self.trainee.criterion(pose, scale, batch)
            self.trainee.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, self.recipe.max_norm)
            self.trainee.optimizer.step()
            loss.item()

        return step


def use_torch_dropout(network: nn.Module):
    """Put torch's dropout in the place of the project's."""
    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, Dropout):
                setattr(module, name, nn.Dropout(child.probability))


def use_torch_linear(network: nn.Module):
    """Put torch's linear layers in the place of the project's."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            module.__class__ = nn.Linear
