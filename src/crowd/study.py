"""A user study on poses with known 3D: what annotators answered, and how deep the joints truly are."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from src.crowd import merging as crowd
from src.crowd.answers import Answers, read_answers
from src.data.human36.folder import rename
from src.data.human36.forms import open_source
from src.data.photos import read_json
from src.data.synthetic.motion import SUBJECTS, make_cameras, make_motion
from src.errors import InputError
from src.labels import draw_pairs, joint_pairs
from src.skeletons import HUMAN36_JOINTS, get_skeleton


@dataclass(frozen=True, eq=False)
class Study:
    """Answers on I images of K joints. level_cm, camera_cm (I,K): depth along the floor, as if the camera were not
    tilted, and along its axis; pose_2d (I,K,2) px; joints: K names; name: of the data."""

    answers: Answers
    level_cm: np.ndarray
    camera_cm: np.ndarray
    pose_2d: np.ndarray
    joints: tuple[str, ...]
    name: str

    def gap_cm(self, depth: np.ndarray, image: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """How much closer the second joint of pairs (A,2) is than the first, by a depth (I,K)."""
        return depth[image, pairs[:, 0]] - depth[image, pairs[:, 1]]


def _study(answers: Answers, seen: list, joints, name: str) -> Study:
    """seen: per image world points (K,3) mm, the camera, pixels (K,2) where they are not the points' projection."""
    level = np.stack([camera.level_depth(world) / 10 for world, camera, _ in seen])
    true = np.stack([camera.world_to_camera(world)[:, 2] / 10 for world, camera, _ in seen])
    pose_2d = [
        camera.project(world) if pixels is None else pixels for world, camera, pixels in seen
    ]
    return Study(answers, level, true, np.stack(pose_2d), tuple(joints), name)


def simulated_study(seed: int, *, images: int = 150, pairs: int = 10) -> Study:
    """Synthetic motion seen by synthetic cameras, answered by simulated annotators, who judge depth along the floor."""
    rng, skeleton, cameras = (
        np.random.default_rng(seed),
        get_skeleton("human36_17k"),
        list(make_cameras(seed).values()),
    )
    seen = []
    for _ in range(images):
        subject, name = (
            rng.choice(SUBJECTS),
            rng.choice(["Directions", "Eating", "Posing", "Walking", "SittingDown"]),
        )
        world = make_motion(int(subject), str(name), str(name), frames=25, seed=seed).world[
            rng.integers(25)
        ]
        seen.append(
            (world[list(skeleton.human36_indices)], cameras[rng.integers(len(cameras))], None)
        )
    joints = joint_pairs(17)[draw_pairs(images, 17, pairs, rng=rng).T]
    study = _study(None, seen, skeleton.joints, "SYNTHETIC data (simulated annotators)")
    level = np.take_along_axis(study.level_cm, joints.reshape(images, -1), axis=1).reshape(
        joints.shape
    )
    made = crowd.simulate(level[..., 0] - level[..., 1], rng)
    return replace(study, answers=replace(made, pairs=joints[made.image, made.pairs[:, 0] // 2]))


def load_study(answer_files, truth_file, data_dir) -> Study:
    """The authors' pickles (or csv, json), their truth json, and Human3.6M's h5 files. Raises InputError."""
    truth, answers = read_json(truth_file), read_answers(answer_files)
    try:
        joints = [str(name) for name in truth["pose"][0]["keypoints"]]
        records = {
            str(i["id"]): (int(i["s_id"]), int(i["frame"]), *i["video"].split(".")[:2])
            for i in truth["images"]
        }
        pixels = {str(a["id"]): a["kpts_2d"] for a in truth["annotations"]}
        indices = [HUMAN36_JOINTS.index(name) for name in joints]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        expected = "expected pose, images and annotations with Human3.6M's joints"
        raise InputError(f"{truth_file}: {expected} ({error})") from None
    source, seen = open_source(data_dir), []
    for image in answers.images:
        if image not in records:
            raise InputError(f"{truth_file}: has no image {image}, which the answers name")
        subject, frame, action, camera = records[image]
        name, known = (
            rename(action),
            (subject, camera) in source.cameras and rename(action) in source.motions(subject),
        )
        world = source.world(subject, name) if known else ()
        if not 0 <= frame < len(world):
            where = f"{data_dir}: no frame {frame} of S{subject} {name} seen by camera {camera}"
            raise InputError(f"{where}, which image {image} of {truth_file} names")
        given = np.asarray(pixels.get(image, ()), dtype=float)
        fits = given.size and given.size % len(joints) == 0
        own = given.reshape(len(joints), -1)[:, :2] if fits else None
        seen.append((world[frame, indices], source.cameras[subject, camera], own))
    return _study(answers, seen, joints, f"Human3.6M ({Path(data_dir).name})")
