"""The benchmarks by name: each measures and returns rows."""

import shutil
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch import nn

from benchmarks.by_hand import ByHand
from benchmarks.subjects import Subject, use_torch_dropout, use_torch_linear
from benchmarks.timing import Row, matrix_products, memory_traffic, rows
from opts.human36 import parse_options
from src import lifting
from src.data.synthetic.motion import write
from src.keypoints.files import read_keypoints
from src.keypoints.layouts import get_layout
from src.labels import RelativeLabels
from src.lifted_files import write_npz
from src.lifter import Lifter
from src.metrics import aligned_joint_errors
from src.model import Linear
from src.training import build, engine
from src.training.run_folder import RunFolder

PRESETS = ("ours", "supervised")
STEP_FLOOR = "sgemm forward, backward"
ONE_CALL = {"turns": 9, "calls": 1}  # of what takes long
FULL_FRAMES = 1_560_000  # of Human3.6M's training subjects
FULL_PER_MOTION = (
    2500  # frames, in the 15 x 2 motions of 7 subjects, seen by 4 cameras: 2.1 million poses
)


def both_presets(measure):
    """A benchmark that does ``measure`` for both presets."""
    return lambda: [row for preset in PRESETS for row in measure(preset)]


def train_step(preset: str) -> list[Row]:
    """A training step of 64, and the plain one."""
    subject, plain = (Subject("--preset", preset, frames=64 * 50) for _ in range(2))
    parameters = list(
        subject.network.parameters()
    )  # read with their gradients and moments, written with the moments
    functions = {
        f"train step, {preset}": subject.step(),
        f"plain step, {preset}": plain.plain_step(),
        f"products alone, by MKL, {preset}": matrix_products(
            subject.network, 64, backward=True, one_dnn=False
        ),
        f"Adam's memory traffic alone, {preset}": memory_traffic(
            7 * 4 * sum(p.numel() for p in parameters)
        ),
    }
    products = matrix_products(subject.network, 64, backward=True)
    return rows(functions, products, STEP_FLOOR, frames=64, turns=60)


def tries(preset: str) -> list[Row]:
    """The training step with one thing changed."""

    def changed(change=lambda network: None):
        subject = Subject("--preset", preset, frames=64 * 50)
        change(subject.network)
        return subject

    subject, found = changed(), []
    functions = {
        "as it is": subject.step(),
        "torch's dropout": changed(use_torch_dropout).step(),
        "torch's linear layers (MKL)": changed(use_torch_linear).step(),
        "torch's clip_grad_norm_": _clipped_by_torch(changed()),
    }
    if Linear.one_dnn:
        functions["all by hand"] = ByHand(changed())
    if shutil.which("g++"):
        subject = changed(use_torch_dropout)  # torch.compile cannot draw bits in place
        start = time.perf_counter()
        functions["torch.compile, torch's dropout"] = _compiled(subject)
        found = [
            Row(
                f"{preset}, torch.compile, starting up", time.perf_counter() - start, 0, None, "", 1
            )
        ]
    functions = {f"{preset}, {name}": function for name, function in functions.items()}
    products = matrix_products(subject.network, 64, backward=True)
    return found + rows(functions, products, STEP_FLOOR, frames=64, turns=60)


def _clipped_by_torch(subject: Subject):
    step = subject.step()

    def clip(optimizer, max_norm):
        optimizer.grad_scale = optimizer.found_inf = None
        return nn.utils.clip_grad_norm_(
            [p for group in optimizer.param_groups for p in group["params"]], max_norm
        )

    def clipped():
        with mock.patch.object(engine, "_clip", clip):
            step()

    return clipped


def _compiled(subject: Subject):
    model, criterion, optimizer = (
        subject.model,
        subject.trainee.criterion,
        subject.trainee.optimizer,
    )
    parts = (
        torch.compile(lambda inputs: model(inputs)),
        torch.compile(lambda *arguments: criterion(*arguments)),
    )
    subject.trainee = engine.Trainee(*parts, optimizer)
    step = subject.step()
    step()
    return step


def epoch(preset: str) -> list[Row]:
    """An epoch of a run, checkpoints and log written; the floor is its training steps alone."""
    steps, turns = 500, 5
    subject, other = (Subject("--preset", preset, frames=64 * steps) for _ in range(2))
    step = other.step()

    def bare_steps():
        for _ in range(steps):
            step()

    with tempfile.TemporaryDirectory() as folder, RunFolder(folder) as run:
        functions = {f"epoch of {steps} steps, {preset}": lambda: subject.epoch_of_a_run(run)}
        return rows(functions, bare_steps, "its steps", frames=64 * steps, turns=turns, calls=1)


def lift_batches(batch: int, frames: int) -> list[Row]:
    """Lifting keypoints to poses, errors left out."""
    subject = Subject(frames=frames)
    functions = {
        f"lifting, batches of {batch}": lambda: engine.predict(
            subject.model, subject.test_data.inputs, batch
        ),
        f"test pass, batches of {batch}": lambda: engine.predict_and_compare(
            subject.model, subject.test_data, batch
        ),
    }
    products = matrix_products(subject.network, batch, backward=False)

    def all_products():
        for _ in range(frames // batch):
            products()

    return rows(functions, all_products, "sgemm forward", frames=frames, **ONE_CALL)


def own_keypoints(frames: int = 200_000) -> list[Row]:
    """What run_model.py does: one pose through a loaded `Lifter`, and an npy of many poses to an npz."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        subject = Subject(frames=1024)
        state = {
            "epoch": 1,
            "network": subject.network.state_dict(),
            "data": {},
            "options": subject.options._asdict(),
        }
        torch.save({**state, "statistics": subject.statistics.state()}, folder / "last.pt")
        lifter = Lifter.load(folder, "cpu")
        poses = np.random.default_rng(0).normal(0, 75, (frames, 17, 2)).astype(np.float32)
        np.save(folder / "poses.npy", poses)
        one, inputs = poses[:1], torch.from_numpy(poses)

        def from_file_to_file():
            keypoints = read_keypoints(folder / "poses.npy", get_layout("human36_17k"))
            lifted = lifting.lift_all(keypoints, lifter, rescale="auto")
            results = lifting.collect_results(keypoints, lifted, lifter, source="")
            write_npz(folder / "poses_3d.npz", results)

        products = matrix_products(subject.network, 1, backward=False)
        found = rows({"Lifter, one pose": lambda: lifter(one)}, products, "sgemm forward")
        bare = {
            "floor": lambda: engine.predict(lifter.model, inputs, 1024),
            "floor_is": "the bare network",
        }
        return found + rows(
            {"npy to npz": from_file_to_file}, **bare, frames=frames, turns=3, calls=1
        )


def procrustes() -> list[Row]:
    """All three errors of predictions that are there already."""
    frames = 65536
    target = torch.randn(frames, 17, 3) * 300
    prediction = target + torch.randn(frames, 17, 3) * 50
    traffic = memory_traffic(
        frames * 17 * (3 + 3 + 3 + 3) * 4
    )  # two poses in, one pose and three errors out
    functions = {"all three errors": lambda: aligned_joint_errors(prediction, target)}
    return rows(functions, traffic, "memory traffic", frames=frames, **ONE_CALL)


def label_sampling(frames: int, num_pairs, noise=0):
    """A function that chooses the pairs of so many frames and visits them once."""
    depth = np.random.default_rng(0).normal(0, 200, (frames, 17)).astype(np.float32)

    def sample():
        rngs = {name: np.random.default_rng(0) for name in ("pairs_rng", "flips_rng")}
        RelativeLabels.draw(depth, num_pairs, noise=noise, tolerance_mm=0, **rngs).visit(
            np.random.default_rng(0)
        )

    return sample


def labels() -> list[Row]:
    """Choosing the pairs of Human3.6M's training frames, and an epoch's visit to them."""
    functions = {
        f"labels, {num_pairs} per frame, noise {noise}": label_sampling(
            FULL_FRAMES, num_pairs, noise
        )
        for num_pairs, noise in ((1, 0), (17, 0), ("all", 0), ("all", "mturk"))
    }
    traffic = memory_traffic(FULL_FRAMES * (17 * 4 + 2 * 8 + 1))  # depth in, pairs and labels out
    return rows(functions, traffic, "memory traffic", frames=FULL_FRAMES, turns=5, calls=1)


def loading(frames_per_motion: int = FULL_PER_MOTION, turns: int = 3) -> list[Row]:
    """Training and test subjects from h5 files to the arrays that training starts from; the set is written first."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir, loaded = Path(folder) / "data", []
        write(data_dir, frames=frames_per_motion, seed=0)
        options, _ = parse_options(["--data_dir", str(data_dir)])

        def load():
            loaded[:] = [build.load_poses(options, part) for part in ("train", "test")]

        load()
        frames = sum(map(len, loaded))
        size = sum(path.stat().st_size for path in data_dir.glob("S*/MyPoses/3D_positions/*.h5"))
        size += sum(arrays.pose_2d.nbytes + arrays.pose_3d.nbytes for arrays in loaded)
        return rows(
            {"loading, files cached": load},
            memory_traffic(size),
            "memory traffic",
            frames=frames,
            turns=turns,
            calls=1,
        )


BENCHMARKS = {
    "train_step": both_presets(train_step),
    "epoch": both_presets(epoch),
    "lifting": lambda: lift_batches(1, 256),
    "test_pass": lambda: lift_batches(64, 16384) + lift_batches(1024, 16384),
    "own_keypoints": own_keypoints,
    "procrustes": procrustes,
    "labels": labels,
    "loading": loading,
    "tries": both_presets(tries),
}
