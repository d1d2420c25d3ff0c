"""What a file of relative depth labels holds, and what looks wrong with it."""

from collections import Counter

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from src.data.photos import Photos

_EXAMPLES = 5


def check_labels(photos: Photos, joints) -> list[str]:
    """Lines on counts, balance, duplicates, conflicts, contradictions and photos without labels."""
    lines = []
    for part, train in (("training", True), ("test", False)):
        found = photos.describe(train)
        lines.append(f"{part}: {found['frames']:,} images, {found['labels']:,} labels")
    first, count = (photos.label == -1).sum(), len(photos.label)
    lines.append(
        f"kp0 is the closer one in {first / max(count, 1):.1%} of {count:,} labels; near 50% is usual"
    )
    per_pair = Counter(map(tuple, np.sort(photos.pairs, axis=1).tolist()))
    possible = len(joints) * (len(joints) - 1) // 2
    most = ", ".join(f"{joints[a]}-{joints[b]} ({n})" for (a, b), n in per_pair.most_common(3))
    lines.append(
        f"{len(per_pair)} of {possible} pairs of joints are labelled; most often {most or 'none'}"
    )
    closer = np.where(
        photos.label[:, None] == 1, photos.pairs[:, ::-1], photos.pairs
    )  # (the closer, the further)
    answers = Counter(zip(photos.photo.tolist(), *closer.T.tolist(), strict=True))
    conflicts = [key for key in answers if key[1] < key[2] and (key[0], key[2], key[1]) in answers]
    twice = [key for key, n in answers.items() if n > 1]

    def say(what: str, records: list[str]):
        more = ", ..." if len(records) > _EXAMPLES else ""
        lines.append(
            f"{what}: {len(records):,}"
            + (f": {'; '.join(records[:_EXAMPLES])}{more}" if records else "")
        )

    def named(photo: int, *of_photo: int) -> str:
        return f"{photos.files[photo]} {' '.join(joints[j] for j in of_photo)}"

    say("the same answer given twice", [named(*key) for key in twice])
    say("conflicts, a pair answered both ways", [named(*key) for key in conflicts])
    say(
        "contradictions, A closer than B ... closer than A",
        [named(*c) for c in _circles(answers, conflicts, len(joints))],
    )
    labelled = set(photos.photo.tolist())
    say("images without labels", [file for i, file in enumerate(photos.files) if i not in labelled])
    return lines


def _circles(answers, conflicts, num_joints: int) -> list[tuple]:
    """(photo, joints...) for every photo whose answers, conflicts apart, go round in a circle."""
    apart = set(conflicts) | {(photo, b, a) for photo, a, b in conflicts}
    by_photo: dict[int, list] = {}
    for photo, closer, further in answers:
        if (photo, closer, further) not in apart:
            by_photo.setdefault(photo, []).append((closer, further))
    found = []
    for photo, edges in by_photo.items():
        graph = coo_array((np.ones(len(edges)), np.array(edges).T), shape=(num_joints, num_joints))
        component = connected_components(graph, connection="strong")[1]
        sizes = np.bincount(component)
        found += [
            (photo, *np.flatnonzero(component == c).tolist()) for c in np.flatnonzero(sizes > 1)
        ]
    return found
