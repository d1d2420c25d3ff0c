"""Which form of Human3.6M a folder holds."""

from pathlib import Path

from src.data.human36.cdf import CdfFiles
from src.data.human36.folder import HOW_TO_GET_DATA, Human36Source
from src.data.human36.h5_layout import H5Layout
from src.data.human36.videopose3d import MOTIONS_FILE, VideoPose3D
from src.errors import InputError


def open_source(data_dir) -> Human36Source:
    """Open a folder with Human3.6M in any form: the h5 layout where there are several.

    Raises InputError if there is no such folder or it holds none of the forms.
    """
    folder = Path(data_dir)
    if folder.is_file():
        raise InputError(
            f"--data_dir {folder}: is a file; give the folder that holds cameras.h5 and S1, S5, ..."
        )
    if not folder.is_dir():
        raise InputError(f"--data_dir {folder}: no such folder; {HOW_TO_GET_DATA}")
    if any(folder.glob("S*/MyPoses")):
        return H5Layout(folder)
    if any(folder.glob("S*/MyPoseFeatures/D3_Positions*")):
        return CdfFiles(folder)
    if (folder / MOTIONS_FILE).is_file():
        return VideoPose3D(folder)
    return H5Layout(folder)  # which says what is expected and what is there
