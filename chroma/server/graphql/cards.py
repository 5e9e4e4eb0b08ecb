"""What the cards of runs show: of many runs at once, without frames and without all points of a metric."""

from __future__ import annotations

import math

import strawberry

from chroma.server.graphql.context import Info
from chroma.server.graphql.films import JobStatus
from chroma.server.graphql.scalars import AnyFloat
from chroma.server.store import tables
from chroma.server.store.films import card_films


@strawberry.type(description="The last value of a metric")
class LastMetric:
    name: str
    value: AnyFloat

    @classmethod
    def of_row(cls, row: tables.Metric) -> LastMetric:
        return cls(name=row.name, value=math.nan if row.value is None else row.value)


@strawberry.type(description="A film, as a card shows it")
class CardFilm:
    id: strawberry.ID = strawberry.field(description="Of the film")
    layer: str
    split: str
    n: int = strawberry.field(description="Points in the film")
    status: JobStatus
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
    async def last_metrics(self, info: Info) -> list[LastMetric]:
        return [LastMetric.of_row(row) for row in await info.context.last_metrics.load(str(self.id))]

    @strawberry.field(description="The film on the run's card, without its frames; null while there is none")
    async def card_film(self, info: Info) -> CardFilm | None:
        found = await info.context.card_films.load(str(self.id))
        return CardFilm.of_row(found) if found else None
