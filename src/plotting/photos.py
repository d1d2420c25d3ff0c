"""Photos to draw poses on."""

from contextlib import suppress
from pathlib import Path

import numpy as np
from matplotlib.image import imread


def read_images(folder, files: list[str], *, says_missing: bool = True) -> list[np.ndarray | None]:
    """Read photos by their names in a folder, for pictures of poses.

    Args:
        folder: the folder of the photos, or None if the user gave none.
        files: N paths in that folder.
        says_missing: whether one printed line says so if any of them cannot be read, as the
            pictures then look poorer than they might.

    Returns:
        N images as (H, W), (H, W, 3) or (H, W, 4); None for each that cannot be read.
    """
    images: list[np.ndarray | None] = [None] * len(files)
    if folder:
        for i, file in enumerate(files):
            # Pillow raises ValueError and SyntaxError for files that are no pictures.
            with suppress(OSError, ValueError, SyntaxError):
                images[i] = imread(Path(folder) / file)
    if says_missing and any(image is None for image in images):
        under_folder = f" under {folder}" if folder else ""
        print(f"note: no photos{under_folder}: poses are drawn on a plain background")
    return images
