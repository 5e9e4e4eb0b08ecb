"""Which values a condition of a search holds for; a value that is missing meets none, `!=` neither."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.records import Array
from chroma.server.store.samples.carried import holding, matching, texts_of
from chroma.server.store.samples.query import Condition
from chroma.server.store.samples.table import SampleTable

Marks = npt.NDArray[np.bool_]

NOT_KNOWN = "not known"  # what the screen calls a category that is missing
_MISSING = 65_535
_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_RANGE = re.compile(r"(.+?)\.\.(.+)")
_MOST_NAMED = 8


def of_ids(table: SampleTable, clause: Condition) -> Marks:
    """Ids that equal one, or match a pattern; whole numbers are also compared."""
    if clause.operator == "~":
        return matching(texts_of(table, "id"), clause.values[0])
    if table.ids.dtype != object:
        if clause.operator in _ORDERS or any(_RANGE.fullmatch(value) for value in clause.values):
            return of_numbers("id", table.ids, clause)
    elif clause.operator in _ORDERS:
        raise ConfigError(f"the ids are texts: write id:ID or id~PATTERN, not id{clause.operator}")
    wanted = {value.casefold() for value in clause.values}
    marks = np.fromiter((str(key).casefold() in wanted for key in table.ids.tolist()), bool, len(table.ids))
    return ~marks if clause.operator == "!=" else marks


def of_texts(table: SampleTable, name: str, clause: Condition) -> Marks:
    """Texts that hold a part, or match a pattern."""
    texts = texts_of(table, name)
    if clause.operator == "~":
        return matching(texts, clause.values[0])
    if clause.operator in _ORDERS:
        raise ConfigError(
            f"{name} holds texts: write {name}:PART or {name}~PATTERN, not {name}{clause.operator}"
        )
    marks = np.zeros(len(table.ids), bool)
    for value in clause.values:
        marks |= holding(texts, value)
    return ~marks & ~np.array(texts.is_null()) if clause.operator == "!=" else marks


def of_categories(name: str, legend: Sequence[str], codes: Array, clause: Condition) -> Marks:
    """Categories that are one of some, or match a pattern."""
    if clause.operator in _ORDERS:
        raise ConfigError(f"{name} holds names, not numbers: write {name}:VALUE, not {name}{clause.operator}")
    known = codes < len(legend)
    if clause.operator == "~":
        wanted = np.append(matching(list(legend), clause.values[0]), False)
    else:
        names = [*legend, NOT_KNOWN]
        chosen = {one_of(name, value, names) for value in clause.values}
        wanted = np.array([text in chosen for text in names])
        if clause.operator == "!=":
            return ~wanted[np.minimum(codes, len(legend))] & known
    return wanted[np.minimum(codes, len(legend))]


def of_numbers(name: str, values: Array, clause: Condition) -> Marks:
    """Numbers that compare so, equal one, or lie within a range."""
    if clause.operator == "~":
        raise ConfigError(f"{name} holds numbers: compare them, as in {name}<0.5, instead of {name}~")
    with np.errstate(invalid="ignore"):
        if clause.operator in _ORDERS:
            return _ORDERS[clause.operator](values, _number(name, clause.values[0], values.dtype))
        marks = np.zeros(len(values), bool)
        for value in clause.values:
            if value.casefold() == NOT_KNOWN:
                marks |= ~np.isfinite(values)
                continue
            ends = _RANGE.fullmatch(value)
            low, high = ends.groups() if ends else (value, value)
            marks |= (values >= _number(name, low, values.dtype)) & (
                values <= _number(name, high, values.dtype)
            )
        return ~marks & np.isfinite(values) if clause.operator == "!=" else marks


def one_of(column: str, value: str, names: Sequence[str]) -> str:
    """The name that is meant, without regard to case.

    Raises:
        ConfigError: There is none of it.
    """
    if value in names:
        return value
    for name in names:
        if name.casefold() == value.casefold():
            return name
    if not names:
        raise ConfigError(f"there is no {column} “{value}”: there is no {column} yet")
    near = get_close_matches(value, names, n=3, cutoff=0.5) or list(names[:_MOST_NAMED])
    of = f" ({len(near)} of {len(names)})" if len(near) < len(names) else ""
    raise ConfigError(f"there is no {column} “{value}”: there is {', '.join(near)}{of}")


def said(legend: Sequence[str] | None, value: Any) -> str:
    """A value for people."""
    if legend is not None:
        return legend[int(value)] if value < len(legend) else NOT_KNOWN
    return f"{float(value):.4g}"


def _number(name: str, text: str, kind: Any) -> Any:
    try:
        number = float(text)
    except ValueError:
        raise ConfigError(f"{name} holds numbers, and “{text}” is none: write {name}<0.5, say") from None
    # a column is float32: 0.1 means the float32 that prints so
    return np.float32(number) if kind == np.float32 else number
