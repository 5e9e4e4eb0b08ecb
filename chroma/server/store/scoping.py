"""Sessions that see the rows of some projects, or of one run, only, whatever is asked of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlmodel import Session

from chroma.server.store import tables
from chroma.server.store.access import Reach

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
# What others wrote beside a run is not for those who were shown that run alone.
_BESIDE = ("saved_view", "link")
# Tables of all: the queue's order depends on every job. A job names nothing but ids, and who shows more of
# what it is about looks that up. All other tables that belong to no project are closed.
OPEN = ("job",)


def restrict(session: Session, reach: Reach) -> None:
    """Let a session read, change and delete rows within this reach only.

    Args:
        session: Fresh.
        reach: How far.
    """
    options = _options(reach)

    def limit(state: ORMExecuteState) -> None:
        if (state.is_select or state.is_update or state.is_delete) and not state.is_column_load:
            state.statement = state.statement.options(*options)  # pyright: ignore

    event.listen(session, "do_orm_execute", limit)


@lru_cache(maxsize=128)
def _options(reach: Reach) -> tuple[Any, ...]:
    found: list[Any] = []
    for entity in tables.Table.__subclasses__():
        table = sa.inspect(entity).local_table
        if str(entity.__tablename__) not in OPEN:
            found.append(with_loader_criteria(entity, criterion(table, reach), include_aliases=True))
    return tuple(found)


def criterion(table: Any, reach: Reach) -> sa.ColumnElement[bool]:
    """Which rows of a table are within the reach."""
    of_all = table.metadata.tables
    if table.name == "project":
        named = table.c.name.in_(reach.projects)
        if reach.run is None:
            return named
        run = of_all["run"]
        return named & table.c.id.in_(sa.select(run.c.project_id).where(run.c.id == reach.run))
    if reach.run is not None and table.name in _BESIDE:
        return sa.false()
    for column, owner in _OWNERS:
        if column in table.c:
            above = of_all[owner]
            found = table.c[column].in_(sa.select(above.c.id).where(criterion(above, reach)))
            if reach.run is not None and table.name == "run":
                found &= table.c.id == reach.run
            if reach.run is not None and table.name == "film":
                found &= table.c.run_ids.is_(None)  # those over runs show others
            return found
    return sa.false()
