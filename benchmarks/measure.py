"""The benchmarks by name. Each says what it measures and what its floor is, and returns rows."""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.floors import BYTES_PER_FLOAT, matrix_products, memory_traffic
from benchmarks.timing import Row, rows_beside_floor
from benchmarks.training import (
    Training,
    engine_step,
    make_training,
    plain_step,
    run_epoch,
    save_new_run,
    use_torch_dropout,
    use_torch_linear,
)
from opts.human36 import parse_options
from src import lifting
from src.data.synthetic.motion import write_synthetic
from src.keypoints.files import read_keypoints
from src.keypoints.layouts import get_layout
from src.labels import RelativeLabels
from src.lifted_files import write_npz
from src.lifter import Lifter
from src.metrics import aligned_joint_errors
from src.training import build
from src.training.engine import LiftingModel, predict
from src.training.evaluation import evaluate_motion
from src.training.run_folder import RunFolder

PRESETS = ("ours", "supervised")
STEP_FLOOR = "sgemm forward, backward"
NUM_JOINTS = 17

# How much is worked on. The tests make all of it small.
STEP_BATCHES = 50  # batches of 64 that training steps go through in a circle
EPOCH_STEPS = 500
TEST_FRAMES = 16384
TEST_FRAMES_ONE_BY_ONE = 256
KEYPOINT_FRAMES = 200_000
ERROR_FRAMES = 65536
LABEL_FRAMES = 1_560_000  # those of Human3.6M's training subjects
# Frames in each of the 15 x 2 motions of 7 subjects, seen by 4 cameras: 2.1 million poses.
FRAMES_PER_MOTION = 2500


def train_step() -> list[Row]:
    """Measure a training step of 64 frames, for both presets.

    Rows: the engine's step; the plain one, see `plain_step`; the floor's products done by MKL; and
    the memory traffic that Adam cannot do without.

    The floor is the matrix products of the step alone, by the library that the network uses.
    """
    rows = []
    for preset in PRESETS:
        training = _training_of_steps(preset)
        plain_training = _training_of_steps(preset)
        network = training.model.network
        num_parameters = sum(parameter.numel() for parameter in network.parameters())
        # Adam reads weights, gradients and two moments, and writes weights and moments.
        adam_bytes = 7 * BYTES_PER_FLOAT * num_parameters
        by_mkl = matrix_products(network, 64, backward=True, one_dnn=False)
        functions = {
            f"train step, {preset}": engine_step(training),
            f"plain step, {preset}": plain_step(plain_training),
            f"products alone, by MKL, {preset}": by_mkl,
            f"Adam's memory traffic alone, {preset}": memory_traffic(adam_bytes),
        }
        products = matrix_products(network, 64, backward=True)
        rows += rows_beside_floor(functions, products, STEP_FLOOR, frames=64, turns=60)
    return rows


def epoch() -> list[Row]:
    """Measure an epoch as a run does it, checkpoints and log written, for both presets.

    The floor is its training steps alone: the share tells how much everything round them costs.
    """
    rows = []
    for preset in PRESETS:
        training = make_training(["--preset", preset], frames=64 * EPOCH_STEPS)
        step = engine_step(make_training(["--preset", preset], frames=64 * EPOCH_STEPS))
        rows += _epoch_beside_its_steps(training, step, f"epoch of {EPOCH_STEPS} steps, {preset}")
    return rows


def _epoch_beside_its_steps(training: Training, step: Callable, name: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as path, RunFolder(path) as folder:

        def whole_epoch():
            run_epoch(training, folder)

        def bare_steps():
            for _ in range(EPOCH_STEPS):
                step()

        return rows_beside_floor(
            {name: whole_epoch},
            bare_steps,
            "its steps",
            frames=64 * EPOCH_STEPS,
            turns=5,
            calls=1,
        )


def lifting_of_single_poses() -> list[Row]:
    """Measure lifting, and testing, one pose at a time.

    The floor is the matrix products of the network.
    """
    return _lift_in_batches(1, TEST_FRAMES_ONE_BY_ONE)


def test_pass() -> list[Row]:
    """Measure lifting, and a test pass, in batches of 64 and of 1024.

    A test pass lifts all poses, computes all three errors and their means.

    The floor is the matrix products of the network.
    """
    return _lift_in_batches(64, TEST_FRAMES) + _lift_in_batches(1024, TEST_FRAMES)


def _lift_in_batches(batch_size: int, frames: int) -> list[Row]:
    training = make_training([], frames=frames)
    model = training.model
    test_data = training.test_data

    def lift():
        predict(model, test_data.inputs, batch_size)

    def test():
        evaluate_motion(model, test_data, batch_size)

    products_of_batch = matrix_products(model.network, batch_size, backward=False)

    def products():
        for _ in range(frames // batch_size):
            products_of_batch()

    functions = {
        f"lifting, batches of {batch_size}": lift,
        f"test pass, batches of {batch_size}": test,
    }
    return rows_beside_floor(
        functions,
        products,
        "sgemm forward",
        frames=frames,
        turns=9,
        calls=1,
    )


def own_keypoints() -> list[Row]:
    """Measure what run_model.py does: one pose through a loaded `Lifter`, and a file to a file.

    The floor of one pose is the matrix products of the network; that of a file is the bare network
    on the same poses.
    """
    training = make_training([], frames=1024)
    rng = np.random.default_rng(0)
    poses = rng.normal(0, 75, (KEYPOINT_FRAMES, NUM_JOINTS, 2)).astype(np.float32)
    with tempfile.TemporaryDirectory() as path, RunFolder(path) as folder:
        save_new_run(training, folder, row={"epoch": 1, "step": 0})
        lifter = Lifter.load(path, "cpu")
        keypoints_path = Path(path) / "poses.npy"
        np.save(keypoints_path, poses)

        def lift_one_pose():
            lifter(poses[:1])

        def from_file_to_file():
            keypoints = read_keypoints(keypoints_path, get_layout("human36_17k"))
            lifted = lifting.lift_all(keypoints, lifter, rescale="auto")
            results = lifting.collect_results(keypoints, lifted, lifter, source="")
            write_npz(Path(path) / "poses_3d.npz", results)

        inputs = torch.from_numpy(poses)

        def bare_network():
            predict(lifter.model, inputs, 1024)

        products = matrix_products(training.model.network, 1, backward=False)
        one_pose = rows_beside_floor({"Lifter, one pose": lift_one_pose}, products, "sgemm forward")
        whole_file = rows_beside_floor(
            {"npy to npz": from_file_to_file},
            bare_network,
            "the bare network",
            frames=KEYPOINT_FRAMES,
            turns=3,
            calls=1,
        )
    return one_pose + whole_file


def procrustes() -> list[Row]:
    """Measure all three errors of predictions that are there already.

    The floor is moving through memory what goes in (two poses) and comes out (a pose and errors).
    """
    # In: prediction and target, 3 numbers per joint each. Out: 3 of the aligned pose and 3 errors.
    num_bytes = ERROR_FRAMES * NUM_JOINTS * (3 + 3 + 3 + 3) * BYTES_PER_FLOAT
    return rows_beside_floor(
        {"all three errors": error_computation(ERROR_FRAMES)},
        memory_traffic(num_bytes),
        "memory traffic",
        frames=ERROR_FRAMES,
        turns=9,
        calls=1,
    )


def error_computation(frames: int) -> Callable[[], object]:
    """Return a function that computes all three errors of so many random poses."""
    target = torch.randn(frames, NUM_JOINTS, 3) * 300
    prediction = target + torch.randn(frames, NUM_JOINTS, 3) * 50

    def compute_errors():
        return aligned_joint_errors(prediction, target)

    return compute_errors


def labels() -> list[Row]:
    """Measure choosing the pairs of Human3.6M's training frames, and an epoch's visit to them.

    The floor is moving through memory what goes in (depths) and comes out (pairs and labels).
    """
    functions = {}
    for num_pairs, noise in ((1, 0), (17, 0), ("all", 0), ("all", "mturk")):
        name = f"labels, {num_pairs} per frame, noise {noise}"
        functions[name] = label_sampling(LABEL_FRAMES, num_pairs, noise)
    # In: the depths. Out: a pair of joints, 8 bytes each, and a label of 1 byte.
    num_bytes = LABEL_FRAMES * (NUM_JOINTS * BYTES_PER_FLOAT + 2 * 8 + 1)
    return rows_beside_floor(
        functions,
        memory_traffic(num_bytes),
        "memory traffic",
        frames=LABEL_FRAMES,
        turns=5,
        calls=1,
    )


def label_sampling(
    frames: int, num_pairs: int | str, noise: float | str = 0
) -> Callable[[], object]:
    """Return a function that chooses the pairs of so many frames, and visits each frame once.

    num_pairs, noise: as `RelativeLabels.draw` takes them.
    """
    depth = np.random.default_rng(0).normal(0, 200, (frames, NUM_JOINTS)).astype(np.float32)

    def draw_and_visit():
        relative_labels = RelativeLabels.draw(
            depth,
            num_pairs,
            noise=noise,
            tolerance_mm=0,
            pairs_rng=np.random.default_rng(0),
            flips_rng=np.random.default_rng(0),
        )
        return relative_labels.visit(np.random.default_rng(0))

    return draw_and_visit


def loading() -> list[Row]:
    """Measure loading Human3.6M's number of poses from h5 files, see `load_synthetic_set`."""
    return load_synthetic_set(FRAMES_PER_MOTION)


def load_synthetic_set(frames_per_motion: int) -> list[Row]:
    """Measure loading training and test subjects from h5 files to the arrays that training takes.

    A synthetic set is written first; that is not part of the time, and leaves the files in the
    cache. The floor is moving the bytes of files and arrays through memory.
    """
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        write_synthetic(data_dir, frames=frames_per_motion, seed=0)
        options, _ = parse_options(["--data_dir", str(data_dir)])

        def load():
            return build.load_poses(options, "train"), build.load_poses(options, "test")

        frames = 0
        num_bytes = 0
        for arrays in load():
            frames += len(arrays)
            num_bytes += arrays.pose_2d.nbytes + arrays.pose_3d.nbytes
        for path in data_dir.glob("S*/MyPoses/3D_positions/*.h5"):
            num_bytes += path.stat().st_size
        return rows_beside_floor(
            {"loading, files cached": load},
            memory_traffic(num_bytes),
            "memory traffic",
            frames=frames,
            turns=3,
            calls=1,
        )


def tries() -> list[Row]:
    """Measure the training step with one thing changed, for both presets.

    What the changes are, and what came of them, stands in the README.

    The floor is that of `train_step`.
    """
    rows = []
    for preset in PRESETS:
        training = _training_of_steps(preset)
        with_torch_dropout = _training_of_steps(preset)
        use_torch_dropout(with_torch_dropout.model.network)
        with_torch_linear = _training_of_steps(preset)
        use_torch_linear(with_torch_linear.model.network)
        functions = {
            f"{preset}, as it is": engine_step(training),
            f"{preset}, torch's dropout": engine_step(with_torch_dropout),
            f"{preset}, torch's linear layers (MKL)": engine_step(with_torch_linear),
        }
        if shutil.which("g++"):  # torch.compile needs a C++ compiler
            start = time.perf_counter()
            functions[f"{preset}, torch.compile, torch's dropout"] = _compiled_step(preset)
            starting_up = Row(
                name=f"{preset}, torch.compile, starting up",
                seconds=time.perf_counter() - start,
                spread=0,
                floor=None,
                floor_is="",
                frames=1,
            )
            rows.append(starting_up)
        products = matrix_products(training.model.network, 64, backward=True)
        rows += rows_beside_floor(functions, products, STEP_FLOOR, frames=64, turns=60)
    return rows


def _training_of_steps(preset: str) -> Training:
    return make_training(["--preset", preset], frames=64 * STEP_BATCHES)


def _compiled_step(preset: str) -> Callable[[], None]:
    """Return a step whose network and criterion torch.compile has compiled, after the first one."""
    training = _training_of_steps(preset)
    use_torch_dropout(training.model.network)  # torch.compile cannot draw random bits in place
    network = torch.compile(training.model.network)
    compiled = replace(
        training,
        model=LiftingModel(network, training.model.output_standardizer),
        criterion=torch.compile(training.criterion.__call__),
    )
    step = engine_step(compiled)
    step()
    return step


BENCHMARKS = {
    "train_step": train_step,
    "epoch": epoch,
    "lifting": lifting_of_single_poses,
    "test_pass": test_pass,
    "own_keypoints": own_keypoints,
    "procrustes": procrustes,
    "labels": labels,
    "loading": loading,
    "tries": tries,
}
