"""What a session remembers of a split from its first pass on. Knows no framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chroma.capture.probe import ProbeSet, Slots
from chroma.records import Array, Identity, Ids

GivenIds = Ids | Callable[[], Ids | None] | None  # `[B]`, or what finds them out; None if nothing does


class Dealt(NamedTuple):
    """What a sampler draws from.

    Attributes:
        ids: Of all samples, drawn by all processes together.
        redraws: Whether each pass brings some of them, others each time, also to a single process.
    """

    ids: Ids
    redraws: bool


def number_of(ids: GivenIds) -> int | None:
    """How many ids there are, without finding them out; None if that is not known."""
    if ids is None or callable(ids):
        return getattr(ids, "n", None)
    return len(ids)


class Placed:
    """Which rows of a batch are kept, and whose they are.

    Args:
        n: How many rows.
        rows: Which rows of the batch; None for all.
        slots: Finds the slots `[n]` of their samples, -1 for rows of no followed sample; called at most once.

    Attributes:
        n: How many rows.
        rows: Which rows of the batch; None for all.
    """

    __slots__ = ("_find", "_slots", "n", "rows")

    def __init__(self, n: int, rows: Slots | None, slots: Callable[[], Slots]) -> None:
        self.n = n
        self.rows = rows
        self._find = slots
        self._slots: Slots | None = None

    @property
    def slots(self) -> Slots:
        """`[n]`, the slots of the rows' samples; -1 for rows of no followed sample."""
        if self._slots is None:
            self._slots = self._find()
        return self._slots


@dataclass
class Split:
    """What is known of a split from its first pass on."""

    name: str
    probe: ProbeSet
    identity: Identity
    of: int
    class_names: Sequence[str]
    most: int | None = None  # samples to follow where they are chosen as they come; None for all
    identified: bool = False  # it is known whether samples have ids
    came: npt.NDArray[np.bool_] | None = None  # by slot; None where samples are chosen as they come
    described: npt.NDArray[np.bool_] | None = None  # by slot, where each pass brings other samples
    relabelled: bool = False  # a label changed
    labels: Array | None = None  # by slot
    metadata: dict[str, Array] = field(default_factory=dict[str, Array])  # by slot
    given: dict[str, Array] = field(default_factory=dict[str, Array])  # by slot, whether metadata came
    images: dict[int | str, bytes | None] = field(default_factory=dict[int | str, bytes | None])
    has_images: bool = False
    texts: dict[int | str, str | None] = field(default_factory=dict[int | str, str | None])
    passes: int = 0  # that are complete
    said: bool = False  # its samples are recorded
    spare: dict[str, Array] = field(default_factory=dict[str, Array])  # buffers free to be filled again

    @property
    def awaits_samples(self) -> bool:
        """Whether samples to follow have not come yet: those that went to other processes."""
        return self.came is not None and not self.came.all()
