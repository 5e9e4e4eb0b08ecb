"""Checks of what users hand to a run: each refusal names the argument, the value and the remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.ids import sample_ids
from chroma.records import Array, Ids
from chroma.run.arrays import as_array, column
from chroma.run.naming import readable
from chroma.thumbnails import check_image

_LARGEST = 2**63 - 1  # of epochs and steps
Dtype = Literal["float16", "float32"]


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
    if len(set(found.tolist())) < n:
        twice, times = Counter(found.tolist()).most_common(1)[0]
        raise ConfigError(f"ids= names {twice!s} {times} times; give each sample once per call")
    return found


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


def columns(about: str, given: Mapping[str, Any], n: int) -> dict[str, Array]:
    """Name to `[n]` array, checked."""
    checked: dict[str, Array] = {}
    for name, value in given.items():
        try:
            array = as_array("metadata", value)
        except ConfigError as error:
            raise ConfigError(f"{about} {name!r}: {error}") from error
        if array.shape != (n,):
            raise ConfigError(
                f"{about} {name!r} has shape {array.shape} for {n} samples; give one value each"
            )
        checked[readable(str(name))] = column(name, array)
    return checked


def named(about: str, given: Any) -> dict[str, Any]:
    """The entries of a mapping or a table of named columns; None is none.

    Raises:
        ConfigError: It is something else.
    """
    if given is None:
        return {}
    if not hasattr(given, "items"):
        raise ConfigError(f"{about} is a {type(given).__name__}; give a mapping of names to values")
    return dict(given.items())


def sample_count(split: str, given: Mapping[str, Any]) -> int:
    """How many samples `log_samples` got: the length that all given arguments share."""
    if not given:
        raise ConfigError(f"log_samples({split!r}) got nothing to log; give ids=, labels= or images=")
    counts: dict[str, int] = {}
    for name, value in given.items():
        try:
            counts[name] = value.shape[0] if hasattr(value, "shape") else len(value)
        except (TypeError, IndexError):
            raise ConfigError(f"{name}= is {value!r}, one value; give one per sample") from None
    first, n = next(iter(counts.items()))
    for name, count in counts.items():
        if count != n:
            raise ConfigError(f"{name}= has {count} entries, {first}= has {n}; give one per sample")
    return n


def metrics(values: Any) -> dict[str, float]:
    """Name to float."""
    try:
        return {readable(str(name)): float(value) for name, value in named("metrics", values).items()}
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"metrics must be numbers ({error}); give name to float") from error


def images(values: Iterable[Any] | None) -> list[Any] | None:
    """Copies of image arrays; encoded bytes and PIL images as they are.

    Raises:
        ConfigError: One is no image, as far as that shows without decoding it; names its row.
    """
    if values is None:
        return None
    found: list[Any] = []
    for row, value in enumerate(values):
        try:
            image = as_array("images", value).copy() if hasattr(value, "__array__") else value
            if image is not None:
                check_image(image)
        except (ValueError, OSError) as error:
            raise ConfigError(
                f"images= cannot be read in row {row} ({error}); give None where one is missing"
            ) from error
        found.append(image)
    return found


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
        if value is not None and int(value) > _LARGEST:
            raise ConfigError(f"{name}={value!r} cannot be used; the largest is 2**63 - 1")
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
        return readable(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {readable(str(key)): plain(entry) for key, entry in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(entry) for entry in cast("list[Any]", value)]
    text = readable(str(value))
    return text if len(text) <= 1000 else text[:1000] + "…"
