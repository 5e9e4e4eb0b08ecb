"""The catalog's file between two dashboards: a digest, left when one closes, tells the next if it is intact.

SQLite has no checksums: a flipped bit in a cell is another value, and nothing finds it.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path

from chroma.journal import write_durably
from chroma.server.store.tables import now

logger = logging.getLogger("chroma.server")


def seal(catalog: Path) -> None:
    """Leave the digest of a catalog that was closed; not where another process has it open."""
    log = catalog.with_name(f"{catalog.name}-wal")
    with suppress(OSError):  # a full disk, or it is gone: then it is not verified
        if not log.exists():
            write_durably(_seal(catalog), _digest(catalog).encode())


def is_sealed(catalog: Path) -> bool | None:
    """Whether a catalog is as it was closed; None where that is not known."""
    try:
        return _seal(catalog).read_text(encoding="ascii", errors="replace") == _digest(catalog)
    except OSError:
        return None


def break_seal(catalog: Path) -> None:
    """Remove the digest: the catalog is about to be opened, and will change."""
    with suppress(OSError):
        _seal(catalog).unlink(missing_ok=True)


def move_aside(catalog: Path, reason: str) -> None:
    """Move a damaged catalog out of the way, with what lies beside it; nothing is deleted."""
    mark = now().strftime("%Y%m%d-%H%M%S")
    aside = catalog.with_name(f"{catalog.name}.damaged-{mark}-{os.getpid()}")
    logger.warning(
        "chroma: %s; it was moved to %s and is rebuilt from the stored segments, films are drawn again",
        reason,
        aside,
    )
    for suffix in ("-wal", "-shm"):
        beside = catalog.with_name(catalog.name + suffix)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + suffix))
    catalog.replace(aside)


def _digest(catalog: Path) -> str:
    with catalog.open("rb") as file:
        return file_digest(file, "blake2b").hexdigest()


def _seal(catalog: Path) -> Path:
    return catalog.with_name(f"{catalog.name}.digest")
