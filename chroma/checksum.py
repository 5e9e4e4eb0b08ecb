"""The checksum of a segment file: CRC-32 of all its other bytes.

It stands in 16 bytes between the end of Arrow's stream and Arrow's footer, which readers skip: they find the
footer from the end of the file. In the metadata it would have to be known before the data is written.
CRC-32 finds every flipped bit and every burst of up to 32 bits, at four times the speed of blake2b.
"""

from __future__ import annotations

import io
import zlib
from typing import Any, Protocol

_MARK = b"CHROMA32"  # then 8 hex digits
_SIZE = 16  # keeps the footer aligned to 8 bytes
_TAIL = 10  # bytes at the end of an Arrow file: length of the footer (int32), b"ARROW1"


class Writable(Protocol):
    """What bytes can be written to."""

    def write(self, data: Any, /) -> int:
        """Write them all."""
        ...


class ChecksumWriter(io.RawIOBase):
    """A file for Arrow to write to; puts the checksum before the footer.

    Args:
        file: Where the bytes go.
    """

    def __init__(self, file: Writable) -> None:
        super().__init__()
        self._file = file
        self._sum = 0
        self._written = 0
        self._last: bytearray | None = None

    def writable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Bytes written so far."""
        return self._written

    def write(self, data: Any, /) -> int:
        """Write to the file, or to memory once the data is written."""
        size = memoryview(data).nbytes
        self._written += size
        if self._last is None:
            self._sum = zlib.crc32(data, self._sum)
            self._file.write(data)
        else:
            self._last += data
        return size

    def data_is_written(self) -> None:
        """All that comes from now on belongs to the end of the file."""
        self._last = bytearray()

    def finish(self) -> None:
        """Write the checksum and the end of the file; call it after Arrow's writer is closed."""
        last = bytes(self._last or b"")
        footer = len(last) - _TAIL - int.from_bytes(last[-_TAIL:-6], "little")
        self._file.write(last[:footer])
        self._file.write(_MARK + b"%08x" % zlib.crc32(last, self._sum))
        self._file.write(last[footer:])


def is_intact(body: memoryview) -> bool | None:
    """Whether the bytes of a segment file are those that were written; None if it carries no checksum."""
    footer = len(body) - _TAIL - int.from_bytes(body[-_TAIL:-6], "little", signed=True)
    at = footer - _SIZE
    if not 0 <= at <= len(body) - _SIZE or bytes(body[at : at + len(_MARK)]) != _MARK:
        return None
    found = zlib.crc32(body[footer:], zlib.crc32(body[:at]))
    return bytes(body[at + len(_MARK) : footer]) == b"%08x" % found
