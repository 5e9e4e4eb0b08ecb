"""What all insights of a training cost, in CPU seconds, beside the film of the same snapshots."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from series import capture

from chroma.insight.across import nearest_across
from chroma.insight.classes import confusion, confusion_in_space, split_classes
from chroma.insight.collapse import collapse
from chroma.insight.duplicates import confirmed, near_pairs, usual_distance
from chroma.insight.events import forgotten_samples, separations
from chroma.insight.influence import Step, influence
from chroma.insight.label_evidence import neighbor_votes
from chroma.insight.labels import Probabilities, label_scores
from chroma.insight.layers import anisotropy, hubness, mle_dimension, neural_collapse, rank_me, two_nn
from chroma.insight.samples import coverage, outliers, prototypes
from chroma.insight.similarity import cka, cka_matrix
from chroma.insight.slices import density_clusters, slices
from chroma.insight.splits import drift
from chroma.projection.film import draw_film
from chroma.projection.neighbors import NeighborGraph, neighbor_graph

Snapshot = npt.NDArray[np.float16]
Snapshots = list[Snapshot]
Labels = npt.NDArray[np.int64]


class Clock:
    """CPU seconds of this process between laps, by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.spent[name] = self.spent.get(name, 0.0) + now - self._last
        self._last = now


def costs(data: Path | None) -> None:
    """Ten snapshots of 128 columns: four fifths as the training set, one as validation."""
    series = capture(data)["128"]
    cut = len(series.labels) * 4 // 5
    snapshots, labels = [snapshot[:cut] for snapshot in series.snapshots], series.labels[:cut]
    val, val_labels = series.snapshots[-1][cut:], series.labels[cut:]
    draw_film([s[:200] for s in snapshots[:2]], [neighbor_graph(s[:200]) for s in snapshots[:2]])  # compiled
    clock = Clock()
    graphs = [neighbor_graph(s) for s in snapshots]
    clock.lap("graphs of the film")
    draw_film(snapshots, graphs)
    clock.lap("film")
    of_labels(clock, snapshots, labels)
    of_samples(clock, snapshots, labels, val, graphs)
    of_layers(clock, snapshots, labels, val, graphs)
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(cut, int(labels.max()) + 1)).astype(np.float32)
    influence([Step(snapshots[-1], logits, val[:100], logits[:100])] * 10, labels, val_labels[:100])
    clock.lap("influence of 100 samples")
    film = clock.spent["film"] + clock.spent["graphs of the film"]
    insights = sum(clock.spent.values()) - film
    print(f"10 snapshots of {cut} x 128, CPU seconds: film {film:.1f}, all insights {insights:.1f}")
    for name, seconds in clock.spent.items():
        if name:
            print(f"  {name}: {seconds:.2f}")
    one, two = (rng.normal(size=(10_000, 512)).astype(np.float32) for _ in range(2))
    clock.lap("")
    cka(one, two)
    clock.lap("cka")
    print(f"CKA of 10,000 x 512: {clock.spent['cka']:.2f} CPU s")


def of_labels(clock: Clock, snapshots: Snapshots, labels: Labels) -> None:
    """Scores of labels, votes of neighbours at each epoch, and what happened when."""
    n, classes = len(labels), int(labels.max()) + 1
    outputs = Probabilities.dense(
        np.random.default_rng(0).dirichlet(np.ones(classes), (len(snapshots), n)).astype(np.float32), labels
    )
    clock.lap("")
    label_scores(outputs)
    clock.lap("label scores")
    graphs = [neighbor_graph(s, k=50, metric="cosine") for s in snapshots]
    clock.lap("graphs, k=50 by cosine")
    votes = [neighbor_votes(g.indices, labels) for g in graphs]
    clock.lap("neighbours' votes")
    outliers(np.sqrt(2 * graphs[-1].distances))
    confusion_in_space(graphs[-1].indices, labels, classes)
    counts = np.stack([confusion(labels, v.suggested, classes) for v in votes])
    epochs, names = list(range(len(snapshots))), [str(c) for c in range(classes)]
    separations(counts, epochs, names)
    forgotten_samples(outputs, epochs)
    clock.lap("outliers, confusion, events")


def of_samples(
    clock: Clock, snapshots: Snapshots, labels: Labels, val: Snapshot, graphs: list[NeighborGraph]
) -> None:
    """Coverage, prototypes, duplicates, slices and split classes."""
    ids, distances = nearest_across(val, snapshots[-1])
    coverage(distances, np.sqrt(2 * neighbor_graph(snapshots[-1], k=10, metric="cosine").distances))
    prototypes(snapshots[-1], labels)
    clock.lap("coverage, prototypes")
    pairs = near_pairs(graphs[-1].indices, graphs[-1].distances)
    confirmed(pairs, snapshots[0], snapshots[0], usual_distance(graphs[0].distances))
    clock.lap("duplicates")
    split_classes(snapshots[2], labels)
    clock.lap("split classes")
    slices(density_clusters(val), ids[:, 0] % 7 == 0)
    clock.lap("slices")


def of_layers(
    clock: Clock, snapshots: Snapshots, labels: Labels, val: Snapshot, graphs: list[NeighborGraph]
) -> None:
    """Every figure of a layer at every epoch, similarity of all epochs, and drift."""
    for snapshot, graph in zip(snapshots, graphs, strict=True):
        for measure in (collapse, rank_me, anisotropy):
            measure(snapshot)
        neural_collapse(snapshot, labels)
        for of_distances in (two_nn, mle_dimension):
            of_distances(graph.distances)
        hubness(graph.indices)
    clock.lap("layers")
    cka_matrix(snapshots)
    clock.lap("similarity, epoch by epoch")
    drift(snapshots[-1], val)
    clock.lap("drift")
