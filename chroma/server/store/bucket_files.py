"""The files of a store that is a bucket: this machine has copies of what it reads and writes."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from chroma.durable import durable
from chroma.errors import SegmentError
from chroma.segment import ReadSegment
from chroma.server.store.bucket import Bucket
from chroma.server.store.files import Files, Stored
from chroma.settings import Settings

_IN_USE = 600.0  # seconds after its last use in which a copy is not removed
_NOTED = 60.0  # seconds between two notes that a copy is in use
_TOUCHED = 86400.0  # seconds after which a file in use is written again: a bucket knows no other sign
_KEPT = 10_000  # names of objects that are not put twice, until they are taken in
_STRIPES = 32  # copies that may be fetched at once


def open_files(settings: Settings) -> Files:
    """The files of a home's store.

    Raises:
        ConfigError: The address of the bucket cannot be understood.
    """
    if settings.bucket_url is None:
        return Files(settings.store)
    return BucketFiles(settings.store, Bucket(settings.bucket_url), settings.cache_bytes)


class BucketFiles(Files):
    """Files of a bucket, which is asked first whenever something is written or removed.

    Args:
        root: Folder of the copies; what lies there is also in the bucket, or was.
        bucket: Which.
        most: Bytes of copies; those that were not used for longest go.
    """

    is_local = False

    def __init__(self, root: Path, bucket: Bucket, most: int) -> None:
        super().__init__(root)
        self._bucket = bucket
        self._most = most
        self._grown = most  # bytes that came since copies were last counted
        self._kept: set[str] = set()
        self._locks = [threading.Lock() for _ in range(_STRIPES)]

    def path(self, relative: str, *, fresh: bool = False) -> Path:
        """Where a file lies once it is fetched, if the bucket has it; see `Files.path`."""
        path = self.own(relative)
        with self._locks[hash(relative) % _STRIPES]:
            if fresh or not self._is_here(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                if self._bucket.get(relative, path):
                    self._count(path.stat().st_size)
                elif fresh:
                    path.unlink(missing_ok=True)
        return path

    def place(self, relative: str) -> Path:
        """Where the copy of a file lies, if there is one."""
        return self.own(relative)

    def below_folder(self, folder: str) -> list[Stored]:
        """All objects below a folder, the oldest first."""
        return sorted(self._bucket.below(folder), key=lambda each: each.written)

    def size(self, relative: str) -> int | None:
        """Bytes of an object; None where there is none."""
        self.own(relative)  # checks it
        found = self._bucket.find(relative)
        return None if found is None else found.size

    def keep(self, relative: str, source: Path) -> None:
        """Put a file into the bucket, once."""
        if relative not in self._kept:
            self.own(relative)
            if len(self._kept) >= _KEPT:
                self._kept.clear()  # at worst some are sent again
            self._bucket.put(relative, source)
            self._kept.add(relative)
            self._count(source.stat().st_size)

    def remove(self, relative: str) -> None:
        """Remove an object, and its copy."""
        self._bucket.remove(relative)
        self._kept.discard(relative)
        super().remove(relative)

    def touch(self, relative: str) -> None:
        """Note that an object is in use: it is written again, once a day at most."""
        found = self._bucket.find(relative)
        if found is not None and time.time() - found.written > _TOUCHED:
            self._bucket.put(relative, self.path(relative))

    def write(self, relative: str, body: bytes) -> Path:
        """Write an object, then its copy, which a kill may cost: it is fetched again."""
        path = self.own(relative)
        self._bucket.put(relative, body)
        path.parent.mkdir(parents=True, exist_ok=True)
        with durable(path, sync=False) as file:
            file.write(body)
        self._count(len(body))
        return path

    def _open(self, relative: str) -> ReadSegment:
        """As `Files` does; a copy that is damaged is fetched again."""
        try:
            return super()._open(relative)
        except SegmentError:
            if not self.own(relative).exists():
                raise
            self.path(relative, fresh=True)
            return super()._open(relative)

    def _is_here(self, path: Path) -> bool:
        """Whether there is a copy, noting that it is used."""
        try:
            status = path.stat()
            if time.time() - status.st_atime > _NOTED:
                os.utime(path, ns=(time.time_ns(), status.st_mtime_ns))
        except OSError:
            return False
        return True

    def _count(self, came: int) -> None:
        """Remove the copies that were not used for longest where all are too many."""
        self._grown += came
        if self._grown < self._most // 10:
            return
        self._grown = 0
        copies: list[tuple[float, int, Path]] = []
        for path in self.root.rglob("*"):
            with suppress(OSError):
                status = path.lstat()
                if path.is_file():
                    copies.append((max(status.st_atime, status.st_ctime), status.st_size, path))
        left = sum(size for _, size, _ in copies)
        for used, size, path in sorted(copies):
            if left <= self._most or time.time() - used < _IN_USE:
                return
            with suppress(OSError):
                path.unlink()
                left -= size
