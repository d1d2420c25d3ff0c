import dataclasses
import json

import pytest

from src.errors import InputError
from src.skeletons import HUMAN36_JOINTS, SKELETON_NAMES, get_skeleton, read_skeleton

SIZES = {
    "human36_17k": 17,
    "shg_16k": 16,
    "human36_14k": 14,
    "lsp_14k": 14,
    "human36_19k": 19,
    "openpose_17k": 17,
}
NUM_LIMBS = {
    "human36_17k": 16,
    "shg_16k": 15,
    "human36_14k": 14,
    "lsp_14k": 14,
    "human36_19k": 18,
    "openpose_17k": 16,
}


def limb_names(name):
    skeleton = get_skeleton(name)
    return [f"{skeleton.joints[a]}-{skeleton.joints[b]}" for a, b in skeleton.limbs]


def test_names_are_those_specified():
    assert set(SKELETON_NAMES) == set(SIZES)


@pytest.mark.parametrize("name", SIZES)
def test_shape_and_consistency(name):
    skeleton = get_skeleton(name)
    assert skeleton.name == name
    assert skeleton.num_joints == len(set(skeleton.joints)) == SIZES[name]
    assert len(set(skeleton.limbs)) == NUM_LIMBS[name]
    assert skeleton.joints == tuple(HUMAN36_JOINTS[i] for i in skeleton.human36_indices)
    assert skeleton.joints[skeleton.root] == ("neck" if SIZES[name] == 14 else "mid_hip")
    assert set(limb_names(name)[skeleton.unit_limb].split("-")) == {"right_knee", "right_ankle"}
    starts, ends = skeleton.limb_ends
    assert set(starts) | set(ends) == set(range(skeleton.num_joints)), "a joint hangs loose"
    lengths = skeleton.average_limb_lengths
    assert (lengths is None) == (name in ("shg_16k", "human36_19k", "openpose_17k"))
    assert lengths is None or len(lengths) == len(skeleton.limbs)


def test_order_of_17_and_its_limbs():
    assert get_skeleton("human36_17k").joints[:8] == (
        "mid_hip",
        "right_hip",
        "right_knee",
        "right_ankle",
        "left_hip",
        "left_knee",
        "left_ankle",
        "mid_spine",
    )
    assert limb_names("human36_17k")[6:11] == [
        "mid_hip-mid_spine",
        "mid_spine-neck",
        "neck-chin",
        "chin-head",
        "neck-left_shoulder",
    ]


def test_feet_and_openpose():
    assert limb_names("human36_19k")[:5] == [
        "mid_hip-right_hip",
        "right_hip-right_knee",
        "right_knee-right_ankle",
        "right_ankle-right_foot_tip",
        "mid_hip-left_hip",
    ]
    assert limb_names("openpose_17k")[8:11] == ["mid_hip-neck", "neck-chin", "neck-left_shoulder"]
    assert "head" not in get_skeleton("openpose_17k").joints


def test_masked_limbs_are_the_sides_of_the_trunk():
    names = [limb_names("lsp_14k")[i] for i in get_skeleton("lsp_14k").masked_limbs]
    assert names == ["left_hip-left_shoulder", "right_hip-right_shoulder"]


def test_right_limbs_go_by_the_second_joint():
    right_limbs = get_skeleton("human36_17k").right_limbs
    is_right = dict(zip(limb_names("human36_17k"), right_limbs, strict=True))
    assert is_right["mid_hip-right_hip"] and is_right["right_elbow-right_wrist"]
    assert not is_right["mid_hip-left_hip"] and not is_right["neck-chin"]


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        get_skeleton("human36_17k").root = 3


def test_unknown_name():
    with pytest.raises(InputError, match="'coco'.*human36_17k"):
        get_skeleton("coco")


LEGS = {
    "joints": ["hip", "left_foot", "right_foot"],
    "limbs": [["hip", "left_foot"], ["hip", "right_foot"]],
    "root": "hip",
    "unit_limb": ["hip", "left_foot"],
}


def test_json_needs_no_more_than_joints_limbs_root_and_unit_limb():
    skeleton = get_skeleton(json.dumps(LEGS))
    assert skeleton.name == "own skeleton of 3 joints"
    assert skeleton.limbs == ((0, 1), (0, 2))
    assert (skeleton.root, skeleton.unit_limb) == (0, 0)
    assert skeleton.left_right == ((1, 2),)
    assert skeleton.masked_limbs == skeleton.human36_indices == ()
    assert skeleton.average_limb_lengths is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"joints": ["hip", "hip"]}, "joints: expected a list of different names"),
        ({"joints": ["hip"]}, "joints: expected a list of different names"),
        ({"limbs": [["hip", "toe"]]}, "limbs: expected pairs of joints, found .*toe"),
        ({"limbs": [["hip", "hip"]]}, "limbs: expected pairs of joints, found .*hip"),
        ({"limbs": 3}, "expected joints, limbs, root"),
        ({"root": "toe"}, "expected joints, limbs, root .*toe"),
        ({"unit_limb": ["left_foot", "hip"]}, "unit_limb .a limb.: .*left_foot"),
        ({"average_limb_lengths": [1]}, "average_limb_lengths: expected 2 lengths"),
        ({"average_limb_lengths": [1, -1]}, "average_limb_lengths: expected 2 lengths"),
    ],
)
def test_json_that_describes_no_skeleton(change, words, tmp_path):
    path = tmp_path / "legs.json"
    path.write_text(json.dumps(LEGS | change))
    with pytest.raises(InputError, match=f"legs.json: skeleton: .*{words}"):
        read_skeleton(path)
