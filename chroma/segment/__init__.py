"""Records ⇄ Arrow IPC files: the only folder that knows the format.

A segment is one Arrow IPC file with one record batch. Array fields of the record are columns of the
same name (`[n, d]` as fixed-size lists, mappings of arrays as `field:key`); all else is JSON in the
schema metadata, under keys that begin with `chroma:`. Nothing is compressed: vectors do not compress,
and an uncompressed file is read by memory mapping. Since format 1.1 a file carries a checksum.
"""

from __future__ import annotations

from chroma.segment.format import FORMAT, MAX_BYTES
from chroma.segment.reading import ReadSegment, decode, open_segment, read
from chroma.segment.writing import bytes_of, encode, parts, write

__all__ = [
    "FORMAT",
    "MAX_BYTES",
    "ReadSegment",
    "bytes_of",
    "decode",
    "encode",
    "open_segment",
    "parts",
    "read",
    "write",
]
