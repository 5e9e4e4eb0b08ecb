"""Classes: one legend and one coding for labels and predictions, so that their colours agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlmodel import select

from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Files
from chroma.server.store.samples.load import SampleTable, split_samples

Codes = npt.NDArray[np.int64]

_GIVE_NAMES = (
    "so predictions cannot be compared with them: give class_names=, the labels' texts by class index."
)
_UNNAMED = f"Labels are texts and classes have no names, {_GIVE_NAMES}"


def label_codes(table: SampleTable) -> Codes | None:
    """Labels as integers `[n]`, -1 where missing; None without labels, or where they are measurements."""
    if table.labels is None or table.labels.dtype.kind == "f":
        return None
    return classes_of(table, ()).code(table.labels)


def label_texts(table: SampleTable, positions: Sequence[int] | None = None) -> list[str | None]:
    """Labels as people read them, of the samples at these positions or of all."""
    n = len(table) if positions is None else len(positions)
    if table.labels is None:
        return [None] * n
    wanted = table.labels if positions is None else table.labels[np.asarray(positions, np.int64)]
    if wanted.dtype.kind == "f":
        return [None if np.isnan(value) else f"{value:g}" for value in wanted.tolist()]
    return _read(classes_of(table, ()), wanted)


def class_marks(legend: Sequence[str], codes: Codes) -> Iterator[tuple[str, Codes]]:
    """The single classes of labels like "cat, dog": name, and for each sample 1, 0, or -1 where missing."""
    parts = [set(text.split(", ")) - {""} for text in legend]
    for name in sorted(set[str]().union(*parts)):
        has = np.array([*(name in part for part in parts), -1], np.int64)  # the last entry serves -1
        yield name, has[codes]


def prediction_texts(catalog: Catalog, split: tables.Split, predictions: Array) -> list[str | None]:
    """Predictions as people read them."""
    return _read(classes_of(split_samples(catalog, split), predicted_classes(catalog, split)), predictions)


def _read(classes: Classes, values: Array) -> list[str | None]:
    return [classes.legend[at] if at >= 0 else None for at in classes.code(values).tolist()]


@dataclass(frozen=True, slots=True)
class Classes:
    """One legend and one coding for labels and predictions, so that their colours agree.

    Attributes:
        legend: Names in code order.
        code: Labels or predictions as codes `[n]`, -1 where missing or not known.
        unknown: Why predictions cannot be compared with the labels, in a sentence with the way out; empty
            where they can.
    """

    legend: tuple[str, ...]
    code: Callable[[Array], Codes]
    unknown: str = ""


def classes_of(table: SampleTable, predicted: Iterable[int]) -> Classes:
    """The classes of a split: by class index where they have names; else the sorted values.

    Args:
        table: Samples of the split.
        predicted: Every class that was ever predicted.
    """
    names = list(table.class_names)
    labels = table.labels if table.labels is not None else np.empty(0, np.int64)
    if labels.dtype == object:
        return _of_texts(labels, names, predicted)
    classes = set(predicted)
    if labels.dtype.kind in "iu":
        if "label values" not in table.memo:
            table.memo["label values"] = set(np.unique(labels).tolist())
        classes |= table.memo["label values"]
    present = sorted(value for value in classes if value >= 0)
    if names:
        more = [value for value in present if value >= len(names)]
        values_in_order = np.array([*range(len(names)), *more], np.int64)
    else:
        values_in_order = np.array(present, np.int64)
    legend = [names[value] if value < len(names) else str(value) for value in values_in_order.tolist()]

    def by_value(values: Array) -> Codes:
        if len(values_in_order) == 0:
            return np.full(len(values), -1)
        at = np.minimum(np.searchsorted(values_in_order, values), len(values_in_order) - 1)
        return np.where(values_in_order[at] == values, at, -1)

    return Classes(tuple(legend), by_value)


def _of_texts(labels: Array, names: Sequence[str], predicted: Iterable[int]) -> Classes:
    """Labels are texts, predictions are class indices: only names tell which index is which text."""
    texts = {str(value) for value in labels.tolist() if value is not None}
    own = sorted(texts - set(names))
    unknown = ""
    if not names and not all(text.isdecimal() for text in own):
        unknown = _UNNAMED
    elif names and texts and len(own) == len(texts):
        unknown = f"No label is one of the class names ({names[0]!r}, …), {_GIVE_NAMES}"
    legend = [*names, *own]
    others = () if names or unknown else (str(value) for value in sorted(predicted))
    legend += [text for text in others if text not in legend]
    places = {text: code for code, text in enumerate(legend)}

    def code(values: Array) -> Codes:
        if values.dtype == object:
            listed: list[Any] = values.tolist()
            return np.array([-1 if v is None else places.get(str(v), -1) for v in listed], np.int64)
        if names:
            return np.where((values >= 0) & (values < len(names)), values, -1)
        if unknown:
            return np.full(len(values), -1, np.int64)
        return np.array([places.get(str(value), -1) for value in values.tolist()], np.int64)

    return Classes(tuple(legend), code, unknown)


def predicted_classes(catalog: Catalog, split: tables.Split) -> set[int]:
    """Every class that was ever predicted in a split; empty without outputs."""
    paths = catalog.session.exec(
        select(tables.Segment.path).where(
            tables.Segment.run_id == split.run_id,
            tables.Segment.split == split.name,
            tables.Segment.kind == "outputs",
        )
    ).all()
    found: set[int] = set()
    for path in paths:
        found |= _distinct_predictions(catalog.files, path)
    return found


@lru_cache(maxsize=4096)  # a segment never changes
def _distinct_predictions(files: Files, path: str) -> frozenset[int]:
    return frozenset(np.unique(files.open_segment(path).columns(("prediction",))["prediction"]).tolist())
