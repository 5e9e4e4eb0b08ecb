"""The probe set of a split of a Keras call: samples that are held in memory for the length of the call."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

import numpy as np

from chroma.capture.probe import ProbeSet
from chroma.integrations._sources.reading import UnreadableError
from chroma.records import Array, Identity, Ids
from chroma.run.arrays import as_array

keras: Any = import_module("keras")  # its types are not complete

Order = Literal["fixed", "promised", "unknown"]


@dataclass(frozen=True, slots=True)
class ProbeSamples:
    """The samples of a split that a run follows.

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
        keys: `[n]` what samples are known by instead, made of their content; None where `ids` tell.
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
    keys: Ids | None = None

    def __len__(self) -> int:
        return len(self.ids)


def chosen(positions: Array, max_samples: int | None) -> Array:
    """The positions to follow: all, or those that a probe set of so many samples takes."""
    if max_samples is None or len(positions) <= max_samples:
        return positions.astype(np.int64)
    probe = ProbeSet(max_samples)
    probe.place(positions.astype(np.int64))
    probe.fix()
    return probe.ids()


def rows_of(tree: Any, rows: Array | slice) -> Any:
    """Some rows of every array in a nest."""

    def take(array: Any) -> Any:
        return None if array is None else array[rows]

    return keras.tree.map_structure(take, tree)


def arrays_of(tree: Any) -> Any:
    """A nest of tensors, arrays or lists as NumPy arrays; strings are objects, mostly bytes."""

    def convert(leaf: Any) -> Any:
        return None if leaf is None else array_of(leaf)

    return keras.tree.map_structure(convert, tree)


def array_of(leaf: Any) -> Array:
    """A tensor, array or list as a NumPy array; strings are objects, mostly bytes."""
    if getattr(getattr(leaf, "dtype", None), "name", "") == "string":  # of TensorFlow
        return np.asarray(leaf, object)
    holds_strings = isinstance(leaf, np.ndarray) and leaf.dtype.kind in "OSU" and are_strings(leaf)
    return leaf.astype(object) if holds_strings else as_array("data", leaf)


def content_keys(x: Any, n: int) -> Ids:
    """`[n]` strings that name samples by their inputs: the same ones in each run, whatever their order.

    Of equal samples the second is called as the first with "-2", and so on.
    """
    leaves = [leaf for leaf in keras.tree.flatten(x) if leaf is not None]
    keys, seen = np.empty(n, object), Counter[str]()
    for row in range(n):
        content = hashlib.blake2b(digest_size=8)
        for leaf in leaves:
            value = leaf[row]
            values = np.asarray(value)
            content.update(repr(value).encode() if values.dtype.kind in "OSU" else values.tobytes())
        key = content.hexdigest()
        seen[key] += 1
        keys[row] = key if seen[key] == 1 else f"{key}-{seen[key]}"
    return keys


def are_strings(array: Array) -> bool:
    """Whether an array holds strings, as its first value tells."""
    return array.size > 0 and isinstance(array.flat[0], (str, bytes))


def joined(parts: Sequence[Any]) -> Any:
    """Nests of arrays `[n, …]` one after the other.

    Raises:
        UnreadableError: Rows differ in shape, as where each batch is padded to its longest.
    """

    def join(*arrays: Any) -> Any:
        if arrays[0] is None:
            return None
        if len({array.shape[1:] for array in arrays}) > 1:
            raise UnreadableError("its batches are of several shapes", "pad them alike, or give data=(x, y)")
        return np.concatenate(arrays)

    return keras.tree.map_structure(join, *parts)


def weights_as_metadata(weights: Any, n: int) -> dict[str, Array]:
    """Sample weights as a column, where there is one for each of n samples."""
    return {"sample_weight": weights} if isinstance(weights, np.ndarray) and weights.shape == (n,) else {}
