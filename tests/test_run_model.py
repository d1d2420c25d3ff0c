"""Lifting own keypoints: the `Lifter`, and run_model.py through its command line."""

import csv
import json
import subprocess
import sys
import time
from typing import NamedTuple

import matplotlib.image
import numpy as np
import pytest
import torch
from conftest import ROOT
from PIL import Image
from scipy.io import savemat

import run_model
from src import lifting
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
    """Return a function that writes a run of an untrained network and returns its folder."""

    def write(supervised=False, dataset_type="human36_17k", **options):
        skeleton = get_skeleton(dataset_type)
        torch.manual_seed(0)
        network = LiftingNetwork(
            skeleton.num_joints,
            linear_size=16,
            scale_range=None if supervised else 1.0,
            output_multiplier=None if supervised else 100.0,
        )
        usual_options = {
            "dataset_type": dataset_type,
            "linear_size": 16,
            "num_stage": 1,
            "scale_range": 1.0,
            "subtract_2d_root": True,
        }
        checkpoint = {
            "epoch": 1,
            "options": usual_options | options,
            "network": network.state_dict(),
            "data": {},
            "statistics": make_statistics(skeleton, supervised=supervised).state(),
        }
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        torch.save(checkpoint, folder / "last.pt")
        return folder

    return write


def make_statistics(skeleton, *, supervised):
    """Return statistics of a training set with joints 75 px from the root in x and in y."""
    std_px = torch.full((skeleton.num_joints, 2), 75.0)
    std_px[skeleton.root] = 0
    pose_3d = None
    if supervised:
        mean_mm = torch.ones(skeleton.num_joints, 3)
        pose_3d = Standardizer(mean_mm, torch.full((skeleton.num_joints, 3), 200.0))
    return Statistics(
        pose_2d=Standardizer(torch.zeros_like(std_px), std_px),
        pose_3d=pose_3d,
        limb_lengths=torch.ones(1, 16),
    )


class Outcome(NamedTuple):
    """What a command left behind: npz is the content of poses_3d.npz, or None."""

    code: int
    out: str
    err: str
    npz: dict | None


@pytest.fixture
def lift(run_folder, tmp_path, capsys):
    """Return a function that runs the command, by default without pictures."""

    def start(*arguments, checkpoint=None, pictures=0):
        out = tmp_path / "out"
        if checkpoint is None:
            checkpoint = run_folder()
        tokens = [*arguments, "--pictures", pictures, "--checkpoint", checkpoint, "--out", out]
        code = run_model.main([str(token) for token in tokens])
        captured = capsys.readouterr()
        path = out / "poses_3d.npz"
        npz = dict(np.load(path)) if path.exists() else None
        return Outcome(code, captured.out, captured.err, npz)

    return start


@pytest.fixture
def demo_path(tmp_path):
    """Return the path of the demo poses as an array, which --layout human36_17k names."""
    path = tmp_path / "k.npy"
    np.save(path, POSES)
    return path


def test_lifter_is_the_network_on_standardised_root_centred_pixels(run_folder):
    folder = run_folder()
    lifter = Lifter.load(folder, "cpu")
    lifted = lifter(POSES, rescale="never")
    network = LiftingNetwork(17, 16)
    network.load_state_dict(torch.load(folder / "last.pt", weights_only=True)["network"])
    inputs = torch.from_numpy((POSES - POSES[:, :1]) / 75)
    with torch.no_grad():
        pose, scale = network.eval()(inputs)
    np.testing.assert_allclose(lifted.poses_3d, pose, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(lifted.scale, scale[:, 0], rtol=1e-4)
    assert lifted.joint_names == SKELETON.joints
    assert not lifted.failed.any()
    assert not lifted.rescaled.any()
    from_torch = lifter(torch.from_numpy(POSES), rescale="never")
    np.testing.assert_array_equal(from_torch.poses_3d, lifted.poses_3d)


def test_supervised_output_is_millimetres(run_folder):
    lifted = Lifter.load(run_folder(supervised=True), "cpu")(POSES)
    assert lifted.unit == "mm"
    assert lifted.scale is None
    assert np.abs(lifted.poses_3d).max() > 200


def test_where_people_stand_and_in_which_order_does_not_matter(run_folder):
    lifter = Lifter.load(run_folder(), "cpu")
    lifted = lifter(POSES)
    moved = lifter(POSES + [1000, -300])
    np.testing.assert_allclose(moved.poses_3d, lifted.poses_3d, atol=0.05)
    backwards = lifter(POSES[::-1])
    np.testing.assert_allclose(backwards.poses_3d, lifted.poses_3d[::-1], atol=1e-3)


@pytest.mark.parametrize("factor", [0.2, 3.0])
def test_rescaling(run_folder, factor):
    lifter = Lifter.load(run_folder(), "cpu")
    usual = lifter(POSES)
    other = lifter(POSES * factor)
    never = lifter(POSES * factor, rescale="never")
    assert other.rescaled.all()
    assert not never.rescaled.any()
    middle = lifter(POSES / usual.size[:, None, None])
    np.testing.assert_allclose(middle.size, 1, rtol=1e-3)
    np.testing.assert_allclose(other.poses_3d, middle.poses_3d, atol=0.05)
    # The scale belongs to the pixels that came in.
    np.testing.assert_allclose(other.scale, middle.scale * factor * usual.size, rtol=1e-3)
    assert np.abs(never.poses_3d - other.poses_3d).max() > 1


def test_missing_joints_are_zero_inputs_and_hopeless_poses_are_nan(run_folder):
    lifter = Lifter.load(run_folder(), "cpu")
    poses = POSES[:5].copy()
    poses[1, 5] = np.nan
    poses[2, SKELETON.root] = np.nan
    poses[3, 1:10] = np.nan
    poses[4, 1:9] = np.nan
    lifted = lifter(poses, rescale="never")
    assert lifted.failed.tolist() == [False, False, True, True, False]
    assert np.isnan(lifted.poses_3d[2:4]).all()
    assert np.isnan(lifted.scale[2:4]).all()
    assert np.isfinite(lifted.poses_3d[[0, 1, 4]]).all()

    at_root = poses[1:2].copy()
    at_root[0, 5] = at_root[0, 0]  # where the mean is 0, that is a zero input too
    expected = lifter(at_root, rescale="never").poses_3d[0]
    np.testing.assert_allclose(lifted.poses_3d[1], expected, atol=1e-3)

    confidence = ~np.isnan(poses[..., :1])
    with_confidence = np.concatenate([np.nan_to_num(poses), confidence], axis=2)
    again = lifter(with_confidence, rescale="never")
    np.testing.assert_array_equal(again.poses_3d, lifted.poses_3d)


def test_layouts(run_folder):
    lifter = Lifter.load(run_folder(), "cpu")
    openpose = np.ones((2, 25, 2)) * np.arange(25)[:, None]
    assert lifter(openpose, "openpose_25").poses_3d.shape == (2, 17, 3)
    np.testing.assert_array_equal(
        lifter(openpose).poses_3d, lifter(openpose, "openpose_25").poses_3d
    )
    coco = np.random.default_rng(0).normal(500, 90, (2, 17, 2))
    by_names = lifter(coco, list(LAYOUTS["coco_17"]))
    by_name = lifter(coco, "coco_17")
    np.testing.assert_array_equal(by_names.poses_3d, by_name.poses_3d)


@pytest.mark.parametrize(
    ("shape", "layout"),
    [((1, 25, 2), "coco_17"), ((1, 20, 2), None), ((3, 34), None)],
)
def test_poses_that_no_layout_fits(run_folder, shape, layout):
    lifter = Lifter.load(run_folder(), "cpu")
    with pytest.raises(InputError, match="poses"):
        lifter(np.ones(shape), layout)


def test_a_model_of_14_joints(run_folder):
    lifter = Lifter.load(run_folder(dataset_type="human36_14k"), "cpu")
    lifted = lifter(POSES, "human36_17k")
    assert lifted.poses_3d.shape == (len(POSES), 14, 3)
    assert not lifted.failed.any()


def test_an_empty_batch_of_poses(run_folder):
    assert Lifter.load(run_folder(), "cpu")(POSES[:0]).poses_3d.shape == (0, 17, 3)


def test_estimated_joints_do_not_make_up_for_detected_ones(run_folder):
    """Hips, shoulders and a nose: nine joints with the estimated ones, but five of COCO's."""
    joints = LAYOUTS["coco_17"]
    poses = np.random.default_rng(0).normal(500, 90, (2, 17, 2))
    detected = ("left_hip", "right_hip", "left_shoulder", "right_shoulder", "nose")
    for i, joint in enumerate(joints):
        if joint not in detected:
            poses[1, i] = np.nan
    lifted = Lifter.load(run_folder(), "cpu")(poses, "coco_17")
    assert lifted.failed.tolist() == [False, True]


def test_a_head_of_inverse_distance_gives_no_scale(run_folder):
    lifter = Lifter.load(run_folder(reprojection="weak_perspective"), torch.device("cpu"))
    lifted = lifter(POSES * 3)
    assert lifted.scale is None
    assert not lifted.rescaled.any()


def test_all_joints_at_one_point_are_no_pose(run_folder):
    assert Lifter.load(run_folder(), "cpu")(np.zeros((2, 17, 2))).failed.all()


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


@pytest.fixture
def files(lift, tmp_path):
    """Lift the demo poses, the fourth without its root, into every format, with pictures."""
    path = tmp_path / "people.npz"
    poses = POSES.copy()
    poses[3, SKELETON.root] = np.nan
    np.savez(path, poses_2d=poses, joint_names=np.array(SKELETON.joints))
    outcome = lift(path, "--format", "json", "csv", pictures=2)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome


def test_npz(files, tmp_path):
    nan = "1 poses lack half of their joints, or the root, and come out as NaN: 3"
    assert nan in files.out
    content = files.npz
    assert content["poses_3d"].shape == POSES.shape[:2] + (3,)
    assert content["poses_3d"].dtype == np.float32
    assert content["joint_names"].tolist() == list(SKELETON.joints)
    assert content["limbs"].tolist() == [list(limb) for limb in SKELETON.limbs]
    assert content["unit"] == "mm, up to a global scale"
    assert "z away from the camera" in str(content["axes"])
    assert len(str(content["checkpoint_sha256"])) == 64
    assert str(content["source"]) == str(tmp_path / "people.npz")
    assert content["scale"].shape == content["frame"].shape == content["person"].shape == (51,)


def test_json(files, tmp_path):
    text = (tmp_path / "out/poses_3d.json").read_text()
    content = json.loads(text)
    assert text == json.dumps(content, indent=1)
    assert content["unit"] == files.npz["unit"]
    assert content["poses"][3]["joints"] is None
    assert content["poses"][3]["scale"] is None
    head = SKELETON.joints.index("head")
    np.testing.assert_allclose(
        content["poses"][0]["joints"]["head"], files.npz["poses_3d"][0, head], atol=1e-3
    )


def test_csv(files, tmp_path):
    with (tmp_path / "out/poses_3d.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 51
    assert rows[3]["head_x"] == "nan"
    knee = SKELETON.joints.index("right_knee")
    depth = files.npz["poses_3d"][2, knee, 2]
    assert float(rows[2]["right_knee_z"]) == pytest.approx(depth, abs=1e-3)


def test_an_array_without_names_is_taken_for_the_checkpoints_own_joints(lift, tmp_path):
    """The form of the authors' baseball.npy: one pose, x and y in turn."""
    path = tmp_path / "baseball.npy"
    np.save(path, POSES[:1].reshape(1, 34))
    outcome = lift(path)
    assert outcome.code == 0
    assert outcome.out.splitlines()[1:3] == [
        "1 poses of 17 joints",
        "17 joints without names: taken for human36_17k, the checkpoint's own; "
        "--layout coco_17 (or openpose_17k) says otherwise",
    ]
    named = lift(path, "--layout", "human36_17k")
    assert "without names" not in named.out
    np.testing.assert_array_equal(outcome.npz["poses_3d"], named.npz["poses_3d"])


def test_an_array_without_names_that_looks_otherwise_is_refused(lift, tmp_path):
    path = tmp_path / "k.npy"
    np.save(path, POSES[:, ::-1])
    message = "k.npy: holds 17 joints without names; say which with --layout: human36_17k"
    outcome = lift(path)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    np.save(path, POSES)
    assert lift(path).code == 0


def test_an_array_without_names_for_a_checkpoint_of_another_order(
    lift, run_folder, demo_path, tmp_path
):
    outcome = lift(demo_path, checkpoint=run_folder(dataset_type="openpose_17k"))
    assert outcome.code == 2
    assert "k.npy: holds 17 joints without names; say which with --layout" in outcome.err
    assert outcome.npz is None


def test_fractions_without_names_are_warned_of(lift, tmp_path):
    np.save(tmp_path / "k.npy", POSES / 1000)
    outcome = lift(tmp_path / "k.npy")
    assert outcome.code == 0
    assert "taken for human36_17k, the checkpoint's own" in outcome.out
    assert "WARNING: coordinates look like fractions of the image" in outcome.out


@pytest.fixture
def joints_mat(tmp_path):
    """Return the path of the demo poses in the form of LSP's own file; some joints are hidden."""
    lsp = get_skeleton("lsp_14k")
    joints = np.ones((3, 14, len(POSES)))
    for i, joint in enumerate(lsp.joints):
        joints[:2, i] = POSES[:, SKELETON.joints.index(joint)].T
    joints[2, 4] = 0
    path = tmp_path / "joints.mat"
    savemat(path, {"joints": joints})
    return path


@pytest.mark.parametrize("dataset_type", ["lsp_14k", "human36_17k", "shg_16k"])
def test_photos_of_lsp(lift, run_folder, joints_mat, demo_path, dataset_type):
    checkpoint = run_folder(dataset_type=dataset_type)
    outcome = lift(joints_mat, checkpoint=checkpoint)
    assert outcome.code == 0
    assert "51 poses of 14 joints" in outcome.out
    assert "LSP's joints.mat: the frame is the photo's number, 1 for im0001.jpg" in outcome.out
    assert "WARNING" not in outcome.out
    assert "missing" not in outcome.out
    assert ("estimated from other joints: mid_hip" in outcome.out) == (dataset_type != "lsp_14k")
    assert outcome.npz["frame"].tolist() == list(range(1, 52))
    assert np.isfinite(outcome.npz["poses_3d"]).all()
    if dataset_type == "lsp_14k":
        same = lift(demo_path, "--layout", "human36_17k", checkpoint=checkpoint).npz
        np.testing.assert_allclose(outcome.npz["poses_3d"], same["poses_3d"], atol=1e-3)


def test_photos_of_lsp_for_a_checkpoint_with_feet(lift, run_folder, joints_mat):
    outcome = lift(joints_mat, checkpoint=run_folder(dataset_type="human36_19k"))
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "joints.mat: LSP's joints give no right_foot_tip, left_foot_tip" in outcome.err
    assert "--checkpoint of human36_17k, shg_16k, human36_14k, lsp_14k" in outcome.err
    assert outcome.npz is None


def test_picture(files, tmp_path):
    assert matplotlib.image.imread(tmp_path / "out/poses_3d.png").std() > 0.05


@pytest.mark.parametrize("options", [{"supervised": True}, {"reprojection": "weak_perspective"}])
def test_files_of_a_model_without_scale(lift, run_folder, demo_path, tmp_path, options):
    outcome = lift(
        demo_path,
        "--layout",
        "human36_17k",
        "--format",
        "json",
        "csv",
        checkpoint=run_folder(**options),
    )
    assert outcome.code == 0
    assert "scale" not in outcome.npz
    content = json.loads((tmp_path / "out/poses_3d.json").read_text())
    assert content["poses"][0]["scale"] is None
    assert "\n0,0,nan," in (tmp_path / "out/poses_3d.csv").read_text()


def test_demo_with_the_published_weights(tmp_path, capsys):
    """What a newcomer runs first."""
    assert run_model.main(["--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "51 poses of 17 joints" in out
    assert "WARNING" not in out
    assert "NaN" not in out
    poses = np.load(tmp_path / "out/poses_3d.npz")["poses_3d"]

    def joint(name):
        return poses[:, SKELETON.joints.index(name)]

    assert (joint("head")[:, 1] < joint("mid_hip")[:, 1]).all(), "a head below the hips"
    legs = np.linalg.norm(joint("right_hip") - joint("right_knee"), axis=1)
    trunk = np.linalg.norm(joint("mid_hip") - joint("neck"), axis=1)
    assert 0.5 < np.median(legs / trunk) < 1.2, "no human proportions"


def test_committed_demo_poses_are_those_of_the_command():
    for name, poses in demo_poses().items():
        with np.load(ROOT / f"demo_data/{name}.npz") as file:
            np.testing.assert_allclose(file["poses_2d"], poses, atol=0.01)


def test_animation(lift, tmp_path):
    np.save(tmp_path / "k.npy", POSES[:3])
    outcome = lift(tmp_path / "k.npy", "--layout", "human36_17k", "--animate", pictures=1)
    assert outcome.code == 0
    (path,) = [path for path in (tmp_path / "out").iterdir() if path.suffix in (".gif", ".mp4")]
    assert str(path) in outcome.out
    if path.suffix == ".gif":
        assert Image.open(path).n_frames == 3


def test_animation_of_the_person_seen_most(lift, tmp_path):
    """Person 7 is seen five times, once without joints; person 2 twice."""
    poses = POSES[:7].copy()
    poses[1] = np.nan
    records = []
    for i, person in enumerate((7, 7, 2, 7, 2, 7, 7)):
        confidence = np.full((17, 1), 0.9)
        keypoints = np.concatenate([np.nan_to_num(poses[i]), confidence], axis=1)
        records.append({"image_id": i, "keypoints": keypoints.ravel().tolist(), "idx": person})
    (tmp_path / "k.json").write_text(json.dumps(records))
    outcome = lift(tmp_path / "k.json", "--layout", "human36_17k", "--animate", pictures=1)
    assert outcome.code == 0
    gif = tmp_path / "out/poses_3d.gif"
    if gif.exists():
        assert Image.open(gif).n_frames == 4


def test_no_picture_where_no_pose_could_be_lifted(lift, tmp_path):
    np.save(tmp_path / "k.npy", np.full((2, 17, 2), 5.0))
    outcome = lift(tmp_path / "k.npy", "--layout", "human36_17k", "--animate", pictures=1)
    assert outcome.code == 1
    assert "2 poses have all their joints at one point, and come out as NaN: 0, 1" in outcome.out
    assert "no pose could be lifted: everything in these files is NaN" in outcome.out
    assert "pictures: none, as no pose could be lifted" in outcome.out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"poses_3d.npz"}


def test_pictures_show_every_person_evenly():
    person = np.repeat([4, 9], [100, 3])
    failed = np.zeros(103, dtype=bool)
    failed[[0, 101]] = True
    chosen = lifting._choose_poses(person, failed, at_most=4)
    assert chosen.tolist() == [1, 99, 100, 102]
    assert lifting._choose_poses(person, failed, at_most=1).tolist() == [1]
    assert len(lifting._choose_poses(person, np.ones(103, dtype=bool), at_most=4)) == 0


def test_show_without_a_display_says_where_the_picture_is(lift, tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.get_backend", lambda: "agg")
    np.save(tmp_path / "k.npy", POSES[:1])
    outcome = lift(tmp_path / "k.npy", "--layout", "human36_17k", "--show", pictures=1)
    assert outcome.code == 2
    assert "no display" in outcome.err
    assert "poses_3d.png" in outcome.err
    assert outcome.npz is not None


@pytest.mark.parametrize("centred", [False, True])
def test_image_size(lift, demo_path, tmp_path, centred):
    layout = ("--layout", "human36_17k")
    image_size = ("--image_size", "1000", "800")
    expected = lift(demo_path, *layout).npz
    fractions = POSES / [1000, 800]
    if centred:
        fractions = fractions * 2 - 1
    np.save(tmp_path / "f.npy", fractions)
    assert "--image_size W H" in lift(tmp_path / "f.npy", *layout).out
    from_fractions = lift(tmp_path / "f.npy", *layout, *image_size).npz
    np.testing.assert_allclose(from_fractions["poses_3d"], expected["poses_3d"], atol=0.1)
    outcome = lift(demo_path, *layout, *image_size)
    assert outcome.code == 2
    assert "no fractions" in outcome.err


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
    outcome = lift(*arguments)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert words in outcome.err
    assert outcome.npz is None
    assert not outcome.out


def test_a_checkpoint_that_is_none(lift, tmp_path):
    (tmp_path / "file").write_text("")
    for checkpoint in (tmp_path / "nothing", tmp_path / "file"):
        outcome = lift(checkpoint=checkpoint)
        assert outcome.code == 2
        assert outcome.err.count("\n") == 1
        assert str(checkpoint) in outcome.err
        assert outcome.npz is None


def test_parts_are_put_together(lift, demo_path, monkeypatch):
    whole = lift(demo_path, "--layout", "human36_17k").npz
    monkeypatch.setattr("src.lifting._PART", 20)
    parts = lift(demo_path, "--layout", "human36_17k").npz
    for name in ("poses_3d", "scale"):
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-4, atol=1e-3)


def test_interrupting_leaves_nothing_half_written(lift, demo_path, tmp_path, monkeypatch):
    monkeypatch.setattr("src.lifting._PART", 20)
    lift_part = Lifter.__call__
    calls = []

    def interrupt_the_second(self, *arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return lift_part(self, *arguments, **options)

    monkeypatch.setattr(Lifter, "__call__", interrupt_the_second)
    outcome = lift(demo_path, "--layout", "human36_17k")
    assert outcome.code == 130
    assert "interrupted" in outcome.err
    assert outcome.npz is None
    assert not (tmp_path / "out").exists()


def test_as_a_process(tmp_path):
    start = time.monotonic()
    command = [sys.executable, "run_model.py", "demo_data/throw.npz", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "3D poses in mm, up to a global scale" in done.stdout
    assert time.monotonic() - start < 60
    assert {path.name for path in tmp_path.iterdir()} == {"poses_3d.npz", "poses_3d.png"}
