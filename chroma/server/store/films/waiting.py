"""Behind what a film waits to be drawn, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import select

from chroma.server.store.catalog import Catalog
from chroma.server.store.films.job_queue import IDLE, is_held, waits_before
from chroma.server.store.films.joint_splits import PLUS
from chroma.server.store.films.orbits import film_of
from chroma.server.store.films.sources import KIND
from chroma.server.store.tables import Film, Job, Layer, Run, Split


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a film waits for.

    Attributes:
        kind: film or findings: what is being made now.
        film_id: The film that is drawn; None: findings are made.
        run_id: Of the run that it belongs to.
        run: Name of that run.
        layer: Of that film; None for findings.
        split: Of that film; None for findings.
        message: What is being done, for people.
        seconds_left: Until it is done, where that is known.
        ahead: Jobs that go before this one after that.
        can_park: Whether that film can let others go first.
    """

    kind: str
    film_id: str | None
    run_id: str
    run: str
    layer: str | None
    split: str | None
    message: str
    seconds_left: float | None
    ahead: int
    can_park: bool


# What is told of a job of a project that whoever asks does not see.
_OTHERS = ("film", None, "", "another project", None, None, "")


def waiting_for(catalog: Catalog, job: Job) -> Waiting | None:
    """Behind what a job waits; None where it does not wait, or is about to begin."""
    if job.status != "pending":
        return None
    running = [
        row for row in catalog.session.exec(select(Job).where(Job.status == "running")).all() if is_held(row)
    ]
    if not running:
        return None
    ahead = waits_before(catalog, job)
    first = max(running, key=lambda row: (row.size, row.id))
    left = first.seconds_left if ahead == 0 else None
    if first.kind == IDLE:
        run = catalog.session.get(Run, first.key)
        if run is None:
            return None if catalog.reach is None else Waiting(*_OTHERS, left, ahead, False)
        return Waiting("findings", None, run.id, run.name, None, None, first.message, left, ahead, False)
    film = catalog.session.get(Film, film_of(first))
    if film is None:
        return None if catalog.reach is None else Waiting(*_OTHERS, left, ahead, False)
    return Waiting(
        kind="film",
        film_id=film.id,
        run_id=film.run_id,
        run=catalog.session.get_one(Run, film.run_id).name,
        layer=catalog.session.get_one(Layer, film.layer_id).name,
        split=PLUS.join(film.splits or [catalog.session.get_one(Split, film.split_id).name]),
        message=first.message,
        seconds_left=left,
        ahead=ahead,
        can_park=first.kind == KIND and not first.parked,
    )
