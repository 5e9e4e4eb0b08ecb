"""Which samples carry a word or match a pattern: in their id, text, label or metadata.

Texts are looked through by RE2, which takes time in proportion to their length whatever the pattern is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from chroma.errors import ConfigError
from chroma.server.store.samples.classes import classes_of
from chroma.server.store.samples.table import SampleTable
from chroma.server.store.samples.user_columns import coded_metadata

Marks = npt.NDArray[np.bool_]

_compute: Any = pc  # its functions are made at run time


def clean(name: str) -> str:
    """A name without regard to case, and to how its words are joined."""
    return name.casefold().replace("_", " ").replace("-", " ")


def texts_of(table: SampleTable, name: str) -> Any:
    """The ids, the texts or metadata of a split, as Arrow strings; kept for the next caller."""
    key = ("arrow", name)
    if key not in table.memo:
        values: Any = table.ids if name == "id" else table.texts if name == "text" else table.metadata[name]
        listed = [None if value is None else str(value) for value in values.tolist()]
        table.memo[key] = pa.array(listed, pa.large_string())
    return table.memo[key]


def holding(texts: Any, part: str) -> Marks:
    """Which texts hold a part, without regard to case; one that is missing does not."""
    return _marks(_compute.match_substring(_arrow(texts), part, ignore_case=True))


def matching(texts: Any, pattern: str) -> Marks:
    """Which texts a regular expression is found in, without regard to case.

    Raises:
        ConfigError: It is no regular expression that RE2 knows.
    """
    try:
        return _marks(_compute.match_substring_regex(_arrow(texts), pattern, ignore_case=True))
    except pa.ArrowInvalid as error:
        why = str(error).removeprefix("Invalid regular expression: ")
        raise ConfigError(f"“{pattern}” is no regular expression: {why}") from None


def carried(table: SampleTable, word: str) -> Marks:
    """The samples that carry a word in their id, text or metadata, or whose label it is."""
    marks = holding(texts_of(table, "id"), word)
    if table.texts is not None:
        marks |= holding(texts_of(table, "text"), word)
    label = _label(table)
    if label is not None:
        marks |= np.array([text.casefold() == word.casefold() for text in label[0]] + [False])[label[1]]
    for name in _described(table):
        legend, codes = coded_metadata(table, name)
        if legend is None:
            marks |= holding(texts_of(table, name), word)
        else:  # few texts are looked through once each
            marks |= np.append(holding(legend, word), False)[codes]
    return marks


def where_carried(table: SampleTable, word: str, position: int) -> str:
    """Which part of a sample carries a word, for people; empty if none does."""
    wanted = word.casefold()
    if str(table.ids[position]).casefold().startswith(wanted):
        return "id"
    text: Any = table.texts[position] if table.texts is not None else None
    if text is not None and wanted in text.casefold():
        return _around(text, wanted)
    label = _label(table)
    if label is not None and label[1][position] >= 0 and label[0][label[1][position]].casefold() == wanted:
        return f"label {label[0][label[1][position]]}"
    for name in _described(table):
        value: Any = table.metadata[name][position]
        if value is not None and wanted in str(value).casefold():
            return f"{name} {_around(str(value), wanted)}"
    return "id" if wanted in str(table.ids[position]).casefold() else ""


def _described(table: SampleTable) -> Iterator[str]:
    return (name for name, values in table.metadata.items() if values.dtype == object)


def _label(table: SampleTable) -> tuple[tuple[str, ...], npt.NDArray[np.int64]] | None:
    if table.labels is None or table.labels.dtype.kind == "f":
        return None
    classes = classes_of(table, ())
    return classes.legend, classes.code(table.labels)


def _arrow(texts: Any) -> Any:
    return pa.array(list(texts), pa.large_string()) if isinstance(texts, Sequence) else texts


def _marks(found: Any) -> Marks:
    return np.array(_compute.fill_null(found, False).to_numpy(zero_copy_only=False), bool)


def _around(text: str, wanted: str, room: int = 32) -> str:
    """The word with the text around it."""
    at = max(0, text.casefold().find(wanted))
    start, end = max(0, at - room), at + len(wanted) + room
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
