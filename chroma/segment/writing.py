"""Records → segment files."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa

from chroma.checksum import ChecksumWriter
from chroma.errors import SegmentError
from chroma.records import Array, Outputs, Record, Segment, Snapshot
from chroma.segment import format
from chroma.segment.columns import ArrowArray, objects_to_arrow, to_arrow
from chroma.segment.forking import UnlockedFile, no_fork
from chroma.segment.format import MAX_BYTES


def encode(segment: Segment) -> bytes:
    """Encode a segment as an Arrow IPC file; raises as `write` does."""
    file = io.BytesIO()
    write(segment, file)
    return file.getvalue()


def write(segment: Segment, file: BinaryIO) -> None:
    """Write a segment as an Arrow IPC file; its arrays go there without a copy.

    Raises:
        SegmentError: A field has a type or a length that cannot be stored; nothing was written.
        OSError: The disk refuses.
    """
    with no_fork():
        batch = _batch_of(segment)
        checked = ChecksumWriter(UnlockedFile(file))
        with pa.ipc.new_file(checked, batch.schema) as writer:
            writer.write_batch(batch)
            checked.data_is_written()
        checked.finish()


def parts(record: Record, max_bytes: int = MAX_BYTES) -> Iterator[Record]:
    """Cut a record by rows into parts whose columns stay below `max_bytes`; only the last one `ends`."""
    row_fields = {
        field.name: value
        for field in dataclasses.fields(record)
        if isinstance(value := getattr(record, field.name), np.ndarray)
        or (field.name in ("images", "texts") and value is not None)
    }
    if "ids" not in row_fields:
        yield record
        return
    mappings: dict[str, Mapping[str, Array]] = {
        name: getattr(record, name) for name in ("metadata", "columns") if hasattr(record, name)
    }
    rows = len(row_fields["ids"])
    columns = [*row_fields.values(), *(array for mapping in mappings.values() for array in mapping.values())]
    size = sum(bytes_of(column) for column in columns)
    step = max(1, int(rows * max_bytes * 0.9 / max(size, 1)))
    if step >= rows:
        yield record
        return
    for start in range(0, rows, step):
        rows_here = slice(start, start + step)
        change: dict[str, Any] = {name: value[rows_here] for name, value in row_fields.items()}
        for name, mapping in mappings.items():
            change[name] = {key: array[rows_here] for key, array in mapping.items()}
        if isinstance(record, (Snapshot, Outputs)):
            change["ends"] = record.ends and start + step >= rows
        yield dataclasses.replace(record, **change)


def bytes_of(column: Any) -> int:
    """Bytes that an array field takes, or a sequence of strings or bytes, roughly."""
    if isinstance(column, np.ndarray) and column.dtype != object:
        return column.nbytes
    return sum(len(value) * 2 + 8 if isinstance(value, (str, bytes)) else 8 for value in column)


def _batch_of(segment: Segment) -> Any:
    record = segment.record
    plain: dict[str, Any] = {}
    columns: dict[str, ArrowArray] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, np.ndarray):
            columns[field.name] = to_arrow(field.name, value)
        elif field.name in ("images", "texts") and value is not None:
            columns[field.name] = objects_to_arrow(field.name, list(value))
        elif field.name in ("metadata", "columns"):
            for key, array in cast("Mapping[str, Array]", value).items():
                columns[f"{field.name}:{key}"] = to_arrow(key, np.asarray(array))
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            plain[field.name] = dataclasses.asdict(value)
        else:
            plain[field.name] = dict(value) if isinstance(value, Mapping) else value
    rows = {name: len(column) for name, column in columns.items()}
    if len(set(rows.values())) > 1:
        raise SegmentError(f"{record.kind}: all columns need the same number of rows, got {rows}")
    about = {
        "format": format.FORMAT,
        "kind": record.kind,
        "record": type(record).__name__,
        **dataclasses.asdict(segment.header),
        **plain,
    }
    try:
        metadata = {f"chroma:{key}": json.dumps(value, ensure_ascii=False) for key, value in about.items()}
        schema = pa.schema([(name, column.type) for name, column in columns.items()], metadata=metadata)
    except (TypeError, ValueError) as error:
        raise SegmentError(f"{record.kind}: {error}; give plain numbers, strings, lists and dicts") from error
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)
