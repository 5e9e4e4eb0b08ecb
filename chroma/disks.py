"""How much room the disks have on which Chroma writes: it is said before one is full."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chroma.settings import Settings

_SHARE = 0.05  # of a disk; on large disks that is plenty
_ENOUGH = 2 * 10**9  # bytes


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk, as far as one of our folders lies on it.

    Attributes:
        of: What lies there: home, store, or cache (copies of what is in a bucket).
        folder: Where.
        free: Bytes that are left for us.
        total: Bytes that it has.
        low: Whether that is less than `CHROMA_DISK_WARNING`.
    """

    of: str
    folder: Path
    free: int
    total: int
    low: bool

    @property
    def warning(self) -> str:
        """One sentence for people; it names no folder."""
        return (
            f"the disk of the {self.of} has {self.free / 1e9:.1f} GB left of {self.total / 1e9:.1f} GB; make "
            "room before it is full: nothing can be written then"
        )


def disks(settings: Settings) -> list[Disk]:
    """The disks of the home and the store; one disk once. One that is gone is left out."""
    found: dict[int, Disk] = {}
    for of, folder in _places(settings):
        with suppress(OSError):
            there = next(each for each in (folder, *folder.parents) if each.exists())
            room = shutil.disk_usage(there)
            least = settings.disk_warning
            if least is None:
                least = min(_ENOUGH, int(_SHARE * room.total))
            found.setdefault(
                os.stat(there).st_dev, Disk(of, folder, room.free, room.total, room.free < least)
            )
    return list(found.values())


def _places(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "home", settings.home
    yield ("store" if settings.bucket_url is None else "cache"), settings.store
