"""The catalog's file between two dashboards: a digest, left when one closes, tells the next if it is intact.

SQLite has no checksums: a flipped bit in a cell is another value, and nothing finds it.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from stat import S_ISREG

from chroma.errors import CatalogError
from chroma.journal import write_durably
from chroma.server.store.tables import now
from chroma.untrusted import read_file

logger = logging.getLogger("chroma.server")

_LONGEST_SEAL = 1000  # bytes; a digest has 128


def seal(catalog: Path) -> None:
    """Leave the digest of a catalog that was closed; not where another process has it open."""
    log = catalog.with_name(f"{catalog.name}-wal")
    with suppress(OSError):  # a full disk, or it is gone: then it is not verified
        if not log.exists():
            write_durably(_seal(catalog), _digest(catalog).encode())


def check_kind(catalog: Path) -> None:
    """Check that a catalog, and what SQLite keeps beside it, are files, as far as they are there.

    SQLite, or whoever reads them, would wait for a pipe for ever.

    Raises:
        CatalogError: One is a folder, a pipe, a socket or a device, or cannot be looked at.
    """
    for suffix in ("", "-wal", "-shm"):
        path = catalog.with_name(catalog.name + suffix)
        try:
            reason = "" if S_ISREG(path.stat().st_mode) else "it is no file"
        except FileNotFoundError:
            continue
        except OSError as error:
            reason = str(error.strerror)
        if reason:
            raise CatalogError(
                f"the catalog cannot be opened, because of {path} ({reason}); move that away and start "
                "again: the catalog is rebuilt from the stored segments"
            )


def is_sealed(catalog: Path) -> bool | None:
    """Whether a catalog is as it was closed; None where that is not known."""
    try:
        return read_file(_seal(catalog), _LONGEST_SEAL) == _digest(catalog).encode()
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
