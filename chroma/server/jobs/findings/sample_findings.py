"""What is typical of each class, what is hard, and what is decided late: an overview, without thresholds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.insight.label_evidence import neighbor_votes
from chroma.insight.samples import hardness, prediction_depth, prototypes, typicality
from chroma.server.jobs.findings.evidence import Evidence
from chroma.server.jobs.findings.found import Found
from chroma.server.jobs.findings.views import selected_view
from chroma.server.store import tables
from chroma.server.store.findings.report import Finding, FoundSamples

_OF_A_CLASS, _HARDEST = 5, 50
_NEIGHBORS = 50  # as many as the votes on labels have, so that no other graph is made
_TYPICAL = "cosine to the mean of the class, rows at length 1"
_HARD = "mean over the epochs of 1 - p(label): EL2N in the L1 norm (Paul et al. 2021)"
_DEPTH = (
    f"first layer from which on most of the {_NEIGHBORS} nearest neighbours carry the label that the model "
    "predicts (Baldock et al. 2021)"
)
_NO_LABELS = (
    "What is typical of a class cannot be said without vectors of samples with class labels: labels=."
)


def find_samples(evidence: Evidence) -> Found:
    """Prototypes, the hardest samples, and those that no layer decides, of every split."""
    found = Found()
    typical = False
    for split in evidence.splits:
        labels = evidence.labels(split)
        if labels is None:
            continue
        typical |= _prototypes(evidence, split, labels, found)
        _hardest(evidence, split, found)
        _depth(evidence, split, labels, found)
    if not typical:
        found.refuse(["sample"], _NO_LABELS)
    return found


def _prototypes(evidence: Evidence, split: tables.Split, labels: npt.NDArray[np.int32], found: Found) -> bool:
    layer, snapshot = evidence.layer, evidence.newest(evidence.layer, split)
    if layer is None or snapshot is None:
        return False
    positions, vectors = evidence.features(snapshot)
    of_classes = prototypes(vectors, labels[positions], count=_OF_A_CLASS)
    if not of_classes:
        return False
    like, ids = typicality(vectors, labels[positions]), evidence.samples(split).ids[positions]
    found.scores.append((split.name, ids, {"typicality": like}))
    rows = np.concatenate(list(of_classes.values()))
    found.findings.append(
        Finding(
            key=f"sample-typical-{split.name}",
            kind="sample",
            title=f"What is typical of the classes of {split.name}",
            text=f"{len(rows):,} samples of {split.name}, at most {_OF_A_CLASS} of each of "
            f"{len(of_classes):,} classes, are most like the mean of their class in {layer.name}.",
            rank=0.001,
            method=_TYPICAL,
            view=selected_view(evidence, layer, split, snapshot.step, positions[rows], colour="label"),
            split=split.name,
            layer=layer.name,
            epoch=snapshot.epoch,
            step=snapshot.step,
            of=int(np.isfinite(like).sum()),
            samples=FoundSamples(split.name, ids[rows], like[rows]),
        )
    )
    return True


def _hardest(evidence: Evidence, split: tables.Split, found: Found) -> None:
    passes = evidence.passes(split)
    if passes is None:
        return
    hard = hardness(passes.outputs)
    known = np.flatnonzero(np.isfinite(hard))
    rows = known[np.argsort(-hard[known], kind="stable")][:_HARDEST]
    if len(rows) < 2:
        return
    layer, snapshot = evidence.layer, evidence.newest(evidence.layer, split)
    positions = evidence.samples(split).positions(passes.ids[rows])
    found.findings.append(
        Finding(
            key=f"sample-hard-{split.name}",
            kind="sample",
            title=f"The {len(rows):,} hardest samples of {split.name}",
            text=f"Over the epochs their labels had a mean probability of at most {1 - hard[rows[-1]]:.2f}; "
            f"for half of the samples of {split.name} it is above {1 - np.median(hard[known]):.2f}.",
            rank=0.002,
            method=_HARD,
            view=selected_view(
                evidence, layer, split, snapshot.step if snapshot else None, positions, colour="hardness"
            ),
            split=split.name,
            epoch=passes.epochs[-1],
            step=passes.steps[-1],
            of=len(known),
            samples=FoundSamples(split.name, passes.ids[rows], hard[rows]),
        )
    )


def _depth(evidence: Evidence, split: tables.Split, labels: npt.NDArray[np.int32], found: Found) -> None:
    """By position; layers of the last step with vectors of all of them."""
    said = evidence.last_said(split)
    if said is None:
        return
    votes: list[npt.NDArray[np.int32]] = []
    last = None
    for layer in evidence.layers:
        snapshot = evidence.newest(layer, split)
        graph = None if snapshot is None else evidence.graph(snapshot, _NEIGHBORS)
        if snapshot is None or graph is None or not graph.k:
            continue
        positions, _ = evidence.features(snapshot)
        whole = np.full(len(labels), -1, np.int32)
        whole[positions] = neighbor_votes(graph.indices, labels[positions]).suggested
        votes.append(whole)
        last = (layer, snapshot)
    if last is None or len(votes) < 2:
        return
    layer, snapshot = last
    known = np.logical_and.reduce([each >= 0 for each in votes]) & (said.prediction >= 0)
    depth = prediction_depth(np.stack(votes), np.where(known, said.prediction, -1))
    ids = evidence.samples(split).ids
    column = np.where(depth < 0, np.nan, depth).astype(np.float32)
    found.scores.append((split.name, ids, {"prediction_depth": column}))
    late = np.flatnonzero(depth == len(votes))
    n = len(late)
    # Where it is most of them, as in a layer that collapsed, the layer is to blame and no sample.
    if 0 < n <= known.sum() / 2:
        found.findings.append(
            Finding(
                key=f"sample-late-{split.name}",
                kind="sample",
                title=f"{n:,} {'sample' if n == 1 else 'samples'} of {split.name} decided last",
                text=f"For {n:,} of {int(known.sum()):,} samples of {split.name} most of the neighbours in "
                f"{layer.name}, the last of {len(votes)} layers, carry another label than it predicts.",
                rank=0.003,
                method=_DEPTH,
                view=selected_view(evidence, layer, split, snapshot.step, late, colour="prediction_depth"),
                split=split.name,
                layer=layer.name,
                epoch=snapshot.epoch,
                step=snapshot.step,
                of=int(known.sum()),
                samples=FoundSamples(split.name, ids[late], column[late]),
            )
        )
