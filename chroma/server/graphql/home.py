"""The home itself: how far ingest is, and what of the server is down."""

from __future__ import annotations

from datetime import datetime

import strawberry

from chroma.server.home.context import Context


@strawberry.type(description="How far ingest is: of the present pass, or of what was there at the start")
class Ingest:
    taken: int = strawberry.field(description="Segments that are done")
    of: int = strawberry.field(description="Segments that were found so far")
    caught_up: bool = strawberry.field(
        description="false: the server has started, and does not show yet all that was captured before"
    )


@strawberry.type(description="A part of the server that does not work now; it is tried again by itself")
class Down:
    part: str = strawberry.field(description="ingest, films or worker")
    reason: str = strawberry.field(description="One sentence for people")
    since: datetime
    times: int = strawberry.field(description="Failures since then")


@strawberry.type
class Home:
    ingest: Ingest
    down: list[Down]

    @classmethod
    def of_context(cls, context: Context) -> Home:
        at = context.progress
        return cls(
            ingest=Ingest(taken=at.taken, of=at.of, caught_up=at.caught_up.is_set()),
            down=[
                Down(part=each.part, reason=each.reason, since=each.since, times=each.times)
                for each in context.parts.down()
            ],
        )
