"""Which calls of a model's modules are on the rows of the batch, and which on others, as a GAN's own images.

A call is linked to the batch if something that goes in shares memory with the batch or with what a linked
call gave, or was computed from the latter as autograd remembers. Calls within a linked call are linked.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

_MOST_TENSORS = 1_000  # of one value that are looked at
_MOST_FLAT = 16  # of a list of tensors alone, which is taken as it is
_MOST_NODES = 200  # of a graph that are walked through
_MARK = "chroma"  # in the metadata of a node of the graph, which live as long as it does


class CallOrigins:
    """Follows the calls of hooked modules during one batch; holds no tensor of it.

    Attributes:
        number: How many calls the training step itself has made, those within them not counted.
        depth: How many modules within each other are called now, without one that runs the training step.
        outermost: Names of the modules it called.
    """

    def __init__(self) -> None:
        self._batch: Any = None
        self._given: dict[int, weakref.ref[Tensor]] = {}  # the batch's tensors, by identity
        self._known: dict[int, StorageWeakRef] = {}  # memory of linked tensors, by address
        self._token = object()
        # of the calls that run: the module's name, and whether it is linked; None for the step itself
        self._stack: list[tuple[str, bool | None]] = []
        self.depth = 0
        self.number = 0
        self.outermost: set[str] = set()

    @property
    def batch(self) -> Any:
        """The batch that runs; None between batches."""
        return self._batch

    @property
    def linked(self) -> bool:
        """Whether the call that runs is linked to the batch."""
        return bool(self._stack and self._stack[-1][1])

    def begin(self, batch: Any) -> None:
        """A batch begins."""
        self.end()
        self._batch = batch
        given = list(tensors_of(batch))
        self._given = {id(tensor): weakref.ref(tensor) for tensor in given}
        for tensor in given:
            self._remember(tensor)

    def end(self) -> None:
        """The batch is over: forget it."""
        self._batch = None
        self._given.clear()
        self._known.clear()
        self._stack.clear()
        self._token = object()
        self.depth = self.number = 0

    def enter(self, name: str, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A module is called."""
        # DistributedDataParallel of Lightning calls the training step as the model's `forward`
        if name == "" and args and args[0] is self._batch and "forward" in vars(module):
            self._stack.append((name, None))
            return
        if self.depth == 0:
            self.number += 1
            self.outermost.add(name)
        self.depth += 1
        linked = self.linked or self._is_linked(tensors_of((args, kwargs) if kwargs else args))
        self._stack.append((name, linked))

    def leave(self, name: str, output: Any) -> None:
        """The call of a module is over."""
        while self._stack:  # those above it ended in an error that the user caught
            entered, linked = self._stack.pop()
            self.depth -= linked is not None
            if entered == name:
                break
        else:
            return
        if linked:
            for tensor in tensors_of(output):
                self._remember(tensor)
                node: Any = tensor.grad_fn  # `metadata` is declared as a method
                if node is not None:
                    node.metadata[_MARK] = self._token

    def _is_linked(self, tensors: Iterable[Tensor]) -> bool:
        tensors = list(tensors)
        return any(map(self._is_given, tensors)) or any(map(self._is_known, tensors))

    def _is_given(self, tensor: Tensor) -> bool:
        given = self._given.get(id(tensor))
        return given is not None and given() is tensor

    def _remember(self, tensor: Tensor) -> None:
        storage = storage_of(tensor)
        if storage is not None:  # a weak reference: the address is not given out again while it lives
            self._known[storage._cdata] = StorageWeakRef(storage)

    def _is_known(self, tensor: Tensor) -> bool:
        storage = storage_of(tensor)
        if storage is not None and storage._cdata in self._known:
            return True
        seen: set[Any] = set()
        below: deque[Any] = deque([tensor.grad_fn])
        while below and len(seen) < _MOST_NODES:
            node = below.popleft()
            if node is None or node in seen:
                continue
            if node.metadata.get(_MARK) is self._token:
                return True
            seen.add(node)
            below.extend(next_node for next_node, _ in node.next_functions)
        return False


def tensors_of(value: Any) -> Iterable[Tensor]:
    """The tensors of any kind in a tensor, list, mapping or object."""
    if isinstance(value, Tensor):  # as most are, or several
        return (value,)
    if type(value) in (tuple, list) and len(value) <= _MOST_FLAT:
        for each in value:
            if not isinstance(each, Tensor):
                break
        else:
            return value
    return _tensors_within(value)


def _tensors_within(value: Any) -> Iterator[Tensor]:
    seen: set[int] = set()
    below: deque[Any] = deque([value])
    while below and len(seen) < _MOST_TENSORS:
        each = below.popleft()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Tensor):
            yield each
        elif isinstance(each, Mapping):
            below.extend(cast("Mapping[Any, Any]", each).values())
        elif isinstance(each, (list, tuple)):
            below.extend(cast("list[Any]", each)[:_MOST_TENSORS])
        elif not isinstance(each, (torch.nn.Module, type)):
            below.extend(getattr(each, "__dict__", {}).values())


def storage_of(tensor: Tensor) -> Any:
    """A tensor's memory; None if it has none of its own."""
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):  # a tensor without memory of its own: sparse, or a subclass
        return None
