"""Draw the documents' pictures of joints, axes and synthetic motion."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the project, wherever this is run

from opts.command import run_command

from opts.parsing import new_parser
from src.data.synthetic.demo import action_poses, standing_body
from src.files import locked_folder
from src.plotting.figures import SIDES, new_figure, save_figure
from src.plotting.guide import draw_camera_axes, draw_image_axes, draw_numbered_joints
from src.plotting.poses import draw_contact_sheet
from src.skeletons import SKELETON_NAMES, get_skeleton


def make_parser():
    """The command's options."""
    parser = new_parser(__doc__)
    parser.prog = "python tools/draw_guide.py"
    parser.add_argument("--out", type=Path, default=Path("pics"), help="folder for the pictures")
    return parser


def draw_joints():
    """All skeletons side by side, with the numbers of their joints -> figure."""
    body = standing_body()
    figure = new_figure(13, 5.4)
    figure.get_layout_engine().set(h_pad=0.1)
    names = [name for name in SKELETON_NAMES if name != "lsp_14k"]  # its joints are human36_14k's
    for axis, name in zip(figure.subplots(1, len(names)), names, strict=True):
        skeleton = get_skeleton(name)
        title = "human36_14k = lsp_14k" if name == "human36_14k" else name
        draw_numbered_joints(axis, body[list(skeleton.human36_indices)], skeleton, title)
    figure.suptitle(f"Joints in model order, the person facing you; {SIDES}", fontsize=10)
    return figure


def draw_axes():
    """2D and 3D coordinates of one pose, with their axes and units -> figure."""
    skeleton = get_skeleton("human36_17k")
    pose = standing_body()[list(skeleton.human36_indices)]
    in_front_of_camera = pose + [0, 0, 5000]
    # A camera like those of Human3.6M: images of 1000 x 1000 px, a focal length of 1145 px.
    pose_2d = 1145 * in_front_of_camera[:, :2] / in_front_of_camera[:, 2:] + 500

    figure = new_figure(9, 4.2)
    draw_image_axes(figure.add_subplot(1, 2, 1), pose_2d, skeleton)
    draw_camera_axes(figure.add_subplot(1, 2, 2, projection="3d"), pose, skeleton)
    return figure


def draw_synthetic():
    """Five poses of every synthetic action, from the front, a little from the side -> figure."""
    skeleton = get_skeleton("human36_17k")
    poses = {}
    for action, bodies in action_poses().items():
        poses[action] = bodies[:, list(skeleton.human36_indices)]
    return draw_contact_sheet(poses, skeleton, columns=3, title=f"Synthetic motion ({SIDES})")


def draw_guide(argv):
    """Draw the pictures, and print their paths."""
    out = make_parser().parse_args(argv).out
    with locked_folder(out):
        figures = {
            "joints": draw_joints(),
            "axes": draw_axes(),
            "synthetic": draw_synthetic(),
        }
        for name, figure in figures.items():
            path = out / f"{name}.png"
            save_figure(path, figure)
            print(path)


def main(argv=None) -> int:
    """Run the command -> exit code."""
    return run_command(draw_guide, argv)


if __name__ == "__main__":
    sys.exit(main())
