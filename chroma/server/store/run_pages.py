"""A page of the list of all runs: found, ordered and counted here; a page costs no more than it shows."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.queries import run_bytes
from chroma.server.store.tables import Metric, Project, Run

_LOW_FIRST = re.compile("loss|err", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page.

    Attributes:
        words: All must stand in a run's project, name, status or tags.
        order: `newest`, `oldest`, `name`, `size` (largest first), or the name of a metric: its last value,
            losses and errors lowest first, runs without a number last.
        first: Runs of the page.
        offset: Runs before it.
        also: Ids of runs that follow on the page where they are not on it.
    """

    words: str = ""
    order: str = "newest"
    first: int = 60
    offset: int = 0
    also: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some runs of a list.

    Attributes:
        runs: Those of the page, in the list's order.
        found: Runs in the list.
        of: Runs that there are.
        projects: How many of those found each project has, by name.
    """

    runs: list[Run]
    found: int
    of: int
    projects: dict[str, int]


def run_page(catalog: Catalog, asked: Asked) -> RunPage:
    """A page of the runs that are not deleted."""
    counts: Sequence[Any] = catalog.session.exec(
        select(Project.name, func.count())
        .join(Run, col(Run.project_id) == Project.id)
        .where(col(Run.deleted_at).is_(None))
        .group_by(Project.name)
    ).all()
    projects = {name: int(runs) for name, runs in counts}
    of = found = sum(projects.values())
    if not asked.words.split() and asked.order in ("newest", "oldest"):
        newest = asked.order == "newest"
        query = select(Run.id).where(col(Run.deleted_at).is_(None))
        query = (
            query.order_by(col(Run.created_at).desc(), Run.id)
            if newest
            else query.order_by(col(Run.created_at), col(Run.id).desc())
        )
        ids = list(catalog.session.exec(query.offset(asked.offset).limit(asked.first)).all())
    else:
        rows = _found(catalog, asked.words)
        projects, found = dict(Counter(row.project for row in rows)), len(rows)
        ids = _sorted(catalog, rows, asked.order)[asked.offset : asked.offset + asked.first]
    ids += [each for each in asked.also if each not in ids]
    there = {row.id: row for row in catalog.session.exec(select(Run).where(col(Run.id).in_(ids))).all()}
    return RunPage([there[id_] for id_ in ids if id_ in there], found, of, projects)


def metric_names(catalog: Catalog) -> list[str]:
    """Names of the metrics of runs that are not deleted, those that most runs have first."""
    alive = select(Run.id).where(col(Run.deleted_at).is_(None))
    pairs = select(Metric.run_id, Metric.name).where(col(Metric.run_id).in_(alive)).distinct().subquery()
    runs = func.count()
    rows: Sequence[Any] = catalog.session.exec(
        select(pairs.c.name, runs).group_by(pairs.c.name).order_by(runs.desc(), pairs.c.name)
    ).all()
    return [name for name, _ in rows]


def run_tags(catalog: Catalog) -> list[str]:
    """Tags that runs have which are not deleted, by name."""
    rows = catalog.session.exec(select(Run.tags).where(col(Run.deleted_at).is_(None))).all()
    return sorted({tag for tags in rows for tag in tags})


def _found(catalog: Catalog, words: str) -> list[Any]:
    """Id, name, status, tags and project of the runs in which all words stand, newest first."""
    columns: tuple[Any, ...] = (Run.id, Run.name, Run.status, Run.tags, col(Project.name).label("project"))
    query: Any = (
        select(Run.id, Run.name)
        .join(Project, col(Run.project_id) == Project.id)
        .with_only_columns(*columns)
        .where(col(Run.deleted_at).is_(None))
        .order_by(col(Run.created_at).desc(), Run.id)
    )
    rows: Sequence[Any] = catalog.session.exec(query).all()
    wanted = words.lower().split()

    def has(row: Any) -> bool:
        text = f"{row.project} {row.name} {row.status} {' '.join(row.tags)}".lower()
        return all(word in text for word in wanted)

    return [row for row in rows if has(row)]


def _sorted(catalog: Catalog, rows: list[Any], order: str) -> list[str]:
    """Ids of runs that come newest first, in another order."""
    if order == "oldest":
        rows.reverse()
    elif order == "name":
        rows.sort(key=lambda row: (row.name.casefold(), row.name))
    elif order == "size":
        sizes = run_bytes(catalog, None)
        rows.sort(key=lambda row: -sizes.get(row.id, 0))
    elif order != "newest":
        values, sign = _last_values(catalog, order), 1 if _LOW_FIRST.search(order) else -1
        rows.sort(key=lambda row: sign * values[row.id] if row.id in values else math.inf)
    return [row.id for row in rows]


def _last_values(catalog: Catalog, name: str) -> dict[str, float]:
    """The last value of a metric by run; of those where it is a number."""
    last = (
        select(Metric.run_id, func.max(Metric.step).label("step"))
        .where(Metric.name == name)
        .group_by(col(Metric.run_id))
        .subquery()
    )
    rows: Sequence[Any] = catalog.session.exec(
        select(Metric.run_id, Metric.value)
        .join(last, (col(Metric.run_id) == last.c.run_id) & (col(Metric.step) == last.c.step))
        .where(Metric.name == name, col(Metric.value).is_not(None))
    ).all()
    return dict(rows)
