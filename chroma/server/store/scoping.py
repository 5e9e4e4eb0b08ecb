"""Sessions that see the rows of some projects only, whatever is asked of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlmodel import Session

from chroma.server.store import tables

# What a row belongs to, by the column that says so; the first one that a table has counts. The runs of a film
# are of one project, into which the first of them may have moved as it opened: so the run counts.
_OWNERS: tuple[tuple[str, str], ...] = (
    ("run_id", "run"),
    ("film_id", "film"),
    ("revision_id", "revision"),
    ("tag_id", "tag"),
    ("query_id", "snapshot"),  # of a neighbor graph
    ("project_id", "project"),
)
# Tables of all: the queue's order depends on every job. A job names nothing but ids, and who shows more of
# what it is about looks that up. All other tables that belong to no project are closed.
OPEN = ("job",)


def restrict(session: Session, projects: frozenset[str]) -> None:
    """Let a session read, change and delete rows of these projects only.

    Args:
        session: Fresh.
        projects: Their names; one that does not exist yet may.
    """
    options = _options(projects)

    def limit(state: ORMExecuteState) -> None:
        if (state.is_select or state.is_update or state.is_delete) and not state.is_column_load:
            state.statement = state.statement.options(*options)  # pyright: ignore

    event.listen(session, "do_orm_execute", limit)


@lru_cache(maxsize=128)
def _options(projects: frozenset[str]) -> tuple[Any, ...]:
    found: list[Any] = []
    for entity in tables.Table.__subclasses__():
        table = sa.inspect(entity).local_table
        if str(entity.__tablename__) not in OPEN:
            found.append(with_loader_criteria(entity, criterion(table, projects), include_aliases=True))
    return tuple(found)


def criterion(table: Any, projects: frozenset[str]) -> sa.ColumnElement[bool]:
    """Which rows of a table belong to the projects."""
    if table.name == "project":
        return table.c.name.in_(projects)
    for column, owner in _OWNERS:
        if column in table.c:
            above = table.metadata.tables[owner]
            return table.c[column].in_(sa.select(above.c.id).where(criterion(above, projects)))
    return sa.false()
