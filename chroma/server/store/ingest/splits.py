"""Rows of splits: ids, class names and sizes, from their segments."""

from __future__ import annotations

from chroma.errors import IngestError
from chroma.records import Columns, Outputs, Projection, Samples, Snapshot
from chroma.segment import ReadSegment
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.agreement import forget_agreement
from chroma.server.store.samples.load import split_samples

SampleRecord = Samples | Snapshot | Outputs | Columns | Projection  # records whose rows are samples


def update_split(
    catalog: Catalog, run_id: str, record: SampleRecord, read: ReadSegment, row: tables.Segment
) -> tables.Split:
    """The row of a record's split, made or updated.

    Args:
        catalog: Open for writing.
        run_id: Of which run.
        record: Record of the segment.
        read: The segment.
        row: Its row.

    Raises:
        IngestError: Its ids are of another type than those before.
    """
    key = tables.stable_id("split", run_id, record.split)
    strings = record.ids.dtype == object
    split = catalog.session.get(tables.Split, key)
    if split is None:
        split = tables.Split(id=key, run_id=run_id, name=record.split, keys=strings)
        split.identity = "key" if strings else "index"
    elif len(record.ids) and split.n and split.keys != strings:
        was, now = ("strings", "integers") if split.keys else ("integers", "strings")
        raise IngestError(
            f"run {run_id}: the ids of split {record.split} were {was} and are {now} here; "
            "give the samples of a split ids of one type"
        )
    elif not split.n:
        split.keys = strings
    if isinstance(record, Samples):
        split.identity = record.identity
        split.of = max(split.of, record.of)
        split.class_names = list(record.class_names) or split.class_names
        split.has_labels = split.has_labels or record.labels is not None
        split.has_images = split.has_images or any(image is not None for image in record.images or ())
        forget_agreement(catalog, split.id)
        split.has_texts = split.has_texts or any(text is not None for text in record.texts or ())
    catalog.session.add(split)
    catalog.session.flush()
    split.n = len(split_samples(catalog, split, (read, row)))
    split.of = max(split.of, split.n)
    return split
