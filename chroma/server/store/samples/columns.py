"""Columns of a split: one number or one category for each of its samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np
from sqlmodel import col, select

from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.classes import Classes, Codes, class_marks, classes_of, predicted_classes
from chroma.server.store.samples.column_names import is_reserved
from chroma.server.store.samples.load import SampleTable, split_samples
from chroma.server.store.samples.outputs import FIGURES, OutputColumns, step_outputs
from chroma.server.store.samples.user_columns import (
    Column,
    Known,
    at_any,
    logged_columns,
    metadata_columns,
)


def split_columns(catalog: Catalog, split: tables.Split) -> dict[str, Known]:
    """All columns of a split by name."""
    table = split_samples(catalog, split)
    found = [
        *_label_columns(catalog, split, table),
        Known(Column("split", (split.name,)), at_any(lambda: np.zeros(len(table), np.int64))),
        Known(Column("position"), at_any(lambda: np.arange(len(table)))),
        *_tag_columns(catalog, split, table),
    ]
    known = {entry.column.name: entry for entry in found}
    for prefix, more in (
        ("metadata", metadata_columns(table)),
        ("columns", logged_columns(catalog, split, table)),
    ):
        for entry in more:
            name = entry.column.name
            taken = name in known or is_reserved(name)
            free = f"{prefix}:{name}" if taken else name
            known[free] = replace(entry, column=replace(entry.column, name=free))
    return known


def _label_columns(catalog: Catalog, split: tables.Split, table: SampleTable) -> Iterable[Known]:
    predicted = predicted_classes(catalog, split)
    classes = classes_of(table, predicted)
    legend, code = classes.legend, classes.code
    labels = table.labels
    if labels is not None and labels.dtype.kind == "f":
        yield Known(Column("label"), at_any(lambda: labels))
    elif labels is not None:
        yield Known(Column("label", legend), at_any(lambda: code(labels)))
        if catalog.session.get_one(tables.Run, split.run_id).task == "multilabel":
            for name, marks in class_marks(legend, code(labels)):
                yield Known(Column(f"label:{name}", ("no", "yes")), at_any(lambda marks=marks: marks))
    if predicted:
        truth = None if labels is None or labels.dtype.kind == "f" else code(labels)
        yield from _output_columns(_Said(catalog, split, len(table)), classes, truth)


class _Said:
    """What the model said at a step, read once."""

    def __init__(self, catalog: Catalog, split: tables.Split, n: int) -> None:
        self._read = partial(step_outputs, catalog, split)
        self._outputs: dict[int | None, OutputColumns | None] = {}
        self._n = n

    def __call__(self, step: int | None, name: str) -> Array:
        """A column of the outputs; missing where there are none."""
        if step not in self._outputs:
            self._outputs[step] = self._read(step)
        found = self._outputs[step]
        if found is None:
            return np.full(self._n, -1) if name == "prediction" else np.full(self._n, np.nan, np.float32)
        return getattr(found, name)


def _output_columns(said: _Said, classes: Classes, truth: Codes | None) -> Iterable[Known]:
    note = classes.unknown

    def prediction(step: int | None) -> Codes:
        return classes.code(said(step, "prediction"))

    def correct(step: int | None) -> Codes:
        guess = prediction(step)
        if truth is None or note:
            return np.full_like(guess, -1)
        return np.where((guess < 0) | (truth < 0), -1, truth == guess)

    yield Known(Column("prediction", classes.legend, per_frame=True, note=note), prediction, said=True)
    if truth is not None:
        yield Known(Column("correct", ("wrong", "right"), per_frame=True, note=note), correct, said=True)
    for name in FIGURES:
        yield Known(Column(name, per_frame=True), lambda step, name=name: said(step, name), said=True)


def _tag_columns(catalog: Catalog, split: tables.Split, table: SampleTable) -> Iterable[Known]:
    tags = catalog.session.exec(
        select(tables.Tag)
        .where(tables.Tag.run_id == split.run_id, tables.Tag.split == split.name)
        .order_by(col(tables.Tag.name))
    ).all()

    def marked(tag: tables.Tag) -> Codes:
        query = select(tables.TaggedSample.sample_id).where(tables.TaggedSample.tag_id == tag.id)
        carriers = set(catalog.session.exec(query).all())
        return np.array([str(key) in carriers for key in table.ids.tolist()], np.int64)

    for tag in tags:
        column = Column(f"tag:{tag.name}", ("untagged", "tagged"))
        yield Known(column, at_any(lambda tag=tag: marked(tag)))
