"""Saved views: addresses of the dashboard that users gave a name."""

from __future__ import annotations

from datetime import datetime

import strawberry

from chroma.server.store import tables


@strawberry.type(description="An address of the dashboard with a name; it restores what was seen")
class SavedView:
    id: strawberry.ID = strawberry.field(description="Of the view; saveView takes it to change it")
    run_id: strawberry.ID = strawberry.field(description="The run that was open; it is deleted with it")
    name: str = strawberry.field(description="1 to 200 characters")
    address: str = strawberry.field(description="The search part of the address: ?run=…&layer=…")
    created_at: datetime = strawberry.field(description="When it was saved first, UTC")

    @classmethod
    def of_row(cls, row: tables.SavedView) -> SavedView:
        return cls(
            id=strawberry.ID(row.id),
            run_id=strawberry.ID(row.run_id),
            name=row.name,
            address=row.address,
            created_at=row.created_at,
        )
