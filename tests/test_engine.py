"""The loop over batches, and what of it is faster than, but the same as, the plain form."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from src import losses, seeding
from src.errors import InputError
from src.labels import RelativeLabels
from src.model import LiftingNetwork
from src.skeletons import get_skeleton
from src.standardize import Standardizer
from src.training import engine


def make(frames=20, joints=5, labels=True):
    generator = torch.Generator().manual_seed(0)
    tensors = {
        "inputs": torch.randn(frames, joints, 2, generator=generator),
        "number": torch.arange(frames),
    }
    depth = np.random.default_rng(0).normal(size=(frames, joints)).astype(np.float32)
    rngs = {name: np.random.default_rng(1) for name in ("pairs_rng", "flips_rng")}
    drawn = RelativeLabels.draw(depth, 1, noise=0, tolerance_mm=0, **rngs) if labels else None
    return engine.TrainingData(tensors, {"constant": torch.ones(1)}, drawn), depth


def train(subject, data, batch, *, step=0, schedule=None, progress=lambda *_: None):
    """One epoch, the first."""
    recipe = engine.Recipe(
        seed=0, epochs=1, batch=batch, test_batch=64, max_norm=1.0, test_every=1,
        schedule=schedule or engine.Schedule(1e-3, 100_000, 0.96),
    )  # fmt: skip
    return engine.train_epoch(subject, data, recipe, epoch=1, step=step, progress=progress)


def trainee(term, joints=5, **network):
    torch.manual_seed(0)
    model = engine.LiftingModel(LiftingNetwork(joints, linear_size=16, **network), None)
    criterion = losses.Criterion({"term": term}, {"term": 1.0})
    return engine.Trainee(
        model, criterion, torch.optim.Adam(model.network.parameters(), fused=True)
    )


@pytest.mark.parametrize(("frames", "steps"), [(20, 3), (16, 2), (17, 2), (18, 3), (2, 1)])
def test_the_last_smaller_batch_counts_unless_it_is_a_single_frame(frames, steps):
    seen = []

    def term(pose, scale, batch):
        seen.append(batch["number"])
        assert torch.equal(batch["constant"], torch.ones(1))
        return pose.square().mean()

    data, _ = make(frames)
    done, means = train(trainee(term), data, 8, step=100)
    assert done == 100 + steps == 100 + data.steps(8) == 100 + len(seen)
    numbers = torch.cat(seen).tolist()
    assert len(numbers) == len(set(numbers)) == (16 if frames == 17 else frames)
    assert set(means) == {"total", "term"}


def test_frames_pairs_and_labels_stay_together():
    data, depth = make(frames=64)

    def term(pose, scale, batch):
        z = torch.from_numpy(depth)[batch["number"]]
        z_i, z_j = z.gather(1, batch["pairs"]).unbind(dim=1)
        assert torch.equal(batch["labels"].float(), torch.sign(z_i - z_j))
        return pose.square().mean()

    train(trainee(term), data, 8)


def test_frames_come_in_the_order_that_is_drawn():
    seen = []

    def term(pose, scale, batch):
        seen.append(batch["number"])
        return pose.square().mean()

    train(trainee(term), make(20)[0], 8)
    assert torch.cat(seen).tolist() == seeding.generator(0, "order", 1).permutation(20).tolist()


def test_order_is_new_in_every_epoch_and_the_same_for_a_seed():
    orders = []
    for epoch in (1, 1, 2):
        orders.append(seeding.generator(7, "order", epoch).permutation(50).tolist())
    assert orders[0] == orders[1] != orders[2]
    assert seeding.generator(7, "visits", 1).permutation(50).tolist() != orders[0]
    assert seeding.torch_seed(7, "dropout", 1) != seeding.torch_seed(7, "dropout", 2) < 2**63


def test_learning_rate_falls_every_so_many_steps():
    schedule = engine.Schedule(0.001, 100_000, 0.96)
    assert schedule.at(1) == schedule.at(99_999) == 0.001
    assert schedule.at(100_000) == pytest.approx(0.00096) and schedule.at(250_000) == pytest.approx(
        0.001 * 0.96**2
    )
    subject, rates = trainee(lambda pose, *_: pose.square().mean()), []
    step = subject.optimizer.step
    subject.optimizer.step = lambda: (rates.append(subject.optimizer.param_groups[0]["lr"]), step())
    train(subject, make(20)[0], 5, step=1, schedule=engine.Schedule(1.0, 3, 0.5))
    assert rates == [1.0, 0.5, 0.5, 0.5]  # steps 2, 3, 4, 5


def test_progress_reports_every_step_once():
    reported = []
    data, _ = make(frames=260)
    subject = trainee(lambda pose, *_: pose.square().mean())
    train(subject, data, 2, progress=lambda steps, values: reported.append((steps, set(values))))
    assert [steps for steps, _ in reported] == [50, 50, 30]
    assert reported[0][1] == {"total", "term", "gradient norm"}


def test_an_epoch_of_more_steps_than_are_gathered_at_once():
    """261 frames, two at a time: parts of 50, 50 and 30 steps."""
    seen, losses = [], []

    def term(pose, scale, batch):
        seen.append(batch["number"])
        losses.append(float(len(losses)))
        return 0 * pose.sum() + losses[-1]

    shown = []
    _, means = train(
        trainee(term), make(261)[0], 2, progress=lambda _, values: shown.append(values["term"])
    )
    assert (
        torch.cat(seen).tolist() == seeding.generator(0, "order", 1).permutation(261)[:260].tolist()
    )
    assert means["term"] == pytest.approx(np.mean(losses))
    assert shown == [49, 99, 129]


def test_the_step_that_went_wrong_is_named():
    steps = []

    def term(pose, *_):
        steps.append(1)
        return pose.square().mean() * (float("nan") if len(steps) == 57 else 1)

    with pytest.raises(InputError, match="term is not finite in epoch 1, step 57;"):
        train(trainee(term), make(261)[0], 2)


def test_a_test_before_training_does_not_spoil_it():
    """Constants that are made once must not be inference tensors."""
    skeleton = replace(get_skeleton("human36_17k"), name="new")

    def term(pose, *_):
        return losses.skeleton_loss(pose, torch.ones(1, len(skeleton.limbs)), skeleton)

    subject = trainee(term, joints=17)
    inputs = torch.randn(4, 17, 2)
    with torch.inference_mode():
        subject.criterion(*subject.model(inputs), {})
    assert engine.train_step(subject, {"inputs": inputs}, 1.0).isfinite().all()


def test_float64_trains():
    subject = trainee(lambda pose, *_: pose.square().mean())
    subject.model.network.double()
    assert (
        engine.train_step(subject, {"inputs": make(8)[0].tensors["inputs"].double()}, 1.0).dtype
        == torch.float64
    )


@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_clipping_in_adam_is_clip_grad_norm(factor):
    """The division is left to Adam: the same moments, weights and norm as clipping first."""
    batch, results = {"inputs": make(8)[0].tensors["inputs"]}, []
    for clip_first in (False, True):
        subject = trainee(lambda pose, *_: factor * pose.square().mean())
        parameters = list(subject.model.network.parameters())
        if clip_first:
            total, _ = subject.criterion(*subject.model(batch["inputs"]), batch)
            total.backward()
            norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            subject.optimizer.step()
        else:
            norm = engine.train_step(subject, batch, 1.0)[-1]
        moments = [subject.optimizer.state[p]["exp_avg"] for p in parameters if p.grad is not None]
        assert (norm > 1) == (factor > 1)
        results.append([norm, *moments, *(p.detach() for p in parameters)])
    first_moments = torch.cat([moment.flatten() for moment in results[0][1 : 1 + len(moments)]])
    assert first_moments.norm().item() == pytest.approx(
        0.1 if factor > 1 else 0.1 * norm.item(), rel=1e-4
    )
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


def test_without_max_norm_nothing_is_clipped():
    subject = trainee(lambda pose, *_: 1e6 * pose.square().mean())
    norm = engine.train_step(subject, {"inputs": make(8)[0].tensors["inputs"]}, float("inf"))[-1]
    moments = [state["exp_avg"].flatten() for state in subject.optimizer.state.values()]
    assert norm > 1e3 and torch.cat(moments).norm().item() == pytest.approx(
        0.1 * norm.item(), rel=1e-4
    )


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


def test_predict_in_batches_equals_predict_at_once():
    network = LiftingNetwork(5, linear_size=16, scale_range=None, output_multiplier=None)
    output = Standardizer(torch.full((5, 3), 7.0), torch.full((5, 3), 100.0))
    model = engine.LiftingModel(network, output)
    inputs = torch.randn(23, 5, 2)
    whole, scale = engine.predict(model, inputs, 100)
    torch.testing.assert_close(engine.predict(model, inputs, 4)[0], whole, rtol=1e-5, atol=1e-3)
    assert scale is None
    torch.testing.assert_close(
        whole, 7 + 100 * network(inputs)[0]
    )  # un-standardised, in evaluation mode
    assert not whole.requires_grad
