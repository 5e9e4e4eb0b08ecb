"""Forward hooks on PyTorch modules: values out, nothing in.

Hooks return None, detach and copy at once (a later in-place operation must not reach what was captured),
stand only while a pass is captured, and only ours are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from chroma.capture.layers import Chosen, Layer, Module
from chroma.capture.pooling import Pool, pooled
from chroma.guard import Guard
from chroma.records import Array


def first_tensor(value: Any) -> Tensor | None:
    """The first float tensor in a tensor, tuple, list, mapping or dataclass."""
    if isinstance(value, Tensor):
        return value if value.is_floating_point() else None
    if isinstance(value, (tuple, list)):
        parts = cast("Sequence[Any]", value)
    elif isinstance(value, Mapping):
        value = cast("Mapping[str, Any]", value)
        named = [value[name] for name in ("last_hidden_state", "logits") if name in value]
        parts = named or list(value.values())
    else:
        parts = list(cast("dict[str, Any]", getattr(value, "__dict__", {})).values())
    return next((found for part in parts if (found := first_tensor(part)) is not None), None)


def to_numpy(tensor: Tensor) -> Array:
    """A tensor on the host as NumPy, bfloat16 as float32; may share the tensor's memory."""
    tensor = tensor.detach()
    if tensor.is_floating_point() and tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float()
    return tensor.cpu().numpy()


def vectors_of(
    value: Any, rows: int, pool: Pool, about: str, mask: Tensor | None = None
) -> Array | Tensor | None:
    """`[B, d]` of whatever a module took or gave, pooled on its device; may share its memory.

    Args:
        value: What the module took or gave.
        rows: Samples in the batch.
        pool: How `[B, …]` becomes `[B, d]`.
        about: The layer, for messages.
        mask: `[B, T]`, other than 0 where a token is valid; None for all.

    Returns:
        A tensor if that is a CUDA device, which nobody should wait for; else an array. None where `value`
        holds no float tensor.
    """
    tensor = first_tensor(value)
    if tensor is None:
        return None
    ready = tensor.ndim == 2 and tensor.dtype is torch.float32 and tensor.is_cpu and len(tensor) == rows
    if ready and not callable(pool):  # so are most
        return tensor.detach().numpy()
    with torch.no_grad() if callable(pool) else nullcontext():
        tensor = tensor.detach().float()
        if mask is not None and tensor.ndim == 3 and mask.shape == tensor.shape[:2] and not callable(pool):
            vectors = _of_tokens(tensor, mask.to(tensor.device) != 0, pool)
        else:
            vectors = pooled(tensor, rows, pool, about)
    return vectors if vectors.is_cuda else to_numpy(vectors)


def _of_tokens(values: Tensor, valid: Tensor, pool: Pool) -> Tensor:
    """`[B, D]` of `[B, T, D]`: the mean of the valid tokens, or their first or last, wherever padding is."""
    if pool in ("cls", "last"):
        order = valid.int() if pool == "cls" else valid.int().flip(1)
        first = order.argmax(1)
        return values[
            torch.arange(len(values), device=values.device),
            first if pool == "cls" else valid.shape[1] - 1 - first,
        ]
    kept = torch.where(valid[..., None], values, 0.0)
    return kept.sum(1) / valid.sum(1, keepdim=True).clamp(min=1)


class LayerHooks:
    """Forward hooks that hand each chosen layer's vectors on, for the first call of the module in a batch.

    Args:
        model: The model.
        guard: Stops our errors inside the user's forward pass.
    """

    def __init__(self, model: nn.Module, guard: Guard) -> None:
        self._modules = dict(model.named_modules())
        self.guard = guard
        self._handles: list[RemovableHandle] = []
        self._called: set[str] = set()
        self._given: set[str] = set()
        self.rows = 0  # samples in the batch that runs; 0 between batches
        self._mask: Tensor | None = None

    def begin_batch(self, rows: int, mask: Tensor | None = None) -> None:
        """Take values from now on; `mask` is that of `vectors_of`."""
        self.rows, self._mask = rows, mask
        self._called.clear()
        self._given.clear()

    def end_batch(self) -> set[str]:
        """Take no more values; returns the layers that gave some."""
        self.rows = 0
        return self._given

    def attach(self, layer: Chosen, take: Callable[[Any], None]) -> None:
        """Hand the layer's vectors `[B, d]` of each batch to `take`, which copies them: see `vectors_of`."""
        name, pool, about = layer.name, layer.pool, f"layer {layer.name!r}"
        border = self.guard.fail_safe(f"capturing layer {name}")

        def hand_on(value: Any) -> None:
            if not self.rows or name in self._called:
                return
            self._called.add(name)
            with border:
                values = vectors_of(value, self.rows, pool, about, self._mask)
                if values is not None:
                    take(values)
                    self._given.add(name)

        self._hook(self._modules[layer.module], layer.of_input, hand_on)

    def remove(self) -> None:
        """Remove our hooks, and only ours."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self.rows = 0

    def _hook(self, module: nn.Module, of_input: bool, hand_on: Callable[[Any], None]) -> None:
        if of_input:

            def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
                hand_on((*args, *kwargs.values()))

            self._handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        else:

            def after(_: nn.Module, args: Any, output: Any) -> None:
                hand_on(output)

            self._handles.append(module.register_forward_hook(after))


class FirstBatch:
    """Watches all modules during one batch, so that layers are chosen among those that really fire.

    Keeps a pooled copy of what each took and gave: what is chosen is captured from this batch on.

    Args:
        model: The model.
        wanted: Layers the user asked for, by name as stored.
        guard: Stops our errors inside the user's forward pass.
    """

    def __init__(self, model: nn.Module, wanted: Mapping[str, Layer], guard: Guard) -> None:
        self._model = model
        self._wanted = wanted
        self._guard = guard
        self._handles: list[RemovableHandle] = []
        self._fired: dict[str, dict[str, Any]] = {}
        self._rows = 0
        self._mask: Tensor | None = None

    def begin(self, rows: int, mask: Tensor | None = None) -> None:
        """Watch the batch that comes; `mask` is that of `vectors_of`."""
        self._rows, self._mask = rows, mask
        for name, module in self._model.named_modules():
            if name and not isinstance(module, torch.jit.ScriptModule):
                self._watch(name, module)

    def end(self) -> list[Module]:
        """The modules that fired, in the order of firing."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        modules = dict(self._model.named_modules())
        return [
            Module(
                name,
                leaf=next(modules[name].children(), None) is None,
                parametrised=next(modules[name].parameters(recurse=False), None) is not None,
                input=seen["input"],
                output=seen["output"],
                calls=seen["calls"],
            )
            for name, seen in self._fired.items()
            if "output" in seen
        ]

    def values(self, layer: Chosen) -> Array | Tensor | None:
        """What a chosen layer gave in the batch, `[B, d]`."""
        return self._fired[layer.module].get("kept input" if layer.of_input else "kept output")

    def _watch(self, name: str, module: nn.Module) -> None:
        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            with self._guard.fail_safe("looking at the model's layers"):
                seen = self._fired.setdefault(name, {"calls": 0})
                seen["calls"] += 1
                if seen["calls"] == 1:
                    self._see(seen, name, "input", (*args, *kwargs.values()))

        def after(_: nn.Module, args: Any, output: Any) -> None:
            with self._guard.fail_safe("looking at the model's layers"):
                seen = self._fired.get(name)
                if seen is not None and "output" not in seen:
                    self._see(seen, name, "output", output)
                    # in the order of the outputs: the head is the last one to give some
                    self._fired[name] = self._fired.pop(name)

        self._handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        self._handles.append(module.register_forward_hook(after))

    def _see(self, seen: dict[str, Any], name: str, side: str, value: Any) -> None:
        tensor = first_tensor(value)
        seen[side] = None if tensor is None else tuple(tensor.shape)
        layer = self._wanted.get(name if side == "output" else f"{name}:input")
        if tensor is None or (layer is None and not (tensor.shape[:1] == (self._rows,) and tensor.ndim <= 5)):
            return
        pool: Pool = "auto" if layer is None else layer.pool
        vectors = vectors_of(tensor, self._rows, pool, f"layer {name!r}", self._mask)
        seen[f"kept {side}"] = vectors.clone() if isinstance(vectors, Tensor) else np.array(vectors)
