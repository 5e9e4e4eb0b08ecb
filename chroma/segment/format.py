"""What a segment file may hold: its version, its records, its column types."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from chroma.records import (
    Columns,
    Hidden,
    Metrics,
    Notes,
    Outputs,
    Projection,
    Record,
    RunClosed,
    RunEvent,
    RunOpened,
    Samples,
    Snapshot,
    TrainingOutputs,
)

FORMAT = (1, 2)
MAX_BYTES = 64 * 2**20  # largest segment: what a shipper holds in memory at once

RECORDS: dict[str, type[Record]] = {
    record.__name__: record
    for record in (
        *(RunOpened, RunClosed, Samples, Snapshot, Outputs, TrainingOutputs, Columns, Projection, Metrics),
        *(RunEvent, Hidden, Notes),
    )
}
NUMERIC: dict[str, pa.DataType] = {
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "int32": pa.int32(),
    "int64": pa.int64(),
}
DTYPES = {kind: name for name, kind in NUMERIC.items()}


def is_ours(kind: Any) -> bool:
    """Whether an Arrow type is one that a column of a segment may have."""
    if pa.types.is_fixed_size_list(kind):
        return kind.value_type in DTYPES
    return kind in DTYPES or kind in (pa.bool_(), pa.string(), pa.binary())
