"""Decisions on labels: kept as tags, of which a sample has one at most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from chroma.errors import ConfigError
from chroma.server.home import notes
from chroma.server.home.context import Context
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.decisions import Decided, Decision, decisions
from chroma.server.store.findings.label_queue import LabelProgress, label_progress
from chroma.server.store.findings.labels import class_names
from chroma.server.store.findings.report import LabelQueue
from chroma.server.store.findings.reports import read_report


def decide_labels(  # noqa: PLR0917 - they name some labels of one split
    context: Context, run_id: str, split: str, sample_ids: Sequence[str], decision: str, label: str | None
) -> LabelProgress:
    """Decide on labels, in place of what was decided before; returns how far the split is then.

    Args:
        context: The open home.
        run_id: Whose.
        split: Whose samples.
        sample_ids: As text.
        decision: confirm, relabel, skip or undo.
        label: The new label, to relabel with.

    Raises:
        ConfigError: A new label is missing, or not one of the classes.
        NotFoundError: There is no such run, split or sample.
    """
    if (decision == "relabel") != (label is not None):
        raise ConfigError("a new label belongs to RELABEL, and to no other decision: give label= with it")
    with context.store.reading() as catalog:
        names = class_names(catalog, run_id, split)
        before = decisions(catalog, run_id, split)
    if label is not None and names and label not in names:
        raise ConfigError(f"{label!r} is not one of the classes ({', '.join(names[:20])}): give one of them")
    new = None if decision == "undo" else Decided(cast("Decision", decision), label)
    outdated: dict[str, list[str]] = {}
    for sample in sample_ids:
        old = before.get(sample)
        if old is not None and old != new:
            outdated.setdefault(old.tag, []).append(sample)
    if new is not None:
        notes.tag_samples(context, run_id, split, new.tag, sample_ids)
    for tag, samples in outdated.items():
        notes.untag_samples(context, run_id, split, tag, samples)
    with context.store.reading() as catalog:
        return label_progress(catalog, run_id, _queue(catalog, run_id, split))


def _queue(catalog: Catalog, run_id: str, split: str) -> LabelQueue:
    report = read_report(catalog, run_id)
    found = (queue for queue in (report.queues if report else ()) if queue.split == split)
    return next(found, LabelQueue(split, 0, 0, 0, ""))
