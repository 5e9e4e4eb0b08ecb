"""How what a layer gives becomes one vector per sample.

The rules work on NumPy arrays and PyTorch tensors alike: both know `mean(axes)` and slicing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from chroma.errors import ConfigError

Pool = Literal["auto", "mean", "cls", "last"] | Callable[[Any], Any]


def pooling_of(shape: Sequence[int], pool: Pool = "auto") -> str:
    """Name the rule for values of a shape: what is stored beside the layer and shown to people.

    `[B]` and `[B, D]` stay as they are; `[B, C, H, W]` (and one or three axes of space more) becomes its mean
    over space; `[B, T, D]` its mean over tokens, or its first ("cls") or last token.

    Raises:
        ConfigError: There is no rule for this shape.
    """
    if callable(pool):
        return f"your function {getattr(pool, '__name__', 'pool')}"
    if pool not in ("auto", "mean", "cls", "last"):
        raise ConfigError(f"pool={pool!r} is not known; give 'auto', 'mean', 'cls', 'last' or a function")
    if len(shape) <= 2:
        return "none"
    if len(shape) == 3:
        return {"cls": "first token", "last": "last token"}.get(pool, "mean over tokens")
    if len(shape) <= 5 and pool in ("auto", "mean"):
        return "mean over space"
    raise ConfigError(
        f"values of shape {list(shape)} cannot become one vector per sample with pool={pool!r}; "
        "give chroma.Layer(name, pool=function)"
    )


def pooled(values: Any, rows: int, pool: Pool = "auto", about: str = "the layer") -> Any:
    """Turn `[B, …]` values into `[B, d]`.

    Args:
        values: A float array or tensor.
        rows: Samples in the batch; another row count is refused.
        pool: The rule, or a function of the values.
        about: The layer's name, for the message.

    Raises:
        ConfigError: The values are not one row per sample.
    """
    rule = pooling_of(values.shape, pool)
    if callable(pool):
        values = pool(values)
    elif rule == "first token":
        values = values[:, 0]
    elif rule == "last token":
        values = values[:, -1]
    elif rule != "none":
        values = values.mean(tuple(range(2, values.ndim)) if values.ndim > 3 else 1)
    if values.ndim == 1:
        values = values.reshape(-1, 1)
    if values.ndim != 2 or values.shape[0] != rows:
        raise ConfigError(
            f"{about} gave {list(values.shape)} for a batch of {rows}, so its rows belong to no sample; "
            "name another layer, or give chroma.Layer(name, pool=function) that returns one row per sample"
        )
    return values
