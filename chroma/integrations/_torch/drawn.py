"""Which samples a pass over a loader brings, and how many, as far as its sampler tells before it is read."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    WeightedRandomSampler,
)

from chroma.capture.splits import Dealt
from chroma.integrations._torch.sample_ids import IndexTap, samples_in


def expected_of(followed: int, loader: Any, batches: float | None = None) -> tuple[int, bool]:
    """How many of the samples that are followed a pass brings; whether it may be fewer, see `drawn_by`."""
    drawn = drawn_by(loader, batches)
    return (followed, False) if drawn is None else (min(followed, drawn[0]), not drawn[1])


def drawn_by(loader: Any, batches: float | None = None) -> tuple[int, bool] | None:
    """The most samples that a pass over a loader brings, and whether it is sure to bring as many.

    Args:
        loader: A DataLoader over a dataset with indices; of all else nothing is known, which gives None.
        batches: How many batches are read at most; None for all.
    """
    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
        return None
    of, batched = samples_in(loader), loader.batch_sampler
    if batched is None:
        return None
    if type(batched) is not BatchSampler:  # its batches may be of any size
        return (of, False) if of else None
    try:
        drawn = len(batched.sampler)  # pyright: ignore[reportArgumentType]  # as its own __len__ does
    except (TypeError, NotImplementedError):
        return (of, False) if of else None
    if batched.drop_last:
        drawn -= drawn % batched.batch_size
    if batches is not None:
        drawn = int(min(drawn, batches * batched.batch_size))
    most = min(drawn, of)
    whole = most == of and not getattr(batched.sampler, "replacement", False)
    known = isinstance(batched.sampler, SequentialSampler) or (
        whole and isinstance(batched.sampler, RandomSampler)
    )
    return most, known


def dealt_by(loader: Any) -> Dealt | None:
    """What a loader's sampler draws from at random, or for all processes; None if that is not known."""
    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
        return None
    batches: Any = loader.batch_sampler
    while hasattr(batches, "batch_sampler"):  # accelerate's, which gives each process its share
        batches = batches.batch_sampler
    sampler, of = getattr(batches, "sampler", None), samples_in(loader)
    indices, redraws = np.arange(of, dtype=np.int64), False
    if isinstance(sampler, DistributedSampler):
        whole = sampler.dataset is loader.dataset  # or stands for a sampler of the user's
    elif isinstance(sampler, RandomSampler):
        whole, redraws = True, sampler.replacement or sampler.num_samples < of
    elif isinstance(sampler, WeightedRandomSampler):
        whole, redraws = len(sampler.weights) <= of, True
        indices = np.flatnonzero(sampler.weights.numpy() > 0).astype(np.int64)
    else:
        whole = isinstance(sampler, SequentialSampler)
    if not (whole and of):
        return None
    base = IndexTap(loader.dataset).base
    return Dealt(indices if base is None else np.unique(base[indices]), redraws)
