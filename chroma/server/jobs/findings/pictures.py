"""The images of a split's samples as pixels, to compare them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.server.store.samples.table import SampleTable
from chroma.thumbnails import grey_pixels

_SIDE = 32  # pixels of the longest side: larger images are made smaller
_LEAST = 6  # pixels: shifted copies of smaller images say nothing
MOST = 20_000  # images compared of a split


@dataclass(frozen=True, slots=True)
class Pictures:
    """Images in grey.

    Attributes:
        positions: `[n]` of the samples that have one, ascending.
        pixels: `[n, h, w]` uint8, all of the shape that most have; others are left out.
        of: How many samples of the split have an image.
    """

    positions: npt.NDArray[np.int64]
    pixels: npt.NDArray[np.uint8]
    of: int


def pictures_of(table: SampleTable) -> Pictures | None:
    """The images of a split's samples; None without two of a shape, or where they are too small."""
    there = [position for position in range(len(table)) if table.image(position)]
    found: dict[tuple[int, ...], list[tuple[int, npt.NDArray[np.uint8]]]] = {}
    for position in there[:MOST]:
        pixels = grey_pixels(table.image(position) or b"", _SIDE)
        if pixels is not None and min(pixels.shape) >= _LEAST:
            found.setdefault(pixels.shape, []).append((position, pixels))
    most = max(found.values(), key=len, default=[])
    if len(most) < 2:
        return None
    positions = np.array([position for position, _ in most], np.int64)
    return Pictures(positions, np.stack([pixels for _, pixels in most]), len(there))
