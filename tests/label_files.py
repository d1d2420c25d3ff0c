"""A miniature label file of two photos, whose joints are in another order than the model's."""

JOINT_NAMES = [
    "head",
    "neck",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
]


def image_record(number: int, anns: list[dict], *, is_train: bool = True) -> dict:
    """Make the record of a photo, whose joint n is at (100 n + number, n), and joint 2 is hidden.

    anns: the labels, as the file holds them: kp0, kp1, label, ...
    """
    keypoints = []
    for joint in range(14):
        keypoints += [100 * joint + number, joint]
    return {
        "im_file": f"im{number}.png",
        "is_train": is_train,
        "keypoints": keypoints,
        "occluded": [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        "anns": anns,
    }


def label_content() -> dict:
    """Make the file's content: a training photo with two labels, a test photo with one."""
    labels_of_first = [
        {"kp0": 0, "kp1": 13, "label": 0, "prob": 0.1, "risk": 0.1},
        {"kp0": 5, "kp1": 1, "label": 1, "weight": 2.5},
    ]
    labels_of_second = [{"kp0": 2, "kp1": 7, "label": 1}]
    return {
        "joint_names": list(JOINT_NAMES),
        "images": [
            image_record(0, labels_of_first),
            image_record(1, labels_of_second, is_train=False),
        ],
    }
