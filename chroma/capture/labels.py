"""Labels as frameworks hold them, to one label per sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from chroma.records import Array


def class_labels(value: Any, rows: int) -> Array | None:
    """`[B]` int64, float32 or object-of-str labels; None where there is not one per sample.

    Args:
        value: An array or list of `[B]` or `[B, 1]`; `[B, C]` rows that are exactly one-hot become class
            indices.
        rows: B.
    """
    if not isinstance(value, (np.ndarray, list, tuple)):
        return None
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different length
        return None
    if array.shape == (rows, 1):
        array = array[:, 0]
    elif array.ndim == 2 and len(array) == rows and _one_hot(array):
        array = array.argmax(axis=1)
    if array.shape != (rows,):
        return None
    if array.dtype.kind == "U":
        return array.astype(object)
    return (
        array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        if array.dtype.kind in "iubf"
        else None
    )


def _one_hot(array: Array) -> bool:
    return array.dtype.kind in "iubf" and bool(
        ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()
    )
