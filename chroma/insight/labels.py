"""Which labels deserve a second look, from what the model said of its samples while it trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

# What a probability of 0 counts as in a logarithm: below the least that float32 gives of a softmax.
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Probabilities:
    """What a classifier said of n samples at e epochs.

    Two forms: `Probabilities(...)` with the label and the strongest other class only, as they are captured of
    every training sample, or `Probabilities.dense(...)` with all classes.

    Attributes:
        labels: int32 `[e, n]`, the labels at each epoch; -1 where unknown.
        label: float32 `[e, n]`, probability of the label; NaN where a sample was not seen, or has no label.
        other: int32 `[e, n]`, the most probable class that is not the label; -1 where unknown.
        other_probability: float32 `[e, n]`, its probability; NaN where unknown.
        classes: float `[e, n, C]`, the probability of every class; None where only the above are known.
    """

    labels: Ints
    label: Floats
    other: Ints
    other_probability: Floats
    classes: npt.NDArray[np.floating[Any]] | None = None

    @classmethod
    def dense(
        cls, classes: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.integer[Any]]
    ) -> Probabilities:
        """From the probabilities of all classes.

        Args:
            classes: `[e, n, C]`, each row sums to 1; NaN where a sample was not seen.
            labels: `[n]` or `[e, n]`; negative where unknown.
        """
        every = np.ascontiguousarray(np.broadcast_to(labels, classes.shape[:2]), np.int32)
        at = np.maximum(every, 0)[..., None]
        label = np.take_along_axis(classes, at, axis=2)[..., 0].astype(np.float32)
        rest = np.array(classes, np.float32)
        np.put_along_axis(rest, at, -1, axis=2)
        other = rest.argmax(axis=2).astype(np.int32)
        probability = np.take_along_axis(rest, other[..., None], axis=2)[..., 0]
        unknown = (every < 0) | ~np.isfinite(label)
        label[unknown], probability[unknown], other[unknown] = np.nan, np.nan, -1
        return cls(every, label, other, probability, classes)


@dataclass(frozen=True, slots=True)
class LabelScores:
    """How well the model agrees with each sample's label; the least `score` is the most doubtful.

    Attributes:
        score: float32 `[n]`, any size: below 0 the model prefers another class. NaN where it is not known.
        given: int32 `[n]`, the label scored: the last known one; -1 where there is none.
        suggested: int32 `[n]`, the strongest other class; -1 where it is not known.
        probability: float32 `[n]`, its mean probability, from 0 to 1.
        seen: int32 `[n]`, epochs that saw the sample under the label given.
        epochs_wrong: int32 `[n]`, those of them at which another class was more probable.
        times_forgotten: int32 `[n]`, how often it went from right to wrong.
        first_learned: int32 `[n]`, row of the first epoch at which it was right; -1 if never.
        mean_p: float32 `[n]`, mean probability of the label over all epochs seen.
        deviation_p: float32 `[n]`, its standard deviation over them.
        window: First and last row of the epochs that `score` is taken from.
    """

    score: Floats
    given: Ints
    suggested: Ints
    probability: Floats
    seen: Ints
    epochs_wrong: Ints
    times_forgotten: Ints
    first_learned: Ints
    mean_p: Floats
    deviation_p: Floats
    window: tuple[int, int]


def best_epoch(
    val_accuracy: npt.NDArray[np.floating[Any]] | None,
    knn_accuracy: npt.NDArray[np.floating[Any]] | None = None,
) -> int | None:
    """Row of the epoch up to which to believe the model: later it may have memorised wrong labels.

    The first one of the best validation accuracy, else of the best kNN accuracy.

    Args:
        val_accuracy: `[e]`, NaN where unknown; None where there is no validation.
        knn_accuracy: `[e]`, NaN where unknown.

    Returns:
        None where neither has a finite value: the last epoch then has to do.
    """
    for accuracy in (val_accuracy, knn_accuracy):
        if accuracy is not None and np.isfinite(accuracy).any():
            return int(np.nanargmax(np.where(np.isfinite(accuracy), accuracy, np.nan)))
    return None


def label_scores(
    outputs: Probabilities,
    *,
    until: int | None = None,
    neighbors: npt.NDArray[np.integer[Any]] | None = None,
) -> LabelScores:
    """Score every label by what the model said in the late half of the epochs up to its best one.

    With P the mean of the probabilities over the epochs `ceil(t/2) ... t` (counted from 1; t the best epoch),
    `score = ln P_y - ln max_{c != y} P_c`, y the label. Averages of in-sample probabilities, then the margin,
    were best in "A benchmark of noisy-label detection" (arXiv 2510.16211, 2025); epochs after t are left out
    because a model that memorises says of a wrong label what it was taught. Where `outputs.classes` is None,
    P_c counts the epochs at which c was the strongest other class only, so it is a lower bound.

    Where the neighbours of a sample are known, P is the mean of that and of the shares of their labels: a
    model that has not learned enough yet says less of a label than the samples around it do.

    Forgetting: Toneva et al. 2019, "An empirical study of example forgetting" (arXiv 1812.05159). Mean and
    deviation of the label's probability: Swayamdipta et al. 2020, "Dataset cartography" (arXiv 2009.10795).

    Args:
        outputs: Of e epochs, at least one.
        until: Row of t, as `best_epoch` gives it; the last one by default.
        neighbors: int `[n, k]`, the nearest samples at epoch t, best the 20 nearest by cosine distance at the
            input of the head; -1 where there is none. A row of -1 alone is scored by P.

    Example:
        >>> p = np.array([[[0.9, 0.1], [0.2, 0.8]]])  # one epoch, two samples, two classes
        >>> label_scores(Probabilities.dense(p, np.array([0, 0]))).score.round(2)
        array([ 2.2 , -1.39], dtype=float32)
    """
    last = len(outputs.label) - 1 if until is None else until
    window = (last + 2) // 2 - 1, last
    known = outputs.labels >= 0
    newest = len(known) - 1 - known[::-1].argmax(axis=0)
    given = np.where(known.any(axis=0), np.take_along_axis(outputs.labels, newest[None], axis=0)[0], -1)
    given = given.astype(np.int32)
    # a label that changed meanwhile: what was said of the old one is no evidence for or against the new one
    there = (outputs.labels == given) & (given >= 0) & np.isfinite(outputs.label)
    late = np.zeros_like(there)
    late[window[0] : last + 1] = there[window[0] : last + 1]
    own, suggested, probability = _strongest(
        _shares(outputs, late, given, neighbors), given, late.any(axis=0)
    )
    right = there & (outputs.label >= outputs.other_probability)
    mean = _mean(outputs.label, there)
    return LabelScores(
        score=_log(own) - _log(probability),
        given=given,
        suggested=suggested,
        probability=probability,
        seen=there.sum(axis=0, dtype=np.int32),
        epochs_wrong=(there & ~right).sum(axis=0, dtype=np.int32),
        times_forgotten=_forgotten(right, there),
        first_learned=np.where(right.any(axis=0), right.argmax(axis=0), -1).astype(np.int32),
        mean_p=mean,
        deviation_p=np.sqrt(_mean((outputs.label - mean) ** 2, there)),
        window=window,
    )


def _shares(
    outputs: Probabilities,
    late: npt.NDArray[np.bool_],
    given: Ints,
    neighbors: npt.NDArray[np.integer[Any]] | None,
) -> Any:
    """Sparse `[n, C]`: the mean probability of each class over epochs `late`, and the neighbours' votes."""
    epochs, samples = np.nonzero(late)
    if outputs.classes is None:
        rows, columns = np.tile(samples, 2), np.concatenate([given[samples], outputs.other[epochs, samples]])
        said = np.concatenate([outputs.label[epochs, samples], outputs.other_probability[epochs, samples]])
    else:
        width = outputs.classes.shape[2]
        rows, columns = np.repeat(samples, width), np.tile(np.arange(width), len(samples))
        said = outputs.classes[epochs, samples].ravel()
    count = late.sum(axis=0)
    votes, voted = np.zeros((0, 2), np.int64), np.zeros(len(given), np.int64)
    if neighbors is not None:
        labels = np.where(neighbors >= 0, given[np.maximum(neighbors, 0)], -1)
        row, column = np.nonzero(labels >= 0)
        votes = np.stack([row, labels[row, column]], axis=1)
        voted = (labels >= 0).sum(axis=1)
    known = columns >= 0
    rows, columns = rows[known], columns[known].astype(np.int64)
    half = np.where(voted > 0, 0.5, 1.0)
    said = said[known].astype(np.float64) * half[rows] / count[rows]
    return _add_up(
        np.concatenate([rows, votes[:, 0]]),
        np.concatenate([columns, votes[:, 1]]),
        np.concatenate([said, 0.5 / voted[votes[:, 0]]]),
        len(given),
    )


def _add_up(
    rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], values: npt.NDArray[np.float64], n: int
) -> Any:
    from scipy.sparse import coo_array

    width = int(columns.max(initial=0)) + 1
    return coo_array((values, (rows, columns)), (n, width)).tocsr()  # adds up what falls on one place


def _strongest(
    shares: Any, given: Ints, known: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float32], Ints, Floats]:
    """The share of each label, and the strongest class beside it with its share."""
    from scipy.sparse import coo_array

    n, width = shares.shape
    rows = np.flatnonzero(known & (given < width))
    own = np.zeros(n)
    own[rows] = np.asarray(shares[rows, given[rows]]).ravel()
    rest: Any = (shares - coo_array((own[rows], (rows, given[rows])), (n, width))).tocsr()
    best = np.asarray(rest.max(axis=1).todense()).ravel()
    suggested = np.where(known & (best > 0), np.asarray(rest.argmax(axis=1)).ravel(), -1).astype(np.int32)
    missing = np.where(known, 0.0, np.nan)
    return (own + missing).astype(np.float32), suggested, (best + missing).astype(np.float32)


def _mean(values: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    """Over epochs; NaN where there is none."""
    total = np.where(where, values, 0).sum(axis=0, dtype=np.float64)
    count = where.sum(axis=0)
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0).astype(np.float32)


def _log(probability: Floats) -> Floats:
    return np.log(np.maximum(probability, _LEAST)).astype(np.float32)


def _forgotten(right: npt.NDArray[np.bool_], there: npt.NDArray[np.bool_]) -> Ints:
    """How often a sample was right and, when next seen, wrong."""
    times, before = np.zeros(right.shape[1], np.int32), np.zeros(right.shape[1], np.bool_)
    for now, seen in zip(right, there, strict=True):
        times += before & seen & ~now
        before = np.where(seen, now, before)
    return times
