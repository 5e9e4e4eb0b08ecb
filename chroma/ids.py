"""The ids of samples, as users and frameworks give them: integers or strings, checked row by row."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from chroma.records import Array, Ids

NO_NUMBER, NO_KEY = np.iinfo(np.int64).min, "\x01unknown"  # stand for ids that cannot be known
_TOO_LARGE = "the largest integer is 2**63 - 1; give strings"


def sample_ids(values: object) -> Ids:
    """Turn a user's ids into an id array: int64 where all are integers, else object of str.

    Args:
        values: `[n]` sequence or array of int or str.

    Raises:
        ValueError: Not one-dimensional, neither integers nor strings, or beyond int64; names the first row.
    """
    entries = cast("Sequence[Any]", values)
    if not isinstance(values, (list, tuple)) or any(isinstance(entry, (list, tuple)) for entry in entries):
        array = np.asarray(values)
        if array.ndim != 1:
            raise ValueError(f"ids must be one-dimensional, got shape {array.shape}")
        if array.dtype.kind in "iu":
            return int64(array)
        entries = array.tolist()
    if len(entries) and isinstance(entries[0], str):
        return _keys(entries)
    numbers = np.empty(len(entries), np.int64)
    for row, entry in enumerate(entries):
        try:
            if isinstance(entry, (bool, np.bool_)):
                raise TypeError
            numbers[row] = operator.index(entry)
        except TypeError:
            raise ValueError(
                f"ids must be integers or strings, all of one type, and row {row} is {entry!r}; "
                "give str(key) of each"
            ) from None
        except OverflowError:
            raise ValueError(f"row {row} is {entry}, and {_TOO_LARGE}") from None
    return numbers


def usable_ids(values: object) -> tuple[Ids, str]:
    """As `sample_ids`, but a bad id costs itself: it becomes `NO_NUMBER` or `NO_KEY`.

    Returns:
        The ids, and what is wrong with the first bad one; "" if all are good.

    Raises:
        ValueError: Not one-dimensional, or no id is good.
    """
    try:
        return sample_ids(values), ""
    except ValueError as error:
        reason = str(error)
        array = np.asarray(values, dtype=object)
        if array.ndim != 1:
            raise
        entries: list[Any] = array.tolist()
        strings = sum(isinstance(entry, str) for entry in entries)
        kind, stand_in = (str, NO_KEY) if 2 * strings > len(entries) else (int, NO_NUMBER)
        found = [_one(entry, kind, stand_in) for entry in entries]
        if all(entry is stand_in for entry in found):
            raise
        return sample_ids(found), reason


def known(ids: Ids) -> npt.NDArray[np.bool_]:
    """Which of the ids are known, `[n]`."""
    return ids != (NO_KEY if ids.dtype == object else NO_NUMBER)


def _one(entry: object, kind: type, stand_in: Any) -> Any:
    try:
        [found] = sample_ids([entry]).tolist()
    except ValueError:
        return stand_in
    return found if isinstance(found, kind) else stand_in


def int64(array: Array) -> npt.NDArray[np.int64]:
    """A fresh int64 copy of integers.

    Raises:
        ValueError: An unsigned integer is too large; names its row.
    """
    if array.dtype == np.uint64 and len(array) and array.max() > np.iinfo(np.int64).max:
        row = int(array.argmax())
        raise ValueError(f"row {row} is {array[row]}, and {_TOO_LARGE}")
    return array.astype(np.int64)


def _keys(entries: Sequence[Any]) -> npt.NDArray[np.object_]:
    """An object array of strings.

    Raises:
        ValueError: A row is no string, or not valid Unicode, as names of files may be; names the row.
    """
    texts = np.empty(len(entries), dtype=object)
    for row, entry in enumerate(entries):
        if not isinstance(entry, str):
            raise ValueError(
                f"row {row} is {entry!r} ({type(entry).__name__}) among strings; "
                "give all integers or all strings"
            )
        texts[row] = text_of(row, entry)
    return texts


def text_of(row: int, entry: str) -> str:
    """The string of a row.

    Raises:
        ValueError: It is not valid Unicode.
    """
    if not entry.isascii():
        try:
            entry.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"row {row} is {entry!r}, which is not valid Unicode; "
                "give os.fsencode(name).decode(errors='replace')"
            ) from None
    return str(entry)
