"""Relative depth labels on photos: the reader on a miniature file, its refusals, the metrics, the check, the script."""

import copy
import json

import matplotlib.image
import numpy as np
import pytest
import torch
from conftest import ROOT

import main_human36
import main_lsp
from opts.lsp import parse_options
from opts.parsing import run_options
from src.data.photos import load_photos, load_truth, parse_photos
from src.data.synthetic.photos import make_content
from src.errors import InputError
from src.losses import relative_depth_loss
from src.skeletons import get_skeleton
from src.training.evaluation import count_wrong_labels, wrong_labels
from tools import check_data

LSP = get_skeleton("lsp_14k")
LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
NAMES = ["head", "neck", *[f"{side}_{joint}" for joint in LIMBS for side in ("left", "right")]]


def image(number: int, anns, is_train=True) -> dict:
    """Joint n of the file is at (100 n + number, n)."""
    keypoints = [value for n in range(14) for value in (100 * n + number, n)]
    occluded = [int(n == 2) for n in range(14)]
    return {
        "im_file": f"im{number}.png",
        "is_train": is_train,
        "keypoints": keypoints,
        "occluded": occluded,
        "anns": anns,
    }


def content() -> dict:
    first = [
        {"kp0": 0, "kp1": 13, "label": 0, "prob": 0.1, "risk": 0.1},
        {"kp0": 5, "kp1": 1, "label": 1, "weight": 2.5},
    ]
    return {
        "joint_names": list(NAMES),
        "images": [image(0, first), image(1, [{"kp0": 2, "kp1": 7, "label": 1}], False)],
    }


@pytest.fixture
def label_file(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(content()))
    return tmp_path / "mine.json"


def test_joints_go_by_name_into_the_order_of_the_model(label_file):
    assert tuple(NAMES) != LSP.joints
    photos = load_photos(label_file, LSP)
    for joint, (x, y) in zip(LSP.joints, photos.pose_2d[1], strict=True):
        assert (x, y) == (100 * NAMES.index(joint) + 1, NAMES.index(joint))
    assert [[LSP.joints[j] for j in pair] for pair in photos.pairs] == [
        ["head", "right_ankle"], ["right_elbow", "neck"], ["left_shoulder", "right_wrist"],
    ]  # fmt: skip
    # 0: the first is closer, so it is not the one further away; 1: the second is closer.
    assert photos.label.tolist() == [-1, 1, 1] and photos.photo.tolist() == [0, 0, 1]
    assert photos.weight.tolist() == [1, 2.5, 1] and photos.is_train.tolist() == [True, False]
    assert photos.prob[0] == photos.risk[0] == 0.1 and np.isnan(photos.risk[1:]).all()
    assert [LSP.joints[j] for j in np.flatnonzero(photos.occluded[0])] == ["left_shoulder"]


def put(value, *path):
    """A change to the file's content: the value at the end of a path, or nothing there for None."""

    def change(of: dict):
        for key in path[:-1]:
            of = of[key]
        of[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put(NAMES[:13] + ["tail"], "joint_names"), ["right_ankle", "joint_names", "tail"]),
        (put(NAMES[:13] + ["head"], "joint_names"), ["joint_names", "different"]),
        (put(NAMES[:13], "joint_names"), ["images[0] (im0.png): keypoints", "26", "28"]),
        (put([], "images"), ["images", "none"]),
        (put([1], "images"), ["images[0]", "im_file"]),
        (put("yes", "images", 1, "is_train"), ["images[1] (im1.png)", "is_train", "'yes'"]),
        (
            put(float("nan"), "images", 1, "keypoints", 3),
            ["images[1] (im1.png)", "keypoints", "nan"],
        ),
        (put(10**400, "images", 1, "keypoints", 3), ["images[1] (im1.png)", "keypoints"]),
        (put("7", "images", 1, "keypoints", 3), ["images[1] (im1.png)", "keypoints", "'7'"]),
        (put([0] * 13, "images", 0, "occluded"), ["images[0] (im0.png)", "occluded", "14", "13"]),
        (put(2, "images", 0, "occluded", 4), ["images[0] (im0.png)", "occluded", "2"]),
        (put({}, "images", 0, "anns"), ["images[0] (im0.png)", "anns", "dict"]),
        (put(3, "images", 0, "anns", 1), ["images[0] (im0.png): anns[1]", "3"]),
        (
            put(14, "images", 0, "anns", 1, "kp0"),
            ["images[0] (im0.png): anns[1]: kp0", "0 to 13", "14"],
        ),
        (put(-1, "images", 0, "anns", 1, "kp1"), ["images[0] (im0.png): anns[1]: kp1", "-1"]),
        (put(5, "images", 0, "anns", 1, "kp1"), ["images[0] (im0.png): anns[1]", "different", "5"]),
        (
            put(-1, "images", 0, "anns", 1, "label"),
            ["images[0] (im0.png): anns[1]: label", "0", "-1"],
        ),
        (put(-2, "images", 0, "anns", 1, "weight"), ["images[0] (im0.png): anns[1]: weight", "-2"]),
    ],
)
def test_refusals(tmp_path, capsys, change, words):
    spoilt = copy.deepcopy(content())
    change(spoilt)
    path = tmp_path / "spoilt.json"
    path.write_text(json.dumps(spoilt))
    assert main_lsp.main(["--annotations", str(path), "--ckpt", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and all(word in error for word in ["spoilt.json", *words]), error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", '{"images": 3}', "\xff\xfe", "[" * 100_000]
)
def test_no_label_file_at_all(tmp_path, text):
    path = tmp_path / "no.json"
    path.write_text(text)
    with pytest.raises(InputError, match="no.json"):
        load_photos(path, LSP)


def test_damaged_files_are_one_line_or_read(tmp_path):
    text, rng, path = json.dumps(content()).encode(), np.random.default_rng(0), tmp_path / "x.json"
    for cut in range(60):
        damaged = bytearray(text)
        if cut < 30:
            damaged = damaged[: rng.integers(len(text))]
        else:
            damaged[rng.integers(len(text))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            assert load_photos(path, LSP).pose_2d.shape == (2, 14, 2)
        except InputError as error:
            assert "x.json" in str(error)


def test_joints_that_a_detector_lacks_are_estimated_and_unknown_labels_left_out():
    names = NAMES[2:] + ["nose", "left_ear", "right_ear"]
    keypoints = [float(value) for n in range(15) for value in (n, 10 * n)]
    anns = [{"kp0": 12, "kp1": 3, "label": 1}, {"kp0": 0, "kp1": 3, "label": 1}]
    photos = parse_photos(
        {
            "joint_names": names,
            "images": [{"im_file": "a", "is_train": True, "keypoints": keypoints, "anns": anns}],
        },
        LSP,
        "x",
    )
    np.testing.assert_allclose(photos.pose_2d[0, LSP.joints.index("neck")], [0.5, 5])
    assert len(photos.label) == 1 and any("1 labels name joints" in note for note in photos.notes)
    assert any(note.startswith("neck is estimated") for note in photos.notes)


def test_truth_goes_by_name(tmp_path):
    poses = np.random.default_rng(0).normal(size=(2, 14, 3)).astype(np.float32)
    np.savez(tmp_path / "truth.npz", pose_3d=poses, joint_names=np.array(NAMES))
    truth = load_truth(tmp_path / "truth.npz", 2, LSP)
    np.testing.assert_array_equal(truth[:, LSP.joints.index("head")], poses[:, 0])
    for count, spoil in (
        (3, {}),
        (2, {"joint_names": np.array(NAMES[::-1][:13] + ["x"])}),
        (2, {"pose_3d": poses * np.nan}),
    ):
        np.savez(
            tmp_path / "bad.npz", **{"pose_3d": poses, "joint_names": np.array(NAMES), **spoil}
        )
        with pytest.raises(InputError, match="bad.npz"):
            load_truth(tmp_path / "bad.npz", count, LSP)
    with pytest.raises(InputError, match="--truth"):
        load_truth(tmp_path / "none.npz", 2, LSP)


def test_wrong_labels_by_hand(label_file):
    photos = load_photos(label_file, LSP)
    pose = np.zeros((2, 14, 3))
    # +1 says that the first is further away (z_i >= z_j); equal depth counts as +1.
    assert wrong_labels(pose, photos).tolist() == [True, False, False]
    pose[0, LSP.joints.index("right_ankle"), 2] = 5
    pose[1, LSP.joints.index("right_wrist"), 2] = 5
    assert wrong_labels(pose, photos).tolist() == [False, False, True]
    result = count_wrong_labels(pose, photos, LSP)
    assert result["labels"] == 1 and result["wrong_labels"] == 1
    assert result["per_pair"] == {"right_wrist-left_shoulder": {"labels": 1, "wrong": 1.0}}
    assert result["per_occlusion"] == {"a joint occluded": {"labels": 1, "wrong": 1.0}}


def test_weights_of_labels():
    pose = torch.randn(6, 14, 3, generator=torch.Generator().manual_seed(0))
    pairs, labels = torch.tensor([[0, 1]] * 6), torch.tensor([1, -1, 1, 1, -1, 1])
    plain = relative_depth_loss(pose, pairs, labels)
    torch.testing.assert_close(
        relative_depth_loss(pose, pairs, labels, weights=torch.full((6,), 3.0)), plain
    )
    # The scale is the whole batch's; labels of weight 0 do not count.
    first = relative_depth_loss(pose, pairs, labels, weights=torch.tensor([1.0, 0, 0, 0, 0, 0]))
    distance = pose[:, 0, 2] - pose[:, 1, 2]
    torch.testing.assert_close(
        first, torch.log1p(torch.exp(-2.5 * distance / distance.abs().mean()))[0]
    )


def test_synthetic_labels_err_as_annotators_do():
    made, truth = make_content(LSP)
    photos = parse_photos(made, LSP, "synthetic")
    assert len(photos.label) == 5 * len(photos.files) and photos.is_train.mean() == 0.5
    wrong, z = wrong_labels(truth, photos), truth[photos.photo[:, None], photos.pairs, 2]
    gap = np.abs(z[:, 0] - z[:, 1])
    assert not wrong[gap >= 400].any()
    for low, high in ((0, 100), (100, 200), (200, 400)):
        inside = (gap >= low) & (gap < high)
        assert wrong[inside].mean() == pytest.approx((0.5 - 0.00125 * gap[inside]).mean(), abs=0.05)
    # What is drawn is what is true: pixels are the truth's projection, up to shift and scale; people stand upright.
    pixels = truth[..., :2] / truth[..., 2:]
    for name in "xy":
        at = "xy".index(name)
        correlation = [
            np.corrcoef(a, b)[0, 1]
            for a, b in zip(pixels[..., at], photos.pose_2d[..., at], strict=True)
        ]
        assert min(correlation) > 0.999
    upright = truth[:, LSP.joints.index("head"), 1] < truth[:, LSP.joints.index("right_ankle"), 1]
    assert upright.mean() > 0.9


def test_check_says_what_is_wrong(tmp_path, capsys):
    made = content()
    circle = [{"kp0": a, "kp1": b, "label": 0} for a, b in ((0, 1), (1, 2), (2, 0), (4, 5), (4, 5))]
    both = [{"kp0": 3, "kp1": 4, "label": 0}, {"kp0": 4, "kp1": 3, "label": 0}]
    made["images"] += [image(2, circle), image(3, both), image(4, [])]
    (tmp_path / "mine.json").write_text(json.dumps(made))
    assert check_data.main([str(tmp_path / "mine.json")]) == 0
    text = capsys.readouterr().out
    assert "training: 4 images, 9 labels" in text and "test: 1 images, 1 labels" in text
    assert "the same answer given twice: 1: im2.png left_elbow right_elbow" in text
    assert "conflicts, a pair answered both ways: 1: im3.png right_shoulder left_elbow" in text
    assert "closer than A: 1: im2.png head neck left_shoulder" in text
    assert "images without labels: 1: im4.png" in text
    assert check_data.main([str(tmp_path / "none.json")]) == 2


@pytest.fixture
def lsp(tmp_path, capsys):
    """lsp("--epochs 2 ...", exp) -> (exit code, what it printed, its folder)."""

    def start(command="", exp="run"):
        tokens = f"--ckpt {tmp_path} --exp {exp} --linear_size 16 --threads 1 --epochs 2 --no-save_ims {command}"
        code = main_lsp.main(tokens.split())
        captured = capsys.readouterr()
        return code, captured.out + captured.err, tmp_path / exp

    return start


@pytest.fixture
def pretrained(human36_dir, tmp_path):
    """pretrained("--supervision full") -> the folder of a run on Human3.6M with LSP's joints."""

    def start(command=""):
        tokens = f"--data_dir {human36_dir} --ckpt {tmp_path} --exp h36 --dataset_type human36_14k --linear_size 16"
        actions = (
            "--threads 1 --epochs 1 --no-save_ims --actions Directions Sitting SittingDown Walking"
        )
        assert main_human36.main([*tokens.split(), *actions.split(), *command.split()]) == 0
        return tmp_path / "h36"

    return start


def result_of(folder) -> dict:
    return json.loads((folder / "result.json").read_text())


def test_the_default_run_its_pictures_and_the_same_command_twice(lsp):
    code, text, folder = lsp("--save_ims --save_predictions")
    assert (
        code == 0
        and "SYNTHETIC data (synthetic photos)" in text
        and text.count("note: no photos") == 1
    )
    assert {"loss_curves.png", "test_poses.png", "predictions.npz", "last.pt", "best.pt"} <= {
        p.name for p in folder.iterdir()
    }
    result = result_of(folder)
    assert 0.2 < result["wrong_labels"] < 0.6 and result["labels"] == 5 * result["frames"]
    assert sum(row["labels"] for row in result["per_pair"].values()) == result["labels"]
    assert 0.1 < result["wrong_labels_of_truth"] < 0.3 and result["pa_mpjpe_mm"] > 0
    assert lsp("--save_ims --save_predictions")[1].startswith("finished already")


def test_two_and_two_epochs_equal_four(lsp):
    assert lsp("", "a")[0] == 0 and lsp("--epochs 4", "a")[0] == 0
    whole = lsp("--epochs 4", "b")[2]
    ours, theirs = (
        torch.load(f / "last.pt", weights_only=True) for f in (whole.parent / "a", whole)
    )
    assert all(torch.equal(ours["network"][key], theirs["network"][key]) for key in ours["network"])
    assert result_of(whole.parent / "a") == result_of(whole)


def test_fine_tuning_goes_on_with_optimiser_and_steps(lsp, pretrained):
    source = pretrained()
    before = torch.load(source / "last.pt", weights_only=True)
    assert lsp(f"--load {source} --limb_type avg_human36", "tuned")[0] == 0
    code, _, folder = lsp(
        f"--load {source} --limb_type avg_human36 --epochs 3", "tuned"
    )  # interrupted and resumed
    after = torch.load(folder / "last.pt", weights_only=True)
    assert code == 0 and after["step"] - before["step"] == 3 * 24  # 1500 labels, 64 at a time
    assert torch.equal(after["statistics"]["limb_lengths"], before["statistics"]["limb_lengths"])
    assert not torch.equal(
        after["statistics"]["pose_2d"]["mean"], before["statistics"]["pose_2d"]["mean"]
    )
    _, _, fresh = lsp(f"--load {source} --fresh_optimizer --use_loaded_stats", "fresh")
    after = torch.load(fresh / "last.pt", weights_only=True)
    assert after["step"] == 2 * 24
    assert torch.equal(
        after["statistics"]["pose_2d"]["mean"], before["statistics"]["pose_2d"]["mean"]
    )


def test_what_was_fine_tuned_from_another_state_is_not_called_finished(lsp, pretrained):
    source = pretrained()
    assert lsp(f"--load {source}", "tuned")[0] == 0
    assert lsp(f"--load {source}", "tuned")[1].startswith("finished already")
    checkpoint = torch.load(source / "last.pt", weights_only=True)
    torch.save(checkpoint | {"step": checkpoint["step"] + 1}, source / "last.pt")
    code, text, _ = lsp(f"--load {source}", "tuned")
    assert code == 2 and "began with another state" in text


def test_fine_tuning_from_bare_weights_asks_for_a_fresh_optimizer(lsp, pretrained):
    source = pretrained()
    checkpoint = torch.load(source / "last.pt", weights_only=True)
    del checkpoint["optimizer"]
    torch.save(checkpoint, source / "last.pt")
    code, text, _ = lsp(f"--load {source}")
    assert code == 2 and "--fresh_optimizer" in text


def test_a_supervised_run_can_only_be_tested(lsp, pretrained):
    source = pretrained("--supervision full")
    code, text, folder = lsp(f"--load {source} --supervision full --eval_only")
    assert code == 0, text
    assert result_of(folder)["trained"] is False and result_of(folder)["epoch"] == 1
    code, text, _ = lsp(f"--load {source} --supervision full", "other")
    assert code == 2 and "--eval_only" in text
    code, text, _ = lsp(f"--load {source} --eval_only", "other")
    assert code == 2 and "--supervision" in text


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("--eval_only", ["--eval_only", "--load"]),
        ("--limb_type avg_human36", ["avg_human36", "--load"]),
        ("--use_loaded_stats", ["--use_loaded_stats", "--load"]),
        ("--limb_type gt", ["gt", "avg_person"]),
        ("--reprojection weak_perspective", ["weak_perspective"]),
        ("--truth x.npz", ["--truth"]),
        ("--annotations none.json", ["none.json"]),
        ("--load nowhere", ["nowhere"]),
        ("--num_pairs 2", ["unknown option --num_pairs"]),
        ("--skeleton none.json", ["none.json"]),
        ("--dataset_type human36_19k", ["average limb lengths", "--symm_weight 0"]),
    ],
)
def test_mistakes(lsp, command, words):
    code, text, folder = lsp(command)
    assert code == 2 and text.count("\n") == 1 and all(word in text for word in words), text
    assert not folder.exists()


def test_no_test_labels_or_no_training_labels(tmp_path, lsp):
    for is_train in (True, False):
        made = content()
        for record in made["images"]:
            record["is_train"] = is_train
        (tmp_path / "one.json").write_text(json.dumps(made))
        code, text, _ = lsp(f"--annotations {tmp_path / 'one.json'}")
        assert code == 2 and "is_train" in text


def test_own_photos_own_skeleton_and_weights(tmp_path, lsp):
    """Four joints that no built-in skeleton has, photos beside the labels, weights."""
    skeleton = {"joints": ["root", "nose", "left_paw", "right_paw"], "root": "root", "unit_limb": ["root", "nose"],
                "limbs": [["root", "nose"], ["root", "left_paw"], ["root", "right_paw"]],
                "average_limb_lengths": [3, 2, 2]}  # fmt: skip
    (tmp_path / "dog.json").write_text(json.dumps(skeleton))
    rng = np.random.default_rng(0)
    images = [
        {"im_file": f"{i}.png", "is_train": i < 10, "keypoints": rng.uniform(0, 90, 8).tolist(),
         "anns": [{"kp0": 0, "kp1": 1 + i % 3, "label": i % 2, "weight": 1 + i % 2}]} for i in range(20)
    ]  # fmt: skip
    names = {"joint_names": ["nose", "right_paw", "root", "left_paw"]}
    (tmp_path / "dogs.json").write_text(json.dumps(names | {"images": images}))
    for i in range(20):
        matplotlib.image.imsave(tmp_path / f"{i}.png", rng.random((100, 100, 3)))
    command = f"--annotations {tmp_path / 'dogs.json'} --skeleton {tmp_path / 'dog.json'} --data_dir {tmp_path} --save_ims"
    code, text, folder = lsp(command)
    assert code == 0 and "no photos" not in text, text
    assert (
        result_of(folder)["skeleton"] == "own skeleton of 4 joints"
        and result_of(folder)["labels"] == 10
    )
    (tmp_path / "dog.json").unlink()  # the run holds what it needs
    assert (
        get_skeleton(
            torch.load(folder / "last.pt", weights_only=True)["options"]["dataset_type"]
        ).joints[1]
        == "nose"
    )
    for spoil in (
        {"root": "tail"},
        {"limbs": [["root", "tail"]]},
        {"joints": ["a", "a"]},
        {"average_limb_lengths": [1]},
    ):
        (tmp_path / "bad.json").write_text(json.dumps({**skeleton, **spoil}))
        code, text, _ = lsp(f"--skeleton {tmp_path / 'bad.json'}", "bad")
        assert code == 2 and "bad.json" in text and text.count("\n") == 1


def test_defaults_are_the_papers():
    options = run_options(parse_options([])[0])
    assert (options["epochs"], options["limb_type"], options["dataset_type"]) == (
        100,
        "avg_person",
        "lsp_14k",
    )
    assert (options["use_loaded_stats"], options["scale_range"], options["lr"]) == (
        False,
        1.0,
        0.001,
    )
    assert options["exp"] == "synthetic_photos/ours/seed_0"


def test_written_synthetic_labels_are_the_built_in_ones(tmp_path, lsp):
    content, truth = make_content(LSP)
    (tmp_path / "labels.json").write_text(json.dumps(content))
    np.savez(tmp_path / "truth.npz", pose_3d=truth, joint_names=content["joint_names"])
    files = f"--annotations {tmp_path / 'labels.json'} --truth {tmp_path / 'truth.npz'}"
    ours, built_in = result_of(lsp(files, "files")[2]), result_of(lsp("", "built-in")[2])
    assert ours["wrong_labels"] == built_in["wrong_labels"]
    assert ours["pa_mpjpe_mm"] == pytest.approx(built_in["pa_mpjpe_mm"])


def test_reader_on_the_cmu_set():
    base = next(
        (
            b / "data" / "cmu_lsp"
            for b in (ROOT, ROOT.parent / "shared")
            if (b / "data" / "cmu_lsp").is_dir()
        ),
        None,
    )
    if base is None:
        pytest.skip("needs cmu_lsp, in data/ here or in shared/data/ beside the project")
    photos = load_photos(base / "relative_depth_cmu.json", LSP)
    truth = load_truth(base / "relative_depth_cmu_3d.npz", 2000, LSP)
    assert wrong_labels(truth, photos).mean() == pytest.approx(0.247, abs=0.003)  # by construction
