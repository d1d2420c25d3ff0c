"""Photos to draw poses on."""

from contextlib import suppress
from pathlib import Path

import numpy as np
from matplotlib.image import imread


def read_images(folder, files: list[str], *, says_missing: bool = True) -> list[np.ndarray | None]:
    """Read photos by their names in a folder.

    Returns an image (H,W,3) per file, None where it can't be had; one printed line says so, unless
    says_missing is off.
    """
    images = [None] * len(files)
    if folder:
        for index, file in enumerate(files):
            with suppress(OSError, ValueError, SyntaxError):  # Pillow's for what is no picture
                images[index] = imread(Path(folder) / file)
    if says_missing and any(image is None for image in images):
        place = f" under {folder}" if folder else ""
        print(f"note: no photos{place}: poses are drawn on a plain background")
    return images
