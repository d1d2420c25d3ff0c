"""What a file of relative depth labels holds, and what looks wrong with it."""

from collections import Counter
from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from src.data.photo_oddities import photo_oddities
from src.data.photos import Photos, parse_as_it_is, read_json
from src.keypoints.layouts import to_skeleton, underivable_joints
from src.skeletons import get_skeleton

_MAX_EXAMPLES = 5


# Skeletons whose joints most label files have or give an estimate of, the richer one first.
_COMMON_SKELETONS = ("human36_17k", "lsp_14k")


def check_label_file(path) -> tuple[list[str], list[str]]:
    """Return what a label file holds and what looks wrong with it, a line each.

    Raises InputError for a file that cannot be read.
    """
    photos, joint_names = parse_as_it_is(read_json(path), path)
    first_line = (
        f"{path}: {len(photos.files):,} images of {len(joint_names)} joints: "
        f"{', '.join(joint_names)}"
    )
    lines = [first_line, *check_labels(photos, joint_names)]
    return lines, [f"{path}: {oddity}" for oddity in _find_oddities(photos, joint_names)]


def _find_oddities(photos: Photos, joint_names: tuple[str, ...]) -> list[str]:
    """Say what looks wrong with photos whose keypoints are in the file's own order."""
    for name in _COMMON_SKELETONS:
        skeleton = get_skeleton(name)
        if not underivable_joints(joint_names, skeleton):
            break
    poses = to_skeleton(photos.pose_2d, joint_names, skeleton)
    return photo_oddities(replace(photos, pose_2d=poses), skeleton)


def check_labels(photos: Photos, joint_names) -> list[str]:
    """Say what looks unusual about the labels of photos, a line each.

    The lines are counts, how often the first joint is the closer one, which pairs are labelled,
    the same answer given twice, pairs answered both ways, answers that contradict each other, and
    images without labels. joint_names (K,): the names of the photos' joints.
    """
    # The joints of every label (A,2), the closer one first.
    is_first_further = photos.label[:, None] == 1
    closer_further = np.where(is_first_further, photos.pairs[:, ::-1], photos.pairs)
    rows = np.column_stack([photos.photo, closer_further])
    answers = Counter((photo, closer, further) for photo, closer, further in rows.tolist())
    repeated = [answer for answer, count in answers.items() if count > 1]
    conflicting = [
        (photo, closer, further)
        for photo, closer, further in answers
        if closer < further and (photo, further, closer) in answers
    ]
    labelled_photos = set(photos.photo.tolist())
    unlabelled_files = [
        file for number, file in enumerate(photos.files) if number not in labelled_photos
    ]

    def describe(record: tuple) -> str:
        photo, *joints = record
        names = [joint_names[joint] for joint in joints]
        return f"{photos.files[photo]} {' '.join(names)}"

    circles = _circles(answers, conflicting, len(joint_names))
    return [
        *_count_lines(photos, joint_names),
        _line("the same answer given twice", [describe(answer) for answer in repeated]),
        _line("conflicts, a pair answered both ways", [describe(pair) for pair in conflicting]),
        _line(
            "contradictions, A closer than B ... closer than A",
            [describe(circle) for circle in circles],
        ),
        _line("images without labels", unlabelled_files),
    ]


def _count_lines(photos: Photos, joint_names) -> list[str]:
    lines = []
    for part, train in (("training", True), ("test", False)):
        counts = photos.describe(train)
        lines.append(f"{part}: {counts['frames']:,} images, {counts['labels']:,} labels")
    num_labels = len(photos.label)
    num_first_closer = (photos.label == -1).sum()
    lines.append(
        f"kp0 is the closer one in {num_first_closer / max(num_labels, 1):.1%} "
        f"of {num_labels:,} labels; near 50% is usual"
    )
    sorted_pairs = np.sort(photos.pairs, axis=1).tolist()
    labels_per_pair = Counter((first, second) for first, second in sorted_pairs)
    num_pairs = len(joint_names) * (len(joint_names) - 1) // 2
    most_common = [
        f"{joint_names[first]}-{joint_names[second]} ({count})"
        for (first, second), count in labels_per_pair.most_common(3)
    ]
    lines.append(
        f"{len(labels_per_pair)} of {num_pairs} pairs of joints are labelled; "
        f"most often {', '.join(most_common) or 'none'}"
    )
    return lines


def _line(title: str, records: list[str]) -> str:
    """A title, how many records there are, and the first few of them."""
    line = f"{title}: {len(records):,}"
    if records:
        line += f": {'; '.join(records[:_MAX_EXAMPLES])}"
    if len(records) > _MAX_EXAMPLES:
        line += ", ..."
    return line


def _circles(answers, conflicting, num_joints: int) -> list[tuple]:
    """Find the joints that a photo's answers put in a circle: A closer than B ... closer than A.

    answers: (photo, closer joint, further joint) of every label. conflicting: pairs answered both
    ways, in the same form; they are circles of two, reported by themselves and not counted here.

    Returns (photo, joint, joint, ...) for each circle. Joints are in one circle if each can be
    reached from each by going from a closer to a further joint: they are a strongly connected
    component of the graph of answers, and answers that agree have components of one joint only.
    """
    left_out = set(conflicting)
    for photo, closer, further in conflicting:
        left_out.add((photo, further, closer))
    edges_per_photo: dict[int, list] = {}
    for photo, closer, further in answers:
        if (photo, closer, further) not in left_out:
            edges_per_photo.setdefault(photo, []).append((closer, further))
    circles = []
    for photo, edges in edges_per_photo.items():
        graph = coo_array((np.ones(len(edges)), np.array(edges).T), shape=(num_joints, num_joints))
        _, component = connected_components(graph, connection="strong")
        for number, size in enumerate(np.bincount(component)):
            if size > 1:
                joints = np.flatnonzero(component == number).tolist()
                circles.append((photo, *joints))
    return circles
