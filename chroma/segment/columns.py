"""NumPy arrays, strings and images ⇄ Arrow columns."""

from __future__ import annotations

from typing import Any

import numpy as np

# Arrays go in by `from_buffers`: `pa.array(ndarray)` would import pandas into the training process.
import pyarrow as pa

from chroma.errors import SegmentError
from chroma.records import Array
from chroma.segment.format import DTYPES, NUMERIC

ArrowArray = Any  # pyarrow's classes carry no types


def to_arrow(name: str, array: Array) -> ArrowArray:
    """An array `[n]` or `[n, d]` as a column, without a copy where its memory allows.

    Raises:
        SegmentError: Its type or shape cannot be stored; the message names the field.
    """
    if array.dtype == object or array.dtype.kind == "U":
        return objects_to_arrow(name, array.tolist())
    if array.dtype == bool:
        packed = np.packbits(np.ascontiguousarray(array), bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(array), [None, pa.py_buffer(packed)])
    kind = NUMERIC.get(array.dtype.name)
    if kind is None or array.ndim not in (1, 2):
        raise SegmentError(
            f"{name}: cannot store {array.dtype} of shape {array.shape}; "
            "give one- or two-dimensional float16/32/64, int32/64, bool or strings"
        )
    flat = np.ascontiguousarray(array).reshape(-1)
    values = pa.Array.from_buffers(kind, flat.size, [None, pa.py_buffer(flat)])
    if array.ndim == 1:
        return values
    lists = pa.list_(kind, array.shape[1])
    return pa.Array.from_buffers(lists, array.shape[0], [None], children=[values])


def objects_to_arrow(name: str, values: list[Any]) -> ArrowArray:
    """Strings, or bytes for `images`, as a column; None where one is missing.

    Raises:
        SegmentError: An entry is neither; the message names the field and the value.
    """
    kind = pa.binary() if name == "images" else pa.string()
    encoded: list[bytes] = []
    for value in values:
        if not (value is None or isinstance(value, bytes if name == "images" else str)):
            raise SegmentError(
                f"{name}: cannot store {type(value).__name__} {value!r} as text; give str or None"
            )
        try:
            encoded.append(value.encode() if isinstance(value, str) else value or b"")
        except UnicodeEncodeError as error:
            raise SegmentError(f"{name}: {value!r} is not valid Unicode: {error}") from error
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(value) for value in encoded], out=offsets[1:])
    present = np.array([value is not None for value in values], bool)
    buffers = [
        pa.py_buffer(np.packbits(present, bitorder="little")) if not present.all() else None,
        pa.py_buffer(offsets),
        pa.py_buffer(b"".join(encoded)),
    ]
    return pa.Array.from_buffers(kind, len(values), buffers)


def from_arrow(column: ArrowArray) -> Array:
    """A column as an array `[n]` or `[n, d]`: a read-only view where its type allows."""
    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        return from_arrow(column.flatten()).reshape(len(column), kind.list_size)
    if pa.types.is_boolean(kind):
        packed = np.frombuffer(column.buffers()[1], np.uint8)
        return np.unpackbits(packed, count=len(column), bitorder="little").astype(bool)
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        values = np.empty(len(column), dtype=object)
        values[:] = column.to_pylist()
        return values
    dtype = np.dtype(DTYPES[kind])
    return np.frombuffer(column.buffers()[1], dtype, count=len(column)) if len(column) else np.empty(0, dtype)
