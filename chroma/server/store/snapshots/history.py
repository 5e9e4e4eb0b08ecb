"""One sample through time: the model's outputs for it and its neighbours, at every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlmodel import col, select

from chroma.projection.neighbors import NeighborGraph
from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.classes import label_codes, prediction_texts
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.outputs import FIGURES, sample_outputs
from chroma.server.store.snapshots.neighbor_graphs import find_graph
from chroma.server.store.snapshots.vectors import snapshot_rows


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A sample at one snapshot of a layer; None where something is not known.

    Attributes:
        epoch: 0-based.
        step: Global optimizer step.
        prediction: Name of the class.
        confidence: Probability of the prediction.
        margin: Probability of the label less that of the best other class.
        cross_entropy: Nats.
        agreement: Share of its nearest neighbours in the full space that carry its label.
        kept: Share of its nearest neighbours at the snapshot before that still are.
    """

    epoch: int | None
    step: int
    prediction: str | None = None
    confidence: float | None = None
    margin: float | None = None
    cross_entropy: float | None = None
    agreement: float | None = None
    kept: float | None = None


def sample_history(
    catalog: Catalog, split: tables.Split, layer: tables.Layer, position: int
) -> list[HistoryEntry]:
    """A sample at every published snapshot of a layer, in the order of steps."""
    table = split_samples(catalog, split)
    snapshots = catalog.session.exec(
        select(tables.Snapshot)
        .where(
            tables.Snapshot.layer_id == layer.id,
            tables.Snapshot.split_id == split.id,
            col(tables.Snapshot.digest).is_not(None),
        )
        .order_by(col(tables.Snapshot.step))
    ).all()
    said = {
        step: row
        for step in {snapshot.step for snapshot in snapshots}
        if (row := sample_outputs(catalog, split, step, table.ids[position])) is not None
    }
    names = dict(zip(said, prediction_texts(catalog, split, _predictions(said.values())), strict=True))
    labels = label_codes(table)
    moments: list[HistoryEntry] = []
    before: set[int] | None = None
    for snapshot in snapshots:
        near = _neighbors(catalog, snapshot, position)
        moments.append(
            HistoryEntry(
                epoch=snapshot.epoch,
                step=snapshot.step,
                prediction=names.get(snapshot.step),
                agreement=_agreement(near, labels, position),
                kept=len(before & near) / len(before) if before and near is not None else None,
                **{
                    name: _finite(said[snapshot.step][name]) if snapshot.step in said else None
                    for name in FIGURES
                },
            )
        )
        before = near
    return moments


def top_classes(
    catalog: Catalog, split: tables.Split, position: int, *, step: int | None, most: int
) -> list[tuple[str, float]]:
    """The most probable classes of a sample at a step and their probabilities, most probable first.

    Empty where scores were not kept.
    """
    table = split_samples(catalog, split)
    row = sample_outputs(catalog, split, step, table.ids[position])
    if row is None or row.get("logits") is None or not np.isfinite(row["logits"]).all():
        return []
    scores = np.asarray(row["logits"], np.float64)
    if row["head"] == "logits":
        scores = np.exp(scores - scores.max())
        scores /= scores.sum()
    best = np.argsort(-scores, kind="stable")[:most]
    # A head may have more classes than were ever labelled or predicted.
    names = prediction_texts(catalog, split, best)
    return [
        (name if name is not None else f"class {at}", float(scores[at]))
        for name, at in zip(names, best.tolist(), strict=True)
    ]


def _predictions(rows: Any) -> Array:
    return np.array([row["prediction"] for row in rows], np.int64)


def _neighbors(catalog: Catalog, snapshot: tables.Snapshot, position: int) -> set[int] | None:
    graph: NeighborGraph | None = find_graph(catalog, snapshot)
    if graph is None:
        return None
    rows = snapshot_rows(catalog, snapshot)
    at = np.flatnonzero(rows == position)
    if not len(at) or len(rows) != len(graph.valid) or not graph.valid[at[0]]:
        return None
    return set(rows[graph.indices[at[0]]].tolist())


def _agreement(near: set[int] | None, labels: Array | None, position: int) -> float | None:
    if near is None or labels is None or labels[position] < 0:
        return None
    theirs = labels[np.fromiter(near, np.int64, len(near))]
    known = theirs[theirs >= 0]
    return float((known == labels[position]).mean()) if len(known) else None


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
