"""The labels of the passes after the first: other ones than a sample had first are kept, and said."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chroma.capture.buffers import grown
from chroma.capture.splits import Placed, Split
from chroma.records import Array, Columns, Record
from chroma.run.log_methods import EPOCH_LABEL
from chroma.run.tally import Tally

ReadLabels = Callable[[], Array | None]  # reads the labels `[B]` of a batch


class PassLabels:
    """The labels of one pass.

    Labels that can be read at no cost are read in each pass. Others, of a device for which the training would
    have to wait, are read in the second, fourth, eighth … pass, and in all once one of them changed.

    Args:
        split: The split.
    """

    def __init__(self, split: Split) -> None:
        self._split = split
        number = split.passes + 1
        self._due = number & (number - 1) == 0
        self._given: list[tuple[Array, Placed]] = []
        self._now: Array | None = None  # by slot, once found out
        self._slots = np.empty(0, np.intp)  # of the samples that came
        self._changed = self._compared = 0

    def add(self, read: ReadLabels, at_hand: ReadLabels, placed: Placed, size: int) -> None:
        """Take in a batch of a pass after the first.

        Args:
            read: Reads its labels, `[B]`; called if they are wanted at any cost.
            at_hand: Gives them if that costs nothing, else None.
            placed: Which rows are followed.
            size: B.
        """
        split = self._split
        if split.labels is None:
            return
        labels = at_hand()
        if labels is None and (self._due or split.relabelled or split.awaits_samples):
            labels = read()
        if labels is not None and len(labels) == size:
            rows = placed.rows
            self._given.append((labels.copy() if rows is None else labels[rows], placed))

    @property
    def empty(self) -> bool:
        """Whether no labels came."""
        return not self._given

    def now(self) -> Array | None:
        """`[slots]`, the label of each sample in this pass, else its first one; in the writer's thread."""
        split = self._split
        if self._now is None and split.labels is not None:
            self._now = split.labels = grown(split.labels, len(split.probe))
            if self._given:
                self._compare()
        return self._now

    def changes(self, epoch: int | None, step: int, tally: Tally) -> list[Record]:
        """The labels of the pass as a column, if they differ from the first ones; in the writer's thread."""
        now, split = self.now(), self._split
        if now is None or not self._changed:
            return []
        changed = f"{self._changed:,} of {self._compared:,} samples of {split.name} have another label"
        when = f"at step {step:,}" if epoch is None else f"in epoch {epoch}"
        if split.identity == "order":
            tally.note(
                f"{split.name} labels",
                f"{changed} {when} than at first: they are numbered by order, and come in another order each "
                "time; ids= names each sample",
            )
            return []
        split.relabelled = True
        tally.note(
            f"{split.name} labels",
            f"{changed} {when} than at first: each keeps its first one, and those of later epochs are the "
            f"column {EPOCH_LABEL}; if no label should change, rows are not those of their ids, and ids= "
            "names each sample",
        )
        order = split.probe.order()
        here = np.isin(order, self._slots)
        return [Columns(split.name, epoch, step, split.probe.ids()[here], {EPOCH_LABEL: now[order[here]]})]

    def _compare(self) -> None:
        split, first = self._split, self._now
        assert first is not None
        parts = [labels for labels, _ in self._given]
        if len({part.dtype.kind == "O" for part in (first, *parts)}) > 1:
            return  # of another type, which cannot be compared
        slots = np.concatenate([placed.slots for _, placed in self._given])
        labels = np.concatenate(parts)[slots >= 0]
        slots = slots[slots >= 0]
        if split.came is not None:
            new = ~split.came[slots]
            first[slots[new]] = labels[new]
            split.came[slots] = True
        now = first.copy()
        now[slots] = labels
        differs = now != first
        if now.dtype.kind == "f":
            differs &= ~(np.isnan(now) & np.isnan(first))
        self._now, self._changed = now, int(np.count_nonzero(differs))
        self._slots = np.unique(slots)
        self._compared = len(self._slots)
