"""Finds samples by words in their id, text, label or metadata."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.classes import classes_of
from chroma.server.store.samples.load import SampleTable, split_samples
from chroma.server.store.samples.user_columns import coded_metadata


@dataclass(frozen=True, slots=True)
class Hit:
    """A sample that contains the words.

    Attributes:
        id: Its id, as text.
        position: In its split.
        where: Which part of it contains the words, for people.
    """

    id: str
    position: int
    where: str


def search_samples(catalog: Catalog, split: tables.Split, words: str, limit: int) -> list[Hit]:
    """Samples that contain the words in their id, text, label or metadata.

    Upper and lower case are the same. A sample whose id equals the words comes first, then ids that begin
    with them, then all other matches, each in the order of positions.

    Args:
        catalog: Open for reading.
        split: Whose samples.
        words: What to look for; nothing is found for an empty text.
        limit: Of samples.
    """
    wanted = words.strip().casefold()
    if not wanted:
        return []
    table = split_samples(catalog, split)
    found: dict[int, str] = {}
    for position, where in islice(_matches(table, wanted), limit * 8):
        found.setdefault(position, where)
        if len(found) >= limit:
            break
    return [Hit(str(table.ids[position]), position, where) for position, where in found.items()]


def _matches(table: SampleTable, wanted: str) -> Iterator[tuple[int, str]]:
    if "keys" not in table.memo:
        table.memo["keys"] = [str(id_).casefold() for id_ in table.ids.tolist()]
    keys: list[str] = table.memo["keys"]
    yield from ((at, "id") for at, key in enumerate(keys) if key == wanted)
    yield from ((at, "id") for at, key in enumerate(keys) if key.startswith(wanted))
    texts: Any = table.texts if table.texts is not None else ()
    yield from (
        (at, _around(text, wanted))
        for at, text in enumerate(texts)
        if text is not None and wanted in text.casefold()
    )
    yield from _labelled(table, wanted)
    for name, values in table.metadata.items():
        if values.dtype == object:
            yield from _described(table, name, wanted)
    yield from ((at, "id") for at, key in enumerate(keys) if wanted in key)


def _labelled(table: SampleTable, wanted: str) -> Iterator[tuple[int, str]]:
    if table.labels is None or table.labels.dtype.kind == "f":
        return
    classes = classes_of(table, ())
    codes = classes.code(table.labels)
    for at, text in enumerate(classes.legend):
        if text.casefold() == wanted:
            yield from ((int(place), f"label {text}") for place in np.flatnonzero(codes == at))


def _described(table: SampleTable, name: str, wanted: str) -> Iterator[tuple[int, str]]:
    """Samples whose metadata of that name holds the words; few texts are looked through once each."""
    legend, codes = coded_metadata(table, name)
    if legend is None:
        values: list[Any] = table.metadata[name].tolist()
        found = ((at, value) for at, value in enumerate(values) if isinstance(value, str))
        yield from ((at, f"{name} {_around(v, wanted)}") for at, v in found if wanted in v.casefold())
        return
    hits = np.array([*(wanted in text.casefold() for text in legend), False])  # the last one serves -1
    for at in np.flatnonzero(hits[codes]):
        yield int(at), f"{name} {_around(legend[codes[at]], wanted)}"


def _around(text: str, wanted: str, room: int = 32) -> str:
    """The words with the text around them."""
    at = max(0, text.casefold().find(wanted))
    start, end = max(0, at - room), at + len(wanted) + room
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
