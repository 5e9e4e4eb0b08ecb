"""Makes the report of a run: kind by kind, each at its own risk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from chroma.errors import ChromaError
from chroma.records import Array, Ids
from chroma.server.jobs.film import Turn
from chroma.server.jobs.findings.class_findings import find_classes, find_slices
from chroma.server.jobs.findings.duplicate_findings import find_duplicates, find_leaks
from chroma.server.jobs.findings.event_findings import find_events
from chroma.server.jobs.findings.evidence import Evidence
from chroma.server.jobs.findings.found import Found
from chroma.server.jobs.findings.label_findings import find_labels
from chroma.server.jobs.findings.layer_findings import find_drift, find_layers
from chroma.server.jobs.findings.outlier_findings import find_coverage, find_outliers
from chroma.server.jobs.findings.sample_findings import find_samples
from chroma.server.store.catalog import Store
from chroma.server.store.findings.report import Kind, Refusal, Report, Scores
from chroma.server.store.findings.reports import current_run, has_report, inputs_digest, save_report

logger = logging.getLogger("chroma.worker")

Finder = Callable[[Evidence], Found]
# What is looked for, in words, with the kinds that its findings have.
FINDERS: Sequence[tuple[str, tuple[Kind, ...], Finder]] = (
    ("labels", ("label",), find_labels),
    ("outliers", ("outlier",), find_outliers),
    ("duplicates", ("duplicate",), find_duplicates),
    ("leaks", ("leak",), find_leaks),
    ("gaps in the training data", ("coverage",), find_coverage),
    ("classes", ("class",), find_classes),
    ("groups of errors", ("slice",), find_slices),
    ("layers", ("layer",), find_layers),
    ("drift", ("drift",), find_drift),
    ("samples of each class", ("sample",), find_samples),
    ("events", ("event",), find_events),
)


def make_report(store: Store, run_id: str, turn: Turn, *, threads: int = 1) -> bool:
    """Look for findings in a run as it is now, and store the report.

    Args:
        store: Of the home.
        run_id: Which run.
        turn: Of the job.
        threads: Threads for neighbours; they do not change the report.

    Returns:
        True when it is stored, or there is nothing to look at; False when a film is to be drawn first.
    """
    with store.reading() as catalog:
        inputs = inputs_digest(catalog, run_id) if current_run(catalog, run_id) else None
        if inputs is None or has_report(catalog, run_id, inputs):
            return True
    evidence = Evidence(store, run_id, threads=threads)
    whole = Found()
    for at, (words, kinds, find) in enumerate(FINDERS):
        if turn.pause():
            return False
        turn.advance(at / len(FINDERS), f"Looking at {words}")
        one = _found(find, kinds, evidence)
        whole.findings += one.findings
        whole.refusals += one.refusals
        whole.queues += one.queues
        whole.figures += one.figures
        whole.scores += one.scores
    report = Report(
        inputs=inputs,
        made_at=datetime.now(UTC),
        findings=sorted(whole.findings, key=lambda finding: -finding.rank),
        refusals=whole.refusals,
        queues=whole.queues,
        figures=whole.figures,
        scores=_merged(whole.scores),
    )
    with store.reading() as catalog:
        alive = current_run(catalog, run_id) is not None
    if alive:
        save_report(store.files, run_id, report)
    return True


def _found(find: Finder, kinds: Sequence[Kind], evidence: Evidence) -> Found:
    try:
        return find(evidence)
    except (ChromaError, OSError) as error:  # a stored file is damaged, or gone
        return Found(refusals=[Refusal(kind, f"A stored file cannot be read: {error}.") for kind in kinds])
    except Exception as error:
        logger.warning("findings of run %s: %s", evidence.run.id, find.__name__, exc_info=error)
        reason = f"Looking for it failed ({type(error).__name__}: {error}); the server's log tells more."
        return Found(refusals=[Refusal(kind, reason) for kind in kinds])


def _merged(parts: Sequence[tuple[str, Ids, Mapping[str, Array]]]) -> dict[str, Scores]:
    """The columns of each split as one table, by id."""
    found: dict[str, Scores] = {}
    for split in dict.fromkeys(name for name, _, _ in parts):
        own = [(ids, columns) for name, ids, columns in parts if name == split]
        places: dict[object, int] = {}
        for ids, _ in own:
            for key in ids.tolist():
                places.setdefault(key, len(places))
        all_ids: Ids = np.array(list(places), own[0][0].dtype)  # pyright: ignore[reportAssignmentType]
        merged: dict[str, Array] = {}
        for ids, columns in own:
            rows = np.fromiter((places[key] for key in ids.tolist()), np.int64, len(ids))
            for name, values in columns.items():
                blank = np.nan if values.dtype.kind == "f" else -1
                merged[name] = np.full(len(all_ids), blank, values.dtype)
                merged[name][rows] = values
        found[split] = Scores(all_ids, merged)
    return found
