"""What a batch holds: its size, labels, inputs, ids and metadata, in the usual shapes or as the user says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from torch import Tensor

from chroma.capture.labels import LabelReader
from chroma.errors import ConfigError
from chroma.ids import usable_ids
from chroma.integrations._torch.hooks import to_numpy
from chroma.records import Array, Ids

Pick = str | int | Callable[[Any], Any]  # a key or position in the batch, or a function of it
Columns = str | Sequence[str] | Callable[[Any], Mapping[str, Any]]  # keys, or a function: name to `[B]`
Forward = Callable[[Any, Any], object]  # of the model and a batch

_LABEL_KEYS = ("label", "labels", "target", "targets", "y", "class")
_TOKENS, _MASK = "input_ids", "attention_mask"  # as tokenizers name them
_LONGEST_TEXT = 128  # tokens: decoding takes about 0.1 ms a sample, once, on the training's thread
INPUT_KEYS = ("image", "images", "pixel_values", "x", "input", "inputs")  # where inputs usually are


class BatchReader:
    """Reads batches.

    Args:
        ids: Where the user's own keys are; None for dataset indices.
        labels: Where labels are; None for the usual places: the second of a pair, or a key like "label".
        inputs: Where inputs are; None for the usual places: the first of a pair, or a key like "image".
        metadata: Further columns: keys of the batch, or a function that gives name to values.
        task: What is learned, "auto" if the labels tell.

    Attributes:
        decode: Turns `[T]` token ids into text; None where nothing does.
        label_reader: Makes labels of what stands in the batch, and tells the task.
    """

    def __init__(
        self,
        ids: Pick | None = None,
        labels: Pick | None = None,
        inputs: Pick | None = None,
        metadata: Columns | None = None,
        task: str = "auto",
    ) -> None:
        self._ids, self._labels, self._inputs, self._metadata = ids, labels, inputs, metadata
        self._task = task
        self.decode: Callable[[Array], str] | None = None
        self.label_reader = LabelReader(task)

    @property
    def gives_ids(self) -> bool:
        """Whether the user says where ids are."""
        return self._ids is not None

    def size(self, batch: Any) -> int | None:
        """Number of samples: length of the first tensor in the batch; None if there is none."""
        if isinstance(batch, Tensor):
            return len(batch) if batch.ndim else None
        parts: Sequence[Any] = ()
        if isinstance(batch, (tuple, list)):
            parts = cast("Sequence[Any]", batch)
        elif isinstance(batch, Mapping):
            parts = list(cast("Mapping[Any, Any]", batch).values())
        for part in parts:
            if (size := self.size(part)) is not None:
                return size
        return None

    def ids(self, batch: Any) -> Ids | None:
        """The user's keys, if `ids=` was given."""
        if self._ids is None:
            return None
        values = _pick(batch, self._ids, "ids")
        return usable_ids(to_numpy(values) if isinstance(values, Tensor) else values)[0]

    def labels(self, batch: Any, rows: int, class_names: Sequence[str] = ()) -> Array | None:
        """`[B]` labels, or None where there are none; several of a sample as one string, "cat, dog"."""
        if self._labels is not None:
            found = self.label_reader.read(_pick(batch, self._labels, "labels"), rows, class_names)
            if found is None:
                raise ConfigError(
                    "labels= must give one row per sample: [B] numbers or strings, or [B, C] zeros and ones"
                )
            return found
        given = _usual(batch, 1, _LABEL_KEYS)
        if self._task == "unlabelled" or _of_tokens(given, batch):
            return None
        return self.label_reader.read(given, rows, class_names)

    def task(self, labels: Array | None, batch: Any) -> str:
        """What is learned, as far as labels tell."""
        return self.label_reader.task(labels, _usual(batch, 1, _LABEL_KEYS))

    def inputs(self, batch: Any) -> Array | None:
        """`[B, …]` inputs, or None where there are none."""
        values = (
            _usual(batch, 0, INPUT_KEYS) if self._inputs is None else _pick(batch, self._inputs, "inputs")
        )
        return to_numpy(values) if isinstance(values, Tensor) else None

    def mask(self, batch: Any) -> Tensor | None:
        """`[B, T]`, other than 0 where a token is valid; None where the batch does not say."""
        mask = batch.get(_MASK) if isinstance(batch, Mapping) else None
        return mask if isinstance(mask, Tensor) and mask.ndim == 2 else None

    def texts(self, batch: Any) -> Callable[[Sequence[int]], list[str]] | None:
        """What gives the texts of rows of the batch, of their first 128 valid tokens; None without tokens."""
        tokens = batch.get(_TOKENS) if isinstance(batch, Mapping) else None
        decode, mask = self.decode, self.mask(batch)
        if decode is None or not isinstance(tokens, Tensor) or tokens.ndim != 2:
            return None
        ids = to_numpy(tokens)
        valid = np.ones(ids.shape, bool) if mask is None else to_numpy(mask) != 0
        return lambda rows: [decode(ids[row][valid[row]][:_LONGEST_TEXT]) for row in rows]

    def metadata(self, batch: Any) -> dict[str, Any]:
        """Name to `[B]` values."""
        if self._metadata is None:
            return {}
        if callable(self._metadata):
            found = dict(self._metadata(batch))
        else:
            keys = [self._metadata] if isinstance(self._metadata, str) else self._metadata
            found = {key: _pick(batch, key, "metadata") for key in keys}
        return {
            name: to_numpy(values) if isinstance(values, Tensor) else values for name, values in found.items()
        }


def _pick(batch: Any, where: Pick, argument: str) -> Any:
    if callable(where):
        return where(batch)
    try:
        return batch[where]
    except (KeyError, IndexError, TypeError) as error:
        raise ConfigError(
            f"{argument}={where!r} is not in the batch, a {type(batch).__name__}; "
            "give one of its keys or a function"
        ) from error


def _usual(batch: Any, position: int, keys: Sequence[str]) -> Any:
    if isinstance(batch, Mapping):
        mapping = cast("Mapping[Any, Any]", batch)
        return next((mapping[key] for key in keys if key in mapping), None)
    if isinstance(batch, (tuple, list)):
        parts = cast("Sequence[Any]", batch)
        return parts[position] if len(parts) > position else None
    return batch if position == 0 and isinstance(batch, Tensor) else None


def _of_tokens(labels: Any, batch: Any) -> bool:
    """Whether labels stand for tokens: as many in each row as the row has tokens."""
    tokens = batch.get(_TOKENS) if isinstance(batch, Mapping) else None
    if not (isinstance(labels, Tensor) and isinstance(tokens, Tensor)):
        return False
    return labels.shape == tokens.shape and not labels.is_floating_point()
