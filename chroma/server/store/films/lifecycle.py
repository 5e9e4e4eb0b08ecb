"""Existing films: which lack frames, which are refined, which are cancelled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from chroma.errors import ConfigError, NotFoundError
from chroma.records import Projection
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.film_request import DEFAULT_METHOD, FilmRequest
from chroma.server.store.films.job_queue import jobs_of
from chroma.server.store.films.job_requests import Ask, cancel, enqueue, park, withdraw
from chroma.server.store.films.logged_coordinates import LOGGED, logged_steps
from chroma.server.store.films.requests import size_of
from chroma.server.store.films.sources import KIND, PUBLISHED, default_layer, in_model_order, is_up_to_date
from chroma.server.store.tables import Film, Layer, Run, Segment, Snapshot, Split


@dataclass(frozen=True, slots=True)
class Wanted:
    """What runs with new snapshots call for.

    Attributes:
        requests: Films that are not there yet.
        films: Ids of films that can grow.
    """

    requests: list[FilmRequest]
    films: list[str]


def wanted_films(catalog: Catalog, run_ids: Collection[str]) -> Wanted:
    """The films to draw where snapshots came: each run's default one, and those that lack frames.

    The default film is that of the default layer and the first split by UMAP; where no vectors were captured,
    that of the first coordinates that were logged. A cancelled film rests until
    somebody asks for it. A film over runs shows the runs as they were when it was asked for.
    """
    wanted = Wanted([], [])
    for run_id in run_ids:
        run = catalog.session.get(Run, run_id)
        if run is None or run.deleted_at is not None:
            continue
        existing = catalog.session.exec(select(Film).where(Film.run_id == run_id, Film.axis != "runs")).all()
        jobs = jobs_of(catalog, KIND, [film.id for film in existing])
        for film in existing:
            rests = film.id in jobs and jobs[film.id].status == "cancelled"
            if not rests and not is_up_to_date(catalog, film):
                wanted.films.append(film.id)
        pairs = _published_pairs(catalog, run_id)
        if not pairs and not existing:  # coordinates may be all there is
            for layer, split, _ in logged_steps(catalog, [run_id]).get(run_id, [])[:1]:
                wanted.requests.append(FilmRequest(run_id, split, layer, LOGGED))
        if pairs:
            layer, split = _first(catalog, pairs)
            if not any(_is_default(film, layer, split) for film in existing):
                wanted.requests.append(FilmRequest(run_id, split.name, layer.name))
    return wanted


def grow_film(catalog: Catalog, film_id: str) -> Film | None:
    """Ask for what is missing of a film; None where it is gone."""
    film = active_film(catalog, film_id)
    if film is not None:
        enqueue(catalog, KIND, film.id, Ask(size=size_of(catalog, film)))
    return film


def refine_film(catalog: Catalog, film_id: str, ask: Ask | None = None) -> Film:
    """Ask for all frames of a film to be drawn together anew, in a new revision.

    Raises:
        NotFoundError: No such film.
        ConfigError: Its method draws each frame on its own.
    """
    film = _known(catalog, film_id)
    if film.method != DEFAULT_METHOD:
        raise ConfigError(
            f"a film by {film.method!r} cannot be refined: its frames are drawn each on its own; "
            f"refine the one by {DEFAULT_METHOD!r}"
        )
    film.refine = True
    catalog.session.add(film)
    enqueue(catalog, KIND, film.id, replace(ask or Ask(), size=size_of(catalog, film)))
    return film


def park_film(catalog: Catalog, film_id: str) -> Film:
    """Let all other jobs go before the drawing of a film, until it is asked for again; what is done stays.

    Raises:
        NotFoundError: No such film.
    """
    film = _known(catalog, film_id)
    park(catalog, KIND, film.id)
    return film


def cancel_film(catalog: Catalog, film_id: str) -> Film:
    """Stop drawing a film: what is drawn stays, and it rests until it is asked for again.

    Raises:
        NotFoundError: No such film.
    """
    film = _known(catalog, film_id)
    film.refine = False
    catalog.session.add(film)
    cancel(catalog, KIND, film.id)
    return film


def withdraw_films(catalog: Catalog, run_id: str) -> None:
    """Draw no further the films a run is in, for it is deleted; restored, it calls for those it lacks."""
    of_runs = catalog.session.exec(select(Film).where(Film.axis == "runs")).all()
    own = catalog.session.exec(select(Film.id).where(Film.run_id == run_id)).all()
    withdraw(catalog, KIND, [*own, *(film.id for film in of_runs if run_id in (film.run_ids or ()))])


def published(catalog: Catalog, run_ids: Collection[str] | None = None) -> dict[str, str]:
    """For each run a digest of what films are drawn from: it differs when something came or was replaced.

    Deleted runs are left out, so that one that is restored counts as changed.

    Args:
        catalog: Open for reading.
        run_ids: The runs to look at; None: all. All segments and snapshots of these runs are read.
    """
    snapshots = (
        select(Snapshot.run_id, func.aggregate_strings(col(Snapshot.digest), " "))
        .join(Run, col(Snapshot.run_id) == Run.id)
        .where(col(Run.deleted_at).is_(None), col(Snapshot.status).in_(PUBLISHED))
        .group_by(col(Snapshot.run_id))
    )
    coordinates = (
        select(Segment.run_id, func.aggregate_strings(col(Segment.digest), " "))
        .join(Run, col(Segment.run_id) == Run.id)
        .where(col(Run.deleted_at).is_(None), Segment.kind == Projection.kind)
        .group_by(col(Segment.run_id))
    )
    if run_ids is not None:
        snapshots = snapshots.where(col(Snapshot.run_id).in_(run_ids))
        coordinates = coordinates.where(col(Segment.run_id).in_(run_ids))
    found: dict[str, Any] = {}
    for run_id, digests in (*catalog.session.exec(snapshots), *catalog.session.exec(coordinates)):
        state = found.setdefault(run_id, blake2b(digest_size=16))
        state.update(" ".join(["", *sorted((digests or "").split())]).encode())
    return {run_id: digest.hexdigest() for run_id, digest in found.items()}


def active_film(catalog: Catalog, film_id: str) -> Film | None:
    """A film none of whose runs is deleted."""
    film = catalog.session.get(Film, film_id)
    if film is None:
        return None
    runs = [catalog.session.get(Run, run_id) for run_id in film.run_ids or [film.run_id]]
    return film if all(run is not None and run.deleted_at is None for run in runs) else None


def split_rank(name: str) -> tuple[int, str]:
    """Order of splits: val, its like, test, train, then the user's own by name."""
    stem = name.partition(":")[0]
    order = ("val", "test", "train", "predict")
    return (order.index(stem) if stem in order else len(order), name)


def _known(catalog: Catalog, film_id: str) -> Film:
    film = active_film(catalog, film_id)
    if film is None:
        raise NotFoundError("film", film_id, catalog.session.exec(select(Film.id)).all())
    return film


def _is_default(film: Film, layer: Layer, split: Split) -> bool:
    whole = film.axis == "epochs" and film.steps is None and not film.subset
    whole = whole and film.splits is None and film.params is None
    return whole and (film.layer_id, film.split_id, film.method) == (layer.id, split.id, DEFAULT_METHOD)


def _published_pairs(catalog: Catalog, run_id: str) -> list[tuple[Layer, Split]]:
    """The layers and splits of a run that have published snapshots."""
    rows: Sequence[Any] = catalog.session.exec(
        select(Snapshot.layer_id, Snapshot.split_id)
        .where(Snapshot.run_id == run_id, col(Snapshot.status).in_(PUBLISHED))
        .distinct()
    ).all()
    return [
        (catalog.session.get_one(Layer, layer), catalog.session.get_one(Split, split))
        for layer, split in rows
    ]


def _first(catalog: Catalog, pairs: Sequence[tuple[Layer, Split]]) -> tuple[Layer, Split]:
    """The layer and the split the dashboard opens first."""
    layers = {layer.id: layer for layer, _ in pairs}
    layer = default_layer(in_model_order(catalog, list(layers.values())))
    splits = [split for of, split in pairs if of.id == layer.id]
    return layer, min(splits, key=lambda split: split_rank(split.name))
