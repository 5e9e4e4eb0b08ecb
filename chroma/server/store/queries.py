"""Reads for GraphQL, for many keys at once: one statement per relation, not one per row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func
from sqlmodel import SQLModel, col, select

from chroma import records
from chroma.errors import NotFoundError
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.lifecycle import split_rank
from chroma.server.store.films.sources import in_model_order
from chroma.server.store.films.views import FilmView, film_views
from chroma.server.store.tables import (
    COORDINATES,
    HIDDEN,
    Attempt,
    Film,
    Layer,
    Metric,
    Project,
    Run,
    RunEvent,
    Segment,
    Snapshot,
    Split,
    Tag,
    TaggedSample,
)

Row = TypeVar("Row", bound=SQLModel)
Keys = Sequence[str]


def all_projects(catalog: Catalog) -> list[Project]:
    """Projects that have a run that is not deleted, by name."""
    alive = select(Run.project_id).where(col(Run.deleted_at).is_(None))
    return list(
        catalog.session.exec(select(Project).where(col(Project.id).in_(alive)).order_by(Project.name)).all()
    )


def all_runs(catalog: Catalog, project: str | None, first: int | None = None) -> list[Run]:
    """Runs that are not deleted, newest first; of one project, if named; the newest `first`, if given.

    Raises:
        NotFoundError: No such project.
    """
    query = select(Run).where(col(Run.deleted_at).is_(None)).order_by(col(Run.created_at).desc(), Run.id)
    if project is not None:
        found = catalog.session.exec(select(Project).where(Project.name == project)).first()
        if found is None:
            raise NotFoundError("project", project, catalog.session.exec(select(Project.name)).all())
        query = query.where(Run.project_id == found.id)
    return list(catalog.session.exec(query.limit(None if first is None else max(0, first))).all())


def find_run(catalog: Catalog, run_id: str) -> Run | None:
    """A run by its id, a deleted one too; None if there is none."""
    return catalog.session.get(Run, run_id)


def project_names(catalog: Catalog, ids: Keys) -> dict[str, str]:
    """Names of projects by id."""
    return {
        row.id: row.name
        for row in catalog.session.exec(select(Project).where(col(Project.id).in_(ids))).all()
    }


def project_runs(catalog: Catalog, ids: Keys) -> dict[str, list[Run]]:
    """Runs that are not deleted by project, newest first."""
    rows = catalog.session.exec(
        select(Run)
        .where(col(Run.project_id).in_(ids), col(Run.deleted_at).is_(None))
        .order_by(col(Run.created_at).desc(), Run.id)
    ).all()
    return _grouped(rows, lambda row: row.project_id)


def run_layers(catalog: Catalog, run_ids: Keys) -> dict[str, list[Layer]]:
    """Layers by run, in the order of the model, those without vectors last."""
    rows = catalog.session.exec(select(Layer).where(col(Layer.run_id).in_(run_ids))).all()
    return _grouped(in_model_order(catalog, rows), lambda row: row.run_id)


def run_splits(catalog: Catalog, run_ids: Keys) -> dict[str, list[Split]]:
    """Splits by run, val first."""
    rows = catalog.session.exec(select(Split).where(col(Split.run_id).in_(run_ids))).all()
    return _grouped(sorted(rows, key=lambda row: split_rank(row.name)), lambda row: row.run_id)


def run_snapshots(catalog: Catalog, run_ids: Keys) -> dict[str, list[tuple[Snapshot, str, str]]]:
    """Snapshots by run, each with the names of its layer and split, by step."""
    rows = catalog.session.exec(
        select(Snapshot, Layer.name, Split.name)
        .join(Layer, col(Snapshot.layer_id) == Layer.id)
        .join(Split, col(Snapshot.split_id) == Split.id)
        .where(col(Snapshot.run_id).in_(run_ids), col(Snapshot.status).not_in((COORDINATES, HIDDEN)))
        .order_by(col(Snapshot.step), Layer.name, Split.name)
    ).all()
    found: dict[str, list[tuple[Snapshot, str, str]]] = {}
    for snapshot, layer, split in rows:
        found.setdefault(snapshot.run_id, []).append((snapshot, layer, split))
    return found


def run_metrics(catalog: Catalog, run_ids: Keys) -> dict[str, list[Metric]]:
    """Values of metrics by run, by name and step; NaN is None."""
    rows = catalog.session.exec(
        select(Metric).where(col(Metric.run_id).in_(run_ids)).order_by(Metric.name, col(Metric.step))
    ).all()
    return _grouped(rows, lambda row: row.run_id)


def run_events(catalog: Catalog, run_ids: Keys) -> dict[str, list[RunEvent]]:
    """Events by run, by step, then as they were written."""
    rows = catalog.session.exec(
        select(RunEvent)
        .where(col(RunEvent.run_id).in_(run_ids))
        .order_by(col(RunEvent.step), col(RunEvent.created_at), RunEvent.id)
    ).all()
    return _grouped(rows, lambda row: row.run_id)


def events_since(catalog: Catalog, since: datetime) -> list[tuple[RunEvent, Run]]:
    """Events that were written after a time, of runs that are not deleted, with their runs; oldest first."""
    rows: Iterable[Any] = catalog.session.exec(
        select(RunEvent, Run)
        .join(Run, col(RunEvent.run_id) == Run.id)
        .where(col(RunEvent.created_at) > since, col(Run.deleted_at).is_(None))
        .order_by(col(RunEvent.created_at), RunEvent.id)
    ).all()
    return [(event, run) for event, run in rows]


def run_last_metrics(catalog: Catalog, run_ids: Keys) -> dict[str, list[Metric]]:
    """The last value of each metric by run, by name; NaN is None."""
    last = (
        select(Metric.run_id, Metric.name, func.max(Metric.step).label("step"))
        .where(col(Metric.run_id).in_(run_ids))
        .group_by(col(Metric.run_id), col(Metric.name))
        .subquery()
    )
    rows = catalog.session.exec(
        select(Metric)
        .join(last, (col(Metric.run_id) == last.c.run_id) & (col(Metric.name) == last.c.name))
        .where(col(Metric.step) == last.c.step)
        .order_by(Metric.name)
    ).all()
    return _grouped(rows, lambda row: row.run_id)


def run_films(catalog: Catalog, run_ids: Keys) -> dict[str, list[FilmView]]:
    """Films by run, oldest first."""
    rows = catalog.session.exec(
        select(Film.id).where(col(Film.run_id).in_(run_ids)).order_by(col(Film.created_at), Film.id)
    ).all()
    return _grouped(list(film_views(catalog, rows).values()), lambda view: view.film.run_id)


def run_tags(catalog: Catalog, run_ids: Keys) -> dict[str, list[Tag]]:
    """Tags by run."""
    rows = catalog.session.exec(
        select(Tag).where(col(Tag.run_id).in_(run_ids)).order_by(Tag.split, Tag.name)
    ).all()
    return _grouped(rows, lambda row: row.run_id)


def tag_samples(catalog: Catalog, tag_ids: Keys) -> dict[str, list[str]]:
    """Ids of tagged samples by tag."""
    rows = catalog.session.exec(select(TaggedSample).where(col(TaggedSample.tag_id).in_(tag_ids))).all()
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.tag_id, []).append(row.sample_id)
    return {tag: sorted(ids, key=lambda id_: (len(id_), id_)) for tag, ids in found.items()}


def run_bytes(catalog: Catalog, run_ids: Keys) -> dict[str, int]:
    """Bytes of stored segments by run."""
    rows: Iterable[Any] = catalog.session.exec(
        select(Segment.run_id, func.sum(Segment.bytes))
        .where(col(Segment.run_id).in_(run_ids))
        .group_by(Segment.run_id)
    ).all()
    return {run: int(total) for run, total in rows}


def run_attempts(catalog: Catalog, run_ids: Keys) -> dict[str, int]:
    """Attempts by run."""
    rows = catalog.session.exec(select(Attempt).where(col(Attempt.run_id).in_(run_ids))).all()
    return {run: len(found) for run, found in _grouped(rows, lambda row: row.run_id).items()}


def run_accepted(catalog: Catalog, run_ids: Keys) -> dict[str, tuple[int, int]]:
    """How many snapshots the writers of each run had accepted, as far as they wrote, and how many are kept.

    What waited in the memory of a killed process is accepted and not kept.
    """
    kept: dict[str | None, dict[str, int]] = {}
    ended: Iterable[Any] = catalog.session.exec(
        select(Segment.attempt_id, Segment.writer, func.count())
        .where(col(Segment.run_id).in_(run_ids), Segment.kind == records.Snapshot.kind, col(Segment.ends))
        .group_by(col(Segment.attempt_id), col(Segment.writer))
    ).all()
    for attempt, writer, count in ended:
        kept.setdefault(attempt, {})[writer] = int(count)
    found: dict[str, tuple[int, int]] = {}
    for row in catalog.session.exec(select(Attempt).where(col(Attempt.run_id).in_(run_ids))).all():
        accepted, have = found.get(row.run_id, (0, 0))
        mine = kept.get(row.id, {})
        told = [max(mine.get(name, 0), row.accepted.get(name, 0)) for name in {*mine, *row.accepted}]
        found[row.run_id] = accepted + sum(told), have + sum(mine.values())
    return found


def full_runs(catalog: Catalog, run_ids: Keys) -> dict[str, bool]:
    """Runs of which anything was captured or logged, as True."""
    bare = (records.RunOpened.kind, records.Notes.kind)
    rows = catalog.session.exec(
        select(Segment.run_id)
        .where(col(Segment.run_id).in_(run_ids), col(Segment.kind).not_in(bare))
        .distinct()
    ).all()
    return dict.fromkeys(rows, True)


Value = TypeVar("Value")


def _grouped(rows: Iterable[Value], key: Callable[[Value], str]) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
