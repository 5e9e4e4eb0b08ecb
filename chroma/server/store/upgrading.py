"""Brings the schema of a catalog up to date, by Alembic."""

from __future__ import annotations

import sqlite3
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from chroma.errors import CatalogError, MigrationError
from chroma.server.store import postgresql
from chroma.server.store.engine import MIGRATIONS, CatalogFullError

_OF_THE_DISK = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
}


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing.

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
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")  # has no effect inside a transaction
