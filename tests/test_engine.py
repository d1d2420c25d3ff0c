"""The loop over batches, and what of it is faster than, but the same as, the plain form."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from src import losses, seeding
from src.errors import InputError
from src.fast_cpu import use_fast_layers
from src.labels import RelativeLabels
from src.model import LiftingNetwork
from src.skeletons import get_skeleton
from src.standardize import Standardizer
from src.training import engine


def make(frames=20, joints=5, batch_size=8):
    """Make training data of random inputs, each with its number, and one labelled pair per frame.

    Returns them and the depths (frames,joints) that the labels come from.
    """
    generator = torch.Generator().manual_seed(0)
    tensors = {
        "inputs": torch.randn(frames, joints, 2, generator=generator),
        "number": torch.arange(frames),
    }
    depth = np.random.default_rng(0).normal(size=(frames, joints)).astype(np.float32)
    labels = RelativeLabels.draw(
        depth,
        1,
        noise=0,
        tolerance_mm=0,
        pairs_rng=np.random.default_rng(1),
        flips_rng=np.random.default_rng(1),
    )
    data = engine.TrainingData(
        tensors=tensors,
        constants={"constant": torch.ones(1)},
        labels=labels,
        batch_size=batch_size,
        seed=0,
    )
    return data, depth


class Trainee:
    """A small network with a single loss term."""

    def __init__(self, term, joints=5):
        torch.manual_seed(0)
        network = LiftingNetwork(joints, linear_size=16)
        self.model = engine.LiftingModel(use_fast_layers(network), None)
        self.criterion = losses.Criterion({"term": term}, {"term": 1.0})
        self.optimizer = torch.optim.Adam(network.parameters(), fused=True)

    def epoch(self, data, *, step=0, schedule=lambda step: 1e-3, progress=lambda *_: None):
        """Train the first epoch. Returns the steps done in all, and the mean losses."""
        return engine.train_epoch(
            self.model,
            self.criterion,
            self.optimizer,
            data,
            schedule=schedule,
            max_norm=1.0,
            epoch=1,
            step=step,
            progress=progress,
        )

    def step(self, batch, max_norm=1.0):
        """Train on one batch. Returns what `engine.train_step` does."""
        return engine.train_step(self.model, self.criterion, self.optimizer, batch, max_norm)


def mean_square(pose, scale, batch):
    return pose.square().mean()


@pytest.mark.parametrize(("frames", "steps"), [(20, 3), (16, 2), (17, 2), (18, 3), (2, 1)])
def test_the_last_smaller_batch_counts_unless_it_is_a_single_frame(frames, steps):
    seen = []

    def term(pose, scale, batch):
        seen.append(batch["number"])
        assert torch.equal(batch["constant"], torch.ones(1))
        return pose.square().mean()

    data, _ = make(frames)
    done, means = Trainee(term).epoch(data, step=100)
    assert done == 100 + steps
    assert data.steps == steps
    assert len(seen) == steps
    numbers = torch.cat(seen).tolist()
    assert len(numbers) == (16 if frames == 17 else frames)
    assert len(numbers) == len(set(numbers))
    assert set(means) == {"total", "term"}


def test_frames_pairs_and_labels_stay_together():
    data, depth = make(frames=64)

    def term(pose, scale, batch):
        z = torch.from_numpy(depth)[batch["number"]]
        z_i, z_j = z.gather(1, batch["pairs"]).unbind(dim=1)
        assert torch.equal(batch["labels"].float(), torch.sign(z_i - z_j))
        return pose.square().mean()

    Trainee(term).epoch(data)


def test_frames_come_in_the_order_that_is_drawn():
    seen = []

    def term(pose, scale, batch):
        seen.append(batch["number"])
        return pose.square().mean()

    data, _ = make(20)
    Trainee(term).epoch(data)
    assert torch.cat(seen).tolist() == seeding.generator(0, "order", 1).permutation(20).tolist()


def permutation(seed: int, purpose: str, epoch: int) -> list[int]:
    return seeding.generator(seed, purpose, epoch).permutation(50).tolist()


def test_order_is_new_in_every_epoch_and_the_same_for_a_seed():
    order = permutation(7, "order", 1)
    assert permutation(7, "order", 1) == order
    assert permutation(7, "order", 2) != order
    assert permutation(7, "visits", 1) != order


def test_dropout_has_a_seed_of_its_own_in_every_epoch():
    seeds = [seeding.torch_seed(7, "dropout", epoch) for epoch in (1, 2)]
    assert seeds[0] != seeds[1]
    assert max(seeds) < 2**63


def test_every_step_has_its_learning_rate():
    trainee = Trainee(mean_square)
    rates = []
    take_step = trainee.optimizer.step

    def step():
        rates.append(trainee.optimizer.param_groups[0]["lr"])
        take_step()

    trainee.optimizer.step = step
    data, _ = make(20, batch_size=5)
    trainee.epoch(data, step=1, schedule=lambda step: 1 / step)
    assert rates == [1 / 2, 1 / 3, 1 / 4, 1 / 5]


def test_progress_reports_every_step_once():
    reported = []

    def progress(num_steps, values):
        reported.append(num_steps)
        assert set(values) == {"total", "term", "gradient norm"}

    data, _ = make(frames=260, batch_size=2)
    Trainee(mean_square).epoch(data, progress=progress)
    assert reported == [50, 50, 30]


def test_an_epoch_of_more_steps_than_are_gathered_at_once():
    """261 frames, two at a time: parts of 50, 50 and 30 steps."""
    seen = []
    values = []

    def term(pose, scale, batch):
        seen.append(batch["number"])
        values.append(float(len(values)))
        return 0 * pose.sum() + values[-1]

    shown = []

    def progress(num_steps, latest_values):
        shown.append(latest_values["term"])

    data, _ = make(261, batch_size=2)
    _, means = Trainee(term).epoch(data, progress=progress)
    order = seeding.generator(0, "order", 1).permutation(261)
    assert torch.cat(seen).tolist() == order[:260].tolist()
    assert means["term"] == pytest.approx(np.mean(values))
    assert shown == [49, 99, 129]


def test_the_step_that_went_wrong_is_named():
    steps = []

    def term(pose, scale, batch):
        steps.append(1)
        if len(steps) == 57:
            return pose.square().mean() * float("nan")
        return pose.square().mean()

    data, _ = make(261, batch_size=2)
    with pytest.raises(InputError, match="term is not finite in epoch 1, step 57;"):
        Trainee(term).epoch(data)


def test_a_test_before_training_does_not_spoil_it():
    """Constants that are made once must not be inference tensors."""
    skeleton = replace(get_skeleton("human36_17k"), name="new")

    def term(pose, scale, batch):
        return losses.skeleton_loss(pose, torch.ones(1, len(skeleton.limbs)), skeleton)

    trainee = Trainee(term, joints=17)
    inputs = torch.randn(4, 17, 2)
    with torch.inference_mode():
        pose, scale = trainee.model(inputs)
        trainee.criterion(pose, scale, {})
    assert trainee.step({"inputs": inputs}).isfinite().all()


def test_float64_trains():
    trainee = Trainee(mean_square)
    trainee.model.network.double()
    data, _ = make(8)
    row = trainee.step({"inputs": data.tensors["inputs"].double()})
    assert row.dtype == torch.float64


@pytest.mark.parametrize(("factor", "is_clipped"), [(1e6, True), (1e-6, False)])
def test_gradients_are_clipped_to_norm_1(factor, is_clipped):
    """Adam's first moment after one step is 0.1 times the gradient that it was given."""
    trainee = Trainee(mean_square_times(factor))
    data, _ = make(8)
    row = trainee.step({"inputs": data.tensors["inputs"]})
    norm = row[-1].item()
    assert (norm > 1) == is_clipped
    assert first_moments(trainee).norm().item() == pytest.approx(0.1 * min(norm, 1), rel=1e-4)


def test_without_max_norm_nothing_is_clipped():
    trainee = Trainee(mean_square_times(1e6))
    data, _ = make(8)
    row = trainee.step({"inputs": data.tensors["inputs"]}, max_norm=float("inf"))
    norm = row[-1].item()
    assert norm > 1e3
    assert first_moments(trainee).norm().item() == pytest.approx(0.1 * norm, rel=1e-4)


def mean_square_times(factor: float):
    """Make a loss term whose gradient is `factor` times that of `mean_square`."""

    def term(pose, scale, batch):
        return factor * mean_square(pose, scale, batch)

    return term


def first_moments(trainee) -> torch.Tensor:
    states = trainee.optimizer.state.values()
    return torch.cat([state["exp_avg"].flatten() for state in states])


def test_fused_adam_is_adam():
    """What `fused` changes: the order of roundings, nothing else."""
    weights = {}
    for fused in (True, False):
        generator = torch.Generator().manual_seed(0)
        weight = torch.randn(50, generator=generator, dtype=torch.float64).requires_grad_()
        optimizer = torch.optim.Adam([weight], lr=0.01, fused=fused)
        for _ in range(50):
            weight.grad = torch.randn(50, generator=generator, dtype=torch.float64)
            optimizer.step()
        weights[fused] = weight.detach()
    torch.testing.assert_close(weights[True], weights[False], rtol=1e-12, atol=1e-12)


def test_the_epsilon_of_adam_is_added_after_the_correction_of_its_bias():
    """PyTorch 0.3 added it before: at the first step that is an epsilon 32 times as large.

    The first step is lr g / (|g| + epsilon) for a gradient g, and was lr g / (|g| + epsilon /
    sqrt(1 - 0.999)): much less where gradients are as small as epsilon, and else the same.
    """
    gradient = torch.tensor([1e-8, 1e-3], dtype=torch.float64)
    weight = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    weight.grad = gradient.clone()
    torch.optim.Adam([weight], lr=0.001, fused=True).step()
    step_now = 0.001 * gradient / (gradient + 1e-8)
    torch.testing.assert_close(-weight.detach(), step_now)
    step_2018 = 0.001 * gradient / (gradient + 1e-8 / 0.001**0.5)
    ratio = (step_2018 / step_now).tolist()
    assert ratio == pytest.approx([0.0613, 0.9997], abs=1e-4)


def test_predict_in_batches_equals_predict_at_once():
    network = LiftingNetwork(5, linear_size=16, scale_range=None, output_multiplier=None)
    output = Standardizer(torch.full((5, 3), 7.0), torch.full((5, 3), 100.0))
    model = engine.LiftingModel(network, output)
    inputs = torch.randn(23, 5, 2)
    at_once, scale = engine.predict(model, inputs, 100)
    in_batches, _ = engine.predict(model, inputs, 4)
    torch.testing.assert_close(in_batches, at_once, rtol=1e-5, atol=1e-3)
    assert scale is None
    pose, _ = network(inputs)  # it is in evaluation mode now
    torch.testing.assert_close(at_once, 7 + 100 * pose)
    assert not at_once.requires_grad


def test_predict_returns_the_scales_of_all_batches():
    network = LiftingNetwork(5, linear_size=16)
    model = engine.LiftingModel(network, None)
    inputs = torch.randn(23, 5, 2)
    pose, scale = engine.predict(model, inputs, 4)
    expected_pose, expected_scale = network(inputs)
    torch.testing.assert_close(pose, expected_pose, rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(scale, expected_scale)


def test_a_total_that_overflows_is_noticed():
    """The term is finite; what it is multiplied by is not."""
    trainee = Trainee(mean_square)
    trainee.criterion = losses.Criterion({"term": mean_square}, {"term": float("inf")})
    data, _ = make(8)
    with pytest.raises(InputError, match="gradient norm is not finite in epoch 1, step 1;"):
        trainee.epoch(data)
