"""Photos to draw poses on."""

import warnings
from pathlib import Path

import numpy as np
from matplotlib.image import pil_to_array
from PIL import Image  # Pillow comes with matplotlib

from src.errors import InputError
from src.input_files import require_regular_file

# A file is one of these by its content, whatever its name says. Pillow knows many more formats, and
# starts another program, Ghostscript, for one of them.
_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_BYTES = 2**28
# Four bytes each, and several times as much while a picture is drawn. A png of 20 KB may declare
# more than any memory holds.
_MOST_MEGAPIXELS = 50
# A progressive JPEG adds to its picture scan by scan, some ten in all, and each costs the time of a
# whole picture. The bytes FF DA begin a scan, and stand nowhere else in what is encoded.
_MOST_SCANS = 200


def read_photo(path) -> np.ndarray:
    """Read a photo in JPEG, PNG or WebP -> (H,W), (H,W,3) or (H,W,4), uint8.

    Raises InputError naming the file for a pipe or a device, and for a photo of more than 50
    megapixels or 256 MiB. Whatever else is no photo raises what Pillow raises for it.
    """
    require_regular_file(path)
    if Path(path).stat().st_size > _MOST_BYTES:
        raise InputError(f"{path}: is larger than {_MOST_BYTES // 2**20} MiB; make it smaller")
    too_large = f"{path}: has more than {_MOST_MEGAPIXELS} megapixels; make it smaller"
    try:
        with warnings.catch_warnings(action="ignore"):  # Pillow has a larger bound, and warns
            image = Image.open(path, formats=_FORMATS)  # reads no more than the header
    except Image.DecompressionBombError:
        raise InputError(too_large) from None
    with image:
        width, height = image.size
        if width * height > _MOST_MEGAPIXELS * 10**6:
            raise InputError(too_large)
        if image.format == "JPEG" and Path(path).read_bytes().count(b"\xff\xda") > _MOST_SCANS:
            raise InputError(f"{path}: is a JPEG of more than {_MOST_SCANS} scans; save it anew")
        return pil_to_array(image)


def read_images(folder, files: list[str], *, says_missing: bool = True) -> list[np.ndarray | None]:
    """Read photos by their names in a folder, for pictures of poses.

    Args:
        folder: the folder of the photos, or None if the user gave none.
        files: N paths in that folder.
        says_missing: whether one printed line says so if any of them cannot be read, as the
            pictures then look poorer than they might.

    Returns:
        N images as (H, W), (H, W, 3) or (H, W, 4); None for each that cannot be read. A photo that
        `read_photo` refuses has a printed line of its own, which names it.
    """
    images: list[np.ndarray | None] = [None] * len(files)
    if folder:
        for i, file in enumerate(files):
            try:
                images[i] = read_photo(Path(folder) / file)
            except InputError as error:
                print(f"note: {error}")
            except Exception:  # a file that is no picture, or a damaged one, can raise anything
                continue
    if says_missing and any(image is None for image in images):
        under_folder = f" under {folder}" if folder else ""
        print(f"note: no photos{under_folder}: poses are drawn on a plain background")
    return images
