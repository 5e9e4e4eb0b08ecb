"""A catalog in PostgreSQL: connections, what it stores otherwise than SQLite, and who may write."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError

from chroma.errors import CatalogError, ConfigError, MissingDependencyError

DIALECT = "postgresql"
# The server answers in up to 40 threads, each of which may read while it writes; ingest, films and others
# have threads of their own. Connections beyond the first are closed when they are free again.
_POOL = {"pool_size": 5, "max_overflow": 45, "pool_timeout": 30, "pool_pre_ping": True}
_PATIENCE = 10  # seconds to connect
_OLDEST = 140000  # version: SKIP LOCKED is older, but this is the oldest one that is still maintained
_ONE_WRITER = 0x6368726F6D61  # "chroma"; key of an advisory lock of this database
_LIMITS = "54"  # class of SQLSTATE: too large for an index, too many columns
_NAN, _NO_NUMBER = "0e999", re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN')


def open_postgresql(url: str) -> Engine:
    """Open a catalog by its URL.

    Raises:
        MissingDependencyError: psycopg is not installed.
        ConfigError: It is no URL.
        CatalogError: The database cannot be reached, or is too old.
    """
    try:
        import psycopg
    except ImportError as error:
        raise MissingDependencyError("psycopg", "team") from error
    try:
        target = make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise ConfigError("CHROMA_DATABASE_URL is no address of a database; give postgresql://…") from None
    engine = create_engine(
        target,
        json_serializer=_to_json,
        json_deserializer=_from_json,
        connect_args={"connect_timeout": _PATIENCE},
        **_POOL,
    )
    event.listen(engine, "handle_error", _on_error)
    event.listen(engine, "connect", _on_connect)
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            if raw.info.server_version < _OLDEST:
                raise CatalogError(
                    f"the database {shown(engine)} is PostgreSQL {raw.info.server_version // 10000}; "
                    "use 14 or newer"
                )
    except (DBAPIError, psycopg.Error) as error:
        engine.dispose()
        reason = " ".join(str(getattr(error, "orig", error)).split())
        raise CatalogError(
            f"the database {shown(engine)} cannot be reached ({reason}); "
            "check CHROMA_DATABASE_URL, and that PostgreSQL runs and lets this machine in"
        ) from error
    return engine


def shown(engine: Engine) -> str:
    """The URL of a database without its password, or the file of an SQLite one."""
    if engine.dialect.name != DIALECT:
        return str(engine.url.database)
    return engine.url.set(drivername=DIALECT).render_as_string(hide_password=True)


def become_writer(connection: Connection) -> None:
    """Wait until no other transaction writes, of any server, until this one ends: as SQLite does it.

    What is read first stays true until it is written.
    """
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_WRITER})")


def freeze(connection: Connection) -> None:
    """Let all statements of this transaction see one state; it cannot write."""
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _on_connect(connection: Any, _record: Any) -> None:
    connection.adapters.register_dumper(str, _text())


def _on_error(context: ExceptionContext) -> Exception | None:
    """What can never be stored is wrong data: psycopg takes it for a database that is not available."""
    error: Any = context.original_exception
    if (getattr(error, "sqlstate", None) or "").startswith(_LIMITS):
        return DataError(context.statement, context.parameters, error)
    return None


def _text() -> type[Any]:
    from psycopg.types.string import StrDumper

    class Text(StrDumper):
        """Text without U+0000, which PostgreSQL cannot hold: the sign for it stands there."""

        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "␀") if "\0" in obj else obj)

    return Text


def _to_json(value: Any) -> str:
    """JSON as PostgreSQL takes it: it knows neither NaN nor infinite numbers, but keeps numbers as text."""
    numbers = {"NaN": _NAN, "Infinity": "1e999", "-Infinity": "-1e999"}
    return _NO_NUMBER.sub(lambda found: numbers.get(found[0], found[0]), json.dumps(value))


def _from_json(text: str) -> Any:
    return json.loads(text, parse_float=lambda number: math.nan if number == _NAN else float(number))
