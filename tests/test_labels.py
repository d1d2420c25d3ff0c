import numpy as np
import pytest

from src.labels import (
    RelativeLabels,
    add_noise_2d,
    depth_labels,
    draw_pairs,
    drop_keypoints,
    fixed_uniform,
    flip_probability,
    joint_pairs,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def labels_for(depth, num_pairs=1, noise=0.0, tolerance=0.0, seed=0):
    return RelativeLabels.draw(
        depth,
        num_pairs,
        noise=noise,
        tolerance_mm=tolerance,
        pairs_rng=rng(seed),
        flips_rng=rng(seed + 1),
    )


def are_wrong(depth, pairs, labels):
    """Which labels contradict the depths."""
    frames = np.arange(len(depth))
    return np.sign(depth[frames, pairs[:, 0]] - depth[frames, pairs[:, 1]]) != labels


def test_label_is_plus_one_when_the_first_is_further_away():
    assert depth_labels(np.array([5.0, -5.0, 0.0])).tolist() == [1, -1, 0]
    differences = np.array([100.0, 100.1, -100.0, -100.1])
    assert depth_labels(differences, tolerance_mm=100).tolist() == [0, 1, 0, -1]


def test_pairs_are_ordered_and_complete():
    pairs = joint_pairs(17)
    assert len(pairs) == 136 and (pairs[:, 0] < pairs[:, 1]).all()
    assert len({tuple(pair) for pair in pairs.tolist()}) == 136


@pytest.mark.parametrize("num_pairs", [1, 2, 17, 136])
def test_drawn_pairs_are_different_and_uniform(num_pairs):
    chosen = draw_pairs(20000, 17, num_pairs, rng=rng())
    assert chosen.shape == (num_pairs, 20000)
    in_order = np.sort(chosen, axis=0)
    assert (np.diff(in_order, axis=0) > 0).all(), "a pair was drawn twice for a frame"
    counts = np.bincount(chosen.ravel(), minlength=136)
    expected = 20000 * num_pairs / 136
    assert len(counts) == 136
    # Every count is binomial: five standard deviations.
    spread = 5 * np.sqrt(20000 * (num_pairs / 136) * (1 - num_pairs / 136))
    assert np.abs(counts - expected).max() <= spread


def test_every_set_of_pairs_is_equally_likely():
    chosen = np.sort(draw_pairs(30000, 4, 2, rng=rng()), axis=0)  # 6 pairs, 15 sets
    counts = np.bincount(chosen[0] * 6 + chosen[1])
    counts = counts[counts > 0]
    assert len(counts) == 15
    chi_squared = ((counts - 2000) ** 2 / 2000).sum()
    assert chi_squared < 36.1  # 14 degrees of freedom, p = 0.001


def test_too_many_pairs():
    with pytest.raises(ValueError, match="between 1 and 136"):
        draw_pairs(3, 17, 137, rng=rng())


@pytest.mark.parametrize("num_pairs", [1, 3, "all"])
def test_clean_labels_are_right_and_swapped_half_the_time(num_pairs):
    depth = rng().normal(0, 200, (20000, 17))
    labels = labels_for(depth, num_pairs)
    pairs, values = labels.visit(rng(5))
    assert pairs.dtype == np.int64 and set(values.tolist()) == {-1, 1}
    assert not are_wrong(depth, pairs, values).any()
    assert 0.485 < (pairs[:, 0] > pairs[:, 1]).mean() < 0.515


def test_visits_stay_with_the_pairs_of_a_frame_and_use_them_all():
    depth = rng().normal(size=(50, 17))
    labels = labels_for(depth, 3)
    seen = [set() for _ in range(50)]
    for epoch in range(60):
        pairs, _ = labels.visit(rng(epoch))
        for frame, pair in enumerate(pairs.tolist()):
            seen[frame].add(tuple(sorted(pair)))
    assert all(len(pairs) == 3 for pairs in seen)


def test_all_pairs_are_visited():
    labels = labels_for(rng().normal(size=(5000, 6)), "all")
    pairs, _ = labels.visit(rng(1))
    assert len({tuple(sorted(pair)) for pair in pairs.tolist()}) == 15


def test_tolerance_gives_zeros():
    depth = np.array([[0.0, 50.0], [0.0, 150.0]])
    labels = labels_for(depth, tolerance=100.0)
    pairs, values = labels.visit(rng())
    assert values[0] == 0
    assert not are_wrong(depth[1:], pairs[1:], values[1:])[0]


@pytest.mark.parametrize("noise", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("num_pairs", [1, "all"])
def test_flipped_share(noise, num_pairs):
    depth = rng().normal(size=(20000, 5))
    pairs, values = labels_for(depth, num_pairs, noise).visit(rng(3))
    share = are_wrong(depth, pairs, values).mean()
    assert abs(share - noise) < 5 * np.sqrt(0.25 / 20000)


@pytest.mark.parametrize("num_pairs", [2, "all"])
def test_flips_are_decided_once_per_frame_and_pair(num_pairs):
    depth = rng().normal(size=(300, 4))
    labels = labels_for(depth, num_pairs, 0.5)
    decided = {}
    for epoch in range(30):
        pairs, values = labels.visit(rng(epoch))
        is_wrong = are_wrong(depth, pairs, values)
        for frame, pair in enumerate(pairs.tolist()):
            key = (frame, *sorted(pair))
            assert decided.setdefault(key, is_wrong[frame]) == is_wrong[frame]
    assert 0.4 < np.mean(list(decided.values())) < 0.6


def test_fixed_uniform_is_splitmix64():
    """The first outputs of the reference implementation from the seed 1234567, top 53 bits."""
    outputs = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    expected = [(output >> 11) / 2**53 for output in outputs]
    np.testing.assert_array_equal(fixed_uniform(1234567, np.arange(4)), expected)


def test_fixed_uniform_is_uniform():
    values = np.stack([fixed_uniform(key, np.arange(100_000)) for key in range(4)])
    counts, _ = np.histogram(values, bins=20, range=(0, 1))
    shares = counts / values.size
    assert abs(shares - 0.05).max() < 5 * np.sqrt(0.05 / values.size)
    between_keys = np.corrcoef(values) - np.eye(4)
    assert abs(between_keys).max() < 0.02, "keys next to each other depend on each other"
    between_indices = np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())
    assert abs(between_indices[0, 1]) < 0.01


@pytest.mark.parametrize("num_pairs", [1, 100])
def test_pairs_are_drawn_in_blocks_that_do_not_show(num_pairs, monkeypatch):
    monkeypatch.setattr("src.labels._FRAMES_AT_ONCE", 100)
    chosen = draw_pairs(1030, 17, num_pairs, rng=rng())
    assert chosen.shape == (num_pairs, 1030) and chosen.max() < 136
    assert all(len(set(frame)) == num_pairs for frame in chosen.T.tolist())
    assert len(set(chosen.ravel().tolist())) == 136
    assert not np.array_equal(chosen[:, :100], chosen[:, 100:200])


def test_flips_of_frames_next_to_each_other_are_independent():
    """Not (frame, pair) and (frame + 1, pair - 1) together, as a careless index would have it."""
    depth = np.tile(np.arange(4.0), (4000, 1))
    labels = labels_for(depth, "all", 0.5)
    decided = np.full((4000, 6), -1)
    rows = {tuple(pair): row for row, pair in enumerate(joint_pairs(4).tolist())}
    for epoch in range(40):
        pairs, values = labels.visit(rng(epoch))
        row = [rows[tuple(sorted(pair))] for pair in pairs.tolist()]
        decided[np.arange(4000), row] = are_wrong(depth, pairs, values)
    known = (decided[:-1, 1:] >= 0) & (decided[1:, :-1] >= 0)
    assert 0.47 < (decided[:-1, 1:] == decided[1:, :-1])[known].mean() < 0.53


@pytest.mark.parametrize(("centimetres", "right"), [(0, 0.5), (20, 0.75), (40, 1.0), (300, 1.0)])
def test_annotators_err_as_people_do(centimetres, right):
    assert flip_probability(np.array([10.0 * centimetres]), "mturk") == pytest.approx(1 - right)
    # Nearly 0 rather than 0, so that there is a right answer to get wrong.
    depth = np.tile([0.0, 10.0 * centimetres + 1e-6], (40000, 1))
    pairs, values = labels_for(depth, noise="mturk").visit(rng(2))
    share = 1 - are_wrong(depth, pairs, values).mean()
    assert abs(share - right) < (0.0125 if right < 1 else 1e-9)


def test_noise_2d_none_is_the_same_array():
    poses = np.zeros((2, 3, 2), dtype=np.float32)
    assert add_noise_2d(poses, "none", 0, rng=rng()) is poses


def test_noise_2d_normal_has_this_variance():
    poses = np.full((20000, 3, 2), 500, dtype=np.float32)
    offset = add_noise_2d(poses, "normal", 20.0, rng=rng()) - poses
    assert offset.dtype == np.float32 and (poses == 500).all()
    assert offset.var() == pytest.approx(20, rel=0.02)
    correlation = np.corrcoef(offset.reshape(-1, 6).T)
    assert abs(correlation - np.eye(6)).max() < 0.03, "coordinates are not independent"


def test_noise_2d_uniform_linear_is_whole_numbers_with_both_ends():
    poses = np.zeros((20000, 3, 2), dtype=np.float32)
    offset = add_noise_2d(poses, "uniform_linear", 4, rng=rng())
    values, counts = np.unique(offset, return_counts=True)
    assert values.tolist() == [0, 1, 2, 3, 4]
    assert abs(counts / counts.sum() - 0.2).max() < 0.01


def test_noise_2d_uniform_radial_has_this_length_and_any_direction():
    poses = np.zeros((20000, 3, 2), dtype=np.float32)
    offset = add_noise_2d(poses, "uniform_radial", 7.5, rng=rng())
    np.testing.assert_allclose(np.linalg.norm(offset, axis=-1), 7.5, rtol=1e-5)
    assert np.abs(offset.mean(axis=(0, 1))).max() < 0.1


def test_unknown_noise():
    with pytest.raises(ValueError, match="'salt'"):
        add_noise_2d(np.zeros((1, 1, 2)), "salt", 1, rng=rng())


def test_input_dropout_zeroes_whole_keypoints():
    inputs = np.ones((20000, 17, 2), dtype=np.float32)
    dropped = drop_keypoints(inputs, 0.2, rng())
    assert (dropped[..., 0] == dropped[..., 1]).all() and (inputs == 1).all()
    assert (dropped == 0).mean() == pytest.approx(0.2, abs=0.005)
    assert drop_keypoints(inputs, 0.0, rng()) is inputs
