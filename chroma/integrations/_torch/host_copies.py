"""Copies of tensors that are on their way to the host: nobody waits for a device on the training's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from chroma.integrations._torch.device_buffers import recorded_on
from chroma.integrations._torch.hooks import to_numpy
from chroma.records import Array

Later = Callable[[], Array]  # gives what was copied; may wait for a device


def host_copy(tensor: Tensor) -> Later:
    """Copy a tensor as it is now; what is returned gives it as NumPy, and may wait in another thread."""
    tensor = tensor.detach()
    if not tensor.is_cuda:
        kept = tensor.clone()
        return lambda: to_numpy(kept)
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    host.copy_(tensor, non_blocking=True)
    arrival = recorded_on(tensor.device)

    def landed() -> Array:
        arrival.synchronize()
        return to_numpy(host)

    return landed


def copy_of(value: Any) -> Callable[[], Any]:
    """The same of whatever stands in a batch: tensors, arrays, lists."""
    if isinstance(value, Tensor):
        return host_copy(value)
    kept: Any = (
        np.array(value)
        if isinstance(value, np.ndarray)
        else list(value)
        if isinstance(value, (list, tuple))
        else value
    )
    return lambda: kept
