"""The samples of a split, collected segment by segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.errors import NotFoundError
from chroma.records import Array, Ids, Samples
from chroma.segment import ReadSegment
from chroma.server.store.samples.stored_images import StoredImages

Key = tuple[int | None, str]  # of a segment: row and digest
Places = npt.NDArray[np.int64]


class IdIndex:
    """Which position each id has; ids only ever join at the end."""

    def __init__(self) -> None:
        self._rows: dict[Any, int] = {}
        self._ids: Ids | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def join(self, ids: Ids) -> Places:
        """Positions of these ids, new ones at the end."""
        known = self.positions(ids)
        if len(known) and known.min() < 0:
            places = (self._rows.setdefault(key, len(self._rows)) for key in ids.tolist())
            known = np.fromiter(places, np.int64, len(ids))
            self._ids = None
        return known

    def positions(self, ids: Ids) -> Places:
        """Positions of these ids; -1 where unknown."""
        n = len(ids)
        first = self._rows.get(ids[:1].tolist()[0], -1) if n else -1
        # Segments mostly repeat the order of earlier ones: this saves a million look-ups.
        if first >= 0 and np.array_equal(self.ids()[first : first + n], ids):
            return np.arange(first, first + n)
        return np.fromiter((self._rows.get(key, -1) for key in ids.tolist()), np.int64, n)

    def ids(self) -> Ids:
        """All ids by position: int64, or object of str."""
        if self._ids is None:
            listed = list(self._rows)
            if listed and isinstance(listed[0], str):
                self._ids = np.empty(len(listed), object)
                self._ids[:] = listed
            else:
                self._ids = np.array(listed, np.int64)
        return self._ids

    def copy(self) -> IdIndex:
        """An index of its own."""
        other = IdIndex()
        other._rows = dict(self._rows)
        return other


@dataclass(frozen=True, slots=True)
class SampleTable:
    """The samples of a split; row i is the sample at position i.

    Attributes:
        ids: `[n]` int64 or object of str.
        labels: `[n]` int64 (-1 missing), float32 (NaN missing) or object of str | None; None without labels.
        class_names: Names by class index; empty if unknown.
        texts: `[n]` object of str | None, or None without texts.
        metadata: Name to `[n]`: int64, float64 (NaN missing), bool or object of str | None.
        memo: Results computed from the table, kept for the next caller.
    """

    ids: Ids
    labels: Array | None = None
    class_names: Sequence[str] = ()
    texts: Array | None = None
    metadata: Mapping[str, Array] = field(default_factory=dict[str, Array])
    memo: dict[Any, Any] = field(default_factory=dict[Any, Any])
    _index: IdIndex = field(default_factory=IdIndex)
    _images: Mapping[int, tuple[StoredImages, int]] = field(
        default_factory=dict[int, tuple[StoredImages, int]]
    )

    def __len__(self) -> int:
        return len(self.ids)

    def image(self, position: int) -> bytes | None:
        """The encoded image (WebP, PNG or JPEG) of a sample, or None.

        Raises:
            SegmentError: Its file is damaged or gone.
        """
        found = self._images.get(position)
        return found[0].read(found[1]) if found else None

    def positions(self, ids: Ids) -> Places:
        """Positions of these ids; -1 where unknown."""
        return self._index.positions(ids)

    def check_positions(self, positions: Sequence[int] | Places) -> None:
        """Check that these are positions of the split.

        Raises:
            NotFoundError: One is not.
        """
        wanted = np.asarray(positions, np.int64)
        outside = wanted[(wanted < 0) | (wanted >= len(self))]
        if len(outside):
            there = [f"0 to {len(self) - 1}"] if len(self) else []
            raise NotFoundError("sample position", int(outside[0]), there)


class SampleTableBuilder:
    """Builds the table of a split's samples from its segments."""

    def __init__(self) -> None:
        self.seen: list[Key] = []
        self._index = IdIndex()
        self._columns: dict[str, list[tuple[Places, Array]]] = {}  # column → values of each segment
        self._class_names: list[str] = []
        self._images: dict[int, tuple[StoredImages, int]] = {}
        self._table: SampleTable | None = None

    def add(self, read: ReadSegment, key: Key, path: Callable[[], Path]) -> None:
        """Add a segment that is stored where `path` says; one of the kind `samples` completes the others."""
        known = len(self._index)
        described = read.record_name == Samples.__name__
        if described:
            self._add_samples(read, StoredImages(path, key[1], read))
        else:
            self._index.join(read.columns(("ids",))["ids"])
        self.seen.append(key)
        if described or len(self._index) > known:
            self._table = None

    def leave_out(self, key: Key) -> None:
        """Go on without a segment that cannot be read."""
        self.seen.append(key)

    def finished(self) -> SampleTable:
        """The table of all segments read so far."""
        if self._table is None:
            n = len(self._index)
            whole = {name: _column(parts, n) for name, parts in self._columns.items() if name != "labels"}
            self._table = SampleTable(
                ids=self._index.ids(),
                labels=_labels(self._columns["labels"], n) if "labels" in self._columns else None,
                class_names=tuple(self._class_names),
                texts=whole.get("texts"),
                metadata={
                    name.removeprefix("metadata:"): column
                    for name, column in whole.items()
                    if name.startswith("metadata:")
                },
                _index=self._index.copy(),
                _images=dict(self._images),
            )
        return self._table

    def _add_samples(self, read: ReadSegment, images: StoredImages) -> None:
        arrays = read.columns()
        places = self._index.join(arrays["ids"])
        self._class_names = list(read.fields.get("class_names") or ()) or self._class_names
        for name, values in arrays.items():
            if name in ("labels", "texts") or name.startswith("metadata:"):
                own = values.copy()  # a view would keep the whole file in memory
                self._columns.setdefault(name, []).append((places, own))
        self._images |= {at: (images, row) for row, at in enumerate(places.tolist()) if images.has(row)}


def _labels(parts: Sequence[tuple[Places, Array]], n: int) -> Array:
    if all(values.dtype.kind in "ib" for _, values in parts):
        labels = np.full(n, -1, np.int64)
        for places, values in parts:
            labels[places] = values
        return labels
    column = _column(parts, n)
    return column.astype(np.float32) if column.dtype == np.float64 else column


def _column(parts: Sequence[tuple[Places, Array]], n: int) -> Array:
    """One column for all positions, in the narrowest type that can mark missing values.

    A later value replaces an earlier one, unless it is missing itself.
    """
    kinds = {values.dtype.kind for _, values in parts}
    said = np.zeros(n, bool)
    present = [_present(values) for _, values in parts]
    for (places, _), there in zip(parts, present, strict=True):
        said[places[there]] = True
    if kinds in ({"b"}, {"i"}) and said.all():
        column: Array = np.empty(n, bool if kinds == {"b"} else np.int64)
    elif kinds <= {"i", "f"}:
        column = np.full(n, np.nan)
    else:
        column = np.full(n, None, object)
    for (places, values), there in zip(parts, present, strict=True):
        if column.dtype == object and values.dtype != object:
            values = np.array([str(value) for value in values.tolist()], object)  # noqa: PLW2901
        column[places[there]] = values[there]
    return column


def _present(values: Array) -> npt.NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([value is not None for value in values.tolist()], bool)
    return ~np.isnan(values) if values.dtype.kind == "f" else np.ones(len(values), bool)
