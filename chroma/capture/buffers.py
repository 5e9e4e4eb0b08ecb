"""Where the vectors of one layer are gathered during a pass over a split: row after row, as they come.

Which sample a row belongs to is seen to when the pass is over, in the writer's thread: copying into one block
after another takes half the time of spreading rows over their samples' places.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from chroma.capture.probe import ProbeSet, Slots
from chroma.capture.splits import Placed
from chroma.errors import ConfigError
from chroma.records import Array, Ids


class Buffer(Protocol):
    """Gathers `[B, d]` values batch after batch.

    Attributes:
        values: `[rows, d]` float32 in the order they came, complete once `land` was called.
    """

    values: Array

    def put(self, placed: Placed, values: Any, slots: int) -> None:
        """Keep the followed rows of a batch; copied, or on their way, when it returns.

        Args:
            placed: Which rows.
            values: `[B, d]`.
            slots: How many samples are followed so far.
        """
        ...

    def sent(self) -> None:
        """The pass is complete; called on the training's thread."""
        ...

    def land(self) -> None:
        """Wait for what is on its way; called in the writer's thread."""
        ...

    def rows(self, slots: int) -> Slots:
        """`[slots]`, which row holds the vector of each slot, the last that came; -1 where there is none."""
        ...


MakeBuffer = Callable[[Array, Any], Buffer]  # of an array to fill and the first values


class HostBuffer:
    """Vectors that are on the host when they are given."""

    def __init__(self, values: Array) -> None:
        self.values = values
        self._end = 0  # rows that came
        self._came: list[Placed] = []

    def put(self, placed: Placed, values: Any, slots: int) -> None:
        """Copy the rows behind those that came before."""
        self._make_room(placed.n, slots)
        start, self._end = self._end, self._end + placed.n
        self.values[start : self._end] = values if placed.rows is None else values[placed.rows]
        self._came.append(placed)

    def sent(self) -> None:
        """Nothing is on its way."""

    def land(self) -> None:
        """Nothing is on its way."""

    def rows(self, slots: int) -> Slots:
        """See `Buffer.rows`."""
        held = np.full(slots, -1, np.intp)
        if self._came:
            of_rows = np.concatenate([placed.slots for placed in self._came])
            followed = np.flatnonzero(of_rows >= 0)
            held[of_rows[followed]] = followed
        return held

    def _make_room(self, n: int, slots: int) -> None:
        if self._end + n <= len(self.values):
            return
        if self._end >= 2 * slots:  # samples that come again and again: the last row of each counts
            held = self.rows(slots)
            filled = np.flatnonzero(held >= 0)
            self.values[: len(filled)] = self.values[held[filled]]
            self._end, self._came = len(filled), [Placed(len(filled), None, lambda: filled)]
        self.values = grown(self.values, self._end + n)


def host_buffer(values: Array, first: Any) -> Buffer:
    """The buffer for values that are NumPy arrays."""
    return HostBuffer(values)


def grown(array: Array, rows: int) -> Array:
    """The array, longer by half or more if it has too few rows; new ones are missing (-1, NaN, None)."""
    if rows <= len(array):
        return array
    longer = np.empty((max(rows, len(array) * 3 // 2), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    missing = {"f": np.nan, "i": -1, "O": None}.get(array.dtype.kind, False)
    longer[len(array) :] = missing
    return longer


def in_probe_order(buffer: Buffer, probe: ProbeSet) -> tuple[Slots | slice, Slots, Ids]:
    """The rows of a buffer that hold a vector, in probe order, their slots and their ids."""
    buffer.land()
    slots, ids = probe.order(), probe.ids()
    rows = buffer.rows(len(slots))[slots]
    if (rows < 0).any():
        held = rows >= 0
        rows, slots, ids = rows[held], slots[held], ids[held]
    if len(rows) and (np.diff(rows) == 1).all():  # a view instead of a copy
        return slice(int(rows[0]), int(rows[-1]) + 1), slots, ids
    return rows, slots, ids


def scattered(column: Array | None, values: Array, placed: Placed) -> Array:
    """Write a batch's labels or metadata `[B]` to the slots of its samples.

    Args:
        column: What came so far; None at first.
        values: `[B]`.
        placed: Which rows are followed.

    Returns:
        The column, longer where needed.

    Raises:
        ConfigError: The type of the values changed.
    """
    if column is None:
        column = np.empty(0, values.dtype)
    if column.dtype != values.dtype:
        raise ConfigError(f"labels or metadata changed from {column.dtype} to {values.dtype} within a pass")
    if placed.n:
        column = grown(column, int(placed.slots.max()) + 1)
        column[placed.slots] = values if placed.rows is None else values[placed.rows]
    return column
