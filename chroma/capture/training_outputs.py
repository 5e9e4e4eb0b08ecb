"""The outputs of a training's own batches, gathered epoch after epoch. Knows no framework.

The training's thread keeps a batch's scores; all else is done in the writer's thread, in chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.capture.heads import SeenLabels
from chroma.capture.schedule import Moment
from chroma.capture.splits import GivenIds
from chroma.ids import known
from chroma.records import Array, Head, Ids, Record, TrainingOutputs
from chroma.run.outputs import head_kind, label_and_other, of_both
from chroma.run.printing import size_text
from chroma.run.recording import Recording

_CHUNK = 8 * 2**20  # bytes of scores that wait before the writer's thread is given them
_BYTES = 16  # of a row, without its id
_PARTS, _LEAST_ROWS = 10, 100  # of an epoch, and rows of each, at which alarms look while it runs

Resolved = tuple[Array, Array | None]  # scores `[B, C]` and labels `[B]`, None where they are unknown


@dataclass(frozen=True, slots=True)
class TrainedBatch:
    """What the model said of a batch that it trained on.

    Attributes:
        ids: `[B]`, or what finds them out.
        read: Gives its scores and labels, None if the scores prove to be others'; called in the writer's
            thread.
        rows: Samples in it.
        bytes: Memory it holds.
    """

    ids: GivenIds
    read: Callable[[], Resolved | None]
    rows: int
    bytes: int


@dataclass(slots=True)
class Gathered:
    """What the epochs of a training gave so far; the writer's thread alone writes to it.

    Attributes:
        split: Name of the split.
        of: How many samples it holds; 0 if unknown.
        decide: Says, of all labels of the first epoch, why its scores are not kept: half a sentence, empty to
            say nothing; None if they are.
        labels: What the labels say of the classes.
        refused: Why nothing is kept; None if it is, or is not known yet.
        epochs: How many epochs are kept.
        head: What the scores are; None before the first came.
        batches: How many the last epoch had; 0 before two are kept.
        ends: Epoch and step at the end of the last two epochs.
    """

    split: str
    of: int
    decide: Callable[[SeenLabels], str | None]
    labels: SeenLabels = field(default_factory=SeenLabels)
    refused: str | None = None
    epochs: int = 0
    head: Head | None = None
    batches: int = 0
    ends: tuple[Moment, ...] = ()

    def moment(self, batches: int) -> Moment:
        """About where the running epoch is after so many batches, if it is as long as the last one."""
        (_, before), (epoch, step) = self.ends
        done = min(batches / max(self.batches, 1), 1.0)
        return None if epoch is None else epoch + 1, step + max(round(done * (step - before)), 0)


class TrainingEpoch:
    """Gathers one epoch: `add` batch after batch, then `end`, or nothing if it breaks off.

    Args:
        recording: Where records go.
        gathered: What all epochs share.

    Attributes:
        batches: How many batches were added.
    """

    def __init__(self, recording: Recording, gathered: Gathered) -> None:
        self.batches = 0
        self._recording = recording
        self._gathered = gathered
        self._waiting: list[TrainedBatch] = []
        self._bytes = 0
        self._rows: list[tuple[Ids, Array, Array, Array, Array]] = []  # of the writer's thread
        self._lost = 0  # rows whose sample is not known, or whose scores are not finite, likewise
        self._taken_in = self._looked_at = 0  # batches, and entries of `_rows`, likewise
        self._broken = 0  # rows whose scores are not finite since alarms looked, likewise

    def add(self, batch: TrainedBatch) -> None:
        """A batch was trained on."""
        self.batches += 1
        self._waiting.append(batch)
        self._bytes += batch.bytes
        part = self._gathered.batches / _PARTS
        if self._bytes >= _CHUNK or (part and len(self._waiting) >= part):
            self._hand_over()

    def end(self, epoch: int | None, step: int) -> None:
        """The epoch is complete: record what it gave."""
        self._hand_over()
        batches = self.batches
        self._recording.submit(lambda: self._records(epoch, step, batches), 0)

    def _hand_over(self) -> None:
        """Let the writer's thread take in what waits."""
        waiting, self._waiting = self._waiting, []
        size, self._bytes = self._bytes, 0

        def take_in() -> Iterable[Record]:
            while waiting:  # each batch is freed once it is read
                self._take_in(waiting.pop(0))
            return self._alarms()

        if waiting:
            self._recording.submit(take_in, size)

    def _alarms(self) -> Iterable[Record]:
        """Of the rows that came since it was looked for them last."""
        rows = self._rows[self._looked_at :]
        n = sum(len(ids) for ids, *_ in rows)
        if not self._gathered.batches or not rows or n + self._broken < _LEAST_ROWS:
            return []
        broken, self._broken, self._looked_at = self._broken, 0, len(self._rows)
        columns: Any = (np.concatenate(part) for part in zip(*rows, strict=True))
        ids, labels, cross_entropy, other, probability = columns
        gathered = self._gathered
        epoch, step = gathered.moment(self._taken_in)
        part = TrainingOutputs(
            gathered.split, epoch, step, ids, labels, cross_entropy, other, probability, gathered.of
        )
        return self._recording.events.alarms_in_part(part, broken)

    def _take_in(self, batch: TrainedBatch) -> None:
        gathered = self._gathered
        self._taken_in += 1
        if gathered.refused is not None:
            return
        ids = batch.ids() if callable(batch.ids) else batch.ids
        resolved = batch.read()
        if resolved is None:
            self._lost += batch.rows
            return
        scores, labels = resolved
        if gathered.epochs == 0:
            gathered.labels.add(labels, gathered.labels.several)
        if ids is None or len(ids) != len(scores):
            self._lost += len(scores)
            return
        if scores.ndim == 1 or scores.shape[1] == 1:
            scores, gathered.head = of_both(scores.reshape(-1, 1), gathered.head)
        head = gathered.head = gathered.head or head_kind(scores)
        found = label_and_other(scores, _classes(labels, len(scores)), head)
        finite = np.isfinite(found[3])
        good = known(ids) & finite
        self._broken += int((~finite).sum())
        self._lost += int((~good).sum())
        kept = (ids, *found) if good.all() else (ids[good], *(column[good] for column in found))
        self._rows.append(kept)  # pyright: ignore[reportArgumentType]

    def _records(self, epoch: int | None, step: int, batches: int) -> Iterable[Record]:
        gathered, tally = self._gathered, self._recording.tally
        rows, self._rows = self._rows, []
        if gathered.refused is None and not rows and self._lost:
            tally.note(
                f"{gathered.split} outputs",
                f"no outputs of {gathered.split}'s own batches are kept: the rows that its head gave are not "
                "known to be those of the loader's batches",
            )
        if gathered.epochs == 0 and gathered.refused is None and rows:
            gathered.refused = gathered.decide(gathered.labels)
            if gathered.refused:
                tally.note(
                    f"{gathered.split} outputs",
                    f"no outputs of {gathered.split}'s own batches are kept: {gathered.refused}",
                )
        if gathered.refused is not None or not rows:
            return
        ids: Any
        ids, labels, cross_entropy, other, probability = (
            np.concatenate(part) for part in zip(*rows, strict=True)
        )
        _, last = np.unique(ids[::-1], return_index=True)  # of samples that came twice the last row counts
        order = len(ids) - 1 - last
        gathered.epochs += 1
        gathered.ends = (*gathered.ends[-1:], (epoch, step))
        gathered.batches = batches if len(gathered.ends) == 2 else 0
        yield TrainingOutputs(
            gathered.split, epoch, step, ids[order], labels[order], cross_entropy[order], other[order],
            probability[order], gathered.of,
        )  # fmt: skip
        of = f"{len(order):,} of {gathered.of:,}" if gathered.of else f"{len(order):,}"
        size = len(order) * (_BYTES + 8)
        epochs = "epoch" if gathered.epochs == 1 else "epochs"
        lost = f"; without {self._lost:,} rows, of no known sample or not finite" if self._lost else ""
        tally.note(
            f"{gathered.split} outputs",
            f"outputs of {gathered.split}'s own batches: {gathered.epochs:,} {epochs}, {of} samples, "
            f"{size_text(size)} each{lost}",
        )


def _classes(labels: Array | None, rows: int) -> npt.NDArray[np.int64]:
    """Labels as class indices `[B]`; -1 where they are unknown or none."""
    if labels is None or len(labels) != rows or labels.dtype.kind not in "iubf":
        return np.full(rows, -1, np.int64)
    whole = labels.astype(np.int64)
    return whole if labels.dtype.kind != "f" else np.where(whole == labels, whole, -1)
