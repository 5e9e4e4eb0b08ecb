"""Opens the catalog database and brings its schema up to date."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from chroma.errors import CatalogError, MigrationError
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
_OF_THE_DISK = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
}
Unavailable = OperationalError  # the catalog is locked, gone, or its disk full: trying again may help

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


def migrate(engine: Engine) -> None:
    """Bring the schema up to date.

    Raises:
        MigrationError: The schema is newer than this program, or a migration failed.
        CatalogFullError: There is no room for it.
        CatalogError: The catalog cannot be written to now.
    """
    config = migrations()
    known = ScriptDirectory.from_config(config)
    name = postgresql.shown(engine)
    with engine.connect() as connection:
        if engine.dialect.name == postgresql.DIALECT:
            postgresql.become_writer(connection)  # of servers that start together one does it
        # Off while tables are rebuilt, or dropping the old one would delete the rows it owns.
        _foreign_keys(connection, on=False)
        try:
            current = MigrationContext.configure(connection).get_current_revision()
            if current == known.get_current_head():
                return
            if current is not None and current not in {script.revision for script in known.walk_revisions()}:
                raise MigrationError(
                    f"the catalog {name} was made by a newer Chroma (schema {current}); "
                    "upgrade with: pip install --upgrade chroma-embeddings"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        except (DatabaseError, CommandError) as error:
            code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
            if code & 0xFF in _OF_THE_DISK:
                full = code & 0xFF == sqlite3.SQLITE_FULL
                raise (CatalogFullError if full else CatalogError)(
                    f"the catalog {name} cannot be written to ({error}); "
                    "free space on its disk, or see who else uses it, and start again: it is as it was"
                ) from error
            remedy = "move it away" if engine.dialect.name == "sqlite" else "name another, empty database"
            raise MigrationError(
                f"the catalog {name} could not be brought up to date ({error}); "
                f"{remedy} and start again: it is rebuilt from the stored segments"
            ) from error
        finally:
            connection.rollback()
            _foreign_keys(connection, on=True)


def migrations() -> Config:
    """Alembic's configuration, made here: the migrations ship inside the package, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


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


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")  # has no effect inside a transaction
