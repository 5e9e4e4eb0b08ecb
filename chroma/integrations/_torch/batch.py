"""What a batch holds: its size, labels, inputs, ids and metadata, in the usual shapes or as the user says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from chroma.errors import ConfigError
from chroma.ids import usable_ids
from chroma.integrations._torch.batch_parts import Pick, parts_of, pick
from chroma.integrations._torch.hooks import to_numpy
from chroma.integrations._torch.label_parts import INPUT_KEYS
from chroma.integrations._torch.label_source import LabelSource
from chroma.records import Array, Ids

Columns = str | Sequence[str] | Callable[[Any], Mapping[str, Any]]  # keys, or a function: name to `[B]`
Forward = Callable[[Any, Any], object]  # of the model and a batch

_TOKENS, _MASK = "input_ids", "attention_mask"  # as tokenizers name them
_TEXT_KEYS = ("text", "texts", "sentence", *INPUT_KEYS)
_LONGEST_STRING = 1024
_LONGEST_TEXT = 128  # tokens: decoding takes about 0.1 ms a sample, once, on the training's thread


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
        labels: Finds labels, and tells the task.
        refused_ids: Why what `ids=` gave cannot be used; "" if it can.
    """

    def __init__(
        self,
        ids: Pick | None = None,
        labels: Pick | None = None,
        inputs: Pick | None = None,
        metadata: Columns | None = None,
        task: str = "auto",
    ) -> None:
        self._ids, self._inputs, self._metadata = ids, inputs, metadata
        self.decode: Callable[[Array], str] | None = None
        self.refused_ids = ""
        self.labels = LabelSource(labels, task)

    @property
    def gives_ids(self) -> bool:
        """Whether the user says where ids are."""
        return self._ids is not None

    def ids(self, batch: Any) -> Ids | None:
        """The user's keys, if `ids=` was given."""
        if self._ids is None:
            return None
        values = pick(batch, self._ids, "ids")
        if isinstance(values, Tensor):
            values = to_numpy(values)
            values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
        try:
            return usable_ids(values)[0]
        except ValueError as error:
            self.refused_ids = f"ids= cannot be used: {error}"
            return None

    def inputs(self, batch: Any, rows: int) -> Array | None:
        """`[B, …]` inputs, or None where there are none; of several views the first, of a list its stack."""
        values = _usual(batch, INPUT_KEYS) if self._inputs is None else pick(batch, self._inputs, "inputs")
        if isinstance(values, (list, tuple)):
            listed = cast("Sequence[Any]", values)
            first = listed[0] if listed else None
            if isinstance(first, Tensor) and first.shape[:1] != (rows,) and len(listed) == rows:
                alike = all(isinstance(each, Tensor) and each.shape == first.shape for each in listed)
                values = torch.stack(list(listed)) if alike else None
            else:
                values = first
        return to_numpy(values) if isinstance(values, Tensor) and values.shape[:1] == (rows,) else None

    def mask(self, batch: Any) -> Tensor | None:
        """`[B, T]`, other than 0 where a token is valid; None where the batch does not say."""
        if isinstance(batch, Mapping) and _MASK in batch:
            mask: Any = batch[_MASK]
            return mask if isinstance(mask, Tensor) and mask.ndim == 2 else None
        if not isinstance(batch, (Mapping, list, tuple)):
            return None
        parts = batch.values() if isinstance(batch, Mapping) else batch
        parts = (batch,) if isinstance(batch, PackedSequence) else parts
        packed = next(
            (part for part in cast("Sequence[Any]", parts) if isinstance(part, PackedSequence)), None
        )
        return None if packed is None else _mask_of(packed)

    def texts(self, batch: Any) -> Callable[[Sequence[int]], list[str]] | None:
        """What gives the texts of rows of the batch, of their first 128 valid tokens; None without.

        Strings that stand where inputs do are texts as they are.
        """
        tokens = batch.get(_TOKENS) if isinstance(batch, Mapping) else None
        decode, mask = self.decode, self.mask(batch)
        if decode is None or not isinstance(tokens, Tensor) or tokens.ndim != 2:
            words = _usual(batch, _TEXT_KEYS)
            if not isinstance(words, (list, tuple)) or not all(isinstance(each, str) for each in words):
                return None
            texts = cast("Sequence[str]", words)
            return lambda rows: [texts[row][:_LONGEST_STRING] for row in rows]
        ids = to_numpy(tokens)
        valid = np.ones(ids.shape, bool) if mask is None else to_numpy(mask) != 0
        return lambda rows: [decode(ids[row][valid[row]][:_LONGEST_TEXT]) for row in rows]

    def metadata(self, batch: Any) -> dict[str, Any]:
        """Name to `[B]` values."""
        if self._metadata is None:
            return {}
        if callable(self._metadata):
            found: Any = self._metadata(batch)
            if not isinstance(found, Mapping):
                raise ConfigError(
                    f"metadata= must give a dictionary of a name to one value per sample, not a "
                    f"{type(found).__name__}"
                )
        else:
            keys = [self._metadata] if isinstance(self._metadata, str) else self._metadata
            found = {key: pick(batch, key, "metadata") for key in keys}
        return {
            name: to_numpy(values) if isinstance(values, Tensor) else values for name, values in found.items()
        }


def _mask_of(packed: PackedSequence) -> Tensor:
    """`[B, T]`, where the sequences that were packed have values once they are padded."""
    sizes, order = packed.batch_sizes, packed.unsorted_indices
    mask = torch.arange(int(sizes[0]))[:, None] < sizes[None]
    return mask if order is None else mask[order.cpu()]


def _usual(batch: Any, keys: Sequence[str]) -> Any:
    """What stands under the first of these names that there is, else first in a tuple or list."""
    if isinstance(batch, Tensor):
        return batch
    if isinstance(batch, list) and all(isinstance(each, str) for each in cast("Sequence[Any]", batch)):
        return cast("Sequence[str]", batch)
    parts = dict(parts_of(batch))
    found = next((parts[key] for key in keys if key in parts), None)
    first = next(iter(parts.values()), None) if isinstance(batch, (list, tuple)) else None
    return first if found is None else found
