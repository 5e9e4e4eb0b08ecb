"""The jobs table as a queue: a row is taken by a lease, and only expired leases are taken again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, case, or_, update
from sqlmodel import col, delete, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Job, now

LEASE = timedelta(seconds=30)  # renewed every few seconds; longer than any pause of a living worker
IDLE = "findings"  # kind of the jobs that are done when no other waits
_LONGEST = 2 * LEASE  # a lease that ends later was given before the clock was set back
TRIES = 3  # a job that ended its worker this often, without getting further, fails


@dataclass(frozen=True, slots=True)
class Taken:
    """A job held by a worker."""

    id: str
    kind: str
    key: str


def enqueue(catalog: Catalog, kind: str, key: str) -> None:
    """Ask for work: a new job; a finished or failed one starts again; a running one runs once more."""
    job = catalog.session.exec(select(Job).where(Job.kind == kind, Job.key == key)).first()
    if job is None:
        catalog.session.add(Job(kind=kind, key=key))
    elif job.status == "running":
        job.again = True
    elif job.status in ("ready", "failed", "cancelled"):
        job.status, job.error, job.tries, job.progress, job.message = "pending", None, 0, 0.0, ""
        job.created_at = job.updated_at = now()
    catalog.session.flush()


def cancel(catalog: Catalog, kind: str, key: str) -> None:
    """End a job that waits or runs; its worker notices when it next says how far it is."""
    job = catalog.session.exec(select(Job).where(Job.kind == kind, Job.key == key)).first()
    if job is not None and job.status in ("pending", "running"):
        job.status, job.owner, job.lease_until, job.again, job.message = "cancelled", None, None, False, ""
        job.updated_at = now()
        catalog.session.flush()


def withdraw(catalog: Catalog, kind: str, keys: list[str]) -> None:
    """Forget jobs that wait or run, as if nobody had asked; their worker notices as with cancelled ones."""
    active = col(Job.status).in_(("pending", "running"))
    catalog.session.exec(delete(Job).where(col(Job.kind) == kind, col(Job.key).in_(keys), active))


def take(catalog: Catalog, owner: str) -> Taken | None:
    """Take a job; None when there is none to take.

    One that was not begun comes first, the newest of them: somebody waits for a preview. Those that
    were begun take turns; those of the kind `IDLE` come when no other waits.

    Args:
        catalog: Open for writing; the job is taken when it commits.
        owner: Name of the worker's process.
    """
    waiting = (
        select(Job)
        .where(or_(col(Job.status) == "pending", and_(col(Job.status) == "running", _expired())))
        .order_by(
            col(Job.kind) == IDLE,
            col(Job.progress) > 0,
            case((col(Job.progress) > 0, None), else_=col(Job.created_at)).desc(),
            col(Job.updated_at),
        )
    )
    for job in catalog.session.exec(waiting).all():
        if job.tries >= TRIES:
            error = job.error or "its process ended unexpectedly"
            sentence = f"the worker failed {TRIES} times ({error}); see the server's log, then ask again"
            _change(
                catalog, job.id, col(Job.status) == job.status, status="failed", owner=None, error=sentence
            )
        elif _change(
            catalog,
            job.id,
            or_(col(Job.status) == "pending", _expired()),
            status="running",
            owner=owner,
            lease_until=now() + LEASE,
            again=False,
            tries=job.tries + 1,
        ):
            return Taken(job.id, job.kind, job.key)
    return None


def hold(catalog: Catalog, job: Taken, owner: str) -> bool:
    """Renew the lease; False when it is not the owner's any more."""
    return _change(catalog, job.id, _held(owner), touch=False, lease_until=now() + LEASE)


def advance(
    catalog: Catalog, job: Taken, owner: str, progress: float, message: str, *, kept: bool = False
) -> bool:
    """Say how far the job is, and renew its lease; False when it is not the owner's any more.

    Args:
        catalog: Open for writing.
        job: The job.
        owner: Name of the worker's process.
        progress: 0..1.
        message: What is being done now, for people.
        kept: Something was stored that no later try does again: earlier failures are forgiven.
    """
    values: dict[str, Any] = {"progress": progress, "message": message, "lease_until": now() + LEASE}
    if kept:
        values |= {"tries": 1, "error": None}
    return _change(catalog, job.id, _held(owner), **values)


def finish(catalog: Catalog, job: Taken, owner: str) -> bool:
    """End a job: ready, or pending again where more arrived while it ran."""
    rest: dict[str, Any] = {"owner": None, "lease_until": None, "tries": 0, "error": None, "message": ""}
    again = and_(_held(owner), col(Job.again).is_(True))
    if _change(catalog, job.id, again, status="pending", again=False, **rest):
        return True
    return _change(catalog, job.id, _held(owner), status="ready", progress=1.0, **rest)


def release(catalog: Catalog, job: Taken, owner: str) -> bool:
    """Give a job back unfinished, behind those that wait: what it has done stays."""
    return _change(catalog, job.id, _held(owner), status="pending", owner=None, lease_until=None, tries=0)


def fail(catalog: Catalog, job: Taken, owner: str, error: str) -> bool:
    """End a job with an error for people, or try again where more arrived while it ran."""
    rest: dict[str, Any] = {"owner": None, "lease_until": None, "error": error, "message": ""}
    again = and_(_held(owner), col(Job.again).is_(True))
    if _change(catalog, job.id, again, status="pending", again=False, tries=0, **rest):
        return True
    return _change(catalog, job.id, _held(owner), status="failed", **rest)


def note_error(catalog: Catalog, job: Taken, owner: str, error: str) -> None:
    """Remember what ended the worker; the job itself is tried again once its lease is given up."""
    _change(catalog, job.id, _held(owner), touch=False, error=error)


def give_back(catalog: Catalog, owner: str) -> None:
    """Return the jobs of a worker that is stopped on purpose."""
    values: dict[str, Any] = {"status": "pending", "owner": None, "lease_until": None, "tries": 0}
    catalog.session.exec(update(Job).where(_held(owner)).values(**values))


def fail_pending(catalog: Catalog, error: str) -> None:
    """Fail all that waits: no worker can be started."""
    values: dict[str, Any] = {"status": "failed", "error": error, "updated_at": now()}
    catalog.session.exec(update(Job).where(col(Job.status) == "pending").values(**values))


def expire(catalog: Catalog, owner: str) -> None:
    """Give up the leases of a worker that is known to have ended."""
    catalog.session.exec(update(Job).where(_held(owner)).values(lease_until=now() - LEASE))


def others_wait(catalog: Catalog, job: Taken) -> bool:
    """Whether another job is pending that goes first."""
    waiting = select(Job.id).where(Job.status == "pending", Job.id != job.id, Job.kind != IDLE)
    return catalog.session.exec(waiting.limit(1)).first() is not None


def recent(catalog: Catalog, since: datetime, watched: Collection[str] = ()) -> list[Job]:
    """Jobs that are pending or running, those that changed since a moment, and those watched, by id."""
    wanted = or_(
        col(Job.status).in_(("pending", "running")), col(Job.updated_at) >= since, col(Job.id).in_(watched)
    )
    return list(catalog.session.exec(select(Job).where(wanted)).all())


def is_held(job: Job) -> bool:
    """Whether a worker is doing a job, by a lease that has not run out."""
    end, present = job.lease_until, now()
    return job.status == "running" and end is not None and present < end < present + _LONGEST


def jobs_of(catalog: Catalog, kind: str, keys: list[str]) -> dict[str, Job]:
    """Jobs by key."""
    found = catalog.session.exec(select(Job).where(Job.kind == kind, col(Job.key).in_(keys))).all()
    return {job.key: job for job in found}


def _held(owner: str) -> ColumnElement[bool]:
    return and_(col(Job.owner) == owner, col(Job.status) == "running")


def _expired() -> ColumnElement[bool]:
    end, present = col(Job.lease_until), now()
    return or_(end.is_(None), end < present, end > present + _LONGEST)


def _change(
    catalog: Catalog, job_id: str, where: ColumnElement[bool], *, touch: bool = True, **values: Any
) -> bool:
    """Update a job if it is as `where` says; one statement, so that two workers cannot both succeed."""
    if touch:
        values["updated_at"] = now()
    result: CursorResult[Any] = catalog.session.exec(
        update(Job).where(col(Job.id) == job_id, where).values(**values)
    )
    return result.rowcount == 1
