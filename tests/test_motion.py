"""BVH files -> Human3.6M's h5 layout: kinematics, joints by name, files as people write them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from forms import damaged
from scipy.spatial.transform import Rotation

from src.data.arrays import ACTIONS
from src.data.human36.forms import open_source
from src.data.human36.load import load_human36
from src.data.mocap.bones import BONES
from src.data.mocap.bvh import read_bvh
from src.data.mocap.clips import find_up, read_clip, stand_up
from src.data.mocap.convert import TEST, TRAINING, deal, find_files, groups_of, person_of
from src.data.mocap.joint_names import CONVENTIONS
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, get_skeleton
from tools import check_data, convert_bvh

CMU = Path(__file__).parents[2] / "shared" / "data" / "cmu_bvh"
needs_cmu = pytest.mark.skipif(not CMU.is_dir(), reason="the public CMU conversions are not here")


# Skeletons: a bone is (name, offset in cm, children), standing with level arms, y up, facing +z,
# left at +x.


def poser_tree():
    """A body with the names of the poser conversions."""
    head = ("neck", (0, 22, -2), [("head", (0, 7, 1), [])])
    chest = ("chest", (0, 12, 0), [head, _poser_arm("r"), _poser_arm("l")])
    abdomen = ("abdomen", (0, 20, -1), [chest])
    return "hip", (0, 0, 0), [abdomen, _poser_leg("r"), _poser_leg("l")]


def _poser_arm(side: str):
    x = 1 if side == "l" else -1
    thumb = (f"{side}Thumb1", (x, 0, 3), [(f"{side}Thumb2", (3 * x, 0, 3), [])])
    fingers = (f"{side}Mid1", (8 * x, 1, 0), [])
    hand = (f"{side}Hand", (22 * x, 1, 0), [thumb, fingers])
    forearm = (f"{side}ForeArm", (28 * x, -2, 0), [hand])
    shoulder = (f"{side}Shldr", (9 * x, -2, 1.5), [forearm])
    return f"{side}Collar", (2.5 * x, 19, -5), [shoulder]


def _poser_leg(side: str):
    x = 1 if side == "l" else -1
    foot = (f"{side}Foot", (0, -45, -5), [])
    shin = (f"{side}Shin", (0, -37, 1), [foot])
    thigh = (f"{side}Thigh", (0, -2, -2), [shin])
    return f"{side}Buttock", (9 * x, 4, 1), [thigh]


def motionbuilder_tree(*, lost: bool):
    """A body with the names of the motionbuilder conversion, which lost a bone."""
    up = (0, 0, 0) if lost else (0, 11, 0)
    neck = ("lowerneck", up, [("Neck", (0, 9, 0), [("Head", (0, 9, 0), [])])])
    arms = [_motionbuilder_arm("Left", 17, up), _motionbuilder_arm("Right", -17, up)]
    chest = ("Chest", (0, 11, 0), [("Chest2", (0, 11, 0), [neck, *arms])])
    legs = [_motionbuilder_leg("Left", 9), _motionbuilder_leg("Right", -9)]
    return "Hips", (0, 0, 0), [*legs, chest]


def _motionbuilder_arm(side: str, x: float, up):
    fingers = (f"{side[0]}Fingers", (0, -3.7, 0), [])
    thumb = (f"{side[0]}Thumb", (0, 0, 0), [])
    wrist = (f"{side}Wrist", (0, -18, 0), [fingers, thumb])
    elbow = (f"{side}Elbow", (0, -24, 0), [wrist])
    return f"{side}Collar", up, [(f"{side}Shoulder", (x, 8, 0), [elbow])]


def _motionbuilder_leg(side: str, x: float):
    toe = (f"{side}Toe", (0, -2, 12), [])
    ankle = (f"{side}Ankle", (0, -38, 0), [toe])
    knee = (f"{side}Knee", (0, -40, 0), [ankle])
    return f"{side}Hip", (x, -9, 4), [knee]


def names_of(bone) -> list[str]:
    """The names of a bone and of all below it, in the order of the file."""
    name, _, children = bone
    names = [name]
    for child in children:
        names += names_of(child)
    return names


def with_axes(bone, order):
    """The same skeleton with other axes: the new x, y, z are those of ``order``."""
    name, offset, children = bone
    turned_offset = tuple(offset[axis] for axis in order)
    return name, turned_offset, [with_axes(child, order) for child in children]


# Files.


def write_bvh(
    path: Path,
    frames: np.ndarray,
    *,
    tree=None,
    channel_order="ZXY",
    scale=1.0,
    frame_time=1 / 40,
    axes=(0, 1, 2),
) -> Path:
    """Write a file.

    frames: (F, 3 + 3J) the hips' place, then degrees per joint in ``channel_order``.
    axes: as in `with_axes`, for the end sites; the tree must have them already.
    """
    if tree is None:
        tree = poser_tree()
    lines = ["HIERARCHY", *_hierarchy_lines(tree, channel_order, scale, axes, is_root=True)]
    lines += ["MOTION", f"Frames: {len(frames)}", f"Frame Time: {frame_time:.7f}"]
    lines += [_numbers(frame) for frame in frames]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]))
    return path


def _hierarchy_lines(bone, channel_order: str, scale: float, axes, *, is_root=False) -> list[str]:
    name, offset, children = bone
    rotations = " ".join(f"{axis}rotation" for axis in channel_order)
    lines = [f"ROOT {name}" if is_root else f"JOINT {name}", "{"]
    lines.append(f"OFFSET {_numbers(scale * np.array(offset))}")
    if is_root:
        lines.append(f"CHANNELS 6 Xposition Yposition Zposition {rotations}")
    else:
        lines.append(f"CHANNELS 3 {rotations}")
    for child in children:
        lines += _hierarchy_lines(child, channel_order, scale, axes)
    if not children:
        end_offset = np.array([0, -1, 10] if "Foot" in name else [1, 0, 0])[list(axes)]
        lines += ["End Site", "{", f"OFFSET {_numbers(scale * end_offset)}", "}"]
    return [*lines, "}"]


def _numbers(values) -> str:
    return " ".join(f"{value:.6f}" for value in values)


def moving(frame_count: int, seed: int, *, amount=12.0) -> np.ndarray:
    """Frames of a `poser_tree`: arms down, everything swaying smoothly, two metres of walk."""
    rng = np.random.default_rng(seed)
    names = names_of(poser_tree())
    time = np.linspace(0, frame_count / 40, frame_count)[:, None]
    frequencies = rng.uniform(1, 3, 3 * len(names))
    phases = rng.uniform(0, 6, 3 * len(names))
    angles = (amount * np.sin(time * frequencies + phases)).reshape(frame_count, -1, 3)
    angles[:, [names.index("rShin"), names.index("lShin")]] = [0, 20, 0]
    angles[:, names.index("rShldr"), 0] += 75
    angles[:, names.index("lShldr"), 0] -= 75
    place = np.concatenate([0 * time, 90 + 0 * time, 100 * time], axis=1)
    return np.concatenate([place, angles.reshape(frame_count, -1)], axis=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four people, two files of each, named person_number.bvh."""
    root = tmp_path_factory.mktemp("bvh") / "files"
    for person in range(1, 5):
        for number in (1, 2):
            frames = moving(60, seed=10 * person + number)
            write_bvh(root / f"{person:02}_{number:02}.bvh", frames, scale=1 + person / 50)
    return root


def convert(folder, out, *argv) -> int:
    """The command line -> exit code."""
    return convert_bvh.main([str(folder), "--out", str(out), *map(str, argv)])


def joint(poses: np.ndarray, name: str) -> np.ndarray:
    """One joint of poses (F,32,3): (F,3)."""
    return poses[:, HUMAN36_JOINTS.index(name)]


def all_world_poses(source, subject: int) -> np.ndarray:
    """All motions of a subject, one after the other: (F,32,3) mm."""
    return np.concatenate([source.world(subject, name) for name in source.motions(subject)])


def length_per_frame(poses: np.ndarray, bone) -> np.ndarray:
    """The length of a bone (from, to) in every frame: (F,)."""
    start, end = bone
    return np.linalg.norm(joint(poses, end) - joint(poses, start), axis=1)


# Kinematics.


def test_positions_by_hand(tmp_path):
    tree = "hip", (1, 2, 3), [("arm", (0, 10, 0), [("hand", (5, 0, 0), [])])]
    frames = np.array(
        [
            [100, 0, 0, 0, 0, 0, 90, 0, 0, 0, 0, 0],
            [0, 0, 0, 90, 0, 0, 0, 90, 0, 0, 0, 0],
        ]
    )
    bvh = read_bvh(write_bvh(tmp_path / "a.bvh", frames, tree=tree))
    hip, arm, hand, end = bvh.positions(range(4), bvh.motion).swapaxes(0, 1)
    # First frame: the arm turned by 90 degrees about z, so the hand is above it, not beside it.
    np.testing.assert_allclose(hip[0], [101, 2, 3])
    np.testing.assert_allclose(arm[0], [101, 12, 3])
    np.testing.assert_allclose(hand[0], [101, 17, 3])
    np.testing.assert_allclose(end[0], [101, 18, 3])
    # Second: the hips by 90 about z (y becomes -x, x becomes y), the arm by 90 about x, the axis
    # that its hand is on.
    np.testing.assert_allclose(hip[1], [1, 2, 3], atol=1e-12)
    np.testing.assert_allclose(arm[1], [-9, 2, 3], atol=1e-12)
    np.testing.assert_allclose(hand[1], [-9, 7, 3], atol=1e-12)


def turn_about(axis: str, degrees: float) -> np.ndarray:
    """A right-handed rotation (3,3) about an axis, written out."""
    cosine = np.cos(np.radians(degrees))
    sine = np.sin(np.radians(degrees))
    return {
        "X": np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]),
        "Y": np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]]),
        "Z": np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]),
    }[axis]


@pytest.mark.parametrize("order", ["ZXY", "XYZ", "YZX"])
def test_any_order_of_channels(tmp_path, order):
    tree = "hip", (0, 0, 0), [("arm", (1, 2, 3), [])]
    frames = np.array([[0, 0, 0, 30, 40, 50, 0, 0, 0]])
    bvh = read_bvh(write_bvh(tmp_path / "a.bvh", frames, tree=tree, channel_order=order))
    turn = turn_about(order[0], 30) @ turn_about(order[1], 40) @ turn_about(order[2], 50)
    np.testing.assert_allclose(bvh.positions([1], bvh.motion)[0, 0], turn @ [1, 2, 3], atol=1e-6)


# Files as people write them, and damaged ones.


def _with_exponents(text: str) -> str:
    return re.sub(r"(?<= )(-?\d+\.\d+)", lambda match: f"{float(match[1]):.9e}", text)


def _without_end_sites_of_hands(text: str) -> str:
    return re.sub(r"End Site\n{\nOFFSET \d\S+ 0.000000 0.000000\n}\n", "", text)


WILD = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "old Mac": lambda text: text.replace("\n", "\r"),
    "tabs": lambda text: text.replace(" ", "\t").replace("End\tSite", "End Site"),
    "exponents": _with_exponents,
    "names with spaces": lambda text: text.replace("rForeArm", "r Fore Arm"),
    "a namespace": lambda text: re.sub(r"(ROOT|JOINT) ", r"\1 Character1:", text),
    "other case": lambda text: text.replace("lShldr", "LSHLDR"),
    "braces on the line": lambda text: text.replace("\n{\n", " {\n"),
    "no end sites of hands": _without_end_sites_of_hands,
    "wrong count of frames": lambda text: text.replace("Frames: 60", "Frames: 600"),
    "blank lines": lambda text: text.replace("MOTION\n", "\nMOTION\n\n") + "\n\n",
    "no last line end": lambda text: text + "0 1",
    "byte order mark": lambda text: "\ufeff" + text,
}


@pytest.mark.parametrize("name", WILD)
def test_files_in_the_wild(folder, tmp_path, name):
    path = folder / "01_01.bvh"
    wild_path = tmp_path / "wild.bvh"
    wild_path.write_bytes(WILD[name](path.read_text()).encode())
    assert wild_path.read_bytes() != path.read_bytes()
    expected = read_clip(path, fps=50)
    clip = read_clip(wild_path, fps=50)
    np.testing.assert_allclose(clip.poses, expected.poses, atol=1e-3)
    assert (clip.notes != ()) == (name == "wrong count of frames")


# By name: what is replaced by what in a good file, once, and what the error says.
DAMAGE = {
    "no motion": (
        "MOTION",
        "MOTIF",
        "has no line MOTION",
    ),
    "no time": (
        "Frame Time",
        "Zeit",
        "expected 'Frames: N' and 'Frame Time: SECONDS'",
    ),
    "time of zero": (
        "Frame Time: 0.0250000",
        "Frame Time: 0",
        "expected 'Frames: N'",
    ),
    "a word in a frame": (
        " 90.000000",
        " ninety",
        r"line \d+: expected a frame of \d+",
    ),
    "NaN": (
        " 90.000000",
        " nan",
        r"line \d+: expected a frame of \d+ finite numbers",
    ),
    "a number lacks": (
        " 90.000000",
        "",
        r"expected a frame of \d+ .* found \d+ words",
    ),
    "a brace lacks": (
        "}\nMOTION",
        "MOTION",
        "the hierarchy is not whole",
    ),
    "a brace too many": (
        "}\nMOTION",
        "}\n}\nMOTION",
        r"line \d+: cannot read '}' here",
    ),
    "a brace before the root": (
        "ROOT",
        "{\nROOT",
        r"line 2: cannot read '{' here",
    ),
    "channels twice": (
        "JOINT abdomen",
        "CHANNELS 1 Xrotation\nJOINT abdomen",
        r"line \d+: cannot read 'CHANNELS",
    ),
    "two people": (
        "MOTION",
        "ROOT other\n{\nOFFSET 0 0 0\n}\nMOTION",
        "one person",
    ),
    "the same name twice": (
        "JOINT lShin",
        "JOINT rShin",
        "expected a new name",
    ),
    "offset of two": (
        "OFFSET 0.000000 ",
        "OFFSET ",
        r"line \d+: cannot read 'OFFSET",
    ),
    "channel": (
        "Yrotation",
        "Yrotacion",
        r"line \d+: cannot read 'CHANNELS",
    ),
    "a word": (
        "JOINT abdomen",
        "JOIN abdomen",
        r"line \d+: cannot read 'JOIN abdomen' here .a word that BVH does not have",
    ),
    "names": (
        "rShin",
        "rx",
        "not understood .poser lacks right_knee;.*--joints MAP.json",
    ),
    "one long shin": (
        "-45.9",
        "-95.9",
        "knee to ankle measures .*is an OFFSET damaged",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_files_give_one_line(folder, tmp_path, capsys, name):
    old, new, message = DAMAGE[name]
    text = (folder / "01_01.bvh").read_text()
    assert old in text
    _assert_refused(text.replace(old, new, 1), message, tmp_path, capsys)


def test_a_file_without_frames_gives_one_line(folder, tmp_path, capsys):
    head, _, _ = (folder / "01_01.bvh").read_text().partition("Frame Time")
    _assert_refused(f"{head}Frame Time: 0.025\n", "holds no frames", tmp_path, capsys)


def test_a_number_in_another_line_gives_one_line(folder, tmp_path, capsys):
    lines = (folder / "01_01.bvh").read_text().splitlines()
    first_word, _, rest = lines[-1].partition(" ")
    lines[-2] += f" {first_word}"
    lines[-1] = rest
    message = rf"line {len(lines) - 1}: expected a frame of 84 finite numbers.*found 85 words"
    _assert_refused("\n".join([*lines, ""]), message, tmp_path, capsys)


def _assert_refused(text: str, message: str, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bvh").write_text(text)
    assert convert(tmp_path / "in", tmp_path / "out") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and "a.bvh" in error
    assert re.search(message, error), error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_files_damaged_at_random_give_one_line_or_people(folder, tmp_path, count):
    path = tmp_path / "a.bvh"
    for content in damaged((folder / "01_01.bvh").read_bytes(), count, seed=2):
        path.write_bytes(content)
        try:
            poses = read_clip(path, fps=50).poses
        except InputError as error:
            assert str(error)
        else:
            assert poses.shape[1:] == (32, 3) and np.isfinite(poses).all()
            steps = np.linalg.norm(np.diff(poses - poses[:, :1], axis=0), axis=-1)
            assert steps.max(initial=0) * 40 < 25_000  # mm/s: what jumps is left out


# Whole sets.


def test_a_set_can_be_trained_on_and_bodies_stay_the_same(folder, tmp_path, capsys):
    assert convert(folder, tmp_path / "out") == 0
    output = capsys.readouterr().out
    assert "8 files, names as poser, unit cm, up +y, 40 frames a second kept" in output
    source = open_source(tmp_path / "out")
    assert source.subjects() == [1, 5, 6, 7, 8, 9, 11]
    for subject in source.subjects():
        assert {name.split(" ")[0] for name in source.motions(subject)} == set(ACTIONS)
        world = all_world_poses(source, subject)
        mean_lengths = {}
        for bone in BONES:
            lengths = length_per_frame(world, bone)
            assert np.ptp(lengths) < 0.1  # mm
            _, end = bone
            mean_lengths[end] = lengths.mean()
        for name in ("hip", "knee", "ankle", "foot_tip", "shoulder", "elbow", "wrist", "thumb"):
            left = mean_lengths[f"left_{name}"]
            assert left == pytest.approx(mean_lengths[f"right_{name}"], abs=0.1)
        assert world[..., 2].min() > -60 and world[..., 2].max() < 2100
    assert check_data.main([str(tmp_path / "out")]) == 0
    assert "0.0% of the poses not wholly in the image" in capsys.readouterr().out
    hourglass = get_skeleton("shg_16k")
    arrays = load_human36(tmp_path / "out", [9, 11], hourglass, detections=True)
    assert any("its detections are simulated" in note for note in arrays.notes)
    assert not arrays.synthetic
    assert 1 < np.abs(arrays.pose_2d - project(arrays, source)).mean() < 10


def project(arrays, source) -> np.ndarray:
    """The poses of arrays projected into their cameras: (N,K,2) px."""
    pixels = []
    for index, pose in zip(arrays.sequence, arrays.pose_3d, strict=True):
        sequence = arrays.sequences[index]
        camera = source.cameras[sequence.subject, sequence.camera]
        pixels.append(camera.project_camera_points(pose.astype(float)))
    return np.stack(pixels)


def test_the_same_seed_gives_the_same_set(folder, tmp_path):
    contents = {}
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        out = tmp_path / name
        assert convert(folder, out, "--seed", seed) == 0
        contents[name] = {path.relative_to(out): path.read_bytes() for path in out.rglob("*.h5")}
    assert contents["first"] == contents["again"] != contents["other"]


def test_cameras_at_other_heights_and_distances(folder, tmp_path):
    options = ["--pitch", 30, 40, "--distance", 7, 8, "--vary_bodies"]
    assert convert(folder, tmp_path / "out", *options) == 0
    for camera in open_source(tmp_path / "out").cameras.values():
        place = camera.T[:, 0] - [0, 0, 925]
        distance = np.linalg.norm(place)
        assert 7000 < distance < 8000
        assert 30 < np.degrees(np.arcsin(place[2] / distance)) < 40
        assert np.abs(camera.k).min() > 0


def test_bodies_vary_on_request_alone(folder, tmp_path):
    spread = {}
    for name, options in (("same", []), ("varied", ["--vary_bodies"])):
        assert convert(folder, tmp_path / name, *options) == 0
        source = open_source(tmp_path / name)
        shins = []
        for subject in source.subjects():
            pose = source.world(subject, "Eating")[:1]
            shins.append(length_per_frame(pose, ("right_knee", "right_ankle")))
        spread[name] = np.std(shins) / np.mean(shins)
    assert spread["same"] < 0.03 < spread["varied"]


# Clips.


@pytest.mark.parametrize(("axes", "up"), [((0, 1, 2), "+y"), ((2, 0, 1), "+z"), ((1, 2, 0), "+x")])
def test_units_and_the_axis_up_are_found(tmp_path, axes, up):
    frames = np.zeros((40, 3 + 3 * len(names_of(poser_tree()))))
    tree = with_axes(poser_tree(), axes)
    for unit, scale in (("cm", 1.0), ("m", 0.01), ("mm", 10.0), ("inches", 1 / 2.54)):
        path = tmp_path / unit / "a.bvh"
        write_bvh(path, frames, tree=tree, scale=scale, axes=axes)
        _bend_arms(path)
        clip = read_clip(path, fps=50)
        assert clip.unit == unit and find_up([clip]) == up
        world = stand_up(clip.poses, up, 0.3)
        height = joint(world, "head")[:, 2] - joint(world, "left_foot_tip")[:, 2]
        assert height.min() > 1400 and height.max() < 1800
        to_the_left = joint(world, "left_hip")[0] - joint(world, "right_hip")[0]
        toes = joint(world, "left_foot_tip")[0] - joint(world, "left_ankle")[0]
        assert np.cross(to_the_left, [0, 0, 1]) @ toes > 0  # not mirrored


def _bend_arms(path: Path):
    """Level arms would be taken for a T-pose: bones from the elbow on point elsewhere."""
    text = path.read_text()
    hand_offset = r"(JOINT [rl]Hand\n\{\nOFFSET) (\S+) (\S+) (\S+)"
    path.write_text(re.sub(hand_offset, r"\1 \3 \4 \2", text))


@pytest.mark.parametrize("up", ["+x", "-x", "+y", "-y", "+z", "-z"])
def test_standing_up_is_a_rotation(up):
    poses = np.random.default_rng(0).normal(0, 300, (20, 32, 3))
    world = stand_up(poses, up, 0.7)
    vectors = poses - poses[:, :1]
    turned = world - world[:, :1]
    turn, _ = Rotation.align_vectors(turned.reshape(-1, 3), vectors.reshape(-1, 3))
    turned_back = turn.inv().apply(turned.reshape(-1, 3)).reshape(vectors.shape)
    np.testing.assert_allclose(turned_back, vectors, atol=1e-9)
    sign = -1 if up[0] == "-" else 1
    np.testing.assert_allclose(turned[..., 2], sign * vectors[..., "xyz".index(up[1])], atol=1e-9)


def test_a_leading_t_pose_and_jumps_are_left_out(tmp_path):
    frames = moving(80, seed=5)
    frames[0, 3:] = 0
    frames[40:43, 6:] += 120
    clip = read_clip(write_bvh(tmp_path / "a.bvh", frames), fps=50)
    clean_frames = np.delete(frames, [0, 40, 41, 42], axis=0)
    clean = read_clip(write_bvh(tmp_path / "b.bvh", clean_frames), fps=50)
    np.testing.assert_allclose(clip.poses, clean.poses)
    t_poses = write_bvh(tmp_path / "c.bvh", np.zeros((20, frames.shape[1])))
    with pytest.raises(InputError, match="holds no motion: 20 frames, all T-pose or jumps"):
        read_clip(t_poses, fps=50)


def test_a_jump_of_the_hips_is_left_out(tmp_path):
    frames = moving(80, seed=8)
    frames[40, 0] += 900
    poses = read_clip(write_bvh(tmp_path / "a.bvh", frames), fps=50).poses
    assert len(poses) == 79 and np.abs(joint(poses, "mid_hip")[:, 0]).max() < 1000


def test_the_frame_rate_is_reduced(tmp_path):
    path = write_bvh(tmp_path / "a.bvh", moving(240, seed=6), frame_time=1 / 120)
    for fps, count, rate in ((50, 80, 40), (60, 120, 60), (1000, 240, 120), (25, 48, 24)):
        clip = read_clip(path, fps=fps)
        assert len(clip.poses) == count and clip.fps == pytest.approx(rate, rel=1e-4)


def test_long_walks_stay_in_view(tmp_path):
    frames = moving(400, seed=7, amount=3)
    clip = read_clip(write_bvh(tmp_path / "a.bvh", frames), fps=50)
    world = stand_up(clip.poses, "+y", 0)
    assert np.ptp(frames[:, 2]) * 10 > 9000
    assert np.linalg.norm(joint(world, "mid_hip")[:, :2], axis=1).max() < 1300


def test_unequal_arms_are_refused(folder, tmp_path):
    text = (folder / "01_01.bvh").read_text()
    path = tmp_path / "a.bvh"
    path.write_text(re.sub(r"(JOINT lForeArm\n\{\nOFFSET) \S+", r"\1 98", text))
    message = "shoulder to elbow measures 9.. mm on the left, 2.. mm on the right"
    with pytest.raises(InputError, match=message):
        read_clip(path, fps=50)


def test_a_lost_bone_is_put_back(tmp_path):
    """The motionbuilder conversion has neck and collars at the spine's end, where a bone was."""
    clip = _motionbuilder_clip(tmp_path / "a.bvh", lost=True)
    assert clip.convention == "motionbuilder" and clip.unit.startswith("CMU")
    names = "lowerneck, RightCollar, LeftCollar"
    assert any(f"{names} is lost; put back" in note for note in clip.notes)
    mid_spine = joint(clip.poses, "mid_spine")[0]
    neck = joint(clip.poses, "neck")[0]
    left_shoulder = joint(clip.poses, "left_shoulder")[0]
    np.testing.assert_allclose(neck - mid_spine, [0, 110 + 90, 0], atol=0.01)
    np.testing.assert_allclose(left_shoulder - mid_spine, [170, 110 + 80, 0], atol=0.01)
    assert _motionbuilder_clip(tmp_path / "b.bvh", lost=False).notes == ()


def _motionbuilder_clip(path: Path, *, lost: bool):
    tree = motionbuilder_tree(lost=lost)
    frames = np.zeros((12, 3 + 3 * len(names_of(tree))))
    return read_clip(write_bvh(path, frames, tree=tree, scale=1 / 5.6444), fps=50)


# People.


def clips_per_person(folder, pattern=None) -> dict[str, int]:
    people = [person_of(path, folder, pattern) for path in find_files(folder)]
    return {person: people.count(person) for person in people}


def test_people_are_told_apart_by_name_folder_or_pattern(folder, tmp_path):
    assert clips_per_person(folder) == {"01": 2, "02": 2, "03": 2, "04": 2}
    assert clips_per_person(folder, r"_(\d+)") == {"01": 4, "02": 4}
    content = (folder / "01_01.bvh").read_bytes()
    for person in ("ann", "bob"):
        (tmp_path / "folders" / person).mkdir(parents=True)
        (tmp_path / "folders" / person / "walk.bvh").write_bytes(content)
    assert clips_per_person(tmp_path / "folders") == {"ann": 1, "bob": 1}
    (tmp_path / "names").mkdir()
    for name in ("ann_walk_1.bvh", "ann_walk_2.bvh", "bob.BVH", ".hidden.bvh"):
        (tmp_path / "names" / name).write_bytes(content)
    assert clips_per_person(tmp_path / "names") == {"ann_walk": 2, "bob": 1}
    with pytest.raises(InputError, match="finds nobody in 01_01.bvh"):
        clips_per_person(folder, "nobody")


def test_people_are_never_in_both_parts():
    clips = {}
    for person in range(9):
        clips[f"{person}"] = [np.full((40 + person, 1), person) for _ in range(4)]
    dealt = deal(clips, groups_of(list(clips)), whole_people=True)
    people = {"training": set(), "test": set()}
    frame_count = 0
    for subject, pieces in dealt.items():
        assert len(pieces) >= 15
        assert (subject in TRAINING) != (subject in TEST)
        part = "training" if subject in TRAINING else "test"
        people[part] |= {int(piece[0, 0]) for piece in pieces}
        frame_count += sum(len(piece) for piece in pieces)
    assert not people["training"] & people["test"]
    assert people["training"] | people["test"] == set(range(9)) and len(people["test"]) == 3
    assert frame_count == sum(4 * (40 + person) for person in range(9))


def test_subjects_who_share_clips_have_about_as_many_frames():
    clips = {"busy": [np.zeros((40, 1))] * 100}
    for person in ("a", "b", "c", "d", "e", "f"):
        clips[person] = [np.zeros((40, 1))] * 4
    groups = {TRAINING: ["busy", "a", "b", "c", "d", "e"], TEST: ["f"]}
    frames = {}
    for whole_people in (False, True):
        dealt = deal(clips, groups, whole_people=whole_people)
        frames[whole_people] = [sum(map(len, dealt[subject])) for subject in TRAINING]
    assert frames[False] == [24 * 40] * 5
    assert max(frames[True]) > 10 * min(frames[True])


def test_too_few_frames_are_refused():
    with pytest.raises(InputError, match="20 frames cannot be cut into 105 motions"):
        deal({"one": [np.zeros((20, 1))]}, groups_of(["one"]), whole_people=True)


# Joints of other names.


def _strange_name(name: str) -> str:
    """The name of a joint in a file of no convention: "hip" is called "bone pih"."""
    if name.endswith(" end"):
        return _strange_name(name.removesuffix(" end")) + " end"
    return f"bone {name[::-1]}"


def _strange_file(path: Path) -> Path:
    text = write_bvh(path, moving(240, seed=3)).read_text()

    def rename(match):
        return f"{match[1]} {_strange_name(match[2])}"

    path.write_text(re.sub(r"(ROOT|JOINT) (\w+)", rename, text))
    return path


def _strange_map() -> dict:
    """A map for such a file, without the joints that may be omitted."""
    joint_map = {}
    for name, place in CONVENTIONS["poser"].items():
        if name.endswith(("palm", "thumb")):
            continue
        if isinstance(place, str):
            joint_map[name] = _strange_name(place)
        else:
            start, factor, end = place
            joint_map[name] = [_strange_name(start), factor, _strange_name(end)]
    return joint_map


def test_a_map_of_joints(tmp_path, capsys):
    path = _strange_file(tmp_path / "in" / "a.bvh")
    assert convert_bvh.main([str(path), "--list"]) == 0
    output = capsys.readouterr().out
    assert "not understood" in output and "  bone nemodba" in output
    assert "right_hip" not in output
    map_path = tmp_path / "map.json"
    map_path.write_text(json.dumps(_strange_map()))
    assert convert_bvh.main([str(path), "--list", "--joints", str(map_path)]) == 0
    assert "bone hgihTr  right_hip\n" in capsys.readouterr().out
    assert convert(path.parent, tmp_path / "out", "--joints", map_path) == 0
    assert "names as the map" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("joint_map", "words"),
    [
        ({"knee": "a"}, "unknown joint knee"),
        ({"neck": ["a", "b"]}, "map of joints"),
        ({"neck": ["a", "b", "c"]}, "neck: expected a name, or [name, factor, name]"),
        ({"neck": 5}, "neck: expected a name"),
        ([], "map"),
    ],
)
def test_maps_that_are_none(tmp_path, capsys, joint_map, words):
    map_path = tmp_path / "map.json"
    map_path.write_text(json.dumps(joint_map))
    assert convert(tmp_path, tmp_path / "out", "--joints", map_path) == 2
    assert words in capsys.readouterr().err


# The command line, and the public files.


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("nowhere --out X", "nowhere: no such folder"),
        ("EMPTY --out X", "no .bvh file in it"),
        ("EMPTY", "--out DIR"),
        ("EMPTY --out X --fps 0", "--fps"),
        ("EMPTY --out X --subject_pattern (", "--subject_pattern"),
        ("EMPTY --out X --joints nowhere.json", "nowhere.json"),
        ("nowhere.bvh --list", "nowhere.bvh"),
    ],
)
def test_mistakes_on_the_command_line(tmp_path, capsys, argv, words):
    (tmp_path / "empty").mkdir()
    paths = {"EMPTY": str(tmp_path / "empty"), "X": str(tmp_path / "out")}
    tokens = [paths.get(token, token) for token in argv.split()]
    assert convert_bvh.main(tokens) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@needs_cmu
@pytest.mark.parametrize(("convention", "files"), [("poser_names", 23), ("motionbuilder_names", 3)])
def test_the_public_conversions(tmp_path, capsys, convention, files):
    assert convert(CMU / convention, tmp_path / "out") == 0
    output = capsys.readouterr().out
    assert f"{files} files" in output and "up +y" in output and "knees and toes" not in output
    source = open_source(tmp_path / "out")
    for subject in source.subjects():
        world = all_world_poses(source, subject)
        for bone in BONES:
            assert np.ptp(length_per_frame(world, bone)) < 0.1
        shin = length_per_frame(world, ("left_knee", "left_ankle"))[0]
        trunk = length_per_frame(world, ("mid_hip", "neck")).max()
        assert 350 < shin < 500 and 450 < trunk < 560  # with the lost bone put back
