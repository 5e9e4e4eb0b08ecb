"""Columns, labels and texts of batches, entry by entry: a bad one costs itself, not its batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from chroma.errors import ConfigError
from chroma.records import Array
from chroma.run.arguments import columns
from chroma.run.arrays import as_texts
from chroma.run.naming import readable

Texts = Callable[[Sequence[int]], Sequence[Any]]  # gives the texts of rows of a batch

_MISSING: dict[str, Any] = {"f": np.nan, "i": -1, "b": False, "O": None}  # by kind of the column


def usable_column(name: str, value: Any, n: int) -> tuple[Array | None, int, str]:
    """A metadata column `[n]` of those entries that are all numbers, or all strings.

    Args:
        name: Its name.
        value: What was given.
        n: How many entries there should be.

    Returns:
        The column, None where no entry can be used; how many entries are missing because of it; and why.
    """
    try:
        return columns("metadata", {name: value}, n)[readable(str(name))], 0, ""
    except ConfigError as error:
        reason = str(error)
    try:
        entries = cast("list[Any]", value.tolist() if hasattr(value, "tolist") else list(value))
    except Exception:  # noqa: BLE001  # whatever an object of the user's raises
        return None, n, reason
    if len(entries) != n or isinstance(value, (str, bytes)):  # a string is one sample's, not n characters
        return None, n, reason
    texts = np.array([isinstance(entry, str) for entry in entries], bool)
    numbers = np.array([isinstance(entry, (bool, int, float, np.number)) for entry in entries], bool)
    if texts.sum() > numbers.sum():
        found, dropped = usable_texts(lambda rows: [entries[row] for row in rows], range(n))
        column = np.empty(n, object)
        column[:] = found
        return column, dropped, reason
    if not numbers.any():
        return None, n, reason
    column = np.array(
        [float(entry) if good else np.nan for entry, good in zip(entries, numbers, strict=True)]
    )
    return column, int((~numbers).sum()), reason


def usable_texts(give: Texts, rows: Sequence[int]) -> tuple[list[Any], int]:
    """The texts of rows, None for those that cannot be given or are no text; and how many these are."""
    try:
        return as_texts("texts", give(rows)).tolist(), 0
    except Exception:  # noqa: BLE001  # of a tokenizer, or a function of the user's: asked row by row
        found = [_text(give, row) for row in rows]
        return found, sum(text is None for text in found)


def fitted(values: Array, kind: np.dtype[Any]) -> tuple[Array, Array]:
    """Entries of a batch as the type that the column began with; and which of them are of it, `[n]` bool."""
    everyone = np.ones(len(values), bool)
    if values.dtype == kind:
        return values, everyone
    if kind.kind == "f" and values.dtype.kind in "iub":
        return values.astype(kind), everyone
    missing = np.empty(len(values), kind)
    missing[:] = _MISSING.get(kind.kind, False)
    whole = np.zeros(len(values), bool)
    if kind.kind == "f" and values.dtype.kind == "f":
        return values.astype(kind), everyone
    if kind.kind == "i" and values.dtype.kind in "fub":
        whole = np.isfinite(values) & (np.abs(values) < 2.0**53) & (values == np.rint(values))
        missing[whole] = values[whole]
    if kind.kind == "b" and values.dtype.kind in "fiu":
        whole = (values == 0) | (values == 1)
        missing[whole] = values[whole]
    return missing, whole


def absent(column: Array) -> Array:
    """Which entries of a column `[n]` are missing, `[n]` bool."""
    if column.dtype == object:
        return np.array([entry is None for entry in column.tolist()], bool)
    return np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), bool)


def with_missing(column: Array, given: Array) -> Array:
    """A column in which entries that were not given are missing: truth values and integers become floats.

    Args:
        column: `[n]`.
        given: `[n]` bool.
    """
    if given.all():
        return column
    if column.dtype.kind in "iub":
        column = column.astype(np.float64)
    column[~given] = None if column.dtype == object else np.nan
    return column


def _text(give: Texts, row: int) -> str | None:
    try:
        return as_texts("texts", give([row])).tolist()[0]
    except Exception:  # noqa: BLE001  # as above; this one is missing
        return None
