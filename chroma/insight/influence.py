"""Which training samples taught the model what it says of one sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Floats, Matrix

Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """What is known of one moment of the training, of the head's input and output.

    Attributes:
        features: float `[n, d]` of the training samples, input of the head.
        logits: float `[n, C]`, its output.
        asked_features: float `[m, d]` of the samples asked about, at the same step.
        asked_logits: float `[m, C]`.
        rate: Learning rate, or 1 where it is not known.
    """

    features: Matrix
    logits: Matrix
    asked_features: Matrix
    asked_logits: Matrix
    rate: float = 1.0


def influence(steps: Sequence[Step], labels: Ints, asked_labels: Ints) -> Floats:
    """How much each training sample pushed the model towards the label of each sample asked about.

    `I(z, z') = sum_t rate_t <p_t(z) - y, p_t(z') - y'> (<h_t(z), h_t(z')> + 1)`, p the probabilities, y the
    label as one-hot, h the head's input, 1 for its bias: the gradients of the cross-entropy by the last
    layer's weights. TracIn of Pruthi et al. 2020, "Estimating training data influence by tracing gradient
    descent" (arXiv 2002.08484), of the last layer. Below 0: a step on z raised the loss of z' (an opponent).
    An explanation of one prediction; its sum over many is a poor detector of wrong labels.

    Args:
        steps: At least one; features and logits of both sets at the same steps.
        labels: `[n]` of the training samples; rows below 0 have no influence.
        asked_labels: `[m]`, the true labels, none below 0.

    Returns:
        float32 `[m, n]`; NaN where a vector or logits are not finite.

    Example:
        >>> pushed = influence(steps, train_labels, val_labels[wrong])
        >>> opponents = pushed.argsort(axis=1)[:, :10]
    """
    total = np.zeros((len(asked_labels), len(labels)), np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite gives NaN
        for step in steps:
            errors = _errors(step.logits, labels)
            asked = _errors(step.asked_logits, asked_labels)
            alike = step.asked_features.astype(np.float32) @ step.features.astype(np.float32).T
            total += step.rate * (asked @ errors.T) * (alike + 1.0)
    return total.astype(np.float32)


def strongest(pushed: Floats, *, count: int = 10) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The training samples that held most against each sample's label, and those that spoke most for it.

    Args:
        pushed: `[m, n]`, as `influence` gives it.
        count: How many of each; fewer where there are not so many.

    Returns:
        Opponents and supporters, int64 `[m, count]`, the strongest first.
    """
    count = min(count, pushed.shape[1])
    against = np.argsort(np.where(np.isfinite(pushed), pushed, np.inf), axis=1, kind="stable")
    for_it = np.argsort(-np.where(np.isfinite(pushed), pushed, -np.inf), axis=1, kind="stable")
    return against[:, :count], for_it[:, :count]


def _errors(logits: Matrix, labels: Ints) -> Floats:
    """Probabilities less the label: float32 `[n, C]`, zero where there is no label."""
    shifted = logits.astype(np.float32)
    shifted = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    errors = shifted / shifted.sum(axis=1, keepdims=True)
    known = np.flatnonzero(labels >= 0)
    errors[known, labels[known]] -= 1
    errors[labels < 0] = 0
    return errors
