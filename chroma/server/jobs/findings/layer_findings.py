"""How layers use their space, epoch by epoch; and splits that a classifier tells apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from chroma.insight import layers as measures
from chroma.insight.splits import drift
from chroma.projection.arrays import has_finite_row
from chroma.projection.neighbors import neighbor_graph
from chroma.server.jobs.findings.evidence import Evidence
from chroma.server.jobs.findings.found import Found
from chroma.server.jobs.findings.views import selected_view
from chroma.server.store import tables
from chroma.server.store.findings.report import Finding, FoundSamples, LayerFigure

MOST_ROWS = 1_000  # of a snapshot, evenly spread
MOST_EPOCHS = 20  # of a layer, evenly spread, the last one always
_K = 20
_COLLAPSED = 0.5  # share of equal rows
_DRIFTED = 0.7  # lower end of the area under the curve
_EQUAL = f"share of equal vectors among {MOST_ROWS:,} of a snapshot, above a half"
_DRIFT = "classifier two-sample test (Lopez-Paz & Oquab 2017), 5 folds, lower end of the interval above 0.7"


def find_layers(evidence: Evidence) -> Found:
    """Figures of every layer at its epochs, and layers whose last vectors are mostly equal."""
    found = Found()
    split = next((each for each in evidence.splits if evidence.newest(evidence.layer, each)), None)
    if split is None:
        found.refuse(["layer"], "No vectors are captured, so nothing can be said of layers: layers=.")
        return found
    labels = evidence.labels(split)
    for layer in evidence.layers:
        rows = evidence.snapshots(layer, split)
        picked = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_EPOCHS)).round().astype(int))
        for snapshot in (rows[at] for at in picked.tolist()):
            positions, vectors = evidence.features(snapshot)
            kept = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), MOST_ROWS)).astype(int))
            own = None if labels is None else labels[positions[kept]]
            found.figures += [
                LayerFigure(layer.name, split.name, snapshot.epoch, snapshot.step, name, value)
                for name, value in _figures(vectors[kept], own)
                if value is not None and np.isfinite(value)
            ]
        if len(rows):
            _collapsed(evidence, layer, split, rows[-1], found)
    return found


def find_drift(evidence: Evidence) -> Found:
    """Splits whose vectors a classifier tells from those of train; without train, of the first split."""
    found = Found()
    names = [split for split in evidence.splits if evidence.newest(evidence.first_layer, split)]
    names.sort(key=lambda split: split.name != "train")
    if len(names) < 2:
        found.refuse(
            ["drift"],
            'Drift needs vectors of two splits: splits=("train", "val") captures those of train, too.',
        )
        return found
    first, layer = names[0], evidence.first_layer
    for split in names[1:]:
        snapshot = evidence.newest(layer, split)
        base = evidence.snapshot_at(layer, first, snapshot.step) if snapshot else None
        if snapshot is None or base is None:
            continue
        positions, vectors = evidence.features(snapshot)
        apart = drift(evidence.features(base)[1], vectors)
        if apart is None or apart.low <= _DRIFTED:
            continue
        order = np.argsort(-np.where(np.isfinite(apart.score), apart.score, -np.inf), kind="stable")
        most = order[: int((apart.score > 0).sum())]
        found.findings.append(
            Finding(
                key=f"drift-{first.name}-{split.name}",
                kind="drift",
                title=f"{split.name} is unlike {first.name}",
                text=f"A classifier tells {split.name} from {first.name} with an area under the curve of "
                f"{apart.auc:.2f} ({apart.low:.2f} to {apart.high:.2f}), on {apart.n:,} samples of each.",
                rank=min(0.88, apart.low),
                method=_DRIFT,
                view=selected_view(evidence, layer, split, snapshot.step, positions[most]),
                split=split.name,
                layer=layer.name if layer else None,
                epoch=snapshot.epoch,
                step=snapshot.step,
                of=apart.n,
                samples=FoundSamples(
                    split.name, evidence.samples(split).ids[positions[most]], apart.score[most]
                ),
            )
        )
    return found


def _figures(
    vectors: npt.NDArray[np.float32], labels: npt.NDArray[np.int32] | None
) -> Iterator[tuple[str, float | None]]:
    if not has_finite_row(vectors):
        return
    yield "equal_share", measures.equal_share(vectors)
    yield "effective_rank", measures.effective_rank(vectors)
    yield "rank_me", measures.rank_me(vectors)
    yield "anisotropy", measures.anisotropy(vectors)
    graph = neighbor_graph(vectors, k=_K)
    yield "two_nn", measures.two_nn(graph.distances)
    yield "mle_dimension", measures.mle_dimension(graph.distances)
    yield "hubness", measures.hubness(graph.indices)
    if labels is not None:
        yield "knn_accuracy", measures.knn_accuracy(graph.indices, labels)
        collapse = measures.neural_collapse(vectors, labels)
        if collapse is not None:
            yield "nc1", collapse.nc1
            yield "nc2", collapse.equiangle


def _collapsed(
    evidence: Evidence, layer: tables.Layer, split: tables.Split, snapshot: tables.Snapshot, found: Found
) -> None:
    last = [row for row in found.figures if (row.layer, row.step) == (layer.name, snapshot.step)]
    equal = next((row.value for row in last if row.name == "equal_share"), None)
    if equal is None or equal > _COLLAPSED:
        share = "none of its vectors is finite" if equal is None else f"{equal:.0%} of its vectors are equal"
        found.findings.append(
            Finding(
                key=f"layer-{layer.name}",
                kind="layer",
                title=f"{layer.name} has collapsed",
                text=f"At the end {share} in {split.name}: the layer tells samples apart no longer.",
                rank=0.95,
                method=_EQUAL,
                view=selected_view(evidence, layer, split, snapshot.step),
                split=split.name,
                layer=layer.name,
                epoch=snapshot.epoch,
                step=snapshot.step,
            )
        )
