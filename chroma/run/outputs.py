"""What a model said of each sample, from its logits or probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.records import Array, Head, Ids, Outputs

MAX_CLASSES = 4096  # wider heads (vocabularies) are not kept per sample


def head_kind(scores: Array) -> Head:
    """Whether `[n, C]` scores are probabilities (in [0, 1], rows summing to 1 within 1e-3) or logits."""
    finite = scores[np.isfinite(scores).all(axis=1)].astype(np.float64)
    if not len(finite) or finite.min() < 0 or finite.max() > 1:
        return "logits"
    return "probabilities" if np.abs(finite.sum(axis=1) - 1).max() < 1e-3 else "logits"


def of_both(scores: Array, head: Head | None) -> tuple[Array, Head]:
    """`[n, 2]` scores of two classes, and what they are, of the `[n, 1]` of the second one."""
    if head == "probabilities":
        return np.concatenate([1 - scores, scores], axis=1), "probabilities"
    return np.concatenate([np.zeros_like(scores), scores], axis=1), "logits"  # their softmax is the sigmoid


def outputs_of(
    scores: Array,
    labels: Array | None,
    *,
    split: str,
    epoch: int | None,
    step: int,
    ids: Ids,
    head: Head = "logits",
) -> Outputs:
    """Compute prediction, confidence, margin and cross-entropy of `[n, C]` scores, in float64.

    Rows with NaN or infinite scores get the prediction -1 and NaN elsewhere. A label that is missing (-1)
    or not a class index gives the margin of best less second best, and the cross-entropy NaN.

    Args:
        scores: `[n, C]` logits or probabilities, C ≥ 2.
        labels: `[n]` integers, or None.
        split: Name of the split.
        epoch: 0-based, or None.
        step: Global optimizer step.
        ids: `[n]`.
        head: What `scores` are.
    """
    n, classes = scores.shape
    log_p, known = _log_probabilities(scores.astype(np.float64), head)
    rows = np.arange(n)
    prediction = log_p.argmax(axis=1)
    first = np.exp(log_p[rows, prediction])
    rivals = log_p.copy()
    rivals[rows, prediction] = -np.inf
    margin = first - np.exp(rivals.max(axis=1))
    cross_entropy = np.full(n, np.nan)
    if labels is not None and labels.dtype.kind in "iu":
        labelled = np.flatnonzero((labels >= 0) & (labels < classes))
        truth = labels[labelled].astype(np.int64)
        others = log_p[labelled]
        others[np.arange(len(labelled)), truth] = -np.inf
        margin[labelled] = np.exp(log_p[labelled, truth]) - np.exp(others.max(axis=1))
        cross_entropy[labelled] = -log_p[labelled, truth]
    return Outputs(
        split=split,
        epoch=epoch,
        step=step,
        ids=ids,
        prediction=np.where(known, prediction, -1),
        confidence=_float32(first, known),
        margin=_float32(margin, known),
        cross_entropy=_float32(cross_entropy, known),
        logits=scores.astype(np.float32),
        head=head,
    )


def label_and_other(
    scores: Array, labels: npt.NDArray[np.int64], head: Head
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """What `[n, C]` scores say of the label and of the most probable other class, in float32.

    Args:
        scores: Logits or probabilities, C ≥ 2.
        labels: `[n]`; -1, or any other number that is no class index, where unknown.
        head: What `scores` are.

    Returns:
        Labels (-1 unknown), their cross-entropy in nats (NaN unknown), the other class and its probability,
        `[n]` each; the probability is NaN where scores are NaN or infinite.
    """
    n, classes = scores.shape
    rows = np.arange(n)
    log_p, known = _log_probabilities(scores.astype(np.float32), head)
    has_label = (labels >= 0) & (labels < classes)
    truth = np.where(has_label, labels, 0)
    cross_entropy = np.where(has_label & known, -log_p[rows, truth], np.nan).astype(np.float32)
    log_p[rows[has_label], truth[has_label]] = -np.inf
    other = log_p.argmax(axis=1)
    probability = np.where(known, np.exp(log_p[rows, other]), np.nan).astype(np.float32)
    return (
        np.where(has_label, labels, -1).astype(np.int32),
        cross_entropy,
        other.astype(np.int32),
        probability,
    )


def _float32(values: npt.NDArray[np.float64], known: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    return np.where(known, values, np.nan).astype(np.float32)


def _log_probabilities(scores: Array, head: Head) -> tuple[Array, npt.NDArray[np.bool_]]:
    """`[n, C]` logarithms of probabilities, in the type of the scores, and which rows are finite.

    The scores are worked on in place.
    """
    known = np.asarray(np.isfinite(scores).all(axis=1))
    scores[~known] = 0.0
    if head == "probabilities":
        with np.errstate(divide="ignore"):
            return np.log(scores), known
    scores -= scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)), known
