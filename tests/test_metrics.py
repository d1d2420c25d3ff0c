import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from src.metrics import aligned_joint_errors, joint_errors, summarize
from src.procrustes import align


def random_poses(n, k=17, seed=0, dtype=torch.float64):
    return torch.randn(n, k, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 300


def moved(poses, seed=0):
    """The poses rotated, scaled and moved, each in its own way."""
    rng = np.random.default_rng(seed)
    rotation = torch.from_numpy(Rotation.random(len(poses), rng=rng).as_matrix()).to(poses.dtype)
    scale = torch.from_numpy(rng.uniform(0.2, 4, (len(poses), 1, 1))).to(poses.dtype)
    shift = torch.from_numpy(rng.normal(0, 500, (len(poses), 1, 3))).to(poses.dtype)
    return scale * poses @ rotation + shift, scale[:, 0, 0]


def test_a_similarity_is_undone():
    target = random_poses(50)
    prediction, scale = moved(target)
    aligned, inverse_scale = align(prediction, target)
    torch.testing.assert_close(aligned, target)
    torch.testing.assert_close(inverse_scale, 1 / scale)


def test_agrees_with_scipy():
    target = random_poses(20, seed=1)
    prediction = random_poses(20, seed=2)
    aligned, scale = align(prediction, target)
    for i in range(20):
        p = prediction[i].numpy()
        q = target[i].numpy()
        p0 = p - p.mean(axis=0)
        q0 = q - q.mean(axis=0)
        rotation, _ = Rotation.align_vectors(q0, p0)  # scipy aligns with a rotation alone
        rotated = rotation.apply(p0)
        best = (rotated * q0).sum() / (p0**2).sum()  # the least-squares scale
        np.testing.assert_allclose(aligned[i], best * rotated + q.mean(axis=0), atol=1e-6)
        assert scale[i].item() == pytest.approx(best)


def test_a_mirrored_pose_is_not_reflected_back():
    target = random_poses(30)
    mirrored = target * torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
    errors = joint_errors(mirrored, target, "procrustes")
    assert errors.mean(dim=1).min() > 30
    p0 = mirrored - mirrored.mean(dim=1, keepdim=True)
    aligned, scale = align(mirrored, target)
    a0 = (aligned - aligned.mean(dim=1, keepdim=True)) / scale[:, None, None]
    rotation = torch.linalg.lstsq(p0, a0).solution
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(30, dtype=torch.float64))


def degenerate(shape, dtype):
    poses = random_poses(3, dtype=dtype)
    if shape == "flat":
        poses[..., 2] = 0
    elif shape == "line":
        poses[..., 1:] = 0
    elif shape == "point":
        poses[:] = 0.1
    elif shape == "origin":
        poses[:] = 0
    return poses


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("target", ["whole", "flat", "line", "point", "origin"])
@pytest.mark.parametrize("prediction", ["whole", "flat", "line", "point", "origin"])
def test_degenerate_poses(prediction, target, dtype):
    prediction_poses = degenerate(prediction, dtype)
    target_poses = degenerate(target, dtype)
    if target == prediction:
        prediction_poses, _ = moved(prediction_poses)
    aligned, scale = align(prediction_poses, target_poses)
    assert torch.isfinite(aligned).all() and torch.isfinite(scale).all()
    target_mean = target_poses.mean(dim=1, keepdim=True)
    centred = target_poses - target_mean
    # The best alignment is never worse than shrinking everything into the target's centre.
    size = centred.square().sum(dim=(1, 2))
    assert ((aligned - target_poses).square().sum(dim=(1, 2)) <= size * (1 + 1e-4) + 1e-6).all()
    if prediction in ("point", "origin") or target in ("point", "origin"):
        assert (scale == 0).all()
        torch.testing.assert_close(aligned, target_mean.expand_as(aligned))
    elif prediction == target:
        torch.testing.assert_close(aligned, target_poses, rtol=1e-3, atol=0.1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    target = random_poses(4, dtype=torch.float32)
    prediction, _ = moved(target)
    aligned, scale = align(prediction.to(dtype), target.to(dtype))
    assert aligned.dtype == scale.dtype == dtype
    assert (aligned.float() - target).abs().max() < 0.05 * target.abs().max()


def test_arguments_stay_as_they_are():
    prediction = random_poses(3, seed=1)
    target = random_poses(3, seed=2)
    prediction_before = prediction.clone()
    target_before = target.clone()
    align(prediction, target)
    assert torch.equal(prediction, prediction_before)
    assert torch.equal(target, target_before)


def test_errors_by_hand():
    target = torch.tensor([[[1.0, 0, 0], [-1.0, 0, 0], [0, 2.0, 0], [0, -2.0, 0]]])
    np.testing.assert_allclose(joint_errors(2 * target, target, "none"), [[1, 1, 2, 2]])
    np.testing.assert_allclose(joint_errors(2 * target, target, "scale"), [[0, 0, 0, 0]], atol=1e-6)
    # A shift is not undone by the scaled error, which multiplies and does nothing else.
    shifted = 2 * target + torch.tensor([0.0, 0.0, 6.0])
    np.testing.assert_allclose(joint_errors(shifted, target, "scale"), [[3, 3, 3, 3]], rtol=1e-6)
    np.testing.assert_allclose(
        joint_errors(shifted, target, "procrustes"), [[0, 0, 0, 0]], atol=1e-6
    )
    with pytest.raises(ValueError, match="'rigid'"):
        joint_errors(target, target, "rigid")


def test_one_alignment_gives_the_same_as_three():
    prediction = random_poses(9, seed=1)
    target = random_poses(9, seed=2)
    together, aligned = aligned_joint_errors(prediction, target)
    for alignment in ("none", "scale", "procrustes"):
        torch.testing.assert_close(together[alignment], joint_errors(prediction, target, alignment))
    expected, _ = align(prediction, target)
    torch.testing.assert_close(aligned, expected)


def test_means_over_frames_and_over_actions_differ():
    errors = {
        "none": np.array([[1.0, 3], [2, 4], [10, 20]], dtype=np.float32),
        "scale": np.ones((3, 2), dtype=np.float32),
        "procrustes": np.array([[0.0, 0], [0, 0], [6, 6]], dtype=np.float32),
    }
    result = summarize(errors, np.array(["Walking", "Walking", "Sitting"]), ("neck", "head"))
    assert result["mpjpe_mm"] == pytest.approx(40 / 6)
    assert result["mpjpe_action_mean_mm"] == pytest.approx((2.5 + 15) / 2)
    assert result["pa_mpjpe_mm"] == 2 and result["pa_mpjpe_action_mean_mm"] == 3
    assert result["scaled_mpjpe_mm"] == 1
    assert result["per_action"]["Walking"]["mpjpe_mm"] == 2.5
    assert result["per_joint"]["head"] == {"mpjpe_mm": 9, "scaled_mpjpe_mm": 1, "pa_mpjpe_mm": 2}


def test_errors_in_chunks_are_errors_at_once(monkeypatch):
    torch.manual_seed(0)
    target = torch.randn(25, 5, 3)
    prediction = target + torch.randn(25, 5, 3)
    errors, aligned = aligned_joint_errors(prediction, target)
    monkeypatch.setattr("src.metrics._ALIGNED_AT_ONCE", 10)
    in_chunks, aligned_in_chunks = aligned_joint_errors(prediction, target)
    torch.testing.assert_close(aligned_in_chunks, aligned)
    assert list(in_chunks) == list(errors)
    for alignment in errors:
        torch.testing.assert_close(in_chunks[alignment], errors[alignment])
