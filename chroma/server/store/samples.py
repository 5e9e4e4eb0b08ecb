"""What is known of a split's samples, and what the model said of them, by dense position.

A sample's position is the order of its first appearance in the split's stored segments, whatever their
kind: `samples` segments come first where there are any. Later segments only append, so a position once
given never changes (image addresses are cached for ever).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlmodel import Session, col, select

from chroma import segment
from chroma.records import Array, Ids
from chroma.server.store import tables
from chroma.server.store.blobs import Store

_CACHED = 16  # splits kept in memory

Key = tuple[int | None, str]  # of a segment: row and digest


@dataclass(frozen=True, slots=True)
class SampleTable:
    """The samples of a split; row i is the sample at position i.

    Attributes:
        ids: `[n]` int64 or object of str.
        labels: `[n]` int64 (-1 missing), float32 (NaN missing) or object of str | None; None without labels.
        class_names: Names by class index; empty if unknown.
        texts: `[n]` object of str | None, or None without texts.
        metadata: Name to `[n]`: int64, float64 (NaN missing), bool or object of str | None.
    """

    ids: Ids
    labels: Array | None = None
    class_names: Sequence[str] = ()
    texts: Array | None = None
    metadata: Mapping[str, Array] = field(default_factory=dict[str, Array])
    _rows: Mapping[Any, int] = field(default_factory=dict[Any, int])
    _images: Mapping[int, tuple[Sequence[bytes | None], int]] = field(
        default_factory=dict[int, tuple[Sequence[bytes | None], int]]
    )

    def __len__(self) -> int:
        return len(self.ids)

    def image(self, position: int) -> bytes | None:
        """The encoded image (WebP, PNG or JPEG) of a sample, or None."""
        found = self._images.get(position)
        return found[0][found[1]] if found else None

    def positions(self, ids: Ids) -> npt.NDArray[np.int64]:
        """Positions of these ids; -1 where unknown."""
        return np.fromiter((self._rows.get(key, -1) for key in ids.tolist()), np.int64, len(ids))


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


class _Growing:
    """The samples of a split as far as segments were read."""

    def __init__(self) -> None:
        self.seen: list[Key] = []
        self.rows: dict[Any, int] = {}
        self.columns: dict[str, dict[int, Any]] = {}  # column → position → value
        self.class_names: list[str] = []
        self.images: dict[int, tuple[Sequence[bytes | None], int]] = {}
        self.table: SampleTable | None = None

    def add(self, path: Path, kind: str, key: Key) -> None:
        known = len(self.rows)
        if kind == "samples":
            self._complete(path)
        else:
            self._places(segment.read_columns(path, ("ids",))["ids"])
        self.seen.append(key)
        if kind == "samples" or len(self.rows) > known:
            self.table = None

    def finished(self) -> SampleTable:
        if self.table is None:
            n = len(self.rows)
            ids = list(self.rows)
            keys = np.empty(n, object)
            keys[:] = ids
            whole = {name: _column(values, n) for name, values in self.columns.items()}
            self.table = SampleTable(
                ids=keys if n and isinstance(ids[0], str) else np.array(ids, np.int64),
                labels=_labels(self.columns["labels"], n) if "labels" in self.columns else None,
                class_names=tuple(self.class_names),
                texts=whole.get("texts"),
                metadata={
                    name.removeprefix("metadata:"): column
                    for name, column in whole.items()
                    if name.startswith("metadata:")
                },
                _rows=dict(self.rows),
                _images=dict(self.images),
            )
        return self.table

    def _places(self, ids: Array) -> list[int]:
        return [self.rows.setdefault(key, len(self.rows)) for key in ids.tolist()]

    def _complete(self, path: Path) -> None:
        record: Any = segment.read(path).record
        places = self._places(record.ids)
        self.class_names = list(record.class_names) or self.class_names
        named: dict[str, Any] = {f"metadata:{name}": array for name, array in record.metadata.items()}
        named |= {"labels": record.labels, "texts": record.texts}
        for name, values in named.items():
            if values is not None:
                plain = values.tolist() if isinstance(values, np.ndarray) else values
                pairs = zip(places, plain, strict=True)
                self.columns.setdefault(name, {}).update(pair for pair in pairs if not _missing(pair[1]))
        images = segment.read_images(path)
        for row, at in enumerate(places) if images is not None else ():
            if record.images[row] is not None:
                self.images[at] = (images or (), row)


_cache: OrderedDict[tuple[str, str], _Growing] = OrderedDict()
_lock = threading.Lock()


def split_samples(session: Session, store: Store, split: tables.Split) -> SampleTable:
    """The samples of a split; later records complete earlier ones.

    Raises:
        SegmentError: A stored file is damaged.
        FileNotFoundError: A stored file is gone.
    """
    found = session.exec(
        select(tables.Segment.id, tables.Segment.digest, tables.Segment.kind, tables.Segment.path)
        .where(tables.Segment.run_id == split.run_id, tables.Segment.split == split.name)
        .order_by(col(tables.Segment.id))
    ).all()
    keys: list[Key] = [(id_, digest) for id_, digest, _, _ in found]
    with _lock:
        name = (str(store.root), split.id)
        growing = _cache.get(name)
        if growing is None or growing.seen != keys[: len(growing.seen)]:
            growing = _Growing()
        for id_, digest, kind, path in found[len(growing.seen) :]:
            growing.add(store.path(path), kind, (id_, digest))
        _cache[name] = growing
        _cache.move_to_end(name)
        while len(_cache) > _CACHED:
            _cache.popitem(last=False)
        return growing.finished()


def step_outputs(
    session: Session, store: Store, split: tables.Split, step: int | None
) -> OutputColumns | None:
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
        last = session.exec(query.order_by(col(tables.Segment.step).desc())).first()
        step = last.step if last else None
    rows = session.exec(query.where(tables.Segment.step == step).order_by(col(tables.Segment.id))).all()
    if step is None or not rows:
        return None
    table = split_samples(session, store, split)
    n = len(table)
    columns: dict[str, Array] = {"prediction": np.full(n, -1, np.int64)}
    columns |= {name: np.full(n, np.nan, np.float32) for name in ("confidence", "margin", "cross_entropy")}
    attempts = session.exec(select(tables.Attempt).where(tables.Attempt.run_id == split.run_id)).all()
    age = {attempt.id: attempt.number for attempt in attempts}
    # Within an attempt the first word counts, as it does for vectors: so it is written last.
    for row in sorted(rows, key=lambda row: (age.get(row.attempt_id or "", -1), -(row.id or 0))):
        read = segment.read_columns(store.path(row.path), ("ids", *columns))
        at = table.positions(read["ids"])
        for name, column in columns.items():
            column[at[::-1]] = read[name][::-1]
    return OutputColumns(step=step, epoch=rows[-1].epoch, **columns)


def _missing(value: Any) -> bool:
    return value is None or value != value  # noqa: PLR0124 - NaN


def _labels(values: dict[int, Any], n: int) -> Array:
    kinds = {type(value) for value in values.values()}
    if kinds <= {int, bool}:
        return np.fromiter((values.get(at, -1) for at in range(n)), np.int64, n)
    column = _column(values, n)
    return column.astype(np.float32) if column.dtype == np.float64 else column


def _column(values: dict[int, Any], n: int) -> Array:
    """Position → value as one array, in the narrowest type that can say what is missing."""
    kinds = {type(value) for value in values.values()}
    whole = len(values) == n
    if kinds == {bool} and whole:
        return np.fromiter((values[at] for at in range(n)), bool, n)
    if kinds == {int} and whole:
        return np.fromiter((values[at] for at in range(n)), np.int64, n)
    if kinds and kinds <= {int, float}:
        return np.fromiter((values.get(at, np.nan) for at in range(n)), np.float64, n)
    column = np.full(n, None, object)
    for at, value in values.items():
        column[at] = value if isinstance(value, str) else str(value)
    return column
