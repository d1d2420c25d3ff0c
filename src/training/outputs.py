"""What a run leaves in its folder in the end: predictions, result.json, pictures.

Pictures may be drawn while it trains, too.
"""

from collections.abc import Callable

import numpy as np

from src.data.arrays import Sequence
from src.data.photos import Photos
from src.errors import InputError
from src.metrics import MEANS
from src.plotting.figures import save_figure
from src.plotting.lifted import lifted_sheet
from src.plotting.photos import read_images
from src.plotting.poses import draw_test_poses
from src.plotting.training import draw_training
from src.skeletons import Skeleton, get_skeleton
from src.training.build import CentredPoses
from src.training.checkpoints import Source, State
from src.training.evaluation import Evaluation
from src.training.report import make_result, print_failed_picture, run_title
from src.training.run_folder import RunFolder

_NUM_POSES_DRAWN = 6


def save_motion(
    run: RunFolder,
    options,
    state: State,
    tested: Evaluation,
    test: CentredPoses,
    data: dict,
    source: Source | None,
) -> dict:
    """Write predictions.npz (where asked for), result.json and pictures; return the result.

    The result comes before the pictures: one that fails is a line, and loses nothing.
    """
    skeleton = get_skeleton(options.dataset_type)
    if options.save_predictions:
        _save_motion_predictions(run, test, tested, skeleton)

    def draw_page(title: str):
        _save_motion_page(run, test, tested, skeleton, title)

    return _save_result_and_pictures(run, options, state, tested, data, source, draw_page)


def save_photos(
    run: RunFolder,
    options,
    state: State,
    tested: Evaluation,
    photos: Photos,
    data: dict,
    source: Source | None,
) -> dict:
    """Write predictions.npz (where asked for), result.json and pictures; return the result.

    The result comes before the pictures: one that fails is a line, and loses nothing.
    """
    if options.save_predictions:
        _save_photo_predictions(run, photos, tested, get_skeleton(options.dataset_type))

    def draw_page(title: str):
        _save_photo_page(run, options, photos, tested, title, says_missing=True)

    return _save_result_and_pictures(run, options, state, tested, data, source, draw_page)


def _save_result_and_pictures(
    run: RunFolder,
    options,
    state: State,
    tested: Evaluation,
    data: dict,
    source: Source | None,
    draw_page: Callable[[str], None],
) -> dict:
    """Write result.json, then curves and the page of `draw_page(title)`; return the result."""
    result = make_result(options, state, tested.means, data, source)
    run.write_json("result.json", result)
    if options.save_ims:
        title = run_title(data, options)
        try:
            _save_curves(run, state.history, title)
            draw_page(title)
        except InputError:  # the disk is full, or the like
            raise
        except Exception as error:  # whatever matplotlib raises
            print_failed_picture(error, "the result is there")
    return result


def redraw_motion(
    run: RunFolder,
    options,
    state: State,
    tested: Evaluation | None,
    test: CentredPoses,
    data: dict,
):
    """Draw the pictures of `save_motion` after an epoch, where --save_ims_every asks for it.

    After an epoch that was not tested (tested is None), the page of test poses stays as it is. A
    picture that fails does not stop the training: one line says so.
    """

    def draw_page(title: str):
        _save_motion_page(run, test, tested, get_skeleton(options.dataset_type), title)

    _redraw(run, options, state, tested, data, draw_page)


def redraw_photos(
    run: RunFolder,
    options,
    state: State,
    tested: Evaluation | None,
    photos: Photos,
    data: dict,
):
    """Draw the pictures of `save_photos` after an epoch, where --save_ims_every asks for it.

    The rest is as in `redraw_motion`.
    """

    def draw_page(title: str):
        # That photos are missing is said once, in the end, and not after every epoch.
        _save_photo_page(run, options, photos, tested, title, says_missing=False)

    _redraw(run, options, state, tested, data, draw_page)


def _redraw(
    run: RunFolder,
    options,
    state: State,
    tested: Evaluation | None,
    data: dict,
    draw_page: Callable[[str], None],
):
    """Draw curves, and after a test the page that draw_page(title) draws, if they are due."""
    if not _is_redrawn(options, state):
        return
    title = run_title(data, options)
    try:
        _save_curves(run, state.history, title)
        if tested is not None:
            draw_page(title)
    except Exception as error:  # whatever matplotlib or the disk raises
        print_failed_picture(error)


def _is_redrawn(options, state: State) -> bool:
    """Tell whether pictures are due after this epoch; those of the last are drawn in the end."""
    if options.save_ims_every is None or state.epoch == options.epochs:
        return False
    return state.epoch % options.save_ims_every == 0


def _save_motion_predictions(
    run: RunFolder, test: CentredPoses, tested: Evaluation, skeleton: Skeleton
):
    """Write predictions.npz: every test pose, its prediction and errors (docs/metrics.md)."""
    content = {
        "pose_2d_px": test.pose_2d,
        "root_2d_px": test.root_2d,
        "target_mm": test.pose_3d,
    }
    for name, poses_mm in tested.predictions.items():
        content[f"{name}_mm"] = poses_mm
    content |= _error_arrays(tested)
    content["sequence"] = test.arrays.sequence
    content["frame"] = test.arrays.frame
    sequence_names = [_caption(sequence) for sequence in test.arrays.sequences]
    content["sequence_names"] = np.array(sequence_names)
    content["joints"] = np.array(skeleton.joints)
    run.save_arrays("predictions.npz", content)


def _save_photo_predictions(run: RunFolder, photos: Photos, tested: Evaluation, skeleton: Skeleton):
    """Write predictions.npz: the prediction of every test photo, and errors where known."""
    is_test = ~photos.is_train
    content = {
        "pose_2d_px": photos.pose_2d[is_test],
        "prediction_mm": tested.predictions["prediction"][is_test],
        "files": np.array(photos.files)[is_test],
    }
    if photos.truth is not None:
        truth = photos.truth[is_test]
        content["target_mm"] = truth - truth[:, [skeleton.root]]
    content |= _error_arrays(tested)
    content["joints"] = np.array(skeleton.joints)
    run.save_arrays("predictions.npz", content)


def _save_curves(run: RunFolder, history: list[dict], title: str):
    """Draw loss_curves.png, unless nothing was trained."""
    if history:
        save_figure(run.path / "loss_curves.png", draw_training(history, title))


def _save_motion_page(
    run: RunFolder, test: CentredPoses, tested: Evaluation, skeleton: Skeleton, title: str
):
    """Draw test_poses.png: test poses, evenly chosen, their truth and their predictions."""
    arrays = test.arrays
    rows = _evenly_chosen(len(test))
    captions = []
    for row in rows:
        sequence = arrays.sequences[arrays.sequence[row]]
        captions.append(f"{_caption(sequence)}, frame {arrays.frame[row]}")
    page = draw_test_poses(
        inputs_px=test.pose_2d[rows],
        truth_mm=test.pose_3d[rows],
        raw_mm=tested.predictions["prediction"][rows],
        raw_errors_mm=tested.joint_errors["none"][rows].mean(axis=1),
        aligned_mm=tested.predictions["aligned"][rows],
        aligned_errors_mm=tested.joint_errors["procrustes"][rows].mean(axis=1),
        names=captions,
        skeleton=skeleton,
        title=title,
    )
    save_figure(run.path / "test_poses.png", page)


def _save_photo_page(
    run: RunFolder,
    options,
    photos: Photos,
    tested: Evaluation,
    title: str,
    *,
    says_missing: bool,
):
    """Draw test_poses.png: test photos, evenly chosen, and their predictions from two sides."""
    test_rows = np.flatnonzero(~photos.is_train)
    rows = test_rows[_evenly_chosen(len(test_rows))]
    files = [photos.files[row] for row in rows]
    page = lifted_sheet(
        photos.pose_2d[rows],
        tested.predictions["prediction"][rows],
        get_skeleton(options.dataset_type),
        captions=files,
        title=title,
        images=read_images(options.data_dir, files, says_missing=says_missing),
    )
    save_figure(run.path / "test_poses.png", page)


def _error_arrays(tested: Evaluation) -> dict[str, np.ndarray]:
    arrays = {}
    for alignment, errors in tested.joint_errors.items():
        arrays[f"{MEANS[alignment]}_joint_errors_mm"] = errors
    return arrays


def _evenly_chosen(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, _NUM_POSES_DRAWN).astype(int))


def _caption(sequence: Sequence) -> str:
    return f"S{sequence.subject} {sequence.name} {sequence.camera}"
