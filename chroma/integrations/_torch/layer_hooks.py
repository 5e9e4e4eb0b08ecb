"""Forward hooks on PyTorch modules: values out, nothing in.

Hooks return None, detach and copy at once (a later in-place operation must not reach what was captured),
stand only while a pass is captured, and only ours are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from chroma.capture.layers import Chosen
from chroma.guard import Guard
from chroma.integrations._torch.call_origin import CallOrigins
from chroma.integrations._torch.channels import arranged
from chroma.integrations._torch.dependence import goes_with, rows_in
from chroma.integrations._torch.hooks import first_tensor, modules_of, vectors_of
from chroma.integrations._torch.module_calls import as_tensor, equal
from chroma.integrations._torch.views import Views
from chroma.records import Array

_MOST_CALLS = 8  # of one module that are told apart in a batch


@dataclass(frozen=True, slots=True)
class Place:
    """Which call of a module counts in a batch, where it is called several times by the training step.

    Attributes:
        index: Which of the calls that are not linked to the batch, by different values.
        of: How many of these there are in a batch.
        linked: Whether it is the first one that is linked to the batch instead.
    """

    index: int = 0
    of: int = 1
    linked: bool = False


class LayerTaker:
    """Takes the vectors of one layer from the call in each batch that counts.

    Args:
        layer: The layer.
        take: Is given them, and copies them.
        place: Which call counts, as far as it is known.
        guard: Stops our errors.
    """

    def __init__(
        self,
        layer: Chosen,
        take: Callable[[Any], None],
        place: Place,
        guard: Guard,
    ) -> None:
        self.name = layer.name
        self.place = place
        self._guard = guard
        self._layer = layer
        self._take = take
        self._batch: Any = None
        self._rows = 0
        self._mask: Tensor | None = None
        self._views: Views | None = None
        self._taken = False  # whether the call that counts came
        self._given = False  # whether its vectors were taken
        self._number = 0  # of the outermost call that was looked at last
        self._unlinked: list[Array | Tensor] = []  # what calls gave that are not linked to the batch
        self.doing = f"capturing layer {layer.name}"  # for warnings

    def begin(self, batch: Any, rows: int, mask: Tensor | None, views: Views | None) -> None:
        """A batch begins."""
        self._batch, self._rows, self._mask, self._views = batch, rows, mask, views
        self._taken, self._given, self._number = False, False, 0
        self._unlinked.clear()

    def see(self, value: Any, origins: CallOrigins) -> None:
        """The layer took or gave a value."""
        try:
            self._see(value, origins)
        except Exception as error:  # no `fail_safe`: at each call of each layer, that costs more
            if not self._guard.stop(self.doing, error):
                raise

    def _see(self, value: Any, origins: CallOrigins) -> None:
        if self._taken or (tensor := first_tensor(value)) is None:
            return
        pool = self._layer.pool
        if self._views is not None and not callable(pool):
            tensor = self._views.first(tensor, self._rows)
        if tensor.shape[:1] != (self._rows,) and not callable(pool):
            return
        if not callable(pool):
            tensor = arranged(tensor, self._layer.channels, self._mask)
        about = f"layer {self.name!r}"
        if origins.linked:
            self._taken = True
            vectors = vectors_of(tensor, self._rows, pool, about, self._mask)
            if not self.place.linked:
                self.place = replace(self.place, linked=True)
            self._take(vectors)
            self._given = True
        elif origins.number != self._number and len(self._unlinked) < _MOST_CALLS:
            self._number = origins.number
            vectors = vectors_of(tensor, self._rows, pool, about, self._mask)
            kept = vectors.clone() if isinstance(vectors, Tensor) else np.array(vectors)
            if not any(equal(kept, each) for each in self._unlinked):
                self._unlinked.append(kept)

    def end(self) -> bool:
        """The batch is over; returns whether the layer gave vectors of its rows."""
        batch, self._batch = self._batch, None
        calls, self._unlinked = self._unlinked, []
        if self._taken:
            return self._given
        place = self.place
        if place.linked:  # unless it is the batch's in other ways, as where some batches are augmented
            if len(calls) != 1:
                return False
            if not goes_with(rows_in(as_tensor(calls[0]), self._rows), rows_in(batch, self._rows)):
                return False
        elif len(calls) != place.of:
            return False
        self._take(calls[0 if place.linked else place.index])
        return True


class LayerHooks:
    """Forward hooks that hand each chosen layer's vectors on, for the call in a batch that counts.

    That is the first one with the batch's rows that is linked to the batch (see `CallOrigins`). Where none
    is, as where images are changed before they go into the model, it is the only one, or the one that
    `places` names.

    Args:
        model: The model.
        guard: Stops our errors inside the user's forward pass.

    Attributes:
        guard: As above.
        rows: Samples in the batch that runs; 0 between batches.
        outermost: Names of the modules that the training step itself calls.
        places: Which call counts, by layer.
        views: How several views of each sample stand in what the layers take and give; the first counts.
    """

    def __init__(self, model: nn.Module, guard: Guard) -> None:
        self._modules = modules_of(model)
        self.guard = guard
        self.rows = 0
        self.outermost: Collection[str] = ()
        self.places: dict[str, Place] = {}
        self.views: Views | None = None
        self._handles: list[RemovableHandle] = []
        self._takers: dict[str, tuple[list[LayerTaker], list[LayerTaker]]] = {}  # of inputs, of outputs
        self._all: list[LayerTaker] = []
        self._origins = CallOrigins()

    def begin_batch(self, batch: Any, rows: int, mask: Tensor | None = None) -> None:
        """Take values from now on; `mask` is that of `vectors_of`."""
        for name in self.outermost:
            if name not in self._takers:
                self._watch(name)
        self.rows = rows
        self._origins.begin(batch)
        for taker in self._all:
            taker.begin(batch, rows, mask, self.views)

    def end_batch(self) -> set[str]:
        """Take no more values; returns the layers that gave some."""
        given: set[str] = set()
        for taker in self._all:
            with self.guard.fail_safe(taker.doing):
                if taker.end():
                    given.add(taker.name)
        self._origins.end()
        self.rows = 0
        return given

    def attach(self, layer: Chosen, take: Callable[[Any], None]) -> None:
        """Hand the layer's vectors `[B, d]` of each batch to `take`, which copies them: see `vectors_of`."""
        if layer.module not in self._takers:
            self._watch(layer.module)
        place = self.places.setdefault(layer.name, Place())
        taker = LayerTaker(layer, take, place, self.guard)
        self._takers[layer.module][0 if layer.of_input else 1].append(taker)
        self._all.append(taker)

    def remove(self) -> None:
        """Remove our hooks, and only ours."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        for taker in self._all:  # what was learned in this pass holds in the next
            self.places[taker.name] = taker.place
        self._all.clear()
        self._takers.clear()
        self._origins.end()
        self.rows = 0

    def _watch(self, name: str) -> None:
        module, origins = self._modules[name], self._origins
        takers = self._takers[name] = ([], [])

        def failed(error: Exception) -> bool:
            return not self.guard.stop("following the calls of the model's layers", error)

        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if not self.rows:
                return
            try:
                origins.enter(name, module, args, kwargs)
            except Exception as error:
                if failed(error):
                    raise
            for taker in takers[0]:
                taker.see((*args, *kwargs.values()) if kwargs else args, origins)

        def after(_: nn.Module, args: Any, output: Any) -> None:
            if not self.rows:
                return
            for taker in takers[1]:
                taker.see(output, origins)
            try:
                origins.leave(name, output)
            except Exception as error:
                if failed(error):
                    raise

        self._handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        self._handles.append(module.register_forward_hook(after))
