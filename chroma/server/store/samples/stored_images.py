"""The images of a stored segment: read one by one, so that only where they lie is held in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chroma.errors import SegmentError
from chroma.segment import ReadSegment, open_segment
from chroma.untrusted import Stamp, read_at


class StoredImages:
    """Encoded images of one segment.

    Args:
        path: Where the store has it now: copies of a bucket come and go.
        digest: Of its bytes.
        read: The segment.
    """

    def __init__(self, path: Callable[[], Path], digest: str, read: ReadSegment) -> None:
        self._path = path
        self._digest = digest
        self._places = read.image_places()
        self._stamp = read.stamp

    def has(self, row: int) -> bool:
        """Whether a row has an image."""
        return bool(self._places[row, 0] >= 0)

    def read(self, row: int) -> bytes:
        """The image of a row that has one.

        Raises:
            SegmentError: The file is damaged or gone.
        """
        at, end = self._places[row].tolist()
        for _ in range(2):
            path = self._path()
            try:
                if self._stamp is not None:
                    return read_at(path, self._stamp, at, end - at)
            except ValueError:  # copied, or put back from a copy: it may have the same bytes
                pass
            except OSError as error:
                raise SegmentError(
                    f"{path} cannot be read ({error.strerror}); put it back from a copy"
                ) from error
            self._stamp = self._unchanged()
        raise SegmentError(f"{self._path()} changes while it is read")

    def _unchanged(self) -> Stamp | None:
        """The state in which the file is now, once its bytes are proved to be the same."""
        path = self._path()
        try:
            read = open_segment(path)
        except FileNotFoundError as error:
            raise SegmentError(f"{path} is gone; put it back from a copy") from error
        if read.digest != self._digest:
            raise SegmentError(f"{path} is damaged: other bytes were taken in; put it back from a copy")
        return read.stamp
