"""What a film is drawn from: its published snapshots, in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from chroma.errors import NotFoundError
from chroma.projection.append import FilmParams
from chroma.projection.film import ENGINE
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.frames import frames_of, is_fresh, revisions, shown
from chroma.server.store.films.joint_splits import PLUS, PUBLISHED, drawn_from, joint_snapshots
from chroma.server.store.films.logged_coordinates import LOGGED, logged_snapshots
from chroma.server.store.lookups import layer_by
from chroma.server.store.snapshots.neighbor_graphs import METRIC, K
from chroma.server.store.tables import Film, Frame, Job, Layer, Revision, Segment, Snapshot, Split

KIND = "film"  # of the jobs that draw films
MOST_FRAMES = 60  # of a film


@dataclass(frozen=True, slots=True)
class FilmSource:
    """A film and what it is drawn from: published snapshots in the order of its frames."""

    film: Film
    layer: Layer
    split: Split
    snapshots: list[Snapshot]

    @property
    def splits(self) -> str:
        """Its split, or its splits, in words."""
        return repr(PLUS.join(self.film.splits or [self.split.name]))

    @property
    def subject(self) -> str:
        """Its layers in words, for messages."""
        if self.film.axis == "layers":
            return f"the layers at step {self.film.step}"
        return f"layer {self.layer.name!r}"


def film_source(catalog: Catalog, film: Film) -> FilmSource:
    """The film with its layer, its split and its published snapshots."""
    layer, split = (
        catalog.session.get_one(Layer, film.layer_id),
        catalog.session.get_one(Split, film.split_id),
    )
    return FilmSource(film, layer, split, snapshots_of(catalog, film))


def snapshots_of(catalog: Catalog, film: Film) -> list[Snapshot]:
    """The published snapshots a film is of, in its order: by step, by layer of the model, or by run.

    Of logged coordinates: those that have them.
    """
    if film.splits is not None:
        return joint_snapshots(catalog, film)
    if film.axis == "layers":
        split = catalog.session.get_one(Split, film.split_id)
        there = {layer.name: layer for layer in layers_at(catalog, split, film.step or 0)}
        names = there if film.layers is None else [name for name in film.layers if name in there]
        ids = [there[name].id for name in names]
        rows = catalog.session.exec(
            _published().where(col(Snapshot.layer_id).in_(ids), Snapshot.split_id == split.id)
        ).all()
        by_layer = {row.layer_id: row for row in rows if row.step == film.step}
        return [by_layer[id_] for id_ in ids if id_ in by_layer]
    if film.axis == "runs":
        layer, split = (
            catalog.session.get_one(Layer, film.layer_id),
            catalog.session.get_one(Split, film.split_id),
        )
        found = (
            last_snapshot(catalog, run_id, layer.name, split.name, film.epoch)
            for run_id in film.run_ids or ()
        )
        return [row for row in found if row is not None]
    if film.method == LOGGED:
        layer, split = (
            catalog.session.get_one(Layer, film.layer_id),
            catalog.session.get_one(Split, film.split_id),
        )
        rows = logged_snapshots(catalog, layer, split)
        return [row for row in rows if film.steps is None or row.step in film.steps]
    rows = catalog.session.exec(
        _published()
        .where(Snapshot.layer_id == film.layer_id, Snapshot.split_id == film.split_id)
        .order_by(col(Snapshot.step))
    ).all()
    return [row for row in rows if film.steps is None or row.step in film.steps]


def last_snapshot(
    catalog: Catalog, run_id: str, layer: str, split: str, epoch: int | None
) -> Snapshot | None:
    """A run's last published snapshot of a layer and a split by their names, or the last of an epoch."""
    query = (
        _published()
        .join(Layer, col(Snapshot.layer_id) == Layer.id)
        .join(Split, col(Snapshot.split_id) == Split.id)
        .where(Snapshot.run_id == run_id, Layer.name == layer, Split.name == split)
        .order_by(col(Snapshot.step).desc())
    )
    return catalog.session.exec(query if epoch is None else query.where(Snapshot.epoch == epoch)).first()


def moments(catalog: Catalog, split: Split) -> list[tuple[int, int | None]]:
    """Step and epoch of a split's published snapshots, by step."""
    rows: Iterable[Any] = catalog.session.exec(
        select(Snapshot.step, Snapshot.epoch)
        .where(Snapshot.split_id == split.id, col(Snapshot.status).in_(PUBLISHED))
        .distinct()
        .order_by(col(Snapshot.step))
    ).all()
    return [(step, epoch) for step, epoch in rows]


def layers_at(catalog: Catalog, split: Split, step: int) -> list[Layer]:
    """The layers that have a published snapshot of a split at a step, in the order of the model."""
    layers = catalog.session.exec(
        select(Layer)
        .join(Snapshot, col(Snapshot.layer_id) == Layer.id)
        .where(Snapshot.split_id == split.id, Snapshot.step == step)
        .where(col(Snapshot.status).in_(PUBLISHED))
    ).all()
    return in_model_order(catalog, layers)


def in_model_order(catalog: Catalog, layers: Sequence[Layer]) -> list[Layer]:
    """Layers of one run or of several, each run's in the order of its model; those without vectors last.

    That is the order their first vectors were written in: a forward pass meets the layers one by one.
    """
    rows: Iterable[Any] = catalog.session.exec(
        select(Segment.run_id, Segment.layer, func.min(Segment.number))
        .where(col(Segment.run_id).in_({layer.run_id for layer in layers}), Segment.kind == "snapshot")
        .group_by(col(Segment.run_id), col(Segment.layer))
    ).all()
    first = {(run_id, name): int(number) for run_id, name, number in rows}

    def place(layer: Layer) -> tuple[bool, int, str]:
        return layer.dim == 0, first.get((layer.run_id, layer.name), 0), layer.name

    return sorted(layers, key=place)


def default_layer(layers: Sequence[Layer]) -> Layer:
    """The layer that card, page and reader open first: the first that capture marked, else the first.

    Args:
        layers: At least one, of one run, in the order of the model.
    """
    return next((layer for layer in layers if layer.default), layers[0])


def chosen_layer(catalog: Catalog, split: Split, name: str | None) -> Layer:
    """The layer of this name in a split's run; without a name, the one that the dashboard opens first.

    Raises:
        NotFoundError: The run has no such layer, or none yet.
    """
    if name is not None:
        return layer_by(catalog, split.run_id, name)
    layers = catalog.session.exec(select(Layer).where(Layer.run_id == split.run_id)).all()
    if not layers:
        raise NotFoundError("layer", "the default one")
    return default_layer(in_model_order(catalog, layers))


def is_up_to_date(catalog: Catalog, film: Film) -> bool:
    """Whether the last thing done for a film was to finish it, with every snapshot there is now."""
    job = catalog.session.exec(select(Job).where(Job.kind == KIND, Job.key == film.id)).first()
    if job is None or job.status != "ready" or film.refine:
        return False
    newest: Sequence[Snapshot] = snapshots_of(catalog, film)
    drawing = shown(revisions(catalog, [film.id]).get(film.id, []), film.method)
    frames = frames_of(catalog, [drawing.id]).get(drawing.id, []) if drawing else []
    drawn = {frame.snapshot_id: frame for frame in frames}
    if len(newest) > MOST_FRAMES:  # a long run: some are left out, but never the last
        newest = [*newest[-1:], *(row for row in newest if row.id in drawn)]
    elif len(newest) < len(frames):
        return False  # over runs: a run is shown by another epoch's snapshot now
    return all(row.id in drawn and is_fresh(drawn[row.id], row) for row in newest)


def recipe(snapshots: Sequence[Snapshot], params: Mapping[str, Any] | None = None) -> str:
    """What a film is drawn from: the same recipe, the same film. 32 hex digits.

    Args:
        snapshots: Of its frames, in order.
        params: Of its method; None for the defaults.
    """
    parts = [ENGINE, repr(FilmParams()), METRIC, str(K), *(snapshot.digest or "" for snapshot in snapshots)]
    parts += [json.dumps(params, sort_keys=True)] if params else []
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def is_refinable(catalog: Catalog, film: Film, revision: Revision | None, frames: Sequence[Frame]) -> bool:
    """Whether some of a finished film's frames were not drawn together, or samples placed among landmarks.

    Args:
        catalog: Open for reading.
        film: Which film; only umap draws frames together.
        revision: The one that is shown.
        frames: Of that revision, in order.
    """
    if film.method != "umap" or revision is None or revision.preview:
        return False
    if revision.landmarks is not None:
        return True
    if len(frames) < 2:
        return False
    found = [drawn_from(catalog, film, frame.snapshot_id) for frame in frames]
    return revision.recipe != recipe([row for row in found if row is not None], film.params)


def _published() -> Any:
    return select(Snapshot).where(col(Snapshot.status).in_(PUBLISHED))
