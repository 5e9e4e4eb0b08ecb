"""The film that stands for each run on the page of all runs: no frame is read for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.films.frames import revisions, shown
from chroma.server.store.films.job_queue import jobs_of
from chroma.server.store.films.sources import KIND, default_layer, in_model_order
from chroma.server.store.tables import Film, Frame, Job, Layer, Revision, Split


@dataclass(frozen=True, slots=True)
class CardFilm:
    """A film, and what a card says of it.

    Attributes:
        film: The film.
        layer: Name of its layer.
        split: Name of its split.
        job: What draws it.
        revision: The one that is shown; None until the first preview.
        frames: Frames that it has.
    """

    film: Film
    layer: str
    split: str
    job: Job | None
    revision: Revision | None
    frames: int


def card_films(catalog: Catalog, run_ids: Sequence[str]) -> dict[str, CardFilm]:
    """The film on each run's card, by run: that of all samples over the epochs that opening the run shows.

    That is one of the layer opened first, else one that has been drawn, else of the split val, else by UMAP;
    of equal ones the oldest. Runs without a film have none.
    """
    rows: Iterable[Any] = catalog.session.exec(
        select(Film, Layer.name, Split.name)
        .join(Layer, col(Film.layer_id) == Layer.id)
        .join(Split, col(Film.split_id) == Split.id)
        .where(col(Film.run_id).in_(run_ids), Film.axis == "epochs", Film.subset == "")
        .order_by(col(Film.created_at).desc(), col(Film.id).desc())
    ).all()
    found = [
        (film, layer, split)
        for film, layer, split in rows
        if film.steps is None and film.splits is None and film.params is None
    ]
    history = revisions(catalog, [film.id for film, _, _ in found])
    drawn = {film.id: shown(history.get(film.id, []), film.method) for film, _, _ in found}
    first = _first_layers(catalog, {film.run_id for film, _, _ in found})

    def rank(film: Film, split: str) -> tuple[bool, bool, bool, bool]:
        of_first = film.layer_id == first[film.run_id]
        return of_first, drawn[film.id] is not None, split == "val", film.method == "umap"

    best: dict[str, tuple[Film, str, str]] = {}
    for film, layer, split in found:
        if film.run_id not in best or rank(film, split) >= rank(best[film.run_id][0], best[film.run_id][2]):
            best[film.run_id] = (film, layer, split)
    jobs = jobs_of(catalog, KIND, [film.id for film, _, _ in best.values()])
    counts = _counts(catalog, [revision.id for revision in drawn.values() if revision])
    cards: dict[str, CardFilm] = {}
    for run, (film, layer, split) in best.items():
        revision = drawn[film.id]
        frames = counts.get(revision.id, 0) if revision else 0
        cards[run] = CardFilm(film, layer, split, jobs.get(film.id), revision, frames)
    return cards


def _first_layers(catalog: Catalog, run_ids: Iterable[str]) -> dict[str, str]:
    """Ids of the layers that are opened first, by run."""
    layers: dict[str, list[Layer]] = {}
    for layer in catalog.session.exec(select(Layer).where(col(Layer.run_id).in_(run_ids))).all():
        layers.setdefault(layer.run_id, []).append(layer)
    # the order of the model is read from all segments: only where it decides
    unsure = [
        row
        for found in layers.values()
        if sum(row.default for row in found) != 1 < len(found)
        for row in found
    ]
    ordered: dict[str, list[Layer]] = {}
    for layer in in_model_order(catalog, unsure):
        ordered.setdefault(layer.run_id, []).append(layer)
    return {run: default_layer(ordered.get(run, found)).id for run, found in layers.items()}


def _counts(catalog: Catalog, revision_ids: Sequence[str]) -> dict[str, int]:
    """Frames by revision."""
    rows: Iterable[Any] = catalog.session.exec(
        select(Frame.revision_id, func.count())
        .where(col(Frame.revision_id).in_(revision_ids))
        .group_by(col(Frame.revision_id))
    ).all()
    return {revision: int(count) for revision, count in rows}
