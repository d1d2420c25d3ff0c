"""Do poses, pixels and cameras belong together? What looks wrong is named by its likeliest cause.

Everything here looks at a sample of the poses and returns sentences; nothing is changed, and
nothing is refused but what cannot be a pose at all. Two measures are used, both over the size of
the body in the image (the root mean square distance of its joints from their mean):

distance    of a joint from where it should be, in pixels as they are
misfit      of the shape alone: the same distance after the best shift and scale

Both are medians over the joints of a pose and then over poses, so single gross errors of a detector
do not count. For a mistake to be named, undoing it must bring the 2D and the 3D together.
"""

from collections.abc import Iterable

import numpy as np

from src.cameras import Camera
from src.skeletons import HUMAN36_JOINTS, Skeleton

# Poses looked at, evenly chosen, of one motion seen by one camera, and of a file of single poses.
_MOST_PER_VIEW = 25
_MOST_QUICKLY = 8
# The mean offset of coordinates, over the mean side of the box round the body: 0.028 in 99 % of
# views with simulated detections; left and right exchanged give 0.05 in 99 %, 0.11 in the median.
_QUICKLY_FARTHEST = 0.04
_MOST_POSES = 250
# What is further away than this does not belong together. The largest distance of any view is 0.09
# in simulated detections (those of the synthetic motion and of CMU's), 0.12 for a real detector
# (BODY_25B) and triangulated truth, and the misfit of noisy keypoints and their truth is 0.05.
# Cameras exchanged give 0.18 at least and 0.73 in the median, another person's pose 0.6, x and y
# exchanged, reversed joints, or y upwards 0.65 at least.
_FARTHEST = 0.25
# Left and right exchanged leave the middle of the body where it is: 0.35 in the median, but 0.09 in
# a view from the side, where it may pass. Named from here on if undoing it helps.
_FARTHEST_SIDES = 0.12
# Undoing a mistake brings the poses at least this much closer.
_IMPROVEMENT = 0.5
# Pixels that are this small are fractions of an image.
_LARGEST_FRACTION = 2
# 2D and projection may differ in size, as pictures are resized; focal lengths in mm, or in
# fractions of the image, make the projection at least 20 times too small.
_USUAL_SCALES = (0.1, 10)
# px. Those of Human3.6M are 1,145; 100 px would be a fish-eye lens, while lenses have 4 to 100 mm.
_SMALLEST_FOCAL_PX = 100
# A person stands, sits or walks upright if the trunk is within 60 degrees of the vertical. In
# CMU's motion 99 % of poses are, and 30 % in every view; fewer than that call for a reason.
_LEAST_UPRIGHT = 0.3
# Two or three frames may all be of somebody who bends down: as if the world lay on its side.
_FEWEST_FRAMES = 4
# From so many labels on a share of wrong ones says something: near one half, they were drawn by
# lot (annotators of the paper are wrong in 25 %), and above 60 % the two answers are exchanged.
_FEWEST_LABELS = 200
_RANDOM_SHARE = 0.45
_EXCHANGED_SHARE = 0.6

_TRUNK = tuple(HUMAN36_JOINTS.index(joint) for joint in ("mid_hip", "neck"))
_Y_UP_TO_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


def may_not_fit(pose_2d: np.ndarray, projection: np.ndarray) -> bool:
    """Tell quickly whether `question_detections` should look at detections (F,K,2) px of a motion.

    projection: (F,K,2) px, where the joints are. Files are read in a millisecond, so all views
    can be looked at in this way alone; of good ones, less than one in 100 is passed on.
    """
    every = _evenly(len(projection), _MOST_QUICKLY)
    sample = projection[every]
    # Sums, as numpy's means take twice as long for so few numbers.
    offsets = np.abs(pose_2d[every] - sample).sum()
    box_sides = (sample.max(axis=1) - sample.min(axis=1)).sum()
    return bool(offsets > _QUICKLY_FARTHEST * box_sides * projection.shape[1])


def question_detections(
    detections: np.ndarray,
    world: np.ndarray,
    camera: Camera,
    subject_cameras: Iterable[Camera],
    skeleton: Skeleton,
) -> str | None:
    """Return what looks wrong with a detector's 2D poses of one motion in one view, or None.

    detections: (F,K,2) px. world: (F,32,3) mm, Human3.6M's joints. camera: that of the view.
    subject_cameras: all of the subject's, to find out whether files were exchanged. skeleton: names
    the K joints.
    """
    num_empty = int(extent_is_zero(detections).sum())
    if num_empty > 0:
        return f"{num_empty} of {len(detections)} poses have all their joints at one point"
    rows = _evenly(len(world), _MOST_PER_VIEW)
    detections = detections[rows]
    if np.abs(detections).max() <= _LARGEST_FRACTION:
        return "look like fractions of the image, not pixels"
    world = world[rows][:, list(skeleton.human36_indices)]
    projection = camera.project(world)
    distance = _distance(detections, projection)
    if distance <= _FARTHEST_SIDES:
        return _exchanged_joints(detections, projection, skeleton.joints)

    exchanged = detections[:, _other_side(skeleton.joints)]
    if _distance(exchanged, projection) < _IMPROVEMENT * distance:
        return "left and right are exchanged"
    if distance <= _FARTHEST:
        return _exchanged_joints(detections, projection, skeleton.joints)
    cause = _undo(detections, projection, skeleton.joints)
    if cause is not None:
        return cause
    for other in subject_cameras:
        if other is not camera and _distance(detections, other.project(world)) < _FARTHEST:
            return f"are those of camera {other.name}: were files exchanged?"
    if _misfit(detections, projection) < _FARTHEST:
        return (
            "have the shape of the projected poses, but lie elsewhere in the image: "
            "pictures cut out or resized?"
        )
    return "are far from the projected poses: of another motion, other frames, or other cameras?"


def question_pairs(
    pose_2d: np.ndarray,
    pose_3d: np.ndarray,
    joints,
    *,
    focal: np.ndarray | None = None,
) -> str | None:
    """Return what looks wrong with 2D poses as pictures of 3D poses in camera frames, or None.

    pose_2d: (N,K,2) px. pose_3d: (N,K,3) mm; poses that are not before the camera are taken for
    root-centred ones and projected along z. focal: (N,2) px, without which the size of the
    projection says nothing, or None. joints: the K names.
    """
    if np.abs(pose_2d).max() <= _LARGEST_FRACTION and focal is not None:
        return "2D looks like fractions of the image, not pixels"
    depth = pose_3d[..., 2:]
    is_before_camera = (depth > 0).all(axis=1, keepdims=True)
    reference = pose_3d[..., :2] / np.where(is_before_camera, depth, 1)
    if focal is not None:
        reference = reference * focal[:, None]

    misfit = _misfit(pose_2d, reference)
    if misfit > _FARTHEST_SIDES:
        exchanged = pose_2d[:, _other_side(joints)]
        if _misfit(exchanged, reference) < _IMPROVEMENT * misfit:
            return "left and right of 2D and 3D are exchanged"
    if misfit > _FARTHEST:
        cause = _undo(pose_2d, reference, joints)
        if cause is not None:
            return f"2D and 3D do not fit: in one of them {cause}"
        return (
            f"2D and 3D do not fit (off by {misfit:.2g} times the body's size): "
            "of other people, in another order, or of other joints?"
        )
    cause = _exchanged_joints(_normalized(pose_2d), _normalized(reference), joints)
    if cause is not None:
        return f"2D and 3D do not fit: {cause}"
    if focal is not None and is_before_camera.all():
        scale = float(np.median(_sizes(pose_2d) / np.maximum(_sizes(reference), 1e-9)))
        smallest, largest = _USUAL_SCALES
        if not smallest < scale < largest:
            return (
                f"2D is {scale:.3g} times as large as what focal gives: "
                "are focal lengths in mm (px expected), or 3D in another unit?"
            )
    return None


def question_focal(focal: np.ndarray) -> str | None:
    """Return what looks wrong with focal lengths (...,2) px, or None."""
    if focal.max() < _SMALLEST_FOCAL_PX:
        return f"focal lengths of {focal.max():.4g} px: are they in mm?"
    return None


def question_labels(num_wrong: int, num_labels: int) -> str | None:
    """Return what looks wrong with labels so many of which the true depth contradicts, or None."""
    share = num_wrong / max(num_labels, 1)
    if num_labels < _FEWEST_LABELS or share < _RANDOM_SHARE:
        return None
    if share > _EXCHANGED_SHARE:
        return (
            f"the true depth contradicts {share:.0%} of the labels: are 0 and 1 exchanged, "
            "or does z point towards the camera?"
        )
    return f"the true depth contradicts {share:.0%} of the labels: they agree with nobody's depth"


def explain_view(world: np.ndarray, camera: Camera) -> str | None:
    """Return the reason why a motion is not seen upright, or not at all, by a camera, or None.

    world: (F,32,3) mm. A reason is found if undoing it puts everybody upright before the camera.
    """
    world = world[_evenly(len(world), _MOST_PER_VIEW)]
    if _is_seen_upright(world, camera.R.T, camera):
        return "its rotation seems to be transposed"
    if _is_seen_upright(world @ _Y_UP_TO_Z_UP.T, camera.R, camera):
        return "the world's y axis seems to point up, where z is expected to"
    return None


def question_view(world: np.ndarray, camera: Camera) -> str | None:
    """Return why people in (F,32,3) mm are not upright in a camera's view; None if they are, or if
    there is no reason that one could name: they may lie down. Motions of fewer than four frames say
    too little.
    """
    if len(world) < _FEWEST_FRAMES:
        return None
    world = world[_evenly(len(world), _MOST_PER_VIEW)]
    _, is_upright = _hips_and_upright(world, camera.R, camera)
    if is_upright.mean() >= _LEAST_UPRIGHT:
        return None
    reason = explain_view(world, camera)
    if reason is None:
        return None
    return f"people are not upright in camera {camera.name}: {reason}"


def summarize(suspicions: list[tuple[str, str]]) -> list[str]:
    """Join suspicions (place, sentence) that say the same: a line for each sentence.

    A mistake is mostly made in all files of a set; hundreds of lines would hide the next one.
    """
    places_by_sentence: dict[str, list[str]] = {}
    for place, sentence in suspicions:
        places_by_sentence.setdefault(sentence, []).append(place)
    lines = []
    for sentence, places in places_by_sentence.items():
        line = f"{places[0]}: {sentence}"
        if len(places) > 1:
            line += f" (and {len(places) - 1} more like this)"
        lines.append(line)
    return lines


def thin_out(rows: np.ndarray) -> np.ndarray:
    """Return some of the numbers of poses (N,), enough of them for `question_pairs`."""
    return rows[_evenly(len(rows), _MOST_POSES)]


def extent_is_zero(poses: np.ndarray) -> np.ndarray:
    """Tell which of the poses (N,K,D) have all their joints at one point: (N,) of bool."""
    # Hardly a pose has its first and its last joint at one point: only these few are looked at.
    is_point = (poses[:, 0] == poses[:, -1]).all(axis=1)
    candidates = np.flatnonzero(is_point)
    is_point[candidates] = (poses[candidates] == poses[candidates, :1]).all(axis=(1, 2))
    return is_point


def _undo(points: np.ndarray, reference: np.ndarray, joints) -> str | None:
    """Return the mistake without which points (N,K,2) have the shape of the reference, or None."""
    other_side = _other_side(joints)
    candidates = {
        "x and y are exchanged": points[..., ::-1],
        "y points upwards": points * [1, -1],
        "joints come in reverse order": points[:, ::-1],
        "pictures are upside down": -points,
        "pictures are turned to the left": points[..., ::-1] * [-1, 1],
        "pictures are turned to the right": points[..., ::-1] * [1, -1],
        "pictures are mirrored": points * [-1, 1],
        "pictures are mirrored, and left and right exchanged": points[:, other_side] * [-1, 1],
    }
    misfits = {words: _misfit(undone, reference) for words, undone in candidates.items()}
    words = min(misfits, key=misfits.get)
    if misfits[words] < min(_FARTHEST, _IMPROVEMENT * _misfit(points, reference)):
        return words
    return None


def _exchanged_joints(points: np.ndarray, reference: np.ndarray, joints) -> str | None:
    """Return which joints are at each other's place in most poses, or None.

    points, reference: (N,K,2) in the same unit. joints: the K names.
    """
    unit = np.maximum(_sizes(reference), 1e-9)
    num_joints = len(joints)
    # What is in place need not be looked at further, and mostly everything is.
    offsets = np.linalg.norm(points - reference, axis=2) / unit[:, None]
    if np.median(offsets, axis=0).max() <= _FARTHEST:
        return None
    # From each joint of the points, by row, to each joint of the reference.
    distances = np.empty((num_joints, num_joints))
    for index in range(num_joints):
        offsets = np.linalg.norm(points[:, index, None] - reference, axis=2) / unit[:, None]
        distances[index] = np.median(offsets, axis=0)
    pairs = []
    for first in range(num_joints):
        for second in range(first + 1, num_joints):
            in_place = distances[first, first] + distances[second, second]
            exchanged = distances[first, second] + distances[second, first]
            if in_place > 2 * _FARTHEST and exchanged < _IMPROVEMENT * in_place:
                pairs.append((exchanged - in_place, f"{joints[first]} and {joints[second]}"))
    if not pairs:
        return None
    _, names = min(pairs)
    if len(pairs) > 1:
        return f"{names} are exchanged, and {len(pairs) - 1} more pairs like this"
    return f"{names} are exchanged"


def _other_side(joints) -> list[int]:
    """Return for each of the K names the index of its twin on the other side, or its own."""
    names = list(joints)
    indices = list(range(len(names)))
    for index, name in enumerate(names):
        twin = name.replace("left", "right") if "left" in name else name.replace("right", "left")
        if twin in names:
            indices[index] = names.index(twin)
    return indices


def _sizes(points: np.ndarray) -> np.ndarray:
    """Return (N,), the root mean square distance of each pose's joints from their mean."""
    return np.sqrt(points.var(axis=1).sum(axis=1))


def _distance(points: np.ndarray, reference: np.ndarray) -> float:
    offsets = np.linalg.norm(points - reference, axis=2)
    return float(np.median(np.median(offsets, axis=1) / np.maximum(_sizes(reference), 1e-9)))


def _misfit(points: np.ndarray, reference: np.ndarray) -> float:
    return _distance(_normalized(points), _normalized(reference))


def _normalized(points: np.ndarray) -> np.ndarray:
    """Return poses (N,K,2) with the mean of their joints at the origin, and of size 1."""
    centred = points - points.mean(axis=1, keepdims=True)
    return centred / np.maximum(_sizes(points), 1e-9)[:, None, None]


def _evenly(count: int, at_most: int) -> slice:
    """Return a slice that takes every n-th of ``count`` poses, at most so many of them."""
    return slice(None, None, (count - 1) // at_most + 1)


def _hips_and_upright(
    world: np.ndarray, rotation: np.ndarray, camera: Camera
) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of the hips (F,3) mm in the camera's frame, and whether trunks point up.

    world: (F,32,3) mm. rotation: (3,3), taken for the camera's own.
    """
    mid_hip, neck = _TRUNK
    hips = (world[:, mid_hip] - camera.T.T) @ rotation.T
    trunk = (world[:, neck] - world[:, mid_hip]) @ rotation.T
    is_upright = -trunk[:, 1] > np.linalg.norm(trunk, axis=1) / 2  # y points down; cos 60 = 1/2
    return hips, is_upright & (hips[:, 2] > 0)


def _is_seen_upright(world: np.ndarray, rotation: np.ndarray, camera: Camera) -> bool:
    """Tell whether most people would be upright before the camera, and roughly in its image."""
    hips, is_upright = _hips_and_upright(world, rotation, camera)
    # The image reaches about as far from its middle, the principal point, as that is from 0.
    is_in_image = (np.abs(hips[:, :2]) * camera.f <= 1.5 * camera.c * hips[:, 2:]).all(axis=1)
    return bool((is_upright & is_in_image).mean() > 1 - _LEAST_UPRIGHT)
