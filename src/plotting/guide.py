"""The README's explanatory pictures: numbered joints of every skeleton, axes and units, the synthetic motion.

``python -m src.plotting.guide --out pics`` draws them.
"""

import sys
from pathlib import Path

import numpy as np

from opts.parsing import new_parser
from src.data.human36.load import ACTIONS
from src.data.synthetic.kinematics import LIMITS, joint_positions, make_body
from src.data.synthetic.motion import SUBJECTS, make_motion
from src.errors import run_command
from src.plotting.figures import new_figure, save_figure
from src.plotting.poses import draw_contact_sheet, draw_limbs
from src.skeletons import SKELETON_NAMES, Skeleton, get_skeleton


def standing_body() -> np.ndarray:
    """(32,3) mm in a camera's frame, facing it, arms a little out: the person's right is on the left of the picture."""
    degrees = {
        "turn": 180.0,
        "shoulder_abduction": 35.0,
        "hip_abduction": 8.0,
        "hip_rotation": -30.0,
    }
    angles = {
        name: np.array([degrees.get(name.split("_", 1)[-1], 0.0)]) for name in LIMITS
    }  # both sides alike
    world = joint_positions(angles, make_body(np.random.default_rng(0)))[0]
    # From behind -y: x stays right, up becomes -y, what is further along y is further away.
    return np.stack([world[:, 0], -world[:, 2], world[:, 1]], axis=1)


def draw_numbered_joints(skeleton: Skeleton, axis, title: str):
    """The joints of a skeleton with their numbers in model order, on an axis, and the list of names below."""
    pose = standing_body()[list(skeleton.human36_indices)]
    draw_limbs(axis, pose[:, :2], skeleton)
    for number, (x, y, _) in enumerate(pose):
        axis.text(x, y, str(number), fontsize=6, ha="center", va="center",
                  bbox={"boxstyle": "circle,pad=0.15", "fc": "white", "ec": "black", "lw": 0.5})  # fmt: skip
    axis.set(xlim=(-700, 700), ylim=(1050, -800), aspect="equal")
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()
    lines = [f"{number} {name}" for number, name in enumerate(skeleton.joints)]
    half = (len(lines) + 1) // 2
    for x, part in ((0.0, lines[:half]), (0.52, lines[half:])):
        axis.text(x, -0.02, "\n".join(part), fontsize=6.5, va="top", transform=axis.transAxes)
    return axis


def draw_joints():
    """All skeletons side by side -> figure."""
    titles = {name: name for name in SKELETON_NAMES if name != "lsp_14k"} | {
        "human36_14k": "human36_14k = lsp_14k"
    }
    figure = new_figure(13, 5)
    figure.get_layout_engine().set(h_pad=0.1)
    for axis, (name, title) in zip(figure.subplots(1, len(titles)), titles.items(), strict=True):
        draw_numbered_joints(get_skeleton(name), axis, title)
    figure.suptitle(
        "Joints in model order, the person facing you; orange: the person's right", fontsize=10
    )
    return figure


def draw_axes():
    """2D and 3D coordinates of one pose, with their axes and units -> figure."""
    skeleton, figure = get_skeleton("human36_17k"), new_figure(9, 4.2)
    pose = standing_body()[list(skeleton.human36_indices)] + [0, 0, 5000]
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2, projection="3d")
    draw_limbs(left, 1145 * pose[:, :2] / pose[:, 2:] + 500, skeleton)
    draw_limbs(right, (pose - pose[0])[:, [0, 2, 1]], skeleton)
    left.set(
        xlim=(0, 1000),
        ylim=(1000, 0),
        xlabel="x (px), to the right",
        ylabel="y (px), down",
        aspect="equal",
    )
    left.set_title("2D: (N, K, 2) pixels in the image", fontsize=9)
    right.set(xlim=(-1000, 1000), ylim=(-1000, 1000), zlim=(1000, -1000))
    right.set(xlabel="x (mm), right", ylabel="z (mm), away from the camera", zlabel="y (mm), down")
    right.set_title("3D: (N, K, 3) mm in the camera's frame,\nthe root at the origin", fontsize=9)
    right.set_box_aspect((1, 1, 1), zoom=0.85)
    right.view_init(elev=15, azim=-60)
    for axis in (left, right):
        axis.locator_params(nbins=5)
        axis.tick_params(labelsize=6)
    return figure


def draw_synthetic():
    """Five poses of every synthetic action, from the front, a little from the side -> figure."""
    skeleton, poses = get_skeleton("human36_17k"), {}
    for number, action in enumerate(ACTIONS):
        world = make_motion(SUBJECTS[number % 7], action, action, frames=60, seed=0).world[4::12]
        world = world[:, list(skeleton.human36_indices)] - world[:, :1]
        right = (
            world[:, skeleton.joints.index("right_hip"), :2]
            - world[:, skeleton.joints.index("left_hip"), :2]
        )
        angle = np.arctan2(right[:, 1], right[:, 0]) - np.radians(
            145
        )  # everybody faces us, turned 35 degrees
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        x, y = cos * world[..., 0] + sin * world[..., 1], cos * world[..., 1] - sin * world[..., 0]
        poses[action] = np.stack([x, y, world[..., 2]], axis=-1)
    return draw_contact_sheet(
        poses, skeleton, columns=3, title="Synthetic motion (orange: the person's right)"
    )


def main(argv=None) -> int:
    """The command line -> exit code."""
    return run_command(_main, argv)


def _main(argv):
    parser = new_parser("Draw the README's pictures of joints, axes and synthetic motion.")
    parser.add_argument("--out", type=Path, default=Path("pics"), help="folder for the pictures")
    out = parser.parse_args(argv).out
    out.mkdir(parents=True, exist_ok=True)
    for name, draw in (("joints", draw_joints), ("axes", draw_axes), ("synthetic", draw_synthetic)):
        save_figure(out / f"{name}.png", draw())
        print(out / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
