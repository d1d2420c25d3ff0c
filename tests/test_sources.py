"""Every form of Human3.6M gives the same arrays; damaged files give one line; the checker finds what is wrong."""

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
from miniature import CAMERAS, detection_path, write_motion

from main_human36 import main as main_human36
from src.cameras import load_cameras
from src.data.arrays import PoseArrays
from src.data.human36.load import load_human36
from src.data.npz import load_npz
from src.errors import InputError
from src.skeletons import get_skeleton, read_skeleton
from tools import check_data

SKELETON = get_skeleton("human36_17k")


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


def load(path, skeleton=SKELETON, **how) -> PoseArrays:
    return (load_npz if path.suffix == ".npz" else load_human36)(
        path, SUBJECTS, skeleton, actions=ACTIONS, **how
    )


@pytest.mark.parametrize("form", ["cdf", "mono", "videopose3d", "videopose3d_xml", "npz"])
def test_every_form_gives_the_same_arrays(folders, form):
    expected, found = folders["arrays"], load(folders[form])
    assert np.abs(found.pose_3d - expected.pose_3d).max() < 1e-3
    assert np.abs(found.pose_2d - expected.pose_2d).max() < 1e-3
    for field in ("subject", "action", "camera", "frame"):
        np.testing.assert_array_equal(getattr(found, field), getattr(expected, field))
    np.testing.assert_allclose(found.focal, expected.focal)
    if form != "npz":  # which has no names of files
        assert [sequence.name for sequence in found.sequences] == [
            sequence.name for sequence in expected.sequences
        ]
    assert found.form == {"mono": "human36_cdf", "cdf": "human36_cdf", "npz": "npz"}.get(
        form, "videopose3d"
    )


def test_videopose3ds_detections_are_those_of_the_h5_layout_cut_to_the_motion(folders):
    hourglass = get_skeleton("shg_16k")
    found = load(folders["videopose3d"], hourglass, detections=True)
    np.testing.assert_array_equal(
        found.pose_2d, load(folders["h5"], hourglass, detections=True).pose_2d
    )
    others = load(
        folders["videopose3d"], detections=True
    )  # 17 joints: the cascaded pyramid's, not the _gt archive's
    assert np.abs(others.pose_2d - folders["arrays"].pose_2d - 1).max() < 1e-2
    with pytest.raises(
        InputError,
        match=r"no 2D archive has the joints of --dataset_type human36_19k; found .*shg_16k",
    ):
        load(folders["videopose3d"], get_skeleton("human36_19k"), detections=True)
    with pytest.raises(InputError, match="hold no detections"):
        load(folders["cdf"], hourglass, detections=True)


def test_metadata_xml_holds_the_cameras_of_cameras_h5(folders):
    expected = load_cameras(folders["h5"] / "cameras.h5")
    found = load_cameras(folders["cdf"] / "metadata.xml")
    assert len(found) == 44  # 11 subjects
    for key, camera in expected.items():
        for field in ("R", "T", "f", "c", "k", "p"):
            np.testing.assert_allclose(
                getattr(found[key], field), getattr(camera, field), atol=1e-9
            )


@pytest.mark.parametrize("form", ["videopose3d", "npz", "cdf"])
def test_the_script_takes_every_form(folders, form, tmp_path, capsys):
    argv = f"--data_dir {folders[form]} --preset supervised testing --train_subjects 1 --test_subjects 9 --epochs 1"
    assert main_human36(
        [*argv.split(), "--actions", *ACTIONS, "--linear_size", "16", "--exp", str(tmp_path / "run"), "--no-save_ims"]
    ) == 0, capsys.readouterr().err  # fmt: skip
    assert "PA-MPJPE" in capsys.readouterr().out


def test_a_pickle_in_an_archive_runs_nothing(folders, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    folder = tmp_path / "vp"
    shutil.copytree(folders["videopose3d"], folder)
    np.savez(folder / "data_3d_h36m.npz", positions_3d=np.array({"S1": Bomb()}, dtype=object))
    assert b"executed" in pickle.dumps(Bomb())
    with pytest.raises(
        InputError, match=r"data_3d_h36m.npz: refused: it asks to run io.open|_io.open"
    ):
        load(folder)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": np.array([1, 2])},
        {"metadata": np.array({"num_joints": [16]}, dtype=object)},
        {"positions_2d": np.array({"S1": {"Photo": [None] * 4}}, dtype=object)},
        {"positions_2d": np.array({"S1": {"Photo": [np.zeros(3)] * 4}}, dtype=object)},
        {"positions_2d": np.array({"S1": {"Photo": np.array(3)}}, dtype=object)},
        {"positions_2d": np.array({"S1": 5}, dtype=object)},
        {"positions_2d": np.array({"S1": {"Photo x/../../../evil": []}}, dtype=object)},
    ],
)
def test_odd_archives_give_one_line(folders, tmp_path, capsys, change):
    folder = tmp_path / "vp"
    shutil.copytree(folders["videopose3d"], folder)
    path = folder / "data_2d_h36m_sh_ft_h36m.npz"
    metadata = np.array({"num_joints": 16}, dtype=object)
    with np.load(folders["videopose3d"] / path.name, allow_pickle=True) as file:
        np.savez(path, **{"positions_2d": file["positions_2d"], "metadata": metadata} | change)
    with pytest.raises(InputError):
        load(folder, get_skeleton("shg_16k"), detections=True)
    assert run_check(capsys, folder)[0] == 1
    path.write_bytes(path.read_bytes()[:300])
    code, said = run_check(capsys, folder)
    assert code == 1 and "PROBLEM: " + str(path) in said


def survives(path, content: bytes, read, like: np.ndarray):
    """What a damaged file may do: one line, or numbers of the right kind."""
    path.write_bytes(content)
    try:
        found = read().pose_3d
    except InputError as error:
        assert str(error)
    else:
        assert (
            found.dtype == like.dtype
            and found.shape[1:] == like.shape[1:]
            and np.isfinite(found).all()
        )


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
    whole = folders[form]
    copy = tmp_path / whole.name
    (shutil.copytree if whole.is_dir() else shutil.copy)(whole, copy)
    path = copy / file if file else copy
    like = folders["arrays"].pose_3d
    for content in forms.damaged((whole / file if file else whole).read_bytes(), count, seed=1):
        survives(path, content, lambda: load_one(copy), like)


def load_one(path):
    how = {"actions": ACTIONS[:1]}
    return (
        load_npz(path, [1], SKELETON, **how)
        if path.suffix == ".npz"
        else load_human36(path, [1], SKELETON, **how)
    )


def rewrite(path, source, **changes):
    with np.load(source) as file:
        fields = dict(file)
    np.savez(
        path, **{name: value for name, value in (fields | changes).items() if value is not None}
    )
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pose_2d": None}, "own.npz: has no field pose_2d; expected pose_3d, pose_2d"),
        ({"pose_3d": np.zeros((4, 17, 2))}, r"pose_3d: expected numbers of shape \(96, 17, 3\), found float64, \(4, "),
        ({"subject": np.array(["S1"] * 96)}, r"subject: expected whole numbers of shape \(96,\), found <U2"),
        ({"joint_names": np.array(["a"] * 17)}, "joint_names: expected different names"),
        ({"joint_names": np.array([f"j{i}" for i in range(17)])}, "joint_names: human36_17k needs mid_hip, found j0"),
        ({"pose_3d": np.full((96, 17, 3), np.nan)}, "pose_3d: NaN, infinite or absurdly large values in 96 frames"),
        ({"action": np.array([{}] * 96, dtype=object)}, "cannot be read as npz"),
        ({"subject": np.full(96, 3)}, r"no subject 1; it has \[3\]: give --train_subjects"),
    ],
)  # fmt: skip
def test_mistakes_in_the_neutral_form_are_named(folders, tmp_path, changes, message):
    assert len(folders["arrays"]) == 192
    with np.load(folders["npz"]) as file:
        half = {name: value[:96] for name, value in file.items() if name != "joint_names"}
    path = rewrite(tmp_path / "own.npz", folders["npz"], **half | changes)
    with pytest.raises(InputError, match=message):
        load(path)


def test_the_neutral_form_needs_focal_lengths_only_where_they_are_used(folders, tmp_path, capsys):
    path = rewrite(tmp_path / "own.npz", folders["npz"], focal=None)
    assert np.isnan(load(path).focal).all()
    argv = [
        "--data_dir",
        str(path),
        "--train_subjects",
        "1",
        "--test_subjects",
        "9",
        "--exp",
        str(tmp_path / "run"),
    ]
    assert main_human36([*argv, "--preset", "testing", "--reprojection", "weak_perspective"]) == 2
    assert "needs the field focal" in capsys.readouterr().err


def test_a_skeleton_of_ones_own_finds_its_joints_by_name(folders, tmp_path):
    path = tmp_path / "legs.json"
    path.write_text(
        '{"joints": ["knee", "hip", "foot"], "limbs": [["hip", "knee"], ["knee", "foot"]], "root": "hip", '
        '"unit_limb": ["hip", "knee"], "left_right": [["hip", "knee"]]}'
    )
    names = ["hip", "knee", "foot", *(f"j{i}" for i in range(14))]
    own = rewrite(tmp_path / "own.npz", folders["npz"], joint_names=np.array(names))
    skeleton = get_skeleton(read_skeleton(path))
    assert skeleton.right_limbs == (True, False)
    np.testing.assert_array_equal(
        load(own, skeleton).pose_3d, folders["arrays"].pose_3d[:, [1, 0, 2]]
    )
    with pytest.raises(InputError, match="Human3.6M has no joint knee"):
        load(folders["h5"], skeleton)


def run_check(capsys, *argv) -> tuple[int, str]:
    code = check_data.main([str(arg) for arg in argv])
    caught = capsys.readouterr()
    return code, caught.out + caught.err


@pytest.mark.parametrize("form", ["h5", "cdf", "mono", "videopose3d", "npz"])
def test_the_checker_says_what_is_there(folders, form, capsys):
    code, said = run_check(capsys, folders[form])
    if form == "npz":
        assert (
            code == 0
            and "192 poses of 17 joints: mid_hip" in said
            and "S9: 96 poses; actions Photo, WalkDog" in said
        )
        return
    assert code == 1  # thirteen actions are missing
    assert re.search(r"S1: 4 motions of 2 actions, 24 frames, 4 cameras, 0.0% of the poses", said)
    assert "PROBLEM: S9: no motion of Directions, Discussion" in said
    assert "training: 96 poses; all of Human3.6M has 1,559,752" in said
    assert re.search("PROBLEM: .*: missing: S5, S6, S7, S8", said)


def spoil(path, change):
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
    motions = copy / "S1" / "MyPoses" / "3D_positions"
    spoil(motions / "Photo.h5", lambda world: world / 1000)
    spoil(motions / "Photo 1.h5", lambda world: world * [-1, 1, 1])
    spoil(motions / "WalkDog.h5", with_nan)
    spoil(motions / "WalkDog 1.h5", lambda world: world + [2500, 0, 0])
    (copy / "S9" / "MyPoses" / "3D_positions" / "Photo.h5").write_bytes(b"not h5")
    write_motion(copy / "S9" / "MyPoses" / "3D_positions" / "WalkDog.h5", np.zeros((3, 30, 3)))
    detection_path(copy, 9, "Photo 1", CAMERAS[0]).unlink()
    code, said = run_check(capsys, copy)
    problems = [line for line in said.splitlines() if line.startswith("PROBLEM")]
    assert code == 1
    for words in (
        "S1/MyPoses/3D_positions/Photo.h5: the tallest pose measures 1.",
        "Photo 1.h5: knees and toes point backwards",
        "WalkDog.h5: 3D_positions: NaN, infinite or absurdly large values in 1 frames, first in frame 2",
        "S9/MyPoses/3D_positions/Photo.h5: cannot be read as HDF5",
        r"S9/MyPoses/3D_positions/WalkDog.h5: 3D_positions: expected shape (96, frames), found (90, 3)",
    ):
        assert any(words in problem for problem in problems), (words, said)
    outside = re.search(r"S1: .* (\d+\.\d)% of the poses not wholly in the image", said)
    assert float(outside[1]) > 10
    assert f"without detections: 1, such as Photo 1 {CAMERAS[0]}" in said


@pytest.mark.parametrize("form", ["cdf", "videopose3d_xml", "h5"])
def test_convert_writes_the_h5_layout(folders, form, tmp_path, capsys):
    code, said = run_check(capsys, folders[form], "--convert", tmp_path / "out")
    assert code == 1 and "8 motions in the h5 layout" in said
    found = load(tmp_path / "out")
    assert np.abs(found.pose_3d - folders["arrays"].pose_3d).max() < 1e-3
    assert found.form == "human36_h5"
    if form != "cdf":
        hourglass = get_skeleton("shg_16k")
        expected = load(folders["h5"], hourglass, detections=True)
        np.testing.assert_array_equal(
            load(tmp_path / "out", hourglass, detections=True).pose_2d, expected.pose_2d
        )
    assert (
        run_check(capsys, folders[form], "--convert", tmp_path / "out")[0] == 2
    )  # it is there already
    assert run_check(capsys, folders["npz"], "--convert", tmp_path / "other")[0] == 2


def test_without_cdflib_its_name_is_said(folders):
    code = "import sys; sys.modules['cdflib'] = None; from tools.check_data import main; sys.exit(main())"
    found = subprocess.run(
        [sys.executable, "-c", code, str(folders["cdf"])], capture_output=True, text=True
    )
    assert found.returncode == 1 and "pip install cdflib" in found.stdout
