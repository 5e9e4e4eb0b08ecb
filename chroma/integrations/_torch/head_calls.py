"""What the head of a classifier gives in each batch of a training, and which labels its loss compares it to.

A step may call the head several times, on mixed samples, or on other rows. So labels are those of the batch
only if the graph of the loss says so: it leads from the labels to just what the head gave. Where a loss
cannot be read, as one of the user's own, what goes into the model must share memory with the batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from chroma.capture.modules import Channels
from chroma.capture.pooling import Pool
from chroma.guard import Guard
from chroma.integrations._torch.channels import arranged
from chroma.integrations._torch.direct_calls import Copied, DirectCalls
from chroma.integrations._torch.hooks import first_tensor, vectors_of
from chroma.integrations._torch.host_copies import Later, host_copy
from chroma.integrations._torch.loss_graph import loss_nodes
from chroma.integrations._torch.module_calls import as_tensor

_MOST_CALLS = 4  # of the head in a batch: those of optimizers that evaluate again come later
_MOST_NODES = 40  # from a loss to what the head gave
_MARK = "chroma head"  # in the metadata of a node of the graph, which live as long as it does


@dataclass(frozen=True, slots=True)
class HeadCall:
    """One call of the head.

    Attributes:
        scores: Gives what it gave, `[B, C]` or `[B]`.
        bytes: Memory they take.
        targets: Give what the loss compares them with, None for the batch's labels themselves; empty if that
            cannot be read, but their rows are the batch's; None if neither is known.
        copied: Tells whether its rows are the batch's; None if that is known.
    """

    scores: Later
    bytes: int
    targets: tuple[Later | None, ...] | None
    copied: Copied | None = None


class HeadCalls:
    """Hooks the head while a batch runs, and takes the call whose rows are the batch's.

    Args:
        modules: The modules of the model by name.
        head: Name of the head.
        outermost: Names of the modules that the training step itself calls; empty if its losses can be read,
            so that nothing else has to be followed.
        guard: Stops our errors inside the user's forward pass.
        pool: The rule by which the model makes scores of what the head gives for each token or pixel.
        channels: Where the scores stand in what it gives.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        head: str,
        outermost: Collection[str],
        guard: Guard,
        pool: Pool = "auto",
        channels: Channels = "",
    ) -> None:
        self._head = modules[head]
        self._direct = DirectCalls(modules, outermost, guard) if outermost else None
        self._border = guard.fail_safe("taking what the head gives")
        self._handle: RemovableHandle | None = None  # it names the hook, which is there during a batch only
        self._pool: Pool = pool
        self._channels: Channels = channels
        self._running = False
        self._rows = 0
        self._mask: Tensor | None = None
        self._token = object()
        self._labels: tuple[Tensor, int] | None = None  # and their version, as the batch began
        self._calls: list[tuple[Later, int, bool, Copied | None]] = []  # as `HeadCall`, and whether direct
        self._targets: dict[int, list[Later | None]] = {}  # by call

    def begin(self, batch: Any, rows: int, labels: Any, mask: Tensor | None = None) -> None:
        """A batch is about to go through the model.

        Args:
            batch: The batch.
            rows: Samples in it.
            labels: What stands in it where labels are.
            mask: As `vectors_of` takes it.
        """
        if self._running:
            self.end()
        self._running = True
        self._rows, self._mask, self._token = rows, mask, object()
        self._labels = (labels, labels._version) if isinstance(labels, Tensor) else None
        if self._handle is None:
            self._handle = self._head.register_forward_hook(self._see)
        else:  # the same again, which takes a tenth of the time
            hooks = self._head._forward_hooks  # pyright: ignore[reportPrivateUsage]
            hooks[self._handle.id] = self._see
        if self._direct is not None:  # whose hooks come after, as a call is direct until it is over
            self._direct.begin(batch)

    def see_loss(self, loss: Tensor) -> None:
        """A backward pass from this loss is about to begin."""
        if not self._calls:
            return
        for kind, node in loss_nodes(loss):
            number = self._call_below(node) if kind == "classes" else None
            if number is None:
                continue
            target = node._saved_target
            given = None if self._are_labels(target) else host_copy(target)
            self._targets.setdefault(number, []).append(given)

    def end(self) -> HeadCall | None:
        """The batch is over; returns the call whose rows are the batch's, None if there was no call."""
        self._running = False
        if self._handle is not None:
            hooks = self._head._forward_hooks  # pyright: ignore[reportPrivateUsage]
            hooks.pop(self._handle.id, None)
        if self._direct is not None:
            self._direct.end()
        self._labels = None
        calls, self._calls = self._calls, []
        targets, self._targets = self._targets, {}
        if targets:
            number = min(targets)
            scores, size, *_ = calls[number]
            return HeadCall(scores, size, tuple(targets[number]))
        for scores, size, direct, copied in calls:
            if direct or copied is not None:
                return HeadCall(scores, size, (), copied)
        return HeadCall(*calls[0][:2], None) if calls else None

    def _see(self, _: nn.Module, args: Any, output: Any) -> None:
        if torch.compiler.is_compiling():  # what is compiled is the user's own
            return
        with self._border:
            tensor = first_tensor(output)
            if tensor is None or not tensor.requires_grad or not torch.is_grad_enabled():
                return
            if tensor.shape[:1] != (self._rows,) or len(self._calls) == _MOST_CALLS:
                return
            if (scores := self._scores_of(tensor)) is None:
                return
            node: Any = tensor.grad_fn  # `metadata` is declared as a method
            node.metadata[_MARK] = (self._token, len(self._calls))
            direct, copied = False, None
            if self._direct is not None:
                direct, copied = self._direct.running, self._direct.copied
            self._calls.append((host_copy(scores), scores.nbytes, direct, copied))

    def _scores_of(self, tensor: Tensor) -> Tensor | None:
        """`[B, C]` or `[B]` of what the head gave; None if it gives more, and no rule is known."""
        if tensor.ndim <= 2:
            return tensor
        if self._pool == "auto":
            return None
        tensor = arranged(tensor, self._channels, self._mask)
        vectors = vectors_of(tensor, self._rows, self._pool, "the head", self._mask)
        return None if vectors is None else as_tensor(vectors)

    def _are_labels(self, target: Tensor) -> bool:
        """Whether a loss's targets are the batch's labels themselves, so that there is nothing to compare."""
        if self._labels is None:
            return False
        labels, version = self._labels
        same = target.data_ptr() == labels.data_ptr() and target.numel() == labels.numel()
        return same and target.dtype == labels.dtype and labels._version == version

    def _call_below(self, node: Any) -> int | None:
        """Which call of the head a loss's node leads to, None if to none."""
        seen: set[Any] = set()
        below: deque[Any] = deque([node])
        while below and len(seen) < _MOST_NODES:
            each = below.popleft()
            if each is None or each in seen:
                continue
            seen.add(each)
            token, number = each.metadata.get(_MARK, (None, None))
            if token is self._token:
                return number
            below.extend(next_node for next_node, _ in each.next_functions)
        return None
