"""What is known of a split's samples, and what the model said of them, by dense position.

A sample's position is the order of its first appearance in the split's stored segments, whatever their
kind: `samples` segments come first where there are any. Later segments only append, so a position once
given never changes (image addresses are cached for ever).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlmodel import col, select

from chroma import segment
from chroma.records import Array, Hidden
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.table import Key, SampleTable, SampleTableBuilder

_CACHED = 16  # splits kept in memory


@dataclass(frozen=True, slots=True)
class OutputColumns:
    """What the model said of each sample at one step; row i is the sample at position i.

    Attributes:
        step: Global optimizer step.
        epoch: 0-based, or None.
        prediction: `[n]` int64; -1 missing.
        confidence: `[n]` float32; NaN missing, as in the next two.
        margin: `[n]` float32.
        cross_entropy: `[n]` float32, nats.
    """

    step: int
    epoch: int | None
    prediction: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float32]
    margin: npt.NDArray[np.float32]
    cross_entropy: npt.NDArray[np.float32]


_cache: OrderedDict[tuple[str, str], SampleTableBuilder] = OrderedDict()
_lock = threading.Lock()


def split_samples(catalog: Catalog, split: tables.Split) -> SampleTable:
    """The samples of a split; later records complete earlier ones.

    Raises:
        SegmentError: A stored file is damaged.
        FileNotFoundError: A stored file is gone.
    """
    found = catalog.session.exec(
        select(tables.Segment.id, tables.Segment.digest, tables.Segment.kind, tables.Segment.path)
        .where(tables.Segment.run_id == split.run_id, tables.Segment.split == split.name)
        .where(tables.Segment.kind != Hidden.kind)  # the only kind of a split without ids
        .order_by(col(tables.Segment.id))
    ).all()
    keys: list[Key] = [(id_, digest) for id_, digest, _, _ in found]
    with _lock:
        name = (str(catalog.files.root), split.id)
        growing = _cache.get(name)
        if growing is None or growing.seen != keys[: len(growing.seen)]:
            growing = SampleTableBuilder()
        for id_, digest, kind, path in found[len(growing.seen) :]:
            growing.add(catalog.files.path(path), kind, (id_, digest))
        _cache[name] = growing
        _cache.move_to_end(name)
        while len(_cache) > _CACHED:
            _cache.popitem(last=False)
        return growing.finished()


def step_outputs(catalog: Catalog, split: tables.Split, step: int | None) -> OutputColumns | None:
    """What the model said of the split's samples at a step, the last one by default; None without outputs.

    Where several attempts did the step, the newest one that said something of a sample counts.

    Raises:
        SegmentError: A stored file is damaged.
        FileNotFoundError: A stored file is gone.
    """
    query = select(tables.Segment).where(
        tables.Segment.run_id == split.run_id,
        tables.Segment.split == split.name,
        tables.Segment.kind == "outputs",
    )
    if step is None:
        last = catalog.session.exec(query.order_by(col(tables.Segment.step).desc())).first()
        step = last.step if last else None
    rows = catalog.session.exec(
        query.where(tables.Segment.step == step).order_by(col(tables.Segment.id))
    ).all()
    if step is None or not rows:
        return None
    table = split_samples(catalog, split)
    n = len(table)
    columns: dict[str, Array] = {"prediction": np.full(n, -1, np.int64)}
    columns |= {name: np.full(n, np.nan, np.float32) for name in ("confidence", "margin", "cross_entropy")}
    attempts = catalog.session.exec(select(tables.Attempt).where(tables.Attempt.run_id == split.run_id)).all()
    age = {attempt.id: attempt.number for attempt in attempts}
    # Within an attempt the first word counts, as it does for vectors: so it is written last.
    for row in sorted(rows, key=lambda row: (age.get(row.attempt_id or "", -1), -(row.id or 0))):
        read = segment.read_columns(catalog.files.path(row.path), ("ids", *columns))
        at = table.positions(read["ids"])
        for name, column in columns.items():
            column[at[::-1]] = read[name][::-1]
    return OutputColumns(step=step, epoch=rows[-1].epoch, **columns)
