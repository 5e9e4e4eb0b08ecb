"""How far the findings of a run are, with the newest report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import select

from chroma.errors import NotFoundError
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.label_queue import LabelProgress, label_progress
from chroma.server.store.findings.report import Report
from chroma.server.store.findings.reports import KIND, inputs_digest, read_report
from chroma.server.store.lookups import run_by
from chroma.server.store.tables import Job


@dataclass(frozen=True, slots=True)
class FindingsState:
    """The findings of a run.

    Attributes:
        status: Of the job; None: nobody asked.
        progress: 0 to 1.
        message: What is being done now, for people.
        error: Why it failed.
        report: The newest; None: there is none yet.
        stale: Whether it is of an earlier state of the run.
        queues: Of label doubts, and how far they are decided.
        lost: Whether the report was made and is not there any more.
    """

    status: str | None
    progress: float
    message: str
    error: str | None
    report: Report | None
    stale: bool
    queues: Sequence[LabelProgress]
    lost: bool = False


def findings_state(catalog: Catalog, run_id: str) -> FindingsState:
    """How far the findings of a run are."""
    job = catalog.session.exec(select(Job).where(Job.kind == KIND, Job.key == run_id)).first()
    report = read_report(catalog, run_id)
    inputs = inputs_digest(catalog, run_id)
    return FindingsState(
        status=job.status if job else None,
        progress=job.progress if job else 0.0,
        message=job.message if job else "",
        error=job.error if job and job.status == "failed" else None,
        report=report,
        stale=report is not None and report.inputs != inputs,
        queues=[label_progress(catalog, run_id, queue) for queue in report.queues] if report else [],
        lost=report is None and inputs is not None and job is not None and job.status == "ready",
    )


def newest_report(catalog: Catalog, run_id: str) -> Report:
    """The newest report of a run.

    Raises:
        NotFoundError: There is none yet, or no such run.
    """
    run_by(catalog, run_id)  # reports are files: the catalog says whose
    report = read_report(catalog, run_id)
    if report is None:
        raise NotFoundError("report of findings for run", run_id)
    return report
