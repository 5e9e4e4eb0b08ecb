"""What happened in the training, told afterwards; and the alarms that rang while it went on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chroma.insight import events as told
from chroma.insight.classes import confusion
from chroma.server.jobs.findings.evidence import Evidence, Passes
from chroma.server.jobs.findings.found import Found
from chroma.server.jobs.findings.views import selected_view
from chroma.server.store import queries, tables
from chroma.server.store.findings.addresses import view_address
from chroma.server.store.findings.labels import class_text
from chroma.server.store.findings.report import Finding, FoundSamples

_RANK = 0.4  # of the largest event: below what deserves a look
_LEVELS = {"error": 1.0, "warning": 0.93, "info": 0.3}  # rank of an alarm, and of what a user reported
_MOST_CLASSES = 200  # pairs of more are not looked at
_TITLES = {
    "separated": "Two classes separated",
    "learned": "A class was learned",
    "forgotten": "Samples were forgotten",
    "rank": "A layer changed its rank",
    "best": "The best epoch was earlier",
}


def find_events(evidence: Evidence) -> Found:
    """A few events in plain words, from the passes over the first split that has them; and all alarms."""
    found = Found()
    _alarms(evidence, found)
    for split in evidence.splits:
        passes = evidence.passes(split)
        if passes is None or any(epoch is None for epoch in passes.epochs):
            continue
        epochs = [epoch or 0 for epoch in passes.epochs]
        names = evidence.class_names(split.name)
        happened = told.forgotten_samples(passes.outputs, epochs)
        counts = _confusions(passes)
        if counts is not None:
            texts = [class_text(names, index) for index in range(counts.shape[1])]
            total = counts.sum(axis=2)
            recall = np.where(total > 0, np.einsum("eii->ei", counts) / np.maximum(total, 1), np.nan)
            happened += told.separations(counts, epochs, texts)
            happened += told.learned_classes(recall, epochs, texts)
        accuracy = np.where(np.isfinite(passes.outputs.label), _right(passes), np.nan)
        happened += told.best_of(np.nanmean(accuracy, axis=1), epochs, f"Accuracy on {split.name}")
        found.findings += [
            _finding(evidence, split, passes, event, at) for at, event in enumerate(told.ranked(happened))
        ]
        break
    return found


def _right(passes: Passes) -> npt.NDArray[np.bool_]:
    return passes.outputs.label >= passes.outputs.other_probability


def _confusions(passes: Passes) -> npt.NDArray[np.int64] | None:
    """`[e, C, C]`; None for very many classes."""
    outputs = passes.outputs
    said = np.where(_right(passes), outputs.labels, outputs.other)
    classes = int(max(outputs.labels.max(initial=-1), said.max(initial=-1))) + 1
    if not 2 <= classes <= _MOST_CLASSES:
        return None
    return np.stack(
        [confusion(labels, one, classes) for labels, one in zip(outputs.labels, said, strict=True)]
    )


def _finding(evidence: Evidence, split: tables.Split, passes: Passes, event: told.Event, at: int) -> Finding:
    row = list(passes.epochs).index(event.epoch)
    rows = event.rows
    if rows is None and event.classes:
        rows = np.flatnonzero(np.isin(passes.outputs.labels[row], event.classes))
    snapshot = evidence.near(split, passes.steps[row])
    return Finding(
        key=f"event-{split.name}-{event.kind}-{event.epoch}-{at}",
        kind="event",
        title=f"{_TITLES[event.kind]} at epoch {event.epoch}",
        text=f"{event.text}.",
        rank=_RANK * event.rank,
        method=f"from the predictions for {split.name}, epoch by epoch",
        view=selected_view(
            evidence, evidence.layer, split, snapshot.step if snapshot else None, rows, colour="label"
        ),
        split=split.name,
        epoch=event.epoch,
        step=passes.steps[row],
        of=None if rows is None else len(passes.ids),
        samples=None if rows is None else _samples(split, passes, rows),
    )


def _samples(split: tables.Split, passes: Passes, rows: npt.NDArray[np.int64]) -> FoundSamples:
    return FoundSamples(split.name, passes.ids[rows], np.full(len(rows), np.nan, np.float32))


def _alarms(evidence: Evidence, found: Found) -> None:
    """Alarms, and what users reported, as they rang; their views are those of `Run.events`."""
    rows: Sequence[tables.RunEvent] = evidence.read(
        lambda catalog: queries.run_events(catalog, [evidence.run.id]).get(evidence.run.id, [])
    )
    for row in rows:
        place = {"layer": row.layer, "split": row.split, "step": row.step}
        found.findings.append(
            Finding(
                key=f"alarm-{row.id}",
                kind="event" if row.rule is None else "alarm",
                title=row.title,
                text=row.text or row.title,
                rank=_LEVELS.get(row.level, 0.3),
                method=f"rule {row.rule}, while it trained" if row.rule else "reported by run.alert",
                view=view_address(evidence.run.id, **place),
                split=row.split,
                layer=row.layer,
                epoch=row.epoch,
                step=row.step,
            )
        )
