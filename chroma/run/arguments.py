"""Checks of what users hand to a run: each refusal names the argument, the value and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.records import Array, Ids, sample_ids

Dtype = Literal["float16", "float32"]


def as_array(name: str, value: Any) -> Array:
    """Make a NumPy array of NumPy, PyTorch, JAX, TensorFlow arrays or lists; may share their memory."""
    if hasattr(value, "detach"):  # PyTorch, without importing it
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":  # NumPy has none
            value = value.float()
        value = value.numpy()
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{name}= cannot be turned into an array ({error}); give rows of equal length"
        ) from error
    if array.dtype.kind == "V" or (array.dtype == object and name not in ("ids", "labels", "metadata")):
        raise ConfigError(f"{name}= holds {array.dtype} values; give an array of numbers")
    return array


def vectors(name: str, value: Any, dtype: Dtype | None = None) -> Array:
    """A fresh `[n, d]` float16 or float32 copy of numbers.

    Args:
        name: The argument, for the message.
        value: `[n, d]` real numbers.
        dtype: Of the result; None keeps float16 and makes all else float32.
    """
    array = as_array(name, value)
    if array.ndim != 2:
        hint = "reshape to (n, d)" if array.ndim == 1 else "average or flatten the axes after the first"
        raise ConfigError(f"{name}= must be two-dimensional [n, d], got shape {array.shape}; {hint}")
    if array.dtype.kind not in "fiub":
        raise ConfigError(f"{name}= must hold real numbers, got {array.dtype}; give float16 or float32")
    if array.shape[1] == 0:
        raise ConfigError(f"{name}= has no columns (shape {array.shape}); give at least one value per sample")
    kept = dtype or ("float16" if array.dtype == np.float16 else "float32")
    with np.errstate(over="ignore"):
        return np.array(array, dtype=kept, order="C")


def ids(value: Any, n: int, of: str) -> Ids:
    """`[n]` distinct sample ids; None numbers the samples from 0."""
    if value is None:
        return np.arange(n, dtype=np.int64)
    try:
        found = sample_ids(as_array("ids", value) if hasattr(value, "detach") else value)
    except ValueError as error:
        raise ConfigError(f"ids=: {error}") from error
    if len(found) != n:
        raise ConfigError(f"ids= has {len(found)} ids for {n} rows of {of}; give one id per row")
    distinct, counts = np.unique(found.astype(str) if found.dtype == object else found, return_counts=True)
    if len(distinct) < n:
        twice = distinct[counts.argmax()]
        raise ConfigError(f"ids= names {twice!s} {counts.max()} times; give each sample once per call")
    return found.copy()


def labels(value: Any, n: int) -> Array | None:
    """`[n]` int64, float32 or object-of-str labels."""
    if value is None:
        return None
    array = as_array("labels", value)
    if array.shape == (n, 1):
        array = array[:, 0]
    if array.shape != (n,):
        raise ConfigError(f"labels= has shape {array.shape} for {n} samples; give one label per sample")
    return column("labels", array)


def column(name: str, array: Array) -> Array:
    """A fresh `[n]` array of a type that segments hold."""
    kind = array.dtype.kind
    if kind in "iu":
        return array.astype(np.int64)
    if kind == "b":
        return array.astype(np.int64) if name == "labels" else array.copy()
    if kind == "f":
        return array.astype(np.float32 if name == "labels" or array.itemsize < 8 else np.float64)
    values: list[Any] = array.tolist()
    if all(value is None or isinstance(value, str) for value in values):
        texts = np.empty(len(values), dtype=object)
        texts[:] = values
        return texts
    raise ConfigError(f"{name}= holds {array.dtype} values; give integers, floats, booleans or strings")


def columns(about: str, given: Mapping[str, Any], n: int) -> dict[str, Array]:
    """Name to `[n]` array, checked."""
    checked: dict[str, Array] = {}
    for name, value in given.items():
        array = as_array("metadata", value)
        if array.shape != (n,):
            raise ConfigError(
                f"{about} {name!r} has shape {array.shape} for {n} samples; give one value each"
            )
        checked[name] = column(name, array)
    return checked


def sample_count(split: str, given: Mapping[str, Any]) -> int:
    """How many samples `log_samples` got: the length that all given arguments share."""
    if not given:
        raise ConfigError(f"log_samples({split!r}) got nothing to log; give ids=, labels= or images=")
    first, n = next(iter(given)), len(next(iter(given.values())))
    for name, value in given.items():
        if len(value) != n:
            raise ConfigError(f"{name}= has {len(value)} entries, {first}= has {n}; give one per sample")
    return n


def metrics(values: Mapping[str, Any]) -> dict[str, float]:
    """Name to float."""
    try:
        return {str(name): float(value) for name, value in values.items()}
    except (TypeError, ValueError) as error:
        raise ConfigError(f"metrics must be numbers ({error}); give name to float") from error


def image(value: Any) -> Any:
    """A copy of an image array; encoded bytes and PIL images as they are."""
    return as_array("images", value).copy() if hasattr(value, "__array__") else value


def scores(value: Any, n: int) -> npt.NDArray[np.float32] | None:
    """`[n, C]` float32 logits."""
    if value is None:
        return None
    array = vectors("logits", value, "float32")
    if array.shape[0] != n or array.shape[1] < 2:
        raise ConfigError(f"logits= has shape {array.shape} for {n} samples; give [n, C] with C of 2 or more")
    return array


def moment(epoch: Any, step: Any) -> tuple[int | None, int]:
    """(epoch, step) as integers; the step defaults to the epoch."""
    for name, value in (("epoch", epoch), ("step", step)):
        if value is not None and (
            isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 0
        ):
            raise ConfigError(f"{name}={value!r} cannot be used; give an integer of 0 or more")
    if epoch is None and step is None:
        raise ConfigError(
            "epoch= and step= are both missing; give at least one, so that snapshots have an order"
        )
    return (None if epoch is None else int(epoch)), int(cast("int", epoch if step is None else step))


def name_of(about: str, value: Any) -> str:
    """A name of a layer, split, project or run: a non-empty string without control characters."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 256:
        raise ConfigError(
            f"{about}={value!r} cannot be a name; give a printable string of 1 to 256 characters"
        )
    return value


def plain(value: Any) -> Any:
    """A JSON value of a configuration: what is not plain becomes its text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(entry) for entry in cast("list[Any]", value)]
    text = str(value)
    return text if len(text) <= 1000 else text[:1000] + "…"
