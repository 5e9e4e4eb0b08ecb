"""Arrow streams of the byte routes as NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from chroma.records import Array, Ids

ArrowTable = Any  # pyarrow's classes carry no types


def table(body: bytes) -> ArrowTable:
    """Decode an Arrow IPC stream."""
    import pyarrow as pa

    with pa.ipc.open_stream(body) as stream:
        return stream.read_all()


def column(source: ArrowTable, name: str) -> Array:
    """One column as an array `[n]`; strings as objects."""
    values: Array = source[name].combine_chunks().to_numpy(zero_copy_only=False)
    return values


def matrix(source: ArrowTable, name: str) -> Array:
    """One column of fixed-size lists as an array `[n, d]`."""
    lists = source[name].combine_chunks()
    values: Array = lists.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(lists), lists.type.list_size)


def as_ids(texts: list[str], like: Ids) -> Ids:
    """Ids that travelled as text, of the type the split has: `like` is any of its id arrays."""
    if like.dtype == object:
        keys = np.empty(len(texts), dtype=object)
        keys[:] = texts
        return keys
    return np.array([int(text) for text in texts], dtype=np.int64)
