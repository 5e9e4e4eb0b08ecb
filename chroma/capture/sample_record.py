"""The record of a split's followed samples, made once in the writer's thread."""

from __future__ import annotations

from chroma.capture.buffers import grown
from chroma.capture.splits import Split
from chroma.records import Samples


def samples_of(split: Split) -> Samples:
    """What is known of the samples, in probe order; images and texts are given away with it."""
    order, ids = split.probe.order(), split.probe.ids()
    images = [split.images.get(key) for key in ids.tolist()] if split.has_images else None
    texts = [split.texts.get(key) for key in ids.tolist()] if split.texts else None
    split.images.clear()
    split.texts.clear()
    return Samples(
        split.name,
        ids,
        of=split.of,
        identity=split.identity,
        labels=None if split.labels is None else grown(split.labels, len(order))[order],
        class_names=list(split.class_names),
        images=images,
        texts=texts,
        metadata={name: grown(column, len(order))[order] for name, column in split.metadata.items()},
    )
