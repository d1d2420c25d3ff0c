"""The errors that the authors' `paper_exps` of 2018 wrote for their tables and figures.

They stand beside the checkpoints in the authors' archives, each of which unpacks into a folder of
its own name: `fig_1d/fig_1d_results.json`, `fig_4ab/rel_supervised/all_dist_proc.npy` and so on.
All are of Human3.6M. Errors are PA-MPJPE in mm, after the last epoch unless said.

The files are json, and arrays of plain numbers; nothing in them is executed. What is not as
described here is refused in one line with the file and the field.
"""

from pathlib import Path

import numpy as np

from src.data.arrays import ACTIONS
from src.errors import InputError, shortened, shown
from src.json_files import load_json
from src.npz_files import map_npy
from src.skeletons import get_skeleton

# What --dataset calls these results, beside the folders of runs on other data.
DATASET_2018 = "authors_2018"
# What titles say that the results are of.
HEADING_2018 = "Human3.6M (results of the authors' 2018 files)"

# The figures and tables that the authors' files serve, and these files, in the archives' folders.
FILES_2018 = {
    "table_1": ("table_1/table_1_results.json",),
    "table_2": ("table_2/table_2_results.json",),
    "fig_1d": ("fig_1d/fig_1d_results.json",),
    "fig_4ab": (
        "fig_4ab/fully_supervised/all_dist_proc.npy",
        "fig_4ab/rel_supervised/all_dist_proc.npy",
    ),
    "fig_4c": (
        "fig_4c_test_noise/fig_4c_test_noise_results.json",
        "fig_4c_train_test_noise/fig_4c_train_test_noise_results.json",
    ),
    "fig_4d": ("fig_4d/fig_4d_results.json",),
}

# {our name of a model: the authors' name}
_MODELS = {
    "supervised": "fully_supervised",
    "ours": "rel_supervised",
}
# {the authors' name of a row: ours, as in opts/presets.py without the table}
_ROWS = {
    "table_1": {
        "row_sup": "supervised",
        "row_ours": "ours",
        "row_3": "known_focal",
        "row_4": "average_skeleton",
        "row_5": "no_skeleton",
        "row_6": "all_pairs",
        "row_7": "tolerance",
    },
    "table_2": {
        "sup_17_gt_gt": "supervised_17_gt_gt",
        "our_17_gt_gt": "ours_17_gt_gt",
        "our_17_gt_gt_n": "ours_17_gt_gt_noise",
        "sup_16_sh_sh": "supervised_16_sh_sh",
        "our_16_sh_sh": "ours_16_sh_sh",
        "our_16_sh_sh_n": "ours_16_sh_sh_noise",
    },
}
# The skeleton of the models in fig_4ab.
JOINTS_2018 = get_skeleton("human36_17k").joints
_ALL_PAIRS = 17 * 16 // 2  # pairs of 17 joints
# Far more than any error in mm or noise in px^2; what is larger is no such number.
_LARGEST_NUMBER = 1e6


def has_results_2018(name: str, folder) -> bool:
    """Whether a folder has any of the authors' files for a figure or table, such as "fig_1d"."""
    return any(_find(file, folder).exists() for file in FILES_2018.get(name, ()))


def read_fig_1d(folder) -> dict[str, list[tuple]]:
    """Read the errors by the amount of training labels.

    Args:
        folder: where the archive was unpacked, or the archive's own folder; so for all readers.

    Returns:
        {"supervised" or "ours": [(fraction of the training frames, labelled pairs per frame, error
        in mm)]}. The pairs are a whole number or "all", and None for the supervised model.

    Raises:
        InputError: the file is missing, or not as described; so for all readers.
    """
    (file,) = FILES_2018["fig_1d"]
    path = _find(file, folder)
    content = _read_object(path)

    fractions = _numbers(content, "sup_train_data_perc", path, at_most=1)
    errors_mm = _numbers(content, "fully_supervised", path, count=len(fractions))
    no_pairs = [None] * len(fractions)
    supervised = list(zip(fractions, no_pairs, errors_mm, strict=True))

    fractions = _numbers(content, "rel_train_data_perc", path, at_most=1)
    errors_mm = _numbers(content, "rel_supervised", path, count=len(fractions))
    pairs = []
    for value in _list(content, "rel_num_pairs", path, count=len(fractions)):
        pairs.append(_num_pairs(value, path))
    ours = list(zip(fractions, pairs, errors_mm, strict=True))
    return {"supervised": supervised, "ours": ours}


def _num_pairs(value, path: Path) -> int | str:
    if value in ("all", _ALL_PAIRS):
        return "all"
    number = _number(value, "rel_num_pairs", path, at_most=_ALL_PAIRS)
    if number < 1 or number != int(number):
        raise InputError(
            f"{path}: rel_num_pairs: expected whole numbers from 1 to {_ALL_PAIRS}, or all, "
            f"but found {shown(value)}"
        )
    return int(number)


def read_joint_errors(folder) -> dict[str, np.ndarray]:
    """Read the error of every joint in every test pose, of which figures 4a and 4b are made.

    Returns:
        {"supervised" or "ours": (N, 17) mm after Procrustes alignment}; the joints are JOINTS_2018.
    """
    errors_mm = {}
    for model, model_2018 in _MODELS.items():
        path = _find(f"fig_4ab/{model_2018}/all_dist_proc.npy", folder)
        errors_mm[model] = _read_array(path)
    return errors_mm


def _read_array(path: Path) -> np.ndarray:
    try:
        array = np.array(map_npy(path))
    except FileNotFoundError:
        raise _missing(path) from None
    except InputError:
        raise
    except Exception as error:  # whatever numpy raises for a damaged file, or for a pickle
        raise InputError(f"{path}: cannot be read as an array of numbers ({error})") from None
    num_joints = len(JOINTS_2018)
    if array.ndim != 2 or array.shape[1] != num_joints:
        raise InputError(
            f"{path}: expected errors (N, {num_joints}) in mm, one per test pose and joint of "
            f"human36_17k, but found {array.shape}"
        )
    if array.dtype.kind != "f" or len(array) == 0:
        raise InputError(
            f"{path}: expected decimal numbers, but found {array.size} of type {array.dtype}"
        )
    good = (array >= 0) & (array <= _LARGEST_NUMBER)
    if not good.all():
        pose, *_ = np.flatnonzero(~good.all(axis=1))
        raise InputError(
            f"{path}: pose {pose} has errors below 0, too large, or not finite; copy it again"
        )
    return array


def read_fig_4c(folder) -> dict[str, float]:
    """Read the errors with noise on the 2D input in testing alone, and in training and testing.

    Returns:
        {name of our row, such as "fig_4c/test_noise/ours_10": error in mm}. The names end with the
        variance of the noise in px^2, or with "detections". Both of the authors' files are needed.
    """
    errors_mm = {}
    for noise in ("test_noise", "train_test_noise"):
        path = _find(f"fig_4c_{noise}/fig_4c_{noise}_results.json", folder)
        content = _read_object(path)
        levels = []
        for value in _list(content, "test_amount_noise", path):
            level = _level(value, "test_amount_noise", path, word="detections")
            _refuse_twice(level, levels, "test_amount_noise", path)
            levels.append(level)
        for model, model_2018 in _MODELS.items():
            errors = _numbers(content, model_2018, path, count=len(levels))
            for level, error in zip(levels, errors, strict=True):
                errors_mm[f"fig_4c/{noise}/{model}_{level}"] = error
    return errors_mm


def read_fig_4d(folder) -> dict[str, float]:
    """Read the errors by the probability of a wrong label.

    Returns:
        {name of our row, such as "fig_4d/ours_0.25" or "fig_4d/ours_mturk": error in mm}, in the
        order of the file.
    """
    (file,) = FILES_2018["fig_4d"]
    path = _find(file, folder)
    errors_mm = {}
    for record in _read_records(path):
        level = _level(record.get("amt_noise"), "amt_noise", path, word="mturk", at_most=1)
        row_name = f"fig_4d/ours_{level}"
        _refuse_twice(row_name, errors_mm, "amt_noise", path)
        errors_mm[row_name] = _number(record.get("err_test_last"), "err_test_last", path)
    return errors_mm


def read_table(table: str, folder) -> dict[str, dict]:
    """Read the errors of "table_1" or "table_2".

    Returns:
        {name of our row without the table, such as "known_focal": its errors in mm}, in the order
        of the file. The errors are {"last": mean over frames, "best": the same after the best
        epoch, "action_mean": mean over the actions' means, "actions": {action: mean}}; "best" is
        None for table_2, whose file lacks it.
    """
    (file,) = FILES_2018[table]
    path = _find(file, folder)
    rows = {}
    for record in _read_records(path):
        row_name = _row_name(record.get("exp"), table, path)
        _refuse_twice(row_name, rows, "exp", path)
        actions_mm = _numbers(record, "err_test_actions_last", path, count=len(ACTIONS))
        best_mm = None
        if table == "table_1":
            best_mm = _number(record.get("err_test_best"), "err_test_best", path)
        rows[row_name] = {
            "last": _number(record.get("err_test_last"), "err_test_last", path),
            "best": best_mm,
            "action_mean": _number(
                record.get("err_test_actions_last_mean"), "err_test_actions_last_mean", path
            ),
            "actions": dict(zip(ACTIONS, actions_mm, strict=True)),
        }
    return rows


def _row_name(exp, table: str, path: Path) -> str:
    """Our name of a row. The authors' may stand behind that of the table, as a run's folder."""
    _, _, name_2018 = str(exp).rpartition("/")
    if name_2018 not in _ROWS[table]:
        raise InputError(
            f"{path}: exp: expected one of {', '.join(_ROWS[table])}, "
            f"but found {shortened(str(exp))}"
        )
    return _ROWS[table][name_2018]


def _find(file: str, folder) -> Path:
    """The path of a file, where ``folder`` has the archive's folder or is that folder itself."""
    path = Path(folder) / file
    _, _, file_in_archive = file.partition("/")
    path_in_archive = Path(folder) / file_in_archive
    if path_in_archive.exists() and not path.exists():
        return path_in_archive
    return path


def _missing(path: Path) -> InputError:
    return InputError(f"{path}: is missing; it is one of the authors' result files of 2018")


def _read_json(path: Path):
    try:
        return load_json(path)
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as json ({error}); copy it again") from None


def _read_object(path: Path) -> dict:
    content = _read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a json object with lists of numbers")
    return content


def _read_records(path: Path) -> list[dict]:
    """The json objects, one per run, of a file that lists them."""
    records = _read_json(path)
    if not isinstance(records, list) or not records:
        raise InputError(f"{path}: expected a json list with an object per run")
    for record in records:
        if not isinstance(record, dict):
            raise InputError(f"{path}: expected an object per run, but found {shown(record)}")
    return records


def _list(content: dict, field: str, path: Path, *, count: int | None = None) -> list:
    """A field that is a list with at least one item, or with ``count`` of them."""
    values = content.get(field)
    if not isinstance(values, list) or not values:
        raise InputError(f"{path}: {field}: expected a list with an item per run")
    if count is not None and len(values) != count:
        raise InputError(f"{path}: {field}: expected {count} items, but found {len(values)}")
    return values


def _numbers(
    content: dict,
    field: str,
    path: Path,
    *,
    at_most: float = _LARGEST_NUMBER,
    count: int | None = None,
) -> list[float]:
    """A field that is a list of numbers, as `_list` and `_number` take them."""
    values = _list(content, field, path, count=count)
    return [_number(value, field, path, at_most=at_most) for value in values]


def _number(value, field: str, path: Path, *, at_most: float = _LARGEST_NUMBER) -> float:
    # NaN, which Python's json reads and writes, fails the comparison. True is an int to Python.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= at_most:
        raise InputError(
            f"{path}: {field}: expected a number from 0 to {at_most:g}, but found {shown(value)}"
        )
    return float(value)


def _level(value, field: str, path: Path, *, word: str, at_most: float = _LARGEST_NUMBER) -> str:
    """A level of noise as our rows name it: ``word``, or a number such as "0.25" or "10"."""
    if value == word:
        return word
    if isinstance(value, str):
        raise InputError(
            f"{path}: {field}: expected numbers or {word}, but found {shortened(value)}"
        )
    return f"{_number(value, field, path, at_most=at_most):g}"


def _refuse_twice(name: str, earlier_names, field: str, path: Path):
    if name in earlier_names:
        raise InputError(f"{path}: {field}: {name} is there twice")
