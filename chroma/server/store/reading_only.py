"""A home that cannot be written to: its catalog is copied into memory, and nothing is written."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, QueuePool, create_engine, event

from chroma.errors import CatalogError
from chroma.server.store.catalog import Store
from chroma.server.store.engine import migrate
from chroma.server.store.files import Files
from chroma.settings import Settings

_ROOM = 16 * 2**20  # bytes that a dashboard needs to start: a migration copies tables


def why_not_writable(settings: Settings) -> str | None:
    """Why nothing can be written to a home that is there; None where it can, or there is none yet."""
    home = settings.home
    probe = home / f".probe-{secrets.token_hex(4)}"
    try:
        if not settings.catalog.exists():
            return None
        found = os.statvfs(home) if hasattr(os, "statvfs") else None
        if found is not None and found.f_bavail * found.f_frsize < _ROOM:
            return f"its disk has {found.f_bavail * found.f_frsize / 2**20:.1f} MiB left"
        try:
            probe.write_bytes(bytes(4096))
        finally:
            probe.unlink(missing_ok=True)
        return None if os.access(settings.catalog, os.W_OK) else "its catalog belongs to another user"
    except OSError as error:
        return str(error.strerror or error)


def open_for_reading(settings: Settings, reason: str) -> Store:
    """Open the store of a home without writing to it.

    Args:
        settings: Which home.
        reason: Why it is not written to.

    Raises:
        CatalogError: The catalog is damaged, cannot be read, or is newer than this program.
    """
    place = f"file:chroma-{secrets.token_hex(8)}?mode=memory&cache=shared"
    kept = sqlite3.connect(place, uri=True, check_same_thread=False)  # memory lasts as long as a connection
    try:
        _copy(settings.catalog, kept)
        engine = create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(place, uri=True, check_same_thread=False),
            poolclass=QueuePool,
        )
        migrate(engine)
        engine.dispose()
        event.listen(engine, "connect", _refuse_writing)

        def forget(_engine: Engine) -> None:
            kept.close()

        event.listen(engine, "engine_disposed", forget)
    except sqlite3.Error as error:
        kept.close()
        raise CatalogError(
            f"the catalog {settings.catalog} cannot be read ({error}), and {settings.home} cannot be written "
            f"to ({reason}); copy the folder to another disk and set CHROMA_HOME to it"
        ) from error
    return Store(engine, Files(settings.store), read_only=f"{settings.home} is only read: {reason}")


def _copy(catalog: Path, into: sqlite3.Connection) -> None:
    """Copy a catalog, with what lies in its write-ahead log; files beside it cannot be made here."""
    log = catalog.with_name(f"{catalog.name}-wal")
    if not log.exists() or not log.stat().st_size:
        with closing(sqlite3.connect(f"{catalog.as_uri()}?immutable=1", uri=True)) as source:
            source.backup(into)
        return
    for place in (tempfile.gettempdir(), "/dev/shm"):
        try:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                for file in (catalog, log):
                    shutil.copy(file, folder)
                with closing(sqlite3.connect(Path(folder, catalog.name))) as source:
                    source.backup(into)
        except OSError:
            continue
        return
    raise sqlite3.OperationalError("there is no room for a copy of it")


def _refuse_writing(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA query_only = ON")
