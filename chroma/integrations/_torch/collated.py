"""What a `collate_fn` makes of the samples that a loader's sampler named: the same rows, or others.

Where a loader is tapped, its fetcher hands over the samples that the dataset gave, and the batch made of
them: nothing is read a second time. Workers that were forked write what they find into memory that they share
with the training's process.
"""

from __future__ import annotations

import itertools
import mmap
import zlib
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from torch import Tensor
from torch.utils.data import get_worker_info

from chroma.guard import Guard
from chroma.integrations._torch.batch_parts import rows_in
from chroma.integrations._torch.origins import origins_of

_IN_ORDER = ("torch.", "torch_geometric.", "transformers.")  # packages whose functions keep samples in order
_SLOTS = 32  # batches of a worker that are on their way
_MOST_ROWS = 2048
_SAME, _PERHAPS, _UNKNOWN = -1, -2, -3  # instead of a number of rows
_ALWAYS = 8  # of the first batches all are compared, of later ones the second, fourth, eighth …

Rows = tuple[int, ...]


class Collated:
    """Compares the batches of a loader with the samples they were made of.

    Args:
        workers: Processes that load.

    Attributes:
        same: Whether a batch proved to have its samples' rows in their order.
        unknown: Whether the rows of one were in another order, which could not be found out.
        moved: Whether rows were in another order, or some were missing, and whose they are is known.
    """

    def __init__(self, workers: int) -> None:
        slots = max(workers, 1) * _SLOTS
        shared = mmap.mmap(-1, slots * (16 + 2 * _MOST_ROWS))
        self._keys = np.frombuffer(shared, np.uint64, slots)
        self._found = np.frombuffer(shared, np.int32, slots, slots * 8)
        self._sums = np.frombuffer(shared, np.uint32, slots, slots * 12)
        self._rows = np.frombuffer(shared, np.int16, slots * _MOST_ROWS, slots * 16).reshape(slots, -1)
        self._count = 0  # batches in this process
        self._written = 0
        self._moves = self._reordered = False  # as this process found it, and as the training's read it
        self._perhaps = 0
        self.same = self.unknown = self.moved = False

    def compare(self, indices: Any, samples: Sequence[Any], batch: Any) -> None:
        """Find out which sample each row of a batch is; called where the batch is made."""
        self._count += 1
        due = self._count <= _ALWAYS or self._count & (self._count - 1) == 0
        if not (due or self._moves or rows_in(batch, len(samples)) != len(samples)):
            return
        origins = origins_of(samples, batch)
        if origins is None:
            return
        slot = self._written % _SLOTS
        worker = get_worker_info()
        slot += 0 if worker is None else worker.id * _SLOTS
        self._written += 1
        self._keys[slot] = 0
        rows = origins.rows
        if rows is None or len(rows) > _MOST_ROWS or len(samples) > _MOST_ROWS:
            self._found[slot] = _UNKNOWN
        elif rows == tuple(range(len(samples))):
            self._found[slot] = _SAME if origins.sure else _PERHAPS
        else:
            self._moves = self._moves or not _rises(rows)
            self._found[slot] = len(rows)
            self._rows[slot, : len(rows)] = rows
        key = _key(indices)
        self._sums[slot] = self._sum(slot, key)
        self._keys[slot] = key

    def rows(self, indices: Sequence[Any]) -> Rows | None:
        """Which of a batch's samples its rows are, as far as is known; None if that cannot be known."""
        everyone, key = tuple(range(len(indices))), _key(indices)
        slots = np.flatnonzero(self._keys == key)
        if not len(slots):
            return None if self._reordered else everyone
        slot = int(slots[0])
        found, known = int(self._found[slot]), self._rows[slot].tolist()
        if self._sums[slot] != self._sum(slot, key):  # workers of two passes wrote at once
            return None
        self._keys[slot] = 0
        self._perhaps += found == _PERHAPS
        self.same = self.same or found == _SAME or self._perhaps > 1
        self.unknown = self.unknown or found == _UNKNOWN
        if found < 0:
            return None if found == _UNKNOWN else everyone
        rows = tuple(known[:found])
        self.moved, self._reordered = True, self._reordered or not _rises(rows)
        return rows

    def _sum(self, slot: int, key: np.uint64) -> int:
        return zlib.crc32(self._rows[slot].tobytes(), int(self._found[slot]) + int(key) & 0xFFFFFFFF)

    def doubt(self, split: str, identity: str) -> str | None:
        """What must be said of a split's ids after a pass; None if they are certain, or were not used."""
        if self.unknown:
            return (
                f"which samples some rows of {split} are is not known: the loader's collate_fn orders them "
                "anew; ids= names a key in the batch, or a function of it"
            )
        if self.same or self.moved or identity == "order":
            return None
        return (
            f"ids of {split} are those of the loader's sampler: whether its collate_fn keeps their order "
            "could not be checked; ids= makes sure"
        )


def collated_of(loader: Any) -> Collated | None:
    """What compares a loader's batches; None where the order of its samples is certain to be kept."""
    collate = loader.collate_fn
    while hasattr(collate, "data_collator"):  # as of Hugging Face's Trainer, around that of the user
        collate = collate.data_collator
    own = getattr(collate, "__module__", None) or type(collate).__module__
    if loader.batch_sampler is None or own.startswith(_IN_ORDER):
        return None
    return Collated(loader.num_workers)


def as_indices(batch: Any) -> Any:
    """A sampler's batch as a tuple of indices; as it is if it is none."""
    if isinstance(batch, (Tensor, np.ndarray)) and batch.ndim == 1:
        return tuple(cast("list[Any]", batch.tolist()))
    return tuple(cast("Sequence[Any]", batch)) if isinstance(batch, (list, tuple, range)) else batch


def fetch_and_compare(
    fetch: Callable[[Any, Any], Any], fetcher: Any, indices: Any, collated: Collated, guard: Guard
) -> Any:
    """Fetch a batch as a loader's fetcher does, and compare it with the samples that it was made of."""
    collate, held = fetcher.collate_fn, list[Any]()

    def keep(samples: Any) -> Any:
        if isinstance(samples, list):
            held.extend(cast("list[Any]", samples))  # the function may sort its list in place
        return collate(samples)

    fetcher.collate_fn = keep
    try:
        batch = fetch(fetcher, indices)
    finally:
        fetcher.collate_fn = collate
    if held:
        with guard.fail_safe("comparing a batch with its samples"):
            collated.compare(indices, held, batch)
    return batch


def _rises(rows: Rows) -> bool:
    """Whether rows keep the order of their samples: whether some are left out shows in their number."""
    return all(one < other for one, other in itertools.pairwise(rows))


def _key(indices: Any) -> np.uint64:
    """What stands for a batch's indices, alike in every process; never 0."""
    return np.uint64(zlib.crc32(repr(as_indices(indices)).encode()) + 1)
