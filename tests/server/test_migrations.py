from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from chroma.server.store.engine import is_current, newest_revision
from chroma.server.store.upgrading import migrate, migrations

pytestmark = pytest.mark.databases

REVISIONS = [
    script.revision for script in reversed(list(ScriptDirectory.from_config(migrations()).walk_revisions()))
]


def alembic(engine: Engine) -> Config:
    config = migrations()
    config.attributes["connection"] = engine
    return config


def schema(engine: Engine) -> list[Any]:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            found = connection.execute(text("SELECT type, name, sql FROM sqlite_master ORDER BY type, name"))
            return [(str(kind), str(name), *_parts(str(sql))) for kind, name, sql in found]
    there = inspect(engine)
    return [
        (
            name,
            sorted((each["name"], str(each["type"]), each["nullable"]) for each in there.get_columns(name)),
            sorted(each["name"] or "" for each in there.get_indexes(name)),
            sorted(each["name"] or "" for each in there.get_unique_constraints(name)),
            sorted(str(each) for each in there.get_foreign_keys(name)),
        )
        for name in sorted(there.get_table_names())
    ]


def _parts(sql: str) -> list[str]:
    """What a statement says, in an order of its own: SQLite quotes and reorders a table built anew."""
    return sorted(part.strip() for part in sql.replace('"', "").replace("\n)", "").split(","))


def test_the_migrations_give_what_the_tables_ask_for(empty: Engine) -> None:
    assert not is_current(empty)
    migrate(empty)
    assert is_current(empty)
    command.check(alembic(empty))  # raises where autogenerate would still change something


def test_the_migrations_go_up_and_down_one_by_one(empty: Engine) -> None:
    config = alembic(empty)
    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision()]
    for before, revision in pairwise((None, *REVISIONS)):
        old = schema(empty)
        command.upgrade(config, revision)
        new = schema(empty)
        command.downgrade(config, before or "base")
        if before is not None:  # the first one also makes Alembic's own table
            assert schema(empty) == old
        command.upgrade(config, revision)
        assert schema(empty) == new
    command.downgrade(config, "base")
    assert inspect(empty).get_table_names() == ["alembic_version"]


def test_rows_of_every_earlier_revision_are_there_in_the_newest(empty: Engine) -> None:
    config = alembic(empty)
    expected: dict[str, list[dict[str, Any]]] = {}
    for revision in REVISIONS:
        with empty.begin() as connection:  # all that the one before could hold
            expected |= dict(_fill(connection, f"at-{revision}"))
        _migrate(empty, config, revision)
        with empty.connect() as connection:
            for name, rows in expected.items():
                table = sa.Table(name, sa.MetaData(), autoload_with=connection)
                found = [dict(row._mapping) for row in connection.execute(sa.select(table))]
                assert len(found) == len(rows), (revision, name)
                for row in rows:
                    assert any(row.items() <= each.items() for each in found), (revision, name, row)


def _migrate(engine: Engine, config: Config, revision: str) -> None:
    """As `migrate` does it: SQLite's foreign keys are off while tables are built anew."""
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if engine.dialect.name == "sqlite":
            raw.execute("PRAGMA foreign_keys = OFF")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
        if engine.dialect.name == "sqlite":
            raw.execute("PRAGMA foreign_keys = ON")


def _fill(connection: sa.Connection, mark: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Add a row to each table; yields what stands in each."""
    there = sa.MetaData()
    there.reflect(connection)
    for table in there.sorted_tables:
        if table.name == "alembic_version":
            continue
        values = {
            column.name: _value(column, mark) for column in table.columns if column.autoincrement is not True
        }
        if isinstance(table.c.get("id", sa.Column(sa.String())).type, sa.Integer):
            values.pop("id")  # the database counts it
        connection.execute(table.insert().values(**values))
        yield table.name, [dict(row._mapping) for row in connection.execute(sa.select(table))]


def _value(column: sa.Column[Any], mark: str) -> Any:
    match column.type:
        case sa.JSON():
            return ["a", 1]
        case sa.Boolean():
            return True
        case sa.DateTime():
            return datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
        case sa.Integer():
            return int(mark.removeprefix("at-"))
        case sa.Float():
            return 0.5
        case _:
            return mark
