"""Looks at the rows of a training while an epoch runs, beside what the epochs before said of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.insight.alarms import trained_rules
from chroma.insight.alarms.rules import Found
from chroma.records import Ids, TrainingOutputs

Rows = npt.NDArray[np.int64]
_EPOCHS = 3  # whose parts are remembered


@dataclass(frozen=True, slots=True)
class TrainedPart:
    """What is measured of some rows of an epoch that runs.

    Attributes:
        rows: How many came since the epoch began.
        counts: `[C]` of their labels.
        broken: Share of the part's rows whose scores were NaN or infinite.
        loss: Mean cross-entropy of the part's rows, nats; None if unknown.
        forgotten: Share of the part's rows that were right in both epochs before, and are wrong now; None if
            unknown.
    """

    rows: int
    counts: Rows
    broken: float = 0.0
    loss: float | None = None
    forgotten: float | None = None


@dataclass(frozen=True, slots=True)
class _Epoch:
    """What one epoch said of its samples, by rising id."""

    ids: Ids
    labels: npt.NDArray[np.int32]
    right: npt.NDArray[np.bool_]


class Trained:
    """Of one split: `part` for rows as they come, `whole` for an epoch that is complete."""

    def __init__(self) -> None:
        self._epochs: deque[_Epoch] = deque(maxlen=2)
        self._parts: list[TrainedPart] = []  # of the epoch that runs
        self._before: deque[Sequence[TrainedPart]] = deque(maxlen=_EPOCHS)

    def part(self, record: TrainingOutputs, broken: int = 0) -> list[Found | None]:
        """What rows say that came since the last part.

        Args:
            record: The rows, in the order in which they came; a sample may be there twice.
            broken: Rows that are left out of them, for scores that are not finite.
        """
        if not self._epochs:
            return []
        part = self._measure(record, broken)
        self._parts.append(part)
        then, now = self._labels(record)
        return [
            trained_rules.changed_labels(then, now),
            trained_rules.broken(self._parts, self._before),
            trained_rules.jumping(self._parts, self._before),
            trained_rules.other_classes(self._parts, self._before),
            trained_rules.forgetting(self._parts, self._before),
        ]

    def whole(self, record: TrainingOutputs) -> list[Found | None]:
        """What an epoch says that is complete."""
        then, now = self._labels(record)
        found = [trained_rules.changed_labels(then, now)] if self._epochs else []
        order = np.argsort(record.ids, kind="stable")
        self._epochs.append(_Epoch(record.ids[order], record.labels[order], _right(record)[order]))
        if self._parts:
            self._before.append(self._parts)
        self._parts = []
        return found

    def _labels(self, record: TrainingOutputs) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Labels of rows in the epoch before, -1 where unknown, and now."""
        if not self._epochs:
            return record.labels, record.labels
        last = self._epochs[-1]
        place, known = _places(last.ids, record.ids)
        return np.where(known, last.labels[place], -1), record.labels

    def _measure(self, record: TrainingOutputs, broken: int) -> TrainedPart:
        n, known = len(record.ids), record.labels >= 0
        before = self._parts[-1] if self._parts else TrainedPart(0, np.zeros(0, np.int64))
        counts = np.bincount(record.labels[known], minlength=len(before.counts))
        counts[: len(before.counts)] += before.counts
        finite = record.cross_entropy[np.isfinite(record.cross_entropy)]
        return TrainedPart(
            before.rows + n + broken,
            counts,
            broken / max(n + broken, 1),
            float(finite.mean(dtype=np.float64)) if len(finite) else None,
            self._forgotten(record),
        )

    def _forgotten(self, record: TrainingOutputs) -> float | None:
        """Among the rows whose label is that of both epochs before."""
        if len(self._epochs) < 2:
            return None
        judged = record.labels >= 0
        twice = np.ones(len(record.ids), np.bool_)
        for epoch in self._epochs:
            place, known = _places(epoch.ids, record.ids)
            judged &= known & (epoch.labels[place] == record.labels)
            twice &= epoch.right[place]
        if not judged.any() or 2 * judged.sum() < len(judged):
            return None
        return float((twice & ~_right(record))[judged].mean())


def _right(record: TrainingOutputs) -> npt.NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.exp(-record.cross_entropy) >= record.other_probability


def _places(ids: Ids, wanted: Ids) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """Where wanted ids are among rising ones, and which of them are there."""
    place: Any = np.minimum(np.searchsorted(ids, wanted), max(len(ids) - 1, 0))
    known: Any = ids[place] == wanted if len(ids) else np.zeros(len(wanted), np.bool_)
    return place, np.asarray(known, np.bool_)
