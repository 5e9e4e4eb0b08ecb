"""Alembic's environment: `chroma.server.store.upgrading.migrate` gives it a connection.

A new migration after a change in tables.py: `python -m chroma.server.store.migrations "what changes"`.
"""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from sqlalchemy import Connection
from sqlmodel import AutoString

from chroma.server.store import tables


def _plain_types(kind: str, value: Any, _autogenerate: Any) -> str | Literal[False]:
    """Write our column types as SQLAlchemy's own, so that a migration depends on no code of ours."""
    if kind == "type" and isinstance(value, tables.UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, AutoString):
        return f"sa.String(length={value.length})" if value.length else "sa.String()"
    return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=tables.Table.metadata,
        render_as_batch=True,  # SQLite changes a table by building it anew
        render_item=_plain_types,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_given: Connection | sa.Engine = context.config.attributes["connection"]
if isinstance(_given, sa.Engine):
    with _given.connect() as _connection:
        _run(_connection)
        _connection.commit()
else:
    _run(_given)
