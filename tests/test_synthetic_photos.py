"""The built-in synthetic photos with relative depth labels."""

import numpy as np
import pytest

from src.data.photos import parse_photos
from src.data.synthetic.photos import make_content
from src.skeletons import get_skeleton
from src.training.evaluation import wrong_labels

LSP = get_skeleton("lsp_14k")


@pytest.fixture(scope="module")
def made():
    """The photos and their truth (N,14,3) mm; not to be changed."""
    content, truth = make_content(LSP)
    return parse_photos(content, LSP, "synthetic"), truth


def test_five_labels_per_photo_and_half_of_them_for_training(made):
    photos, _ = made
    assert len(photos.label) == 5 * len(photos.files)
    assert photos.is_train.mean() == 0.5


def test_labels_err_as_annotators_do(made):
    """They are right in min(50 + 1.25 d, 100) % of cases, d cm being the true difference."""
    photos, truth = made
    is_wrong = wrong_labels(truth, photos)
    depth = truth[photos.photo[:, None], photos.pairs, 2]
    gap_mm = np.abs(depth[:, 0] - depth[:, 1])
    assert not is_wrong[gap_mm >= 400].any()
    for low, high in ((0, 100), (100, 200), (200, 400)):
        inside = (gap_mm >= low) & (gap_mm < high)
        expected = (0.5 - 0.00125 * gap_mm[inside]).mean()
        assert is_wrong[inside].mean() == pytest.approx(expected, abs=0.05)


def test_what_is_drawn_is_what_is_true(made):
    """Pixels are the truth's projection, up to shift and scale."""
    photos, truth = made
    projection = truth[..., :2] / truth[..., 2:]
    for axis in (0, 1):
        for projected, drawn in zip(projection[..., axis], photos.pose_2d[..., axis], strict=True):
            correlation = np.corrcoef(projected, drawn)
            assert correlation[0, 1] > 0.999


def test_most_people_stand_upright(made):
    _, truth = made
    head_y = truth[:, LSP.joints.index("head"), 1]  # y points down
    ankle_y = truth[:, LSP.joints.index("right_ankle"), 1]
    assert (head_y < ankle_y).mean() > 0.9
