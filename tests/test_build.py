"""Every option reaches the mathematics that it names."""

import shlex

import numpy as np
import pytest
import torch
from miniature import ACTIONS

from opts.human36 import parse_options
from src import losses, seeding
from src.labels import depth_labels
from src.skeletons import get_skeleton
from src.training import build


@pytest.fixture
def prepare(human36_dir):
    """prepare("--option ...") -> (options, arrays, centred poses, statistics, training data)."""

    def start(command=""):
        tokens = (
            f"--data_dir {human36_dir} --actions {' '.join(ACTIONS)} --linear_size 16 {command}"
        )
        options, _ = parse_options(shlex.split(tokens))
        arrays = build.load_poses(options, "train")
        poses = build.centre(arrays, options, "train")
        statistics = build.fit_statistics(poses, options)
        data = build.make_training_data(poses, statistics, options, torch.device("cpu"))
        return options, arrays, poses, statistics, data

    return start


def test_without_options_poses_are_root_centred_and_standardised(prepare):
    options, arrays, poses, statistics, data = prepare()
    root = get_skeleton("human36_17k").root
    assert (poses.pose_2d[:, root] == 0).all() and (poses.pose_3d[:, root] == 0).all()
    np.testing.assert_array_equal(poses.root_3d, arrays.pose_3d[:, root])
    np.testing.assert_allclose(poses.pose_2d + poses.root_2d[:, None], arrays.pose_2d, atol=1e-3)
    torch.testing.assert_close(
        statistics.pose_2d.invert(data.tensors["inputs"]).numpy(), poses.pose_2d, **tolerance()
    )
    np.testing.assert_array_equal(data.tensors["pose_2d"], poses.pose_2d)
    assert len(data) == len(arrays) and statistics.pose_3d is None
    np.testing.assert_array_equal(data.labels.depth, poses.pose_3d[..., 2])
    assert set(data.tensors) == {"inputs", "pose_2d"}, "the relative model may see no 3D pose"


def tolerance():
    return {"atol": 1e-3, "rtol": 1e-4}


def test_noise_hits_the_root_and_the_statistics(prepare):
    _, arrays, poses, statistics, data = prepare(
        "--train_noise_type_2d normal --train_noise_amount_2d 100"
    )
    offset = poses.pose_2d + poses.root_2d[:, None] - arrays.pose_2d
    assert offset.var() == pytest.approx(100, rel=0.05)
    assert offset[:, 0].var() == pytest.approx(100, rel=0.1)
    # Root-centred, every other joint carries its own noise and the root's.
    clean = arrays.pose_2d - arrays.pose_2d[:, :1]
    assert (poses.pose_2d - clean)[:, 1:].var() == pytest.approx(200, rel=0.1)
    np.testing.assert_allclose(
        statistics.pose_2d.std, poses.pose_2d.std(axis=0, dtype=float), rtol=1e-4
    )
    np.testing.assert_array_equal(data.tensors["pose_2d"], poses.pose_2d)


def test_test_noise_is_its_own(human36_dir):
    command = f"--data_dir {human36_dir} --actions Walking --test_noise_type_2d uniform_radial --test_noise_amount_2d 9"
    options, _ = parse_options(command.split())
    arrays = build.load_poses(options, "test")
    poses = build.centre(arrays, options, "test")
    moved = np.linalg.norm(poses.pose_2d + poses.root_2d[:, None] - arrays.pose_2d, axis=-1)
    np.testing.assert_allclose(moved, 9, rtol=1e-3)
    arrays = build.load_poses(options, "train")
    np.testing.assert_array_equal(
        build.centre(arrays, options, "train").root_2d, arrays.pose_2d[:, 0]
    )


def test_uncentred_input_and_centred_reprojection(prepare):
    _, arrays, poses, statistics, data = prepare("--no-subtract_2d_root")
    inputs = statistics.pose_2d.invert(data.tensors["inputs"]).numpy()
    np.testing.assert_allclose(inputs, arrays.pose_2d, **tolerance())
    assert (data.tensors["pose_2d"][:, 0] == 0).all()


def test_subset_is_drawn_after_the_statistics(prepare):
    _, _, _, whole, _ = prepare()
    _, arrays, poses, part, data = prepare("--amt_train_data 0.3")
    assert len(data) == int(0.3 * len(arrays))
    torch.testing.assert_close(part.pose_2d.mean, whole.pose_2d.mean, rtol=0, atol=0)
    torch.testing.assert_close(part.limb_lengths, whole.limb_lengths, rtol=0, atol=0)
    rows = [
        np.flatnonzero((poses.pose_2d == pose).all(axis=(1, 2)))[0]
        for pose in data.tensors["pose_2d"].numpy()
    ]
    assert len(set(rows)) == len(rows) and not np.array_equal(rows, np.arange(len(rows)))
    np.testing.assert_array_equal(data.labels.depth, poses.pose_3d[rows, :, 2])


def test_input_dropout_leaves_the_reprojection_alone(prepare):
    _, _, poses, _, data = prepare("--in_dropout_p 0.5")
    zeroed = (data.tensors["inputs"][:, 1:] == 0).all(dim=-1).float().mean()
    assert zeroed.item() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_array_equal(data.tensors["pose_2d"], poses.pose_2d)


def test_input_dropout_in_testing_too(human36_dir):
    options, _ = parse_options(
        f"--data_dir {human36_dir} --actions Walking --in_dropout_p 0.5".split()
    )
    arrays = build.load_poses(options, "test")
    poses = build.centre(arrays, options, "test")
    statistics = build.fit_statistics(poses, options)
    data = build.make_test_data(poses, statistics, options, torch.device("cpu"))
    assert (data.inputs[:, 1:] == 0).all(dim=-1).float().mean().item() == pytest.approx(
        0.5, abs=0.05
    )
    np.testing.assert_array_equal(data.target, poses.pose_3d)


@pytest.mark.parametrize(("num_pairs", "shape"), [("1", 1), ("5", 5), ("all", None)])
def test_number_of_pairs(prepare, num_pairs, shape):
    _, arrays, _, _, data = prepare(f"--num_pairs {num_pairs}")
    assert data.labels.noise == 0 and data.labels.tolerance_mm == 0
    assert (None if data.labels.pairs is None else data.labels.pairs.shape) == (
        shape and (shape, len(arrays))
    )


def test_tolerance(prepare):
    labels = prepare("--tolerance_mm 100")[4].labels
    pairs, values = labels.visit(np.random.default_rng(0))
    z = np.take_along_axis(labels.depth, pairs, axis=1)
    np.testing.assert_array_equal(values, depth_labels(z[:, 0] - z[:, 1], 100))
    assert 0.1 < (values == 0).mean() < 0.9


@pytest.mark.parametrize(("noise", "low", "high"), [("0.3", 0.26, 0.34), ("mturk", 0.15, 0.45)])
def test_label_noise(prepare, noise, low, high):
    labels = prepare(f"--rel_labels_noise_prob {noise}")[4].labels
    visits = [labels.visit(np.random.default_rng(epoch)) for epoch in range(10)]
    wrong = [
        values != np.sign(np.diff(np.take_along_axis(labels.depth, pairs, 1)))[:, 0] * -1
        for pairs, values in visits
    ]
    assert low < np.mean(wrong) < high


def test_limb_lengths(prepare):
    skeleton = get_skeleton("human36_17k")
    _, _, poses, statistics, data = prepare()
    starts, ends = map(list, skeleton.limb_ends)
    lengths = np.linalg.norm(poses.pose_3d[:, starts] - poses.pose_3d[:, ends], axis=-1)
    np.testing.assert_allclose(
        data.constants["limb_lengths"], lengths.mean(axis=0)[None], rtol=1e-4
    )
    assert "limb_lengths" not in data.tensors
    data = prepare("--limb_type gt")[4]
    np.testing.assert_allclose(data.tensors["limb_lengths"], lengths, rtol=1e-4)
    data = prepare("--limb_type avg_person")[4]
    assert data.constants["limb_lengths"].tolist() == [list(skeleton.average_limb_lengths)]


def test_supervised_data(prepare):
    _, _, poses, statistics, data = prepare("--supervision full")
    np.testing.assert_array_equal(data.tensors["pose_3d"], poses.pose_3d)
    np.testing.assert_allclose(
        statistics.pose_3d.mean, poses.pose_3d.mean(axis=0, dtype=float), atol=1e-3
    )
    assert data.labels is None


def criterion_value(prepare, command):
    options, _, _, _, data = prepare(command)
    pairs, labels = data.labels.visit(np.random.default_rng(0))
    batch = {name: tensor[:8] for name, tensor in data.tensors.items()} | data.constants
    batch |= {"pairs": torch.from_numpy(pairs[:8]), "labels": torch.from_numpy(labels[:8])}
    pose = torch.randn(8, 17, 3, generator=torch.Generator().manual_seed(0)) * 300
    scale = torch.full((8, 1), 0.0004)
    return build.build_criterion(options)(pose, scale, batch), pose, scale, batch


def test_criterion_of_the_paper(prepare):
    (total, values), pose, scale, batch = criterion_value(prepare, "")
    expected = [
        losses.relative_depth_loss(pose, batch["pairs"], batch["labels"], 2.5),
        losses.orthographic_loss(pose, batch["pose_2d"], scale),
        losses.root_loss(pose, 0),
        losses.skeleton_loss(pose, batch["limb_lengths"], get_skeleton("human36_17k")),
    ]
    assert values.tolist() == [value.item() for value in expected]
    torch.testing.assert_close(total, expected[0] + 0.1 * expected[1] + expected[2] + expected[3])


def test_criterion_with_other_options(prepare):
    weights = "--relative_weight 2 --reproj_weight 3 --root_weight 0 --symm_weight 5"
    command = f"{weights} --reprojection weak_perspective --distance_multiplier 1"
    (total, values), pose, scale, batch = criterion_value(prepare, command)
    expected = [
        losses.relative_depth_loss(pose, batch["pairs"], batch["labels"], 1.0),
        losses.perspective_loss(pose, batch["pose_2d"], scale, batch["focal"]),
        losses.skeleton_loss(pose, batch["limb_lengths"], get_skeleton("human36_17k")),
    ]
    assert values.tolist() == [value.item() for value in expected]
    assert batch["focal"].min() > 1140  # pixels
    torch.testing.assert_close(total, 2 * expected[0] + 3 * expected[1] + 5 * expected[2])


def test_networks(prepare):
    def network(command):
        options, _, _, statistics, _ = prepare(command)
        return build.build_model(options, statistics, torch.device("cpu"))

    ours = network("--num_stage 2 --dropout 0.25 --unnorm_init 7 --scale_range 3")
    assert len(ours.network.blocks) == 2 and ours.network.first.dropout.p == 0.25
    assert (ours.network.output_multiplier == 7).all() and ours.network.scale_range == 3
    assert ours.output_standardizer is None
    assert network("--reprojection weak_perspective").network.scale_range == 0.001
    supervised = network("--supervision full")
    assert supervised.network.output_multiplier is None and supervised.network.scale_head is None
    assert supervised.output_standardizer is not None
    assert ours.network.first.linear.weight.shape == (16, 34)
    one, same, other = network(""), network("--seed 0 --dropout 0.1"), network("--seed 1")
    assert torch.equal(same.network.first.linear.weight, one.network.first.linear.weight)
    assert not torch.equal(other.network.first.linear.weight, one.network.first.linear.weight)


def test_building_a_network_leaves_torchs_generator_alone(prepare):
    options, _, _, statistics, _ = prepare()
    before = torch.get_rng_state()
    build.build_model(options, statistics, torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), before)


def test_learning_rate_falls_every_so_many_steps():
    options, _ = parse_options([])
    schedule = build.build_schedule(options)
    assert schedule(1) == schedule(99_999) == 0.001
    assert schedule(100_000) == pytest.approx(0.00096)
    assert schedule(250_000) == pytest.approx(0.001 * 0.96**2)
    options, _ = parse_options(["--lr", "0.1", "--lr_decay", "7", "--lr_gamma", "0.8"])
    assert build.build_schedule(options)(14) == pytest.approx(0.1 * 0.64)


def test_how_an_epoch_is_cut_and_clipped(prepare):
    *_, data = prepare("--train_batch 5 --seed 9")
    assert data.batch_size == 5
    assert data.seed == 9
    assert build.largest_gradient_norm(parse_options([])[0]) == 1
    assert build.largest_gradient_norm(parse_options(["--no-max_norm"])[0]) == float("inf")


def test_draws_for_one_purpose_do_not_shift_another(prepare):
    """With label noise, the same pairs; with 2D noise, the same subset."""
    clean, noisy = (
        prepare("--num_pairs 3")[4],
        prepare("--num_pairs 3 --rel_labels_noise_prob 0.5")[4],
    )
    np.testing.assert_array_equal(clean.labels.pairs, noisy.labels.pairs)
    purposes = ["order", "visits", "pairs", "flips", "subset", "noise_2d_train", "noise_2d_test"]
    assert len({seeding.generator(0, purpose).integers(2**63) for purpose in purposes}) == len(
        purposes
    )
