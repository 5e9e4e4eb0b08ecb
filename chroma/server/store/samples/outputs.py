"""What the model predicted for samples at a step: for a whole split, or for one sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import func
from sqlmodel import col, select

from chroma.records import Array, Outputs
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.load import split_samples

FIGURES = ("confidence", "margin", "cross_entropy")  # numbers that come with each prediction


@dataclass(frozen=True, slots=True)
class OutputColumns:
    """The model's outputs for a split at one step; row i is the sample at position i.

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


def step_outputs(catalog: Catalog, split: tables.Split, step: int | None) -> OutputColumns | None:
    """The outputs of a split's samples at a step, the last one by default; None without outputs.

    Raises:
        SegmentError: A stored file is damaged.
        FileNotFoundError: A stored file is gone.
    """
    rows = _segments(catalog, split, step)
    if not rows:
        return None
    table = split_samples(catalog, split)
    columns: dict[str, Array] = {"prediction": np.full(len(table), -1, np.int64)}
    columns |= {name: np.full(len(table), np.nan, np.float32) for name in FIGURES}
    for row in reversed(rows):  # later assignments replace earlier ones, so what counts most comes last
        read = catalog.files.open_segment(row.path).columns(("ids", *columns))
        at = table.positions(read["ids"])
        for name, column in columns.items():
            column[at[::-1]] = read[name][::-1]
    return OutputColumns(step=rows[0].step or 0, epoch=rows[0].epoch, **columns)


def step_probabilities(catalog: Catalog, split: tables.Split, step: int) -> npt.NDArray[np.float32] | None:
    """The probability of every class for a split's samples at a step.

    Returns:
        `[n, C]` by position, NaN where a sample has no outputs; None where no scores of classes were kept.

    Raises:
        SegmentError: A stored file is damaged.
        FileNotFoundError: A stored file is gone.
    """
    table = split_samples(catalog, split)
    whole: npt.NDArray[np.float32] | None = None
    for row in reversed(_segments(catalog, split, step)):
        read = catalog.files.open_segment(row.path)
        columns = read.columns()
        scores = columns.get("logits")
        if scores is None:
            continue
        if whole is None:
            whole = np.full((len(table), scores.shape[1]), np.nan, np.float32)
        if scores.shape[1] != whole.shape[1]:
            return None  # attempts with another number of classes
        at = table.positions(columns["ids"])
        shares = as_probabilities(scores, read.fields.get("head", "logits"))
        whole[at[::-1]] = shares[::-1]
    return whole


def as_probabilities(scores: Array, head: str) -> npt.NDArray[np.float32]:
    """Class scores as probabilities `[n, C]`: the softmax of logits; probabilities as they are."""
    scores = np.asarray(scores, np.float32)
    if head == "probabilities":
        return scores
    with np.errstate(invalid="ignore"):  # infinite logits
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def sample_outputs(
    catalog: Catalog, split: tables.Split, step: int | None, sample_id: Any
) -> dict[str, Any] | None:
    """The outputs of one sample at a step, the last one by default, by field; None if there are none.

    Args:
        catalog: Open for reading.
        split: Whose sample.
        step: Global optimizer step.
        sample_id: As the split's ids are: int or str.

    Returns:
        The fields of `Outputs`, and `head`: logits, probabilities or none.
    """
    for row in _segments(catalog, split, step):
        read = catalog.files.open_segment(row.path)
        at = np.flatnonzero(read.columns(("ids",))["ids"] == sample_id)
        if len(at):
            found: dict[str, Any] = {name: values[at[0]] for name, values in read.columns().items()}
            return found | {"head": read.fields.get("head", "logits")}
    return None


def _segments(catalog: Catalog, split: tables.Split, step: int | None) -> Sequence[tables.Segment]:
    """The segments with outputs of a step, the last one by default; what counts most comes first.

    Where several attempts did the step, the newest that has a sample counts; within an attempt the first
    row of a sample does, as it does for vectors.
    """
    where = (
        tables.Segment.run_id == split.run_id,
        tables.Segment.split == split.name,
        tables.Segment.kind == Outputs.kind,
    )
    if step is None:
        step = catalog.session.exec(select(func.max(tables.Segment.step)).where(*where)).one()
    return catalog.session.exec(
        select(tables.Segment)
        .join(tables.Attempt)
        .where(*where, tables.Segment.step == step)
        .order_by(col(tables.Attempt.number).desc(), col(tables.Segment.id))
    ).all()
