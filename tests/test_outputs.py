"""What a run leaves in its folder in the end, and in which order."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from label_files import label_content
from run_files import file_names, read_result

from src.data.arrays import PoseArrays, Sequence
from src.data.photos import load_photos
from src.errors import InputError
from src.skeletons import get_skeleton
from src.training import outputs
from src.training.build import CentredPoses
from src.training.checkpoints import State
from src.training.evaluation import Evaluation
from src.training.run_folder import RunFolder

ROW = {"epoch": 1, "step": 10, "lr": 0.001, "total": 2.0, "root": 1.0, "seconds": 1.0}
STATE = State(epoch=1, step=10, best=None, history=[ROW | {"pa_mpjpe_mm": 50.0}])


def make_options(skeleton_name: str, *, save_predictions=False, save_ims=False):
    return SimpleNamespace(
        dataset_type=skeleton_name,
        supervision="relative",
        seed=0,
        preset=("ours",),
        eval_only=False,
        load=None,
        data_dir=None,
        save_predictions=save_predictions,
        save_ims=save_ims,
    )


@pytest.fixture
def save_motion(tmp_path):
    """A function that saves a test on two poses of 17 joints, and returns what `outputs` returns.

    It takes the options save_predictions and save_ims, and state.
    """
    rng = np.random.default_rng(0)
    focal = (1000.0, 1000.0)
    arrays = PoseArrays(
        pose_2d=rng.normal(size=(2, 17, 2)),
        pose_3d=rng.normal(size=(2, 17, 3)),
        sequence=np.array([0, 1]),
        frame=np.array([7, 8]),
        sequences=(
            Sequence(9, "Walking", "Walking 1", "left", focal),
            Sequence(11, "Sitting", "Sitting", "right", focal),
        ),
    )
    test = CentredPoses(
        input_2d=arrays.pose_2d,
        pose_2d=arrays.pose_2d,
        root_2d=np.array([[500.0, 400.0], [300.0, 200.0]]),
        pose_3d=100 * arrays.pose_3d,
        root_3d=np.zeros((2, 3)),
        arrays=arrays,
    )
    joint_errors = {
        "none": np.full((2, 17), 3.0),
        "scale": np.full((2, 17), 2.0),
        "procrustes": np.full((2, 17), 1.0),
    }
    tested = Evaluation(
        means={"pa_mpjpe_mm": 1.0},
        logged={"pa_mpjpe_mm": 1.0},
        chosen="pa_mpjpe_mm",
        monitored={},
        joint_errors=joint_errors,
        predictions={"prediction": test.pose_3d + 3, "aligned": test.pose_3d + 1},
    )
    data = {"name": "mini", "synthetic": False, "train": None, "test": {"frames": 2}}

    def save(*, state=STATE, **wanted) -> dict:
        options = make_options("human36_17k", **wanted)
        return outputs.save_motion(RunFolder(tmp_path), options, state, tested, test, data, None)

    return save


@pytest.fixture
def save_photos(tmp_path):
    """A function that saves a test on the miniature label file's only test photo, the second.

    It takes the options save_predictions and save_ims, and returns what `outputs` returns.
    """
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "mine.json").write_text(json.dumps(label_content()))
    photos = load_photos(folder / "mine.json", get_skeleton("lsp_14k"))
    prediction = np.random.default_rng(0).normal(size=(2, 14, 3))
    prediction[:, 0, 0] = [10, 11]  # by which the two photos are told apart
    tested = Evaluation(
        means={"wrong_labels": 0.5},
        logged={"wrong_labels": 0.5},
        chosen="wrong_labels",
        monitored={},
        joint_errors={},
        predictions={"prediction": prediction},
    )
    data = {"name": "mine", "synthetic": False, "train": None, "test": {"frames": 1}}
    run_path = tmp_path / "run"
    run_path.mkdir()

    def save(**wanted) -> dict:
        options = make_options("lsp_14k", **wanted)
        return outputs.save_photos(RunFolder(run_path), options, STATE, tested, photos, data, None)

    return save


def test_a_result_is_returned_as_it_is_written(save_motion, tmp_path):
    result = save_motion()
    assert file_names(tmp_path) == {"result.json"}
    assert read_result(tmp_path) == result
    assert result["pa_mpjpe_mm"] == 1.0
    assert result["epoch"] == 1


def test_pictures_of_motion(save_motion, tmp_path):
    save_motion(save_ims=True)
    assert file_names(tmp_path) == {"result.json", "loss_curves.png", "test_poses.png"}


def test_where_nothing_was_trained_there_are_no_curves(save_motion, tmp_path):
    save_motion(save_ims=True, state=State(epoch=1))
    assert file_names(tmp_path) == {"result.json", "test_poses.png"}


def test_predictions_of_motion(save_motion, tmp_path):
    save_motion(save_predictions=True)
    with np.load(tmp_path / "predictions.npz", allow_pickle=False) as file:
        content = {name: file[name] for name in file.files}
    assert list(content) == [
        "pose_2d_px",
        "root_2d_px",
        "target_mm",
        "prediction_mm",
        "aligned_mm",
        "mpjpe_joint_errors_mm",
        "scaled_mpjpe_joint_errors_mm",
        "pa_mpjpe_joint_errors_mm",
        "sequence",
        "frame",
        "sequence_names",
        "joints",
    ]
    assert content["root_2d_px"].tolist() == [[500, 400], [300, 200]]
    np.testing.assert_allclose(content["prediction_mm"] - content["target_mm"], 3)
    np.testing.assert_allclose(content["aligned_mm"] - content["target_mm"], 1)
    assert (content["mpjpe_joint_errors_mm"] == 3).all()
    assert (content["scaled_mpjpe_joint_errors_mm"] == 2).all()
    assert (content["pa_mpjpe_joint_errors_mm"] == 1).all()
    assert content["sequence"].tolist() == [0, 1]
    assert content["frame"].tolist() == [7, 8]
    assert content["sequence_names"].tolist() == ["S9 Walking 1 left", "S11 Sitting right"]
    assert content["joints"].tolist() == list(get_skeleton("human36_17k").joints)


def test_predictions_of_photos_are_those_of_test_photos(save_photos, tmp_path):
    save_photos(save_predictions=True)
    with np.load(tmp_path / "run" / "predictions.npz", allow_pickle=False) as file:
        assert file.files == ["pose_2d_px", "prediction_mm", "files", "joints"]
        assert file["files"].tolist() == ["im1.png"]
        assert file["prediction_mm"][:, 0, 0].tolist() == [11]
        assert file["pose_2d_px"].shape == (1, 14, 2)


def test_pictures_of_photos(save_photos, tmp_path, capsys):
    save_photos(save_ims=True)
    names = {"result.json", "loss_curves.png", "test_poses.png"}
    assert file_names(tmp_path / "run") == names
    assert "note: no photos" in capsys.readouterr().out


@pytest.fixture
def no_pictures(monkeypatch):
    """No picture can be saved."""

    def fail(path, figure):
        raise InputError(f"{path}: cannot be written")

    monkeypatch.setattr(outputs, "save_figure", fail)


@pytest.mark.usefixtures("no_pictures")
def test_a_picture_of_motion_that_fails_does_not_lose_the_result(save_motion, tmp_path):
    with pytest.raises(InputError, match="png: cannot be written"):
        save_motion(save_predictions=True, save_ims=True)
    assert file_names(tmp_path) == {"predictions.npz", "result.json"}
    assert read_result(tmp_path)["pa_mpjpe_mm"] == 1.0


@pytest.mark.usefixtures("no_pictures")
def test_a_picture_of_photos_that_fails_does_not_lose_the_result(save_photos, tmp_path):
    with pytest.raises(InputError, match="png: cannot be written"):
        save_photos(save_predictions=True, save_ims=True)
    assert file_names(tmp_path / "run") == {"predictions.npz", "result.json"}
    assert read_result(tmp_path / "run")["wrong_labels"] == 0.5


def test_a_run_whose_picture_failed_is_finished(run_human36, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(outputs, "draw_training", lambda *_: 1 / 0)
        exit_code, text, _ = run_human36("--epochs 1 --save_ims")
    assert exit_code == 0
    line = "note: a picture failed, the result is there (ZeroDivisionError: division by zero)"
    assert text.splitlines().count(line) == 1
    exit_code, text, folder = run_human36("--epochs 1 --save_ims")
    assert exit_code == 0, text
    assert "finished already" in text
    assert read_result(folder)["epoch"] == 1
