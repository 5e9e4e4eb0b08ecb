"""Several rows of each sample that a model takes at once: those of the first count.

Views of contrastive trainings, crops of an image, choices of a question, the chosen and the rejected answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor

from chroma.integrations._torch.batch_parts import parts_of
from chroma.integrations._torch.label_parts import INPUT_KEYS

_MOST = 16  # rows of a sample
_TOKENS = "input_ids"
_PARTS = (("chosen", "rejected"), ("anchor", "positive", "negative"), ("anchor", "positive"))  # in names


@dataclass(frozen=True, slots=True)
class Views:
    """How the views of a batch of B samples stand in a tensor of n · B rows.

    Attributes:
        n: Views of each sample.
        in_turn: Whether the views of a sample follow each other; else all first views come first.
    """

    n: int
    in_turn: bool

    def first(self, tensor: Tensor, rows: int) -> Tensor:
        """The rows of the first views; the tensor as it is if it has other rows."""
        if tensor.shape[:1] != (self.n * rows,):
            return tensor
        return tensor[:: self.n] if self.in_turn else tensor[:rows]


def views_in(batch: Any, rows: int) -> Sequence[Tensor]:
    """The views `[B, …]` that a batch holds where inputs are; empty if there are none."""
    parts = parts_of(batch)
    usual = [part for name, part in parts if name in (*INPUT_KEYS, _TOKENS, 0)]
    for part in (batch, *usual):
        if not isinstance(part, (list, tuple)):
            continue
        views = [each for each in cast("Sequence[Any]", part) if isinstance(each, Tensor)]
        alike = len({(each.shape, each.dtype) for each in views}) == 1
        if alike and len(views) == len(part) > 1 and views[0].ndim > 1 and len(views[0]) == rows:
            return views
    for part in (batch, *usual):
        if isinstance(part, Tensor) and part.ndim > 2 and len(part) == rows and 1 < part.shape[1] <= _MOST:
            return part.unbind(1)
    return _named_views(batch) if isinstance(batch, Mapping) else ()


def _named_views(batch: Mapping[Any, Any]) -> Sequence[Tensor]:
    """What stands under names that differ in which row of a sample it is, of the same shape."""
    for names in _PARTS:
        for key in batch:
            keys = [key.replace(names[0], name) for name in names] if isinstance(key, str) else []
            views = [view for each in keys if isinstance(view := batch.get(each), Tensor) and view.ndim > 1]
            of_inputs = isinstance(key, str) and any(each in key for each in (*INPUT_KEYS, _TOKENS))
            differ = all(one != other for one, other in pairwise(keys))
            alike = len({(each.shape, each.dtype) for each in views}) == 1
            if of_inputs and differ and alike and len(views) == len(names):
                return views
    return ()


def joined(tensor: Tensor, views: Sequence[Tensor]) -> Views | None:
    """How views were joined to what a module takes; None if that is something else."""
    if not views or tensor.shape != (len(views) * len(views[0]), *views[0].shape[1:]):
        return None
    for found in (Views(len(views), in_turn=False), Views(len(views), in_turn=True)):
        whole = torch.stack(list(views), 1).flatten(0, 1) if found.in_turn else torch.cat(list(views))
        if torch.equal(tensor, whole.to(tensor)):
            return found
    return None
