"""Arrays of any framework, and columns of them, as NumPy arrays that segments hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from chroma.errors import ConfigError
from chroma.ids import int64, text_of
from chroma.records import Array

# of the package ml_dtypes, which JAX and TensorFlow use; its others are integers of a few bits
_NARROW = re.compile("bfloat16|float8_.*")


def as_array(name: str, value: Any) -> Array:
    """Make a NumPy array of NumPy, PyTorch, JAX, TensorFlow, SciPy arrays or lists; may share their memory.

    Sparse arrays become dense; masked floats NaN; bfloat16 and float8 become float32.

    Raises:
        ConfigError: It is no array, or NumPy has no such numbers.
    """
    of_entries = name in ("ids", "labels", "metadata")
    try:
        if hasattr(value, "detach"):  # PyTorch, without importing it
            value = _of_tensor(value)
        elif hasattr(value, "todense") and hasattr(value, "toarray"):  # SciPy's sparse arrays
            value = value.toarray()
        elif isinstance(value, np.ma.MaskedArray):
            value = _unmasked(name, cast("np.ma.MaskedArray[Any, Any]", value))
        elif of_entries and isinstance(value, (list, tuple)):
            entries = cast("Sequence[Any]", value)
            if any(
                isinstance(entry, str) for entry in entries
            ):  # NumPy's strings all have the longest one's size
                value = np.empty(len(entries), dtype=object)
                value[:] = entries
        array = np.asarray(value)
    except ConfigError:
        raise
    except Exception as error:  # whatever a framework raises for an array that is not on the host, or is none
        raise ConfigError(
            f"{name}= cannot be turned into an array ({error}); give rows of equal length"
        ) from error
    if array.dtype.kind == "V" and array.dtype.names is None and _NARROW.fullmatch(array.dtype.name):
        array = array.astype(np.float32)
    if array.dtype.kind == "V" or (array.dtype == object and not of_entries):
        raise ConfigError(f"{name}= holds {array.dtype} values; give an array of numbers")
    return array


def _of_tensor(tensor: Any) -> Any:
    tensor = tensor.detach().cpu()
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if str(tensor.dtype) == "torch.bfloat16" or str(tensor.dtype).startswith("torch.float8"):
        tensor = tensor.float()  # NumPy has none
    return tensor.resolve_conj().resolve_neg().numpy()


def _unmasked(name: str, array: np.ma.MaskedArray[Any, Any]) -> Array:
    if not np.ma.is_masked(array):
        return array.data
    if array.dtype.kind != "f":
        row = int(np.argwhere(np.ma.getmaskarray(array))[0][0])
        raise ConfigError(f"{name}= has a masked value in row {row}; give its value, or floats")
    return array.filled(np.nan)


def column(name: str, array: Array) -> Array:
    """A fresh `[n]` array of a type that segments hold.

    Raises:
        ConfigError: A value is neither a number nor a string, or of another type than the first; names its
            row.
    """
    kind = array.dtype.kind
    if kind in "iu":
        try:
            return int64(array)
        except ValueError as error:
            raise ConfigError(f"{name}=: {error}") from error
    if kind == "b":
        return array.astype(np.int64) if name == "labels" else array.copy()
    if kind == "f":
        if name == "labels":
            return quantities(array)
        return array.astype(np.float32 if array.itemsize < 8 else np.float64)
    if kind not in "OU":
        raise ConfigError(f"{name}= holds {array.dtype} values; give integers, floats, booleans or strings")
    values: list[Any] = array.tolist()
    if any(value is not None for value in values) and not any(isinstance(value, str) for value in values):
        return _numbers(name, values)
    return as_texts(name, values)


def _numbers(name: str, values: list[Any]) -> Array:
    """The array of a list of numbers of one type, as columns of tables hold them."""
    for row, value in enumerate(values):
        if not isinstance(value, (bool, int, float, np.number, np.bool_)):
            raise ConfigError(
                f"{name}= holds {value!r} ({type(value).__name__}) in row {row}; "
                "give integers, floats, booleans or strings"
            )
    numbers = np.array(values)
    if numbers.dtype.kind not in "iufb":
        raise ConfigError(f"{name}= holds {numbers.dtype} values; give integers, floats, booleans or strings")
    return column(name, numbers)


def as_texts(name: str, values: Iterable[Any]) -> Array:
    """`[n]` object array of strings; None where missing.

    Raises:
        ConfigError: A value is something else, or not valid Unicode; names its row.
    """
    entries = list(values)
    found = np.empty(len(entries), dtype=object)
    for row, entry in enumerate(entries):
        if entry is None:
            continue
        if not isinstance(entry, str):
            raise ConfigError(
                f"{name}= holds {entry!r} ({type(entry).__name__}) in row {row} among strings; "
                "give strings only, None where one is missing"
            )
        try:
            found[row] = text_of(row, entry)
        except ValueError as error:
            raise ConfigError(f"{name}=: {error}") from error
    return found


def quantities(array: Array) -> Array:
    """Numbers as float32; NaN, which is not known, where its range does not hold a number."""
    with np.errstate(over="ignore"):
        found = array.astype(np.float32)
    if array.dtype.kind == "f" and array.itemsize > 4:
        found[np.isinf(found) & np.isfinite(array)] = np.nan
    return found
