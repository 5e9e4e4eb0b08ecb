"""Columns of a split from its run's report: scores of labels and samples, as colours."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.labels import class_names, class_text
from chroma.server.store.findings.report import Scores
from chroma.server.store.findings.reports import read_report
from chroma.server.store.samples.column_names import FOUND
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.user_columns import Column, Known, at_any


def finding_columns(catalog: Catalog, split: tables.Split) -> Iterable[Known]:
    """The columns that the newest report of a run has for a split; none without a report."""
    report = read_report(catalog, split.run_id)
    scores = report.scores.get(split.name) if report else None
    if scores is None:
        return
    names = class_names(catalog, split.run_id, split.name)
    for name, values in scores.columns.items():
        if name not in FOUND or not len(values):
            continue
        if values.dtype.kind == "i":
            legend = tuple(
                class_text(names, index) for index in range(max(len(names), int(values.max()) + 1))
            )
            column = Column(name, legend)
        else:
            column = Column(name)
        yield Known(column, at_any(lambda values=values: _by_position(catalog, split, scores, values)))


def _by_position(catalog: Catalog, split: tables.Split, scores: Scores, values: Array) -> Array:
    table = split_samples(catalog, split)
    places = table.positions(scores.ids)
    there = places >= 0
    if values.dtype.kind == "i":
        whole: Array = np.full(len(table), -1, np.int64)
    else:
        whole = np.full(len(table), np.nan, np.float32)
    whole[places[there]] = values[there]
    return whole
