"""BVH files -> Human3.6M's h5 layout: kinematics by hand, both conventions, files as people write them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from forms import damaged
from scipy.spatial.transform import Rotation

from src.data import check_poses as check
from src.data.arrays import ACTIONS
from src.data.human36.forms import open_source
from src.data.human36.load import load_human36
from src.data.mocap import clips
from src.data.mocap import convert as conversion
from src.data.mocap import bones, joint_names
from src.data.mocap.bvh import read_bvh
from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, get_skeleton
from tools import convert_bvh

CMU = Path(__file__).parents[2] / "shared" / "data" / "cmu_bvh"
needs_cmu = pytest.mark.skipif(not CMU.is_dir(), reason="the public CMU conversions are not here")

# Joint: (its children, offset in cm), standing with level arms, y up, facing +z, left at +x.
_ARM = ("Collar", (2.5, 19, -5), [("Shldr", (9, -2, 1.5), [("ForeArm", (28, -2, 0), [("Hand", (22, 1, 0), [
    ("Thumb1", (1, 0, 3), [("Thumb2", (3, 0, 3), [])]), ("Mid1", (8, 1, 0), [])])])])])  # fmt: skip
_LEG = (
    "Buttock",
    (9, 4, 1),
    [("Thigh", (0, -2, -2), [("Shin", (0, -37, 1), [("Foot", (0, -45, -5), [])])])],
)
_HEAD = ("neck", (0, 22, -2), [("head", (0, 7, 1), [])])


def _side(bone, letter: str):
    name, (x, y, z), children = bone
    return (
        letter + name,
        (x if letter == "l" else -x, y, z),
        [_side(child, letter) for child in children],
    )


def poser_tree():
    """A body with the names of the poser conversions."""
    chest = ("chest", (0, 12, 0), [_HEAD, _side(_ARM, "r"), _side(_ARM, "l")])
    return "hip", (0, 0, 0), [("abdomen", (0, 20, -1), [chest]), _side(_LEG, "r"), _side(_LEG, "l")]


def names_of(bone) -> list[str]:
    return [bone[0], *(name for child in bone[2] for name in names_of(child))]


def write_bvh(
    path: Path,
    frames: np.ndarray,
    *,
    tree=None,
    order="ZXY",
    rename=str,
    scale=1.0,
    frame_time=1 / 40,
    turn=(0, 1, 2),
) -> Path:
    """frames (F, 3 + 3J): the hips' place, then degrees per joint in the channels' ``order``."""

    def lines(bone, depth: int):
        name, offset, children = bone
        word, channels = ("JOINT", "3") if depth else ("ROOT", "6 Xposition Yposition Zposition")
        yield f"{word} {rename(name)}"
        yield "{"
        yield "OFFSET " + " ".join(f"{scale * value:.6f}" for value in offset)
        yield f"CHANNELS {channels} " + " ".join(f"{axis}rotation" for axis in order)
        for child in children:
            yield from lines(child, depth + 1)
        if not children:
            offset = np.array([0, -1, 10] if "Foot" in name else [1, 0, 0])[list(turn)]
            yield from (
                "End Site",
                "{",
                "OFFSET " + " ".join(f"{scale * value:.6f}" for value in offset),
                "}",
            )
        yield "}"

    rows = [" ".join(f"{value:.6f}" for value in frame) for frame in frames]
    head = ["HIERARCHY", *lines(tree or poser_tree(), 0), "MOTION", f"Frames: {len(frames)}"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*head, f"Frame Time: {frame_time:.7f}", *rows, ""]))
    return path


def moving(frames: int, seed: int, *, amount=12.0) -> np.ndarray:
    """Arms down, everything swaying smoothly, two metres of walk."""
    rng, names = np.random.default_rng(seed), names_of(poser_tree())
    time = np.linspace(0, frames / 40, frames)[:, None]
    angles = amount * np.sin(
        time * rng.uniform(1, 3, 3 * len(names)) + rng.uniform(0, 6, 3 * len(names))
    )
    angles = angles.reshape(frames, -1, 3)
    angles[:, [names.index("rShin"), names.index("lShin")]] = [0, 20, 0]
    angles[:, names.index("rShldr"), 0] += 75
    angles[:, names.index("lShldr"), 0] -= 75
    place = np.concatenate([0 * time, 90 + 0 * time, 100 * time], axis=1)
    return np.concatenate([place, angles.reshape(frames, -1)], axis=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four people, two files of each, named person_number.bvh."""
    root = tmp_path_factory.mktemp("bvh") / "files"
    for person in range(1, 5):
        for number in (1, 2):
            write_bvh(
                root / f"{person:02}_{number:02}.bvh",
                moving(60, 10 * person + number),
                scale=1 + person / 50,
            )
    return root


def convert(folder, out, *argv):
    return convert_bvh.main([str(folder), "--out", str(out), *map(str, argv)])


def test_places_by_hand(tmp_path):
    tree = "hip", (1, 2, 3), [("arm", (0, 10, 0), [("hand", (5, 0, 0), [])])]
    frames = np.array(
        [[100, 0, 0, 0, 0, 0, 90, 0, 0, 0, 0, 0], [0, 0, 0, 90, 0, 0, 0, 90, 0, 0, 0, 0]]
    )
    bvh = read_bvh(write_bvh(tmp_path / "a.bvh", frames, tree=tree))
    hip, arm, hand, end = bvh.positions(range(4), bvh.motion).swapaxes(0, 1)
    # First frame: the arm turned by 90 degrees about z, so the hand is above it instead of beside it.
    np.testing.assert_allclose(
        [hip[0], arm[0], hand[0], end[0]],
        np.add([101, 2, 3], [[0, 0, 0], [0, 10, 0], [0, 15, 0], [0, 16, 0]]),
    )
    # Second: the hips by 90 about z (y becomes -x, x becomes y), the arm by 90 about x, the axis that its hand is on.
    np.testing.assert_allclose(
        [hip[1], arm[1], hand[1]], [[1, 2, 3], [-9, 2, 3], [-9, 7, 3]], atol=1e-12
    )


@pytest.mark.parametrize("order", ["ZXY", "XYZ", "YZX"])
def test_any_order_of_channels(tmp_path, order):
    angles = np.radians([[30, 40, 50]])
    turn = Rotation.from_euler(order, angles).as_matrix()[0]
    tree = "hip", (0, 0, 0), [("arm", (1, 2, 3), [])]
    frames = np.array([[0, 0, 0, 30, 40, 50, 0, 0, 0]])
    bvh = read_bvh(write_bvh(tmp_path / "a.bvh", frames, tree=tree, order=order))
    np.testing.assert_allclose(bvh.positions([1], bvh.motion)[0, 0], turn @ [1, 2, 3], atol=1e-6)


WILD = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "old Mac": lambda text: text.replace("\n", "\r"),
    "tabs": lambda text: text.replace(" ", "\t").replace("End\tSite", "End Site"),
    "exponents": lambda text: re.sub(r"(?<= )(-?\d+\.\d+)", lambda match: f"{float(match[1]):.9e}", text),
    "names with spaces": lambda text: text.replace("rForeArm", "r Fore Arm"),
    "a namespace": lambda text: re.sub(r"(ROOT|JOINT) ", r"\1 Character1:", text),
    "other case": lambda text: text.replace("lShldr", "LSHLDR"),
    "braces on the line": lambda text: text.replace("\n{\n", " {\n"),
    "no end sites of hands": lambda text: re.sub(r"End Site\n{\nOFFSET \d\S+ 0.000000 0.000000\n}\n", "", text),
    "wrong count of frames": lambda text: text.replace("Frames: 60", "Frames: 600"),
    "blank lines": lambda text: text.replace("MOTION\n", "\nMOTION\n\n") + "\n\n",
    "no last line end": lambda text: text + "0 1",
    "byte order mark": lambda text: "\ufeff" + text,
}  # fmt: skip


@pytest.mark.parametrize("name", WILD)
def test_files_in_the_wild(folder, tmp_path, name):
    path = folder / "01_01.bvh"
    wild = tmp_path / "wild.bvh"
    wild.write_bytes(WILD[name](path.read_text()).encode())
    assert wild.read_bytes() != path.read_bytes()
    expected, found = (clips.read_clip(file, fps=50) for file in (path, wild))
    np.testing.assert_allclose(found.poses, expected.poses, atol=1e-3)
    assert (found.notes != ()) == (name == "wrong count of frames")


WRONG = {
    "no motion": (lambda text: text.replace("MOTION", "MOTIF"), "has no line MOTION"),
    "no frames": (lambda text: text.partition("Frame Time")[0] + "Frame Time: 0.025\n", "holds no frames"),
    "no time": (lambda text: text.replace("Frame Time", "Zeit"), "expected 'Frames: N' and 'Frame Time: SECONDS'"),
    "time of zero": (lambda text: text.replace("Frame Time: 0.0250000", "Frame Time: 0"), "expected 'Frames: N'"),
    "a word in a frame": (lambda text: text.replace(" 90.000000", " ninety", 1), r"line \d+: expected a frame of \d+"),
    "NaN": (lambda text: text.replace(" 90.000000", " nan", 1), r"line \d+: expected a frame of \d+ finite numbers"),
    "a number lacks": (lambda text: text.replace(" 90.000000", "", 1), r"expected a frame of \d+ .* found \d+ words"),
    "a brace lacks": (lambda text: text.replace("}\nMOTION", "MOTION"), "the hierarchy is not whole"),
    "two people": (lambda text: text.replace("MOTION", "ROOT other\n{\nOFFSET 0 0 0\n}\nMOTION"), "one person"),
    "offset of two": (lambda text: text.replace("OFFSET 0.000000 ", "OFFSET ", 1), r"line \d+: cannot read 'OFFSET"),
    "channel": (lambda text: text.replace("Yrotation", "Yrotacion", 1), r"line \d+: cannot read 'CHANNELS"),
    "names": (lambda text: text.replace("rShin", "rx"), "not understood .poser lacks right_knee;.*--joints MAP.json"),
    "one long shin": (lambda text: text.replace("-45.9", "-95.9", 1), "knee to ankle measures .*is an OFFSET damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_give_one_line(folder, tmp_path, capsys, name):
    spoil, message = WRONG[name]
    text = (folder / "01_01.bvh").read_text()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bvh").write_text(spoil(text))
    assert spoil(text) != text
    assert convert(tmp_path / "in", tmp_path / "out") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and "a.bvh" in error and re.search(message, error), error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_damaged_files_give_one_line_or_people(folder, tmp_path, count):
    path = tmp_path / "a.bvh"
    for content in damaged((folder / "01_01.bvh").read_bytes(), count, seed=2):
        path.write_bytes(content)
        try:
            poses = clips.read_clip(path, fps=50).poses
        except InputError as error:
            assert str(error)
        else:
            assert poses.shape[1:] == (32, 3) and np.isfinite(poses).all()
            speed = (
                np.linalg.norm(np.diff(poses - poses[:, :1], axis=0), axis=-1).max(initial=0) * 40
            )
            assert speed < 25_000  # what jumps is left out


def test_a_set_can_be_trained_on_and_bodies_stay_the_same(folder, tmp_path, capsys):
    assert convert(folder, tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "8 files, names as poser, unit cm, up +y, 40 frames a second kept" in said
    source = open_source(tmp_path / "out")
    assert source.subjects() == [1, 5, 6, 7, 8, 9, 11]
    for subject in source.subjects():
        assert {name.split(" ")[0] for name in source.motions(subject)} == set(ACTIONS)
        world = np.concatenate([source.world(subject, name) for name in source.motions(subject)])
        lengths = {}
        for first, second in bones.BONES:
            bone = world[:, HUMAN36_JOINTS.index(second)] - world[:, HUMAN36_JOINTS.index(first)]
            length = np.linalg.norm(bone, axis=1)
            assert np.ptp(length) < 0.1  # mm
            lengths[second] = length.mean()
        for joint in ("hip", "knee", "ankle", "foot_tip", "shoulder", "elbow", "wrist", "thumb"):
            assert lengths[f"left_{joint}"] == pytest.approx(lengths[f"right_{joint}"], abs=0.1)
        assert world[..., 2].min() > -60 and world[..., 2].max() < 2100
    assert check.main([str(tmp_path / "out")]) == 0
    assert "0.0% of the poses not wholly in the image" in capsys.readouterr().out
    hourglass = get_skeleton("shg_16k")
    arrays = load_human36(tmp_path / "out", [9, 11], hourglass, detections=True)
    assert any("its detections are simulated" in note for note in arrays.notes)
    assert not arrays.synthetic and 1 < np.abs(arrays.pose_2d - project(arrays, source)).mean() < 10


def project(arrays, source):
    cameras = [source.cameras[seen.subject, seen.camera] for seen in arrays.sequences]
    return np.stack([
        cameras[index].project_camera_points(pose.astype(float))
        for index, pose in zip(arrays.sequence, arrays.pose_3d, strict=True)
    ])  # fmt: skip


def test_the_same_seed_gives_the_same_set(folder, tmp_path):
    for out, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert convert(folder, tmp_path / out, "--seed", seed) == 0
    content = [
        {
            path.relative_to(tmp_path / out): path.read_bytes()
            for path in (tmp_path / out).rglob("*.h5")
        }
        for out in "abc"
    ]
    assert content[0] == content[1] and content[0] != content[2]


def test_cameras_at_other_heights_and_distances(folder, tmp_path):
    assert (
        convert(folder, tmp_path / "out", "--pitch", 30, 40, "--distance", 7, 8, "--vary_bodies")
        == 0
    )
    for camera in open_source(tmp_path / "out").cameras.values():
        place = camera.T[:, 0] - [0, 0, 925]
        assert 7000 < np.linalg.norm(place) < 8000
        assert 30 < np.degrees(np.arcsin(place[2] / np.linalg.norm(place))) < 40
        assert np.abs(camera.k).min() > 0


def test_bodies_vary_on_request_alone(folder, tmp_path):
    legs = {}
    for out, argv in (("same", ()), ("varied", ("--vary_bodies",))):
        assert convert(folder, tmp_path / out, *argv) == 0
        source = open_source(tmp_path / out)
        poses = [source.world(subject, "Eating")[0] for subject in source.subjects()]
        legs[out] = np.array([np.linalg.norm(pose[2] - pose[3]) for pose in poses])
    assert (
        legs["same"].std() / legs["same"].mean()
        < 0.03
        < legs["varied"].std() / legs["varied"].mean()
    )


@pytest.mark.parametrize(("turn", "up"), [((0, 1, 2), "+y"), ((2, 0, 1), "+z"), ((1, 2, 0), "+x")])
def test_units_and_the_axis_up_are_found(tmp_path, capsys, turn, up):
    def turned(bone):
        name, offset, children = bone
        return name, tuple(np.array(offset)[list(turn)]), [turned(child) for child in children]

    frames = np.zeros((40, 3 + 3 * len(names_of(poser_tree()))))
    for scale, unit in ((1.0, "cm"), (0.01, "m"), (10.0, "mm"), (1 / 2.54, "inches")):
        clip = clips.read_clip(
            _arms_down(
                write_bvh(
                    tmp_path / unit / "a.bvh",
                    frames,
                    tree=turned(poser_tree()),
                    scale=scale,
                    turn=turn,
                )
            ),
            fps=50,
        )
        assert clip.unit == unit and clips.find_up([clip]) == up
        world = clips.stand_up(clip.poses, up, 0.3)
        head, feet = (world[:, HUMAN36_JOINTS.index(name), 2] for name in ("head", "left_foot_tip"))
        assert (head - feet).min() > 1400 and (head - feet).max() < 1800
        left, right = (world[0, HUMAN36_JOINTS.index(f"{side}_hip")] for side in ("left", "right"))
        toes = (
            world[0, HUMAN36_JOINTS.index("left_foot_tip")]
            - world[0, HUMAN36_JOINTS.index("left_ankle")]
        )
        assert np.cross(left - right, [0, 0, 1]) @ toes > 0  # not mirrored


def _arms_down(path: Path) -> Path:
    """Level arms would be taken for a T-pose: bones from the elbow on point elsewhere."""
    text = path.read_text()
    path.write_text(re.sub(r"(JOINT [rl]Hand\n\{\nOFFSET) (\S+) (\S+) (\S+)", r"\1 \3 \4 \2", text))
    return path


def test_a_leading_t_pose_and_jumps_are_left_out(tmp_path):
    frames = moving(80, seed=5)
    frames[0, 3:] = 0
    frames[40:43, 6:] += 120
    clip = clips.read_clip(write_bvh(tmp_path / "a.bvh", frames), fps=50)
    kept = clips.read_clip(
        write_bvh(tmp_path / "b.bvh", np.delete(frames, [0, 40, 41, 42], axis=0)), fps=50
    )
    np.testing.assert_allclose(clip.poses, kept.poses)
    with pytest.raises(InputError, match="holds no motion: 20 frames, all T-pose or jumps"):
        clips.read_clip(write_bvh(tmp_path / "c.bvh", np.zeros((20, frames.shape[1]))), fps=50)


def test_the_frame_rate_is_reduced(tmp_path):
    path = write_bvh(tmp_path / "a.bvh", moving(240, seed=6), frame_time=1 / 120)
    for fps, count, rate in ((50, 80, 40), (60, 120, 60), (1000, 240, 120), (25, 48, 24)):
        clip = clips.read_clip(path, fps=fps)
        assert len(clip.poses) == count and clip.fps == pytest.approx(rate, rel=1e-4)


def test_long_walks_stay_in_view(tmp_path):
    frames = moving(400, seed=7, amount=3)
    world = clips.stand_up(
        clips.read_clip(write_bvh(tmp_path / "a.bvh", frames), fps=50).poses, "+y", 0
    )
    assert np.ptp(frames[:, 2]) * 10 > 9000
    assert np.linalg.norm(world[:, 0, :2], axis=1).max() < 1300


def test_people_are_told_apart_by_name_folder_or_pattern(folder, tmp_path):
    def people(root, pattern=None):
        return {
            name: len(clips)
            for name, clips in conversion.read_folder(root, pattern=pattern, fps=50).items()
        }

    assert people(folder) == {"01": 2, "02": 2, "03": 2, "04": 2}
    assert people(folder, r"_(\d+)") == {"01": 4, "02": 4}
    for person in ("ann", "bob"):
        (tmp_path / person).mkdir()
        (tmp_path / person / "walk.bvh").write_bytes((folder / "01_01.bvh").read_bytes())
    assert people(tmp_path) == {"ann": 1, "bob": 1}
    with pytest.raises(InputError, match="finds nobody in 01_01.bvh"):
        people(folder, "nobody")


def test_people_are_never_in_both_parts():
    clips = {
        f"{person}": [np.full((40 + person, 1), person) for _ in range(4)] for person in range(9)
    }
    dealt = conversion.deal(clips)
    who = {subject: {int(piece[0, 0]) for piece in pieces} for subject, pieces in dealt.items()}
    training, test = (
        set().union(*(who[s] for s in part)) for part in (conversion.TRAINING, conversion.TEST)
    )
    assert not training & test and training | test == set(range(9)) and len(test) == 3
    assert all(len(pieces) >= 15 for pieces in dealt.values())
    assert sum(len(piece) for pieces in dealt.values() for piece in pieces) == sum(
        4 * (40 + p) for p in range(9)
    )
    with pytest.raises(InputError, match="20 frames cannot be cut into 105 motions"):
        conversion.deal({"one": [np.zeros((20, 1))]})


def test_a_map_of_joints(tmp_path, capsys):
    strange = tmp_path / "in" / "a.bvh"
    text = write_bvh(strange, moving(240, seed=3)).read_text()
    strange.write_text(
        re.sub(r"(ROOT|JOINT) (\w+)", lambda match: f"{match[1]} bone {match[2][::-1]}", text)
    )
    assert convert_bvh.main([str(strange), "--list"]) == 0
    said = capsys.readouterr().out
    assert "not understood" in said and "  bone nemodba" in said
    table = joint_names.CONVENTIONS["poser"]

    def named(place):
        if not isinstance(place, str):
            return [named(place[0]), place[1], named(place[2])]
        return f"bone {place.removesuffix(' end')[::-1]}" + " end" * place.endswith(" end")

    joints = {
        joint: named(place)
        for joint, place in table.items()
        if not joint.endswith(("palm", "thumb"))
    }
    (tmp_path / "map.json").write_text(json.dumps(joints))
    argv = ["--joints", str(tmp_path / "map.json")]
    assert convert_bvh.main([str(strange), "--list", *argv]) == 0
    assert "bone rohT" not in said and "right_hip" in capsys.readouterr().out
    assert convert(strange.parent, tmp_path / "out", *argv) == 0
    assert "names as the map" in capsys.readouterr().out
    for wrong, words in (
        ({"knee": "a"}, "unknown joint knee"),
        ({"neck": ["a", "b"]}, "map of joints"),
        ([], "map"),
    ):
        (tmp_path / "map.json").write_text(json.dumps(wrong))
        assert convert(strange.parent, tmp_path / "other", *argv) == 2
        assert words in capsys.readouterr().err


def test_a_lost_bone_is_put_back(tmp_path):
    """The motionbuilder conversion has neck and collars at the spine's end, where a bone was."""
    tree = _motionbuilder_tree(lost=True)
    path = write_bvh(
        tmp_path / "a.bvh", np.zeros((12, 3 + 3 * len(names_of(tree)))), tree=tree, scale=1 / 5.6444
    )
    clip = clips.read_clip(path, fps=50)
    assert clip.convention == "motionbuilder" and clip.unit.startswith("CMU")
    assert any(
        "lowerneck, RightCollar, LeftCollar is lost; put back" in note for note in clip.notes
    )
    joints = {
        name: clip.poses[0, HUMAN36_JOINTS.index(name)]
        for name in ("mid_spine", "neck", "left_shoulder")
    }
    np.testing.assert_allclose(joints["neck"] - joints["mid_spine"], [0, 110 + 90, 0], atol=0.01)
    np.testing.assert_allclose(
        joints["left_shoulder"] - joints["mid_spine"], [170, 110 + 80, 0], atol=0.01
    )
    whole = _motionbuilder_tree(lost=False)
    path = write_bvh(
        tmp_path / "b.bvh",
        np.zeros((12, 3 + 3 * len(names_of(tree)))),
        tree=whole,
        scale=1 / 5.6444,
    )
    assert clips.read_clip(path, fps=50).notes == ()


def _motionbuilder_tree(*, lost: bool):
    up = (0, 0, 0) if lost else (0, 11, 0)

    def arm(side, x):
        fingers = [(f"{side[0]}Fingers", (0, -3.7, 0), []), (f"{side[0]}Thumb", (0, 0, 0), [])]
        wrist = (f"{side}Wrist", (0, -18, 0), fingers)
        return (
            f"{side}Collar",
            up,
            [(f"{side}Shoulder", (x, 8, 0), [(f"{side}Elbow", (0, -24, 0), [wrist])])],
        )

    def leg(side, x):
        ankle = (f"{side}Ankle", (0, -38, 0), [(f"{side}Toe", (0, -2, 12), [])])
        return f"{side}Hip", (x, -9, 4), [(f"{side}Knee", (0, -40, 0), [ankle])]

    neck = ("lowerneck", up, [("Neck", (0, 9, 0), [("Head", (0, 9, 0), [])])])
    chest = ("Chest2", (0, 11, 0), [neck, arm("Left", 17), arm("Right", -17)])
    return "Hips", (0, 0, 0), [leg("Left", 9), leg("Right", -9), ("Chest", (0, 11, 0), [chest])]


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
    words_given = (
        argv.replace("EMPTY", str(tmp_path / "empty")).replace("X", str(tmp_path / "out")).split()
    )
    try:
        code = convert_bvh.main(words_given)
    except SystemExit as exit:
        code = exit.code
    assert code == 2 and words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@needs_cmu
@pytest.mark.parametrize(("convention", "files"), [("poser_names", 23), ("motionbuilder_names", 3)])
def test_the_public_conversions(tmp_path, capsys, convention, files):
    assert convert(CMU / convention, tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert f"{files} files" in said and "up +y" in said and "knees and toes" not in said
    source = open_source(tmp_path / "out")
    index = {name: HUMAN36_JOINTS.index(name) for name in HUMAN36_JOINTS}
    for subject in source.subjects():
        world = np.concatenate([source.world(subject, name) for name in source.motions(subject)])
        for first, second in bones.BONES:
            assert (
                np.ptp(np.linalg.norm(world[:, index[second]] - world[:, index[first]], axis=1))
                < 0.1
            )
        leg = np.linalg.norm(world[0, index["left_knee"]] - world[0, index["left_ankle"]])
        trunk = np.linalg.norm(world[:, index["neck"]] - world[:, index["mid_hip"]], axis=1).max()
        assert 350 < leg < 500 and 450 < trunk < 560  # with the lost bone put back


def test_a_jump_of_the_hips_is_left_out(tmp_path):
    frames = moving(80, seed=8)
    frames[40, 0] += 900
    world = clips.read_clip(write_bvh(tmp_path / "a.bvh", frames), fps=50).poses
    assert len(world) == 79 and np.abs(world[:, 0, 0]).max() < 1000


def test_unequal_arms_are_refused(folder, tmp_path):
    text = (folder / "01_01.bvh").read_text()
    (tmp_path / "a.bvh").write_text(re.sub(r"(JOINT lForeArm\n\{\nOFFSET) \S+", r"\1 98", text))
    with pytest.raises(
        InputError, match="shoulder to elbow measures 9.. mm on the left, 2.. mm on the right"
    ):
        clips.read_clip(tmp_path / "a.bvh", fps=50)
