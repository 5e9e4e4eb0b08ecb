"""Classes: one legend and one coding for labels and predictions, so that their colours agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from sqlmodel import select

from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Files
from chroma.server.store.samples.load import SampleTable, split_samples

Codes = npt.NDArray[np.int64]


def label_codes(table: SampleTable) -> Codes | None:
    """Labels as integers `[n]`, -1 where missing; None without labels, or where they are measurements."""
    if table.labels is None or table.labels.dtype.kind == "f":
        return None
    return classes_of(table, ())[1](table.labels)


def label_texts(table: SampleTable, positions: Sequence[int] | None = None) -> list[str | None]:
    """Labels as people read them, of the samples at these positions or of all."""
    n = len(table) if positions is None else len(positions)
    if table.labels is None:
        return [None] * n
    wanted = table.labels if positions is None else table.labels[np.asarray(positions, np.int64)]
    if wanted.dtype.kind == "f":
        return [None if np.isnan(value) else f"{value:g}" for value in wanted.tolist()]
    legend, code = classes_of(table, ())
    return [legend[at] if at >= 0 else None for at in code(wanted).tolist()]


def class_marks(legend: Sequence[str], codes: Codes) -> Iterator[tuple[str, Codes]]:
    """The single classes of labels like "cat, dog": name, and for each sample 1, 0, or -1 where missing."""
    parts = [set(text.split(", ")) - {""} for text in legend]
    for name in sorted(set[str]().union(*parts)):
        has = np.array([*(name in part for part in parts), -1], np.int64)  # the last entry serves -1
        yield name, has[codes]


def prediction_texts(catalog: Catalog, split: tables.Split, predictions: Array) -> list[str | None]:
    """Predictions as people read them."""
    table = split_samples(catalog, split)
    legend, code = classes_of(table, predicted_classes(catalog, split))
    return [legend[at] if at >= 0 else None for at in code(predictions).tolist()]


def classes_of(
    table: SampleTable, predicted: Iterable[int]
) -> tuple[tuple[str, ...], Callable[[Array], Codes]]:
    """One legend and one coding for labels and predictions, so that their colours agree.

    Class names by class index where they are known; else the sorted values.
    """
    names = list(table.class_names)
    labels = table.labels if table.labels is not None else np.empty(0, np.int64)
    if labels.dtype == object:
        own = sorted({str(value) for value in labels.tolist() if value is not None} - set(names))
        legend = [*names, *own]
        others = () if names else (str(value) for value in sorted(predicted))
        legend += [text for text in others if text not in legend]
        places = {text: code for code, text in enumerate(legend)}

        def by_text(values: Array) -> Codes:
            if values.dtype != object and names:
                return by_index(values)
            plain = (None if value is None or (not isinstance(value, str) and value < 0) else str(value)
                     for value in values.tolist())  # fmt: skip
            return np.array([places.get(text, -1) if text is not None else -1 for text in plain], np.int64)

        def by_index(values: Array) -> Codes:
            return np.where((values >= 0) & (values < len(names)), values, -1)

        return tuple(legend), by_text
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

    return tuple(legend), by_value


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
