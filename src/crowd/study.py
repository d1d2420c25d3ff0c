"""The paper's study of human performance: answers about poses whose true depth is known.

Its findings are computed in `src.crowd.findings`.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from src.cameras import Camera
from src.crowd.answers import Answers, read_answers
from src.crowd.simulation import simulate
from src.data.human36.folder import rename
from src.data.human36.forms import open_source
from src.data.photos import read_json
from src.data.synthetic.motion import SUBJECTS, make_cameras, make_motion
from src.errors import InputError, listed, shortened, shown
from src.labels import draw_pairs, joint_pairs
from src.skeletons import HUMAN36_JOINTS, get_skeleton

_SIMULATED_ACTIONS = ("Directions", "Eating", "Posing", "Walking", "SittingDown")
_SIMULATED_FRAMES = 25  # of every motion, one of which becomes an image


@dataclass(frozen=True, eq=False)
class Study:
    """Answers about I images of a person with K joints.

    level_cm (I,K): depth along the floor, as if the camera were not tilted (`Camera.level_depth`),
        or what the 2018 code took for it (`Camera.level_depth_2018`).
    camera_cm (I,K): depth along the axis of the camera, as a network estimates it.
    pose_2d (I,K,2): the joints in px. joints: their K names. name: of the data, for titles.
    files: the I paths of the photos in their folder, "" for one that nobody named. Simulated images
    have names too, but no photos.
    """

    answers: Answers
    level_cm: np.ndarray
    camera_cm: np.ndarray
    pose_2d: np.ndarray
    joints: tuple[str, ...]
    name: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class _ImageRecord:
    """What the json of the study's images says about one of them."""

    subject: int
    action: str
    camera: str
    frame: int
    file: str
    keypoints_px: np.ndarray


def gaps_cm(depth_cm: np.ndarray, image: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Compute by how many cm the second joint of each pair is closer than the first: (A,).

    depth_cm (I,K): one of the two depths of a study. image (A,): indices of images.
    pairs (A,2): joints.
    """
    return depth_cm[image, pairs[:, 0]] - depth_cm[image, pairs[:, 1]]


def simulated_study(seed: int, *, images: int = 150, pairs: int = 10) -> Study:
    """Simulate a study: synthetic motion, synthetic cameras, and simulated annotators.

    There are as many ``images``, with as many ``pairs`` of joints each, of which one or the other
    joint is shown first, to all annotators alike. They judge depth along the floor.
    """
    rng = np.random.default_rng(seed)
    skeleton = get_skeleton("human36_17k")
    all_cameras = list(make_cameras(seed).values())
    poses = []
    cameras = []
    for _ in range(images):
        pose = _draw_pose(rng, seed)
        poses.append(pose[list(skeleton.human36_indices)])
        cameras.append(all_cameras[rng.integers(len(all_cameras))])
    level_cm = _level_cm(poses, cameras)

    drawn = draw_pairs(images, skeleton.num_joints, pairs, rng=rng)
    joints = joint_pairs(skeleton.num_joints)[drawn.T]  # (I,P,2), the smaller number first
    is_turned = rng.random((images, pairs, 1)) < 0.5
    joints = np.where(is_turned, joints[..., ::-1], joints)
    image = np.arange(images).repeat(pairs)
    gap_cm = gaps_cm(level_cm, image, joints.reshape(-1, 2)).reshape(images, pairs)
    answers = simulate(gap_cm, rng)
    # Simulated answers number the pairs of an image (0, 1), (2, 3), ...
    answers = replace(answers, pairs=joints[answers.image, answers.pairs[:, 0] // 2])
    return Study(
        answers=answers,
        level_cm=level_cm,
        camera_cm=_camera_cm(poses, cameras),
        pose_2d=_project(poses, cameras),
        joints=tuple(skeleton.joints),
        name="SYNTHETIC data (simulated annotators)",
        files=answers.images,
    )


def _draw_pose(rng: np.random.Generator, seed: int) -> np.ndarray:
    """Draw a pose (32,3) in world mm from the synthetic motions."""
    subject = int(rng.choice(SUBJECTS))
    action = str(rng.choice(_SIMULATED_ACTIONS))
    motion = make_motion(subject, action, action, frames=_SIMULATED_FRAMES, seed=seed)
    return motion.world[rng.integers(_SIMULATED_FRAMES)]


def load_study(answer_files, images_file, data_dir, *, depth_2018: bool = False) -> Study:
    """Read the study of the authors: answers, the json that tells their images, and Human3.6M.

    answer_files: the authors' pickles, csv or json (`src.crowd.answers.read_answers`).
    images_file: json with ``pose`` (names of the joints), ``images`` (id, s_id, frame, video, and
    perhaps filename, the photo's) and ``annotations`` (id and kpts_2d, in px; an image without them
    gets the projected pose).
    data_dir: a folder of Human3.6M, which gives the depth.
    depth_2018: whether level depth is computed as the 2018 code did, to compare with its numbers.

    Raises InputError for a file that is damaged, and for answers about images or joints that are
    not there.
    """
    joints, records = _read_images_file(images_file)
    answers = read_answers(answer_files)
    largest_joint = answers.pairs.max()
    if largest_joint >= len(joints):
        raise InputError(
            f"{images_file}: has {len(joints)} joints, counted from 0, and no joint "
            f"{largest_joint}, which the answers name"
        )
    joint_indices = [HUMAN36_JOINTS.index(name) for name in joints]
    source = open_source(data_dir)
    poses = []
    cameras = []
    for image in answers.images:
        if image not in records:
            raise InputError(
                f"{images_file}: has no image {shortened(image)}, which the answers name"
            )
        record = records[image]
        pose = _find_pose(source, record)
        if pose is None:
            raise InputError(
                f"{data_dir}: no frame {record.frame} of S{record.subject} "
                f"{shortened(rename(record.action))} seen by camera {shortened(record.camera)}, "
                f"which image {shortened(image)} of {images_file} names"
            )
        poses.append(pose[joint_indices])
        cameras.append(source.cameras[record.subject, record.camera])

    pose_2d = _project(poses, cameras)
    for index, image in enumerate(answers.images):
        keypoints = records[image].keypoints_px
        if keypoints.size >= 2 * len(joints) and keypoints.size % len(joints) == 0:
            # For each joint x, y, and perhaps whether it is visible.
            pose_2d[index] = keypoints.reshape(len(joints), -1)[:, :2]
    name = f"Human3.6M ({Path(data_dir).name})"
    return Study(
        answers=answers,
        level_cm=_level_cm(poses, cameras, depth_2018=depth_2018),
        camera_cm=_camera_cm(poses, cameras),
        pose_2d=pose_2d,
        joints=joints,
        name=f"{name}, level depth as in 2018" if depth_2018 else name,
        files=tuple(records[image].file for image in answers.images),
    )


def _read_images_file(path) -> tuple[tuple[str, ...], dict[str, _ImageRecord]]:
    """Read the names of the joints, and the record of each image by its id. Raises InputError."""
    content = read_json(path)
    expected = "expected pose, images and annotations with Human3.6M's joints"
    try:
        joints = tuple(str(name) for name in content["pose"][0]["keypoints"])
        keypoints_px = {
            str(annotation["id"]): np.asarray(annotation["kpts_2d"], dtype=float)
            for annotation in content["annotations"]
        }
        records = {}
        for image in content["images"]:
            # As in "Walking 1.54138969.mp4".
            action, camera = image["video"].split(".")[:2]
            name = str(image["id"])
            records[name] = _ImageRecord(
                subject=int(image["s_id"]),
                action=action,
                camera=camera,
                frame=int(image["frame"]),
                file=str(image.get("filename", "")),
                keypoints_px=keypoints_px.get(name, np.empty(0)),
            )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError(f"{path}: {expected} ({shown(error)})") from None
    unknown = [name for name in joints if name not in HUMAN36_JOINTS]
    if unknown:
        raise InputError(f"{path}: {expected}, which {listed(unknown)} are not")
    return joints, records


def _find_pose(source, record: _ImageRecord) -> np.ndarray | None:
    """Read the pose (32,3) in world mm that an image shows, None if the data set lacks it."""
    action = rename(record.action)
    if (record.subject, record.camera) not in source.cameras:
        return None
    if action not in source.motions(record.subject):
        return None
    world = source.world(record.subject, action)
    if not 0 <= record.frame < len(world):
        return None
    return world[record.frame]


def _level_cm(
    poses: list[np.ndarray], cameras: list[Camera], *, depth_2018: bool = False
) -> np.ndarray:
    """Compute depth along the floor (I,K) of I poses (K,3) in world mm.

    depth_2018: whether to compute it as the 2018 code did.
    """
    depths_mm = []
    for pose, camera in zip(poses, cameras, strict=True):
        depth_mm = camera.level_depth_2018(pose) if depth_2018 else camera.level_depth(pose)
        depths_mm.append(depth_mm)
    return np.stack(depths_mm) / 10


def _camera_cm(poses: list[np.ndarray], cameras: list[Camera]) -> np.ndarray:
    """Compute depth along the axes of the cameras (I,K) of I poses (K,3) in world mm."""
    depths_mm = [
        camera.world_to_camera(pose)[:, 2] for pose, camera in zip(poses, cameras, strict=True)
    ]
    return np.stack(depths_mm) / 10


def _project(poses: list[np.ndarray], cameras: list[Camera]) -> np.ndarray:
    """Project I poses (K,3) in world mm: (I,K,2) px."""
    return np.stack([camera.project(pose) for pose, camera in zip(poses, cameras, strict=True)])
