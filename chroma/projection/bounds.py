"""The square a film lies in, and frames as whole numbers for the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.projection.arrays import Frame, finite_rows

MISSING = 65_535
_STEPS = 65_534


@dataclass(frozen=True, slots=True)
class Bounds:
    """The square all frames of a film lie in: coordinate = offset + u16 / 65534 * scale."""

    offset_x: float
    offset_y: float
    scale: float


def bounds(frames: Sequence[Frame], margin: float = 0.1) -> Bounds:
    """The smallest square round all points of all frames, widened on each side by `margin` of its length.

    Raises:
        ConfigError: Where no frame has a point.
    """
    points = np.concatenate([frame[finite_rows(frame)] for frame in frames]) if frames else np.empty((0, 2))
    if len(points) == 0:
        raise ConfigError("A film needs bounds and none of its frames has a point: check the layer for NaN.")
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    size = float((high - low).max()) or 1.0
    scale = size * (1 + 2 * margin)
    x, y = (low + high) / 2 - scale / 2
    return Bounds(float(x), float(y), scale)


def inside(xy: Frame, within: Bounds) -> bool:
    """Whether every point of a frame lies within the bounds; missing samples are no matter."""
    points = xy[finite_rows(xy)]
    low = np.array([within.offset_x, within.offset_y])
    return bool(((points >= low) & (points <= low + within.scale)).all())


def quantize(xy: Frame, within: Bounds) -> npt.NDArray[np.uint16]:
    """A frame for the screen: uint16 `[2 n]`, x of all samples, then y; 65535 = missing.

    Points outside the bounds are put on their edge: ask `inside` first.
    """
    unit = (xy.astype(np.float64) - (within.offset_x, within.offset_y)) / within.scale
    finite = finite_rows(unit)
    steps = np.rint(np.clip(np.where(finite[:, None], unit, 0), 0, 1) * _STEPS).astype(np.uint16)
    steps[~finite] = MISSING
    return np.ascontiguousarray(steps.T).ravel()


def dequantize(codes: npt.NDArray[np.integer[Any]], within: Bounds) -> Frame:
    """The frame `quantize` came from, to within half a step: float32 `[n, 2]`, NaN = missing."""
    steps = codes.reshape(2, -1).T
    xy = steps / _STEPS * within.scale + (within.offset_x, within.offset_y)
    return np.where(steps == MISSING, np.nan, xy).astype(np.float32)
