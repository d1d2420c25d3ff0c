"""Lifting own keypoints: the `Lifter`, and run_model.py through its command line."""

import csv
import json
import subprocess
import sys
import time

import matplotlib.image
import numpy as np
import pytest
import torch
from conftest import ROOT
from PIL import Image

import run_model
from src.data.synthetic.demo import demo_poses
from src.errors import InputError
from src.keypoints.layouts import LAYOUTS
from src.lifter import Lifter
from src.model import LiftingNetwork
from src.skeletons import get_skeleton
from src.standardize import Standardizer, Statistics

SKELETON = get_skeleton("human36_17k")
POSES = np.concatenate(list(demo_poses().values()))  # 51 people


@pytest.fixture
def run_folder(tmp_path):
    """-> a function that writes a run of an untrained network and returns its folder."""

    def write(supervised=False, dataset_type="human36_17k", **options):
        skeleton = get_skeleton(dataset_type)
        torch.manual_seed(0)
        relative = {"scale_range": 1.0, "output_multiplier": 100.0}
        network = LiftingNetwork(
            skeleton.num_joints, 16, **(dict.fromkeys(relative) if supervised else relative)
        )
        std = torch.full((skeleton.num_joints, 2), 75.0)
        std[skeleton.root] = 0
        pose_3d = Standardizer(
            torch.ones(skeleton.num_joints, 3), torch.full((skeleton.num_joints, 3), 200.0)
        )
        statistics = Statistics(
            Standardizer(torch.zeros_like(std), std),
            pose_3d if supervised else None,
            torch.ones(1, 16),
        )
        options = {"dataset_type": dataset_type, "linear_size": 16, "num_stage": 1, "scale_range": 1.0,
                   "subtract_2d_root": True, **options}  # fmt: skip
        content = {"epoch": 1, "options": options, "network": network.state_dict(), "data": {}}
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        torch.save({**content, "statistics": statistics.state()}, folder / "last.pt")
        return folder

    return write


@pytest.fixture
def lift(run_folder, tmp_path, capsys):
    """-> a function that runs the command, without pictures: (exit code, stdout, stderr, npz content or None)."""

    def start(*arguments, checkpoint=None, pictures=0):
        out = tmp_path / "out"
        arguments = (*arguments, "--pictures", pictures)
        code = run_model.main(
            [
                *map(str, arguments),
                "--checkpoint",
                str(checkpoint or run_folder()),
                "--out",
                str(out),
            ]
        )
        captured = capsys.readouterr()
        path = out / "poses_3d.npz"
        return code, captured.out, captured.err, dict(np.load(path)) if path.exists() else None

    return start


def test_lifter_is_the_network_on_standardised_root_centred_pixels(run_folder):
    lifter = Lifter.load(run_folder(), "cpu")
    found = lifter(POSES, rescale="never")
    network = LiftingNetwork(17, 16)
    network.load_state_dict(torch.load(run_folder() / "last.pt", weights_only=True)["network"])
    inputs = torch.from_numpy((POSES - POSES[:, :1]) / 75)
    with torch.no_grad():
        pose, scale = network.eval()(inputs)
    np.testing.assert_allclose(found.poses_3d, pose, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found.scale, scale[:, 0], rtol=1e-4)
    assert (
        found.joint_names == SKELETON.joints and not found.failed.any() and not found.rescaled.any()
    )
    torch_too = lifter(torch.from_numpy(POSES), rescale="never")
    np.testing.assert_array_equal(torch_too.poses_3d, found.poses_3d)


def test_supervised_output_is_millimetres(run_folder):
    found = Lifter.load(run_folder(supervised=True), "cpu")(POSES)
    assert found.unit == "mm" and found.scale is None and np.abs(found.poses_3d).max() > 200


def test_where_people_stand_and_in_which_order_does_not_matter(run_folder):
    lifter = Lifter.load(run_folder(), "cpu")
    found = lifter(POSES)
    moved = lifter(POSES + [1000, -300])
    np.testing.assert_allclose(moved.poses_3d, found.poses_3d, atol=0.05)
    np.testing.assert_allclose(lifter(POSES[::-1]).poses_3d, found.poses_3d[::-1], atol=1e-3)


@pytest.mark.parametrize("factor", [0.2, 3.0])
def test_rescaling(run_folder, factor):
    lifter = Lifter.load(run_folder(), "cpu")
    usual, other, never = (
        lifter(POSES),
        lifter(POSES * factor),
        lifter(POSES * factor, rescale="never"),
    )
    assert other.rescaled.all() and not never.rescaled.any()
    middle = lifter(POSES / usual.size[:, None, None])
    np.testing.assert_allclose(middle.size, 1, rtol=1e-3)
    np.testing.assert_allclose(other.poses_3d, middle.poses_3d, atol=0.05)
    # The scale belongs to the pixels that came in.
    np.testing.assert_allclose(other.scale, middle.scale * factor * usual.size, rtol=1e-3)
    assert np.abs(never.poses_3d - other.poses_3d).max() > 1


def test_missing_joints_are_zero_inputs_and_hopeless_poses_are_nan(run_folder):
    lifter, poses = Lifter.load(run_folder(), "cpu"), POSES[:5].copy()
    poses[1, 5] = np.nan
    poses[2, SKELETON.root] = np.nan
    poses[3, 1:10] = np.nan
    poses[4, 1:9] = np.nan
    found = lifter(poses, rescale="never")
    assert found.failed.tolist() == [False, False, True, True, False]
    assert np.isnan(found.poses_3d[2:4]).all() and np.isnan(found.scale[2:4]).all()
    assert np.isfinite(found.poses_3d[[0, 1, 4]]).all()
    dropped = poses[1:2].copy()
    dropped[0, 5] = dropped[0, 0]  # at the root: where the mean is 0, that is a zero input too
    np.testing.assert_allclose(
        found.poses_3d[1], lifter(dropped, rescale="never").poses_3d[0], atol=1e-3
    )
    with_confidence = np.concatenate([np.nan_to_num(poses), ~np.isnan(poses[..., :1])], axis=2)
    np.testing.assert_array_equal(lifter(with_confidence, rescale="never").poses_3d, found.poses_3d)


def test_layouts(run_folder):
    lifter = Lifter.load(run_folder(), "cpu")
    assert lifter(np.ones((2, 25, 2)) * np.arange(25)[:, None], "openpose_25").poses_3d.shape == (
        2,
        17,
        3,
    )
    joints = list(LAYOUTS["coco_17"])
    by_names = lifter(np.random.default_rng(0).normal(500, 90, (2, 17, 2)), joints)
    by_name = lifter(np.random.default_rng(0).normal(500, 90, (2, 17, 2)), "coco_17")
    np.testing.assert_array_equal(by_names.poses_3d, by_name.poses_3d)
    for poses, layout in (
        (np.ones((1, 25, 2)), "coco_17"),
        (np.ones((1, 20, 2)), None),
        (np.ones((3, 34)), None),
    ):
        with pytest.raises(InputError, match="poses"):
            lifter(poses, layout)


def test_a_model_of_14_joints(run_folder):
    found = Lifter.load(run_folder(dataset_type="human36_14k"), "cpu")(POSES, "human36_17k")
    assert found.poses_3d.shape == (len(POSES), 14, 3) and not found.failed.any()


def test_an_empty_batch_of_poses(run_folder):
    assert Lifter.load(run_folder(), "cpu")(POSES[:0]).poses_3d.shape == (0, 17, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"dataset_type": "no_17k"}, "no_17k"), ({"linear_size": 32}, "do not fit")],
)
def test_checkpoints_that_do_not_fit(run_folder, options, words):
    folder = run_folder()
    content = torch.load(folder / "last.pt", weights_only=True)
    content["options"] |= options
    torch.save(content, folder / "last.pt")
    with pytest.raises(InputError, match=words):
        Lifter.load(folder, "cpu")


def test_files(lift, tmp_path):
    path = tmp_path / "people.npz"
    poses = POSES.copy()
    poses[3, 0] = np.nan
    np.savez(path, poses_2d=poses, joint_names=np.array(SKELETON.joints))
    code, out, err, content = lift(path, "--format", "json", "csv", pictures=2)
    assert (code, err) == (0, "")
    assert "1 poses lack half of their joints, or the root, and come out as NaN: 3" in out
    assert (
        content["poses_3d"].shape == POSES.shape[:2] + (3,)
        and content["poses_3d"].dtype == np.float32
    )
    assert content["joint_names"].tolist() == list(SKELETON.joints)
    assert content["limbs"].tolist() == [list(limb) for limb in SKELETON.limbs]
    assert content["unit"] == "mm, up to a global scale" and "z away from the camera" in str(
        content["axes"]
    )
    assert len(str(content["checkpoint_sha256"])) == 64 and str(content["source"]) == str(path)
    assert content["scale"].shape == content["frame"].shape == content["person"].shape == (51,)
    as_json = json.loads((tmp_path / "out/poses_3d.json").read_text())
    assert as_json["poses"][3]["joints"] is None and as_json["unit"] == content["unit"]
    np.testing.assert_allclose(
        as_json["poses"][0]["joints"]["head"], content["poses_3d"][0, 10], atol=1e-3
    )
    rows = list(csv.DictReader((tmp_path / "out/poses_3d.csv").open()))
    assert len(rows) == 51 and rows[3]["head_x"] == "nan"
    assert float(rows[2]["right_knee_z"]) == pytest.approx(content["poses_3d"][2, 2, 2], abs=1e-3)
    assert matplotlib.image.imread(tmp_path / "out/poses_3d.png").std() > 0.05


def test_demo_with_the_published_weights(tmp_path, capsys):
    """What a newcomer runs first."""
    assert run_model.main(["--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "51 poses of 17 joints" in out and "WARNING" not in out and "NaN" not in out
    content = np.load(tmp_path / "out/poses_3d.npz")
    poses, at = (
        content["poses_3d"],
        {name: i for i, name in enumerate(content["joint_names"].tolist())},
    )
    assert (poses[:, at["head"], 1] < poses[:, at["mid_hip"], 1]).all(), "a head below the hips"
    legs = np.linalg.norm(poses[:, at["right_hip"]] - poses[:, at["right_knee"]], axis=1)
    trunk = np.linalg.norm(poses[:, at["mid_hip"]] - poses[:, at["neck"]], axis=1)
    assert 0.5 < np.median(legs / trunk) < 1.2, "no human proportions"


def test_committed_demo_poses_are_those_of_the_command():
    for name, poses in demo_poses().items():
        with np.load(ROOT / f"demo_data/{name}.npz") as file:
            np.testing.assert_allclose(file["poses_2d"], poses, atol=0.01)


def test_animation(lift, tmp_path):
    np.save(tmp_path / "k.npy", POSES[:3])
    code, out, *_ = lift(tmp_path / "k.npy", "--layout", "human36_17k", "--animate", pictures=1)
    assert code == 0
    path = next(path for path in (tmp_path / "out").iterdir() if path.suffix in (".gif", ".mp4"))
    assert str(path) in out
    if path.suffix == ".gif":
        assert Image.open(path).n_frames == 3


def test_show_without_a_display_says_where_the_picture_is(lift, tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.get_backend", lambda: "agg")
    np.save(tmp_path / "k.npy", POSES[:1])
    code, _, err, content = lift(
        tmp_path / "k.npy", "--layout", "human36_17k", "--show", pictures=1
    )
    assert code == 2 and "no display" in err and "poses_3d.png" in err and content is not None


def test_estimated_joints_do_not_make_up_for_detected_ones(run_folder):
    """Hips, shoulders and a nose: nine joints with the estimated ones, but five of COCO's."""
    joints = LAYOUTS["coco_17"]
    poses = np.random.default_rng(0).normal(500, 90, (2, 17, 2))
    known = [
        joints.index(j)
        for j in ("left_hip", "right_hip", "left_shoulder", "right_shoulder", "nose")
    ]
    poses[1, [i for i in range(17) if i not in known]] = np.nan
    assert Lifter.load(run_folder(), "cpu")(poses, "coco_17").failed.tolist() == [False, True]


def test_a_head_of_inverse_distance_gives_no_scale(run_folder):
    lifter = Lifter.load(run_folder(reprojection="weak_perspective"), torch.device("cpu"))
    found = lifter(POSES * 3)
    assert found.scale is None and not found.rescaled.any()


def test_all_joints_at_one_point_are_no_pose(run_folder):
    assert Lifter.load(run_folder(), "cpu")(np.zeros((2, 17, 2))).failed.all()


def test_animation_of_the_person_seen_most(lift, tmp_path):
    poses = POSES[:6].copy()
    poses[1] = np.nan
    np.savez(tmp_path / "k.npz", poses_2d=poses, joint_names=np.array(SKELETON.joints))
    assert lift(tmp_path / "k.npz", "--animate", pictures=1)[0] == 0


@pytest.mark.parametrize("centred", [False, True])
def test_image_size(lift, tmp_path, centred):
    np.save(tmp_path / "px.npy", POSES)
    expected = lift(tmp_path / "px.npy", "--layout", "human36_17k")[3]
    fractions = POSES / [1000, 800]
    np.save(tmp_path / "f.npy", fractions * 2 - 1 if centred else fractions)
    assert "--image_size W H" in lift(tmp_path / "f.npy", "--layout", "human36_17k")[1]
    found = lift(tmp_path / "f.npy", "--layout", "human36_17k", "--image_size", "1000", "800")[3]
    np.testing.assert_allclose(found["poses_3d"], expected["poses_3d"], atol=0.1)
    code, _, err, _ = lift(
        tmp_path / "px.npy", "--layout", "human36_17k", "--image_size", "1000", "800"
    )
    assert code == 2 and "no fractions" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.npy"], "missing.npy: no such file"),
        ([ROOT / "README.md"], "expected .npy"),
        (["--layout", "coco"], "--layout coco: there are"),
        (["--layout", "coco_17", "--device", "tpu"], "--device"),
        (["--laiout", "coco_17"], "did you mean --layout?"),
        (["--image_size", "0", "5"], "--image_size"),
    ],
)
def test_mistakes_are_one_line(lift, arguments, words):
    code, out, err, content = lift(*arguments)
    assert code == 2 and err.count("\n") == 1 and words in err and content is None and not out


def test_a_checkpoint_that_is_none(lift, tmp_path):
    (tmp_path / "file").write_text("")
    for checkpoint in (tmp_path / "nothing", tmp_path / "file"):
        code, _, err, content = lift(checkpoint=checkpoint)
        assert code == 2 and err.count("\n") == 1 and str(checkpoint) in err and content is None


def test_parts_are_put_together(lift, tmp_path, monkeypatch):
    np.save(tmp_path / "k.npy", POSES)
    whole = lift(tmp_path / "k.npy", "--layout", "human36_17k")[3]
    monkeypatch.setattr("src.lifting._PART", 20)
    parts = lift(tmp_path / "k.npy", "--layout", "human36_17k")[3]
    for name in ("poses_3d", "scale"):
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-4, atol=1e-3)


def test_interrupting_leaves_nothing_half_written(lift, tmp_path, monkeypatch):
    np.save(tmp_path / "k.npy", POSES)
    monkeypatch.setattr("src.lifting._PART", 20)
    calls = []

    def interrupt(self, *arguments, **named):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self, *arguments, **named)

    original = Lifter.__call__
    monkeypatch.setattr(Lifter, "__call__", interrupt)
    code, _, err, content = lift(tmp_path / "k.npy", "--layout", "human36_17k")
    assert code == 130 and "interrupted" in err and content is None
    assert list((tmp_path / "out").iterdir()) == []


def test_as_a_process(tmp_path):
    start = time.monotonic()
    command = [sys.executable, "run_model.py", "demo_data/throw.npz", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "3D poses in mm, up to a global scale" in done.stdout and time.monotonic() - start < 60
    assert {path.name for path in tmp_path.iterdir()} == {"poses_3d.npz", "poses_3d.png"}
