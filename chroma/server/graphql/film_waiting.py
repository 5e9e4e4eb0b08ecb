"""Behind what a film waits."""

from __future__ import annotations

from enum import Enum

import strawberry

from chroma.server.store.films.waiting import Waiting


@strawberry.enum(description="What the server makes for a film's page")
class WorkKind(Enum):
    FILM = strawberry.enum_value("film", description="A film, or a frame of one in three dimensions")
    FINDINGS = strawberry.enum_value("findings", description="The findings of a run")


@strawberry.type(description="What a film waits for before it is drawn.")
class FilmWaiting:
    kind: WorkKind = strawberry.field(description="What is being made now")
    film_id: strawberry.ID | None = strawberry.field(
        description="The film that is drawn now; null: findings are made, or you may not see it"
    )
    run_id: strawberry.ID = strawberry.field(
        description="Of what is made now; empty where it is a run that you may not see"
    )
    run: str = strawberry.field(description="Name of its run")
    layer: str | None = strawberry.field(description="Name of that film's layer; null where no film is named")
    split: str | None = strawberry.field(
        description="Names of that film's splits, joined by +; null where no film is named"
    )
    message: str = strawberry.field(description="What is being done there, for people")
    seconds_left: float | None = strawberry.field(
        description="Until this film's turn; null where that is not known"
    )
    ahead: int = strawberry.field(description="Other films that go before this one after that")
    can_park: bool = strawberry.field(description="true: `parkFilm(filmId)` lets others go first")

    @classmethod
    def of_found(cls, found: Waiting) -> FilmWaiting:
        return cls(
            kind=WorkKind(found.kind),
            film_id=None if found.film_id is None else strawberry.ID(found.film_id),
            run_id=strawberry.ID(found.run_id),
            run=found.run,
            layer=found.layer,
            split=found.split,
            message=found.message,
            seconds_left=found.seconds_left,
            ahead=found.ahead,
            can_park=found.can_park,
        )
