"""Whether a batch holds a class for each pixel, token or step in time of what a model gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from chroma.capture.modules import Module
from chroma.capture.places import are_of_places
from chroma.integrations._torch.batch_parts import parts_of
from chroma.integrations._torch.label_parts import INPUT_KEYS


def has_place_targets(batch: Any, fired: Sequence[Module]) -> bool:
    """Whether a tensor of the batch besides its inputs gives classes of places.

    Args:
        batch: The batch.
        fired: The modules that it went through, in the order of their outputs.
    """
    last = next((each for each in reversed(fired) if each.leaf and each.matrix), None)
    if last is None or last.output is None or len(last.output) < 3:
        return False
    tensors = [(name, part) for name, part in parts_of(batch) if isinstance(part, Tensor) and _is_plain(part)]
    inputs = [part for name, part in tensors if name == 0 or name in INPUT_KEYS]
    for name, part in tensors:
        if name == 0 or name in INPUT_KEYS:
            continue
        same = any(part.shape == each.shape and torch.equal(part, each.to(part)) for each in inputs)
        whole = not part.is_floating_point()
        binary = not same and bool(((part == 0) | (part == 1)).all())
        if are_of_places(part.shape, last.output, whole=whole, binary=binary):
            return True
    return False


def _is_plain(part: Tensor) -> bool:
    """Whether values can be compared: not those of sparse, nested, quantized or 8-bit tensors."""
    strided = part.layout is torch.strided and not part.is_nested and not part.is_quantized
    return strided and (not part.is_floating_point() or part.dtype.itemsize > 1) and not part.is_complex()
