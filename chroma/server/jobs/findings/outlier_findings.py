"""Samples far from all others, and samples of a split that the training data do not reach."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.insight.across import nearest_across
from chroma.insight.samples import Distant, coverage, outliers
from chroma.server.jobs.findings.evidence import Evidence
from chroma.server.jobs.findings.found import Found
from chroma.server.jobs.findings.views import joint_view, selected_view
from chroma.server.store import tables
from chroma.server.store.findings.report import Finding, FoundSamples, Kind

K = 10  # neighbours whose mean distance counts
_LEAST = 50  # samples: quartiles of fewer say little
_FENCE = "beyond the outer fence of quartiles of its logarithm (Tukey 1977)"
_OUTLIER = f"mean distance to the 10 nearest, rows of length 1 (Sun et al. 2022), {_FENCE}"
_COVERAGE = f"mean distance to the 10 nearest training samples, {_FENCE}"


def find_outliers(evidence: Evidence) -> Found:
    """Samples of each split far from all others, in the first layer: late layers hide them."""
    found = Found()
    looked = False
    for split in evidence.splits:
        snapshot = evidence.newest(evidence.first_layer, split)
        if snapshot is None or snapshot.n < _LEAST:
            continue
        graph = evidence.graph(snapshot, K)
        if graph is None:
            continue
        looked = True
        positions, _ = evidence.features(snapshot)
        far = outliers(np.sqrt(2 * np.maximum(graph.distances, 0)))
        ids = evidence.samples(split).ids[positions]
        found.scores.append((split.name, ids, {"outlier_score": _shares(far)}))
        if len(far.rows):
            found.findings.append(_finding(evidence, "outlier", split, snapshot, (positions, far), _OUTLIER))
    if not looked:
        found.refuse(
            ["outlier"],
            f"Outliers are looked for among at least {_LEAST} samples with vectors, and none has as many: "
            "raise max_samples=.",
        )
    return found


def find_coverage(evidence: Evidence) -> Found:
    """Samples of the other splits that are far from every training sample."""
    found = Found()
    train = evidence.split("train")
    base = evidence.newest(evidence.first_layer, train) if train else None
    if train is None or base is None or base.n < _LEAST:
        found.refuse(["coverage"], evidence.needs_train("What the training data do not reach"))
        return found
    _, reference = evidence.features(base)
    graph = evidence.graph(base, K)
    for split in evidence.splits:
        snapshot = evidence.snapshot_at(evidence.first_layer, split, base.step)
        if split.name == "train" or snapshot is None or graph is None:
            continue
        positions, vectors = evidence.features(snapshot)
        _, distances = nearest_across(vectors, reference, k=K)
        far = coverage(distances, np.sqrt(2 * np.maximum(graph.distances, 0)))
        ids = evidence.samples(split).ids[positions]
        found.scores.append((split.name, ids, {"train_distance": _shares(far)}))
        if len(far.rows):
            found.findings.append(
                _finding(evidence, "coverage", split, snapshot, (positions, far), _COVERAGE)
            )
    return found


def _shares(far: Distant) -> npt.NDArray[np.float32]:
    """Scores in units of their threshold: above 1 is far."""
    return (far.score / np.float32(far.threshold)).astype(np.float32)


def _view(
    evidence: Evidence,
    kind: Kind,
    split: tables.Split,
    snapshot: tables.Snapshot,
    positions: npt.NDArray[np.int64],
) -> str:
    """Of what the training data do not reach the film with them, where there is one."""
    layer = evidence.first_layer
    if kind == "outlier":
        return selected_view(evidence, layer, split, snapshot.step, positions, colour="outlier_score")
    both = {split.name: positions, "train": np.zeros(0, np.int64)}
    return joint_view(evidence, layer, both, snapshot.step, colour="nearest_train") or selected_view(
        evidence, layer, split, snapshot.step, positions, colour="train_distance"
    )


def _finding(  # noqa: PLR0917 - they are one finding
    evidence: Evidence,
    kind: Kind,
    split: tables.Split,
    snapshot: tables.Snapshot,
    found: tuple[npt.NDArray[np.int64], Distant],
    method: str,
) -> Finding:
    positions, far = found
    n, of = len(far.rows), int(np.isfinite(far.score).sum())
    layer = evidence.first_layer
    noun = "sample" if n == 1 else "samples"
    from_what = "all others" if kind == "outlier" else "every training sample"
    most = float(far.score[far.rows[0]] / far.threshold)
    return Finding(
        key=f"{kind}-{split.name}",
        kind=kind,
        title=f"{n:,} {noun} of {split.name} far from {from_what}",
        text=f"{n:,} of {of:,} samples of {split.name} lie beyond the fence of distances to {from_what} in "
        f"{layer.name if layer else 'the first layer'}; the farthest {most:.1f} times as far.",
        rank=min(0.8, 0.5 + 0.1 * most),
        method=method,
        view=_view(evidence, kind, split, snapshot, positions[far.rows]),
        split=split.name,
        layer=layer.name if layer else None,
        epoch=snapshot.epoch,
        step=snapshot.step,
        of=of,
        samples=FoundSamples(
            split.name, evidence.samples(split).ids[positions[far.rows]], _shares(far)[far.rows]
        ),
    )
