"""Segment files → records: opened once, proved before anything in them is followed."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from chroma.checksum import is_intact
from chroma.errors import SegmentError, SegmentVersionError
from chroma.records import Array, Header, LayerNote, Record, Segment
from chroma.segment import format
from chroma.segment.columns import from_arrow
from chroma.segment.compression import refuse_compressed
from chroma.segment.format import RECORDS, is_ours
from chroma.untrusted import Stamp, parse_json, read_stamped

ArrowBatch = Any  # pyarrow's classes carry no types
ArrowBuffer = Any

_LARGEST_FILE = 2**30  # bytes; a single row is not cut, so a file may exceed MAX_BYTES
_INT64 = 2**63
_YEAR_10000 = 253_402_300_800  # seconds; times end there


@dataclasses.dataclass(frozen=True)
class ReadSegment:
    """A segment file, read into memory; its columns are views of its bytes.

    Attributes:
        header: What the segment says of itself.
        record_name: Class of its record.
        fields: The record's fields that are not arrays, as plain values.
        table: An Arrow record batch with the record's array fields.
        body: All bytes of the file.
        stamp: Which state of the file was read; None for bytes.
    """

    header: Header
    record_name: str
    fields: Mapping[str, Any]
    table: ArrowBatch
    body: ArrowBuffer
    stamp: Stamp | None
    _version: tuple[int, int]
    _path: Path | None

    def verify(self) -> None:
        """Compare the bytes with the checksum that came with them; reads the whole file.

        Raises:
            SegmentError: They differ. A file of format 1.0 has no checksum, and passes.
        """
        intact = is_intact(memoryview(self.body))
        if intact is False or (intact is None and self._version >= (1, 1)):
            raise SegmentError(f"{_name(self._path)} is damaged: its bytes do not match its checksum")

    def known_as(self, digest: str) -> ReadSegment:
        """The same segment; its digest is known, and not computed again."""
        self.__dict__["digest"] = digest
        return self

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
        return {name: from_arrow(column) for name, column in wanted}

    def image_places(self) -> npt.NDArray[np.int64]:
        """Where in the file the image of each row begins and ends, `[n, 2]`; -1 where there is none."""
        places = np.full((self.table.num_rows, 2), -1, np.int64)
        if "images" in self.table.schema.names and self.table.num_rows:
            column = self.table.column("images")
            _, offsets, values = column.buffers()
            first = values.address - self.body.address if values is not None and values.size else 0
            ends = np.frombuffer(offsets, np.int32, count=len(column) + 1) + np.int64(first)
            there = ~np.asarray(column.is_null().to_numpy(zero_copy_only=False))
            places[there] = np.column_stack([ends[:-1], ends[1:]])[there]
        return places


def open_segment(path: Path) -> ReadSegment:
    """Read a segment file: its structure is checked, its checksum is not (see `verify`).

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


def _open(source: Path | ArrowBuffer) -> ReadSegment:
    path = source if isinstance(source, Path) else None
    name = _name(path)
    try:
        body: ArrowBuffer = source
        stamp = None
        if path is not None:
            read, stamp = read_stamped(path, _LARGEST_FILE)
            body = pa.py_buffer(read)
        reader = pa.ipc.open_file(body)
        about = {
            key.decode().removeprefix("chroma:"): parse_json(value)
            for key, value in (reader.schema.metadata or {}).items()
            if key.startswith(b"chroma:")
        }
        if not {"format", "record", "run", "writer", "number", "attempt"} <= about.keys():
            raise SegmentError(f"{name} is an Arrow file but not a segment of Chroma; it was left as it is")
        version = (int(about["format"][0]), int(about["format"][1]))
        if version[0] > format.FORMAT[0] and is_intact(memoryview(body)) is not False:
            raise SegmentVersionError(
                f"{name} was written in format {version[0]}, this Chroma reads up to {format.FORMAT[0]}; "
                "upgrade with: pip install --upgrade chroma-embeddings"
            )
        header, fields = _header(about)
        refuse_compressed(memoryview(body))
        batch = _batch(reader)
        return ReadSegment(header, str(about["record"]), fields, batch, body, stamp, version, path)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError) as error:
        raise SegmentError(f"{name} is cut short, damaged or not an Arrow file ({error})") from error


def _name(path: Path | None) -> str:
    return "these bytes" if path is None else str(path)


def _batch(reader: Any) -> ArrowBatch:
    """The only record batch, proved to be what it says before anything follows an offset in it."""
    names = reader.schema.names
    if len(set(names)) < len(names):
        raise ValueError(f"two columns have one name: {names}")
    for field in reader.schema:
        if not is_ours(field.type):
            raise ValueError(f"the column {field.name} is of type {field.type}, which no segment has")
    if reader.num_record_batches != 1:
        raise ValueError(f"it has {reader.num_record_batches} record batches instead of one")
    batch = reader.get_batch(0)
    batch.validate(full=True)
    return batch


def _header(about: dict[str, Any]) -> tuple[Header, dict[str, Any]]:
    names = {field.name for field in dataclasses.fields(Header)}
    header = Header(**{name: about[name] for name in names if name in about})
    for name in ("run", "writer", "attempt"):
        if not isinstance(value := getattr(header, name), str):
            raise ValueError(f"its {name} is wrong: {value!r} is no text")
    for name in ("number", "rank", "world_size", "attempt_number", "accepted"):
        if type(value := getattr(header, name)) is not int or not 0 <= value < _INT64:
            raise ValueError(f"its {name} is wrong: {value!r} is no number from 0 to {_INT64 - 1}")
    if type(when := header.created_at) not in (int, float) or not 0 <= when < _YEAR_10000:
        raise ValueError(f"its created_at is wrong: {when!r} is no time")
    plain = {key: value for key, value in about.items() if key not in {"format", "kind", "record"} | names}
    return header, plain


def _segment(opened: ReadSegment) -> Segment:
    opened.verify()
    return Segment(opened.header, opened.record)


def _record(name: str, fields: Mapping[str, Any], batch: ArrowBatch) -> Record:
    record = RECORDS.get(name)
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
            array = from_arrow(column)
            values[field] = array.tolist() if field in ("images", "texts") else array
        elif keyed and field in ("metadata", "columns") and field in known:
            values[field][key] = from_arrow(column)
    try:
        if "note" in values:
            values["note"] = LayerNote(**values["note"])
        return record(**values)
    except TypeError as error:
        raise SegmentError(f"a {name} segment lacks fields: {error}") from error
