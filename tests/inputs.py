"""Good input of every kind that the commands read, to be damaged by the harness.

A new reader or command is a new line in `KINDS`: a name, the command, its tokens, what writes a
good input into a folder, and which of the files there is to be damaged.
"""

import contextlib
import importlib
import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from opts.command import run_command

import forms
import numpy as np
import test_crowd
import test_keypoints
import test_load_2018
import test_motion
import test_results_2018
import test_skeletons
from label_files import label_content
from miniature import write_human36
from PIL import Image

import main_human36
import main_lsp
import run_model
from benchmarks.__main__ import read_earlier
from benchmarks.table import comparison_line
from benchmarks.timing import Row
from opts.parsing import run_options
from paper_exps import collect, records, run
from paper_exps.plan import resolve
from src.data.human36.load import load_human36
from src.data.mocap.joint_names import CONVENTIONS
from src.data.mocap.manifest import COLUMNS
from src.data.synthetic.photos import make_content
from src.files import file_sha256
from src.skeletons import get_skeleton
from tools import check_data, convert_bvh, make_labels, merge_answers

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "paper_plots"))  # as when one of the scripts is run
RESULTS = ROOT / "tests" / "results"


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


def write_set_of_all(folder: Path):
    """Write a tiny set of all people."""
    write_human36(folder, actions=("Walking",), frames=3)


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


def write_listed_bvh(folder: Path):
    """Write clips and the manifest that lists them: person 04 tests."""
    write_bvh(folder)
    lines = ["clip,sha256,person,part,shows"]
    for path in sorted(folder.glob("*.bvh")):
        person = path.name[:2]
        part = "test" if person == "04" else "training"
        lines.append(f"{path.name},{file_sha256(path)},{person},{part},a walk")
    (folder / "manifest.csv").write_text("\n".join([*lines, ""]))


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


def write_synthetic_labels(folder: Path) -> dict:
    """Write labels of 20 photos that do not exist -> the file's content."""
    content, _ = make_content(get_skeleton("lsp_14k"), num_photos=20)
    (folder / "mine.json").write_text(json.dumps(content))
    return content


def write_photo_run(folder: Path):
    """Train on photos."""
    _train(folder, write_synthetic_labels, main_lsp.main, _PHOTO_RUN)


def write_2018(folder: Path):
    test_load_2018.Example(supervised=False).write_2018(folder)
    shutil.copy(ROOT / "demo_data" / "throw.npz", folder / "throw.npz")


def write_answers(folder: Path):
    test_crowd.write_csv(folder / "a.csv")
    test_crowd.write_json(folder / "a.json")
    test_crowd.write_pickle(folder / "a.pkl")
    (folder / "poses.json").write_text(json.dumps(test_crowd.POSES))


def write_authors_results(folder: Path):
    """Write result files as the authors' code of 2018 did."""
    records = test_results_2018.table_records(test_results_2018.TABLE_1_ROWS, with_best=True)
    test_results_2018.write_json(folder, "table_1/table_1_results.json", records)
    records_of_2 = test_results_2018.table_records(test_results_2018.TABLE_2_ROWS, with_best=False)
    test_results_2018.write_json(folder, "table_2/table_2_results.json", records_of_2)
    test_results_2018.write_json(folder, "fig_1d/fig_1d_results.json", test_results_2018.FIG_1D)
    for noise, content in (
        ("test_noise", test_results_2018.FIG_4C_TEST),
        ("train_test_noise", test_results_2018.FIG_4C_BOTH),
    ):
        file = f"fig_4c_{noise}/fig_4c_{noise}_results.json"
        test_results_2018.write_json(folder, file, content)
    for model in ("fully_supervised", "rel_supervised"):
        (folder / "fig_4ab" / model).mkdir(parents=True)
        errors_mm = np.random.default_rng(0).gamma(8, 5, (50, 17))
        np.save(folder / "fig_4ab" / model / "all_dist_proc.npy", errors_mm)
    records = test_results_2018.fig_4d_records()
    test_results_2018.write_json(folder, "fig_4d/fig_4d_results.json", records)


def write_results(folder: Path):
    """Copy finished results, the folders of runs, with predictions where figures need them."""
    shutil.copytree(RESULTS, folder, dirs_exist_ok=True)


def write_planned_row(folder: Path):
    """Write the files of a row of the paper that is finished."""
    row = resolve("table_1/ours", 0, human36_tokens=["--ckpt", str(folder)])
    row.folder.mkdir(parents=True)
    options = run_options(row.options)
    (row.folder / "options.json").write_text(json.dumps(options))
    result = json.loads(next(RESULTS.glob("synthetic/fig_4d/ours_0/seed_0/*.json")).read_text())
    result |= {"trained": True, "epoch": 25}
    (row.folder / "result.json").write_text(json.dumps(result))
    (row.folder / "last.pt").touch()


def write_log(folder: Path):
    (folder / "log.csv").write_text(
        "epoch,step,lr,total,root,l_test,pa_mpjpe_mm\n1,9,0.1,3,2,3,90\n2,18,0.1,2,1,2,\n"
    )


def write_answered_labels(folder: Path):
    """Write labels of photos, and answers of two people to some of them."""
    content = write_synthetic_labels(folder)
    answers = []
    for number, image in enumerate(content["images"][:5]):
        for label in image["anns"]:
            for name in ("ann", "bob"):
                answers.append(
                    {
                        "annotator": name,
                        "image": number,
                        "kp0": label["kp0"],
                        "kp1": label["kp1"],
                        "answer": label["label"],
                    }
                )
    (folder / "answers.json").write_text(json.dumps(answers))


def write_study(folder: Path):
    """Write a set, images of it that people were asked about, and their answers."""
    write_human36(folder / "set", subjects=(1, 9), actions=("Walking",), frames=3)
    joints = list(get_skeleton("human36_17k").joints)
    images = [
        {"id": 5, "s_id": 9, "frame": 2, "video": "Walking.54138969.mp4", "filename": "a.png"},
        {"id": 6, "s_id": 1, "frame": 0, "video": "Walking.60457274.mp4", "filename": "a.png"},
    ]
    annotations = [{"id": 5, "kpts_2d": list(range(51))}]
    content = {"pose": [{"keypoints": joints}], "images": images, "annotations": annotations}
    (folder / "images.json").write_text(json.dumps(content))
    answers = []
    for annotator in ("ann", "bob"):
        for image in (5, 6):
            for kp0, kp1 in ((3, 16), (13, 2), (6, 5)):
                answer = {"annotator": annotator, "image": image, "kp0": kp0, "kp1": kp1}
                answers.append(answer | {"answer": 1})
    (folder / "answers.json").write_text(json.dumps(answers))
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(folder / "a.png")


def write_mapped_bvh(folder: Path):
    write_bvh(folder)
    (folder / "map.json").write_text(json.dumps(CONVENTIONS["poser"]))


def write_manifest(folder: Path):
    """Write clips, and the manifest that lists them."""
    (folder / "clips").mkdir()
    write_bvh(folder / "clips")
    lines = [",".join(COLUMNS)]
    for clip in sorted((folder / "clips").iterdir()):
        person = clip.name[:2]
        part = "test" if person == "04" else "training"
        lines.append(f"{clip.name},{file_sha256(clip)},{person},{part},a walk")
    (folder / "manifest.csv").write_text("\n".join([*lines, ""]))


def write_finished_row(folder: Path):
    """Write what `paper_exps.records` copies of a row."""
    place = "synthetic/fig_4ab/ours/seed_0"
    shutil.copytree(RESULTS / place, folder / place)
    options_path = folder / place / "options.json"
    options = json.loads(options_path.read_text())
    options_path.write_text(json.dumps(options | {"epochs": 1}))
    (folder / place / "environment.json").write_text('{"device": "cpu", "cpu_threads": 2}')
    write_log(folder / place)


def write_motion_and_skeleton(folder: Path):
    write_set(folder)
    skeleton = get_skeleton("human36_14k")
    names = skeleton.joints
    limbs = [[names[first], names[second]] for first, second in skeleton.limbs]
    content = {
        "name": "mine",
        "joints": list(names),
        "limbs": limbs,
        "root": names[skeleton.root],
        "unit_limb": limbs[skeleton.unit_limb],
        "masked_limbs": limbs[:1],
        "average_limb_lengths": [1.5] * len(limbs),
        "left_right": [["left_hip", "right_hip"], ["left_knee", "right_knee"]],
    }
    (folder / "mine.json").write_text(json.dumps(content))


def write_labels_and_skeleton(folder: Path):
    """Write labels on three joints, and the skeleton that they make."""
    content = label_content()
    content["joint_names"] = test_skeletons.LEGS["joints"]
    for image in content["images"]:
        image["keypoints"] = [10, 20, 30, 40, 55, 61]
        image["anns"] = [{"kp0": 0, "kp1": 2, "label": 1}, {"kp0": 1, "kp1": 2, "label": 0}]
        del image["occluded"]
    (folder / "labels.json").write_text(json.dumps(content))
    legs = test_skeletons.LEGS | {"average_limb_lengths": [1, 1.1]}
    (folder / "mine.json").write_text(json.dumps(legs))


def write_timings(folder: Path):
    row = {"name": "a step", "seconds": 0.004, "spread": 0.1}
    row |= {"floor": 0.002, "floor_is": "sgemm", "frames": 64}
    growth = {"name": "step, batch", "sizes": [16, 64], "seconds": [0.1, 0.4], "exponent": 1.0}
    content = {"torch": "2", "threads": 1, "rows": [row], "growth": [growth]}
    (folder / "earlier.json").write_text(json.dumps(content))


def compare_timings(argv) -> int:
    """Do what ``python -m benchmarks --compare`` does with a file, without its measurements."""

    def compare(path: str):
        rows = read_earlier(Path(path), {"torch": "2", "threads": 1})
        for name in rows:
            new_row = Row(name, seconds=0.004, spread=0, floor=0.002, floor_is="", frames=1)
            print(comparison_line(new_row, rows))

    return run_command(compare, *argv)


def figure(name: str) -> Callable:
    """Return the command of a figure's script."""
    return importlib.import_module(name).main


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
_FIGURE = "--results IN --out OUT"
_FIGURE_2018 = f"{_FIGURE} --dataset authors_2018"
_FIGURE_2 = f"{_FIGURE} --data IN/set --images IN/images.json --answers IN/answers.json --photos IN"
_FIGURE_3 = f"{_FIGURE} --data IN/mine.json --authors IN/answers.json"
_ROW = "synthetic/fig_4ab/ours/seed_0"
_PREDICTIONS = f"{_ROW}/predictions.npz"
_RECORDS = "--ckpt IN --out OUT"
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
    Kind(
        "manifest",
        convert_bvh.main,
        "IN --manifest FILE --out OUT/set",
        write_listed_bvh,
        "manifest.csv",
    ),
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
    Kind(
        "the authors' table 2",
        collect.main,
        "table_2 --ckpt IN --dataset authors_2018",
        write_authors_results,
        "table_2/table_2_results.json",
    ),
    Kind(
        "the authors' figure 1d",
        figure("fig_1d"),
        _FIGURE_2018,
        write_authors_results,
        "fig_1d/fig_1d_results.json",
    ),
    Kind(
        "the authors' figure 4a",
        figure("fig_4a"),
        _FIGURE_2018,
        write_authors_results,
        "fig_4ab/rel_supervised/all_dist_proc.npy",
    ),
    Kind(
        "the authors' figure 4c",
        figure("fig_4c"),
        _FIGURE_2018,
        write_authors_results,
        "fig_4c_test_noise/fig_4c_test_noise_results.json",
    ),
    Kind(
        "the authors' figure 4d",
        figure("fig_4d"),
        _FIGURE_2018,
        write_authors_results,
        "fig_4d/fig_4d_results.json",
    ),
    Kind(
        "figure 1d, a result",
        figure("fig_1d"),
        _FIGURE,
        write_results,
        "synthetic/fig_1d/ours_100_17/seed_0/result.json",
    ),
    Kind(
        "figure 1d, options",
        figure("fig_1d"),
        _FIGURE,
        write_results,
        "synthetic/fig_1d/ours_100_17/seed_0/options.json",
    ),
    Kind(
        "figure 4c, a result",
        figure("fig_4c"),
        _FIGURE,
        write_results,
        "synthetic/fig_4c/test_noise/ours_10/seed_0/result.json",
    ),
    Kind(
        "figure 4d, a result",
        figure("fig_4d"),
        _FIGURE,
        write_results,
        "synthetic/fig_4d/ours_0/seed_0/result.json",
    ),
    Kind("figure 4a, predictions", figure("fig_4a"), _FIGURE, write_results, _PREDICTIONS),
    Kind("figure 4b, predictions", figure("fig_4b"), _FIGURE, write_results, _PREDICTIONS),
    Kind("figure S3, predictions", figure("fig_s3"), _FIGURE, write_results, _PREDICTIONS),
    Kind(
        "moving picture, predictions",
        figure("h36_sequence"),
        f"{_FIGURE} --frames 1",
        write_results,
        _PREDICTIONS,
    ),
    Kind(
        "figure 5, predictions",
        figure("fig_5"),
        _FIGURE,
        write_results,
        "synthetic_photos/fig_5/ours_lsp/seed_0/predictions.npz",
    ),
    Kind(
        "figure 5, a result",
        figure("fig_5"),
        _FIGURE,
        write_results,
        "synthetic_photos/fig_5/ours_lsp/seed_0/result.json",
    ),
    Kind("curves", figure("training_curves"), "--run IN --out OUT", write_log, "log.csv"),
    Kind("figure 2, images", figure("fig_2"), _FIGURE_2, write_study, "images.json"),
    Kind("figure 2, answers", figure("fig_2"), _FIGURE_2, write_study, "answers.json"),
    Kind("figure 3, labels", figure("fig_3"), _FIGURE_3, write_answered_labels, "mine.json"),
    Kind("figure 3, answers", figure("fig_3"), _FIGURE_3, write_answered_labels, "answers.json"),
    Kind(
        "labels of a photo drawn",
        figure("lsp_annotations"),
        f"{_FIGURE} --data FILE --photos IN",
        write_labels,
        "mine.json",
    ),
    Kind(
        "result of a planned row",
        run.main,
        "table_1/ours --plan --ckpt IN",
        write_planned_row,
        "synthetic/table_1/ours/seed_0/result.json",
    ),
    Kind(
        "options of a planned row",
        run.main,
        "table_1/ours --plan --ckpt IN",
        write_planned_row,
        "synthetic/table_1/ours/seed_0/options.json",
    ),
    Kind("cdf, converted", check_data.main, "IN --convert OUT/set", write_cdf, _CDF, exit_code=1),
    Kind(
        "VideoPose3D, converted",
        check_data.main,
        "IN --convert OUT/set",
        write_videopose3d,
        "data_3d_h36m.npz",
        exit_code=1,
    ),
    Kind(
        "map of joints",
        convert_bvh.main,
        "IN --out OUT/set --joints FILE",
        write_mapped_bvh,
        "map.json",
    ),
    Kind(
        "map of joints, listed",
        convert_bvh.main,
        "IN/01_01.bvh --list --joints FILE",
        write_mapped_bvh,
        "map.json",
    ),
    Kind(
        "skeleton of motion",
        main_human36.main,
        f"{_TRAIN} --skeleton FILE",
        write_motion_and_skeleton,
        "mine.json",
    ),
    Kind(
        "skeleton of photos",
        main_lsp.main,
        f"{_LABELS.replace('mine', 'labels')} --skeleton FILE",
        write_labels_and_skeleton,
        "mine.json",
    ),
    Kind(
        "checkpoint of 2018, loaded",
        main_human36.main,
        f"{_TRAIN.replace('IN', 'synthetic')} --load IN --dataset_type human36_14k",
        write_2018,
        "test_ckpt_last.pth.tar",
    ),
    Kind(
        "options of photos",
        main_lsp.main,
        _PHOTO_RUN.replace("IN/mine", "../in/mine").replace("epochs 1", "epochs 2"),
        write_photo_run,
        "runs/run/options.json",
        out="in",
    ),
    Kind(
        "finished result of photos",
        main_lsp.main,
        _PHOTO_RUN.replace("IN/mine", "../in/mine"),
        write_photo_run,
        "runs/run/result.json",
        out="in",
    ),
    Kind(
        "manifest",
        convert_bvh.main,
        "IN/clips --out OUT/set --manifest FILE",
        write_manifest,
        "manifest.csv",
    ),
    Kind(
        "motion labelled",
        make_labels.main,
        "IN --out OUT --poses 6",
        write_set_of_all,
        _H5,
    ),
    Kind("record, result", records.main, _RECORDS, write_finished_row, f"{_ROW}/result.json"),
    Kind("record, options", records.main, _RECORDS, write_finished_row, f"{_ROW}/options.json"),
    Kind("record, log", records.main, _RECORDS, write_finished_row, f"{_ROW}/log.csv"),
    Kind(
        "record, environment",
        records.main,
        _RECORDS,
        write_finished_row,
        f"{_ROW}/environment.json",
    ),
    Kind(
        "record, predictions",
        records.main,
        _RECORDS,
        write_finished_row,
        f"{_ROW}/predictions.npz",
    ),
    Kind("earlier timings", compare_timings, "FILE", write_timings, "earlier.json"),
)
