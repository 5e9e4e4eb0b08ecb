"""Segments that somebody copies into a home: half of one is waited for, one that was given up comes back."""

from __future__ import annotations

import stat
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from chroma.journal import ASIDE, entries_of

SETTLED = 10.0  # seconds without a change after which a file is as it will be
_END = b"ARROW1"  # the last bytes of a segment


def is_being_copied(path: Path) -> bool:
    """Whether a file lacks its end, and was changed a moment ago."""
    try:
        found = path.lstat()
        # the time of the last change of any kind: a copy may carry the times of its original
        if not stat.S_ISREG(found.st_mode) or abs(time.time() - found.st_ctime) > SETTLED:
            return False
        with path.open("rb") as file:
            file.seek(max(0, found.st_size - len(_END)))
            return file.read(len(_END)) != _END
    except OSError:
        return False


def bring_back(folder: Path, runs: Collection[str] = ("*",)) -> None:
    """Put segments that were changed since they were set aside where they were: they may be whole now.

    Args:
        folder: The journal, or the runs of a store.
        runs: Which runs are looked at.
    """
    names = [f"{run}/{place}" for run in runs for place in (ASIDE, f"segments/{ASIDE}")]
    for place in [each for name in names for each in folder.glob(name)]:
        for entry in entries_of(place.relative_to(folder).parts[0], place):
            reason, target = entry.path.with_suffix(".txt"), place.parent / entry.path.name
            with suppress(OSError):
                changed = entry.path.lstat().st_ctime_ns > reason.lstat().st_mtime_ns
                if changed and not target.exists():
                    entry.path.replace(target)
                    reason.unlink()
