"""A page of the list of all runs: found, ordered and counted here; a page costs no more than it shows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, String, Subquery, cast, func
from sqlmodel import col, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Metric, Project, Run, Segment

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
    if asked.words.split():
        matching = _matching(catalog, asked.words)
        projects, found = dict(Counter(matching.values())), len(matching)
        ids = [id_ for id_ in _ordered(catalog, asked.order) if id_ in matching]
        ids = ids[asked.offset : asked.offset + asked.first]
    else:
        ids = _ordered(catalog, asked.order, asked.offset, asked.first)
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


def _matching(catalog: Catalog, words: str) -> dict[str, str]:
    """Projects, by run, of the runs in which all words stand."""
    # tags stay text where there are none: to decode them is half of what it costs
    columns: tuple[Any, ...] = (Run.id, Run.name, Run.status, cast(Run.tags, String), col(Project.name))
    query: Any = (
        select(Run.id, Run.name)  # of one column, rows would be values
        .join(Project, col(Run.project_id) == Project.id)
        .with_only_columns(*columns)
        .where(col(Run.deleted_at).is_(None))
    )
    rows: Sequence[Any] = catalog.session.exec(query).all()
    wanted = words.lower().split()
    found: dict[str, str] = {}
    for run_id, name, status, tags, project in rows:
        text = f"{project} {name} {status} {'' if tags == '[]' else ' '.join(json.loads(tags))}".lower()
        if all(word in text for word in wanted):
            found[run_id] = project
    return found


def _ordered(catalog: Catalog, order: str, offset: int = 0, first: int | None = None) -> list[str]:
    """Ids of runs in an order, equal ones newest first."""
    newest_first = (col(Run.created_at).desc(), col(Run.id))
    if order == "name":
        named = catalog.session.exec(
            select(Run.id, Run.name).where(col(Run.deleted_at).is_(None)).order_by(*newest_first)
        ).all()
        ids = [run_id for run_id, _ in sorted(named, key=lambda row: (row[1].casefold(), row[1]))]
        return ids[offset:] if first is None else ids[offset : offset + first]
    query = select(Run.id).where(col(Run.deleted_at).is_(None))
    if order == "newest":
        query = query.order_by(*newest_first)
    elif order == "oldest":
        query = query.order_by(col(Run.created_at), col(Run.id).desc())
    elif order == "size":
        sizes = _sizes()  # of all at once: one by one they take PostgreSQL half a second for 10,000 runs
        query = query.outerjoin(sizes, sizes.c.run_id == Run.id)
        query = query.order_by(sizes.c.bytes.is_(None), sizes.c.bytes.desc(), *newest_first)
    else:
        value = _last_value(order)
        value_order = value if _LOW_FIRST.search(order) else value.desc()
        query = query.order_by(value.is_(None), value_order, *newest_first)
    return list(catalog.session.exec(query.offset(offset).limit(first)).all())


def _sizes() -> Subquery:
    """Bytes of the stored segments of each run that has some."""
    bytes_ = func.sum(Segment.bytes).label("bytes")
    return select(Segment.run_id, bytes_).group_by(col(Segment.run_id)).subquery()


def _last_value(name: str) -> ScalarSelect[Any]:
    """The last value of a run's metric; NULL where it is no number."""
    return (
        select(Metric.value)
        .where(Metric.run_id == Run.id, Metric.name == name)
        .order_by(col(Metric.step).desc())
        .limit(1)
        .correlate(Run)
        .scalar_subquery()
    )
