"""What the cards of runs show: of many runs at once, without frames and without all points of a metric."""

from __future__ import annotations

import math
from collections.abc import Sequence

import strawberry

from chroma.server.graphql.context import Info
from chroma.server.graphql.films import JobStatus
from chroma.server.graphql.scalars import AnyFloat
from chroma.server.store import tables
from chroma.server.store.films import card_films


@strawberry.type(description="The last value of a metric")
class LastMetric:
    name: str = strawberry.field(description="As it was logged")
    value: AnyFloat = strawberry.field(description="That of its last step; it may be NaN or infinite")

    @classmethod
    def of_row(cls, row: tables.Metric) -> LastMetric:
        return cls(name=row.name, value=math.nan if row.value is None else row.value)


@strawberry.type(description="A film, as a card shows it")
class CardFilm:
    id: strawberry.ID = strawberry.field(description="Of the film")
    layer: str = strawberry.field(description="Name of its layer; over layers of the last one")
    split: str = strawberry.field(description="Name of its split")
    n: int = strawberry.field(description="Points in the film")
    status: JobStatus = strawberry.field(description="How far its drawing is")
    progress: float = strawberry.field(description="0..1")
    message: str = strawberry.field(description="What is being done now, for people")
    revision: strawberry.ID | None = strawberry.field(description="The newest; null until the first preview")
    frames: int = strawberry.field(description="Frames of that revision")

    @classmethod
    def of_row(cls, card: card_films.CardFilm) -> CardFilm:
        film, job = card.film, card.job
        return cls(
            id=strawberry.ID(film.id),
            layer=card.layer,
            split=card.split,
            n=film.n,
            status=JobStatus(job.status) if job else JobStatus.PENDING,
            progress=job.progress if job else 0.0,
            message=job.message if job else "",
            revision=strawberry.ID(card.revision.id) if card.revision else None,
            frames=card.frames,
        )


@strawberry.type
class RunCard:
    """What a run's card shows."""

    id: strawberry.ID

    @strawberry.field(description="The last value of each metric, by name")
    def last_metrics(self, info: Info) -> list[LastMetric]:
        return info.context.last_metrics.answer(
            str(self.id), lambda rows: [LastMetric.of_row(row) for row in rows]
        )

    @strawberry.field(description="The film on the run's card, without its frames; null while there is none")
    def card_film(self, info: Info) -> CardFilm | None:
        return info.context.card_films.answer(
            str(self.id), lambda found: CardFilm.of_row(found) if found else None
        )


async def fetch_cards(info: Info, rows: Sequence[tables.Run]) -> None:
    """Fetch what the cards of a list of runs show, as far as it is asked for."""
    context, ids = info.context, [row.id for row in rows]
    interrupted = [row.id for row in rows if row.status == "interrupted" and not row.error]
    await context.fetch_ahead(
        info,
        {
            "project": (context.project_names, [row.project_id for row in rows]),
            "error": (context.accepted, interrupted),
            "bytes": (context.bytes, ids),
            "accepted": (context.accepted, ids),
            "kept": (context.accepted, ids),
            "empty": (context.full, ids),
            "attempts": (context.attempts, ids),
            "lastMetrics": (context.last_metrics, ids),
            "cardFilm": (context.card_films, ids),
        },
    )


def lost_sentence(snapshots: tuple[int, int]) -> str | None:
    """What a killed process took with it, of the snapshots that were accepted and kept; None if nothing."""
    accepted, kept = snapshots
    if accepted <= kept:
        return None
    return f"{kept:,} of {accepted:,} snapshots are kept; the others were in memory when it was killed"
