"""What is read of the samples behind a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chroma.records import Array, Ids
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.known_samples import split_row
from chroma.server.store.findings.labels import class_names, class_text
from chroma.server.store.findings.report import FoundSamples
from chroma.server.store.samples.classes import label_texts
from chroma.server.store.samples.load import split_samples

_LINE = 200  # characters of a text that a line shows


@dataclass(frozen=True, slots=True)
class FoundSample:
    """A sample behind a finding.

    Attributes:
        split: Its split.
        sample_id: Its id, as text.
        position: In its split; None: it is not followed, so that nothing but its id is kept.
        score: Its meaning is the finding's; None for the other side of a pair.
        label: Name of its class, or its measurement as text.
        text: Its text, cut to 200 characters.
        has_image: Whether its image was captured.
        other: The other sample of a pair.
        suggested: The label that the model prefers, of findings about labels.
    """

    split: str
    sample_id: str
    position: int | None
    score: float | None
    label: str | None
    text: str | None
    has_image: bool
    other: FoundSample | None = None
    suggested: str | None = None


def found_samples(
    catalog: Catalog, run_id: str, found: FoundSamples, first: int, after: int
) -> list[FoundSample]:
    """Some of a finding's samples, in their order.

    Args:
        catalog: Open for reading.
        run_id: Whose.
        found: All of them.
        first: How many, at most.
        after: How many to leave out at the beginning.
    """
    rows = slice(after, after + first)
    others: Sequence[FoundSample | None] = [None] * len(found.ids[rows])
    if found.other_ids is not None and found.other_split is not None:
        others = describe(catalog, run_id, found.other_split, found.other_ids[rows], None)
    lines = describe(catalog, run_id, found.split, found.ids[rows], found.scores[rows], others)
    if found.given is None or found.suggested is None:
        return lines
    names = class_names(catalog, run_id, found.split)
    labels = zip(found.given[rows].tolist(), found.suggested[rows].tolist(), strict=True)
    return [
        replace(line, label=class_text(names, given), suggested=class_text(names, suggested))
        for line, (given, suggested) in zip(lines, labels, strict=True)
    ]


def describe(  # noqa: PLR0917 - they name some samples of one split
    catalog: Catalog,
    run_id: str,
    split: str,
    ids: Ids,
    scores: Array | None,
    others: Sequence[FoundSample | None] | None = None,
) -> list[FoundSample]:
    """Samples of a split by their ids, in this order."""
    row = split_row(catalog, run_id, split)
    if row is None:  # all its samples are not followed
        places = [-1] * len(ids)
        labels: list[str | None] = [None] * len(ids)
        table = None
    else:
        table = split_samples(catalog, row)
        positions = table.positions(ids)
        places = positions.tolist()
        labels = label_texts(table, np.maximum(positions, 0).tolist()) if len(table) else [None] * len(ids)
    lines: list[FoundSample] = []
    for at, (key, place) in enumerate(zip(ids.tolist(), places, strict=True)):
        there = table is not None and place >= 0
        text = table.texts[place] if table is not None and there and table.texts is not None else None
        score = None if scores is None else float(scores[at])
        lines.append(
            FoundSample(
                split=split,
                sample_id=str(key),
                position=place if there else None,
                score=None if score is None or not np.isfinite(score) else score,
                label=labels[at] if there else None,
                text=None if text is None else text[:_LINE],
                has_image=table is not None and there and table.image(place) is not None,
                other=others[at] if others else None,
            )
        )
    return lines
