"""The probe samples of a Keras fit, taken from whatever it trains on, once, before the first epoch.

Reading a source of the user's leaves no trace: random states are put back, and what can be read only once,
or would be shuffled differently afterwards, is not read at all.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import islice
from typing import Any, Literal

import numpy as np

from chroma.capture.probe import ProbeSet
from chroma.errors import ConfigError
from chroma.records import Array, Ids
from chroma.run.arguments import as_array

keras: Any = import_module("keras")  # its types are not complete

Identity = Literal["index", "key", "order"]
Order = Literal["fixed", "promised", "unknown"]
_SAY = "give ChromaCallback(data=(x, y)) samples to follow"


@dataclass(frozen=True, slots=True)
class ProbeSamples:
    """The samples of a split that a fit follows.

    Attributes:
        x: Input of the model: arrays `[n, …]`, nested as the model takes them.
        y: Targets, likewise; None without.
        ids: `[n]` indices in the dataset.
        positions: `[n]` where they come in a pass over the source, ascending.
        of: Samples in the source; 0 if unknown.
        order: Whether each pass over the source gives the samples in the same order: "fixed", or "promised"
            (by code that may be the user's), or "unknown".
        identity: Whether `ids` are true positions ("index") or the order they came in.
        metadata: Name to `[n]`: sample weights.
        note: What the receipt must say of it.
    """

    x: Any
    y: Any
    ids: Ids
    positions: Array
    of: int
    order: Order
    identity: Identity = "index"
    metadata: Mapping[str, Array] = field(default_factory=dict[str, Array])
    note: str | None = None

    def __len__(self) -> int:
        return len(self.ids)


def probe_samples(
    source: Any, max_samples: int | None, *, start: int = 0, stop: int | None = None, steps: int | None = None
) -> ProbeSamples:
    """Take the samples to follow from a source.

    Args:
        source: `(x, y)` or `(x, y, sample_weight)` arrays, each possibly a list or dict of them; a
            `keras.utils.PyDataset`, a `tf.data.Dataset` or a `torch.utils.data.DataLoader`.
        max_samples: Most samples to take; None for all.
        start: First position to take, of arrays (`validation_split` leaves the tail).
        stop: Position after the last to take, of arrays; None for their end.
        steps: Batches that are read of another source; None for all.

    Raises:
        ConfigError: It cannot be read without disturbing the training.
    """
    with _random_states_kept():
        if isinstance(source, keras.utils.PyDataset):
            return _of_py_dataset(source, max_samples, steps)
        if _is(source, "tensorflow", "DatasetV2"):
            return _of_tf_data(source, max_samples, steps)
        if _is(source, "torch.utils.data", "DataLoader"):
            return _of_loader(source, max_samples, steps)
        if hasattr(source, "__next__"):
            raise ConfigError(f"a generator can be read only once, so Chroma does not touch it; {_SAY}")
        return _of_arrays(source, max_samples, start, stop)


def holds_batches(source: Any) -> bool:
    """Whether a source gives whole batches, targets and weights among them, and not only inputs."""
    return (
        isinstance(source, keras.utils.PyDataset)
        or hasattr(source, "__next__")
        or _is(source, "tensorflow", "DatasetV2")
        or _is(source, "torch.utils.data", "DataLoader")
    )


def _is(source: Any, module: str, name: str) -> bool:
    """Whether the source is of a class of a framework that may not be installed."""
    return any(kind.__name__ == name and kind.__module__.startswith(module) for kind in type(source).__mro__)


def _of_arrays(source: Any, max_samples: int | None, start: int, stop: int | None) -> ProbeSamples:
    x, y, weights = keras.utils.unpack_x_y_sample_weight(source)
    leaves = [leaf for leaf in keras.tree.flatten(x) if leaf is not None]
    if not leaves or not all(hasattr(leaf, "shape") and len(leaf.shape) for leaf in leaves):
        raise ConfigError(f"Chroma cannot take samples from a {type(source).__name__}; {_SAY}")
    n = len(leaves[0])
    known = np.arange(start, n if stop is None else min(stop, n))
    rows = _chosen(known, max_samples)

    def take(value: Any) -> Any:
        if value is None:
            return None
        array = as_array("data", value)
        return array if len(rows) == len(array) else array[rows]

    return ProbeSamples(
        keras.tree.map_structure(take, x),
        keras.tree.map_structure(take, y),
        rows,
        rows - start,
        len(known),
        "fixed",
        metadata=_metadata(keras.tree.map_structure(take, weights), len(rows)),
    )


def _of_py_dataset(source: Any, max_samples: int | None, steps: int | None) -> ProbeSamples:
    count = source.num_batches
    if count is None and steps is None:
        raise ConfigError(f"this PyDataset has no end, so Chroma does not read it; {_SAY}")
    numbers = range(min(each for each in (count, steps) if each is not None))
    own = {name for kind in type(source).__mro__ if kind is not keras.utils.PyDataset for name in vars(kind)}
    # what a user does between epochs may well be shuffling
    order: Order = "unknown" if own & {"on_epoch_begin", "on_epoch_end"} else "promised"
    return _of_batches((source[number] for number in numbers), max_samples, None, order)


def _of_tf_data(source: Any, max_samples: int | None, steps: int | None) -> ProbeSamples:
    if any("Shuffle" in type(part).__name__ for part in _pipeline(source)):
        raise ConfigError(
            "a shuffled tf.data.Dataset would come in another order once Chroma has read it, so it is not "
            f"touched; {_SAY}"
        )
    return _of_batches(source.as_numpy_iterator(), max_samples, steps, "promised")


def _pipeline(dataset: Any) -> Iterator[Any]:
    yield dataset
    inputs: Callable[[], Sequence[Any]] = getattr(dataset, "_inputs", tuple)
    for part in inputs():
        yield from _pipeline(part)


def _of_loader(loader: Any, max_samples: int | None, steps: int | None) -> ProbeSamples:
    from torch.utils.data import BatchSampler, SequentialSampler

    from chroma.integrations._torch.sample_ids import IndexTap, knows_ids

    if not knows_ids(loader):
        return _of_batches(loader, max_samples, steps, "unknown", "order")
    # by index: the sampler of a shuffled loader is not asked
    base = IndexTap(loader.dataset).base
    known = np.arange(len(loader.dataset))
    chosen = _chosen(known if steps is None else known[: steps * (loader.batch_size or 1)], max_samples)
    size = loader.batch_size or 32
    parts = [chosen[first : first + size] for first in range(0, len(chosen), size)]
    batches = (loader.collate_fn([loader.dataset[int(row)] for row in part]) for part in parts)
    taken = _of_batches(batches, None, None, "promised")
    in_order = (
        type(loader.sampler) is SequentialSampler
        and type(loader.batch_sampler) is BatchSampler
        and not loader.drop_last
        and steps is None
    )
    return replace(
        taken,
        ids=chosen if base is None else base[chosen],
        positions=chosen,
        of=len(known),
        order="promised" if in_order else "unknown",
    )


def _of_batches(
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
        part = _arrays((x, y, weights))
        taken.append(part)
        n += len(keras.tree.flatten(part[0])[0])
    if not taken:
        raise ConfigError(f"the data are empty, so there is nothing to follow; {_SAY}")
    kept = n if max_samples is None else min(n, max_samples)

    def joined(*arrays: Any) -> Any:
        return None if arrays[0] is None else np.concatenate(arrays)[:kept]

    x, y, weights = keras.tree.map_structure(joined, *taken)
    more = more or kept < n
    return ProbeSamples(
        x,
        y,
        np.arange(kept, dtype=np.int64),
        np.arange(kept),
        0 if more else n,
        order,
        identity,
        _metadata(weights, kept),
        f"the first {kept:,} samples are followed; their source does not tell how many there are"
        if more
        else None,
    )


def _chosen(known: Array, max_samples: int | None) -> Array:
    if max_samples is None or len(known) <= max_samples:
        return known.astype(np.int64)
    probe = ProbeSet(max_samples)
    probe.place(known.astype(np.int64))
    probe.fix()
    return probe.ids()


def rows_of(tree: Any, rows: Array | slice) -> Any:
    """Some rows of every array in a nest."""

    def take(array: Any) -> Any:
        return None if array is None else array[rows]

    return keras.tree.map_structure(take, tree)


def _arrays(tree: Any) -> Any:
    def take(leaf: Any) -> Any:
        return None if leaf is None else as_array("data", leaf)

    return keras.tree.map_structure(take, tree)


def _metadata(weights: Any, n: int) -> dict[str, Array]:
    return {"sample_weight": weights} if isinstance(weights, np.ndarray) and weights.shape == (n,) else {}


def validation_start(x: Any, split: float) -> int:
    """Position of the first sample that Keras holds out for validation: the tail, from here on."""
    n = len(keras.tree.flatten(x)[0])
    return math.floor(n * (1.0 - split))


@contextmanager
def _random_states_kept() -> Generator[None]:
    """Put back the random states that reading a dataset of the user's may advance."""
    restore: list[Callable[[], object]] = []
    python, numpy = random.getstate(), np.random.get_state()
    restore += [lambda: random.setstate(python), lambda: np.random.set_state(numpy)]
    torch = sys.modules.get("torch")
    if torch is not None:
        state = torch.get_rng_state()
        restore.append(lambda: torch.set_rng_state(state))
    try:
        yield
    finally:
        for put_back in restore:
            put_back()
