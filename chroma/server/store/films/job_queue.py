"""The jobs table as a queue: a row is taken by a lease, and only expired leases are taken again.

People go first: see `rank`. Jobs are asked for in `job_requests`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, case, func, or_, update
from sqlmodel import col, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Job, now

LEASE = timedelta(seconds=30)  # renewed every few seconds; longer than any pause of a living worker
IDLE = "findings"  # kind of the jobs that are done when no film waits
# Samples times frames of what is drawn in some seconds: the rest keeps others waiting.
SHORT = 100_000
PARKED = 6  # rank of a job that lets all others go first
_ASKED = 2  # the highest rank of what somebody waits for
_LONGEST = 2 * LEASE  # a lease that ends later was given before the clock was set back
TRIES = 3  # a job that ended its worker this often, without getting further, fails


@dataclass(frozen=True, slots=True)
class Taken:
    """A job held by a worker."""

    id: str
    kind: str
    key: str


def rank(at: datetime | None = None) -> ColumnElement[int]:
    """The order in which jobs are done, lowest first.

    0 the first paint of what somebody looks at or asked for; 1 what somebody looks at; 2 what somebody asked
    for; 3 the first paint of a film that nobody asked for; 4 the rest of one; 5 findings; 6 what was parked.
    """
    watched = and_(col(Job.watched_until).is_not(None), col(Job.watched_until) > (at or now()))
    unpainted = col(Job.painted).is_(False)
    return case(
        (col(Job.parked).is_(True), PARKED),
        (col(Job.kind) == IDLE, 5),
        (and_(unpainted, or_(watched, col(Job.asked).is_(True))), 0),
        (watched, 1),
        (col(Job.asked).is_(True), _ASKED),
        (unpainted, 3),
        else_=4,
    )


def take(catalog: Catalog, owner: str, *, short: bool = False) -> Taken | None:
    """Take the job that goes first, by one statement; None when there is none to take.

    See `rank`; of one rank, one that was not begun comes first, the newest of them, and those that were
    begun take turns.

    Args:
        catalog: Open for claiming; the job is taken when it commits.
        owner: Name of the worker's process.
        short: Only what somebody asked for or looks at, and of it first paints, and what is drawn in some
            seconds.
    """
    free = or_(col(Job.status) == "pending", and_(col(Job.status) == "running", _expired()))
    reason = func.coalesce(col(Job.error), "its process ended unexpectedly")
    sentence = f"the worker failed {TRIES} times (" + reason + "); see the server's log, then ask again"
    # those that nobody else is about to change: workers do not wait for each other
    given_up = select(Job.id).where(free, col(Job.tries) >= TRIES).with_for_update(skip_locked=True)
    catalog.session.exec(
        update(Job)
        .where(col(Job.id).in_(given_up))
        .values(status="failed", owner=None, error=sentence, updated_at=now())
    )
    first = select(Job.id).where(free)
    if short:
        quick = and_(col(Job.size) > 0, col(Job.size) <= SHORT)
        first = first.where(rank() <= _ASKED, or_(col(Job.painted).is_(False), quick))
    first = first.order_by(*_order()).limit(1)
    taken: Any = catalog.session.exec(
        update(Job)
        .where(col(Job.id) == first.with_for_update(skip_locked=True).scalar_subquery(), free)
        .values(
            status="running",
            owner=owner,
            lease_until=now() + LEASE,
            again=False,
            tries=col(Job.tries) + 1,
            updated_at=now(),
        )
        .returning(col(Job.id), col(Job.kind), col(Job.key))
        .execution_options(synchronize_session=False)
    ).first()
    return None if taken is None else Taken(*taken)


def _order() -> tuple[Any, ...]:
    begun = col(Job.progress) > 0
    return rank(), begun, case((begun, None), else_=col(Job.created_at)).desc(), col(Job.updated_at)


def hold(catalog: Catalog, job: Taken, owner: str) -> bool:
    """Renew the lease; False when it is not the owner's any more."""
    return _change(catalog, job.id, _held(owner), touch=False, lease_until=now() + LEASE)


def advance(
    catalog: Catalog,
    job: Taken,
    owner: str,
    progress: float,
    message: str,
    *,
    kept: bool = False,
    seconds_left: float | None = None,
) -> bool:
    """Say how far the job is, and renew its lease; False when it is not the owner's any more.

    Args:
        catalog: Open for claiming.
        job: The job.
        owner: Name of the worker's process.
        progress: 0..1.
        message: What is being done now, for people.
        kept: Something was stored that no later try does again: earlier failures are forgiven.
        seconds_left: Until it is done, where that is known.
    """
    values: dict[str, Any] = {"progress": progress, "message": message, "lease_until": now() + LEASE}
    values["seconds_left"] = seconds_left
    if kept:
        values |= {"tries": 1, "error": None}
    return _change(catalog, job.id, _held(owner), **values)


def finish(catalog: Catalog, job: Taken, owner: str) -> bool:
    """End a job: ready, or pending again where more arrived while it ran."""
    rest: dict[str, Any] = {"owner": None, "lease_until": None, "tries": 0, "error": None, "message": ""}
    rest |= {"painted": True, "seconds_left": None}
    again = and_(_held(owner), col(Job.again).is_(True))
    if _change(catalog, job.id, again, status="pending", again=False, **rest):
        return True
    done: dict[str, Any] = {"status": "ready", "progress": 1.0, "asked": False, "parked": False}
    return _change(catalog, job.id, _held(owner), **done, **rest)


def release(catalog: Catalog, job: Taken, owner: str) -> bool:
    """Give a job back unfinished, behind those that wait: what it has done stays."""
    rest: dict[str, Any] = {"owner": None, "lease_until": None, "tries": 0, "seconds_left": None}
    return _change(catalog, job.id, _held(owner), status="pending", **rest)


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


def others_wait(catalog: Catalog, job: Taken, *, before: bool = False) -> bool:
    """Whether another job is pending that may go first now.

    Args:
        catalog: Open for reading.
        job: The one that is being done.
        before: One of a lower rank; else one of the same rank is enough: films take turns.
    """
    at = now()
    mine = select(rank(at)).where(Job.id == job.id).scalar_subquery()
    # Findings begin anew after each turn, so they wait for each other.
    goes = rank(at) < mine if before or job.kind == IDLE else rank(at) <= mine
    waiting = select(Job.id).where(Job.status == "pending", Job.id != job.id, goes)
    return catalog.session.exec(waiting.limit(1)).first() is not None


def waits_before(catalog: Catalog, job: Job) -> int:
    """How many pending jobs go before one."""
    waiting = catalog.session.exec(select(Job.id).where(Job.status == "pending").order_by(*_order())).all()
    return waiting.index(job.id) if job.id in waiting else 0


def is_long(catalog: Catalog, job: Taken) -> bool:
    """Whether what is left of a job keeps others waiting, as far as is known."""
    row = catalog.session.get(Job, job.id)
    return row is not None and row.painted and not 0 < row.size <= SHORT


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
