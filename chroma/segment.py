"""Records ⇄ Arrow IPC files: the only file that knows the format.

A segment is one Arrow IPC file with one record batch. Array fields of the record are columns of the
same name (`[n, d]` as fixed-size lists, mappings of arrays as `field:key`); all else is JSON in the
schema metadata, under keys that begin with `chroma:`. Nothing is compressed: vectors do not compress,
and an uncompressed file is read by memory mapping. Since format 1.1 a file carries a checksum.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

# Arrays go in by `from_buffers`: `pa.array(ndarray)` would import pandas into the training process.
import pyarrow as pa

from chroma.checksum import ChecksumWriter, is_intact
from chroma.errors import SegmentError, SegmentVersionError
from chroma.records import (
    Array,
    Columns,
    Header,
    Hidden,
    LayerNote,
    Metrics,
    Notes,
    Outputs,
    Projection,
    Record,
    RunClosed,
    RunOpened,
    Samples,
    Segment,
    Snapshot,
)
from chroma.untrusted import Stamp, map_file, parse_json

ArrowArray = Any  # pyarrow's classes carry no types
ArrowBatch = Any
ArrowBuffer = Any

FORMAT = (1, 1)
MAX_BYTES = 64 * 2**20  # largest segment: what a shipper holds in memory at once
_LARGEST_FILE = 2**30  # bytes; a single row is not cut, so a file may exceed MAX_BYTES
_INT64 = 2**63

_RECORDS: dict[str, type[Record]] = {
    record.__name__: record
    for record in (
        *(RunOpened, RunClosed, Samples, Snapshot, Outputs, Columns, Projection, Metrics, Hidden, Notes),
    )
}
_NUMERIC: dict[str, pa.DataType] = {
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "int32": pa.int32(),
    "int64": pa.int64(),
}
_DTYPES = {kind: name for name, kind in _NUMERIC.items()}


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
    batch = _batch_of(segment)
    checked = ChecksumWriter(file)
    with pa.ipc.new_file(checked, batch.schema) as writer:
        writer.write_batch(batch)
        checked.data_is_written()
    checked.finish()


@dataclasses.dataclass(frozen=True)
class ReadSegment:
    """A segment file, opened once and memory-mapped; its columns are read when they are asked for.

    Attributes:
        header: What the segment says of itself.
        record_name: Class of its record.
        fields: The record's fields that are not arrays, as plain values.
        table: An Arrow record batch with the record's array fields.
        body: All bytes of the file.
        stamp: Which state of the file was opened; None for bytes.
    """

    header: Header
    record_name: str
    fields: Mapping[str, Any]
    table: ArrowBatch
    body: ArrowBuffer
    stamp: Stamp | None
    _version: tuple[int, int]
    _name: str

    def verify(self) -> None:
        """Compare the bytes with the checksum that came with them; reads the whole file.

        Raises:
            SegmentError: They differ. A file of format 1.0 has no checksum, and passes.
        """
        intact = is_intact(memoryview(self.body))
        if intact is False or (intact is None and self._version >= (1, 1)):
            raise SegmentError(f"{self._name} is damaged: its bytes do not match its checksum")

    @functools.cached_property
    def digest(self) -> str:
        """Blake2b of the file, 32 hex digits; reads the whole file."""
        return blake2b(self.body, digest_size=16).hexdigest()

    @functools.cached_property
    def record(self) -> Record:
        """The record; its arrays are read-only views.

        Raises:
            SegmentError: It is of an unknown kind, or lacks fields.
        """
        return _record(self.record_name, self.fields, self.table)

    def columns(self, names: Collection[str] | None = None) -> dict[str, Array]:
        """These array fields, of those it has; without names all but images.

        Entries of mappings are named `field:key`.
        """
        pairs = zip(self.table.schema.names, self.table.columns, strict=True)
        wanted = (pair for pair in pairs if (pair[0] != "images" if names is None else pair[0] in names))
        return {name: _from_arrow(column) for name, column in wanted}

    def images(self) -> Sequence[bytes | None] | None:
        """The encoded images of samples, each read from the file when it is asked for; None without any."""
        return _Images(self.table.column("images")) if "images" in self.table.schema.names else None

    def has_image(self) -> npt.NDArray[np.bool_]:
        """Which rows have an image, `[n]`; no image is read."""
        if "images" not in self.table.schema.names:
            return np.zeros(self.table.num_rows, bool)
        return ~np.asarray(self.table.column("images").is_null().to_numpy(zero_copy_only=False))


def open_segment(path: Path) -> ReadSegment:
    """Open a segment file, memory-mapped: its structure is checked, its checksum is not (see `verify`).

    Raises:
        FileNotFoundError: There is none.
        SegmentError: The file is cut short, damaged, not a segment, or not a regular file.
        SegmentVersionError: A newer Chroma wrote it.
    """
    return _open(path)


def read(path: Path) -> Segment:
    """Read and verify a whole segment file; its arrays are read-only views.

    Raises:
        SegmentError: As `open_segment` and `verify` do.
    """
    return _segment(_open(path))


def decode(body: bytes) -> Segment:
    """Decode the bytes `encode` made; raises as `read` does."""
    return _segment(_open(pa.py_buffer(body)))


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


def _batch_of(segment: Segment) -> ArrowBatch:
    record = segment.record
    plain: dict[str, Any] = {}
    columns: dict[str, ArrowArray] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, np.ndarray):
            columns[field.name] = _to_arrow(field.name, value)
        elif field.name in ("images", "texts") and value is not None:
            columns[field.name] = _objects_to_arrow(field.name, list(value))
        elif field.name in ("metadata", "columns"):
            for key, array in cast("Mapping[str, Array]", value).items():
                columns[f"{field.name}:{key}"] = _to_arrow(key, np.asarray(array))
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            plain[field.name] = dataclasses.asdict(value)
        else:
            plain[field.name] = dict(value) if isinstance(value, Mapping) else value
    rows = {name: len(column) for name, column in columns.items()}
    if len(set(rows.values())) > 1:
        raise SegmentError(f"{record.kind}: all columns need the same number of rows, got {rows}")
    about = {
        "format": FORMAT,
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


class _Images(Sequence[bytes | None]):
    def __init__(self, column: ArrowArray) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, row: Any) -> Any:
        return self._column[row].as_py()


def bytes_of(column: Any) -> int:
    """Bytes that an array field takes, or a sequence of strings or bytes, roughly."""
    if isinstance(column, np.ndarray) and column.dtype != object:
        return column.nbytes
    return sum(len(value) * 2 + 8 if isinstance(value, (str, bytes)) else 8 for value in column)


def _to_arrow(name: str, array: Array) -> ArrowArray:
    if array.dtype == object or array.dtype.kind == "U":
        return _objects_to_arrow(name, array.tolist())
    if array.dtype == bool:
        packed = np.packbits(np.ascontiguousarray(array), bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(array), [None, pa.py_buffer(packed)])
    kind = _NUMERIC.get(array.dtype.name)
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


def _objects_to_arrow(name: str, values: list[Any]) -> ArrowArray:
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


def _from_arrow(column: ArrowArray) -> Array:
    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        return _from_arrow(column.flatten()).reshape(len(column), kind.list_size)
    if pa.types.is_boolean(kind):
        packed = np.frombuffer(column.buffers()[1], np.uint8)
        return np.unpackbits(packed, count=len(column), bitorder="little").astype(bool)
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        values = np.empty(len(column), dtype=object)
        values[:] = column.to_pylist()
        return values
    dtype = np.dtype(_DTYPES[kind])
    return np.frombuffer(column.buffers()[1], dtype, count=len(column)) if len(column) else np.empty(0, dtype)


def _open(source: Path | ArrowBuffer) -> ReadSegment:
    name = str(source) if isinstance(source, Path) else "these bytes"
    try:
        body: ArrowBuffer = source
        stamp = None
        if isinstance(source, Path):
            mapped, stamp = map_file(source, _LARGEST_FILE)
            body = pa.py_buffer(mapped)
        reader = pa.ipc.open_file(body)
        about = {
            key.decode().removeprefix("chroma:"): parse_json(value)
            for key, value in (reader.schema.metadata or {}).items()
            if key.startswith(b"chroma:")
        }
        if not {"format", "record", "run", "writer", "number", "attempt"} <= about.keys():
            raise SegmentError(f"{name} is an Arrow file but not a segment of Chroma; it was left as it is")
        version = (int(about["format"][0]), int(about["format"][1]))
        if version[0] > FORMAT[0] and is_intact(memoryview(body)) is not False:
            raise SegmentVersionError(
                f"{name} was written in format {version[0]}, this Chroma reads up to {FORMAT[0]}; "
                "upgrade with: pip install --upgrade chroma-embeddings"
            )
        header, fields = _header(about)
        batch = _batch(reader)
        return ReadSegment(header, str(about["record"]), fields, batch, body, stamp, version, name)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError) as error:
        raise SegmentError(f"{name} is cut short, damaged or not an Arrow file ({error})") from error


def _batch(reader: Any) -> ArrowBatch:
    """The only record batch, proved to be what it says before anything follows an offset in it."""
    names = reader.schema.names
    if len(set(names)) < len(names):
        raise ValueError(f"two columns have one name: {names}")
    for field in reader.schema:
        if not _is_ours(field.type):
            raise ValueError(f"the column {field.name} is of type {field.type}, which no segment has")
    if reader.num_record_batches != 1:
        raise ValueError(f"it has {reader.num_record_batches} record batches instead of one")
    batch = reader.get_batch(0)
    batch.validate(full=True)
    return batch


def _is_ours(kind: Any) -> bool:
    if pa.types.is_fixed_size_list(kind):
        return kind.value_type in _DTYPES
    return kind in _DTYPES or kind in (pa.bool_(), pa.string(), pa.binary())


def _header(about: dict[str, Any]) -> tuple[Header, dict[str, Any]]:
    names = {field.name for field in dataclasses.fields(Header)}
    header = Header(**{name: about[name] for name in names if name in about})
    for name in ("run", "writer", "attempt"):
        if not isinstance(value := getattr(header, name), str):
            raise ValueError(f"its {name} is wrong: {value!r} is no text")
    for name in ("number", "rank", "world_size"):
        if type(value := getattr(header, name)) is not int or not 0 <= value < _INT64:
            raise ValueError(f"its {name} is wrong: {value!r} is no number from 0 to {_INT64 - 1}")
    if type(when := header.created_at) not in (int, float) or not 0 <= when < _INT64:
        raise ValueError(f"its created_at is wrong: {when!r} is no time")
    plain = {key: value for key, value in about.items() if key not in {"format", "kind", "record"} | names}
    return header, plain


def _segment(opened: ReadSegment) -> Segment:
    opened.verify()
    return Segment(opened.header, opened.record)


def _record(name: str, fields: Mapping[str, Any], batch: ArrowBatch) -> Record:
    record = _RECORDS.get(name)
    if record is None:
        raise SegmentError(f"a segment of the unknown kind {name!r}; upgrade chroma-embeddings")
    known = {field.name for field in dataclasses.fields(record)}
    values = {key: value for key, value in fields.items() if key in known}
    for mapping in ("metadata", "columns"):
        if mapping in known:
            values[mapping] = {}
    for column_name, column in zip(batch.schema.names, batch.columns, strict=True):
        field, keyed, key = column_name.partition(":")
        if not keyed and field in known:
            array = _from_arrow(column)
            values[field] = array.tolist() if field in ("images", "texts") else array
        elif keyed and field in ("metadata", "columns") and field in known:
            values[field][key] = _from_arrow(column)
    try:
        if "note" in values:
            values["note"] = LayerNote(**values["note"])
        return record(**values)
    except TypeError as error:
        raise SegmentError(f"a {name} segment lacks fields: {error}") from error
