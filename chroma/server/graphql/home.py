"""The home itself: how far ingest is, and what of the server is down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import strawberry
from anyio import to_thread

from chroma.disks import disks
from chroma.server.graphql.context import Info
from chroma.server.home.context import Context
from chroma.server.home.damage import known_damage


@strawberry.type(description="How far ingest is: of the present pass, or of what was there at the start")
class Ingest:
    taken: int = strawberry.field(description="Segments that are done")
    of: int = strawberry.field(description="Segments that were found so far")
    caught_up: bool = strawberry.field(
        description="false: the server has started, and does not show yet all that was captured before"
    )


@strawberry.type(description="A part of the server that does not work now; it is tried again by itself")
class Down:
    part: str = strawberry.field(description="ingest, films, worker or webhook")
    reason: str = strawberry.field(description="One sentence for people")
    since: datetime = strawberry.field(description="When it failed first, UTC")
    times: int = strawberry.field(description="Failures since then")


@strawberry.type(description="What one run lacks, of one kind, as far as is known; chroma check reads all")
class Damage:
    run_id: strawberry.ID = strawberry.field(description="The run")
    kind: str = strawberry.field(description="set aside, left out or damaged")
    count: int = strawberry.field(description="Files; 1 where a whole run is left out")
    reason: str = strawberry.field(description="One sentence for people, of the last one")
    way_out: str = strawberry.field(description="What to do; one sentence for people")


@strawberry.type(description="The home that the server keeps: how far it is, and what is wrong with it")
class Home:
    ingest: Ingest = strawberry.field(description="How far ingest is")
    down: list[Down] = strawberry.field(
        description="Parts of the server that do not work now; empty where all do"
    )
    read_only: str | None = strawberry.field(
        description="Why nothing is written, one sentence for people; null: it is"
    )
    public_url: str | None = strawberry.field(
        description="Address under which others reach the dashboard; null: that of the page"
    )

    @strawberry.field(
        description="A sentence for each disk of the home and the store with little room left; none for "
        "those who see only some projects, or one run"
    )
    async def low_disks(self, info: Info) -> list[str]:
        if info.context.home.store.reach is not None:
            return []
        found = await to_thread.run_sync(disks, info.context.home.settings)
        return [each.warning for each in found if each.low]

    @strawberry.field(description="What runs lack, by run and kind; empty where nothing is known")
    async def damage(self, info: Info) -> list[Damage]:
        found = await to_thread.run_sync(known_damage, info.context.home)
        found = [each for each in found if await info.context.sees(each.run_id)]
        return [
            Damage(
                run_id=strawberry.ID(each.run_id),
                kind=each.kind,
                count=each.count,
                reason=info.context.told(each.reason),
                way_out=each.way_out,
            )
            for each in found
        ]

    @classmethod
    def of_context(cls, context: Context, told: Callable[[str], str]) -> Home:
        at, partial = context.progress, context.store.reach is not None
        return cls(
            ingest=Ingest(taken=at.taken, of=at.of, caught_up=at.caught_up.is_set()),
            down=[
                Down(
                    part=each.part,
                    reason=each.brief if partial else told(each.reason),  # the whole one may name a run
                    since=each.since,
                    times=each.times,
                )
                for each in context.parts.down()
            ],
            read_only=context.read_only and told(context.read_only),
            public_url=context.settings.public_url,
        )
