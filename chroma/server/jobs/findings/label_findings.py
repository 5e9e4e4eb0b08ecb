"""Labels that the model disagrees with, and a score of every label for the queue of doubts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.insight.label_evidence import neighbor_votes
from chroma.insight.labels import LabelScores, best_epoch, label_scores
from chroma.insight.samples import hardness
from chroma.records import Array
from chroma.server.jobs.findings.evidence import Evidence, Passes
from chroma.server.jobs.findings.found import Found
from chroma.server.jobs.findings.logged_labels import find_multilabel, find_residuals
from chroma.server.store import tables
from chroma.server.store.findings.addresses import selection_text, view_address
from chroma.server.store.findings.report import Finding, FoundSamples, LabelQueue

_NEIGHBORS = 50  # of the kNN agreement that is shown
_AROUND = 20  # whose labels count in the score
_NO_TRAINING = (
    "Labels of training samples are not scored: outputs=True keeps what a classifier says of each of them as "
    "it trains, where their ids are known."
)
_WHOSE = "after the noisy-label benchmark arXiv 2510.16211: in-sample averages, then the margin"


def find_labels(evidence: Evidence) -> Found:
    """Score the labels of every split that has outputs; below 0 the model prefers another class."""
    found = Found()
    if evidence.run.task == "regression" or (evidence.run.task is None and _are_numbers(evidence)):
        return find_residuals(evidence)
    if evidence.run.task == "multilabel":
        return find_multilabel(evidence)
    for split in evidence.label_splits():
        passes = evidence.passes(split)
        if passes is None:
            found.refuse(["label"], _why_not(evidence, split))
        else:
            _score_split(evidence, split, passes, found)
    if not any(queue.split == "train" for queue in found.queues) and evidence.split("train") is None:
        found.refuse(["label"], _NO_TRAINING)
    return found


def _are_numbers(evidence: Evidence) -> bool:
    """Whether all labels that there are, are measurements, as of a run that nobody says a task of."""
    known = [evidence.samples(split).labels for split in evidence.splits]
    return {labels.dtype.kind for labels in known if labels is not None} == {"f"}


def _score_split(evidence: Evidence, split: tables.Split, passes: Passes, found: Found) -> None:
    last = _best(evidence, passes)
    near = _nearest(evidence, split, passes, passes.steps[-1 if last is None else last])
    scores = label_scores(passes.outputs, until=last, neighbors=near)
    scored = np.flatnonzero(np.isfinite(scores.score))
    order = scored[np.argsort(scores.score[scored], kind="stable")]
    doubts = order[scores.score[order] < 0]
    span = passes.span(*scores.window)
    around = "" if near is None else f" and of the labels of the {_AROUND} nearest samples"
    method = (
        f"ln p(given label) - ln p(best other class), p the mean over {span} of the probabilities{around}; "
        f"{_WHOSE}"
    )
    columns = _columns(scores, passes) | {"hardness": hardness(passes.outputs)}
    found.scores.append((split.name, passes.ids, columns))
    votes = _votes(evidence, split, passes.steps[scores.window[1]])
    if votes is not None:
        found.scores.append((split.name, evidence.samples(split).ids, {"agreement_50": votes}))
    found.queues.append(LabelQueue(split.name, len(scored), len(doubts), passes.of, method))
    if not len(doubts):
        return
    n, of = len(doubts), len(scored)
    found.findings.append(
        Finding(
            key=f"label-{split.name}",
            kind="label",
            title=f"{n:,} {'label' if n == 1 else 'labels'} of {split.name} in doubt",
            text=f"For {n:,} of {of:,} samples of {split.name} the model prefers another class than the "
            f"label, in the mean over {span}{'' if near is None else ', with the samples around them'}.",
            rank=0.9 if split.name == "train" else 0.85,
            method=method,
            view=_view(evidence, split, passes, doubts, passes.steps[scores.window[1]]),
            split=split.name,
            epoch=passes.epochs[scores.window[1]],
            step=passes.steps[scores.window[1]],
            of=of,
            samples=FoundSamples(
                split.name,
                passes.ids[doubts],
                scores.score[doubts],
                given=scores.given[doubts],
                suggested=scores.suggested[doubts],
            ),
        )
    )


def _best(evidence: Evidence, passes: Passes) -> int | None:
    """Row of the pass up to which to believe the model, by the accuracy on another split."""
    val = next((split for split in evidence.splits if split.name == "val"), None)
    if val is None:
        return None
    accuracy = evidence.accuracy(val)
    if not accuracy:
        return None
    by_epoch = _by_epoch(evidence, val, accuracy)
    known = [
        accuracy.get(step, by_epoch.get(epoch, np.nan))
        for step, epoch in zip(passes.steps, passes.epochs, strict=True)
    ]
    return best_epoch(np.array(known))


def _by_epoch(evidence: Evidence, split: tables.Split, accuracy: dict[int, float]) -> dict[int | None, float]:
    found = {epoch: accuracy[step] for step, epoch in evidence.moments(split) if step in accuracy}
    found.pop(None, None)
    return found


def _columns(scores: LabelScores, passes: Passes) -> dict[str, Array]:
    epochs = np.array([-1 if epoch is None else epoch for epoch in passes.epochs], np.float32)
    learned = np.where(scores.first_learned >= 0, epochs[scores.first_learned], np.nan)
    unknown = ~np.isfinite(scores.score)

    def number(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        return np.where(unknown, np.nan, values).astype(np.float32)

    return {
        "label_score": scores.score,
        "label_given": scores.given,
        "label_suggested": scores.suggested,
        "label_probability": scores.probability,
        "epochs_wrong": number(scores.epochs_wrong),
        "epochs_seen": number(scores.seen),
        "times_forgotten": number(scores.times_forgotten),
        "first_learned": learned.astype(np.float32),
        "mean_probability": scores.mean_p,
        "probability_deviation": scores.deviation_p,
    }


def _votes(evidence: Evidence, split: tables.Split, step: int) -> npt.NDArray[np.float32] | None:
    """The share of each sample's neighbours that carry its label, by position; None without vectors."""
    labels = evidence.labels(split)
    snapshot = evidence.near(split, step)
    if labels is None or snapshot is None:
        return None
    positions, _ = evidence.features(snapshot)
    graph = evidence.graph(snapshot, _NEIGHBORS)
    whole = np.full(len(labels), np.nan, np.float32)
    if graph is not None:
        whole[positions] = neighbor_votes(graph.indices, labels[positions]).agreement
    return whole


def _nearest(
    evidence: Evidence, split: tables.Split, passes: Passes, step: int
) -> npt.NDArray[np.int64] | None:
    """The nearest samples of each, `[n, k]` as rows of `passes`, -1 where not known; None without vectors."""
    snapshot = evidence.near(split, step)
    graph = None if snapshot is None else evidence.graph(snapshot, _NEIGHBORS)
    if snapshot is None or graph is None or not graph.k:
        return None
    table = evidence.samples(split)
    row_at = np.full(len(table) + 1, -1, np.int64)  # the last one: of samples that are not followed
    row_at[table.positions(passes.ids)] = np.arange(len(passes.ids))
    row_at[-1] = -1
    rows = row_at[evidence.features(snapshot)[0]]
    near = graph.indices[:, :_AROUND]
    whole = np.full((len(passes.ids), near.shape[1]), -1, np.int64)
    kept = rows >= 0
    whole[rows[kept]] = np.where(near >= 0, rows[near], -1)[kept]
    return whole


def _view(
    evidence: Evidence, split: tables.Split, passes: Passes, rows: npt.NDArray[np.int64], step: int
) -> str:
    snapshot = evidence.near(split, step)
    if snapshot is None:
        return view_address(evidence.run.id)
    positions = evidence.samples(split).positions(passes.ids[rows])
    return view_address(
        evidence.run.id,
        layer=evidence.layer.name if evidence.layer else None,
        split=split.name,
        step=snapshot.step,
        colour="label_score",
        selected=selection_text(evidence.store.files, split, positions),
    )


def _why_not(evidence: Evidence, split: tables.Split) -> str:
    """Why a split's labels have no score, in a sentence with the way out."""
    table = evidence.samples(split)
    if table.labels is None:
        return f"The samples of {split.name} came without labels: give labels= so that they can be scored."
    if evidence.labels(split) is None:
        return (
            f"The labels of {split.name} cannot be compared with predictions: give class_names=, their texts "
            "by class index."
        )
    return (
        f"The model's class probabilities for {split.name} were not kept: labels are scored for a classifier "
        "whose head was found and outputs=True, or logits= of log_embeddings."
    )
