"""Watches the modules of a PyTorch model during one batch, so that layers are chosen by what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from math import prod
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from chroma.capture.layers import Chosen, Layer
from chroma.capture.modules import Channels, Module
from chroma.capture.pooling import Pool
from chroma.guard import Guard
from chroma.integrations._torch.call_origin import CallOrigins
from chroma.integrations._torch.channels import ChannelsSeen, arranged
from chroma.integrations._torch.dependence import LEAST_ROWS, Rows, goes_with, rows_in
from chroma.integrations._torch.hooks import first_tensor, modules_of, tensors_in, vectors_of
from chroma.integrations._torch.label_parts import key_of
from chroma.integrations._torch.layer_hooks import Place
from chroma.integrations._torch.model_outputs import ModelOutputs
from chroma.integrations._torch.module_calls import ModuleCall, ModuleCalls
from chroma.integrations._torch.views import Views, joined, views_in
from chroma.records import Array

_MOST_KNOWN = 32  # values that those of a call are compared with
_MOST_CALLS = 16  # of the training step whose values are compared with the batch


class FirstBatch:
    """Watches all modules during one batch, so that layers are chosen among those that really fire.

    Keeps a pooled copy of what each took and gave: what is chosen is captured from this batch on.

    Args:
        model: The model.
        wanted: Layers the user asked for, by name as stored.
        guard: Stops our errors inside the user's forward pass.

    Attributes:
        beside: What the model was called with besides its first argument: the argument's name, by tensor.
        compared: The targets that losses of PyTorch were called with, by tensor.
        views: How several views of each sample were joined; None where none were.
        cut: Names of layers, as stored, of which the first views are taken.
    """

    def __init__(self, model: nn.Module, wanted: Mapping[str, Layer], guard: Guard) -> None:
        self._modules = modules_of(model)
        self._wanted = wanted
        self._guard = guard
        self._handles: list[RemovableHandle] = []
        self._fired: dict[str, ModuleCalls] = {}
        self._matrices: dict[str, bool] = {}  # whether a module has a matrix of weights
        self._running: list[tuple[str, ModuleCall]] = []
        self._given = ModelOutputs()
        self._entered: dict[int, list[Rows]] = {}  # by outermost call that is not linked: what went in
        self._gave: dict[int, list[Rows]] = {}  # and what came out
        self._left: list[Rows] = []  # what linked outermost calls gave
        self._origins = CallOrigins()
        self._channels = ChannelsSeen()
        self._batch_rows: list[Rows] = []
        self._told = False  # whether it can be told if values go with the batch
        self._outputs = 0
        self._rows = 0
        self._mask: Tensor | None = None
        self._batch_views: Sequence[Tensor] = ()
        self._called = False  # the model itself
        self.beside: dict[object, str] = {}
        self.compared: set[object] = set()
        self.views: Views | None = None
        self.cut: set[str] = set()

    def begin(self, batch: Any, rows: int, mask: Tensor | None = None) -> None:
        """Watch the batch that comes, of so many rows; `mask` is that of `vectors_of`."""
        self._rows, self._mask, self._batch_views = rows, mask, views_in(batch, rows)
        self._origins.begin(batch)
        self._batch_rows = rows_in(batch, rows)
        self._told = bool(self._batch_rows) and rows >= LEAST_ROWS
        for name, module in self._modules.items():
            if not isinstance(module, torch.jit.ScriptModule) and "parametrizations" not in name.split("."):
                self._watch(name, module)

    @property
    def outermost(self) -> frozenset[str]:
        """Names of the modules that the training step itself called."""
        return frozenset(self._origins.outermost)

    def end(self) -> list[Module]:
        """The modules that fired, in the order of their outputs."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._origins.end()
        related = self._related()
        self._given.settle(related)
        for calls in self._fired.values():
            calls.choose(self._rows, related)
        # with few rows nothing tells whether a call that is not linked goes with them
        others = self._told and bool(self._left or any(related.values()))
        done = sorted(
            (name for name, calls in self._fired.items() if calls.different),
            key=lambda name: self._fired[name].call.order,
        )
        inner = {name.rpartition(".")[0] for name in done}
        inner |= {parent for name in inner for parent in _parents(name)}
        matrices = {name: self._matrices[name] for name in done}
        last = next((name for name in reversed(done) if name not in inner and matrices[name]), "")
        modules: list[Module] = []
        for name in done:
            calls = self._fired[name]
            gives = (
                self._given.which(calls.call, self._rows, is_last=name == last) if matrices[name] else None
            )
            own = any(True for _ in self._modules[name].parameters(recurse=False))
            modules.append(
                Module(
                    name,
                    leaf=name not in inner,
                    parametrised=matrices[name] or own,
                    input=calls.call.input,
                    output=calls.call.output,
                    matrix=matrices[name],
                    gives=None if gives is None else gives.number,
                    calls=calls.count,
                    differs=calls.differs,
                    squashed=gives is not None and gives.squashed,
                    pooled="" if gives is None else gives.pooled,
                    known=calls.is_known(self._rows, related, others=others),
                    first=calls.counts == 0,
                    learns=calls.call.learns,
                    widened=name == last and self._given.least_values > prod((calls.call.output or ())[1:]),
                    channels_in=calls.call.channels_in,
                    channels_out=calls.call.channels_out,
                )
            )
        return modules

    def values(self, layer: Chosen) -> Array | Tensor | None:
        """What a chosen layer gave in the batch, `[B, d]`."""
        call = self._fired[layer.module].call
        kept = call.kept_input if layer.of_input else call.kept_output
        pooled = call.pooled_in if layer.of_input else call.pooled_out
        return pooled.get(layer.pool, kept) if isinstance(layer.pool, str) else kept

    def place(self, layer: Chosen) -> Place:
        """Which of the calls of a layer's module that are not linked to the batch counts, of how many."""
        calls = self._fired[layer.module]
        return Place(calls.counts, max(1, len(calls.different)), calls.call.linked)

    def _watch(self, name: str, module: nn.Module) -> None:
        border = self._guard.fail_safe("looking at the model's layers")
        origins = self._origins

        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if torch.compiler.is_compiling():  # what is compiled is the user's own
                return
            with border:
                outermost = origins.depth == 0
                self._look_for_views((*args, *kwargs.values()))
                if not name or _is_loss(module) or (outermost and not self._called):
                    self._called = self._called or not name
                    self._see_arguments(module, args, kwargs)
                origins.enter(name, module, args, kwargs)
                unlinked = outermost and origins.depth and not origins.linked
                if unlinked and len(self._entered) < _MOST_CALLS:
                    self._entered[origins.number] = rows_in((args, kwargs), self._rows)
                if not name:
                    return
                call = ModuleCall(origins.number, origins.linked, torch.is_grad_enabled())
                self._running.append((name, call))
                self._fired.setdefault(name, ModuleCalls()).count += 1
                taken = self._see(name, module, (*args, *kwargs.values()), of_input=True)
                call.input, call.channels_in, call.kept_input, call.pooled_in = taken

        def after(_: nn.Module, args: Any, output: Any) -> None:
            if torch.compiler.is_compiling():
                return
            with border:
                if origins.depth <= 1:
                    self._see_outermost(name, args, output)
                while name and self._running:
                    entered, call = self._running.pop()
                    if entered != name:  # it ended in an error that the user caught
                        continue
                    given = self._see(name, module, output, of_input=False)
                    call.output, call.channels_out, call.kept_output, call.pooled_out = given
                    self._outputs = call.order = self._outputs + 1
                    self._fired[name].keep(call, self._rows)
                    self._matrices[name] = self._matrices.get(name, False) or _has_matrix(module)
                    break
                origins.leave(name, output)

        self._handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        self._handles.append(module.register_forward_hook(after))

    def _see_outermost(self, name: str, args: Any, output: Any) -> None:
        """Keep what the model, or a module that the training step itself called, gave."""
        origins = self._origins
        views = map(self._first_views, tensors_in(output))
        self._given.see(views, first_tensor(args), self._rows, origins.linked, not name, origins.number)
        if origins.linked and len(self._left) < _MOST_CALLS:
            self._left += rows_in(output, self._rows)
        elif origins.number in self._entered:
            self._gave[origins.number] = rows_in(output, self._rows)

    def _see_arguments(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep what is taken besides inputs: by the model, or what comes first."""
        names = [*signature(module.forward).parameters, *("" for _ in args)]
        named = [*zip(names[1:], args[1:], strict=False), *kwargs.items()]
        if _is_loss(module):
            self.compared |= {key for _, value in named if (key := key_of(value)) is not None}
        else:
            self.beside |= {key: name for name, value in named if (key := key_of(value)) is not None}

    def _look_for_views(self, taken: tuple[Any, ...]) -> None:
        """How several rows of each sample were joined: by the step before the model, or within it."""
        if self.views is None and self._batch_views:
            tensors = (value for value in taken if isinstance(value, Tensor))
            found = (joined(tensor, self._batch_views) for tensor in tensors)
            self.views = next((each for each in found if each is not None), None)

    @overload
    def _first_views(self, tensor: Tensor) -> Tensor: ...
    @overload
    def _first_views(self, tensor: Tensor | None) -> Tensor | None: ...
    def _first_views(self, tensor: Tensor | None) -> Tensor | None:
        return tensor if tensor is None or self.views is None else self.views.first(tensor, self._rows)

    def _see(
        self, name: str, module: nn.Module, value: Any, *, of_input: bool
    ) -> tuple[tuple[int, ...] | None, Channels, Any, dict[str, Any]]:
        """What a module took or gave: see the attributes of `ModuleCall`, in their order."""
        whole = first_tensor(value)
        tensor = self._first_views(whole)
        if tensor is None:
            return None, "", None, {}
        stored = f"{name}:input" if of_input else name
        if tensor is not whole:
            self.cut.add(stored)
        layer = self._wanted.get(stored)
        channels = self._channels.of(module, tensor, of_input=of_input)
        if layer is None or not callable(layer.pool):
            tensor = arranged(tensor, channels, self._mask)
        shape = tuple(tensor.shape)
        if not (shape[:1] == (self._rows,) and tensor.ndim <= 5) and (
            layer is None or not callable(layer.pool)
        ):
            return shape, channels, None, {}
        rule: Pool = "auto" if layer is None else layer.pool
        rules: list[Pool] = [rule]
        if tensor.ndim == 3 and not callable(rule):
            rules.append("cls")
            if self._mask is not None:  # else it is not known which token is the last
                rules.append("last")
        kept = [vectors_of(tensor, self._rows, each, f"layer {name!r}", self._mask) for each in rules]
        copies = [each.clone() if isinstance(each, Tensor) else np.array(each) for each in kept]
        names = ["mean" if rule == "auto" else str(rule), *map(str, rules[1:])]
        pooled = dict(zip(names, copies, strict=True)) if tensor.ndim > 2 else {}
        return shape, channels, copies[0], pooled

    def _related(self) -> dict[int, bool]:
        """Of each outermost call that is not linked: whether what went in goes with the batch's samples."""
        known, related = [*self._left, *self._batch_rows], dict[int, bool]()
        for number, entered in self._entered.items():  # in their order: one may take what another gave
            related[number] = goes_with(entered, known)
            if related[number]:
                known = [*self._gave.get(number, ()), *known][:_MOST_KNOWN]
        return related


def _is_loss(module: nn.Module) -> bool:
    return type(module).__module__ == "torch.nn.modules.loss"


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _has_matrix(module: nn.Module) -> bool:
    """Whether a module has weights of its own with two axes or more, also parametrised ones.

    To be asked while it runs: before and after, FSDP keeps them flat; DeepSpeed tells their shape.
    """
    made = getattr(module, "parametrizations", None)
    weights = [*module.parameters(recurse=False), *(made.parameters() if isinstance(made, nn.Module) else ())]
    views = [each for each in vars(module).values() if isinstance(each, Tensor) and each.requires_grad]
    return any(len(getattr(each, "ds_shape", each.shape)) > 1 for each in (*weights, *views))
