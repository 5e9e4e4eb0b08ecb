"""The modules of a PyTorch model, and what they take and give as vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn

from chroma.capture.pooling import Pool, pooled
from chroma.integrations._torch.no_trace import WRAPPED
from chroma.records import Array


def first_tensor(value: Any) -> Tensor | None:
    """The first float tensor in a tensor, tuple, list, mapping or dataclass."""
    if isinstance(value, tuple) and len(cast("tuple[Any, ...]", value)) == 1:  # what a module takes, mostly
        value = value[0]
    if isinstance(value, Tensor):
        return value if value.is_floating_point() else None
    return next(tensors_in(value), None)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The float tensors in a tensor, tuple, list, mapping or dataclass."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
        return
    if isinstance(value, (tuple, list)):
        parts = cast("Sequence[Any]", value)
    elif isinstance(value, Mapping):
        value = cast("Mapping[str, Any]", value)
        named = [value[name] for name in ("last_hidden_state", "logits") if name in value]
        parts = named or list(value.values())
    else:
        parts = list(cast("dict[str, Any]", getattr(value, "__dict__", {})).values())
    for part in parts:
        yield from tensors_in(part)


def modules_of(model: nn.Module) -> dict[str, nn.Module]:
    """The modules of a model by qualified name, without the names of wrappers, as compiled parts have one.

    A wrapper's own module stands for it.
    """
    found: dict[str, nn.Module] = {}

    def walk(parent: nn.Module, prefix: str, above: frozenset[int]) -> None:
        inner = WRAPPED.get(type(parent).__name__)
        for name, module in parent.named_children():
            if id(module) in above:
                continue
            whole = prefix if name == inner else f"{prefix}.{name}" if prefix else name
            if id(module) not in known or whole in found:
                known.add(id(module))
                found[whole] = module
            walk(module, whole, above | {id(module)})

    known: set[int] = {id(model)}
    found[""] = model
    walk(model, "", frozenset({id(model)}))
    return found


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
