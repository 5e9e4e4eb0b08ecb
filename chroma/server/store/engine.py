"""Opens the catalog database, and knows whether its schema is of today."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from chroma.errors import CatalogError
from chroma.server.store import postgresql

# Stored in the database file: readers never wait for the writer.
_OF_THE_FILE = ("PRAGMA journal_mode = WAL",)
# Set on each connection.
_OF_THE_CONNECTION = (
    "PRAGMA busy_timeout = 15000",  # ms; the worker and the server write to the same file
    "PRAGMA foreign_keys = ON",  # SQLite's default is off, and our rows go with their owners
    "PRAGMA synchronous = NORMAL",  # with WAL a power cut may lose the last commits: reconcile finds them
    "PRAGMA temp_store = MEMORY",  # sorts touch no disk
)
Unavailable = OperationalError  # the catalog is locked, gone, or its disk full: trying again may help

MIGRATIONS = Path(__file__).parent / "migrations"

# Execution option: whether this transaction will write, or reads one state; without it, neither is known.
WRITE = "chroma_write"


class CatalogDamagedError(CatalogError):
    """The file of the catalog is damaged, or no database."""


class CatalogFullError(CatalogError):
    """The disk has no room to bring the catalog up to date; it is as it was."""


def open_engine(target: Path | str, *, intact: bool = False) -> Engine:
    """Open the catalog.

    Args:
        target: File of an SQLite database, made if it is not there; or the URL of one in PostgreSQL.
        intact: The file is known to be as it was closed: it is not read to find damage.

    Raises:
        CatalogDamagedError: The file is damaged, or is no database.
        CatalogError: It cannot be opened.
        ConfigError: The URL cannot be understood.
    """
    if isinstance(target, str):
        engine = postgresql.open_postgresql(target)
        event.listen(engine, "begin", _on_begin)
        return engine
    with suppress(OSError):  # SQLite says what is wrong; its other files get the mode of this one
        os.close(os.open(target, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(URL.create("sqlite", database=str(target)))  # the path may hold % or ?
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    try:
        raw: Any = engine.raw_connection()
        for pragma in _OF_THE_FILE:
            raw.driver_connection.execute(pragma)
        found = "ok" if intact else raw.driver_connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        found = str(found).replace("\n", " ")
        raw.close()
    except sqlite3.OperationalError as error:
        engine.dispose()
        raise CatalogError(
            f"the catalog {target} cannot be opened ({error}); "
            "check that its folder can be written to and has room"
        ) from error
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        engine.dispose()
        raise CatalogDamagedError(
            f"the catalog {target} is damaged ({found}); move it away and start again: "
            "it is rebuilt from the stored segments"
        )
    return engine


def is_current(engine: Engine) -> bool:
    """Whether the schema of a catalog is the one that this program works with."""
    return _revision(engine) == newest_revision()


def newest_revision() -> str:
    """The revision of the schema that this program works with: migrations are named by theirs."""
    return max(path.name for path in MIGRATIONS.glob("versions/[0-9]*_*.py")).partition("_")[0]


def _revision(engine: Engine) -> str | None:
    """The revision that a catalog is at, where it has one."""
    with engine.connect() as connection:
        try:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
        except DatabaseError:  # it is new, or damaged: whoever upgrades it says so
            return None
    return found[0] if len(found) == 1 else None


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin the transaction too late: `_on_begin` does it
    cursor = connection.cursor()
    try:
        for pragma in _OF_THE_CONNECTION:
            cursor.execute(pragma)
    finally:
        cursor.close()


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITE)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif writes is not None:
        (postgresql.become_writer if writes else postgresql.freeze)(connection)
