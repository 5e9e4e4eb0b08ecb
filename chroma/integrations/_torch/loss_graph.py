"""What the loss of a training compares with the labels, read from its graph before the backward pass.

Nodes of PyTorch's losses keep their targets: where these are the labels of the batch, the loss says what the
labels are. Functions of the user's own and compiled code say nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from torch import Tensor

from chroma.capture.heads import Loss
from chroma.errors import ConfigError
from chroma.integrations._torch.batch import BatchReader
from chroma.integrations._torch.batch_parts import rows_in
from chroma.integrations._torch.hooks import to_numpy
from chroma.records import Array

_MOST_NODES = 200  # from the loss towards the model
_OF_NODES: dict[str, Loss] = {
    "NllLossBackward0": "classes",
    "BinaryCrossEntropyBackward0": "classes",
    "BinaryCrossEntropyWithLogitsBackward0": "classes",
    "MseLossBackward0": "quantities",
    "SmoothL1LossBackward0": "quantities",
    "HuberLossBackward0": "quantities",
}


class LossOfBatch:
    """Reads the losses of one batch of a training.

    Args:
        reader: Reads the labels of the batch.

    Attributes:
        compares: What they compare; "others" if that is one number per sample, but not its label.
        scores: How many scores per sample are compared with the labels as classes; 0 where it is not known.
    """

    def __init__(self, reader: BatchReader) -> None:
        self._reader = reader
        self._labels: Array | None = None
        self.compares: Loss = "unknown"
        self.scores = 0

    def begin(self, batch: Any) -> None:
        """The batch is about to go through the model."""
        size = rows_in(batch)
        self._labels = None
        with suppress(ConfigError):  # said where labels are captured
            labels = self._reader.labels.peek(batch, size) if size else None
            if labels is not None and labels.ndim == 1 and labels.dtype.kind in "if":
                self._labels = labels

    def see(self, loss: Tensor) -> None:
        """A backward pass from this loss is about to begin."""
        if self._labels is None or self.compares in ("classes", "quantities"):
            return
        for kind, node in loss_nodes(loss):
            target = to_numpy(node._saved_target)
            if target.size != len(self._labels):
                continue
            if np.array_equal(target.reshape(-1).astype(np.float64), self._labels.astype(np.float64)):
                self.compares = kind
                if kind == "classes":
                    self.scores = node._saved_self.numel() // target.size
                return
            self.compares = "others"


def loss_nodes(loss: Tensor) -> Iterator[tuple[Loss, Any]]:
    """What the losses near the end of a graph compare, and their nodes, which keep targets and weights."""
    seen: set[Any] = set()
    below: deque[Any] = deque([loss.grad_fn])
    while below and len(seen) < _MOST_NODES:
        node = below.popleft()
        if node is None or node in seen:
            continue
        seen.add(node)
        kind = _OF_NODES.get(type(node).__name__)
        if kind is not None:
            yield kind, node
        else:
            below.extend(each for each, _ in node.next_functions)
