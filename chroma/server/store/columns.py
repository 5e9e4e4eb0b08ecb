"""Columns of a split: one number or one category for each of its samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from sqlmodel import Session, col, select

from chroma import segment
from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.blobs import Store
from chroma.server.store.classes import Codes, classes_of, predicted_classes
from chroma.server.store.samples import SampleTable, split_samples, step_outputs

_MOST_CATEGORIES = 1_000  # texts of more distinct values are read on the sample, they are no colours
_OUTPUTS = ("confidence", "margin", "cross_entropy")


@dataclass(frozen=True, slots=True)
class Column:
    """What is said of a column.

    Attributes:
        name: label, prediction, correct, confidence, margin, cross_entropy, position, tag:NAME, or a key of
            the samples' metadata or of the user's own columns.
        legend: Names of the categories in code order; None for numbers.
        per_frame: Whether the values differ from frame to frame.
    """

    name: str
    legend: tuple[str, ...] | None = None
    per_frame: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A column, and its values by position at a step: codes (-1 missing) or numbers (NaN missing).

    Attributes:
        column: What is said of it.
        values: `[n]` at a step; None for the last one.
        said: Whether the model or the run said it; else it is known of the sample itself.
    """

    column: Column
    values: Callable[[int | None], Array]
    said: bool = False


def split_columns(session: Session, store: Store, split: tables.Split) -> dict[str, Known]:
    """All columns of a split by name."""
    table = split_samples(session, store, split)
    found = [
        *_label_columns(session, store, split, table),
        Known(Column("position"), lambda _: np.arange(len(table))),
        *_tag_columns(session, split, table),
    ]
    known = {entry.column.name: entry for entry in found}
    for prefix, more in (
        ("metadata", _metadata(table)),
        ("columns", _own_columns(session, store, split, table)),
    ):
        for name, entry in more.items():
            free = name if name not in known and not name.startswith("tag:") else f"{prefix}:{name}"
            column = Column(free, entry.column.legend, entry.column.per_frame)
            known[free] = Known(column, entry.values, said=prefix == "columns")
    return known


def _label_columns(
    session: Session, store: Store, split: tables.Split, table: SampleTable
) -> Iterable[Known]:
    predicted = predicted_classes(session, store, split)
    legend, code = classes_of(table, predicted)
    labels = table.labels
    if labels is not None and labels.dtype.kind == "f":
        yield Known(Column("label"), lambda _: labels)
    elif labels is not None:
        yield Known(Column("label", legend), lambda _: code(labels))
    if not predicted:
        return
    outputs: dict[int | None, Any] = {}

    def said(step: int | None) -> Any:
        if step not in outputs:
            outputs[step] = step_outputs(session, store, split, step)
        return outputs[step]

    def prediction(step: int | None) -> Codes:
        at = said(step)
        return code(at.prediction) if at else np.full(len(table), -1)

    def correct(step: int | None) -> Codes:
        truth, guess = code(labels if labels is not None else np.empty(0, np.int64)), prediction(step)
        return np.where((truth < 0) | (guess < 0), -1, truth == guess)

    def number(name: str) -> Callable[[int | None], Array]:
        return lambda step: getattr(said(step), name) if said(step) else np.full(len(table), np.nan)

    yield Known(Column("prediction", legend, per_frame=True), prediction, said=True)
    if labels is not None and labels.dtype.kind != "f":
        yield Known(Column("correct", ("wrong", "right"), per_frame=True), correct, said=True)
    for name in _OUTPUTS:
        yield Known(Column(name, per_frame=True), number(name), said=True)


def _tag_columns(session: Session, split: tables.Split, table: SampleTable) -> Iterable[Known]:
    tags = session.exec(
        select(tables.Tag)
        .where(tables.Tag.run_id == split.run_id, tables.Tag.split == split.name)
        .order_by(col(tables.Tag.name))
    ).all()

    def marked(tag: tables.Tag) -> Codes:
        query = select(tables.TaggedSample.sample_id).where(tables.TaggedSample.tag_id == tag.id)
        carriers = set(session.exec(query).all())
        return np.array([str(key) in carriers for key in table.ids.tolist()], np.int64)

    for tag in tags:
        yield Known(Column(f"tag:{tag.name}", ("untagged", "tagged")), lambda _, tag=tag: marked(tag))


def _metadata(table: SampleTable) -> dict[str, Known]:
    found = {name: _described(name, array, ()) for name, array in table.metadata.items()}
    return {name: entry for name, entry in found.items() if entry}


def _own_columns(session: Session, store: Store, split: tables.Split, table: SampleTable) -> dict[str, Known]:
    rows = session.exec(
        select(tables.Segment)
        .where(
            tables.Segment.run_id == split.run_id,
            tables.Segment.split == split.name,
            tables.Segment.kind == "columns",
        )
        .order_by(col(tables.Segment.step), col(tables.Segment.id))
    ).all()
    # name → step → whole column
    merged: dict[str, dict[int, Array]] = {}
    for row in rows:
        ids, columns = _columns_segment(store.path(row.path))
        at = table.positions(ids)
        for name, values in columns.items():
            steps = merged.setdefault(name, {})
            whole = steps.get(row.step or 0)
            if whole is None:
                whole = _nothing(values, len(table))
                steps[row.step or 0] = whole
            whole[at] = values
    found = {
        name: _described(name, list(steps.values())[-1], list(steps.items()))
        for name, steps in merged.items()
    }
    return {name: entry for name, entry in found.items() if entry}


def _described(name: str, array: Array, steps: Sequence[tuple[int, Array]]) -> Known | None:
    """A column of numbers or categories; a value said at one step only holds for all frames."""
    per_frame = len(steps) > 1

    def at(step: int | None) -> Array:
        if not per_frame:
            return array
        before = [values for when, values in steps if step is None or when <= step]
        return before[-1] if before else _nothing(array, len(array))

    if array.dtype.kind in "if":
        return Known(Column(name, None, per_frame), at)
    arrays = [values for _, values in steps] or [array]
    texts = {_text(value) for values in arrays for value in values.tolist() if value is not None}
    if len(texts) > _MOST_CATEGORIES:
        return None
    legend = ("false", "true") if texts <= {"false", "true"} else tuple(sorted(texts))
    codes = {text: code for code, text in enumerate(legend)}

    def coded(step: int | None) -> Codes:
        return np.array([-1 if v is None else codes[_text(v)] for v in at(step).tolist()], np.int64)

    return Known(Column(name, legend, per_frame), coded)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _nothing(like: Array, n: int) -> Array:
    if like.dtype.kind in "if":
        return np.full(n, np.nan)
    return np.full(n, None, object)


@lru_cache(maxsize=64)
def _columns_segment(path: Path) -> tuple[Array, dict[str, Array]]:
    record: Any = segment.read(path).record
    return record.ids, dict(record.columns)
