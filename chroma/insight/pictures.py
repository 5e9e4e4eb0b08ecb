"""Pictures that show the same, though moved, brighter or noisy: leaks that vectors of a late layer hide."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.insight.across import nearest_across
from chroma.insight.duplicates import Pairs, equal_pairs
from chroma.projection.arrays import Floats, blocks

# Candidates compared pixel by pixel.
_CANDIDATES = 6
# How far they are moved: 2 pixels, less where a picture has below 24.
_SHIFT, _SIZE = 2, 12
# Frequencies looked at on each axis.
_FREQUENCIES = 16
# Below it the product of both ratios tells a copy; unrelated MNIST and digits images stay above .25.
SAME = 0.15


def same_pictures(
    pictures: npt.NDArray[Any], others: npt.NDArray[Any] | None = None, *, same: float = SAME
) -> Pairs:
    """Pairs of pictures that show the same, also moved a little, brighter, of more contrast or noisy.

    Moved by up to 2 pixels, 1 where a picture has below 24.

    Candidates are the nearest by the amplitudes of their Fourier transforms, which shifts leave alone. Of
    these, `d = sqrt(2 - 2 r)`, r the largest correlation of the pixels over all shifts. A pair is the same
    where `(d / m) (d / d2) < same`: m is the median over all pictures of d to the nearest, and d2 the d of
    the picture to the next nearest (the ratio test of Lowe 2004, "Distinctive image features"): a picture
    that is merely like another one is like many.

    Args:
        pictures: `[n, h, w]`, grey, any type.
        others: `[m, h, w]`, of another set; without it pairs within one set are looked for.
        same: Threshold, from 0 to 1.

    Returns:
        Pairs of rows of `pictures` and `others`, each picture with the one most like it. Pictures of one grey
        throughout are in none; of those below 12 pixels, which tell too little, equal ones alone.
    """
    within = others is None
    reference = pictures if others is None else others
    if len(pictures) < 1 + within or not len(reference):
        return equal_pairs(np.zeros((0, 1)))  # there is nothing to compare
    one = _signatures(pictures)
    ids, _ = nearest_across(one, one if within else _signatures(reference), k=_CANDIDATES + within)
    if within:
        ids = _without_self(ids)
    gaps = np.full(ids.shape, np.nan, np.float32)
    for part in blocks(len(ids), max(1, pictures[0].size)):
        for column in range(ids.shape[1]):
            rows = np.arange(part.start, part.stop)
            rows = rows[ids[rows, column] >= 0]
            gaps[rows, column] = _gap(pictures[rows], reference[ids[rows, column]])
    # at least two columns
    ids = np.pad(ids, ((0, 0), (0, 2)), constant_values=-1)
    gaps = np.pad(gaps, ((0, 0), (0, 2)), constant_values=np.nan)
    order = np.argsort(gaps, axis=1, kind="stable")
    ids, gaps = np.take_along_axis(ids, order, axis=1), np.take_along_axis(gaps, order, axis=1)
    known = np.isfinite(gaps[:, 0])
    nearest, second = gaps[known, 0], gaps[known, 1]
    unit = (float(np.median(nearest)) if len(nearest) else 0.0) or 1.0
    second = np.where(np.isfinite(second), second, unit)
    rows = np.flatnonzero(known)[nearest**2 <= same * unit * second]
    pairs = _pairs(rows, ids[rows, 0].astype(np.int64), gaps[rows, 0] / np.float32(unit), pictures, others)
    return pairs if min(pictures.shape[1:]) >= _SIZE else pairs.take(pairs.exact)


def _signatures(pictures: npt.NDArray[Any]) -> Floats:
    """Amplitudes of the lower frequencies, NaN of pictures of one grey: float32 `[n, d]`."""
    height, width = pictures.shape[1:]
    found: list[Floats] = []
    for part in blocks(len(pictures), max(1, height * width)):
        block = pictures[part].astype(np.float32)
        block = block - block.mean(axis=(1, 2), keepdims=True)
        # room for the shift at the border
        waves = np.abs(np.fft.rfft2(block, s=(height + 2 * _SHIFT, width + 2 * _SHIFT)))
        low = np.concatenate([waves[:, :_FREQUENCIES], waves[:, _FREQUENCIES:][:, -_FREQUENCIES:]], axis=1)
        flat = low[:, :, :_FREQUENCIES].reshape(len(block), -1).astype(np.float32)
        flat[np.ptp(block, axis=(1, 2)) <= 0] = np.nan
        found.append(flat)
    return np.concatenate(found) if found else np.empty((0, 1), np.float32)


def _without_self(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """One column less: the row itself, else the last."""
    if not ids.shape[1]:  # all pictures are of one grey throughout
        return ids
    own = ids == np.arange(len(ids))[:, None]
    own[~own.any(axis=1), -1] = True
    return ids[~own].reshape(len(ids), ids.shape[1] - 1)


def _gap(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> Floats:
    """`sqrt(2 - 2 r)`, r the largest correlation over shifts, on what overlaps; float32 `[p]`."""
    one, two = first.astype(np.float32), second.astype(np.float32)
    height, width = one.shape[1:]
    best, most = np.full(len(one), -1.0), min(_SHIFT, min(height, width) // _SIZE)
    for down in range(-most, most + 1):
        for right in range(-most, most + 1):
            a = one[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
            b = two[:, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)]
            a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
            a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
            size = np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
            product = np.einsum("ij,ij->i", a, b)
            best = np.maximum(best, np.divide(product, size, out=np.full(len(a), -1.0), where=size > 0))
    return np.sqrt(np.maximum(0, 2 - 2 * best)).astype(np.float32)


def _pairs(
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    distance: Floats,
    pictures: npt.NDArray[Any],
    others: npt.NDArray[Any] | None,
) -> Pairs:
    """Sorted by distance; within one set each pair once."""
    if others is None:
        both = np.stack([np.minimum(first, second), np.maximum(first, second)])
        (first, second), at = np.unique(both, axis=1, return_index=True)
        distance = distance[at]
    exact = (pictures[first] == (pictures if others is None else others)[second]).all(axis=(1, 2))
    order = np.argsort(distance, kind="stable")
    return Pairs(first[order], second[order], distance[order], exact[order])
