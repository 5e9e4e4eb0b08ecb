"""The store's files: segments, neighbor graphs and films, under one folder; of a bucket: `bucket_files`."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG

from chroma.errors import CatalogError, SegmentError, SegmentMissingError
from chroma.journal import segment_name, write_durably
from chroma.segment import ReadSegment, open_segment
from chroma.untrusted import Stamp, read_stamped

_DIGEST = 16  # bytes
_LARGEST_SEALED = 2**33
BELOW = "below.txt"  # in the folder, names `Files.below`


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of a store: its path relative to it, its size in bytes and when it was written (seconds)."""

    path: str
    size: int
    written: float


class Files:
    """A folder of immutable files, addressed by paths relative to it with `/`.

    Args:
        root: The folder (`Settings.store`); made when first written to.

    Attributes:
        damaged: Segments that were found missing or damaged, by path, and why.
        aside: Runs with segments of the store that were set aside, as far as is known.
        below: A store that may only be read: files that are not in this one are read from there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        below = root / BELOW
        self.below = Path(os.fsdecode(below.read_bytes())) if below.is_file() else None
        self._verified: dict[str, Stamp | None] = {}
        self.damaged: dict[str, str] = {}
        self.aside: set[str] = set()

    is_local = True  # whether to look at a file costs no request

    def path(self, relative: str, *, fresh: bool = False) -> Path:
        """Where a file of the store lies: in the one below, if it is there and not in this one.

        Args:
            relative: Of the file.
            fresh: It is one of the few that are written again: a copy of it may be old.

        Raises:
            CatalogError: The path would leave the store.
            StoreError: The store is a bucket, and does not answer.
        """
        path = self.own(relative)
        if self.below is not None and not path.exists():
            below = self.below / path.relative_to(self.root)
            return below if below.exists() else path
        return path

    def place(self, relative: str) -> Path:
        """As `path`; but nothing is fetched of a bucket."""
        return self.path(relative)

    def own(self, relative: str) -> Path:
        """Where a file of the store lies that is written or removed.

        Raises:
            CatalogError: The path would leave the store.
        """
        parts = relative.split("/")
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
            raise CatalogError(
                f"{relative!r} is not a path inside the store {self.root}: the catalog is damaged; "
                "move it away and start again: it is rebuilt from the stored segments"
            )
        return self.root.joinpath(*parts)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders of this store and of the one below."""
        return (self.root,) if self.below is None else (self.root, self.below)

    def below_folder(self, folder: str) -> list[Stored]:
        """All files below a folder, the oldest first, in this store and in the one below."""
        found: dict[str, Stored] = {}
        for root in reversed(self.roots):
            for path in root.joinpath(*folder.split("/")).rglob("*"):
                with suppress(OSError):
                    if S_ISREG((status := path.lstat()).st_mode):
                        name = path.relative_to(root).as_posix()
                        found[name] = Stored(name, status.st_size, status.st_mtime)
        return sorted(found.values(), key=lambda each: each.written)

    def size(self, relative: str) -> int | None:
        """Bytes of a file; None where there is none."""
        try:
            status = self.path(relative).lstat()
        except OSError:
            return None
        return status.st_size if S_ISREG(status.st_mode) else None

    def keep(self, relative: str, source: Path) -> None:
        """Put a file into the bucket, where there is one, before it is moved to its path."""

    def remove(self, relative: str) -> None:
        """Remove a file, if it is there; one of the store below stays."""
        self.own(relative).unlink(missing_ok=True)

    def touch(self, relative: str) -> None:
        """Note that a file is in use, where that can be written."""
        with suppress(OSError):
            os.utime(self.own(relative))

    def write(self, relative: str, body: bytes) -> Path:
        """Write a file durably: after a crash it is there whole or not at all.

        Raises:
            OSError: The disk is full, gone or read-only.
        """
        path = self.own(relative)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, body)
        return path

    def write_sealed(self, relative: str, body: bytes) -> Path:
        """Write a file that is made again where it is damaged, durably, with a digest at its end.

        Raises:
            OSError: The disk is full, gone or read-only.
        """
        return self.write(relative, body + _digest(body))

    def read_sealed(self, relative: str, *, fresh: bool = False) -> bytes | None:
        """The bytes of such a file; None where it is gone or damaged."""
        path = self.path(relative, fresh=fresh)
        try:
            body, _ = read_stamped(path, _LARGEST_SEALED)
        except (OSError, ValueError):
            return None
        sealed, digest = body[:-_DIGEST], body[-_DIGEST:]
        return sealed if digest == _digest(sealed) else None

    def open_segment(self, relative: str) -> ReadSegment:
        """Open a stored segment; a file is verified when this process first opens it, or it has changed.

        Raises:
            SegmentMissingError: It is gone.
            SegmentError: It is damaged, or another segment lies in its place.
        """
        try:
            read = self._open(relative)
        except SegmentError as error:
            self.damaged[relative] = str(error)
            raise
        self.damaged.pop(relative, None)
        return read

    def miss(self, relative: str) -> None:
        """Note that a segment's file is gone, or has another size."""
        self.damaged[relative] = f"{self.path(relative)} is gone or has another size"

    def _open(self, relative: str) -> ReadSegment:
        try:
            read = open_segment(self.path(relative))
        except FileNotFoundError as error:
            raise SegmentMissingError(
                f"the stored segment {self.path(relative)} is gone; put it back from a copy, "
                "and see what else is damaged with: chroma check"
            ) from error
        if self._verified.get(relative) != read.stamp:
            header = read.header
            if self.segment(header.run, header.writer, header.number) != relative:
                raise SegmentError(
                    f"{self.path(relative)} holds another segment, {header.run}/{header.writer}-"
                    f"{header.number}: files of the store were swapped; see which with: chroma check"
                )
            read.verify()
            self._verified[relative] = read.stamp
        return read

    @staticmethod
    def segment(run: str, writer: str, number: int) -> str:
        """Path of a segment, relative to the store: its key alone decides it."""
        return f"runs/{run}/segments/{segment_name(writer, number)}"


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=_DIGEST).digest()
