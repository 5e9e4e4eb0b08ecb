"""The probe set: the fixed samples of a split that a run follows through time."""

from __future__ import annotations

import hashlib
import heapq

import numpy as np
import numpy.typing as npt

from chroma.records import Ids

Slots = npt.NDArray[np.intp]
_LARGEST_TABLE = 10_000_000  # indices; 80 MB


class ProbeSet:
    """Chooses at most `max_samples` samples in the first pass over a split, and keeps to them.

    The samples with the smallest hash of their id stay, so the choice depends on the ids alone: not on their
    order, and on no random state. Each has a slot, a row number in the buffers.

    Args:
        max_samples: Most samples to follow; None for all.
    """

    def __init__(self, max_samples: int | None) -> None:
        self._max = max_samples
        self._slots: dict[int | str, int] = {}
        self._largest: list[tuple[int, int | str]] = []  # heap of (-hash, id), while choosing
        self._fixed: Slots | None = None
        self._ids: Ids | None = None  # once fixed: thousands of ids are not gathered for each snapshot
        self._table: Slots | None = None  # by index + 1: its slot, -1 for others and at both ends

    @classmethod
    def among(cls, ids: Ids, max_samples: int | None) -> ProbeSet:
        """The samples that are followed of all these, chosen at once: the same in each process.

        Args:
            ids: `[n]` distinct indices.
            max_samples: Most samples to follow; None for all.
        """
        probe = cls(max_samples)
        chosen = ids if max_samples is None else ids[np.argsort(hashes(ids), kind="stable")[:max_samples]]
        probe._slots = {key: slot for slot, key in enumerate(chosen.tolist())}
        probe.fix()
        return probe

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def fixed(self) -> bool:
        """Whether the samples are chosen."""
        return self._fixed is not None

    def expected(self, of: int) -> int:
        """How many samples will be followed, of a split of `of` samples (0 if unknown)."""
        return len(self) if self.fixed else of if self._max is None else min(of, self._max)

    def place(self, ids: Ids) -> Slots:
        """The slots `[B]` of a batch's samples, -1 of those that are not followed.

        While samples are chosen, one may take the slot of another that came before: the last row counts.
        """
        if self._table is not None and ids.dtype != object:
            return self._table.take(ids + 1, mode="clip")
        if not self.fixed:
            self._choose(ids)
        return np.fromiter((self._slots.get(key, -1) for key in ids.tolist()), np.intp, len(ids))

    def fix(self) -> None:
        """End the choosing; from now on the samples stay the same."""
        if self._fixed is None:
            keys = list(self._slots)
            if keys and isinstance(keys[0], int):
                keys.sort()
            self._slots = {key: self._slots[key] for key in keys}
            self._fixed = np.fromiter(self._slots.values(), np.intp, len(keys))
            self._largest = []
            known = self._ids = self.ids()
            if known.dtype != object and len(known) and known[0] >= 0 and known[-1] < _LARGEST_TABLE:
                self._table = np.full(int(known[-1]) + 3, -1, np.intp)
                self._table[known.astype(np.int64) + 1] = self._fixed

    def order(self) -> Slots:
        """Slots in probe order: by index, or as user keys came first."""
        return self._fixed if self._fixed is not None else np.arange(len(self), dtype=np.intp)

    def ids(self) -> Ids:
        """Ids in probe order; not to be written to."""
        if self._ids is not None:
            return self._ids
        keys = list(self._slots)
        if keys and isinstance(keys[0], str):
            texts = np.empty(len(keys), dtype=object)
            texts[:] = keys
            return texts
        return np.array(keys, dtype=np.int64)

    def _choose(self, ids: Ids) -> None:
        """Take in a batch's samples as far as they belong to the smallest."""
        if self._max is None or (not self._largest and len(self._slots) + len(ids) <= self._max):
            for key in ids.tolist():
                self._slots.setdefault(key, len(self._slots))
            return
        if not self._largest:
            held = self.ids()
            self._largest = [
                (-number, key) for number, key in zip(hashes(held).tolist(), held.tolist(), strict=True)
            ]
            heapq.heapify(self._largest)
        numbers = hashes(ids)
        full = len(self._slots) >= self._max
        rows = np.flatnonzero(numbers <= -self._largest[0][0]) if full else np.arange(len(ids))
        for number, key in zip(numbers[rows].tolist(), ids[rows].tolist(), strict=True):
            if key in self._slots:
                continue
            if len(self._slots) < self._max:
                self._slots[key] = len(self._slots)
                heapq.heappush(self._largest, (-number, key))
            elif number < -self._largest[0][0]:
                _, evicted = heapq.heapreplace(self._largest, (-number, key))
                self._slots[key] = self._slots.pop(evicted)


def hashes(ids: Ids) -> npt.NDArray[np.uint64]:
    """A well-mixed 64-bit hash of each id, the same in every process."""
    if ids.dtype == object:
        texts = (hashlib.blake2b(key.encode(), digest_size=8).digest() for key in ids.tolist())
        return np.fromiter((int.from_bytes(text) for text in texts), np.uint64, len(ids))
    mixed = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)  # splitmix64, Steele et al. 2014
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
