"""Samples that come for the first time in a pass after the first, where each pass brings others."""

from __future__ import annotations

import numpy as np

from chroma.capture.probe import Slots
from chroma.capture.splits import Placed, Split


class LateSamples:
    """Finds, batch by batch of one pass, the samples of which nothing was said yet.

    Args:
        split: The split.
        first: Whether this is its first pass, in which no sample is late.

    Attributes:
        awaited: Whether some may come.
    """

    def __init__(self, split: Split, *, first: bool) -> None:
        self._split = split
        self.awaited = not first and split.described is not None and not split.described.all()
        self._came: list[Slots] = []

    def among(self, placed: Placed, rows: Slots) -> Placed:
        """The rows of a batch of which something is to be said.

        Args:
            placed: Those that are followed.
            rows: Which rows of the batch these are.
        """
        described = self._split.described
        if described is None:
            return placed
        slots, new = placed.slots, ~described[placed.slots]
        described[slots] = True
        if not self.awaited:
            return placed
        late = slots[new]
        self._came.append(late)
        return Placed(len(late), rows[new], lambda: late)

    def slots(self) -> Slots:
        """Of all that came."""
        return np.unique(np.concatenate(self._came)) if self._came else np.empty(0, np.intp)
