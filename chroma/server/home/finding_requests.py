"""Requests for findings: of runs that ended, and whenever people ask."""

from __future__ import annotations

from collections.abc import Collection

from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.store.access import ShownOnlyError
from chroma.server.store.films import job_requests
from chroma.server.store.findings import reports
from chroma.server.store.lookups import run_by


def request_findings(context: Context, run_id: str) -> None:
    """Look for findings in a run as it is now; nothing is done while its report is the newest one.

    Raises:
        NotFoundError: There is no such run.
        ShownOnlyError: Whoever asks sees what is there by a link, and this report is not.
    """
    with context.store.reading() as catalog:
        run_by(catalog, run_id)
        inputs = reports.inputs_digest(catalog, run_id)
        there = inputs is None or reports.has_report(catalog, run_id, inputs)
    if not there and context.store.is_shown:
        raise ShownOnlyError
    if not there:
        _enqueue(context, run_id)


def request_missing(context: Context, run_ids: Collection[str] | None) -> None:
    """Look for findings in runs that ended and have no report of what they are now; None: in all runs.

    A running one changes with every epoch: its findings are made when it ends, or when somebody asks.
    """
    with context.store.reading() as catalog:
        wanted = reports.without_report(catalog, run_ids)
    for run_id in wanted:
        _enqueue(context, run_id)


def _enqueue(context: Context, run_id: str) -> None:
    with context.store.writing() as catalog:
        job_requests.enqueue(catalog, reports.KIND, run_id)
    context.events.publish(Event("findings", run_id, progress=0.0, message="asked for"))
