"""Where the vectors of one layer are gathered during a pass over a split, each in its sample's slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from chroma.capture.probe import Slots
from chroma.records import Array


class Buffer(Protocol):
    """Gathers `[B, d]` values batch after batch.

    Attributes:
        values: `[rows, d]` float32 by slot, complete once `land` was called.
        filled: `[rows]`, which slots hold a vector.
    """

    values: Array
    filled: Array

    def grow(self, rows: int) -> None:
        """Have room for so many rows."""
        ...

    def put(self, rows: Slots, slots: Slots | slice, values: Any) -> None:
        """Keep rows of a batch in slots there is room for; copied, or on their way, when it returns.

        Args:
            rows: Row numbers, ascending.
            slots: Where they go.
            values: `[B, d]`.
        """
        ...

    def sent(self) -> None:
        """The pass is complete; called on the training's thread."""
        ...

    def land(self) -> None:
        """Wait for what is on its way; called in the writer's thread."""
        ...


MakeBuffer = Callable[[Array, Any], Buffer]  # of an array to fill and the first values


class HostBuffer:
    """Vectors that are on the host when they are given."""

    def __init__(self, values: Array) -> None:
        self.values = values
        self.filled: Array = np.zeros(len(values), bool)

    def grow(self, rows: int) -> None:
        """Have room for so many rows."""
        if rows > len(self.values):
            self.values = grown(self.values, rows)
            self.filled = grown(self.filled, rows)

    def put(self, rows: Slots, slots: Slots | slice, values: Array) -> None:
        """Copy rows into their slots."""
        self.values[slots] = values if len(rows) == len(values) else values[rows]
        self.filled[slots] = True

    def sent(self) -> None:
        """Nothing is on its way."""

    def land(self) -> None:
        """Nothing is on its way."""


def host_buffer(values: Array, first: Any) -> Buffer:
    """The buffer for values that are NumPy arrays."""
    return HostBuffer(values)


def consecutive(numbers: Slots) -> bool:
    """Whether each number is one more than the one before; there is at least one."""
    if numbers[-1] - numbers[0] != len(numbers) - 1:  # most others are seen at once
        return False
    return bool((numbers[1:] - numbers[:-1] == 1).all())


def grown(array: Array, rows: int) -> Array:
    """The array, longer by half or more if it has too few rows; new ones are missing (-1, NaN, None)."""
    if rows <= len(array):
        return array
    longer = np.empty((max(rows, len(array) * 3 // 2), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    missing = {"f": np.nan, "i": -1, "O": None}.get(array.dtype.kind, False)
    longer[len(array) :] = missing
    return longer
