"""True sample ids from a PyTorch DataLoader: what its index sampler emits is recorded on the way.

`DataLoader._index_sampler` is read by every iterator, in single-process loading, with workers and again when
persistent workers are reset; `loader.batch_sampler`, which frameworks look into, is left alone. The class
property is patched only while some loader is tapped, and records tapped loaders only.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from torch.utils.data import ConcatDataset, DataLoader, IterableDataset, Subset
from torch.utils.data._utils.fetch import _MapDatasetFetcher  # pyright: ignore[reportPrivateUsage]

from chroma.guard import Guard
from chroma.ids import sample_ids
from chroma.integrations._torch.collated import Collated, as_indices, collated_of, fetch_and_compare
from chroma.records import Ids


class Pass:
    """One pass over a loader: iterates over batches of indices and keeps them until they are asked for."""

    def __init__(self, inner: Iterator[Any]) -> None:
        self._inner = inner
        self._recorded: dict[int, Any] = {}
        self._count = 0
        self._records = True

    def __iter__(self) -> Pass:
        return self

    def __next__(self) -> Any:
        batch = next(self._inner)
        if self._records:
            self._recorded[self._count] = as_indices(batch)
        self._count += 1
        return batch

    def stop(self) -> None:
        """Nobody will ask: keep no more."""
        self._records = False
        self._recorded.clear()

    def take(self, number: int) -> Any:
        """Indices of a batch, None if there are none; those of earlier batches are forgotten."""
        for earlier in [known for known in self._recorded if known < number]:
            del self._recorded[earlier]
        return self._recorded.get(number)


class BatchIds:
    """The ids of a batch's rows, found out when called: None if there are none.

    Args:
        indices: As the sampler emitted them.
        base: As the attribute of `IndexTap`.

    Attributes:
        n: How many rows the batch has by its indices; None if they do not tell.
    """

    def __init__(self, indices: Any, base: npt.NDArray[np.int64] | None) -> None:
        self._indices = indices
        self._base = base
        self.n: int | None = len(cast("tuple[Any, ...]", indices)) if isinstance(indices, tuple) else None

    def __call__(self) -> Ids | None:
        return ids_of(self._indices, self._base)


class IndexTap:
    """Records the passes over one loader.

    Attributes:
        users: How many asked for it and have not let it go.
        latest: The pass that began last, None before the first.
        base: Index in the base dataset by index in the loader's Subset; None if there is no Subset.
        collated: Compares batches with their samples; None where the order of rows is certain to be kept.
    """

    def __init__(self, dataset: Any = None, collated: Collated | None = None) -> None:
        self.users = 0
        self.latest: Pass | None = None
        self.collated = collated
        self._last: tuple[Pass, int, BatchIds] | None = None  # two may ask for the same batch
        self.base: npt.NDArray[np.int64] | None = None
        while isinstance(dataset, Subset):
            subset = cast("Subset[Any]", dataset)
            below = np.asarray(subset.indices, dtype=np.int64)
            self.base = below if self.base is None else below[self.base]
            dataset = subset.dataset

    def ids(self, recorded: Pass, number: int) -> BatchIds:
        """What gives the sample ids of a batch; at any time, in any thread."""
        if self._last is not None and self._last[0] is recorded and self._last[1] == number:
            return self._last[2]
        indices = recorded.take(number)
        if self.collated is not None and isinstance(indices, tuple):
            known = cast("tuple[Any, ...]", indices)
            rows = self.collated.rows(known)
            indices = None if rows is None else tuple(known[row] for row in rows)
        found = BatchIds(indices, self.base)
        self._last = (recorded, number, found)
        return found


class _Recorder:
    """Stands in for an index sampler: the same batches, and each pass is recorded."""

    def __init__(self, sampler: Any, tap: IndexTap) -> None:
        self._sampler = sampler
        self._tap = tap

    def __iter__(self) -> Pass:
        # iter() at once, as without us: some samplers draw random numbers here
        recorded = Pass(iter(self._sampler))
        self._tap.latest = recorded
        return recorded

    def __len__(self) -> int:
        return len(self._sampler)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sampler, name)


_taps: weakref.WeakKeyDictionary[DataLoader[Any], IndexTap] = weakref.WeakKeyDictionary()
_lock = threading.RLock()
_INDEX_SAMPLER = "_index_sampler"
_FETCH = "fetch"
_originals: dict[
    type, Any
] = {}  # by class that has an index sampler of its own: DataLoader, and some below it
_fetch = vars(_MapDatasetFetcher)[_FETCH]
_guard = Guard()


def _recorded_index_sampler(original: Any, loader: DataLoader[Any]) -> Any:
    sampler = original.__get__(loader)
    tap = _taps.get(loader)
    return sampler if tap is None or isinstance(sampler, _Recorder) else _Recorder(sampler, tap)


def _compared_fetch(fetcher: Any, indices: Any) -> Any:
    """In place of a fetcher's own method, also in workers that were forked."""
    collated = None
    with _guard.fail_safe("looking for a loader"):
        for loader, tapped in list(_taps.items()):
            if loader.dataset is fetcher.dataset and loader.collate_fn is fetcher.collate_fn:
                collated = tapped.collated or collated
    if collated is None or not fetcher.auto_collation:
        return _fetch(fetcher, indices)
    return fetch_and_compare(_fetch, fetcher, indices, collated, _guard)


def tap(loader: DataLoader[Any]) -> IndexTap:
    """Record the passes over a loader from now on."""
    with _lock:
        owner = next(kind for kind in type(loader).__mro__ if _INDEX_SAMPLER in vars(kind))
        if owner not in _originals:
            original = _originals[owner] = vars(owner)[_INDEX_SAMPLER]
            setattr(owner, _INDEX_SAMPLER, property(partial(_recorded_index_sampler, original)))
        setattr(_MapDatasetFetcher, _FETCH, _compared_fetch)
        found = _taps.get(loader)
        if found is None:
            found = _taps[loader] = IndexTap(loader.dataset, collated_of(loader))
        found.users += 1
        _renew(loader)
        return found


def untap(loader: DataLoader[Any]) -> None:
    """Stop recording a loader; once no loader is recorded, PyTorch's classes are restored."""
    with _lock:
        found = _taps.get(loader)
        if found is None:
            return
        found.users -= 1
        if found.users == 0:
            del _taps[loader]
            _renew(loader)
            if found.latest is not None:
                found.latest.stop()
        if not _taps:
            for owner, original in _originals.items():
                setattr(owner, _INDEX_SAMPLER, original)
            _originals.clear()
            setattr(_MapDatasetFetcher, _FETCH, _fetch)


def _renew(loader: DataLoader[Any]) -> None:
    """Give the iterator of persistent workers, which outlives a pass, the sampler that counts now."""
    iterator = getattr(loader, "_iterator", None)
    if iterator is not None:
        iterator._index_sampler = getattr(loader, _INDEX_SAMPLER)


def ids_of(indices: Any, base: npt.NDArray[np.int64] | None) -> Ids | None:
    """Sample ids of recorded indices: positions in the base dataset, or a sampler's own keys as strings."""
    if not isinstance(indices, tuple):
        return None
    keys = cast("tuple[Any, ...]", indices)
    if keys and isinstance(keys[0], tuple):  # as of a sampler that names a part and an index in it
        keys = tuple(str(key) for key in keys)
    try:
        ids = sample_ids(keys)
    except ValueError:
        return None
    return ids if base is None or ids.dtype == object else base[ids.astype(np.int64)]


def knows_ids(loader: Any) -> bool:
    """Whether the sampler's indices name the rows of batches; those of iterable datasets do not."""
    return (
        isinstance(loader, DataLoader)
        and not isinstance(loader.dataset, IterableDataset)
        and loader.batch_sampler is not None
        and getattr(loader, "in_order", True)
    )


def samples_in(loader: Any) -> int:
    """Samples the loader's dataset holds; 0 if unknown."""
    try:
        return len(loader.dataset)
    except (AttributeError, TypeError, NotImplementedError):
        return 0


def class_names_of(loader: Any) -> Sequence[str]:
    """Names of the classes from the usual attributes of the dataset, or of the one below a Subset.

    A dataset of Hugging Face names them in its `features`.
    """
    dataset = getattr(loader, "dataset", None)
    while dataset is not None:
        for attribute in ("classes", "class_names", "target_names"):
            names = getattr(dataset, attribute, None)
            if isinstance(names, (list, tuple)) and len(cast("Sequence[Any]", names)) > 1:
                return [str(name) for name in cast("Sequence[Any]", names)]
        if names := _named_by_features(getattr(dataset, "features", None)):
            return names
        parts = getattr(dataset, "datasets", None) if isinstance(dataset, ConcatDataset) else None
        dataset = cast("Sequence[Any]", parts)[0] if parts else getattr(dataset, "dataset", None)
    return ()


def _named_by_features(features: Any) -> Sequence[str]:
    """Names of the one column of classes among the features of a dataset, or of the one called "label"."""
    if not isinstance(features, Mapping):
        return ()
    columns = cast("Mapping[str, Any]", features)
    named = {name: column.names for name, column in columns.items() if type(column).__name__ == "ClassLabel"}
    if len(named) > 1:
        named = {name: names for name, names in named.items() if name in ("label", "labels")}
    return [str(name) for name in next(iter(named.values()))] if len(named) == 1 else ()
