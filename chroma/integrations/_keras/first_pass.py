"""The samples of a source that is not read ahead, taken from Keras's own first pass over it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from chroma.capture.call import CapturedCall
from chroma.integrations._keras.data_tap import DataTap, Step
from chroma.integrations._keras.samples import (
    ProbeSamples,
    arrays_of,
    content_keys,
    joined,
    rows_of,
    weights_as_metadata,
)

keras: Any = import_module("keras")  # its types are not complete


class FirstPass:
    """Takes the first samples that come in a pass of Keras's own.

    Args:
        model: The model.
        step: Which pass.
        max_samples: Most samples to take; None for all.
        call: Stops our errors.
    """

    def __init__(self, model: Any, step: Step, max_samples: int | None, call: CapturedCall) -> None:
        self._tap = DataTap(model, step, self._receive)
        self._most = max_samples
        self._call = call
        self._taken: list[tuple[Any, Any, Any]] = []
        self._n = 0
        self._is_whole = True  # whether all samples of the pass were taken

    def begin(self) -> None:
        """The pass begins."""
        self._tap.wrap()

    def end(self) -> None:
        """The pass is over, or was broken off."""
        self._tap.unwrap()

    def samples(self) -> ProbeSamples | None:
        """The samples that came; None if there was no pass yet."""
        if not self._taken:
            return None

        x, y, weights = joined(self._taken)
        return ProbeSamples(
            x,
            y,
            np.arange(self._n, dtype=np.int64),
            np.arange(self._n),
            self._n if self._is_whole else 0,
            "unknown",
            "order",
            weights_as_metadata(weights, self._n),
            None
            if self._is_whole
            else f"the first {self._n:,} samples are followed; their source does not tell how many there are",
            content_keys(x, self._n),
        )

    def _receive(self, batch: Any) -> None:
        self._call.guarded(self._take, batch)

    def _take(self, batch: Any) -> None:
        if self._most is not None and self._n >= self._most:
            self._is_whole = False
            self._tap.unwrap()
            return
        given = tuple(batch) if isinstance(batch, list) else batch
        part = arrays_of(keras.utils.unpack_x_y_sample_weight(given))
        size = len(next(leaf for leaf in keras.tree.flatten(part[0]) if leaf is not None))
        room = size if self._most is None else min(size, self._most - self._n)
        self._is_whole = self._is_whole and room == size
        # copies: what Keras passes on may be used again
        self._taken.append(keras.tree.map_structure(_copied, rows_of(part, slice(room))))
        self._n += room


def _copied(array: Any) -> Any:
    return None if array is None else np.array(array)
