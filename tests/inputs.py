"""Good input of every kind that the commands read, to be damaged by the harness.

A new reader or command is a new line in `KINDS`: a name, the command, its tokens, what writes a
good input into a folder, and which of the files there is to be damaged.
"""

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import forms
import numpy as np
import test_crowd
import test_keypoints
import test_load_2018
import test_motion
import test_results_2018
from label_files import label_content
from miniature import write_human36
from PIL import Image

import main_human36
import main_lsp
import run_model
from paper_exps import collect
from src.data.human36.load import load_human36
from src.skeletons import get_skeleton
from tools import check_data, convert_bvh, merge_answers

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    main: the command, called with a list of tokens.
    tokens: of the command line, in one text; IN is the folder of the input, OUT that of the output,
        FILE the file that is damaged, MODEL the published weights, THROW keypoints for them.
    write: puts a good input into an empty folder.
    file: what is damaged there.
    out: what the command may change: the folder "out", or "in" where it goes on with a run.
    exit_code: for good input; 1 where it is a part of a set, with which the command finds fault.
    """

    name: str
    main: Callable
    tokens: str
    write: Callable[[Path], object]
    file: str
    out: str = "out"
    exit_code: int = 0

    def command_line(self, sandbox: Path) -> list[str]:
        """Return the tokens for a sandbox."""
        places = {
            "IN": str(sandbox / "in"),
            "OUT": str(sandbox / "out"),
            "FILE": str(sandbox / "in" / self.file),
            "THROW": str(ROOT / "demo_data" / "throw.npz"),
            "MODEL": str(ROOT / "checkpoint" / "cmu_17k"),
        }
        tokens = []
        for token in self.tokens.split():
            head, slash, tail = token.partition("/")
            tokens.append(places.get(head, head) + slash + tail)
        return tokens


def write_set(folder: Path):
    """Write a tiny set of two people in the h5 layout."""
    write_human36(folder, subjects=(1, 9), actions=("Walking",), frames=3)


def _write_form(write: Callable, folder: Path, **options):
    """Write the set in another form into a folder."""
    work = folder.parent / "other form"
    h5 = forms.write_h5(work / "h5")
    write(work / "form", h5, **options)
    shutil.copytree(work / "form", folder, dirs_exist_ok=True)
    shutil.rmtree(work)


def write_cdf(folder: Path):
    _write_form(forms.write_cdf, folder, mono=False)


def write_videopose3d(folder: Path):
    _write_form(forms.write_videopose3d, folder)


def write_neutral(folder: Path):
    write_set(folder / "set")
    skeleton = get_skeleton("human36_17k")
    arrays = load_human36(folder / "set", (1, 9), skeleton, actions=("Walking",))
    forms.write_neutral(folder / "data.npz", arrays, skeleton.joints)
    shutil.rmtree(folder / "set")


def write_labels(folder: Path):
    """Write a label file with its photos and true poses."""
    (folder / "mine.json").write_text(json.dumps(label_content()))
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    for number in (0, 1):
        Image.fromarray(pixels).save(folder / f"im{number}.png")
    poses = np.random.default_rng(0).normal(0, 300, (2, 14, 3))
    names = label_content()["joint_names"]
    np.savez(folder / "truth.npz", pose_3d=poses, joint_names=np.array(names))


def write_bvh(folder: Path):
    for person in range(1, 5):
        for number in (1, 2):
            frames = test_motion.moving(60, seed=10 * person + number)
            test_motion.write_bvh(folder / f"0{person}_0{number}.bvh", frames)


def _train(folder: Path, write_data: Callable, main: Callable, tokens: str):
    """Put data and a run of one epoch into a folder, which goes on wherever the folder is copied.

    The run is told of its data by a relative path, as seen from a folder beside it.
    """
    stage = folder.parent / "stage"
    (stage / "work").mkdir(parents=True)
    (stage / "in").mkdir()
    write_data(stage / "in")
    with contextlib.chdir(stage / "work"), contextlib.redirect_stdout(io.StringIO()):
        assert main(tokens.replace("IN", "../in").split()) == 0
    shutil.copytree(stage / "in", folder, dirs_exist_ok=True)
    shutil.rmtree(stage)


def write_run(folder: Path):
    """Train on motion for an epoch; a second one is left to do."""
    _train(folder, lambda place: write_set(place / "data"), main_human36.main, _FIRST_EPOCH)


def write_photo_run(folder: Path):
    """Train on photos."""
    _train(folder, write_labels, main_lsp.main, _PHOTO_RUN)


def write_2018(folder: Path):
    test_load_2018.Example(supervised=False).write_2018(folder)
    shutil.copy(ROOT / "demo_data" / "throw.npz", folder / "throw.npz")


def write_answers(folder: Path):
    test_crowd.write_csv(folder / "a.csv")
    test_crowd.write_json(folder / "a.json")
    test_crowd.write_pickle(folder / "a.pkl")
    (folder / "poses.json").write_text(json.dumps(test_crowd.POSES))


def write_authors_results(folder: Path):
    records = test_results_2018.table_records(test_results_2018.TABLE_1_ROWS, with_best=True)
    test_results_2018.write_json(folder, "table_1/table_1_results.json", records)
    test_results_2018.write_json(folder, "fig_1d/fig_1d_results.json", test_results_2018.FIG_1D)
    records = test_results_2018.fig_4d_records()
    test_results_2018.write_json(folder, "fig_4d/fig_4d_results.json", records)


def write_results(folder: Path):
    """Copy finished results, the folders of runs."""
    shutil.copytree(ROOT / "tests/results/synthetic/fig_4d", folder / "synthetic/fig_4d")


def write_layout(folder: Path):
    test_keypoints.write_npy(folder)
    (folder / "layout.json").write_text(json.dumps(list(get_skeleton("lsp_14k").joints)))
    np.save(folder / "k.npy", test_keypoints.body(get_skeleton("lsp_14k").joints, frames=2))


SMALL = "--linear_size 16 --threads 1 --no-save_ims"
SMALL_RUN = f"{SMALL} --actions Walking --train_subjects 1 --test_subjects 9"
_H5 = "S1/MyPoses/3D_positions/Walking.h5"
_DETECTIONS = "S1/StackedHourglassFineTuned240/Walking.54138969.h5"
_CDF = "S1/MyPoseFeatures/D3_Positions/TakingPhoto.cdf"
_TRAIN = f"--data_dir IN --ckpt OUT --exp run --epochs 1 {SMALL_RUN}"
_FIRST_EPOCH = f"--data_dir ../in/data --ckpt IN/runs --exp run --epochs 1 {SMALL_RUN}"
_ON = _FIRST_EPOCH.replace("--epochs 1", "--epochs 2")
_PHOTO_RUN = f"--annotations IN/mine.json --ckpt IN/runs --exp run --epochs 1 {SMALL}"
_LABELS = f"--annotations IN/mine.json --ckpt OUT --exp run --epochs 1 {SMALL}"
_LIFT = "FILE --checkpoint MODEL --out OUT --pictures 0 --device cpu"
_LIFT_BY_RUN = _LIFT.replace("FILE", "THROW").replace("MODEL", "IN/runs/run")
_TEST_RUN = f"--data_dir IN/data --ckpt OUT --exp new --load IN/runs/run --eval_only {SMALL_RUN}"
_OF_2018 = "IN/throw.npz --checkpoint IN --out OUT --pictures 0 --device cpu"
_MERGE = "FILE --poses IN/poses.json --out OUT/labels.json"
_DETECTED = "--train_noise_type_2d detections --test_noise_type_2d detections"
_SHG = f"{_TRAIN} --dataset_type shg_16k {_DETECTED}"

KINDS = (
    Kind("h5 motion", check_data.main, "IN", write_set, _H5, exit_code=1),
    Kind("h5 cameras", check_data.main, "IN", write_set, "cameras.h5", exit_code=1),
    Kind("h5 detections", check_data.main, "IN", write_set, _DETECTIONS, exit_code=1),
    Kind(
        "h5 motion, converted", check_data.main, "IN --convert OUT/set", write_set, _H5, exit_code=1
    ),
    Kind("h5 motion, trained on", main_human36.main, _TRAIN, write_set, _H5),
    Kind("h5 cameras, trained on", main_human36.main, _TRAIN, write_set, "cameras.h5"),
    Kind("h5 detections, trained on", main_human36.main, _SHG, write_set, _DETECTIONS),
    Kind("cdf", check_data.main, "IN", write_cdf, _CDF, exit_code=1),
    Kind("metadata.xml", check_data.main, "IN", write_cdf, "metadata.xml", exit_code=1),
    Kind(
        "VideoPose3D 3D", check_data.main, "IN", write_videopose3d, "data_3d_h36m.npz", exit_code=1
    ),
    Kind(
        "VideoPose3D 2D",
        check_data.main,
        "IN",
        write_videopose3d,
        "data_2d_h36m_sh_ft_h36m.npz",
        exit_code=1,
    ),
    Kind("neutral npz", check_data.main, "FILE", write_neutral, "data.npz"),
    Kind(
        "neutral npz, trained on",
        main_human36.main,
        _TRAIN.replace("IN", "FILE"),
        write_neutral,
        "data.npz",
    ),
    Kind("labels", check_data.main, "FILE", write_labels, "mine.json"),
    Kind("labels, trained on", main_lsp.main, _LABELS, write_labels, "mine.json"),
    Kind("truth", main_lsp.main, f"{_LABELS} --truth FILE", write_labels, "truth.npz"),
    Kind("photo", main_lsp.main, f"{_LABELS} --save_ims --data_dir IN", write_labels, "im0.png"),
    Kind("keypoints npy", run_model.main, _LIFT, test_keypoints.write_npy, "k.npy"),
    Kind("keypoints npz", run_model.main, _LIFT, test_keypoints.write_npz, "own.npz"),
    Kind(
        "keypoints csv",
        run_model.main,
        f"{_LIFT} --format csv json",
        test_keypoints.write_csv,
        "k.csv",
    ),
    Kind("COCO", run_model.main, _LIFT, test_keypoints.write_coco, "coco.json"),
    Kind("AlphaPose", run_model.main, _LIFT, test_keypoints.write_alphapose, "alpha.json"),
    Kind("MMPose", run_model.main, _LIFT, test_keypoints.write_mmpose, "mm.json"),
    Kind(
        "OpenPose",
        run_model.main,
        _LIFT.replace("FILE", "IN/openpose"),
        test_keypoints.write_openpose_25,
        "openpose/video_000000000000_keypoints.json",
    ),
    Kind(
        "VideoPose3D keypoints", run_model.main, _LIFT, test_keypoints.write_videopose3d, "vp.npz"
    ),
    Kind(
        "joints.mat",
        run_model.main,
        f"{_LIFT} --layout lsp_14k",
        test_keypoints.write_joints_mat,
        "joints.mat",
    ),
    Kind(
        "layout",
        run_model.main,
        _LIFT.replace("FILE", "IN/k.npy --layout FILE"),
        write_layout,
        "layout.json",
    ),
    Kind("BVH", convert_bvh.main, "IN --out OUT/set", write_bvh, "01_01.bvh"),
    Kind("BVH, listed", convert_bvh.main, "FILE --list", write_bvh, "01_01.bvh"),
    Kind("checkpoint, lifted with", run_model.main, _LIFT_BY_RUN, write_run, "runs/run/last.pt"),
    Kind(
        "checkpoint, gone on with", main_human36.main, _ON, write_run, "runs/run/last.pt", out="in"
    ),
    Kind("checkpoint, loaded", main_human36.main, _TEST_RUN, write_run, "runs/run/last.pt"),
    Kind(
        "checkpoint of photos",
        main_lsp.main,
        f"{_LABELS} --load IN/runs/run",
        write_photo_run,
        "runs/run/last.pt",
    ),
    Kind("options", main_human36.main, _ON, write_run, "runs/run/options.json", out="in"),
    Kind("log, gone on with", main_human36.main, _ON, write_run, "runs/run/log.csv", out="in"),
    Kind(
        "finished result",
        main_human36.main,
        _FIRST_EPOCH,
        write_run,
        "runs/run/result.json",
        out="in",
    ),
    Kind(
        "results",
        collect.main,
        "fig_4d --ckpt IN",
        write_results,
        "synthetic/fig_4d/ours_0/seed_0/result.json",
    ),
    Kind("checkpoint of 2018", run_model.main, _OF_2018, write_2018, "test_ckpt_last.pth.tar"),
    Kind("options of 2018", run_model.main, _OF_2018, write_2018, "opt.json"),
    Kind("answers csv", merge_answers.main, _MERGE, write_answers, "a.csv"),
    Kind("answers json", merge_answers.main, _MERGE, write_answers, "a.json"),
    Kind("answers pickle", merge_answers.main, _MERGE, write_answers, "a.pkl"),
    Kind(
        "poses of answers",
        merge_answers.main,
        _MERGE.replace("FILE", "IN/a.csv"),
        write_answers,
        "poses.json",
    ),
    Kind(
        "the authors' table",
        collect.main,
        "table_1 --ckpt IN --dataset authors_2018",
        write_authors_results,
        "table_1/table_1_results.json",
    ),
)
