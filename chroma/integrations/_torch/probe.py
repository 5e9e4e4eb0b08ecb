"""A probe set of a loader: samples that are fetched once, to be evaluated after each epoch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from chroma.capture.probe import hashes
from chroma.capture.splits import Dealt, GivenIds
from chroma.errors import ConfigError
from chroma.integrations._sources.reading import obstacle_of, read_apart
from chroma.integrations._torch.batch_parts import rows_in
from chroma.integrations._torch.no_trace import random_states_kept, seed_generators
from chroma.integrations._torch.sample_ids import IndexTap, Pass, class_names_of, tap, untap
from chroma.records import Identity, Ids
from chroma.run.tally import Tally

Indices = npt.NDArray[np.int64]
_WORKERS = 2  # at most, to fetch with


class FetchError(ConfigError):
    """Samples of a split cannot be fetched one by one; `why` is that as half a sentence."""

    def __init__(self, split: str) -> None:
        self.why = f"samples of {split} cannot be fetched again, as the loader has no dataset with indices"
        super().__init__(f"{self.why}; splits={{'{split}': 'ride'}} takes them from the loop's own batches")


class Probe:
    """A source of at most so many samples of a loader's dataset, those with the smallest hash of their id.

    Their batches are kept in memory: an augmentation draws once, so that what does not change does not move.

    Args:
        loader: A DataLoader over a dataset with indices.
        split: Name of the split, for messages.
        most: Most samples to follow over all ranks; None for all.
        share: Rank and number of ranks.
        most_bytes: Most bytes of tensors to keep.
        tally: Where it is noted how many are kept.

    Raises:
        FetchError: The dataset has no indices.
        UnreadableError: Its state cannot be put back.
    """

    def __init__(
        self,
        loader: Any,
        split: str,
        most: int | None,
        share: tuple[int, int],
        most_bytes: int,
        tally: Tally,
    ) -> None:
        if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
            raise FetchError(split)
        self.identity: Identity = "index"
        self.class_names = class_names_of(loader)
        self.holders: Sequence[Any] = ()
        self.dealt: Callable[[], Dealt | None] | None = None  # each process keeps its own samples
        base = IndexTap(loader.dataset).base
        with random_states_kept(loader, apart=_read_by_workers(loader)):
            indices = _drawn_from(loader)
        self.of = len(indices)
        ids = indices if base is None else base[indices]
        order = np.argsort(hashes(ids), kind="stable")[:most]
        order = order[share[0] :: share[1]]
        size = loader.batch_size or 64
        chunks = [order[start : start + size] for start in range(0, len(order), size)]

        def take(chunks: list[Indices]) -> tuple[list[tuple[Ids | None, Any]], int]:
            seed_generators()
            taken: list[tuple[Ids | None, Any]] = []
            used = 0
            for ids, batch in _fetch(loader, [indices[each].tolist() for each in chunks], base):
                used += _bytes_in(batch)
                if used > most_bytes and taken:
                    break
                taken.append((ids, batch))
            return taken, used

        if loader.num_workers:  # which read copies of the dataset
            with random_states_kept(loader, apart=_read_by_workers(loader)):
                self._batches, used = take(chunks)
        else:
            self._batches, used = read_apart(lambda: take(chunks), lambda: take(chunks[:1])[0], loader)
        kept = sum(rows_in(batch) or 0 if ids is None else len(ids) for ids, batch in self._batches)
        if used > most_bytes and kept < len(order):
            tally.note(
                f"{split} probe",
                f"{kept:,} of the {len(order):,} samples of {split} to follow are kept: more would "
                f"take over {most_bytes / 1e6:,.0f} MB of memory (CHROMA_PROBE_BYTES)",
            )
        tally.note(
            f"{split} separately",
            f"{split} is evaluated separately: {kept:,} of {self.of:,} samples, {used / 1e6:,.1f} MB, "
            "fetched once",
        )

    def batches(self) -> Iterator[tuple[GivenIds, Any]]:
        """Ids and batch, the same ones each time."""
        yield from self._batches


def why_unreadable(loader: Any) -> str | None:
    """Why samples of a loader are not fetched apart from the training; None if they can be."""
    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
        return None
    return obstacle_of(loader, apart=_read_by_workers(loader))


def _read_by_workers(loader: DataLoader[Any]) -> Sequence[Any]:
    """What worker processes have copies of, so that reading changes nothing in this process."""
    if not loader.num_workers:
        return ()
    return loader.dataset, loader.collate_fn, loader.worker_init_fn


def _drawn_from(loader: DataLoader[Any]) -> Indices:
    """The indices a loader draws from: all, or those its sampler gives."""
    every = np.arange(len(cast("Sequence[Any]", loader.dataset)), dtype=np.int64)
    batches: Any = loader.batch_sampler
    while hasattr(batches, "batch_sampler"):  # accelerate's, which gives each rank its share
        batches = batches.batch_sampler
    sampler: Any = batches.sampler if type(batches) is BatchSampler else batches or loader.sampler
    if isinstance(sampler, SubsetRandomSampler):
        return np.unique(np.asarray(list(sampler.indices), np.int64))
    if isinstance(sampler, WeightedRandomSampler):
        return np.flatnonzero(sampler.weights.numpy() > 0).astype(np.int64)
    if isinstance(sampler, (SequentialSampler, RandomSampler, DistributedSampler)):
        return every
    # another sampler: of a copy, as a pass may change what it keeps; the dataset is not copied
    known = {
        id(value): value for value in getattr(sampler, "__dict__", {}).values() if value is loader.dataset
    }
    drawn = list(copy.deepcopy(sampler, known))
    flat = [index for batch in drawn for index in (batch if isinstance(batch, (list, tuple)) else [batch])]
    return np.unique(np.asarray(flat, np.int64)) if flat else every


def _fetch(
    loader: DataLoader[Any], chunks: list[list[Any]], base: Indices | None
) -> Iterator[tuple[Ids | None, Any]]:
    """Ids and batch of these indices, made as the loader makes its own."""
    workers = min(loader.num_workers, _WORKERS)
    ours: DataLoader[Any] = DataLoader(
        loader.dataset,
        batch_sampler=chunks,
        num_workers=workers,
        collate_fn=loader.collate_fn,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context if workers else None,
    )
    recorded = tap(ours)
    try:
        for number, batch in enumerate(ours):
            yield recorded.ids(cast("Pass", recorded.latest), number)(), batch
    finally:
        untap(ours)


def _bytes_in(batch: Any) -> int:
    if isinstance(batch, Tensor):
        return batch.nbytes
    if isinstance(batch, Mapping):
        return sum(_bytes_in(part) for part in cast("Mapping[Any, Any]", batch).values())
    if isinstance(batch, (list, tuple)):
        return sum(_bytes_in(part) for part in cast("Sequence[Any]", batch))
    return 64
