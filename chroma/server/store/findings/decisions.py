"""Decisions on labels: tags of samples, of which each has one at most; and the patch they make."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from sqlmodel import col, select

from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.known_samples import has_keys, split_row
from chroma.server.store.findings.labels import class_names
from chroma.server.store.samples.export import Format, table_file
from chroma.server.store.samples.load import split_samples

Decision = Literal["confirm", "relabel", "skip"]

CONFIRMED, SKIPPED = "confirmed", "skipped"
RELABELLED = "mislabelled → "  # and the new label


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on one label, with the new label where it was wrong."""

    decision: Decision
    label: str | None = None

    @property
    def tag(self) -> str:
        """The tag that keeps it."""
        if self.decision == "relabel":
            return f"{RELABELLED}{self.label}"
        return CONFIRMED if self.decision == "confirm" else SKIPPED


def decision_of(tag: str) -> Decided | None:
    """The decision that a tag keeps; None for other tags."""
    if tag == CONFIRMED:
        return Decided("confirm")
    if tag == SKIPPED:
        return Decided("skip")
    return Decided("relabel", tag.removeprefix(RELABELLED)) if tag.startswith(RELABELLED) else None


def decisions(catalog: Catalog, run_id: str, split: str) -> dict[str, Decided]:
    """The decisions on a split's labels, by sample id as text."""
    rows: Sequence[Any] = catalog.session.exec(
        select(tables.TaggedSample.sample_id, tables.Tag.name)
        .join(tables.Tag, col(tables.Tag.id) == tables.TaggedSample.tag_id)
        .where(tables.Tag.run_id == run_id, tables.Tag.split == split)
        .order_by(col(tables.Tag.created_at))
    ).all()
    return {sample: found for sample, tag in rows if (found := decision_of(tag)) is not None}


def patch_file(catalog: Catalog, run_id: str, split: str, format: Format) -> bytes:
    """The new labels that were decided on, as a file.

    Args:
        catalog: Open for reading.
        run_id: Whose.
        split: Of which split.
        format: csv or parquet: columns id, label (as the dataset holds it: class indices are numbers) and
            name (of its class); json: an object of label by id.

    Raises:
        NotFoundError: No such run, or no sample of such a split is known.
    """
    keys, names = has_keys(catalog, run_id, split), class_names(catalog, run_id, split)
    row = split_row(catalog, run_id, split)
    own = None if row is None else split_samples(catalog, row).labels
    texts = own is not None and own.dtype == object
    decided = decisions(catalog, run_id, split)
    found = {id_: each.label or "" for id_, each in decided.items() if each.decision == "relabel"}
    order = sorted((id_ for id_ in found if keys or _is_number(id_)), key=lambda id_: (len(id_), id_))
    labels = [found[id_] if texts else _value(found[id_], names) for id_ in order]
    numbers = all(isinstance(label, int) for label in labels)
    if format == "json":
        said = labels if numbers else [str(label) for label in labels]
        return json.dumps(dict(zip(order, said, strict=True)), ensure_ascii=False, indent=1).encode()
    ids: list[Any] = order if keys else [int(id_) for id_ in order]
    columns = {
        "id": pa.array(ids, pa.string() if keys else pa.int64()),
        "label": pa.array(labels, pa.int64()) if numbers else pa.array(map(str, labels), pa.string()),
        "name": pa.array([found[id_] for id_ in order], pa.string()),
    }
    return table_file(pa.table(columns), format)


def _value(text: str, names: Sequence[str]) -> int | str:
    """A label as a dataset of numbers holds it: the index of its class; its text where that is not known."""
    if text in names:
        return names.index(text)
    return int(text) if text.isdecimal() and _is_number(text) else text


def _is_number(text: str) -> bool:
    """Whether this is an integer of 64 bits; tags of a copied run may name anything."""
    return len(text) < 20 and text.removeprefix("-").isdecimal() and abs(int(text)) < 2**63
