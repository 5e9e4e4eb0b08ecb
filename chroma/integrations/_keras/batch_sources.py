"""Reads the samples to follow from sources of batches: a PyDataset, a `tf.data.Dataset`, a DataLoader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from itertools import islice
from typing import Any

import numpy as np

from chroma.errors import ConfigError
from chroma.integrations._keras.samples import (
    Order,
    ProbeSamples,
    arrays_of,
    chosen,
    joined,
    rows_of,
    weights_as_metadata,
)
from chroma.integrations._sources.generators import is_a
from chroma.integrations._sources.pipelines import order_changes
from chroma.integrations._sources.reading import UnreadableError, read_apart
from chroma.records import Identity

keras: Any = import_module("keras")  # its types are not complete

REMEDY = "give ChromaCallback(data=(x, y)) samples to follow"
Reader = Callable[[Any, int | None, int | None], ProbeSamples]  # of source, most samples, batches


def reader_of(source: Any) -> Reader | None:
    """What reads this source of batches; None if it is none that can be read more than once.

    The reader takes the source, the most samples to take (None for all) and the number of batches to read
    (None for all). It raises `ConfigError` where reading would disturb the training.
    """
    if isinstance(source, keras.utils.PyDataset):
        return _from_py_dataset
    if is_a(source, "tensorflow", "DatasetV2"):
        return _from_tf_data
    if is_a(source, "torch.utils.data", "DataLoader"):
        return _from_loader
    return None


def _from_py_dataset(source: Any, max_samples: int | None, steps: int | None) -> ProbeSamples:
    count = source.num_batches
    if count is None and steps is None:
        raise ConfigError(f"this PyDataset has no end, so Chroma does not read it; {REMEDY}")
    if source.workers > 1 or source.use_multiprocessing:
        raise UnreadableError("threads or processes of the PyDataset may be reading it", REMEDY)
    numbers = range(min(each for each in (count, steps) if each is not None))
    own = {name for kind in type(source).__mro__ if kind is not keras.utils.PyDataset for name in vars(kind)}
    # what a user does between epochs may well be shuffling
    order: Order = "unknown" if own & {"on_epoch_begin", "on_epoch_end"} else "promised"

    def batches() -> Iterator[Any]:
        return (source[number] for number in numbers)

    return _read(source, batches, max_samples, None, order)


def _from_tf_data(source: Any, max_samples: int | None, steps: int | None) -> ProbeSamples:
    if order_changes(source):
        raise UnreadableError("a shuffled tf.data.Dataset comes in another order after each read", REMEDY)
    return _read(source, source.as_numpy_iterator, max_samples, steps, "promised")


def _from_loader(loader: Any, max_samples: int | None, steps: int | None) -> ProbeSamples:
    from torch.utils.data import BatchSampler, SequentialSampler, default_collate, default_convert

    from chroma.integrations._torch.sample_ids import IndexTap, knows_ids

    if not knows_ids(loader):
        return _read(loader, lambda: iter(loader), max_samples, steps, "unknown", "order")
    # by index: the sampler of a shuffled loader is not asked
    base = IndexTap(loader.dataset).base
    positions = np.arange(len(loader.dataset))
    rows = chosen(positions if steps is None else positions[: steps * (loader.batch_size or 1)], max_samples)
    collated = loader.collate_fn in (default_collate, default_convert)

    def batches() -> Iterator[Any]:
        # what a function of the user's makes of several rows may be in another order, or fewer
        size = (loader.batch_size or 32) if collated else 1
        parts = (rows[first : first + size] for first in range(0, len(rows), size))
        return (loader.collate_fn([loader.dataset[int(row)] for row in part]) for part in parts)

    taken = _read((loader.dataset, loader.collate_fn), batches, None, None, "promised")
    if len(taken) != len(rows):
        raise UnreadableError(
            f"its collate_fn made {len(taken)} rows of {len(rows)} samples that were given one by one", REMEDY
        )
    in_order = (
        type(loader.sampler) is SequentialSampler
        and type(loader.batch_sampler) is BatchSampler
        and not loader.drop_last
        and steps is None
        and collated
    )
    return replace(
        taken,
        ids=rows if base is None else base[rows],
        positions=rows,
        of=len(positions),
        order="promised" if in_order else "unknown",
    )


def _read(
    source: Any,
    batches: Callable[[], Iterator[Any]],
    max_samples: int | None,
    steps: int | None,
    order: Order,
    identity: Identity = "index",
) -> ProbeSamples:
    """The first samples of a source of batches, which is then as if it had not been read."""

    def take() -> ProbeSamples:
        return _from_batches(batches(), max_samples, steps, order, identity)

    return read_apart(take, lambda: next(batches(), None), source)


def _from_batches(
    batches: Iterable[Any],
    max_samples: int | None,
    steps: int | None,
    order: Order,
    identity: Identity = "index",
) -> ProbeSamples:
    """The first samples of a source of batches, in its order."""
    taken: list[tuple[Any, Any, Any]] = []
    n = 0
    more = False
    for batch in islice(batches, steps):
        if max_samples is not None and n >= max_samples:
            more = True
            break
        x, y, weights = keras.utils.unpack_x_y_sample_weight(
            tuple(batch) if isinstance(batch, list) else batch
        )
        part = arrays_of((x, y, weights))
        taken.append(part)
        n += len(keras.tree.flatten(part[0])[0])
    if not taken:
        raise ConfigError(f"the data are empty, so there is nothing to follow; {REMEDY}")
    kept = n if max_samples is None else min(n, max_samples)

    x, y, weights = rows_of(joined(taken), slice(kept))
    more = more or kept < n
    return ProbeSamples(
        x,
        y,
        np.arange(kept, dtype=np.int64),
        np.arange(kept),
        0 if more else n,
        order,
        identity,
        weights_as_metadata(weights, kept),
        f"the first {kept:,} samples are followed; their source does not tell how many there are"
        if more
        else None,
    )
