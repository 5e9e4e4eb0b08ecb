"""Takes the probe set of a split from whatever a Keras call is given, once, before the first epoch.

Reading a source of the user's leaves no trace: every state that can be reached from it is put back, and what
can be read only once, or has a state that cannot be put back, is not read at all.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from chroma.errors import ConfigError
from chroma.integrations._keras import batch_sources
from chroma.integrations._keras.samples import ProbeSamples, array_of, chosen, weights_as_metadata
from chroma.integrations._sources.reading import UnreadableError

keras: Any = import_module("keras")  # its types are not complete

_REMEDY = batch_sources.REMEDY


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
    if (read := batch_sources.reader_of(source)) is not None:
        return read(source, max_samples, steps)
    if hasattr(source, "__next__"):
        raise UnreadableError("a generator can be read only once", _REMEDY)
    return _from_arrays(source, max_samples, start, stop)


def holds_batches(source: Any) -> bool:
    """Whether a source gives whole batches, targets and weights among them, and not only inputs."""
    return hasattr(source, "__next__") or batch_sources.reader_of(source) is not None


def validation_start(x: Any, split: float) -> int:
    """Position of the first sample that Keras holds out for validation: the tail, from here on."""
    n = len(keras.tree.flatten(x)[0])
    return math.floor(n * (1.0 - split))


def _from_arrays(source: Any, max_samples: int | None, start: int, stop: int | None) -> ProbeSamples:
    x, y, weights = keras.utils.unpack_x_y_sample_weight(source)
    leaves = [leaf for leaf in keras.tree.flatten(x) if leaf is not None]
    if not leaves or not all(hasattr(leaf, "shape") and len(leaf.shape) for leaf in leaves):
        raise ConfigError(f"Chroma cannot take samples from a {type(source).__name__}; {_REMEDY}")
    n = len(leaves[0])
    positions = np.arange(start, n if stop is None else min(stop, n))
    rows = chosen(positions, max_samples)

    def take(value: Any) -> Any:
        if value is None:
            return None
        array = array_of(value)
        return array if len(rows) == len(array) else array[rows]

    return ProbeSamples(
        keras.tree.map_structure(take, x),
        keras.tree.map_structure(take, y),
        rows,
        rows - start,
        len(positions),
        "fixed",
        metadata=weights_as_metadata(keras.tree.map_structure(take, weights), len(rows)),
    )
