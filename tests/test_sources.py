"""Every form of Human3.6M gives the same arrays; damaged files give one line.

The checker says what is there and finds what is wrong.
"""

import json
import pickle
import re
import shutil
import subprocess
import sys

import forms
import h5py
import numpy as np
import pytest
from forms import ACTIONS, SUBJECTS
from miniature import CAMERAS, detection_path, motion_path, write_motion

from main_human36 import main as main_human36
from src.cameras import load_cameras
from src.data.arrays import PoseArrays
from src.data.human36.load import load_human36
from src.data.npz import load_npz
from src.errors import InputError
from src.skeletons import get_skeleton, read_skeleton
from tools import check_data

SKELETON = get_skeleton("human36_17k")
HOURGLASS = get_skeleton("shg_16k")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same motion in all forms, and as `PoseArrays` of the h5 layout."""
    root = tmp_path_factory.mktemp("forms")
    h5 = forms.write_h5(root / "h5")
    arrays = load_human36(h5.folder, SUBJECTS, SKELETON, actions=ACTIONS)
    return {
        "h5": h5.folder,
        "cdf": forms.write_cdf(root / "cdf", h5, mono=False),
        "mono": forms.write_cdf(root / "mono", h5, mono=True),
        "videopose3d": forms.write_videopose3d(root / "videopose3d", h5),
        "videopose3d_xml": forms.write_videopose3d(
            root / "videopose3d_xml", h5, cameras="metadata.xml"
        ),
        "npz": forms.write_neutral(root / "own.npz", arrays, SKELETON.joints),
        "arrays": arrays,
    }


def load(path, skeleton=SKELETON, subjects=SUBJECTS, actions=ACTIONS, **options) -> PoseArrays:
    reader = load_npz if path.suffix == ".npz" else load_human36
    return reader(path, subjects, skeleton, actions=actions, **options)


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ("cdf", "human36_cdf"),
        ("mono", "human36_cdf"),
        ("videopose3d", "videopose3d"),
        ("videopose3d_xml", "videopose3d"),
        ("npz", "npz"),
    ],
)
def test_every_form_gives_the_same_arrays(folders, form, key):
    expected = folders["arrays"]
    arrays = load(folders[form])
    assert np.abs(arrays.pose_3d - expected.pose_3d).max() < 1e-3
    assert np.abs(arrays.pose_2d - expected.pose_2d).max() < 1e-3
    for field in ("subject", "action", "camera", "frame"):
        np.testing.assert_array_equal(getattr(arrays, field), getattr(expected, field))
    np.testing.assert_allclose(arrays.focal, expected.focal)
    if form != "npz":  # which has no names of files
        names = [sequence.name for sequence in arrays.sequences]
        assert names == [sequence.name for sequence in expected.sequences]
    assert arrays.form == key


def test_videopose3ds_detections_are_those_of_the_h5_layout_cut_to_the_motion(folders):
    arrays = load(folders["videopose3d"], HOURGLASS, detections=True)
    expected = load(folders["h5"], HOURGLASS, detections=True)
    np.testing.assert_array_equal(arrays.pose_2d, expected.pose_2d)


def test_videopose3ds_detections_of_17_joints_are_not_the_gt_archives(folders):
    arrays = load(folders["videopose3d"], detections=True)
    offset_px = arrays.pose_2d - folders["arrays"].pose_2d
    assert np.abs(offset_px - 1).max() < 1e-2


def test_forms_without_detections_of_a_skeleton_say_so(folders):
    words = r"no 2D archive has the joints of --dataset_type human36_19k; found .*shg_16k"
    with pytest.raises(InputError, match=words):
        load(folders["videopose3d"], get_skeleton("human36_19k"), detections=True)
    with pytest.raises(InputError, match="hold no detections"):
        load(folders["cdf"], HOURGLASS, detections=True)


def test_metadata_xml_holds_the_cameras_of_cameras_h5(folders):
    expected = load_cameras(folders["h5"] / "cameras.h5")
    cameras = load_cameras(folders["cdf"] / "metadata.xml")
    assert len(cameras) == 44  # of 11 subjects
    for key, camera in expected.items():
        for field in ("R", "T", "f", "c", "k", "p"):
            np.testing.assert_allclose(
                getattr(cameras[key], field), getattr(camera, field), atol=1e-9
            )


@pytest.mark.parametrize("form", ["videopose3d", "npz", "cdf"])
def test_the_script_takes_every_form(folders, form, tmp_path, capsys):
    argv = ["--data_dir", str(folders[form]), "--ckpt", str(tmp_path), "--exp", "run"]
    argv += ["--preset", "supervised", "testing", "--actions", *ACTIONS]
    argv += ["--train_subjects", "1", "--test_subjects", "9"]
    argv += ["--epochs", "1", "--linear_size", "16", "--no-save_ims"]
    assert main_human36(argv) == 0, capsys.readouterr().err
    assert "PA-MPJPE" in capsys.readouterr().out


def test_a_pickle_in_an_archive_runs_nothing(folders, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    folder = tmp_path / "vp"
    shutil.copytree(folders["videopose3d"], folder)
    np.savez(folder / "data_3d_h36m.npz", positions_3d=np.array({"S1": Bomb()}, dtype=object))
    assert b"executed" in pickle.dumps(Bomb())
    words = r"data_3d_h36m.npz: refused: it asks to run (io|_io).open"
    with pytest.raises(InputError, match=words):
        load(folder)
    assert not (tmp_path / "executed").exists()


def pickled(value) -> np.ndarray:
    """An array of a single object, as VideoPose3D's archives hold."""
    return np.array(value, dtype=object)


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": np.array([1, 2])},
        {"metadata": pickled({"num_joints": [16]})},
        {"positions_2d": pickled({"S1": {"Photo": [None] * 4}})},
        {"positions_2d": pickled({"S1": {"Photo": [np.zeros(3)] * 4}})},
        {"positions_2d": pickled({"S1": {"Photo": np.array(3)}})},
        {"positions_2d": pickled({"S1": 5})},
        {"positions_2d": pickled({"S1": {"Photo x/../../../evil": []}})},
    ],
)
def test_odd_archives_give_one_line(folders, tmp_path, capsys, change):
    folder = tmp_path / "vp"
    shutil.copytree(folders["videopose3d"], folder)
    path = folder / "data_2d_h36m_sh_ft_h36m.npz"
    with np.load(folders["videopose3d"] / path.name, allow_pickle=True) as file:
        content = {
            "positions_2d": file["positions_2d"],
            "metadata": pickled({"num_joints": 16}),
        }
    np.savez(path, **(content | change))
    with pytest.raises(InputError):
        load(folder, HOURGLASS, detections=True)
    code, _ = run_check(capsys, folder)
    assert code == 1
    path.write_bytes(path.read_bytes()[:300])
    code, output = run_check(capsys, folder)
    assert code == 1
    assert "PROBLEM: " + str(path) in output


DAMAGED = [
    ("h5", "S1/MyPoses/3D_positions/Photo.h5"),
    ("h5", "cameras.h5"),
    ("cdf", "metadata.xml"),
    ("cdf", "S1/MyPoseFeatures/D3_Positions/TakingPhoto.cdf"),
    ("mono", f"S1/MyPoseFeatures/D3_Positions_mono/TakingPhoto.{CAMERAS[0]}.cdf"),
    ("videopose3d", "data_3d_h36m.npz"),
    ("npz", None),
]


@pytest.mark.parametrize("count", [30, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("form", "file"), DAMAGED)
def test_damaged_files_give_one_line_or_numbers(folders, tmp_path, form, file, count):
    original = folders[form]
    copy = tmp_path / original.name
    if original.is_dir():
        shutil.copytree(original, copy)
    else:
        shutil.copy(original, copy)
    path = copy / file if file else copy
    expected = folders["arrays"].pose_3d
    for content in forms.damaged(path.read_bytes(), count, seed=1):
        path.write_bytes(content)
        try:
            poses = load(copy, subjects=[1], actions=ACTIONS[:1]).pose_3d
        except InputError as error:
            assert str(error)
        else:
            assert poses.dtype == expected.dtype
            assert poses.shape[1:] == expected.shape[1:]
            assert np.isfinite(poses).all()


def rewrite(path, source, **changes):
    """Write an npz again with other fields; None leaves a field out."""
    with np.load(source) as file:
        fields = dict(file) | changes
    np.savez(path, **{name: value for name, value in fields.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"pose_2d": None},
            "own.npz: has no field pose_2d; expected pose_3d, pose_2d",
        ),
        (
            {"pose_3d": np.zeros((4, 17, 2))},
            r"pose_3d: expected numbers of shape \(96, 17, 3\), found float64, \(4, ",
        ),
        (
            {"subject": np.array(["S1"] * 96)},
            r"subject: expected whole numbers of shape \(96,\), found <U2",
        ),
        (
            {"joint_names": np.array(["a"] * 17)},
            "joint_names: expected different names",
        ),
        (
            {"joint_names": np.array([f"j{i}" for i in range(17)])},
            "joint_names: human36_17k needs mid_hip, found j0",
        ),
        (
            {"pose_3d": np.full((96, 17, 3), np.nan)},
            "pose_3d: NaN, infinite or absurdly large values in 96 frames",
        ),
        (
            {"action": np.array([{}] * 96, dtype=object)},
            "cannot be read as npz",
        ),
        (
            {"subject": np.full(96, 3)},
            r"no subject 1; it has \[3\]: give --train_subjects",
        ),
    ],
)
def test_mistakes_in_the_neutral_form_are_named(folders, tmp_path, changes, message):
    assert len(folders["arrays"]) == 192
    with np.load(folders["npz"]) as file:
        half = {name: value[:96] for name, value in file.items() if name != "joint_names"}
    path = rewrite(tmp_path / "own.npz", folders["npz"], **(half | changes))
    with pytest.raises(InputError, match=message):
        load(path)


def test_the_neutral_form_needs_focal_lengths_only_where_they_are_used(folders, tmp_path, capsys):
    path = rewrite(tmp_path / "own.npz", folders["npz"], focal=None)
    assert np.isnan(load(path).focal).all()
    argv = ["--data_dir", str(path), "--ckpt", str(tmp_path), "--exp", "run"]
    argv += ["--train_subjects", "1", "--test_subjects", "9"]
    argv += ["--preset", "testing", "--reprojection", "weak_perspective"]
    assert main_human36(argv) == 2
    assert "needs the field focal" in capsys.readouterr().err


def test_a_skeleton_of_ones_own_finds_its_joints_by_name(folders, tmp_path):
    path = tmp_path / "legs.json"
    description = {
        "joints": ["knee", "hip", "foot"],
        "limbs": [["hip", "knee"], ["knee", "foot"]],
        "root": "hip",
        "unit_limb": ["hip", "knee"],
        "left_right": [["hip", "knee"]],
    }
    path.write_text(json.dumps(description))
    skeleton = get_skeleton(read_skeleton(path))
    assert skeleton.right_limbs == (True, False)
    names = ["hip", "knee", "foot", *(f"j{i}" for i in range(14))]
    own = rewrite(tmp_path / "own.npz", folders["npz"], joint_names=np.array(names))
    expected = folders["arrays"].pose_3d[:, [1, 0, 2]]
    np.testing.assert_array_equal(load(own, skeleton).pose_3d, expected)
    with pytest.raises(InputError, match="Human3.6M has no joint knee"):
        load(folders["h5"], skeleton)


def run_check(capsys, *argv) -> tuple[int, str]:
    """Run the checker -> (exit code, all that it prints)."""
    code = check_data.main([str(arg) for arg in argv])
    output = capsys.readouterr()
    return code, output.out + output.err


@pytest.mark.parametrize("form", ["h5", "cdf", "mono", "videopose3d"])
def test_the_checker_says_what_is_there(folders, form, capsys):
    code, output = run_check(capsys, folders[form])
    assert code == 1  # thirteen actions are missing
    assert re.search(r"S1: 4 motions of 2 actions, 24 frames, 4 cameras, 0.0% of the poses", output)
    assert "PROBLEM: S9: no motion of Directions, Discussion" in output
    assert "training: 96 poses; all of Human3.6M has 1,559,752" in output
    assert re.search("PROBLEM: .*: missing: S5, S6, S7, S8", output)


def test_the_checker_says_what_is_in_the_neutral_form(folders, capsys):
    code, output = run_check(capsys, folders["npz"])
    assert code == 0
    assert "192 poses of 17 joints: mid_hip" in output
    assert "S9: 96 poses; actions Photo, WalkDog" in output


def spoil(path, change):
    """Write a file of motion again, its world poses (F,32,3) changed."""
    with h5py.File(path, "r+") as file:
        world = file["3D_positions"][()].T.reshape(-1, 32, 3)
        del file["3D_positions"]
        file["3D_positions"] = change(world).reshape(len(world), -1).T


def with_nan(world):
    world[2, 3] = np.nan
    return world


def test_the_checker_finds_what_is_wrong(folders, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(folders["h5"], copy)
    spoil(motion_path(copy, 1, "Photo"), lambda world: world / 1000)
    spoil(motion_path(copy, 1, "Photo 1"), lambda world: world * [-1, 1, 1])
    spoil(motion_path(copy, 1, "WalkDog"), with_nan)
    spoil(motion_path(copy, 1, "WalkDog 1"), lambda world: world + [2500, 0, 0])
    motion_path(copy, 9, "Photo").write_bytes(b"not h5")
    write_motion(motion_path(copy, 9, "WalkDog"), np.zeros((3, 30, 3)))
    detection_path(copy, 9, "Photo 1", CAMERAS[0]).unlink()
    code, output = run_check(capsys, copy)
    assert code == 1
    problems = [line for line in output.splitlines() if line.startswith("PROBLEM")]
    for words in (
        "S1/MyPoses/3D_positions/Photo.h5: the tallest pose measures 1.",
        "Photo 1.h5: knees and toes point backwards",
        "WalkDog.h5: 3D_positions: NaN, infinite or absurdly large values in 1 frames, "
        "first in frame 2",
        "S9/MyPoses/3D_positions/Photo.h5: cannot be read as HDF5",
        "S9/MyPoses/3D_positions/WalkDog.h5: 3D_positions: expected shape (96, frames), "
        "found (90, 3)",
    ):
        assert any(words in problem for problem in problems), (words, output)
    outside = re.search(r"S1: .* (\d+\.\d)% of the poses not wholly in the image", output)
    assert float(outside[1]) > 10
    assert f"without detections: 1, such as Photo 1 {CAMERAS[0]}" in output


@pytest.mark.parametrize("form", ["cdf", "videopose3d_xml", "h5"])
def test_convert_writes_the_h5_layout(folders, form, tmp_path, capsys):
    out = tmp_path / "out"
    code, output = run_check(capsys, folders[form], "--convert", out)
    assert code == 1  # for the actions that are missing
    assert "8 motions in the h5 layout" in output
    arrays = load(out)
    assert np.abs(arrays.pose_3d - folders["arrays"].pose_3d).max() < 1e-3
    assert arrays.form == "human36_h5"
    if form != "cdf":  # which has no detections
        expected = load(folders["h5"], HOURGLASS, detections=True)
        detected = load(out, HOURGLASS, detections=True)
        np.testing.assert_array_equal(detected.pose_2d, expected.pose_2d)
    code, _ = run_check(capsys, folders[form], "--convert", out)
    assert code == 2  # it is there already


def test_convert_refuses_the_neutral_form(folders, tmp_path, capsys):
    code, _ = run_check(capsys, folders["npz"], "--convert", tmp_path / "out")
    assert code == 2


def test_without_cdflib_its_name_is_said(folders):
    code = (
        "import sys; sys.modules['cdflib'] = None; "
        "from tools.check_data import main; sys.exit(main())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(folders["cdf"])], capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "pip install cdflib" in result.stdout
