"""Scores of targets and of several labels of a sample, from predictions that users log as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from chroma.insight.label_evidence import multilabel_scores, residual_scores
from chroma.server.jobs.findings.evidence import Evidence
from chroma.server.jobs.findings.found import Found
from chroma.server.jobs.findings.views import selected_view
from chroma.server.store import tables
from chroma.server.store.findings.report import Finding, FoundSamples
from chroma.server.store.samples.columns import split_columns
from chroma.server.store.samples.user_columns import Known

_PREDICTION, _PROBABILITY, _LABEL = "prediction", "probability:", "label:"
_FAR = 5.0  # standard deviations: of a million normal residuals none is as far
_RESIDUAL = (
    "-|target - mean prediction over the late half of the passes| / (1.4826 times the median of these): "
    f"in standard deviations, in doubt beyond {_FAR:g}"
)
_SEVERAL = "ln P - ln(1 - P), P the mean probability of what the label says over the late half of the passes"
_CONTRARY = "have a label that the model takes for wrong, or lack one that it takes for right"
_NO_PREDICTIONS = (
    "Targets of a regression run are scored by what the model predicts of them, which is kept where you log "
    "it: run.log_columns(split, ids, prediction=...)."
)
_NO_PROBABILITIES = (
    "Where samples have several labels, each is scored by its probability, which is kept where you log it, "
    'once for each label: run.log_columns(split, ids, **{"probability:NAME": ...}).'
)


def find_residuals(evidence: Evidence) -> Found:
    """Score the targets of a regression; those far from the prediction are in doubt."""
    found = Found()
    for split in evidence.splits:
        columns = _columns(evidence, split)
        targets, predictions = columns.get("label"), columns.get(_PREDICTION)
        if targets is None or predictions is None or targets.column.legend or predictions.column.legend:
            continue
        said = _late(evidence, split, [predictions])[:, :, 0]
        scores = residual_scores(said, targets.values(None).astype(np.float64))
        _add(
            evidence, split, scores, scores < -_FAR, found, _RESIDUAL, "are far from what the model predicts"
        )
    if not found.scores:
        found.refuse(["label"], _NO_PREDICTIONS)
    return found


def find_multilabel(evidence: Evidence) -> Found:
    """Score each label of each sample; a sample is as doubtful as the most doubtful of its labels."""
    found = Found()
    for split in evidence.splits:
        columns = _columns(evidence, split)
        names = [
            name.removeprefix(_PROBABILITY)
            for name in columns
            if name.startswith(_PROBABILITY) and _LABEL + name.removeprefix(_PROBABILITY) in columns
        ]
        if not names:
            continue
        said = _late(evidence, split, [columns[_PROBABILITY + name] for name in names])
        marks = np.stack([columns[_LABEL + name].values(None) for name in names], axis=1)
        of_labels = multilabel_scores(said, marks)
        blank = np.where(np.isfinite(of_labels), of_labels, np.inf)
        worst = np.where(np.isfinite(blank).any(axis=1), blank.min(axis=1), np.nan).astype(np.float32)
        _add(evidence, split, worst, worst < 0, found, _SEVERAL, _CONTRARY)
    if not found.scores:
        found.refuse(["label"], _NO_PROBABILITIES)
    return found


def _columns(evidence: Evidence, split: tables.Split) -> Mapping[str, Known]:
    return evidence.read(lambda catalog: split_columns(catalog, split))


def _late(evidence: Evidence, split: tables.Split, columns: Sequence[Known]) -> npt.NDArray[np.float64]:
    """`[e, n, columns]`: their values at the late half of the steps with vectors."""
    rows = evidence.snapshots(evidence.layer, split) if evidence.layer else ()
    steps = [row.step for row in rows]
    late: Sequence[int | None] = steps[len(steps) // 2 :] or [None]
    return np.stack([np.stack([known.values(step) for known in columns], axis=1) for step in late])


def _add(  # noqa: PLR0917 - they are one finding
    evidence: Evidence,
    split: tables.Split,
    scores: npt.NDArray[np.float32],
    doubtful: npt.NDArray[np.bool_],
    found: Found,
    method: str,
    what: str,
) -> None:
    ids, of = evidence.samples(split).ids, int(np.isfinite(scores).sum())
    if not of:
        return
    found.scores.append((split.name, ids, {"label_score": scores}))
    rows = np.flatnonzero(doubtful)
    rows = rows[np.argsort(scores[rows], kind="stable")]
    if not len(rows):
        return
    layer, snapshot = evidence.layer, evidence.newest(evidence.layer, split)
    n = len(rows)
    found.findings.append(
        Finding(
            key=f"label-{split.name}",
            kind="label",
            title=f"{n:,} {'label' if n == 1 else 'labels'} of {split.name} in doubt",
            text=f"{n:,} of {of:,} samples of {split.name} {what}.",
            rank=0.9 if split.name == "train" else 0.85,
            method=method,
            view=selected_view(
                evidence, layer, split, snapshot.step if snapshot else None, rows, colour="label_score"
            ),
            split=split.name,
            epoch=snapshot.epoch if snapshot else None,
            step=snapshot.step if snapshot else None,
            of=of,
            samples=FoundSamples(split.name, ids[rows], scores[rows]),
        )
    )
