"""How alike layers, or the epochs of a layer, see the samples of a split: debiased CKA, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chroma.insight.similarity import cka_matrix
from chroma.records import Ids
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.run_contents import published_snapshots
from chroma.server.store.samples.load import split_samples
from chroma.server.store.snapshots.vectors import snapshot_rows, snapshot_vectors

MOST_SAMPLES = 2_000  # of a split, evenly spread: the error of CKA is below .01 then
MOST_EPOCHS = 20  # evenly spread, the last one always


@dataclass(frozen=True, slots=True)
class Named:
    """A snapshot and what the table calls it."""

    name: str
    snapshot: tables.Snapshot


@dataclass(frozen=True, slots=True)
class Similarity:
    """A table: `values[row][column]`, None where not known; `n` samples of `of` were compared."""

    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]
    n: int
    of: int
    refusal: str | None = None


def named_snapshots(
    catalog: Catalog,
    layers: Sequence[tables.Layer],
    split: tables.Split,
    over: Literal["layers", "epochs"],
    layer: tables.Layer | None,
) -> list[Named]:
    """What a table runs over: the last snapshot of each layer, or a layer's snapshots."""
    if over == "layers":
        last = ((row, published_snapshots(catalog, row, split)) for row in layers)
        return [Named(row.name, snapshots[-1]) for row, snapshots in last if snapshots]
    rows = list(published_snapshots(catalog, layer, split)) if layer else []
    kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_EPOCHS)).round().astype(int))
    return [
        Named(f"step {row.step}" if row.epoch is None else f"epoch {row.epoch}", row)
        for row in (rows[at] for at in kept.tolist())
    ]


def similarity_table(
    catalog: Catalog,
    rows: Sequence[Named],
    columns: Sequence[Named],
    split: tables.Split,
    other: tables.Split,
) -> Similarity:
    """Compare each snapshot of `rows` with each of `columns` on the samples that both splits have, by id."""
    one, two = split_samples(catalog, split), split_samples(catalog, other)
    shared = one.ids[two.positions(one.ids) >= 0]
    names = [each.name for each in rows], [each.name for each in columns]
    if len(shared) < 4 or not rows or not columns:
        reason = (
            f"Fewer than 4 samples of {split.name} are followed on both sides: compare runs on the same data."
            if rows and columns
            else f"No vectors of {split.name} are captured on one side: splits= says of which they are."
        )
        return Similarity(*names, [[None] * len(columns) for _ in rows], 0, len(shared), reason)
    picked = shared[np.linspace(0, len(shared) - 1, min(len(shared), MOST_SAMPLES)).round().astype(int)]
    left = [_vectors(catalog, each.snapshot, split, picked) for each in rows]
    same = [each.snapshot.id for each in rows] == [each.snapshot.id for each in columns]
    right = None if same else [_vectors(catalog, each.snapshot, other, picked) for each in columns]
    found = cka_matrix(left, right).astype(float).tolist()
    values = [[value if np.isfinite(value) else None for value in row] for row in found]
    return Similarity(*names, values, len(picked), len(shared))


def _vectors(
    catalog: Catalog, snapshot: tables.Snapshot, split: tables.Split, ids: Ids
) -> npt.NDArray[np.float32]:
    """The vectors of some samples, in their order; NaN where the snapshot lacks one."""
    positions = snapshot_rows(catalog, snapshot)
    vectors = snapshot_vectors(catalog, snapshot).vectors
    row_at = np.full(len(split_samples(catalog, split)), -1, np.int64)
    row_at[positions[::-1]] = np.arange(len(positions))[::-1]  # of several parts of a sample the first
    wanted = row_at[split_samples(catalog, split).positions(ids)]
    found = vectors[np.maximum(wanted, 0)].astype(np.float32)
    found[wanted < 0] = np.nan
    return found
