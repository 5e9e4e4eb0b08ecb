"""What a model said of each training sample as it trained on it, epoch after epoch."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlmodel import col, select

from chroma.errors import SegmentError
from chroma.records import Array, Ids, TrainingOutputs
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog

logger = logging.getLogger("chroma.server")

_COLUMNS = ("ids", "labels", "cross_entropy", "other", "other_probability")


@dataclass(frozen=True, slots=True)
class FitOutputs:
    """The training's own outputs: row e is an epoch, column i a sample.

    Attributes:
        ids: `[n]` int64 or object of str, sorted, each once: every sample that any of the epochs has.
        epochs: `[e]` int64, rising; the step where the training counts no epochs.
        steps: `[e]` int64, global optimizer step at the end of each.
        labels: `[e, n]` int32, class indices as they were in that epoch; -1 unknown or not seen.
        p_label: `[e, n]` float32, probability of the label; NaN where the label is unknown or not seen.
        other: `[e, n]` int32, the most probable class that is not the label; -1 not seen.
        p_other: `[e, n]` float32, its probability; NaN not seen.
        of: How many samples the split holds; 0 if unknown.
    """

    ids: Ids
    epochs: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int32]
    p_label: npt.NDArray[np.float32]
    other: npt.NDArray[np.int32]
    p_other: npt.NDArray[np.float32]
    of: int

    @property
    def prediction(self) -> npt.NDArray[np.int32]:
        """`[e, n]` int32, the most probable class; -1 not seen."""
        return np.where(self.p_label >= self.p_other, self.labels, self.other)


def fit_epochs(catalog: Catalog, run_id: str, split: str = "train") -> list[int]:
    """The epochs that `fit_outputs` has of a split, rising; empty without any."""
    return sorted({_moment(row) for row in _segments(catalog, run_id, split)})


def fit_outputs(
    catalog: Catalog, run_id: str, split: str = "train", *, epochs: Collection[int] | None = None
) -> FitOutputs | None:
    """Read what the model said of each training sample as it trained on it.

    Of several attempts at an epoch the newest that has a sample counts; the shares of several ranks are
    joined. A stored file that is damaged or gone is left out with a warning: the others are read.

    Args:
        catalog: Open for reading.
        run_id: Of which run.
        split: The split that is trained on.
        epochs: Which of `fit_epochs`; None for all. One takes 16 bytes a sample.

    Returns:
        None if none of these epochs is stored: with `outputs=False`, for other tasks than classification, and
        where ids are not known.
    """
    rows = _segments(catalog, run_id, split)
    if epochs is not None:
        rows = [row for row in rows if _moment(row) in epochs]
    parts: list[tuple[int, int, int, dict[str, Array]]] = []  # epoch, step, of, columns
    for row in rows:
        try:
            read = catalog.files.open_segment(row.path)
            columns, of = read.columns(_COLUMNS), int(read.fields.get("of", 0))
        except (SegmentError, FileNotFoundError) as error:
            logger.warning("chroma: %s; its training outputs are left out", error)
            continue
        parts.append((_moment(row), row.step or 0, of, columns))
    keys = bool(parts) and parts[-1][3]["ids"].dtype == object  # the newest attempt says what ids are
    parts = [part for part in parts if (part[3]["ids"].dtype == object) == keys]
    if not parts:
        return None
    ids: Any = np.unique(np.concatenate([columns["ids"] for *_, columns in parts]))
    numbers = np.unique([epoch for epoch, *_ in parts])
    shape = (len(numbers), len(ids))
    labels, other = np.full(shape, -1, np.int32), np.full(shape, -1, np.int32)
    p_label, p_other = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    steps = np.zeros(len(numbers), np.int64)
    for epoch, step, _, columns in parts:
        row, at = int(np.searchsorted(numbers, epoch)), np.searchsorted(ids, columns["ids"])
        steps[row] = step
        labels[row, at], other[row, at] = columns["labels"], columns["other"]
        p_label[row, at] = np.exp(-columns["cross_entropy"])
        p_other[row, at] = columns["other_probability"]
    of = max(len(ids), *(of for _, _, of, _ in parts))
    return FitOutputs(ids, numbers, steps, labels, p_label, other, p_other, of)


def _segments(catalog: Catalog, run_id: str, split: str) -> Sequence[tables.Segment]:
    """The segments with training outputs of a split; what counts most comes last."""
    return catalog.session.exec(
        select(tables.Segment)
        .join(tables.Attempt)
        .where(
            tables.Segment.run_id == run_id,
            tables.Segment.kind == TrainingOutputs.kind,
            tables.Segment.split == split,
        )
        .order_by(col(tables.Attempt.number), col(tables.Segment.id))
    ).all()


def _moment(row: tables.Segment) -> int:
    """The epoch of a segment, or its step where the training counts none."""
    return (row.step or 0) if row.epoch is None else row.epoch
