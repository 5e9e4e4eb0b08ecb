"""The server's answers as NumPy arrays and pandas tables: Arrow streams of the byte routes, and GraphQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from chroma.records import KEYED, Array, Ids

if TYPE_CHECKING:
    import pandas as pd

ArrowTable = Any  # pyarrow's classes carry no types

_CAPITAL = re.compile(r"(?=[A-Z])")


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


def numbers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """GraphQL rows with the numbers that come as text: integers above 2**53, NaN and infinite values."""
    kinds = {"step": int, "epoch": int, "of": int, "value": float}
    return [
        row | {name: kind(row[name]) for name, kind in kinds.items() if isinstance(row.get(name), str)}
        for row in rows
    ]


def frame(rows: list[dict[str, Any]], names: list[str]) -> pd.DataFrame:
    """A table of the fields `names` of GraphQL rows, in that order; `createdAt` becomes created_at, UTC."""
    import pandas as pd

    table = pd.DataFrame([[row[name] for name in names] for row in rows], columns=names)
    if "bytes" in names:  # GraphQL's Int ends at 2**31, so they come as Float
        table["bytes"] = table["bytes"].astype("int64")
    for name in names:
        if name.endswith("At"):
            table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    return table.rename(columns={name: _CAPITAL.sub("_", name).lower() for name in names})


def tagged_samples(run: dict[str, Any]) -> pd.DataFrame:
    """A run's tags as a table: tag, split, id, one row for each tagged sample."""
    import pandas as pd

    keyed = {split["name"] for split in run["splits"] if split["identity"] in KEYED}
    rows = [
        (tag["name"], tag["split"], sample if tag["split"] in keyed else int(sample))
        for tag in run["tags"]
        for sample in tag["sampleIds"]
    ]
    return pd.DataFrame(rows, columns=["tag", "split", "id"])
