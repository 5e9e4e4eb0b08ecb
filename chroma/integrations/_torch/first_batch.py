"""Watches the modules of a PyTorch model during one batch, so that layers are chosen by what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from chroma.capture.layers import Chosen, Layer
from chroma.capture.modules import Module
from chroma.capture.pooling import Pool
from chroma.guard import Guard
from chroma.integrations._torch.hooks import first_tensor, modules_of, tensors_in, vectors_of
from chroma.records import Array
from chroma.run.outputs import MAX_CLASSES

_MOST_OUTPUTS = 16  # of the model that are looked at; hidden states and caches may follow
_PROBABILITIES: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda scores: scores.softmax(1),
    lambda scores: scores.log_softmax(1),
    lambda scores: scores.sigmoid(),
)


@dataclass(frozen=True, slots=True)
class _Output:
    """What the model gave: values per sample, the values `[B, …]` if they are few, and their precision."""

    size: int
    values: Tensor | None
    tolerance: float


class FirstBatch:
    """Watches all modules during one batch, so that layers are chosen among those that really fire.

    Keeps a pooled copy of what each took and gave: what is chosen is captured from this batch on.

    Args:
        model: The model.
        wanted: Layers the user asked for, by name as stored.
        guard: Stops our errors inside the user's forward pass.
    """

    def __init__(self, model: nn.Module, wanted: Mapping[str, Layer], guard: Guard) -> None:
        self._modules = modules_of(model)
        self._wanted = wanted
        self._guard = guard
        self._handles: list[RemovableHandle] = []
        self._fired: dict[str, dict[str, Any]] = {}
        self._given: list[_Output] = []  # by the model, else by what was called last of all outermost modules
        self._model_gave = False
        self._depth = 0  # of modules within each other that are called now, the model aside
        self._rows = 0
        self._mask: Tensor | None = None

    def begin(self, rows: int, mask: Tensor | None = None) -> None:
        """Watch the batch that comes; `mask` is that of `vectors_of`."""
        self._rows, self._mask = rows, mask
        for name, module in self._modules.items():
            if not isinstance(module, torch.jit.ScriptModule) and "parametrizations" not in name.split("."):
                self._watch(name, module)

    def end(self) -> list[Module]:
        """The modules that fired, in the order of their outputs."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        done = {name: seen for name, seen in self._fired.items() if "output" in seen}
        inner = {name.rpartition(".")[0] for name in done}
        inner |= {parent for name in inner for parent in _parents(name)}
        matrices = {name: _has_matrix(self._modules[name]) for name in done}
        last = next((name for name in reversed(done) if name not in inner and matrices[name]), "")
        return [
            Module(
                name,
                leaf=name not in inner,
                parametrised=matrices[name]
                or any(True for _ in self._modules[name].parameters(recurse=False)),
                input=seen.get("input"),
                output=seen["output"],
                matrix=matrices[name],
                gives=self._output_of(seen, is_last=name == last) if matrices[name] else None,
                calls=seen["calls"],
                differs=seen["differs"],
            )
            for name, seen in done.items()
        ]

    def values(self, layer: Chosen) -> Array | Tensor | None:
        """What a chosen layer gave in the batch, `[B, d]`."""
        return self._fired[layer.module].get("kept input" if layer.of_input else "kept output")

    def _watch(self, name: str, module: nn.Module) -> None:
        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if not name:
                return
            with self._guard.fail_safe("looking at the model's layers"):
                self._depth += 1
                seen = self._fired.setdefault(name, {"calls": 0, "differs": False})
                seen["calls"] += 1
                if seen["calls"] == 1:
                    self._see(seen, name, "input", (*args, *kwargs.values()))

        def after(_: nn.Module, args: Any, output: Any) -> None:
            with self._guard.fail_safe("looking at the model's layers"):
                if not name:
                    self._see_outputs(output, of_model=True)
                    return
                self._depth -= 1
                if self._depth == 0:
                    self._see_outputs(output, of_model=False)
                seen = self._fired.get(name)
                if seen is None:
                    return
                if "output" not in seen:
                    self._see(seen, name, "output", output)
                    # in the order of the outputs: the head is the last one to give some
                    self._fired[name] = self._fired.pop(name)
                elif not seen["differs"] and "kept output" in seen:
                    seen["differs"] = not self._equals(seen["kept output"], output, name)

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

    def _equals(self, kept: Array | Tensor, output: Any, name: str) -> bool:
        """Whether a later call of a module gave the same as its first."""
        tensor = first_tensor(output)
        if tensor is None or tensor.shape[:1] != (self._rows,) or tensor.ndim > 5:
            return False
        again = vectors_of(tensor, self._rows, "auto", f"layer {name!r}", self._mask)
        return again is not None and kept.shape == again.shape and _close(_tensor(kept), _tensor(again), 1e-4)

    def _see_outputs(self, value: Any, *, of_model: bool) -> None:
        """Keep what the model gave at its first call; without one, what its outermost modules gave last."""
        if self._model_gave:
            return
        found: list[_Output] = []
        for tensor in tensors_in(value):
            if tensor.shape[:1] != (self._rows,) or len(found) == _MOST_OUTPUTS:
                continue
            size = tensor[0].numel()
            small = tensor.detach().float().reshape(self._rows, size).clone() if size <= MAX_CLASSES else None
            found.append(_Output(size, small, 1e-4 if tensor.dtype.itemsize >= 4 else 2e-2))
        if found:
            self._given, self._model_gave = found, of_model

    def _output_of(self, seen: Mapping[str, Any], *, is_last: bool) -> int | None:
        """Which of the model's outputs a module gave, reshaped or as probabilities; None if none."""
        shape, kept = seen["output"], seen.get("kept output")
        if shape is None or shape[0] != self._rows:
            return None
        for number, given in enumerate(self._given):
            if len(shape) > 2:  # of tokens or pixels, which are not kept
                if is_last and given.size == np.prod(shape[1:]):
                    return number
            elif kept is not None and given.values is not None and kept.shape == given.values.shape:
                scores = _tensor(kept).to(given.values.device)
                if any(
                    _close(form, given.values, given.tolerance)
                    for form in (scores, *(make(scores) for make in _PROBABILITIES))
                ):
                    return number
        return None


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _has_matrix(module: nn.Module) -> bool:
    """Whether a module has weights of its own with two axes or more, also parametrised ones."""
    if any(each.ndim > 1 for each in module.parameters(recurse=False)):
        return True
    made = getattr(module, "parametrizations", None)
    return isinstance(made, nn.Module) and any(each.ndim > 1 for each in made.parameters())


def _tensor(values: Array | Tensor) -> Tensor:
    return values if isinstance(values, Tensor) else torch.from_numpy(values).float()


def _close(one: Tensor, other: Tensor, tolerance: float) -> bool:
    return torch.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)
