"""What people and the server ask of the queue: work, sooner, later, or not at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, delete, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Job, now


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for a job, and what is known of it.

    Attributes:
        asked: Somebody did; else it is for snapshots that came.
        size: Samples times frames to draw; 0 where that is not known.
    """

    asked: bool = False
    size: int = 0


def enqueue(catalog: Catalog, kind: str, key: str, ask: Ask | None = None) -> None:
    """Ask for work: a new job; a finished or failed one starts again; a running one runs once more.

    Asked for by somebody, a job that waits or runs goes before those that nobody asked for, and is parked no
    longer.
    """
    ask = ask or Ask()
    job = _locked(catalog, kind, key)
    if job is None:
        job = Job(kind=kind, key=key)
    elif job.status == "running":
        job.again = True
    elif job.status in ("ready", "failed", "cancelled"):
        job.status, job.error, job.tries, job.progress, job.message = "pending", None, 0, 0.0, ""
        job.created_at = job.updated_at = now()
        job.asked = job.parked = False
    job.size = ask.size or job.size
    if ask.asked:
        job.asked, job.parked = True, False
    catalog.session.add(job)
    catalog.session.flush()


def watch(catalog: Catalog, kind: str, keys: Collection[str], until: datetime) -> None:
    """Note that somebody looks at what these jobs make, until a moment."""
    active = col(Job.status).in_(("pending", "running"))
    catalog.session.exec(
        update(Job).where(col(Job.kind) == kind, col(Job.key).in_(keys), active).values(watched_until=until)
    )


def painted(catalog: Catalog, kind: str, key: str) -> None:
    """Note that a job showed something: what is left of it can wait for the first paints of others."""
    catalog.session.exec(update(Job).where(col(Job.kind) == kind, col(Job.key) == key).values(painted=True))


def park(catalog: Catalog, kind: str, key: str) -> None:
    """Let all others go before a job, until it is asked for again; its worker lets go of it soon."""
    active = col(Job.status).in_(("pending", "running"))
    catalog.session.exec(
        update(Job)
        .where(col(Job.kind) == kind, col(Job.key) == key, active)
        .values(parked=True, updated_at=now())
    )


def cancel(catalog: Catalog, kind: str, key: str) -> None:
    """End a job that waits or runs; its worker notices when it next says how far it is."""
    job = _locked(catalog, kind, key)
    if job is not None and job.status in ("pending", "running"):
        job.status, job.owner, job.lease_until, job.again, job.message = "cancelled", None, None, False, ""
        job.updated_at = now()
        catalog.session.flush()


def withdraw(catalog: Catalog, kind: str, keys: list[str]) -> None:
    """Forget jobs that wait or run, as if nobody had asked; their worker notices as with cancelled ones."""
    active = col(Job.status).in_(("pending", "running"))
    catalog.session.exec(delete(Job).where(col(Job.kind) == kind, col(Job.key).in_(keys), active))


def _locked(catalog: Catalog, kind: str, key: str) -> Job | None:
    """A job as it is now; no worker changes it before this transaction ends."""
    wanted = select(Job).where(Job.kind == kind, Job.key == key).with_for_update()
    return catalog.session.exec(wanted.execution_options(populate_existing=True)).first()
