"""Links that show one run to colleagues without a token."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from chroma.server.graphql.arguments import Address
from chroma.server.graphql.context import Info
from chroma.server.home import sharing
from chroma.server.store import tables
from chroma.server.store.audit import this_user
from chroma.server.store.links import USUAL, all_links
from chroma.server.store.tokens import state_of


@strawberry.type(description="A link that shows one run, as it was looked at, to whoever has it")
class Link:
    id: strawberry.ID = strawberry.field(description="Of the link; it does not open it")
    run_id: strawberry.ID = strawberry.field(description="The run that it shows")
    address: str = strawberry.field(description="Of the view, the search part: ?run=…&layer=…")
    made_by: str = strawberry.field(
        description="Name of a token or a user, or of whoever was at the server's machine"
    )
    created_at: datetime = strawberry.field(description="When it was made, UTC")
    expires_at: datetime = strawberry.field(description="When it ends by itself, UTC")

    @classmethod
    def of_row(cls, row: tables.Link) -> Link:
        return cls(
            id=strawberry.ID(row.id),
            run_id=strawberry.ID(row.run_id),
            address=row.address,
            made_by=row.made_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


@strawberry.type(description="A link that was just made")
class NewLink:
    link: Link = strawberry.field(description="What is kept of it")
    query: str = strawberry.field(
        description="What follows the dashboard's own address: ?link=…; it is not stored"
    )


@strawberry.type
class LinkQuery:
    @strawberry.field(description="Links of a run that work, newest first; for those who may write to it")
    async def links(self, info: Info, run_id: strawberry.ID) -> list[Link]:
        found = await info.context.read_as("write", lambda catalog: all_links(catalog, str(run_id)))
        return [Link.of_row(row) for row in found if state_of(row) == "works"]


@strawberry.type
class LinkMutation:
    @strawberry.mutation(
        description="Makes a link to a view of a run: whoever has it sees this run, changes nothing, and "
        "sees no other"
    )
    async def create_link(
        self,
        info: Info,
        run_id: strawberry.ID,
        address: Address,
        days: Annotated[int, strawberry.argument(description="For which it works, 1 to 365")] = USUAL.days,
    ) -> NewLink:
        by = info.context.grant.name or this_user()
        made = await info.context.change(sharing.create_link, str(run_id), address, days=days, by=by)
        return NewLink(link=Link.of_row(made.link), query=f"?link={made.secret}")

    @strawberry.mutation(description="Ends a link; pages that it opened end within seconds")
    async def revoke_link(self, info: Info, id: strawberry.ID) -> Link:
        return Link.of_row(await info.context.change(sharing.revoke_link, str(id)))
