"""Every option reaches the mathematics that it names."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from miniature import ACTIONS

from opts.human36 import parse_options
from src import losses, seeding
from src.labels import depth_labels
from src.skeletons import get_skeleton
from src.training import build

CPU = torch.device("cpu")


@pytest.fixture
def prepare(human36_dir):
    """A function that takes a command line and prepares the training of the miniature with it.

    The result has what each step gives: options, arrays, poses (centred), statistics, data.
    """

    def start(command=""):
        tokens = ["--data_dir", str(human36_dir), "--actions", *ACTIONS, "--linear_size", "16"]
        options, _ = parse_options([*tokens, *command.split()])
        arrays = build.load_poses(options, "train")
        poses = build.centre(arrays, options, "train")
        statistics = build.fit_statistics(poses, options)
        data = build.make_training_data(poses, statistics, options, CPU)
        return SimpleNamespace(
            options=options, arrays=arrays, poses=poses, statistics=statistics, data=data
        )

    return start


@pytest.fixture
def prepare_test(human36_dir):
    """A function that takes a command line and loads and centres the test poses with it.

    The result has options, arrays and poses (centred).
    """

    def start(command):
        tokens = ["--data_dir", str(human36_dir), "--actions", "Walking"]
        options, _ = parse_options([*tokens, *command.split()])
        arrays = build.load_poses(options, "test")
        poses = build.centre(arrays, options, "test")
        return SimpleNamespace(options=options, arrays=arrays, poses=poses)

    return start


def limb_lengths(pose_3d) -> np.ndarray:
    """Measure the limbs of poses (N,17,3): lengths (N,16)."""
    lengths = []
    for start, end in get_skeleton("human36_17k").limbs:
        lengths.append(np.linalg.norm(pose_3d[:, start] - pose_3d[:, end], axis=-1))
    return np.stack(lengths, axis=1)


# Poses


def test_without_options_poses_are_root_centred(prepare):
    made = prepare()
    root = get_skeleton("human36_17k").root
    assert (made.poses.pose_2d[:, root] == 0).all()
    assert (made.poses.pose_3d[:, root] == 0).all()
    np.testing.assert_array_equal(made.poses.root_3d, made.arrays.pose_3d[:, root])
    moved_back = made.poses.pose_2d + made.poses.root_2d[:, None]
    np.testing.assert_allclose(moved_back, made.arrays.pose_2d, atol=1e-3)
    np.testing.assert_array_equal(made.data.tensors["pose_2d"], made.poses.pose_2d)


def test_without_options_inputs_are_standardised(prepare):
    made = prepare()
    inputs = made.data.inputs
    inverted = made.statistics.pose_2d.invert(inputs)
    np.testing.assert_allclose(inverted, made.poses.pose_2d, atol=1e-3, rtol=1e-4)


def test_the_relative_model_sees_no_3d_pose(prepare):
    made = prepare()
    assert len(made.data) == len(made.arrays)
    assert set(made.data.tensors) == {"pose_2d"}
    assert made.statistics.pose_3d is None
    np.testing.assert_array_equal(made.data.labels.depth, made.poses.pose_3d[..., 2])


def test_noise_hits_the_root_and_the_statistics(prepare):
    made = prepare("--train_noise_type_2d normal --train_noise_amount_2d 100")
    noise = made.poses.pose_2d + made.poses.root_2d[:, None] - made.arrays.pose_2d
    assert noise.var() == pytest.approx(100, rel=0.05)
    assert noise[:, 0].var() == pytest.approx(100, rel=0.1)
    # Root-centred, every other joint carries its own noise and the root's.
    clean = made.arrays.pose_2d - made.arrays.pose_2d[:, :1]
    centred_noise = made.poses.pose_2d - clean
    assert centred_noise[:, 1:].var() == pytest.approx(200, rel=0.1)
    expected_std = made.poses.pose_2d.std(axis=0, dtype=float)
    np.testing.assert_allclose(made.statistics.pose_2d.std, expected_std, rtol=1e-4)
    np.testing.assert_array_equal(made.data.tensors["pose_2d"], made.poses.pose_2d)


def test_test_noise_is_its_own(prepare_test):
    made = prepare_test("--test_noise_type_2d uniform_radial --test_noise_amount_2d 9")
    noise = made.poses.pose_2d + made.poses.root_2d[:, None] - made.arrays.pose_2d
    np.testing.assert_allclose(np.linalg.norm(noise, axis=-1), 9, rtol=1e-3)
    train_arrays = build.load_poses(made.options, "train")
    train_poses = build.centre(train_arrays, made.options, "train")
    np.testing.assert_array_equal(train_poses.root_2d, train_arrays.pose_2d[:, 0])


def test_uncentred_input_and_centred_reprojection(prepare):
    made = prepare("--no-subtract_2d_root")
    inputs = made.statistics.pose_2d.invert(made.data.inputs)
    np.testing.assert_allclose(inputs, made.arrays.pose_2d, atol=1e-3, rtol=1e-4)
    assert (made.data.tensors["pose_2d"][:, 0] == 0).all()


def test_subset_is_drawn_after_the_statistics(prepare):
    whole = prepare().statistics
    made = prepare("--amt_train_data 0.3")
    assert len(made.data) == int(0.3 * len(made.arrays))
    assert torch.equal(made.statistics.pose_2d.mean, whole.pose_2d.mean)
    assert torch.equal(made.statistics.limb_lengths, whole.limb_lengths)


def test_subset_is_random_and_its_labels_are_its_own(prepare):
    made = prepare("--amt_train_data 0.3")
    rows = []
    for pose in made.data.tensors["pose_2d"].numpy():
        is_same = (made.poses.pose_2d == pose).all(axis=(1, 2))
        rows.append(int(is_same.argmax()))
    assert len(set(rows)) == len(rows)
    assert rows != list(range(len(rows)))
    np.testing.assert_array_equal(made.data.labels.depth, made.poses.pose_3d[rows, :, 2])


def test_input_dropout_leaves_the_reprojection_alone(prepare):
    made = prepare("--in_dropout_p 0.5")
    is_zero = (made.data.inputs[:, 1:] == 0).all(dim=-1)
    assert is_zero.float().mean().item() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_array_equal(made.data.tensors["pose_2d"], made.poses.pose_2d)


def test_input_dropout_in_testing_too(prepare_test):
    made = prepare_test("--in_dropout_p 0.5")
    statistics = build.fit_statistics(made.poses, made.options)
    data = build.make_test_data(made.poses, statistics, made.options, CPU)
    is_zero = (data.inputs[:, 1:] == 0).all(dim=-1)
    assert is_zero.float().mean().item() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(data.target, made.poses.pose_3d)


# Labels


@pytest.mark.parametrize("num_pairs", [1, 5])
def test_number_of_pairs(prepare, num_pairs):
    made = prepare(f"--num_pairs {num_pairs}")
    assert made.data.labels.noise == 0
    assert made.data.labels.tolerance_mm == 0
    assert made.data.labels.pairs.shape == (num_pairs, len(made.arrays))


def test_all_pairs_are_not_drawn(prepare):
    made = prepare("--num_pairs all")
    assert made.data.labels.noise == 0
    assert made.data.labels.tolerance_mm == 0
    assert made.data.labels.pairs is None


def test_tolerance(prepare):
    labels = prepare("--tolerance_mm 100").data.labels
    pairs, values = labels.visit(np.random.default_rng(0))
    z = np.take_along_axis(labels.depth, pairs, axis=1)
    np.testing.assert_array_equal(values, depth_labels(z[:, 0] - z[:, 1], 100))
    assert 0.1 < (values == 0).mean() < 0.9


@pytest.mark.parametrize(("noise", "low", "high"), [("0.3", 0.26, 0.34), ("mturk", 0.15, 0.45)])
def test_label_noise(prepare, noise, low, high):
    labels = prepare(f"--rel_labels_noise_prob {noise}").data.labels
    is_wrong = []
    for epoch in range(10):
        pairs, values = labels.visit(np.random.default_rng(epoch))
        z = np.take_along_axis(labels.depth, pairs, axis=1)
        is_wrong.append(values != np.sign(z[:, 0] - z[:, 1]))
    assert low < np.mean(is_wrong) < high


def test_draws_for_one_purpose_do_not_shift_another(prepare):
    """With label noise, pairs are the same as without."""
    clean = prepare("--num_pairs 3").data
    noisy = prepare("--num_pairs 3 --rel_labels_noise_prob 0.5").data
    np.testing.assert_array_equal(clean.labels.pairs, noisy.labels.pairs)


def test_every_purpose_has_its_own_generator():
    purposes = ["order", "visits", "pairs", "flips", "subset", "noise_2d_train", "noise_2d_test"]
    draws = {seeding.generator(0, purpose).integers(2**63) for purpose in purposes}
    assert len(draws) == len(purposes)


# What else training takes


def test_limb_lengths_are_means_of_the_training_set(prepare):
    made = prepare()
    expected = limb_lengths(made.poses.pose_3d).mean(axis=0)[None]
    np.testing.assert_allclose(made.data.constants["limb_lengths"], expected, rtol=1e-4)
    assert "limb_lengths" not in made.data.tensors


def test_limb_lengths_of_every_frame(prepare):
    made = prepare("--limb_type gt")
    expected = limb_lengths(made.poses.pose_3d)
    np.testing.assert_allclose(made.data.tensors["limb_lengths"], expected, rtol=1e-4)


def test_limb_lengths_of_the_average_person(prepare):
    made = prepare("--limb_type avg_person")
    average = get_skeleton("human36_17k").average_limb_lengths
    assert made.data.constants["limb_lengths"].tolist() == [list(average)]


def test_supervised_data(prepare):
    made = prepare("--supervision full")
    np.testing.assert_array_equal(made.data.tensors["pose_3d"], made.poses.pose_3d)
    expected_mean = made.poses.pose_3d.mean(axis=0, dtype=float)
    np.testing.assert_allclose(made.statistics.pose_3d.mean, expected_mean, atol=1e-3)
    assert made.data.labels is None


def test_how_an_epoch_is_cut_and_clipped(prepare):
    data = prepare("--train_batch 5 --seed 9").data
    assert data.batch_size == 5
    assert data.seed == 9
    options, _ = parse_options([])
    assert build.largest_gradient_norm(options) == 1
    options, _ = parse_options(["--no-max_norm"])
    assert build.largest_gradient_norm(options) == float("inf")


def test_learning_rate_falls_every_so_many_steps():
    options, _ = parse_options([])
    schedule = build.build_schedule(options)
    assert schedule(1) == 0.001
    assert schedule(99_999) == 0.001
    assert schedule(100_000) == pytest.approx(0.00096)
    assert schedule(250_000) == pytest.approx(0.001 * 0.96**2)
    options, _ = parse_options(["--lr", "0.1", "--lr_decay", "7", "--lr_gamma", "0.8"])
    schedule = build.build_schedule(options)
    assert schedule(14) == pytest.approx(0.1 * 0.64)


# The criterion


@pytest.fixture
def compute_criterion(prepare):
    """A function that takes a command line and computes its criterion of eight random poses.

    The result has total, values (of the terms), pose, scale and batch.
    """

    def compute(command=""):
        made = prepare(command)
        batch = {name: tensor[:8] for name, tensor in made.data.tensors.items()}
        batch |= made.data.constants
        pairs, labels = made.data.labels.visit(np.random.default_rng(0))
        batch["pairs"] = torch.from_numpy(pairs[:8])
        batch["labels"] = torch.from_numpy(labels[:8])
        pose = torch.randn(8, 17, 3, generator=torch.Generator().manual_seed(0)) * 300
        scale = torch.full((8, 1), 0.0004)
        total, values = build.build_criterion(made.options)(pose, scale, batch)
        return SimpleNamespace(total=total, values=values, pose=pose, scale=scale, batch=batch)

    return compute


def test_criterion_of_the_paper(compute_criterion):
    made = compute_criterion()
    pose = made.pose
    batch = made.batch
    skeleton = get_skeleton("human36_17k")
    relative = losses.relative_depth_loss(pose, batch["pairs"], batch["labels"], 2.5)
    reprojection = losses.orthographic_loss(pose, batch["pose_2d"], made.scale)
    root = losses.root_loss(pose, 0)
    proportions = losses.skeleton_loss(pose, batch["limb_lengths"], skeleton)
    assert torch.equal(made.values, torch.stack([relative, reprojection, root, proportions]))
    torch.testing.assert_close(made.total, relative + 0.1 * reprojection + root + proportions)


def test_criterion_with_other_options(compute_criterion):
    weights = "--relative_weight 2 --reproj_weight 3 --root_weight 0 --symm_weight 5"
    made = compute_criterion(f"{weights} --reprojection weak_perspective --distance_multiplier 1")
    pose = made.pose
    batch = made.batch
    skeleton = get_skeleton("human36_17k")
    relative = losses.relative_depth_loss(pose, batch["pairs"], batch["labels"], 1.0)
    reprojection = losses.perspective_loss(pose, batch["pose_2d"], made.scale, batch["focal"])
    proportions = losses.skeleton_loss(pose, batch["limb_lengths"], skeleton)
    assert torch.equal(made.values, torch.stack([relative, reprojection, proportions]))
    torch.testing.assert_close(made.total, 2 * relative + 3 * reprojection + 5 * proportions)
    assert batch["focal"].min() > 1140  # pixels


# The network


@pytest.fixture
def build_model(prepare):
    """A function that takes a command line and builds its network."""

    def build_from(command=""):
        made = prepare(command)
        return build.build_model(made.options, made.statistics, CPU)

    return build_from


def test_network_with_other_options(build_model):
    model = build_model("--num_stage 2 --dropout 0.25 --unnorm_init 7 --scale_range 3")
    assert len(model.network.blocks) == 2
    assert model.network.first.dropout.p == 0.25
    assert (model.network.output_multiplier == 7).all()
    assert model.network.scale_range == 3
    assert model.network.first.linear.weight.shape == (16, 34)
    assert model.output_standardizer is None


def test_scale_of_weak_perspective(build_model):
    assert build_model("--reprojection weak_perspective").network.scale_range == 0.001


def test_supervised_network(build_model):
    model = build_model("--supervision full")
    assert model.network.output_multiplier is None
    assert model.network.scale_head is None
    assert model.output_standardizer is not None


def test_weights_depend_on_the_seed_alone(build_model):
    weight = build_model().network.first.linear.weight
    weight_of_same_seed = build_model("--seed 0 --dropout 0.1").network.first.linear.weight
    weight_of_other_seed = build_model("--seed 1").network.first.linear.weight
    assert torch.equal(weight_of_same_seed, weight)
    assert not torch.equal(weight_of_other_seed, weight)


def test_building_a_network_leaves_torchs_generator_alone(prepare):
    made = prepare()
    before = torch.get_rng_state()
    build.build_model(made.options, made.statistics, CPU)
    assert torch.equal(torch.get_rng_state(), before)
