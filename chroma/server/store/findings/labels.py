"""Labels as class indices, which is how a model's outputs count classes, and their names for people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sqlmodel import select

from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.table import SampleTable

Ints = npt.NDArray[np.int32]


def label_indices(table: SampleTable) -> Ints | None:
    """Labels as class indices `[n]`, -1 where missing.

    None without labels, where they are measurements, or texts of classes that have no names.
    """
    labels = table.labels
    if labels is None or labels.dtype.kind == "f":
        return None
    if labels.dtype != object:
        return labels.astype(np.int32)
    places = {name: at for at, name in enumerate(table.class_names)}
    if not places:
        return None
    return np.array([places.get(str(text), -1) for text in labels.tolist()], np.int32)


def class_names(catalog: Catalog, run_id: str, split: str) -> tuple[str, ...]:
    """Names by class index: of the split, else of the first split that has any; else none."""
    rows = catalog.session.exec(select(tables.Split).where(tables.Split.run_id == run_id)).all()
    for row in sorted(rows, key=lambda row: (row.name != split, row.name)):
        names = split_samples(catalog, row).class_names
        if names:
            return tuple(names)
    return ()


def class_text(names: Sequence[str], index: int) -> str:
    """A class as people read it."""
    return names[index] if 0 <= index < len(names) else str(index)
