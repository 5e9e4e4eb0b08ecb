"""What is measured of a classifier's outputs at one step, beside the vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Known = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OutputSignals:
    """Signals of the outputs of one split at one step; None where something is missing to measure it.

    Attributes:
        epoch: 0-based, or None.
        step: Global optimizer step.
        n: Rows with outputs.
        classes: Classes the head knows, as far as seen.
        broken: Share of rows whose scores are NaN or infinite.
        loss: Mean cross-entropy of the labels, nats.
        accuracy: Share of rows predicted right.
        renamed: The same where each predicted class may stand for the label it meets most often: near the
            accuracy where predictions are right or at random, far above it where labels were renamed.
        forgotten: Share of rows predicted right in both snapshots before, and wrong now.
        lost: Share of rows predicted right in two snapshots, and wrong in the last two.
    """

    epoch: int | None
    step: int
    n: int
    classes: int
    broken: float
    loss: float | None = None
    accuracy: float | None = None
    renamed: float | None = None
    forgotten: float | None = None
    lost: float | None = None


def output_signals(
    prediction: Array,
    cross_entropy: Array,
    labels: Array | None,
    before: tuple[Known, ...] = (),
    *,
    classes: int = 0,
    epoch: int | None = None,
    step: int = 0,
) -> tuple[OutputSignals, Known | None]:
    """Measure the outputs of a split.

    Args:
        prediction: `[n]` classes; -1 where the scores are broken.
        cross_entropy: `[n]` nats; NaN where unknown.
        labels: `[n]` classes; -1 where unknown. None without classes.
        before: `[n]` of each of the three snapshots before, as far as there are, what its call gave.
        classes: How many classes the head has.
        epoch: 0-based.
        step: Global optimizer step.

    Returns:
        The signals, and which rows `[n]` were predicted right; None without labels.
    """
    n = len(prediction)
    broken = float((prediction < 0).mean()) if n else 0.0
    known = np.isfinite(cross_entropy)
    loss = float(cross_entropy[known].mean(dtype=np.float64)) if known.any() else None
    if labels is None or not (labels >= 0).any():
        return OutputSignals(epoch, step, n, classes, broken, loss), None
    told = labels >= 0
    classes = max(classes, int(labels.max()) + 1, int(prediction.max()) + 1)
    right = (prediction == labels) & told
    forgotten = lost = None
    if len(before) >= 2 and all(len(each) == n for each in before):
        forgotten = float((before[-2] & before[-1] & ~right)[told].mean())
        if len(before) == 3:
            lost = float((before[0] & before[1] & ~before[2] & ~right)[told].mean())
    judged = told & (prediction >= 0)
    counts = np.bincount(prediction[judged] * classes + labels[judged], minlength=classes * classes)
    renamed = counts.reshape(classes, classes).max(axis=1).sum() / told.sum()
    return OutputSignals(
        epoch,
        step,
        n,
        classes,
        broken,
        loss,
        accuracy=float(right[told].mean()),
        renamed=float(renamed),
        forgotten=forgotten,
        lost=lost,
    ), right
