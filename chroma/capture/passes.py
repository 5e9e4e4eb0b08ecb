"""One pass over a split: batches in, records out. Knows no framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.capture.buffers import Buffer, MakeBuffer, host_buffer, in_probe_order
from chroma.capture.identity import identify
from chroma.capture.late_samples import LateSamples
from chroma.capture.layers import Chosen
from chroma.capture.pass_labels import PassLabels, ReadLabels
from chroma.capture.probe import Slots
from chroma.capture.sample_record import describe, samples_of
from chroma.capture.splits import GivenIds, Placed, Split
from chroma.errors import ConfigError
from chroma.ids import known
from chroma.records import KEYED, Array, Head, Ids, LayerNote, Record, Snapshot
from chroma.run.arrays import quantities
from chroma.run.outputs import head_kind, of_both, outputs_of
from chroma.run.recording import Recording

_NOTHING = Placed(0, np.empty(0, np.intp), lambda: np.empty(0, np.intp))


class SplitPass:
    """One pass over a split: `batch`, then `add` and `add_scores` for it, batch after batch, then `end`.

    Nothing is recorded before `record`, which `end` calls: a pass that breaks off leaves no trace.
    """

    def __init__(
        self,
        recording: Recording,
        split: Split,
        epoch: int | None,
        step: int,
        make_buffer: MakeBuffer = host_buffer,
    ) -> None:
        self._recording = recording
        self._make_buffer = make_buffer
        self._split = split
        self._epoch = epoch
        self._step = step
        self._first = not split.said
        self._labels = PassLabels(split)
        self._late = LateSamples(split, first=self._first)
        self._here = self._new = _NOTHING  # of the batch that runs; what is described of it
        self._ids: Ids | None = None  # its ids, while samples are chosen
        self._size = 0
        self._seen = 0
        self._layers: dict[str, tuple[Chosen, Buffer]] = {}
        self._scores: Buffer | None = None
        self._head: Head | None = None

    @property
    def first(self) -> bool:
        """Whether this pass tells what is known of the samples, and chooses those to follow."""
        return self._first

    @property
    def describes(self) -> bool:
        """Whether it is to be said what is known of samples in the batch that runs."""
        return self._first or (self._late.awaited and self._new.n > 0)

    @property
    def following(self) -> tuple[int, int]:
        """How many samples the pass will follow, of how many in the split; 0 if unknown."""
        return self._split.probe.expected(self._split.of), self._split.of

    def batch(self, ids: GivenIds, size: int) -> bool:
        """Announce a batch.

        Where all samples of a split are followed, whose rows came is found out once the pass is over, in the
        writer's thread.

        Args:
            ids: `[B]` sample ids, or what finds them out, any time later; None if they cannot be known.
            size: Number of samples B.

        Returns:
            Whether any of its samples is followed.
        """
        split = self._split
        if self._first and split.identity != "order" and not split.identified:
            ids = identify(split, ids, size, self._recording.tally)
        if split.identity == "order":
            ids = np.arange(self._seen, self._seen + size, dtype=np.int64)
        self._seen += size
        self._size = size
        if not self._first and not self._late.awaited and len(split.probe) >= split.of:
            self._here = Placed(size, None, partial(self._slots, ids, size))
        else:
            ids = self._ids = ids() if callable(ids) else ids
            slots = self._slots(ids, size)
            rows = np.flatnonzero(slots >= 0)
            kept = slots[rows]
            if self._first and split.came is not None:
                split.came[kept] = True
            self._here = Placed(len(rows), None if len(rows) == size else rows, lambda: kept)
            self._new = self._late.among(self._here, rows)
        return self._here.n > 0

    def _slots(self, given: GivenIds, size: int) -> Slots:
        split = self._split
        ids = given() if callable(given) else given
        if ids is None or len(ids) != size:
            self._recording.tally.miss(f"rows of {split.name} without ids: ids= names them", size)
        elif (ids.dtype == object) != (split.identity in KEYED):
            self._recording.tally.miss(f"ids of {split.name} of another type than the first", size)
        else:
            good = known(ids)
            if good.all():
                return split.probe.place(ids)
            self._recording.tally.miss(f"rows of {split.name} whose id cannot be used", int((~good).sum()))
            slots = np.full(size, -1, np.intp)
            slots[good] = split.probe.place(ids[good])
            return slots
        return np.full(size, -1, np.intp)

    def add(self, layer: Chosen, values: Any) -> None:
        """Give `[B, d]` float values of a layer for the batch, as the session's buffers take them."""
        known = self._layers.get(layer.name)
        if known is None:
            known = self._layers[layer.name] = (layer, self._buffer(layer.name, values))
        self._put(known[1], layer.name, values)

    def add_scores(self, values: Any, head: Head | None = None) -> None:
        """Give `[B, C]` scores of the classifier head for the batch, likewise.

        Args:
            values: `[B, C]`; `[B, 1]` of the second of two classes.
            head: What they are; None to see it in their values.
        """
        self._head = head
        if self._scores is None:
            self._scores = self._buffer("", values)
        self._put(self._scores, "the classifier head", values)

    def add_samples(
        self,
        *,
        labels: Array | None,
        inputs: Array | None,
        metadata: Mapping[str, Any],
        texts: Callable[[Sequence[int]], Sequence[str]] | None = None,
    ) -> None:
        """Say what is known of the batch's samples; taken where the pass `describes` them.

        Args:
            labels: `[B]`, or None.
            inputs: `[B, …]`; kept as thumbnails where they look like images.
            metadata: Name to `[B]` values.
            texts: Gives the texts of rows of the batch; asked for those that are followed.
        """
        if self.describes:
            describe(
                self._recording,
                self._split,
                self._new,
                self._size,
                self._ids,
                labels=labels,
                inputs=inputs,
                metadata=metadata,
                texts=texts,
            )

    def add_labels(self, read: ReadLabels, at_hand: ReadLabels) -> None:
        """Take in the labels `[B]` of a batch of a pass after the first; see `PassLabels.add`."""
        if not self._first:
            self._labels.add(read, at_hand, self._here, self._size)

    def end(self, epoch: int | None = None, step: int | None = None) -> None:
        """The pass is complete: record what it gave. See `complete`."""
        self.complete(epoch, step)
        self.record()

    def complete(self, epoch: int | None = None, step: int | None = None) -> None:
        """No more batches come; `record` or `discard` follows, at any time.

        Args:
            epoch: When the pass ended, if that is not when it began: a pass of the training itself.
            step: Likewise.
        """
        self._epoch = self._epoch if epoch is None else epoch
        self._step = self._step if step is None else step
        for _, buffer in self._buffers():
            buffer.sent()
        self._split.passes += 1

    def explain(self, layers: Iterable[Chosen]) -> None:
        """Replace the reasons why layers were chosen: `record` stores them."""
        for layer in layers:
            if layer.name in self._layers:
                self._layers[layer.name] = (layer, self._layers[layer.name][1])

    def convert_labels(self, dtype: npt.DTypeLike) -> None:
        """Take the numbers that the first pass gave as labels for classes (int64) or quantities (float32)."""
        known = self._split.labels
        if self._first and known is not None and known.dtype.kind in "if":
            if np.dtype(dtype).kind == "i" and known.dtype.kind == "f":
                known = np.where(np.isnan(known), -1, known)  # there is room for more samples than came
            whole = np.dtype(dtype).kind == "i"
            self._split.labels = known.astype(dtype) if whole else quantities(known)

    def discard_scores(self) -> None:
        """Record none of the scores of the complete pass: what gave them is no classifier head."""
        if self._scores is not None:
            self._returned("", self._scores)()
            self._scores = None

    def discard(self) -> None:
        """Record nothing of the complete pass; its buffers are free again."""
        for name, buffer in self._buffers():
            self._returned(name, buffer)()

    def record(self) -> None:
        """Record what the complete pass gave."""
        split = self._split
        split.probe.fix()
        if not split.said:
            self._record_samples()
        if not self._labels.empty:
            tally = self._recording.tally
            self._recording.submit(partial(self._labels.changes, self._epoch, self._step, tally), 0)
        if len(late := self._late.slots()):
            self._recording.submit(lambda: [samples_of(split, late)], 0)
        for layer, buffer in self._layers.values():
            self._recording.submit_snapshot(
                layer.name,
                split.name,
                buffer.values.shape[1],
                buffer.values.nbytes,
                partial(self._snapshot, layer, buffer),
                after=self._returned(layer.name, buffer),
            )
        if self._scores is not None:
            self._record_outputs(self._scores)

    def _buffers(self) -> Iterator[tuple[str, Buffer]]:
        """The buffers of the layers, by name, and that of the scores."""
        for name, (_, buffer) in self._layers.items():
            yield name, buffer
        if self._scores is not None:
            yield "", self._scores

    def _snapshot(self, layer: Chosen, buffer: Buffer) -> tuple[Snapshot, Slots | slice]:
        """The snapshot of a whole buffer, and the rows of it that count."""
        rows, _, ids = in_probe_order(buffer, self._split.probe)
        return Snapshot(
            layer.name,
            self._split.name,
            self._epoch,
            self._step,
            ids,
            buffer.values,
            len(self._split.probe),
            note=LayerNote(layer.pooling, layer.reason, layer.default),
        ), rows

    def _record_samples(self) -> None:
        split = self._split
        split.said = True
        split.of = max(split.of, len(split.probe))
        self._recording.tally.split_of[split.name] = split.of
        self._recording.submit(lambda: [samples_of(split)], 0)

    def _record_outputs(self, buffer: Buffer) -> None:
        split = self._split
        returned = self._returned("", buffer)

        def outputs() -> Iterable[Record]:
            rows, slots, ids = in_probe_order(buffer, self._split.probe)
            scores, head = buffer.values[rows], self._head
            if scores.shape[1] == 1:
                scores, head = of_both(scores, head)
            labels = self._labels.now()
            yield outputs_of(
                scores,
                None if labels is None else labels[slots],
                split=split.name,
                epoch=self._epoch,
                step=self._step,
                ids=ids,
                head=head or head_kind(scores),
            )
            returned()

        self._recording.submit(outputs, buffer.values.nbytes)

    def _returned(self, name: str, buffer: Buffer) -> Callable[[], None]:
        return lambda: self._split.spare.__setitem__(name, buffer.values)

    def _buffer(self, name: str, values: Any) -> Buffer:
        expected = self._split.probe.expected(self._split.of)
        spare = self._split.spare.pop(name, None)
        if spare is None or spare.shape[1:] != values.shape[1:] or len(spare) < expected:
            spare = np.empty((expected, *values.shape[1:]), np.float32)
        return self._make_buffer(spare, values)

    def _put(self, buffer: Buffer, about: str, values: Any) -> None:
        if len(values) != self._size or values.shape[1:] != buffer.values.shape[1:]:
            raise ConfigError(
                f"{about} gave {list(values.shape)} for a batch of {self._size} samples, after "
                f"{buffer.values.shape[1]} values per sample before; name a layer of fixed width"
            )
        if self._here.n:
            buffer.put(self._here, values, len(self._split.probe))
