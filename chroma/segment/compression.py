"""Refuses Arrow files whose body is compressed: a few bytes may stand for gigabytes, and no segment is.

Arrow unpacks before it can be asked, so what the file says of itself is read here: `File.fbs` and
`Message.fbs` of Apache Arrow, laid out as FlatBuffers (https://flatbuffers.dev/internals).
"""

from __future__ import annotations

import struct

_END = b"ARROW1"
_BLOCK = struct.Struct("<qi4xq")  # of a footer: offset, length of the metadata, length of the body
_CONTINUES = 0xFFFFFFFF  # before the length of a message, since Arrow 0.15

# Places of fields in their tables.
_DICTIONARIES, _RECORD_BATCHES = 2, 3
_HEADER = 2
_COMPRESSION = 3


def refuse_compressed(body: memoryview) -> None:
    """Check that no batch of an Arrow file is compressed, nor a dictionary.

    Raises:
        ValueError: One is, or the file is cut short.
    """
    try:
        (length,) = struct.unpack_from("<i", body, len(body) - len(_END) - 4)
        start = len(body) - len(_END) - 4 - length
        if length <= 0 or start < 0:
            raise ValueError("it has no footer")
        footer = _root(body, start)
        if footer.blocks(_DICTIONARIES):
            raise ValueError("it has dictionaries, which no segment has")
        for offset, _, _ in footer.blocks(_RECORD_BATCHES):
            (first,) = struct.unpack_from("<I", body, offset)
            header = _root(body, offset + (8 if first == _CONTINUES else 4)).table(_HEADER)
            if header is not None and header.field(_COMPRESSION) is not None:
                raise ValueError("its body is compressed, which no segment is")
    except struct.error as error:
        raise ValueError(f"it is cut short: {error}") from error


class _Table:
    def __init__(self, body: memoryview, at: int) -> None:
        if at < 0:
            raise ValueError("it points before its beginning")
        self._body = body
        self._at = at

    def field(self, number: int) -> int | None:
        """Where a field lies; None if it is left out."""
        (back,) = struct.unpack_from("<i", self._body, self._at)
        fields = self._at - back
        if fields < 0:
            raise ValueError("it points before its beginning")
        (size,) = struct.unpack_from("<H", self._body, fields)
        place = 4 + 2 * number
        if place + 2 > size:
            return None
        (offset,) = struct.unpack_from("<H", self._body, fields + place)
        return self._at + offset if offset else None

    def follow(self, number: int) -> int | None:
        """Where what a field points to lies."""
        at = self.field(number)
        return None if at is None else at + struct.unpack_from("<I", self._body, at)[0]

    def table(self, number: int) -> _Table | None:
        at = self.follow(number)
        return None if at is None else _Table(self._body, at)

    def blocks(self, number: int) -> list[tuple[int, int, int]]:
        at = self.follow(number)
        if at is None:
            return []
        (count,) = struct.unpack_from("<I", self._body, at)
        if at + 4 + count * _BLOCK.size > len(self._body):
            raise ValueError("it is cut short")
        return [_BLOCK.unpack_from(self._body, at + 4 + row * _BLOCK.size) for row in range(count)]


def _root(body: memoryview, start: int) -> _Table:
    if start < 0:
        raise ValueError("it points before its beginning")
    return _Table(body, start + struct.unpack_from("<I", body, start)[0])
