"""What is known of a split's followed samples: gathered in the first pass, recorded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from chroma.capture.buffers import grown, scattered
from chroma.capture.probe import Slots
from chroma.capture.splits import Placed, Split
from chroma.records import Array, Ids, Record, Samples
from chroma.run.entries import absent, fitted, usable_column, usable_texts, with_missing
from chroma.run.naming import readable
from chroma.run.recording import Recording
from chroma.thumbnails import looks_like_image, shrink, thumbnails


def samples_of(split: Split, late: Slots | None = None) -> Samples:
    """What is known of the samples that came, in probe order; images and texts are given away with it.

    Args:
        split: The split.
        late: Slots of those that came in a later pass for the first time; None: the first pass is over.
    """
    order, ids = split.probe.order(), split.probe.ids()
    if late is not None or split.came is not None:
        here = np.isin(order, late) if late is not None else cast("Array", split.came)[order]
        order, ids = order[here], ids[here]
    images = [split.images.get(key) for key in ids.tolist()] if split.has_images else None
    texts = [split.texts.get(key) for key in ids.tolist()] if split.texts else None
    split.images.clear()
    split.texts.clear()
    return Samples(
        split.name,
        ids,
        of=split.of,
        identity=split.identity,
        labels=None if split.labels is None else grown(split.labels, len(split.probe))[order],
        class_names=list(split.class_names),
        images=images,
        texts=texts,
        metadata={
            name: with_missing(
                grown(column, len(split.probe))[order], grown(split.given[name], len(split.probe))[order]
            )
            for name, column in split.metadata.items()
        },
    )


def describe(
    recording: Recording,
    split: Split,
    here: Placed,
    size: int,
    ids: Ids | None,
    *,
    labels: Array | None,
    inputs: Array | None,
    metadata: Mapping[str, Any],
    texts: Callable[[Sequence[int]], Sequence[str]] | None,
) -> None:
    """Keep what a batch says of its samples. An entry that cannot be used is counted, and missing alone.

    Args:
        recording: Counts, and encodes images.
        split: Of which split.
        here: The rows of the batch that are followed.
        size: Samples in the batch.
        ids: `[B]` their ids.
        labels: As `SplitPass.add_samples` takes them, like the others.
        inputs: Likewise.
        metadata: Likewise.
        texts: Likewise.
    """

    def drop(about: str, count: int, reason: str) -> None:
        if count:
            recording.tally.miss(f"{about} of {split.name} that cannot be used", count)
            sentence = f"some {about} of {split.name} are missing: {reason}"
            recording.tally.note(f"{about} {split.name}", sentence)

    def joined(about: str, column: Array | None, values: Array) -> tuple[Array, Array]:
        kind, came = values.dtype if column is None else column.dtype, values.dtype
        gone = absent(values)
        values, good = fitted(values, kind)
        lost = int((~good & ~gone).sum())
        drop(about, lost, f"they changed from {kind} to {came} within a pass")
        return scattered(column, values, here), good

    rows = slice(None) if here.rows is None else here.rows
    keys: list[int | str] = [] if ids is None or not here.n else ids[rows].tolist()
    if texts is not None and keys:
        numbers: list[int] = np.arange(size)[rows].tolist()
        found, dropped = usable_texts(texts, numbers)
        split.texts.update(zip(keys, found, strict=True))
        drop("texts", dropped, "they cannot be read")
    if labels is not None and len(labels) == size:
        labels = labels.astype(np.int64) if labels.dtype.kind in "iub" else labels
        split.labels, _ = joined("labels", split.labels, labels)
    for given, values in metadata.items():
        name = readable(str(given))
        column, dropped, reason = usable_column(name, values, size)
        drop(f"values of {name}", dropped, reason)
        if column is not None:
            split.metadata[name], good = joined(f"values of {name}", split.metadata.get(name), column)
            split.given[name] = scattered(split.given.get(name), good, here)
    if inputs is not None and keys and looks_like_image(inputs):
        split.has_images = True
        small = shrink(inputs[rows])

        def encode() -> Sequence[Record]:
            encoded, broken = thumbnails(small)
            split.images.update(zip(keys, encoded, strict=True))
            recording.tally.broken_images(split.name, broken, len(keys))
            return ()

        recording.submit(encode, small.nbytes)
