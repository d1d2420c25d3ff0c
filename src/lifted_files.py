"""Lifted poses on disk: an npz that is written as they come, and json or csv with named joints."""

import json
import zipfile

import numpy as np

from src.files import write_atomically


def write_npz(path, parts, shape: tuple[int, int, int], small: dict):
    """parts: iterable of (P,K,3) arrays, (N,K,3) in all; small: what else goes into the file, in memory.

    ``small`` is looked at when all parts are written, so it may be filled while they come.
    """

    def write(temporary):
        with zipfile.ZipFile(temporary, "w") as archive:
            with archive.open("poses_3d.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array_header_2_0(
                    file, {"descr": "<f4", "fortran_order": False, "shape": shape}
                )
                for part in parts:
                    file.write(np.ascontiguousarray(part, dtype="<f4").tobytes())
            for name, value in small.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, np.asarray(value), allow_pickle=False)

    write_atomically(path, write)


def write_json(path, content: dict):
    """The arrays of an npz -> json: an object per pose with its joints by name, null where it could not be lifted."""
    common = {
        name: str(content[name])
        for name in ("unit", "axes", "source", "checkpoint", "checkpoint_sha256")
    }
    names, scales = content["joint_names"].tolist(), content.get("scale")
    poses = [
        {
            "frame": int(content["frame"][i]),
            "person": int(content["person"][i]),
            "scale": None if scales is None or np.isnan(scales[i]) else float(scales[i]),
            "joints": None
            if np.isnan(pose).any()
            else dict(zip(names, pose.round(3).tolist(), strict=True)),
        }
        for i, pose in enumerate(content["poses_3d"])
    ]
    text = json.dumps(
        {**common, "limbs": np.asarray(content["limbs"]).tolist(), "poses": poses}, indent=1
    )
    write_atomically(path, lambda temporary: temporary.write_text(text))


def write_csv(path, content: dict):
    """The arrays of an npz -> csv: a line per pose, columns frame, person, scale, <joint>_x, _y, _z."""
    header = [
        "frame",
        "person",
        "scale",
        *(f"{joint}_{axis}" for joint in content["joint_names"] for axis in "xyz"),
    ]
    scale = content.get("scale", np.full(len(content["frame"]), np.nan))
    rows = np.column_stack(
        [content["frame"], content["person"], scale, content["poses_3d"].reshape(len(scale), -1)]
    )
    form = ["%d", "%d", "%.6g", *["%.3f"] * (len(header) - 3)]
    write_atomically(
        path,
        lambda temporary: np.savetxt(
            temporary, rows, form, delimiter=",", header=",".join(header), comments=""
        ),
    )
