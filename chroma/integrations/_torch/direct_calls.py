"""Which calls of a training step are on the batch as it is: nothing was mixed or changed before them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils.hooks import RemovableHandle

from chroma.guard import Guard
from chroma.integrations._torch.call_origin import storage_of, tensors_of
from chroma.integrations._torch.host_copies import Later, host_copy

_VALUES = 32  # of a row that are compared
_DISTINCT = 0.9  # share of the rows that must differ from all others, or their order is not known


@dataclass(frozen=True, slots=True)
class Copied:
    """Some values of each row, of the batch and of what went into a call: a copy, as on another device?"""

    batch: Later
    taken: Later

    def equal(self) -> bool:
        """Whether they are the same, row by row; may wait for a device."""
        batch, taken = (each().astype(np.float32) for each in (self.batch, self.taken))
        if not np.array_equal(batch, taken, equal_nan=True):
            return False
        return len({row.tobytes() for row in batch}) >= _DISTINCT * len(batch)


class DirectCalls:
    """Follows the calls that a training step itself makes, during one batch.

    A call is direct if the first tensor that goes in shares memory with the batch, which nobody wrote to
    since, or with what a direct call of a module with weights gave: modules without may mix samples.

    Args:
        modules: The modules of the model by name.
        outermost: Names of those that the training step calls.
        guard: Stops our errors inside the user's forward pass.

    Attributes:
        running: Whether a direct call runs.
        copied: Tells whether the call that runs, if it is not direct, is on a copy of the batch; None if not.
    """

    def __init__(self, modules: Mapping[str, nn.Module], outermost: Collection[str], guard: Guard) -> None:
        self._watched = [(name, modules[name]) for name in outermost if name in modules]
        self._learns = {name: any(True for _ in module.parameters()) for name, module in self._watched}
        self._border = guard.fail_safe("following the calls of the training step")
        self._handles: list[RemovableHandle] = []
        self._batch: Any = None
        self._known: dict[int, StorageWeakRef] = {}  # memory of direct tensors, by address
        self._versions: list[tuple[Tensor, int]] = []  # of the batch's tensors, as it began
        self._stack: list[str] = []
        self.running = False
        self.copied: Copied | None = None

    def begin(self, batch: Any) -> None:
        """A batch begins."""
        self._batch = batch
        for tensor in tensors_of(batch):
            self._versions.append((tensor, tensor._version))
            self._remember(tensor)
        for name, module in self._watched:
            self._watch(name, module)

    def end(self) -> None:
        """The batch is over: forget it."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._known.clear()
        self._versions.clear()
        self._stack.clear()
        self._batch, self.running, self.copied = None, False, None

    def _watch(self, name: str, module: nn.Module) -> None:
        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if torch.compiler.is_compiling():  # what is compiled is the user's own
                return
            with self._border:
                if name == "" and args and args[0] is self._batch and "forward" in vars(module):
                    return  # as Lightning calls the training step within DistributedDataParallel
                self._stack.append(name)
                if len(self._stack) == 1:
                    self._enter(next(iter(tensors_of((args, kwargs))), None))

        def after(_: nn.Module, args: Any, output: Any) -> None:
            if torch.compiler.is_compiling():
                return
            with self._border:
                while self._stack and self._stack.pop() != name:
                    pass  # those above it ended in an error that the user caught
                if self._stack:
                    return
                if self.running and self._learns[name]:
                    for tensor in tensors_of(output):
                        self._remember(tensor)
                self.running, self.copied = False, None

        self._handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        self._handles.append(module.register_forward_hook(after))

    def _enter(self, taken: Tensor | None) -> None:
        unchanged = all(tensor._version == version for tensor, version in self._versions)
        self.running, self.copied = False, None
        if not unchanged or taken is None:
            return
        self.running = self._is_known(taken)
        alike = (each for each, _ in self._versions if each.shape == taken.shape and taken.ndim > 1)
        if not self.running and (origin := next(alike, None)) is not None:
            self.copied = Copied(host_copy(_some(origin)), host_copy(_some(taken)))

    def _remember(self, tensor: Tensor) -> None:
        storage = storage_of(tensor)
        if storage is not None:  # a weak reference: the address is not given out again while it lives
            self._known[storage._cdata] = StorageWeakRef(storage)

    def _is_known(self, tensor: Tensor) -> bool:
        storage = storage_of(tensor)
        return storage is not None and storage._cdata in self._known


def _some(tensor: Tensor) -> Tensor:
    """A few values of each row, spread over it."""
    flat = tensor.detach().reshape(len(tensor), -1)
    return flat[:, :: -(-flat.shape[1] // _VALUES)]
