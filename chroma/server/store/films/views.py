"""What is shown of films, for many at once: names, job, revision, frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.films import frames as stored
from chroma.server.store.films.job_queue import jobs_of
from chroma.server.store.films.joint_splits import PLUS, joint_moments, said_together, splits_of
from chroma.server.store.films.logged_coordinates import LOGGED, logged_steps
from chroma.server.store.films.sources import KIND, PUBLISHED
from chroma.server.store.tables import Film, Frame, Job, Layer, Revision, Run, Snapshot, Split


@dataclass(frozen=True, slots=True)
class FrameSource:
    """Where a frame comes from."""

    run_id: str
    run: str
    layer: str


@dataclass(frozen=True, slots=True)
class FilmView:
    """A film with all that is shown of it.

    Attributes:
        film: The film.
        layer: Name of its layer; over layers of the last one.
        split: Name of its split.
        followed: Samples the run follows in the split.
        of: Samples the split holds.
        snapshot_count: Snapshots it could show.
        job: What draws it.
        revision: The one that is shown.
        frames: Of that revision.
        sources: Of these frames.
        together: Of several splits: how many epochs have all of them, in words.
    """

    film: Film
    layer: str
    split: str
    followed: int
    of: int
    snapshot_count: int
    job: Job | None
    revision: Revision | None
    frames: Sequence[Frame]
    sources: Sequence[FrameSource]
    together: str | None = None


def film_views(catalog: Catalog, film_ids: Sequence[str]) -> dict[str, FilmView]:
    """Films with their names, their jobs and the revisions that are shown, in the order of the ids."""
    rows = {row.id: row for row in catalog.session.exec(select(Film).where(col(Film.id).in_(film_ids))).all()}
    layers = _by_id(catalog, Layer, {row.layer_id for row in rows.values()})
    splits = _by_id(catalog, Split, {row.split_id for row in rows.values()})
    counts = _Counts(catalog, list(rows.values()))
    jobs = jobs_of(catalog, KIND, list(rows))
    history = stored.revisions(catalog, rows)
    shown = {id_: stored.shown(history.get(id_, []), row.method) for id_, row in rows.items()}
    frames = stored.frames_of(catalog, [revision.id for revision in shown.values() if revision])
    sources = _sources(catalog, {frame.snapshot_id for found in frames.values() for frame in found})
    views: dict[str, FilmView] = {}
    for id_ in film_ids:
        if id_ in rows:
            film, revision = rows[id_], shown[id_]
            own = splits_of(catalog, film) if film.splits else [splits[film.split_id]]
            name = PLUS.join(split.name for split in own)
            mine = frames.get(revision.id, []) if revision else []
            views[id_] = FilmView(
                film=film,
                layer=layers[film.layer_id].name,
                split=name,
                followed=sum(split.n for split in own),
                of=sum(split.of for split in own),
                snapshot_count=counts.of(film, layers[film.layer_id].name, name),
                job=jobs.get(id_),
                revision=revision,
                frames=mine,
                sources=[sources[frame.snapshot_id] for frame in mine],
                together=said_together(catalog, film),
            )
    return views


class _Counts:
    """How many snapshots films could show."""

    def __init__(self, catalog: Catalog, films: Sequence[Film]) -> None:
        def grouped(one: Any, other: Any) -> dict[tuple[Any, Any], int]:
            rows: Iterable[Any] = catalog.session.exec(
                select(one, other, func.count())
                .where(col(Snapshot.run_id).in_({film.run_id for film in films}))
                .where(col(Snapshot.status).in_(PUBLISHED))
                .group_by(one, other)
            ).all()
            return {(first, second): int(count) for first, second, count in rows}

        self._catalog = catalog
        axes = {film.axis for film in films}
        logged = logged_steps(catalog, [film.run_id for film in films if film.method == LOGGED])
        self._logged = Counter(
            (run_id, layer, split) for run_id, rows in logged.items() for layer, split, _ in rows
        )
        self._steps = grouped(Snapshot.layer_id, Snapshot.split_id) if "epochs" in axes else {}
        self._layers = grouped(Snapshot.split_id, Snapshot.step) if "layers" in axes else {}

    def of(self, film: Film, layer: str, split: str) -> int:
        chosen = film.run_ids or film.layers or film.steps
        if chosen is not None:
            return len(chosen)
        if film.splits is not None:
            return len(joint_moments(self._catalog, film)[0])
        if film.method == LOGGED:
            return self._logged[film.run_id, layer, split]
        if film.axis == "layers":
            return self._layers.get((film.split_id, film.step), 0)
        return self._steps.get((film.layer_id, film.split_id), 0)


def _sources(catalog: Catalog, snapshot_ids: Iterable[str]) -> dict[str, FrameSource]:
    rows = catalog.session.exec(
        select(Snapshot.id, Run.id, Run.name, Layer.name)
        .join(Layer, col(Snapshot.layer_id) == Layer.id)
        .join(Run, col(Snapshot.run_id) == Run.id)
        .where(col(Snapshot.id).in_(list(snapshot_ids)))
    ).all()
    return {snapshot: FrameSource(run_id, run, layer) for snapshot, run_id, run, layer in rows}


def _by_id(catalog: Catalog, table: Any, ids: Iterable[str]) -> dict[str, Any]:
    return {row.id: row for row in catalog.session.exec(select(table).where(table.id.in_(ids))).all()}
