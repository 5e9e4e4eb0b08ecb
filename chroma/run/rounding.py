"""How vectors are rounded to what is stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chroma.records import Array
from chroma.run.arguments import Dtype

Half = Callable[[Array], Array]  # float32 that fits float16, or is NaN or infinite, to the nearest

_CHUNK = 1024  # rows
_ROUNDS_UP = 65520  # the least number that float16 rounds to infinity


def half(array: Array) -> Array:
    """Round to float16 with NumPy; an integration may know a quicker way."""
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(np.float16)


def rounded(array: Array, rows: Array | slice, dtype: Dtype, to_half: Half = half) -> tuple[Array, int]:
    """Round rows of `[n, d]` float32 (or float16) to `dtype`.

    Args:
        array: The vectors.
        rows: Which of them, and in which order.
        dtype: What they shall be; finite values beyond float16's range keep float32 for all.
        to_half: Rounds to float16.

    Returns:
        The vectors, which may be those given, and how many rows hold NaN or infinite values.
    """
    if not isinstance(rows, slice) and dtype == "float16":  # never all of them in float32 once more
        gathered, broken = np.empty((len(rows), *array.shape[1:]), np.float16), 0
        for start in range(0, len(rows), _CHUNK):
            chunk, its = _rounded(array[rows[start : start + _CHUNK]], dtype, to_half)
            if chunk.dtype != np.float16:
                break
            gathered[start : start + _CHUNK] = chunk
            broken += its
        else:
            return gathered, broken
    return _rounded(array[rows], dtype, to_half)


def _rounded(array: Array, dtype: Dtype, to_half: Half) -> tuple[Array, int]:
    # two reductions, a fifth of what it costs to look for infinities in the rounded values; NaN fails both
    if array.dtype == np.float32 and array.size and not _within(array):
        finite = np.isfinite(array)
        broken = int((~finite.all(axis=1)).sum())
        beyond = np.abs(array, where=finite, out=np.zeros_like(array)) >= _ROUNDS_UP
        return (array if dtype == "float32" or beyond.any() else to_half(array)), broken
    if array.dtype == np.float16:
        return array, int((~np.isfinite(array).all(axis=1)).sum())
    return (array if dtype == "float32" else to_half(array)), 0


def _within(array: Array) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(array.max() < _ROUNDS_UP and array.min() > -_ROUNDS_UP)
