"""How vectors are rounded to what is stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chroma.records import Array
from chroma.run.arguments import Dtype

Half = Callable[[Array], Array]  # float32 that fits float16, or is NaN or infinite, to the nearest

_CHUNK = 1024  # rows
_ROUNDS_UP = 65520  # the least number that float16 rounds to infinity
_LEAST = 2.0**-14  # below it float16 keeps fewer digits, from 3e-8 down none


def half(array: Array) -> Array:
    """Round to float16 with NumPy; an integration may know a quicker way."""
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(np.float16)


def rounded(array: Array, rows: Array | slice, dtype: Dtype, to_half: Half = half) -> tuple[Array, int]:
    """Round rows of `[n, d]` float32 (or float16) to `dtype`.

    Args:
        array: The vectors.
        rows: Which of them, and in which order.
        dtype: What they shall be; finite values beyond float16's range keep float32 for all, as does a
            vector that is not zero and whose values are all too small for it.
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
    if array.dtype == np.float16:
        return array, int((~np.isfinite(array).all(axis=1)).sum())
    largest = _largest(array)
    broken = 0
    if not (largest < _ROUNDS_UP).all():  # NaN is not below
        finite = np.isfinite(array)
        broken = int((~finite.all(axis=1)).sum())
        largest = np.abs(array, where=finite, out=np.zeros_like(array)).max(axis=1)
    outside = (largest >= _ROUNDS_UP) | ((largest > 0) & (largest < _LEAST))
    return (array if dtype == "float32" or outside.any() else to_half(array)), broken


def _largest(array: Array) -> Array:
    """`[n]`, the largest magnitude of each row; NaN where it holds NaN."""
    if not array.size:
        return np.zeros(len(array), np.float32)
    # two reductions, a fifth of what it costs to look for infinities in the rounded values
    with np.errstate(invalid="ignore"):
        return np.maximum(array.max(axis=1), -array.min(axis=1))
