"""How far a film can be trusted: quality figures of its frames, and whether its movement means change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chroma.insight.collapse import collapse
from chroma.insight.motion import Motion, motion, stress
from chroma.insight.quality import continuity, explained_variance, neighborhood_hit, trustworthiness
from chroma.projection.arrays import has_finite_row
from chroma.projection.layout import pca_basis, pca_project
from chroma.projection.neighbors import neighbor_graph
from chroma.server.jobs.film_data import FilmData, empty_graph
from chroma.server.store.films.frames import Xy
from chroma.server.store.snapshots.neighbor_graphs import METRIC, K
from chroma.server.store.tables import COORDINATES, Snapshot

# Samples on which the movement of a large film is measured.
_MEASURED = 5_000


def measure_quality(data: FilmData, snapshot: Snapshot, xy: Xy) -> dict[str, Any]:
    """Quality figures of a frame, by the names of their columns in the catalog.

    Logged coordinates have no vectors to be compared with: only the neighbourhood hit can be measured.
    """
    if snapshot.status == COORDINATES:
        hit = None if data.labels is None else neighborhood_hit(xy, data.labels, k=K).value
        return {"quality_n": 0, "neighborhood_hit": hit}
    vectors = data.vectors(snapshot)
    explained = explained_variance(vectors, xy) if data.film.method == "pca" and data.one_space else None
    differ = collapse(vectors)
    trust = trustworthiness(vectors, xy, k=K, metric=METRIC)
    figures: dict[str, Any] = {
        "trustworthiness": trust.value,
        "continuity": continuity(vectors, xy, k=K, metric=METRIC).value,
        "quality_n": trust.n,
        "spread": differ and differ.spread,
        "effective_rank": differ and differ.effective_rank,
        "equal": differ.equal if differ else 0,
        "explained": explained,
    }
    if data.labels is not None:
        figures["neighborhood_hit"] = neighborhood_hit(xy, data.labels, k=K).value
    if has_finite_row(vectors):
        lost = stress(vectors, xy, pca_project(pca_basis(vectors), vectors))
        if lost is not None:
            figures |= {"stress": lost.value, "stress_pca": lost.pca}
    return figures


def measure_motion(data: FilmData, snapshots: Sequence[Snapshot], frames: Sequence[Xy]) -> Motion | None:
    """How a film moves; a large one on 5,000 samples, spread evenly. None: there are no vectors."""
    if any(snapshot.status == COORDINATES for snapshot in snapshots):
        return None
    if not data.large:
        return motion(frames, [data.graph(snapshot) for snapshot in snapshots])
    rows = np.unique(np.linspace(0, data.n - 1, _MEASURED).astype(np.int64))
    parts = [data.vectors(snapshot)[rows] for snapshot in snapshots]
    graphs = [neighbor_graph(part) if has_finite_row(part) else empty_graph(len(rows)) for part in parts]
    return motion([xy[rows] for xy in frames], graphs)
