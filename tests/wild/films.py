"""What Chroma kept of a training, put together from its journal as the dashboard would show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from chroma.records import Header, Outputs, Record, RunClosed, RunOpened, Samples, Snapshot

R = TypeVar("R")


@dataclass(frozen=True)
class Film:
    """One layer of a split through time, rows in the order of sorted ids.

    Attributes:
        split: Name of the split.
        layer: Name of the layer.
        reason: Why it was chosen.
        pooling: How a sample's values became one vector.
        identity: How ids are known.
        of: How many samples the split holds.
        ids: `[n]`.
        labels: `[n]`, or None.
        class_names: By class index.
        moments: Epoch and step of each snapshot.
        vectors: `[n, d]` of each snapshot; NaN where a sample is missing.
        predictions: `[n]` of each snapshot, -1 where a sample is missing; empty without predictions.
    """

    split: str
    layer: str
    reason: str
    pooling: str
    identity: str
    of: int
    ids: np.ndarray
    labels: np.ndarray | None
    class_names: Sequence[str]
    moments: Sequence[tuple[int | None, int]]
    vectors: Sequence[np.ndarray]
    predictions: Sequence[np.ndarray]

    @property
    def epochs(self) -> list[int | None]:
        return [epoch for epoch, _ in self.moments]


@dataclass
class Kept:
    """What was kept of a run.

    Attributes:
        id: Its id.
        opened: How it began, at its first attempt.
        closed: How it ended; None if it did not.
        records: All that was written, in order.
    """

    id: str
    opened: RunOpened
    closed: RunClosed | None = None
    records: list[Record] = field(default_factory=list)

    @property
    def splits(self) -> list[str]:
        """Splits with snapshots, in the order in which they came."""
        return list(dict.fromkeys(each.split for each in self._all(Snapshot)))

    @property
    def attempts(self) -> int:
        """How often it was begun and ended."""
        return len(self._all(RunClosed))

    @property
    def receipt(self) -> Mapping[str, Any]:
        return {} if self.closed is None else self.closed.receipt

    @property
    def said(self) -> list[str]:
        """What the receipt says besides its figures: notes, what is missing, errors."""
        missing = [f"{count} missing: {reason}" for reason, count in self.receipt.get("missing", {}).items()]
        return [*self.receipt.get("notes", ()), *missing, *self.receipt.get("errors", ())]

    @property
    def task(self) -> str | None:
        tasks = [each.task for each in self._all(RunOpened) if each.task]
        return tasks[-1] if tasks else None

    def layers(self, split: str) -> list[str]:
        return list(dict.fromkeys(each.layer for each in self._all(Snapshot) if each.split == split))

    def film(self, split: str, layer: str | None = None) -> Film:
        """The film of a layer, by default of the one that the dashboard opens first."""
        here = [each for each in self._all(Snapshot) if each.split == split]
        assert here, f"nothing of {split} was captured, only {self.splits}; said: {self.said}"
        if layer is None:
            (layer,) = {each.layer for each in here if each.note.default}
        here = [each for each in here if each.layer == layer]
        samples = [each for each in self._all(Samples) if each.split == split]
        ids = np.unique(np.concatenate([each.ids for each in samples]))
        moments = list(dict.fromkeys((each.epoch, each.step) for each in here))
        labels = [(each.ids, each.labels) for each in samples if each.labels is not None]
        said = [each for each in self._all(Outputs) if each.split == split]
        return Film(
            split,
            layer,
            here[0].note.reason,
            here[0].note.pooling,
            samples[0].identity,
            max(each.of for each in samples),
            ids,
            _column(ids, labels) if labels else None,
            next((each.class_names for each in samples if each.class_names), ()),
            moments,
            [
                _rows(ids, [(each.ids, each.vectors) for each in here if each.step == step])
                for _, step in moments
            ],
            [
                _rows(ids, [(each.ids, each.prediction) for each in said if each.step == step], -1)
                for _, step in moments
            ]
            if said
            else [],
        )

    def columns(self, split: str) -> dict[str, np.ndarray]:
        """What is known of a split's samples besides, by name, in the order of sorted ids."""
        samples = [each for each in self._all(Samples) if each.split == split]
        ids = np.unique(np.concatenate([each.ids for each in samples]))
        names = dict.fromkeys(name for each in samples for name in each.metadata)
        return {
            name: _column(ids, [(each.ids, each.metadata[name]) for each in samples if name in each.metadata])
            for name in names
        }

    def _all(self, kind: type[R]) -> list[R]:
        return [record for record in self.records if isinstance(record, kind)]


def kept_by_run(written: Iterable[tuple[Header, Record]]) -> list[Kept]:
    """Put records together, by run; runs in the order in which they began."""
    runs: dict[str, Kept] = {}
    for header, record in sorted(written, key=lambda each: (each[0].created_at, each[0].number)):
        if isinstance(record, RunOpened) and header.run not in runs:
            runs[header.run] = Kept(header.run, record)
        runs[header.run].records.append(record)
        if isinstance(record, RunClosed):
            runs[header.run].closed = record
    return list(runs.values())


def _rows(ids: np.ndarray, parts: Sequence[tuple[Any, Any]], missing: float = np.nan) -> np.ndarray:
    first = np.asarray(parts[0][1])
    rows = np.full((len(ids), *first.shape[1:]), missing, np.float64 if first.dtype.kind == "f" else np.int64)
    for given, values in parts:
        rows[np.searchsorted(ids, given)] = values
    return rows


def _column(ids: np.ndarray, parts: Sequence[tuple[Any, Any]]) -> np.ndarray:
    column = np.full(len(ids), None, object)
    for given, values in parts:
        column[np.searchsorted(ids, given)] = list(values)
    return np.array(column.tolist())


def shows(
    film: Film,
    *,
    ids: Iterable[Any],
    layer: str,
    labels: Any = None,
    vectors: Any = None,
    predictions: Any = None,
    identity: str = "index",
    epochs: Sequence[int | None] = (0, 1),
) -> None:
    """Assert that a film is what its author would want.

    Args:
        film: The film.
        ids: Samples that are in it, sorted; `labels`, `vectors` and `predictions` are in the same order.
        layer: Name of the layer.
        labels: What they are labelled; None: there are no labels.
        vectors: What the layer gives at the end of the training, computed without Chroma.
        predictions: What the model predicts then, computed without Chroma; None: there are no predictions.
        identity: How ids are known.
        epochs: Of its frames.
    """
    assert (film.layer, film.identity, film.epochs) == (layer, identity, list(epochs))
    np.testing.assert_array_equal(film.ids, np.array(list(ids)))
    if labels is None:
        assert film.labels is None
    else:
        assert film.labels is not None
        np.testing.assert_array_equal(film.labels, np.asarray(labels))
    if vectors is not None:
        wanted = np.asarray(vectors.detach() if hasattr(vectors, "detach") else vectors)
        assert film.vectors[-1].shape == wanted.shape
        np.testing.assert_allclose(film.vectors[-1], wanted, rtol=2e-3, atol=2e-3)  # float16
        if len(film.vectors) > 1:  # it is a film: the model learned in between
            assert np.abs(film.vectors[0] - film.vectors[-1]).max() > 1e-3
    if predictions is None:
        assert not film.predictions
    else:
        np.testing.assert_array_equal(film.predictions[-1], np.asarray(predictions))
