"""The mean kNN agreement of frames, kept in the catalog: the runs page asks for that of every run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np
from sqlalchemy import and_, or_
from sqlmodel import col, select, update

from chroma.errors import CatalogError
from chroma.server.store.catalog import Catalog, Store
from chroma.server.store.films.derived_columns import Values, has_graphs
from chroma.server.store.films.points import points_of
from chroma.server.store.samples.classes import label_codes
from chroma.server.store.tables import Film, Frame, Revision, Split

_NONE = -1.0  # in the catalog: it was looked for, and there is none


def known_agreement(frames: Sequence[Frame]) -> list[float | None] | None:
    """The mean kNN agreement of frames as the catalog has it; None where it was not worked out for all."""
    values = [frame.knn_agreement for frame in frames]
    if any(value is None for value in values):
        return None
    return [value if value is not None and value >= 0 else None for value in values]


def work_out_agreement(store: Store, film_id: str, frames: Sequence[Frame]) -> list[float | None]:
    """The mean of `agreement` of each frame; None where no graph is stored or nothing is labelled.

    What is worked out here for the first time is kept in the catalog.
    """
    known = known_agreement(frames)
    if known is not None:
        return known
    with store.reading() as catalog:
        film = catalog.session.get(Film, film_id)
        found = _computed(catalog, film, frames) if film else _none(frames)
    with suppress(CatalogError), store.writing() as catalog:  # a home may be open for reading only
        for frame, value in zip(frames, found, strict=True):
            same = update(Frame).where(col(Frame.id) == frame.id)
            catalog.session.exec(same.values(knn_agreement=_NONE if value is None else value))
    return found


def forget_agreement(catalog: Catalog, split_id: str) -> None:
    """Have the kNN agreement of the films of a split worked out again: labels came."""
    runs = select(Split.run_id).where(Split.id == split_id)
    joint = and_(col(Film.splits).is_not(None), col(Film.run_id).in_(runs))
    films = select(Film.id).where(or_(col(Film.split_id) == split_id, joint))
    revisions = select(Revision.id).where(col(Revision.film_id).in_(films))
    catalog.session.exec(
        update(Frame).where(col(Frame.revision_id).in_(revisions)).values(knn_agreement=None)
    )


def _computed(catalog: Catalog, film: Film, frames: Sequence[Frame]) -> list[float | None]:
    points = points_of(catalog, film)
    if label_codes(points.table) is None or not has_graphs(catalog, film, _snapshots(frames)):
        return _none(frames)
    values = Values(catalog, film, frames, points)
    return [_mean(values.agreement(frame)) for frame in frames]


def _none(frames: Sequence[Frame]) -> list[float | None]:
    return [None for _ in frames]


def _snapshots(frames: Iterable[Frame]) -> list[str]:
    return [frame.snapshot_id for frame in frames]


def _mean(shares: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float | None:
    known = shares[np.isfinite(shares)]
    return float(known.mean()) if len(known) else None
