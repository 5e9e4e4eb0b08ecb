"""Which runs have all their films: a start asks it of all at once, and looks at the others one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, func
from sqlmodel import col, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.films.film_request import DEFAULT_METHOD
from chroma.server.store.films.lifecycle import split_rank
from chroma.server.store.films.logged_coordinates import LOGGED
from chroma.server.store.films.sources import KIND, PUBLISHED
from chroma.server.store.tables import Film, Frame, Job, Layer, Revision, Snapshot, Split

_Pair = tuple[str, str]  # ids of a layer and a split


def settled_runs(catalog: Catalog) -> set[str]:
    """Runs that call for no film: `lifecycle.wanted_films` would find none.

    Only what is sure: of films of one layer and split over its epochs, whose every snapshot has a frame.
    """
    restless, usual = set[str](), defaultdict[str, set[_Pair]](set)
    whole = _whole(catalog)
    films: Any = (
        select(Film, Job.status)
        .join(Job, and_(col(Job.kind) == KIND, col(Job.key) == Film.id), isouter=True)
        .where(Film.axis != "runs")
    )
    columns: tuple[Any, ...] = (
        Film.id, Film.run_id, Film.layer_id, Film.split_id, Film.method, Film.axis, Film.subset, Film.refine,
        Film.steps, Film.splits, Film.params, Job.status,
    )  # fmt: skip
    found: Sequence[Any] = catalog.session.exec(films.with_only_columns(*columns)).all()
    for film in found:
        of_epochs = film.axis == "epochs" and film.steps is None and film.splits is None
        sure = of_epochs and film.method != LOGGED and not film.refine and film.status == "ready"
        if film.status != "cancelled" and not (sure and film.id in whole):
            restless.add(film.run_id)
        elif of_epochs and not film.subset and film.params is None and film.method == DEFAULT_METHOD:
            usual[film.run_id].add((film.layer_id, film.split_id))
    return {run for run, pair in _first(catalog).items() if run not in restless and pair in usual[run]}


def _whole(catalog: Catalog) -> set[str]:
    """Films whose newest drawing has one frame for each snapshot of its layer and split, as that is now."""
    newest = (
        select(Revision.film_id, func.max(Revision.number).label("number"))
        .join(Film, and_(col(Film.id) == Revision.film_id, col(Film.method) == Revision.method))
        .where(col(Revision.preview).is_(False))
        .group_by(col(Revision.film_id))
        .subquery()
    )
    as_drawn = and_(
        col(Snapshot.id) == Frame.snapshot_id,
        col(Snapshot.status).in_(PUBLISHED),
        func.substr(col(Frame.digest), 25) == func.substr(col(Snapshot.digest), 1, 8),  # as `frames.is_fresh`
    )
    of_newest: Any = (
        select(Film.id, Film.layer_id, Film.split_id, func.count(col(Snapshot.id)))
        .add_columns(func.count())
        .select_from(Film)
        .join(newest, newest.c.film_id == Film.id)
        .join(Revision, and_(col(Revision.film_id) == Film.id, col(Revision.number) == newest.c.number))
        .join(Frame, col(Frame.revision_id) == Revision.id)
        .join(Snapshot, as_drawn, isouter=True)
        .group_by(col(Film.id), col(Film.layer_id), col(Film.split_id))
    )
    frames: Sequence[Any] = catalog.session.exec(of_newest).all()
    counts: Sequence[Any] = catalog.session.exec(
        select(Snapshot.layer_id, Snapshot.split_id, func.count())
        .where(col(Snapshot.status).in_(PUBLISHED))
        .group_by(col(Snapshot.layer_id), col(Snapshot.split_id))
    ).all()
    there = {(layer, split): int(count) for layer, split, count in counts}
    return {
        film
        for film, layer, split, fresh, all_ in frames
        if int(all_) == int(fresh) == there.get((layer, split))
    }


def _first(catalog: Catalog) -> dict[str, _Pair]:
    """What is opened first, by run, where that does not depend on the order of the model."""
    rows: Sequence[Any] = catalog.session.exec(
        select(Snapshot.run_id, Snapshot.layer_id, Snapshot.split_id)
        .where(col(Snapshot.status).in_(PUBLISHED))
        .distinct()
    ).all()
    marked = dict(catalog.session.exec(select(Layer.id, Layer.default)).all())
    names = dict(catalog.session.exec(select(Split.id, Split.name)).all())
    pairs = defaultdict[str, list[_Pair]](list)
    for run, layer, split in rows:
        pairs[run].append((layer, split))
    found: dict[str, _Pair] = {}
    for run, there in pairs.items():
        layers = {layer for layer, _ in there}
        first = layers if len(layers) == 1 else {layer for layer in layers if marked[layer]}
        if len(first) == 1:
            of_first = [pair for pair in there if pair[0] in first]
            found[run] = min(of_first, key=lambda pair: split_rank(names[pair[1]]))
    return found
