"""The samples of several splits as one table, so that a film of them is drawn as any other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chroma.errors import ConfigError
from chroma.records import Array
from chroma.server.store.samples.classes import label_texts
from chroma.server.store.samples.table import IdIndex, SampleTable


def joint_id(split: str, sample_id: object) -> str:
    """How a sample of a joint film is known: ids of different splits may be equal."""
    return f"{split}:{sample_id}"


def joint_table(names: Sequence[str], tables: Sequence[SampleTable]) -> SampleTable:
    """The samples of several splits, one after the other.

    Args:
        names: Of the splits.
        tables: Their samples.

    Raises:
        ConfigError: Two samples would be known by one id.
    """
    key = ("joint", *names)
    made = tables[0].memo.get(key)
    if made is not None and all(old is new for old, new in zip(made[0], tables, strict=True)):
        return made[1]
    texts = [
        joint_id(name, id_) for name, part in zip(names, tables, strict=True) for id_ in part.ids.tolist()
    ]
    ids = np.empty(len(texts), object)
    ids[:] = texts
    index = IdIndex()
    if texts and len(np.unique(index.join(ids))) < len(texts):
        raise ConfigError(
            f"two samples of the splits {' and '.join(names)} would have one id; give the splits names "
            "without a colon"
        )
    labels, class_names = _labels(tables)
    starts = np.cumsum([0, *(len(part) for part in tables)]).tolist()
    images = {
        start + at: found
        for start, part in zip(starts, tables, strict=False)
        for at, found in part._images.items()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    }
    whole = SampleTable(ids=ids, labels=labels, class_names=class_names, _index=index, _images=images)
    tables[0].memo[key] = (tuple(tables), whole)
    return whole


def _labels(tables: Sequence[SampleTable]) -> tuple[Array | None, Sequence[str]]:
    """The labels of all, and the names of their classes; as texts where they have one meaning only so."""
    known = [part for part in tables if part.labels is not None]
    if not known:
        return None, ()
    kinds = {part.labels.dtype.kind for part in known if part.labels is not None}
    names = {tuple(part.class_names) for part in known}
    if len(kinds) == 1 and (len(names) == 1 or kinds == {"f"}):
        missing = {"f": np.nan, "O": None}.get(next(iter(kinds)), -1)
        parts = [
            part.labels
            if part.labels is not None
            else np.full(len(part), missing, known[0].labels.dtype if known[0].labels is not None else None)
            for part in tables
        ]
        return np.concatenate(parts), next(iter(names))
    if "f" in kinds:
        return None, ()
    texts = [text for part in tables for text in label_texts(part)]
    whole = np.empty(len(texts), object)
    whole[:] = texts
    return whole, ()
